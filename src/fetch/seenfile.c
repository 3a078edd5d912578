/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/seenfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "report/maildate.h"

/* A UID has at most 70 octets (RFC 1939 s.7); some servers have more. */
enum { UID_MAX = 1000 };

static bool is_plain(unsigned char c, bool first)
{
	return c > 0x20 && c < 0x7f && c != '%' && !(first && c == '#');
}

void seenfile_add_uid(struct buf *out, struct span uid)
{
	for (size_t i = 0; i < uid.len; i++) {
		if (is_plain((unsigned char)uid.data[i], i == 0))
			buf_add(out, &uid.data[i], 1);
		else
			buf_printf(out, "%%%02X", (unsigned char)uid.data[i]);
	}
}

void seenfile_put_uid(char *out, size_t room, struct span uid)
{
	enum { LONGEST = 3 };
	size_t n = 0;

	for (size_t i = 0; i < uid.len && n + LONGEST < room; i++) {
		if (is_plain((unsigned char)uid.data[i], i == 0))
			out[n++] = uid.data[i];
		else
			n += (size_t)snprintf(
				out + n, room - n, "%%%02X", (unsigned char)uid.data[i]);
	}
	out[n] = '\0';
}

void seenfile_add(struct buf *out, const struct seen *row)
{
	char time[TEXT_UTC_ROOM];

	seenfile_add_uid(out, row->key.uid);
	text_utc(time, row->delivered_s > 0 ? row->delivered_s : 0);
	buf_printf(out, " %s%s\n", time, row->marked ? " marked" : "");
}

/* A "%" without two digits stands for itself: other programs know nothing of this. */
static void decode_uid(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '%' && i + 2 < text.len && parse_hex_digit(text.data[i + 1]) >= 0 &&
			parse_hex_digit(text.data[i + 2]) >= 0) {
			c = (char)(parse_hex_digit(text.data[i + 1]) << 4 |
				parse_hex_digit(text.data[i + 2]));
			i += 2;
		}
		buf_add(out, &c, 1);
	}
}

static bool parse_line(struct span line, int64_t now_s, struct seenfile *s)
{
	struct span rest = line, uid = span_word(&rest), time = span_word(&rest),
		    word = span_word(&rest);
	struct seenfile_row *row;
	size_t start = s->uids.len;

	if (!uid.len || uid.len > UID_MAX || rest.len)
		return false;
	if ((s->n & (s->n - 1)) == 0)
		s->rows = xreallocarray(s->rows, s->n ? 2 * s->n : 1, sizeof(*s->rows));
	row = &s->rows[s->n];
	*row = (struct seenfile_row){.seen_s = now_s, .marked = !time.len};
	if (time.len && !maildate_parse_utc(time, &row->seen_s))
		return false;
	if (word.len && !span_is(word, "marked"))
		return false;
	row->marked = row->marked || word.len;
	decode_uid(&s->uids, uid);
	row->key.uid.len = s->uids.len - start;
	s->n++;
	return true;
}

static int by_uid(const void *a, const void *b)
{
	const struct seenfile_row *const *one = a, *const *other = b;
	struct span x = (*one)->key.uid, y = (*other)->key.uid;
	int order = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);

	if (order)
		return order;
	if (x.len != y.len)
		return x.len < y.len ? -1 : 1;
	return *one < *other ? -1 : *one > *other;
}

/* The arena has come to rest: keys may point into it. */
static void finish(struct seenfile *s)
{
	struct seenfile_row **sorted = xcalloc(s->n, sizeof(struct seenfile_row *));
	const char *at = s->uids.data;

	for (size_t i = 0; i < s->n; i++) {
		s->rows[i].key.uid.data = at;
		at += s->rows[i].key.uid.len;
		sorted[i] = &s->rows[i];
	}
	if (s->n)
		qsort(sorted, s->n, sizeof(struct seenfile_row *), by_uid);
	for (size_t i = 1; i < s->n; i++)
		if (span_equal(sorted[i]->key.uid, sorted[i - 1]->key.uid))
			sorted[i]->key.occurrence = sorted[i - 1]->key.occurrence + 1;
	free(sorted);
}

bool seenfile_parse(
	struct span text, const char *name, int64_t now_s, struct seenfile *out, struct error *e)
{
	size_t number = 1;

	*out = (struct seenfile){.rows = NULL};
	for (; text.len; number++) {
		struct span line = span_without_cr(span_line(&text));

		line = span_trim(line);
		if (!line.len || line.data[0] == '#' || parse_line(line, now_s, out))
			continue;
		error_set(e, ERROR_INPUT, "%s, line %zu: not a UID and a time: \"%s\"", name,
			number, safe(line).text);
		return error_remedy(e, "such a line is", "000000016b049d70 2026-11-26T13:40:39Z");
	}
	finish(out);
	return true;
}

void seenfile_release(struct seenfile *s)
{
	free(s->rows);
	buf_release(&s->uids);
	*s = (struct seenfile){.rows = NULL};
}
