/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Dot removal (RFC 1939 s.3) as a filter without memory of its own: spans of the input are handed
 * out as they stand, cut only where a dot has to go. The search is one memchr() a line.
 */
#include "pop3/wire.h"

#include <string.h>

void wire_body_init(struct wire_body *b, bool bare_lf)
{
	*b = (struct wire_body){.state = WIRE_LINE_START, .bare_lf = bare_lf};
}

static void take(struct span *in, size_t n)
{
	in->data += n;
	in->len -= n;
}

/* The octets up to a line that begins with a dot, or all. Leaves b in the state behind them. */
static struct span take_text(struct wire_body *b, struct span *in)
{
	const char *start = in->data, *end = start + in->len, *p = start, *nl;
	struct span out;

	while (p < end && (nl = memchr(p, '\n', (size_t)(end - p)))) {
		bool ends_line = b->bare_lf || (nl > start ? nl[-1] == '\r' : b->after_cr);

		p = nl + 1;
		if (ends_line && (p == end || *p == '.')) {
			b->state = WIRE_LINE_START;
			end = p;
		}
	}
	out = (struct span){start, (size_t)(end - start)};
	if (b->state == WIRE_TEXT)
		b->after_cr = end[-1] == '\r';
	take(in, out.len);
	return out;
}

enum wire_result wire_body_next(struct wire_body *b, struct span *in, struct span *out)
{
	while (in->len) {
		char c = in->data[0];

		switch (b->state) {
		case WIRE_LINE_START:
			b->after_cr = false;
			b->state = c == '.' ? WIRE_DOT : WIRE_TEXT;
			if (c == '.')
				take(in, 1);
			break;
		case WIRE_TEXT:
			*out = take_text(b, in);
			return WIRE_SPAN;
		case WIRE_DOT:
			if (c == '\r' || (b->bare_lf && c == '\n'))
				take(in, 1);
			if (b->bare_lf && c == '\n')
				return WIRE_END;
			b->state = c == '\r' ? WIRE_DOT_CR : WIRE_TEXT;
			break;
		case WIRE_DOT_CR:
			if (c == '\n') {
				take(in, 1);
				return WIRE_END;
			}
			/* The dot was stuffing in front of a CR that is part of the mail. */
			b->state = WIRE_TEXT;
			b->after_cr = true;
			*out = (struct span){"\r", 1};
			return WIRE_SPAN;
		}
	}
	return WIRE_MORE;
}
