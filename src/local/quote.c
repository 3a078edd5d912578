/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines as the disk has them. The input may be cut anywhere, so a CR and the first letters of a
 * line can be held back; both are known octets, a count is all that is kept. In a run of '>' one
 * more is the same wherever it is put, so mboxrd quoting need not hold the run back. Line ends are
 * found with memchr() and a line is copied once, into the buffer it is written from. RFC 4155 names
 * the family of formats; mboxrd is the one whose quoting can be undone.
 */
#include "local/quote.h"

#include <assert.h>
#include <string.h>

static const char FROM[] = "From ";
enum { FROM_LEN = sizeof(FROM) - 1 };

void quote_init(struct quote *q, enum quote_form form)
{
	q->form = form;
	q->held_cr = false;
	q->line_empty = true;
	q->matched = form == QUOTE_MBOXRD ? 0 : -1;
}

/* At the start of a line, until it is known whether it must be quoted. Puts at most FROM_LEN + 1
 * octets. */
static size_t line_start(struct quote *q, struct span *in, char *out)
{
	size_t n = 0;

	if (q->matched == 0 && *in->data == '>') {
		out[n++] = '>';
	} else if (*in->data == FROM[q->matched]) {
		if (++q->matched == FROM_LEN) {
			out[n++] = '>';
			memcpy(out + n, FROM, FROM_LEN);
			n += FROM_LEN;
			q->matched = -1;
		}
	} else {
		n = (size_t)q->matched;
		memcpy(out, FROM, n);
		q->matched = -1;
		q->line_empty = q->line_empty && n == 0;
		return n; /* the octet is looked at again, as text */
	}
	q->line_empty = false;
	in->data++;
	in->len--;
	return n;
}

static void line_ended(struct quote *q)
{
	q->line_empty = true;
	q->matched = q->form == QUOTE_MBOXRD ? 0 : -1;
}

/* Octets up to and with the next LF, or all of a piece without one. Puts no more than it takes. */
static size_t text(struct quote *q, struct span *in, char *out, size_t room)
{
	size_t take = in->len < room ? in->len : room;
	const char *lf = memchr(in->data, '\n', take);
	size_t n;

	if (lf)
		take = (size_t)(lf - in->data) + 1;
	n = lf ? take - 1 : take;
	if (n && in->data[n - 1] == '\r') {
		n--;
		q->held_cr = !lf;
	}
	memcpy(out, in->data, n);
	in->data += take;
	in->len -= take;
	if (lf) {
		out[n++] = '\n';
		line_ended(q);
	} else if (n) {
		q->line_empty = false;
	}
	return n;
}

size_t quote_feed(struct quote *q, struct span *in, char *out, size_t room)
{
	size_t n = 0;

	while (in->len && room - n >= QUOTE_ROOM_MIN) {
		if (q->matched >= 0) {
			n += line_start(q, in, out + n);
			continue;
		}
		if (q->held_cr) {
			q->held_cr = false;
			if (*in->data != '\n') {
				out[n++] = '\r';
				q->line_empty = false;
				continue;
			}
		}
		n += text(q, in, out + n, room - n);
	}
	return n;
}

size_t quote_end(struct quote *q, char *out)
{
	size_t n = 0;

	if (q->matched > 0) {
		n = (size_t)q->matched;
		memcpy(out, FROM, n);
	}
	if (q->held_cr) {
		out[n++] = '\r';
		q->line_empty = false;
	}
	if (q->form == QUOTE_MBOXRD) {
		if (!q->line_empty)
			out[n++] = '\n';
		out[n++] = '\n';
	}
	assert(n <= QUOTE_ROOM_MIN);
	quote_init(q, q->form);
	return n;
}
