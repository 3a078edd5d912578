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

#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "config/lexer.h"

/* Behind an opening brace that nothing is expected of. */
static void skip_block(struct lexer *l)
{
	for (unsigned depth = 1; depth && l->ahead.kind != TOKEN_END; lexer_take(l)) {
		depth += token_is(&l->ahead, '{');
		depth -= token_is(&l->ahead, '}');
	}
}

/* To the next line, or to a closing brace. */
static void recover(struct lexer *l, unsigned line)
{
	while (l->ahead.kind != TOKEN_END && l->ahead.line == line && !token_is(&l->ahead, '}'))
		if (token_is(&l->ahead, '{')) {
			lexer_take(l);
			skip_block(l);
		} else {
			lexer_take(l);
		}
}

static struct syntax_item *add(
	struct lexer *l, enum syntax_kind kind, const struct token *name, struct span raw)
{
	struct syntax *s = l->out;
	struct span text = name->raw;

	if (name->kind == TOKEN_QUOTED)
		text = (struct span){text.data + 1, text.len - 2};
	s->items = xreallocarray(s->items, s->n + 1, sizeof(s->items[0]));
	s->items[s->n] = (struct syntax_item){kind, name->line, xstrndup(text.data, text.len), raw,
		kind == SYNTAX_ACCOUNT ? SYNTAX_TOP : l->open, false, NULL, NULL};
	return &s->items[s->n++];
}

static struct safe words(const struct token *t)
{
	return safe(t->raw);
}

/* Behind "name =". */
static void syntax_setting(struct lexer *l, const struct token *name)
{
	if (l->ahead.line != name->line || l->ahead.kind == TOKEN_END || token_is(&l->ahead, '}')) {
		lexer_complain(l, name->line, "%s has no value on this line", words(name).text);
	} else if (token_is_word(&l->ahead)) {
		add(l, SYNTAX_SETTING, name, l->ahead.raw);
		l->value_line = l->ahead.kind == TOKEN_BARE ? name->line : 0;
		lexer_take(l);
	} else if (token_is(&l->ahead, '{')) {
		lexer_complain(l, name->line, "%s takes one value, not a list", words(name).text);
		lexer_take(l);
		skip_block(l);
	} else {
		if (l->ahead.kind != TOKEN_BAD)
			lexer_complain(l, name->line, "%s has no value before \"%s\"",
				words(name).text, words(&l->ahead).text);
		recover(l, name->line);
	}
}

/* Behind "include (". */
static void syntax_include(struct lexer *l, const struct token *name)
{
	struct token file = lexer_take(l);

	if (!span_is(name->raw, "include") || !token_is_word(&file) || !token_is(&l->ahead, ')')) {
		if (file.kind != TOKEN_BAD)
			lexer_complain(
				l, name->line, "write include(\"FILE\") to read another file");
		recover(l, name->line);
		return;
	}
	lexer_take(l);
	if (l->open != SYNTAX_TOP)
		lexer_complain(l, name->line, "include stands outside of accounts");
	else
		add(l, SYNTAX_INCLUDE, name, file.raw);
}

/* Opens an account; title is NULL when it has none. What stands in a wrong one is checked all the
 * same. */
static void open_account(struct lexer *l, const struct token *name, const struct token *title)
{
	struct syntax *s = l->out;
	struct syntax_item *item;
	bool known = span_is(name->raw, "account");

	if (l->open != SYNTAX_TOP)
		lexer_complain(l, s->items[l->open].line,
			"the brace of account \"%s\" is not closed before line %u",
			safe(span_of(s->items[l->open].name)).text, name->line);
	if (!known)
		lexer_complain(l, name->line, "unknown section \"%s\", did you mean \"account\"?",
			words(name).text);
	else if (!title)
		lexer_complain(l, name->line, "the account has no name; write account NAME {");
	l->open = SYNTAX_TOP;
	item = add(l, SYNTAX_ACCOUNT, title ? title : name, (struct span){0});
	item->line = name->line;
	item->skip = !known || !title || title->kind == TOKEN_BAD;
	l->open = (int)s->n - 1;
}

/* At the opening brace behind "name" or "name title". */
static void syntax_section(struct lexer *l, const struct token *name, const struct token *title)
{
	struct token brace = lexer_take(l);

	if (l->open == SYNTAX_TOP || span_is(name->raw, "account")) {
		open_account(l, name, title);
		l->out->items[l->open].inside = brace.raw.data + brace.raw.len;
		return;
	}
	lexer_complain(l, name->line, "there are no sections inside an account");
	skip_block(l);
}

/* Behind "account", before its title. */
static void syntax_account(struct lexer *l, const struct token *name)
{
	struct token title = lexer_take(l);

	if (token_is(&l->ahead, '{')) {
		syntax_section(l, name, &title);
		return;
	}
	if (title.kind == TOKEN_BAD) { /* It has swallowed the brace. */
		open_account(l, name, &title);
		return;
	}
	lexer_complain(l, name->line, "the account has no opening brace; write account NAME {");
	recover(l, name->line);
}

/* What may be meant as a part of the value before it. */
static const char *behind_value(const struct lexer *l, unsigned line)
{
	return l->value_line == line ? _("; a value with blanks or commas stands in quotes") : "";
}

/* Behind "name". */
static void syntax_named(struct lexer *l, const struct token *name)
{
	struct token second = l->ahead;
	bool same_line = second.line == name->line;

	if (token_is(&second, '=') && same_line) {
		lexer_take(l);
		syntax_setting(l, name);
	} else if (token_is(&second, '(')) {
		lexer_take(l);
		syntax_include(l, name);
	} else if (token_is(&second, '{')) {
		syntax_section(l, name, NULL);
	} else if (span_is(name->raw, "account") &&
		(token_is_word(&second) || second.kind == TOKEN_BAD)) {
		syntax_account(l, name);
	} else {
		if (token_is_word(&second) && same_line) {
			lexer_take(l);
			if (token_is(&l->ahead, '{')) {
				syntax_section(l, name, &second);
				return;
			}
		}
		if (!lexer_may_show(l, name->raw.data))
			lexer_complain(l, name->line, "this value must stand in quotes");
		else if (second.kind != TOKEN_BAD)
			lexer_complain(l, name->line, "\"=\" is missing behind \"%s\"%s",
				words(name).text, behind_value(l, name->line));
		recover(l, name->line);
	}
}

static void syntax_one(struct lexer *l)
{
	struct token first = lexer_take(l);

	if (first.kind == TOKEN_BARE) {
		syntax_named(l, &first);
		return;
	}
	if (token_is(&first, '}')) {
		if (l->open == SYNTAX_TOP)
			lexer_complain(l, first.line, "this closing brace has no opening one");
		else
			l->out->items[l->open].close = first.raw.data;
		l->open = SYNTAX_TOP;
		return;
	}
	if (first.kind != TOKEN_BAD && !lexer_may_show(l, first.raw.data))
		lexer_complain(l, first.line, "this value must stand in quotes");
	else if (first.kind != TOKEN_BAD)
		lexer_complain(l, first.line, "the name of a setting is expected, not %s%s",
			words(&first).text,
			token_is(&first, ',') ? behind_value(l, first.line) : "");
	if (token_is(&first, '{'))
		skip_block(l);
	recover(l, first.line);
}

void syntax_text(struct syntax *s, struct span text)
{
	struct lexer l;
	const char *nul = text.len ? memchr(text.data, '\0', text.len) : NULL;

	memset(s, 0, sizeof(*s));
	if (nul) {
		unsigned line = 1;

		for (const char *p = text.data; p < nul; p++)
			line += *p == '\n';
		lexer_begin(&l, s, (struct span){"", 0});
		lexer_complain(&l, line, "a NUL octet is not allowed");
		return;
	}
	lexer_begin(&l, s, text);
	lexer_take(&l);
	while (l.ahead.kind != TOKEN_END)
		syntax_one(&l);
	if (l.open != SYNTAX_TOP)
		lexer_complain(&l, s->items[l.open].line,
			"the brace of account \"%s\" is not closed",
			safe(span_of(s->items[l.open].name)).text);
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
