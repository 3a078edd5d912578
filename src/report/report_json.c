/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The same facts as the words of report.c, and all of them: what -q and -v leave out or add there
 * makes no difference here. What was found out about an account is told when it is known, but a
 * check of doctor only when its details are.
 */
#include "report/report_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/jsonout.h"
#include "report/output.h"

/* Of one account. */
struct json_account {
	struct buf check; /* doctor: the last one, which may get more details */
	bool detailed;    /* its list of details has begun */
	uint64_t checks, failed, notes;
};

struct json_view {
	const struct report_setting *setting;
	struct json_account *accounts;
};

struct json_view *json_view_new(const struct report_setting *setting)
{
	struct json_view *j = xcalloc(1, sizeof(*j));

	j->setting = setting;
	j->accounts = xcalloc(setting->n, sizeof(*j->accounts));
	return j;
}

void json_view_free(struct json_view *j)
{
	if (!j)
		return;
	for (size_t i = 0; i < j->setting->n; i++)
		buf_release(&j->accounts[i].check);
	free(j->accounts);
	free(j);
}

/* ---- errors ---- */

/* What is said about a trouble, and what can be done. */
static void add_reason(struct buf *out, const struct error *e)
{
	if (e->why[0])
		jsonout_text(out, e->server ? "server" : "why", e->why);
	if (e->remedy[0] && e->lead[0])
		jsonout_text(out, "hint_intro", e->lead);
	if (e->remedy[0])
		jsonout_text(out, "hint", e->remedy);
}

void json_add_trouble(struct buf *out, const struct error *e)
{
	if (e->kind) {
		jsonout_number(out, "code", error_exit_code(e->kind));
		jsonout_text(out, "kind", error_name(e->kind));
		jsonout_bool(out, "temporary", error_temporary(e->kind));
	}
	jsonout_text(out, "message", e->text);
	add_reason(out, e);
}

static void add_event(
	struct buf *out, const char *event, const char *account, const struct error *e)
{
	jsonout_begin(out, event);
	if (account)
		jsonout_text(out, "account", account);
	json_add_trouble(out, e);
	jsonout_end(out);
}

static bool put(struct buf *line)
{
	int err = output_write(STDOUT_FILENO, line);

	buf_release(line);
	errno = err;
	return err == 0;
}

bool json_put_error(const char *who, const struct error *e)
{
	struct buf b = {NULL, 0, 0};

	add_event(&b, "error", who, e);
	return put(&b);
}

static void add_warning(struct buf *out, const char *who, const struct error *e)
{
	struct error w = *e;

	/* Nothing ends with its code. */
	w.kind = ERROR_NONE;
	add_event(out, "warning", who, &w);
}

bool json_put_warning(const char *who, const struct error *e)
{
	struct buf b = {NULL, 0, 0};

	add_warning(&b, who, e);
	return put(&b);
}

int report_end(struct report_style style, bool part, int code)
{
	struct buf b = {NULL, 0, 0};
	struct error e;

	if (!style.json)
		return code;
	jsonout_begin(&b, "end");
	jsonout_number(&b, "code", code);
	jsonout_end(&b);
	if (put(&b))
		return code;
	if (part)
		report_reader_gone(errno);
	/* Who has failed before has said so already. */
	if (code > 1)
		return code;
	report_stdout_failed(errno, &e);
	report_error((struct report_style){.multi_line = style.multi_line, .color = style.color},
		NULL, &e);
	return error_exit_code(e.kind);
}

/* ---- messages ---- */

static void begin(const struct json_view *j, struct buf *out, const char *event, uint32_t account)
{
	jsonout_begin(out, event);
	jsonout_text(out, "account", j->setting->names[account]);
}

static void add_count(struct buf *out, const char *name, uint64_t count)
{
	jsonout_number(out, name, count > INT64_MAX ? INT64_MAX : (int64_t)count);
}

static void add_known_text(struct buf *out, const char *name, const char *text)
{
	if (text[0])
		jsonout_text(out, name, text);
}

static void add_message(const struct json_view *j, const struct report *what, struct buf *out)
{
	const char *place = j->setting->places ? j->setting->places[what->account] : NULL;

	begin(j, out, "message", what->account);
	add_known_text(out, "uid", what->u.message.uid);
	add_count(out, "size", what->u.message.octets);
	if (place)
		jsonout_text(out, "to", place);
	add_known_text(out, "file", what->u.message.where);
	jsonout_end(out);
}

/* What the next run does with a message, and why. */
static void add_plan(struct buf *out, bool fetch, bool remove, enum plan_why why, int64_t until_s)
{
	static const char *const whys[PLAN_WHYS] = {
		[PLAN_NEW] = "new",
		[PLAN_AGAIN] = "again",
		[PLAN_RETRY] = "retry",
		[PLAN_SEEN] = "seen",
		[PLAN_MARKED] = "marked",
		[PLAN_KEPT] = "kept",
		[PLAN_EXPIRED] = "expired",
		[PLAN_DELETE] = "delete",
		[PLAN_DELETE_AGAIN] = "delete-again",
		[PLAN_DOUBT] = "doubt",
		[PLAN_TOO_BIG] = "too-big",
		[PLAN_SET_ASIDE] = "set-aside",
		[PLAN_OVER_LIMIT] = "over-limit",
	};

	jsonout_bool(out, "fetch", fetch);
	jsonout_bool(out, "delete", remove);
	jsonout_text(out, "why", whys[why]);
	jsonout_time(out, "until", until_s);
}

static void add_item(const struct json_view *j, const struct report *what, struct buf *out)
{
	begin(j, out, "plan", what->account);
	jsonout_number(out, "number", what->u.item.msg);
	add_known_text(out, "uid", what->u.item.uid);
	if (what->u.item.size)
		add_count(out, "size", what->u.item.size);
	add_plan(out, what->u.item.fetch, what->u.item.remove, what->u.item.why,
		what->u.item.why == PLAN_KEPT ? what->u.item.until_s : -1);
	jsonout_end(out);
}

static void add_listed(const struct json_view *j, const struct report *what, struct buf *out)
{
	static const char *const states[LISTED_STATES] = {[LISTED_NEW] = "new",
		[LISTED_FAILED] = "failed",
		[LISTED_SEEN] = "seen",
		[LISTED_MARKED] = "marked"};

	begin(j, out, "listed", what->account);
	jsonout_number(out, "number", what->u.listed.msg);
	add_known_text(out, "uid", what->u.listed.uid);
	if (what->u.listed.size >= 0)
		jsonout_number(out, "size", what->u.listed.size);
	jsonout_text(out, "state", states[what->u.listed.state]);
	jsonout_time(out, "since", what->u.listed.since_s);
	add_plan(out, what->u.listed.fetch, what->u.listed.remove, what->u.listed.why,
		what->u.listed.until_s);
	jsonout_bool(out, "header", what->u.listed.has_header);
	jsonout_time(out, "date", what->u.listed.date_s);
	add_known_text(out, "from_name", what->u.listed.name);
	add_known_text(out, "from_address", what->u.listed.address);
	add_known_text(out, "subject", what->u.listed.subject);
	jsonout_end(out);
}

/* ---- doctor ---- */

static void end_check(struct json_account *a, struct buf *out)
{
	if (!a->check.len)
		return;
	if (a->detailed)
		jsonout_list_end(&a->check);
	jsonout_end(&a->check);
	buf_add(out, a->check.data, a->check.len);
	buf_clear(&a->check);
	a->detailed = false;
}

static void add_detail(struct json_account *a, const struct report_check *check)
{
	const char *text = check->text, *gap = strstr(text, "  ");

	if (!a->check.len)
		return;
	if (!a->detailed)
		jsonout_list(&a->check, "details");
	a->detailed = true;
	/* "owner    CN=..." */
	jsonout_object(&a->check, NULL);
	if (gap)
		jsonout_span(&a->check, "name", (struct span){text, (size_t)(gap - text)});
	jsonout_text(&a->check, "value", gap ? gap + strspn(gap, " ") : text);
	jsonout_object_end(&a->check);
}

static void begin_check(
	const struct json_view *j, uint32_t account, const struct report_check *check)
{
	static const char *const results[CHECK_MARKS] = {[CHECK_OK] = "ok",
		[CHECK_NOTE] = "note",
		[CHECK_FAILED] = "failed",
		[CHECK_SKIPPED] = "skipped"};
	struct json_account *a = &j->accounts[account];

	a->checks += check->mark != CHECK_SKIPPED;
	a->failed += check->mark == CHECK_FAILED;
	a->notes += check->mark == CHECK_NOTE;
	begin(j, &a->check, "check", account);
	jsonout_text(&a->check, "check", check->label);
	jsonout_text(&a->check, "result", results[check->mark]);
	if (check->ms >= 0)
		jsonout_seconds(&a->check, "seconds", check->ms);
	if (check->mark == CHECK_FAILED) {
		json_add_trouble(&a->check, &check->error);
		return;
	}
	jsonout_text(&a->check, "message", check->text[0] ? check->text : check->error.text);
	add_reason(&a->check, &check->error);
}

static void take_check(const struct json_view *j, const struct report *what, struct buf *out)
{
	struct json_account *a = &j->accounts[what->account];

	switch (what->u.check.mark) {
	case CHECK_DETAIL:
		add_detail(a, &what->u.check);
		break;
	case CHECK_OK:
	case CHECK_NOTE:
	case CHECK_FAILED:
	case CHECK_SKIPPED:
		end_check(a, out);
		begin_check(j, what->account, &what->u.check);
		break;
	case CHECK_TITLE:
	case CHECK_RUNNING:
	case CHECK_MARKS:
		break;
	}
}

/* ---- accounts ---- */

/* Octets that are not known are left out. */
static void add_new(struct buf *out, uint64_t mails, uint64_t octets)
{
	add_count(out, "new", mails);
	if (!mails || octets)
		add_count(out, "bytes", octets);
}

static void add_counts(const struct json_view *j, const struct json_account *a,
	const struct report *what, struct buf *out)
{
	const struct report_counts *c = &what->u.end.counts;

	if (j->setting->checks) {
		add_count(out, "checks", a->checks);
		add_count(out, "failed_checks", a->failed);
		add_count(out, "notes", a->notes);
		return;
	}
	if (j->setting->no_summary)
		return;
	if (j->setting->lists) {
		add_count(out, "messages", c->there);
		add_count(out, "listed", c->listed);
		add_new(out, c->new_mails, c->octets);
		return;
	}
	if (j->setting->on_stdout) {
		add_new(out, c->new_mails, c->octets);
	} else {
		add_new(out, c->mails, c->octets);
		add_count(out, "deleted", c->deleted);
		add_count(out, "marked", c->marked);
		add_count(out, "failed", c->failed);
		add_count(out, "left", c->left);
	}
	add_count(out, "seen", c->seen);
	add_count(out, "too_big", c->too_big);
	add_count(out, "over_limit", c->over_limit);
}

static void add_account(const struct json_view *j, const struct report *what, struct buf *out)
{
	struct json_account *a = &j->accounts[what->account];
	const struct report_counts *c = &what->u.end.counts;
	const struct error *e = &what->u.end.error;

	end_check(a, out);
	begin(j, out, "account", what->account);
	jsonout_text(out, "status", e->kind ? "error" : c->locked ? "locked" : "ok");
	if (e->kind)
		json_add_trouble(out, e);
	if (!c->locked)
		add_counts(j, a, what, out);
	if (!j->setting->checks)
		jsonout_seconds(out, "seconds", c->ms);
	jsonout_end(out);
}

void json_view_take(struct json_view *j, const struct report *what, struct buf *out)
{
	switch (what->type) {
	case REPORT_WAITING:
		begin(j, out, "waiting", what->account);
		add_count(out, "pid", what->u.number);
		jsonout_end(out);
		break;
	case REPORT_MESSAGE:
		add_message(j, what, out);
		break;
	case REPORT_ITEM:
		add_item(j, what, out);
		break;
	case REPORT_LISTED:
		add_listed(j, what, out);
		break;
	case REPORT_CHECK:
		take_check(j, what, out);
		break;
	case REPORT_WARNING:
		add_warning(out, j->setting->names[what->account], &what->u.error);
		break;
	case REPORT_DONE:
		add_account(j, what, out);
		break;
	case REPORT_STEP:
	case REPORT_PLAN:
	case REPORT_PROGRESS:
	case REPORT_AGAIN: /* "ok" says it */
	case REPORT_TRACE:
	case REPORT_SERVER:
	case REPORT_MAILBOX:
	case REPORT_COMMAND:
		break;
	}
}
