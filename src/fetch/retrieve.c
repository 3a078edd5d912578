/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What keeps link and disk busy at once: commands go out ahead (retrieve_out.c), mails come in and
 * are proved (retrieve_in.c), and the committer works beside (retrieve_batch.c); its results come
 * back through a descriptor that wakes the loop.
 */
#include "fetch/retrieve_inner.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "fetch/stop.h"

enum {
	BACKLOG_OCTETS = 64 * 1024 * 1024,
	BACKLOG_SINGLES = 16, /* batches of one mail each, for each job */
};

void loop_look_for_stop(struct loop *l)
{
	if (!*l->r->order->stop || l->r->stopped)
		return;
	l->r->stopped = true;
	l->stop_ms = clock_ms();
	session_hurry(l->r->session, STOP_PATIENCE_MS);
	if (loop_batch_max(l) > 1)
		return;
	commit_cancel(l->commit);
	l->discard = true;
	if (l->receiving)
		l->r->sink->ops->drop(l->r->sink);
	l->receiving = l->ended = false;
}

static bool may_listen(const struct loop *l)
{
	size_t jobs = l->r->sink->jobs ? l->r->sink->jobs : 1,
	       batches = loop_batch_max(l) > 1 ? SINK_BATCHES_MAX : BACKLOG_SINGLES * jobs;

	return commit_pending(l->commit) < batches && commit_backlog(l->commit) < BACKLOG_OCTETS;
}

static bool out_of_patience(const struct loop *l)
{
	return l->r->stopped && clock_ms() - l->stop_ms > STOP_PATIENCE_MS;
}

/* Until all that was asked for has come and is committed, or something ends it. */
static void run_loop(struct loop *l)
{
	struct session *s = l->r->session;
	struct pop3_event ev;

	for (;;) {
		loop_take_commits(l);
		loop_look_for_stop(l);
		loop_submit_if_old(l);
		if (l->fatal.kind)
			return;
		if (!loop_top_up(l)) {
			loop_blame(l);
			return;
		}
		if (session_outstanding(s) == 0) {
			loop_submit(l);
			if (commit_pending(l->commit) == 0)
				return;
		}
		if (out_of_patience(l)) {
			error_set(&l->fatal, ERROR_NETWORK,
				"%s was too slow to finish in time after the stop",
				l->r->account->endpoint.host);
			return;
		}
		switch (session_next(s, commit_fd(l->commit), may_listen(l), &ev, &l->fatal)) {
		case SESSION_EVENT:
			if (!loop_take_event(l, &ev))
				return;
			break;
		case SESSION_WOKEN:
			loop_report_due(l);
			break;
		case SESSION_FAILED:
			loop_blame(l);
			return;
		}
	}
}

/* After an error: what is whole and confirmed is still delivered, the rest is forgotten. */
static void wind_up(struct loop *l)
{
	if (l->receiving)
		l->r->sink->ops->drop(l->r->sink);
	l->receiving = false;
	loop_submit(l);
	while (commit_pending(l->commit)) {
		poll(&(struct pollfd){.fd = commit_fd(l->commit), .events = POLLIN}, 1, -1);
		loop_take_commits(l);
	}
}

static void count_removed(struct loop *l, bool confirmed)
{
	struct retrieval *r = l->r;

	r->removed = xcalloc(l->removals_n, sizeof(*r->removed));
	for (size_t i = 0; i < l->removals_answered; i++)
		if (l->removal_ok[i] && confirmed)
			r->removed[r->removed_n++] = l->removals[i];
	if (!confirmed)
		r->unconfirmed = l->removals_sent;
}

/* The server hides what it has sent once QUIT is answered: Gmail, which announces EXPIRE 0. */
static bool quit_would_hide(const struct loop *l)
{
	const struct capabilities *c = session_capabilities(l->r->session);

	return c->expires && c->expire_days == 0 && l->answered > l->r->mails;
}

/* The last DELEs and QUIT, in one flight where that is possible (RFC 1939 s.6: UPDATE state). */
static bool say_goodbye(struct loop *l)
{
	bool ahead = session_pipelining(l->r->session), quit_sent = false, quit_ok = false;
	struct pop3_event ev = {.text = {"", 0}};

	while (!quit_sent || session_outstanding(l->r->session)) {
		if (ahead || session_outstanding(l->r->session) == 0) {
			if (!loop_send_removals(l, ahead ? WINDOW_MAILS : 1))
				break;
			if (!quit_sent && l->removals_sent == l->removals_n &&
				(ahead || session_outstanding(l->r->session) == 0)) {
				quit_sent = loop_send(l, POP3_QUIT, 0);
				if (!quit_sent)
					break;
			}
		}
		switch (session_next(l->r->session, -1, true, &ev, &l->fatal)) {
		case SESSION_EVENT:
			if (ev.verb == POP3_DELE)
				loop_take_removal(l, &ev);
			if (ev.verb == POP3_QUIT)
				quit_ok = ev.ok;
			break;
		case SESSION_WOKEN:
			loop_look_for_stop(l);
			break;
		case SESSION_FAILED:
			goto end;
		}
	}
end:
	count_removed(l, quit_ok);
	if (!quit_ok && !l->fatal.kind && l->removals_sent) {
		error_set(&l->fatal, ERROR_LATER, "%s refused QUIT", l->r->account->endpoint.host);
		error_server(&l->fatal, ev.text);
	}
	/* Nothing hangs on QUIT when nothing was to be deleted. */
	return quit_ok || !l->removals_sent;
}

static void prepare_lists(struct loop *l)
{
	const struct plan *plan = l->r->plan;

	l->fetch = xcalloc(plan->n, sizeof(*l->fetch));
	l->removals = xcalloc(plan->n, sizeof(*l->removals));
	l->removal_ok = xcalloc(plan->n, sizeof(*l->removal_ok));
	l->remove_after = xcalloc(plan->n, sizeof(*l->remove_after));
	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_item *item = &plan->items[i];

		if (item->fetch) {
			l->fetch[l->fetch_n++] = item->index;
			l->remove_after[item->index] = item->remove;
		} else if (item->remove) {
			l->removals[l->removals_n++] = item->index;
		}
	}
}

bool retrieve(struct retrieval *r, struct error *e)
{
	struct loop l = {.r = r};
	bool done = false;

	prepare_lists(&l);
	l.ask_first = !r->alone && (session_pipelining(r->session) || r->doubtful);
	l.commit = commit_start(
		r->sink, r->account->destination.id, r->store, r->listing->has_uids, e);
	if (!l.commit)
		goto end;
	if (loop_ask_sizes(&l))
		run_loop(&l);
	else
		loop_blame(&l);
	session_wake_after(r->session, 0);
	wind_up(&l);
	/* Behind a mail that was fetched alone QUIT has been said. */
	if (!r->alone && !l.fatal.kind && !quit_would_hide(&l))
		done = say_goodbye(&l);
	else
		count_removed(&l, false);
	done = done || !l.fatal.kind;
	r->verified = done && session_pipelining(r->session) && l.ask_first && !l.unproved &&
		l.answered > 1;
	if (!done)
		*e = l.fatal;
	r->session_failed = r->session_failed && !l.sink_failed;
	r->left = l.fetch_n - (size_t)r->mails - r->failures_n;
end:
	commit_free(l.commit);
	free(l.fetch);
	free(l.removals);
	free(l.removal_ok);
	free(l.remove_after);
	return done;
}

void retrieval_release(struct retrieval *r)
{
	free(r->failures);
	free(r->removed);
}
