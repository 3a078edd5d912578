/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_REPORT_H
#define AMBIL_REPORT_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "fetch/plan.h"
#include "report/quiet.h"

/*
 * Facts, not text: a worker writes them to a pipe, one write each (at most PIPE_BUF octets, so they
 * stay whole); the parent hands them to a renderer. Strings inside are already safe for a terminal.
 * A UID is written as seenfile_add_uid() does it, which is how it is typed.
 */
enum { REPORT_UID_ROOM = 1000 };
enum report_type {
	REPORT_STEP,    /* step: what is being done now ("connecting"), for the live line and -v */
	REPORT_WAITING, /* another process holds the account's lock: number = its pid; the worker
			   waits */
	REPORT_PLAN, /* total: mails and octets (0: unknown) that will be fetched; seen: known ones
		      */
	REPORT_PROGRESS, /* done: mails and octets received so far, this run; listed: these octets
			    as LIST counts them */
	REPORT_MESSAGE,  /* one mail is delivered: uid, octets, where */
	REPORT_ITEM,     /* --dry-run: one listed mail and what would happen */
	REPORT_WARNING, /* something the user should know; the run goes on. error holds the words */
	REPORT_TRACE,   /* -d: one line of protocol, secrets hidden, in text */
	REPORT_LISTED,  /* list: one message */
	REPORT_CHECK,   /* doctor: what one check has found, or that it has begun */
	REPORT_SERVER,  /* RUN_LOOK: whom it talks to */
	REPORT_MAILBOX, /* RUN_LOGIN: what is behind the login */
	REPORT_COMMAND, /* number 1: a command of the user's runs that may want the terminal for a
			   question; 0: it has ended */
	REPORT_AGAIN,   /* from the parent: the account works again, whose failure was said */
	REPORT_DONE,    /* counts and the error that ended it, if any; a warning may follow */
};

struct report_counts {
	uint64_t mails, octets; /* delivered in this run */
	uint64_t seen;          /* known before */
	uint64_t deleted;       /* removed from the server, confirmed */
	uint64_t left;          /* wanted, but not fetched because of an error */
	uint64_t failed;        /* messages that failed one by one */
	uint64_t too_big;       /* larger than max-size: not fetched */
	uint64_t over_limit;    /* not fetched since max-messages was reached */
	uint64_t new_mails;     /* check, --dry-run: would be fetched */
	uint64_t marked;        /* --from-now */
	uint64_t there, listed; /* list: all that the server has, and those that were shown */
	int64_t ms;
	bool said;       /* its error is one that a run before has said, and nobody watches */
	bool untried;    /* nothing was tried, so that it has neither worked nor failed */
	bool locked;     /* another process has the account and does what was asked for */
	bool same_again; /* --all: the next run begins with the same mails, not with those over the
			    limit */
};

/* What doctor says in one line. */
enum check_mark {
	CHECK_TITLE,   /* text: whom all that follows is about */
	CHECK_RUNNING, /* label: what is being looked at now */
	CHECK_OK,
	CHECK_NOTE, /* works, but the user should know */
	CHECK_FAILED,
	CHECK_SKIPPED,
	CHECK_DETAIL, /* one more line about the check before it */
	CHECK_MARKS
};
struct report_check {
	enum check_mark mark;
	bool verbose;       /* for -v only */
	bool whole;         /* it may be copied: it is not broken up into lines */
	char label[24];     /* "certificate" */
	char text[1000];    /* empty: error.text */
	int64_t ms;         /* how long it took; less than 1: not worth a word */
	struct error error; /* CHECK_FAILED, CHECK_NOTE: words, why, and what to do */
};

/* Of a listed message. */
enum listed_state { LISTED_NEW, LISTED_FAILED, LISTED_SEEN, LISTED_MARKED, LISTED_STATES };

/* The certificate that a server has shown. */
struct report_server {
	bool trusted, pinned; /* else distrust says why not */
	int64_t until_s;
	char subject[256], issuer[256];
	char sha256[96]; /* of the certificate */
	char pin[48];    /* of its key, as pin-sha256 takes it */
	struct error distrust;
};
struct report_mailbox {
	char mechanism[48];
	bool counted;
	uint64_t mails, octets;
	bool listed;      /* run_order.uids_fd has all UIDs, each another */
	uint32_t delay_s; /* how long the server wants between logins; 0: it does not say */
};

struct report {
	enum report_type type;
	uint32_t account; /* index, filled in by the parent */
	union {
		char text[320];
		uint64_t number;
		struct {
			uint64_t mails, octets, seen;
		} total;
		struct {
			uint64_t mails, octets, listed;
		} done;
		struct {
			char uid[REPORT_UID_ROOM];
			uint64_t octets;
			char where[300];
		} message;
		struct {
			uint32_t msg;
			uint64_t size;
			enum plan_why why;
			bool fetch, remove;
			char uid[REPORT_UID_ROOM];
			int64_t until_s; /* PLAN_KEPT: when it may be removed */
		} item;
		/* Texts are as the mail has them: neither safe nor cut to fit. -1: not known. */
		struct {
			uint32_t msg;
			bool has_header, fetch, remove;
			enum plan_why why;
			enum listed_state state;
			int64_t size, date_s, since_s, until_s;
			char uid[REPORT_UID_ROOM], name[300], address[300], subject[900];
		} listed;
		struct error error;
		struct report_server server;
		struct report_mailbox mailbox;
		struct report_check check;
		struct quiet_end again;
		struct {
			struct report_counts counts;
			struct error error;
		} end;
	} u;
};
_Static_assert(sizeof(struct report) <= PIPE_BUF, "a report must be written in one piece");

/* The worker's end. A parent that is gone is no error. What is said of steps and progress is not
 * sent where report_progress_seen(false) has said that nobody would see it: the parent need not
 * wake for it. */
void report_progress_seen(bool seen);
void report_send(int fd, const struct report *r);
void report_step(int fd, const char *fmt, ...) PRINTF_LIKE(2, 3);
void report_warning(int fd, const struct error *e);
/* A command of the user's is to begin, or has ended, that may ask something on the terminal: live
 * lines would come in its way. Before one begins this waits until they are gone. */
void report_command(int fd, bool runs);
/*
 * The parent's end, for what it has read: ends each text, makes it safe for a terminal (but for
 * what a listed mail says of itself), and says whether a worker can mean it.
 */
bool report_is_sound(struct report *r);

enum report_verbosity { REPORT_QUIET, REPORT_ERRORS, REPORT_SUMMARY, REPORT_VERBOSE, REPORT_DEBUG };
/* How what goes to standard error looks. */
struct report_style {
	bool multi_line; /* it is a terminal: errors take several lines */
	bool color;
	bool json; /* not there at all: events on standard output, see report_json.h */
};
/* What a renderer must know. names[i], destinations[i] ("in ~/Mail", "to procmail -t"): per
 * account. */
struct report_setting {
	enum report_verbosity verbosity;
	struct report_style style;
	bool progress; /* a live line per account */
	bool checks;   /* doctor: what is checked is the output */
	bool lists;    /* list: messages are the output */
	bool color_stdout;
	bool screen;     /* doctor: standard output is a terminal that can take a line back */
	size_t columns;  /* doctor, list: of that terminal; 0: lines are as long as they are */
	bool on_stdout;  /* check, --dry-run: what is found is the output, not chatter */
	bool no_summary; /* success is told by the caller */
	/* Grows when the program goes on after it was stopped, so that others may have written to
	 * the terminal; may be NULL. */
	const volatile sig_atomic_t *continued;
	const char *const *names;
	const char *const *destinations;
	const char *const *places; /* as they are written in ambil.conf; for JSON alone */
	size_t n;
};

/*
 * The one renderer of errors: "ambil: who: text", then why and what to do. On a terminal these are
 * lines of their own, and what is wider than it is broken between words, but for what can be typed.
 */
void report_error(struct report_style style, const char *who, const struct error *e);
/* The same for a warning. */
void report_caution(struct report_style style, const char *who, const struct error *e);
/* With --json the last that is said; the exit code, which is another when that cannot be. part: of
 * the output a part may be enough, so that a reader who is gone is no error. */
int report_end(struct report_style style, bool part, int code);
/* What is neither: all is well again. Only e->text is said. */
void report_note(struct report_style style, const char *who, const struct error *e);

/*
 * Writes whole lines to standard error in one piece; to the journal of systemd each with its
 * priority in front, as sd-daemon(3) has it. 0, or the errno value.
 */
enum report_priority { REPORT_FAILURE = 3, REPORT_CAUTION = 4, REPORT_INFO = 6 };
int report_stderr(const struct buf *lines, enum report_priority priority);

/* The error, in kind and words, for output of ours that did not go out; err as from write(2). */
bool report_stdout_failed(int err, struct error *e);

/*
 * For output of which a part may be enough (list | head): ends the program as SIGPIPE does, without
 * a word, when err says that nobody reads it any more; else returns.
 */
void report_reader_gone(int err);

/* Renderers: plain text, with the live lines of report_tty.c when asked for; or JSON. */
struct reporter;
struct reporter *reporter_new(const struct report_setting *setting);
void reporter_take(struct reporter *r, const struct report *what);
/* A stop was asked for, by this signal, and the workers have been told. */
void reporter_stopping(struct reporter *r, int signal_number);
/* Redraws live lines when due; returns the milliseconds until it wants to be called again, -1:
 * never. */
int reporter_tick(struct reporter *r);
/* All is over: says what is said once for all accounts. */
void reporter_sum_up(struct reporter *r);
/* False: something that was asked for did not reach standard output. ERROR_STORE. */
bool reporter_wrote_all(const struct reporter *r, struct error *e) MUST_CHECK;
void reporter_free(struct reporter *r);

#endif
