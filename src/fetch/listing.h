/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LISTING_H
#define AMBIL_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "fetch/plan.h"

/*
 * What the server says it has: the lines of UIDL and LIST put together by message number, and
 * matched with what is known. Lines come in the server's order, whatever that is. All zero: empty.
 */
struct listing {
	struct listed *mails; /* in the order of the first listing's lines */
	size_t n, room;
	struct buf uids; /* the arena behind mails[].key.uid, which is set by listing_match() */
	bool has_uids;   /* by a line of UIDL, or by the caller when it was answered with an empty
			    list */
	bool has_sizes, settled;
	bool has_twins;     /* some UID stands for several mails, here or in the state */
	size_t without_uid; /* listed, but not by UIDL: left out by listing_match() */
	/*
	 * Where the caller left out so many mails in front, which need no look, with message
	 * numbers up to base: such a number behind them makes the listing irregular.
	 */
	size_t skipped;
	uint32_t base;
	bool irregular;
	uint32_t *by_number; /* message number - base -> index + 1, grown as needed */
	size_t by_number_room;
};
void listing_release(struct listing *l);

/* More mails than this are no maildrop, but a server that wants our memory. */
enum { LISTING_MAILS_MAX = 2 * 1000 * 1000 };

/* One line of UIDL, perhaps without a UID, or of LIST. ERROR_PROTOCOL: unreadable, a message number
 * twice, or too many mails.
 */
bool listing_add_uid(struct listing *l, struct span line, struct error *e) MUST_CHECK;
bool listing_add_size(struct listing *l, struct span line, struct error *e) MUST_CHECK;

/* More than is taken: ERROR_PROTOCOL. Returns false. */
bool listing_endless(struct error *e, const char *verb);

/* The mail of this message number; NULL when none is listed. */
struct listed *listing_find(const struct listing *l, uint32_t msg);

/*
 * Gives every mail its key and its row. Mails that share a UID are told apart by their sizes, where
 * LIST was asked, else by their order; a row in STORE_REMOVED fits only a UID that neither listing
 * nor state has twice, for otherwise it may be another mail: never lost comes before never doubled.
 * present has a flag for each row of set, set to true for those that are listed. set may be NULL.
 * May be called again when sizes have come.
 */
void listing_match(struct listing *l, const struct seen_set *set, bool *present);

/* Keys and sizes (fresh arrays of n) of mails that share their UID and have no row yet. */
struct store_key *listing_new_twins(const struct listing *l, uint64_t **sizes, size_t *n);

#endif
