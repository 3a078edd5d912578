/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The auth room: the choice of a mechanism as a table of facts, SASL against the examples of the
 * RFCs, passwords from each source, and the prompt on a terminal of its own (a pseudo-terminal).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "auth/mech.h"
#include "auth/sasl.h"
#include "auth/secret.h"
#include "base/file.h"

static char folder[256];

static void write_file(const char *name, const char *data, size_t len, mode_t mode, char path[512])
{
	int fd;

	snprintf(path, 512, "%s/%s", folder, name);
	/* One of before may be for nobody to write. */
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_true(file_write_all(fd, data, len));
	close(fd);
	assert_int_equal(chmod(path, mode), 0);
}

static void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" does not hold \"%s\"", text, part);
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at++)
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

/* given: words for what the server and the account are like; offered: names of mechanisms. */
static struct mech_facts facts_of(const char *given, const char *offered, enum mech used)
{
	struct mech_facts facts = {
		.encrypted = has_word(given, "tls"),
		.cleartext_login = has_word(given, "cleartext"),
		.token = has_word(given, "token"),
		.client_cert = has_word(given, "cert"),
		.binding = has_word(given, "tls") && !has_word(given, "unbound"),
		.apop_stamp = has_word(given, "stamp"),
		.capa_known = !has_word(given, "nocapa"),
		.user = has_word(offered, "user"),
		.used = used,
	};

	for (int i = MECH_NONE + 1; i < MECH_MECHS; i++)
		facts.offered[i] = has_word(offered, mech_name((enum mech)i));
	return facts;
}

struct choice {
	const char *wanted, *given, *offered;
	enum mech chosen;
	enum error_kind kind;
	const char *says;
	enum mech used;
};

static void check_choices(const struct choice *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct choice *c = &cases[i];
		struct mech_facts facts = facts_of(c->given, c->offered, c->used);
		struct error e = {ERROR_NONE};
		enum mech chosen = MECH_NONE;
		struct mech_list wanted;
		bool done;

		assert_true(mech_list_parse(c->wanted, &wanted));
		done = mech_choose(&wanted, &facts, &chosen, &e);
		if (done != (c->kind == ERROR_NONE) || e.kind != c->kind || chosen != c->chosen ||
			(c->says && !strstr(e.text, c->says) && !strstr(e.remedy, c->says)))
			fail_msg("auth = %s, %s, offered %s: %s, %s (%s)", c->wanted, c->given,
				c->offered, mech_name(chosen), e.text, e.remedy);
	}
}

#define ALL_PASSWORD                                                                       \
	"plain login user cram-md5 digest-md5 scram-sha-1 scram-sha-256 scram-sha-1-plus " \
	"scram-sha-256-plus"
#define OTHERS " ntlm gssapi external oauthbearer xoauth2"

static void mech__auto_takes_the_strongest(void **state)
{
	static const struct choice cases[] = {
		{"auto", "tls", ALL_PASSWORD OTHERS, MECH_SCRAM_SHA_256_PLUS},
		{"auto", "tls", "plain scram-sha-1-plus scram-sha-256", MECH_SCRAM_SHA_1_PLUS},
		{"auto", "tls", "plain scram-sha-1 scram-sha-256", MECH_SCRAM_SHA_256},
		{"auto", "tls", "plain scram-sha-1", MECH_SCRAM_SHA_1},
		{"auto", "tls unbound", ALL_PASSWORD, MECH_SCRAM_SHA_256},
		{"auto", "tls unbound", "scram-sha-256-plus scram-sha-1-plus plain", MECH_PLAIN},
		{"auto", "tls", "plain login user cram-md5 digest-md5", MECH_PLAIN},
		{"auto", "tls", "login user cram-md5 digest-md5", MECH_LOGIN},
		{"auto", "tls", "user cram-md5 digest-md5", MECH_USER},
		{"auto", "tls", "cram-md5 digest-md5", MECH_DIGEST_MD5},
		{"auto", "tls", "cram-md5", MECH_CRAM_MD5},
		{"auto", "tls", "", MECH_USER},
		{"auto", "tls", "ntlm gssapi external", MECH_USER},
		{"auto", "tls cert stamp", "ntlm gssapi external oauthbearer xoauth2 plain",
			MECH_PLAIN},
		{"auto", "tls nocapa", "", MECH_USER},
		{"auto", "tls nocapa", "plain", MECH_USER},
		{"auto", "tls nocapa stamp", "scram-sha-256", MECH_USER},
		{"auto", "tls token", ALL_PASSWORD OTHERS, MECH_OAUTHBEARER},
		{"auto", "tls token", "xoauth2 plain", MECH_XOAUTH2},
		{"auto", "tls token", ALL_PASSWORD, MECH_NONE, ERROR_CAPABILITY,
			"no login with a token"},
		{"auto", "tls token nocapa", "", MECH_NONE, ERROR_CAPABILITY},
	};

	(void)state;
	check_choices(cases, sizeof(cases) / sizeof(cases[0]));
}

static void mech__in_clear_the_password_stays_off_the_line(void **state)
{
	static const char in_clear[] = "would go in clear";
	static const struct choice cases[] = {
		{"auto", "", ALL_PASSWORD OTHERS, MECH_SCRAM_SHA_256},
		{"auto", "", "plain scram-sha-1 cram-md5 digest-md5", MECH_SCRAM_SHA_1},
		{"auto", "", "plain user cram-md5 digest-md5", MECH_DIGEST_MD5},
		{"auto", "", "plain user cram-md5", MECH_CRAM_MD5},
		{"auto", "", "plain login user", MECH_NONE, ERROR_TLS, in_clear},
		{"auto", "stamp", "", MECH_NONE, ERROR_TLS, in_clear},
		{"auto", "nocapa", "", MECH_NONE, ERROR_TLS, in_clear},
		{"auto", "token", "xoauth2 oauthbearer", MECH_NONE, ERROR_TLS, in_clear},
		{"auto", "cleartext", ALL_PASSWORD, MECH_SCRAM_SHA_256},
		{"auto", "cleartext", "plain user cram-md5", MECH_CRAM_MD5},
		{"auto", "cleartext", "plain login user", MECH_PLAIN},
		{"auto", "cleartext", "user", MECH_USER},
		{"auto", "cleartext token", "xoauth2", MECH_XOAUTH2},
		{"plain", "", "plain user", MECH_NONE, ERROR_TLS, in_clear},
		{"login", "", "login", MECH_NONE, ERROR_TLS, in_clear},
		{"user", "", "user", MECH_NONE, ERROR_TLS, in_clear},
		{"xoauth2", "token", "xoauth2", MECH_NONE, ERROR_TLS, in_clear},
		{"plain cram-md5", "", "plain cram-md5", MECH_CRAM_MD5},
		{"plain cram-md5", "", "plain", MECH_NONE, ERROR_TLS, in_clear},
		{"plain", "cleartext", "plain", MECH_PLAIN},
		{"apop", "stamp", "plain user", MECH_APOP},
		{"ntlm", "", "ntlm", MECH_NTLM},
		{"scram-sha-256-plus", "", "scram-sha-256-plus", MECH_NONE, ERROR_CAPABILITY,
			"nothing to bind it to"},
	};

	(void)state;
	check_choices(cases, sizeof(cases) / sizeof(cases[0]));
}

static void mech__asked_for_by_name_is_never_another(void **state)
{
	static const struct choice cases[] = {
		{"plain", "tls", ALL_PASSWORD, MECH_PLAIN},
		{"login", "tls", ALL_PASSWORD, MECH_LOGIN},
		{"user", "tls", ALL_PASSWORD, MECH_USER},
		{"cram-md5", "tls", ALL_PASSWORD, MECH_CRAM_MD5},
		{"digest-md5", "tls", ALL_PASSWORD, MECH_DIGEST_MD5},
		{"scram-sha-1", "tls", ALL_PASSWORD, MECH_SCRAM_SHA_1},
		{"ntlm", "tls", "plain ntlm", MECH_NTLM},
		{"gssapi", "tls", "plain gssapi", MECH_GSSAPI},
		{"external", "tls cert", "plain external", MECH_EXTERNAL},
		{"apop", "tls stamp", "plain user", MECH_APOP},
		{"plain scram-sha-256", "tls", "scram-sha-256 plain", MECH_PLAIN},
		{"cram-md5, plain", "tls", "plain user", MECH_PLAIN},
		{"external plain", "tls", "external plain", MECH_PLAIN},
		{"xoauth2 plain", "tls", "xoauth2 plain", MECH_PLAIN},
		{"xoauth2 plain", "tls token", "xoauth2 plain", MECH_XOAUTH2},
		{"plain", "tls", "user", MECH_NONE, ERROR_CAPABILITY,
			"does not offer the login \"plain\""},
		{"plain", "tls nocapa", "plain", MECH_NONE, ERROR_CAPABILITY, "auth = auto"},
		{"plain login", "tls", "user scram-sha-1", MECH_NONE, ERROR_CAPABILITY,
			"none of the logins \"plain login\""},
		{"user", "tls", "plain", MECH_NONE, ERROR_CAPABILITY},
		{"user", "tls", "cram-md5", MECH_NONE, ERROR_CAPABILITY},
		{"user", "tls", "gssapi", MECH_USER},
		{"user", "tls nocapa", "", MECH_USER},
		{"apop", "tls cleartext", "plain user", MECH_NONE, ERROR_CAPABILITY,
			"no timestamp"},
		{"scram-sha-256-plus", "tls unbound", "scram-sha-256-plus", MECH_NONE,
			ERROR_CAPABILITY, "nothing to bind it to"},
		{"external", "tls", "external", MECH_NONE, ERROR_CONFIG, "client-cert"},
		{"xoauth2", "tls", "xoauth2", MECH_NONE, ERROR_CONFIG, "oauth-token-command"},
		{"plain", "tls token", "plain", MECH_NONE, ERROR_CONFIG, "needs a password"},
	};

	(void)state;
	check_choices(cases, sizeof(cases) / sizeof(cases[0]));
}

static void mech__auto_takes_nothing_weaker_than_before(void **state)
{
	static const char gone[] = "no longer offers";
	static const struct choice cases[] = {
		{"auto", "tls", "plain scram-sha-256", MECH_SCRAM_SHA_256, ERROR_NONE, NULL,
			MECH_SCRAM_SHA_256},
		{"auto", "tls", "plain scram-sha-1", MECH_NONE, ERROR_CAPABILITY,
			"no longer offers SCRAM-SHA-256,", MECH_SCRAM_SHA_256},
		{"auto", "tls", "plain", MECH_NONE, ERROR_CAPABILITY, "auth = plain",
			MECH_SCRAM_SHA_1},
		{"auto", "tls", "user", MECH_NONE, ERROR_CAPABILITY, "auth = user",
			MECH_SCRAM_SHA_256_PLUS},
		{"auto", "tls", "scram-sha-256", MECH_NONE, ERROR_CAPABILITY, gone,
			MECH_SCRAM_SHA_1_PLUS},
		{"auto", "tls unbound", "scram-sha-256-plus scram-sha-256", MECH_NONE,
			ERROR_CAPABILITY, "cannot bind SCRAM-SHA-256-PLUS",
			MECH_SCRAM_SHA_256_PLUS},
		{"auto", "tls nocapa", "", MECH_NONE, ERROR_CAPABILITY, gone, MECH_SCRAM_SHA_256},
		{"auto", "", "plain cram-md5", MECH_NONE, ERROR_CAPABILITY, gone,
			MECH_SCRAM_SHA_256},
		{"auto", "cleartext", "plain", MECH_NONE, ERROR_CAPABILITY, gone, MECH_CRAM_MD5},
		{"auto", "cleartext", "cram-md5", MECH_CRAM_MD5, ERROR_NONE, NULL, MECH_DIGEST_MD5},
		/* Stronger, or as strong. */
		{"auto", "tls", "scram-sha-256", MECH_SCRAM_SHA_256, ERROR_NONE, NULL,
			MECH_SCRAM_SHA_1},
		{"auto", "tls", "user", MECH_USER, ERROR_NONE, NULL, MECH_PLAIN},
		{"auto", "tls", "plain", MECH_PLAIN, ERROR_NONE, NULL, MECH_CRAM_MD5},
		{"auto", "tls", "plain", MECH_PLAIN, ERROR_NONE, NULL, MECH_GSSAPI},
		/* The user's own doing. */
		{"plain", "tls", "plain", MECH_PLAIN, ERROR_NONE, NULL, MECH_SCRAM_SHA_256},
		{"scram-sha-1", "tls", "scram-sha-1 scram-sha-256", MECH_SCRAM_SHA_1, ERROR_NONE,
			NULL, MECH_SCRAM_SHA_256_PLUS},
		{"auto", "tls token", "xoauth2 plain", MECH_XOAUTH2, ERROR_NONE, NULL,
			MECH_SCRAM_SHA_256},
	};

	(void)state;
	check_choices(cases, sizeof(cases) / sizeof(cases[0]));
}

/* Over all sets of the mechanisms for a password, with and without TLS, rather than by example. */
static void mech__auto_holds_its_promises_for_any_offer(void **state)
{
	static const enum mech some[] = {MECH_SCRAM_SHA_256_PLUS, MECH_SCRAM_SHA_1_PLUS,
		MECH_SCRAM_SHA_256, MECH_SCRAM_SHA_1, MECH_DIGEST_MD5, MECH_CRAM_MD5, MECH_PLAIN,
		MECH_LOGIN, MECH_APOP, MECH_EXTERNAL, MECH_GSSAPI, MECH_NTLM};
	enum { SOME = sizeof(some) / sizeof(some[0]) };
	const struct mech_list automatic = {.n = 0};

	(void)state;
	for (unsigned set = 0; set < 1u << SOME; set++)
		for (unsigned kind = 0; kind < 8; kind++) {
			struct mech_facts facts = {.capa_known = true,
				.encrypted = kind & 1,
				.binding = kind & 1,
				.cleartext_login = kind & 2,
				.user = kind & 4,
				.client_cert = true,
				.apop_stamp = true};
			enum mech chosen = MECH_NONE;
			struct error e = {ERROR_NONE};
			bool scram = false;

			for (size_t i = 0; i < SOME; i++)
				facts.offered[some[i]] = set >> i & 1;
			for (size_t i = 0; i < 4; i++)
				scram = scram ||
					(facts.offered[some[i]] && (i >= 2 || facts.encrypted));
			if (!mech_choose(&automatic, &facts, &chosen, &e)) {
				assert_int_equal(e.kind, ERROR_TLS);
				assert_false(facts.encrypted || facts.cleartext_login || scram);
				continue;
			}
			assert_true(chosen == MECH_USER || facts.offered[chosen]);
			assert_true(chosen != MECH_APOP && chosen != MECH_EXTERNAL &&
				chosen != MECH_GSSAPI && chosen != MECH_NTLM);
			assert_int_equal(scram, chosen <= MECH_SCRAM_SHA_1);
			if (!facts.encrypted && !facts.cleartext_login)
				assert_true(chosen <= MECH_SCRAM_SHA_1 ||
					chosen == MECH_DIGEST_MD5 || chosen == MECH_CRAM_MD5);
		}
}

static void mech__has_names(void **state)
{
	(void)state;
	assert_int_equal(mech_parse("PLAIN"), MECH_PLAIN);
	assert_int_equal(mech_parse("user"), MECH_USER);
	assert_int_equal(mech_parse("Apop"), MECH_APOP);
	assert_int_equal(mech_parse("SCRAM-SHA-256-PLUS"), MECH_SCRAM_SHA_256_PLUS);
	assert_int_equal(mech_parse("scram-sha-256"), MECH_SCRAM_SHA_256);
	assert_int_equal(mech_parse("auto"), MECH_NONE);
	assert_int_equal(mech_parse("rot13"), MECH_NONE);
	assert_int_equal(mech_parse(""), MECH_NONE);
	for (int i = MECH_NONE + 1; i < MECH_MECHS; i++) {
		enum mech mech = (enum mech)i;

		assert_int_equal(mech_parse(mech_name(mech)), i);
		if (mech_sasl_name(mech))
			assert_int_equal(mech_parse(mech_sasl_name(mech)), i);
		assert_true(mech_title(mech)[0]);
	}
	assert_string_equal(mech_title(MECH_USER), "USER and PASS");
	assert_null(mech_sasl_name(MECH_APOP));
}

static void mech_list__is_words(void **state)
{
	static const struct {
		const char *text, *shown; /* NULL: refused */
	} cases[] = {
		{"auto", "auto"},
		{" AUTO ", "auto"},
		{"plain", "plain"},
		{"Scram-SHA-256 PLAIN", "scram-sha-256 plain"},
		{"scram-sha-256,plain", "scram-sha-256 plain"},
		{" user ,\tplain ", "user plain"},
		{"", NULL},
		{" , ", NULL},
		{"auto plain", NULL},
		{"plain auto", NULL},
		{"autoplain", NULL},
		{"plain plain", NULL},
		{"plain rot13", NULL},
		{"plai", NULL},
		{"plain;user", NULL},
	};
	struct mech_list all = {.n = 0};
	char *shown;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mech_list list = {.n = 7};
		bool done = mech_list_parse(cases[i].text, &list);

		if (done != (cases[i].shown != NULL))
			fail_msg("\"%s\"", cases[i].text);
		if (!done) {
			assert_int_equal(list.n, 7);
			continue;
		}
		shown = mech_list_show(&list);
		assert_string_equal(shown, cases[i].shown);
		free(shown);
	}
	for (int i = MECH_NONE + 1; i < MECH_MECHS; i++)
		all.at[all.n++] = (enum mech)i;
	shown = mech_list_show(&all);
	assert_true(mech_list_parse(shown, &all));
	assert_int_equal(all.n, MECH_MECHS - 1);
	free(shown);
}

static void mech_list__knows_what_it_needs(void **state)
{
	static const struct {
		const char *text;
		bool password, token;
	} cases[] = {{"auto", true, false}, {"plain", true, false}, {"external", false, false},
		{"gssapi", false, false}, {"xoauth2", false, true},
		{"external user oauthbearer", true, true}, {"apop", true, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mech_list list;

		assert_true(mech_list_parse(cases[i].text, &list));
		assert_int_equal(mech_list_needs(&list, CREDENTIAL_PASSWORD), cases[i].password);
		assert_int_equal(mech_list_needs(&list, CREDENTIAL_TOKEN), cases[i].token);
	}
}

static const struct sasl_setting tim = {
	.user = "tim", .secret = "tanstaaftanstaaf", .host = "pop.example.org", .port = 995};

static void sasl__plain_says_all_at_once(void **state)
{
	struct error e = {ERROR_NONE};
	char *response = NULL;
	struct sasl *s = sasl_start(MECH_PLAIN, &tim, &e);

	(void)state;
	assert_non_null(s);
	assert_false(sasl_accepted(s, &e));
	assert_true(sasl_step(s, NULL, &response, &e));
	assert_string_equal(response, "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
	assert_true(sasl_accepted(s, &e));
	wipe_free(response);
	/* A server that asks again must not hear the password twice. */
	assert_false(sasl_step(s, "", &response, &e));
	assert_int_equal(e.kind, ERROR_PROTOCOL);
	sasl_free(s);
	s = sasl_start(MECH_PLAIN, &tim, &e);
	assert_non_null(s);
	assert_true(sasl_step(s, "", &response, &e));
	assert_string_equal(response, "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
	wipe_free(response);
	sasl_free(s);
	sasl_free(NULL);
}

static void sasl__plain_form_is_what_plain_says(void **state)
{
	struct error e = {0};
	char *response = NULL, *form = sasl_plain_form("tim", "tanstaaftanstaaf");
	struct sasl *s = sasl_start(MECH_PLAIN, &tim, &e);

	(void)state;
	assert_true(sasl_step(s, NULL, &response, &e));
	assert_string_equal(form, response);
	wipe_free(response);
	wipe_free(form);
	sasl_free(s);
}

static void sasl__carries_challenges(void **state)
{
	static const struct {
		enum mech mech;
		const char *challenges[3], *responses[3];
	} cases[] = {
		/* RFC 2195 s.2. */
		{MECH_CRAM_MD5, {"PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"},
			{"dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"}},
		/* Both questions in the words of Exchange. */
		{MECH_LOGIN, {"VXNlcm5hbWU6", "UGFzc3dvcmQ6"},
			{"dGlt", "dGFuc3RhYWZ0YW5zdGFhZg=="}},
	};
	struct error e = {ERROR_NONE};
	char *response = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sasl *s = sasl_start(cases[i].mech, &tim, &e);

		assert_non_null(s);
		for (size_t k = 0; cases[i].challenges[k]; k++) {
			assert_false(sasl_accepted(s, &e));
			assert_true(sasl_step(s, cases[i].challenges[k], &response, &e));
			assert_string_equal(response, cases[i].responses[k]);
			wipe_free(response);
		}
		assert_true(sasl_accepted(s, &e));
		sasl_free(s);
	}
}

/* In base64, as the server's side of a conversation; fresh. */
static char *base64_of(const char *text)
{
	const gnutls_datum_t in = {(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
	gnutls_datum_t out = {NULL, 0};
	char *copy;

	assert_int_equal(gnutls_base64_encode2(&in, &out), 0);
	copy = xstrndup((const char *)out.data, out.size);
	gnutls_free(out.data);
	return copy;
}

static char *decoded(const char *base64)
{
	const gnutls_datum_t in = {(unsigned char *)(uintptr_t)base64, (unsigned)strlen(base64)};
	gnutls_datum_t out = {NULL, 0};
	char *copy;

	assert_int_equal(gnutls_base64_decode2(&in, &out), 0);
	copy = xstrndup((const char *)out.data, out.size);
	gnutls_free(out.data);
	return copy;
}

/* SCRAM up to the client's proof; the server has only to sign. */
static struct sasl *scram_with_proof(enum mech mech, const struct sasl_setting *setting)
{
	struct error e = {ERROR_NONE};
	char *response = NULL, *first, *challenge, *sent;
	struct sasl *s = sasl_start(mech, setting, &e);

	assert_non_null(s);
	assert_true(sasl_step(s, NULL, &response, &e));
	assert_false(sasl_has_proved(s));
	first = decoded(response);
	wipe_free(response);
	assert_non_null(strstr(first, "n=tim,r="));
	challenge = xasprintf("r=%sSERVER,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		strstr(first, ",r=") + strlen(",r="));
	sent = base64_of(challenge);
	assert_true(sasl_step(s, sent, &response, &e));
	wipe_free(response);
	assert_false(sasl_accepted(s, &e));
	free(first);
	free(challenge);
	free(sent);
	return s;
}

static void sasl__scram_wants_the_servers_proof(void **state)
{
	static const enum mech mechs[] = {MECH_SCRAM_SHA_1, MECH_SCRAM_SHA_256};
	static const char *const lies[] = {
		/* "v=" with another's signature, of either length; nothing at all; the wrong word.
		 */
		"v=cm1GOVBxVjhTNXN1QW9aV2phNGRKUmtGc0tRPWFiY2Q=",
		"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
		"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
		"v=",
		"w=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
	};
	struct error e = {ERROR_NONE};
	char *response = NULL, *refusal;

	(void)state;
	for (size_t m = 0; m < sizeof(mechs) / sizeof(mechs[0]); m++) {
		struct sasl *s = scram_with_proof(mechs[m], &tim);

		assert_false(sasl_accepted(s, &e));
		assert_int_equal(e.kind, ERROR_PROTOCOL);
		assert_says(e.text, "let \"tim\" in before the login by SCRAM-SHA-");
		sasl_free(s);
		for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
			char *lie = base64_of(lies[i]);

			e = (struct error){ERROR_NONE};
			s = scram_with_proof(mechs[m], &tim);
			assert_false(sasl_step(s, lie, &response, &e));
			assert_null(response);
			assert_int_equal(e.kind, ERROR_PROTOCOL);
			assert_false(sasl_accepted(s, &e));
			sasl_free(s);
			free(lie);
		}
		/* What a refusal is for. */
		s = scram_with_proof(mechs[m], &tim);
		assert_true(sasl_has_proved(s));
		assert_false(sasl_blames_binding(s, span_of("[AUTH] authentication failure")));
		assert_false(sasl_blames_binding(s, span_of("")));
		assert_true(sasl_blames_binding(
			s, span_of("[AUTH] authenticating: bad protocol / cancel")));
		assert_true(sasl_blames_binding(s, span_of("Channel mismatch")));
		sasl_free(s);
		s = scram_with_proof(mechs[m], &tim);
		refusal = base64_of("e=channel-bindings-dont-match");
		assert_true(sasl_step(s, refusal, &response, &e));
		assert_true(sasl_blames_binding(s, span_of("[AUTH] no")));
		wipe_free(response);
		free(refusal);
		sasl_free(s);
		/* RFC 5802 s.5.1: the refusal is told by the status line that follows. */
		s = scram_with_proof(mechs[m], &tim);

		refusal = base64_of("e=invalid-proof");

		assert_true(sasl_step(s, refusal, &response, &e));
		assert_string_equal(response, "");
		wipe_free(response);
		assert_false(sasl_accepted(s, &e));
		assert_false(sasl_step(s, refusal, &response, &e));
		free(refusal);
		sasl_free(s);
	}
}

static void sasl__scram_plus_binds_to_the_channel(void **state)
{
	static const struct {
		bool exporter;
		const char *header;
	} cases[] = {{true, "p=tls-exporter,,"}, {false, "p=tls-unique,,"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sasl_setting bound = tim;
		struct error e = {ERROR_NONE};
		char *response = NULL, *text;
		struct sasl *s;

		bound.binding = (struct span){"\0octets\xff", 8};
		bound.exporter = cases[i].exporter;
		s = sasl_start(MECH_SCRAM_SHA_256_PLUS, &bound, &e);
		assert_non_null(s);
		assert_true(sasl_step(s, NULL, &response, &e));
		text = decoded(response);
		assert_int_equal(strncmp(text, cases[i].header, strlen(cases[i].header)), 0);
		free(text);
		wipe_free(response);
		sasl_free(s);
		sasl_free(scram_with_proof(MECH_SCRAM_SHA_256_PLUS, &bound));
	}
}

#define LONG_NAME                                                                                  \
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567" \
	"89012345678901234567890123456789012345678901234567890"

static void sasl__refuses_what_does_not_fit(void **state)
{
	static const struct {
		enum mech mech;
		const char *user, *secret;
	} cases[] = {
		{MECH_PLAIN, "anna\r\nDELE 1", "x"},
		{MECH_EXTERNAL, "anna\nDELE 1", ""},
		{MECH_PLAIN, "anna", "x\ny"},
		{MECH_PLAIN, "anna", "x\r"},
		{MECH_PLAIN, "anna", ""},
		{MECH_SCRAM_SHA_1, "anna", ""},
		{MECH_NTLM, LONG_NAME, "x"},
		{MECH_NTLM, "anna", LONG_NAME},
	};
	static const struct {
		enum mech mech;
		const char *challenge;
	} wrong[] = {
		{MECH_CRAM_MD5, "%%%not base64%%%"},
		{MECH_CRAM_MD5, "PDE4OTYu="},
		{MECH_DIGEST_MD5, "bm9uc2Vuc2U="},
		{MECH_SCRAM_SHA_256, "bm9uc2Vuc2U="},
		{MECH_SCRAM_SHA_256, ""},
		{MECH_NTLM, ""},
		{MECH_NTLM, "bm9uc2Vuc2U="},
		/* Cut; of another type; a name that lies outside of it. */
		{MECH_NTLM, "TlRMTVNTUAACAAAA"},
		{MECH_NTLM, "TlRMTVNTUAADAAAAAAAAADAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
		{MECH_NTLM, "TlRMTVNTUAACAAAABAAEAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
		/* Rounds without end. */
		{MECH_SCRAM_SHA_1, "cj14LHM9Vz09LGk9NDI5NDk2NzI5NQ=="},
	};
	struct error e = {ERROR_NONE};
	char *response = NULL;
	struct sasl *s;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sasl_setting setting = {
			.user = cases[i].user, .secret = cases[i].secret, .host = "x"};

		e.kind = ERROR_NONE;
		assert_null(sasl_start(cases[i].mech, &setting, &e));
		assert_int_equal(e.kind, ERROR_CONFIG);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		s = sasl_start(wrong[i].mech, &tim, &e);
		assert_non_null(s);
		if (mech_speaks_first(wrong[i].mech) || wrong[i].mech == MECH_NTLM) {
			assert_true(sasl_step(s, NULL, &response, &e));
			wipe_free(response);
		}
		e = (struct error){ERROR_NONE};
		if (sasl_step(s, wrong[i].challenge, &response, &e))
			fail_msg("%s takes %s", mech_name(wrong[i].mech), wrong[i].challenge);
		assert_int_equal(e.kind, ERROR_PROTOCOL);
		assert_null(strstr(e.text, "tanstaaf"));
		assert_null(strstr(e.text, "nonsense"));
		assert_false(sasl_accepted(s, &e));
		sasl_free(s);
	}
}

static void sasl__scram_in_clear_wants_enough_rounds(void **state)
{
	static const struct {
		bool encrypted, takes;
		const char *rounds;
	} cases[] = {{false, true, "4096"}, {false, false, "4095"}, {false, false, "1"},
		{true, true, "1"}, {true, false, "1000001"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sasl_setting setting = tim;
		struct error e = {ERROR_NONE};
		char *response = NULL, *first, *challenge, *sent;
		struct sasl *s;

		setting.encrypted = cases[i].encrypted;
		s = sasl_start(MECH_SCRAM_SHA_256, &setting, &e);
		assert_true(sasl_step(s, NULL, &response, &e));
		first = decoded(response);
		wipe_free(response);
		challenge = xasprintf("r=%sx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=%s",
			strstr(first, ",r=") + strlen(",r="), cases[i].rounds);
		sent = base64_of(challenge);
		if (sasl_step(s, sent, &response, &e) != cases[i].takes)
			fail_msg("%s rounds: %s", cases[i].rounds, e.text);
		assert_int_equal(e.kind, cases[i].takes ? ERROR_NONE : ERROR_PROTOCOL);
		wipe_free(response);
		free(first);
		free(challenge);
		free(sent);
		sasl_free(s);
	}
}

static void sasl__does_not_answer_for_ever(void **state)
{
	static const enum mech mechs[] = {
		MECH_CRAM_MD5, MECH_DIGEST_MD5, MECH_LOGIN, MECH_SCRAM_SHA_256, MECH_NTLM};

	(void)state;
	for (size_t i = 0; i < sizeof(mechs) / sizeof(mechs[0]); i++) {
		struct error e = {ERROR_NONE};
		struct sasl *s = sasl_start(mechs[i], &tim, &e);
		char *response = NULL;
		int n = 0;

		assert_non_null(s);
		while (n < 100 && sasl_step(s, "", &response, &e)) {
			wipe_free(response);
			n++;
		}
		assert_true(n < 100);
		assert_int_equal(e.kind, ERROR_PROTOCOL);
		sasl_free(s);
	}
}

static void sasl__external_needs_no_password(void **state)
{
	const struct sasl_setting setting = {.user = "anna", .secret = "", .host = "x"};
	struct error e = {ERROR_NONE};
	struct sasl *s = sasl_start(MECH_EXTERNAL, &setting, &e);
	char *response = NULL;

	(void)state;
	assert_non_null(s);
	assert_true(sasl_step(s, NULL, &response, &e));
	assert_string_equal(response, "");
	assert_true(sasl_accepted(s, &e));
	wipe_free(response);
	sasl_free(s);
}

static void apop__digest_is_that_of_the_rfc(void **state)
{
	struct error e = {ERROR_NONE};
	char digest[33];

	(void)state;
	assert_true(
		apop_digest(span_of("<1896.697170952@dbc.mtview.ca.us>"), "tanstaaf", digest, &e));
	assert_string_equal(digest, "c4c9334bac560ecc979e58001b3e22fb");
}

static void secret__of_a_file_is_its_first_line(void **state)
{
	static const struct {
		const char *data;
		size_t len;
		const char *value; /* NULL: refused */
	} cases[] = {
		{"s3cret", 6, "s3cret"},
		{"s3cret\n", 7, "s3cret"},
		{"s3cret\r\n", 8, "s3cret"},
		{"s3cret\nlogin: anna\n", 19, "s3cret"},
		{" a b \n", 6, " a b "},
		{"", 0, NULL},
		{"\n", 1, NULL},
		{"\r\n", 2, NULL},
		{"\ns3cret\n", 8, NULL},
		{"a\rb\n", 4, NULL},
		{"a\0b\n", 4, NULL},
	};
	char path[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = {ERROR_NONE};
		struct secret secret;

		write_file("line", cases[i].data, cases[i].len, 0600, path);
		const struct secret_sources from = {.account = "home", .file = path};

		assert_true(secret_has_source(&from));
		if (!cases[i].value) {
			assert_false(secret_find(&from, &secret, &e));
			assert_int_equal(e.kind, ERROR_CONFIG);
			assert_null(secret.value);
			continue;
		}
		assert_true(secret_find(&from, &secret, &e));
		assert_string_equal(secret.value, cases[i].value);
		assert_string_equal(secret.source, "password-file");
		secret_release(&secret);
		assert_null(secret.value);
	}
}

static void secret__of_a_file_that_others_see_is_refused(void **state)
{
	static const struct {
		mode_t mode;
		const char *says; /* NULL: fine */
	} cases[] = {
		{0600, NULL},
		{0400, NULL},
		{0640, "can be read by others (mode 0640)"},
		{0604, "can be read by others (mode 0604)"},
		{0620, "can be written by others (mode 0620)"},
		{0666, "can be written by others (mode 0666)"},
	};
	char path[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = {ERROR_NONE};
		struct secret secret;

		write_file("mode", "s3cret\n", 7, cases[i].mode, path);
		const struct secret_sources from = {.account = "home", .file = path};

		assert_int_equal(secret_find(&from, &secret, &e), cases[i].says == NULL);
		secret_release(&secret);
		if (!cases[i].says)
			continue;
		assert_int_equal(e.kind, ERROR_CONFIG);
		assert_says(e.text, cases[i].says);
		assert_says(e.remedy, "chmod 600 ");
		assert_null(strstr(e.text, "s3cret"));
	}
}

static void secret__of_a_file_that_is_none_is_refused(void **state)
{
	struct secret_sources from = {.account = "home", .file = folder};
	struct error e = {ERROR_NONE};
	struct secret secret;
	char path[512];

	(void)state;
	assert_false(secret_find(&from, &secret, &e));
	assert_says(e.text, "Is a directory");
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	from.file = path;
	assert_false(secret_find(&from, &secret, &e));
	assert_says(e.text, "not a regular file");
	snprintf(path, sizeof(path), "%s/none", folder);
	assert_false(secret_find(&from, &secret, &e));
	assert_says(e.text, "No such file");
	assert_int_equal(e.kind, ERROR_CONFIG);
}

static void secret__of_a_command(void **state)
{
	static char commands[][64] = {
		"printf 's3cret\\nuser: anna\\n'",
		"sh -c 'echo no such entry >&2; exit 1'",
		"sh -c 'kill -9 $$'",
		"sh -c 'kill -2 $$'",
		"true",
		"nosuch-password-program",
		"sh -c 'oops",
		"head -c 70000 /dev/zero",
	};
	static const struct {
		enum error_kind kind;
		const char *text, *why;
	} wanted[] = {
		{ERROR_NONE, "", ""},
		{ERROR_CONFIG, "exited 1", "no such entry"},
		{ERROR_CONFIG, "was ended by signal 9", ""},
		{ERROR_INTERRUPTED, "was interrupted", ""},
		{ERROR_CONFIG, "password-command \"true\" gives an empty password", ""},
		/* valgrind lets the child start, and exit 127. */
		{ERROR_CONFIG, "\"nosuch-password-program\"", ""},
		{ERROR_CONFIG, "open quote", ""},
		{ERROR_CONFIG, "wrote more than 65536 octets", ""},
	};

	char nothing[] = "/nonexistent", other[] = "other";

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		/* What is configured but stands further down the order is never looked at. */
		const struct secret_sources from = {.account = "home",
			.command = commands[i],
			.file = nothing,
			.password = other};
		struct error e = {ERROR_NONE};
		struct secret secret;

		assert_int_equal(secret_find(&from, &secret, &e), wanted[i].kind == ERROR_NONE);
		assert_int_equal(e.kind, wanted[i].kind);
		assert_says(e.text, wanted[i].text);
		assert_says(e.why, wanted[i].why);
		if (wanted[i].kind == ERROR_NONE) {
			assert_string_equal(secret.value, "s3cret");
			assert_string_equal(secret.source, "password-command");
		}
		secret_release(&secret);
	}
}

static void secret__is_not_waited_for_after_a_stop(void **state)
{
	static char command[] = "sleep 100";
	volatile sig_atomic_t stop = SIGTERM;
	const struct secret_sources from = {.account = "home", .command = command, .stop = &stop};
	struct error e = {ERROR_NONE};
	struct secret secret;

	(void)state;
	assert_false(secret_find(&from, &secret, &e));
	assert_int_equal(e.kind, ERROR_INTERRUPTED);
	assert_says(e.text, "was interrupted");
}

static void secret__of_the_credentials_folder_comes_before_the_password(void **state)
{
	char password[] = "in the file";
	struct secret_sources from = {.account = "home", .password = password};
	struct error e = {ERROR_NONE};
	struct secret secret;
	char path[512];

	(void)state;
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	assert_true(secret_find(&from, &secret, &e));
	assert_string_equal(secret.value, "in the file");
	assert_string_equal(secret.source, "password");
	secret_release(&secret);
	write_file("ambil.home", "from systemd", 12, 0440, path);
	assert_true(secret_find(&from, &secret, &e));
	assert_string_equal(secret.value, "from systemd");
	assert_string_equal(secret.source, "$CREDENTIALS_DIRECTORY");
	secret_release(&secret);
	from.password = NULL;
	assert_true(secret_has_source(&from));
	assert_int_equal(chmod(path, 0444), 0);
	assert_false(secret_find(&from, &secret, &e));
	from.account = "../home";
	assert_false(secret_has_source(&from));
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void secret__without_a_source_is_no_error(void **state)
{
	const struct secret_sources from = {.account = "home"};
	char nothing[] = "";
	const struct secret_sources empty = {.account = "home", .password = nothing};
	struct error e = {ERROR_NONE};
	struct secret secret;

	(void)state;
	assert_false(secret_has_source(&from));
	assert_true(secret_find(&from, &secret, &e));
	assert_null(secret.value);
	assert_false(secret_find(&empty, &secret, &e));
	assert_false(secret_missing(&(struct secret_search){.from = from}, false, &e));
	assert_int_equal(e.kind, ERROR_CONFIG);
	assert_says(e.text,
		"no password found (tried nothing, as ambil.conf says) and no terminal to ask on");
}

/* What the child of a prompt test tells its parent. */
struct told {
	bool done, echo_before, echo_after;
	char value[64], source[64];
	struct error error;
};

static void note(int number)
{
	(void)number;
}

/* In a session of its own, with the terminal at slave (NULL: none) as its own. Never returns. */
static void be_asked(const char *slave, int report)
{
	const struct secret_search searched = {
		.from = {.account = "home", .host = "pop.example.org", .user = "anna"}};
	struct sigaction catch = {.sa_handler = note};
	struct termios mode = {0};
	struct secret secret;
	struct told told = {.done = false};
	int tty = -1;

	setsid();
	sigaction(SIGINT, &catch, NULL);
	if (slave)
		tty = open(slave, O_RDWR);
	told.echo_before = tcgetattr(tty, &mode) == 0 && (mode.c_lflag & ECHO);
	told.done = secret_prompt(&searched, &secret, &told.error);
	told.echo_after = tcgetattr(tty, &mode) == 0 && (mode.c_lflag & ECHO);
	if (told.done) {
		snprintf(told.value, sizeof(told.value), "%s", secret.value);
		snprintf(told.source, sizeof(told.source), "%s", secret.source);
	}
	secret_release(&secret);
	_exit(file_write_all(report, &told, sizeof(told)) ? 0 : 1);
}

/* Adds what the terminal shows until it holds wanted (NULL: until nothing more comes). */
static void watch(int master, struct buf *screen, const char *wanted)
{
	struct pollfd fd = {.fd = master, .events = POLLIN};
	char chunk[256];

	while (!wanted || !screen->data || !strstr(screen->data, wanted)) {
		ssize_t n;

		if (poll(&fd, 1, wanted ? 60000 : 0) <= 0)
			break;
		n = read(master, chunk, sizeof(chunk));
		if (n <= 0)
			break;
		buf_add(screen, chunk, (size_t)n);
	}
}

static struct told ask_on_terminal(const char *answer, struct buf *screen)
{
	int ends[2], status, master = posix_openpt(O_RDWR | O_NOCTTY);
	struct told told;
	pid_t pid;

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		be_asked(ptsname(master), ends[1]);
	}
	close(ends[1]);
	watch(master, screen, "org: ");
	assert_true(file_write_all(master, answer, strlen(answer)));
	assert_int_equal(file_read_all(ends[0], &told, sizeof(told)), sizeof(told));
	/* A terminal hands over what was written in its own time. */
	watch(master, screen, "\n");
	watch(master, screen, NULL);
	waitpid(pid, &status, 0);
	close(ends[0]);
	close(master);
	return told;
}

static void prompt__asks_without_echo(void **state)
{
	struct buf screen = {NULL, 0, 0};
	struct told told = ask_on_terminal("s3cret p\n", &screen);

	(void)state;
	assert_true(told.done);
	assert_string_equal(told.value, "s3cret p");
	assert_string_equal(told.source, "prompt");
	assert_true(told.echo_before);
	assert_true(told.echo_after);
	assert_string_equal(screen.data, "Password for anna at pop.example.org: \r\n");
	buf_release(&screen);
}

static void prompt__gives_the_echo_back_when_interrupted(void **state)
{
	struct buf screen = {NULL, 0, 0};
	struct told told = ask_on_terminal("s3c\003", &screen);

	(void)state;
	assert_false(told.done);
	assert_int_equal(told.error.kind, ERROR_INTERRUPTED);
	assert_true(told.echo_before);
	assert_true(told.echo_after);
	assert_null(strstr(screen.data, "s3c"));
	buf_release(&screen);
}

static void prompt__refuses_an_empty_answer(void **state)
{
	static const char *const answers[] = {"\n", "\004"};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct buf screen = {NULL, 0, 0};
		struct told told = ask_on_terminal(answers[i], &screen);

		assert_false(told.done);
		assert_int_equal(told.error.kind, ERROR_CONFIG);
		assert_true(told.echo_after);
		buf_release(&screen);
	}
}

static void prompt__needs_a_terminal(void **state)
{
	int ends[2], status;
	struct told told;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		be_asked(NULL, ends[1]);
	close(ends[1]);
	assert_int_equal(file_read_all(ends[0], &told, sizeof(told)), sizeof(told));
	close(ends[0]);
	waitpid(pid, &status, 0);
	assert_false(told.done);
	assert_int_equal(told.error.kind, ERROR_CONFIG);
	assert_says(told.error.text, "no terminal to ask on");
}

static int make_folder(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(folder, sizeof(folder), "%s/ambil-auth-XXXXXX", tmp ? tmp : "/tmp");
	unsetenv("CREDENTIALS_DIRECTORY");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"line", "mode", "fifo", "ambil.home"};
	char path[512];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

static void secret_read__takes_a_line_whole_or_not_at_all(void **state)
{
	static const struct {
		size_t len;
		bool ends; /* with a line end */
		bool taken;
	} cases[] = {{8, true, true}, {8, false, true}, {65535, true, true}, {65535, false, true},
		{65536, false, false}, {200000, true, false}};
	struct secret secret;
	char path[512];
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = malloc(cases[i].len + 1);
		int fd;

		assert_non_null(text);
		memset(text, 'a', cases[i].len);
		text[cases[i].len] = '\n';
		write_file("line", text, cases[i].len + cases[i].ends, 0600, path);
		fd = open(path, O_RDONLY);
		assert_true(fd >= 0);
		assert_int_equal(secret_read(fd, NULL, &secret, &e), cases[i].taken);
		if (cases[i].taken)
			assert_int_equal(strlen(secret.value), cases[i].len);
		else
			assert_string_equal(e.text, "cannot read the password: File too large");
		secret_release(&secret);
		close(fd);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mech__auto_takes_the_strongest),
		cmocka_unit_test(mech__in_clear_the_password_stays_off_the_line),
		cmocka_unit_test(mech__asked_for_by_name_is_never_another),
		cmocka_unit_test(mech__auto_takes_nothing_weaker_than_before),
		cmocka_unit_test(mech__auto_holds_its_promises_for_any_offer),
		cmocka_unit_test(mech__has_names),
		cmocka_unit_test(mech_list__is_words),
		cmocka_unit_test(mech_list__knows_what_it_needs),
		cmocka_unit_test(sasl__plain_says_all_at_once),
		cmocka_unit_test(sasl__plain_form_is_what_plain_says),
		cmocka_unit_test(sasl__carries_challenges),
		cmocka_unit_test(sasl__scram_wants_the_servers_proof),
		cmocka_unit_test(sasl__scram_plus_binds_to_the_channel),
		cmocka_unit_test(sasl__scram_in_clear_wants_enough_rounds),
		cmocka_unit_test(sasl__does_not_answer_for_ever),
		cmocka_unit_test(sasl__external_needs_no_password),
		cmocka_unit_test(sasl__refuses_what_does_not_fit),
		cmocka_unit_test(apop__digest_is_that_of_the_rfc),
		cmocka_unit_test(secret__of_a_file_is_its_first_line),
		cmocka_unit_test(secret__of_a_file_that_others_see_is_refused),
		cmocka_unit_test(secret__of_a_file_that_is_none_is_refused),
		cmocka_unit_test(secret__of_a_command),
		cmocka_unit_test(secret__is_not_waited_for_after_a_stop),
		cmocka_unit_test(secret__of_the_credentials_folder_comes_before_the_password),
		cmocka_unit_test(secret__without_a_source_is_no_error),
		cmocka_unit_test(prompt__asks_without_echo),
		cmocka_unit_test(prompt__gives_the_echo_back_when_interrupted),
		cmocka_unit_test(prompt__refuses_an_empty_answer),
		cmocka_unit_test(secret_read__takes_a_line_whole_or_not_at_all),
		cmocka_unit_test(prompt__needs_a_terminal),
	};

	return cmocka_run_group_tests_name("auth", tests, make_folder, remove_folder);
}
