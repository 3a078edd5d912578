/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a user should know of a server or a mailbox, and can hardly see elsewhere. It is said once:
 * the state remembers that it was.
 */
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "fetch/expire.h"
#include "fetch/fetch_inner.h"

/* value: what is said of the fact; it is said again when that changes. */
static bool warn_once(struct fetch *f, const char *fact, const char *value, const struct error *w,
	struct error *e)
{
	char said[40] = "";

	if (!f->store || fetch_only_looks(f))
		return true;
	if (!store_get(f->store, fact, said, sizeof(said), e))
		return false;
	if (strcmp(said, value) == 0)
		return true;
	report_warning(f->report_fd, w);
	return store_set(f->store, fact, value, e);
}

static bool warn_once_of(
	struct fetch *f, const char *fact, size_t number, const struct error *w, struct error *e)
{
	char value[24];

	snprintf(value, sizeof(value), "%zu", number);
	return warn_once(f, fact, value, w, e);
}

bool survey_live_without_uids(struct fetch *f, struct error *e)
{
	const char *host = f->account->endpoint.host;
	struct error w = {0};

	if (f->order->mode == RUN_LIST) {
		error_set(&w, ERROR_CAPABILITY,
			"%s has no UIDL, so seen mail there cannot be told from new mail", host);
		report_warning(f->report_fd, &w);
		return true;
	}
	if (f->account->policy.keep != KEEP_NOT || f->order->mode == RUN_FROM_NOW) {
		error_set(e, ERROR_CAPABILITY,
			"%s has no UIDL, so mail kept there could not be told from new mail", host);
		return error_remedy(e, "to delete mail there once it is delivered here",
			f->account->temporary ? "--delete" : "keep = false");
	}
	error_set(&w, ERROR_CAPABILITY,
		"%s has no UIDL: a message whose deletion is interrupted will come again", host);
	return warn_once(f, "said-no-uidl", "yes", &w, e);
}

bool survey_warn_without_uid(struct fetch *f, struct error *e)
{
	size_t n = f->listing.without_uid;
	struct error w = {0};

	if (!n)
		return true;
	error_set(&w, ERROR_PROTOCOL,
		_n("%s lists %zu message without a UID; it stays there",
			"%s lists %zu messages without a UID; they stay there", n),
		f->account->endpoint.host, n);
	return warn_once_of(f, "said-without-uid", n, &w, e);
}

bool survey_warn_of_doubt(struct fetch *f, struct error *e)
{
	size_t n = f->plan.doubt;
	struct error w = {0};

	if (!n)
		return true;
	error_set(&w, ERROR_CAPABILITY,
		_n("%zu message on %s stays there: its UID is known, but perhaps of other messages",
			"%zu messages on %s stay there: their UIDs are known, but perhaps of other messages",
			n),
		n, f->account->endpoint.host);
	error_remedy(&w, "to see which", "ambil fetch %s --dry-run", f->account->typed);
	return warn_once_of(f, "said-doubt", n, &w, e);
}

bool survey_compare_expire(struct fetch *f, struct error *e)
{
	const struct capabilities *c = session_capabilities(f->session);
	struct error w = {0};

	if (!expire_contradicts(f->account->endpoint.host, c, &f->account->policy, &w))
		return true;
	return warn_once_of(f, "said-expire", c->expire_days, &w, e);
}
