/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/report_leave.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "report/output.h"

static const int watched[] = {SIGTSTP, SIGQUIT, SIGWINCH};
enum { WATCHED = sizeof(watched) / sizeof(watched[0]) };

static volatile sig_atomic_t has_lines, resized;
static struct sigaction before[WATCHED];
static bool watching;

void leave_now(void)
{
	struct pollfd terminal = {.fd = STDERR_FILENO, .events = POLLOUT};
	ssize_t ignored;

	/* One that takes nothing would keep the program from ending. */
	if (!has_lines || poll(&terminal, 1, 0) != 1)
		return;
	has_lines = 0;
	ignored = write(STDERR_FILENO, LEAVE_ERASE, sizeof(LEAVE_ERASE) - 1);
	(void)ignored;
}

/* Takes the lines away, and lets the signal do what it usually does; the program may go on. */
static void on_leave(int signal_number)
{
	struct sigaction usual = {.sa_handler = SIG_DFL}, own;
	sigset_t only, old;
	int err = errno;

	leave_now();
	sigemptyset(&usual.sa_mask);
	sigemptyset(&only);
	sigaddset(&only, signal_number);
	sigaction(signal_number, &usual, &own);
	raise(signal_number);
	sigprocmask(SIG_UNBLOCK, &only, &old);
	sigprocmask(SIG_SETMASK, &old, NULL);
	sigaction(signal_number, &own, NULL);
	errno = err;
}

static void on_resize(int signal_number)
{
	(void)signal_number;
	resized++;
}

void leave_watch(void)
{
	struct sigaction act = {.sa_flags = SA_RESTART};

	if (watching)
		return;
	watching = true;
	sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < WATCHED; i++) {
		act.sa_handler = watched[i] == SIGWINCH ? on_resize : on_leave;
		sigaction(watched[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			sigaction(watched[i], &act, NULL);
	}
}

void leave_forget(void)
{
	if (!watching)
		return;
	watching = false;
	for (size_t i = 0; i < WATCHED; i++)
		sigaction(watched[i], &before[i], NULL);
}

void leave_to_parent(void)
{
	has_lines = 0;
	leave_forget();
}

void leave_write(const struct buf *out, bool lines)
{
	sigset_t held, old;

	sigemptyset(&held);
	for (size_t i = 0; i < WATCHED; i++)
		sigaddset(&held, watched[i]);
	sigprocmask(SIG_BLOCK, &held, &old);
	/* Nothing can be done about a terminal that is gone. */
	(void)output_write(STDERR_FILENO, out);
	has_lines = lines;
	sigprocmask(SIG_SETMASK, &old, NULL);
}

bool leave_has_lines(void)
{
	return has_lines;
}

unsigned leave_resized(void)
{
	return (unsigned)resized;
}
