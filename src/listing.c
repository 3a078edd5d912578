/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The listing: UIDs in one arena, mails in one array, a table from message number to place, so that
 * UIDL and LIST may come in any order and may disagree. A mail that only one of them has is kept.
 */
#include "listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "pop3/reply.h"

enum { NUMBER_MAX = 20 * 1000 * 1000 };

void listing_release(struct listing *l)
{
	free(l->mails);
	free(l->by_number);
	buf_release(&l->uids);
	*l = (struct listing){.mails = NULL};
}

/* The place of message msg, made when it has none; NULL for a number out of all reason. */
static struct listed *place_of(struct listing *l, uint32_t msg)
{
	if (msg > NUMBER_MAX)
		return NULL;
	if (msg >= l->by_number_room) {
		size_t room = l->by_number_room ? l->by_number_room : 256;

		while (room <= msg)
			room *= 2;
		l->by_number = xreallocarray(l->by_number, room, sizeof(*l->by_number));
		memset(l->by_number + l->by_number_room, 0,
			(room - l->by_number_room) * sizeof(*l->by_number));
		l->by_number_room = room;
	}
	if (!l->by_number[msg]) {
		if (l->n == l->room) {
			l->room = l->room ? l->room * 2 : 256;
			l->mails = xreallocarray(l->mails, l->room, sizeof(*l->mails));
		}
		l->mails[l->n] = (struct listed){.msg = msg};
		l->by_number[msg] = (uint32_t)++l->n;
	}
	return &l->mails[l->by_number[msg] - 1];
}

static bool unreadable(struct error *e, const char *verb, struct span line)
{
	error_set(e, ERROR_PROTOCOL, "the server's answer to %s has a line that cannot be read",
		verb);
	return error_server(e, line);
}

/* Until listing_match() key.uid.data is the offset into the arena plus one: the arena still moves.
 */
bool listing_add_uid(struct listing *l, struct span line, struct error *e)
{
	struct listed *mail;
	struct span uid;
	uint32_t msg;

	if (!reply_uidl(line, &msg, &uid) || !(mail = place_of(l, msg)))
		return unreadable(e, "UIDL", line);
	if (mail->key.uid.len)
		return error_set(e, ERROR_PROTOCOL,
			"the server's answer to UIDL has message %lu twice", (unsigned long)msg);
	mail->key.uid = (struct span){(const char *)(uintptr_t)(l->uids.len + 1), uid.len};
	buf_add(&l->uids, uid.data, uid.len);
	l->has_uids = true;
	return true;
}

bool listing_add_size(struct listing *l, struct span line, struct error *e)
{
	struct listed *mail;
	uint64_t size;
	uint32_t msg;

	if (!reply_list(line, &msg, &size) || !(mail = place_of(l, msg)))
		return unreadable(e, "LIST", line);
	mail->size = size;
	l->has_sizes = true;
	return true;
}

/* ---- matching ---- */

static uint64_t hash_of(struct span s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.data[i]) * 0x100000001b3u;
	return h ^ h >> 29;
}

/* Numbers mails that share a UID 0, 1, … in key.occurrence; twins[i]: mail i shares its UID. */
static void number_twins(struct listing *l, bool *twins)
{
	size_t room = 16, mask;
	uint32_t *table;

	while (room < l->n * 2)
		room *= 2;
	mask = room - 1;
	table = xcalloc(room, sizeof(*table));
	for (size_t i = 0; i < l->n; i++) {
		struct store_key *key = &l->mails[i].key;
		size_t slot = hash_of(key->uid) & mask;

		if (!key->uid.len)
			continue;
		while (table[slot] && !span_equal(l->mails[table[slot] - 1].key.uid, key->uid))
			slot = (slot + 1) & mask;
		if (table[slot]) {
			size_t other = table[slot] - 1;

			key->occurrence = l->mails[other].key.occurrence + 1;
			twins[i] = twins[other] = true;
		}
		table[slot] = (uint32_t)i + 1;
	}
	free(table);
}

/* The row for the rank-th mail with this UID; without one, the key that a new row gets. */
static const struct seen *row_for(
	const struct seen_set *set, struct store_key *key, bool twin, uint32_t last_occurrence)
{
	struct store_key at = {key->uid, 0};
	const struct seen *removed = NULL;
	uint32_t rank = key->occurrence, active = 0, gone = 0, free_rank;

	for (at.occurrence = 0; at.occurrence <= last_occurrence; at.occurrence++) {
		const struct seen *row = seen_find(set, at);

		if (row && row->state != STORE_REMOVED && active++ == rank) {
			*key = at;
			return row;
		}
		if (row && row->state == STORE_REMOVED) {
			removed = row;
			gone++;
		}
	}
	if (!twin && !active && gone == 1) {
		key->occurrence = removed->key.occurrence;
		return removed;
	}
	free_rank = rank - active;
	for (at.occurrence = 0;; at.occurrence++) {
		const struct seen *row = seen_find(set, at);

		if ((!row || row->state == STORE_REMOVED) && free_rank-- == 0)
			break;
	}
	*key = at;
	return NULL;
}

void listing_match(struct listing *l, const struct seen_set *set, bool *present)
{
	const struct seen *first = set ? seen_at(set, 0) : NULL, *row;
	bool *twins = xcalloc(l->n, sizeof(*twins));
	uint32_t last_occurrence = 0;

	for (size_t i = 0; set && (row = seen_at(set, i)); i++)
		if (row->key.occurrence > last_occurrence)
			last_occurrence = row->key.occurrence;
	for (size_t i = 0; i < l->n; i++)
		if (l->mails[i].key.uid.len)
			l->mails[i].key.uid.data = l->uids.data +
				(uintptr_t)l->mails[i].key.uid.data - 1;
	number_twins(l, twins);
	for (size_t i = 0; set && i < l->n; i++) {
		struct listed *mail = &l->mails[i];

		if (!mail->key.uid.len)
			continue;
		mail->seen = row_for(set, &mail->key, twins[i], last_occurrence);
		if (mail->seen)
			present[mail->seen - first] = true;
	}
	free(twins);
}
