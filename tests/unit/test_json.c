/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON: what is a document, and what is found in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static void json__is_one_object(void **state)
{
	static const struct {
		const char *text;
		bool object;
	} cases[] = {
		{"{}", true},
		{"{\"a\": 1}\n", true},
		{" \t\r\n{\"a\": {\"b\": [1, 2]}}", true},
		{"", false},
		{"[]", false},
		{"\"a\"", false},
		{"null", false},
		{"1", false},
		{"{\"a\": 1} {\"a\": 1}", false},
		{"{\"a\": 1}x", false},
		{"{\"a\": 1", false},
		{"{'a': 1}", false},
		{"{\"a\": }", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json *json = json_open(span_of(cases[i].text));

		if ((json != NULL) != cases[i].object)
			fail_msg("%s", cases[i].text);
		json_free(json);
	}
	json_free(NULL);
}

static void json__is_bounded_in_depth_and_length(void **state)
{
	enum { DEEP = 100000, LONG = 2 * 1024 * 1024 };
	struct buf deep = {NULL, 0, 0}, long_one = {NULL, 0, 0};

	(void)state;
	buf_add_text(&deep, "{\"a\":");
	for (int i = 0; i < DEEP; i++)
		buf_add_text(&deep, "[");
	for (int i = 0; i < DEEP; i++)
		buf_add_text(&deep, "]");
	buf_add_text(&deep, "}");
	assert_null(json_open(buf_span(&deep)));
	buf_add_text(&long_one, "{\"a\":\"");
	for (int i = 0; i < LONG; i++)
		buf_add_text(&long_one, "a");
	buf_add_text(&long_one, "\"}");
	assert_null(json_open(buf_span(&long_one)));
	buf_release(&deep);
	buf_release(&long_one);
}

static void json__reads_only_within_the_text(void **state)
{
	static const char text[] = {'{', '"', 'a', '"', ':', '1', '2', '}', '3'};
	struct json *json = json_open((struct span){text, 8});
	char *value;

	(void)state;
	assert_non_null(json);
	value = json_text(json, "$.a");
	assert_string_equal(value, "12");
	free(value);
	json_free(json);
	assert_null(json_open((struct span){text, 7}));
	assert_null(json_open((struct span){text, 9}));
}

static void json__gives_strings_and_numbers(void **state)
{
	static const char text[] =
		"{\"s\": \"x\\ty \\u00e4\\/\", \"i\": 42, \"r\": 1.5, \"t\": true, \"n\": null,"
		" \"o\": {\"s\": \"deep\"}, \"l\": [\"x\"], \"empty\": \"\", \"a-b\": \"dash\","
		" \"twice\": \"first\", \"twice\": \"second\", \"nul\": \"a\\u0000b\"}";
	static const struct {
		const char *path, *value;
	} cases[] = {
		{"$.s", "x\ty \xc3\xa4/"},
		{"$.i", "42"},
		{"$.r", "1.5"},
		{"$.t", NULL},
		{"$.n", NULL},
		{"$.o", NULL},
		{"$.o.s", "deep"},
		{"$.l", NULL},
		{"$.none", NULL},
		{"$.none.s", NULL},
		{"$.empty", ""},
		{"$.\"a-b\"", "dash"},
		{"$.twice", "first"},
		{"$.nul", "a"},
		{"no path", NULL},
	};
	struct json *json = json_open(span_of(text));

	(void)state;
	assert_non_null(json);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *value = json_text(json, cases[i].path);

		if (!value != !cases[i].value || (value && strcmp(value, cases[i].value) != 0))
			fail_msg("%s: %s", cases[i].path, value ? value : "(none)");
		free(value);
	}
	json_free(json);
}

static void json__gives_moments(void **state)
{
	static const struct {
		const char *value;
		bool there;
		int64_t seconds;
	} cases[] = {
		{"1795694400", true, 1795694400},
		{"1795694400.9", true, 1795694400},
		{"\"1795694400\"", true, 1795694400},
		{"0", true, 0},
		{"\"2026-11-26T12:00:00Z\"", true, 1795694400},
		{"\"2026-11-26T12:00:00\"", true, 1795694400},
		{"\"2026-11-26 12:00:00\"", true, 1795694400},
		{"\"2026-11-26T12:00:00.123456789Z\"", true, 1795694400},
		{"\"2026-11-26T13:00:00+01:00\"", true, 1795694400},
		{"\"2026-11-26 12:00 UTC\"", true, 1795694400},
		{"\"0001-01-01T00:00:00Z\"", true, -62135596800},
		{"\"\"", false, 0},
		{"\"tomorrow\"", false, 0},
		{"\"2026-13-26T12:00:00Z\"", false, 0},
		{"true", false, 0},
		{"null", false, 0},
		{"{}", false, 0},
		{"[1795694400]", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = xasprintf("{\"at\": %s}", cases[i].value);
		struct json *json = json_open(span_of(text));
		int64_t seconds = -1;

		assert_non_null(json);
		if (json_time(json, "$.at", &seconds) != cases[i].there ||
			(cases[i].there && seconds != cases[i].seconds))
			fail_msg("%s: %lld", cases[i].value, (long long)seconds);
		json_free(json);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json__is_one_object),
		cmocka_unit_test(json__is_bounded_in_depth_and_length),
		cmocka_unit_test(json__reads_only_within_the_text),
		cmocka_unit_test(json__gives_strings_and_numbers),
		cmocka_unit_test(json__gives_moments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
