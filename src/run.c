/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One worker process for each account, so that a crash, a hang or a hostile server costs one
 * account. The parent starts them, asks for their passwords first, renders what they report and
 * reaps them; it never talks to a server. A worker's pipe ends when the worker does: that is the
 * one sign that is waited for.
 *
 * Stopping: the terminal sends SIGINT to all of the group, so workers ignore it and only the parent
 * decides; each signal that it gets becomes one SIGTERM for each worker. The first asks a worker to
 * finish its batch and to QUIT, the second ends it at once.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "fetch.h"
#include "stop.h"

enum state { WAITING, RUNNING, ENDED };
struct worker {
	const struct account *account;
	enum state state;
	pid_t pid;
	int fd; /* the pipe's reading end while RUNNING, else -1 */
	struct secret password;
	struct report_counts counts;
	struct error error; /* what ended it */
	bool reported;      /* REPORT_DONE has come */
	int code;
};

struct run {
	const struct run_order *order;
	struct reporter *reporter;
	struct worker *workers;
	size_t n, running;
	size_t signals; /* stop requests so far */
};

/* In the worker */

/* For tests, which would need many mails else. */
static size_t batch_max(void)
{
	const char *text = getenv("AMBIL_BATCH");
	uint32_t n;

	return text && parse_u32(span_of(text), INT32_MAX, &n) ? n : 0;
}

static void work(struct run *run, struct worker *self, int report_fd, const sigset_t *before)
{
	struct run_order order = *run->order;

	/* What belongs to other accounts does not belong here. */
	for (size_t i = 0; i < run->n; i++) {
		struct worker *w = &run->workers[i];

		if (w->fd >= 0)
			close(w->fd);
		if (w != self)
			secret_release(&w->password);
	}
	order.batch_max = batch_max();
	/* SIGINT and SIGTERM are blocked until here: none is lost or goes to the parent's handler.
	 */
	if (!stop_listen(before, &order.stop, &order.stop_fd))
		_exit(error_exit_code(ERROR_INTERNAL));
	/* No atexit: what stdio and others hold is the parent's. */
	_exit(fetch_account(self->account, &order, &self->password, report_fd));
}

/* In the parent */

/* An account's end, whether a worker told it or not. */
static void end(struct run *run, struct worker *w)
{
	struct report r = {.type = REPORT_DONE, .account = (uint32_t)(w - run->workers)};

	r.u.end.counts = w->counts;
	r.u.end.error = w->error;
	w->state = ENDED;
	reporter_take(run->reporter, &r);
}

/* The exit code follows from the error, if there is any. */
static void end_with_error(struct run *run, struct worker *w)
{
	w->code = error_exit_code(w->error.kind);
	end(run, w);
}

/* True in the parent when a worker runs. */
static bool fork_worker(struct run *run, struct worker *w, struct error *e)
{
	sigset_t stops, before;
	int ends[2];

	if (pipe(ends) < 0)
		return error_sys(e, ERROR_INTERNAL, errno, "cannot start a worker");
	for (int i = 0; i < 2; i++)
		fcntl(ends[i], F_SETFD, FD_CLOEXEC);
	fflush(stdout);
	fflush(stderr);
	sigemptyset(&stops);
	sigaddset(&stops, SIGINT);
	sigaddset(&stops, SIGTERM);
	sigprocmask(SIG_BLOCK, &stops, &before);
	w->pid = fork();
	if (w->pid == 0) {
		close(ends[0]);
		work(run, w, ends[1], &before);
	}
	int err = errno;

	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[1]);
	if (w->pid < 0) {
		close(ends[0]);
		return error_sys(e, ERROR_INTERNAL, err, "cannot start a worker");
	}
	w->fd = ends[0];
	return true;
}

static void start(struct run *run, struct worker *w)
{
	bool started = fork_worker(run, w, &w->error);

	secret_release(&w->password);
	if (!started) {
		end_with_error(run, w);
		return;
	}
	w->state = RUNNING;
	run->running++;
}

static bool to_stdout(const struct worker *w)
{
	return w->account->destination.kind == SINK_STDOUT;
}

/* One stream on standard output cannot take two accounts at a time. */
static bool may_start(const struct run *run, const struct worker *w)
{
	if (w->state != WAITING || run->running >= (run->order->jobs ? run->order->jobs : 1))
		return false;
	for (size_t i = 0; to_stdout(w) && i < run->n; i++)
		if (run->workers[i].state == RUNNING && to_stdout(&run->workers[i]))
			return false;
	return true;
}

static void start_workers(struct run *run)
{
	for (size_t i = 0; i < run->n && !*run->order->stop; i++)
		if (may_start(run, &run->workers[i]))
			start(run, &run->workers[i]);
}

/* All questions come before the first worker: then nothing else writes to the terminal. */
static void ask_passwords(struct run *run)
{
	for (size_t i = 0; i < run->n && !*run->order->stop; i++) {
		struct worker *w = &run->workers[i];
		struct secret_sources sources = account_secret_sources(w->account);
		bool found = true;

		if (secret_has_source(&sources))
			continue;
		if (run->order->prompt)
			found = secret_prompt(&sources, NULL, &w->password, &w->error);
		else
			found = secret_missing(&sources, true, &w->error);
		if (!found)
			end_with_error(run, w);
	}
}

/* A worker that a server has taken over may write anything: nothing of it is believed unseen. */
static bool is_sound(struct report *r)
{
	struct error *e = r->type == REPORT_DONE ? &r->u.end.error : &r->u.error;

	switch (r->type) {
	case REPORT_STEP:
	case REPORT_TRACE:
		r->u.text[sizeof(r->u.text) - 1] = '\0';
		return true;
	case REPORT_MESSAGE:
		r->u.message.uid[sizeof(r->u.message.uid) - 1] = '\0';
		r->u.message.where[sizeof(r->u.message.where) - 1] = '\0';
		return true;
	case REPORT_ITEM:
		r->u.item.uid[sizeof(r->u.item.uid) - 1] = '\0';
		return r->u.item.why < PLAN_WHYS;
	case REPORT_WARNING:
	case REPORT_DONE:
		e->text[sizeof(e->text) - 1] = '\0';
		e->why[sizeof(e->why) - 1] = '\0';
		e->lead[sizeof(e->lead) - 1] = '\0';
		e->remedy[sizeof(e->remedy) - 1] = '\0';
		return e->kind < ERROR_KINDS;
	case REPORT_WAITING:
	case REPORT_PLAN:
	case REPORT_PROGRESS:
		return true;
	}
	return false;
}

static void take(struct run *run, struct worker *w, struct report *r)
{
	r->account = (uint32_t)(w - run->workers);
	if (!is_sound(r))
		return;
	if (r->type != REPORT_DONE) {
		reporter_take(run->reporter, r);
		return;
	}
	w->reported = true;
	w->counts = r->u.end.counts;
	w->error = r->u.end.error;
}

/* A worker that did not say how it ended: by a signal, or a second request to stop. */
static void explain(struct worker *w, int status)
{
	static const char comfort[] = "; nothing is lost, the next run goes on";
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;

	if (WIFSIGNALED(status))
		error_set(&w->error, ERROR_INTERNAL, "the worker ended by signal %d",
			WTERMSIG(status));
	else if (code == 128 + SIGTERM || code == 128 + SIGALRM)
		stop_error(code - 128, w->account->deadline_ms, &w->error);
	else
		error_set(&w->error, ERROR_INTERNAL, "the worker ended with code %d", code);
	error_append(&w->error, "%s", comfort);
}

static void reap(struct run *run, struct worker *w)
{
	int status = 0;

	close(w->fd);
	w->fd = -1;
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	run->running--;
	if (!w->reported)
		explain(w, status);
	end_with_error(run, w);
}

static void read_reports(struct run *run, struct worker *w)
{
	struct report r;

	/* Reports are written in one piece, so a whole one is there, or the end. */
	if (file_read_all(w->fd, &r, sizeof(r)) == (ssize_t)sizeof(r))
		take(run, w, &r);
	else
		reap(run, w);
}

/* Each octet in the pipe is a signal that came. */
static void pass_stop_on(struct run *run)
{
	char octets[16];
	ssize_t n = read(run->order->stop_fd, octets, sizeof(octets));

	for (ssize_t i = 0; i < n; i++)
		for (size_t j = 0; j < run->n; j++)
			if (run->workers[j].state == RUNNING)
				kill(run->workers[j].pid, SIGTERM);
	run->signals += n > 0 ? (size_t)n : 0;
}

static void wait_for_reports(struct run *run, struct pollfd *fds)
{
	for (size_t i = 0; i < run->n; i++)
		fds[i] = (struct pollfd){.fd = run->workers[i].fd, .events = POLLIN};
	fds[run->n] = (struct pollfd){.fd = run->order->stop_fd, .events = POLLIN};
	if (poll(fds, (nfds_t)run->n + 1, reporter_tick(run->reporter)) <= 0)
		return;
	if (fds[run->n].revents)
		pass_stop_on(run);
	for (size_t i = 0; i < run->n; i++)
		if (fds[i].revents)
			read_reports(run, &run->workers[i]);
}

static int exit_code(const struct run *run)
{
	int code = 0;

	if (*run->order->stop)
		return 128 + (int)*run->order->stop;
	for (size_t i = 0; i < run->n; i++) {
		int one = run->workers[i].code;

		if (one && one != 75)
			return one;
		code = one ? one : code;
	}
	return code;
}

static void add_counts(struct report_counts *sum, const struct report_counts *c)
{
	sum->mails += c->mails;
	sum->octets += c->octets;
	sum->seen += c->seen;
	sum->deleted += c->deleted;
	sum->left += c->left;
	sum->failed += c->failed;
	sum->new_mails += c->new_mails;
	sum->marked += c->marked;
	sum->ms += c->ms;
	sum->too_big += c->too_big;
	sum->over_limit += c->over_limit;
	sum->locked = sum->locked || c->locked;
}

/* The destinations as the summaries name them: "in ~/Mail", "to procmail -t". */
static char **describe(struct account *const *accounts, size_t n)
{
	char **phrases = xcalloc(n, sizeof(*phrases));

	for (size_t i = 0; i < n; i++) {
		const struct destination *d = &accounts[i]->destination;
		bool in = d->kind == SINK_MAILDIR || d->kind == SINK_MBOX;

		phrases[i] = xasprintf("%s %s", in ? "in" : "to", d->shown ? d->shown : "?");
	}
	return phrases;
}

static void run_all(struct run *run)
{
	struct pollfd *fds = xcalloc(run->n + 1, sizeof(*fds));

	ask_passwords(run);
	for (;;) {
		start_workers(run);
		if (!run->running)
			break;
		wait_for_reports(run, fds);
	}
	free(fds);
}

int run_accounts(struct account *const *accounts, size_t n, const struct run_order *order,
	const struct report_setting *setting, struct report_counts *counts)
{
	struct run run = {.order = order, .n = n};
	struct report_setting words = *setting;
	char **phrases = describe(accounts, n);
	struct error e = {0};
	bool told;
	int code;

	words.on_stdout = order->mode == RUN_CHECK || order->mode == RUN_DRY;
	words.destinations = (const char *const *)phrases;
	run.reporter = reporter_new(&words);
	run.workers = xcalloc(n, sizeof(*run.workers));
	for (size_t i = 0; i < n; i++) {
		run.workers[i].account = accounts[i];
		run.workers[i].fd = -1;
	}
	run_all(&run);
	told = reporter_wrote_all(run.reporter, &e);
	if (!told)
		report_error(setting->multi_line, NULL, &e);
	reporter_free(run.reporter);
	if (counts)
		*counts = (struct report_counts){.mails = 0};
	for (size_t i = 0; i < n; i++) {
		if (counts)
			add_counts(counts, &run.workers[i].counts);
		secret_release(&run.workers[i].password);
		free(phrases[i]);
	}
	code = exit_code(&run);
	if (!told && (code == 0 || code == 75))
		code = error_exit_code(e.kind);
	free(run.workers);
	free(phrases);
	return code;
}
