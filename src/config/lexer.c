/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words and marks, as libconfuse has them, a little narrower. */
#include "config/lexer.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "config/settings.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

void lexer_complain(struct lexer *l, unsigned line, const char *fmt, ...)
{
	struct syntax *s = l->out;
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

static bool looking_at(const struct lexer *l, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(l->end - l->at) >= len && memcmp(l->at, text, len) == 0;
}

static void skip_line(struct lexer *l)
{
	while (l->at < l->end && *l->at != '\n')
		l->at++;
}

static void skip_comment(struct lexer *l)
{
	unsigned line = l->line;

	for (l->at += 2; l->at < l->end; l->at++) {
		if (looking_at(l, "*/")) {
			l->at += 2;
			return;
		}
		l->line += *l->at == '\n';
	}
	lexer_complain(l, line, "this comment has no end (*/)");
}

static void skip_blanks(struct lexer *l)
{
	while (l->at < l->end) {
		if (is_space(*l->at))
			l->line += *l->at++ == '\n';
		else if (*l->at == '#' || looking_at(l, "//"))
			skip_line(l);
		else if (looking_at(l, "/*"))
			skip_comment(l);
		else
			return;
	}
}

/* The text up to a blank, for the words of an error. */
static struct span until_blank(const struct lexer *l, const char *start)
{
	const char *p = start;

	while (p < l->end && !is_space(*p))
		p++;
	return (struct span){start, (size_t)(p - start)};
}

/* At "${" in double quotes. libconfuse looks for the "}" beyond the quote and beyond the line. */
static bool check_variable(struct lexer *l, const char *p)
{
	size_t len = 0, name_len;
	char *name;
	bool set;

	p += 2;
	while (p + len < l->end && !strchr("}\"\\\n", p[len]))
		len++;
	if (p + len == l->end || p[len] != '}') {
		lexer_complain(l, l->line, "\"${\" has no \"}\"; write \\${ or use single quotes");
		return false;
	}
	name = xstrndup(p, len);
	name_len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	set = strncmp(name + name_len, ":-", 2) == 0;
	if (name_len == 0 || (name[name_len] && !set)) {
		lexer_complain(l, l->line, "use ${NAME} or ${NAME:-DEFAULT} for a variable");
		set = false;
	} else if (!set) {
		set = getenv(name) != NULL;
		if (!set)
			lexer_complain(
				l, l->line, "the variable %s is not set", safe(span_of(name)).text);
	}
	free(name);
	return set;
}

bool lexer_may_show(const struct lexer *l, const char *start)
{
	const char *line = start, *equals = NULL, *end, *name;
	struct span value;
	char *setting;
	size_t i;

	while (line > l->begin && line[-1] != '\n')
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
	while (value.data + value.len < l->end && value.data[value.len] != '\n')
		value.len++;
	return i < SETTINGS_COUNT && !setting_hides(&settings[i], value);
}

static void refuse_unquoted(struct lexer *l, const char *start)
{
	if (lexer_may_show(l, start))
		lexer_complain(
			l, l->line, "%s must stand in quotes", safe(until_blank(l, start)).text);
	else
		lexer_complain(l, l->line, "this value must stand in quotes");
}

/* What stands behind a backslash in double quotes; others libconfuse would drop, or turn into
 * control characters. */
static bool check_escape(struct lexer *l, char escaped)
{
	if (strchr("\\\"$", escaped))
		return true;
	lexer_complain(
		l, l->line, "write a backslash in double quotes as \\\\, or use single quotes");
	return false;
}

static void skip_to_blank(struct lexer *l)
{
	while (l->at < l->end && !is_space(*l->at))
		l->at++;
}

/* Behind a word: what libconfuse would take for the start of another one, or of a comment. */
static bool check_end_of_word(struct lexer *l, const char *start)
{
	if (l->at == l->end || is_space(*l->at) || is_mark(*l->at))
		return true;
	if (*start == '"' || *start == '\'')
		lexer_complain(l, l->line, "a blank is missing behind the closing quote");
	else
		refuse_unquoted(l, start);
	skip_to_blank(l);
	return false;
}

static enum token_kind lex_quoted(struct lexer *l)
{
	const char *start = l->at;
	char quote = *l->at++;
	bool good = true;

	for (; l->at < l->end && *l->at != '\n'; l->at++) {
		if (*l->at == quote) {
			l->at++;
			good &= check_end_of_word(l, start);
			return good ? TOKEN_QUOTED : TOKEN_BAD;
		}
		if (quote == '"' && good && looking_at(l, "${"))
			good = check_variable(l, l->at);
		if (*l->at != '\\' || l->at + 1 == l->end || l->at[1] == '\n')
			continue;
		if (quote == '"' && good)
			good = check_escape(l, l->at[1]);
		l->at++;
	}
	lexer_complain(l, l->line, "the quote is not closed on this line");
	return TOKEN_BAD;
}

/* libconfuse takes a slash only in front of another character of the word. */
static enum token_kind lex_bare(struct lexer *l)
{
	const char *start = l->at;
	bool good = true;

	for (; l->at < l->end && is_bare(*l->at); l->at++)
		if (*l->at == '/')
			good &= l->at + 1 < l->end && is_bare(l->at[1]) && l->at[1] != '/';
	if (good)
		return check_end_of_word(l, start) ? TOKEN_BARE : TOKEN_BAD;
	refuse_unquoted(l, start);
	skip_to_blank(l);
	return TOKEN_BAD;
}

static enum token_kind lex(struct lexer *l)
{
	if (l->at == l->end)
		return TOKEN_END;
	if (*l->at == '"' || *l->at == '\'')
		return lex_quoted(l);
	if (is_mark(*l->at)) {
		l->at++;
		return TOKEN_MARK;
	}
	if (is_bare(*l->at))
		return lex_bare(l);
	if (looking_at(l, "+="))
		lexer_complain(l, l->line, "use = (there are no lists to add to)");
	else
		refuse_unquoted(l, l->at);
	skip_to_blank(l);
	return TOKEN_BAD;
}

struct token lexer_take(struct lexer *l)
{
	struct token now = l->ahead;
	const char *start;

	skip_blanks(l);
	start = l->at;
	l->ahead.line = l->line;
	l->ahead.kind = lex(l);
	l->ahead.raw = (struct span){start, (size_t)(l->at - start)};
	return now;
}

bool token_is(const struct token *t, char mark)
{
	return t->kind == TOKEN_MARK && t->raw.data[0] == mark;
}

bool token_is_word(const struct token *t)
{
	return t->kind == TOKEN_BARE || t->kind == TOKEN_QUOTED;
}

void lexer_begin(struct lexer *l, struct syntax *out, struct span text)
{
	*l = (struct lexer){.out = out, .line = 1, .open = SYNTAX_TOP};
	l->begin = l->at = text.len ? text.data : "";
	l->end = l->at + text.len;
	if (looking_at(l, BYTE_ORDER_MARK)) {
		lexer_complain(l, 1, "save the file without a byte order mark");
		l->at += strlen(BYTE_ORDER_MARK);
	}
}
