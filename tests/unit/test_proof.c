/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proof.h"

static struct proof proof_of(enum proof_sizes sizes, const char *octets)
{
	struct proof p;

	proof_begin(&p);
	/* Octet by octet: no cut may matter. */
	for (; *octets; octets++)
		proof_add(&p, sizes, (struct span){octets, 1});
	return p;
}

static enum proof_fit fit(enum proof_sizes sizes, const char *octets, uint64_t size)
{
	struct proof p = proof_of(sizes, octets);

	return proof_fit(&p, sizes, size);
}

static void proof__fits_by_both_ways_to_count(void **state)
{
	(void)state;
	assert_int_equal(fit(PROOF_SIZES_UNKNOWN, "a\r\nb\r\n", 6), PROOF_FITS);
	assert_int_equal(fit(PROOF_SIZES_UNKNOWN, "a\r\nb\r\n", 4), PROOF_FITS);
	assert_int_equal(fit(PROOF_SIZES_UNKNOWN, "a\r\nb\r\n", 5), PROOF_LONG);
	assert_int_equal(fit(PROOF_SIZES_EXACT, "a\r\nb\r\n", 6), PROOF_FITS);
	assert_int_equal(fit(PROOF_SIZES_INEXACT, "a\r\nb\r\n", 4), PROOF_FITS);
}

static void proof__takes_a_torn_mail_for_short_however_sizes_count(void **state)
{
	(void)state;
	assert_int_equal(fit(PROOF_SIZES_UNKNOWN, "a\r\n", 6), PROOF_SHORT);
	assert_int_equal(fit(PROOF_SIZES_EXACT, "a\r\nb\r\n", 7), PROOF_SHORT);
	/* 6 octets with CRLF are more than the 5 that lie on the disk, but 4 of them are not. */
	assert_int_equal(fit(PROOF_SIZES_LF, "a\r\nb\r\n", 5), PROOF_SHORT);
	assert_int_equal(fit(PROOF_SIZES_LF, "a\r\nb\r\n", 3), PROOF_LONG);
}

static void proof__knows_no_size_but_nothing_is_too_little(void **state)
{
	(void)state;
	assert_int_equal(fit(PROOF_SIZES_UNKNOWN, "a\r\n", 0), PROOF_UNSIZED);
	assert_int_equal(fit(PROOF_SIZES_UNKNOWN, "", 0), PROOF_SHORT);
	assert_int_equal(fit(PROOF_SIZES_EXACT, "", 1), PROOF_SHORT);
}

static void proof__learns_how_a_server_counts(void **state)
{
	static const struct {
		enum proof_sizes before;
		uint64_t size;
		enum proof_sizes after;
	} rows[] = {
		{PROOF_SIZES_UNKNOWN, 6, PROOF_SIZES_EXACT},
		{PROOF_SIZES_UNKNOWN, 4, PROOF_SIZES_LF},
		{PROOF_SIZES_UNKNOWN, 0, PROOF_SIZES_UNKNOWN},
		{PROOF_SIZES_UNKNOWN, 9, PROOF_SIZES_INEXACT},
		{PROOF_SIZES_LF, 5, PROOF_SIZES_INEXACT},
		{PROOF_SIZES_LF, 4, PROOF_SIZES_LF},
		{PROOF_SIZES_INEXACT, 6, PROOF_SIZES_INEXACT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct proof p = proof_of(rows[i].before, "a\r\nb\r\n");

		assert_int_equal(proof_learn(&p, rows[i].before, rows[i].size), rows[i].after);
	}
}

static void proof__sees_a_mail_that_begins_like_a_reply(void **state)
{
	static const struct {
		const char *octets;
		bool is;
	} rows[] = {{"+OK 449 octets\r\n", true}, {"-ERR no\r\n", true}, {"+OK", true}, {"-ER", false},
		{"+O", false}, {"", false}, {" +OK", false}, {"From: a\r\n", false}, {"+ok\r\n", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct proof p = proof_of(PROOF_SIZES_EXACT, rows[i].octets);

		assert_int_equal(proof_begins_like_reply(&p), rows[i].is);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proof__fits_by_both_ways_to_count),
		cmocka_unit_test(proof__takes_a_torn_mail_for_short_however_sizes_count),
		cmocka_unit_test(proof__knows_no_size_but_nothing_is_too_little),
		cmocka_unit_test(proof__learns_how_a_server_counts),
		cmocka_unit_test(proof__sees_a_mail_that_begins_like_a_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
