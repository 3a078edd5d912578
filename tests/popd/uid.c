/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unique-ids in the shapes real servers give them (RFC 1939 s.7: 1 to 70 octets, 0x21 to 0x7e). */
#include "uid.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {"hex", "long", "file", "counter"};
static_assert(sizeof names / sizeof *names == UID_FORMATS, "one name for each format");

bool uid_format_named(const char *name, enum uid_format *out)
{
	for (int i = 0; i < UID_FORMATS; i++)
		if (strcmp(names[i], name) == 0) {
			*out = (enum uid_format)i;
			return true;
		}
	return false;
}

static void write_hex(uint64_t n, char *out)
{
	for (int i = 15; i >= 0; i--, n >>= 4)
		out[i] = "0123456789abcdef"[n & 15];
}

void uid_write(enum uid_format format, uint64_t hash, uint32_t number, uint64_t size,
	char out[static UID_MAX])
{
	switch (format) {
	case UID_LONG:
		for (unsigned i = 0; i < 70; i++)
			out[i] = (char)('!' + mix64(hash ^ mix64(i)) % 94);
		out[70] = '\0';
		break;
	case UID_FILE:
		snprintf(out, UID_MAX, "1795468991.M%lluP%u.host,S=%llu:2,",
			(unsigned long long)(hash % 1000000000000), number,
			(unsigned long long)size);
		break;
	case UID_COUNTER:
		snprintf(out, UID_MAX, "UID%u-1795468991", number);
		break;
	default:
		write_hex(hash, out);
		write_hex(mix64(hash), out + 16);
		out[32] = '\0';
	}
}
