/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the state knows of mail, read. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "local/seen.h"
#include "local/store_inner.h"

enum { ROWS_MAX = 0x7ffffffe };

/* One row of SQL_LOAD. Its UID is borrowed until the next step. */
static void read_row(sqlite3_stmt *q, struct seen *row)
{
	row->key.uid.data = sqlite3_column_blob(q, 0);
	row->key.uid.len = (size_t)sqlite3_column_bytes(q, 0);
	row->key.occurrence = (uint32_t)sqlite3_column_int64(q, 1);
	row->state = (enum store_state)sqlite3_column_int(q, 2);
	row->marked = sqlite3_column_int(q, 3);
	row->missing_s = sqlite3_column_int64(q, 4);
	row->doubt = row->missing_s == STORE_DOUBT;
	row->missing = row->missing_s > 0;
	if (!row->missing)
		row->missing_s = 0;
	row->attempts = (uint32_t)sqlite3_column_int64(q, 5);
	row->size = (uint64_t)sqlite3_column_int64(q, 6);
	row->delivered_s = sqlite3_column_int64(q, 7);
	row->removed_s = sqlite3_column_int64(q, 8);
	row->print = (uint64_t)sqlite3_column_int64(q, 9);
}

static bool read_rows(struct store *s, struct seen_set *set, struct error *e)
{
	sqlite3_stmt *q = store_statement(s, SQL_LOAD, e);
	bool sound = true;
	int code;

	if (!q)
		return false;
	while ((code = sqlite3_step(q)) == SQLITE_ROW && sound) {
		struct seen row = {.attempts = 0};

		read_row(q, &row);
		sound = row.state <= STORE_REMOVED && seen_set_add(set, &row);
	}
	if (!sound)
		store_damaged(s, _("its rows contradict each other"), e);
	else if (code != SQLITE_DONE)
		store_error(s, STORE_READING, e);
	sqlite3_reset(q);
	return sound && code == SQLITE_DONE;
}

struct seen_set *store_load(struct store *s, struct error *e)
{
	sqlite3_stmt *q = store_statement(s, SQL_MEASURE, e);
	struct seen_set *set;
	sqlite3_int64 n, octets;

	if (!q)
		return NULL;
	if (sqlite3_step(q) != SQLITE_ROW) {
		store_error(s, STORE_READING, e);
		sqlite3_reset(q);
		return NULL;
	}
	n = sqlite3_column_int64(q, 0);
	octets = sqlite3_column_int64(q, 1);
	sqlite3_reset(q);
	if (n > ROWS_MAX) {
		store_damaged(s, _("it has too many rows"), e);
		return NULL;
	}
	set = seen_set_new((size_t)n, (size_t)octets);
	if (read_rows(s, set, e))
		return set;
	seen_set_free(set);
	return NULL;
}

bool store_failure(struct store *s, struct store_key key, char *why, size_t room, int64_t *first_s,
	struct error *e)
{
	sqlite3_stmt *q = store_statement(s, SQL_FAILURE, e);
	int code;

	assert(room);
	why[0] = '\0';
	*first_s = 0;
	if (!q)
		return false;
	store_bind_key(q, key);
	code = sqlite3_step(q);
	if (code == SQLITE_ROW) {
		const unsigned char *text = sqlite3_column_text(q, 0);

		snprintf(why, room, "%s", text ? (const char *)text : "");
		*first_s = sqlite3_column_int64(q, 1);
	} else if (code != SQLITE_DONE) {
		store_error(s, STORE_READING, e);
	}
	sqlite3_reset(q);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

bool store_has_uid(struct store *s, struct span uid, bool *has, struct error *e)
{
	sqlite3_stmt *q = store_statement(s, SQL_HAS_UID, e);
	int code;

	if (!q)
		return false;
	store_bind_span(q, 1, uid);
	code = sqlite3_step(q);
	*has = code == SQLITE_ROW;
	sqlite3_reset(q);
	return code == SQLITE_ROW || code == SQLITE_DONE || store_error(s, STORE_READING, e);
}

static void read_pending(sqlite3_stmt *q, struct store_pending *row)
{
	const unsigned char *receipt = sqlite3_column_text(q, 2);
	const unsigned char *destination = sqlite3_column_text(q, 3);
	const void *uid = sqlite3_column_blob(q, 0);
	size_t len = (size_t)sqlite3_column_bytes(q, 0);

	*row = (struct store_pending){.uid = xstrndup(uid, len)};
	row->key.uid = (struct span){row->uid, len};
	row->key.occurrence = (uint32_t)sqlite3_column_int64(q, 1);
	snprintf(row->receipt.text, sizeof(row->receipt.text), "%s",
		receipt ? (const char *)receipt : "");
	row->destination = xstrdup(destination ? (const char *)destination : "");
	row->prepared_s = sqlite3_column_int64(q, 4);
}

bool store_pending(struct store *s, struct store_pending **out, size_t *n, struct error *e)
{
	sqlite3_stmt *q = store_statement(s, SQL_PENDING, e);
	struct store_pending *rows = NULL;
	size_t used = 0, room = 0;
	int code;

	if (!q)
		return false;
	while ((code = sqlite3_step(q)) == SQLITE_ROW) {
		if (used == room) {
			room = room ? room * 2 : 16;
			rows = xreallocarray(rows, room, sizeof(*rows));
		}
		read_pending(q, &rows[used]);
		rows[used].order = (int64_t)used;
		used++;
	}
	if (code != SQLITE_DONE) {
		store_error(s, STORE_READING, e);
		store_pending_free(rows, used);
		rows = NULL;
		used = 0;
	}
	sqlite3_reset(q);
	*out = rows;
	*n = used;
	return code == SQLITE_DONE;
}

void store_pending_free(struct store_pending *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(rows[i].uid);
		free(rows[i].destination);
	}
	free(rows);
}
