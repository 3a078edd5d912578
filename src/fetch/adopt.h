/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_ADOPT_H
#define AMBIL_ADOPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which of the mails that have vanished from a listing are which of those that are new in it, when
 * a server has given its mail other UIDs. Pure; no I/O, cannot fail.
 */
struct adopt_mail {
	uint64_t print; /* local/fingerprint.h; 0: none, or not asked for */
	uint64_t size;  /* as LIST says, or said; 0: not known */
	bool blind;     /* a new mail whose header could not be had */
};

/*
 * Sets ask[i] for each new mail that has the size of a vanished one: its header is worth asking
 * for. The number of them.
 */
size_t adopt_candidates(const struct adopt_mail *gone, size_t gone_n,
	const struct adopt_mail *fresh, size_t fresh_n, bool *ask);
/*
 * Sets became[i] to the place + 1 of the vanished mail that the new mail i is, else 0; no place
 * comes twice. all_asked: the prints of all new mails are known, as far as they can be; then sizes
 * may differ where a server evidently counts them otherwise. The number of pairs.
 */
size_t adopt_match(const struct adopt_mail *gone, size_t gone_n, const struct adopt_mail *fresh,
	size_t fresh_n, bool all_asked, size_t *became);
/* How many new mails without a pair may be vanished ones without a pair: it cannot be told. */
size_t adopt_unsure(const struct adopt_mail *gone, size_t gone_n, const struct adopt_mail *fresh,
	size_t fresh_n, const size_t *became);

#endif
