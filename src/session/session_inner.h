/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_SESSION_INNER_H
#define AMBIL_SESSION_INNER_H

#include <stdint.h>

#include "base/hide.h"
#include "net/stream.h"
#include "session/session.h"

/* The inside of a session, for the files of this room only. */
struct session {
	const struct session_setting *setting;
	const struct account *account;
	struct stream *stream;
	struct pop3 *engine;
	struct capabilities capabilities;
	struct buf capability_text;        /* see session_capability_text() */
	bool relied;                       /* the login was chosen by what CAPA said before … */
	bool capability_asked;             /* … and its answer is still to come */
	bool surprised;                    /* its answer was another one than before, or none */
	bool passes_on;                    /* what stands behind the login is not lost */
	const struct pop3_command *behind; /* what is to be sent there */
	size_t behind_n;
	enum pop3_verb unheard; /* the first of it, until it is answered; POP3_GREETING: none */
	bool sent_all;          /* all of it is on its way */
	char *stamp;            /* of the greeting, for APOP */
	enum mech mech;         /* that logged in, or is about to */
	enum session_refusal refusal;
	struct hide hide; /* the password, and what is made of it and sent */
	struct buf shown; /* the server's words without these */
	bool encrypted;
	struct error distrust; /* why the server is not trusted; kind ERROR_NONE: it is */
	bool binding_refused;  /* by the server, before it had judged anything else */
	bool exporter;         /* what the channel of TLS is bound by; see tls_channel_binding() */
	bool stop_seen;
	bool want_write_to_read; /* TLS must write before it can read on */
	bool want_read_to_write;
	bool lost_step;
	bool silent;              /* the failure was silence */
	bool closed;              /* it was that the connection has ended */
	bool without_capa;        /* CAPA is not sent */
	enum pop3_verb last_sent; /* the last command */
	bool utf8;                /* UTF8 was sent */
	int64_t timeout_ms;
	int wake_after_ms;  /* 0: not */
	int64_t opened_ms;  /* when the way to the server was begun, for the trace */
	int64_t since_ms;   /* when it began to wait for the next event */
	int64_t arrival_ms; /* when the way to the plan must be over; 0: it is */
	bool began;         /* octets of that event have come */
	bool moved;         /* there was an event since, or octets went out */
	uint64_t body;      /* octets of the mail that is coming in, for the trace */
};

/* The connection stands: from now on time is counted. */
void session_depart(struct session *s);
/* The next event, where nothing but the server is waited for; a stop request is ERROR_INTERRUPTED.
 */
bool session_wait(struct session *s, struct pop3_event *ev, struct error *e) MUST_CHECK;
/* One line of the trace, behind the seconds since the session began: side is "C", "S" or "*".
 * Nothing secret in text. */
void session_trace(const struct session *s, const char *side, const char *text);
/* A command that goes out, and what the engine has made of an answer. Its words come as they are:
 * what is secret in them is hidden here. */
void session_trace_command(const struct session *s, const struct pop3_command *c);
void session_trace_event(struct session *s, const struct pop3_event *ev);
/* The server's words without the secrets that they may repeat; valid until the next call. */
struct span session_hide(struct session *s, struct span words);
/* Engine and stream say "the server" in errors; the user wants to know which. */
void session_name_host(const struct session *s, struct error *e);
/* Tells whoever looks on that a step begins. */
void session_begins(const struct session *s, enum session_step step);
/* Reads the greeting, which may refuse to serve. */
bool session_greet(struct session *s, struct error *e) MUST_CHECK;
/* TLS on the stream that there is; STLS, and then TLS (RFC 2595). */
bool session_start_tls(struct session *s, struct error *e) MUST_CHECK;
bool session_upgrade(struct session *s, struct error *e) MUST_CHECK;
/* Whether capabilities are remembered that can be relied on. */
bool session_has_memory(const struct session *s);
/* The last CAPA before the login: asked for, or sent with what is remembered instead. */
bool session_find_capabilities(struct session *s, struct error *e) MUST_CHECK;
/* Reads the answer to a CAPA that was sent with the login. */
bool session_confirm_capabilities(struct session *s, struct error *e) MUST_CHECK;
/* CAPA, read into s->capabilities; a server that refuses it is no error. */
bool session_ask_capabilities(struct session *s, struct error *e) MUST_CHECK;

/*
 * What a refusal means, by its response code (RFC 2449 s.8, RFC 3206); otherwise: what it means
 * without one.
 */
enum error_kind session_refusal_kind(enum pop3_code code, enum error_kind otherwise);
/* A login was refused with this code: for whoever remembers it. */
void session_note_refusal(const struct session *s, enum pop3_code code);
/* CAPA behind the login; what was said of LOGIN-DELAY before it holds unless this says more. */
bool session_ask_capabilities_again(struct session *s, struct error *e) MUST_CHECK;

/* What a login can be bound to in the channel; empty without TLS, or where the setting has none.
 * Also sets s->exporter. */
void login_find_binding(struct session *s, struct buf *binding);
/* Sets s->mech to the one that login() takes, with a binding that was found. ERROR_CAPABILITY and
 * others as of mech_choose(). */
bool login_choose_with(struct session *s, const struct buf *binding, struct error *e) MUST_CHECK;
/* Both. */
bool login_choose(struct session *s, struct error *e) MUST_CHECK;
/*
 * After a refusal of s->mech: the one to try when the password is right and the server has it in no
 * form that fits; MECH_NONE where none is advisable. Where the same has worked before (but for the
 * channel's part in it), or somebody has just typed it, the password is wrong, and a weaker login
 * no help: that is for the caller to know.
 */
enum mech login_other_way(const struct session *s);
/* Whether "auth = auto" would take a stronger one than s->mech. */
bool login_has_better(struct session *s, enum mech *better);
/*
 * From AUTHORIZATION to TRANSACTION state with the strongest way that is offered and allowed, and
 * at most one attempt. then: see session_open().
 */
bool login(
	struct session *s, const struct pop3_command *then, size_t n, struct error *e) MUST_CHECK;
/* The part of it with OAUTHBEARER or XOAUTH2, up to the server's verdict. */
bool login_token(struct session *s, struct error *e) MUST_CHECK;

#endif
