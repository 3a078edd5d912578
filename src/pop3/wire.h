/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_POP3_WIRE_H
#define AMBIL_POP3_WIRE_H

#include <stdbool.h>

#include "base/mem.h"

/*
 * The body of a multi-line reply, octet for octet (RFC 1939 s.3): ends at CRLF "." CRLF, a dot at
 * the start of a line is removed. A line ends at CRLF only; a bare CR or LF is an octet like any
 * other. Any cut of the input gives the same mail.
 */
enum wire_state { WIRE_LINE_START, WIRE_TEXT, WIRE_DOT, WIRE_DOT_CR };
struct wire_body {
	enum wire_state state;
	bool after_cr; /* WIRE_TEXT: the octet before was a CR */
	bool bare_lf;  /* this server ends its lines with LF alone (quirk 3) */
};
void wire_body_init(struct wire_body *b, bool bare_lf);

enum wire_result {
	WIRE_SPAN, /* *out: octets of the mail, at least one, inside *in or a constant */
	WIRE_END,  /* the lone dot has been taken; what is left in *in is not ours */
	WIRE_MORE, /* *in is used up */
};
/* Takes octets off the front of *in. Call until it says WIRE_MORE or WIRE_END. */
enum wire_result wire_body_next(struct wire_body *b, struct span *in, struct span *out);

#endif
