/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The statements of the store, and how they are run: prepared once, within transactions, with
 * errors in this program's words.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "local/store_inner.h"

/* ?1 and ?2 are a mail's key, ?3 is the time, where a statement has them. */
static const char *const sql[SQL_STATEMENTS] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_FIND_DESTINATION] = "SELECT id FROM destination WHERE text = ?1",
	[SQL_ADD_DESTINATION] = "INSERT INTO destination(text) VALUES(?1)",
	/* Also from "delivered" (--all): recovery must know of every prepared mail. */
	[SQL_PREPARED] =
		"INSERT INTO mail(uid, occurrence, state, first_s, prepared_s, size, receipt,"
		" destination, print) VALUES(?1, ?2, 1, ?3, ?3, ?4, ?5, ?6, ?7)"
		" ON CONFLICT(uid, occurrence) DO UPDATE SET state = 1, marked = 0,"
		" prepared_s = ?3, size = ?4, receipt = ?5, destination = ?6, print = ?7",
	[SQL_DELIVERED] =
		"INSERT INTO mail(uid, occurrence, state, first_s, delivered_s, size,"
		" destination, print) VALUES(?1, ?2, 2, ?3, ?3, ?4, ?6, ?7)"
		" ON CONFLICT(uid, occurrence) DO UPDATE SET state = 2, marked = 0,"
		" delivered_s = ?3, removed_s = NULL, missing_s = NULL,"
		" size = CASE ?4 WHEN 0 THEN size ELSE ?4 END, print = CASE ?7 WHEN 0 THEN print ELSE ?7 END, attempts = 0,"
		" why = NULL, receipt = NULL, destination = ?6",
	[SQL_REMOVED] = "UPDATE mail SET state = 3, removed_s = ?3"
			" WHERE uid = ?1 AND occurrence = ?2 AND state = 2",
	[SQL_FAILED] = "INSERT INTO mail(uid, occurrence, state, first_s, attempts, why)"
		       " VALUES(?1, ?2, 0, ?3, 1, ?4) ON CONFLICT(uid, occurrence)"
		       " DO UPDATE SET attempts = attempts + 1, why = ?4",
	[SQL_NOTE] =
		"INSERT INTO mail(uid, occurrence, state, first_s, size) VALUES(?1, ?2, 0, ?3, ?4)"
		" ON CONFLICT(uid, occurrence) DO NOTHING",
	[SQL_MARK_SEEN] = "INSERT INTO mail(uid, occurrence, state, marked, first_s, delivered_s)"
			  " VALUES(?1, ?2, 2, 1, ?3, ?3) ON CONFLICT(uid, occurrence) DO UPDATE"
			  " SET state = 2, marked = 1, delivered_s = ?3, receipt = NULL"
			  " WHERE state IN (0, 1)",
	/* What failed here was delivered there; all else is known better here. */
	[SQL_IMPORT] = "INSERT INTO mail(uid, occurrence, state, marked, first_s, delivered_s)"
		       " VALUES(?1, ?2, 2, ?4, ?3, ?3) ON CONFLICT(uid, occurrence) DO UPDATE"
		       " SET state = 2, marked = ?4, delivered_s = ?3, attempts = 0, why = NULL"
		       " WHERE state = 0 OR (state = 2 AND size = 0 AND marked < ?4)",
	[SQL_FAILURE] = "SELECT why, first_s FROM mail WHERE uid = ?1 AND occurrence = ?2",
	[SQL_FORGET] = "DELETE FROM mail WHERE uid = ?1 AND occurrence = ?2",
	[SQL_MISSING] = "UPDATE mail SET missing_s = ?3 WHERE uid = ?1 AND occurrence = ?2",
	[SQL_PRESENT] = "UPDATE mail SET missing_s = NULL WHERE uid = ?1 AND occurrence = ?2",
	[SQL_PRUNE] = "DELETE FROM mail WHERE state = 3 AND missing_s BETWEEN ?2 AND ?1",
	[SQL_RESET_CLOCK] = "UPDATE mail SET delivered_s = ?3 WHERE uid = ?1 AND occurrence = ?2",
	/* Below 0 no occurrence is in use: there a row waits until all others have left. */
	[SQL_LIFT] = "UPDATE mail SET uid = ?3, occurrence = -1 - ?4, missing_s = NULL,"
		     " size = CASE ?5 WHEN 0 THEN size ELSE ?5 END"
		     " WHERE uid = ?1 AND occurrence = ?2",
	[SQL_LAND] = "UPDATE mail SET occurrence = ?2 WHERE uid = ?1 AND occurrence = -1 - ?2",
	[SQL_MEASURE] = "SELECT count(*), coalesce(sum(length(uid)), 0) FROM mail",
	[SQL_LOAD] =
		"SELECT uid, occurrence, state, marked, missing_s, attempts, size, delivered_s,"
		" removed_s, print FROM mail ORDER BY id",
	[SQL_PENDING] = "SELECT uid, occurrence, receipt, destination.text, prepared_s FROM mail"
			" LEFT JOIN destination ON destination.id = mail.destination"
			" WHERE mail.state = 1 ORDER BY mail.id",
	[SQL_GET_FACT] = "SELECT value FROM fact WHERE name = ?1",
	[SQL_SET_FACT] = "INSERT INTO fact(name, value) VALUES(?1, ?2)"
			 " ON CONFLICT(name) DO UPDATE SET value = ?2",
	[SQL_FORGET_LISTING] = "DELETE FROM fact WHERE name = '" STORE_LISTING "'",
	[SQL_HAS_UID] = "SELECT 1 FROM mail WHERE uid = ?1 LIMIT 1",
};

/* Errors */

bool store_damaged(const struct store *s, const char *how, struct error *e)
{
	error_set(e, ERROR_STORE, "the state of this account (%s) is damaged: %s", s->shown, how);
	return error_remedy(e, "to start anew (mail still on the server is then fetched again)",
		"mv %s %s.damaged", s->shown, s->shown);
}

/*
 * The system's reason for what SQLite said last; 0: not known. A failed COMMIT leaves none in
 * sqlite3_system_errno(), but the file that failed remembers it. After a file could not be created,
 * SQLite tries to read it: that it is not there is no reason. Nor is that it has no descriptor for
 * a file that it could not open, as on a file system that is read-only.
 */
static int system_reason(const struct store *s, int code)
{
	sqlite3_file *journal = NULL;
	int err = 0;

	if (code == SQLITE_FULL)
		return ENOSPC;
	if (code == SQLITE_IOERR) {
		sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &journal);
		if (journal && journal->pMethods)
			journal->pMethods->xFileControl(journal, SQLITE_FCNTL_LAST_ERRNO, &err);
		if (!err)
			sqlite3_file_control(s->db, "main", SQLITE_FCNTL_LAST_ERRNO, &err);
	}
	if (!err)
		err = sqlite3_system_errno(s->db);
	if (err == EBADF && sqlite3_db_readonly(s->db, "main") == 1)
		return access(sqlite3_db_filename(s->db, "main"), W_OK) < 0 ? errno : 0;
	return err == ENOENT ? 0 : err;
}

bool store_error(const struct store *s, enum store_deed deed, struct error *e)
{
	int code = sqlite3_errcode(s->db) & 0xff;
	const char *words = sqlite3_errmsg(s->db);
	int err;

	switch (code) {
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return store_damaged(s, words, e);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(e, ERROR_BUSY,
			"the state of this account (%s) is in use by another program", s->shown);
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		err = system_reason(s, code);
		if (err)
			words = strerror(err);
		break;
	default:
		break;
	}
	switch (deed) {
	case STORE_OPENING:
		return error_set(e, ERROR_STORE, "cannot open the state of this account (%s): %s",
			s->shown, words);
	case STORE_READING:
		return error_set(e, ERROR_STORE, "cannot read the state of this account (%s): %s",
			s->shown, words);
	default:
		return error_set(e, ERROR_STORE, "cannot write the state of this account (%s): %s",
			s->shown, words);
	}
}

/* Statements */

sqlite3_stmt *store_statement(struct store *s, enum store_sql which, struct error *e)
{
	sqlite3_stmt **q = &s->statements[which];

	if (!*q &&
		sqlite3_prepare_v3(s->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, q, NULL) !=
			SQLITE_OK)
		store_error(s, STORE_READING, e);
	return *q;
}

bool store_execute(struct store *s, sqlite3_stmt *q, struct error *e)
{
	bool done = sqlite3_step(q) == SQLITE_DONE;

	if (!done)
		store_error(s, STORE_WRITING, e);
	sqlite3_reset(q);
	return done;
}

static bool execute_plain(struct store *s, enum store_sql which, struct error *e)
{
	sqlite3_stmt *q = store_statement(s, which, e);

	return q && store_execute(s, q, e);
}

bool store_execute_text(struct store *s, const char *text, struct error *e)
{
	if (sqlite3_exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return store_error(s, STORE_WRITING, e);
}

bool store_read_number(struct store *s, const char *text, sqlite3_int64 *out, struct error *e)
{
	sqlite3_stmt *q = NULL;
	bool done = sqlite3_prepare_v2(s->db, text, -1, &q, NULL) == SQLITE_OK &&
		sqlite3_step(q) == SQLITE_ROW;

	if (done)
		*out = sqlite3_column_int64(q, 0);
	else
		store_error(s, STORE_READING, e);
	sqlite3_finalize(q);
	return done;
}

bool store_begin(struct store *s, struct error *e)
{
	s->changes = sqlite3_total_changes(s->db);
	return execute_plain(s, SQL_BEGIN, e);
}

bool store_finish(struct store *s, bool done, struct error *e)
{
	if (done && execute_plain(s, SQL_COMMIT, e))
		return true;
	/* A commit that failed may have ended the transaction, or left it open. */
	if (!sqlite3_get_autocommit(s->db))
		execute_plain(s, SQL_ROLLBACK, NULL);
	return false;
}

bool store_finish_rows(struct store *s, bool done, struct error *e)
{
	if (done && sqlite3_total_changes(s->db) != s->changes) {
		sqlite3_stmt *q = store_statement(s, SQL_FORGET_LISTING, e);

		done = q && store_execute(s, q, e);
	}
	return store_finish(s, done, e);
}

void store_bind_span(sqlite3_stmt *q, int i, struct span text)
{
	sqlite3_bind_blob64(q, i, text.len ? text.data : "", text.len, SQLITE_STATIC);
}

void store_bind_key(sqlite3_stmt *q, struct store_key key)
{
	store_bind_span(q, 1, key.uid);
	sqlite3_bind_int64(q, 2, key.occurrence);
}

void store_allow_writing(struct store *s, bool allowed)
{
	sqlite3_exec(s->db, allowed ? "PRAGMA query_only = OFF" : "PRAGMA query_only = ON", NULL,
		NULL, NULL);
}
