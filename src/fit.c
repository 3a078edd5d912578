/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Piece by piece: a piece is a character with what is written over it, or an escape for an octet.
 * What is cut is cut between pieces.
 */
#include "fit.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum { ACCENTS_MAX = 3, BAD = 0xfffd };

/* The character at the front, and how many octets it takes; BAD with 1 for what is no UTF-8. */
static uint32_t read_character(struct span s, size_t *octets)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s.data;
	size_t need = p[0] < 0x80 ? 1
		: p[0] < 0xc2     ? 0
		: p[0] < 0xe0     ? 2
		: p[0] < 0xf0     ? 3
		: p[0] < 0xf5     ? 4
				  : 0;
	uint32_t code = need < 2 ? p[0] : p[0] & (0xffu >> (need + 1));

	*octets = 1;
	if (!need || need > s.len)
		return BAD;
	for (size_t i = 1; i < need; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return BAD;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[need] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return BAD;
	*octets = need;
	return code;
}

/* It would be seen by what it does to others only. */
static bool is_invisible(uint32_t c)
{
	return c == 0xad || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
		(c >= 0x2060 && c <= 0x2065) || (c >= 0x206a && c <= 0x206f) || c == 0xfeff ||
		(c >= 0xfff0 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

/* Overrides, embeddings and isolates go on beyond the end of the text; so do ends of lines. */
static bool is_unruly(uint32_t c)
{
	return (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
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
	uint32_t c = read_character(*s, &octets);

	if ((c == BAD && octets == 1) || is_control(c)) {
		for (size_t i = 0; i < octets; i++, width += 4)
			buf_printf(out, "\\x%02x", (unsigned char)s->data[i]);
	} else if (!is_invisible(c)) {
		width = add_character(out, is_unruly(c) ? BAD : c);
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
