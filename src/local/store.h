/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_STORE_H
#define AMBIL_LOCAL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "local/sink.h"

/*
 * An account's state: which mail is known, and the journal that makes delivery exactly-once. One
 * SQLite file, one writer (the caller holds the account's lock). A mail is named by its UID and,
 * where one listing has the same UID more than once, by its place among them (occurrence 0, 1, …).
 * Used by one thread at a time. Every function that changes something is one transaction and
 * durable when it returns. ERROR_STORE; ERROR_BUSY while another program has the file open.
 */
enum store_state {
	STORE_NOTED,     /* known, not delivered: attempts have failed */
	STORE_PREPARED,  /* J1 */
	STORE_DELIVERED, /* J2: delivered here, or marked as seen */
	STORE_REMOVED,   /* J3: the server has answered QUIT after our DELE */
};

struct store_key {
	struct span uid;
	uint32_t occurrence;
};
struct seen {
	struct store_key key;
	enum store_state state;
	bool marked;       /* seen without a delivery (--from-now) */
	bool missing;      /* the last listing did not have it */
	int64_t missing_s; /* since when; 0 unless missing */
	bool doubt;        /* it was missing, or told by another server, and nobody has looked since
			      whether it is the same mail */
	uint32_t attempts; /* failed ones */
	uint64_t size;     /* as LIST said when it was fetched, or 0 */
	int64_t delivered_s; /* the retention clock's start */
	int64_t removed_s;
	uint64_t print; /* local/fingerprint.h; 0: none */
};

struct store;
/* The lock of a state that is to be changed, at path: gone with the descriptor or the process.
 * ERROR_LATER: another process has it. */
bool store_lock(const char *path, int *fd, struct error *e) MUST_CHECK;
/*
 * Opens or creates the file at path (0600; its folder must exist). host and user are stored the
 * first time; another user later is an error with a remedy (another mailbox under the same name:
 * ERROR_CONFIG); another host is not. A file of a newer version, or a damaged one, is an error and
 * left alone.
 */
struct store *store_open(
	const char *path, const char *host, const char *user, struct error *e) MUST_CHECK;
/* All that has been written is in the one file at its path, which alone may be renamed then; else a
 * part of it may be in a second file, for whoever opens it by the same name. ERROR_STORE. */
bool store_settle(struct store *s, struct error *e) MUST_CHECK;
/*
 * For looking only, at a copy in memory: creates, changes and holds nothing. *out is NULL when
 * there is no state yet.
 */
bool store_open_readonly(const char *path, struct store **out, struct error *e) MUST_CHECK;
void store_free(struct store *s);
/* Whether it is of this user: the error of store_open() when it is not. */
bool store_check_user(struct store *s, const char *user, struct error *e) MUST_CHECK;

/* All rows, in memory, with a lookup by key. Costs some tens of octets a row besides the UID. */
struct seen_set;
struct seen_set *store_load(struct store *s, struct error *e) MUST_CHECK;
/* Whether any row has this UID. */
bool store_has_uid(struct store *s, struct span uid, bool *has, struct error *e) MUST_CHECK;
/* NULL when unknown. */
const struct seen *seen_find(const struct seen_set *set, struct store_key key);
size_t seen_count(const struct seen_set *set, enum store_state state);
/* Iteration: i from 0; NULL at the end. seen_find() returns the same addresses. */
const struct seen *seen_at(const struct seen_set *set, size_t i);
void seen_set_free(struct seen_set *set);

/* What is written of a mail. */
struct store_row {
	struct store_key key;
	uint64_t size;
	uint64_t print; /* 0: none, or not known; a known one then stays with a delivered row */
	struct receipt receipt;
};
/* J0 -> J1, also from J2 or J3 (--all, a UID used again). destination: struct destination's id. */
bool store_prepared(struct store *s, const struct store_row *rows, size_t n,
	const char *destination, int64_t now_s, struct error *e) MUST_CHECK;
/* J1 -> J2, or J0 -> J2 for a sink that is not journalled. */
bool store_delivered(struct store *s, const struct store_row *rows, size_t n,
	const char *destination, int64_t now_s, struct error *e) MUST_CHECK;
/* The one for a batch, and then the other for the batch that follows it: both or neither. */
bool store_turned(struct store *s, const struct store_row *delivered, size_t delivered_n,
	const struct store_row *prepared, size_t prepared_n, const char *destination, int64_t now_s,
	struct error *e) MUST_CHECK;
/* J2 -> J3. */
bool store_removed(struct store *s, const struct store_key *keys, size_t n, int64_t now_s,
	struct error *e) MUST_CHECK;
/* One more failed attempt; why is kept for reports. Never lowers a state. */
bool store_failed(struct store *s, struct store_key key, const char *why, int64_t now_s,
	struct error *e) MUST_CHECK;
/* Makes rows in STORE_NOTED for mails that have none: sizes[i] as LIST says. */
bool store_note(struct store *s, const struct store_key *keys, const uint64_t *sizes, size_t n,
	int64_t now_s, struct error *e) MUST_CHECK;
/* Marks as seen without delivery; rows in STORE_DELIVERED and STORE_REMOVED stay as they are. */
bool store_mark_seen(struct store *s, const struct store_key *keys, size_t n, int64_t now_s,
	struct error *e) MUST_CHECK;
/*
 * Mail that another program has delivered, each with its time; *added: how many were not known as
 * delivered or seen before, or are marked now. Known rows stay as they are, but for those in
 * STORE_NOTED, and those of an earlier import that are to be marked.
 * marked: which of them were seen there without a delivery; NULL: none.
 */
bool store_import(struct store *s, const struct store_key *keys, const int64_t *delivered_s,
	const bool *marked, size_t n, size_t *added, struct error *e) MUST_CHECK;
/* Of a mail whose attempts have failed: why the last one did, and since when it is known. */
bool store_failure(struct store *s, struct store_key key, char *why, size_t room, int64_t *first_s,
	struct error *e) MUST_CHECK;
/* Drops rows (recovery: SINK_ABSENT; --all). */
bool store_forget(
	struct store *s, const struct store_key *keys, size_t n, struct error *e) MUST_CHECK;
/*
 * The server has given mails new names: the row at from goes on at to, all else as it was but its
 * size, unless that is 0, and that it is not missing. A row that was at to, and does not move
 * itself, is dropped. No two moves have the same from or the same to. Also for a copy, which alone
 * changes then.
 */
struct store_move {
	struct store_key from, to;
	uint64_t size;
};
bool store_adopt(
	struct store *s, const struct store_move *moves, size_t n, struct error *e) MUST_CHECK;
/*
 * After a complete listing: notes which rows it has (now[i] for seen_at(i)). Delivered and noted
 * rows are kept for ever, whatever the listing says; a removed row goes when it has been missing
 * for keep_s. Delivery times of a clock that was not set yet become now_s. Writes only what
 * changed.
 */
enum store_listing { STORE_ABSENT, STORE_PRESENT, STORE_DOUBTFUL };
bool store_listed(struct store *s, const struct seen_set *set, const enum store_listing *now,
	int64_t now_s, int64_t keep_s, struct error *e) MUST_CHECK;

/* Rows in J1, for recovery: an array, freed with store_pending_free(). */
struct store_pending {
	char *uid; /* NUL-terminated for convenience; key.uid points to it */
	struct store_key key;
	struct receipt receipt;
	char *destination;
	int64_t prepared_s;
	int64_t order; /* rows of one batch, and batches, in the order they were prepared */
};
bool store_pending(
	struct store *s, struct store_pending **out, size_t *n, struct error *e) MUST_CHECK;
void store_pending_free(struct store_pending *rows, size_t n);

/*
 * Small facts by name, kept per account: "pipelining" = "broken", "last-success" = "1795464439", …
 * "host", "user" and "id", a random word for each new file, are the store's own. An unknown name
 * gives "". STORE_LISTING, what is said of a listing whose mail is known, is forgotten with any
 * change of a mail's row.
 */
#define STORE_LISTING "listing"
bool store_get(
	struct store *s, const char *name, char *out, size_t room, struct error *e) MUST_CHECK;
bool store_set(struct store *s, const char *name, const char *value, struct error *e) MUST_CHECK;

#endif
