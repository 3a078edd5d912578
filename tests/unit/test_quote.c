/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every case goes through whole, octet by octet, and cut in two at every place; the result must be
 * the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "local/digest.h"
#include "local/quote.h"

/* Feeds a copy that ends where its memory ends, with little room at a time. */
static void feed(struct quote *q, const char *data, size_t len, size_t room, struct buf *out)
{
	char *copy = malloc(len ? len : 1), *to = malloc(room);
	struct span in = {copy, len};

	memcpy(copy, data, len);
	while (in.len) {
		size_t before = in.len, n = quote_feed(q, &in, to, room);

		assert_true(n <= room);
		assert_true(n > 0 || in.len < before);
		buf_add(out, to, n);
	}
	free(copy);
	free(to);
}

static void finish(struct quote *q, struct buf *out)
{
	char last[QUOTE_ROOM_MIN];

	buf_add(out, last, quote_end(q, last));
}

static void check(
	enum quote_form form, const char *in, size_t in_len, const char *want, size_t want_len)
{
	struct buf out = {NULL, 0, 0};
	struct quote q;

	for (size_t room = QUOTE_ROOM_MIN; room < 40; room += 5) {
		for (size_t cut = 0; cut <= in_len; cut++) {
			buf_clear(&out);
			quote_init(&q, form);
			feed(&q, in, cut, room, &out);
			feed(&q, in + cut, in_len - cut, room, &out);
			finish(&q, &out);
			assert_int_equal(out.len, want_len);
			assert_memory_equal(out.data, want, want_len);
		}
		buf_clear(&out);
		quote_init(&q, form);
		for (size_t i = 0; i < in_len; i++)
			feed(&q, in + i, 1, room, &out);
		finish(&q, &out);
		assert_int_equal(out.len, want_len);
		if (want_len)
			assert_memory_equal(out.data, want, want_len);
	}
	buf_release(&out);
}

struct sample {
	const char *in, *lf, *mboxrd;
};
static const struct sample samples[] = {
	{"", "", "\n"},
	{"a\r\n", "a\n", "a\n\n"},
	{"a", "a", "a\n\n"},
	{"\r\n", "\n", "\n\n"},
	{"a\r\n\r\nb\r\n", "a\n\nb\n", "a\n\nb\n\n"},
	{"a\rb\r\r\nc\n\r\n", "a\rb\r\nc\n\n", "a\rb\r\nc\n\n\n"},
	{"a\r", "a\r", "a\r\n\n"},
	{"\r", "\r", "\r\n\n"},
	{"\r\r\r", "\r\r\r", "\r\r\r\n\n"},
	{"\n\n", "\n\n", "\n\n\n"},
	{"From x\r\n", "From x\n", ">From x\n\n"},
	{"From\r\nFrom ", "From\nFrom ", "From\n>From \n\n"},
	{"Fro\r\nF", "Fro\nF", "Fro\nF\n\n"},
	{">From x\r\n>>From \r\n", ">From x\n>>From \n", ">>From x\n>>>From \n\n"},
	{">F>From x\r\n From x\r\n", ">F>From x\n From x\n", ">F>From x\n From x\n\n"},
	{"FFrom x\r\nfrom x\r\nFrom\tx\r\n", "FFrom x\nfrom x\nFrom\tx\n",
		"FFrom x\nfrom x\nFrom\tx\n\n"},
	{"a\nFrom x\n", "a\nFrom x\n", "a\n>From x\n\n"},
	{"a\rFrom x\r\n", "a\rFrom x\n", "a\rFrom x\n\n"},
	{">", ">", ">\n\n"},
	{">>>", ">>>", ">>>\n\n"},
	{"Fr\rom x\r\n", "Fr\rom x\n", "Fr\rom x\n\n"},
	{">\r\n\r\nFrom ", ">\n\nFrom ", ">\n\n>From \n\n"},
};

static void quote__turns_crlf_into_lf_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		check(QUOTE_LF, samples[i].in, strlen(samples[i].in), samples[i].lf,
			strlen(samples[i].lf));
}

static void quote__quotes_from_lines_and_parts_mails(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		check(QUOTE_MBOXRD, samples[i].in, strlen(samples[i].in), samples[i].mboxrd,
			strlen(samples[i].mboxrd));
}

static void quote__lets_any_octet_pass(void **state)
{
	char in[256 + 2], want[256 + 1];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 256; i++)
		in[i] = want[n++] = (char)i;
	memcpy(in + 256, "\r\n", 2);
	want[n] = '\n';
	check(QUOTE_LF, in, sizeof(in), want, sizeof(want));
}

/* The other way: one '>' off each line that has it before From. */
static void undo(const struct buf *in, struct buf *out)
{
	size_t at = 0;

	/* The empty line at the end parts mails; it is no part of one. */
	while (at + 1 < in->len) {
		const char *line = in->data + at, *lf = memchr(line, '\n', in->len - at);
		size_t len = (size_t)(lf - line) + 1, marks = 0;

		while (line[marks] == '>')
			marks++;
		if (marks && len - marks >= 5 && memcmp(line + marks, "From ", 5) == 0)
			buf_add(out, line + 1, len - 1);
		else
			buf_add(out, line, len);
		at += len;
	}
}

static void quote__mboxrd_can_be_undone(void **state)
{
	static const char pieces[][8] = {">", "From ", "From", "\n", "\r\n", "\r", "x", "F", " "};
	uint32_t random = 4711;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct buf mail = {NULL, 0, 0}, plain = {NULL, 0, 0}, quoted = {NULL, 0, 0},
			   back = {NULL, 0, 0};
		struct quote q;

		for (int i = 0; i < 30; i++) {
			random = random * 1664525 + 1013904223;
			buf_add_text(&mail, pieces[(random >> 16) % 9]);
		}
		buf_add_text(&mail, "\r\n");
		quote_init(&q, QUOTE_LF);
		feed(&q, mail.data, mail.len, 64, &plain);
		finish(&q, &plain);
		quote_init(&q, QUOTE_MBOXRD);
		feed(&q, mail.data, mail.len, 64, &quoted);
		finish(&q, &quoted);
		undo(&quoted, &back);
		assert_int_equal(back.len, plain.len);
		assert_memory_equal(back.data, plain.data, plain.len);
		/* No line of the mail can be taken for the next mail's beginning. */
		assert_true(strncmp(quoted.data, "From ", 5) != 0);
		assert_null(strstr(quoted.data, "\nFrom "));
		buf_release(&mail);
		buf_release(&plain);
		buf_release(&quoted);
		buf_release(&back);
	}
}

static void digest__is_the_same_at_any_cut_and_tells_changes(void **state)
{
	unsigned char data[100];
	char whole[DIGEST_TEXT], other[DIGEST_TEXT];
	struct digest d;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7);
	for (size_t len = 0; len <= sizeof(data); len++) {
		digest_init(&d);
		digest_add(&d, data, len);
		digest_text(&d, whole);
		for (size_t cut = 0; cut <= len; cut++) {
			digest_init(&d);
			digest_add(&d, data, cut);
			digest_add(&d, data + cut, len - cut);
			digest_text(&d, other);
			assert_string_equal(whole, other);
		}
		for (size_t i = 0; i < len; i++) {
			data[i] ^= 1;
			digest_init(&d);
			digest_add(&d, data, len);
			digest_text(&d, other);
			assert_string_not_equal(whole, other);
			data[i] ^= 1;
		}
	}
	/* Zeros of different number differ. */
	memset(data, 0, sizeof(data));
	digest_init(&d);
	digest_add(&d, data, 16);
	digest_text(&d, whole);
	digest_add(&d, data, 1);
	digest_text(&d, other);
	assert_string_not_equal(whole, other);
	assert_int_equal(strlen(whole), DIGEST_TEXT - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quote__turns_crlf_into_lf_and_nothing_else),
		cmocka_unit_test(quote__quotes_from_lines_and_parts_mails),
		cmocka_unit_test(quote__lets_any_octet_pass),
		cmocka_unit_test(quote__mboxrd_can_be_undone),
		cmocka_unit_test(digest__is_the_same_at_any_cut_and_tells_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
