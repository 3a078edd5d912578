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

#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "local/store_inner.h"

enum { VERSION = 1, APPLICATION_ID = 0x616d626c, BUSY_MS = 500 };

/* missing_s: since when the listing has lacked it, or STORE_DOUBT. A receipt is only of use while
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
	"the file and the statements of store_sql.c hold these numbers");

/* Opening and closing */

static struct store *attach(const char *path, int flags, struct error *e)
{
	struct store *s = xcalloc(1, sizeof(*s));

	s->shown = text_tilde(path, getenv("HOME"));
	if (sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		store_error(s, STORE_OPENING, e);
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

	if (!store_execute_text(s, "PRAGMA locking_mode = EXCLUSIVE", e) ||
		!store_read_number(s, "PRAGMA application_id", &id, e) ||
		!store_read_number(s, "PRAGMA user_version", version, e) ||
		!store_read_number(s, "SELECT count(*) FROM sqlite_master", &tables, e))
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
	sqlite3_stmt *q = store_statement(s, SQL_SET_FACT, e);

	if (!q)
		return false;
	sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 2, value, -1, SQLITE_STATIC);
	return store_execute(s, q, e);
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
	if (!store_begin(s, e))
		return false;
	done = store_execute_text(s, schema, e) && store_execute_text(s, numbers, e);
	done = done && set_fact(s, "host", host, e) && set_fact(s, "user", user, e) &&
		set_fact(s, "id", id, e);
	return store_finish(s, done, e);
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

bool store_lock(const char *path, int *fd, struct error *e)
{
	pid_t holder = 0;
	enum file_lock lock = file_lock(path, fd, &holder, e);

	if (lock == FILE_LOCK_TAKEN)
		error_set(
			e, ERROR_LATER, "another ambil (pid %lld) is fetching", (long long)holder);
	return lock == FILE_LOCK_HELD;
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
		!store_execute_text(s,
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

bool store_settle(struct store *s, struct error *e)
{
	return sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) ==
		SQLITE_OK ||
		store_error(s, STORE_WRITING, e);
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
		store_error(s, STORE_READING, e);
		store_free(s);
		return NULL;
	}
	s->copy = true;
	store_allow_writing(s, false);
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
	for (size_t i = 0; i < SQL_STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
	/* The WAL has no more use once it is copied into the database file: empty it. */
	sqlite3_exec(s->db, "PRAGMA journal_size_limit = 0", NULL, NULL, NULL);
	sqlite3_close(s->db);
	free(s->shown);
	free(s);
}

/* Facts */

bool store_get(struct store *s, const char *name, char *out, size_t room, struct error *e)
{
	sqlite3_stmt *q = store_statement(s, SQL_GET_FACT, e);
	bool done = true;
	int code;

	assert(room);
	if (!q)
		return false;
	sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
	code = sqlite3_step(q);
	out[0] = '\0';
	if (code == SQLITE_ROW && (size_t)sqlite3_column_bytes(q, 0) >= room)
		done = store_damaged(s, _("a value in it is too long"), e);
	else if (code == SQLITE_ROW)
		snprintf(out, room, "%s", (const char *)sqlite3_column_text(q, 0));
	else if (code != SQLITE_DONE)
		done = store_error(s, STORE_READING, e);
	sqlite3_reset(q);
	return done;
}

bool store_set(struct store *s, const char *name, const char *value, struct error *e)
{
	return store_begin(s, e) && store_finish(s, set_fact(s, name, value, e), e);
}
