/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/recall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/parse.h"

bool recall_is_past(const char *since_s, int64_t age_s)
{
	uint64_t since;
	int64_t now = clock_wall_s();

	return !parse_u64(span_of(since_s), INT64_MAX, &since) || (int64_t)since > now ||
		now - (int64_t)since >= age_s;
}

char *recall_login_place(const struct account *account)
{
	return xasprintf(
		"%s %s", account->tls.mode == TLS_NONE ? "clear" : "tls", account->endpoint.host);
}

/* "scram-sha-256 tls pop.example.org": the mechanism, and the place. */
static enum mech mech_of(const struct account *account, char *remembered)
{
	char *place = recall_login_place(account);
	struct span rest = span_of(remembered), word = span_word(&rest);
	enum mech used = MECH_NONE;

	if (span_is_nocase(rest, place)) {
		remembered[word.len] = '\0';
		used = mech_parse(remembered);
	}
	free(place);
	return used;
}

/* "refused 1795464439 tls pop.example.org". Servers learn: it is tried again now and then. */
static bool holds_here(const struct account *account, char *remembered, const char *word)
{
	char *place = recall_login_place(account);
	struct span rest = span_of(remembered), since;
	bool here = false;

	if (span_is(span_word(&rest), word)) {
		since = span_word(&rest);
		here = span_is_nocase(rest, place);
		remembered[since.data + since.len - remembered] = '\0';
		here = here && !recall_is_past(since.data, RECALL_BROKEN_KEPT_S);
	}
	free(place);
	return here;
}

bool recall_server(
	const struct account *account, struct store *store, struct recalled *out, struct error *e)
{
	char login[320] = "", binding[340] = "", capa[340] = "", two_lines[8] = "", utf8[8] = "";

	*out = (struct recalled){.used = MECH_NONE};
	if (!store)
		return true;
	if (!store_get(store, RECALL_LOGIN, login, sizeof(login), e) ||
		!store_get(store, RECALL_BINDING, binding, sizeof(binding), e) ||
		!store_get(store, RECALL_CAPA, capa, sizeof(capa), e) ||
		!store_get(store, RECALL_TWO_LINES, two_lines, sizeof(two_lines), e) ||
		!store_get(store, RECALL_UTF8, utf8, sizeof(utf8), e))
		return false;
	out->used = mech_of(account, login);
	out->unbound = holds_here(account, binding, "refused");
	out->two_lines = two_lines[0];
	out->utf8 = utf8[0];
	out->without_capa = holds_here(account, capa, "ends");
	return true;
}

/* When the file was changed that the password may come from; 0: never, or it is in none. */
static int64_t secret_changed_ns(const struct account *a)
{
	char *path = a->password_file ? xstrdup(a->password_file)
		: a->netrc            ? secret_netrc_path()
				      : NULL;
	struct stat st;
	int64_t changed_ns = 0;

	if (path && stat(path, &st) == 0)
		changed_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	free(path);
	return changed_ns;
}

bool recall_guard(const struct account *account, int64_t config_ns, struct store *store,
	struct guard *out, struct error *e)
{
	const struct endpoint *to = &account->endpoint;

	*out = (struct guard){
		.config_ns = config_ns,
		.secret_ns = secret_changed_ns(account),
	};
	snprintf(out->place, sizeof(out->place), "%s:%u", to->host, (unsigned)to->port);
	return guard_read(out, store, e);
}
