/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_STORE_INNER_H
#define AMBIL_LOCAL_STORE_INNER_H

#include <sqlite3.h>

#include "local/store.h"

/*
 * What the parts of the store share: store.c (schema, opening, facts), store_sql.c (statements,
 * transactions, errors), store_known.c (what is read) and store_journal.c (what is written of
 * mail). For these only.
 */

/* In the column missing_s: nobody has looked since whether it is the same mail. */
enum { STORE_DOUBT = -1 };

enum store_sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_FIND_DESTINATION,
	SQL_ADD_DESTINATION,
	SQL_PREPARED,
	SQL_DELIVERED,
	SQL_REMOVED,
	SQL_FAILED,
	SQL_NOTE,
	SQL_MARK_SEEN,
	SQL_IMPORT,
	SQL_FAILURE,
	SQL_FORGET,
	SQL_MISSING,
	SQL_PRESENT,
	SQL_PRUNE,
	SQL_RESET_CLOCK,
	SQL_LIFT,
	SQL_LAND,
	SQL_MEASURE,
	SQL_LOAD,
	SQL_PENDING,
	SQL_GET_FACT,
	SQL_SET_FACT,
	SQL_FORGET_LISTING,
	SQL_HAS_UID,
	SQL_STATEMENTS
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_STATEMENTS];
	char *shown; /* the path, for sentences */
	int changes; /* of rows, before the transaction */
	bool copy;   /* in memory, for looking only */
};

/* Both return false. how: for people. The reason of an error is what SQLite said last. */
enum store_deed { STORE_OPENING, STORE_READING, STORE_WRITING };
bool store_damaged(const struct store *s, const char *how, struct error *e);
bool store_error(const struct store *s, enum store_deed deed, struct error *e);

/* Prepared once, kept until the store is closed. NULL and *e set when the file does not let it be
 * prepared. */
sqlite3_stmt *store_statement(struct store *s, enum store_sql which, struct error *e) MUST_CHECK;
/* Runs a statement that gives no rows, and resets it. */
bool store_execute(struct store *s, sqlite3_stmt *q, struct error *e) MUST_CHECK;
bool store_execute_text(struct store *s, const char *text, struct error *e) MUST_CHECK;
/* The one number that a statement gives. */
bool store_read_number(
	struct store *s, const char *text, sqlite3_int64 *out, struct error *e) MUST_CHECK;

/* ?1 and ?2 of statements about one mail. */
void store_bind_key(sqlite3_stmt *q, struct store_key key);
void store_bind_span(sqlite3_stmt *q, int i, struct span text);

bool store_begin(struct store *s, struct error *e) MUST_CHECK;
/* Ends the transaction: durable when true. done: whether all that belongs to it went well. */
bool store_finish(struct store *s, bool done, struct error *e) MUST_CHECK;
/* The same where rows of mail may have changed: what is said of a listing was said of them. */
bool store_finish_rows(struct store *s, bool done, struct error *e) MUST_CHECK;
/* A copy that is for looking changes for the time of one call. */
void store_allow_writing(struct store *s, bool allowed);

#endif
