/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A field ends where the next line does not begin with a blank, so its end is told one octet late.
 * Lines that cannot be of interest are skipped as a whole.
 */
#include "local/header.h"

#include <string.h>

void header_scan_init(struct header_scan *h, const char *const *names, size_t names_n)
{
	*h = (struct header_scan){.names = names, .names_n = names_n};
}

/* ctype.h follows the locale; this does not. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool may_begin(const struct header_scan *h, char c)
{
	for (size_t i = 0; i < h->names_n; i++)
		if (lower(h->names[i][0]) == lower(c))
			return true;
	return false;
}

static enum header_what begin_line(struct header_scan *h, char c)
{
	bool folded = c == ' ' || c == '\t';

	if (h->open && !folded) {
		h->open = false;
		return HEADER_FIELD;
	}
	if (c == '\r' || c == '\n') {
		h->state = HEADER_ENDED;
		return HEADER_END;
	}
	h->name_len = 0;
	if (folded)
		h->state = h->open ? HEADER_IN_VALUE : HEADER_SKIP;
	else
		h->state = may_begin(h, c) ? HEADER_NAME : HEADER_SKIP;
	return HEADER_MORE;
}

static void take_name(struct header_scan *h, char c)
{
	struct span name;

	if (c == '\n') {
		h->state = HEADER_LINE_START;
		return;
	}
	if (c != ':') {
		if (h->name_len == sizeof(h->name))
			h->state = HEADER_SKIP;
		else
			h->name[h->name_len++] = c;
		return;
	}
	name = span_trim((struct span){h->name, h->name_len});
	h->field = 0;
	while (h->field < h->names_n && !span_is_nocase(name, h->names[h->field]))
		h->field++;
	h->open = h->field < h->names_n;
	h->state = h->open ? HEADER_IN_VALUE : HEADER_SKIP;
}

/* The rest of the line, its end included. */
static struct span take_line(struct header_scan *h, struct span *octets)
{
	const char *lf = memchr(octets->data, '\n', octets->len);
	struct span taken = {octets->data, lf ? (size_t)(lf - octets->data) + 1 : octets->len};

	if (lf)
		h->state = HEADER_LINE_START;
	octets->data += taken.len;
	octets->len -= taken.len;
	return taken;
}

enum header_what header_next(struct header_scan *h, struct span *octets, struct span *piece)
{
	while (octets->len && h->state != HEADER_ENDED) {
		enum header_what what;

		switch (h->state) {
		case HEADER_LINE_START:
			what = begin_line(h, octets->data[0]);
			if (what != HEADER_MORE)
				return what;
			break;
		case HEADER_NAME:
			take_name(h, octets->data[0]);
			octets->data++;
			octets->len--;
			break;
		case HEADER_IN_VALUE:
			*piece = take_line(h, octets);
			return HEADER_VALUE;
		default:
			take_line(h, octets);
			break;
		}
	}
	return h->state == HEADER_ENDED ? HEADER_END : HEADER_MORE;
}

bool header_finish(struct header_scan *h)
{
	bool was_open = h->open;

	h->open = false;
	h->state = HEADER_ENDED;
	return was_open;
}
