/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of each message: columns for a terminal, fields for scripts, events, or a file. */
#include <string.h>

#include "base/i18n.h"
#include "base/jsonout.h"
#include "base/text.h"
#include "fetch/seenfile.h"
#include "report/fit.h"
#include "verbs/seen_inner.h"

enum { UID_COLUMNS_MAX = 70, SIZE_COLUMNS = 5, STATE_COLUMNS = 8, DAY_COLUMNS = 10 };

/* Scripts read them in English. */
enum word { ARRIVING, MARKED, SEEN, DELETED, FAILED, NOTED, WORDS };
static const char *const words[WORDS] = {[ARRIVING] = N_("arriving"),
	[MARKED] = N_("marked"),
	[SEEN] = N_("seen"),
	[DELETED] = N_("deleted"),
	[FAILED] = N_("failed"),
	[NOTED] = N_("noted")};

static const char *state_word(const struct seen *row)
{
	switch (row->state) {
	case STORE_PREPARED:
		return words[ARRIVING];
	case STORE_DELIVERED:
		return words[row->marked ? MARKED : SEEN];
	case STORE_REMOVED:
		return words[DELETED];
	case STORE_NOTED:
		break;
	}
	return words[row->attempts ? FAILED : NOTED];
}

static size_t state_columns(void)
{
	return STATE_COLUMNS + text_growth(words, WORDS);
}

/* What is said of one row. Times are 0 where there is none. */
struct line {
	const struct seen *row;
	int64_t since_s, due_s;
	char why[400];
};

static bool describe(
	const struct seen_job *job, const struct seen *row, struct line *line, struct error *e)
{
	*line = (struct line){.row = row};
	if (row->state == STORE_NOTED || row->state == STORE_PREPARED)
		return store_failure(
			job->store, row->key, line->why, sizeof(line->why), &line->since_s, e);
	line->since_s = row->state == STORE_REMOVED ? row->removed_s : row->delivered_s;
	line->due_s = plan_due_s(row, &job->account->policy, job->now_s);
	return true;
}

static void add_day(struct buf *out, int64_t seconds)
{
	char day[TEXT_DAY_ROOM];

	text_day(day, seconds);
	buf_add_text(out, day[0] ? day : "-");
}

/* Why it failed, since when the server does not list it, when it is due to be deleted there. */
static void add_note(struct buf *out, const struct seen_job *job, const struct line *line)
{
	struct buf day = {NULL, 0, 0};

	if (line->row->attempts && line->row->state == STORE_NOTED)
		buf_printf(out,
			_n("%u attempt: %s", "%u attempts: %s", (unsigned)line->row->attempts),
			(unsigned)line->row->attempts, line->why);
	if (line->row->missing) {
		add_day(&day, line->row->missing_s);
		buf_add_text(out, out->len ? "; " : "");
		buf_printf(out, _("gone %s"), day.data);
	} else if (line->due_s && line->due_s <= job->now_s) {
		buf_add_text(out, _("due now"));
	} else if (line->due_s) {
		add_day(&day, line->due_s);
		buf_printf(out, _("due %s"), day.data);
	}
	buf_release(&day);
}

static void add_aligned(
	struct seen_job *job, const struct line *line, const char *uid, size_t uid_width)
{
	struct buf note = {NULL, 0, 0};
	size_t used = uid_width + 2 + SIZE_COLUMNS + 2 + state_columns() + 2 + DAY_COLUMNS + 2;
	char size[32] = "-";

	if (line->row->size)
		text_size_short(size, sizeof(size), line->row->size);
	buf_printf(job->out, "%-*s  %*s  ", (int)uid_width, uid, SIZE_COLUMNS, size);
	text_pad(job->out, _(state_word(line->row)), state_columns());
	buf_add_text(job->out, "  ");
	add_day(job->out, line->since_s);
	add_note(&note, job, line);
	if (note.len) {
		buf_printf(job->out, "%*s", line->since_s > 0 ? 2 : 2 + DAY_COLUMNS - 1, "");
		/* Where there is hardly room for it, it may go on in the next line. */
		fit_add(job->out, buf_span(&note),
			job->columns > used + 20 ? job->columns - used - 1 : FIT_ALL, false);
	}
	buf_add_text(job->out, "\n");
	buf_release(&note);
}

static void add_moment(struct buf *out, int64_t seconds)
{
	char text[TEXT_UTC_ROOM] = "";

	if (seconds > 0)
		text_utc(text, seconds);
	buf_printf(out, "\t%s", text[0] ? text : "-");
}

static void add_fields(struct seen_job *job, const struct line *line, const char *uid)
{
	buf_printf(job->out, "%s\t", uid);
	if (line->row->size)
		buf_printf(job->out, "%llu", (unsigned long long)line->row->size);
	else
		buf_add_text(job->out, "-");
	buf_printf(job->out, "\t%s", state_word(line->row));
	add_moment(job->out, line->since_s);
	add_moment(job->out, line->row->missing ? line->row->missing_s : 0);
	add_moment(job->out, line->due_s);
	buf_printf(job->out, "\t%u\t", (unsigned)line->row->attempts);
	if (line->why[0])
		fit_add(job->out, span_of(line->why), FIT_ALL, false);
	else
		buf_add_text(job->out, "-");
	buf_add_text(job->out, "\n");
}

static void add_event(struct seen_job *job, const struct line *line, const char *uid)
{
	const struct seen *row = line->row;

	jsonout_begin(job->out, "seen");
	jsonout_text(job->out, "account", job->account->shown);
	if (uid[0])
		jsonout_text(job->out, "uid", uid);
	if (row->size)
		jsonout_number(job->out, "size", (int64_t)row->size);
	jsonout_text(job->out, "state", state_word(row));
	jsonout_time(job->out, "since", line->since_s > 0 ? line->since_s : -1);
	jsonout_bool(job->out, "gone", row->missing);
	jsonout_time(
		job->out, "gone_since", row->missing && row->missing_s > 0 ? row->missing_s : -1);
	jsonout_time(job->out, "due", line->due_s > 0 ? line->due_s : -1);
	jsonout_number(job->out, "attempts", row->attempts);
	if (line->why[0])
		jsonout_text(job->out, "why", line->why);
	jsonout_end(job->out);
}

static size_t widest_uid(const struct seen_job *job, size_t n)
{
	struct buf uid = {NULL, 0, 0};
	size_t width = 3;

	for (size_t i = 0; i < n; i++) {
		buf_clear(&uid);
		seenfile_add_uid(&uid, seen_at(job->set, i)->key.uid);
		if (uid.len > width)
			width = uid.len;
	}
	buf_release(&uid);
	return width < UID_COLUMNS_MAX ? width : UID_COLUMNS_MAX;
}

static void add_title(struct seen_job *job, size_t uid_width)
{
	const char *size = _("SIZE");
	size_t columns = text_columns(span_of(size));

	text_pad(job->out, "UID", uid_width + 2);
	buf_printf(job->out, "%*s%s  ", columns < SIZE_COLUMNS ? (int)(SIZE_COLUMNS - columns) : 0,
		"", size);
	text_pad(job->out, _("STATE"), state_columns() + 2);
	text_pad(job->out, _("SINCE"), DAY_COLUMNS + 2);
	buf_printf(job->out, "%s\n", _("NOTE"));
}

/* What came last first, as in list. */
bool seen_job_show(struct seen_job *job, struct error *e)
{
	size_t n, width;
	struct buf uid = {NULL, 0, 0};
	bool done = true;

	if (!seen_job_look(job, e) || !seen_job_load(job, e))
		return false;
	n = seen_job_rows(job);
	if (!n) {
		if (job->columns && !job->cli->json)
			seen_job_say_nothing(job);
		return true;
	}
	width = widest_uid(job, n);
	if (job->columns && !job->cli->json)
		add_title(job, width);
	for (size_t i = n; done && i-- > 0;) {
		struct line line;

		done = describe(job, seen_at(job->set, i), &line, e);
		if (!done)
			break;
		buf_clear(&uid);
		seenfile_add_uid(&uid, line.row->key.uid);
		if (job->cli->json)
			add_event(job, &line, uid.data ? uid.data : "");
		else if (job->columns)
			add_aligned(job, &line, uid.data ? uid.data : "", width);
		else
			add_fields(job, &line, uid.data ? uid.data : "");
	}
	buf_release(&uid);
	return done;
}

bool seen_job_export(struct seen_job *job, struct error *e)
{
	if (!seen_job_look(job, e) || !seen_job_load(job, e))
		return false;
	buf_printf(job->out, _("# ambil seen %s: UID, time of delivery\n"), job->account->shown);
	for (size_t i = 0, n = seen_job_rows(job); i < n; i++)
		if (seen_at(job->set, i)->state == STORE_DELIVERED)
			seenfile_add(job->out, seen_at(job->set, i));
	return true;
}
