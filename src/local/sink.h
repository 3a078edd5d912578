/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_SINK_H
#define AMBIL_LOCAL_SINK_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

/*
 * Where mail goes. The network side calls (begin write* end)* and cut, the committer prepare,
 * commit and batch_free; the two sides may run in two threads at the same time, on different
 * batches, and so may committers where the sink has more than one job:
 *
 *   begin write* end   one mail joins the open batch          (network side)
 *   cut                the open batch is closed and handed on (network side)
 *   prepare            the batch is durable, not yet visible  (committer)
 *   … the journal says "prepared" …
 *   commit             the batch is visible, durably          (committer)
 *   … the journal says "delivered" …
 */
enum sink_kind { SINK_MAILDIR, SINK_MBOX, SINK_PIPE, SINK_STDOUT };

/* The account's setting. Strings belong to the configuration; ~ and the account's name are in
 * place. */
struct destination {
	enum sink_kind kind;
	char *path;    /* Maildir or mbox; NULL else */
	char *command; /* pipe */
	char *text;    /* as the user wrote it, for words: "maildir:~/Mail" */
	char *shown;   /* for sentences: "~/Mail", "procmail -t", "standard output" */
	char *id;      /* kind and absolute path or command: names the destination in the state */
	bool received_header;
	int64_t command_timeout_ms;
	uint32_t pipe_jobs; /* commands at the same time; 0 is 1 */
};
/*
 * Reads "maildir:PATH", "mbox:PATH", "pipe:COMMAND" or "-". %a is the account's name and %% a
 * percent sign in PATH; a relative path is taken from home. ERROR_CONFIG: with what is allowed.
 */
bool destination_parse(const char *text, const char *account, const char *home,
	struct destination *out, struct error *e) MUST_CHECK;
void destination_release(struct destination *d);

/* What is known of a mail before its octets come. Borrowed until end or drop. */
struct mail_info {
	const char *account, *host, *user;
	struct span uid;  /* empty: the server has none */
	uint64_t size;    /* as announced: a hint; 0 unknown */
	uint32_t attempt; /* 1 for the first */
	bool encrypted;   /* for Received: POP3S or POP3 */
	int64_t now_s;
};

/* What the sink must know after a crash to tell what became of a mail. Text without NUL or newline.
 */
struct receipt {
	char text[256];
};

enum sink_state {
	SINK_ABSENT,    /* not there: fetch it again */
	SINK_PREPARED,  /* durable, not visible: commit it */
	SINK_DELIVERED, /* there */
	SINK_UNSURE,    /* cannot be told: fetch again, and say so */
	SINK_GONE,      /* was visible, as it seems, and is not any more: do not fetch it again, and
			   do not let it be deleted elsewhere */
	SINK_FAILED,    /* nobody could look: *e */
};

struct sink;
struct sink_batch; /* closed mails; each kind has its own */
/* Batches of several mails that are closed and not freed yet, at most; besides the open one. Fewer
 * would let the network wait whenever the disk takes a moment longer. */
enum { SINK_BATCHES_MAX = 4 };
struct sink_ops {
	const char *name;
	size_t batch_max; /* mails in a batch at most: 1 where each mail is its own */
	bool journalled;  /* takes part in prepare/commit; if not, only "delivered" is recorded */
	bool waits;       /* prepare may wait for other programs, which could move mail meanwhile */
	bool (*begin)(struct sink *k, const struct mail_info *mail, struct error *e);
	bool (*write)(
		struct sink *k, struct span octets, struct error *e); /* CRLF lines, any cut */
	bool (*end)(struct sink *k, struct error *e);
	void (*drop)(
		struct sink *k); /* forgets the mail that is open, if any, and its octets on disk */
	struct sink_batch *(*cut)(struct sink *k); /* NULL when no mail has ended */
	/* n: the mails of the batch, in the order they ended. */
	bool (*prepare)(struct sink *k, struct sink_batch *b, struct receipt *out, size_t n,
		struct error *e);
	/*
	 * b is NULL when recovery finishes what recover() called SINK_PREPARED. On failure mails of
	 * the batch may or may not be visible, as recover() tells. ERROR_LATER, ERROR_REFUSED: this
	 * mail only.
	 */
	bool (*commit)(struct sink *k, struct sink_batch *b, const struct receipt *r, size_t n,
		struct error *e);
	/* Forgets a batch. keep: it may have been journalled as prepared, so nothing is removed on
	 * disk. */
	void (*batch_free)(struct sink *k, struct sink_batch *b, bool keep);
	/*
	 * After a crash; prepared_s: when the row was written. What is called SINK_DELIVERED is
	 * durable then: the crash may have come before that. *e is set only for SINK_UNSURE and
	 * SINK_FAILED. NULL where journalled is false: no row names such a destination.
	 */
	enum sink_state (*recover)(
		struct sink *k, const struct receipt *r, int64_t prepared_s, struct error *e);
	/* Whether a prepared mail is in none of the places where it can be. May be NULL: never. */
	bool (*is_lost)(const struct sink *k, const struct receipt *r);
	/* Removes what earlier runs of this account left behind and no receipt names (n receipts).
	 * May be NULL. */
	void (*sweep)(struct sink *k, const struct receipt *named, size_t n);
	/* Where the mail of a receipt is, for messages and JSON: "new/NAME". May be NULL: there is
	 * no such thing. */
	void (*where)(const struct receipt *r, char *out, size_t room);
	void (*free)(struct sink *k);
};
/* How long others may keep it waiting. */
struct sink_limits {
	const volatile sig_atomic_t *stop; /* not 0: no longer for another program's lock. May be
					      NULL */
	int64_t until_ms;                  /* by clock_ms(): no command is started then; 0: none */
};
struct sink {
	const struct sink_ops *ops;
	size_t jobs; /* batches that may be prepared and committed at the same time; 0 is 1 */
	struct sink_limits limits; /* none, unless whoever opened it sets them before it is used */
};

/*
 * Opens a destination, checking before any mail comes that it can be written: a Maildir is created
 * when its parent exists, an mbox file likewise (0600), a command must exist (ERROR_CONFIG).
 * ERROR_DELIVERY else. d is borrowed for the sink's life. mark tells this account's files from all
 * others' in what is swept: it must be unique to the account and its state.
 */
struct sink *sink_open(const struct destination *d, const char *mark, struct error *e) MUST_CHECK;
void sink_free(struct sink *k);

#endif
