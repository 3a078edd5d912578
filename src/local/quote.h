/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_QUOTE_H
#define AMBIL_LOCAL_QUOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

/*
 * How a mail is stored. QUOTE_LF: CRLF becomes LF, any other octet, a bare CR or LF too, stays as
 * it is. QUOTE_MBOXRD: also one '>' is put before each line matching ^>*From<blank>, and an empty
 * line ends the mail (a missing last line end is added before it).
 */
enum quote_form { QUOTE_LF, QUOTE_MBOXRD };

struct quote {
	enum quote_form form;
	bool held_cr;    /* a CR was the last octet; what follows decides about it */
	bool line_empty; /* nothing was put out since the last line end */
	int matched;     /* octets of "From " seen and held at a line's start; -1: past that */
};

enum { QUOTE_ROOM_MIN = 16 };

void quote_init(struct quote *q, enum quote_form form);
/*
 * Takes octets off the front of *in and puts the result to out; the number of octets put there.
 * Returns with *in not empty when less than QUOTE_ROOM_MIN of room is left, and takes nothing if
 * room began below that.
 */
size_t quote_feed(struct quote *q, struct span *in, char *out, size_t room);
/* The end of the mail: what was held back and what the form asks for, at most QUOTE_ROOM_MIN
 * octets. */
size_t quote_end(struct quote *q, char *out);

#endif
