/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What list and seen are made of: headers made readable, dates, columns, the file of what was seen.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "need.h"

#include "base/text.h"
#include "fetch/seenfile.h"
#include "report/encoded.h"
#include "report/fit.h"
#include "report/maildate.h"

/* ---- encoded words ---- */

static void check_text(const char *value, const char *want)
{
	struct buf text = {NULL, 0, 0};

	encoded_add(&text, span_of(value));
	assert_string_equal(text.data ? text.data : "", want);
	buf_release(&text);
}

static void encoded__words_are_decoded(void **state)
{
	static const struct {
		const char *value, *text;
	} table[] = {
		{"Lunch on Thursday?", "Lunch on Thursday?"},
		{"", ""},
		{" \t ", ""},
		/* Both encodings, any case, a language. */
		{"=?utf-8?B?R3LDvMOfZQ==?=", "Grüße"},
		{"=?UTF-8?b?R3LDvMOfZQ==?=", "Grüße"},
		{"=?utf-8?Q?Gr=C3=BC=c3=9fe_aus_K=C3=B6ln?=", "Grüße aus Köln"},
		{"=?iso-8859-1*de?q?Gr=FC=DFe?=", "Grüße"},
		{"=?us-ascii?Q?Keith_Moore?=", "Keith Moore"},
		{"=?utf-8?Q?\?=", ""},
		{"=?utf-8?B?\?=", ""},
		/* Folded lines; white space is one blank, and none at the ends. */
		{" a\r\n b\r\n\tc  \t d \r\n", "a b c d"},
		{" =?utf-8?Q?one?=\r\n =?utf-8?Q?_two?=\r\n", "one two"},
		/* Neighbours are joined, before and after other text is a blank. */
		{"=?utf-8?Q?a?= =?iso-8859-1?Q?b?=", "ab"},
		{"x =?utf-8?Q?a?= y =?utf-8?Q?b?= z", "x a y b z"},
		{"Re: =?utf-8?Q?a?=  =?utf-8?Q?b?=", "Re: ab"},
		{"(=?utf-8?Q?a?=)", "(a)"},
		/* A character cut in two by its program. */
		{"=?utf-8?B?R3LD?= =?utf-8?B?vMOfZQ==?=", "Grüße"},
		{"=?utf-8?Q?Gr=C3?=\r\n =?utf-8?Q?=BC?=", "Grü"},
		{"=?utf-8?Q?Gr=C3?= =?iso-8859-1?Q?=FC?=", "Gr\xef\xbf\xbd\xc3\xbc"},
		/* Sets of other parts of the world. */
		{"=?koi8-r?B?8NLJ18XU?=", "Привет"},
		{"=?windows-1251?Q?=CF=F0=E8=E2=E5=F2?=", "Привет"},
		{"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"},
		{"=?Shift_JIS?B?k/qWew==?=", "日本"},
		{"=?gb2312?B?1tC5+g==?=", "中国"},
		{"=?euc-kr?B?x9GxuQ==?=", "한국"},
		{"=?windows-1258?Q?a?=", "a"},
		/* In what is not a word there may be anything. */
		{"1 =? 2 ?= 3", "1 =? 2 ?= 3"},
		{"=?utf-8?Q?no end", "=?utf-8?Q?no end"},
		{"=?utf-8?X?abc?=", "=?utf-8?X?abc?="},
		{"=?utf-8?Q?abc?x", "=?utf-8?Q?abc?x"},
		{"=?", "=?"},
		{"=?utf-8", "=?utf-8"},
		{"=?utf-8?B?!!!?=", "=?utf-8?B?!!!?="},
		{"=?klingon?Q?abc?=", "=?klingon?Q?abc?="},
		{"=?UTF-8//IGNORE?Q?abc?=", "=?UTF-8//IGNORE?Q?abc?="},
		{"=?UNICODE-1-1-UTF-7?Q?abc?=", "=?UNICODE-1-1-UTF-7?Q?abc?="},
		{"a =?klingon?Q?abc?= b", "a =?klingon?Q?abc?= b"},
		/* Little mistakes are forgiven. */
		{"=?utf-8?B?R3LDvMOfZQ?=", "Grüße"},
		{"=?utf-8?Q?two words?=", "two words"},
		{"=?utf-8?Q?100=?=", "100="},
		{"=?utf-8?Q?=4?=", "=4"},
		{"x=?utf-8?Q?y?=z", "xyz"},
		/* Octets that stand for nothing. */
		{"=?utf-8?Q?=FF=41?=",
			"\xef\xbf\xbd"
			"A"},
		{"=?windows-1252?Q?=81?=", "\xef\xbf\xbd"},
		/* Raw octets and control characters pass: fit_add() makes them safe. */
		{"caf\xe9", "caf\xe9"},
		{"=?utf-8?Q?a=0D=0Ab=1B[2J?=", "a\r\nb\033[2J"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		check_text(table[i].value, table[i].text);
}

static void encoded__a_value_without_end_is_read_so_far(void **state)
{
	struct buf value = {NULL, 0, 0}, text = {NULL, 0, 0};

	(void)state;
	for (int i = 0; i < 10000; i++)
		buf_add_text(&value, "=?utf-8?Q?aaaaaaaaaa?= ");
	encoded_add(&text, buf_span(&value));
	assert_in_range(text.len, ENCODED_MAX / 4, ENCODED_MAX);
	buf_release(&text);
	buf_clear(&value);
	for (int i = 0; i < 100000; i++)
		buf_add_text(&value, "x");
	encoded_add(&text, buf_span(&value));
	assert_int_equal(text.len, ENCODED_MAX);
	buf_release(&text);
	buf_release(&value);
}

static void encoded__senders_have_a_name_and_an_address(void **state)
{
	static const struct {
		const char *value, *name, *address;
	} table[] = {
		{"anna@example.org", "", "anna@example.org"},
		{" anna@example.org\r\n", "", "anna@example.org"},
		{"Anna\r\n\tLang\r\n <anna@example.org>", "Anna Lang", "anna@example.org"},
		{" Anna Lang <anna@example.org>\r\n", "Anna Lang", "anna@example.org"},
		{"\"Lang, Anna\" <anna@example.org>", "Lang, Anna", "anna@example.org"},
		{"\"A \\\"B\\\" C\" <a@b>", "A \"B\" C", "a@b"},
		{"anna@example.org (Anna (the \\) one) Lang)", "Anna (the ) one) Lang",
			"anna@example.org"},
		{"=?utf-8?Q?D=C3=B6rte?= <d@example.org>", "Dörte", "d@example.org"},
		{"\"=?utf-8?Q?D=C3=B6rte?=\" <d@example.org>", "Dörte", "d@example.org"},
		{"=?utf-8?Q?a=2C_b?= <a@b>, Other <o@b>", "a, b", "a@b"},
		{"a@b, c@d", "", "a@b"},
		{"<a@b>", "", "a@b"},
		{"A <a@b", "A", "a@b"},
		{"\"never closed <a@b>", "never closed <a@b>", ""},
		{"undisclosed-recipients:;", "undisclosed-recipients:;", ""},
		{"(never closed", "", ""},
		{"((((", "", ""},
		{"\"\\", "\\", ""},
		{"", "", ""},
		{",", ",", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct buf name = {NULL, 0, 0}, address = {NULL, 0, 0};

		encoded_sender(&name, &address, span_of(table[i].value));
		assert_string_equal(name.data ? name.data : "", table[i].name);
		assert_string_equal(address.data ? address.data : "", table[i].address);
		buf_release(&name);
		buf_release(&address);
	}
}

/* ---- columns ---- */

static void check_fit(const char *text, size_t columns, const char *want, size_t width)
{
	struct buf out = {NULL, 0, 0};

	assert_int_equal(fit_add(&out, span_of(text), columns, false), width);
	assert_string_equal(out.data, want);
	buf_release(&out);
}

static void fit__utf8(void **state)
{
	(void)state;
	NEED(setlocale(LC_CTYPE, "C.UTF-8"), "the locale C.UTF-8");
	check_fit("abc", FIT_ALL, "abc", 3);
	check_fit("abc", 3, "abc", 3);
	check_fit("abcd", 3, "ab…", 3);
	check_fit("abcd", 1, "…", 1);
	check_fit("", 3, "", 0);
	/* East Asian characters take two columns, and are never cut in two. */
	check_fit("日本語", 6, "日本語", 6);
	check_fit("日本語", 5, "日本…", 5);
	check_fit("日本語", 4, "日…", 3);
	check_fit("日本語", 2, "…", 1);
	/* Accents take none, and stay with their character; but not a tower of them. */
	check_fit("e\xcc\x81x", 2, "e\xcc\x81x", 2);
	check_fit("e\xcc\x81xy", 2, "e\xcc\x81…", 2);
	check_fit("e\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85x", FIT_ALL,
		"e\xcc\x81\xcc\x82\xcc\x83x", 2);
	/* Nothing gets through that a terminal would obey. */
	check_fit("a\033[2Jb", FIT_ALL, "a\\x1b[2Jb", 9);
	check_fit("a\r\nb\tc", FIT_ALL, "a\\x0d\\x0ab\\x09c", 15);
	check_fit("\x7f\xc2\x9b", FIT_ALL, "\\x7f\\xc2\\x9b", 12);
	check_fit("caf\xe9", FIT_ALL, "caf\\xe9", 7);
	check_fit("\xed\xa0\x80\xc0\x80\xf5", FIT_ALL, "\\xed\\xa0\\x80\\xc0\\x80\\xf5", 24);
	check_fit("\xe2\x82", FIT_ALL, "\\xe2\\x82", 8);
	check_fit("a\033b", 4, "a…", 2);
	/* Nor what turns the direction, ends a line, or cannot be seen. */
	check_fit("a\xe2\x80\xae"
		  "b\xe2\x81\xa6"
		  "c\xe2\x80\xa8"
		  "d",
		FIT_ALL,
		"a\xef\xbf\xbd"
		"b\xef\xbf\xbd"
		"c\xef\xbf\xbd"
		"d",
		7);
	check_fit("a\xe2\x80\x8b"
		  "b\xef\xbb\xbf"
		  "c\xe2\x80\x8f"
		  "d",
		FIT_ALL, "abcd", 4);
}

static void fit__pads(void **state)
{
	struct buf out = {NULL, 0, 0};

	(void)state;
	NEED(setlocale(LC_CTYPE, "C.UTF-8"), "the locale C.UTF-8");
	assert_int_equal(fit_add(&out, span_of("日本"), 6, true), 6);
	assert_string_equal(out.data, "日本  ");
	assert_int_equal(fit_add(&out, span_of("日本語"), 4, true), 4);
	assert_string_equal(out.data, "日本  日… ");
	buf_release(&out);
}

static void fit__a_locale_without_such_characters(void **state)
{
	(void)state;
	setlocale(LC_CTYPE, "C");
	check_fit("Grüße", FIT_ALL, "Gr??e", 5);
	check_fit("Grüße aus Köln", 8, "Gr??e ..", 8);
	check_fit("a\033b", FIT_ALL, "a\\x1bb", 6);
	check_fit("日本語", FIT_ALL, "???", 3);
}

/* ---- dates ---- */

static void maildate__is_parsed(void **state)
{
	static const struct {
		const char *value, *utc; /* NULL: none */
	} table[] = {
		{"Thu, 26 Nov 2026 13:40:39 +0000", "2026-11-26T13:40:39Z"},
		{" Thu, 26 Nov 2026 13:40:39 +0100\r\n", "2026-11-26T12:40:39Z"},
		{"26 Nov 2026 13:40 -0330", "2026-11-26T17:10:00Z"},
		{"Thu, 26 nov 26 13:40:39 GMT", "2026-11-26T13:40:39Z"},
		{"1 Jan 99 00:00:00 EST", "1999-01-01T05:00:00Z"},
		{"1 Jan 100 00:00:00 +0000", "2000-01-01T00:00:00Z"},
		{"Thu (a (nested) day),\r\n 26 Nov 2026 13:40:39 (one o'clock) +0200 (CEST)",
			"2026-11-26T11:40:39Z"},
		{"29 Feb 2024 23:59:60 +0000", "2024-03-01T00:00:00Z"},
		{"26 Nov 2026 13:40:39", "2026-11-26T13:40:39Z"},
		{"26 Nov 2026 13:40:39 nowhere", "2026-11-26T13:40:39Z"},
		{"26 Nov 2026 13:40:39 +0099", "2026-11-26T13:40:39Z"},
		{"29 Feb 2023 00:00:00 +0000", NULL},
		{"31 Apr 2026 00:00:00 +0000", NULL},
		{"0 Apr 2026 00:00:00 +0000", NULL},
		{"26 Nov 2026 24:00:00 +0000", NULL},
		{"26 Nov 2026 13 +0000", NULL},
		{"26 Nov 2026 13:40:39:1 +0000", NULL},
		{"26 November 2026 13:40:39 +0000", NULL},
		{"26 Nov 1969 13:40:39 +0000", NULL},
		{"1 Jan 1970 00:00:00 +0100", NULL},
		{"26 Nov 99999 13:40:39 +0000", NULL},
		{"2026-11-26 13:40:39", NULL},
		{"(", NULL},
		{"Thu,", NULL},
		{"", NULL},
	};
	char utc[TEXT_UTC_ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int64_t seconds;
		bool is_date = maildate_parse(span_of(table[i].value), &seconds);

		assert_int_equal(is_date, table[i].utc != NULL);
		if (!is_date)
			continue;
		text_utc(utc, seconds);
		assert_string_equal(utc, table[i].utc);
	}
}

static void maildate__utc_comes_back(void **state)
{
	static const int64_t times[] = {0, 951782399, 1795464439, 4102444800, 253402300799};
	static const char *const wrong[] = {"2026-11-26", "2026-11-26T13:40:39", "",
		"2026-11-26 13:40:39Z", "2026-13-26T13:40:39Z", "2026-11-26T13:40:3xZ",
		"1969-11-26T13:40:39Z"};
	char utc[TEXT_UTC_ROOM];
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		text_utc(utc, times[i]);
		assert_true(maildate_parse_utc(span_of(utc), &seconds));
		assert_int_equal(seconds, times[i]);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(maildate_parse_utc(span_of(wrong[i]), &seconds));
	text_utc(utc, -1);
	assert_string_equal(utc, "");
	text_utc(utc, 253402300800);
	assert_string_equal(utc, "");
}

/* ---- the file of what was seen ---- */

static void seenfile__what_is_written_is_read(void **state)
{
	static const struct {
		const char *uid;
		size_t len;
		bool marked;
	} rows[] = {{"plain", 5, false}, {"#first", 6, true}, {"a b%41\t\0\xff", 9, false},
		{"twice", 5, false}, {"twice", 5, true}};
	enum { N = sizeof(rows) / sizeof(rows[0]) };
	struct buf text = {NULL, 0, 0};
	struct seenfile file;
	struct error e = {0};

	(void)state;
	for (size_t i = 0; i < N; i++)
		seenfile_add(&text,
			&(struct seen){.key.uid = {rows[i].uid, rows[i].len},
				.state = STORE_DELIVERED,
				.marked = rows[i].marked,
				.delivered_s = 1795464439 + (int64_t)i});
	assert_true(seenfile_parse(buf_span(&text), "x", 5, &file, &e));
	assert_int_equal(file.n, N);
	for (size_t i = 0; i < N; i++) {
		assert_true(
			span_equal(file.rows[i].key.uid, (struct span){rows[i].uid, rows[i].len}));
		assert_int_equal(file.rows[i].key.occurrence, i == 4);
		assert_int_equal(file.rows[i].marked, rows[i].marked);
		assert_int_equal(file.rows[i].seen_s, 1795464439 + (int64_t)i);
	}
	seenfile_release(&file);
	buf_release(&text);
}

static void seenfile__a_list_of_uids_is_one(void **state)
{
	static const char text[] = "# of another program\n\nUID1\r\n  UID2  \n100%\n"
				   "UID3 2026-11-26T13:40:39Z";
	struct seenfile file;
	struct error e = {0};

	(void)state;
	assert_true(seenfile_parse(span_of(text), "x", 1795464000, &file, &e));
	assert_int_equal(file.n, 4);
	assert_true(span_is(file.rows[0].key.uid, "UID1"));
	assert_true(file.rows[0].marked);
	assert_int_equal(file.rows[0].seen_s, 1795464000);
	assert_true(span_is(file.rows[1].key.uid, "UID2"));
	assert_true(span_is(file.rows[2].key.uid, "100%"));
	assert_false(file.rows[3].marked);
	assert_int_equal(file.rows[3].seen_s, 1795700439);
	seenfile_release(&file);
	assert_true(seenfile_parse(span_of(""), "x", 0, &file, &e));
	assert_int_equal(file.n, 0);
	seenfile_release(&file);
}

static void seenfile__what_is_none_is_refused(void **state)
{
	static const char *const lines[] = {"UID yesterday", "UID 2026-11-26T13:40:39Z seen",
		"UID 2026-11-26T13:40:39Z marked more", "a mail from anna"};
	struct seenfile file;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct buf text = {NULL, 0, 0};
		struct error e = {0};

		buf_printf(&text, "good\n# comment\n%s\n", lines[i]);
		assert_false(seenfile_parse(buf_span(&text), "FILE", 0, &file, &e));
		assert_int_equal(e.kind, ERROR_INPUT);
		assert_memory_equal(e.text, "FILE, line 3: ", 14);
		seenfile_release(&file);
		buf_release(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encoded__words_are_decoded),
		cmocka_unit_test(encoded__a_value_without_end_is_read_so_far),
		cmocka_unit_test(encoded__senders_have_a_name_and_an_address),
		cmocka_unit_test(fit__utf8),
		cmocka_unit_test(fit__pads),
		cmocka_unit_test(fit__a_locale_without_such_characters),
		cmocka_unit_test(maildate__is_parsed),
		cmocka_unit_test(maildate__utc_comes_back),
		cmocka_unit_test(seenfile__what_is_written_is_read),
		cmocka_unit_test(seenfile__a_list_of_uids_is_one),
		cmocka_unit_test(seenfile__what_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
