/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OAUTHBEARER and XOAUTH2: what is sent, against the examples of their documents, and what a
 * server's reason says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "auth/bearer.h"

#define A "\x01"

static struct buf decoded(const char *base64)
{
	const gnutls_datum_t in = {(unsigned char *)(uintptr_t)base64, (unsigned)strlen(base64)};
	gnutls_datum_t out;
	struct buf text = {NULL, 0, 0};

	assert_int_equal(gnutls_base64_decode2(&in, &out), 0);
	buf_add(&text, out.data, out.size);
	gnutls_free(out.data);
	return text;
}

static char *encoded(struct span text)
{
	const gnutls_datum_t in = {(unsigned char *)(uintptr_t)text.data, (unsigned)text.len};
	gnutls_datum_t out;
	char *base64;

	assert_int_equal(gnutls_base64_encode2(&in, &out), 0);
	base64 = xstrndup((const char *)out.data, out.size);
	gnutls_free(out.data);
	return base64;
}

static void bearer__knows_a_token(void **state)
{
	static const struct {
		const char *token;
		bool is_one;
	} cases[] = {
		{"vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg==", true},
		{"ya29.a0AfH6SMBx-_~+/", true},
		{"a", true},
		{"a=", true},
		{"", false},
		{"=", false},
		{"a=b", false},
		{"a b", false},
		{"a\n", false},
		{"a\r", false},
		{"a" A, false},
		{"a,b", false},
		{"\"a\"", false},
		{"{}", false},
		{"t\xc3\xa4", false},
		{"NOTICE: Obtained new access token", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (bearer_is_token(span_of(cases[i].token)) != cases[i].is_one)
			fail_msg("%s", cases[i].token);
	assert_false(bearer_is_token((struct span){"a\0b", 3}));
}

static void bearer__says_it_as_the_documents_have_it(void **state)
{
	/* RFC 7628 s.4.1 (with the escape of s.3.1 it leaves out), and Google's page on XOAUTH2. */
	static const struct {
		enum bearer mechanism;
		const char *user, *host, *token, *raw, *base64;
	} cases[] = {
		{BEARER_OAUTHBEARER, "user@example.com", "server.example.com", "vF9dft4qmTc2==",
			"n,a=user@example.com," A "host=server.example.com" A "port=995" A
			"auth=Bearer vF9dft4qmTc2==" A A,
			NULL},
		{BEARER_OAUTHBEARER, "a,b=c,", "h", "t",
			"n,a=a=2Cb=3Dc=2C," A "host=h" A "port=995" A "auth=Bearer t" A A, NULL},
		{BEARER_XOAUTH2, "someuser@example.com", "h",
			"ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGE"
			"uY29tCg",
			"user=someuser@example.com" A
			"auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg" A A,
			"dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk"
			"52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=="},
		{BEARER_XOAUTH2, "a,b=c,", "h", "t", "user=a,b=c," A "auth=Bearer t" A A, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = {ERROR_NONE};
		char *base64 = bearer_initial(
			cases[i].mechanism, cases[i].user, cases[i].host, 995, cases[i].token, &e);
		struct buf raw;

		assert_non_null(base64);
		raw = decoded(base64);
		assert_string_equal(raw.data, cases[i].raw);
		if (cases[i].base64)
			assert_string_equal(base64, cases[i].base64);
		buf_release(&raw);
		wipe_free(base64);
	}
}

static void bearer__carries_the_longest_token_on_one_line(void **state)
{
	char *token = xmalloc(BEARER_TOKEN_MAX + 2);

	(void)state;
	memset(token, 'x', BEARER_TOKEN_MAX + 1);
	token[BEARER_TOKEN_MAX + 1] = '\0';
	assert_false(bearer_is_token(span_of(token)));
	assert_null(bearer_initial(BEARER_XOAUTH2, "u", "h", 995, token, NULL));
	token[BEARER_TOKEN_MAX] = '\0';
	for (int m = BEARER_OAUTHBEARER; m <= BEARER_XOAUTH2; m++) {
		struct error e = {ERROR_NONE};
		char *base64 = bearer_initial((enum bearer)m, "u", "h", 995, token, &e);
		struct buf raw;

		assert_non_null(base64);
		assert_null(strpbrk(base64, "\r\n \t"));
		raw = decoded(base64);
		assert_non_null(strstr(raw.data, token));
		buf_release(&raw);
		wipe_free(base64);
	}
	free(token);
}

static void bearer__refuses_what_would_break_out_of_its_part(void **state)
{
	static const struct {
		const char *user, *host, *token, *words;
	} cases[] = {
		{"", "h", "t", "user name"},
		{"u" A "auth=Bearer other", "h", "t", "user name"},
		{"u\r\nQUIT", "h", "t", "user name"},
		{"u\x7f", "h", "t", "user name"},
		{"u", "h" A, "t", "host"},
		{"u", "h\n", "t", "host"},
		{"u", "h", "", "token"},
		{"u", "h", "s3cret" A, "token"},
		{"u", "h", "s3cret\r\n", "token"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int m = BEARER_OAUTHBEARER; m <= BEARER_XOAUTH2; m++) {
			struct error e = {ERROR_NONE};

			assert_null(bearer_initial((enum bearer)m, cases[i].user, cases[i].host,
				995, cases[i].token, &e));
			assert_int_equal(e.kind, ERROR_CONFIG);
			assert_non_null(strstr(e.text, cases[i].words));
			assert_null(strstr(e.text, "s3cret"));
		}
}

static void assert_explained(struct span json, const char *wanted)
{
	struct buf words = {NULL, 0, 0};
	char *base64 = encoded(json);

	bearer_explain(span_of(base64), &words);
	assert_string_equal(words.data ? words.data : "", wanted);
	buf_release(&words);
	free(base64);
}

static void bearer__tells_the_servers_reason(void **state)
{
	static const struct {
		const char *json, *words;
	} cases[] = {
		/* RFC 7628 s.3.2.2, Google's and Dovecot's. */
		{"{\"status\":\"invalid_token\",\"scope\":\"example_scope\",\"openid-configuration\""
		 ":\"https://example.com/.well-known/openid-configuration\"}",
			"status invalid_token, scope example_scope, "
			"see https://example.com/.well-known/openid-configuration"},
		{"{\"status\":\"401\",\"schemes\":\"bearer mac\",\"scope\":\"https://mail.google.com"
		 "/\"}",
			"status 401, scope https://mail.google.com/, schemes bearer mac"},
		{"{\"status\":\"invalid_token\"}", "status invalid_token"},
		{"{\"status\":400}", "status 400"},
		{"{\"status\":\"\",\"scope\":null}", ""},
		{"{}", ""},
		{"", ""},
		{"[\"status\"]", ""},
		{"no JSON at all", ""},
		{"{\"status\":\"0123456789012345678901234567890123456789012345678901234567890123\"}",
			"status 012345678901234567890123456789012345678901234567890123456789…"},
	};
	struct buf words = {NULL, 0, 0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_explained(span_of(cases[i].json), cases[i].words);
	assert_explained((struct span){"{\"status\":\"a\"}\0{", 16}, "");
	bearer_explain(span_of("this is no base64 !"), &words);
	bearer_explain(span_of("===="), &words);
	bearer_explain((struct span){NULL, 0}, &words);
	assert_int_equal(words.len, 0);
}

static void bearer__answers_the_reason(void **state)
{
	(void)state;
	assert_string_equal(bearer_acknowledge(BEARER_OAUTHBEARER), "AQ==");
	assert_string_equal(bearer_acknowledge(BEARER_XOAUTH2), "");
}

static void bearer__knows_a_form_that_is_refused(void **state)
{
	(void)state;
	assert_true(bearer_is_refused_form(span_of("Protocol error. Connection is closed. 10")));
	assert_true(bearer_is_refused_form(span_of("protocol error")));
	assert_false(bearer_is_refused_form(span_of("Protocol erro")));
	assert_false(bearer_is_refused_form(span_of("[AUTH] Protocol error")));
	assert_false(bearer_is_refused_form(span_of("Authentication failed: protocol error")));
	assert_false(bearer_is_refused_form(span_of("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bearer__knows_a_token),
		cmocka_unit_test(bearer__says_it_as_the_documents_have_it),
		cmocka_unit_test(bearer__carries_the_longest_token_on_one_line),
		cmocka_unit_test(bearer__refuses_what_would_break_out_of_its_part),
		cmocka_unit_test(bearer__tells_the_servers_reason),
		cmocka_unit_test(bearer__answers_the_reason),
		cmocka_unit_test(bearer__knows_a_form_that_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
