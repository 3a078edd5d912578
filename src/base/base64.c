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

/* What a digit stands for, -1 for none. */
static int value_of(char digit)
{
	if (digit >= 'A' && digit <= 'Z')
		return digit - 'A';
	if (digit >= 'a' && digit <= 'z')
		return digit - 'a' + 26;
	if (digit >= '0' && digit <= '9')
		return digit - '0' + 52;
	return digit == '+' ? 62 : digit == '/' ? 63 : -1;
}

/* Four digits, the last one or two of which may be padding, become up to three octets. How many;
 * 0: they are wrong. */
static size_t decode_four(const char *in, bool last, unsigned char out[3])
{
	size_t octets = !last || in[3] != '=' ? 3 : in[2] != '=' ? 2 : 1;
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i <= octets ? value_of(in[i]) : 0;

		if (value < 0)
			return 0;
		bits = bits << 6 | (uint32_t)value;
	}
	for (size_t i = 0; i < 3; i++)
		out[i] = (unsigned char)(bits >> (16 - 8 * i));
	return bits & (0xffffffU >> 8 * octets) ? 0 : octets;
}

bool base64_decode(struct span text, struct buf *out)
{
	size_t before = out->len;

	if (text.len % 4)
		return false;
	buf_reserve(out, text.len / 4 * 3);
	for (size_t i = 0; i < text.len; i += 4) {
		unsigned char octets[3];
		size_t n = decode_four(text.data + i, i + 4 == text.len, octets);

		buf_add(out, octets, n);
		wipe(octets, sizeof(octets));
		if (!n) {
			wipe(out->data + before, out->len - before);
			out->len = before;
			out->data[before] = '\0';
			return false;
		}
	}
	return true;
}
