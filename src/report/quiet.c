/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A time that is still to come, or that is from before the clock was set, is no time: what it is
 * about has just begun, or was never said. So a wrong clock makes an error be said once more, or
 * some hours later, but neither never nor by every run.
 */
#include "report/quiet.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"

/* ---- decisions ---- */

static bool is_sane(int64_t then_s, int64_t now_s)
{
	return then_s > 0 && then_s <= now_s && (then_s >= CLOCK_SANE_S || now_s < CLOCK_SANE_S);
}

int64_t quiet_lasts_s(const struct quiet *q, int64_t now_s)
{
	return is_sane(q->since_s, now_s) ? now_s - q->since_s : -1;
}

static void take_down(struct quiet *q, const struct error *e, int64_t now_s)
{
	if (!is_sane(q->since_s, now_s))
		q->since_s = now_s;
	if (!is_sane(q->said_s, now_s))
		q->said_s = 0;
	for (size_t i = 0; i < QUIET_SAID_MAX; i++)
		if (!is_sane(q->said[i].at_s, now_s))
			q->said[i].at_s = 0;
	if (q->failures < UINT32_MAX)
		q->failures++;
	q->failed_s = now_s;
	q->taken_s = q->taken_said_s = 0;
	q->last = (struct error){.kind = e->kind, .server = e->server};
	snprintf(q->last.text, sizeof(q->last.text), "%s", error_plain(e));
	snprintf(q->last.why, sizeof(q->last.why), "%s", error_plain_why(e));
	snprintf(q->language, sizeof(q->language), "%s", i18n_language());
	snprintf(q->local, sizeof(q->local), "%s", e->text);
	snprintf(q->local_why, sizeof(q->local_why), "%s", e->why);
}

const char *quiet_words(const struct quiet *q, const char **why)
{
	bool local = q->language[0] && strcmp(q->language, i18n_language()) == 0;

	*why = local ? q->local_why : q->last.why;
	return local ? q->local : q->last.text;
}

void quiet_failed_by_hand(struct quiet *q, const struct error *e, int64_t now_s)
{
	take_down(q, e, now_s);
}

/* FNV-1a. Numbers count tries and mails, and are in the names of files. */
static uint64_t hash_words(const char *text)
{
	uint64_t hash = 14695981039346656037U;

	for (; *text; text++)
		if (*text < '0' || *text > '9')
			hash = (hash ^ (unsigned char)*text) * 1099511628211U;
	return hash;
}

static bool is_of_today(int64_t then_s, int64_t now_s)
{
	return then_s && now_s - then_s < QUIET_REMIND_S;
}

/* When it was said today; 0: it was not. */
static int64_t when_said(const struct quiet *q, const char *text, int64_t now_s)
{
	uint64_t words = hash_words(text);

	for (size_t i = 0; i < QUIET_SAID_MAX; i++)
		if (q->said[i].words == words && is_of_today(q->said[i].at_s, now_s))
			return q->said[i].at_s;
	return 0;
}

static void note_said(struct quiet *q, const char *text, int64_t now_s)
{
	const struct quiet_said said = {hash_words(text), now_s};
	size_t i = 0;

	while (i + 1 < QUIET_SAID_MAX && q->said[i].words != said.words)
		i++;
	memmove(q->said + 1, q->said, i * sizeof(q->said[0]));
	q->said[0] = said;
}

/* Whether it is time to say it, or to say it again. */
static bool is_due(const struct quiet *q, const struct error *e, int64_t quiet_s, int64_t now_s)
{
	bool lasts = now_s - q->since_s >= quiet_s;
	int64_t said_s;

	if (error_temporary(e->kind))
		/* Of an account that has never worked nobody knows that it will. */
		return !is_of_today(q->said_s, now_s) && (!q->worked_s || lasts);
	said_s = when_said(q, error_plain(e), now_s);
	/* Before the account worked, or since? */
	return !said_s || (said_s < q->since_s && lasts);
}

bool quiet_failed(struct quiet *q, struct error *e, int64_t quiet_s, int64_t now_s)
{
	char lasts[32];

	take_down(q, e, now_s);
	if (quiet_s > 0 && !is_due(q, e, quiet_s, now_s))
		return false;
	q->said_s = now_s;
	if (!error_temporary(e->kind))
		note_said(q, error_plain(e), now_s);
	/* One that has only just begun has no duration worth a word. */
	if (quiet_s > 0 && q->failures > 1 && now_s - q->since_s >= 60) {
		text_age(lasts, sizeof(lasts), now_s - q->since_s);
		error_append(e, "; no run has gone well for %s (%lu failed)", lasts,
			(unsigned long)q->failures);
	}
	return true;
}

bool quiet_taken(struct quiet *q, int64_t quiet_s, int64_t now_s, int64_t *lasts_s)
{
	if (!is_sane(q->taken_s, now_s)) {
		q->taken_s = now_s;
		q->taken_said_s = 0;
	}
	if (!is_sane(q->taken_said_s, now_s))
		q->taken_said_s = 0;
	*lasts_s = now_s - q->taken_s;
	if (*lasts_s < (quiet_s ? quiet_s : QUIET_TAKEN_S) || is_of_today(q->taken_said_s, now_s))
		return false;
	q->taken_said_s = now_s;
	return true;
}

bool quiet_worked(struct quiet *q, int64_t quiet_s, int64_t now_s, struct quiet_end *end)
{
	bool said = quiet_s > 0 && q->since_s && q->said_s;
	struct quiet worked = {.since_s = 0};

	*end = (struct quiet_end){q->failures, quiet_lasts_s(q, now_s)};
	worked.worked_s = now_s;
	memcpy(worked.said, q->said, sizeof(worked.said));
	*q = worked;
	return said;
}

/* ---- as text ---- */

#define WORKS "works"
#define FAILS "fails"
#define NEVER "never"
#define SAID "said"
#define TAKEN "taken"
#define LOCAL "local"
#define LOCAL_WHY "local-why"
enum { NUMBERS = 7 };

/* A line of its own, whatever is in it. */
static void add_line(struct buf *out, const char *text)
{
	size_t from = out->len;

	buf_printf(out, "%s\n", text);
	for (size_t i = from; i + 1 < out->len; i++)
		if (out->data[i] == '\n')
			out->data[i] = ' ';
}

static void write_failure(const struct quiet *q, struct buf *out)
{
	buf_printf(out, FAILS " %lld %lld %lld %lld %lu %d %d %s\n", (long long)q->worked_s,
		(long long)q->since_s, (long long)q->failed_s, (long long)q->said_s,
		(unsigned long)q->failures, q->last.server, error_exit_code(q->last.kind),
		error_name(q->last.kind));
	add_line(out, q->last.text);
	add_line(out, q->last.why);
	if (!q->language[0])
		return;
	buf_printf(out, LOCAL " %s ", q->language);
	add_line(out, q->local);
	buf_printf(out, LOCAL_WHY " %s ", q->language);
	add_line(out, q->local_why);
}

void quiet_write(const struct quiet *q, struct buf *out)
{
	if (q->since_s)
		write_failure(q, out);
	else
		buf_add_text(out, q->worked_s ? WORKS "\n" : NEVER "\n");
	for (size_t i = 0; i < QUIET_SAID_MAX; i++)
		if (q->said[i].at_s)
			buf_printf(out, SAID " %llu %lld\n", (unsigned long long)q->said[i].words,
				(long long)q->said[i].at_s);
	if (q->taken_s)
		buf_printf(out, TAKEN " %lld %lld\n", (long long)q->taken_s,
			(long long)q->taken_said_s);
}

static enum error_kind kind_of(struct span name)
{
	enum error_kind kind = ERROR_NONE;

	do
		kind++;
	while (kind < ERROR_KINDS && !span_is(name, error_name(kind)));
	return kind;
}

static void copy(struct span from, char *out, size_t room)
{
	snprintf(out, room, "%.*s", (int)(from.len < room ? from.len : room - 1), from.data);
}

static void read_line(struct span *rest, char *out, size_t room)
{
	copy(span_line(rest), out, room);
}

/* line: behind its first word. */
static bool read_local(struct span word, struct span line, struct quiet *q)
{
	bool text = span_is(word, LOCAL);

	if (!text && !span_is(word, LOCAL_WHY))
		return false;
	copy(span_word(&line), q->language, sizeof(q->language));
	if (text)
		copy(line, q->local, sizeof(q->local));
	else
		copy(line, q->local_why, sizeof(q->local_why));
	return true;
}

/* What may stand behind any of them. */
static void read_notes(struct span text, struct quiet *q)
{
	uint64_t first, second;
	size_t said = 0;

	while (text.len) {
		struct span line = span_line(&text), word = span_word(&line);

		if (read_local(word, line, q) || !parse_u64(span_word(&line), UINT64_MAX, &first) ||
			!parse_u64(line, INT64_MAX, &second))
			continue;
		if (span_is(word, SAID) && said < QUIET_SAID_MAX)
			q->said[said++] = (struct quiet_said){first, (int64_t)second};
		if (span_is(word, TAKEN) && first <= INT64_MAX) {
			q->taken_s = (int64_t)first;
			q->taken_said_s = (int64_t)second;
		}
	}
}

/* line: behind its first word; rest: the lines behind it. */
static bool read_failure(struct span line, struct span *rest, struct quiet *q)
{
	uint64_t n[NUMBERS];

	for (size_t i = 0; i < NUMBERS; i++)
		if (!parse_u64(span_word(&line), INT64_MAX, &n[i]))
			return false;
	/* The exit code is for people who look at the file: the kind has it. */
	if (!n[1] || !n[4] || n[4] > UINT32_MAX || kind_of(line) == ERROR_KINDS)
		return false;
	*q = (struct quiet){.worked_s = (int64_t)n[0],
		.since_s = (int64_t)n[1],
		.failed_s = (int64_t)n[2],
		.said_s = (int64_t)n[3],
		.failures = (uint32_t)n[4]};
	q->last.server = n[5] != 0;
	q->last.kind = kind_of(line);
	read_line(rest, q->last.text, sizeof(q->last.text));
	read_line(rest, q->last.why, sizeof(q->last.why));
	return true;
}

bool quiet_read(struct quiet *q, struct span text, bool *worked)
{
	struct span line = span_line(&text), word = span_word(&line);

	*q = (struct quiet){.since_s = 0};
	*worked = span_is(word, WORKS);
	if (!*worked && !span_is(word, NEVER) &&
		!(span_is(word, FAILS) && read_failure(line, &text, q)))
		return false;
	read_notes(text, q);
	return true;
}
