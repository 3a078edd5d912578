/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One handler for all requests, so that whatever obeys a signal obeys the deadline as well. It sets
 * the flag and writes to a pipe, which wakes whoever waits.
 */
#include "fetch/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

/* A signal handler reaches nothing else. Set up in a worker only. */
static volatile sig_atomic_t requested;
static volatile sig_atomic_t wake_fd;
static int64_t requested_ms;          /* for the handler alone */
static volatile sig_atomic_t in_time; /* a request has an end */

static void on_request(int signal_number)
{
	int err = errno;

	if (requested == SIGTERM && signal_number == SIGTERM &&
		clock_ms() - requested_ms < STOP_PASSED_ON_MS)
		return;
	if (requested == signal_number || (requested && signal_number == SIGTERM))
		_exit(128 + signal_number);
	if (in_time && requested)
		_exit(128 + (int)requested);
	if (in_time)
		alarm(2 * STOP_PATIENCE_MS / 1000);
	requested = signal_number;
	requested_ms = clock_ms();
	if (write((int)wake_fd, "", 1) < 0)
		errno = err;
	errno = err;
}

/* A handler, not SIG_IGN, which commands would inherit. */
static void on_hangup(int signal_number)
{
	(void)signal_number;
}

bool stop_listen(const sigset_t *mask, const volatile sig_atomic_t **stop, int *fd)
{
	struct sigaction request = {.sa_handler = on_request};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	struct sigaction hangup = {.sa_handler = on_hangup, .sa_flags = SA_RESTART};
	int ends[2];

	if (pipe(ends) < 0)
		return false;
	for (int i = 0; i < 2; i++)
		fcntl(ends[i], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	requested = 0;
	wake_fd = ends[1];
	*stop = &requested;
	*fd = ends[0];
	/* Neither interrupts the other: which came first must be clear. */
	sigemptyset(&request.sa_mask);
	sigaddset(&request.sa_mask, SIGTERM);
	sigaddset(&request.sa_mask, SIGALRM);
	sigemptyset(&ignore.sa_mask);
	sigemptyset(&hangup.sa_mask);
	sigaction(SIGTERM, &request, NULL);
	sigaction(SIGALRM, &request, NULL);
	/* These go to a whole group, where the parent is who decides. */
	sigaction(SIGINT, &ignore, NULL);
	if (sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &hangup, NULL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	return true;
}

static struct timeval interval(int64_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

/* Whoever started us may have blocked it. */
static void let_alarm_in(void)
{
	sigset_t own;

	sigemptyset(&own);
	sigaddset(&own, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &own, NULL);
}

void stop_after(int64_t ms, int64_t grace_ms)
{
	struct itimerval timer = {.it_value = interval(ms)};

	if (ms == 0)
		return;
	timer.it_interval = interval(2 * STOP_PATIENCE_MS + grace_ms);
	let_alarm_in();
	setitimer(ITIMER_REAL, &timer, NULL);
}

void stop_in_time(void)
{
	let_alarm_in();
	in_time = true;
}

void stop_forget_deadline(void)
{
	const struct itimerval never = {.it_value = {0, 0}};

	setitimer(ITIMER_REAL, &never, NULL);
}

bool stop_error(int signal_number, int64_t deadline_ms, struct error *e)
{
	char limit[32];

	if (signal_number != SIGALRM)
		return error_set(e, signal_number == SIGINT ? ERROR_INTERRUPTED : ERROR_TERMINATED,
			"interrupted");
	text_duration(limit, sizeof(limit), deadline_ms / 1000);
	return error_set(e, ERROR_NETWORK, "stopped after %s (deadline)", limit);
}
