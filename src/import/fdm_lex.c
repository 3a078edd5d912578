/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fdm parts its file into words while it reads it: a macro goes into the strings behind it, and
 * "ifdef" asks what is defined so far. One word is looked at ahead, as fdm does.
 */
#include "import/fdm_lex.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"

/* ---- errors ---- */

void fdm_fail(struct fdm_lexer *l, struct fdm_place at, const char *fmt, ...)
{
	va_list args;

	if (l->failed)
		return;
	va_start(args, fmt);
	error_set_at(l->e, ERROR_CONFIG, at.file, at.line, fmt, args);
	va_end(args);
	l->failed = true;
}

void fdm_unexpected(struct fdm_lexer *l, const struct fdm_token *t)
{
	if (t->kind == FDM_END)
		fdm_fail(l, t->at, "the file ends too early");
	else if ((t->kind == FDM_WORD || t->kind == FDM_SIGN) && !l->after_pass)
		fdm_fail(l, t->at, "\"%s\" has no place here", safe(span_of(t->text)).text);
	else if (t->kind == FDM_STRING)
		fdm_fail(l, t->at, "there is a string in the wrong place");
	else if (t->kind == FDM_NUMBER)
		fdm_fail(l, t->at, "there is a number in the wrong place");
	else
		fdm_fail(l, t->at, "there is something in the wrong place");
}

/* ---- memory ---- */

char *fdm_keep(struct fdm_lexer *l, char *text)
{
	l->kept = xreallocarray(l->kept, l->n_kept + 1, sizeof(*l->kept));
	l->kept[l->n_kept++] = text;
	return text;
}

void fdm_lexer_init(struct fdm_lexer *l, struct span text, const char *shown,
	const struct fdm_world *world, struct error *e)
{
	*l = (struct fdm_lexer){.n_files = 1, .world = world, .e = e};
	l->files[0].rest = text;
	l->files[0].at = (struct fdm_place){shown, 1};
}

void fdm_lexer_release(struct fdm_lexer *l)
{
	for (size_t i = 0; i < FDM_FILES_MAX; i++)
		buf_wipe(&l->files[i].text);
	for (size_t i = 0; i < l->n_macros; i++)
		free(l->macros[i].name);
	free(l->macros);
	wipe_free(l->token.text);
	for (size_t i = 0; i < l->n_kept; i++)
		wipe_free(l->kept[i]);
	free(l->kept);
}

/* ---- macros ---- */

struct fdm_macro *fdm_find_macro(const struct fdm_lexer *l, const char *name)
{
	for (size_t i = 0; i < l->n_macros; i++)
		if (strcmp(l->macros[i].name, name) == 0)
			return &l->macros[i];
	return NULL;
}

struct fdm_macro *fdm_define(struct fdm_lexer *l, const char *name)
{
	struct fdm_macro *m = fdm_find_macro(l, name);

	if (m) {
		*m = (struct fdm_macro){.name = m->name};
		return m;
	}
	l->macros = xreallocarray(l->macros, l->n_macros + 1, sizeof(*l->macros));
	m = &l->macros[l->n_macros++];
	*m = (struct fdm_macro){.name = xstrdup(name)};
	return m;
}

/* ---- octets ---- */

enum { NOTHING = -1, INCLUDES_MAX = 1000 };

static struct fdm_place here(const struct fdm_lexer *l)
{
	return l->files[l->n_files - 1].at;
}

/* NOTHING at the end of this file. */
static int look(const struct fdm_lexer *l)
{
	struct span rest = l->files[l->n_files - 1].rest;

	return rest.len ? (unsigned char)rest.data[0] : NOTHING;
}

static int take(struct fdm_lexer *l)
{
	struct span *rest = &l->files[l->n_files - 1].rest;
	int ch = look(l);

	if (ch == NOTHING)
		return ch;
	l->files[l->n_files - 1].at.line += ch == '\n';
	rest->data++;
	rest->len--;
	return ch;
}

static bool is_letter(int ch)
{
	return ch != NOTHING && isalnum(ch);
}

static bool is_word(int ch)
{
	return is_letter(ch) || ch == '-' || ch == '_';
}

/* A buffer for what may be a password: it does not move while it grows to usual lengths. */
static struct buf room_for_text(void)
{
	struct buf b = {0};

	buf_reserve(&b, 256);
	return b;
}

static void add(struct buf *out, int ch)
{
	buf_add(out, &(char){(char)ch}, 1);
}

/* ---- words ---- */

static char *read_word(struct fdm_lexer *l)
{
	struct buf out = {0};

	while (is_word(look(l)))
		add(&out, take(l));
	return buf_detach(&out);
}

/* Behind the $ or %; the name comes back with it in front. NULL: an error. */
static char *read_macro_name(struct fdm_lexer *l, int type)
{
	struct fdm_place at = here(l);
	bool braces = look(l) == '{';
	char *name, *whole;

	if (braces)
		take(l);
	if (!is_letter(look(l))) {
		fdm_fail(l, at, "a macro needs a name");
		return NULL;
	}
	name = read_word(l);
	whole = xasprintf("%c%s", type, name);
	free(name);
	if (braces && take(l) != '}')
		fdm_fail(l, at, "the } behind a macro is missing");
	return whole;
}

/* ${name} and %{name} in a string: nothing where it is not defined. */
static void add_macro(struct fdm_lexer *l, int type, struct buf *out, bool *mixed)
{
	char *name = read_macro_name(l, type);
	const struct fdm_macro *m = name ? fdm_find_macro(l, name) : NULL;

	free(name);
	if (!m)
		return;
	*mixed = *mixed || m->command || m->mixed;
	if (m->text && !m->command)
		buf_add_text(out, m->text);
	else if (!m->text)
		buf_printf(out, "%llu", (unsigned long long)m->number);
}

static int escaped(int ch)
{
	return ch == 'n' ? '\n' : ch == 'r' ? '\r' : ch == 't' ? '\t' : ch;
}

/* Behind the quote. In '…' nothing is special. */
static char *read_string(struct fdm_lexer *l, int quote, bool *mixed)
{
	struct fdm_place at = here(l);
	struct buf out = room_for_text();
	int ch;

	while (!l->failed && (ch = take(l)) != quote) {
		if (ch == NOTHING || ch == '\0')
			fdm_fail(l, at,
				ch ? N_("a quote is not closed")
				   : N_("there is a NUL in a string"));
		else if (out.len > FDM_TEXT_MAX)
			fdm_fail(l, at, "a string is too long");
		else if (quote == '"' && (ch == '$' || ch == '%') && look(l) == '{')
			add_macro(l, ch, &out, mixed);
		else if (quote == '"' && ch == '\\' && look(l) != NOTHING)
			add(&out, escaped(take(l)));
		else
			add(&out, ch);
	}
	return buf_detach(&out);
}

/* Behind the "(". Quotes hide parentheses, and macros are put into "…". */
static char *read_command(struct fdm_lexer *l)
{
	struct fdm_place at = here(l);
	struct buf out = {0};
	unsigned depth = 0;
	bool mixed = false;

	while (!l->failed) {
		int ch = take(l);

		if (ch == NOTHING || ch == '\0') {
			fdm_fail(l, at, "the ) behind a command is missing");
		} else if (out.len > FDM_TEXT_MAX) {
			fdm_fail(l, at, "a command is too long");
		} else if (ch == ')' && !depth) {
			break;
		} else if (ch == '"' || ch == '\'') {
			char *text = read_string(l, ch, &mixed);

			buf_printf(&out, "%c%s%c", ch, text, ch);
			wipe_free(text);
		} else {
			depth += ch == '(';
			depth -= ch == ')';
			add(&out, ch);
		}
	}
	if (mixed)
		fdm_fail(l, at, "a command with another one's output in it cannot be taken over");
	return buf_detach(&out);
}

static bool read_number(struct fdm_lexer *l, uint64_t *number)
{
	struct fdm_place at = here(l);
	struct buf digits = {0};
	bool done;

	while (look(l) != NOTHING && isdigit(look(l)))
		add(&digits, take(l));
	done = parse_u64(buf_span(&digits), INT64_MAX, number);
	if (!done)
		fdm_fail(l, at, "the number is too large");
	buf_release(&digits);
	return done;
}

/* ---- tokens ---- */

static void skip_blanks(struct fdm_lexer *l)
{
	int ch;

	while ((ch = look(l)) != NOTHING && strchr(" \t\r\n#", ch) && ch) {
		if (take(l) != '#')
			continue;
		while ((ch = look(l)) != NOTHING && ch != '\n')
			take(l);
	}
}

static void set(struct fdm_lexer *l, enum fdm_kind kind, char *text)
{
	l->token.kind = kind;
	l->token.text = text;
}

static void read_sign(struct fdm_lexer *l)
{
	int ch = take(l), twice = (ch == '=' || ch == '!') && look(l) == '=' ? take(l) : NOTHING;

	if (!ch || !strchr("=!+(),<>{}~*", ch))
		fdm_fail(l, l->token.at, "a word, a string or a number was expected");
	set(l, FDM_SIGN, twice == NOTHING ? xasprintf("%c", ch) : xasprintf("%c=", ch));
}

static void read_variable(struct fdm_lexer *l)
{
	int type = take(l);

	if (look(l) == '(') {
		take(l);
		set(l, FDM_COMMAND, read_command(l));
	} else {
		char *name = read_macro_name(l, type);

		set(l, FDM_MACRO, name ? name : xstrdup(""));
	}
}

static void read_token(struct fdm_lexer *l)
{
	int ch;

	skip_blanks(l);
	wipe_free(l->token.text);
	l->token = (struct fdm_token){.kind = FDM_END, .at = here(l)};
	ch = look(l);
	if (ch == NOTHING)
		return;
	if (ch == '"' || ch == '\'')
		set(l, FDM_STRING, read_string(l, take(l), &l->token.mixed));
	else if (ch == '$' || ch == '%')
		read_variable(l);
	else if (isdigit(ch) && read_number(l, &l->token.number))
		l->token.kind = FDM_NUMBER;
	else if (is_word(ch))
		set(l, FDM_WORD, read_word(l));
	else if (!l->failed)
		read_sign(l);
}

static bool is_token(const struct fdm_token *t, const char *text)
{
	return (t->kind == FDM_WORD || t->kind == FDM_SIGN) && strcmp(t->text, text) == 0;
}

/* As fdm does it: what one block leaves out is left out up to the last endif. */
static bool take_condition(struct fdm_lexer *l)
{
	bool wants = is_token(&l->token, "ifdef"), wants_none = is_token(&l->token, "ifndef");
	int type;
	char *name;

	if (is_token(&l->token, "endif")) {
		if (!l->ifdefs)
			fdm_fail(l, l->token.at, "endif without ifdef");
		else if (--l->ifdefs == 0)
			l->skips = false;
		return true;
	}
	if (!wants && !wants_none)
		return false;
	skip_blanks(l);
	type = look(l);
	if (type != '$' && type != '%') {
		fdm_fail(l, here(l), "%s needs the name of a macro", l->token.text);
		return true;
	}
	take(l);
	name = read_macro_name(l, type);
	if (name && (fdm_find_macro(l, name) != NULL) == wants_none)
		l->skips = true;
	free(name);
	l->ifdefs++;
	return true;
}

/* At the end of an included file it goes on behind the include. */
static void advance(struct fdm_lexer *l)
{
	for (;;) {
		read_token(l);
		if (l->failed)
			break;
		if (l->token.kind == FDM_END && l->n_files > 1)
			l->n_files--;
		else if (l->token.kind == FDM_END)
			break;
		else if (!take_condition(l) && !l->skips)
			return;
	}
	if (l->ifdefs)
		fdm_fail(l, l->token.at, "an endif is missing");
	if (l->token.kind != FDM_END)
		wipe_free(l->token.text);
	l->token = (struct fdm_token){.kind = FDM_END, .at = l->token.at};
}

const struct fdm_token *fdm_peek(struct fdm_lexer *l)
{
	if (!l->ahead)
		advance(l);
	l->ahead = true;
	return &l->token;
}

const struct fdm_token *fdm_take(struct fdm_lexer *l)
{
	fdm_peek(l);
	l->ahead = false;
	l->after_pass = is_token(&l->token, "pass") || is_token(&l->token, "=");
	return &l->token;
}

bool fdm_accept(struct fdm_lexer *l, const char *text)
{
	if (!is_token(fdm_peek(l), text))
		return false;
	fdm_take(l);
	return true;
}

void fdm_include(struct fdm_lexer *l, const char *path, struct fdm_place at)
{
	char *shown = NULL;
	struct buf *text;
	int err;

	if (l->failed)
		return;
	if (l->n_files == FDM_FILES_MAX || ++l->n_included > INCLUDES_MAX) {
		fdm_fail(l, at, "too many files are included in each other");
		return;
	}
	text = &l->files[l->n_files].text;
	buf_wipe(text);
	err = l->world->include(l->world->context, path, text, &shown);
	fdm_keep(l, shown);
	if (err) {
		fdm_fail(l, at, "cannot read %s: %s", safe(span_of(path)).text, strerror(err));
		return;
	}
	l->files[l->n_files].rest = buf_span(text);
	l->files[l->n_files].at = (struct fdm_place){shown, 1};
	l->n_files++;
}
