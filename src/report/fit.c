/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Piece by piece: a piece is a character with what is written over it, or an escape for an octet.
 * What is cut is cut between pieces.
 */
#include "report/fit.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "base/text.h"

enum { ACCENTS_MAX = 3 };

/* It would be seen by what it does to others only. */
static bool is_invisible(uint32_t c)
{
	return c == 0xad || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
		(c >= 0x2060 && c <= 0x2065) || (c >= 0x206a && c <= 0x206f) || c == 0xfeff ||
		(c >= 0xfff0 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

/* Adds the character as the locale writes it; its width. */
static size_t add_character(struct buf *out, uint32_t c)
{
	char octets[MB_LEN_MAX];
	mbstate_t state = {0};
	size_t len = wcrtomb(octets, (wchar_t)c, &state);
	int width = wcwidth((wchar_t)c);

	if (len == (size_t)-1 || width < 0) {
		buf_add_text(out, "?");
		return 1;
	}
	buf_add(out, octets, len);
	return (size_t)width;
}

/* One piece off the front of *s, added; its width. An accent counts as a piece of no width. */
static size_t add_piece(struct buf *out, struct span *s)
{
	size_t octets, width = 0;
	uint32_t c = text_character(*s, &octets);

	if ((c == TEXT_NO_CHARACTER && octets == 1) || text_is_control(c)) {
		for (size_t i = 0; i < octets; i++, width += 4)
			buf_printf(out, "\\x%02x", (unsigned char)s->data[i]);
	} else if (!is_invisible(c)) {
		width = add_character(out, text_is_unruly(c) ? TEXT_NO_CHARACTER : c);
	}
	s->data += octets;
	s->len -= octets;
	return width;
}

static const char *ellipsis(size_t *width)
{
	mbstate_t state = {0};
	char octets[MB_LEN_MAX];
	bool has = wcrtomb(octets, L'…', &state) == 3 && memcmp(octets, "…", 3) == 0 &&
		wcwidth(L'…') == 1;

	*width = has ? 1 : 2;
	return has ? "…" : "..";
}

/* What was added behind the place where the text would be cut is taken back. */
static void cut(struct buf *out, size_t len)
{
	out->len = len;
	out->data[len] = '\0';
}

size_t fit_add(struct buf *out, struct span text, size_t columns, bool pad)
{
	size_t dots_width, width = 0, accents = 0, cut_len = out->len, cut_width = 0;
	const char *dots = ellipsis(&dots_width);

	buf_add_text(out, "");
	while (text.len) {
		size_t before = out->len, step = add_piece(out, &text);

		accents = step ? 0 : accents + (out->len > before);
		if (accents > ACCENTS_MAX)
			cut(out, before);
		if (columns && width + step > columns) {
			cut(out, cut_len);
			width = cut_width;
			if (width + dots_width <= columns) {
				buf_add_text(out, dots);
				width += dots_width;
			}
			break;
		}
		width += step;
		/* Behind here there is room for the dots. */
		if (width + dots_width <= columns) {
			cut_len = out->len;
			cut_width = width;
		}
	}
	if (pad && width < columns) {
		buf_printf(out, "%*s", (int)(columns - width), "");
		width = columns;
	}
	return width;
}
