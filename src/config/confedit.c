/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a setting goes: in the place of its old value; else on a line of its own behind the last
 * setting of its account, indented as that is; in an account on one line, before the brace. A place
 * is only taken where it is certain not to lie in a comment; and whatever was done is read again
 * and compared, so that a mistake here changes nothing.
 */
#include "config/confedit.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/settings.h"
#include "config/syntax.h"
#include "config/values.h"

/* A text, and what stands in it. */
struct reading {
	struct syntax form;
	char **values;
};

static bool read_text(struct reading *r, struct span text, struct error *e)
{
	unsigned line = 0;

	r->values = NULL;
	syntax_text(&r->form, text);
	if (r->form.n_errors)
		return error_set(e, ERROR_CONFIG, "line %u: %s", r->form.errors[0].line,
			r->form.errors[0].text);
	r->values = values_read(&r->form, &line);
	return r->values || error_set(e, ERROR_CONFIG, "line %u: cannot be read", line);
}

static void release(struct reading *r)
{
	values_free(r->values, r->form.n);
	syntax_release(&r->form);
}

/* SYNTAX_TOP: there is none. */
static int find_account(const struct syntax *form, const char *name)
{
	for (size_t i = 0; i < form->n; i++)
		if (form->items[i].kind == SYNTAX_ACCOUNT && strcmp(form->items[i].name, name) == 0)
			return (int)i;
	return SYNTAX_TOP;
}

static const struct syntax_item *find_setting(
	const struct syntax *form, int account, const char *name)
{
	for (size_t i = 0; i < form->n; i++)
		if (form->items[i].kind == SYNTAX_SETTING && form->items[i].account == account &&
			strcmp(form->items[i].name, name) == 0)
			return &form->items[i];
	return NULL;
}

/* ---- places in the text ---- */

static const char *line_start(struct span text, const char *at)
{
	while (at > text.data && at[-1] != '\n')
		at--;
	return at;
}

/* The line feed, or the end of the text. */
static const char *line_end(struct span text, const char *at)
{
	const char *end = memchr(at, '\n', (size_t)(text.data + text.len - at));

	return end ? end : text.data + text.len;
}

static size_t blanks(const char *from, const char *to)
{
	size_t n = 0;

	while (from + n < to && (from[n] == ' ' || from[n] == '\t'))
		n++;
	return n;
}

/* As the first line has it. */
static const char *line_break(struct span text)
{
	const char *feed = text.len ? memchr(text.data, '\n', text.len) : NULL;

	return feed && feed > text.data && feed[-1] == '\r' ? "\r\n" : "\n";
}

/* What the setting's line begins with; no length when it does not begin with the setting. */
static struct span indent_of(struct span text, const struct syntax_item *item)
{
	const char *start = line_start(text, item->raw.data);
	size_t n = blanks(start, item->raw.data), len = strlen(item->name);

	if (item->raw.data - start - n < len || memcmp(start + n, item->name, len) != 0)
		n = 0;
	return (struct span){start, n};
}

/* As the settings of this account are, else those of another one. */
static struct span choose_indent(struct span text, const struct syntax *form, int account)
{
	struct span found = span_of("    "), one;
	bool other = false;

	for (size_t i = 0; i < form->n; i++) {
		const struct syntax_item *item = &form->items[i];

		if (item->kind != SYNTAX_SETTING || item->account == SYNTAX_TOP)
			continue;
		one = indent_of(text, item);
		if (!one.len || (other && item->account != account))
			continue;
		found = one;
		if (item->account == account)
			break;
		other = true;
	}
	return found;
}

static const struct syntax_item *last_setting(const struct syntax *form, int account)
{
	const struct syntax_item *last = NULL;

	for (size_t i = 0; i < form->n; i++)
		if (form->items[i].account == account)
			last = &form->items[i];
	return last;
}

static bool has_comment(const char *from, const char *to)
{
	for (; from + 1 < to; from++)
		if (from[0] == '/' && from[1] == '*')
			return true;
	return false;
}

/* The beginning of the line before which a line may be put in; NULL: the brace shares its line. */
static const char *place_for_line(struct span text, const struct syntax *form, int account)
{
	const struct syntax_item *last = last_setting(form, account);
	const char *close = form->items[account].close, *start = line_start(text, close);
	const char *behind = last ? last->raw.data + last->raw.len : form->items[account].inside;
	const char *end = line_end(text, behind);

	if (start + blanks(start, close) != close)
		return NULL;
	/* A comment that goes on below would swallow it. */
	return end < start && !has_comment(behind, end) ? end + 1 : start;
}

/* ---- changes ---- */

/* For all that is added: the file may hold passwords, and a buffer that grew would leave copies. */
static size_t room_for(const struct confedit_setting *list, size_t n)
{
	enum { AROUND = 100 };
	size_t room = AROUND;

	for (size_t i = 0; i < n; i++)
		room += strlen(list[i].name) + 2 * strlen(list[i].value) + AROUND;
	return room;
}

static void add_span(struct buf *out, const char *from, const char *to)
{
	buf_add(out, from, (size_t)(to - from));
}

static void add_line(
	struct buf *out, struct span indent, const struct confedit_setting *one, const char *end)
{
	char *quoted = setting_quote(one->value);

	buf_add(out, indent.data, indent.len);
	buf_printf(out, "%s = %s%s", one->name, quoted, end);
	free(quoted);
}

static void put_in(struct span text, const struct syntax *form, int account,
	const struct confedit_setting *one, struct buf *out)
{
	const char *end = text.data + text.len, *place = place_for_line(text, form, account);
	const char *close = form->items[account].close;

	if (place) {
		add_span(out, text.data, place);
		add_line(out, choose_indent(text, form, account), one, line_break(text));
		add_span(out, place, end);
		return;
	}
	add_span(out, text.data, close);
	if (close[-1] != ' ' && close[-1] != '\t')
		buf_add_text(out, " ");
	add_line(out, (struct span){NULL, 0}, one, " ");
	add_span(out, close, end);
}

static bool change_one(struct span text, const char *name, const struct confedit_setting *one,
	struct buf *out, struct error *e)
{
	const struct syntax_item *old;
	struct syntax form;
	bool done = true;
	char *quoted;
	int account;

	syntax_text(&form, text);
	account = find_account(&form, name);
	old = find_setting(&form, account, one->name);
	if (account == SYNTAX_TOP || !form.items[account].close) {
		done = error_set(e, ERROR_CONFIG, "there is no account \"%s\" in it",
			safe(span_of(name)).text);
	} else if (old) {
		quoted = setting_quote(one->value);
		add_span(out, text.data, old->raw.data);
		buf_add_text(out, quoted);
		add_span(out, old->raw.data + old->raw.len, text.data + text.len);
		free(quoted);
	} else {
		put_in(text, &form, account, one, out);
	}
	syntax_release(&form);
	return done;
}

/* ---- is it what was wanted? ---- */

/* The value that it shall have; NULL: that which it has. */
static const char *wanted(const struct syntax *form, const struct syntax_item *item,
	const char *account, const struct confedit_setting *list, size_t n)
{
	const char *value = NULL;

	if (item->kind != SYNTAX_SETTING || item->account == SYNTAX_TOP ||
		strcmp(form->items[item->account].name, account) != 0)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, item->name) == 0)
			value = list[i].value;
	return value;
}

static const char *account_of(const struct syntax *form, const struct syntax_item *item)
{
	return item->account == SYNTAX_TOP ? "" : form->items[item->account].name;
}

/* What is new is passed over: the account, and its settings that have the value wanted. */
static bool is_same(const struct reading *before, const struct reading *after, const char *account,
	bool new_account, const struct confedit_setting *list, size_t n)
{
	size_t old = 0, added = 0, expected = new_account ? n + 1 : 0;

	for (size_t i = 0; !new_account && i < n; i++)
		expected += !find_setting(
			&before->form, find_account(&before->form, account), list[i].name);
	for (size_t i = 0; i < after->form.n; i++) {
		const struct syntax_item *now = &after->form.items[i];
		const struct syntax_item *was = old < before->form.n ? &before->form.items[old]
								     : NULL;
		const char *value = wanted(&after->form, now, account, list, n);
		bool same = was && was->kind == now->kind && strcmp(was->name, now->name) == 0 &&
			strcmp(account_of(&before->form, was), account_of(&after->form, now)) == 0;

		if (value && strcmp(value, after->values[i]) != 0)
			return false;
		if (!same) {
			added++;
			if (!value && !(new_account && now->kind == SYNTAX_ACCOUNT && !was))
				return false;
			continue;
		}
		if (!value && now->kind != SYNTAX_ACCOUNT &&
			strcmp(before->values[old], after->values[i]) != 0)
			return false;
		old++;
	}
	return old == before->form.n && added == expected;
}

static bool check(struct span text, struct buf *out, const char *account, bool new_account,
	const struct confedit_setting *list, size_t n, struct error *e)
{
	struct reading before, after = {.values = NULL};
	bool done = read_text(&before, text, e);

	if (done &&
		(!read_text(&after, buf_span(out), NULL) ||
			!is_same(&before, &after, account, new_account, list, n)))
		done = error_set(
			e, ERROR_CONFIG, "it is written in a way that cannot be changed by itself");
	release(&before);
	release(&after);
	if (!done)
		buf_wipe(out);
	return done;
}

bool confedit_change(struct span text, const char *account, const struct confedit_setting *list,
	size_t n, struct buf *out, struct error *e)
{
	struct reading before;
	bool done = read_text(&before, text, e);

	release(&before);
	if (!done)
		return false;
	buf_add(out, text.data, text.len);
	for (size_t i = 0; done && i < n; i++) {
		struct buf next = {NULL, 0, 0};

		buf_reserve(&next, out->len + room_for(&list[i], 1) + text.len);
		done = change_one(buf_span(out), account, &list[i], &next, e);
		buf_wipe(out);
		*out = next;
	}
	if (!done)
		buf_wipe(out);
	return done && check(text, out, account, false, list, n, e);
}

bool confedit_add(struct span text, const char *account, const struct confedit_setting *list,
	size_t n, struct buf *out, struct error *e)
{
	const char *end = line_break(text);
	char *name = setting_quote(account);
	struct span indent;
	struct syntax form;

	buf_reserve(out, 2 * text.len + strlen(name) + room_for(list, n));
	buf_add(out, text.data, text.len);
	if (text.len && text.data[text.len - 1] != '\n')
		buf_add_text(out, end);
	if (text.len)
		buf_add_text(out, end);
	buf_printf(out, "account %s {%s", name, end);
	free(name);
	syntax_text(&form, text);
	indent = choose_indent(text, &form, SYNTAX_TOP);
	for (size_t i = 0; i < n; i++)
		add_line(out, indent, &list[i], end);
	buf_printf(out, "}%s", end);
	syntax_release(&form);
	return check(text, out, account, true, list, n, e);
}
