/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The history file says how the last runs went, also while a run holds the state. What is due to be
 * deleted and how long logins pause is in the state, which is passed over as long as a run has it.
 */
#include "verbs/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/jsonout.h"
#include "base/text.h"
#include "fetch/recall.h"
#include "history.h"
#include "report/fit.h"
#include "report/report_json.h"
#include "report/screen.h"
#include "verbs/print.h"

/* ---- what is known ---- */

enum state {
	STATE_NEVER,
	STATE_OK,
	STATE_LATE, /* ok, but longer ago than --max-age */
	STATE_FAILING,
	STATE_PAUSED,
	STATE_UNKNOWN,
	STATES
};
static const char *const state_words[STATES] = {
	[STATE_NEVER] = N_("never run"),
	[STATE_OK] = N_("ok"),
	[STATE_LATE] = N_("late"),
	[STATE_FAILING] = N_("failing"),
	[STATE_PAUSED] = N_("paused"),
	[STATE_UNKNOWN] = N_("not known"),
};
/* What programs read. */
static const char *const state_names[STATES] = {
	[STATE_NEVER] = "never",
	[STATE_OK] = "ok",
	[STATE_LATE] = "late",
	[STATE_FAILING] = "failing",
	[STATE_PAUSED] = "paused",
	[STATE_UNKNOWN] = "unknown",
};

struct standing {
	const struct account *account;
	enum state state;
	struct quiet history;
	int64_t max_age_s;    /* 0: not said */
	bool late;            /* no run went well in that time */
	pid_t holder;         /* of a run that is under way; 0: none is */
	bool known;           /* the state could be looked at, or there is none */
	uint64_t due;         /* mail that the next run deletes on the server */
	int64_t next_due_s;   /* when the next becomes due; 0: none will */
	int64_t next_login_s; /* until then logins pause; 0: they do not */
	struct error trouble;
	struct error forgotten; /* why it is not known how the last runs went */
};

static void count_due(struct standing *s, const struct seen_set *set, int64_t now_s)
{
	const struct seen *row;

	for (size_t i = 0; (row = seen_at(set, i)); i++) {
		int64_t due_s = plan_due_s(row, &s->account->policy, now_s);

		if (!due_s || row->missing)
			continue;
		if (due_s <= now_s)
			s->due++;
		else if (!s->next_due_s || due_s < s->next_due_s)
			s->next_due_s = due_s;
	}
}

static bool look_into(struct standing *s, const struct config *config, struct store *store,
	int64_t now_s, struct error *e)
{
	struct seen_set *set;
	struct guard guard;
	int64_t pause_s;

	if (!store_check_user(store, s->account->user, e) ||
		!recall_guard(s->account, config->changed_ns, store, &guard, e))
		return false;
	pause_s = guard_pause_s(&guard, s->account->retry_auth, now_s);
	s->next_login_s = pause_s ? now_s + pause_s : 0;
	/* Without a retention no mail is ever due, however many there are to be looked at. */
	if (s->account->policy.keep == KEEP_FOREVER)
		return true;
	set = store_load(store, e);
	if (!set)
		return false;
	count_due(s, set, now_s);
	seen_set_free(set);
	return true;
}

static void look_at_state(struct standing *s, const struct config *config, int64_t now_s)
{
	char *path = xasprintf("%s/%s.db", config->state_dir, s->account->name);
	struct store *store = NULL;

	s->known = store_open_readonly(path, &store, &s->trouble) &&
		(!store || look_into(s, config, store, now_s, &s->trouble));
	/* A run has begun meanwhile. */
	if (!s->known && s->trouble.kind == ERROR_BUSY)
		s->trouble.kind = ERROR_NONE;
	store_free(store);
	free(path);
}

/* A time that is to come is as wrong as one that is long ago; but clocks differ by a little. */
static bool is_late(const struct standing *s, int64_t now_s)
{
	return s->max_age_s &&
		(!s->history.worked_s || llabs(now_s - s->history.worked_s) > s->max_age_s);
}

static enum state judge(const struct standing *s)
{
	if (s->next_login_s)
		return STATE_PAUSED;
	if (s->forgotten.kind)
		return STATE_UNKNOWN;
	if (s->history.since_s)
		return STATE_FAILING;
	if (!s->history.worked_s)
		return STATE_NEVER;
	return s->late ? STATE_LATE : STATE_OK;
}

static void find_out(struct standing *s, const struct account *account, const struct config *config,
	int64_t max_age_s, int64_t now_s)
{
	char *lock = xasprintf("%s/%s.lock", config->state_dir, account->name);

	*s = (struct standing){.account = account, .max_age_s = max_age_s};
	(void)!history_read(config->state_dir, account->name, &s->history, &s->forgotten);
	s->holder = file_lock_holder(lock);
	if (!s->holder)
		look_at_state(s, config, now_s);
	s->late = is_late(s, now_s);
	s->state = judge(s);
	free(lock);
}

/* ---- for people ---- */

enum { GAP = 3, NOTE_MIN = 30, NOTE_BELOW = 4 };

/* "4 min ago"; of a time that is still to come, the day. */
static void write_ago(char *out, size_t room, int64_t then_s, int64_t now_s)
{
	char age[32], day[TEXT_UTC_ROOM];

	if (!then_s) {
		snprintf(out, room, "%s", _("never"));
	} else if (then_s > now_s) {
		text_utc(day, then_s);
		snprintf(out, room, "%.10s", day);
	} else {
		text_age(age, sizeof(age), now_s - then_s);
		snprintf(out, room, _("%s ago"), age);
	}
}

/* Behind what stands there already. */
static void begin_note(struct buf *out)
{
	if (out->len)
		buf_add_text(out, "; ");
}

/* A refused login ends with when the next one was due, as seen from then; it stands in front now.
 */
static struct span last_words(const struct standing *s, const char **why)
{
	struct span text = span_of(quiet_words(&s->history, why));

	if (!s->next_login_s || s->history.last.kind != ERROR_AUTH)
		return text;
	for (size_t i = text.len; i-- > 0;)
		if (strncmp(text.data + i, "; ", 2) == 0)
			return (struct span){text.data, i};
	return text;
}

static void note_failure(struct buf *out, const struct standing *s, int64_t now_s)
{
	const struct quiet *h = &s->history;
	int64_t lasts_s = quiet_lasts_s(h, now_s);
	const char *why;
	char age[32];

	if (!h->since_s)
		return;
	text_age(age, sizeof(age), lasts_s);
	begin_note(out);
	/* A failure that has only just begun has no duration worth a word. */
	if (lasts_s < 60)
		buf_printf(out, _n("%lu failed run", "%lu failed runs", h->failures),
			(unsigned long)h->failures);
	else
		buf_printf(out, _n("%lu failed run in %s", "%lu failed runs in %s", h->failures),
			(unsigned long)h->failures, age);
	buf_printf(out, ": %s", safe(last_words(s, &why)).text);
	if (why[0])
		buf_printf(out, h->last.server ? ": \"%s\"" : ": %s", safe(span_of(why)).text);
}

/* Whether a failure is to blame is told behind it. */
static void note_late(struct buf *out, const struct standing *s)
{
	char limit[32];

	if (!s->late)
		return;
	text_duration(limit, sizeof(limit), s->max_age_s);
	begin_note(out);
	if (s->history.since_s || s->holder)
		buf_printf(out, _("no run went well in the last %s"), limit);
	else
		buf_printf(out,
			_("no run went well in the last %s: does cron or a timer start any?"),
			limit);
}

static void note_due(struct buf *out, const struct standing *s)
{
	char day[TEXT_DAY_ROOM];

	text_day(day, s->next_due_s);
	if (s->due) {
		begin_note(out);
		buf_printf(out,
			_n("%llu message to be deleted", "%llu messages to be deleted", s->due),
			(unsigned long long)s->due);
	}
	if (day[0]) {
		begin_note(out);
		buf_printf(out, _("next deletion %s"), day);
	}
}

static void write_note(struct buf *out, const struct standing *s, int64_t now_s)
{
	char wait[32];

	if (s->holder)
		buf_printf(out, _("a run is under way (pid %lld)"), (long long)s->holder);
	if (s->next_login_s) {
		text_age(wait, sizeof(wait), s->next_login_s - now_s);
		begin_note(out);
		buf_printf(out, _("next login in %s"), wait);
	}
	note_late(out, s);
	note_failure(out, s, now_s);
	note_due(out, s);
}

struct table {
	struct buf *out;
	size_t widths[3]; /* of the columns before the note */
	size_t columns;   /* of the terminal; 0: none */
};

static void widen(size_t *width, const char *text)
{
	size_t columns = screen_width(text);

	if (columns > *width)
		*width = columns;
}

static void add_row(const struct table *t, const char *const cells[3], const char *note)
{
	size_t at = 0;

	for (size_t i = 0; i < 3; i++) {
		fit_add(t->out, span_of(cells[i]), t->widths[i] + GAP, true);
		at += t->widths[i] + GAP;
	}
	if (note && note[0] && (!t->columns || t->columns >= at + NOTE_MIN)) {
		text_wrap(t->out, note, at, t->columns);
		return;
	}
	while (t->out->len && t->out->data[t->out->len - 1] == ' ')
		t->out->len--;
	buf_add_text(t->out, "\n");
	/* There is hardly room behind the rest. */
	if (note && note[0]) {
		buf_printf(t->out, "%*s", NOTE_BELOW, "");
		text_wrap(t->out, note, NOTE_BELOW, t->columns);
	}
}

static void add_table(
	struct buf *out, const struct standing *list, size_t n, size_t columns, int64_t now_s)
{
	const char *const heads[3] = {_("ACCOUNT"), _("STATE"), _("WENT WELL")};
	struct table t = {.out = out, .columns = columns};
	struct buf note = {NULL, 0, 0};
	char ago[48];

	for (size_t k = 0; k < 3; k++)
		widen(&t.widths[k], heads[k]);
	for (size_t i = 0; i < n; i++) {
		write_ago(ago, sizeof(ago), list[i].history.worked_s, now_s);
		widen(&t.widths[0], list[i].account->shown);
		widen(&t.widths[1], _(state_words[list[i].state]));
		widen(&t.widths[2], ago);
	}
	add_row(&t, heads, NULL);
	for (size_t i = 0; i < n; i++) {
		const char *const cells[3] = {
			list[i].account->shown, _(state_words[list[i].state]), ago};

		write_ago(ago, sizeof(ago), list[i].history.worked_s, now_s);
		buf_clear(&note);
		write_note(&note, &list[i], now_s);
		add_row(&t, cells, note.data);
	}
	buf_release(&note);
}

/* ---- for programs ---- */

static void add_event(struct buf *out, const struct standing *s)
{
	const struct quiet *h = &s->history;

	jsonout_begin(out, "status");
	jsonout_text(out, "account", s->account->shown);
	jsonout_text(out, "status", state_names[s->state]);
	jsonout_time(out, "worked", h->worked_s ? h->worked_s : -1);
	if (s->max_age_s)
		jsonout_bool(out, "late", s->late);
	jsonout_number(out, "failures", h->failures);
	if (h->since_s) {
		jsonout_time(out, "failing_since", h->since_s);
		jsonout_time(out, "failed", h->failed_s);
		json_add_trouble(out, &h->last);
	}
	if (s->next_login_s)
		jsonout_time(out, "next_login", s->next_login_s);
	if (s->holder)
		jsonout_number(out, "pid", s->holder);
	if (s->known) {
		jsonout_number(out, "to_delete", (int64_t)s->due);
		jsonout_time(out, "next_deletion", s->next_due_s ? s->next_due_s : -1);
	}
	jsonout_end(out);
}

/* ---- both ---- */

/* That none is recent enough weighs more than that the last one failed for a time only. */
enum { LATE = 1, TEMPORARY = 75 };

static int last_code(const struct standing *list, size_t n)
{
	int code = 0;

	for (size_t i = 0; i < n; i++) {
		int one = error_exit_code(list[i].history.last.kind);

		if (one && one != TEMPORARY)
			return one;
		if (list[i].late)
			code = LATE;
		else if (one && code != LATE)
			code = one;
	}
	return code;
}

/* What could not be found out: the exit code of the first; 0: there is none. */
static int tell_troubles(const struct standing *list, size_t n, struct report_style style)
{
	int code = 0;

	for (size_t i = 0; i < n; i++) {
		const struct error *const troubles[] = {&list[i].forgotten, &list[i].trouble};

		for (size_t k = 0; k < sizeof(troubles) / sizeof(troubles[0]); k++) {
			if (!troubles[k]->kind)
				continue;
			report_error(style, list[i].account->shown, troubles[k]);
			code = code ? code : error_exit_code(troubles[k]->kind);
		}
	}
	return code;
}

int verb_status(const struct config *config, struct account *const *accounts, size_t n,
	const struct cli *cli, struct report_style style, size_t columns)
{
	struct standing *list = xcalloc(n, sizeof(*list));
	int64_t now_s = clock_wall_s();
	struct buf out = {NULL, 0, 0};
	int code = 0, troubled;

	for (size_t i = 0; i < n; i++)
		find_out(&list[i], accounts[i], config, cli->max_age_s, now_s);
	for (size_t i = 0; style.json && i < n; i++)
		add_event(&out, &list[i]);
	if (!style.json && cli->verbosity != CLI_QUIET)
		add_table(&out, list, n, columns, now_s);
	if (out.len)
		code = verb_print_events(&out, style);
	troubled = tell_troubles(list, n, style);
	if (!code)
		code = troubled ? troubled : cli->exit_code ? last_code(list, n) : 0;
	buf_release(&out);
	free(list);
	return code;
}
