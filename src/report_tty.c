/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The live lines. Between two drawings the cursor rests in the first column of the last line, so
 * that whatever else reaches the terminal (^C) is overdrawn, and one line alone never needs to go
 * up. Only ECMA-48 sequences that every terminal has are used: up, erase, colour. The size is asked
 * for anew with each drawing; a narrower terminal has wrapped the lines that stood there, which is
 * reckoned with. While the terminal belongs to others (a job in the background), nothing is drawn,
 * and nothing of what was drawn is touched any more.
 */
#include "report_tty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/text.h"
#include "screen.h"

enum {
	REDRAW_MS = 100, /* at most this often */
	IDLE_MS = 1000,  /* and, when nothing is heard, this often */
	SAMPLE_MS = 250,
	SAMPLES = 16, /* a rate is that of the last four seconds */
	BAR = 20,
	BAR_SHORT = 10,
	GAP = 3,                       /* behind the name */
	PROGRESS_MIN = BAR_SHORT + 16, /* room for a short bar, " 58 %" and "   12 of 21" */
	NAME_MIN = 8,                  /* names are not cut shorter than this for its sake */
};

struct sample {
	int64_t ms;
	uint64_t mails, octets;
};

struct live_account {
	bool active;
	bool stepping; /* the step is the latest that is known, not the progress */
	char step[64];
	uint64_t mails, octets, mails_total, octets_total;
	struct sample samples[SAMPLES]; /* the oldest first */
	size_t samples_n;
};

struct live {
	const struct report_setting *setting;
	struct live_account *accounts;
	size_t name_width;
	bool utf8, dirty, stopping;
	sig_atomic_t continued; /* *setting->continued, when last looked at */
	int64_t drawn_ms;
	size_t *widths; /* of the lines on the screen */
	size_t lines;
	size_t columns; /* of the screen at the last drawing */
	bool resized;   /* since the drawing before */
};

struct live *live_new(const struct report_setting *setting, size_t name_width)
{
	struct live *l = xcalloc(1, sizeof(*l));

	l->setting = setting;
	l->name_width = name_width;
	l->utf8 = screen_utf8();
	l->accounts = xcalloc(setting->n, sizeof(*l->accounts));
	l->widths = xcalloc(setting->n + 1, sizeof(*l->widths));
	l->drawn_ms = clock_ms() - REDRAW_MS;
	return l;
}

void live_free(struct live *l)
{
	if (!l)
		return;
	live_erase(l);
	free(l->accounts);
	free(l->widths);
	free(l);
}

void live_take(struct live *l, const struct report *what)
{
	struct live_account *a = &l->accounts[what->account];

	switch (what->type) {
	case REPORT_STEP:
		snprintf(a->step, sizeof(a->step), "%.*s", (int)sizeof(a->step) - 1, what->u.text);
		a->stepping = true;
		break;
	case REPORT_PLAN:
		a->mails_total = what->u.total.mails;
		a->octets_total = what->u.total.octets;
		a->stepping = a->mails_total == 0;
		break;
	case REPORT_PROGRESS:
		a->mails = what->u.done.mails;
		a->octets = what->u.done.octets;
		a->stepping = a->mails_total == 0;
		break;
	case REPORT_DONE:
		a->active = false;
		l->dirty = true;
		return;
	default:
		return;
	}
	a->active = true;
	l->dirty = true;
}

void live_stopping(struct live *l)
{
	l->stopping = true;
	l->dirty = true;
}

/* Numbers */

static void take_sample(struct live_account *a, int64_t now)
{
	struct sample s = {now, a->mails, a->octets};

	if (a->stepping || (a->samples_n && now - a->samples[a->samples_n - 1].ms < SAMPLE_MS))
		return;
	if (a->samples_n == SAMPLES)
		memmove(a->samples, a->samples + 1, --a->samples_n * sizeof(*a->samples));
	a->samples[a->samples_n++] = s;
}

/* Per second, over the last seconds; 0 while that is not known. */
static double rate(const struct live_account *a, int64_t now, bool octets)
{
	const struct sample *first = &a->samples[0];
	int64_t ms = a->samples_n ? now - first->ms : 0;
	uint64_t then = octets ? first->octets : first->mails;
	uint64_t since = octets ? a->octets : a->mails;

	if (ms < 2 * SAMPLE_MS || since < then)
		return 0;
	return (double)(since - then) * 1000 / (double)ms;
}

/* What is to come and what of it is here, in octets where they are known, else in mails. */
static void measure(const struct live_account *a, uint64_t *done, uint64_t *total)
{
	*total = a->octets_total ? a->octets_total : a->mails_total;
	*done = a->octets_total ? a->octets : a->mails;
	/* Announced sizes are hints. */
	if (*done > *total || a->mails >= a->mails_total)
		*done = *total;
}

/* Drawing */

static void add_bar(struct buf *b, const struct live *l, double fraction, unsigned cells)
{
	unsigned eighths = (unsigned)(fraction * cells * 8), full = eighths / 8, i = 0;

	if (l->setting->style.color)
		buf_add_text(b, "\033[32m");
	for (; i < full; i++)
		buf_add_text(b, l->utf8 ? "\u2588" : "#");
	if (l->utf8 && eighths % 8) {
		/* U+258F is one eighth, U+2589 seven. */
		char part[] = {'\xe2', '\x96', (char)(0x90 - eighths % 8), '\0'};

		buf_add_text(b, part);
		i++;
	}
	if (l->setting->style.color)
		buf_add_text(b, "\033[0m");
	for (; i < cells; i++)
		buf_add_text(b, " ");
}

/* "3.1 of 5.4 MiB", "812 octets of 5.4 MiB"; without a total "3.1 MiB". */
static void add_octets(struct buf *b, const struct live_account *a)
{
	char done[32], total[32], *unit_done, *unit_total;

	text_size(done, sizeof(done), a->octets);
	if (!a->octets_total) {
		buf_printf(b, "   %s", done);
		return;
	}
	text_size(total, sizeof(total), a->octets_total);
	unit_done = strchr(done, ' ');
	unit_total = strchr(total, ' ');
	if (unit_done && unit_total && strcmp(unit_done, unit_total) == 0)
		*unit_done = '\0';
	buf_printf(b, _("   %s of %s"), done, total);
}

static void add_time_left(struct buf *b, const struct live_account *a, int64_t now)
{
	double per_s = rate(a, now, a->octets_total > 0), seconds;
	uint64_t done, total;
	char age[32];

	measure(a, &done, &total);
	if (per_s <= 0 || done == total)
		return;
	seconds = (double)(total - done) / per_s;
	/* More than a hundred days: it stands still. */
	if (seconds > 100 * 86400.0)
		return;
	text_age(age, sizeof(age), (int64_t)seconds + 1);
	buf_printf(b, _("   %s left"), age);
}

/* What a line holds, from the widest to the narrowest. */
static const struct {
	unsigned bar;
	bool mails, octets, rate, left;
} layouts[] = {
	{BAR, true, true, true, true},
	{BAR, true, true, false, true},
	{BAR_SHORT, true, true, false, true},
	{BAR_SHORT, true, false, false, true},
	{BAR_SHORT, true, false, false, false},
	{0, true, false, false, false},
	{0, false, false, false, false},
};
enum { LAYOUTS = sizeof(layouts) / sizeof(layouts[0]) };

static void add_progress(struct buf *b, const struct live *l, const struct live_account *a,
	size_t layout, int64_t now)
{
	uint64_t done, total;
	double fraction;

	measure(a, &done, &total);
	fraction = (double)done / (double)total;
	if (layouts[layout].bar)
		add_bar(b, l, fraction, layouts[layout].bar);
	buf_printf(b, " %2u %%", (unsigned)(fraction * 100));
	if (layouts[layout].mails)
		buf_printf(b, _("   %llu of %llu"), (unsigned long long)a->mails,
			(unsigned long long)a->mails_total);
	if (layouts[layout].octets)
		add_octets(b, a);
	if (layouts[layout].rate && rate(a, now, true) >= 1) {
		char speed[32];

		text_size(speed, sizeof(speed), (uint64_t)rate(a, now, true));
		buf_printf(b, "   %s/s", speed);
	}
	if (layouts[layout].left)
		add_time_left(b, a, now);
}

/* Drops characters at the end until the line fits. */
static void cut(struct buf *b, size_t columns)
{
	while (b->len && screen_width(b->data) > columns) {
		do
			b->len--;
		while (b->len && ((unsigned char)b->data[b->len] & 0xc0) == 0x80);
		b->data[b->len] = '\0';
	}
}

/* The name in its column; one that leaves too little for the rest is shortened. */
static void add_name(struct buf *b, const struct live *l, const char *name, size_t columns)
{
	size_t width = l->name_width, room = NAME_MIN;
	const char *dots = l->utf8 ? "…" : "...";

	if (columns > PROGRESS_MIN + GAP + NAME_MIN)
		room = columns - PROGRESS_MIN - GAP;
	if (width > room)
		width = room;
	buf_add_text(b, name);
	if (screen_width(name) > width) {
		cut(b, width - screen_width(dots));
		buf_add_text(b, dots);
	}
	buf_printf(b, "%*s", (int)(width - screen_width(b->data)) + GAP, "");
}

static void compose(struct buf *b, const struct live *l, size_t account, size_t layout,
	size_t columns, int64_t now)
{
	const struct live_account *a = &l->accounts[account];

	add_name(b, l, l->setting->names[account], columns);
	if (l->stopping || a->stepping)
		buf_printf(
			b, "%s %s", l->stopping ? _("stopping") : a->step, l->utf8 ? "…" : "...");
	else
		add_progress(b, l, a, layout, now);
}

static void fit(struct buf *line, const struct live *l, size_t account, size_t columns, int64_t now)
{
	for (size_t layout = 0; layout < LAYOUTS; layout++) {
		buf_clear(line);
		compose(line, l, account, layout, columns, now);
		if (screen_width(line->data) <= columns)
			return;
	}
	cut(line, columns);
}

/* Moves the cursor to the first of the lines that are on a screen of so many columns. */
static void go_up(struct buf *out, const struct live *l, size_t columns)
{
	size_t rows = 0;

	for (size_t i = 0; i + 1 < l->lines; i++)
		rows += l->widths[i] > columns ? (l->widths[i] + columns - 1) / columns : 1;
	buf_add_text(out, "\r");
	if (rows)
		buf_printf(out, "\033[%zuA", rows);
}

/* False while others have the terminal. What is no terminal of ours belongs to nobody. */
static bool is_ours(void)
{
	pid_t group = tcgetpgrp(STDERR_FILENO);

	return group < 0 || group == getpgrp();
}

/* Forgets the lines that may not be there any more, or have others below them. */
static void look_around(struct live *l)
{
	sig_atomic_t continued = l->setting->continued ? *l->setting->continued : 0;

	if (l->lines && (continued != l->continued || !is_ours())) {
		l->lines = 0;
		l->dirty = true;
	}
	l->continued = continued;
}

static void put(const struct buf *out)
{
	/* Nothing can be done about a terminal that is gone. */
	if (!file_write_all(STDERR_FILENO, out->data, out->len))
		return;
}

void live_erase(struct live *l)
{
	struct buf out = {NULL, 0, 0};
	size_t columns, rows;

	look_around(l);
	if (!l->lines)
		return;
	screen_size(STDERR_FILENO, &columns, &rows);
	go_up(&out, l, columns);
	buf_add_text(&out, "\033[J");
	put(&out);
	buf_release(&out);
	l->lines = 0;
	l->dirty = true;
}

static void add_line(struct live *l, struct buf *out, const struct buf *line)
{
	if (l->lines)
		buf_add_text(out, "\n");
	/* A row that is only written over still passes for the first half of one that was wrapped,
	 * and a wider terminal would join it to the next. */
	if (l->resized)
		buf_add_text(out, "\033[2K");
	buf_add(out, line->data, line->len);
	buf_add_text(out, "\033[K");
	l->widths[l->lines++] = screen_width(line->data);
}

static void draw(struct live *l, size_t active, int64_t now)
{
	struct buf out = {NULL, 0, 0}, line = {NULL, 0, 0};
	size_t columns, rows, room;

	screen_size(STDERR_FILENO, &columns, &rows);
	go_up(&out, l, columns);
	l->resized = l->columns && columns != l->columns;
	l->columns = columns;
	l->lines = 0;
	/* The last row stays free of lines; what has no room is counted in the last line. */
	room = rows > 2 ? rows - 1 : 1;
	if (active > room)
		room--;
	for (size_t i = 0; i < l->setting->n && l->lines < room; i++) {
		if (!l->accounts[i].active)
			continue;
		take_sample(&l->accounts[i], now);
		fit(&line, l, i, columns - 1, now);
		add_line(l, &out, &line);
	}
	if (active > l->lines) {
		buf_clear(&line);
		buf_printf(&line,
			l->lines ? _n("and %zu more account", "and %zu more accounts",
					   active - l->lines)
				 : _n("%zu account", "%zu accounts", active),
			active - l->lines);
		cut(&line, columns - 1);
		add_line(l, &out, &line);
	}
	buf_add_text(&out, "\033[J\r");
	put(&out);
	buf_release(&out);
	buf_release(&line);
	l->drawn_ms = now;
	l->dirty = false;
}

int live_tick(struct live *l)
{
	int64_t now = clock_ms(), wait = l->dirty ? REDRAW_MS : IDLE_MS;
	size_t active = 0;

	for (size_t i = 0; i < l->setting->n; i++)
		active += l->accounts[i].active;
	if (!active) {
		live_erase(l);
		return -1;
	}
	look_around(l);
	if (!is_ours())
		return IDLE_MS;
	if (now - l->drawn_ms < wait)
		return (int)(l->drawn_ms + wait - now);
	draw(l, active, now);
	return IDLE_MS;
}
