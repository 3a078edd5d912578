/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The listing: UIDs in one arena, mails in one array, a table from message number to place, so that
 * UIDL and LIST may come in any order and may disagree. A mail that only one of them has is kept.
 */
#include "fetch/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/parse.h"
#include "pop3/reply.h"

/*
 * What a listing may cost, so that memory is not for the asking: about 230 MiB. UIDS_MAX has room
 * for a million UIDs of 70 octets, the longest that RFC 1939 s.7 allows. A number may run ahead of
 * the lines, as deleted mail leaves gaps.
 */
enum { UIDS_MAX = 96 * 1024 * 1024, NUMBER_AHEAD_MAX = 1000 * 1000 };

void listing_release(struct listing *l)
{
	free(l->mails);
	free(l->by_number);
	buf_release(&l->uids);
	*l = (struct listing){.mails = NULL};
}

static bool unreadable(struct error *e, const char *verb, struct span line)
{
	error_set(e, ERROR_PROTOCOL, "the server's answer to %s has a line that cannot be read",
		verb);
	return error_server(e, line);
}

bool listing_endless(struct error *e, const char *verb)
{
	error_set(e, ERROR_PROTOCOL, "the server's answer to %s is endless", verb);
	return error_why(e, "at most %d messages, and %d MiB of UIDs, are taken", LISTING_MAILS_MAX,
		UIDS_MAX / 1024 / 1024);
}

static void grow_mails(struct listing *l)
{
	l->room = l->room ? l->room * 2 : 256;
	if (l->room > LISTING_MAILS_MAX)
		l->room = LISTING_MAILS_MAX;
	l->mails = xreallocarray(l->mails, l->room, sizeof(*l->mails));
}

/* The place of the message that a line is about, made when it has none; NULL: see e. */
static struct listed *place_of(
	struct listing *l, uint32_t msg, const char *verb, struct span line, struct error *e)
{
	uint32_t at = msg - l->base;

	if (at > l->n + NUMBER_AHEAD_MAX) {
		unreadable(e, verb, line);
		return NULL;
	}
	if (at >= l->by_number_room) {
		size_t room = l->by_number_room ? l->by_number_room : 256;

		while (room <= at)
			room *= 2;
		l->by_number = xreallocarray(l->by_number, room, sizeof(*l->by_number));
		memset(l->by_number + l->by_number_room, 0,
			(room - l->by_number_room) * sizeof(*l->by_number));
		l->by_number_room = room;
	}
	if (!l->by_number[at]) {
		if (l->n == LISTING_MAILS_MAX) {
			listing_endless(e, verb);
			return NULL;
		}
		if (l->n == l->room)
			grow_mails(l);
		l->mails[l->n] = (struct listed){.msg = msg};
		l->by_number[at] = (uint32_t)++l->n;
	}
	return &l->mails[l->by_number[at] - 1];
}

struct listed *listing_find(const struct listing *l, uint32_t msg)
{
	uint32_t at = msg - l->base;

	if (msg < l->base || at >= l->by_number_room || !l->by_number[at])
		return NULL;
	return &l->mails[l->by_number[at] - 1];
}

/* Until listing_match() key.uid.data is the offset into the arena plus one: the arena still moves.
 */
bool listing_add_uid(struct listing *l, struct span line, struct error *e)
{
	struct listed *mail;
	struct span uid;
	uint32_t msg;

	/* A number alone: this mail has none, which is no reason to forgo the others. */
	if (parse_u32(span_trim(line), UINT32_MAX, &msg) && msg)
		uid = (struct span){"", 0};
	else if (!reply_uidl(line, &msg, &uid))
		return unreadable(e, "UIDL", line);
	if (msg <= l->base) {
		l->irregular = true;
		return true;
	}
	mail = place_of(l, msg, "UIDL", line, e);
	if (!mail)
		return false;
	if (mail->key.uid.len)
		return error_set(e, ERROR_PROTOCOL,
			"the server's answer to UIDL has message %lu twice", (unsigned long)msg);
	if (l->uids.len + uid.len > UIDS_MAX)
		return listing_endless(e, "UIDL");
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

	if (!reply_list(line, &msg, &size))
		return unreadable(e, "LIST", line);
	/* What has come since the UIDs were told is for the next session. */
	if (l->settled && !listing_find(l, msg))
		return true;
	mail = place_of(l, msg, "LIST", line, e);
	if (!mail)
		return false;
	if (mail->sized)
		return error_set(e, ERROR_PROTOCOL,
			"the server's answer to LIST has message %lu twice", (unsigned long)msg);
	mail->size = size;
	mail->sized = true;
	l->has_sizes = true;
	return true;
}

/* ---- matching ---- */

/* Mails that share a UID, as a list in the order of the listing: next[i] is the one behind i, plus
 * one. */
static void link_twins(const struct listing *l, uint32_t *next, bool *first)
{
	size_t room = 16, mask;
	uint64_t key[2];
	uint32_t *last;

	while (room < l->n * 2)
		room *= 2;
	mask = room - 1;
	last = xcalloc(room, sizeof(*last));
	hash_new_key(key);
	for (size_t i = 0; i < l->n; i++) {
		struct span uid = l->mails[i].key.uid;
		size_t slot = (size_t)hash_keyed(key, uid, 0) & mask;

		while (last[slot] && !span_equal(l->mails[last[slot] - 1].key.uid, uid))
			slot = (slot + 1) & mask;
		first[i] = !last[slot];
		if (last[slot])
			next[last[slot] - 1] = (uint32_t)i + 1;
		last[slot] = (uint32_t)i + 1;
	}
	free(last);
}

struct matching {
	struct listing *l;
	const struct seen_set *set;
	const struct seen *rows; /* the first of them */
	bool *present;
	const uint32_t *next;
	uint32_t last_occurrence; /* of all rows */
};

static const struct seen *find(const struct matching *m, struct store_key key)
{
	return m->set ? seen_find(m->set, key) : NULL;
}

static void give_row(struct matching *m, struct listed *mail, const struct seen *row)
{
	mail->key.occurrence = row->key.occurrence;
	mail->seen = row;
	m->present[row - m->rows] = true;
}

enum {
	/* Rows of one UID lie close together, but for those dropped long after their mail was
	   removed. */
	GAP_MAX = 256,
	/* Comparisons for one UID; beyond, only a server that means harm has that many twins. */
	COMPARE_MAX = 1000 * 1000,
};

/* The rows of one UID. */
struct rows {
	const struct seen **active; /* not removed; NULL once given to a mail */
	size_t n, room, removed;
	const struct seen *last_removed;
};

static void collect_rows(const struct matching *m, struct span uid, struct rows *rows)
{
	struct store_key at = {uid, 0};
	uint32_t gap = 0;

	for (; at.occurrence <= m->last_occurrence && gap < GAP_MAX; at.occurrence++) {
		const struct seen *row = find(m, at);

		gap = row ? 0 : gap + 1;
		if (row && row->state == STORE_REMOVED) {
			rows->last_removed = row;
			rows->removed++;
		} else if (row) {
			if (rows->n == rows->room) {
				rows->room = rows->room ? rows->room * 2 : 4;
				rows->active = xreallocarray(
					rows->active, rows->room, sizeof(struct seen *));
			}
			rows->active[rows->n++] = row;
		}
	}
}

/*
 * The row that fits a mail: of its size, or (any_size) one where a size is not known. Undelivered
 * rows first when mails are fewer than rows: which of them has gone cannot be told, and to fetch
 * once more loses nothing.
 */
static const struct seen *take_row(struct rows *rows, const struct listed *mail, bool any_size,
	bool undelivered_first, size_t *budget)
{
	size_t best = rows->n;

	for (size_t i = 0; i < rows->n && *budget; i++) {
		const struct seen *row = rows->active[i];
		bool known = row && row->size && mail->size;

		(*budget)--;
		if (!row || (known ? row->size != mail->size : !any_size))
			continue;
		if (best == rows->n)
			best = i;
		if (!undelivered_first || row->state == STORE_NOTED) {
			best = i;
			break;
		}
	}
	if (best == rows->n)
		return NULL;
	const struct seen *row = rows->active[best];

	rows->active[best] = NULL;
	return row;
}

static void give_numbers(struct matching *m, size_t i)
{
	struct store_key at = {m->l->mails[i - 1].key.uid, 0};

	/* New mails: each gets a number that no row in use has. */
	for (; i; at.occurrence++) {
		const struct seen *row = find(m, at);

		while (i && m->l->mails[i - 1].seen)
			i = m->next[i - 1];
		if (!i)
			break;
		if (row && row->state != STORE_REMOVED)
			continue;
		m->l->mails[i - 1].key.occurrence = at.occurrence;
		i = m->next[i - 1];
	}
}

/* All mails with one UID, from the first on. */
static void match_twins(struct matching *m, size_t first)
{
	struct listed *mails = m->l->mails;
	struct rows rows = {.active = NULL};
	size_t listed = 0, budget = COMPARE_MAX;
	bool ambiguous;

	for (size_t i = first + 1; i; i = m->next[i - 1])
		listed++;
	collect_rows(m, mails[first].key.uid, &rows);
	ambiguous = listed > 1 || rows.n + rows.removed > 1;
	if (!ambiguous && rows.n) {
		give_row(m, &mails[first], rows.active[0]);
	} else if (!ambiguous && rows.removed) {
		give_row(m, &mails[first], rows.last_removed);
	} else if (ambiguous) {
		m->l->has_twins = true;
		for (int any_size = 0; any_size < 2; any_size++)
			for (size_t i = first + 1; i; i = m->next[i - 1]) {
				const struct seen *row = mails[i - 1].seen
					? NULL
					: take_row(&rows, &mails[i - 1], any_size == 1,
						  listed < rows.n, &budget);

				mails[i - 1].twin = true;
				if (row)
					give_row(m, &mails[i - 1], row);
			}
	}
	give_numbers(m, first + 1);
	free(rows.active);
}

struct store_key *listing_new_twins(const struct listing *l, uint64_t **sizes, size_t *n)
{
	struct store_key *keys = xcalloc(l->n, sizeof(*keys));

	*sizes = xcalloc(l->n, sizeof(**sizes));
	*n = 0;
	for (size_t i = 0; i < l->n; i++)
		if (l->mails[i].twin && !l->mails[i].seen) {
			(*sizes)[*n] = l->mails[i].size;
			keys[(*n)++] = l->mails[i].key;
		}
	return keys;
}

/* A mail that UIDL does not have, though it has others, cannot be told from new mail later. */
static void drop_mails_without_uid(struct listing *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->mails[i].key.uid.len)
			l->mails[kept++] = l->mails[i];
	l->without_uid = l->n - kept;
	l->n = kept;
	memset(l->by_number, 0, l->by_number_room * sizeof(*l->by_number));
	for (size_t i = 0; i < l->n; i++)
		l->by_number[l->mails[i].msg - l->base] = (uint32_t)i + 1;
}

/* UIDs are pointers now: the arena does not move any more. */
static void settle_uids(struct listing *l)
{
	drop_mails_without_uid(l);
	for (size_t i = 0; i < l->n; i++)
		l->mails[i].key.uid.data = l->uids.data + (uintptr_t)l->mails[i].key.uid.data - 1;
}

void listing_match(struct listing *l, const struct seen_set *set, bool *present)
{
	struct matching m = {.l = l, .set = set, .present = present};
	const struct seen *row;
	bool again = l->settled;
	uint32_t *next;
	bool *first;

	l->settled = true;
	l->has_twins = false;
	if (!l->has_uids || !l->n)
		return;
	if (!again)
		settle_uids(l);
	for (size_t i = 0; i < l->n; i++) {
		l->mails[i].key.occurrence = 0;
		l->mails[i].seen = NULL;
		l->mails[i].twin = false;
	}
	next = xcalloc(l->n, sizeof(*next));
	first = xcalloc(l->n, sizeof(*first));
	link_twins(l, next, first);
	m.next = next;
	m.rows = set ? seen_at(set, 0) : NULL;
	for (size_t i = 0; set && (row = seen_at(set, i)); i++) {
		present[i] = false;
		if (row->key.occurrence > m.last_occurrence)
			m.last_occurrence = row->key.occurrence;
	}
	for (size_t i = 0; i < l->n; i++)
		if (first[i])
			match_twins(&m, i);
	free(next);
	free(first);
}
