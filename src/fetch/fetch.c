/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The story of one account: lock, state, destination, what an earlier run left over, the password;
 * then sessions until one comes to its end. Looking (check, --dry-run) takes neither lock nor
 * destination and writes nothing.
 */
#include "fetch/fetch.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "config/places.h"
#include "fetch/fetch_inner.h"
#include "fetch/onnew.h"
#include "fetch/recover.h"
#include "fetch/renamed.h"
#include "fetch/stop.h"
#include "session/credential.h"

enum { LOCK_POLL_MS = 200, SESSIONS_MAX = 8 };

bool fetch_only_looks(const struct fetch *f)
{
	return f->order->mode == RUN_CHECK || f->order->mode == RUN_DRY ||
		f->order->mode == RUN_LIST;
}

static char *state_file(const struct fetch *f, const char *ending)
{
	return xasprintf("%s/%s.%s", f->order->state_dir, f->account->name, ending);
}

bool fetch_interrupted(const struct fetch *f, struct error *e)
{
	stop_error(*f->order->stop, f->account->deadline_ms, e);
	if (*f->order->stop == SIGALRM && f->wanted > f->counts.mails)
		fetch_tell_rest(f, e);
	return false;
}

void fetch_tell_rest(const struct fetch *f, struct error *e)
{
	uint64_t left = f->wanted - f->counts.mails;

	error_append(e,
		_n("; %llu of %llu fetched, %llu stays on the server",
			"; %llu of %llu fetched, %llu stay on the server", left),
		(unsigned long long)f->counts.mails, (unsigned long long)f->wanted,
		(unsigned long long)left);
}

/* The run that has the account may do without being asked what this one was asked for. */
static bool is_done_by_another(const struct fetch *f)
{
	return f->order->mode == RUN_FETCH && !f->account->policy.all &&
		f->account->destination.kind != SINK_STDOUT;
}

static bool fail_locked(pid_t holder, struct error *e)
{
	return error_set(e, ERROR_LATER, "another ambil (pid %lld) is fetching", (long long)holder);
}

/* False with counts.locked set and no error: another run has the account. */
static bool take_lock(struct fetch *f, struct error *e)
{
	char *path = state_file(f, "lock");
	bool told = false;
	enum file_lock lock;
	pid_t holder = 0;

	while ((lock = file_lock(path, &f->lock_fd, &holder, e)) == FILE_LOCK_TAKEN) {
		if (!f->order->wait_locked) {
			f->counts.locked = is_done_by_another(f);
			f->counts.untried = true;
			if (!f->counts.locked)
				fail_locked(holder, e);
			break;
		}
		if (*f->order->stop) {
			fetch_interrupted(f, e);
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

static bool is_first_run(const struct fetch *f, const char *path)
{
	return f->order->mode == RUN_FETCH && !f->order->accept && !f->account->policy.all &&
		access(path, F_OK) < 0;
}

static bool open_state(struct fetch *f, struct error *e)
{
	char *path = state_file(f, "db"), *lock = state_file(f, "lock");
	const struct account *a = f->account;
	const struct renamed before = renamed_of(
		a, f->order->state_dir, f->order->known, f->order->known_n);
	bool done;

	if (fetch_only_looks(f)) {
		pid_t holder;

		done = store_open_readonly(path, &f->store, e);
		/* Whoever holds the state is fetching right now. */
		if (!done && e->kind == ERROR_BUSY && (holder = file_lock_holder(lock)))
			fail_locked(holder, e);
	} else if (is_first_run(f, path) && !renamed_check(&before, e)) {
		done = false;
	} else {
		f->store = store_open(path, a->endpoint.host, a->user, e);
		done = f->store != NULL;
	}
	free(path);
	free(lock);
	return done;
}

static bool recover_and_tell(struct fetch *f, struct error *e)
{
	struct error w = {0};
	struct recovery done;

	if (!recover(
		    f->store, f->sink, &f->account->destination, f->mark, clock_wall_s(), &done, e))
		return false;
	if (done.unsure) {
		error_set(&w, ERROR_LATER,
			_n("%llu message of an interrupted run may come a second time: %s",
				"%llu messages of an interrupted run may come a second time: %s",
				done.unsure),
			(unsigned long long)done.unsure, done.unsure_why.text);
		report_warning(f->report_fd, &w);
	}
	if (done.gone) {
		error_set(&w, ERROR_LATER,
			_n("%llu message of an interrupted run is in %s no more, and will not be "
			   "deleted on the server",
				"%llu messages of an interrupted run are in %s no more, and will not be "
				"deleted on the server",
				done.gone),
			(unsigned long long)done.gone, f->account->destination.shown);
		error_remedy(&w, "if nobody has moved or deleted it, to get it again",
			"ambil fetch %s --all", f->account->typed);
		report_warning(f->report_fd, &w);
	}
	return true;
}

static bool open_destination(struct fetch *f, struct error *e)
{
	char id[40];

	/* Path and name may be the same on two machines that share the destination. */
	if (!store_get(f->store, "id", id, sizeof(id), e))
		return false;
	f->mark = xasprintf("%s/%s/%s", f->order->state_dir, f->account->name, id);
	f->sink = sink_open(&f->account->destination, f->mark, e);
	if (!f->sink)
		return false;
	f->sink->limits = (struct sink_limits){.stop = f->order->stop, .until_ms = f->until_ms};
	return true;
}

/* The deadline is one for the work: to wait for another run that does it is no part of that. */
static void start_clock(struct fetch *f)
{
	const struct account *a = f->account;

	if (a->deadline_ms)
		f->until_ms = clock_ms() + a->deadline_ms;
	/* A command that runs is waited for: it may have delivered already. */
	stop_after(a->deadline_ms,
		a->destination.kind == SINK_PIPE ? a->destination.command_timeout_ms : 0);
	/* Its reader may take nothing, and has no limit. */
	if (a->destination.kind == SINK_STDOUT)
		stop_in_time();
}

/* Lock, state and destination, in this order: nothing is touched without the lock. */
static bool open_local(struct fetch *f, struct error *e)
{
	if (!fetch_only_looks(f) &&
		(!places_make_state(f->order->state_dir, e) || !take_lock(f, e)))
		return false;
	start_clock(f);
	if (!open_state(f, e))
		return false;
	if (fetch_only_looks(f) || f->order->mode == RUN_FROM_NOW)
		return true;
	return open_destination(f, e) && recover_and_tell(f, e);
}

bool fetch_renew_token(struct fetch *f, struct error *e)
{
	bool done;

	if (f->token_renewed)
		return false;
	f->token_renewed = true;
	report_step(f->report_fd, "asking for another token");
	report_command(f->report_fd, true);
	done = credential_renew(f->account, f->order->stop, f->password, e);
	report_command(f->report_fd, false);
	return done;
}

static bool find_credential(struct fetch *f, struct error *e)
{
	bool command = f->account->password_command || account_uses_token(f->account), done;

	if (command)
		report_command(f->report_fd, true);
	done = credential_find(f->account, f->order->prompt, f->order->stop, f->password, e);
	if (command)
		report_command(f->report_fd, false);
	return done;
}

/* A session that breaks is taken up again, without the mail that broke it. */
static bool talk(struct fetch *f, struct error *e)
{
	bool again = false, done = false;

	/* Before a connection, so that a server is not troubled for a file that is missing here. */
	if (f->account->tls.mode != TLS_NONE && !tls_memory_prepare(f->tls, &f->account->tls, e))
		return false;
	for (int i = 0; i < SESSIONS_MAX; i++) {
		struct error ended = {0};

		done = visit(f, &again, &ended);
		if (!done)
			*e = ended;
		if (!again || *f->order->stop)
			break;
		if (!manners_allow_again(f, &ended)) {
			*e = ended;
			return false;
		}
		report_step(f->report_fd, "connecting again");
	}
	if (done && again)
		done = error_set(e, ERROR_LATER, "%s broke off too often; the next run goes on",
			f->account->endpoint.host);
	return done;
}

static bool tell_failures(const struct fetch *f, struct error *e)
{
	if (!f->first_failure.kind)
		return true;
	*e = f->first_failure;
	if (f->counts.failed > 1)
		error_append(e, " (and %llu more)", (unsigned long long)(f->counts.failed - 1));
	return false;
}

/* Whether a request to stop is why not all was done. Real trouble is told all the same. */
static bool is_cut_short(const struct fetch *f, bool done, const struct error *e)
{
	if (!*f->order->stop)
		return false;
	/* A signal was the user's own, who needs no error for it when all ended in good order. */
	if (done)
		return *f->order->stop == SIGALRM && (f->counts.left || f->first_failure.kind);
	return !e->kind || e->kind == ERROR_INTERRUPTED || error_temporary(e->kind);
}

static void release(struct fetch *f)
{
	for (size_t i = 0; i < f->aside_n; i++)
		free(f->aside[i].uid);
	free(f->aside);
	free(f->suspect.uid);
	sink_free(f->sink);
	store_free(f->store);
	tls_memory_free(f->tls);
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
		.lock_fd = -1,
		.tls = tls_memory_new()};
	struct report end = {.type = REPORT_DONE};
	int64_t start_ms = clock_ms();
	struct error e = {0};
	bool done;

	if (order->mode == RUN_LOGIN || order->mode == RUN_LOOK) {
		start_clock(&f);
		done = order->mode == RUN_LOOK ? trial_look(&f, &e)
					       : find_credential(&f, &e) && trial(&f, &e);
	} else {
		done = open_local(&f, &e) && manners_allow(&f, &e) && find_credential(&f, &e) &&
			talk(&f, &e);
	}

	if (is_cut_short(&f, done, &e))
		done = fetch_interrupted(&f, &e);
	else if (done)
		done = tell_failures(&f, &e);
	release(&f);
	f.counts.ms = clock_ms() - start_ms;
	end.u.end.counts = f.counts;
	if (!done && !f.counts.locked)
		end.u.end.error = e;
	report_send(report_fd, &end);
	/* It may take its time, and may be ended with this process: all else has been said. The
	 * lock, which ends with the process, keeps the next run from starting another one. */
	if (order->mode == RUN_FETCH)
		onnew_run(account, &f.counts, order->stop, report_fd);
	return error_exit_code(end.u.end.error.kind);
}
