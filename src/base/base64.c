/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *octets, size_t len)
{
	const unsigned char *in = octets;
	char *text = xmalloc((len + 2) / 3 * 4 + 1), *out = text;

	for (size_t i = 0; i < len; i += 3) {
		size_t have = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t)in[i] << 16;

		bits |= have > 1 ? (uint32_t)in[i + 1] << 8 : 0;
		bits |= have > 2 ? (uint32_t)in[i + 2] : 0;
		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = '=';
		*out++ = '=';
		if (have > 1)
			out[-2] = digits[bits >> 6 & 63];
		if (have > 2)
			out[-1] = digits[bits & 63];
	}
	*out = '\0';
	return text;
}

/* What each digit stands for, by its ASCII. */
enum { NO = -1 };
static const signed char values[128] = {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, 62, NO, NO, NO, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO,
	NO, NO, NO, NO, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
	21, 22, 23, 24, 25, NO, NO, NO, NO, NO, NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37,
	38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO};

static int value_of(char digit)
{
	unsigned char at = (unsigned char)digit;

	return at < sizeof(values) ? values[at] : NO;
}

/* Four digits become three octets. */
static bool decode_four(const char *in, char out[3])
{
	int a = value_of(in[0]), b = value_of(in[1]), c = value_of(in[2]), d = value_of(in[3]);

	if ((a | b | c | d) < 0)
		return false;
	out[0] = (char)(a << 2 | b >> 4);
	out[1] = (char)(b << 4 | c >> 2);
	out[2] = (char)(c << 6 | d);
	return true;
}

/* The last four, one or two of which may be padding. How many octets they are; 0: they are wrong.
 */
static size_t decode_last(const char *in, char out[3])
{
	size_t octets = in[3] != '=' ? 3 : in[2] != '=' ? 2 : 1;
	char full[4] = {in[0], in[1], octets > 1 ? in[2] : 'A', octets > 2 ? in[3] : 'A'};

	/* No bits may be left over. */
	if (!decode_four(full, out) || (octets < 3 && out[octets]))
		return 0;
	return octets;
}

bool base64_decode(struct span text, struct buf *out)
{
	bool fine = text.len % 4 == 0;
	size_t rest = text.len, n;
	char *to;

	buf_reserve(out, text.len / 4 * 3);
	to = out->data + out->len;
	for (const char *in = text.data; fine && rest > 4; in += 4, to += 3, rest -= 4)
		fine = decode_four(in, to);
	if (fine && rest) {
		n = decode_last(text.data + text.len - 4, to);
		to += n;
		fine = n > 0;
	}
	if (fine)
		out->len = (size_t)(to - out->data);
	else
		wipe(out->data + out->len, text.len / 4 * 3);
	out->data[out->len] = '\0';
	return fine;
}
