/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_CHILD_H
#define AMBIL_BASE_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/mem.h"

/*
 * Splits a command into words: blanks part them; '…' is literal, "…" and \ quote. Nothing is
 * expanded and no shell is started. A fresh NULL-terminated array with at least one word, for
 * child_argv_free(). ERROR_CONFIG for an empty command or an open quote.
 */
bool child_argv_split(const char *command, char ***argv, struct error *e) MUST_CHECK;
void child_argv_free(char **argv);
/* Whether argv[0] can be executed, looked up in PATH as execvp() would. */
bool child_exists(const char *program);

struct child_job {
	char *const *argv;
	const char *const
		*env;       /* "NAME=value" to add to the environment, NULL-terminated; or NULL */
	int stdin_fd;       /* the child's standard input; -1 for /dev/null */
	struct buf *output; /* takes standard output; NULL: it goes where complaints go */
	size_t output_max;  /* more output than this is an error, and ends the command at once */
	struct buf *complaints; /* the first octets (about 1 KiB) of standard error; may be NULL */
	int64_t timeout_ms;     /* 0: none. Past it TERM, two seconds later KILL */
	const volatile sig_atomic_t *stop; /* not 0: its time is up; may be NULL */
	bool background; /* own process group: Ctrl-C on the terminal does not reach it */
};
enum child_end { CHILD_EXITED, CHILD_SIGNALLED, CHILD_TIMED_OUT };
struct child_result {
	enum child_end end;
	int code; /* exit code or signal number */
};
/*
 * Runs a command to its end, with no descriptor but 0, 1, 2. May be called from any thread.
 * false: it could not be started (ERROR_CONFIG when it is not there, no program, or not ours to
 * run; ERROR_INTERNAL when memory, processes or descriptors are short), or its output passed
 * output_max (ERROR_CONFIG). Grandchildren that keep a pipe open, or write into it, are not waited
 * for.
 */
bool child_run(
	const struct child_job *job, struct child_result *result, struct error *e) MUST_CHECK;

/* The first line that has words in it becomes why *e, which says how the command failed; false. */
bool child_complaint(const struct buf *complaints, struct error *e);

/*
 * Starts a command that goes on beside us: io_fd is its standard input and output, complaints_fd
 * its standard error, both are copied; it has no other descriptors. It is in a session of its own,
 * so that neither the terminal nor its signals reach it. To be ended with child_end(). Errors as
 * child_run() has them.
 */
bool child_start(char *const *argv, const char *const *env, int io_fd, int complaints_fd,
	pid_t *pid, struct error *e) MUST_CHECK;
/* Waits at most ms for its end; true: it has ended, and was reaped. */
bool child_wait(pid_t pid, int64_t ms, struct child_result *result) MUST_CHECK;
/* Waits patience_ms for its end, then sends TERM to all of its group, two seconds later KILL; it is
 * reaped in any case. */
void child_end(pid_t pid, int64_t patience_ms, struct child_result *result);

#endif
