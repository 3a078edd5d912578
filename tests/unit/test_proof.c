/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fetch/proof.h"

static struct proof proof_of(enum proof_sizes sizes, const char *octets)
{
	struct proof p;

	proof_begin(&p);
	/* Octet by octet: no cut may matter. */
	for (; *octets; octets++)
		proof_add(&p, sizes, (struct span){octets, 1});
	return p;
}

enum { UNSAID = -1 };

static enum proof_fit fit(enum proof_sizes sizes, const char *octets, int64_t size)
{
	struct proof p = proof_of(sizes, octets);

	return proof_fit(&p, sizes, size != UNSAID, size == UNSAID ? 0 : (uint64_t)size);
}

static void proof__fits_by_the_way_its_server_counts(void **state)
{
	(void)state;
	assert_int_equal(fit(PROOF_SIZES_EXACT, "a\r\nb\r\n", 6), PROOF_FITS);
	assert_int_equal(fit(PROOF_SIZES_LF, "a\r\nb\r\n", 4), PROOF_FITS);
	assert_int_equal(fit(PROOF_SIZES_INEXACT, "a\r\nb\r\n", 6), PROOF_FITS);
	/* A torn mail that has been given the right number of short lines. */
	assert_int_equal(fit(PROOF_SIZES_LF, "a\r\nb\r\n", 6), PROOF_SHORT);
	assert_int_equal(fit(PROOF_SIZES_EXACT, "a\r\nb\r\n", 4), PROOF_LONG);
	/* Both are possible as long as nothing is known, and a mail without lines is as good as
	 * none. */
	assert_int_equal(fit(PROOF_SIZES_UNKNOWN, "a\r\nb\r\n", 6), PROOF_OPEN);
	assert_int_equal(fit(PROOF_SIZES_UNKNOWN, "a\r\nb\r\n", 4), PROOF_OPEN);
	assert_int_equal(fit(PROOF_SIZES_UNKNOWN, "a\r\nb\r\n", 5), PROOF_LONG);
	assert_int_equal(fit(PROOF_SIZES_UNKNOWN, "ab", 2), PROOF_FITS);
	assert_int_equal(fit(PROOF_SIZES_UNKNOWN, "", 0), PROOF_FITS);
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
	assert_int_equal(fit(PROOF_SIZES_UNKNOWN, "a\r\n", UNSAID), PROOF_OPEN);
	assert_int_equal(fit(PROOF_SIZES_EXACT, "a\r\n", UNSAID), PROOF_OPEN);
	assert_int_equal(fit(PROOF_SIZES_UNKNOWN, "", UNSAID), PROOF_SHORT);
	assert_int_equal(fit(PROOF_SIZES_EXACT, "", 1), PROOF_SHORT);
}

static void proof__learns_how_a_server_counts(void **state)
{
	static const struct {
		enum proof_sizes before;
		const char *octets;
		int64_t size;
		enum proof_sizes after;
	} rows[] = {
		{PROOF_SIZES_UNKNOWN, "a\r\nb\r\n", 6, PROOF_SIZES_EXACT},
		{PROOF_SIZES_UNKNOWN, "a\r\nb\r\n", 4, PROOF_SIZES_LF},
		{PROOF_SIZES_UNKNOWN, "a\r\nb\r\n", UNSAID, PROOF_SIZES_UNKNOWN},
		{PROOF_SIZES_UNKNOWN, "a\r\nb\r\n", 9, PROOF_SIZES_INEXACT},
		{PROOF_SIZES_UNKNOWN, "", 0, PROOF_SIZES_UNKNOWN},
		{PROOF_SIZES_EXACT, "", 0, PROOF_SIZES_EXACT},
		{PROOF_SIZES_EXACT, "a\r\nb\r\n", 4, PROOF_SIZES_INEXACT},
		{PROOF_SIZES_LF, "a\r\nb\r\n", 5, PROOF_SIZES_INEXACT},
		{PROOF_SIZES_LF, "a\r\nb\r\n", 4, PROOF_SIZES_LF},
		{PROOF_SIZES_INEXACT, "a\r\nb\r\n", 6, PROOF_SIZES_INEXACT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct proof p = proof_of(rows[i].before, rows[i].octets);
		bool sized = rows[i].size != UNSAID;

		assert_int_equal(
			proof_learn(&p, rows[i].before, sized, sized ? (uint64_t)rows[i].size : 0),
			rows[i].after);
	}
}

static void proof__sees_a_mail_that_begins_like_a_reply(void **state)
{
	static const struct {
		const char *octets;
		bool is;
	} rows[] = {{"+OK 449 octets\r\n", true}, {"-ERR no\r\n", true}, {"+OK", true},
		{"-ER", false}, {"+O", false}, {"", false}, {" +OK", false}, {"From: a\r\n", false},
		{"+ok\r\n", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct proof p = proof_of(PROOF_SIZES_EXACT, rows[i].octets);

		assert_int_equal(proof_begins_like_reply(&p), rows[i].is);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proof__fits_by_the_way_its_server_counts),
		cmocka_unit_test(proof__takes_a_torn_mail_for_short_however_sizes_count),
		cmocka_unit_test(proof__knows_no_size_but_nothing_is_too_little),
		cmocka_unit_test(proof__learns_how_a_server_counts),
		cmocka_unit_test(proof__sees_a_mail_that_begins_like_a_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
