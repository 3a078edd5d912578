/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is written of mail: each call one transaction, durable when it returns. What a crash between
 * two of them leaves is the table in recover.c.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "local/store_inner.h"

/* The row of a destination, which is added when it is new. */
static bool find_destination(struct store *s, const char *text, sqlite3_int64 *id, struct error *e)
{
	sqlite3_stmt *q = store_statement(s, SQL_FIND_DESTINATION, e);
	int code;

	if (!q)
		return false;
	sqlite3_bind_text(q, 1, text, -1, SQLITE_STATIC);
	code = sqlite3_step(q);
	if (code == SQLITE_ROW)
		*id = sqlite3_column_int64(q, 0);
	else if (code != SQLITE_DONE)
		store_error(s, STORE_READING, e);
	sqlite3_reset(q);
	if (code != SQLITE_DONE)
		return code == SQLITE_ROW;
	q = store_statement(s, SQL_ADD_DESTINATION, e);
	if (!q)
		return false;
	sqlite3_bind_text(q, 1, text, -1, SQLITE_STATIC);
	if (!store_execute(s, q, e))
		return false;
	*id = sqlite3_last_insert_rowid(s->db);
	return true;
}

/* SQL_PREPARED or SQL_DELIVERED for all rows, within a transaction. */
static bool write_rows(struct store *s, enum store_sql which, const struct store_row *rows,
	size_t n, const char *destination, int64_t now_s, struct error *e)
{
	sqlite3_stmt *q = store_statement(s, which, e);
	sqlite3_int64 id = 0;
	bool done = q && find_destination(s, destination, &id, e);

	for (size_t i = 0; done && i < n; i++) {
		store_bind_key(q, rows[i].key);
		sqlite3_bind_int64(q, 3, now_s);
		sqlite3_bind_int64(q, 4, (sqlite3_int64)rows[i].size);
		sqlite3_bind_text(q, 5, rows[i].receipt.text, -1, SQLITE_STATIC);
		sqlite3_bind_int64(q, 6, id);
		sqlite3_bind_int64(q, 7, (sqlite3_int64)rows[i].print);
		done = store_execute(s, q, e);
	}
	return done;
}

bool store_prepared(struct store *s, const struct store_row *rows, size_t n,
	const char *destination, int64_t now_s, struct error *e)
{
	if (n == 0)
		return true;
	return store_begin(s, e) &&
		store_finish_rows(
			s, write_rows(s, SQL_PREPARED, rows, n, destination, now_s, e), e);
}

bool store_delivered(struct store *s, const struct store_row *rows, size_t n,
	const char *destination, int64_t now_s, struct error *e)
{
	if (n == 0)
		return true;
	return store_begin(s, e) &&
		store_finish_rows(
			s, write_rows(s, SQL_DELIVERED, rows, n, destination, now_s, e), e);
}

bool store_turned(struct store *s, const struct store_row *delivered, size_t delivered_n,
	const struct store_row *prepared, size_t prepared_n, const char *destination, int64_t now_s,
	struct error *e)
{
	return store_begin(s, e) &&
		store_finish_rows(s,
			write_rows(
				s, SQL_DELIVERED, delivered, delivered_n, destination, now_s, e) &&
				write_rows(s, SQL_PREPARED, prepared, prepared_n, destination,
					now_s, e),
			e);
}

/* One statement of a key and perhaps the time, for all keys, as one transaction. */
static bool write_keys(struct store *s, enum store_sql which, const struct store_key *keys,
	size_t n, const int64_t *now_s, struct error *e)
{
	sqlite3_stmt *q;
	bool done;

	if (n == 0)
		return true;
	q = store_statement(s, which, e);
	if (!q || !store_begin(s, e))
		return false;
	done = true;
	for (size_t i = 0; done && i < n; i++) {
		store_bind_key(q, keys[i]);
		if (now_s)
			sqlite3_bind_int64(q, 3, *now_s);
		done = store_execute(s, q, e);
	}
	return store_finish_rows(s, done, e);
}

bool store_removed(
	struct store *s, const struct store_key *keys, size_t n, int64_t now_s, struct error *e)
{
	return write_keys(s, SQL_REMOVED, keys, n, &now_s, e);
}

bool store_note(struct store *s, const struct store_key *keys, const uint64_t *sizes, size_t n,
	int64_t now_s, struct error *e)
{
	sqlite3_stmt *q = n ? store_statement(s, SQL_NOTE, e) : NULL;
	bool done = true;

	if (!n)
		return true;
	if (!q || !store_begin(s, e))
		return false;
	for (size_t i = 0; done && i < n; i++) {
		store_bind_key(q, keys[i]);
		sqlite3_bind_int64(q, 3, now_s);
		sqlite3_bind_int64(q, 4, (sqlite3_int64)sizes[i]);
		done = store_execute(s, q, e);
	}
	return store_finish_rows(s, done, e);
}

bool store_mark_seen(
	struct store *s, const struct store_key *keys, size_t n, int64_t now_s, struct error *e)
{
	return write_keys(s, SQL_MARK_SEEN, keys, n, &now_s, e);
}

bool store_import(struct store *s, const struct store_key *keys, const int64_t *delivered_s,
	const bool *marked, size_t n, size_t *added, struct error *e)
{
	sqlite3_stmt *q = store_statement(s, SQL_IMPORT, e);
	bool done = true;

	*added = 0;
	if (!q || !store_begin(s, e))
		return false;
	for (size_t i = 0; done && i < n; i++) {
		store_bind_key(q, keys[i]);
		sqlite3_bind_int64(q, 3, delivered_s[i]);
		sqlite3_bind_int(q, 4, marked && marked[i]);
		done = store_execute(s, q, e);
		*added += done && sqlite3_changes(s->db) > 0;
	}
	return store_finish_rows(s, done, e);
}

bool store_forget(struct store *s, const struct store_key *keys, size_t n, struct error *e)
{
	return write_keys(s, SQL_FORGET, keys, n, NULL, e);
}

bool store_failed(
	struct store *s, struct store_key key, const char *why, int64_t now_s, struct error *e)
{
	sqlite3_stmt *q = store_statement(s, SQL_FAILED, e);

	if (!q || !store_begin(s, e))
		return false;
	store_bind_key(q, key);
	sqlite3_bind_int64(q, 3, now_s);
	sqlite3_bind_text(q, 4, why, -1, SQLITE_STATIC);
	return store_finish_rows(s, store_execute(s, q, e), e);
}

static bool lift(struct store *s, const struct store_move *moves, size_t n, struct error *e)
{
	sqlite3_stmt *q = store_statement(s, SQL_LIFT, e);
	bool done = q;

	for (size_t i = 0; done && i < n; i++) {
		store_bind_key(q, moves[i].from);
		store_bind_span(q, 3, moves[i].to.uid);
		sqlite3_bind_int64(q, 4, moves[i].to.occurrence);
		sqlite3_bind_int64(q, 5, (sqlite3_int64)moves[i].size);
		done = store_execute(s, q, e);
	}
	return done;
}

static bool land(struct store *s, const struct store_move *moves, size_t n, struct error *e)
{
	sqlite3_stmt *make_room = store_statement(s, SQL_FORGET, e);
	sqlite3_stmt *q = make_room ? store_statement(s, SQL_LAND, e) : NULL;
	bool done = q;

	for (size_t i = 0; done && i < n; i++) {
		store_bind_key(make_room, moves[i].to);
		store_bind_key(q, moves[i].to);
		done = store_execute(s, make_room, e) && store_execute(s, q, e);
	}
	return done;
}

/* In two steps, because names may be exchanged among the rows. */
bool store_adopt(struct store *s, const struct store_move *moves, size_t n, struct error *e)
{
	bool done;

	if (n == 0)
		return true;
	if (s->copy)
		store_allow_writing(s, true);
	done = store_begin(s, e) &&
		store_finish_rows(s, lift(s, moves, n, e) && land(s, moves, n, e), e);
	if (s->copy)
		store_allow_writing(s, false);
	return done;
}

/* What missing_s becomes; true when it is that already. */
static bool has_listing(const struct seen *row, enum store_listing now)
{
	switch (now) {
	case STORE_PRESENT:
		return !row->missing && !row->doubt;
	case STORE_DOUBTFUL:
		return row->doubt;
	case STORE_ABSENT:
		break;
	}
	return row->missing;
}

static bool write_listing(struct store *s, const struct seen *row, enum store_listing now,
	int64_t now_s, struct error *e)
{
	sqlite3_stmt *q = store_statement(s, now == STORE_PRESENT ? SQL_PRESENT : SQL_MISSING, e);

	if (!q)
		return false;
	store_bind_key(q, row->key);
	if (now != STORE_PRESENT)
		sqlite3_bind_int64(q, 3, now == STORE_ABSENT ? now_s : STORE_DOUBT);
	return store_execute(s, q, e);
}

static bool reset_clock(struct store *s, const struct seen *row, int64_t now_s, struct error *e)
{
	sqlite3_stmt *q = store_statement(s, SQL_RESET_CLOCK, e);

	if (!q)
		return false;
	store_bind_key(q, row->key);
	sqlite3_bind_int64(q, 3, now_s);
	return store_execute(s, q, e);
}

static bool note_listing(struct store *s, const struct seen_set *set, const enum store_listing *now,
	int64_t now_s, struct error *e)
{
	const struct seen *row;

	for (size_t i = 0; (row = seen_at(set, i)); i++) {
		if (!has_listing(row, now[i]) && !write_listing(s, row, now[i], now_s, e))
			return false;
		if (row->state == STORE_DELIVERED && row->delivered_s < CLOCK_SANE_S &&
			now_s >= CLOCK_SANE_S && !reset_clock(s, row, now_s, e))
			return false;
	}
	return true;
}

/* Without a change SQLite's commit writes nothing, so a quiet listing costs no sync. */
bool store_listed(struct store *s, const struct seen_set *set, const enum store_listing *now,
	int64_t now_s, int64_t keep_s, struct error *e)
{
	sqlite3_stmt *prune = store_statement(s, SQL_PRUNE, e);

	if (!prune || !store_begin(s, e))
		return false;
	sqlite3_bind_int64(prune, 1, now_s - keep_s);
	sqlite3_bind_int64(prune, 2, CLOCK_SANE_S);
	return store_finish_rows(
		s, note_listing(s, set, now, now_s, e) && store_execute(s, prune, e), e);
}
