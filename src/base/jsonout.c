/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * No state is kept: whether a comma is due is seen from the last octet, for none but the beginning
 * of an object or a list ends in "{", "[" or ":".
 */
#include "base/jsonout.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void add_string(struct buf *b, struct span text);

static void add_name(struct buf *b, const char *name)
{
	if (b->len && !strchr("{[:\n", b->data[b->len - 1]))
		buf_add(b, ",", 1);
	if (!name)
		return;
	add_string(b, span_of(name));
	buf_add(b, ":", 1);
}

/* ---- strings ---- */

static void add_escape(struct buf *b, uint32_t c)
{
	/* For the first of these, RFC 8259 s.7 has a letter. */
	static const char letters[0x20] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};

	if (c < sizeof(letters) && letters[c])
		buf_printf(b, "\\%c", letters[c]);
	else
		buf_printf(b, "\\u%04x", (unsigned)c);
}

/* Nothing but letters and the like, which most text is. */
static size_t plain_length(struct span s)
{
	size_t n = 0;

	while (n < s.len && s.data[n] >= 0x20 && s.data[n] < 0x7f && s.data[n] != '"' &&
		s.data[n] != '\\')
		n++;
	return n;
}

static void add_character(struct buf *b, struct span s, uint32_t c, size_t octets)
{
	if (c == '"' || c == '\\')
		buf_printf(b, "\\%c", (int)c);
	else if (text_is_control(c) || text_is_unruly(c))
		add_escape(b, c);
	else if (c == TEXT_NO_CHARACTER)
		buf_add_text(b, "\xef\xbf\xbd");
	else
		buf_add(b, s.data, octets);
}

static void add_string(struct buf *b, struct span text)
{
	buf_add(b, "\"", 1);
	while (text.len) {
		size_t plain = plain_length(text), octets = 0;
		struct span rest = {text.data + plain, text.len - plain};

		buf_add(b, text.data, plain);
		if (rest.len) {
			uint32_t c = text_character(rest, &octets);

			add_character(b, rest, c, octets);
		}
		text = (struct span){rest.data + octets, rest.len - octets};
	}
	buf_add(b, "\"", 1);
}

/* ---- values ---- */

void jsonout_span(struct buf *b, const char *name, struct span text)
{
	add_name(b, name);
	add_string(b, text);
}

void jsonout_text(struct buf *b, const char *name, const char *text)
{
	jsonout_span(b, name, span_of(text));
}

void jsonout_number(struct buf *b, const char *name, int64_t number)
{
	add_name(b, name);
	buf_printf(b, "%lld", (long long)number);
}

void jsonout_bool(struct buf *b, const char *name, bool value)
{
	add_name(b, name);
	buf_add_text(b, value ? "true" : "false");
}

void jsonout_seconds(struct buf *b, const char *name, int64_t ms)
{
	add_name(b, name);
	if (ms < 0)
		ms = 0;
	buf_printf(b, "%lld.%03d", (long long)(ms / 1000), (int)(ms % 1000));
}

void jsonout_time(struct buf *b, const char *name, int64_t seconds)
{
	char text[TEXT_UTC_ROOM];

	text_utc(text, seconds);
	if (text[0])
		jsonout_text(b, name, text);
}

/* ---- what holds values ---- */

void jsonout_object(struct buf *b, const char *name)
{
	add_name(b, name);
	buf_add(b, "{", 1);
}

void jsonout_object_end(struct buf *b)
{
	buf_add(b, "}", 1);
}

void jsonout_list(struct buf *b, const char *name)
{
	add_name(b, name);
	buf_add(b, "[", 1);
}

void jsonout_list_end(struct buf *b)
{
	buf_add(b, "]", 1);
}

void jsonout_begin(struct buf *b, const char *event)
{
	jsonout_object(b, NULL);
	jsonout_number(b, "v", 1);
	jsonout_text(b, "event", event);
}

void jsonout_end(struct buf *b)
{
	buf_add_text(b, "}\n");
}
