/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers, ages, sizes and the %XX of URLs from text, with every overflow refused. */
#include "base/parse.h"

#include <stddef.h>
#include <string.h>

bool parse_u64(struct span s, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)((unsigned char)s.data[i] - '0');

		if (digit > 9 || value > (max - digit) / 10 || digit > max)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

bool parse_u32(struct span s, uint32_t max, uint32_t *out)
{
	uint64_t value;

	if (!parse_u64(s, max, &value))
		return false;
	*out = (uint32_t)value;
	return true;
}

/* Splits the last octet off as a unit and looks it up among units; 0 when it is none of them. */
static uint64_t unit_of(struct span s, const char *letters, const uint64_t *factors)
{
	for (size_t i = 0; s.len && letters[i]; i++)
		if (s.data[s.len - 1] == letters[i])
			return factors[i];
	return 0;
}

bool parse_age(struct span s, int64_t *seconds)
{
	static const uint64_t factors[] = {1, 60, 3600, 86400};
	uint64_t factor = unit_of(s, "smhd", factors), value;

	if (!factor || !parse_u64((struct span){s.data, s.len - 1}, INT64_MAX / factor, &value))
		return false;
	*seconds = (int64_t)(value * factor);
	return true;
}

bool parse_size(struct span s, uint64_t *octets)
{
	static const uint64_t factors[] = {1024, 1024, 1 << 20, 1 << 20, 1 << 30, 1 << 30};
	uint64_t factor = unit_of(s, "kKmMgG", factors), value;

	if (!factor)
		return parse_u64(s, UINT64_MAX, octets);
	if (!parse_u64((struct span){s.data, s.len - 1}, UINT64_MAX / factor, &value))
		return false;
	*octets = value * factor;
	return true;
}

bool parse_bool(struct span s, bool *out)
{
	static const char *const words[2][3] = {{"false", "no", "off"}, {"true", "yes", "on"}};

	for (size_t value = 0; value < 2; value++)
		for (size_t i = 0; i < 3; i++)
			if (span_is(s, words[value][i])) {
				*out = value == 1;
				return true;
			}
	return false;
}

int parse_hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

char *parse_percent(struct span s)
{
	struct buf out = {0};

	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (c == '%') {
			int high = i + 2 < s.len ? parse_hex_digit(s.data[i + 1]) : -1;
			int low = i + 2 < s.len ? parse_hex_digit(s.data[i + 2]) : -1;

			if (high < 0 || low < 0)
				goto fail;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if ((unsigned char)c < 0x20 || c == 0x7f)
			goto fail;
		buf_add(&out, &c, 1);
	}
	return buf_detach(&out);
fail:
	buf_release(&out);
	return NULL;
}
