/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_AUTH_COMMAND_H
#define AMBIL_AUTH_COMMAND_H

#include <signal.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"

/* A command of the user's that prints a secret. Strings are borrowed. */
struct secret_command {
	const char *setting;               /* where it is configured: "password-command" */
	const char *line;                  /* the command, for child_argv_split() */
	const char *const *env;            /* "NAME=value" to add, NULL-terminated; or NULL */
	size_t output_max;                 /* octets; what prints more is an error */
	const volatile sig_atomic_t *stop; /* not 0: the command is ended; may be NULL */
};

/*
 * Runs it to its end, without a shell and with at most a minute's patience. *output (empty before)
 * gets what it printed, in memory that never moved: the caller ends it with buf_wipe(), also on
 * failure. ERROR_CONFIG when it cannot be run, fails, prints too much or takes too long, with its
 * first complaint as the reason; ERROR_INTERRUPTED.
 */
bool secret_command_run(
	const struct secret_command *command, struct buf *output, struct error *e) MUST_CHECK;
/* How sentences name it: password-command "pass mail/home"; fresh. */
char *secret_command_called(const struct secret_command *command);

/* The first line, without its end; it lies in the buffer. */
struct span secret_first_line(const struct buf *b);

#endif
