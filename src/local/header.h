/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_HEADER_H
#define AMBIL_LOCAL_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

/*
 * Cuts the header of a mail into fields (RFC 5322 s.2.2), fed in pieces that are cut anywhere, with
 * CRLF or LF. Only the fields of names are told, in any case of letters. Pure; keeps no value.
 */
enum header_what {
	HEADER_MORE,  /* all octets are used up, and more are wanted */
	HEADER_VALUE, /* a piece of the value of field, with the line ends in it */
	HEADER_FIELD, /* the value of field is complete */
	HEADER_END,   /* the empty line is reached: what follows is not looked at */
};
enum header_state { HEADER_LINE_START, HEADER_NAME, HEADER_IN_VALUE, HEADER_SKIP, HEADER_ENDED };
enum { HEADER_NAME_MAX = 16 };
struct header_scan {
	const char *const *names;
	size_t names_n;
	enum header_state state;
	bool open;    /* the value of field may go on in the next line */
	size_t field; /* index into names */
	size_t name_len;
	char name[HEADER_NAME_MAX];
};
/* names are borrowed, at most HEADER_NAME_MAX octets each. */
void header_scan_init(struct header_scan *h, const char *const *names, size_t names_n);
/* Takes what it can off the front of *octets; *piece is set with HEADER_VALUE. */
enum header_what header_next(struct header_scan *h, struct span *octets, struct span *piece);
/* The mail is over: whether the value of field was still open, and is complete now. */
bool header_finish(struct header_scan *h);

#endif
