/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a command and writes what it took, with all the processes it waited for, as a line of JSON:
 * wall time, processor time, and the peak memory of the largest of them.
 *
 *     starter OUTPUT COMMAND [ARGUMENT]...
 *
 * A child counts the memory of the process that started it until it runs another program, so what
 * starts it must be small. wait4 is not in POSIX, but on every system that has these peers. */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NOT_STARTED = 127, WRONG_USE = 64 };

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	double start;
	pid_t child;
	FILE *out;
	int status, code;

	if (argc < 3)
		return WRONG_USE;
	start = now_s();
	child = fork();
	if (child < 0)
		return NOT_STARTED;
	if (child == 0) {
		execvp(argv[2], argv + 2);
		_exit(NOT_STARTED);
	}
	if (wait4(child, &status, 0, &usage) != child)
		return NOT_STARTED;
	start = now_s() - start;
	code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	out = fopen(argv[1], "w");
	if (!out)
		return NOT_STARTED;
	fprintf(out, "{\"wall\":%.6f,\"user\":%.6f,\"sys\":%.6f,\"peak_kib\":%ld,\"code\":%d}\n",
		start, seconds(usage.ru_utime), seconds(usage.ru_stime), usage.ru_maxrss, code);
	return fclose(out) ? NOT_STARTED : code;
}
