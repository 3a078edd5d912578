/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is there, what of it is known, and what shall be done with it: UIDL, and LIST where sizes
 * decide or somebody watches; the state; the plan. Without UIDL only an account that keeps nothing
 * on the server can go on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "fetch_inner.h"

/* A removed mail's row stays this long after the mail left the listing: servers flap. */
enum { REMOVED_KEEP_S = 30 * 86400 };

const struct pop3_command survey_commands[2] = {{.verb = POP3_UIDL}, {.verb = POP3_LIST}};

static bool wants_sizes(const struct fetch *f)
{
	return f->account->policy.size_max || f->order->sizes || fetch_only_looks(f);
}

static bool next_event(struct fetch *f, struct pop3_event *ev, struct error *e)
{
	switch (session_next(f->session, -1, true, ev, e)) {
	case SESSION_EVENT:
		return true;
	case SESSION_WOKEN:
		return fetch_interrupted(f, e);
	case SESSION_FAILED:
		break;
	}
	return false;
}

/* One listing whose command is on its way. *ok: the server has it. */
static bool read_listing(struct fetch *f,
	bool (*add)(struct listing *, struct span, struct error *), bool *ok, struct pop3_event *ev,
	struct error *e)
{
	if (!next_event(f, ev, e))
		return false;
	*ok = ev->ok;
	if (!ev->ok)
		return true;
	do {
		if (!next_event(f, ev, e))
			return false;
		if (ev->type == POP3_LINE && !add(&f->listing, ev->text, e)) {
			if (e->server)
				session_quote(f->session, e, ev->text);
			return false;
		}
	} while (ev->type != POP3_END);
	return true;
}

static bool ask_sizes(struct fetch *f, bool sent, struct error *e)
{
	struct pop3_event ev;
	bool ok;

	if (!sent && !session_send(f->session, &(struct pop3_command){.verb = POP3_LIST}, e))
		return false;
	if (!read_listing(f, listing_add_size, &ok, &ev, e))
		return false;
	if (ok)
		return true;
	error_set(e, ERROR_PROTOCOL, "%s refuses LIST", f->account->endpoint.host);
	return error_server(e, ev.text);
}

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

/* Without UIDs mail that stays cannot be told from new mail: then only deleting is possible. */
static bool live_without_uids(struct fetch *f, struct error *e)
{
	const char *host = f->account->endpoint.host;
	struct error w = {0};

	if (f->account->policy.keep != KEEP_NOT || f->order->mode == RUN_FROM_NOW) {
		error_set(e, ERROR_CAPABILITY,
			"%s has no UIDL, so mail kept there could not be told from new mail", host);
		return error_remedy(
			e, "to delete mail there once it is delivered here", "keep = false");
	}
	error_set(&w, ERROR_CAPABILITY,
		"%s has no UIDL: a message whose deletion is interrupted will come again", host);
	return warn_once(f, "said-no-uidl", "yes", &w, e);
}

/* A server that announces UIDL, or refuses it for a reason of the moment, has it all the same. */
static bool lacks_uidl(const struct fetch *f, const struct pop3_event *ev)
{
	return !session_capabilities(f->session)->uidl &&
		(ev->code == POP3_CODE_NONE || ev->code == POP3_CODE_OTHER);
}

static bool refused_uidl(const struct fetch *f, const struct pop3_event *ev, struct error *e)
{
	error_set(e, ERROR_BUSY, "%s does not tell its UIDs now; nothing was fetched",
		f->account->endpoint.host);
	return error_server(e, ev->text);
}

static bool list_mail(struct fetch *f, struct error *e)
{
	bool ahead = session_logs_in_ahead(f->session), has_uids;
	struct pop3_event ev;

	if (!read_listing(f, listing_add_uid, &has_uids, &ev, e))
		return false;
	if (!has_uids && !lacks_uidl(f, &ev))
		return refused_uidl(f, &ev, e);
	f->listing.has_uids = has_uids;
	/* The second listing, if wanted, came with the first where pipelining allowed it. */
	if (wants_sizes(f) ? !ask_sizes(f, ahead, e) : !has_uids && !ask_sizes(f, false, e))
		return false;
	return has_uids || live_without_uids(f, e);
}

/* Where a UID alone does not say which mail it is, sizes do. */
static bool needs_sizes_to_tell(const struct fetch *f)
{
	if ((f->listing.has_twins || f->other_host) && !f->listing.has_sizes)
		return true;
	for (size_t i = 0; !f->listing.has_sizes && i < f->listing.n; i++) {
		const struct seen *seen = f->listing.mails[i].seen;

		if (seen && (seen->state == STORE_REMOVED || seen->missing))
			return true;
	}
	return false;
}

bool set_aside_is(const struct set_aside *aside, const struct store_key *key)
{
	return key->occurrence == aside->occurrence &&
		span_equal(key->uid, (struct span){aside->uid, aside->uid_len});
}

/* What broke a session of this run is not asked for again in it. */
static void set_mails_aside(struct fetch *f)
{
	for (size_t i = 0; f->aside_n && i < f->listing.n; i++) {
		struct listed *mail = &f->listing.mails[i];

		for (size_t j = 0; j < f->aside_n; j++) {
			mail->set_aside = mail->set_aside || set_aside_is(&f->aside[j], &mail->key);
		}
	}
}

static bool warn_without_uid(struct fetch *f, struct error *e)
{
	size_t n = f->listing.without_uid;
	struct error w = {0};

	char count[24];

	if (!n)
		return true;
	error_set(&w, ERROR_PROTOCOL, "%s lists %zu message%s without a UID; %s there",
		f->account->endpoint.host, n, n == 1 ? "" : "s", n == 1 ? "it stays" : "they stay");
	snprintf(count, sizeof(count), "%zu", n);
	return warn_once(f, "said-without-uid", count, &w, e);
}

/*
 * Mails that share a UID are written down, all of them, before one of them is fetched: a row for
 * each says later that a single one left over may be any of them.
 */
static bool note_twins(struct fetch *f, int64_t now_s, struct error *e)
{
	struct store_key *keys;
	uint64_t *sizes;
	bool done = true;
	size_t n;

	if (!f->listing.has_twins)
		return true;
	keys = listing_new_twins(&f->listing, &sizes, &n);
	done = store_note(f->store, keys, sizes, n, now_s, e);
	free(keys);
	free(sizes);
	return done;
}

/*
 * Rows about another mail than the one that has their UID now: they must not speak for it, whatever
 * becomes of it in this run.
 */
static bool forget_reused(struct fetch *f, struct error *e)
{
	struct store_key *keys = xcalloc(f->listing.n, sizeof(*keys));
	size_t n = 0;
	bool done;

	for (size_t i = 0; i < f->listing.n; i++) {
		struct listed *mail = &f->listing.mails[i];
		const struct seen *row = mail->seen ? mail->seen : seen_find(f->seen, mail->key);

		if (!row ||
			(mail->seen ? !plan_is_another_mail(mail) : row->state != STORE_REMOVED))
			continue;
		keys[n++] = mail->key;
		mail->seen = NULL;
	}
	done = !n || store_forget(f->store, keys, n, e);
	free(keys);
	return done;
}

/* A mailbox that moved keeps its UIDs or does not; the sizes tell. */
static bool find_out_host(struct fetch *f, struct error *e)
{
	char known[300] = "";

	if (!store_get(f->store, "host", known, sizeof(known), e))
		return false;
	f->other_host = strcasecmp(known, f->account->endpoint.host) != 0;
	return true;
}

static bool match_and_plan(struct fetch *f, struct error *e)
{
	struct policy policy = f->account->policy;
	size_t known = 0;
	bool *present, ok = false;
	int64_t now_s = clock_wall_s();

	if (f->store && !(f->seen = store_load(f->store, e)))
		return false;
	while (f->seen && seen_at(f->seen, known))
		known++;
	if (f->store && !find_out_host(f, e))
		return false;
	present = xcalloc(known, sizeof(*present));
	listing_match(&f->listing, f->seen, present);
	if (!warn_without_uid(f, e))
		goto end;
	if (needs_sizes_to_tell(f)) {
		if (!ask_sizes(f, false, e))
			goto end;
		listing_match(&f->listing, f->seen, present);
	}
	for (size_t i = 0; i < f->listing.n; i++)
		f->listing.mails[i].doubtful = f->other_host;
	if (f->store && !fetch_only_looks(f) && f->listing.has_uids &&
		!(forget_reused(f, e) &&
			store_listed(f->store, f->seen, present, now_s, REMOVED_KEEP_S, e) &&
			note_twins(f, now_s, e)))
		goto end;
	if (f->other_host && !fetch_only_looks(f) &&
		!store_set(f->store, "host", f->account->endpoint.host, e))
		goto end;
	set_mails_aside(f);
	/* The limit is one of the run, not of each of its sessions. */
	if (f->counts.mails < policy.fetch_max)
		policy.fetch_max -= (uint32_t)f->counts.mails;
	plan_make(&f->plan, f->listing.mails, f->listing.n, &policy, now_s);
	/* To a later session, what this run has delivered is known as well. */
	if (!f->surveyed)
		f->counts.seen = f->plan.seen;
	f->surveyed = true;
	f->counts.new_mails = f->plan.fetch;
	ok = true;
end:
	free(present);
	return ok;
}

/* RFC 2449 s.6.7: the server may delete mail by itself, sooner than the account wants. */
static bool compare_expire(struct fetch *f, struct error *e)
{
	const struct capabilities *c = session_capabilities(f->session);
	const struct policy *policy = &f->account->policy;
	struct error w = {0};
	char days[20], kept[24];

	if (!c->expires || c->expire_days == UINT32_MAX || policy->keep == KEEP_NOT)
		return true;
	if (policy->keep == KEEP_FOR && policy->keep_s <= (int64_t)c->expire_days * 86400)
		return true;
	snprintf(days, sizeof(days), "%lu", (unsigned long)c->expire_days);
	text_duration(kept, sizeof(kept), policy->keep_s);
	if (c->expire_days == 0)
		error_set(&w, ERROR_CAPABILITY,
			"%s says that mail may not stay there once it was fetched (EXPIRE 0), but keep = %s",
			f->account->endpoint.host, policy->keep == KEEP_FOR ? kept : "true");
	else
		error_set(&w, ERROR_CAPABILITY,
			"%s deletes mail by itself after %s days (EXPIRE), but keep = %s",
			f->account->endpoint.host, days, policy->keep == KEEP_FOR ? kept : "true");
	return warn_once(f, "said-expire", days, &w, e);
}

size_t survey_command_count(const struct fetch *f)
{
	return wants_sizes(f) ? 2 : 1;
}

bool survey(struct fetch *f, struct error *e)
{
	report_step(f->report_fd, "listing");
	return list_mail(f, e) && match_and_plan(f, e) && compare_expire(f, e);
}
