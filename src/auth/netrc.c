/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A .netrc file is words: a keyword and its value, over as many lines as one likes. It has no
 * standard; this is what ftp, curl and fetchmail read: double quotes around a word, with \ for the
 * octet behind it; # in place of a keyword begins a comment; macdef goes on to an empty line. A #
 * or a \ in a bare value is part of it.
 */
#include "auth/netrc.h"

#include <string.h>

struct reader {
	struct span rest;
	unsigned line; /* of the word that was read last */
	unsigned lines_ended;
	struct buf word; /* of its final size from the start: it holds passwords */
	bool broken;
};

/* What is gathered of one entry. */
struct entry {
	bool host_fits, user_fits;
	char *password;
	unsigned line;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char take(struct reader *r)
{
	char c = r->rest.data[0];

	r->rest.data++;
	r->rest.len--;
	if (c == '\n')
		r->lines_ended++;
	return c;
}

static void skip_blanks(struct reader *r)
{
	while (r->rest.len && is_blank(r->rest.data[0]))
		take(r);
}

static void skip_line(struct reader *r)
{
	while (r->rest.len && take(r) != '\n')
		;
}

/* A macro ends with an empty line. The cursor is behind its name. */
static void skip_macro(struct reader *r)
{
	skip_line(r);
	while (r->rest.len && r->rest.data[0] != '\n' &&
		!(r->rest.len > 1 && r->rest.data[0] == '\r' && r->rest.data[1] == '\n'))
		skip_line(r);
}

static bool fail(struct reader *r)
{
	r->broken = true;
	return false;
}

/* Behind the quote; also what follows the closing one without a blank is part of the word. */
static bool read_quoted(struct reader *r)
{
	for (;;) {
		char c;

		if (!r->rest.len || r->rest.data[0] == '\n')
			return fail(r);
		c = take(r);
		if (c == '"')
			return true;
		if (c == '\\') {
			if (!r->rest.len || r->rest.data[0] == '\n')
				return fail(r);
			c = take(r);
		}
		buf_add(&r->word, &c, 1);
	}
}

/* False at the end, and when it is broken. */
static bool read_word(struct reader *r, bool keyword)
{
	buf_clear(&r->word);
	skip_blanks(r);
	while (keyword && r->rest.len && r->rest.data[0] == '#') {
		skip_line(r);
		skip_blanks(r);
	}
	r->line = r->lines_ended + 1;
	if (!r->rest.len)
		return false;
	if (r->rest.data[0] == '"') {
		take(r);
		if (!read_quoted(r))
			return false;
	}
	while (r->rest.len && !is_blank(r->rest.data[0])) {
		char c = take(r);

		buf_add(&r->word, &c, 1);
	}
	if (r->word.len && memchr(r->word.data, '\0', r->word.len))
		return fail(r);
	return true;
}

static bool is_whole(const struct entry *entry)
{
	return entry->host_fits && entry->user_fits && entry->password && entry->password[0];
}

static void begin(struct entry *entry, bool host_fits)
{
	wipe_free(entry->password);
	*entry = (struct entry){.host_fits = host_fits, .user_fits = true};
}

/* The keyword in r->word, with its value. False at the end of an entry that is whole, or when it is
 * broken. */
static bool take_keyword(struct reader *r, struct entry *entry, const char *host, const char *user)
{
	struct span word = buf_span(&r->word);

	if (span_is(word, "machine") || span_is(word, "default")) {
		bool any = span_is(word, "default");

		if (is_whole(entry))
			return false;
		begin(entry,
			any || (read_word(r, false) && span_is_nocase(buf_span(&r->word), host)));
	} else if (span_is(word, "login")) {
		entry->user_fits = read_word(r, false) && span_is(buf_span(&r->word), user);
	} else if (span_is(word, "password")) {
		wipe_free(entry->password);
		entry->password = NULL;
		if (read_word(r, false))
			entry->password = xstrndup(r->word.data, r->word.len);
		entry->line = r->line;
	} else if (span_is(word, "account")) {
		(void)read_word(r, false);
	} else if (span_is(word, "macdef")) {
		skip_macro(r);
	}
	return !r->broken;
}

enum netrc_result netrc_find(
	struct span text, const char *host, const char *user, char **password, unsigned *line)
{
	struct reader r = {.rest = text};
	struct entry entry = {.host_fits = false};
	enum netrc_result result = NETRC_NOTHING;

	buf_reserve(&r.word, text.len);
	while (read_word(&r, true) && take_keyword(&r, &entry, host, user))
		;
	*password = NULL;
	*line = r.line;
	if (r.broken) {
		result = NETRC_BROKEN;
	} else if (is_whole(&entry)) {
		result = NETRC_FOUND;
		*password = entry.password;
		*line = entry.line;
		entry.password = NULL;
	}
	wipe_free(entry.password);
	buf_wipe(&r.word);
	return result;
}

char *netrc_login(struct span text, const char *host)
{
	struct reader r = {.rest = text};
	bool fits = false;
	char *login = NULL;

	buf_reserve(&r.word, text.len);
	while (!login && read_word(&r, true)) {
		struct span word = buf_span(&r.word);

		if (span_is(word, "machine")) {
			fits = read_word(&r, false) && span_is_nocase(buf_span(&r.word), host);
		} else if (span_is(word, "default")) {
			fits = false;
		} else if (span_is(word, "login")) {
			if (read_word(&r, false) && fits && r.word.len)
				login = xstrndup(r.word.data, r.word.len);
		} else if (span_is(word, "password") || span_is(word, "account")) {
			(void)read_word(&r, false);
		} else if (span_is(word, "macdef")) {
			skip_macro(&r);
		}
	}
	buf_wipe(&r.word);
	return login;
}
