/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_VERB_H
#define POPD_VERB_H

#include <stddef.h>

/* The commands the server knows, and three moments that a script can name like one. */
enum verb {
	VERB_GREETING,	/* a moment: the connection is there */
	VERB_TLS,	/* a moment: the handshake begins */
	VERB_UNKNOWN,
	VERB_CAPA, VERB_STLS, VERB_USER, VERB_PASS, VERB_APOP, VERB_AUTH, VERB_UTF8,
	VERB_STAT, VERB_LIST, VERB_UIDL, VERB_TOP, VERB_RETR, VERB_DELE, VERB_NOOP, VERB_RSET,
	VERB_QUIT,
	VERBS
};

const char *verb_name(enum verb verb);

/* Any name of the enum, in any case; VERBS if there is none. */
enum verb verb_named(const char *name, size_t len);

/* What a client may send: never one of the moments; VERB_UNKNOWN for anything else. */
enum verb verb_sent(const char *name, size_t len);

#endif
