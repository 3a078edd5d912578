/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The state of one account in one SQLite file. WAL with synchronous=FULL costs one sync a
 * transaction, a rollback journal three; the exclusive locking mode keeps the WAL's index in our
 * own memory, so no shared memory is mapped and the state folder may be on NFS. The WAL file stays,
 * emptied, when the store is closed: so opening, reading and closing writes and syncs nothing, and
 * the database file alone is the whole state. A new file's name, and those of the folders it is in,
 * are durable before it holds anything.
 *
 * To look only, the file is locked for as long as it takes to copy it into memory: a reader that
 * waits for the network never holds up a fetch. What a crash left in the WAL is read, and left
 * there.
 */
#include "local/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "local/seen.h"

enum { DOUBT = -1, VERSION = 1, APPLICATION_ID = 0x616d626c, BUSY_MS = 500, ROWS_MAX = 0x7ffffffe };

/* missing_s: since when the listing has lacked it, or DOUBT. A receipt is only of use while
 * prepared. */
static const char schema[] =
	"CREATE TABLE destination(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
	"CREATE TABLE fact(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE mail("
	" id INTEGER PRIMARY KEY,"
	" uid BLOB NOT NULL,"
	" occurrence INTEGER NOT NULL,"
	" state INTEGER NOT NULL CHECK(state BETWEEN 0 AND 3),"
	" marked INTEGER NOT NULL DEFAULT 0,"
	" size INTEGER NOT NULL DEFAULT 0,"
	" print INTEGER NOT NULL DEFAULT 0,"
	" attempts INTEGER NOT NULL DEFAULT 0,"
	" why TEXT,"
	" first_s INTEGER NOT NULL,"
	" prepared_s INTEGER, delivered_s INTEGER, removed_s INTEGER, missing_s INTEGER,"
	" receipt TEXT,"
	" destination INTEGER REFERENCES destination(id),"
	" UNIQUE(uid, occurrence));"
	"CREATE INDEX mail_prepared ON mail(id) WHERE state = 1;"
	"CREATE INDEX mail_gone ON mail(missing_s) WHERE state = 3;";

_Static_assert(
	STORE_NOTED == 0 && STORE_PREPARED == 1 && STORE_DELIVERED == 2 && STORE_REMOVED == 3,
	"the file and the statements below hold these numbers");

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	FIND_DESTINATION,
	ADD_DESTINATION,
	PREPARED,
	DELIVERED,
	REMOVED,
	FAILED,
	NOTE,
	MARK_SEEN,
	IMPORT,
	FAILURE,
	FORGET,
	MISSING,
	PRESENT,
	PRUNE,
	RESET_CLOCK,
	LIFT,
	LAND,
	MEASURE,
	LOAD,
	PENDING,
	GET_FACT,
	SET_FACT,
	FORGET_LISTING,
	HAS_UID,
	STATEMENTS
};

/* ?1 and ?2 are a mail's key, ?3 is the time, where a statement has them. */
static const char *const sql[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[FIND_DESTINATION] = "SELECT id FROM destination WHERE text = ?1",
	[ADD_DESTINATION] = "INSERT INTO destination(text) VALUES(?1)",
	/* Also from "delivered" (--all): recovery must know of every prepared mail. */
	[PREPARED] = "INSERT INTO mail(uid, occurrence, state, first_s, prepared_s, size, receipt,"
		     " destination, print) VALUES(?1, ?2, 1, ?3, ?3, ?4, ?5, ?6, ?7)"
		     " ON CONFLICT(uid, occurrence) DO UPDATE SET state = 1, marked = 0,"
		     " prepared_s = ?3, size = ?4, receipt = ?5, destination = ?6, print = ?7",
	[DELIVERED] =
		"INSERT INTO mail(uid, occurrence, state, first_s, delivered_s, size,"
		" destination, print) VALUES(?1, ?2, 2, ?3, ?3, ?4, ?6, ?7)"
		" ON CONFLICT(uid, occurrence) DO UPDATE SET state = 2, marked = 0,"
		" delivered_s = ?3, removed_s = NULL, missing_s = NULL,"
		" size = CASE ?4 WHEN 0 THEN size ELSE ?4 END, print = CASE ?7 WHEN 0 THEN print ELSE ?7 END, attempts = 0,"
		" why = NULL, receipt = NULL, destination = ?6",
	[REMOVED] = "UPDATE mail SET state = 3, removed_s = ?3"
		    " WHERE uid = ?1 AND occurrence = ?2 AND state = 2",
	[FAILED] = "INSERT INTO mail(uid, occurrence, state, first_s, attempts, why)"
		   " VALUES(?1, ?2, 0, ?3, 1, ?4) ON CONFLICT(uid, occurrence)"
		   " DO UPDATE SET attempts = attempts + 1, why = ?4",
	[NOTE] = "INSERT INTO mail(uid, occurrence, state, first_s, size) VALUES(?1, ?2, 0, ?3, ?4)"
		 " ON CONFLICT(uid, occurrence) DO NOTHING",
	[MARK_SEEN] = "INSERT INTO mail(uid, occurrence, state, marked, first_s, delivered_s)"
		      " VALUES(?1, ?2, 2, 1, ?3, ?3) ON CONFLICT(uid, occurrence) DO UPDATE"
		      " SET state = 2, marked = 1, delivered_s = ?3, receipt = NULL"
		      " WHERE state IN (0, 1)",
	/* What failed here was delivered there; all else is known better here. */
	[IMPORT] = "INSERT INTO mail(uid, occurrence, state, marked, first_s, delivered_s)"
		   " VALUES(?1, ?2, 2, ?4, ?3, ?3) ON CONFLICT(uid, occurrence) DO UPDATE"
		   " SET state = 2, marked = ?4, delivered_s = ?3, attempts = 0, why = NULL"
		   " WHERE state = 0",
	[FAILURE] = "SELECT why, first_s FROM mail WHERE uid = ?1 AND occurrence = ?2",
	[FORGET] = "DELETE FROM mail WHERE uid = ?1 AND occurrence = ?2",
	[MISSING] = "UPDATE mail SET missing_s = ?3 WHERE uid = ?1 AND occurrence = ?2",
	[PRESENT] = "UPDATE mail SET missing_s = NULL WHERE uid = ?1 AND occurrence = ?2",
	[PRUNE] = "DELETE FROM mail WHERE state = 3 AND missing_s BETWEEN ?2 AND ?1",
	[RESET_CLOCK] = "UPDATE mail SET delivered_s = ?3 WHERE uid = ?1 AND occurrence = ?2",
	/* Below 0 no occurrence is in use: there a row waits until all others have left. */
	[LIFT] = "UPDATE mail SET uid = ?3, occurrence = -1 - ?4, missing_s = NULL,"
		 " size = CASE ?5 WHEN 0 THEN size ELSE ?5 END"
		 " WHERE uid = ?1 AND occurrence = ?2",
	[LAND] = "UPDATE mail SET occurrence = ?2 WHERE uid = ?1 AND occurrence = -1 - ?2",
	[MEASURE] = "SELECT count(*), coalesce(sum(length(uid)), 0) FROM mail",
	[LOAD] = "SELECT uid, occurrence, state, marked, missing_s, attempts, size, delivered_s,"
		 " removed_s, print FROM mail ORDER BY id",
	[PENDING] = "SELECT uid, occurrence, receipt, destination.text, prepared_s FROM mail"
		    " LEFT JOIN destination ON destination.id = mail.destination"
		    " WHERE mail.state = 1 ORDER BY mail.id",
	[GET_FACT] = "SELECT value FROM fact WHERE name = ?1",
	[SET_FACT] = "INSERT INTO fact(name, value) VALUES(?1, ?2)"
		     " ON CONFLICT(name) DO UPDATE SET value = ?2",
	[FORGET_LISTING] = "DELETE FROM fact WHERE name = '" STORE_LISTING "'",
	[HAS_UID] = "SELECT 1 FROM mail WHERE uid = ?1 LIMIT 1",
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	char *shown; /* the path, for sentences */
	int changes; /* of rows, before the transaction */
	bool copy;   /* in memory, for looking only */
};

/* Errors */

static bool damaged(const struct store *s, const char *how, struct error *e)
{
	error_set(e, ERROR_STORE, "the state of this account (%s) is damaged: %s", s->shown, how);
	return error_remedy(e, "to start anew (mail still on the server is then fetched again)",
		"mv %s %s.damaged", s->shown, s->shown);
}

/*
 * The system's reason for what SQLite said last; 0: not known. A failed COMMIT leaves none in
 * sqlite3_system_errno(), but the file that failed remembers it. After a file could not be created,
 * SQLite tries to read it: that it is not there is no reason.
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
	return err == ENOENT ? 0 : err;
}

/* What SQLite said last. doing: "read" or "write". */
static bool store_error(const struct store *s, const char *doing, struct error *e)
{
	int code = sqlite3_errcode(s->db) & 0xff;
	const char *words = sqlite3_errmsg(s->db);
	int err;

	switch (code) {
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return damaged(s, words, e);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(e, ERROR_BUSY,
			"the state of this account (%s) is in use by another program", s->shown);
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		err = system_reason(s, code);
		if (err)
			return error_sys(e, ERROR_STORE, err,
				"cannot %s the state of this account (%s)", doing, s->shown);
		break;
	default:
		break;
	}
	return error_set(e, ERROR_STORE, "cannot %s the state of this account (%s): %s", doing,
		s->shown, words);
}

/* Statements */

/* NULL and *e set when the file does not let it be prepared. */
static sqlite3_stmt *statement(struct store *s, enum statement which, struct error *e)
{
	sqlite3_stmt **q = &s->statements[which];

	if (!*q &&
		sqlite3_prepare_v3(s->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, q, NULL) !=
			SQLITE_OK)
		store_error(s, "read", e);
	return *q;
}

/* Runs a statement that gives no rows. */
static bool execute(struct store *s, sqlite3_stmt *q, struct error *e)
{
	bool done = sqlite3_step(q) == SQLITE_DONE;

	if (!done)
		store_error(s, "write", e);
	sqlite3_reset(q);
	return done;
}

static bool execute_plain(struct store *s, enum statement which, struct error *e)
{
	sqlite3_stmt *q = statement(s, which, e);

	return q && execute(s, q, e);
}

static bool execute_text(struct store *s, const char *text, struct error *e)
{
	if (sqlite3_exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return store_error(s, "write", e);
}

/* The one number that a statement gives. */
static bool read_number(struct store *s, const char *text, sqlite3_int64 *out, struct error *e)
{
	sqlite3_stmt *q = NULL;
	bool done = sqlite3_prepare_v2(s->db, text, -1, &q, NULL) == SQLITE_OK &&
		sqlite3_step(q) == SQLITE_ROW;

	if (done)
		*out = sqlite3_column_int64(q, 0);
	else
		store_error(s, "read", e);
	sqlite3_finalize(q);
	return done;
}

static bool begin(struct store *s, struct error *e)
{
	s->changes = sqlite3_total_changes(s->db);
	return execute_plain(s, BEGIN, e);
}

/* Ends the transaction: durable when true. done: whether all that belongs to it went well. */
static bool finish(struct store *s, bool done, struct error *e)
{
	if (done && execute_plain(s, COMMIT, e))
		return true;
	/* A commit that failed may have ended the transaction, or left it open. */
	if (!sqlite3_get_autocommit(s->db))
		execute_plain(s, ROLLBACK, NULL);
	return false;
}

/* The same where rows of mail may have changed: what is said of a listing was said of them. */
static bool finish_rows(struct store *s, bool done, struct error *e)
{
	if (done && sqlite3_total_changes(s->db) != s->changes) {
		sqlite3_stmt *q = statement(s, FORGET_LISTING, e);

		done = q && execute(s, q, e);
	}
	return finish(s, done, e);
}

static void bind_span(sqlite3_stmt *q, int i, struct span text)
{
	sqlite3_bind_blob64(q, i, text.len ? text.data : "", text.len, SQLITE_STATIC);
}

static void bind_key(sqlite3_stmt *q, struct store_key key)
{
	bind_span(q, 1, key.uid);
	sqlite3_bind_int64(q, 2, key.occurrence);
}

/* Opening and closing */

static struct store *attach(const char *path, int flags, struct error *e)
{
	struct store *s = xcalloc(1, sizeof(*s));

	s->shown = text_tilde(path, getenv("HOME"));
	if (sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		store_error(s, "open", e);
		store_free(s);
		return NULL;
	}
	sqlite3_busy_timeout(s->db, BUSY_MS);
	return s;
}

static void keep_wal_file(struct store *s)
{
	int persist = 1;

	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
}

/* While false, closing leaves the files as they are. */
static void checkpoint_on_close(struct store *s, bool wanted)
{
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !wanted, NULL);
}

/* Refuses what is not ours. *version is 0 for a file that holds nothing yet. Writes nothing. */
static bool check_version(struct store *s, sqlite3_int64 *version, struct error *e)
{
	sqlite3_int64 id, tables;

	if (!execute_text(s, "PRAGMA locking_mode = EXCLUSIVE", e) ||
		!read_number(s, "PRAGMA application_id", &id, e) ||
		!read_number(s, "PRAGMA user_version", version, e) ||
		!read_number(s, "SELECT count(*) FROM sqlite_master", &tables, e))
		return false;
	if (tables == 0 && *version == 0)
		return true;
	if (id != APPLICATION_ID || *version < 1) {
		error_set(e, ERROR_STORE, "%s is not a state file of ambil", s->shown);
		return error_remedy(
			e, "to make room for one", "mv %s %s.other", s->shown, s->shown);
	}
	if (*version > VERSION) {
		error_set(e, ERROR_STORE,
			"the state of this account (%s) was written by a newer ambil", s->shown);
		return error_remedy(e, "", "use that one; this one leaves the file alone");
	}
	return true;
}

static bool set_fact(struct store *s, const char *name, const char *value, struct error *e)
{
	sqlite3_stmt *q = statement(s, SET_FACT, e);

	if (!q)
		return false;
	sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 2, value, -1, SQLITE_STATIC);
	return execute(s, q, e);
}

static bool create(struct store *s, const char *host, const char *user, struct error *e)
{
	char numbers[100], id[24];
	sqlite3_uint64 random;
	bool done;

	sqlite3_randomness(sizeof(random), &random);
	snprintf(id, sizeof(id), "%016llx", (unsigned long long)random);
	snprintf(numbers, sizeof(numbers), "PRAGMA application_id = %d; PRAGMA user_version = %d",
		APPLICATION_ID, VERSION);
	if (!begin(s, e))
		return false;
	done = execute_text(s, schema, e) && execute_text(s, numbers, e);
	done = done && set_fact(s, "host", host, e) && set_fact(s, "user", user, e) &&
		set_fact(s, "id", id, e);
	return finish(s, done, e);
}

bool store_check_user(struct store *s, const char *user, struct error *e)
{
	char known[400];

	if (!store_get(s, "user", known, sizeof(known), e))
		return false;
	if (strcmp(known, user) == 0)
		return true;
	error_set(e, ERROR_CONFIG,
		"the state of this account (%s) belongs to the user \"%s\", not \"%s\"", s->shown,
		safe(span_of(known)).text, safe(span_of(user)).text);
	return error_remedy(e, "",
		"give the other mailbox an account name of its own, or move %s away", s->shown);
}

/*
 * Makes the file when it is missing, with a mode that no umask widens. An existing one is not
 * opened here: closing a descriptor of our own would drop the locks of another connection in this
 * process.
 */
static bool ensure_file(const char *path, struct error *e)
{
	struct stat st;
	char *shown;
	int fd, err;

	if (stat(path, &st) == 0) {
		if (S_ISREG(st.st_mode))
			return true;
		err = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	} else {
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0) {
			close(fd);
			return true;
		}
		err = errno;
	}
	shown = text_tilde(path, getenv("HOME"));
	error_sys(e, ERROR_STORE, err, "cannot open the state of this account (%s)", shown);
	free(shown);
	return false;
}

struct store *store_open(const char *path, const char *host, const char *user, struct error *e)
{
	struct store *s;
	sqlite3_int64 version;

	if (!ensure_file(path, e))
		return NULL;
	s = attach(path, SQLITE_OPEN_READWRITE, e);
	if (!s)
		return NULL;
	checkpoint_on_close(s, false);
	keep_wal_file(s);
	if (!check_version(s, &version, e) ||
		!execute_text(s,
			"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			"PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON",
			e))
		goto fail;
	/* In this order: then a file that has tables has a name that stays, whatever is killed
	 * when. */
	if (version == 0 && (!file_sync_way(path, ERROR_STORE, e) || !create(s, host, user, e)))
		goto fail;
	if (!store_check_user(s, user, e))
		goto fail;
	checkpoint_on_close(s, true);
	return s;
fail:
	store_free(s);
	return NULL;
}

static void allow_writing(struct store *s, bool allowed)
{
	sqlite3_exec(s->db, allowed ? "PRAGMA query_only = OFF" : "PRAGMA query_only = ON", NULL,
		NULL, NULL);
}

/* The whole file in memory; what it was copied from is let go. */
static struct store *copy(struct store *from, const char *path, struct error *e)
{
	struct store *s = attach(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e);
	sqlite3_backup *work;

	if (!s)
		return NULL;
	free(s->shown);
	s->shown = text_tilde(path, getenv("HOME"));
	work = sqlite3_backup_init(s->db, "main", from->db, "main");
	if (work)
		sqlite3_backup_step(work, -1);
	if (!work || sqlite3_backup_finish(work) != SQLITE_OK) {
		store_error(s, "read", e);
		store_free(s);
		return NULL;
	}
	s->copy = true;
	allow_writing(s, false);
	return s;
}

bool store_open_readonly(const char *path, struct store **out, struct error *e)
{
	struct stat st, wal;
	struct store *file = NULL;
	sqlite3_int64 version;
	char *wal_path = xasprintf("%s-wal", path);
	bool has_wal = stat(wal_path, &wal) == 0, done = false;

	*out = NULL;
	free(wal_path);
	if (stat(path, &st) < 0 && errno == ENOENT)
		return true;
	/* Writable, though nothing is written: the exclusive mode's lock asks for it. */
	file = attach(path, SQLITE_OPEN_READWRITE, e);
	if (!file)
		return false;
	/* Closing leaves a WAL as it is, but takes away one that SQLite had to make. */
	checkpoint_on_close(file, !has_wal);
	if (!check_version(file, &version, e))
		goto end;
	if (version)
		*out = copy(file, path, e);
	done = *out || !version;
end:
	store_free(file);
	return done;
}

void store_free(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
	/* The WAL has no more use once it is copied into the database file: empty it. */
	sqlite3_exec(s->db, "PRAGMA journal_size_limit = 0", NULL, NULL, NULL);
	sqlite3_close(s->db);
	free(s->shown);
	free(s);
}

/* What is known */

/* One row of LOAD. Its UID is borrowed until the next step. */
static void read_row(sqlite3_stmt *q, struct seen *row)
{
	row->key.uid.data = sqlite3_column_blob(q, 0);
	row->key.uid.len = (size_t)sqlite3_column_bytes(q, 0);
	row->key.occurrence = (uint32_t)sqlite3_column_int64(q, 1);
	row->state = (enum store_state)sqlite3_column_int(q, 2);
	row->marked = sqlite3_column_int(q, 3);
	row->missing_s = sqlite3_column_int64(q, 4);
	row->doubt = row->missing_s == DOUBT;
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
	sqlite3_stmt *q = statement(s, LOAD, e);
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
		damaged(s, "its rows contradict each other", e);
	else if (code != SQLITE_DONE)
		store_error(s, "read", e);
	sqlite3_reset(q);
	return sound && code == SQLITE_DONE;
}

struct seen_set *store_load(struct store *s, struct error *e)
{
	sqlite3_stmt *q = statement(s, MEASURE, e);
	struct seen_set *set;
	sqlite3_int64 n, octets;

	if (!q)
		return NULL;
	if (sqlite3_step(q) != SQLITE_ROW) {
		store_error(s, "read", e);
		sqlite3_reset(q);
		return NULL;
	}
	n = sqlite3_column_int64(q, 0);
	octets = sqlite3_column_int64(q, 1);
	sqlite3_reset(q);
	if (n > ROWS_MAX) {
		damaged(s, "it has too many rows", e);
		return NULL;
	}
	set = seen_set_new((size_t)n, (size_t)octets);
	if (read_rows(s, set, e))
		return set;
	seen_set_free(set);
	return NULL;
}

/* The journal */

/* The row of a destination, which is added when it is new. */
static bool find_destination(struct store *s, const char *text, sqlite3_int64 *id, struct error *e)
{
	sqlite3_stmt *q = statement(s, FIND_DESTINATION, e);
	int code;

	if (!q)
		return false;
	sqlite3_bind_text(q, 1, text, -1, SQLITE_STATIC);
	code = sqlite3_step(q);
	if (code == SQLITE_ROW)
		*id = sqlite3_column_int64(q, 0);
	else if (code != SQLITE_DONE)
		store_error(s, "read", e);
	sqlite3_reset(q);
	if (code != SQLITE_DONE)
		return code == SQLITE_ROW;
	q = statement(s, ADD_DESTINATION, e);
	if (!q)
		return false;
	sqlite3_bind_text(q, 1, text, -1, SQLITE_STATIC);
	if (!execute(s, q, e))
		return false;
	*id = sqlite3_last_insert_rowid(s->db);
	return true;
}

/* PREPARED or DELIVERED for all rows, within a transaction. */
static bool write_rows(struct store *s, enum statement which, const struct store_row *rows,
	size_t n, const char *destination, int64_t now_s, struct error *e)
{
	sqlite3_stmt *q = statement(s, which, e);
	sqlite3_int64 id = 0;
	bool done = q && find_destination(s, destination, &id, e);

	for (size_t i = 0; done && i < n; i++) {
		bind_key(q, rows[i].key);
		sqlite3_bind_int64(q, 3, now_s);
		sqlite3_bind_int64(q, 4, (sqlite3_int64)rows[i].size);
		sqlite3_bind_text(q, 5, rows[i].receipt.text, -1, SQLITE_STATIC);
		sqlite3_bind_int64(q, 6, id);
		sqlite3_bind_int64(q, 7, (sqlite3_int64)rows[i].print);
		done = execute(s, q, e);
	}
	return done;
}

bool store_prepared(struct store *s, const struct store_row *rows, size_t n,
	const char *destination, int64_t now_s, struct error *e)
{
	if (n == 0)
		return true;
	return begin(s, e) &&
		finish_rows(s, write_rows(s, PREPARED, rows, n, destination, now_s, e), e);
}

bool store_delivered(struct store *s, const struct store_row *rows, size_t n,
	const char *destination, int64_t now_s, struct error *e)
{
	if (n == 0)
		return true;
	return begin(s, e) &&
		finish_rows(s, write_rows(s, DELIVERED, rows, n, destination, now_s, e), e);
}

bool store_turned(struct store *s, const struct store_row *delivered, size_t delivered_n,
	const struct store_row *prepared, size_t prepared_n, const char *destination, int64_t now_s,
	struct error *e)
{
	return begin(s, e) &&
		finish_rows(s,
			write_rows(s, DELIVERED, delivered, delivered_n, destination, now_s, e) &&
				write_rows(
					s, PREPARED, prepared, prepared_n, destination, now_s, e),
			e);
}

/* One statement of a key and perhaps the time, for all keys, as one transaction. */
static bool write_keys(struct store *s, enum statement which, const struct store_key *keys,
	size_t n, const int64_t *now_s, struct error *e)
{
	sqlite3_stmt *q;
	bool done;

	if (n == 0)
		return true;
	q = statement(s, which, e);
	if (!q || !begin(s, e))
		return false;
	done = true;
	for (size_t i = 0; done && i < n; i++) {
		bind_key(q, keys[i]);
		if (now_s)
			sqlite3_bind_int64(q, 3, *now_s);
		done = execute(s, q, e);
	}
	return finish_rows(s, done, e);
}

bool store_removed(
	struct store *s, const struct store_key *keys, size_t n, int64_t now_s, struct error *e)
{
	return write_keys(s, REMOVED, keys, n, &now_s, e);
}

bool store_note(struct store *s, const struct store_key *keys, const uint64_t *sizes, size_t n,
	int64_t now_s, struct error *e)
{
	sqlite3_stmt *q = n ? statement(s, NOTE, e) : NULL;
	bool done = true;

	if (!n)
		return true;
	if (!q || !begin(s, e))
		return false;
	for (size_t i = 0; done && i < n; i++) {
		bind_key(q, keys[i]);
		sqlite3_bind_int64(q, 3, now_s);
		sqlite3_bind_int64(q, 4, (sqlite3_int64)sizes[i]);
		done = execute(s, q, e);
	}
	return finish_rows(s, done, e);
}

bool store_mark_seen(
	struct store *s, const struct store_key *keys, size_t n, int64_t now_s, struct error *e)
{
	return write_keys(s, MARK_SEEN, keys, n, &now_s, e);
}

bool store_import(struct store *s, const struct store_key *keys, const int64_t *delivered_s,
	const bool *marked, size_t n, size_t *added, struct error *e)
{
	sqlite3_stmt *q = statement(s, IMPORT, e);
	bool done = true;

	*added = 0;
	if (!q || !begin(s, e))
		return false;
	for (size_t i = 0; done && i < n; i++) {
		bind_key(q, keys[i]);
		sqlite3_bind_int64(q, 3, delivered_s[i]);
		sqlite3_bind_int(q, 4, marked && marked[i]);
		done = execute(s, q, e);
		*added += done && sqlite3_changes(s->db) > 0;
	}
	return finish_rows(s, done, e);
}

bool store_failure(struct store *s, struct store_key key, char *why, size_t room, int64_t *first_s,
	struct error *e)
{
	sqlite3_stmt *q = statement(s, FAILURE, e);
	int code;

	assert(room);
	why[0] = '\0';
	*first_s = 0;
	if (!q)
		return false;
	bind_key(q, key);
	code = sqlite3_step(q);
	if (code == SQLITE_ROW) {
		const unsigned char *text = sqlite3_column_text(q, 0);

		snprintf(why, room, "%s", text ? (const char *)text : "");
		*first_s = sqlite3_column_int64(q, 1);
	} else if (code != SQLITE_DONE) {
		store_error(s, "read", e);
	}
	sqlite3_reset(q);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

bool store_forget(struct store *s, const struct store_key *keys, size_t n, struct error *e)
{
	return write_keys(s, FORGET, keys, n, NULL, e);
}

bool store_failed(
	struct store *s, struct store_key key, const char *why, int64_t now_s, struct error *e)
{
	sqlite3_stmt *q = statement(s, FAILED, e);

	if (!q || !begin(s, e))
		return false;
	bind_key(q, key);
	sqlite3_bind_int64(q, 3, now_s);
	sqlite3_bind_text(q, 4, why, -1, SQLITE_STATIC);
	return finish_rows(s, execute(s, q, e), e);
}

static bool lift(struct store *s, const struct store_move *moves, size_t n, struct error *e)
{
	sqlite3_stmt *q = statement(s, LIFT, e);
	bool done = q;

	for (size_t i = 0; done && i < n; i++) {
		bind_key(q, moves[i].from);
		bind_span(q, 3, moves[i].to.uid);
		sqlite3_bind_int64(q, 4, moves[i].to.occurrence);
		sqlite3_bind_int64(q, 5, (sqlite3_int64)moves[i].size);
		done = execute(s, q, e);
	}
	return done;
}

static bool land(struct store *s, const struct store_move *moves, size_t n, struct error *e)
{
	sqlite3_stmt *make_room = statement(s, FORGET, e);
	sqlite3_stmt *q = make_room ? statement(s, LAND, e) : NULL;
	bool done = q;

	for (size_t i = 0; done && i < n; i++) {
		bind_key(make_room, moves[i].to);
		bind_key(q, moves[i].to);
		done = execute(s, make_room, e) && execute(s, q, e);
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
		allow_writing(s, true);
	done = begin(s, e) && finish_rows(s, lift(s, moves, n, e) && land(s, moves, n, e), e);
	if (s->copy)
		allow_writing(s, false);
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
	sqlite3_stmt *q = statement(s, now == STORE_PRESENT ? PRESENT : MISSING, e);

	if (!q)
		return false;
	bind_key(q, row->key);
	if (now != STORE_PRESENT)
		sqlite3_bind_int64(q, 3, now == STORE_ABSENT ? now_s : DOUBT);
	return execute(s, q, e);
}

static bool reset_clock(struct store *s, const struct seen *row, int64_t now_s, struct error *e)
{
	sqlite3_stmt *q = statement(s, RESET_CLOCK, e);

	if (!q)
		return false;
	bind_key(q, row->key);
	sqlite3_bind_int64(q, 3, now_s);
	return execute(s, q, e);
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
	sqlite3_stmt *prune = statement(s, PRUNE, e);

	if (!prune || !begin(s, e))
		return false;
	sqlite3_bind_int64(prune, 1, now_s - keep_s);
	sqlite3_bind_int64(prune, 2, CLOCK_SANE_S);
	return finish_rows(s, note_listing(s, set, now, now_s, e) && execute(s, prune, e), e);
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
	sqlite3_stmt *q = statement(s, PENDING, e);
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
		store_error(s, "read", e);
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

/* Facts */

bool store_get(struct store *s, const char *name, char *out, size_t room, struct error *e)
{
	sqlite3_stmt *q = statement(s, GET_FACT, e);
	bool done = true;
	int code;

	assert(room);
	if (!q)
		return false;
	sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
	code = sqlite3_step(q);
	out[0] = '\0';
	if (code == SQLITE_ROW && (size_t)sqlite3_column_bytes(q, 0) >= room)
		done = damaged(s, "a value in it is too long", e);
	else if (code == SQLITE_ROW)
		snprintf(out, room, "%s", (const char *)sqlite3_column_text(q, 0));
	else if (code != SQLITE_DONE)
		done = store_error(s, "read", e);
	sqlite3_reset(q);
	return done;
}

bool store_has_uid(struct store *s, struct span uid, bool *has, struct error *e)
{
	sqlite3_stmt *q = statement(s, HAS_UID, e);
	int code;

	if (!q)
		return false;
	bind_span(q, 1, uid);
	code = sqlite3_step(q);
	*has = code == SQLITE_ROW;
	sqlite3_reset(q);
	return code == SQLITE_ROW || code == SQLITE_DONE || store_error(s, "read", e);
}

bool store_set(struct store *s, const char *name, const char *value, struct error *e)
{
	return begin(s, e) && finish(s, set_fact(s, name, value, e), e);
}
