/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_POP3_POP3_H
#define AMBIL_POP3_POP3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hide.h"
#include "base/mem.h"

/*
 * Client side of POP3 without I/O and without a clock: RFC 1939, 2449 (CAPA, PIPELINING, response
 * codes), 2595 (STLS), 3206 (SYS, AUTH), 5034 (SASL), 6856 (UTF8).
 *
 * Loop: write out what pop3_output() holds and tell with pop3_sent(); read into pop3_space() and
 * tell with pop3_received(); call pop3_next() until it says POP3_NEED_INPUT. Commands may be queued
 * ahead; replies come back in order, each event names its command. A new engine awaits the
 * greeting, which comes as a POP3_REPLY of the verb POP3_GREETING. Memory is bounded whatever the
 * server sends.
 */
enum pop3_verb {
	POP3_GREETING, /* no command: the server's first line */
	POP3_CAPA,
	POP3_STLS,
	POP3_USER, /* arg: name */
	POP3_PASS, /* arg: password */
	POP3_APOP, /* arg: name, arg2: hex digest */
	POP3_AUTH, /* arg: mechanism, arg2: initial response in base64 ("=" when empty) or NULL */
	POP3_UTF8,
	POP3_STAT,
	POP3_LIST, /* msg 0: the whole listing */
	POP3_UIDL, /* msg 0: the whole listing */
	POP3_TOP,  /* msg, lines */
	POP3_RETR, /* msg */
	POP3_DELE, /* msg */
	POP3_NOOP,
	POP3_RSET,
	POP3_QUIT,
	POP3_VERBS
};
const char *pop3_verb_name(enum pop3_verb verb);

struct pop3_command {
	enum pop3_verb verb;
	uint32_t msg;
	uint32_t lines;
	const char *arg, *arg2;
};

/* RFC 2449 s.8, RFC 3206, RFC 6856: the bracketed code that a reply may begin with. */
enum pop3_code {
	POP3_CODE_NONE,
	POP3_CODE_IN_USE,
	POP3_CODE_LOGIN_DELAY,
	POP3_CODE_SYS_TEMP,
	POP3_CODE_SYS_PERM,
	POP3_CODE_AUTH,
	POP3_CODE_UTF8,
	POP3_CODE_OTHER,
};

enum pop3_event_type {
	POP3_NEED_INPUT, /* nothing more until octets arrive */
	POP3_REPLY, /* status line: ok, code, text (the line without +OK/-ERR, the code left in) */
	POP3_CHALLENGE, /* AUTH goes on: text is the base64 behind "+ "; answer with pop3_respond()
			 */
	POP3_LINE,      /* one line of CAPA, LIST or UIDL, without its end: see plain */
	POP3_LINES,     /* whole lines of such a listing, with their ends: see pop3_lines_ahead() */
	POP3_BODY,      /* octets of a mail (TOP, RETR), dots removed, any cut, CRLF line ends */
	POP3_END,       /* the listing or mail is complete */
	POP3_FAILED,    /* for good: see pop3_failure() */
};

/* text is valid until the next call to pop3_next(), pop3_space() or pop3_feed(). */
struct pop3_event {
	enum pop3_event_type type;
	enum pop3_verb verb;
	uint32_t msg;
	bool ok;
	bool plain; /* POP3_LINE: it ended with CRLF, and no dot was taken from its front */
	enum pop3_code code;
	struct span text;
};

struct pop3;
struct pop3 *pop3_new(void);
/* Secrets that a failure must not quote, should the server repeat them; borrowed for good. */
void pop3_hide(struct pop3 *p, const struct hide *hide);
void pop3_free(struct pop3 *p);

/*
 * Queues a command. Refuses, with nothing queued: CR, LF or NUL in an argument, a line over 255
 * octets (RFC 2449 s.4; for AUTH's initial response see pop3_auth_fits), anything behind STLS or
 * QUIT, an AUTH conversation that is open, an engine that has failed. Octets that have come while
 * nothing was outstanding make it fail: they are no answer to this. ERROR_CONFIG for an argument,
 * else ERROR_INTERNAL, or the failure itself.
 */
bool pop3_send(struct pop3 *p, const struct pop3_command *command, struct error *e) MUST_CHECK;
/* Answers a POP3_CHALLENGE: base64 text, "" for an empty response, "*" to cancel. Any length. */
bool pop3_respond(struct pop3 *p, const char *base64, struct error *e) MUST_CHECK;
/* Whether AUTH with this initial response stays within a command line. */
bool pop3_auth_fits(const char *mechanism, const char *base64);

/* Octets waiting to go out; pop3_sent() drops n of them from the front (and wipes them). */
struct span pop3_output(const struct pop3 *p);
void pop3_sent(struct pop3 *p, size_t n);

/* Room for input: at least one octet unless events are waiting to be fetched with pop3_next(). */
char *pop3_space(struct pop3 *p, size_t *room);
void pop3_received(struct pop3 *p, size_t n);
/* Both at once, for tests: returns how many octets were taken. */
size_t pop3_feed(struct pop3 *p, const void *data, size_t len);
/* The connection has ended. Unless nothing was outstanding, the next event is POP3_FAILED. */
void pop3_eof(struct pop3 *p);

enum pop3_event_type pop3_next(struct pop3 *p, struct pop3_event *ev) MUST_CHECK;

/*
 * Right after the +OK to a listing: so many of its next octets may come as POP3_LINES, as many
 * whole lines at a time as are there. A line that is not plain, or passes that number, comes as
 * POP3_LINE, and so do all behind it.
 */
void pop3_lines_ahead(struct pop3 *p, uint64_t octets);

/* Octets received that no event has told of. */
size_t pop3_unread(const struct pop3 *p);
/* Replies still to come, the greeting included. */
size_t pop3_outstanding(const struct pop3 *p);
/* After +OK to STLS and the handshake. Octets that came in between make the engine fail (RFC 2595).
 */
void pop3_tls_started(struct pop3 *p);
/* Why the engine failed; kind ERROR_NONE while it has not. */
const struct error *pop3_failure(const struct pop3 *p);

#endif
