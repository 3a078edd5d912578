/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the statements of fdm are made of: strings, numbers with units, lists; and the tags in
 * strings. */
#include <stdlib.h>
#include <string.h>

#include "import/fdm_inner.h"

/* ---- strings ---- */

bool fdm_at_text(struct fdm_lexer *l)
{
	const struct fdm_token *t = fdm_peek(l);

	return t->kind == FDM_STRING || t->kind == FDM_COMMAND ||
		(t->kind == FDM_MACRO && t->text[0] == '$');
}

static struct fdm_text take_part(struct fdm_lexer *l)
{
	struct fdm_text out = {FDM_ABSENT, "", {"", 0}};
	const struct fdm_macro *m;
	const struct fdm_token *t;

	if (!fdm_at_text(l)) {
		fdm_unexpected(l, fdm_peek(l));
		return out;
	}
	t = fdm_take(l);
	out = (struct fdm_text){FDM_PLAIN, t->text, t->at};
	if (t->kind == FDM_COMMAND) {
		out.origin = FDM_OUTPUT;
	} else if (t->kind == FDM_STRING) {
		out.origin = t->mixed ? FDM_MIXED : FDM_PLAIN;
	} else {
		m = fdm_find_macro(l, t->text);
		if (!m) {
			fdm_fail(l, t->at, "the macro %s is not defined", t->text);
			return (struct fdm_text){FDM_ABSENT, "", t->at};
		}
		out.text = m->text ? m->text : "";
		out.origin = m->command ? FDM_OUTPUT : m->mixed ? FDM_MIXED : FDM_PLAIN;
	}
	out.text = fdm_keep(l, xstrdup(out.text));
	return out;
}

struct fdm_text fdm_take_text(struct fdm_lexer *l)
{
	struct fdm_text out = take_part(l);

	while (fdm_accept(l, "+")) {
		struct fdm_text more = take_part(l);
		const char *first = out.origin == FDM_OUTPUT ? "" : out.text;
		const char *second = more.origin == FDM_OUTPUT ? "" : more.text;

		if (out.origin != FDM_PLAIN || more.origin != FDM_PLAIN)
			out.origin = FDM_MIXED;
		if (strlen(first) + strlen(second) > FDM_TEXT_MAX)
			fdm_fail(l, more.at, "a string is too long");
		else
			out.text = fdm_keep(l, xasprintf("%s%s", first, second));
	}
	return out;
}

void fdm_take_texts(
	struct fdm_lexer *l, void (*each)(void *context, struct fdm_text), void *context)
{
	bool braces = fdm_accept(l, "{");

	do {
		struct fdm_text text = fdm_take_text(l);

		if (each && !l->failed)
			each(context, text);
	} while (braces && !l->failed && !fdm_accept(l, "}"));
}

/* ---- numbers ---- */

uint64_t fdm_take_number(struct fdm_lexer *l)
{
	const struct fdm_token *t = fdm_peek(l);
	const struct fdm_macro *m;

	if (t->kind == FDM_NUMBER)
		return fdm_take(l)->number;
	if (t->kind == FDM_COMMAND) {
		fdm_fail(l, t->at, "a number that a command prints cannot be taken over");
		return 0;
	}
	if (t->kind != FDM_MACRO || t->text[0] != '%') {
		fdm_unexpected(l, t);
		return 0;
	}
	t = fdm_take(l);
	m = fdm_find_macro(l, t->text);
	if (!m)
		fdm_fail(l, t->at, "the macro %s is not defined", t->text);
	return m ? m->number : 0;
}

struct unit {
	const char *words; /* with blanks around each */
	uint64_t times;
};

static uint64_t take_with_unit(struct fdm_lexer *l, const struct unit *units, size_t n)
{
	uint64_t number = fdm_take_number(l);
	const struct fdm_token *t = fdm_peek(l);

	for (size_t i = 0; t->kind == FDM_WORD && i < n; i++) {
		char *word = xasprintf(" %s ", t->text);
		bool found = strstr(units[i].words, word) != NULL;

		free(word);
		if (!found)
			continue;
		if (number > INT64_MAX / units[i].times)
			fdm_fail(l, t->at, "the number is too large");
		fdm_take(l);
		return l->failed ? 0 : number * units[i].times;
	}
	return number;
}

uint64_t fdm_take_size(struct fdm_lexer *l)
{
	static const struct unit units[] = {
		{" B b byte bytes ", 1},
		{" K KB k kb kilobyte kilobytes ", 1 << 10},
		{" M MB m mb megabyte megabytes ", 1 << 20},
		{" G GB g gb gigabyte gigabytes ", 1 << 30},
	};

	return take_with_unit(l, units, sizeof(units) / sizeof(units[0]));
}

uint64_t fdm_take_time(struct fdm_lexer *l)
{
	enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S };
	static const struct unit units[] = {
		{" second seconds ", 1},
		{" minute minutes ", 60},
		{" hour hours ", HOUR_S},
		{" day days ", DAY_S},
		{" week weeks ", 7 * DAY_S},
		{" month months ", 30 * DAY_S},
		{" year years ", 365 * DAY_S},
	};

	return take_with_unit(l, units, sizeof(units) / sizeof(units[0]));
}

/* ---- what several statements have ---- */

/* Takes the word, and says where it stood; else *at stays. */
bool fdm_accept_at(struct fdm_lexer *l, const char *word, struct fdm_place *at)
{
	struct fdm_place place = fdm_peek(l)->at;

	if (!fdm_accept(l, word))
		return false;
	*at = place;
	return true;
}

void fdm_expect(struct fdm_lexer *l, const char *text)
{
	if (!fdm_accept(l, text))
		fdm_unexpected(l, fdm_peek(l));
}

void fdm_take_id(struct fdm_lexer *l, struct fdm_text *out)
{
	struct fdm_place at;

	if (fdm_at_text(l)) {
		*out = fdm_take_text(l);
		return;
	}
	at = fdm_peek(l)->at;
	*out = (struct fdm_text){FDM_PLAIN, "", at};
	out->text = fdm_keep(l, xasprintf("%llu", (unsigned long long)fdm_take_number(l)));
}

bool fdm_accept_users(struct fdm_lexer *l, struct fdm_place *at)
{
	struct fdm_text ignored;
	bool braces;

	if (!fdm_accept_at(l, "user", at) && !fdm_accept_at(l, "users", at))
		return false;
	braces = fdm_accept(l, "{");
	do
		fdm_take_id(l, &ignored);
	while (braces && !l->failed && !fdm_accept(l, "}"));
	return true;
}

void fdm_note_users(struct fdm_config *c, struct fdm_place at)
{
	fdm_note(c, NULL, IMPORT_DROPPED, at,
		"the user, because mail is delivered as the user who runs ambil");
}

struct fdm_text fdm_take_name(struct fdm_lexer *l)
{
	struct fdm_tags tags = {.world = l->world};
	struct fdm_text name = fdm_take_text(l);
	struct buf replaced = {0};

	if (name.origin != FDM_PLAIN || !fdm_replace(&tags, name.text, &replaced))
		fdm_fail(l, name.at, "a name that is not fixed cannot be taken over");
	name.text = fdm_keep(l, buf_detach(&replaced));
	if (!name.text[0])
		fdm_fail(l, name.at, "the name is missing");
	return name;
}

/* ---- tags ---- */

/* The long names of the tags of one letter. */
static const char *long_name(char letter)
{
	static const struct {
		char letter;
		const char *name;
	} letters[] = {{'a', "account"}, {'h', "home"}, {'n', "uid"}, {'t', "action"},
		{'u', "user"}, {'H', "hour"}, {'M', "minute"}, {'S', "second"}, {'d', "day"},
		{'m', "month"}, {'y', "year"}, {'W', "dayofweek"}, {'Y', "dayofyear"},
		{'Q', "quarter"}};

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].letter == letter)
			return letters[i].name;
	return "";
}

/* While the file is read, fdm knows home, host and time, and puts nothing for other tags. */
static const char *early_value(const struct fdm_tags *tags, const char *name)
{
	static const char moving[] = " hostname hour minute second day month year year2 dayofweek "
				     "dayofyear quarter rfc822date ";
	char *word = xasprintf(" %s ", name);
	bool moves = strstr(moving, word) != NULL;

	free(word);
	return strcmp(name, "home") == 0 ? tags->world->home : moves && name[0] ? NULL : "";
}

/* NULL for what is another thing in another mail. */
static const char *value_of(const struct fdm_tags *tags, const char *name)
{
	const struct fdm_account *a = tags->account;

	if (!a)
		return early_value(tags, name);
	if (strcmp(name, "account") == 0)
		return a->name.text;
	if (strcmp(name, "home") == 0)
		return tags->world->home;
	if (strcmp(name, "user") == 0)
		return tags->world->user;
	if (strcmp(name, "server") == 0)
		return a->known_server;
	return NULL;
}

/* The shell puts in what this program says of the mail, also inside of quotes. */
static bool add_variable(const char *name, char quote, struct buf *out)
{
	if (strcmp(name, "server_uid") != 0)
		return false;
	buf_add_text(out, quote == '\'' ? "'\"$AMBIL_UID\"'" : "$AMBIL_UID");
	return true;
}

/* Behind the tag, whose name is in *name. */
static const char *read_tag(const char *p, char **name)
{
	size_t len = p[1] == '[' ? strcspn(p + 2, "]") : 0;

	if (p[1] == '[' && p[2 + len] == ']') {
		*name = xstrndup(p + 2, len);
		return p + 2 + len + 1;
	}
	*name = xstrdup(long_name(p[1]));
	return p + 2;
}

bool fdm_replace(const struct fdm_tags *tags, const char *text, struct buf *out)
{
	bool done = true;
	char quote = '\0';

	while (done && *text) {
		const char *value;
		char *name;

		if (text[0] != '%' || !text[1] || text[1] == '%') {
			if (!quote && (*text == '\'' || *text == '"'))
				quote = *text;
			else if (*text == quote)
				quote = '\0';
			buf_add(out, text, 1);
			text += text[0] == '%' && text[1] ? 2 : 1;
			continue;
		}
		text = read_tag(text, &name);
		value = value_of(tags, name);
		if (value)
			buf_add_text(out, value);
		else
			done = tags->in_command && add_variable(name, quote, out);
		free(name);
	}
	return done;
}
