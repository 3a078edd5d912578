/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One worker process for each account, so that a crash, a hang or a hostile server costs one
 * account. The parent starts them, looks for their passwords first, renders what they report and
 * reaps them; it never talks to a server. A worker's pipe ends when the worker does: that is the
 * one sign that is waited for.
 *
 * Stopping: the terminal sends SIGINT to all of the group, so workers ignore it and only the parent
 * decides: at its first signal it asks each worker by SIGTERM to finish its batch and to QUIT, at
 * the second it kills them. A worker whose parent has ended without a word is asked to stop by the
 * kernel, where that can be arranged.
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
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/text.h"
#include "doctor/doctor.h"
#include "fetch/fetch.h"
#include "fetch/stop.h"
#include "history.h"
#include "passwords.h"
#include "report/report_leave.h"

enum state { WAITING, RUNNING, ENDED };
struct worker {
	struct account *account;
	enum state state;
	pid_t pid;
	int fd;               /* the pipe's reading end while RUNNING, else -1 */
	struct report report; /* that is being read, and how many octets of it have come */
	size_t octets;
	struct secret password;
	struct report_counts counts;
	struct error
		no_password; /* doctor: why there is none, or what kept others from answering */
	struct error error;  /* what ended it */
	bool reported;       /* REPORT_DONE has come */
	int code;
};

struct run {
	const struct run_order *order;
	struct reporter *reporter;
	struct report_style style;
	bool progress_seen; /* somebody may see what a worker is doing just now */
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

/* Without its parent a worker is of no use to anybody, and holds the account's lock. */
static void end_with_parent(pid_t parent)
{
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
	if (getppid() != parent)
		raise(SIGTERM);
}

static void work(struct run *run, struct worker *self, int report_fd, const sigset_t *before)
{
	struct run_order order = *run->order;

	/* What belongs to other accounts does not belong here. */
	for (size_t i = 0; i < run->n; i++) {
		struct worker *w = &run->workers[i];

		if (w->fd >= 0)
			close(w->fd);
		if (w != self) {
			secret_release(&w->password);
			account_forget_secrets(w->account);
		}
	}
	order.batch_max = batch_max();
	report_progress_seen(run->progress_seen);
	leave_to_parent();
	/* The signals are blocked until here: none is lost or goes to the parent's handler. */
	if (!stop_listen(before, &order.stop, &order.stop_fd))
		_exit(error_exit_code(ERROR_INTERNAL));
	if (order.mode == RUN_DOCTOR)
		_exit(doctor_account(
			self->account, &order, &self->password, &self->no_password, report_fd));
	/* No atexit: what stdio and others hold is the parent's. */
	_exit(fetch_account(self->account, &order, &self->password, report_fd));
}

/* In the parent */

static void show(struct run *run, const struct report *r)
{
	const struct run_order *order = run->order;

	if (!order->watch || !order->watch(order->watch_self, r))
		reporter_take(run->reporter, r);
}

/* Whether the run says something of the account, or only of this run. */
static bool is_told_apart(const struct worker *w)
{
	return w->counts.locked || w->counts.untried || w->error.kind == ERROR_INTERRUPTED ||
		w->error.kind == ERROR_TERMINATED;
}

/* Another run has the account: that is nothing, unless it stays so. */
static void note_taken(struct run *run, const struct worker *w)
{
	const struct run_order *order = run->order;
	const char *name = w->account->name;
	struct report r = {.type = REPORT_WARNING, .account = (uint32_t)(w - run->workers)};
	char *lock = xasprintf("%s/%s.lock", order->state_dir, name), lasts[32];
	long long holder = (long long)file_lock_holder(lock);
	struct quiet before, now;
	int64_t lasts_s;
	bool say;

	free(lock);
	history_read(order->state_dir, name, &before, NULL);
	now = before;
	say = quiet_taken(&now, w->account->quiet_for_ms / 1000, clock_wall_s(), &lasts_s);
	if (!say && now.taken_s == before.taken_s)
		return;
	if (!history_write(order->state_dir, name, &before, &now) || !say || !holder)
		return;
	text_age(lasts, sizeof(lasts), lasts_s);
	error_set(&r.u.error, ERROR_LATER, "another ambil (pid %lld) has had the account for %s",
		holder, lasts);
	error_remedy(&r.u.error, "if it hangs, to end it", "kill %lld", holder);
	show(run, &r);
}

/* Takes down how it ended, and decides what is said of it. True: that it works again. */
static bool note_history(struct run *run, struct worker *w, struct quiet_end *again)
{
	const struct run_order *order = run->order;
	const char *name = w->account->name;
	int64_t quiet_s = w->account->quiet_for_ms / 1000;
	struct quiet before, now;
	bool say = true, works = false;

	if (order->mode != RUN_FETCH)
		return false;
	if (w->counts.locked)
		note_taken(run, w);
	if (is_told_apart(w))
		return false;
	history_read(order->state_dir, name, &before, NULL);
	now = before;
	if (!w->error.kind)
		works = quiet_worked(&now, quiet_s, clock_wall_s(), again);
	else if (order->by_hand || order->typed || run->style.json)
		quiet_failed_by_hand(&now, &w->error, clock_wall_s());
	else
		say = quiet_failed(&now, &w->error, quiet_s, clock_wall_s());
	/* What cannot be remembered would never be said. */
	w->counts.said = history_write(order->state_dir, name, &before, &now) && !say;
	return works;
}

static void tell_again(struct run *run, const struct worker *w, const struct quiet_end *again)
{
	struct report r = {.type = REPORT_AGAIN, .account = (uint32_t)(w - run->workers)};

	r.u.again = *again;
	reporter_take(run->reporter, &r);
}

/* An account's end, whether a worker told it or not. */
static void end(struct run *run, struct worker *w)
{
	struct report r = {.type = REPORT_DONE, .account = (uint32_t)(w - run->workers)};
	struct quiet_end again;
	bool works = note_history(run, w, &again);

	r.u.end.counts = w->counts;
	r.u.end.error = w->error;
	w->state = ENDED;
	show(run, &r);
	if (works)
		tell_again(run, w, &again);
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
	pid_t self = getpid();
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
	sigaddset(&stops, SIGHUP);
	sigprocmask(SIG_BLOCK, &stops, &before);
	w->pid = fork();
	if (w->pid == 0) {
		close(ends[0]);
		end_with_parent(self);
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

/* Before the first worker starts. */
static void find_passwords(struct run *run, struct account *const *accounts)
{
	struct password *found = xcalloc(run->n, sizeof(*found));
	const struct secret *given = run->order->password;

	if (!given && run->order->mode != RUN_LOOK)
		passwords_find(accounts, run->n, run->order, run->reporter, run->style, found);
	for (size_t i = 0; i < run->n; i++) {
		struct worker *w = &run->workers[i];

		w->password = found[i].secret;
		w->no_password = found[i].trouble;
		if (given)
			secret_copy(&w->password, given);
		if (!found[i].failed)
			continue;
		w->error = found[i].trouble;
		end_with_error(run, w);
	}
	free(found);
}

static void take(struct run *run, struct worker *w, struct report *r)
{
	r->account = (uint32_t)(w - run->workers);
	if (!report_is_sound(r))
		return;
	if (r->type != REPORT_DONE) {
		show(run, r);
		return;
	}
	w->reported = true;
	w->counts = r->u.end.counts;
	w->error = r->u.end.error;
}

/* A worker that did not say how it ended: by a signal, or a second request to stop. */
static void explain(const struct run *run, struct worker *w, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;

	if (run->signals > 1 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		stop_error(SIGTERM, w->account->deadline_ms, &w->error);
	else if (WIFSIGNALED(status))
		error_set(&w->error, ERROR_INTERNAL, "the worker ended by signal %d",
			WTERMSIG(status));
	else if (code == 128 + SIGTERM || code == 128 + SIGALRM)
		stop_error(code - 128, w->account->deadline_ms, &w->error);
	else
		error_set(&w->error, ERROR_INTERNAL, "the worker ended with code %d", code);
	error_append(&w->error, "; nothing is lost, the next run goes on");
}

static void reap(struct run *run, struct worker *w)
{
	int status = 0;

	close(w->fd);
	w->fd = -1;
	/* One that has ended does not mind. One that has only closed its pipe is waited for no more
	 * than others. */
	kill(w->pid, SIGKILL);
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	run->running--;
	if (!w->reported)
		explain(run, w, status);
	/* A worker is stopped by SIGTERM whatever came here. */
	if (w->error.kind == ERROR_TERMINATED && *run->order->stop == SIGINT)
		w->error.kind = ERROR_INTERRUPTED;
	end_with_error(run, w);
}

static void read_reports(struct run *run, struct worker *w)
{
	ssize_t n = read(w->fd, (char *)&w->report + w->octets, sizeof(w->report) - w->octets);

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		reap(run, w);
		return;
	}
	/* Reports are written in one piece: one that stays in parts is nobody's but this worker's
	 * trouble. */
	w->octets += (size_t)n;
	if (w->octets < sizeof(w->report))
		return;
	w->octets = 0;
	take(run, w, &w->report);
}

static void signal_workers(const struct run *run, int signal_number)
{
	for (size_t i = 0; i < run->n; i++)
		if (run->workers[i].state == RUNNING)
			kill(run->workers[i].pid, signal_number);
}

/* Each octet in the pipe is a signal that came. */
static void pass_stop_on(struct run *run)
{
	char octets[16];
	ssize_t n = read(run->order->stop_fd, octets, sizeof(octets));

	if (n <= 0)
		return;
	if (run->signals == 0)
		signal_workers(run, SIGTERM);
	if (run->signals + (size_t)n > 1)
		signal_workers(run, SIGKILL);
	else
		reporter_stopping(run->reporter, (int)*run->order->stop);
	run->signals += (size_t)n;
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

		if (one && (one != 75 || run->order->mode == RUN_DOCTOR))
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

		phrases[i] = xasprintf(in ? _("in %s") : _("to %s"), d->shown ? d->shown : "?");
	}
	return phrases;
}

static void run_all(struct run *run, struct account *const *accounts)
{
	struct pollfd *fds = xcalloc(run->n + 1, sizeof(*fds));

	find_passwords(run, accounts);
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
	struct run run = {.order = order, .n = n, .style = setting->style};
	struct report_setting words = *setting;
	char **phrases = describe(accounts, n);
	struct error e = {0};
	bool told;
	int code;

	run.progress_seen = setting->progress || setting->screen ||
		setting->verbosity >= REPORT_VERBOSE || order->watch;
	words.on_stdout = order->mode == RUN_CHECK || order->mode == RUN_DRY;
	words.no_summary = order->mode == RUN_LOGIN || order->mode == RUN_LOOK;
	words.checks = order->mode == RUN_DOCTOR;
	words.lists = order->mode == RUN_LIST;
	words.destinations = (const char *const *)phrases;
	run.reporter = reporter_new(&words);
	run.workers = xcalloc(n, sizeof(*run.workers));
	for (size_t i = 0; i < n; i++) {
		run.workers[i].account = accounts[i];
		run.workers[i].fd = -1;
	}
	run_all(&run, accounts);
	reporter_sum_up(run.reporter);
	told = reporter_wrote_all(run.reporter, &e);
	if (!told)
		report_error(setting->style, NULL, &e);
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
