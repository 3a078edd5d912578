/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A line is written as it comes, so that the widths of the columns do not depend on what follows;
 * the first message has the highest number. What a mail says goes through fit_add().
 */
#include "report/report_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "report/fit.h"
#include "report/screen.h"

enum {
	NARROW = 60, /* fewer columns: no size, no dates, nothing about the next run */
	WIDE = 140,  /* from here on dates are written out */
	GAP = 2,
	NUMBER_MIN = 2,
	FROM_MAX = 30,
	SUBJECT_MIN = 8,
	REST_MIN = 26,          /* for sender and subject, or a column less is shown */
	RECENT_S = 300 * 86400, /* days of so long ago are told without the year */
};

/* The columns of a terminal, in their order. */
enum column { NUMBER, SIZE, DATE, STATE, NEXT, UID, FROM, SUBJECT, COLUMNS };
static const char *const titles[COLUMNS] = {N_("NO"), N_("SIZE"), N_("DATE"), N_("STATE"),
	N_("NEXT"), "UID", N_("FROM"), N_("SUBJECT")};
/* For English words; STATE and NEXT grow with the words of another language. */
static const size_t widths[][COLUMNS] = {
	[0] = {[STATE] = 6},
	[1] = {[SIZE] = 5, [DATE] = 8, [STATE] = 13, [NEXT] = 7},
	[2] = {[SIZE] = 10, [DATE] = 16, [STATE] = 17, [NEXT] = 21},
};

struct list_view {
	const struct report_setting *setting;
	size_t size; /* which of the widths; the terminal's are known with the first message */
	size_t width[COLUMNS]; /* 0: left out */
	bool begun;
	int64_t now_s;
};

struct list_view *list_view_new(const struct report_setting *setting)
{
	struct list_view *l = xcalloc(1, sizeof(*l));

	l->setting = setting;
	l->now_s = clock_wall_s();
	return l;
}

void list_view_free(struct list_view *l)
{
	free(l);
}

/* ---- words ---- */

/* Scripts read them in English. */
static const char *const state_words[LISTED_STATES] = {[LISTED_NEW] = N_("new"),
	[LISTED_FAILED] = N_("failed"),
	[LISTED_SEEN] = N_("seen"),
	[LISTED_MARKED] = N_("marked")};

enum next {
	NEXT_GET_DELETE,
	NEXT_GET,
	NEXT_DELETE,
	NEXT_TOO_BIG,
	NEXT_LATER,
	NEXT_UNSURE,
	NEXT_KEEP,
	NEXTS
};
static const char *const next_words[NEXTS] = {[NEXT_GET_DELETE] = N_("get+del"),
	[NEXT_GET] = N_("get"),
	[NEXT_DELETE] = N_("delete"),
	[NEXT_TOO_BIG] = N_("too big"),
	[NEXT_LATER] = N_("later"),
	[NEXT_UNSURE] = N_("unsure"),
	[NEXT_KEEP] = N_("keep")};

static enum next next_of(const struct report *what)
{
	if (what->u.listed.fetch)
		return what->u.listed.remove ? NEXT_GET_DELETE : NEXT_GET;
	if (what->u.listed.remove)
		return NEXT_DELETE;
	switch (what->u.listed.why) {
	case PLAN_TOO_BIG:
		return NEXT_TOO_BIG;
	case PLAN_OVER_LIMIT:
	case PLAN_SET_ASIDE:
		return NEXT_LATER;
	case PLAN_DOUBT:
		return NEXT_UNSURE;
	default:
		return NEXT_KEEP;
	}
}

/* A day, as narrow as it may be; nothing for a time that is not known. */
static void add_day(struct buf *out, const struct list_view *l, int64_t seconds)
{
	/* TRANSLATORS: three columns each. */
	static const char *const months[12] = {N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"),
		N_("May"), N_("Jun"), N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"), N_("Nov"),
		N_("Dec")};
	time_t t = (time_t)seconds;
	struct tm tm;

	if (seconds < 0 || !localtime_r(&t, &tm))
		return;
	if (l->size == 2)
		buf_printf(out, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	else if (seconds <= l->now_s + 86400 && l->now_s - seconds < RECENT_S)
		buf_printf(out, "%2d %s", tm.tm_mday, _(months[tm.tm_mon]));
	else
		buf_printf(out, "%s %04d", _(months[tm.tm_mon]), tm.tm_year + 1900);
}

static void add_time(struct buf *out, const struct list_view *l, int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	add_day(out, l, seconds);
	if (l->size == 2 && seconds >= 0 && localtime_r(&t, &tm))
		buf_printf(out, " %02d:%02d", tm.tm_hour, tm.tm_min);
}

/* ---- a terminal ---- */

/* What stands before the day up to which mail is kept. */
static const char *const until = N_(" until ");

/* What is left for sender and subject. */
static size_t set_widths(struct list_view *l, size_t size, const char *uid, const char *number)
{
	size_t columns = l->setting->columns - 1, used = GAP;

	l->size = size;
	memcpy(l->width, widths[size], sizeof(l->width));
	l->width[NUMBER] = strlen(number) > NUMBER_MIN ? strlen(number) : NUMBER_MIN;
	if (l->setting->verbosity >= REPORT_VERBOSE)
		l->width[UID] = strlen(uid) > strlen(titles[UID]) ? strlen(uid)
								  : strlen(titles[UID]);
	l->width[STATE] += text_growth(state_words, LISTED_STATES);
	if (l->width[NEXT])
		l->width[NEXT] += text_growth(next_words, NEXTS) +
			(size == 2 ? text_growth(&until, 1) : 0);
	for (enum column c = 0; c < FROM; c++)
		used += l->width[c] ? l->width[c] + GAP : 0;
	return columns > used ? columns - used : 0;
}

static void choose_widths(struct list_view *l, const struct report *what)
{
	size_t columns = l->setting->columns, rest;
	char number[16];

	snprintf(number, sizeof(number), "%lu", (unsigned long)what->u.listed.msg);
	rest = set_widths(l,
		columns < NARROW         ? 0
			: columns < WIDE ? 1
					 : 2,
		what->u.listed.uid, number);
	/* A long UID takes the place of what is less needed. */
	while (rest < REST_MIN && l->size > 0)
		rest = set_widths(l, l->size - 1, what->u.listed.uid, number);
	if (rest < 2 * SUBJECT_MIN)
		rest = 2 * SUBJECT_MIN;
	l->width[FROM] = rest * 3 / 8;
	if (l->width[FROM] > FROM_MAX)
		l->width[FROM] = FROM_MAX;
	l->width[SUBJECT] = rest - l->width[FROM];
}

static void add_cell(struct buf *out, const struct list_view *l, enum column c, const char *text)
{
	bool right = c == NUMBER || c == SIZE;
	size_t columns = screen_width(text), width = l->width[c];

	if (!width)
		return;
	if (right && columns < width)
		buf_printf(out, "%*s", (int)(width - columns), "");
	/* A UID is of use only as a whole. */
	columns = fit_add(out, span_of(text), c == UID ? FIT_ALL : width, false);
	if (c == SUBJECT)
		return;
	buf_printf(out, "%*s", (int)(right || columns > width ? 0 : width - columns) + GAP, "");
}

/* Text that may be of any width. */
static void add_text(struct buf *out, const struct list_view *l, enum column c, const char *text)
{
	fit_add(out, span_of(text), l->width[c], c != SUBJECT);
	if (c != SUBJECT)
		buf_printf(out, "%*s", GAP, "");
}

static void trim_end(struct buf *out)
{
	while (out->len && out->data[out->len - 1] == ' ')
		out->len--;
	out->data[out->len] = '\0';
}

static void add_title(struct list_view *l, struct buf *out)
{
	for (enum column c = 0; c < FROM; c++)
		add_cell(out, l, c, _(titles[c]));
	add_text(out, l, FROM, _(titles[FROM]));
	add_text(out, l, SUBJECT, _(titles[SUBJECT]));
	trim_end(out);
	buf_add_text(out, "\n");
}

/* A name that looks like an address is not believed: the address itself is shown. */
static const char *sender(const struct report *what)
{
	const char *name = what->u.listed.name, *address = what->u.listed.address;

	return name[0] && !(address[0] && strchr(name, '@')) ? name : address;
}

static void add_state(struct list_view *l, const struct report *what, struct buf *cell)
{
	enum listed_state state = what->u.listed.state;

	/* There is no room for more than the first word, and a date. */
	if (l->size == 1 && state == LISTED_MARKED)
		state = LISTED_SEEN;
	buf_add_text(cell, _(state_words[state]));
	if (l->size == 0 || what->u.listed.since_s < 0)
		return;
	buf_add_text(cell, " ");
	add_day(cell, l, what->u.listed.since_s);
}

static void put_cell(struct list_view *l, enum column c, struct buf *cell, struct buf *out)
{
	add_cell(out, l, c, cell->data ? cell->data : "");
	buf_release(cell);
}

static void add_facts(struct list_view *l, const struct report *what, struct buf *out)
{
	struct buf cell = {NULL, 0, 0};
	char size[32] = "-";

	buf_printf(&cell, "%lu", (unsigned long)what->u.listed.msg);
	put_cell(l, NUMBER, &cell, out);
	if (what->u.listed.size >= 0 && l->size == 2)
		text_size(size, sizeof(size), (uint64_t)what->u.listed.size);
	else if (what->u.listed.size >= 0)
		text_size_short(size, sizeof(size), (uint64_t)what->u.listed.size);
	add_cell(out, l, SIZE, size);
	add_time(&cell, l, what->u.listed.date_s);
	put_cell(l, DATE, &cell, out);
	add_state(l, what, &cell);
	put_cell(l, STATE, &cell, out);
	buf_add_text(&cell, _(next_words[next_of(what)]));
	if (l->size == 2 && what->u.listed.until_s >= 0) {
		buf_add_text(&cell, _(until));
		add_day(&cell, l, what->u.listed.until_s);
	}
	put_cell(l, NEXT, &cell, out);
	add_cell(out, l, UID, what->u.listed.uid);
}

static void add_line(struct list_view *l, const struct report *what, struct buf *out)
{
	bool bold = l->setting->color_stdout && what->u.listed.state == LISTED_NEW;

	if (!l->begun) {
		choose_widths(l, what);
		add_title(l, out);
	}
	l->begun = true;
	if (bold)
		buf_add_text(out, "\033[1m");
	add_facts(l, what, out);
	add_text(out, l, FROM, sender(what));
	add_text(out, l, SUBJECT, what->u.listed.subject);
	trim_end(out);
	buf_add_text(out, bold ? "\033[0m\n" : "\n");
}

/* ---- no terminal ---- */

static void add_field(struct buf *out, const char *text)
{
	if (text[0])
		fit_add(out, span_of(text), FIT_ALL, false);
	else
		buf_add_text(out, "-");
	buf_add_text(out, "\t");
}

static void add_moment(struct buf *out, int64_t seconds)
{
	char text[TEXT_UTC_ROOM] = "";

	if (seconds >= 0)
		text_utc(text, seconds);
	add_field(out, text);
}

static void add_fields(const struct report *what, struct buf *out)
{
	const char *name = what->u.listed.name, *address = what->u.listed.address;
	struct buf from = {NULL, 0, 0};

	buf_printf(out, "%lu\t", (unsigned long)what->u.listed.msg);
	if (what->u.listed.size >= 0)
		buf_printf(out, "%lld\t", (long long)what->u.listed.size);
	else
		buf_add_text(out, "-\t");
	add_moment(out, what->u.listed.date_s);
	add_field(out, state_words[what->u.listed.state]);
	add_moment(out, what->u.listed.since_s);
	add_field(out, next_words[next_of(what)]);
	add_moment(out, what->u.listed.until_s);
	add_field(out, what->u.listed.uid);
	if (name[0] && address[0])
		buf_printf(&from, "%s <%s>", name, address);
	else
		buf_add_text(&from, name[0] ? name : address);
	add_field(out, from.data);
	add_field(out, what->u.listed.subject);
	out->data[out->len - 1] = '\n';
	buf_release(&from);
}

void list_view_add(struct list_view *l, const struct report *what, struct buf *out)
{
	if (l->setting->columns)
		add_line(l, what, out);
	else
		add_fields(what, out);
}
