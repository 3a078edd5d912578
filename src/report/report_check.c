/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Accounts are checked at the same time, but shown one after the other: the first that has not
 * ended writes as it goes, the lines of those behind it wait.
 */
#include "report/report_check.h"

#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "report/screen.h"

enum { MARK_WIDTH = 7, LABEL_WIDTH = 13, COLUMN = 2 + MARK_WIDTH + 2 + LABEL_WIDTH + 2 };
static const char erase_line[] = "\r\033[K";

struct view {
	struct buf title;   /* not written yet */
	struct buf waiting; /* lines of an account whose turn has not come */
	size_t checks, failed, notes;
	bool hidden; /* the last check was not shown, so that its details are not either */
	bool done;
};
struct checks {
	const struct report_setting *setting;
	struct view *views;
	size_t front; /* whose turn it is */
	bool running; /* a line about what is being looked at stands on the screen */
};

static const struct {
	const char *word, *color;
} marks[CHECK_MARKS] = {
	[CHECK_TITLE] = {"", ""},
	[CHECK_RUNNING] = {"...", ""},
	[CHECK_OK] = {N_("ok"), "\033[32m"},
	[CHECK_NOTE] = {N_("note"), "\033[33m"},
	[CHECK_FAILED] = {N_("failed"), "\033[31m"},
	[CHECK_SKIPPED] = {N_("skipped"), ""},
	[CHECK_DETAIL] = {"", ""},
};

struct checks *checks_new(const struct report_setting *setting)
{
	struct checks *c = xcalloc(1, sizeof(*c));

	c->setting = setting;
	c->views = xcalloc(setting->n, sizeof(*c->views));
	return c;
}

void checks_free(struct checks *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->setting->n; i++) {
		buf_release(&c->views[i].title);
		buf_release(&c->views[i].waiting);
	}
	free(c->views);
	free(c);
}

bool checks_erase(struct checks *c, struct buf *out)
{
	if (!c->running)
		return false;
	buf_add_text(out, erase_line);
	c->running = false;
	return true;
}

/* The first word of a line, and what the line is about. */
static void add_head(
	const struct checks *c, struct buf *out, enum check_mark mark, const char *label)
{
	const char *color = c->setting->color_stdout ? marks[mark].color : "";
	struct buf word = {NULL, 0, 0};

	buf_printf(
		&word, "  %s%s%s", color, i18n_text(marks[mark].word), color[0] ? "\033[0m" : "");
	text_pad(out, word.data, 2 + MARK_WIDTH);
	buf_add_text(out, "  ");
	text_pad(out, i18n_text(label), LABEL_WIDTH);
	buf_add_text(out, "  ");
	buf_release(&word);
}

/* More words below those of a check. */
static void add_below(const struct checks *c, struct buf *out, const char *text)
{
	buf_printf(out, "%*s", COLUMN, "");
	text_wrap(out, text, COLUMN, c->setting->columns);
}

/* "key  value": what is behind the blanks stays below itself. */
static void add_detail(const struct checks *c, struct buf *out, const char *text, bool whole)
{
	const char *gap = strstr(text, "  ");
	size_t key = gap ? (size_t)(gap - text) + strspn(gap, " ") : 0;

	buf_printf(out, "%*s%.*s", COLUMN, "", (int)key, text);
	text_wrap(out, text + key, COLUMN + text_columns((struct span){text, key}),
		whole ? 0 : c->setting->columns);
}

/* What is to be typed may be copied: it is not broken up, but goes to lines of its own where it is
 * too long; several things to choose from have three blanks between them. */
static void add_remedy(const struct checks *c, struct buf *out, const struct error *e)
{
	size_t lead = strlen(e->lead), columns = c->setting->columns;
	struct buf line = {NULL, 0, 0};
	const char *rest = e->remedy, *end;

	if (!lead) { /* a sentence, and nothing to be typed */
		add_below(c, out, rest);
		return;
	}
	buf_printf(&line, "%s%s", e->lead, strchr("?:", e->lead[lead - 1]) ? "" : ":");
	if (!columns || COLUMN + screen_width(line.data) + 2 + screen_width(rest) <= columns) {
		buf_printf(out, "%*s%s%s%s\n", COLUMN, "", line.data, "  ", rest);
	} else {
		add_below(c, out, line.data);
		for (; (end = strstr(rest, "   ")); rest = end + 3)
			buf_printf(out, "%*s%.*s\n", COLUMN + 2, "", (int)(end - rest), rest);
		buf_printf(out, "%*s%s\n", COLUMN + 2, "", rest);
	}
	buf_release(&line);
}

static void add_why_and_remedy(const struct checks *c, struct buf *out, const struct error *e)
{
	struct buf line = {NULL, 0, 0};

	if (e->why[0]) {
		buf_printf(&line, "%s%s", e->server ? _("server: ") : "", e->why);
		add_below(c, out, line.data);
	}
	if (e->remedy[0])
		add_remedy(c, out, e);
	buf_release(&line);
}

static void add_title(const struct checks *c, struct view *v, struct buf *out)
{
	if (!v->title.len)
		return;
	if (v > c->views && c->setting->verbosity > REPORT_QUIET)
		buf_add_text(out, "\n");
	buf_add(out, v->title.data, v->title.len);
	buf_clear(&v->title);
}

static bool is_wanted(
	const struct checks *c, const struct view *v, const struct report_check *check)
{
	if (check->verbose && c->setting->verbosity < REPORT_VERBOSE)
		return false;
	if (c->setting->verbosity > REPORT_QUIET)
		return true;
	return check->mark == CHECK_FAILED || (check->mark == CHECK_DETAIL && !v->hidden);
}

static void count(struct view *v, enum check_mark mark)
{
	v->checks += mark == CHECK_OK || mark == CHECK_NOTE || mark == CHECK_FAILED;
	v->failed += mark == CHECK_FAILED;
	v->notes += mark == CHECK_NOTE;
}

static void add_check(
	struct checks *c, struct view *v, const struct report_check *check, struct buf *out)
{
	bool wanted = is_wanted(c, v, check);
	struct buf line = {NULL, 0, 0};

	count(v, check->mark);
	if (check->mark != CHECK_DETAIL)
		v->hidden = !wanted;
	if (!wanted)
		return;
	add_title(c, v, out);
	buf_add_text(&line, check->text[0] ? check->text : check->error.text);
	if (check->ms > 0)
		buf_printf(&line, " (%lld ms)", (long long)check->ms);
	if (check->mark == CHECK_DETAIL) {
		add_detail(c, out, line.data, check->whole);
	} else {
		add_head(c, out, check->mark, check->label);
		text_wrap(out, line.data, COLUMN, c->setting->columns);
		add_why_and_remedy(c, out, &check->error);
	}
	buf_release(&line);
}

static void add_running(struct checks *c, const char *label, struct buf *out)
{
	add_head(c, out, CHECK_RUNNING, label);
	c->running = true;
}

static void add_sum(const struct checks *c, const struct view *v, size_t account, struct buf *out)
{
	const char *name = c->setting->names[account];

	if (c->setting->verbosity == REPORT_QUIET || !v->checks)
		return;
	if (v->failed)
		buf_printf(out, _("%s: %zu of %zu checks failed"), name, v->failed, v->checks);
	else
		buf_printf(out, _("%s: all is well"), name);
	if (v->notes)
		buf_printf(out, _n(", %zu note", ", %zu notes", v->notes), v->notes);
	buf_add_text(out, "\n");
}

/* The turn goes to the next account that has not ended. */
static void pass_turn(struct checks *c, struct buf *out)
{
	while (c->front < c->setting->n && c->views[c->front].done) {
		if (++c->front == c->setting->n)
			return;
		buf_add(out, c->views[c->front].waiting.data, c->views[c->front].waiting.len);
		buf_release(&c->views[c->front].waiting);
	}
}

static void take_check(
	struct checks *c, size_t account, const struct report_check *check, struct buf *out)
{
	struct view *v = &c->views[account];

	switch (check->mark) {
	case CHECK_TITLE:
		buf_printf(&v->title, "%s: %s\n", c->setting->names[account], check->text);
		break;
	case CHECK_RUNNING:
		if (account == c->front && c->setting->screen &&
			c->setting->verbosity > REPORT_QUIET) {
			add_title(c, v, out);
			add_running(c, check->label, out);
		}
		break;
	default:
		add_check(c, v, check, out);
		break;
	}
}

bool checks_take(struct checks *c, const struct report *what, struct buf *out)
{
	struct view *v = &c->views[what->account];
	struct buf *to = what->account == c->front ? out : &v->waiting;
	bool told = true;

	/* The command may ask something: not behind a line that will be taken back. */
	if (what->type == REPORT_COMMAND && what->u.number)
		checks_erase(c, out);
	if (what->type != REPORT_CHECK && what->type != REPORT_DONE)
		return true;
	if (to == out)
		checks_erase(c, out);
	if (what->type == REPORT_CHECK) {
		take_check(c, what->account, &what->u.check, to);
		return true;
	}
	told = v->failed || !what->u.end.error.kind;
	if (told)
		add_sum(c, v, what->account, to);
	v->done = true;
	pass_turn(c, out);
	return told;
}
