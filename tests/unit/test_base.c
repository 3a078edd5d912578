/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What every room builds on: errors, spans and buffers, strict numbers, text made safe, files.
 * Inputs are tables; where an output has a limit, it is written into a block of exactly that size,
 * so that a sanitizer sees one octet too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hide.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/text.h"
#include "need.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- error ---- */

static void error__has_a_name_and_an_exit_code_for_each_kind(void **state)
{
	static const struct {
		enum error_kind kind;
		int code;
		bool temporary;
	} table[] = {
		{ERROR_NONE, 0, false},
		{ERROR_USAGE, 64, false},
		{ERROR_REFUSED, 65, false},
		{ERROR_INPUT, 66, false},
		{ERROR_HOST, 68, false},
		{ERROR_TLS, 69, false},
		{ERROR_CAPABILITY, 69, false},
		{ERROR_INTERNAL, 70, false},
		{ERROR_DELIVERY, 73, false},
		{ERROR_STORE, 74, false},
		{ERROR_NETWORK, 75, true},
		{ERROR_BUSY, 75, true},
		{ERROR_LATER, 75, true},
		{ERROR_PROTOCOL, 76, false},
		{ERROR_AUTH, 77, false},
		{ERROR_CONFIG, 78, false},
		{ERROR_INTERRUPTED, 130, false},
		{ERROR_TERMINATED, 143, false},
	};

	(void)state;
	assert_int_equal(COUNT(table), ERROR_KINDS);
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_int_equal(table[i].kind, i);
		assert_int_equal(error_exit_code(table[i].kind), table[i].code);
		assert_int_equal(error_temporary(table[i].kind), table[i].temporary);
		assert_true(error_name(table[i].kind)[0]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(
				error_name(table[i].kind), error_name(table[j].kind));
	}
}

static void error__replaces_all_of_what_stood_there(void **state)
{
	struct error e = {0};

	(void)state;
	assert_false(error_set(&e, ERROR_AUTH, "the login of %s was refused", "anna"));
	assert_false(error_server(&e, span_of("bad password")));
	assert_false(error_remedy(&e, "to see it", "ambil -v %s", "home"));
	assert_int_equal(e.kind, ERROR_AUTH);
	assert_string_equal(e.text, "the login of anna was refused");
	assert_string_equal(e.why, "bad password");
	assert_true(e.server);
	assert_string_equal(e.lead, "to see it");
	assert_string_equal(e.remedy, "ambil -v home");
	error_set(&e, ERROR_NETWORK, "no connection");
	assert_string_equal(e.text, "no connection");
	assert_string_equal(e.why, "");
	assert_string_equal(e.lead, "");
	assert_string_equal(e.remedy, "");
	assert_false(e.server);
}

static void error__tells_the_servers_words_from_its_own(void **state)
{
	struct error e = {0};

	(void)state;
	error_set(&e, ERROR_BUSY, "busy");
	error_server(&e, span_of("a\x1b[2Jb"));
	assert_string_equal(e.why, "a\\x1b[2Jb");
	assert_true(e.server);
	assert_false(error_why(&e, "after %d s", 3));
	assert_string_equal(e.why, "after 3 s");
	assert_false(e.server);
	error_server(&e, (struct span){"", 0});
	assert_string_equal(e.why, "");
	assert_false(e.server);
	assert_int_equal(e.kind, ERROR_BUSY);
}

static void error__adds_what_the_system_said(void **state)
{
	struct error e = {0};
	char want[200];

	(void)state;
	assert_false(error_sys(&e, ERROR_STORE, ENOSPC, "cannot write %s", "x"));
	snprintf(want, sizeof(want), "cannot write x: %s", strerror(ENOSPC));
	assert_string_equal(e.text, want);
	/* What was there before may be part of the new text. */
	assert_false(error_sys(&e, ERROR_STORE, EIO, "again: %s", e.text));
	assert_int_equal(strncmp(e.text, "again: cannot write x: ", 23), 0);
}

static void error__cuts_what_is_too_long_and_takes_no_error_at_all(void **state)
{
	char *longest = xmalloc(2001);
	struct error e = {0};

	(void)state;
	memset(longest, 'x', 2000);
	longest[2000] = '\0';
	error_set(&e, ERROR_USAGE, "%s", longest);
	error_why(&e, "%s", longest);
	error_remedy(&e, longest, "%s", longest);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	assert_int_equal(strlen(e.why), sizeof(e.why) - 1);
	assert_int_equal(strlen(e.lead), sizeof(e.lead) - 1);
	assert_int_equal(strlen(e.remedy), sizeof(e.remedy) - 1);
	error_server(&e, span_of(longest));
	assert_true(strlen(e.why) < sizeof(e.why));
	error_sys(&e, ERROR_USAGE, EIO, "%s", longest);
	assert_non_null(strstr(e.text, strerror(EIO)));
	assert_false(error_set(NULL, ERROR_USAGE, "x"));
	assert_false(error_sys(NULL, ERROR_USAGE, EIO, "x"));
	assert_false(error_why(NULL, "x"));
	assert_false(error_append(NULL, "x"));
	assert_false(error_server(NULL, span_of("x")));
	assert_false(error_remedy(NULL, "x", "x"));
	free(longest);
}

static void error__is_not_cut_within_a_character(void **state)
{
	struct error e = {0};
	struct buf longest = {NULL, 0, 0};

	(void)state;
	/* Two octets each, so that the room ends once behind a character and once within one. */
	for (size_t i = 0; i < 1000; i++)
		buf_add_text(&longest, "\u00e9");
	for (size_t before = 0; before < 2; before++) {
		size_t even = (sizeof(e.text) - 1 - before) / 2 * 2;

		error_set(&e, ERROR_USAGE, "%.*s%s", (int)before, "x", longest.data);
		error_why(&e, "%s", e.text);
		assert_int_equal(strlen(e.text), before + even);
		assert_memory_equal(e.text + before + even - 2, "\u00e9", 2);
		error_set(&e, ERROR_USAGE, "%s", "x");
		error_append(&e, "%.*s%s", (int)before, "x", longest.data);
		assert_memory_equal(e.text + strlen(e.text) - 2, "\u00e9", 2);
		assert_true(strlen(e.text) + 2 >= sizeof(e.text) - 1);
		error_remedy(&e, longest.data, "%.*s%s", (int)before, "x", longest.data);
		assert_int_equal(strlen(e.lead) % 2, 0);
		assert_memory_equal(e.remedy + strlen(e.remedy) - 2, "\u00e9", 2);
	}
	buf_release(&longest);
}

static void error__knows_a_place_from_what_can_be_typed(void **state)
{
	struct error e = {0}, other = {0};

	(void)state;
	error_remedy(&e, "password came from: x;  correct it", "ambil.conf:4");
	assert_true(e.place);
	error_remedy_of(&other, &e);
	assert_true(other.place);
	assert_string_equal(other.lead, e.lead);
	assert_string_equal(other.remedy, "ambil.conf:4");
	error_remedy(&e, "to correct it all", "ambil");
	assert_false(e.place);
	error_remedy(&e, "it", "ambil");
	assert_false(e.place);
	assert_false(error_remedy_of(NULL, &e));
}

/* ---- mem ---- */

static void span__compares_octets(void **state)
{
	struct span nul = {"a\0b", 3};

	(void)state;
	assert_true(span_is(span_of("+OK"), "+OK"));
	assert_false(span_is(span_of("+OK"), "+ok"));
	assert_false(span_is(span_of("+OK"), "+O"));
	assert_false(span_is(span_of("+OK"), "+OK "));
	assert_true(span_is_nocase(span_of("+oK"), "+OK"));
	assert_false(span_is_nocase(span_of("+oKx"), "+OK"));
	assert_false(span_is_nocase(span_of("+o"), "+OK"));
	assert_false(span_is(nul, "a"));
	assert_true(span_equal(nul, (struct span){"a\0b", 3}));
	assert_false(span_equal(nul, (struct span){"a\0c", 3}));
	assert_false(span_equal(nul, (struct span){"a\0b", 2}));
	assert_true(span_equal((struct span){NULL, 0}, span_of("")));
}

static void span__is_taken_apart_word_by_word(void **state)
{
	static const struct {
		const char *text, *word, *rest;
	} table[] = {
		{"", "", ""},
		{"one", "one", ""},
		{"one two", "one", "two"},
		{"one \t two  ", "one", "two  "},
		{" one", "", "one"},
		{"one\r\n", "one\r\n", ""},
		{"1\t2 3", "1", "2 3"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct span rest = span_of(table[i].text), word = span_word(&rest);

		assert_true(span_is(word, table[i].word));
		assert_true(span_is(rest, table[i].rest));
	}
}

static void span__gives_its_first_line(void **state)
{
	static const struct {
		const char *text, *line, *rest;
	} table[] = {
		{"", "", ""},
		{"one", "one", ""},
		{"one\n", "one", ""},
		{"one\ntwo\n", "one", "two\n"},
		{"\n\ntwo", "", "\ntwo"},
		{"one\r\ntwo", "one\r", "two"},
	};
	struct span none = {NULL, 0};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct span rest = span_of(table[i].text), line = span_line(&rest);

		assert_true(span_is(line, table[i].line));
		assert_true(span_is(rest, table[i].rest));
	}
	assert_int_equal(span_line(&none).len, 0);
}

static void span_without_cr__takes_one_off_the_end(void **state)
{
	const struct span none = {NULL, 0};

	(void)state;
	assert_true(span_is(span_without_cr(span_of("a\rb\r")), "a\rb"));
	assert_true(span_is(span_without_cr(span_of("\r\r")), "\r"));
	assert_true(span_is(span_without_cr(span_of("ab")), "ab"));
	assert_int_equal(span_without_cr(span_of("\r")).len, 0);
	assert_int_equal(span_without_cr(none).len, 0);
}

static void span__is_trimmed_at_both_ends(void **state)
{
	static const char *const table[][2] = {
		{"", ""}, {" ", ""}, {" \t ", ""}, {"a", "a"}, {" a b\t", "a b"}, {"\na ", "\na"}};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_true(span_is(span_trim(span_of(table[i][0])), table[i][1]));
}

static void buf__grows_and_stays_terminated(void **state)
{
	struct buf b = {NULL, 0, 0};

	(void)state;
	assert_int_equal(buf_span(&b).len, 0);
	buf_clear(&b);
	buf_add(&b, NULL, 0);
	assert_string_equal(b.data, "");
	for (int i = 0; i < 3000; i++) {
		buf_add(&b, "a\0b", 3);
		assert_int_equal(b.data[b.len], '\0');
		assert_true(b.len < b.room);
	}
	assert_int_equal(b.len, 9000);
	for (size_t i = 0; i < b.len; i += 3)
		assert_memory_equal(b.data + i, "a\0b", 3);
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
	buf_release(&b);
	assert_null(b.data);
	buf_release(&b);
}

static void buf__prints_behind_what_it_holds(void **state)
{
	struct buf b = {NULL, 0, 0};

	(void)state;
	buf_add_text(&b, "x=");
	for (int i = 0; i < 100; i++)
		buf_printf(&b, "%05d;", i);
	assert_int_equal(b.len, 602);
	assert_int_equal(strlen(b.data), 602);
	assert_int_equal(strncmp(b.data, "x=00000;00001;", 14), 0);
	assert_string_equal(b.data + 596, "00099;");
	buf_release(&b);
}

static void buf__reserves_what_is_then_written_in_place(void **state)
{
	struct buf b = {NULL, 0, 0};

	(void)state;
	for (size_t n = 0; n < 300; n++) {
		buf_release(&b);
		buf_add_text(&b, "12345");
		buf_reserve(&b, n);
		memset(b.data + b.len, 'x', n);
		b.len += n;
		b.data[b.len] = '\0';
		assert_int_equal(strlen(b.data), n + 5);
	}
	buf_release(&b);
}

static void buf__gives_its_storage_away(void **state)
{
	struct buf b = {NULL, 0, 0};
	char *text;

	(void)state;
	text = buf_detach(&b);
	assert_string_equal(text, "");
	free(text);
	buf_add_text(&b, "word");
	text = buf_detach(&b);
	assert_string_equal(text, "word");
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.room, 0);
	free(text);
}

static void mem__copies_and_prints_strings(void **state)
{
	char *copy = xstrndup("a\0b", 3), *empty = xstrndup(NULL, 0), *twin = xstrdup("twin");
	char *wide = xasprintf("%s-%0500d", "n", 7);

	(void)state;
	assert_memory_equal(copy, "a\0b", 4);
	assert_string_equal(empty, "");
	assert_string_equal(twin, "twin");
	assert_int_equal(strlen(wide), 502);
	free(copy);
	free(empty);
	free(twin);
	free(wide);
}

static void mem__gives_memory_for_nothing_too(void **state)
{
	char *zero = xcalloc(10, 10), *none = xmalloc(0);

	(void)state;
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(zero[i], 0);
	free(zero);
	assert_non_null(none);
	free(none);
	none = xcalloc(0, 8);
	assert_non_null(none);
	none = xreallocarray(none, 0, 8);
	assert_non_null(none);
	none = xreallocarray(none, 3, 8);
	memset(none, 1, 24);
	free(none);
}

/* Runs one of the ways to ask for too much in a process of its own; its exit code. */
static int code_of_greed(int way)
{
	struct buf b = {NULL, 0, 0};
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		volatile size_t most = SIZE_MAX;
		void *p = NULL;

		close(STDERR_FILENO);
		if (way == 0)
			p = xreallocarray(NULL, most, 2);
		else if (way == 1)
			p = xreallocarray(NULL, most / 2, 3);
		else
			buf_reserve(&b, most);
		_exit(p ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void mem__dies_with_its_own_code_when_there_is_none(void **state)
{
	(void)state;
	for (int way = 0; way < 3; way++)
		assert_int_equal(code_of_greed(way), 71);
}

static void mem__wipes_secrets(void **state)
{
	char secret[20] = "open sesame";
	static const char zero[20];

	(void)state;
	wipe(secret, 4);
	assert_memory_equal(secret, "\0\0\0\0 sesame", 11);
	wipe(secret, 0);
	wipe(secret, sizeof(secret));
	assert_memory_equal(secret, zero, sizeof(secret));
	wipe_free(NULL);
	wipe_free(xstrdup("x"));
}

/* ---- parse ---- */

static void parse__reads_numbers_up_to_their_maximum(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool good;
		uint64_t value;
	} table[] = {
		{"0", UINT64_MAX, true, 0},
		{"007", 7, true, 7},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, false, 0},
		{"18446744073709551620", UINT64_MAX, false, 0},
		{"99999999999999999999999999", UINT64_MAX, false, 0},
		{"9223372036854775807", INT64_MAX, true, INT64_MAX},
		{"9223372036854775808", INT64_MAX, false, 0},
		{"4294967295", UINT32_MAX, true, UINT32_MAX},
		{"4294967296", UINT32_MAX, false, 0},
		{"65535", 65535, true, 65535},
		{"65536", 65535, false, 0},
		{"9", 5, false, 0},
		{"19", 5, false, 0},
		{"5", 5, true, 5},
		{"0", 0, true, 0},
		{"1", 0, false, 0},
		{"", UINT64_MAX, false, 0},
		{" 1", UINT64_MAX, false, 0},
		{"1 ", UINT64_MAX, false, 0},
		{"+1", UINT64_MAX, false, 0},
		{"-1", UINT64_MAX, false, 0},
		{"0x1", UINT64_MAX, false, 0},
		{"1.0", UINT64_MAX, false, 0},
		{"1e3", UINT64_MAX, false, 0},
		{"\xd9\xa1", UINT64_MAX, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct span s = span_of(table[i].text);
		uint64_t wide = 4711;
		uint32_t narrow = 4711;

		if (parse_u64(s, table[i].max, &wide) != table[i].good)
			fail_msg("\"%s\" up to %llu", table[i].text,
				(unsigned long long)table[i].max);
		assert_true(wide == (table[i].good ? table[i].value : 4711));
		if (table[i].max > UINT32_MAX)
			continue;
		assert_int_equal(parse_u32(s, (uint32_t)table[i].max, &narrow), table[i].good);
		assert_int_equal(narrow, table[i].good ? table[i].value : 4711);
	}
	assert_false(parse_u64((struct span){"1\0", 2}, 10, &(uint64_t){0}));
}

static void parse__wants_a_unit_for_an_age(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int64_t seconds;
	} table[] = {
		{"0s", true, 0},
		{"60s", true, 60},
		{"5m", true, 300},
		{"2h", true, 7200},
		{"14d", true, 1209600},
		{"106751991167300d", true, INT64_C(9223372036854720000)},
		{"106751991167301d", false, 0},
		{"9223372036854775807s", true, INT64_MAX},
		{"9223372036854775808s", false, 0},
		{"14", false, 0},
		{"", false, 0},
		{"d", false, 0},
		{"-1d", false, 0},
		{"1 d", false, 0},
		{"1d ", false, 0},
		{"1D", false, 0},
		{"1w", false, 0},
		{"1dd", false, 0},
		{"1.5h", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		int64_t seconds = 4711;

		if (parse_age(span_of(table[i].text), &seconds) != table[i].good)
			fail_msg("\"%s\"", table[i].text);
		assert_true(seconds == (table[i].good ? table[i].seconds : 4711));
	}
}

static void parse__reads_sizes_in_powers_of_1024(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t octets;
	} table[] = {
		{"0", true, 0},
		{"4096", true, 4096},
		{"64k", true, 65536},
		{"64K", true, 65536},
		{"10m", true, 10485760},
		{"10M", true, 10485760},
		{"2g", true, UINT64_C(2147483648)},
		{"2G", true, UINT64_C(2147483648)},
		{"17179869183G", true, UINT64_C(18446744072635809792)},
		{"17179869184G", false, 0},
		{"18446744073709551615", true, UINT64_MAX},
		{"18446744073709551616", false, 0},
		{"", false, 0},
		{"k", false, 0},
		{"1T", false, 0},
		{"1 k", false, 0},
		{"1kb", false, 0},
		{"-1k", false, 0},
		{"1.5M", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		uint64_t octets = 4711;

		if (parse_size(span_of(table[i].text), &octets) != table[i].good)
			fail_msg("\"%s\"", table[i].text);
		assert_true(octets == (table[i].good ? table[i].octets : 4711));
	}
}

static void parse__knows_six_words_for_yes_and_no(void **state)
{
	static const char *const words[] = {"true", "yes", "on", "false", "no", "off"};
	static const char *const others[] = {
		"", "1", "0", "True", "YES", "tru", "truee", "on ", "none"};
	bool value;

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		value = i >= 3;
		assert_true(parse_bool(span_of(words[i]), &value));
		assert_int_equal(value, i < 3);
	}
	for (size_t i = 0; i < COUNT(others); i++) {
		value = i % 2;
		assert_false(parse_bool(span_of(others[i]), &value));
		assert_int_equal(value, i % 2);
	}
}

static void parse__resolves_the_percent_signs_of_a_url(void **state)
{
	static const struct {
		const char *text, *resolved; /* NULL: refused */
	} table[] = {{"anna", "anna"}, {"a%40b%3a%2F", "a@b:/"}, {"%c3%A4", "\xc3\xa4"}, {"", ""},
		{"%", NULL}, {"a%4", NULL}, {"%4g", NULL}, {"%zz", NULL}, {"%00", NULL},
		{"%0a", NULL}, {"a\nb", NULL}, {"%7f", NULL}};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char *resolved = parse_percent(span_of(table[i].text));

		if (table[i].resolved)
			assert_string_equal(resolved, table[i].resolved);
		else
			assert_null(resolved);
		free(resolved);
	}
}

/* ---- text ---- */

static void text__lets_nothing_through_that_steers_a_terminal(void **state)
{
	static const char *const table[][2] = {
		{"", ""},
		{"plain ~ text", "plain ~ text"},
		{"back\\slash", "back\\slash"},
		{"a\r\nb\tc", "a\\x0d\\x0ab\\x09c"},
		{"\x1b[31m", "\\x1b[31m"},
		{"\x7f", "\\x7f"},
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
		{"\xe2\x82\xac \xf0\x9f\x93\xac", "\xe2\x82\xac \xf0\x9f\x93\xac"},
		{"\xc2\x9b", "\\xc2\\x9b"}, /* CSI as a C1 control */
		{"\xc2\xa0", "\xc2\xa0"},   /* the first behind the C1 controls */
		{"\x9b", "\\x9b"},          /* CSI in 8 bits */
		{"\xff\xfe", "\\xff\\xfe"},
		{"\xc0\xaf", "\\xc0\\xaf"},          /* "/" in two octets */
		{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"}, /* in three */
		{"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* half a surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* past U+10FFFF */
		{"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
		{"\xe2\x82", "\\xe2\\x82"}, /* cut off */
		{"\xc3(", "\\xc3("},
		{"\xe2\x80\xae"
		 "abc",
			"\\xe2\\x80\\xae"
			"abc"}, /* right to left */
		{"\xe2\x81\xa6", "\\xe2\\x81\\xa6"},
		{"\xe2\x80\xa8", "\\xe2\\x80\\xa8"}, /* line separator */
		{"\xef\xbb\xbf", "\\xef\\xbb\\xbf"},
	};
	char out[400];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		text_safe(out, sizeof(out), span_of(table[i][0]));
		assert_string_equal(out, table[i][1]);
		assert_string_equal(safe(span_of(table[i][0])).text, table[i][1]);
	}
	text_safe(out, sizeof(out), (struct span){"a\0b", 3});
	assert_string_equal(out, "a\\x00b");
	text_safe(out, sizeof(out), (struct span){NULL, 0});
	assert_string_equal(out, "");
}

static void text__says_what_it_cut(void **state)
{
	char in[TEXT_SAFE_MAX + 2];

	(void)state;
	memset(in, 'x', sizeof(in));
	assert_int_equal(strlen(safe((struct span){in, TEXT_SAFE_MAX}).text), TEXT_SAFE_MAX);
	assert_int_equal(
		strlen(safe((struct span){in, TEXT_SAFE_MAX + 1}).text), TEXT_SAFE_MAX + 3);
	assert_string_equal(
		safe((struct span){in, TEXT_SAFE_MAX + 1}).text + TEXT_SAFE_MAX, "\xe2\x80\xa6");
	memset(in, '\n', sizeof(in));
	assert_int_equal(strlen(safe((struct span){in, TEXT_SAFE_MAX}).text), 4 * TEXT_SAFE_MAX);
	assert_int_equal(strlen(safe((struct span){in, sizeof(in)}).text), 4 * TEXT_SAFE_MAX + 3);
}

static void text__stays_within_any_room(void **state)
{
	static const char *const words[] = {"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
					    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac",
		"\n\n\n\n\n\n", "aaaaaaaaaaaaaaaaaaaaaaaa", "a"};

	(void)state;
	for (size_t room = 0; room < 40; room++)
		for (size_t i = 0; i < COUNT(words); i++) {
			char *out = xmalloc(room);

			text_safe(out, room, span_of(words[i]));
			if (room)
				assert_non_null(memchr(out, '\0', room));
			/* What does not fit is told, from a room on that is worth it. */
			if (room >= 12 && room < 24 && i < 3)
				assert_string_equal(out + (strlen(out) > 2 ? strlen(out) - 3 : 0),
					"\xe2\x80\xa6");
			free(out);
		}
}

static void text__shows_sizes(void **state)
{
	static const struct {
		uint64_t octets;
		const char *text;
	} table[] = {
		{0, "0 octets"},
		{1, "1 octet"},
		{812, "812 octets"},
		{1023, "1023 octets"},
		{1024, "1.0 KiB"},
		{1536, "1.5 KiB"},
		{5662311, "5.4 MiB"},
		{1023 * 1024 + 1000, "1.0 MiB"},
		{UINT64_C(1) << 30, "1.0 GiB"},
		{UINT64_C(1) << 40, "1.0 TiB"},
		{UINT64_C(1) << 50, "1.0 PiB"},
		{UINT64_C(1) << 60, "1.0 EiB"},
		{UINT64_MAX, "16.0 EiB"},
	};
	char out[40];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		text_size(out, sizeof(out), table[i].octets);
		assert_string_equal(out, table[i].text);
	}
}

static void text__counts_columns_and_not_octets(void **state)
{
	static const struct {
		const char *text;
		size_t columns;
	} table[] = {{"", 0}, {"abc", 3}, {"\u00e9t\u00e9", 3}, {"\u4f60\u597d", 4}, {"e\u0301", 1},
		{"\033[31mred\033[0m", 3}, {"\033[31", 0},
		{"\xff"
		 "a",
			2},
		{"\xe2\x82", 2}};
	struct buf b = {NULL, 0, 0};

	(void)state;
	NEED(setlocale(LC_CTYPE, "C.UTF-8"), "the locale C.UTF-8");
	for (size_t i = 0; i < COUNT(table); i++)
		assert_int_equal(text_columns(span_of(table[i].text)), table[i].columns);
	text_pad(&b, "\u00e9", 3);
	text_pad(&b, "abcd", 3);
	assert_string_equal(b.data, "\u00e9  abcd");
	buf_clear(&b);
	text_wrap(&b, "\u00e9\u00e9 \u00e9\u00e9 \u00e9\u00e9", 2, 7);
	assert_string_equal(b.data, "\u00e9\u00e9 \u00e9\u00e9\n  \u00e9\u00e9\n");
	buf_clear(&b);
	text_wrap_command(&b, "one two  ambil x", 0, 12);
	assert_string_equal(b.data, "one two\nambil x\n");
	buf_clear(&b);
	text_wrap_command(&b, "one two  ambil x", 0, 16);
	assert_string_equal(b.data, "one two  ambil x\n");
	buf_release(&b);
	setlocale(LC_CTYPE, "C");
}

static void text__lists_words_as_a_sentence_does(void **state)
{
	static const char *const words[] = {"a", "b", "c"};
	static const char *const any[] = {"", "a", "a or b", "a, b or c"};
	static const char *const all[] = {"", "a", "a and b", "a, b and c"};

	(void)state;
	for (size_t n = 0; n <= COUNT(words); n++) {
		struct buf b = {NULL, 0, 0};

		buf_add_text(&b, "");
		text_list(&b, words, n, true);
		assert_string_equal(b.data, any[n]);
		buf_clear(&b);
		text_list(&b, words, n, false);
		assert_string_equal(b.data, all[n]);
		buf_release(&b);
	}
}

static void text__shows_sizes_in_five_columns(void **state)
{
	static const struct {
		uint64_t octets;
		const char *text;
	} table[] = {{0, "0"}, {999, "999"}, {1000, "1.0K"}, {1536, "1.5K"}, {10188, "9.9K"},
		{10189, "10K"}, {1023487, "999K"}, {1023488, "1.0M"}, {2106606, "2.0M"},
		{5368709120, "5.0G"}, {UINT64_MAX, "16E"}};
	char out[40];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		text_size_short(out, sizeof(out), table[i].octets);
		assert_string_equal(out, table[i].text);
	}
}

static void text__shows_ages(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} table[] = {{0, "0 s"}, {45, "45 s"}, {59, "59 s"}, {60, "1 min"}, {3599, "59 min"},
		{3600, "1 h"}, {7200, "2 h"}, {86399, "23 h"}, {86400, "1 d"}, {1209600, "14 d"}};
	char out[40];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		text_age(out, sizeof(out), table[i].seconds);
		assert_string_equal(out, table[i].text);
	}
}

static void text__shows_what_somebody_has_set_exactly(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} table[] = {{0, "0 s"}, {1, "1 s"}, {60, "1 min"}, {90, "90 s"}, {600, "10 min"},
		{5400, "90 min"}, {3600, "1 h"}, {86399, "86399 s"}, {129600, "36 h"},
		{1209600, "14 d"}};
	char out[40];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		text_duration(out, sizeof(out), table[i].seconds);
		assert_string_equal(out, table[i].text);
	}
}

static void text__shows_the_day_of_a_moment(void **state)
{
	static const struct {
		int64_t seconds;
		const char *here, *utc;
	} cases[] = {
		{1795735800, "2026-11-27", "2026-11-26"}, /* 23:30 by UTC */
		{0, "", "1970-01-01"},
		{-1, "", "1969-12-31"},
		{253402300799, "10000-01-01", "9999-12-31"},
		{INT64_MAX, "", ""},
	};
	char *before = getenv("TZ") ? xstrdup(getenv("TZ")) : NULL;
	char day[TEXT_DAY_ROOM];

	(void)state;
	setenv("TZ", "<+07>-7", 1);
	tzset();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_day(day, cases[i].seconds);
		assert_string_equal(day, cases[i].here);
		text_utc_day(day, cases[i].seconds);
		assert_string_equal(day, cases[i].utc);
	}
	if (before)
		setenv("TZ", before, 1);
	else
		unsetenv("TZ");
	tzset();
	free(before);
}

static void text__shows_the_home_folder_as_a_tilde(void **state)
{
	static const char *const table[][3] = {
		{"/home/anna/Mail", "/home/anna", "~/Mail"},
		{"/home/anna/Mail", "/home/anna/", "~/Mail"},
		{"/home/anna", "/home/anna", "~"},
		{"/home/annabel/Mail", "/home/anna", "/home/annabel/Mail"},
		{"/var/mail", "/home/anna", "/var/mail"},
		{"/var/mail", NULL, "/var/mail"},
		{"/var/mail", "", "/var/mail"},
		{"/var/mail", "/", "/var/mail"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char *shown = text_tilde(table[i][0], table[i][1]);

		assert_string_equal(shown, table[i][2]);
		free(shown);
	}
}

static void text__finds_the_word_that_was_meant(void **state)
{
	static const char *const words[] = {
		"keep", "max-size", "max-messages", "password-command", "tls"};
	static const char *const table[][2] = {
		{"kep", "keep"},
		{"kepe", "keep"},
		{"keeep", "keep"},
		{"keep", "keep"},
		{"maxsize", "max-size"},
		{"max_size", "max-size"},
		{"pasword-comand", "password-command"},
		{"tsl", "tls"},
		{"max-", "max-size"},
		{"kelp", "keep"},
		{"help", NULL},
		{"json", NULL},
		{"tl", "tls"},
		{"to", NULL},
		{"folder", NULL},
		{"x", NULL},
		{"", NULL},
	};
	char longest[300];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *found = text_nearest(table[i][0], words, COUNT(words));

		if (!table[i][1] ? found != NULL : !found || strcmp(found, table[i][1]) != 0)
			fail_msg("\"%s\" gave \"%s\"", table[i][0], found ? found : "nothing");
	}
	assert_null(text_nearest("keep", words, 0));
	memset(longest, 'k', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(text_nearest(longest, words, COUNT(words)));
}

/* ---- file ---- */

struct place {
	char *folder;
};

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct place *p = xcalloc(1, sizeof(*p));

	p->folder = xasprintf("%s/base.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	*state = p;
	return mkdtemp(p->folder) ? 0 : -1;
}

/* Files of a test are called a, b or c, at most three deep. */
static void clear_folder(const char *folder, int depth)
{
	for (const char *name = "abc"; *name && depth; name++) {
		char *path = xasprintf("%s/%c", folder, *name);

		clear_folder(path, depth - 1);
		if (unlink(path) < 0)
			rmdir(path);
		free(path);
	}
}

static int teardown(void **state)
{
	struct place *p = *state;

	clear_folder(p->folder, 3);
	assert_int_equal(rmdir(p->folder), 0);
	free(p->folder);
	free(p);
	return 0;
}

static char *path_in(void **state, const char *name)
{
	return xasprintf("%s/%s", ((struct place *)*state)->folder, name);
}

static void put(const char *path, const char *text, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_true(file_write_all(fd, text, len));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void file__writes_and_reads_through_a_narrow_pipe(void **state)
{
	enum { LEN = 300000 };
	char *data = xmalloc(LEN), *got = xmalloc(LEN + 10);
	int ends[2], status;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < LEN; i++)
		data[i] = (char)(i * 7 >> 3);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		_exit(file_write_all(ends[1], data, LEN) ? 0 : 1);
	}
	close(ends[1]);
	assert_int_equal(file_read_all(ends[0], got, 100000), 100000);
	assert_int_equal(file_read_all(ends[0], got + 100000, LEN - 100000 + 10), LEN - 100000);
	assert_int_equal(file_read_all(ends[0], got + 100000, 1), 0);
	assert_memory_equal(data, got, LEN);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	free(data);
	free(got);
}

static void file__tells_why_it_cannot_write_or_read(void **state)
{
	int full = open("/dev/full", O_WRONLY);
	char octet;

	(void)state;
	assert_true(file_write_all(-1, "", 0));
	assert_false(file_write_all(-1, "x", 1));
	assert_int_equal(errno, EBADF);
	assert_int_equal(file_read_all(-1, &octet, 1), -1);
	assert_int_equal(errno, EBADF);
	NEED(full >= 0, "/dev/full");
	assert_false(file_write_all(full, "x", 1));
	assert_int_equal(errno, ENOSPC);
	close(full);
}

static void file__slurps_up_to_its_limit(void **state)
{
	char *path = path_in(state, "a");
	struct buf b = {NULL, 0, 0};
	mode_t mode = 0;
	uid_t owner = 0;

	put(path,
		"12345\0"
		"789",
		9, 0640);
	buf_add_text(&b, "before ");
	assert_true(file_slurp(path, 9, &b, &mode, &owner));
	assert_int_equal(b.len, 16);
	assert_memory_equal(b.data,
		"before 12345\0"
		"789",
		17);
	assert_int_equal(mode, 0640);
	assert_int_equal(owner, geteuid());
	buf_clear(&b);
	assert_false(file_slurp(path, 8, &b, &mode, &owner));
	assert_int_equal(errno, EFBIG);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
	put(path, "", 0, 0600);
	assert_true(file_slurp(path, 0, &b, NULL, NULL));
	assert_string_equal(b.data, "");
	buf_release(&b);
	put(path, "12345", 5, 0600);
	assert_true(file_slurp(path, SIZE_MAX / 8, &b, NULL, NULL));
	assert_string_equal(b.data, "12345");
	assert_in_range(b.room, 6, 1000);
	buf_release(&b);
	free(path);
}

static void file__slurps_nothing_but_files_and_never_waits(void **state)
{
	char *fifo = path_in(state, "a"), *missing = path_in(state, "b");
	struct buf b = {NULL, 0, 0};

	assert_int_equal(mkfifo(fifo, 0600), 0);
	alarm(100);
	assert_false(file_slurp(fifo, 10, &b, NULL, NULL));
	assert_int_equal(errno, EINVAL);
	alarm(0);
	assert_false(file_slurp(missing, 10, &b, NULL, NULL));
	assert_int_equal(errno, ENOENT);
	assert_false(file_slurp(((struct place *)*state)->folder, 10, &b, NULL, NULL));
	assert_int_equal(errno, EISDIR);
	buf_release(&b);
	free(fifo);
	free(missing);
}

static void file__syncs_a_folder_and_names_one_that_it_cannot(void **state)
{
	char *missing = path_in(state, "a");
	struct error e = {0};

	assert_true(file_sync_folder(((struct place *)*state)->folder, ERROR_STORE, &e));
	assert_int_equal(e.kind, ERROR_NONE);
	assert_false(file_sync_folder(missing, ERROR_DELIVERY, &e));
	assert_int_equal(e.kind, ERROR_DELIVERY);
	assert_non_null(strstr(e.text, missing));
	put(missing, "", 0, 0600);
	assert_false(file_sync_folder(missing, ERROR_STORE, &e));
	assert_int_equal(e.kind, ERROR_STORE);
	free(missing);
}

static void file__syncs_the_way_to_a_name(void **state)
{
	char *folder = path_in(state, "a/b"), *name = path_in(state, "a/b/c"),
	     *lost = path_in(state, "x/y/z");
	struct error e = {0};

	assert_true(file_make_folders(folder, NULL, ERROR_STORE, &e));
	assert_true(file_sync_way(name, ERROR_STORE, &e));
	assert_true(file_sync_way("/x", ERROR_STORE, &e));
	assert_true(file_sync_way("x", ERROR_STORE, &e));
	assert_int_equal(e.kind, ERROR_NONE);
	assert_false(file_sync_way(lost, ERROR_STORE, &e));
	assert_int_equal(e.kind, ERROR_STORE);
	assert_non_null(strstr(e.text, "x/y: "));
	free(folder);
	free(name);
	free(lost);
}

static void file__makes_folders_with_their_parents(void **state)
{
	char *path = path_in(state, "a/b/c"), *slash = path_in(state, "b/"),
	     *top = path_in(state, "a");
	struct error e = {0};
	struct stat st;

	assert_true(file_make_folders(path, NULL, ERROR_STORE, &e));
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(stat(top, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(chmod(top, 0755), 0);
	assert_true(file_make_folders(path, NULL, ERROR_STORE, &e));
	assert_int_equal(stat(top, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	assert_true(file_make_folders(slash, NULL, ERROR_STORE, &e));
	assert_int_equal(stat(slash, &st), 0);
	assert_true(file_make_folders("/", NULL, ERROR_STORE, &e));
	assert_int_equal(e.kind, ERROR_NONE);
	free(path);
	free(slash);
	free(top);
}

static void file__makes_no_folder_where_a_file_stands(void **state)
{
	char *file = path_in(state, "a"), *below = path_in(state, "a/b");
	struct error e = {0};

	put(file, "", 0, 0600);
	assert_false(file_make_folders(below, NULL, ERROR_STORE, &e));
	assert_int_equal(e.kind, ERROR_STORE);
	e.kind = ERROR_NONE;
	assert_false(file_make_folders(file, NULL, ERROR_DELIVERY, &e));
	assert_int_equal(e.kind, ERROR_DELIVERY);
	assert_non_null(strstr(e.text, file));
	assert_false(file_make_folders("", NULL, ERROR_STORE, &e));
	free(file);
	free(below);
}

static void file__knows_whose_home_a_tilde_is(void **state)
{
	static const char *const table[][3] = {
		{"~", "/home/anna", "/home/anna"},
		{"~/Mail", "/home/anna", "/home/anna/Mail"},
		{"~bob/Mail", "/home/anna", "~bob/Mail"},
		{"/a/~/b", "/home/anna", "/a/~/b"},
		{"~/Mail", NULL, "~/Mail"},
		{"", "/home/anna", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char *path = file_expand_home(table[i][0], table[i][1]);

		assert_string_equal(path, table[i][2]);
		free(path);
	}
}

/* A child that takes the lock, says so, and holds it until it is killed. */
static pid_t start_holder(const char *path)
{
	int ends[2], fd;
	pid_t pid, other;
	char octet = 0;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		enum file_lock got = file_lock(path, &fd, &other, NULL);

		octet = got == FILE_LOCK_HELD ? 'h' : 'n';
		if (write(ends[1], &octet, 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &octet, 1), 1);
	assert_int_equal(octet, 'h');
	close(ends[0]);
	return pid;
}

static void file__locks_out_other_processes_until_they_are_gone(void **state)
{
	char *path = path_in(state, "a");
	pid_t child = start_holder(path), holder = 0;
	struct error e = {0};
	struct stat st;
	int fd = -1;

	assert_int_equal(file_lock(path, &fd, &holder, &e), FILE_LOCK_TAKEN);
	assert_int_equal(holder, child);
	assert_int_equal(fd, -1);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(file_lock(path, &fd, &holder, &e), FILE_LOCK_HELD);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(e.kind, ERROR_NONE);
	close(fd);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	free(path);
}

static void file__follows_no_link_to_a_lock(void **state)
{
	char *path = path_in(state, "a"), *link = path_in(state, "b");
	struct error e = {0};
	pid_t holder;
	int fd = -1;

	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(file_lock(link, &fd, &holder, &e), FILE_LOCK_FAILED);
	assert_int_equal(e.kind, ERROR_STORE);
	assert_non_null(strstr(e.text, link));
	assert_int_equal(access(path, F_OK), -1);
	free(path);
	free(link);
}

/* ---- beside ---- */

/* A child that begins to write beside path, says under which name, and is killed by the caller. */
static pid_t start_writer(const char *path, char *name, size_t room)
{
	int ends[2];
	ssize_t len;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char *made;
		int fd = beside_open(path, &made);

		if (fd < 0 || !file_write_all(ends[1], made, strlen(made)))
			_exit(1);
		close(ends[1]);
		pause();
		_exit(0);
	}
	close(ends[1]);
	len = file_read_all(ends[0], name, room - 1);
	assert_true(len > 0);
	name[len] = '\0';
	close(ends[0]);
	return pid;
}

static void beside__is_swept_when_its_writer_is_gone(void **state)
{
	char *path = path_in(state, "a"), name[500];
	pid_t child = start_writer(path, name, sizeof(name));
	struct stat st;

	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	beside_sweep_at(path);
	assert_int_equal(access(name, F_OK), 0);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	beside_sweep_at(path);
	assert_int_equal(access(name, F_OK), -1);
	free(path);
}

static void beside__sweeps_nothing_else(void **state)
{
	static const char *const names[] = {"a.ambil-new.12345", "a.ambil-new.1234567",
		"a.ambil-new.12.456", "a.backup", ".ambil-new.123456", "a.Ambil-new.123456"};
	char *link = path_in(state, "a.ambil-new.abcdef"),
	     *folder = path_in(state, "b.ambil-new.abcdef");

	for (size_t i = 0; i < COUNT(names); i++) {
		char *path = path_in(state, names[i]);

		put(path, "words", 5, 0600);
		free(path);
	}
	assert_int_equal(symlink("a.backup", link), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	beside_sweep(((struct place *)*state)->folder);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(rmdir(folder), 0);
	for (size_t i = 0; i < COUNT(names); i++) {
		char *path = path_in(state, names[i]);

		if (unlink(path) < 0)
			fail_msg("%s is gone", names[i]);
		free(path);
	}
	free(link);
	free(folder);
}

static void beside__says_why_there_can_be_none(void **state)
{
	char *path = path_in(state, "a/b"), *name;

	assert_int_equal(beside_open(path, &name), -1);
	assert_int_equal(errno, ENOENT);
	assert_null(name);
	beside_sweep_at(path);
	free(path);
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* ---- hide ---- */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void hide__takes_secrets_out_of_words(void **state)
{
	static const struct {
		const char *secrets[3], *words, *want;
	} table[] = {
		{{NULL}, "no secret", "no secret"},
		{{"", NULL}, "no secret", "no secret"},
		{{"pa55-w0rd/x"}, "", ""},
		{{"pa55-w0rd/x"}, "bad password", "bad password"},
		{{"pa55-w0rd/x"}, "pa55-w0rd/", "pa55-w0rd/"},
		{{"pa55-w0rd/x"}, "pa55-w0rd/x", "<hidden>"},
		{{"pa55-w0rd/x"}, "bad 'pa55-w0rd/x' for anna", "bad '<hidden>' for anna"},
		{{"pa55-w0rd/x"}, "xpa55-w0rd/xx", "x<hidden>x"},
		{{"pa55-w0rd/x"}, "unknown: PASS PA55-W0RD/X", "unknown: PASS <hidden>"},
		{{"pa55-w0rd/x"}, "pa55-w0rd/xpa55-w0rd/x!", "<hidden><hidden>!"},
		{{"pa55-w0rd/x", "AGFubmEAcGE="}, "AGFubmEAcGE= is pa55-w0rd/x",
			"<hidden> is <hidden>"},
		{{"12345678", "123456789"}, "1234567890", "<hidden>0"},
		/* The beginning of a long one. */
		{{"0123456789abcdefghi"}, "not 0123456789abcdefgh", "not <hidden>"},
		{{"0123456789abcdefghi"}, "not 0123456789ABCDEF...", "not <hidden>..."},
		{{"0123456789abcdefghi"}, "not 0123456789abcde...", "not 0123456789abcde..."},
		{{"0123456789abcdefghi"}, "not 123456789abcdefghi", "not 123456789abcdefghi"},
		{{"0123456789abcdefghi", "0123456789abcdefgh"}, "0123456789abcdefghx", "<hidden>x"},
		/* Short ones: a word of its own hides all, a part of a word is none. */
		{{"a"}, "wrong password", "wrong password"},
		{{"a"}, "not a password", "<hidden>"},
		{{"a"}, "wrong password 'A'", "<hidden>"},
		{{"geheim"}, "geheimnis", "geheimnis"},
		{{"geheim"}, "[AUTH] not geheim", "<hidden>"},
		{{"geheim"}, "Ungeheim geheim.", "<hidden>"},
		{{"geheim", "pa55-w0rd/x"}, "pa55-w0rd/x and geheim", "<hidden>"},
		{{"gr\xc3\xbc\xc3\x9f"}, "gr\xc3\xbc\xc3\x9f", "<hidden>"},
		{{"gr"}, "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
	};
	struct buf room = {NULL, 0, 0};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		size_t len = strlen(table[i].words);
		char *exact = xmalloc(len);
		struct hide h = {NULL, 0};
		struct span shown;

		if (len)
			memcpy(exact, table[i].words, len);
		for (size_t j = 0; j < COUNT(table[i].secrets); j++)
			hide_add(&h, table[i].secrets[j]);
		shown = hide_in(&h, (struct span){exact, len}, &room);
		if (!span_is(shown, table[i].want))
			fail_msg("\"%s\": \"%.*s\"", table[i].words, (int)shown.len, shown.data);
		hide_release(&h);
		free(exact);
	}
	assert_true(span_is(hide_in(NULL, span_of("words"), &room), "words"));
	buf_release(&room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error__has_a_name_and_an_exit_code_for_each_kind),
		cmocka_unit_test(error__replaces_all_of_what_stood_there),
		cmocka_unit_test(error__tells_the_servers_words_from_its_own),
		cmocka_unit_test(error__adds_what_the_system_said),
		cmocka_unit_test(error__cuts_what_is_too_long_and_takes_no_error_at_all),
		cmocka_unit_test(error__is_not_cut_within_a_character),
		cmocka_unit_test(error__knows_a_place_from_what_can_be_typed),
		cmocka_unit_test(span__compares_octets),
		cmocka_unit_test(span__is_taken_apart_word_by_word),
		cmocka_unit_test(span__gives_its_first_line),
		cmocka_unit_test(span_without_cr__takes_one_off_the_end),
		cmocka_unit_test(span__is_trimmed_at_both_ends),
		cmocka_unit_test(buf__grows_and_stays_terminated),
		cmocka_unit_test(buf__prints_behind_what_it_holds),
		cmocka_unit_test(buf__reserves_what_is_then_written_in_place),
		cmocka_unit_test(buf__gives_its_storage_away),
		cmocka_unit_test(mem__copies_and_prints_strings),
		cmocka_unit_test(mem__gives_memory_for_nothing_too),
		cmocka_unit_test(mem__dies_with_its_own_code_when_there_is_none),
		cmocka_unit_test(mem__wipes_secrets),
		cmocka_unit_test(parse__reads_numbers_up_to_their_maximum),
		cmocka_unit_test(parse__wants_a_unit_for_an_age),
		cmocka_unit_test(parse__reads_sizes_in_powers_of_1024),
		cmocka_unit_test(parse__knows_six_words_for_yes_and_no),
		cmocka_unit_test(parse__resolves_the_percent_signs_of_a_url),
		cmocka_unit_test(text__lets_nothing_through_that_steers_a_terminal),
		cmocka_unit_test(text__says_what_it_cut),
		cmocka_unit_test(text__stays_within_any_room),
		cmocka_unit_test(text__shows_sizes),
		cmocka_unit_test(text__counts_columns_and_not_octets),
		cmocka_unit_test(text__lists_words_as_a_sentence_does),
		cmocka_unit_test(text__shows_sizes_in_five_columns),
		cmocka_unit_test(text__shows_ages),
		cmocka_unit_test(text__shows_the_day_of_a_moment),
		cmocka_unit_test(text__shows_what_somebody_has_set_exactly),
		cmocka_unit_test(text__shows_the_home_folder_as_a_tilde),
		cmocka_unit_test(text__finds_the_word_that_was_meant),
		cmocka_unit_test(hide__takes_secrets_out_of_words),
		cmocka_unit_test(file__writes_and_reads_through_a_narrow_pipe),
		cmocka_unit_test(file__tells_why_it_cannot_write_or_read),
		FILE_TEST(file__slurps_up_to_its_limit),
		FILE_TEST(file__slurps_nothing_but_files_and_never_waits),
		FILE_TEST(file__syncs_a_folder_and_names_one_that_it_cannot),
		FILE_TEST(file__syncs_the_way_to_a_name),
		FILE_TEST(file__makes_folders_with_their_parents),
		FILE_TEST(file__makes_no_folder_where_a_file_stands),
		cmocka_unit_test(file__knows_whose_home_a_tilde_is),
		FILE_TEST(file__locks_out_other_processes_until_they_are_gone),
		FILE_TEST(file__follows_no_link_to_a_lock),
		FILE_TEST(beside__is_swept_when_its_writer_is_gone),
		FILE_TEST(beside__sweeps_nothing_else),
		FILE_TEST(beside__says_why_there_can_be_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
