/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a mail fits what the listing said of it; retrieve_in.c decides what that means. */
#include "fetch/proof.h"

#include <string.h>

void proof_begin(struct proof *p)
{
	*p = (struct proof){.octets = 0};
}

void proof_add(struct proof *p, enum proof_sizes sizes, struct span octets)
{
	p->octets += octets.len;
	for (size_t i = 0; sizes != PROOF_SIZES_EXACT && i < octets.len; i++)
		p->lines += octets.data[i] == '\n';
	for (size_t i = 0; i < octets.len && p->head_len < sizeof(p->head); i++)
		p->head[p->head_len++] = octets.data[i];
}

static uint64_t octets_on_disk(const struct proof *p)
{
	return p->octets - p->lines;
}

enum proof_fit proof_fit(const struct proof *p, enum proof_sizes sizes, bool sized, uint64_t size)
{
	uint64_t measure = sizes == PROOF_SIZES_LF ? octets_on_disk(p) : p->octets;

	if (!sized)
		return p->octets ? PROOF_OPEN : PROOF_SHORT;
	if (sizes == PROOF_SIZES_UNKNOWN && p->lines &&
		(p->octets == size || octets_on_disk(p) == size))
		return PROOF_OPEN;
	if (measure == size)
		return PROOF_FITS;
	return measure < size ? PROOF_SHORT : PROOF_LONG;
}

enum proof_sizes proof_learn(
	const struct proof *p, enum proof_sizes sizes, bool sized, uint64_t size)
{
	if (!sized || sizes == PROOF_SIZES_INEXACT)
		return sizes;
	if (sizes != PROOF_SIZES_UNKNOWN)
		return proof_fit(p, sizes, sized, size) == PROOF_FITS ? sizes : PROOF_SIZES_INEXACT;
	if (!p->lines && p->octets == size)
		return sizes;
	return p->octets == size            ? PROOF_SIZES_EXACT
		: octets_on_disk(p) == size ? PROOF_SIZES_LF
					    : PROOF_SIZES_INEXACT;
}

bool proof_begins_like_reply(const struct proof *p)
{
	return (p->head_len >= 3 && memcmp(p->head, "+OK", 3) == 0) ||
		(p->head_len >= 4 && memcmp(p->head, "-ERR", 4) == 0);
}
