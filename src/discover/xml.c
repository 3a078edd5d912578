/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One pass, no memory: what is handed out are pieces of the document. Tags must match, as a file
 * that is cut off or damaged should not count.
 */
#include "discover/xml.h"

#include <string.h>

static const char blanks[] = " \t\r\n";

static bool is_blank(char c)
{
	return c && strchr(blanks, c);
}

/* Octets of UTF-8 may be part of a name, whatever letters they are. */
static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(unsigned char)c >= 0x80 || (c && strchr("_:-.", c));
}

static void skip_blanks(struct span *s)
{
	while (s->len && is_blank(*s->data)) {
		s->data++;
		s->len--;
	}
}

static bool begins(struct span s, const char *with)
{
	size_t len = strlen(with);

	return s.len >= len && memcmp(s.data, with, len) == 0;
}

static void skip(struct span *s, size_t n)
{
	s->data += n;
	s->len -= n;
}

/* Takes what stands before the mark off *s, and the mark; false: there is none. */
static bool take_until(struct span *s, const char *mark, struct span *before)
{
	const size_t len = strlen(mark);

	for (size_t i = 0; i + len <= s->len; i++)
		if (memcmp(s->data + i, mark, len) == 0) {
			*before = (struct span){s->data, i};
			skip(s, i + len);
			return true;
		}
	return false;
}

static struct span take_name(struct span *s)
{
	struct span name = {s->data, 0};

	while (name.len < s->len && is_name(s->data[name.len]))
		name.len++;
	skip(s, name.len);
	return name;
}

/* Takes one 'name = "value"' off; false: there is none, or it is not well formed. */
static bool take_attribute(struct span *s, struct span *name, struct span *value)
{
	char quote[2] = "";

	skip_blanks(s);
	*name = take_name(s);
	skip_blanks(s);
	if (!name->len || !begins(*s, "="))
		return false;
	skip(s, 1);
	skip_blanks(s);
	if (!begins(*s, "\"") && !begins(*s, "'"))
		return false;
	quote[0] = *s->data;
	skip(s, 1);
	return take_until(s, quote, value) && !memchr(value->data, '<', value->len);
}

void xml_init(struct xml *x, struct span document)
{
	memset(x, 0, sizeof(*x));
	x->rest = document;
	if (begins(x->rest, "\xef\xbb\xbf"))
		skip(&x->rest, 3);
	/* The one character that cannot be dealt with as text here; XML has it nowhere. */
	x->bad = document.len && memchr(document.data, '\0', document.len);
}

static enum xml_token bad(struct xml *x)
{
	x->bad = true;
	return XML_BAD;
}

static enum xml_token close_element(struct xml *x)
{
	x->name = x->open[--x->depth];
	x->empty = false;
	x->ended = x->depth == 0;
	return XML_CLOSE;
}

/* Behind "</". */
static enum xml_token take_close(struct xml *x)
{
	struct span name = take_name(&x->rest);

	skip_blanks(&x->rest);
	if (!begins(x->rest, ">") || !x->depth || !span_equal(name, x->open[x->depth - 1]))
		return bad(x);
	skip(&x->rest, 1);
	return close_element(x);
}

/* Behind "<": the name, and attributes up to ">" or "/>". */
static enum xml_token take_open(struct xml *x)
{
	struct span name, value, start;

	x->name = take_name(&x->rest);
	if (!x->name.len || x->depth == XML_DEPTH_MAX || x->ended)
		return bad(x);
	start = x->rest;
	for (;;) {
		struct span before = x->rest;

		skip_blanks(&x->rest);
		x->attributes = (struct span){start.data, start.len - x->rest.len};
		x->empty = begins(x->rest, "/>");
		if (x->empty || begins(x->rest, ">"))
			break;
		/* A blank parts them. */
		if (x->rest.len == before.len || !take_attribute(&x->rest, &name, &value))
			return bad(x);
	}
	skip(&x->rest, x->empty ? 2 : 1);
	x->open[x->depth++] = x->name;
	return XML_OPEN;
}

static enum xml_token take_text(struct xml *x)
{
	const char *end = memchr(x->rest.data, '<', x->rest.len);
	struct span visible;

	x->text = (struct span){x->rest.data, end ? (size_t)(end - x->rest.data) : x->rest.len};
	x->literal = false;
	skip(&x->rest, x->text.len);
	/* Around the root only blanks may stand. */
	visible = x->text;
	skip_blanks(&visible);
	return x->depth || !visible.len ? XML_TEXT : bad(x);
}

enum xml_token xml_next(struct xml *x)
{
	struct span ignored;

	if (x->bad)
		return XML_BAD;
	if (x->empty)
		return close_element(x);
	for (;;) {
		if (!x->rest.len)
			return x->ended ? XML_END : bad(x);
		if (*x->rest.data != '<') {
			if (take_text(x) == XML_BAD)
				return XML_BAD;
			if (x->depth)
				return XML_TEXT;
		} else if (begins(x->rest, "<!--")) {
			skip(&x->rest, 4);
			if (!take_until(&x->rest, "-->", &ignored))
				return bad(x);
		} else if (begins(x->rest, "<?")) {
			if (!take_until(&x->rest, "?>", &ignored))
				return bad(x);
		} else if (x->depth && begins(x->rest, "<![CDATA[")) {
			skip(&x->rest, 9);
			x->literal = true;
			return take_until(&x->rest, "]]>", &x->text) ? XML_TEXT : bad(x);
		} else if (begins(x->rest, "</")) {
			skip(&x->rest, 2);
			return take_close(x);
		} else {
			skip(&x->rest, 1);
			return take_open(x);
		}
	}
}

bool xml_is_at(const struct xml *x, const char *const *path)
{
	size_t n = 0;

	while (n < x->depth && path[n] && span_is(x->open[n], path[n]))
		n++;
	return n == x->depth && !path[n];
}

/* The one character that an entity stands for; '\0': not known. */
static char entity(struct span name)
{
	static const struct {
		const char *name;
		char stands_for;
	} known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (span_is(name, known[i].name))
			return known[i].stands_for;
	return '\0';
}

static bool decode(struct span s, struct buf *out)
{
	while (s.len) {
		const char *mark = memchr(s.data, '&', s.len);
		size_t n = mark ? (size_t)(mark - s.data) : s.len;
		struct span name;
		char c;

		buf_add(out, s.data, n);
		skip(&s, n);
		if (!mark)
			break;
		skip(&s, 1);
		c = take_until(&s, ";", &name) ? entity(name) : '\0';
		if (!c)
			return false;
		buf_add(out, &c, 1);
	}
	return true;
}

bool xml_attribute(const struct xml *x, const char *name, struct buf *out)
{
	struct span rest = x->attributes, each, value;

	while (take_attribute(&rest, &each, &value))
		if (span_is(each, name))
			return decode(value, out);
	return false;
}

bool xml_text(const struct xml *x, struct buf *out)
{
	if (!x->literal)
		return decode(x->text, out);
	buf_add(out, x->text.data, x->text.len);
	return true;
}
