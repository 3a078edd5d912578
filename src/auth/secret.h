/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_AUTH_SECRET_H
#define AMBIL_AUTH_SECRET_H

#include <signal.h>
#include <stdbool.h>

#include "base/error.h"

/* Where the password of an account may come from. Strings belong to the configuration. */
struct secret_sources {
	const char *account; /* for $CREDENTIALS_DIRECTORY/ambil.ACCOUNT and the words of errors */
	const char *host, *user;
	char *command;                     /* password-command */
	char *file;                        /* password-file, ~ expanded */
	char *password;                    /* password, from the configuration */
	bool configured_in_file;           /* password stands in the configuration file */
	bool from_url;                     /* no account of a file, so that none can be set there */
	const volatile sig_atomic_t *stop; /* not 0: the command is ended; may be NULL */
};

/* A password and where it came from ("password-command", "prompt", …). All zero: none. */
struct secret {
	char *value;
	char source[64];
};
void secret_release(struct secret *s); /* wipes */

/*
 * Tries, in order: command, file, $CREDENTIALS_DIRECTORY, password. True with out->value NULL when
 * no source is configured: then the caller may prompt. A configured source that fails, or gives an
 * empty password, is an error and nothing else is tried; so is a CR, LF (but for line ends behind
 * the first line, which are dropped with all that follows) or NUL. ERROR_CONFIG, or
 * ERROR_INTERRUPTED. The file must be a
 * regular one that others cannot write, and (group, others) cannot read.
 */
bool secret_find(const struct secret_sources *from, struct secret *out, struct error *e) MUST_CHECK;
/* Whether secret_find would have a source, without asking it. */
bool secret_has_source(const struct secret_sources *from);
/*
 * Asks on /dev/tty, without echo, which is restored also when interrupted (then
 * ERROR_INTERRUPTED). ERROR_CONFIG with the words "no password found (tried …) and no terminal to
 * ask on" when there is none, or for an empty answer.
 */
bool secret_prompt(const struct secret_sources *from, const char *question, struct secret *out,
	struct error *e) MUST_CHECK;
/* The error for no source and no prompt; forbidden: since the user does not want one. */
bool secret_missing(const struct secret_sources *from, bool forbidden, struct error *e);

#endif
