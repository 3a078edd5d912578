/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_HIDE_H
#define AMBIL_BASE_HIDE_H

#include "base/mem.h"

/* Secrets that must not be shown, should somebody repeat them to us. All zero: none. */
struct hide {
	char **secrets;
	size_t n;
};
void hide_release(struct hide *h); /* wipes */
/* Keeps a copy; an empty secret, or NULL, is none. */
void hide_add(struct hide *h, const char *secret);

/*
 * Words fit to be shown: as they are where no secret stands in them, else a copy in *room (what was
 * there goes) with <hidden> in its place, in whatever case it is written. h may be NULL.
 *
 * A secret of less than HIDE_SHORT octets may be part of any word: "a" taken out of a sentence
 * would leave a riddle, and tell everyone what the secret is. It counts only as a word of its own,
 * and then nothing of the words is shown, since the gap alone would tell too much.
 *
 * Of a long one, such as a token, a server may repeat no more than fits: HIDE_PART octets of its
 * beginning count as well.
 */
enum { HIDE_SHORT = 8, HIDE_PART = 16 };
struct span hide_in(const struct hide *h, struct span words, struct buf *room);

#endif
