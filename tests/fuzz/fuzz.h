/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_TESTS_FUZZ_H
#define AMBIL_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What libFuzzer, or replay.c, calls for each input. Returns 0; a broken invariant aborts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CHECK(x) ((x) ? (void)0 : abort())

/* Takes the first octet off the input; 0 when there is none. */
static inline uint8_t take_octet(struct span *in)
{
	if (!in->len)
		return 0;
	in->len--;
	return (uint8_t)*in->data++;
}

/* Takes what stands before the first mark off the input, and the mark. */
static inline struct span take_until(struct span *in, char mark)
{
	const char *at = in->len ? memchr(in->data, mark, in->len) : NULL;
	struct span taken = {in->data, at ? (size_t)(at - in->data) : in->len};

	in->data += taken.len + (at != NULL);
	in->len -= taken.len + (at != NULL);
	return taken;
}

/* A copy in a block of exactly its size, so that a read past it is seen; free with free(). */
static inline char *exact_copy(struct span s)
{
	char *copy = xmalloc(s.len);

	if (s.len)
		memcpy(copy, s.data, s.len);
	return copy;
}

/* The length of the next piece of len octets: all (cut 0), one (cut 1), or 1 to 16 by chance. */
static inline size_t next_piece(unsigned *cut, size_t len)
{
	size_t n;

	if (*cut > 1)
		*cut = *cut * 1103515245u + 12345u;
	n = *cut == 0 ? len : *cut == 1 ? 1 : 1 + (*cut >> 20) % 16;
	return n < len ? n : len;
}

#endif
