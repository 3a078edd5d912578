/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two 64-bit lanes, each fed one word of every 16-octet block: multiply by an odd constant, rotate,
 * multiply. The lanes cross at each block, so that swapped words differ, and are mixed with the
 * length at the end. Words are read little-endian on every machine: the text is kept in a journal
 * that may be carried elsewhere.
 */
#include "local/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define M1 UINT64_C(0x9e3779b97f4a7c15)
#define M2 UINT64_C(0xd6e8feb86659fd93)

static uint64_t rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static uint64_t word_at(const unsigned char *p)
{
	/* Compilers make one load of this; of a loop only some do. */
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
		(uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
		(uint64_t)p[7] << 56;
}

static void add_block(struct digest *d, const unsigned char *p)
{
	d->a = rotate(d->a ^ (word_at(p) * M1), 29) * M2 + d->b;
	d->b = rotate(d->b ^ (word_at(p + 8) * M2), 31) * M1 + d->a;
}

void digest_init(struct digest *d)
{
	memset(d, 0, sizeof(*d));
	d->a = M2;
	d->b = M1;
}

void digest_add(struct digest *d, const void *data, size_t len)
{
	const unsigned char *p = data;

	if (!len)
		return;
	d->total += len;
	if (d->pending) {
		size_t take = sizeof(d->tail) - d->pending;

		if (take > len)
			take = len;
		memcpy(d->tail + d->pending, p, take);
		d->pending += take;
		p += take;
		len -= take;
		if (d->pending < sizeof(d->tail))
			return;
		add_block(d, d->tail);
		d->pending = 0;
	}
	for (; len >= sizeof(d->tail); p += sizeof(d->tail), len -= sizeof(d->tail))
		add_block(d, p);
	if (len)
		memcpy(d->tail, p, len);
	d->pending = len;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 32) * M1;
	x = (x ^ x >> 29) * M2;
	return x ^ x >> 32;
}

static void finish(const struct digest *d, struct digest *last)
{
	*last = *d;
	memset(last->tail + last->pending, 0, sizeof(last->tail) - last->pending);
	add_block(last, last->tail);
	last->a = mix(last->a ^ last->total);
	last->b = mix(last->b + last->a);
	last->a = mix(last->a + last->b);
}

void digest_text(const struct digest *d, char out[DIGEST_TEXT])
{
	struct digest last;

	finish(d, &last);
	snprintf(out, DIGEST_TEXT, "%016" PRIx64 "%016" PRIx64, last.a, last.b);
}

uint64_t digest_number(const struct digest *d)
{
	struct digest last;

	finish(d, &last);
	return last.a ? last.a : 1;
}
