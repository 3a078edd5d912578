/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libconfuse stops at the first error, accepts a file whose last brace is missing, lets an open
 * quote swallow the lines behind it, and drops characters it does not know. This scanner knows its
 * grammar, a little narrower, and says what is wrong on which line before libconfuse sees the text:
 *
 *     file      = { setting | account | include }
 *     account   = "account" word "{" { setting } "}"
 *     setting   = bare "=" word              (on one line)
 *     include   = "include" "(" word ")"     (on one line)
 *     word      = bare | '…' | "…"           (on one line)
 */
#include "config/syntax.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "config/settings.h"

enum token_kind { TOKEN_END, TOKEN_BARE, TOKEN_QUOTED, TOKEN_MARK, TOKEN_BAD };
struct token {
	enum token_kind kind;
	unsigned line;
	struct span raw; /* with the quotes; a mark is one of = { } ( ) , */
};

struct reader {
	struct syntax *out;
	const char *begin, *at, *end;
	unsigned line;
	struct token ahead;
	int open;            /* the item of the account whose brace is open, or SYNTAX_TOP */
	unsigned value_line; /* of the last value without quotes */
};

static void complain(struct reader *c, unsigned line, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void complain(struct reader *c, unsigned line, const char *fmt, ...)
{
	struct syntax *s = c->out;
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	text_format(text, sizeof(text), i18n_text(fmt), ap);
	va_end(ap);
	s->errors = xreallocarray(s->errors, s->n_errors + 1, sizeof(s->errors[0]));
	s->errors[s->n_errors++] = (struct syntax_error){line, xstrdup(text)};
}

static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(unsigned char)c >= 0x80 || (c && strchr("._-@:/~%", c));
}

static bool is_mark(char c)
{
	return c && strchr("={}(),", c);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool looking_at(const struct reader *c, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(c->end - c->at) >= len && memcmp(c->at, text, len) == 0;
}

static void skip_line(struct reader *c)
{
	while (c->at < c->end && *c->at != '\n')
		c->at++;
}

static void skip_comment(struct reader *c)
{
	unsigned line = c->line;

	for (c->at += 2; c->at < c->end; c->at++) {
		if (looking_at(c, "*/")) {
			c->at += 2;
			return;
		}
		c->line += *c->at == '\n';
	}
	complain(c, line, "this comment has no end (*/)");
}

static void skip_blanks(struct reader *c)
{
	while (c->at < c->end) {
		if (is_space(*c->at))
			c->line += *c->at++ == '\n';
		else if (*c->at == '#' || looking_at(c, "//"))
			skip_line(c);
		else if (looking_at(c, "/*"))
			skip_comment(c);
		else
			return;
	}
}

/* The text up to a blank, for the words of an error. */
static struct span until_blank(const struct reader *c, const char *start)
{
	const char *p = start;

	while (p < c->end && !is_space(*p))
		p++;
	return (struct span){start, (size_t)(p - start)};
}

/* At "${" in double quotes. libconfuse looks for the "}" beyond the quote and beyond the line. */
static bool check_variable(struct reader *c, const char *p)
{
	size_t len = 0, name_len;
	char *name;
	bool set;

	p += 2;
	while (p + len < c->end && !strchr("}\"\\\n", p[len]))
		len++;
	if (p + len == c->end || p[len] != '}') {
		complain(c, c->line, "\"${\" has no \"}\"; write \\${ or use single quotes");
		return false;
	}
	name = xstrndup(p, len);
	name_len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	set = strncmp(name + name_len, ":-", 2) == 0;
	if (name_len == 0 || (name[name_len] && !set)) {
		complain(c, c->line, "use ${NAME} or ${NAME:-DEFAULT} for a variable");
		set = false;
	} else if (!set) {
		set = getenv(name) != NULL;
		if (!set)
			complain(
				c, c->line, "the variable %s is not set", safe(span_of(name)).text);
	}
	free(name);
	return set;
}

/*
 * Whether an error may repeat what begins at start: it is not part of a value that may be secret,
 * as is that of a setting with a name that is not known.
 */
static bool may_show(const struct reader *c, const char *start)
{
	const char *line = start, *equals = NULL, *end, *name;
	struct span value;
	char *setting;
	size_t i;

	while (line > c->begin && line[-1] != '\n')
		line--;
	for (const char *p = line; p < start; p++)
		equals = *p == '=' ? p : equals;
	if (!equals)
		return true;
	end = equals;
	while (end > line && is_space(end[-1]))
		end--;
	name = end;
	while (name > line && is_bare(name[-1]))
		name--;
	setting = xstrndup(name, (size_t)(end - name));
	i = settings_find(setting);
	wipe_free(setting);
	value = (struct span){equals + 1, 0};
	while (value.data + value.len < c->end && value.data[value.len] != '\n')
		value.len++;
	return i < SETTINGS_COUNT && !setting_hides(&settings[i], value);
}

static void complain_of_quotes(struct reader *c, const char *start)
{
	if (may_show(c, start))
		complain(c, c->line, "%s must stand in quotes", safe(until_blank(c, start)).text);
	else
		complain(c, c->line, "this value must stand in quotes");
}

/* What stands behind a backslash in double quotes; others libconfuse would drop, or turn into
 * control characters. */
static bool check_escape(struct reader *c, char escaped)
{
	if (strchr("\\\"$", escaped))
		return true;
	complain(c, c->line, "write a backslash in double quotes as \\\\, or use single quotes");
	return false;
}

static void skip_to_blank(struct reader *c)
{
	while (c->at < c->end && !is_space(*c->at))
		c->at++;
}

/* Behind a word: what libconfuse would take for the start of another one, or of a comment. */
static bool check_end_of_word(struct reader *c, const char *start)
{
	if (c->at == c->end || is_space(*c->at) || is_mark(*c->at))
		return true;
	if (*start == '"' || *start == '\'')
		complain(c, c->line, "a blank is missing behind the closing quote");
	else
		complain_of_quotes(c, start);
	skip_to_blank(c);
	return false;
}

static enum token_kind lex_quoted(struct reader *c)
{
	const char *start = c->at;
	char quote = *c->at++;
	bool good = true;

	for (; c->at < c->end && *c->at != '\n'; c->at++) {
		if (*c->at == quote) {
			c->at++;
			good &= check_end_of_word(c, start);
			return good ? TOKEN_QUOTED : TOKEN_BAD;
		}
		if (quote == '"' && good && looking_at(c, "${"))
			good = check_variable(c, c->at);
		if (*c->at != '\\' || c->at + 1 == c->end || c->at[1] == '\n')
			continue;
		if (quote == '"' && good)
			good = check_escape(c, c->at[1]);
		c->at++;
	}
	complain(c, c->line, "the quote is not closed on this line");
	return TOKEN_BAD;
}

/* libconfuse takes a slash only in front of another character of the word. */
static enum token_kind lex_bare(struct reader *c)
{
	const char *start = c->at;
	bool good = true;

	for (; c->at < c->end && is_bare(*c->at); c->at++)
		if (*c->at == '/')
			good &= c->at + 1 < c->end && is_bare(c->at[1]) && c->at[1] != '/';
	if (good)
		return check_end_of_word(c, start) ? TOKEN_BARE : TOKEN_BAD;
	complain_of_quotes(c, start);
	skip_to_blank(c);
	return TOKEN_BAD;
}

static enum token_kind lex(struct reader *c)
{
	if (c->at == c->end)
		return TOKEN_END;
	if (*c->at == '"' || *c->at == '\'')
		return lex_quoted(c);
	if (is_mark(*c->at)) {
		c->at++;
		return TOKEN_MARK;
	}
	if (is_bare(*c->at))
		return lex_bare(c);
	if (looking_at(c, "+="))
		complain(c, c->line, "use = (there are no lists to add to)");
	else
		complain_of_quotes(c, c->at);
	skip_to_blank(c);
	return TOKEN_BAD;
}

/* Gives the token ahead and looks at the next one. */
static struct token take(struct reader *c)
{
	struct token now = c->ahead;
	const char *start;

	skip_blanks(c);
	start = c->at;
	c->ahead.line = c->line;
	c->ahead.kind = lex(c);
	c->ahead.raw = (struct span){start, (size_t)(c->at - start)};
	return now;
}

static bool is(const struct token *t, char mark)
{
	return t->kind == TOKEN_MARK && t->raw.data[0] == mark;
}

static bool is_word(const struct token *t)
{
	return t->kind == TOKEN_BARE || t->kind == TOKEN_QUOTED;
}

/* Behind an opening brace that nothing is expected of. */
static void skip_block(struct reader *c)
{
	for (unsigned depth = 1; depth && c->ahead.kind != TOKEN_END; take(c)) {
		depth += is(&c->ahead, '{');
		depth -= is(&c->ahead, '}');
	}
}

/* To the next line, or to a closing brace. */
static void recover(struct reader *c, unsigned line)
{
	while (c->ahead.kind != TOKEN_END && c->ahead.line == line && !is(&c->ahead, '}'))
		if (is(&c->ahead, '{')) {
			take(c);
			skip_block(c);
		} else {
			take(c);
		}
}

static struct syntax_item *add(
	struct reader *c, enum syntax_kind kind, const struct token *name, struct span raw)
{
	struct syntax *s = c->out;
	struct span text = name->raw;

	if (name->kind == TOKEN_QUOTED)
		text = (struct span){text.data + 1, text.len - 2};
	s->items = xreallocarray(s->items, s->n + 1, sizeof(s->items[0]));
	s->items[s->n] = (struct syntax_item){kind, name->line, xstrndup(text.data, text.len), raw,
		kind == SYNTAX_ACCOUNT ? SYNTAX_TOP : c->open, false, NULL, NULL};
	return &s->items[s->n++];
}

static struct safe words(const struct token *t)
{
	return safe(t->raw);
}

/* Behind "name =". */
static void syntax_setting(struct reader *c, const struct token *name)
{
	if (c->ahead.line != name->line || c->ahead.kind == TOKEN_END || is(&c->ahead, '}')) {
		complain(c, name->line, "%s has no value on this line", words(name).text);
	} else if (is_word(&c->ahead)) {
		add(c, SYNTAX_SETTING, name, c->ahead.raw);
		c->value_line = c->ahead.kind == TOKEN_BARE ? name->line : 0;
		take(c);
	} else if (is(&c->ahead, '{')) {
		complain(c, name->line, "%s takes one value, not a list", words(name).text);
		take(c);
		skip_block(c);
	} else {
		if (c->ahead.kind != TOKEN_BAD)
			complain(c, name->line, "%s has no value before \"%s\"", words(name).text,
				words(&c->ahead).text);
		recover(c, name->line);
	}
}

/* Behind "include (". */
static void syntax_include(struct reader *c, const struct token *name)
{
	struct token file = take(c);

	if (!span_is(name->raw, "include") || !is_word(&file) || !is(&c->ahead, ')')) {
		if (file.kind != TOKEN_BAD)
			complain(c, name->line, "write include(\"FILE\") to read another file");
		recover(c, name->line);
		return;
	}
	take(c);
	if (c->open != SYNTAX_TOP)
		complain(c, name->line, "include stands outside of accounts");
	else
		add(c, SYNTAX_INCLUDE, name, file.raw);
}

/* Opens an account; title is NULL when it has none. What stands in a wrong one is checked all the
 * same. */
static void open_account(struct reader *c, const struct token *name, const struct token *title)
{
	struct syntax *s = c->out;
	struct syntax_item *item;
	bool known = span_is(name->raw, "account");

	if (c->open != SYNTAX_TOP)
		complain(c, s->items[c->open].line,
			"the brace of account \"%s\" is not closed before line %u",
			safe(span_of(s->items[c->open].name)).text, name->line);
	if (!known)
		complain(c, name->line, "unknown section \"%s\", did you mean \"account\"?",
			words(name).text);
	else if (!title)
		complain(c, name->line, "the account has no name; write account NAME {");
	c->open = SYNTAX_TOP;
	item = add(c, SYNTAX_ACCOUNT, title ? title : name, (struct span){0});
	item->line = name->line;
	item->skip = !known || !title || title->kind == TOKEN_BAD;
	c->open = (int)s->n - 1;
}

/* At the opening brace behind "name" or "name title". */
static void syntax_section(struct reader *c, const struct token *name, const struct token *title)
{
	struct token brace = take(c);

	if (c->open == SYNTAX_TOP || span_is(name->raw, "account")) {
		open_account(c, name, title);
		c->out->items[c->open].inside = brace.raw.data + brace.raw.len;
		return;
	}
	complain(c, name->line, "there are no sections inside an account");
	skip_block(c);
}

/* Behind "account", before its title. */
static void syntax_account(struct reader *c, const struct token *name)
{
	struct token title = take(c);

	if (is(&c->ahead, '{')) {
		syntax_section(c, name, &title);
		return;
	}
	if (title.kind == TOKEN_BAD) { /* It has swallowed the brace. */
		open_account(c, name, &title);
		return;
	}
	complain(c, name->line, "the account has no opening brace; write account NAME {");
	recover(c, name->line);
}

/* What may be meant as a part of the value before it. */
static const char *behind_value(const struct reader *c, unsigned line)
{
	return c->value_line == line ? _("; a value with blanks or commas stands in quotes") : "";
}

/* Behind "name". */
static void syntax_named(struct reader *c, const struct token *name)
{
	struct token second = c->ahead;
	bool same_line = second.line == name->line;

	if (is(&second, '=') && same_line) {
		take(c);
		syntax_setting(c, name);
	} else if (is(&second, '(')) {
		take(c);
		syntax_include(c, name);
	} else if (is(&second, '{')) {
		syntax_section(c, name, NULL);
	} else if (span_is(name->raw, "account") &&
		(is_word(&second) || second.kind == TOKEN_BAD)) {
		syntax_account(c, name);
	} else {
		if (is_word(&second) && same_line) {
			take(c);
			if (is(&c->ahead, '{')) {
				syntax_section(c, name, &second);
				return;
			}
		}
		if (!may_show(c, name->raw.data))
			complain(c, name->line, "this value must stand in quotes");
		else if (second.kind != TOKEN_BAD)
			complain(c, name->line, "\"=\" is missing behind \"%s\"%s",
				words(name).text, behind_value(c, name->line));
		recover(c, name->line);
	}
}

static void syntax_one(struct reader *c)
{
	struct token first = take(c);

	if (first.kind == TOKEN_BARE) {
		syntax_named(c, &first);
		return;
	}
	if (is(&first, '}')) {
		if (c->open == SYNTAX_TOP)
			complain(c, first.line, "this closing brace has no opening one");
		else
			c->out->items[c->open].close = first.raw.data;
		c->open = SYNTAX_TOP;
		return;
	}
	if (first.kind != TOKEN_BAD && !may_show(c, first.raw.data))
		complain(c, first.line, "this value must stand in quotes");
	else if (first.kind != TOKEN_BAD)
		complain(c, first.line, "the name of a setting is expected, not %s%s",
			words(&first).text, is(&first, ',') ? behind_value(c, first.line) : "");
	if (is(&first, '{'))
		skip_block(c);
	recover(c, first.line);
}

void syntax_text(struct syntax *s, struct span text)
{
	struct reader c = {.out = s, .line = 1, .open = SYNTAX_TOP};
	const char *nul = text.len ? memchr(text.data, '\0', text.len) : NULL;

	memset(s, 0, sizeof(*s));
	c.begin = c.at = text.len ? text.data : "";
	c.end = c.at + text.len;
	if (nul) {
		for (const char *p = text.data; p < nul; p++)
			c.line += *p == '\n';
		complain(&c, c.line, "a NUL octet is not allowed");
		return;
	}
	if (looking_at(&c, "\xef\xbb\xbf")) {
		complain(&c, 1, "save the file without a byte order mark");
		c.at += 3;
	}
	take(&c);
	while (c.ahead.kind != TOKEN_END)
		syntax_one(&c);
	if (c.open != SYNTAX_TOP)
		complain(&c, s->items[c.open].line, "the brace of account \"%s\" is not closed",
			safe(span_of(s->items[c.open].name)).text);
}

void syntax_release(struct syntax *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->items[i].name);
	for (size_t i = 0; i < s->n_errors; i++)
		free(s->errors[i].text);
	free(s->items);
	free(s->errors);
	memset(s, 0, sizeof(*s));
}

/* A bound on the octets of it: a buffer that grew would leave copies of secrets behind. */
static size_t clean_max(const struct syntax *s)
{
	enum { AROUND = 60 };
	size_t max = AROUND;

	for (size_t i = 0; i < s->n; i++)
		max += strlen(s->items[i].name) + s->items[i].raw.len + AROUND;
	return max + (s->n ? s->items[s->n - 1].line : 0);
}

void syntax_clean(const struct syntax *s, struct buf *out)
{
	int open = SYNTAX_TOP;
	unsigned line = 1;

	buf_reserve(out, clean_max(s));
	for (size_t i = 0; i < s->n; i++) {
		const struct syntax_item *item = &s->items[i];

		if (item->skip && item->kind != SYNTAX_ACCOUNT)
			continue;
		if (open != SYNTAX_TOP && item->account != open) {
			buf_add_text(out, "} ");
			open = SYNTAX_TOP;
		}
		for (; line < item->line; line++)
			buf_add_text(out, "\n");
		if (item->kind == SYNTAX_ACCOUNT) {
			open = (int)i;
			buf_printf(out, "account \"%zu\" { ", i);
			continue;
		}
		buf_printf(out, item->kind == SYNTAX_INCLUDE ? "%s(" : "%s = ", item->name);
		buf_add(out, item->raw.data, item->raw.len);
		buf_add_text(out, item->kind == SYNTAX_INCLUDE ? ") " : " ");
	}
	if (open != SYNTAX_TOP)
		buf_add_text(out, "}");
	buf_add_text(out, "\n");
}

bool syntax_has_variable(struct span raw)
{
	if (raw.len == 0 || raw.data[0] != '"')
		return false;
	for (size_t i = 1; i + 1 < raw.len; i++) {
		if (raw.data[i] == '\\')
			i++;
		else if (raw.data[i] == '$' && raw.data[i + 1] == '{')
			return true;
	}
	return false;
}
