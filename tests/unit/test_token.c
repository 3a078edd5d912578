/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens from a command: what it may print, its environment, and a token that has expired. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/bearer.h"
#include "auth/token.h"

enum { NOW = 1795694400 };

static void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static void token__is_read_from_what_is_printed(void **state)
{
	static const struct {
		const char *output, *token;
		int64_t expires_s;
		const char *words, *why;
	} cases[] = {
		{"tok.en\n", "tok.en", 0, NULL, NULL},
		{"tok.en", "tok.en", 0, NULL, NULL},
		{"tok.en\r\nexpires tomorrow\n", "tok.en", 0, NULL, NULL},
		/* RFC 6749 s.5.1 */
		{"{\"access_token\":\"2YotnFZFEjr1zCsicMWpAA\",\"token_type\":\"example\","
		 "\"expires_in\":3600,\"refresh_token\":\"tGzv3JOkF0XG5Qx2TlKWIA\"}",
			"2YotnFZFEjr1zCsicMWpAA", NOW + 3600, NULL, NULL},
		{"{\"access_token\":\"t\",\"expires_in\":\"3599\"}", "t", NOW + 3599, NULL, NULL},
		{"{\"access_token\":\"t\",\"expires_in\":-1}", "t", 0, NULL, NULL},
		{"{\"access_token\":\"t\",\"expires_in\":1e300}", "t", 0, NULL, NULL},
		{"{\"access_token\":\"t\",\"expires_in\":99999999999999999999}", "t", 0, NULL,
			NULL},
		/* mailctl */
		{"{\"exp_date\": \"2026-11-26 12:30 UTC\", \"expires_in\": 3599,\n"
		 " \"access_token\": \"t\"}\n",
			"t", NOW + 1800, NULL, NULL},
		/* gcloud config config-helper --format=json */
		{"\n{\n  \"configuration\": {\"active_configuration\": \"default\"},\n"
		 "  \"credential\": {\n    \"access_token\": \"ya29.t\",\n    \"id_token\": \"e.y.J\",\n"
		 "    \"token_expiry\": \"2026-11-26T13:00:00Z\"\n  }\n}\n",
			"ya29.t", NOW + 3600, NULL, NULL},
		/* az account get-access-token */
		{"{\"accessToken\": \"t\", \"expiresOn\": \"2026-11-26 15:00:00.000000\",\n"
		 "\"expires_on\": 1795698000, \"tokenType\": \"Bearer\"}",
			"t", NOW + 3600, NULL, NULL},
		/* the token of Go's oauth2 */
		{"{\"access_token\":\"t\",\"expiry\":\"2026-11-26T14:00:00.5+01:00\"}", "t",
			NOW + 3600, NULL, NULL},
		{"{\"access_token\":\"t\",\"expiry\":\"0001-01-01T00:00:00Z\"}", "t", 0, NULL,
			NULL},
		{"{\"token\":\"t\",\"expires_at\":1795698000}", "t", NOW + 3600, NULL, NULL},
		{"{\"token\":\"t\",\"expires_at\":\"1795698000\",\"expires_in\":5}", "t",
			NOW + 3600, NULL, NULL},
		{"{\"token\":\"t\",\"expiry\":\"soon\"}", "t", 0, NULL, NULL},
		{"{\"access_token\":\"a\\/b\"}", "a/b", 0, NULL, NULL},

		{"", NULL, 0, "x gives an empty token", ""},
		{"\n", NULL, 0, "x gives an empty token", ""},
		{"\ntok.en\n", NULL, 0, "x gives an empty token", ""},
		{"NOTICE: Obtained new access token\ntok.en\n", NULL, 0, "x gives no token: ", ""},
		{"tok\x01"
		 "en\n",
			NULL, 0, "x gives no token: ", ""},
		{"\"tok.en\"\n", NULL, 0, "x gives no token: ", ""},
		{"{\"access_token\":\"t\"", NULL, 0, "x gives no token, but JSON that is broken",
			""},
		{"{\"access_token\":\"t\"} more", NULL, 0, "but JSON that is broken", ""},
		{"{}", NULL, 0, "x gives no token, but JSON without access_token", ""},
		{"{\"access_token\":[\"t\"]}", NULL, 0, "without access_token", ""},
		{"{\"access_token\":\"\"}", NULL, 0, "x gives an empty token", ""},
		{"{\"access_token\":\"a\\r\\nQUIT\"}", NULL, 0, "x gives no token: ", ""},
		{"{\"error\":\"invalid_grant\",\"error_description\":\"Token has been\\n revoked.\"}",
			NULL, 0, "x gives no token, but the error invalid_grant",
			"Token has been\\x0a revoked."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = {ERROR_NONE};
		struct token t;
		bool done = token_read(span_of(cases[i].output), "x", NOW, &t, &e);

		if (done != (cases[i].token != NULL))
			fail_msg("%s: %s", cases[i].output, e.text);
		if (done) {
			assert_string_equal(t.value, cases[i].token);
			assert_int_equal(t.expires_s, cases[i].expires_s);
		} else {
			assert_null(t.value);
			assert_int_equal(e.kind, ERROR_CONFIG);
			assert_says(e.text, cases[i].words);
			assert_string_equal(e.why, cases[i].why);
			assert_null(strstr(e.text,
				"tok"
				".en"));
		}
		token_release(&t);
		assert_null(t.value);
	}
}

static void token__may_be_long_but_not_endless(void **state)
{
	struct buf text = {NULL, 0, 0};
	struct error e = {ERROR_NONE};
	struct token t;

	(void)state;
	for (int i = 0; i < BEARER_TOKEN_MAX; i++)
		buf_add_text(&text, "x");
	assert_true(token_read(buf_span(&text), "x", NOW, &t, &e));
	assert_int_equal(strlen(t.value), BEARER_TOKEN_MAX);
	token_release(&t);
	buf_add_text(&text, "x");
	assert_false(token_read(buf_span(&text), "x", NOW, &t, &e));
	assert_string_equal(e.text, "x gives a token of more than 65536 octets");
	buf_release(&text);
}

static bool get(const char *command, bool refused, struct token *t, struct error *e)
{
	const struct token_source from = {.account = "home",
		.host = "pop.example.org",
		.user = "an\x1b"
			"na",
		.command = command};

	*e = (struct error){.kind = ERROR_NONE};
	return token_get(&from, refused, t, e);
}

static void token__comes_from_a_command(void **state)
{
	struct error e;
	struct token t;

	(void)state;
	assert_true(get("printf 'tok.en\\n'", false, &t, &e));
	assert_string_equal(t.value, "tok.en");
	assert_int_equal(t.expires_s, 0);
	token_release(&t);
	assert_true(get("printf '{\"access_token\":\"tok.en\",\"expires_at\":32503680000}'", false,
		&t, &e));
	assert_string_equal(t.value, "tok.en");
	assert_int_equal(t.expires_s, 32503680000);
	token_release(&t);
	assert_false(get("printf '{\"error\":\"invalid_grant\"}'", false, &t, &e));
	assert_null(t.value);
	assert_says(e.text,
		"oauth-token-command \"printf '{\"error\":\"invalid_grant\"}'\" gives no "
		"token, but the error invalid_grant");
	assert_false(get("sh -c 'echo sign in again >&2; exit 1'", false, &t, &e));
	assert_int_equal(e.kind, ERROR_CONFIG);
	assert_says(e.text, "exited 1");
	assert_string_equal(e.why, "sign in again");
	assert_false(get("head -c 300000 /dev/zero", false, &t, &e));
	assert_says(
		e.text, "oauth-token-command: the command \"head\" wrote more than 262144 octets");
}

/* A token of the largest size, in JSON, is more than a pipe holds at once. */
static void token__of_any_size_comes_out_of_json(void **state)
{
	struct error e;
	struct token t;

	(void)state;
	assert_true(get("sh -c 'printf %s \"{\\\"token\\\": \\\"\"; head -c 65536 /dev/zero | "
			"tr \"\\\\0\" x; printf %s \"\\\"}\"'",
		false, &t, &e));
	assert_int_equal(strlen(t.value), BEARER_TOKEN_MAX);
	assert_int_equal(strspn(t.value, "x"), BEARER_TOKEN_MAX);
	token_release(&t);
}

static void token__command_knows_what_it_is_for(void **state)
{
	static const char command[] = "sh -c 'test \"$AMBIL_ACCOUNT,$AMBIL_HOST,$AMBIL_USER\" = "
				      "\"home,pop.example.org,an\\x1bna\" && echo "
				      "\"a$AMBIL_OAUTH_REFUSED\"'";
	struct error e;
	struct token t;

	(void)state;
	assert_int_equal(setenv("AMBIL_OAUTH_REFUSED", "1", 1), 0);
	assert_true(get(command, false, &t, &e));
	assert_string_equal(t.value, "a");
	token_release(&t);
	assert_true(get(command, true, &t, &e));
	assert_string_equal(t.value, "a1");
	token_release(&t);
	assert_int_equal(unsetenv("AMBIL_OAUTH_REFUSED"), 0);
}

static void token__that_has_expired_is_asked_for_once_more(void **state)
{
	static const char fresh[] =
		"sh -c 'if test \"$AMBIL_OAUTH_REFUSED\"; then echo fresh; else "
		"echo \"{\\\"token\\\": \\\"old\\\", \\\"expires_at\\\": 1000}\"; "
		"fi'";
	static const char stale[] = "sh -c 'echo run >>runs; echo \"{\\\"token\\\": \\\"old\\\", "
				    "\\\"expires_at\\\": 1000}\"'";
	struct error e;
	struct token t;
	char *folder = xstrdup("/tmp/tokenXXXXXX"), runs[8];
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_true(get(fresh, false, &t, &e));
	assert_string_equal(t.value, "fresh");
	token_release(&t);
	assert_false(get(stale, false, &t, &e));
	assert_null(t.value);
	assert_int_equal(e.kind, ERROR_CONFIG);
	assert_says(e.text, "gives a token that expired ");
	assert_says(e.text, " d ago; nothing was sent to the server");
	assert_false(get(stale, true, &t, &e));
	f = fopen("runs", "r");
	assert_non_null(f);
	for (int i = 0; i < 3; i++)
		assert_non_null(fgets(runs, sizeof(runs), f));
	assert_null(fgets(runs, sizeof(runs), f));
	fclose(f);
	unlink("runs");
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(folder), 0);
	free(folder);
}

static void token__is_not_waited_for_after_a_stop(void **state)
{
	volatile sig_atomic_t stop = SIGTERM;
	const struct token_source from = {
		.account = "a", .host = "h", .user = "u", .command = "sleep 100", .stop = &stop};
	struct error e = {ERROR_NONE};
	struct token t;

	(void)state;
	assert_false(token_get(&from, false, &t, &e));
	assert_int_equal(e.kind, ERROR_INTERRUPTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(token__is_read_from_what_is_printed),
		cmocka_unit_test(token__may_be_long_but_not_endless),
		cmocka_unit_test(token__comes_from_a_command),
		cmocka_unit_test(token__of_any_size_comes_out_of_json),
		cmocka_unit_test(token__command_knows_what_it_is_for),
		cmocka_unit_test(token__that_has_expired_is_asked_for_once_more),
		cmocka_unit_test(token__is_not_waited_for_after_a_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
