/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Dot removal against a reference that is as plain as RFC 1939 s.3 reads: it sees the whole input
 * at once and goes octet by octet. Every input is given whole, octet by octet, at every single cut,
 * and in random pieces; each piece lies in a block of exactly its size. The alphabet is the four
 * octets that matter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pop3/wire.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct mail {
	char octets[300];
	size_t len;
	bool ended;
	size_t used; /* of the input, when ended */
};

/* How many octets the end of line at in[i] has; 0 when there is none. */
static size_t line_end_at(const char *in, size_t len, size_t i, bool bare_lf)
{
	if (i + 1 < len && in[i] == '\r' && in[i + 1] == '\n')
		return 2;
	return bare_lf && i < len && in[i] == '\n' ? 1 : 0;
}

static void read_plainly(const char *in, size_t len, bool bare_lf, struct mail *mail)
{
	bool at_start = true;
	size_t i = 0;

	memset(mail, 0, sizeof(*mail));
	while (i < len) {
		if (at_start && in[i] == '.') {
			size_t end = line_end_at(in, len, i + 1, bare_lf);

			if (end) {
				mail->ended = true;
				mail->used = i + 1 + end;
				return;
			}
			/* What the dot was for is told by octets that have not come. */
			if (i + 1 == len || (i + 2 == len && in[i + 1] == '\r'))
				return;
			i++;
			at_start = false;
			continue;
		}
		mail->octets[mail->len++] = in[i];
		at_start = in[i] == '\n' && (bare_lf || (i > 0 && in[i - 1] == '\r'));
		i++;
	}
}

/* Feeds one piece; false once the mail has ended. */
static bool feed(struct wire_body *b, const char *data, size_t len, struct mail *mail)
{
	char *exact = malloc(len ? len : 1);
	struct span in = {exact, len}, out = {NULL, 0};
	enum wire_result result;

	assert_non_null(exact);
	memcpy(exact, data, len);
	while ((result = wire_body_next(b, &in, &out)) == WIRE_SPAN) {
		assert_true(out.len > 0);
		assert_true(mail->len + out.len <= sizeof(mail->octets));
		memcpy(mail->octets + mail->len, out.data, out.len);
		mail->len += out.len;
	}
	assert_true(in.data + in.len == exact + len);
	mail->used += len - in.len;
	mail->ended = result == WIRE_END;
	if (!mail->ended)
		assert_int_equal(in.len, 0);
	free(exact);
	return !mail->ended;
}

static void check(const struct mail *got, const struct mail *want, const char *in, size_t len,
	const char *how)
{
	if (got->len == want->len && memcmp(got->octets, want->octets, got->len) == 0 &&
		got->ended == want->ended && (!want->ended || got->used == want->used))
		return;
	print_error("%s, input of %zu octets:", how, len);
	for (size_t i = 0; i < len; i++)
		print_error(" %02x", (unsigned char)in[i]);
	fail_msg(": %zu octets and %s where %zu and %s were due", got->len,
		got->ended ? "the end" : "no end", want->len, want->ended ? "the end" : "no end");
}

static uint32_t dice_state = 20261124;

static uint32_t dice(uint32_t sides)
{
	dice_state = dice_state * 1664525u + 1013904223u;
	return (dice_state >> 8) % sides;
}

static void feed_in_random_pieces(
	struct wire_body *b, const char *in, size_t len, struct mail *mail)
{
	for (size_t done = 0, n; done < len; done += n) {
		n = 1 + dice(7);
		if (n > len - done)
			n = len - done;
		if (!feed(b, in + done, n, mail))
			return;
	}
}

static void check_all_ways(const char *in, size_t len, bool bare_lf)
{
	struct wire_body b;
	struct mail want, got;

	read_plainly(in, len, bare_lf, &want);
	for (size_t cut = 0; cut <= len; cut++) {
		memset(&got, 0, sizeof(got));
		wire_body_init(&b, bare_lf);
		if (feed(&b, in, cut, &got))
			feed(&b, in + cut, len - cut, &got);
		check(&got, &want, in, len, "cut in two");
	}
	memset(&got, 0, sizeof(got));
	wire_body_init(&b, bare_lf);
	for (size_t i = 0; i < len && feed(&b, in + i, 1, &got); i++)
		;
	check(&got, &want, in, len, "octet by octet");
	memset(&got, 0, sizeof(got));
	wire_body_init(&b, bare_lf);
	feed_in_random_pieces(&b, in, len, &got);
	check(&got, &want, in, len, "random pieces");
}

static void wire__reads_what_is_written_here(void **state)
{
	static const struct {
		const char *in;
		const char *mail;
		bool bare_lf, ended;
	} table[] = {
		{".\r\n", "", false, true},
		{"a\r\n.\r\n", "a\r\n", false, true},
		{"..\r\n.\r\n", ".\r\n", false, true},
		{"..a\r\n...b\r\n.\r\n", ".a\r\n..b\r\n", false, true},
		{".a\r\n.\r\n", "a\r\n", false, true},
		{"a.\r\n.b\r\n.\r\n", "a.\r\nb\r\n", false, true},
		{"a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", false, true},
		{"a\r.\r\n.\r\n", "a\r.\r\n", false, true},
		{"a\r\n.\n.\r\n", "a\r\n\n.\r\n", false, false},
		{"a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", false, true},
		{"a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", false, true},
		{"\r\n\r\n.\r\n", "\r\n\r\n", false, true},
		{"a\r\n.", "a\r\n", false, false},
		{"a\r\n.\r", "a\r\n", false, false},
		{"a\r\n", "a\r\n", false, false},
		{"", "", false, false},
		{".\n", "", true, true},
		{"a\n.\n", "a\n", true, true},
		{"a\n..b\n.\n", "a\n.b\n", true, true},
		{"a\r\n.\r\n", "a\r\n", true, true},
		{"a\n.\r\n", "a\n", true, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct mail mail = {.len = 0};
		struct wire_body b;

		wire_body_init(&b, table[i].bare_lf);
		feed(&b, table[i].in, strlen(table[i].in), &mail);
		if (mail.ended != table[i].ended ||
			!span_is((struct span){mail.octets, mail.len}, table[i].mail))
			fail_msg("case %zu", i);
		check_all_ways(table[i].in, strlen(table[i].in), table[i].bare_lf);
	}
}

static void wire__leaves_what_is_behind_the_end(void **state)
{
	static const char in[] = "a\r\n.\r\n+OK next\r\n";
	struct span rest = {in, sizeof(in) - 1}, out;
	struct wire_body b;

	(void)state;
	wire_body_init(&b, false);
	assert_int_equal(wire_body_next(&b, &rest, &out), WIRE_SPAN);
	assert_int_equal(wire_body_next(&b, &rest, &out), WIRE_END);
	assert_true(span_is(rest, "+OK next\r\n"));
	check_all_ways(in, sizeof(in) - 1, false);
}

static void wire__agrees_on_every_short_input(void **state)
{
	static const char alphabet[] = {'.', '\r', '\n', 'a'};

	(void)state;
	for (size_t len = 0; len <= 6; len++) {
		size_t inputs = (size_t)1 << (2 * len);

		for (size_t n = 0; n < inputs; n++) {
			char in[6];

			for (size_t i = 0; i < len; i++)
				in[i] = alphabet[n >> (2 * i) & 3];
			check_all_ways(in, len, n & 1);
			check_all_ways(in, len, !(n & 1));
		}
	}
}

static void wire__agrees_on_random_inputs(void **state)
{
	static const char *const pieces[] = {".", "..", "\r\n", "\r\n", "\r\n.", "\r\n..", "\n",
		"\r", "\n.", "a", "text", "\r\n.\r", "\0", "\xff"};

	(void)state;
	for (int round = 0; round < 1500; round++) {
		char in[120];
		size_t len = 0;

		for (uint32_t n = dice(25); n; n--) {
			uint32_t which = dice(COUNT(pieces));
			size_t size = which == 12 ? 1 : strlen(pieces[which]);

			memcpy(in + len, pieces[which], size);
			len += size;
		}
		check_all_ways(in, len, round % 2);
	}
}

static void wire__hands_out_long_text_in_one_piece(void **state)
{
	enum { LEN = 1000000 };
	char *text = xmalloc(LEN);
	struct span in = {text, LEN}, out;
	struct wire_body b;

	(void)state;
	memset(text, 'x', LEN);
	for (size_t i = 998; i + 1 < LEN; i += 1000)
		memcpy(text + i, "\r\n", 2);
	wire_body_init(&b, false);
	assert_int_equal(wire_body_next(&b, &in, &out), WIRE_SPAN);
	assert_ptr_equal(out.data, text);
	assert_int_equal(out.len, LEN);
	assert_int_equal(wire_body_next(&b, &in, &out), WIRE_MORE);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wire__reads_what_is_written_here),
		cmocka_unit_test(wire__leaves_what_is_behind_the_end),
		cmocka_unit_test(wire__agrees_on_every_short_input),
		cmocka_unit_test(wire__agrees_on_random_inputs),
		cmocka_unit_test(wire__hands_out_long_text_in_one_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
