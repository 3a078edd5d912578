/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A mail's fingerprint: what it depends on, and what it must not depend on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "local/fingerprint.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char plain[] =
	"Received: from a\n\tby b; Mon, 2 Nov 2026 10:11:12 +0000\n"
	"From: Anna <anna@example.org>\nTo: bob@example.org\nSubject: two  words\n"
	"Date: Mon, 02 Nov 2026 10:11:12 +0000\nMessage-ID: <1@example.org>\n\n"
	"Subject: not this one\nbody\n";

/* A copy that ends where its memory ends: reads past it are seen. */
static uint64_t print_of(struct span mail, size_t cut)
{
	char *copy = malloc(mail.len ? mail.len : 1);
	struct fingerprint f;

	memcpy(copy, mail.data, mail.len);
	fingerprint_init(&f);
	if (cut > mail.len) {
		for (size_t i = 0; i < mail.len; i++)
			fingerprint_add(&f, (struct span){copy + i, 1});
	} else {
		fingerprint_add(&f, (struct span){copy, cut});
		fingerprint_add(&f, (struct span){copy + cut, mail.len - cut});
	}
	free(copy);
	return fingerprint_value(&f);
}

static uint64_t print(const char *mail)
{
	return print_of(span_of(mail), 0);
}

static char *with_crlf(const char *text)
{
	char *out = malloc(2 * strlen(text) + 1), *p = out;

	for (; *text; text++) {
		if (*text == '\n')
			*p++ = '\r';
		*p++ = *text;
	}
	*p = '\0';
	return out;
}

static void fingerprint__is_the_same_at_every_cut_and_with_both_line_ends(void **state)
{
	char *crlf = with_crlf(plain);
	uint64_t want = print(plain);

	(void)state;
	assert_true(want);
	for (size_t cut = 0; cut <= strlen(plain) + 1; cut++)
		assert_true(print_of(span_of(plain), cut) == want);
	for (size_t cut = 0; cut <= strlen(crlf) + 1; cut++)
		assert_true(print_of(span_of(crlf), cut) == want);
	free(crlf);
}

/* It is stored: a change of it would make all known mail new after a move. */
static void fingerprint__never_changes(void **state)
{
	(void)state;
	assert_true(print(plain) == UINT64_C(0x8d28452cdbd76d8e));
}

static void fingerprint__does_not_look_at_what_servers_change(void **state)
{
	static const char *const same[] = {
		/* Nothing behind the header, as TOP may send it. */
		"From: Anna <anna@example.org>\nSubject: two  words\n"
		"Date: Mon, 02 Nov 2026 10:11:12 +0000\nMessage-ID: <1@example.org>\n\n",
		"From: Anna <anna@example.org>\nSubject: two  words\n"
		"Date: Mon, 02 Nov 2026 10:11:12 +0000\nMessage-ID: <1@example.org>\n",
		"From: Anna <anna@example.org>\nSubject: two  words\n"
		"Date: Mon, 02 Nov 2026 10:11:12 +0000\nMessage-ID: <1@example.org>",
		/* Another order, folds, case of names, blanks. */
		"MESSAGE-ID:<1@example.org>\ndate : Mon, 02 Nov 2026\n 10:11:12 +0000 \n"
		"Subject:\n\t two\n words\nfrom:\tAnna <anna@example.org>\nX-Seen: yes\n\n",
		/* Only the first of each. */
		"From: Anna <anna@example.org>\nSubject: two words\nSubject: three\n"
		"Date: Mon, 02 Nov 2026 10:11:12 +0000\nDate: today\n"
		"Message-ID: <1@example.org>\nMessage-ID: <2@example.org>\nFrom: b\n\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++)
		for (size_t cut = 0; cut <= strlen(same[i]) + 1; cut++)
			if (print_of(span_of(same[i]), cut) != print(plain))
				fail_msg("%zu at %zu", i, cut);
}

static void fingerprint__tells_mails_apart(void **state)
{
	static const char *const mails[] = {
		plain,
		"Message-ID: <1@example.org>\n\n",
		"Message-ID: <2@example.org>\n\n",
		"Message-ID: <1@example.org>\nSubject: a\n\n",
		"Message-ID: <1@example.org>\nFrom: a\n\n",
		"Message-ID: <1@example.org>\nSubject: a b\n\n",
		"Message-ID: <1@example.org>\nSubject: A b\n\n",
		"Message-ID: <1@example.org>\nSubject: ab\n\n",
		"Date: <1@example.org>\n\n",
		"Date: Mon, 02 Nov 2026 10:11:12 +0000\nFrom: a\nSubject: b\n\n",
		"Date: Mon, 02 Nov 2026 10:11:12 +0000\nFrom: b\nSubject: a\n\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(mails); i++)
		for (size_t j = 0; j < i; j++)
			if (print(mails[i]) == print(mails[j]))
				fail_msg("%zu and %zu are the same", i, j);
}

static void fingerprint__is_none_without_message_id_and_date(void **state)
{
	static const char *const mails[] = {
		"",
		"\n",
		"From: a\nSubject: b\n\n",
		"From: a\nSubject: b\n\nMessage-ID: <1@example.org>\n",
		"Message-ID:\nDate: \n \nFrom: a\n\n",
		"Message-ID\n\n",
		" Message-ID: <1@example.org>\n\n",
		"X-Message-ID: <1@example.org>\n\n",
		"Message-ID-and-more-of-it: <1@example.org>\n\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(mails); i++)
		if (print(mails[i]))
			fail_msg("%zu has one", i);
}

static void fingerprint__takes_octets_of_every_kind(void **state)
{
	static const char odd[] = "Message-ID: a\0b\rc\xff\nSubject: \r x\n\r\nDate: later\n";
	static const char other[] = "Message-ID: a\0c\rc\xff\nSubject: \r x\n\r\nDate: later\n";
	uint64_t want = print_of((struct span){odd, sizeof(odd) - 1}, 0);

	(void)state;
	for (size_t cut = 0; cut <= sizeof(odd); cut++)
		assert_true(print_of((struct span){odd, sizeof(odd) - 1}, cut) == want);
	assert_true(print_of((struct span){other, sizeof(other) - 1}, 0) != want);
}

static void fingerprint__takes_values_of_any_length(void **state)
{
	struct fingerprint f;
	char *words = malloc(10000);
	uint64_t values[2];

	(void)state;
	memset(words, 'w', 10000);
	for (int i = 0; i < 2; i++) {
		fingerprint_init(&f);
		fingerprint_add(&f, span_of("Message-ID: "));
		for (int j = 0; j < 1000; j++)
			fingerprint_add(&f, (struct span){words, 10000});
		fingerprint_add(&f, span_of(i ? "x\n\n" : "y\n\n"));
		values[i] = fingerprint_value(&f);
	}
	assert_true(values[0] != values[1]);
	free(words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fingerprint__is_the_same_at_every_cut_and_with_both_line_ends),
		cmocka_unit_test(fingerprint__never_changes),
		cmocka_unit_test(fingerprint__does_not_look_at_what_servers_change),
		cmocka_unit_test(fingerprint__tells_mails_apart),
		cmocka_unit_test(fingerprint__is_none_without_message_id_and_date),
		cmocka_unit_test(fingerprint__takes_octets_of_every_kind),
		cmocka_unit_test(fingerprint__takes_values_of_any_length),
	};

	return cmocka_run_group_tests_name("fingerprint", tests, NULL, NULL);
}
