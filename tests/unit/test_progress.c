/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a live line says, whatever the server has said of sizes, and however wide a name is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "report/report_progress.h"
#include "report/screen.h"

static const struct progress_look plain = {.name_width = 4, .utf8 = true};

static struct progress fetching(uint64_t mails, uint64_t octets)
{
	struct report what = {.type = REPORT_PLAN, .u.total = {mails, octets, 0}};
	struct progress p = {.active = false};

	progress_take(&p, &what);
	return p;
}

static void come(struct progress *p, uint64_t mails, uint64_t octets, uint64_t listed)
{
	struct report what = {.type = REPORT_PROGRESS, .u.done = {mails, octets, listed}};

	progress_take(p, &what);
}

static const char *line_of(const struct progress *p, size_t columns, int64_t now_ms)
{
	static char text[512];
	struct buf line = {NULL, 0, 0};

	progress_line(&line, p, "home", &plain, columns, now_ms);
	snprintf(text, sizeof(text), "%s", line.len ? line.data : "");
	buf_release(&line);
	return text;
}

/* The number in front of " %". */
static int per_cent_of(const char *line)
{
	const char *sign = strstr(line, " %");
	int number = 0, place = 1;

	assert_non_null(sign);
	while (sign > line && sign[-1] >= '0' && sign[-1] <= '9') {
		number += (*--sign - '0') * place;
		place *= 10;
	}
	return number;
}

static void progress__comes_to_the_end_with_sizes_that_lie(void **state)
{
	/* Of the whole mailbox as LIST has it; the truth is 10 mails of 1000 octets. */
	static const uint64_t totals[] = {10, 9999, 10000, 123456789, INT64_MAX, UINT64_MAX, 1};

	(void)state;
	for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
		struct progress p = fetching(10, totals[i]);
		int before = 0;

		for (uint64_t octets = 0; octets <= 10000; octets += 250) {
			uint64_t mails = octets / 1000, each = totals[i] / 10;
			uint64_t part = octets % 1000 < each ? octets % 1000 : each;
			const char *line;
			int now;

			come(&p, mails, octets, mails * each + part);
			progress_sample(&p, (int64_t)octets);
			line = line_of(&p, 100, (int64_t)octets);
			now = per_cent_of(line);
			assert_in_range(now, before, mails < 10 ? 99 : 100);
			assert_null(strchr(line, '-'));
			before = now;
		}
		assert_int_equal(before, 100);
	}
}

static void progress__believes_no_count(void **state)
{
	struct progress p = fetching(3, 300);

	(void)state;
	come(&p, 7, 700, 700);
	assert_string_equal(line_of(&p, 100, 0),
		"home   \u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588"
		" 100 %   3 of 3   300 of 300 octets");
	come(&p, 2, UINT64_MAX, UINT64_MAX);
	assert_int_equal(per_cent_of(line_of(&p, 100, 0)), 99);
	/* Counts that went back are no rate below zero. */
	come(&p, 2, 100, 100);
	progress_sample(&p, 0);
	come(&p, 1, 50, 50);
	assert_null(strstr(line_of(&p, 100, 1000), "/s"));
	assert_null(strstr(line_of(&p, 100, 1000), "left"));
}

static void progress__reckons_time_by_what_is_listed_and_rate_by_what_comes(void **state)
{
	struct progress p = fetching(4, 4000);

	(void)state;
	/* Twice as large as listed: the rate is the true one, and half of it is to come. */
	progress_sample(&p, 0);
	come(&p, 2, 4096, 2000);
	assert_non_null(strstr(
		line_of(&p, 100, 2000), " 50 %   2 of 4   2.0 of 3.9 KiB   2.0 KiB/s   3 s left"));
	/* After a pause nothing is known. */
	progress_forget_rate(&p);
	progress_sample(&p, 60000);
	assert_null(strstr(line_of(&p, 100, 60100), "/s"));
}

static void progress__says_nothing_of_a_time_beyond_all_sense(void **state)
{
	struct progress p = fetching(4, INT64_MAX);

	(void)state;
	progress_sample(&p, 0);
	come(&p, 0, 100, 100);
	assert_null(strstr(line_of(&p, 100, 2000), "left"));
}

static void progress__shows_what_has_room(void **state)
{
	struct progress p = fetching(4, 4096);

	(void)state;
	progress_sample(&p, 0);
	come(&p, 2, 2048, 2048);
	for (size_t columns = 0; columns < 90; columns++)
		assert_in_range(screen_width(line_of(&p, columns, 2000)), 0, columns);
	assert_string_equal(line_of(&p, 60, 2000),
		"home   \u2588\u2588\u2588\u2588\u2588      50 %   2 of 4   2.0 of 4.0 KiB   3 s left");
	assert_string_equal(line_of(&p, 26, 2000), "home    50 %   2 of 4");
	assert_string_equal(line_of(&p, 12, 2000), "home    50 %");
	assert_string_equal(line_of(&p, 3, 2000), "hom");
}

static void progress__measures_names_in_columns(void **state)
{
	static const struct {
		const char *name, *want;
		size_t width, columns;
	} cases[] = {
		/* Two columns each. */
		{"\u81ea\u5b85", "\u81ea\u5b85   connecting \u2026", 4, 60},
		{"\u81ea\u5b85", "\u81ea\u5b85     connecting \u2026", 6, 60},
		/* Cut within a wide one: a blank is left. */
		{"\u81ea\u5b85\u81ea\u5b85\u81ea\u5b85", "\u81ea\u5b85\u81ea\u2026    connecting",
			12, 21},
		/* An accent of no width. */
		{"e\u0301cole", "e\u0301cole   connecting \u2026", 5, 60},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct progress_look look = {.name_width = cases[i].width, .utf8 = true};
		struct report what = {.type = REPORT_STEP, .u.text = "connecting"};
		struct progress p = {.active = false};
		struct buf line = {NULL, 0, 0};

		progress_take(&p, &what);
		progress_line(&line, &p, cases[i].name, &look, cases[i].columns, 0);
		buf_add_text(&line, "");
		assert_string_equal(line.data, cases[i].want);
		buf_release(&line);
	}
}

static const char *summary_of(const struct progress *all, size_t n, size_t shown, size_t columns)
{
	static char text[512];
	struct buf line = {NULL, 0, 0};

	progress_summary(&line, all, n, shown, columns, 2000);
	snprintf(text, sizeof(text), "%s", line.len ? line.data : "");
	buf_release(&line);
	return text;
}

static void progress__sums_up_many_accounts(void **state)
{
	struct report done = {.type = REPORT_DONE};
	struct progress all[50] = {{.active = false}};

	(void)state;
	assert_string_equal(summary_of(all, 50, 0, 79), "0 of 50 accounts done   50 waiting");
	for (size_t i = 0; i < 40; i++) {
		all[i] = fetching(100, 0);
		progress_sample(&all[i], 0);
		come(&all[i], 10, 2048, 0);
		if (i < 12)
			progress_take(&all[i], &done);
	}
	assert_string_equal(summary_of(all, 50, 22, 79),
		"12 of 50 accounts done   6 more at work   10 waiting   28.0 KiB/s");
	assert_string_equal(summary_of(all, 50, 0, 79),
		"12 of 50 accounts done   28 at work   10 waiting   28.0 KiB/s");
	assert_string_equal(
		summary_of(all, 50, 28, 79), "12 of 50 accounts done   10 waiting   28.0 KiB/s");
	assert_string_equal(summary_of(all, 50, 22, 41), "12 of 50 accounts done   6 more at work");
	assert_string_equal(summary_of(all, 50, 22, 10), "12 of 50 a");
	/* What has ended stays so, whatever else a worker sends. */
	come(&all[0], 11, 4096, 0);
	assert_false(all[0].active);
	assert_true(all[0].ended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(progress__comes_to_the_end_with_sizes_that_lie),
		cmocka_unit_test(progress__believes_no_count),
		cmocka_unit_test(progress__reckons_time_by_what_is_listed_and_rate_by_what_comes),
		cmocka_unit_test(progress__says_nothing_of_a_time_beyond_all_sense),
		cmocka_unit_test(progress__shows_what_has_room),
		cmocka_unit_test(progress__measures_names_in_columns),
		cmocka_unit_test(progress__sums_up_many_accounts),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
