/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines put before a mail: what is valid gets in, nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "local/stamp.h"

#ifndef AMBIL_VERSION
#define AMBIL_VERSION "unknown"
#endif

static const int64_t NOW = 1795490813; /* Tue, 24 Nov 2026 03:26:53 UTC */

static const char *sender_of(const char *header, size_t cut, struct stamp_scan *s)
{
	size_t len = strlen(header);
	char *copy = malloc(len + 1); /* no terminator: reads past the end are seen */

	memcpy(copy, header, len);
	stamp_scan_init(s);
	if (cut > len) {
		for (size_t i = 0; i < len; i++)
			if (stamp_scan_feed(s, (struct span){copy + i, 1}))
				break;
	} else if (!stamp_scan_feed(s, (struct span){copy, cut})) {
		(void)stamp_scan_feed(s, (struct span){copy + cut, len - cut});
	}
	free(copy);
	return stamp_scan_sender(s);
}

static const struct {
	const char *header, *sender;
} senders[] = {
	{"", "MAILER-DAEMON"},
	{"\r\nFrom: a@b.example\r\n", "MAILER-DAEMON"},
	{"From: a@b.example\r\n\r\n", "a@b.example"},
	{"From: a@b.example", "a@b.example"},
	{"from:a@b.example\n\n", "a@b.example"},
	{"From : a@b.example\n\n", "a@b.example"},
	{"Subject: x\r\nFrom: \"Doe, <x@y>\" <j.doe@b.example>\r\n\r\n", "j.doe@b.example"},
	{"From: a@b.example (or (c@d) e@f)\r\n\r\n", "a@b.example"},
	{"From: (x@y) a+b@b.example, c@d.example\r\n\r\n", "a+b@b.example"},
	{"From: Long\r\n Name\r\n\t<a@b.example>\r\nTo: x@y\r\n\r\n", "a@b.example"},
	{"From: one@b.example\r\nFrom: two@b.example\r\n\r\n", "one@b.example"},
	{"From: one@b.example\r\nReturn-Path: <two@b.example>\r\n\r\n", "two@b.example"},
	{"Return-Path: <>\r\nFrom: one@b.example\r\n\r\n", "MAILER-DAEMON"},
	{"Return-Path: <root>\r\nFrom: one@b.example\r\n\r\n", "root"},
	{"Return-Path: <no good>\r\nFrom: one@b.example\r\n\r\n", "one@b.example"},
	{"From: <a@b.example\r\n\r\n", "MAILER-DAEMON"},
	{"From: \"a b\"@b.example\r\n\r\n", "MAILER-DAEMON"},
	{"From: <\"a b\"@b.example>\r\n\r\n", "MAILER-DAEMON"},
	{"From: a@b@c\r\n\r\n", "MAILER-DAEMON"},
	{"From: <a@b\x1b[0m>\r\n\r\n", "MAILER-DAEMON"},
	{"From: undisclosed:;\r\n\r\n", "MAILER-DAEMON"},
	{"From: a@[192.0.2.1]\r\n\r\n", "a@[192.0.2.1]"},
	{"From: a@[\r\n\r\n", "MAILER-DAEMON"},
	{"From: \"open\r\n\r\n", "MAILER-DAEMON"},
	{"From: (open \\\r\n\r\n", "MAILER-DAEMON"},
	{"X-From: a@b.example\r\nFromage: c@d.example\r\n\r\n", "MAILER-DAEMON"},
	{"Subject: x\r\n From: a@b.example\r\n\r\n", "MAILER-DAEMON"},
	{"From nobody Mon Nov  2 10:11:12 2026\r\nFrom: a@b.example\r\n\r\n", "a@b.example"},
	{"Rrom: x@y\r\nF\r\nR\r\nFrom: a@b.example\r\n\r\n", "a@b.example"},
};

static void stamp__finds_the_sender_at_any_cut(void **state)
{
	struct stamp_scan s;

	(void)state;
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++)
		for (size_t cut = 0; cut <= strlen(senders[i].header) + 1; cut++)
			assert_string_equal(
				sender_of(senders[i].header, cut, &s), senders[i].sender);
}

static void stamp__is_bounded_whatever_the_header(void **state)
{
	struct stamp_scan s;
	char *long_text = malloc(5001);

	(void)state;
	memset(long_text, 'a', 5000);
	long_text[5000] = '\0';
	stamp_scan_init(&s);
	assert_false(stamp_scan_feed(&s, span_of("From: ")));
	for (int i = 0; i < 5; i++)
		assert_false(stamp_scan_feed(&s, span_of(long_text)));
	assert_false(stamp_scan_feed(&s, span_of("@b.example\r\n")));
	assert_string_equal(stamp_scan_sender(&s), "MAILER-DAEMON");
	stamp_scan_init(&s);
	for (int i = 0; i < 13; i++)
		assert_false(stamp_scan_feed(&s, span_of(long_text)));
	assert_true(stamp_scan_feed(&s, span_of(long_text)));
	free(long_text);
}

/* An address that is cut by the bound is not one. */
static void stamp__takes_no_part_of_an_address(void **state)
{
	struct buf header = {NULL, 0, 0};
	struct stamp_scan s;

	(void)state;
	buf_add_text(&header, "From:");
	for (int i = 0; i < 1015; i++)
		buf_add_text(&header, " ");
	buf_add_text(&header, "anna@b.example\r\n\r\n");
	stamp_scan_init(&s);
	(void)stamp_scan_feed(&s, buf_span(&header));
	assert_string_equal(stamp_scan_sender(&s), "MAILER-DAEMON");
	buf_release(&header);
}

static void stamp__from_line_is_utc_and_english(void **state)
{
	char line[STAMP_ROOM];
	size_t len = stamp_from(line, "a@b.example", NOW);

	(void)state;
	assert_int_equal(len, strlen(line));
	assert_string_equal(line, "From a@b.example Tue Nov 24 03:26:53 2026\n");
	stamp_from(line, "x", 1762042272);
	assert_string_equal(line, "From x Sun Nov  2 00:11:12 2025\n");
}

static void stamp__received_names_hosts_protocol_and_user(void **state)
{
	struct mail_info mail = {
		.host = "pop.example.org", .user = "anna", .encrypted = true, .now_s = NOW};
	char out[STAMP_ROOM];
	size_t len = stamp_received(out, &mail, "here.example");

	(void)state;
	assert_int_equal(len, strlen(out));
	assert_string_equal(out,
		"Received: from pop.example.org by here.example\n"
		"\twith POP3S (ambil " AMBIL_VERSION ")\n"
		"\tfor <anna>;\n"
		"\tTue, 24 Nov 2026 03:26:53 +0000\n");
	mail = (struct mail_info){.host = "2001:db8::1", .user = "anna@example.org", .now_s = NOW};
	stamp_received(out, &mail, "here");
	assert_non_null(strstr(out, "from [IPv6:2001:db8::1] by here\n\twith POP3 (ambil"));
	assert_non_null(strstr(out, "\tfor <anna@example.org>;\n"));
	mail.host = "127.0.0.1";
	stamp_received(out, &mail, "here");
	assert_non_null(strstr(out, "from [127.0.0.1] by"));
}

static void stamp__received_lets_no_hostile_text_in(void **state)
{
	static const char *const bad[] = {"a\r\nX-Evil: 1", "a>; b", "a b", "a\tb", "", "<",
		"a\x80", "a@b@c", "a@", "@b", "a(b", "\"a\""};
	struct mail_info mail = {.now_s = NOW};
	char out[STAMP_ROOM], want[STAMP_ROOM];

	(void)state;
	mail.host = "";
	mail.user = "";
	stamp_received(want, &mail, "");
	assert_non_null(
		strstr(want, "from unknown by unknown\n\twith POP3 (ambil " AMBIL_VERSION ");\n"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		mail.host = mail.user = bad[i];
		stamp_received(out, &mail, bad[i]);
		assert_string_equal(out, want);
	}
}

static void stamp__received_fits_whatever_the_length(void **state)
{
	char name[2000], out[STAMP_ROOM];
	struct mail_info mail = {.host = name, .user = name, .now_s = NOW};

	(void)state;
	for (size_t len = 240; len < sizeof(name); len += len < 260 ? 1 : 500) {
		memset(name, 'a', len);
		name[len] = '\0';
		size_t n = stamp_received(out, &mail, name);

		assert_int_equal(n, strlen(out));
		assert_int_equal(out[n - 1], '\n');
	}
}

/* Whatever changes from one mail to the next shows. */
static void stamp__received_again_is_never_stale(void **state)
{
	static const struct mail_info mails[] = {
		{.host = "a.example", .user = "anna", .now_s = 1795490813},
		{.host = "a.example", .user = "anna", .now_s = 1795490813},
		{.host = "a.example", .user = "anna", .now_s = 1795490814},
		{.host = "a.example", .user = "anna", .now_s = 1795490814, .encrypted = true},
		{.host = "b.example", .user = "anna", .now_s = 1795490814, .encrypted = true},
		{.host = "b.example", .user = "bert", .now_s = 1795490814, .encrypted = true},
		{.now_s = 1795490814, .encrypted = true},
	};
	struct stamp_memo memo = {.len = 0};
	char want[STAMP_ROOM], have[STAMP_ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof(mails) / sizeof(mails[0]); i++) {
		size_t want_len = stamp_received(want, &mails[i], "here");
		size_t have_len = stamp_received_again(&memo, have, &mails[i], "here");

		assert_int_equal(have_len, want_len);
		assert_memory_equal(have, want, want_len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamp__finds_the_sender_at_any_cut),
		cmocka_unit_test(stamp__is_bounded_whatever_the_header),
		cmocka_unit_test(stamp__takes_no_part_of_an_address),
		cmocka_unit_test(stamp__from_line_is_utc_and_english),
		cmocka_unit_test(stamp__received_names_hosts_protocol_and_user),
		cmocka_unit_test(stamp__received_lets_no_hostile_text_in),
		cmocka_unit_test(stamp__received_fits_whatever_the_length),
		cmocka_unit_test(stamp__received_again_is_never_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
