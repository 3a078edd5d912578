/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_DOCTOR_LOOK_H
#define AMBIL_DOCTOR_LOOK_H

#include "base/text.h"
#include "doctor/checkup.h"
#include "net/tls.h"
#include "session/session.h"

/* A session that is looked on at; for server.c (the way to the login), capabilities.c, login.c and
 * mailbox.c only. */
struct look {
	struct checkup *c;
	struct session_setting setting;
	struct session_lesson lesson;
	struct session *session;
	bool muted; /* what is done again is not told again */
	enum session_step step;
	bool begun;
	int64_t since_ms, login_ms;
	struct tls_facts facts; /* of this connection, if facts.seen */
	struct error distrust;  /* why the server is not trusted; kind ERROR_NONE: it is */
	char greeting[4 * TEXT_SAFE_MAX + 8];
	struct buf lines;  /* of the last answer to CAPA, each with a newline … */
	size_t more_lines; /* … but for so many, since nobody reads them all */
	struct buf before; /* of the one before the login */
};

/* The name of a step in the output. */
const char *look_label(enum session_step step);
/* The step at hand has succeeded: tells so. */
void look_end_step(struct look *l);

/* One line of CAPA. */
void look_take_line(struct look *l, struct span line);
void look_tell_capabilities(struct look *l, int64_t ms);
/* Some servers tell all they can do only to those who are logged in. */
void look_tell_more_capabilities(struct look *l);

/* Whether there is something to log in with, and the server is one for it; tells why not. */
bool look_has_password(struct look *l);
/* Whether a login may be sent now, by the rules of every run; tells why not. */
bool look_may_log_in(struct look *l);
/* The login, and what is behind it. */
void look_log_in(struct look *l);

/* Counts the mail. False: the session is over. */
bool look_count_mail(struct look *l);
/* What the server asks for, and what it costs to do without what it lacks. */
void look_tell_terms(struct look *l);
void look_quit(struct look *l);

#endif
