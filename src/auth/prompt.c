/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A question with a secret for its answer. No signal may end or stop the program while echo is off:
 * all that could are blocked, but while it waits for the answer. There those that stop it, or end
 * it at once, only note that they came, and do their work when the terminal has its old modes
 * again; whoever goes on then is asked anew. A terminal in the hands of others is not touched: what
 * its modes are then is the shell's business.
 */
#include "auth/prompt.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"

enum { ANSWER_MAX = 1024 };
enum outcome { ANSWERED, FAILED, SUSPENDED };

/* Have handlers elsewhere; stop the program, end it at once, or say that it goes on. */
static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
static const int stopping[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGQUIT, SIGCONT};
enum { STOPPING = sizeof(stopping) / sizeof(stopping[0]) };

/* Which of them came. A handler reaches nothing else. */
static volatile sig_atomic_t suspended;

static void on_stopping(int signal_number)
{
	suspended = signal_number;
}

static bool in_foreground(int fd)
{
	return tcgetpgrp(fd) == getpgrp();
}

/* Waits for the terminal as any program does that wants it: stopped, until it is continued. */
static bool come_to_foreground(int fd, struct error *e)
{
	while (!in_foreground(fd)) {
		/* Of the calls that ask for the foreground this one changes least. */
		int err = tcflush(fd, TCIFLUSH) < 0 ? errno : 0;

		if (err == EINTR)
			return error_set(
				e, ERROR_INTERRUPTED, "interrupted before asking for the password");
		if (err || !in_foreground(fd))
			return error_set(
				e, ERROR_CONFIG, "cannot ask for the password in the background");
	}
	return true;
}

/* Reads up to the end of the line with the signals of during let through only while it waits. */
static enum outcome read_answer(int fd, const sigset_t *during, struct buf *answer, struct error *e)
{
	while (answer->len < ANSWER_MAX) {
		fd_set ready;
		ssize_t n;

		FD_ZERO(&ready);
		FD_SET(fd, &ready);
		n = pselect(fd + 1, &ready, NULL, NULL, NULL, during);
		if (suspended || (n > 0 && !in_foreground(fd)))
			return SUSPENDED;
		if (n > 0)
			n = read(fd, answer->data + answer->len, ANSWER_MAX - answer->len);
		if (n < 0 && errno == EINTR) {
			error_set(
				e, ERROR_INTERRUPTED, "interrupted while asking for the password");
			return FAILED;
		}
		if (n < 0) {
			error_sys(e, ERROR_CONFIG, errno, "cannot read the password");
			return FAILED;
		}
		if (n == 0 && !answer->len) {
			error_set(e, ERROR_CONFIG,
				"no password was typed; nothing was sent to the server");
			error_about(e, ERROR_ABOUT_END);
			return FAILED;
		}
		answer->len += (size_t)n;
		if (n == 0 || answer->data[answer->len - 1] == '\n')
			return ANSWERED;
	}
	error_set(e, ERROR_CONFIG, "the password is too long");
	return FAILED;
}

static void add_all(sigset_t *set, const int *signals, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sigaddset(set, signals[i]);
}

/* Those that are ignored stay so: there is no job control. */
static void catch_stopping(struct sigaction before[STOPPING])
{
	struct sigaction note = {.sa_handler = on_stopping};

	sigemptyset(&note.sa_mask);
	suspended = 0;
	for (size_t i = 0; i < STOPPING; i++)
		if (sigaction(stopping[i], NULL, &before[i]) == 0 &&
			before[i].sa_handler != SIG_IGN)
			sigaction(stopping[i], &note, NULL);
}

/* One question, with all signals that matter blocked; echo is on again afterwards. */
static enum outcome ask_once(int fd, const struct termios *usual, const char *question,
	const sigset_t *during, struct buf *answer, struct error *e)
{
	struct termios quiet = *usual;
	enum outcome outcome = FAILED;

	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	tcsetattr(fd, TCSAFLUSH, &quiet);
	if (file_write_all(fd, question, strlen(question)))
		outcome = read_answer(fd, during, answer, e);
	else
		error_sys(e, ERROR_CONFIG, errno, "cannot ask for the password");
	if (!in_foreground(fd))
		return outcome;
	/* The line end that was typed has not been shown either. */
	if (!file_write_all(fd, "\n", 1) && outcome == ANSWERED) {
		error_sys(e, ERROR_CONFIG, errno, "cannot write to the terminal");
		outcome = FAILED;
	}
	tcsetattr(fd, TCSAFLUSH, usual);
	return outcome;
}

static enum outcome ask(int fd, const struct termios *usual, const char *question,
	struct buf *answer, struct error *e)
{
	struct sigaction before[STOPPING];
	sigset_t inside, outside;
	enum outcome outcome;

	sigemptyset(&inside);
	add_all(&inside, ending, sizeof(ending) / sizeof(ending[0]));
	add_all(&inside, stopping, STOPPING);
	pthread_sigmask(SIG_BLOCK, &inside, &outside);
	catch_stopping(before);
	outcome = ask_once(fd, usual, question, &outside, answer, e);
	for (size_t i = 0; i < STOPPING; i++)
		sigaction(stopping[i], &before[i], NULL);
	/* Takes effect when it is let through; continued, the program goes on from here. */
	if (outcome == SUSPENDED && suspended)
		raise((int)suspended);
	pthread_sigmask(SIG_SETMASK, &outside, NULL);
	return outcome;
}

bool prompt_ask(int fd, const char *question, struct buf *answer, struct error *e)
{
	struct termios usual;
	enum outcome outcome;

	if (fd >= FD_SETSIZE)
		return error_set(e, ERROR_INTERNAL, "too many open files to ask for the password");
	buf_reserve(answer, ANSWER_MAX);
	/* The modes are read once, in the foreground: others have theirs, and a program that was
	 * stopped by force finds its own. */
	if (!come_to_foreground(fd, e))
		return false;
	if (tcgetattr(fd, &usual) < 0)
		return error_sys(e, ERROR_CONFIG, errno, "cannot ask for the password");
	while ((outcome = ask(fd, &usual, question, answer, e)) == SUSPENDED) {
		wipe(answer->data, answer->len);
		buf_clear(answer);
		if (!come_to_foreground(fd, e))
			return false;
	}
	return outcome == ANSWERED;
}
