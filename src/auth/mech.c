/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which way to log in: pure, so that the whole policy can be tested as a table. A password goes in
 * clear only when the account says so; what is asked for by name is never replaced by something
 * else.
 */
#include "auth/mech.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"

#define N(list) (sizeof(list) / sizeof((list)[0]))

enum flags {
	READABLE = 1, /* who listens on the line has the secret */
	BINDS = 2,    /* to the channel of TLS */
	FIRST = 4,    /* the client may speak first … */
	ONE_STEP = 8, /* … and has then said all, whatever comes of it */
};

static const struct kind {
	const char *name, *sasl;
	enum credential credential;
	unsigned flags;
	unsigned grade;    /* what its disappearance takes away; 0: nothing */
	unsigned in_clear; /* the same without TLS */
} kinds[] = {
	[MECH_NONE] = {"auto", NULL, CREDENTIAL_PASSWORD, 0, 0, 0},
	[MECH_SCRAM_SHA_256_PLUS] = {"scram-sha-256-plus", "SCRAM-SHA-256-PLUS",
		CREDENTIAL_PASSWORD, BINDS | FIRST, 5, 5},
	[MECH_SCRAM_SHA_1_PLUS] = {"scram-sha-1-plus", "SCRAM-SHA-1-PLUS", CREDENTIAL_PASSWORD,
		BINDS | FIRST, 4, 4},
	[MECH_SCRAM_SHA_256] = {"scram-sha-256", "SCRAM-SHA-256", CREDENTIAL_PASSWORD, FIRST, 3, 3},
	[MECH_SCRAM_SHA_1] = {"scram-sha-1", "SCRAM-SHA-1", CREDENTIAL_PASSWORD, FIRST, 2, 2},
	[MECH_OAUTHBEARER] = {"oauthbearer", "OAUTHBEARER", CREDENTIAL_TOKEN, READABLE | FIRST, 0,
		0},
	[MECH_XOAUTH2] = {"xoauth2", "XOAUTH2", CREDENTIAL_TOKEN, READABLE | FIRST, 0, 0},
	[MECH_DIGEST_MD5] = {"digest-md5", "DIGEST-MD5", CREDENTIAL_PASSWORD, 0, 0, 1},
	[MECH_CRAM_MD5] = {"cram-md5", "CRAM-MD5", CREDENTIAL_PASSWORD, 0, 0, 1},
	[MECH_PLAIN] = {"plain", "PLAIN", CREDENTIAL_PASSWORD, READABLE | FIRST | ONE_STEP, 0, 0},
	[MECH_LOGIN] = {"login", "LOGIN", CREDENTIAL_PASSWORD, READABLE, 0, 0},
	[MECH_USER] = {"user", NULL, CREDENTIAL_PASSWORD, READABLE, 0, 0},
	[MECH_APOP] = {"apop", NULL, CREDENTIAL_PASSWORD, 0, 0, 0},
	[MECH_EXTERNAL] = {"external", "EXTERNAL", CREDENTIAL_CERTIFICATE, FIRST | ONE_STEP, 0, 0},
	[MECH_GSSAPI] = {"gssapi", "GSSAPI", CREDENTIAL_TICKET, FIRST, 0, 0},
	/* It does begin, but older servers want to be asked without. */
	[MECH_NTLM] = {"ntlm", "NTLM", CREDENTIAL_PASSWORD, 0, 0, 0},
};
static_assert(N(kinds) == MECH_MECHS, "one entry for each mechanism");

/* What "auto" takes, the best first; the reasons are in the header. */
static const enum mech auto_tls[] = {MECH_SCRAM_SHA_256_PLUS, MECH_SCRAM_SHA_1_PLUS,
	MECH_SCRAM_SHA_256, MECH_SCRAM_SHA_1, MECH_OAUTHBEARER, MECH_XOAUTH2, MECH_PLAIN,
	MECH_LOGIN, MECH_USER, MECH_DIGEST_MD5, MECH_CRAM_MD5};
static const enum mech auto_clear[] = {MECH_SCRAM_SHA_256, MECH_SCRAM_SHA_1, MECH_DIGEST_MD5,
	MECH_CRAM_MD5, MECH_OAUTHBEARER, MECH_XOAUTH2, MECH_PLAIN, MECH_LOGIN, MECH_USER};

const char *mech_name(enum mech mech)
{
	return kinds[mech].name;
}

const char *mech_sasl_name(enum mech mech)
{
	return kinds[mech].sasl;
}

const char *mech_title(enum mech mech)
{
	if (mech == MECH_USER)
		return "USER and PASS";
	return mech == MECH_APOP ? "APOP" : kinds[mech].sasl ? kinds[mech].sasl : kinds[mech].name;
}

enum credential mech_credential(enum mech mech)
{
	return kinds[mech].credential;
}

bool mech_binds(enum mech mech)
{
	return kinds[mech].flags & BINDS;
}

bool mech_speaks_first(enum mech mech)
{
	return kinds[mech].flags & FIRST;
}

bool mech_is_one_step(enum mech mech)
{
	return kinds[mech].flags & ONE_STEP;
}

static enum mech find(struct span name)
{
	for (int i = MECH_NONE + 1; i < MECH_MECHS; i++)
		if (span_is_nocase(name, kinds[i].name))
			return (enum mech)i;
	return MECH_NONE;
}

enum mech mech_parse(const char *name)
{
	return find(span_of(name));
}

static bool holds(const struct mech_list *list, enum mech mech)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i] == mech)
			return true;
	return false;
}

bool mech_list_parse(const char *text, struct mech_list *out)
{
	static const char between[] = " ,\t";
	struct mech_list list = {.n = 0};

	text += strspn(text, between);
	if (strncasecmp(text, "auto", 4) == 0 && !text[4 + strspn(text + 4, between)]) {
		*out = list;
		return true;
	}
	while (*text) {
		size_t len = strcspn(text, between);
		enum mech mech = find((struct span){text, len});

		if (mech == MECH_NONE || holds(&list, mech))
			return false;
		list.at[list.n++] = mech;
		text += len;
		text += strspn(text, between);
	}
	if (list.n)
		*out = list;
	return list.n > 0;
}

char *mech_list_show(const struct mech_list *list)
{
	struct buf text = {NULL, 0, 0};

	for (size_t i = 0; i < list->n; i++)
		buf_printf(&text, "%s%s", i ? " " : "", kinds[list->at[i]].name);
	if (!list->n)
		buf_add_text(&text, kinds[MECH_NONE].name);
	return buf_detach(&text);
}

bool mech_list_needs(const struct mech_list *list, enum credential credential)
{
	for (size_t i = 0; i < list->n; i++)
		if (kinds[list->at[i]].credential == credential)
			return true;
	return !list->n && credential == CREDENTIAL_PASSWORD;
}

static bool is_listed(enum mech mech, const struct mech_facts *facts)
{
	return facts->capa_known && facts->offered[mech] && (!mech_binds(mech) || facts->binding);
}

/* Many servers forget to list USER; where another way for a password is listed it is meant so. */
static bool offers_user(const struct mech_facts *facts)
{
	if (facts->user || !facts->capa_known)
		return true;
	for (size_t i = 0; i < N(auto_tls); i++)
		if (is_listed(auto_tls[i], facts) &&
			kinds[auto_tls[i]].credential == CREDENTIAL_PASSWORD)
			return false;
	return true;
}

static bool is_offered(enum mech mech, const struct mech_facts *facts)
{
	if (mech == MECH_APOP)
		return facts->apop_stamp;
	return mech == MECH_USER ? offers_user(facts) : is_listed(mech, facts);
}

static bool is_allowed(enum mech mech, const struct mech_facts *facts)
{
	return facts->encrypted || facts->cleartext_login || !(kinds[mech].flags & READABLE);
}

static bool has_credential(enum mech mech, const struct mech_facts *facts)
{
	switch (kinds[mech].credential) {
	case CREDENTIAL_PASSWORD:
		return !facts->token;
	case CREDENTIAL_TOKEN:
		return facts->token;
	case CREDENTIAL_CERTIFICATE:
		return facts->client_cert;
	default:
		return true;
	}
}

static unsigned grade(enum mech mech, const struct mech_facts *facts)
{
	return facts->encrypted ? kinds[mech].grade : kinds[mech].in_clear;
}

static bool refuse_weaker(enum mech now, const struct mech_facts *facts, struct error *e)
{
	const char *used = mech_title(facts->used);

	if (mech_binds(facts->used) && facts->offered[facts->used])
		error_set(e, ERROR_CAPABILITY,
			"the server cannot bind %s to this connection, which it could before",
			used);
	else
		error_set(e, ERROR_CAPABILITY,
			"the server no longer offers %s, with which it was logged in to", used);
	error_why(e,
		"someone in between may have taken it out; no password was sent, neither by %s nor "
		"otherwise",
		mech_title(now));
	return error_remedy(e, "if its owner has changed it, for one run or for good", "auth = %s",
		mech_name(now));
}

static bool not_offered(
	const struct mech_list *wanted, const struct mech_facts *facts, struct error *e)
{
	char *names = mech_list_show(wanted);

	if (facts->token && !wanted->n) {
		error_set(e, ERROR_CAPABILITY,
			"the server offers no login with a token (OAUTHBEARER or XOAUTH2)");
	} else if (wanted->n == 1 && wanted->at[0] == MECH_APOP) {
		error_set(e, ERROR_CAPABILITY,
			"the server does not offer APOP (there is no timestamp in its greeting)");
		error_remedy(e, "let ambil choose", "auth = auto");
	} else if (wanted->n == 1 && mech_binds(wanted->at[0]) && facts->offered[wanted->at[0]]) {
		error_set(e, ERROR_CAPABILITY,
			"the login \"%s\" cannot be used: this connection has nothing to bind it to",
			names);
	} else {
		error_set(e, ERROR_CAPABILITY,
			wanted->n == 1 ? N_("the server does not offer the login \"%s\"")
				       : N_("the server offers none of the logins \"%s\""),
			names);
		error_remedy(e, "let ambil choose", "auth = auto");
	}
	free(names);
	return false;
}

/* Each of the wanted ones lacks what it needs on our side. */
static bool no_credential(enum mech mech, struct error *e)
{
	switch (kinds[mech].credential) {
	case CREDENTIAL_PASSWORD:
		error_set(e, ERROR_CONFIG,
			"the login \"%s\" needs a password, and there is a token", mech_name(mech));
		break;
	case CREDENTIAL_TOKEN:
		error_set(
			e, ERROR_CONFIG, "the login \"%s\" needs an OAuth token", mech_name(mech));
		return error_remedy(
			e, "tell where it is", "oauth-token-command = \"…\" in ambil.conf");
	default:
		error_set(e, ERROR_CONFIG, "the login \"%s\" needs a certificate of yours",
			mech_name(mech));
		return error_remedy(e, "tell where it is", "client-cert = FILE in ambil.conf");
	}
	return error_remedy(e, "let ambil choose", "auth = auto");
}

bool mech_choose(const struct mech_list *wanted, const struct mech_facts *facts, enum mech *out,
	struct error *e)
{
	const enum mech *list = wanted->n ? wanted->at : facts->encrypted ? auto_tls : auto_clear;
	size_t n = wanted->n ? wanted->n : facts->encrypted ? N(auto_tls) : N(auto_clear);
	bool has_one = false, in_clear = false;

	for (size_t i = 0; i < n; i++) {
		bool has = has_credential(list[i], facts);

		has_one = has_one || has;
		if (!has || !is_offered(list[i], facts))
			continue;
		if (!is_allowed(list[i], facts)) {
			in_clear = true;
			continue;
		}
		if (!wanted->n && !facts->token &&
			grade(list[i], facts) < grade(facts->used, facts))
			return refuse_weaker(list[i], facts, e);
		*out = list[i];
		return true;
	}
	if (!has_one)
		return no_credential(list[0], e);
	if (!in_clear)
		return not_offered(wanted, facts, e);
	error_set(e, ERROR_TLS,
		facts->token ? N_("the token would go in clear over the network")
			     : N_("the password would go in clear over the network"));
	return error_remedy(
		e, "only for a tunnel or this machine itself", "allow-cleartext-password = true");
}

enum mech mech_readable(const struct mech_facts *facts)
{
	static const enum mech list[] = {MECH_PLAIN, MECH_LOGIN, MECH_USER};

	for (size_t i = 0; i < N(list); i++)
		if (has_credential(list[i], facts) && is_offered(list[i], facts) &&
			is_allowed(list[i], facts))
			return list[i];
	return MECH_NONE;
}

bool mech_has_better(enum mech now, const struct mech_facts *facts, enum mech *better)
{
	struct mech_facts fresh = *facts;
	struct error ignored;

	fresh.used = MECH_NONE;
	return mech_choose(&(struct mech_list){.n = 0}, &fresh, better, &ignored) &&
		grade(*better, &fresh) > grade(now, &fresh);
}
