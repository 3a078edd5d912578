/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sentences that the facts of workers become. A summary is chatter and goes to
 * standard error, unless it is what was asked for (check, --dry-run). Every line is written with
 * one call, so that the lines of several programs at one terminal or log stay whole; live lines are
 * taken away first.
 */
#include "report/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/mem.h"
#include "base/text.h"
#include "report/output.h"
#include "report/report_check.h"
#include "report/report_error.h"
#include "report/report_json.h"
#include "report/report_list.h"
#include "report/report_summary.h"
#include "report/report_tty.h"
#include "report/screen.h"

/* 0, or the reason; a reader that is gone is none to stop fetching. */
static int put(int fd, const struct buf *lines)
{
	return output_write(fd, lines);
}

bool report_stdout_failed(int err, struct error *e)
{
	if (err == ETIMEDOUT)
		return error_set(e, ERROR_STORE,
			"nobody reads standard output: what was still to be said is left out");
	return err == EBADF ? error_set(e, ERROR_STORE, "standard output is closed")
			    : error_sys(e, ERROR_STORE, err, "cannot write to standard output");
}

void report_reader_gone(int err)
{
	struct sigaction end = {.sa_handler = SIG_DFL};

	if (err != EPIPE)
		return;
	sigemptyset(&end.sa_mask);
	sigaction(SIGPIPE, &end, NULL);
	raise(SIGPIPE);
}

struct account_view {
	bool waited;      /* said that another process has the account */
	bool ended;       /* not by being interrupted */
	struct error cut; /* how it was, if it was */
	struct summary_items shown;
	struct buf items; /* lines that wait for the account's end, so that it stays in one piece */
};

struct reporter {
	struct report_setting setting;
	struct account_view *accounts;
	struct live *live;      /* NULL: none */
	struct checks *checks;  /* NULL: no doctor */
	struct list_view *list; /* NULL: no list */
	struct json_view *json; /* NULL: words, and the above */
	size_t name_width;
	size_t why_width;
	int stdout_failed; /* the first reason why output was lost; 0: none was */
};

static void add_kept_until(struct buf *b, const char *day)
{
	buf_printf(b, _("seen before, kept until %s"), day);
}

/* Of the widest reason that an item of --dry-run can have. */
static size_t why_width(void)
{
	struct buf kept = {NULL, 0, 0};
	size_t widest;

	add_kept_until(&kept, "2026-12-24");
	widest = screen_width(kept.data);
	buf_release(&kept);
	for (int why = 0; why < PLAN_WHYS; why++) {
		size_t width = screen_width(plan_why_text((enum plan_why)why));

		if (width > widest)
			widest = width;
	}
	return widest;
}

struct reporter *reporter_new(const struct report_setting *setting)
{
	struct reporter *r = xcalloc(1, sizeof(*r));

	r->setting = *setting;
	r->accounts = xcalloc(setting->n, sizeof(*r->accounts));
	if (setting->style.json) {
		r->json = json_view_new(&r->setting);
		return r;
	}
	for (size_t i = 0; i < setting->n; i++) {
		size_t width = screen_width(setting->names[i]);

		if (width > r->name_width)
			r->name_width = width;
	}
	r->why_width = why_width();
	if (setting->progress && setting->verbosity > REPORT_QUIET)
		r->live = live_new(&r->setting, r->name_width);
	if (setting->checks)
		r->checks = checks_new(&r->setting);
	if (setting->lists)
		r->list = list_view_new(&r->setting);
	return r;
}

void reporter_free(struct reporter *r)
{
	if (!r)
		return;
	live_free(r->live);
	checks_free(r->checks);
	list_view_free(r->list);
	json_view_free(r->json);
	for (size_t i = 0; i < r->setting.n; i++)
		buf_release(&r->accounts[i].items);
	free(r->accounts);
	free(r);
}

int reporter_tick(struct reporter *r)
{
	return r->live ? live_tick(r->live) : -1;
}

bool reporter_wrote_all(const struct reporter *r, struct error *e)
{
	return !r->stdout_failed || report_stdout_failed(r->stdout_failed, e);
}

static void clear_live(struct reporter *r)
{
	struct buf b = {NULL, 0, 0};

	if (r->live)
		live_erase(r->live);
	if (r->checks && checks_erase(r->checks, &b))
		(void)put(STDOUT_FILENO, &b);
	buf_release(&b);
}

static void begin_line(const struct reporter *r, struct buf *b, uint32_t account)
{
	const char *name = r->setting.names[account];

	buf_printf(b, "%s%*s", name, (int)(r->name_width - screen_width(name)) + 3, "");
}

/* Writes whole lines, and releases them. */
static void put_over(struct reporter *r, int fd, struct buf *b)
{
	int failed = fd == STDERR_FILENO ? report_stderr(b, REPORT_INFO) : put(fd, b);

	/* The worker, which may have much more to tell, ends with this process. */
	if ((r->setting.lists || r->setting.checks || r->setting.on_stdout) && fd == STDOUT_FILENO)
		report_reader_gone(failed);
	if (fd == STDOUT_FILENO && !r->stdout_failed)
		r->stdout_failed = failed;
	buf_release(b);
}

/* The same above what is live, or in its place. */
static void put_text(struct reporter *r, int fd, struct buf *b)
{
	if (r->live && fd == STDERR_FILENO) {
		live_over(r->live, b);
		buf_release(b);
		return;
	}
	clear_live(r);
	put_over(r, fd, b);
}

static void put_error(
	struct reporter *r, enum report_severity severity, uint32_t account, const struct error *e)
{
	const char *who = r->setting.names[account];
	struct buf b = {NULL, 0, 0};

	if (r->live) {
		report_error_add(&b, r->setting.style, severity, who, e);
		put_text(r, STDERR_FILENO, &b);
		return;
	}
	clear_live(r);
	if (severity == REPORT_IS_NOTE)
		report_note(r->setting.style, who, e);
	else if (severity == REPORT_IS_WARNING)
		report_caution(r->setting.style, who, e);
	else
		report_error(r->setting.style, who, e);
}

static void put_line(struct reporter *r, int fd, struct buf *b)
{
	buf_add_text(b, "\n");
	put_text(r, fd, b);
}

static void show_summary(struct reporter *r, uint32_t account, const struct report_counts *c)
{
	bool found = r->setting.on_stdout;
	struct buf b = {NULL, 0, 0};

	if (r->setting.no_summary ||
		r->setting.verbosity < (found ? REPORT_ERRORS : REPORT_SUMMARY))
		return;
	begin_line(r, &b, account);
	if (c->locked)
		buf_add_text(&b, _("another ambil is fetching; skipped"));
	else if (r->list)
		summary_listed(&b, c);
	else if (found)
		summary_found(&b, c, &r->accounts[account].shown);
	else
		summary_fetched(&b, c, r->setting.destinations[account]);
	put_line(r, found ? STDOUT_FILENO : STDERR_FILENO, &b);
}

static void put_items(struct reporter *r, uint32_t account)
{
	struct buf *items = &r->accounts[account].items;

	if (items->len)
		put_text(r, STDOUT_FILENO, items);
}

static void show_end(
	struct reporter *r, uint32_t account, const struct report_counts *c, const struct error *e)
{
	put_items(r, account);
	/* What came before an error is worth a line; that nothing came is not. */
	if (!e->kind || (!r->setting.on_stdout && (c->mails || c->deleted)))
		show_summary(r, account, c);
	/* Of several that are interrupted, one line tells. */
	if (e->kind == ERROR_INTERRUPTED || e->kind == ERROR_TERMINATED) {
		r->accounts[account].cut = *e;
		return;
	}
	r->accounts[account].ended = true;
	if (!e->kind || (c->said && r->setting.verbosity <= REPORT_ERRORS))
		return;
	put_error(r, REPORT_IS_ERROR, account, e);
}

void reporter_sum_up(struct reporter *r)
{
	size_t cut = 0, left = 0, last = 0;
	struct error e = {.kind = ERROR_NONE};

	for (size_t i = 0; i < r->setting.n; i++) {
		left += !r->accounts[i].ended;
		if (!r->accounts[i].cut.kind)
			continue;
		cut++;
		last = i;
	}
	if (cut == 0)
		return;
	if (cut == 1) {
		put_error(r, REPORT_IS_ERROR, (uint32_t)last, &r->accounts[last].cut);
		return;
	}
	error_set(&e, r->accounts[last].cut.kind,
		_n("interrupted; %zu of %zu accounts is not done",
			"interrupted; %zu of %zu accounts are not done", left),
		left, r->setting.n);
	clear_live(r);
	report_error(r->setting.style, NULL, &e);
}

/* Why, and for mail that is kept for a time until when. */
static void add_why(struct buf *b, const struct report *what, size_t width)
{
	struct buf text = {NULL, 0, 0};
	char day[TEXT_DAY_ROOM];

	text_day(day, what->u.item.until_s);
	if (what->u.item.why == PLAN_KEPT && day[0])
		add_kept_until(&text, day);
	else
		buf_add_text(&text, plan_why_text(what->u.item.why));
	text_pad(b, text.data, width);
	buf_release(&text);
}

static void show_item(struct reporter *r, const struct report *what)
{
	struct account_view *view = &r->accounts[what->account];
	bool fetch = what->u.item.fetch, remove = what->u.item.remove;
	struct buf b = {NULL, 0, 0};
	char size[32] = "";

	view->shown.n++;
	view->shown.fetch += fetch;
	view->shown.remove += remove;
	view->shown.octets += fetch ? what->u.item.size : 0;
	if (r->setting.verbosity < REPORT_ERRORS)
		return;
	if (what->u.item.size)
		text_size(size, sizeof(size), what->u.item.size);
	if (r->setting.n > 1)
		begin_line(r, &b, what->account);
	buf_printf(&b, "%3lu  ", (unsigned long)what->u.item.msg);
	add_why(&b, what, r->why_width);
	buf_printf(&b, "  %10s  %s", size,
		fetch ? (remove ? _("fetch, then delete") : _("fetch"))
		      : (remove ? _("delete") : _("leave alone")));
	if (r->setting.verbosity >= REPORT_VERBOSE)
		buf_printf(&b, "  %s", what->u.item.uid);
	if (r->setting.n == 1) {
		put_line(r, STDOUT_FILENO, &b);
		return;
	}
	buf_printf(&view->items, "%s\n", b.data);
	buf_release(&b);
}

static void show_waiting(struct reporter *r, const struct report *what)
{
	struct buf b = {NULL, 0, 0};

	if (r->accounts[what->account].waited || r->setting.verbosity < REPORT_SUMMARY)
		return;
	r->accounts[what->account].waited = true;
	buf_printf(&b, _("%s: another ambil (pid %llu) is fetching, waiting%s"),
		r->setting.names[what->account], (unsigned long long)what->u.number,
		screen_utf8() ? "…" : "...");
	put_line(r, STDERR_FILENO, &b);
}

/* A line of chatter for -v and -d. */
static void show_text(
	struct reporter *r, uint32_t account, enum report_verbosity from, const char *text)
{
	struct buf b = {NULL, 0, 0};

	if (r->setting.verbosity < from)
		return;
	if (from < REPORT_DEBUG || r->setting.n > 1)
		begin_line(r, &b, account);
	buf_add_text(&b, text);
	put_line(r, STDERR_FILENO, &b);
}

static void show_message(struct reporter *r, const struct report *what)
{
	const char *where = what->u.message.where;
	char size[32], text[REPORT_UID_ROOM + 400];

	text_size(size, sizeof(size), what->u.message.octets);
	snprintf(text, sizeof(text), "%s  %s%s%s", what->u.message.uid, size, where[0] ? "  " : "",
		where);
	show_text(r, what->account, REPORT_VERBOSE, text);
}

static void show_again(struct reporter *r, const struct report *what)
{
	unsigned long failures = what->u.again.failures;
	struct error e = {.kind = ERROR_NONE};
	char lasted[32];

	if (r->setting.verbosity < REPORT_ERRORS)
		return;
	text_age(lasted, sizeof(lasted), what->u.again.lasted_s);
	/* Unknown, or not worth a word. */
	if (what->u.again.lasted_s < 60)
		snprintf(e.text, sizeof(e.text),
			_n("works again (%lu failed run)", "works again (%lu failed runs)",
				failures),
			failures);
	else
		snprintf(e.text, sizeof(e.text),
			_n("works again after %s (%lu failed run)",
				"works again after %s (%lu failed runs)", failures),
			lasted, failures);
	put_error(r, REPORT_IS_NOTE, what->account, &e);
}

/* Doctor: all that is not said by a check is left to -d, but for how a worker ended without a word.
 */
static void show_check(struct reporter *r, const struct report *what)
{
	struct buf b = {NULL, 0, 0};
	bool told = checks_take(r->checks, what, &b);

	if (b.len)
		put_over(r, STDOUT_FILENO, &b);
	if (!told)
		report_error(r->setting.style, r->setting.names[what->account], &what->u.end.error);
}

static void show_listed(struct reporter *r, const struct report *what)
{
	struct buf b = {NULL, 0, 0};

	if (!r->list)
		return;
	list_view_add(r->list, what, &b);
	put_text(r, STDOUT_FILENO, &b);
}

/* An error must not get lost with the output. */
static void show_json(struct reporter *r, const struct report *what)
{
	struct buf b = {NULL, 0, 0};

	json_view_take(r->json, what, &b);
	if (b.len)
		put_over(r, STDOUT_FILENO, &b);
	if (r->stdout_failed && what->type == REPORT_DONE && what->u.end.error.kind) {
		struct report_style style = r->setting.style;

		style.json = false;
		report_error(style, r->setting.names[what->account], &what->u.end.error);
	}
}

void reporter_stopping(struct reporter *r, int signal_number)
{
	struct buf b = {NULL, 0, 0};

	if (r->live)
		live_stopping(r->live);
	if (r->json || !r->setting.style.multi_line || r->setting.verbosity < REPORT_SUMMARY)
		return;
	/* Over the ^C that the terminal has shown. */
	buf_printf(&b, "\r%s",
		signal_number == SIGINT ? _("stopping in good order; Ctrl-C again stops at once")
					: _("stopping in good order; Ctrl-C stops at once"));
	put_line(r, STDERR_FILENO, &b);
}

void reporter_take(struct reporter *r, const struct report *what)
{
	if (r->json && what->type != REPORT_TRACE) {
		show_json(r, what);
		return;
	}
	if (r->live)
		live_take(r->live, what);
	if (r->checks && what->type != REPORT_TRACE) {
		show_check(r, what);
		return;
	}
	switch (what->type) {
	case REPORT_STEP:
		show_text(r, what->account, REPORT_VERBOSE, what->u.text);
		break;
	case REPORT_WAITING:
		show_waiting(r, what);
		break;
	case REPORT_MESSAGE:
		show_message(r, what);
		break;
	case REPORT_ITEM:
		show_item(r, what);
		break;
	case REPORT_WARNING:
		if (r->setting.verbosity >= REPORT_ERRORS)
			put_error(r, REPORT_IS_WARNING, what->account, &what->u.error);
		break;
	case REPORT_AGAIN:
		show_again(r, what);
		break;
	case REPORT_LISTED:
		show_listed(r, what);
		break;
	case REPORT_TRACE:
		show_text(r, what->account, REPORT_DEBUG, what->u.text);
		break;
	case REPORT_DONE:
		show_end(r, what->account, &what->u.end.counts, &what->u.end.error);
		break;
	case REPORT_PLAN:
	case REPORT_PROGRESS:
	case REPORT_CHECK:
	case REPORT_SERVER:
	case REPORT_MAILBOX:
	case REPORT_COMMAND:
		break;
	}
}
