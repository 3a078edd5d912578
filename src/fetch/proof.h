/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_PROOF_H
#define AMBIL_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/*
 * What a mail that has come tells of itself: whether it has the octets that LIST announced, and
 * whether it begins like a reply. Servers that leave a lone dot unstuffed end a mail early, and
 * what stands behind it, written by whoever sent the mail, is read as replies; a stray reply in
 * front makes a mail longer. A size that fits shows that neither has happened. Pure.
 */
struct proof {
	uint64_t octets, lines;
	char head[4];
	size_t head_len;
};
/* How a server counts, as far as is known. */
enum proof_sizes {
	PROOF_SIZES_UNKNOWN,
	PROOF_SIZES_EXACT,   /* with CRLF line ends (RFC 1939 s.11) */
	PROOF_SIZES_LF,      /* as they lie on its disk */
	PROOF_SIZES_INEXACT, /* otherwise, or not at all */
};
void proof_begin(struct proof *p);
/* Lines are counted where they can matter. */
void proof_add(struct proof *p, enum proof_sizes sizes, struct span octets);

enum proof_fit {
	PROOF_FITS,
	PROOF_SHORT, /* or no octets at all, and no size to compare with */
	PROOF_LONG,
	PROOF_OPEN, /* LIST said nothing, or nothing clear */
};
/*
 * size: as LIST said; sized: whether it did. As long as it is not known how the server counts, a
 * size that could be meant in two ways proves nothing: it does not count as fitting.
 */
enum proof_fit proof_fit(const struct proof *p, enum proof_sizes sizes, bool sized, uint64_t size);
/* What a mail that is proved to be whole tells of how its server counts. */
enum proof_sizes proof_learn(
	const struct proof *p, enum proof_sizes sizes, bool sized, uint64_t size);
/* Whether the mail begins with +OK or -ERR, as no header does (RFC 5322 s.2.2). */
bool proof_begins_like_reply(const struct proof *p);

#endif
