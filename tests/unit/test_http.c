/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers to a GET: each is read whole, octet by octet, and cut at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/http.h"

enum { BODY_MAX = 40 };

/* A piece in a block of exactly its size, so that a read past it is seen. */
static enum http_state feed(struct http *h, const char *data, size_t len)
{
	char *copy = xmalloc(len);
	enum http_state state;

	memcpy(copy, data, len);
	state = http_feed(h, (struct span){copy, len});
	free(copy);
	return state;
}

static void check_end(
	struct http *h, enum http_state state, enum http_fault fault, const char *body)
{
	assert_int_equal(http_end(h), state);
	assert_int_equal(h->fault, fault);
	if (state == HTTP_DONE)
		assert_string_equal(h->body.data ? h->body.data : "", body);
	http_release(h);
}

static void check(
	const char *answer, enum http_state state, enum http_fault fault, const char *body)
{
	const size_t len = strlen(answer);
	struct http h;

	for (size_t cut = 0; cut <= len; cut++) {
		http_init(&h, BODY_MAX);
		feed(&h, answer, cut);
		feed(&h, answer + cut, len - cut);
		check_end(&h, state, fault, body);
	}
	http_init(&h, BODY_MAX);
	for (size_t i = 0; i < len; i++)
		feed(&h, answer + i, 1);
	check_end(&h, state, fault, body);
}

static void http__a_body_is_read_to_its_end(void **state)
{
	static const char *const table[][2] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"},
		{"HTTP/1.1 200 OK\r\ncontent-length:5\r\nContent-Length: 5\r\n\r\nhello", "hello"},
		{"HTTP/1.1 200\nContent-Length: \t5 \n\nhello", "hello"},
		{"HTTP/1.0 200 OK\r\n\r\nuntil the end", "until the end"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
		/* What stands behind it is none of it. */
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello", "he"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "5\r\nhello\r\nA;x=y\r\n, you ther\r\n01 \r\ne\r\n0\r\nX: y\r\n\r\n",
			"hello, you there"},
		/* The chunks count (RFC 9112 s.6.3). */
		{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: Chunked\r\n\r\n"
		 "2\r\nab\r\n0\r\n\r\n",
			"ab"},
		{"HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\n"
		 "HTTP/1.1 200 OK\r\n\r\nx",
			"x"},
		{"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\n\r\nx", "x"},
		/* As long as is allowed. */
		{"HTTP/1.1 200 OK\r\n\r\n1234567890123456789012345678901234567890",
			"1234567890123456789012345678901234567890"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		check(table[i][0], HTTP_DONE, HTTP_SOUND, table[i][1]);
}

static void http__of_other_answers_only_the_status_counts(void **state)
{
	struct http h;

	(void)state;
	check("HTTP/1.1 404 Not Found\r\nContent-Length: 9999\r\n\r\nno such", HTTP_DONE,
		HTTP_SOUND, "");
	check("HTTP/1.1 301 Moved\r\nLocation: https://evil.example/\r\n\r\n", HTTP_DONE,
		HTTP_SOUND, "");
	http_init(&h, BODY_MAX);
	assert_int_equal(http_feed(&h, span_of("HTTP/1.1 301 Moved\r\n\r\n")), HTTP_DONE);
	assert_int_equal(h.status, 301);
	http_release(&h);
}

static void http__nonsense_is_refused(void **state)
{
	static const struct {
		const char *answer;
		enum http_fault fault;
	} table[] = {
		{"", HTTP_CUT},
		{"HTTP/1.1 200 OK\r\n", HTTP_CUT},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", HTTP_CUT},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", HTTP_CUT},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", HTTP_CUT},
		{"+OK POP3 ready\r\n", HTTP_OTHER},
		{"HTTP/2 200\r\n\r\n", HTTP_OTHER},
		{"HTTP/1.1 2000\r\n\r\n", HTTP_OTHER},
		{"HTTP/1.1 600 x\r\n\r\n", HTTP_OTHER},
		{"HTTP/1.1 099 x\r\n\r\n", HTTP_OTHER},
		{"HTTP/1.1 200 OK\r\nno field\r\n\r\n", HTTP_OTHER},
		{"HTTP/1.1 200 OK\r\n: x\r\n\r\n", HTTP_OTHER},
		{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", HTTP_BROKEN},
		{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", HTTP_BROKEN},
		{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
			HTTP_BROKEN},
		{"HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\n", HTTP_LONG},
		{"HTTP/1.1 200 OK\r\n\r\n12345678901234567890123456789012345678901", HTTP_LONG},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", HTTP_ENCODED},
		{"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", HTTP_ENCODED},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", HTTP_BROKEN},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", HTTP_BROKEN},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2x\r\n", HTTP_BROKEN},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", HTTP_BROKEN},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n29\r\n", HTTP_LONG},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "ffffffffffffffffffffffffff\r\n",
			HTTP_LONG},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "20\r\n12345678901234567890123456789012\r\n9\r\n",
			HTTP_LONG},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		check(table[i].answer, HTTP_BAD, table[i].fault, NULL);
}

/* Without an end, or by many small ones: it stops. */
static void http__a_header_has_a_limit(void **state)
{
	static const char *const endless[] = {"x", "X: y\r\n", "HTTP/1.1 100 Continue\r\n\r\n"};
	struct http h;

	(void)state;
	for (size_t i = 0; i < sizeof(endless) / sizeof(*endless); i++) {
		size_t n = 0;

		http_init(&h, BODY_MAX);
		if (i < 2)
			http_feed(&h, span_of("HTTP/1.1 200 OK\r\n"));
		while (http_feed(&h, span_of(endless[i])) == HTTP_MORE)
			n += strlen(endless[i]);
		assert_in_range(n, 8 * 1024 - 1, 32 * 1024);
		assert_int_equal(h.fault, HTTP_LONG);
		http_release(&h);
	}
	http_init(&h, BODY_MAX);
	http_feed(&h, span_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"));
	while (http_feed(&h, span_of("X: y\r\n")) == HTTP_MORE)
		;
	assert_int_equal(h.fault, HTTP_LONG);
	http_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http__a_body_is_read_to_its_end),
		cmocka_unit_test(http__of_other_answers_only_the_status_counts),
		cmocka_unit_test(http__nonsense_is_refused),
		cmocka_unit_test(http__a_header_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
