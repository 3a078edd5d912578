/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_DIGEST_H
#define AMBIL_LOCAL_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/*
 * 128 bits that tell whether octets on disk are those that were written. Fast, any cut gives the
 * same; made against accidents, not against people: who can write the mailbox needs no collision.
 */
struct digest {
	uint64_t a, b, total;
	unsigned char tail[16]; /* octets of a block that is not full */
	size_t pending;
};
enum { DIGEST_TEXT = 33 };

void digest_init(struct digest *d);
void digest_add(struct digest *d, const void *data, size_t len);
/* Lower-case hex. Leaves d as it is. */
void digest_text(const struct digest *d, char out[DIGEST_TEXT]);
/* 64 of the bits, never 0. Leaves d as it is. */
uint64_t digest_number(const struct digest *d);

#endif
