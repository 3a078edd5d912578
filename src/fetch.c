/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The story of one account: lock, state, destination, what an earlier run left over, log in, list,
 * plan, retrieve, remove, QUIT, and the notes for the next run. Each step is a function;
 * fetch_account() tells the order. Looking (check, --dry-run) takes neither lock nor destination
 * and writes nothing.
 */
#include "fetch.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "listing.h"
#include "recover.h"
#include "retrieve.h"
#include "session.h"

enum {
	LOCK_POLL_MS = 200,
	/* A removed mail's row stays this long after the mail left the listing: servers flap. */
	REMOVED_KEEP_S = 30 * 86400,
};

struct fetch {
	const struct account *account;
	const struct run_order *order;
	struct secret *password;
	int report_fd;
	int lock_fd;
	char *mark; /* account and state file: whose leftovers may be swept */
	struct sink *sink;
	struct store *store;
	struct seen_set *seen;
	struct session_setting session_setting;
	struct session *session;
	struct listing listing;
	struct plan plan;
	struct report_counts counts;
};

static bool only_looks(const struct fetch *f)
{
	return f->order->mode == RUN_CHECK || f->order->mode == RUN_DRY;
}

static char *state_file(const struct fetch *f, const char *ending)
{
	return xasprintf("%s/%s.%s", f->order->state_dir, f->account->name, ending);
}

/* ---- before the network ---- */

/* False with counts.locked set and no error: another run has the account. */
static bool take_lock(struct fetch *f, struct error *e)
{
	char *path = state_file(f, "lock");
	bool told = false;
	enum file_lock lock;
	pid_t holder = 0;

	while ((lock = file_lock(path, &f->lock_fd, &holder, e)) == FILE_LOCK_TAKEN) {
		if (!f->order->wait_locked) {
			f->counts.locked = true;
			break;
		}
		if (*f->order->stop) {
			error_set(e, ERROR_INTERRUPTED, "interrupted");
			break;
		}
		if (!told)
			report_send(f->report_fd,
				&(struct report){
					.type = REPORT_WAITING, .u.number = (uint64_t)holder});
		told = true;
		poll(&(struct pollfd){.fd = f->order->stop_fd, .events = POLLIN}, 1, LOCK_POLL_MS);
	}
	free(path);
	return lock == FILE_LOCK_HELD;
}

static bool open_state(struct fetch *f, struct error *e)
{
	char *path = state_file(f, "db");
	const struct account *a = f->account;
	bool done;

	if (only_looks(f)) {
		done = store_open_readonly(path, &f->store, e);
	} else {
		f->store = store_open(path, a->endpoint.host, a->user, e);
		done = f->store != NULL;
	}
	free(path);
	return done;
}

static bool recover_and_tell(struct fetch *f, struct error *e)
{
	struct recovery done;

	if (!recover(
		    f->store, f->sink, &f->account->destination, f->mark, clock_wall_s(), &done, e))
		return false;
	if (done.unsure) {
		struct error w = {0};

		error_set(&w, ERROR_LATER,
			"%llu messages of an interrupted run may come a second time: %.200s",
			(unsigned long long)done.unsure, done.unsure_why.text);
		report_warning(f->report_fd, &w);
	}
	return true;
}

/* Lock, state and destination, in this order: nothing is touched without the lock. */
static bool open_local(struct fetch *f, struct error *e)
{
	if (only_looks(f))
		return open_state(f, e);
	if (!file_make_folders(f->order->state_dir, ERROR_STORE, e) || !take_lock(f, e) ||
		!open_state(f, e))
		return false;
	if (f->order->mode == RUN_FROM_NOW)
		return true;
	f->mark = xasprintf("%s/%s", f->order->state_dir, f->account->name);
	f->sink = sink_open(&f->account->destination, f->mark, e);
	return f->sink && recover_and_tell(f, e);
}

static bool find_password(struct fetch *f, struct error *e)
{
	struct secret_sources sources = account_secret_sources(f->account);

	if (f->password->value)
		return true;
	if (!secret_find(&sources, f->password, e))
		return false;
	return f->password->value || secret_missing(&sources, e);
}

/* ---- the listing ---- */

static bool wants_sizes(const struct fetch *f)
{
	return f->account->policy.size_max || f->order->sizes || only_looks(f);
}

static bool interrupted(const struct fetch *f, struct error *e)
{
	return error_set(
		e, *f->order->stop == SIGINT ? ERROR_INTERRUPTED : ERROR_TERMINATED, "interrupted");
}

static bool next_event(struct fetch *f, struct pop3_event *ev, struct error *e)
{
	switch (session_next(f->session, -1, true, ev, e)) {
	case SESSION_EVENT:
		return true;
	case SESSION_WOKEN:
		return interrupted(f, e);
	case SESSION_FAILED:
		break;
	}
	return false;
}

/* One listing whose command is on its way. *ok: the server has it. */
static bool read_listing(struct fetch *f,
	bool (*add)(struct listing *, struct span, struct error *), bool *ok, struct pop3_event *ev,
	struct error *e)
{
	if (!next_event(f, ev, e))
		return false;
	*ok = ev->ok;
	if (!ev->ok)
		return true;
	do {
		if (!next_event(f, ev, e))
			return false;
		if (ev->type == POP3_LINE && !add(&f->listing, ev->text, e))
			return false;
	} while (ev->type != POP3_END);
	return true;
}

static bool ask_sizes(struct fetch *f, bool sent, struct error *e)
{
	struct pop3_event ev;
	bool ok;

	if (!sent && !session_send(f->session, &(struct pop3_command){.verb = POP3_LIST}, e))
		return false;
	if (!read_listing(f, listing_add_size, &ok, &ev, e))
		return false;
	if (ok)
		return true;
	error_set(e, ERROR_PROTOCOL, "%s refuses LIST", f->account->endpoint.host);
	return error_server(e, ev.text);
}

static bool warn_once(struct fetch *f, const char *fact, const char *value, const struct error *w,
	struct error *e)
{
	char said[40] = "";

	if (!f->store || only_looks(f))
		return true;
	if (!store_get(f->store, fact, said, sizeof(said), e))
		return false;
	if (strcmp(said, value) == 0)
		return true;
	report_warning(f->report_fd, w);
	return store_set(f->store, fact, value, e);
}

/* Without UIDs mail that stays cannot be told from new mail: then only deleting is possible. */
static bool live_without_uids(struct fetch *f, struct error *e)
{
	const char *host = f->account->endpoint.host;
	struct error w = {0};

	if (f->account->policy.keep != KEEP_NOT || f->order->mode == RUN_FROM_NOW) {
		error_set(e, ERROR_CAPABILITY,
			"%s has no UIDL, so mail kept there could not be told from new mail", host);
		return error_remedy(
			e, "to delete mail there once it is delivered here", "keep = false");
	}
	error_set(&w, ERROR_CAPABILITY,
		"%s has no UIDL: a message whose deletion is interrupted will come again", host);
	return warn_once(f, "said-no-uidl", "yes", &w, e);
}

static bool list_mail(struct fetch *f, struct error *e)
{
	bool ahead = session_pipelining(f->session), has_uids;
	struct pop3_event ev;

	if (!read_listing(f, listing_add_uid, &has_uids, &ev, e))
		return false;
	/* The second listing, if wanted, came with the first where pipelining allowed it. */
	if (wants_sizes(f) ? !ask_sizes(f, ahead, e) : !has_uids && !ask_sizes(f, false, e))
		return false;
	return has_uids || live_without_uids(f, e);
}

/* A removed mail that is listed again is told from a UID used anew by its size. */
static bool needs_sizes_to_tell(const struct fetch *f)
{
	for (size_t i = 0; !f->listing.has_sizes && i < f->listing.n; i++) {
		const struct seen *seen = f->listing.mails[i].seen;

		if (seen && seen->state == STORE_REMOVED && seen->missing)
			return true;
	}
	return false;
}

static bool match_and_plan(struct fetch *f, struct error *e)
{
	size_t known = 0;
	bool *present, ok = false;
	int64_t now_s = clock_wall_s();

	if (f->store && !(f->seen = store_load(f->store, e)))
		return false;
	while (f->seen && seen_at(f->seen, known))
		known++;
	present = xcalloc(known, sizeof(*present));
	listing_match(&f->listing, f->seen, present);
	if (needs_sizes_to_tell(f) && !ask_sizes(f, false, e))
		goto end;
	if (f->store && !only_looks(f) && f->listing.has_uids &&
		!store_listed(f->store, f->seen, present, now_s, REMOVED_KEEP_S, e))
		goto end;
	plan_make(&f->plan, f->listing.mails, f->listing.n, &f->account->policy, now_s);
	f->counts.seen = f->plan.seen;
	f->counts.new_mails = f->plan.fetch;
	ok = true;
end:
	free(present);
	return ok;
}

/* RFC 2449 s.6.7: the server may delete mail by itself, sooner than the account wants. */
static bool compare_expire(struct fetch *f, struct error *e)
{
	const struct capabilities *c = session_capabilities(f->session);
	const struct policy *policy = &f->account->policy;
	struct error w = {0};
	char days[20], kept[24];

	if (!c->expires || c->expire_days == UINT32_MAX || policy->keep == KEEP_NOT)
		return true;
	if (policy->keep == KEEP_FOR && policy->keep_s <= (int64_t)c->expire_days * 86400)
		return true;
	snprintf(days, sizeof(days), "%lu", (unsigned long)c->expire_days);
	text_age(kept, sizeof(kept), policy->keep_s);
	if (c->expire_days == 0)
		error_set(&w, ERROR_CAPABILITY,
			"%s says that mail may not stay there once it was fetched (EXPIRE 0), but keep = %s",
			f->account->endpoint.host, policy->keep == KEEP_FOR ? kept : "true");
	else
		error_set(&w, ERROR_CAPABILITY,
			"%s deletes mail by itself after %s days (EXPIRE), but keep = %s",
			f->account->endpoint.host, days, policy->keep == KEEP_FOR ? kept : "true");
	return warn_once(f, "said-expire", days, &w, e);
}

/* ---- what the order asks for ---- */

static bool quit(struct fetch *f)
{
	struct pop3_event ev;
	struct error ignored;

	/* Nothing hangs on its answer here. */
	if (session_send(f->session, &(struct pop3_command){.verb = POP3_QUIT}, &ignored))
		session_next(f->session, -1, true, &ev, &ignored);
	return true;
}

static void show_plan(struct fetch *f)
{
	for (size_t i = 0; i < f->plan.n; i++) {
		const struct plan_item *item = &f->plan.items[i];
		const struct listed *mail = &f->listing.mails[item->index];
		struct report r = {.type = REPORT_ITEM};

		r.u.item.msg = mail->msg;
		r.u.item.size = mail->size;
		r.u.item.why = item->why;
		r.u.item.fetch = item->fetch;
		r.u.item.remove = item->remove;
		text_safe(r.u.item.uid, sizeof(r.u.item.uid), mail->key.uid);
		report_send(f->report_fd, &r);
	}
}

static bool mark_all(struct fetch *f, struct error *e)
{
	struct store_key *keys = xcalloc(f->listing.n, sizeof(*keys));
	size_t n = 0;
	bool done;

	for (size_t i = 0; i < f->listing.n; i++) {
		const struct listed *mail = &f->listing.mails[i];

		if (!mail->seen || mail->seen->state == STORE_NOTED)
			keys[n++] = mail->key;
	}
	done = store_mark_seen(f->store, keys, n, clock_wall_s(), e);
	f->counts.marked = done ? n : 0;
	free(keys);
	return done && quit(f);
}

/* A key that a removed mail had, and that a new one gets now: the old row must not speak for the
 * new mail. */
static bool forget_reused(struct fetch *f, struct error *e)
{
	struct store_key *keys = xcalloc(f->plan.n, sizeof(*keys));
	size_t n = 0;
	bool done;

	for (size_t i = 0; i < f->plan.n; i++) {
		const struct plan_item *item = &f->plan.items[i];
		const struct listed *mail = &f->listing.mails[item->index];
		const struct seen *row;

		if (!item->fetch || item->why == PLAN_AGAIN || !mail->key.uid.len)
			continue;
		row = seen_find(f->seen, mail->key);
		if (row && row->state == STORE_REMOVED)
			keys[n++] = mail->key;
	}
	done = !n || store_forget(f->store, keys, n, e);
	free(keys);
	return done;
}

/* What the retrieval found out goes into the state: removed mails, failed ones. */
static bool note_results(struct fetch *f, const struct retrieval *r, struct error *e)
{
	struct store_key *keys = xcalloc(r->removed_n, sizeof(*keys));
	bool done = true;
	size_t n = 0;

	for (size_t i = 0; f->listing.has_uids && i < r->removed_n; i++)
		keys[n++] = f->listing.mails[r->removed[i]].key;
	if (n)
		done = store_removed(f->store, keys, n, clock_wall_s(), e);
	free(keys);
	for (size_t i = 0; done && f->listing.has_uids && i < r->failures_n; i++)
		/* Failures of a command the committer has noted itself. */
		if (r->failures[i].refused_by_server)
			done = store_failed(f->store, f->listing.mails[r->failures[i].index].key,
				r->failures[i].error.why, clock_wall_s(), e);
	return done;
}

/* The words for an end with failures, in one error for the account. */
static void sum_up(struct fetch *f, const struct retrieval *r, struct error *e)
{
	size_t wanted = f->plan.fetch;

	if (e->kind == ERROR_DELIVERY || e->kind == ERROR_STORE) {
		size_t len = strlen(e->text);

		snprintf(e->text + len, sizeof(e->text) - len,
			"; %llu of %zu fetched, %zu stay%s on the server",
			(unsigned long long)r->mails, wanted, wanted - (size_t)r->mails,
			wanted - r->mails == 1 ? "s" : "");
	} else if (!e->kind && r->failures_n) {
		*e = r->failures[0].error;
		if (r->failures_n > 1) {
			size_t len = strlen(e->text);

			snprintf(e->text + len, sizeof(e->text) - len, " (and %zu more)",
				r->failures_n - 1);
		}
	} else if (e->kind && r->unconfirmed) {
		error_why(e, "%zu deletion%s not confirmed; the next run asks again",
			r->unconfirmed, r->unconfirmed == 1 ? " is" : "s are");
	}
}

static bool fetch_mail(struct fetch *f, struct error *e)
{
	struct retrieval r = {
		.session = f->session,
		.listing = &f->listing,
		.plan = &f->plan,
		.account = f->account,
		.order = f->order,
		.sink = f->sink,
		.store = f->store,
		.report_fd = f->report_fd,
	};
	struct report told = {.type = REPORT_PLAN};
	struct error ended = {0}, noted = {0};

	if (!forget_reused(f, e))
		return false;
	told.u.total.mails = f->plan.fetch;
	told.u.total.octets = f->listing.has_sizes ? f->plan.fetch_octets : 0;
	told.u.total.seen = f->plan.seen;
	report_send(f->report_fd, &told);
	if (!retrieve(&r, &ended) && !ended.kind)
		error_set(&ended, ERROR_INTERNAL, "the retrieval failed without a reason");
	f->counts.mails = r.mails;
	f->counts.octets = r.octets;
	f->counts.deleted = r.removed_n;
	f->counts.failed = r.failures_n;
	f->counts.left = r.left;
	if (!note_results(f, &r, &noted) && !ended.kind)
		ended = noted;
	sum_up(f, &r, &ended);
	retrieval_release(&r);
	if (*f->order->stop && (!ended.kind || error_temporary(ended.kind)))
		interrupted(f, &ended);
	if (ended.kind)
		*e = ended;
	return !ended.kind;
}

static bool carry_out(struct fetch *f, struct error *e)
{
	switch (f->order->mode) {
	case RUN_DRY:
		show_plan(f);
		return quit(f);
	case RUN_CHECK:
		f->counts.octets = f->plan.fetch_octets;
		return quit(f);
	case RUN_FROM_NOW:
		return mark_all(f, e);
	case RUN_FETCH:
		break;
	}
	return fetch_mail(f, e);
}

/* ---- the network part ---- */

/*
 * A server that announces PIPELINING and loses its step twice in a row is remembered as one
 * without; one failure alone may have been the line.
 */
static void judge_pipelining(struct fetch *f, bool done, const char *before)
{
	struct error ignored;
	bool written = true;

	if (!f->store || only_looks(f) || !f->session || !session_pipelining(f->session))
		return;
	if (!done && session_lost_step(f->session))
		written = store_set(f->store, "pipelining",
			strcmp(before, "suspect") ? "suspect" : "broken", &ignored);
	else if (done && strcmp(before, "suspect") == 0)
		written = store_set(f->store, "pipelining", "works", &ignored);
	(void)written;
}

static bool talk(struct fetch *f, struct error *e)
{
	const struct pop3_command then[] = {{.verb = POP3_UIDL}, {.verb = POP3_LIST}};
	char pipelining[20] = "";
	bool done;

	if (f->store && !store_get(f->store, "pipelining", pipelining, sizeof(pipelining), e))
		return false;
	f->session_setting = (struct session_setting){
		.account = f->account,
		.secret = f->password,
		.pipelining_broken = strcmp(pipelining, "broken") == 0,
		.trace = f->order->trace,
		.report_fd = f->report_fd,
		.stop = f->order->stop,
		.stop_fd = f->order->stop_fd,
	};
	if (!session_open(&f->session_setting, then, wants_sizes(f) ? 2 : 1, &f->session, e))
		return false;
	report_step(f->report_fd, "listing");
	done = list_mail(f, e) && match_and_plan(f, e) && compare_expire(f, e) && carry_out(f, e);
	judge_pipelining(f, done, pipelining);
	return done;
}

static void release(struct fetch *f)
{
	session_free(f->session);
	plan_release(&f->plan);
	listing_release(&f->listing);
	seen_set_free(f->seen);
	sink_free(f->sink);
	store_free(f->store);
	secret_release(f->password);
	free(f->mark);
}

int fetch_account(const struct account *account, const struct run_order *order,
	struct secret *password, int report_fd)
{
	struct fetch f = {.account = account,
		.order = order,
		.password = password,
		.report_fd = report_fd,
		.lock_fd = -1};
	struct report end = {.type = REPORT_DONE};
	int64_t start_ms = clock_ms();
	struct error e = {0};
	bool done = open_local(&f, &e) && find_password(&f, &e) && talk(&f, &e);

	if (!done && e.kind == ERROR_INTERRUPTED && *order->stop == SIGTERM)
		e.kind = ERROR_TERMINATED;
	release(&f);
	f.counts.ms = clock_ms() - start_ms;
	end.u.end.counts = f.counts;
	if (!done && !f.counts.locked)
		end.u.end.error = e;
	report_send(report_fd, &end);
	return error_exit_code(end.u.end.error.kind);
}
