/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_GUARD_H
#define AMBIL_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "local/store.h"

/*
 * When an account may log in: not sooner than its server wants (LOGIN-DELAY, RFC 2449 s.6.5 and
 * s.8.1.1), and, when nobody watches, not again and again with a password that is refused, for that
 * locks accounts. What is known is one fact of the account's state; what follows from it is pure.
 */
enum {
	GUARD_DELAY_MAX_S = 86400, /* no server can ask for more */
	GUARD_GUESS_S = 60,        /* after a refusal that tells no time; doubled each time … */
	GUARD_GUESS_MAX_S = 900,   /* … up to this, or what the server announces */
	GUARD_PAUSE_MIN_S = 3600, /* how long a paused account is left alone; doubled each time … */
	GUARD_PAUSE_MAX_S = 86400, /* … up to this, and at once when it is the password for sure */
	GUARD_ENFORCED_S = 7 * 86400, /* so long a refusal says that the server means it */
};

/* Where the delay is from: seen in refusals, announced to everybody (the largest of any user), or
 * to this user. */
enum guard_source { GUARD_SEEN, GUARD_ANNOUNCED, GUARD_OWN, GUARD_SOURCES };

struct guard {
	char place[300];   /* "host:port": of another place nothing is known */
	int64_t config_ns; /* when the configuration was changed last, … */
	int64_t secret_ns; /* … and the file of the password: then it is another password */
	int64_t login_s;   /* the last login that was taken; 0: none, or it does not matter */
	uint32_t delay_s;  /* how long the server wants between logins; 0: it does not say */
	enum guard_source source;
	int64_t early_s;   /* the last login that was refused as too early; 0: none of late */
	uint32_t guess_s;  /* how long to wait then, after refusals in a row; 0: none */
	bool told;         /* an unattended run has said that it came too early */
	uint32_t refusals; /* logins of unattended runs that were refused, in a row */
	int64_t refused_s; /* when the last of them was */
	bool certain;      /* that one was due to name or password, by its response code */
	bool stored;       /* the state has this fact, whatever it is about */
};

/* What may happen to a login. */
enum guard_what {
	GUARD_TAKEN,   /* delay_s, source: what the server announces; 0: nothing */
	GUARD_EARLY,   /* refused: it came too early */
	GUARD_REFUSED, /* refused: name or password; certain: by its response code */
	GUARD_TOLD,    /* it was said that the run came too early */
};
struct guard_event {
	enum guard_what what;
	int64_t now_s;
	uint32_t delay_s;
	enum guard_source source;
	bool certain;
};
void guard_apply(struct guard *g, const struct guard_event *event);

/*
 * Seconds until the next login may be sent; 0: now. by_hand: a person waits, for whom an announced
 * delay only counts when the server has shown that it means it, and a guess does not. A clock that
 * was turned back never makes anybody wait.
 */
int64_t guard_wait_s(const struct guard *g, bool by_hand, int64_t now_s);
/* Seconds until an account whose logins were refused is tried again; 0: it is not paused. retry:
 * so many refusals in a row pause it; 0: never. */
int64_t guard_pause_s(const struct guard *g, uint32_t retry, int64_t now_s);
/*
 * Whether the words of a refusal without a response code speak of a mailbox or a server that is
 * busy, as those of old servers do, rather than of the password.
 */
bool guard_looks_busy(const char *words);

/* Whether there is nothing to remember. */
bool guard_is_empty(const struct guard *g);
/* place, config_ns and secret_ns are set; the rest is read. A store of NULL knows nothing. */
bool guard_read(struct guard *g, struct store *store, struct error *e) MUST_CHECK;
/* Durable when it returns; nothing is written where nothing has changed. */
bool guard_write(struct guard *g, struct store *store, struct error *e) MUST_CHECK;

/* For one who has neither the account's lock nor its state open. */
struct guard_file {
	const char *state_dir;
	const char *name; /* of the account */
	const char *host, *user;
};
/*
 * Applies event to the state of an account that this process has not opened; *like says which
 * place and password it is about. Nothing happens, and that is no error, when there is no state
 * yet or another process has the account.
 */
bool guard_note_aside(const struct guard_file *file, const struct guard *like,
	const struct guard_event *event, struct error *e) MUST_CHECK;
/*
 * The account has another password now (ambil login): refused logins are forgotten. Waits a few
 * seconds for another process that has the account; ERROR_LATER when that goes on.
 */
bool guard_reset(const struct guard_file *file, struct error *e) MUST_CHECK;

#endif
