/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The live lines. Between two drawings the cursor rests in the first column of the first of them:
 * from there all are taken away by one sequence, whatever a terminal has made of them when it
 * became narrower (some wrap lines anew, some cut them off), and what else reaches it (^C) is
 * overdrawn. Only sequences that every terminal has are used: up, erase, colour, wrapping. While
 * the terminal belongs to others (a job in the background), nothing is drawn, and nothing of what
 * was drawn is touched any more. Nor is anything drawn while a command that is to print a password
 * may ask for something itself.
 */
#include "report/report_tty.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "report/report_leave.h"
#include "report/report_progress.h"
#include "report/screen.h"

enum {
	REDRAW_MS = 100, /* at most this often */
	IDLE_MS = 1000,  /* and, when nothing is heard, this often */
};

/* One of the lines, as it was drawn last. */
struct row {
	size_t account; /* or setting->n: all of them */
	struct buf text;
};

struct live {
	const struct report_setting *setting;
	struct progress *accounts;
	struct progress_look look;
	bool dirty;
	sig_atomic_t continued; /* *setting->continued, when last looked at */
	unsigned resized;       /* leave_resized(), then */
	int64_t drawn_ms;
	struct row *rows; /* room for all accounts and one more */
	size_t rows_n;    /* that stand on the screen */
	size_t columns;   /* of the screen at the last drawing */
};

struct live *live_new(const struct report_setting *setting, size_t name_width)
{
	struct live *l = xcalloc(1, sizeof(*l));

	l->setting = setting;
	l->look = (struct progress_look){
		.name_width = name_width, .utf8 = screen_utf8(), .color = setting->style.color};
	l->accounts = xcalloc(setting->n, sizeof(*l->accounts));
	l->rows = xcalloc(setting->n + 1, sizeof(*l->rows));
	l->drawn_ms = clock_ms() - REDRAW_MS;
	return l;
}

void live_free(struct live *l)
{
	if (!l)
		return;
	live_erase(l);
	leave_forget();
	for (size_t i = 0; i <= l->setting->n; i++)
		buf_release(&l->rows[i].text);
	free(l->rows);
	free(l->accounts);
	free(l);
}

/* Whether a command may have the terminal for itself. */
static bool is_lent(const struct live *l)
{
	for (size_t i = 0; i < l->setting->n; i++)
		if (l->accounts[i].asks)
			return true;
	return false;
}

void live_take(struct live *l, const struct report *what)
{
	progress_take(&l->accounts[what->account], what);
	l->dirty = true;
	if (what->type == REPORT_COMMAND && is_lent(l))
		live_erase(l);
}

void live_stopping(struct live *l)
{
	l->look.stopping = true;
	l->dirty = true;
}

/* False while others have the terminal. What is no terminal of ours belongs to nobody. */
static bool is_ours(void)
{
	pid_t group = tcgetpgrp(STDERR_FILENO);

	return group < 0 || group == getpgrp();
}

/* Forgets the lines that are not there any more, or have others below them. */
static void look_around(struct live *l)
{
	sig_atomic_t continued = l->setting->continued ? *l->setting->continued : 0;

	if (l->rows_n && (continued != l->continued || !leave_has_lines() || !is_ours())) {
		l->rows_n = 0;
		l->dirty = true;
	}
	for (size_t i = 0; continued != l->continued && i < l->setting->n; i++)
		progress_forget_rate(&l->accounts[i]);
	l->continued = continued;
}

static void add_row(struct live *l, size_t account, struct buf *text)
{
	struct row *row = &l->rows[l->rows_n++];
	struct buf old = row->text;

	row->account = account;
	row->text = *text;
	*text = old;
	buf_clear(text);
}

/*
 * The lines, and the way back to the first of them. Without wrapping (DECAWM): a terminal that has
 * become narrower since it was asked for its size would make more rows of them than is known here.
 */
static void add_rows(const struct live *l, struct buf *out)
{
	buf_add_text(out, "\033[?7l");
	for (size_t i = 0; i < l->rows_n; i++) {
		if (i > 0)
			buf_add_text(out, "\033[K\n");
		buf_add(out, l->rows[i].text.data, l->rows[i].text.len);
	}
	buf_add_text(out, "\033[J\033[?7h\r");
	if (l->rows_n > 1)
		buf_printf(out, "\033[%zuA", l->rows_n - 1);
}

void live_erase(struct live *l)
{
	struct buf out = {NULL, 0, 0};

	look_around(l);
	if (!l->rows_n)
		return;
	buf_add_text(&out, LEAVE_ERASE);
	leave_write(&out, false);
	buf_release(&out);
	l->rows_n = 0;
	l->dirty = true;
}

static size_t count_active(const struct live *l)
{
	size_t active = 0;

	for (size_t i = 0; i < l->setting->n; i++)
		active += l->accounts[i].active;
	return active;
}

/* Of the lines that were drawn, drops those of accounts that have ended. */
static void drop_ended(struct live *l)
{
	bool any = count_active(l) > 0;
	size_t kept = 0;

	for (size_t i = 0; i < l->rows_n; i++) {
		struct row row = l->rows[i];

		if (row.account < l->setting->n ? !l->accounts[row.account].active : !any)
			continue;
		l->rows[i] = l->rows[kept];
		l->rows[kept++] = row;
	}
	l->rows_n = kept;
}

void live_over(struct live *l, const struct buf *text)
{
	struct buf out = {NULL, 0, 0};

	look_around(l);
	if (l->rows_n)
		buf_add_text(&out, LEAVE_ERASE);
	drop_ended(l);
	buf_add(&out, text->data, text->len);
	if (l->rows_n)
		add_rows(l, &out);
	leave_write(&out, l->rows_n > 0);
	buf_release(&out);
}

/* The last row of the screen stays free of lines. What has no room, or waits, is summed up. */
static void compose(struct live *l, size_t columns, size_t rows, int64_t now)
{
	size_t n = l->setting->n, room = rows > 2 ? rows - 1 : 1;
	size_t active = count_active(l), waiting = 0;
	struct buf text = {NULL, 0, 0};
	bool sum;

	for (size_t i = 0; i < n; i++)
		waiting += !l->accounts[i].active && !l->accounts[i].ended;
	sum = active > room || (waiting && room > 1);
	room -= sum;
	l->rows_n = 0;
	for (size_t i = 0; i < n && l->rows_n < room; i++) {
		if (!l->accounts[i].active)
			continue;
		progress_line(
			&text, &l->accounts[i], l->setting->names[i], &l->look, columns - 1, now);
		add_row(l, i, &text);
	}
	if (sum) {
		progress_summary(&text, l->accounts, n, l->rows_n, columns - 1, now);
		add_row(l, n, &text);
	}
	buf_release(&text);
}

static void draw(struct live *l, int64_t now)
{
	struct buf out = {NULL, 0, 0};
	size_t columns, rows;

	leave_watch();
	screen_size(STDERR_FILENO, &columns, &rows);
	/* A row that is only written over still passes for the first half of one that was wrapped,
	 * and a wider terminal would join it to the next. */
	if (l->rows_n && columns != l->columns)
		buf_add_text(&out, LEAVE_ERASE);
	l->columns = columns;
	for (size_t i = 0; i < l->setting->n; i++)
		progress_sample(&l->accounts[i], now);
	compose(l, columns, rows, now);
	buf_add_text(&out, "\r");
	add_rows(l, &out);
	leave_write(&out, true);
	buf_release(&out);
	l->drawn_ms = now;
	l->dirty = false;
}

int live_tick(struct live *l)
{
	int64_t now = clock_ms(), wait;

	if (!count_active(l)) {
		live_erase(l);
		return -1;
	}
	if (l->resized != leave_resized()) {
		l->resized = leave_resized();
		l->dirty = true;
	}
	look_around(l);
	if (is_lent(l) || !is_ours())
		return IDLE_MS;
	wait = l->dirty ? REDRAW_MS : IDLE_MS;
	if (now - l->drawn_ms < wait)
		return (int)(l->drawn_ms + wait - now);
	draw(l, now);
	return IDLE_MS;
}
