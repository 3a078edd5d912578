/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a live line says. The share that is done and the time that is left are reckoned in octets as
 * LIST has announced them, on both sides, so that sizes that were wrong still lead to the end and
 * not past it; the rate is that of the octets that have really come.
 */
#include "report/report_progress.h"

#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "report/screen.h"

enum {
	SAMPLE_MS = 250, /* so that a rate is that of the last four seconds */
	BAR = 20,
	BAR_SHORT = 10,
	GAP = 3,                       /* behind the name, and between all that follows */
	PROGRESS_MIN = BAR_SHORT + 16, /* room for a short bar, " 58 %" and "   12 of 21" */
	NAME_MIN = 8,                  /* names are not cut shorter than this for its sake */
};

/* Numbers */

void progress_sample(struct progress *p, int64_t now_ms)
{
	struct progress_sample s = {now_ms, p->done};

	if (p->stepping || (p->samples_n && now_ms - p->samples[p->samples_n - 1].ms < SAMPLE_MS))
		return;
	if (p->samples_n == PROGRESS_SAMPLES)
		memmove(p->samples, p->samples + 1, --p->samples_n * sizeof(*p->samples));
	p->samples[p->samples_n++] = s;
}

void progress_forget_rate(struct progress *p)
{
	p->samples_n = 0;
}

/* Per second, over the last seconds; 0 while that is not known. */
static double rate(const struct progress *p, uint64_t since, uint64_t then, int64_t now_ms)
{
	int64_t ms = p->samples_n ? now_ms - p->samples[0].ms : 0;

	if (ms < 2 * SAMPLE_MS || since < then)
		return 0;
	return (double)(since - then) * 1000 / (double)ms;
}

static double octets_a_second(const struct progress *p, int64_t now_ms)
{
	return p->stepping ? 0 : rate(p, p->done.octets, p->samples[0].counts.octets, now_ms);
}

/* What is to come and what of it is here, in octets where they are known, else in mails. */
struct share {
	uint64_t done, total;
	double a_second;
};

static struct share measure(const struct progress *p, int64_t now_ms)
{
	const struct progress_counts *then = &p->samples[0].counts;
	struct share s = {
		p->done.mails, p->mails_total, rate(p, p->done.mails, then->mails, now_ms)};

	if (p->listed_total)
		s = (struct share){p->done.listed, p->listed_total,
			rate(p, p->done.listed, then->listed, now_ms)};
	if (s.done > s.total || p->done.mails >= p->mails_total)
		s.done = s.total;
	return s;
}

/* 100 per cent is said of nothing that is not whole. */
static unsigned per_mille(const struct progress *p, const struct share *s)
{
	unsigned n = (unsigned)((double)s->done / (double)s->total * 1000);

	if (p->done.mails >= p->mails_total)
		return 1000;
	n = n > p->reached ? n : p->reached;
	return n > 999 ? 999 : n;
}

/* A session that was lost counts anew; what was seen to be done does not go back. */
static void note_reached(struct progress *p)
{
	struct share s = measure(p, 0);

	if (p->mails_total)
		p->reached = per_mille(p, &s);
}

void progress_take(struct progress *p, const struct report *what)
{
	if (p->ended)
		return;
	switch (what->type) {
	case REPORT_STEP:
		snprintf(p->step, sizeof(p->step), "%.*s", (int)sizeof(p->step) - 1, what->u.text);
		p->stepping = true;
		break;
	case REPORT_PLAN:
		p->mails_total = what->u.total.mails;
		p->listed_total = what->u.total.octets;
		p->stepping = p->mails_total == 0;
		note_reached(p);
		break;
	case REPORT_PROGRESS:
		p->done = (struct progress_counts){
			what->u.done.mails, what->u.done.octets, what->u.done.listed};
		p->stepping = p->mails_total == 0;
		note_reached(p);
		break;
	case REPORT_COMMAND:
		p->asks = what->u.number != 0;
		return;
	case REPORT_DONE:
		p->active = p->asks = false;
		p->ended = true;
		return;
	default:
		return;
	}
	p->active = true;
}

/* Words */

static void add_bar(
	struct buf *b, const struct progress_look *look, unsigned per_mille, unsigned cells)
{
	unsigned eighths = per_mille * cells * 8 / 1000, full = eighths / 8, i = 0;

	if (look->color)
		buf_add_text(b, "\033[32m");
	for (; i < full; i++)
		buf_add_text(b, look->utf8 ? "\u2588" : "#");
	if (look->utf8 && eighths % 8) {
		/* U+258F is one eighth, U+2589 seven. */
		char part[] = {'\xe2', '\x96', (char)(0x90 - eighths % 8), '\0'};

		buf_add_text(b, part);
		i++;
	}
	if (look->color)
		buf_add_text(b, "\033[0m");
	for (; i < cells; i++)
		buf_add_text(b, " ");
}

/* "3.1 of 5.4 MiB", "812 octets of 5.4 MiB"; without a total "3.1 MiB". */
static void add_octets(struct buf *b, const struct progress *p, const struct share *s)
{
	char done[32], total[32], *unit_done, *unit_total;

	if (!p->listed_total) {
		text_size(done, sizeof(done), p->done.octets);
		buf_printf(b, "   %s", done);
		return;
	}
	text_size(done, sizeof(done), s->done);
	text_size(total, sizeof(total), s->total);
	unit_done = strchr(done, ' ');
	unit_total = strchr(total, ' ');
	if (unit_done && unit_total && strcmp(unit_done, unit_total) == 0)
		*unit_done = '\0';
	buf_printf(b, _("   %s of %s"), done, total);
}

/* "2.2 MiB/s"; empty when it is not known. */
static void rate_text(char *out, size_t room, double a_second)
{
	char size[32];

	out[0] = '\0';
	if (a_second < 1)
		return;
	text_size(size, sizeof(size), (uint64_t)a_second);
	snprintf(out, room, _("%s/s"), size);
}

static void add_time_left(struct buf *b, const struct share *s)
{
	double seconds = s->a_second > 0 ? (double)(s->total - s->done) / s->a_second : 0;
	char age[32];

	/* More than a hundred days: it stands still. */
	if (s->done == s->total || s->a_second <= 0 || seconds > 100 * 86400.0)
		return;
	text_age(age, sizeof(age), (int64_t)seconds + 1);
	buf_printf(b, _("   %s left"), age);
}

/* What a line holds, from the widest to the narrowest. */
static const struct layout {
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

static void add_counts(struct buf *b, const struct progress *p, const struct progress_look *look,
	const struct layout *layout, int64_t now_ms)
{
	struct share s = measure(p, now_ms);
	unsigned reached = per_mille(p, &s);
	uint64_t mails = p->done.mails < p->mails_total ? p->done.mails : p->mails_total;
	char speed[40];

	if (layout->bar)
		add_bar(b, look, reached, layout->bar);
	buf_printf(b, " %2u %%", reached / 10);
	if (layout->mails)
		buf_printf(b, _("   %llu of %llu"), (unsigned long long)mails,
			(unsigned long long)p->mails_total);
	if (layout->octets)
		add_octets(b, p, &s);
	rate_text(speed, sizeof(speed), octets_a_second(p, now_ms));
	if (layout->rate && speed[0])
		buf_printf(b, "   %s", speed);
	if (layout->left)
		add_time_left(b, &s);
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
static void add_name(
	struct buf *b, const char *name, const struct progress_look *look, size_t columns)
{
	size_t width = look->name_width, room = NAME_MIN;
	const char *dots = look->utf8 ? "…" : "...";

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

void progress_line(struct buf *out, const struct progress *p, const char *name,
	const struct progress_look *look, size_t columns, int64_t now_ms)
{
	struct buf line = {NULL, 0, 0};

	for (size_t i = 0; i < LAYOUTS; i++) {
		buf_clear(&line);
		add_name(&line, name, look, columns);
		if (look->stopping || p->stepping)
			buf_printf(&line, "%s %s", look->stopping ? _("stopping") : p->step,
				look->utf8 ? "…" : "...");
		else
			add_counts(&line, p, look, &layouts[i], now_ms);
		if (screen_width(line.data) <= columns)
			break;
	}
	cut(&line, columns);
	buf_add(out, line.data, line.len);
	buf_release(&line);
}

/* Adds a part behind others, if it has room. */
static void add_part(struct buf *line, const char *part, size_t columns)
{
	size_t gap = line->len ? GAP : 0;

	if (part[0] && screen_width(line->data) + gap + screen_width(part) <= columns)
		buf_printf(line, "%*s%s", (int)gap, "", part);
}

void progress_summary(struct buf *out, const struct progress *all, size_t n, size_t shown,
	size_t columns, int64_t now_ms)
{
	size_t active = 0, ended = 0, more, waiting;
	struct buf line = {NULL, 0, 0};
	double a_second = 0;
	char part[160];

	for (size_t i = 0; i < n; i++) {
		active += all[i].active;
		ended += all[i].ended;
		a_second += all[i].active ? octets_a_second(&all[i], now_ms) : 0;
	}
	more = active - shown;
	waiting = n - active - ended;
	snprintf(part, sizeof(part), _("%zu of %zu accounts done"), ended, n);
	buf_add_text(&line, part);
	cut(&line, columns);
	snprintf(part, sizeof(part), shown ? _("%zu more at work") : _("%zu at work"), more);
	add_part(&line, more ? part : "", columns);
	snprintf(part, sizeof(part), _("%zu waiting"), waiting);
	add_part(&line, waiting ? part : "", columns);
	rate_text(part, sizeof(part), a_second);
	add_part(&line, part, columns);
	buf_add(out, line.data, line.len);
	buf_release(&line);
}
