/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The INI dialect of Python's configparser, and the two literals of Python that stand in it. */
#include "import/ini.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"

struct reader {
	struct ini *out;
	char *section;          /* NULL: none yet */
	struct ini_entry *open; /* may go on */
	size_t indent;          /* of the open one */
	const char *shown;
	unsigned line;
	struct error *e;
};

static bool fail(struct reader *r, const char *words, struct span what)
{
	return error_set(r->e, ERROR_CONFIG, "%s:%u: %s%s%s", r->shown, r->line, _(words),
		what.len ? ": " : "", what.len ? safe(what).text : "");
}

static struct ini_entry *find(const struct ini *ini, const char *section, const char *key)
{
	for (size_t i = 0; i < ini->n; i++) {
		struct ini_entry *e = &ini->entries[i];

		if (strcmp(e->section, section) == 0 &&
			(key ? e->key && strcmp(e->key, key) == 0 : !e->key))
			return e;
	}
	return NULL;
}

static struct ini_entry *add(struct reader *r, char *key, char *value)
{
	struct ini *ini = r->out;
	struct ini_entry *entry;

	ini->entries = xreallocarray(ini->entries, ini->n + 1, sizeof(*ini->entries));
	entry = &ini->entries[ini->n++];
	*entry = (struct ini_entry){xstrdup(r->section), key, value, r->line, false};
	return entry;
}

static bool begin_section(struct reader *r, struct span line)
{
	size_t len = line.len;

	while (len && line.data[len - 1] != ']')
		len--;
	if (len < 3)
		return fail(r, "this is no section", line);
	free(r->section);
	r->section = xstrndup(line.data + 1, len - 2);
	r->open = NULL;
	if (find(r->out, r->section, NULL))
		return fail(r, "this section is there twice", line);
	add(r, NULL, NULL);
	return true;
}

static bool take_entry(struct reader *r, struct span line, size_t indent)
{
	size_t cut = 0;
	struct span key, value;
	char *name;

	while (cut < line.len && line.data[cut] != '=' && line.data[cut] != ':')
		cut++;
	key = span_trim((struct span){line.data, cut});
	/* The line may be a password that was broken off: it is not shown. */
	if (cut == line.len || !key.len)
		return fail(r, "this is neither a section nor KEY = VALUE", (struct span){"", 0});
	if (!r->section)
		return fail(r, "a section was expected first", key);
	value = span_trim((struct span){line.data + cut + 1, line.len - cut - 1});
	name = xstrndup(key.data, key.len);
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (find(r->out, r->section, name)) {
		free(name);
		return fail(r, "this is set twice", key);
	}
	r->open = add(r, name, xstrndup(value.data, value.len));
	r->indent = indent;
	return true;
}

static void go_on(struct reader *r, struct span line)
{
	char *joined = xasprintf("%s\n%.*s", r->open->value, (int)line.len, line.data);

	wipe_free(r->open->value);
	r->open->value = joined;
}

static bool take_line(struct reader *r, struct span raw)
{
	struct span line = span_trim(raw);
	size_t indent = line.len ? (size_t)(line.data - raw.data) : 0;

	if (memchr(raw.data, '\0', raw.len))
		return fail(r, "there is a NUL in this line", (struct span){"", 0});
	if (!line.len || line.data[0] == '#' || line.data[0] == ';')
		return true;
	if (r->open && indent > r->indent) {
		go_on(r, line);
		return true;
	}
	return line.data[0] == '[' ? begin_section(r, line) : take_entry(r, line, indent);
}

bool ini_read(struct span text, const char *shown, struct ini *out, struct error *e)
{
	struct reader r = {.out = out, .shown = shown, .e = e};
	bool done = true;

	*out = (struct ini){.n = 0};
	while (done && text.len) {
		struct span line = span_without_cr(span_line(&text));

		r.line++;
		done = take_line(&r, line);
	}
	free(r.section);
	if (!done)
		ini_release(out);
	return done;
}

void ini_release(struct ini *ini)
{
	for (size_t i = 0; i < ini->n; i++) {
		free(ini->entries[i].section);
		free(ini->entries[i].key);
		wipe_free(ini->entries[i].value);
	}
	free(ini->entries);
	*ini = (struct ini){.n = 0};
}

struct ini_entry *ini_find(struct ini *ini, const char *section, const char *key)
{
	struct ini_entry *entry = find(ini, section, key);

	if (!entry)
		entry = find(ini, "DEFAULT", key);
	if (entry)
		entry->used = true;
	return entry;
}

/* ---- literals ---- */

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* Behind the quote; NULL when it is open, or has an escape that is not read here. */
static const char *read_string(const char *p, char quote, struct buf *out)
{
	for (; *p != quote; p++) {
		if (!*p || *p == '\n')
			return NULL;
		if (*p == '\\') {
			static const char from[] = "\\'\"nt", to[] = "\\'\"\n\t";
			const char *which = p[1] ? strchr(from, p[1]) : NULL;

			if (!which)
				return NULL;
			buf_add(out, &to[which - from], 1);
			p++;
		} else {
			buf_add(out, p, 1);
		}
	}
	return p + 1;
}

/* Strings side by side are one. */
static const char *read_strings(const char *p, struct buf *out)
{
	if (*p != '"' && *p != '\'')
		return NULL;
	while (p && (*p == '"' || *p == '\'')) {
		p = read_string(p + 1, *p, out);
		p = p ? skip_blanks(p) : NULL;
	}
	return p;
}

char **ini_strings(const char *text)
{
	char **strings = xcalloc(1, sizeof(*strings));
	const char *p = skip_blanks(text);
	size_t n = 0;
	bool comma = false;

	if (*p != '(')
		goto fail;
	p = skip_blanks(p + 1);
	while (*p && *p != ')') {
		struct buf word = {0};

		if (n && !comma)
			goto fail;
		p = read_strings(p, &word);
		strings = xreallocarray(strings, n + 2, sizeof(*strings));
		strings[n++] = buf_detach(&word);
		strings[n] = NULL;
		if (!p)
			goto fail;
		comma = *p == ',';
		p = skip_blanks(p + comma);
	}
	/* ("a") is no tuple in Python. */
	if (*p == ')' && !*skip_blanks(p + 1) && (n != 1 || comma))
		return strings;
fail:
	ini_free_strings(strings);
	return NULL;
}

void ini_free_strings(char **strings)
{
	for (size_t i = 0; strings && strings[i]; i++)
		free(strings[i]);
	free(strings);
}
