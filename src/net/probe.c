/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each server is tried aside, as dial() and tls_start() wait for one. All of them watch the end of
 * a pipe, which is closed when it is known which server is taken: then the others give up at once.
 */
#include "net/probe.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "net/aside.h"
#include "net/wait.h"

struct
try {
	struct probe *probe;
	int64_t timeout_ms;
	struct aside *aside;
	int stop_fd;
	int fd; /* readable when it is over; -1: it is no longer waited for */
	struct error failure;
	bool answers;
};

static void try_run(void *work)
{
	struct try *t = work;
	const struct probe *p = t->probe;
	struct endpoint to = p->to;
	int64_t left, deadline = clock_ms() + t->timeout_ms;
	struct stream *s = NULL;

	to.connect_timeout_ms = t->timeout_ms;
	t->answers = dial(&to, t->stop_fd, &s, &t->failure);
	left = deadline - clock_ms();
	if (t->answers && p->tls)
		t->answers = tls_start(
			&s, p->tls, to.host, to.port, left > 1 ? left : 1, t->stop_fd, &t->failure);
	if (t->answers)
		stream_free(s);
}

/* The tries are the caller's, who waits for all of them. */
static void try_drop(void *work)
{
	(void)work;
}

static void try_end(struct try *t)
{
	t->probe->tried = true;
	t->probe->answers = t->answers;
	t->probe->failure = t->failure;
	aside_leave(t->aside);
	close(t->fd);
	t->fd = -1;
}

static bool is_decided(const struct probe *probes, size_t n, size_t *found)
{
	size_t i = 0;

	while (i < n && probes[i].tried && !probes[i].answers)
		i++;
	*found = i;
	return i == n || probes[i].tried;
}

/* Waits for some of them to end, perhaps for none that has not; false: a wish to stop. */
static bool wait_for_some(struct try *tries, size_t n, int stop_fd)
{
	struct pollfd fds[PROBES_MAX + 1];
	enum wait came;

	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){.fd = tries[i].fd, .events = POLLIN};
	came = wait_for(fds, n, stop_fd, INT64_MAX);
	for (size_t i = 0; i < n && came == WAIT_READY; i++)
		if (fds[i].revents && aside_done(tries[i].aside))
			try_end(&tries[i]);
	return came != WAIT_STOPPED;
}

static bool is_over(const struct try *tries, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (tries[i].fd >= 0)
			return false;
	return true;
}

static bool start_all(struct try *tries, size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		tries[i].aside = aside_start(try_run, try_drop, &tries[i], &tries[i].fd, e);
		if (!tries[i].aside) {
			tries[i].fd = -1;
			return false;
		}
	}
	return true;
}

bool probe_first(struct probe *probes, size_t n, int64_t timeout_ms, int stop_fd, size_t *found,
	struct error *e)
{
	struct try tries[PROBES_MAX];
	int ends[2];
	bool done;

	assert(n <= PROBES_MAX);
	if (pipe(ends) < 0)
		return error_sys(e, ERROR_INTERNAL, errno, "cannot make a pipe");
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	for (size_t i = 0; i < n; i++)
		tries[i] = (struct try){.probe = &probes[i],
			.timeout_ms = timeout_ms,
			.stop_fd = ends[0],
			.fd = -1};
	done = start_all(tries, n, e);
	while (done && !is_decided(probes, n, found))
		if (!wait_for_some(tries, n, stop_fd))
			done = wait_stopped(e);
	close(ends[1]);
	/* What they still need is the caller's. They have been told to stop. */
	while (!is_over(tries, n))
		wait_for_some(tries, n, -1);
	close(ends[0]);
	return done;
}
