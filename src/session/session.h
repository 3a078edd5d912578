/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_SESSION_H
#define AMBIL_SESSION_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "auth/secret.h"
#include "config/config.h"
#include "pop3/pop3.h"
#include "pop3/reply.h"

struct dial_report;
struct tls_facts;

/*
 * For whoever wants to look on while a session is opened (ambil doctor). Each may be called more
 * than once: capabilities are asked for before TLS, after it, and after the login.
 */
enum session_step {
	SESSION_CONNECT,
	SESSION_TLS,
	SESSION_GREETING,
	SESSION_CAPABILITIES,
	SESSION_STLS,
	SESSION_LOGIN,
};
struct session_watch {
	/* A step begins; the one before it is done. */
	void (*begins)(void *self, enum session_step step);
	/* What the server has said in it: the greeting, a line of CAPA. Raw, but without secrets.
	 */
	void (*says)(void *self, enum session_step step, struct span words);
	/* What became of the server's addresses, or its proxy's, also when the step failed; may be
	 * NULL. */
	void (*dialled)(void *self, const struct dial_report *report);
	/*
	 * What a TLS handshake has shown. distrust: NULL, or why the server is not trusted; unless
	 * there is a certificate of our own, it goes on then, up to what comes before a login,
	 * which session_login() refuses.
	 */
	void (*handshake)(void *self, const struct tls_facts *facts, const struct error *distrust);
	void *self;
};

/* What a login that failed was refused for, where something else may do. */
enum session_refusal {
	SESSION_OTHER_REFUSAL,
	SESSION_FORM_REFUSED,    /* the token was not looked at: try two_lines */
	SESSION_TOKEN_REFUSED,   /* perhaps there is a newer one */
	SESSION_BINDING_REFUSED, /* and the connection has ended: try unbound on another */
};
/* What session_open() has shown that is worth to be remembered, also when it failed. */
struct session_lesson {
	bool refused;        /* the login was, … */
	enum pop3_code code; /* … with this code */
	enum session_refusal refusal;
	bool surprised;  /* CAPA's answer was not what was relied on, which may be why it failed */
	bool unanswered; /* what was sent in one flight was not understood, or lost */
	bool capa_ends_it; /* the server ends the connection on CAPA, and does well without */
	bool unbound;      /* it refuses SCRAM that is bound to the channel, and takes it without */
};

/*
 * One connection to one account's server: joins engine, stream and login, keeps the time limits,
 * and writes the trace with secrets hidden, also where the server repeats them. Errors name the
 * host and, where it helps, the remedy.
 */
struct session_setting {
	const struct account *account;
	const struct secret *secret;
	enum mech used; /* remembered from before: what logged in to this host */
	/* Remembered from before: what CAPA says of PIPELINING and SASL, in lines. NULL or "": not.
	 */
	const char *capabilities;
	bool unbound;           /* remembered from before: see struct session_lesson */
	bool two_lines;         /* remembered from before: XOAUTH2's response on its own line */
	bool pipelining_broken; /* remembered from before: do not use it */
	bool pipelining_proven; /* remembered from before: it can be trusted with what cannot be
				   checked */
	bool trace;
	int report_fd;
	const volatile sig_atomic_t *stop;
	int stop_fd;
	struct tls_memory *tls;            /* of the sessions before; may be NULL */
	const struct session_watch *watch; /* may be NULL */
	struct session_lesson *lesson;     /* filled in; may be NULL */
	bool without_capa;                 /* remembered from before: the server dislikes it */
	bool utf8;        /* remembered from before: mail there needs UTF8, offered or not */
	bool delay_known; /* remembered from before: which LOGIN-DELAY this user has */
};
struct session;

/*
 * Connects, greets, asks for capabilities (once more without that when the server, which may be a
 * proxy that knows little, ends the connection), starts TLS as the account demands, logs in, and
 * sends the n commands of then; their replies are left for session_next(). Where pipelining is
 * proven, and over TLS, CAPA goes out with the login that relies on what it said before; and the
 * commands of then with both, where the server is known to pass on what stands behind a login. A
 * stop request ends it with ERROR_INTERRUPTED. *lost_step on failure: see session_lost_step().
 */
bool session_open(const struct session_setting *setting, const struct pop3_command *then, size_t n,
	struct session **out, bool *lost_step, struct error *e) MUST_CHECK;
/* The first half of it: up to a server that is ready for a login, with its capabilities. */
bool session_connect(const struct session_setting *setting, struct session **out, bool *lost_step,
	struct error *e) MUST_CHECK;
/* Chooses the mechanism that session_login() would use, and no more: see session_mechanism(). */
bool session_choose(struct session *s, struct error *e) MUST_CHECK;
/* Whether "auth = auto" would take a stronger one than that. */
bool session_has_better(struct session *s, enum mech *better);
/* Whether the greeting allows APOP. */
bool session_has_stamp(const struct session *s);
/* The second half. s stays the caller's, also on failure. */
bool session_login(
	struct session *s, const struct pop3_command *then, size_t n, struct error *e) MUST_CHECK;
/* CAPA once more: what is offered after the login. */
bool session_renew_capabilities(struct session *s, struct error *e) MUST_CHECK;
/* Closes without QUIT. */
void session_free(struct session *s);

const struct capabilities *session_capabilities(const struct session *s);
/*
 * The lines of CAPA before the login, over TLS, without what stands behind the program's name, each
 * but the last with a line feed behind it: to be relied on by the next session. Empty: they are not
 * fit for that. Valid as long as the session.
 */
struct span session_capability_text(const struct session *s);
bool session_pipelining(const struct session *s);
/* Whether the commands of then go out in one flight, as those of the login do, and CAPA with
 * these. */
bool session_asks_ahead(const struct session *s);
/* Whether all commands of then have been sent; else only the first of them was. */
bool session_sent_all(const struct session *s);
/* Whether they went out in the flight of the login, and the first of them has no answer to it. */
bool session_lacks_answer(const struct session *s);
bool session_encrypted(const struct session *s);
/* Whether UTF8 (RFC 6856) was sent, whatever came of it. */
bool session_asked_for_utf8(const struct session *s);
/* What it was logged in with. */
enum mech session_mechanism(const struct session *s);
size_t session_outstanding(const struct session *s);

bool session_send(
	struct session *s, const struct pop3_command *command, struct error *e) MUST_CHECK;

enum session_result {
	SESSION_EVENT,  /* *ev */
	SESSION_WOKEN,  /* wake_fd is readable, a stop request came (once), or session_wake_after()
			 */
	SESSION_FAILED, /* *e; the connection is of no more use */
};
/*
 * Sends what is queued and waits for the next event. wake_fd: -1 for none. listen: false leaves the
 * server's octets where they are (the disk has to catch up); then silence is not counted either.
 */
enum session_result session_next(
	struct session *s, int wake_fd, bool listen, struct pop3_event *ev, struct error *e);
/*
 * After QUIT was answered: waits until the server closes. False when it sends anything more, for
 * then an answer was not what it seemed. Silence counts as the end.
 */
bool session_end(struct session *s);
/*
 * error_server() for words of this session's server that are data (a line of a listing, the answer
 * to UIDL n) and are quoted since they are wrong: no secret is left in them. The text of other
 * replies has come without. Returns false.
 */
bool session_quote(struct session *s, struct error *e, struct span words);
/*
 * What the caller had to know first is known. Until then the server has ten times the account's
 * timeout for all of it, however it spreads its answers over that; from now on for each of them
 * only.
 */
void session_arrived(struct session *s);
/* pop3_lines_ahead(), unless the session is traced: then every line is told. */
void session_lines_ahead(struct session *s, uint64_t octets);
/* Whether octets have come that are part of no event yet. */
bool session_has_octets(const struct session *s);
/* One session_next() ends with SESSION_WOKEN when nothing has come for so long; 0: none does. */
void session_wake_after(struct session *s, int ms);
/* From now on silence counts after ms. */
void session_hurry(struct session *s, int64_t ms);
/* Whether the failure may come from pipelining: several commands were outstanding and the order got
 * lost. */
bool session_lost_step(const struct session *s);

#endif
