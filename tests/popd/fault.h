/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_FAULT_H
#define POPD_FAULT_H

#include "util.h"
#include "verb.h"

enum fault_kind {
	FAULT_CLOSE_AFTER, FAULT_CLOSE_AT, FAULT_RESET_AFTER, FAULT_RESET_AT, FAULT_CUT,
	FAULT_SILENCE, FAULT_DRIP, FAULT_SLOW, FAULT_WAIT, FAULT_ERR, FAULT_REPLY, FAULT_GREETING,
	FAULT_NOQUIT_UNDONE, FAULT_NOQUIT_DONE, FAULT_INJECT_AFTER_STLS, FAULT_FIRST_DOT,
	FAULT_LIST_LIE, FAULT_LIST_LINE, FAULT_UIDL_MISSING, FAULT_UIDL_EXTRA, FAULT_UIDL_LINE,
	FAULT_LISTING_ENDLESS, FAULT_LINE_ENDLESS, FAULT_MAIL_ENDLESS, FAULT_EXTRA_BEFORE,
	FAULT_EXTRA_AFTER, FAULT_LOWER_CASE, FAULT_BARE_LF, FAULT_PIPELINING_FIRST,
	FAULT_PIPELINING_LOST, FAULT_PIPELINING_LOGIN, FAULT_VANISH, FAULT_IN_USE,
	FAULT_LOGIN_DELAY, FAULT_HANGUP_LOGIN,
	FAULT_REVERSE, FAULT_NO_CLOSE_NOTIFY, FAULT_TLS_CLOSE, FAULT_HOLD_RETR, FAULT_TWO_LINES,
};

/* One way in which the server misbehaves, and when. */
struct fault {
	enum fault_kind kind;
	uint64_t session_first, session_last;
	enum verb verb;		/* 0 for kinds that name none */
	uint64_t n;		/* a message number, or which time the verb comes; 0 = each */
	uint64_t octets, ms, size;
	bool reset;
	struct text text;
};

/* All the faults of a server. */
struct script {
	struct fault *at;
	size_t count;
};

/* Adds the fault that spec describes, as the table in README has it. */
bool script_add(struct script *s, const char *spec, struct problem *p);
void script_release(struct script *s);

/* The first fault of that kind for this session, verb and number; NULL if there is none. */
const struct fault *script_find(const struct script *s, uint32_t session, enum fault_kind kind,
	enum verb verb, uint64_t n);

#endif
