/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which vanished mail is which new one. Mails are written as words: a letter for the print ("-":
 * none, "?": its header could not be had) and a number for the size (0: not known); the result as a
 * digit for each new mail: the place of its vanished one, or ".".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fetch/adopt.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { MAILS_MAX = 16 };

static size_t mails_of(const char *text, struct adopt_mail *out)
{
	size_t n = 0;
	char *end;

	while (*text) {
		char print = *text++;

		assert_true(n < MAILS_MAX);
		out[n++] = (struct adopt_mail){
			.print = print == '-' || print == '?' ? 0 : (uint64_t)print,
			.blind = print == '?',
			.size = strtoul(text, &end, 10)};
		text = end + strspn(end, " ");
	}
	return n;
}

static void adopt__pairs_what_is_the_same(void **state)
{
	static const struct {
		const char *claim, *gone, *fresh;
		const char *strict; /* not all headers were asked for */
		const char *want;
	} cases[] = {
		{"nothing", "", "", "", ""},
		{"nothing new", "a1 b2", "", "", ""},
		{"nothing gone", "", "a1 b2", "..", ".."},
		{"all of them, in another order", "a1 b2 c3", "c3 a1 b2", "201", "201"},
		{"only what is the same", "a1 b2 c3", "d4 b2 e1", ".1.", ".1."},
		{"no print is no reason", "-1 -2 -3", "-1 -2 ?3", "...", "..."},
		{"another size is another mail", "a1 b2 c3", "a1 b2 c4", "01.", "01."},
		{"twins by their number, in order", "a1 a1 b2", "a1 b2 a1 a1", "021.", "021."},
		{"twins by their size", "a1 a2 b9", "a2 a1 b9", "102", "102"},
		{"twins of two sizes, one of them new", "a1 b2 c3", "a7 a1 b2 c3", ".012", ".012"},
		{"fewer twins than rows", "a1 a1 a1", "a1", "0", "0"},
		{"sizes counted otherwise", "a1 b2 c3 d4", "a11 b12 c13 d14", "....", "0123"},
		{"sizes counted otherwise, some alike by accident", "a1 b2 c3 d4", "a11 b12 c13 d4",
			"...3", "0123"},
		{"sizes counted otherwise, but not twins", "a1 b2 c3 d4 d4", "a11 b12 c13 d14 d14",
			".....", "012.."},
		{"two mails for one row, sizes counted otherwise", "a1 b2 c3 d4",
			"a11 b12 c13 d14 d15", ".....", "012.."},
		{"one mail for two rows, sizes counted otherwise", "a1 b2 c3 d4 d5",
			"a11 b12 c13 d14", "....", "012."},
		{"too few to be sure that sizes are counted otherwise", "a1 b2", "a11 b12", "..",
			".."},
		{"most sizes are the same", "a1 b2 c3 d4 e5 f6 g7", "a1 b2 c3 d4 e15 f16 g17",
			"0123...", "0123..."},
		{"most of what is new is new", "a1 b2 c3 d4", "a11 b12 c13 x4 y5 z6 u7", ".......",
			"......."},
		{"sizes that are not known here", "a0 b0", "a1 b2", "..", "01"},
		{"sizes that are not known there", "a1 b2", "a0 b0", "..", "01"},
		{"sizes not known of twins", "a0 a0 b0", "a1 a2 b3", "...", "..2"},
		{"a forged header beside the mail itself", "a1 b2 c3", "a9 a1 b2 c3", ".012",
			".012"},
		{"forged headers only", "a1 b2 c3", "a9 a8 a7 b9 b8 c9 c8 c7", "........",
			"........"},
	};
	struct adopt_mail gone[MAILS_MAX], fresh[MAILS_MAX];
	size_t became[MAILS_MAX];

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		const char *want = i % 2 ? cases[i / 2].want : cases[i / 2].strict;
		size_t gone_n = mails_of(cases[i / 2].gone, gone), pairs = 0;
		size_t fresh_n = mails_of(cases[i / 2].fresh, fresh);
		size_t said = adopt_match(gone, gone_n, fresh, fresh_n, i % 2, became);

		assert_int_equal(fresh_n, strlen(want));
		for (size_t j = 0; j < fresh_n; j++) {
			size_t place = want[j] == '.' ? 0 : (size_t)(want[j] - '0') + 1;

			pairs += place != 0;
			if (became[j] != place)
				fail_msg("%s%s: new mail %zu is %zu, not %zu", cases[i / 2].claim,
					i % 2 ? "" : " (strict)", j, became[j], place);
		}
		assert_int_equal(said, pairs);
	}
}

static void adopt__asks_for_headers_by_size(void **state)
{
	static const struct {
		const char *gone, *fresh, *want;
	} cases[] = {
		{"a1 b2 c3", "-3 -1 -4", "yyn"},
		{"a1 -2", "-2 -1", "ny"},
		{"a0 b2", "-1 -2 -3", "yyy"},
		{"a1", "-0 -1 -2", "yyn"},
		{"-1 -2", "-1", "n"},
		{"", "-1", "n"},
	};
	struct adopt_mail gone[MAILS_MAX], fresh[MAILS_MAX];
	bool ask[MAILS_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t gone_n = mails_of(cases[i].gone, gone), want = 0;
		size_t fresh_n = mails_of(cases[i].fresh, fresh);
		size_t n = adopt_candidates(gone, gone_n, fresh, fresh_n, ask);

		for (size_t j = 0; j < fresh_n; j++) {
			want += cases[i].want[j] == 'y';
			if (ask[j] != (cases[i].want[j] == 'y'))
				fail_msg("%zu: %zu", i, j);
		}
		assert_int_equal(n, want);
	}
}

static void adopt__counts_what_cannot_be_told(void **state)
{
	static const struct {
		const char *gone, *fresh;
		size_t want;
	} cases[] = {
		{"a1 b2 c3", "a1 b2 c3", 0},
		{"a1 b2 c3", "x1 y2 z3", 0}, /* other mail, it is known */
		{"-0 -0 -0", "x1 y2 z3", 3}, /* marked as seen */
		{"-0 -0", "x1 y2 z3", 2},    /* more is new than is gone */
		{"-0 -0 -0", "-1", 1},
		{"a1 b2 c3", "?1 ?2 ?3 ?4", 3}, /* no TOP */
		{"a1 -0", "?1 ?2 x3", 2},
		{"a1 -0 c3", "a1 ?2 x3 y4", 2},
		{"-0", "x1 ?2", 1},
		{"", "?1 x2", 0},
	};
	struct adopt_mail gone[MAILS_MAX], fresh[MAILS_MAX];
	size_t became[MAILS_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t gone_n = mails_of(cases[i].gone, gone);
		size_t fresh_n = mails_of(cases[i].fresh, fresh), n;

		adopt_match(gone, gone_n, fresh, fresh_n, true, became);
		n = adopt_unsure(gone, gone_n, fresh, fresh_n, became);
		if (n != cases[i].want)
			fail_msg("%zu: %zu, not %zu", i, n, cases[i].want);
	}
}

/* Whatever a server says, no row is given twice, and a mailbox full of one header is no work. */
static void adopt__gives_no_row_twice_and_is_quick(void **state)
{
	enum { N = 200 * 1000 };
	struct adopt_mail *gone = calloc(N, sizeof(*gone)), *fresh = calloc(N, sizeof(*fresh));
	size_t *became = calloc(N, sizeof(*became));
	bool *taken = calloc(N, sizeof(*taken));
	int64_t start = clock_ms();

	(void)state;
	for (uint64_t prints = 1; prints <= N; prints *= 10) {
		size_t pairs, counted = 0;

		for (uint64_t i = 0; i < N; i++) {
			gone[i] = (struct adopt_mail){
				.print = i % prints + 1, .size = i % (prints + 3)};
			fresh[i] = (struct adopt_mail){
				.print = i * 7 % prints + 1, .size = i % (prints + 5)};
			taken[i] = false;
		}
		pairs = adopt_match(gone, N, fresh, N, true, became);
		for (size_t i = 0; i < N; i++)
			if (became[i]) {
				assert_false(taken[became[i] - 1]);
				taken[became[i] - 1] = true;
				assert_true(gone[became[i] - 1].print == fresh[i].print);
				counted++;
			}
		assert_int_equal(pairs, counted);
	}
	assert_true(clock_ms() - start < 20000);
	free(gone);
	free(fresh);
	free(became);
	free(taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adopt__pairs_what_is_the_same),
		cmocka_unit_test(adopt__asks_for_headers_by_size),
		cmocka_unit_test(adopt__counts_what_cannot_be_told),
		cmocka_unit_test(adopt__gives_no_row_twice_and_is_quick),
	};

	return cmocka_run_group_tests_name("adopt", tests, NULL, NULL);
}
