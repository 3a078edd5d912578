/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_SEENFILE_H
#define AMBIL_SEENFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "local/store.h"

/*
 * What was seen, as text that people and other programs can read and write. A line for each
 * message: its UID, a blank, the time of its delivery ("2026-11-26T13:40:39Z"), and where nothing
 * was delivered a blank and "marked". A line of a UID alone is a message that was marked, now.
 * Empty lines, and those that begin with "#", say nothing. In a UID, blanks, "%", octets that are
 * no printing ASCII, and a "#" in front, are written as in URLs: %20. Messages that share a UID
 * have a line each.
 */
void seenfile_add_uid(struct buf *out, struct span uid);
/* The same as a C string; room is at least 4, and what does not fit is cut off. */
void seenfile_put_uid(char *out, size_t room, struct span uid);
/* The line of a row in STORE_DELIVERED. */
void seenfile_add(struct buf *out, const struct seen *row);

struct seenfile_row {
	struct store_key key;
	int64_t seen_s;
	bool marked;
};
/* Rows in the order of their lines; those of one UID are its occurrences 0, 1, … */
struct seenfile {
	struct seenfile_row *rows;
	size_t n;
	struct buf uids; /* the arena behind the keys */
};
/* name is how the file is called in errors. ERROR_INPUT. Release in both cases. */
bool seenfile_parse(struct span text, const char *name, int64_t now_s, struct seenfile *out,
	struct error *e) MUST_CHECK;
void seenfile_release(struct seenfile *s);

#endif
