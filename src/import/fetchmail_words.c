/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What fetchmail takes as one word is the longest that may be one: "a b" with its quotes, but also
 * "a"b, where the quotes are letters like others. Escapes count in both. That a quoted word may go
 * over lines, and what \065, \65 and \x41 are, was tried with fetchmail 6.4.
 */
#include "import/fetchmail_words.h"

#include <string.h>

#include "base/parse.h"

static void skip(struct fetchmail_words *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		w->line += w->rest.data[i] == '\n';
	w->rest.data += n;
	w->rest.len -= n;
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static void skip_blanks(struct fetchmail_words *w)
{
	while (w->rest.len) {
		if (is_one_of(w->rest.data[0], " \t\r\n,;:"))
			skip(w, 1);
		else if (w->rest.data[0] == '#')
			while (w->rest.len && w->rest.data[0] != '\n')
				skip(w, 1);
		else
			break;
	}
}

static size_t plain_len(struct span s)
{
	size_t len = 0;

	while (len < s.len && !is_one_of(s.data[len], "=;:, \t\r\n"))
		len++;
	return len;
}

/* With both quotes; 0: it is none. */
static size_t quoted_len(struct span s)
{
	const char *end;

	if (!is_one_of(s.data[0], "'\""))
		return 0;
	end = memchr(s.data + 1, s.data[0], s.len - 1);
	return end ? (size_t)(end - s.data) + 1 : 0;
}

/* Up to most digits of the base at *p; *p comes behind them. */
static unsigned digits(const char **p, const char *end, unsigned base, unsigned most)
{
	unsigned value = 0;

	for (; most && *p < end; most--, (*p)++) {
		int digit = parse_hex_digit(**p);

		if (digit < 0 || (unsigned)digit >= base)
			break;
		value = value * base + (unsigned)digit;
	}
	return value;
}

/* Behind the backslash, of which there is something left. */
static char escaped(const char **p, const char *end)
{
	static const char letters[] = "ntbr", values[] = "\n\t\b\r";
	char c = *(*p)++;
	const char *known = is_one_of(c, letters) ? strchr(letters, c) : NULL;

	if (known)
		return values[known - letters];
	if (c == 'x')
		return (char)digits(p, end, 16, 2);
	if (c == '0')
		return (char)digits(p, end, 8, 2);
	if (c >= '1' && c <= '9') {
		(*p)--;
		return (char)digits(p, end, 10, 3);
	}
	return c;
}

/* Into memory of its own size: a password leaves no copies. */
static char *resolve(struct span s, bool *nul)
{
	char *text = xcalloc(s.len + 1, 1), *to = text;
	const char *p = s.data, *end = s.data + s.len;

	while (p < end) {
		char c = *p++;

		if (c == '\\' && p == end)
			break;
		if (c == '\\' && *p == '\n') {
			p++;
			continue;
		}
		if (c == '\\')
			c = escaped(&p, end);
		*to++ = c;
		*nul = *nul || !c;
	}
	return text;
}

static bool is_number(struct span s)
{
	size_t i = s.data[0] == '-' && s.len > 1;

	while (i < s.len && s.data[i] >= '0' && s.data[i] <= '9')
		i++;
	return i == s.len;
}

void fetchmail_next(struct fetchmail_words *w, struct fetchmail_word *out)
{
	size_t plain, quoted;

	wipe_free(out->text);
	skip_blanks(w);
	*out = (struct fetchmail_word){.kind = FETCHMAIL_END, .line = w->line};
	if (!w->rest.len)
		return;
	plain = plain_len(w->rest);
	quoted = quoted_len(w->rest);
	if (quoted && quoted >= plain) {
		out->kind = FETCHMAIL_QUOTED;
		out->text = resolve((struct span){w->rest.data + 1, quoted - 2}, &out->nul);
		skip(w, quoted);
	} else if (plain) {
		struct span word = {w->rest.data, plain};

		out->kind = is_number(word) ? FETCHMAIL_NUMBER : FETCHMAIL_PLAIN;
		out->text = resolve(word, &out->nul);
		skip(w, plain);
	} else {
		out->kind = FETCHMAIL_EQUALS;
		out->text = xstrdup("=");
		skip(w, 1);
	}
}
