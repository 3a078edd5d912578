/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/clock.h"
#include "fetch/stop.h"
#include "report/output.h"
#include "report/report_leave.h"

enum { READER_MS = 2000 };

volatile sig_atomic_t process_stop, process_continued;
static volatile sig_atomic_t stop_count, stop_pipe = -1; /* and the pipe that wakes who waits */
static int64_t stop_ms; /* when it came; set by the handler, before it lets anybody else look */

static void on_stop(int number)
{
	int err = errno;
	ssize_t ignored;

	if (!process_stop) {
		process_stop = number;
		stop_ms = clock_ms();
		alarm(1);
	} else if (clock_ms() - stop_ms < STOP_ONE_REQUEST_MS) {
		return;
	}
	/* One is a wish, two an order; at the third nobody is listening any more. The journal makes
	 * it safe. */
	if (++stop_count > 2) {
		leave_now();
		_exit(128 + number);
	}
	ignored = write(stop_pipe, "", 1);
	(void)ignored;
	errno = err;
}

/* Interrupts whoever is stuck in writing, so that he looks how long he has been asked to stop. */
static void on_alarm(int number)
{
	(void)number;
	alarm(1);
}

/* A reader that is stuck is not waited for when the program is to end, but for a moment. */
static bool may_wait(void)
{
	return !process_stop || (stop_count == 1 && clock_ms() - stop_ms < READER_MS);
}

static void on_continue(int number)
{
	(void)number;
	process_continued++;
}

int process_signals(void)
{
	static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction stop = {.sa_handler = on_stop}, ignore = {.sa_handler = SIG_IGN};
	struct sigaction usual = {.sa_handler = SIG_DFL}, alarm = {.sa_handler = on_alarm};
	struct sigaction go_on = {.sa_handler = on_continue, .sa_flags = SA_RESTART}, old;
	int ends[2];

	if (pipe(ends) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		fcntl(ends[i], F_SETFD, FD_CLOEXEC);
		fcntl(ends[i], F_SETFL, O_NONBLOCK);
	}
	stop_pipe = ends[1];
	sigemptyset(&stop.sa_mask);
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		sigaddset(&stop.sa_mask, stops[i]);
	sigemptyset(&ignore.sa_mask);
	sigemptyset(&usual.sa_mask);
	sigemptyset(&alarm.sa_mask);
	sigemptyset(&go_on.sa_mask);
	output_while(may_wait);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	/* nohup(1) has asked for this one to be ignored. */
	if (sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &stop, NULL);
	sigaction(SIGALRM, &alarm, NULL);
	sigaction(SIGCONT, &go_on, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	/* Inherited as ignored, it would leave nobody to tell how a command has ended. */
	sigaction(SIGCHLD, &usual, NULL);
	/* Whoever started us may have blocked them. */
	sigaddset(&stop.sa_mask, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &stop.sa_mask, NULL);
	return ends[0];
}

/*
 * A file opened later must not become standard output. A stream that came closed is opened the
 * wrong way round, so that it still fails whoever wants to use it: mail written to it is not gone.
 */
static bool set_up_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return true;
}

/*
 * A core must not hold a password. The limit alone does not stop a core that goes to a program
 * (core(5)); not dumpable, the process is also closed to other processes of the same user.
 */
static void forbid_cores(void)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
#ifdef __linux__
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

bool process_set_up(bool words)
{
	if (!set_up_streams())
		return false;
	if (words)
		setlocale(LC_CTYPE, "");
	forbid_cores();
	return true;
}
