/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The part of the preloaded library that runs the program again and again without loading it anew, which is
 * most of what a short run costs. Before main() it takes requests from the socket STOP_SERVER: the octets that
 * follow as a number of 4 octets, then as many octets of a run's environment, each NAME=VALUE ended by a NUL. A
 * child becomes that run, in a session of its own, in its HOME; what it says goes to the files RUN_OUT and
 * RUN_ERR. The answers: its process id, as 4 octets; then, when nothing is left of it, its status as of
 * waitpid(2), the number of its steps and of those that failed, and these with a line each, in the same form.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stopper.h"

enum { REQUEST_MAX = 64 * 1024 };

static int (*real_main)(int, char **, char **);

/* The requester going away is the end. */
static void receive(int fd, void *data, size_t len)
{
	if (recv(fd, data, len, MSG_WAITALL) != (ssize_t)len)
		_exit(0);
}

static void answer(int fd, const void *data, size_t len)
{
	if (send(fd, data, len, MSG_NOSIGNAL) != (ssize_t)len)
		_exit(0);
}

static int to_file(const char *path, int flags, int fd)
{
	int opened = path ? open(path, flags, 0600) : -1;

	if (opened < 0 || dup2(opened, fd) < 0)
		_exit(126);
	return close(opened);
}

static void become_run(char *environment, size_t len, struct steps *steps)
{
	setsid();
	clearenv();
	for (char *one = environment; one < environment + len; one += strlen(one) + 1)
		putenv(one);
	if (!getenv("HOME") || chdir(getenv("HOME")) < 0)
		_exit(126);
	to_file("/dev/null", O_RDONLY, 0);
	to_file(getenv("RUN_OUT"), O_WRONLY | O_CREAT | O_TRUNC, 1);
	to_file(getenv("RUN_ERR"), O_WRONLY | O_CREAT | O_TRUNC, 2);
	stopper_begin(steps);
}

/* All that the run has started becomes a child of this process when its own parent ends. */
static int wait_for_all(pid_t pid)
{
	int status = 0, one;
	pid_t ended;

	while ((ended = waitpid(-1, &one, 0)) > 0)
		if (ended == pid)
			status = one;
	return status;
}

static void tell(int fd, int status, const struct steps *steps)
{
	static char text[FAILED_MAX * STEP_TEXT + 100];
	long shown = steps->failed < FAILED_MAX ? steps->failed : FAILED_MAX;
	int len = snprintf(text, sizeof(text), "%d %ld %ld\n", status, steps->count, steps->failed);
	uint32_t octets;

	for (long i = 0; i < shown; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%s\n", steps->texts[i]);
	octets = (uint32_t)len;
	answer(fd, &octets, sizeof(octets));
	answer(fd, text, octets);
}

/* Returns in each child, which is a run. */
static void serve(int fd)
{
	static char request[REQUEST_MAX];
	struct steps *steps = stopper_prepare();

	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (;;) {
		uint32_t len;
		int32_t pid;

		receive(fd, &len, sizeof(len));
		if (len > REQUEST_MAX || !steps)
			_exit(126);
		receive(fd, request, len);
		stopper_reset(steps);
		pid = fork();
		if (pid == 0) {
			close(fd);
			become_run(request, len, steps);
			return;
		}
		answer(fd, &pid, sizeof(pid));
		tell(fd, wait_for_all(pid), steps);
	}
}

static int main_again(int argc, char **argv, char **envp)
{
	const char *fd = getenv("STOP_SERVER");

	(void)envp;
	if (fd)
		serve((int)strtol(fd, NULL, 10));
	return real_main(argc, argv, environ);
}

/* Called when all libraries are set up. */
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
	void (*fini)(void), void (*rtld_fini)(void), void *stack_end);
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
	void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	__typeof__(__libc_start_main) *real;

	*(void **)&real = dlsym(RTLD_NEXT, "__libc_start_main");
	real_main = main;
	return real(main_again, argc, argv, init, fini, rtld_fini, stack_end);
}
