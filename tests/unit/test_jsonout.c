/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The writer of JSON: commas, escapes, and that what it writes is what was given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/jsonout.h"

static void jsonout__puts_commas_where_they_are_due(void **state)
{
	struct buf b = {NULL, 0, 0};

	(void)state;
	jsonout_begin(&b, "account");
	jsonout_text(&b, "account", "home");
	jsonout_list(&b, "none");
	jsonout_list_end(&b);
	jsonout_list(&b, "uids");
	jsonout_text(&b, NULL, "[");
	jsonout_text(&b, NULL, "{:,");
	jsonout_number(&b, NULL, -1);
	jsonout_list_end(&b);
	jsonout_object(&b, "empty");
	jsonout_object_end(&b);
	jsonout_object(&b, "o");
	jsonout_bool(&b, "a", true);
	jsonout_bool(&b, "b", false);
	jsonout_object_end(&b);
	jsonout_end(&b);
	jsonout_begin(&b, "end");
	jsonout_number(&b, "most", INT64_MAX);
	jsonout_end(&b);
	assert_string_equal(b.data,
		"{\"v\":1,\"event\":\"account\",\"account\":\"home\",\"none\":[],"
		"\"uids\":[\"[\",\"{:,\",-1],\"empty\":{},\"o\":{\"a\":true,\"b\":false}}\n"
		"{\"v\":1,\"event\":\"end\",\"most\":9223372036854775807}\n");
	buf_release(&b);
}

static void jsonout__escapes_what_is_no_plain_text(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *written;
	} cases[] = {
		{"", 0, ""},
		{"plain ~ text", 12, "plain ~ text"},
		{"say \"hi\" \\ bye/", 15, "say \\\"hi\\\" \\\\ bye/"},
		{"\b\t\n\f\r", 5, "\\b\\t\\n\\f\\r"},
		{"a\0b\x1b[1m\x7f", 8, "a\\u0000b\\u001b[1m\\u007f"},
		/* NEL, a C1 control; a line separator; an override of direction. */
		{"\xc2\x85\xe2\x80\xa8\xe2\x80\xae", 8, "\\u0085\\u2028\\u202e"},
		{"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x93\xac", 11,
			"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x93\xac"},
		/* Latin 1; a sequence cut short; a surrogate; an overlong "/"; beyond Unicode. */
		{"\xe4", 1, "\xef\xbf\xbd"},
		{"\xe2\x82", 2, "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xed\xa0\x80x", 4, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx"},
		{"\xc0\xaf", 2, "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xf4\x90\x80\x80", 4, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xef\xbf\xbd", 3, "\xef\xbf\xbd"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *expected = xasprintf("\"%s\"", cases[i].written);
		/* At the end of its memory, where reading on is noticed. */
		char *exact = xmalloc(cases[i].len + 1);
		struct buf b = {NULL, 0, 0};

		memcpy(exact + 1, cases[i].text, cases[i].len);
		jsonout_span(&b, NULL, (struct span){exact + 1, cases[i].len});
		assert_string_equal(b.data, expected);
		buf_release(&b);
		free(exact);
		free(expected);
	}
}

static void jsonout__is_read_back_as_it_was(void **state)
{
	char *text = xmalloc(0x300), *back;
	struct buf b = {NULL, 0, 0};
	struct json *json;
	size_t n = 0;

	(void)state;
	for (unsigned c = 1; c < 0x80; c++)
		text[n++] = (char)c;
	for (unsigned c = 0x80; c < 0x180; c++) {
		text[n++] = (char)(0xc0 | c >> 6);
		text[n++] = (char)(0x80 | (c & 0x3f));
	}
	text[n] = '\0';
	jsonout_begin(&b, "message");
	jsonout_text(&b, "text", text);
	jsonout_end(&b);
	assert_ptr_equal(memchr(b.data, '\n', b.len), b.data + b.len - 1);
	json = json_open(buf_span(&b));
	assert_non_null(json);
	back = json_text(json, "$.text");
	assert_string_equal(back, text);
	free(back);
	json_free(json);
	buf_release(&b);
	free(text);
}

static void jsonout__writes_times(void **state)
{
	struct buf b = {NULL, 0, 0};

	(void)state;
	jsonout_begin(&b, "x");
	jsonout_seconds(&b, "none", 0);
	jsonout_seconds(&b, "before", -5);
	jsonout_seconds(&b, "some", 2007);
	jsonout_time(&b, "unknown", -1);
	jsonout_time(&b, "too_late", 253402300800);
	jsonout_time(&b, "at", 1795694400);
	jsonout_end(&b);
	assert_string_equal(b.data,
		"{\"v\":1,\"event\":\"x\",\"none\":0.000,\"before\":0.000,\"some\":2.007,"
		"\"at\":\"2026-11-26T12:00:00Z\"}\n");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jsonout__puts_commas_where_they_are_due),
		cmocka_unit_test(jsonout__escapes_what_is_no_plain_text),
		cmocka_unit_test(jsonout__is_read_back_as_it_was),
		cmocka_unit_test(jsonout__writes_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
