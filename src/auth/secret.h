/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_AUTH_SECRET_H
#define AMBIL_AUTH_SECRET_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Where the password of an account may come from. Strings belong to the configuration. */
struct secret_sources {
	const char *account; /* for $CREDENTIALS_DIRECTORY/ambil.ACCOUNT and the words of errors */
	const char *typed;   /* the account as the command line takes it, for remedies */
	const char *host, *user;
	char *command;                     /* password-command */
	char *file;                        /* password-file, ~ expanded */
	char *password;                    /* password, from the configuration */
	bool keyring, netrc;               /* whether to look there */
	bool from_url;                     /* no account of a file, so that none can be set there */
	const volatile sig_atomic_t *stop; /* not 0: the command is ended; may be NULL */
};

/* A password and where it came from ("password-command", "keyring", "~/.netrc:4", "prompt", …). All
 * zero: none. */
struct secret {
	char *value;
	char source[160];
};
void secret_release(struct secret *s); /* wipes */
void secret_copy(struct secret *to, const struct secret *from);

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
/* The name of the setting (or "$CREDENTIALS_DIRECTORY") that secret_find would ask; NULL: none. */
const char *secret_setting(const struct secret_sources *from);

/* How the search in what is no setting of the account ended, for one account. */
struct secret_search {
	struct secret_sources from;
	struct secret found;  /* value NULL: nothing was */
	struct error trouble; /* what kept a place from answering; ERROR_NONE: nothing did */
	bool failed;          /* trouble ends the account: there is nothing else to be tried */
	bool locked;          /* trouble is that the keyring has it, but is locked */
	bool keyring_there;   /* a password could be stored in it */
};
struct secret_way {
	bool unlock;                   /* somebody is there whom the keyring may ask */
	void (*unlocking)(void *self); /* it does; may be NULL */
	void *self;
	const volatile sig_atomic_t *stop;
};
/*
 * For accounts without a source that secret_find would have: the keyring, all of them at once, then
 * ~/.netrc or $NETRC. What has nothing is passed over. An entry that is locked is not: where nobody
 * can unlock it, it is the trouble, and .netrc is not asked. A keyring that hangs is trouble too,
 * but .netrc is. So is a .netrc that has an entry, but others could read it. To be called where
 * there is one thread.
 */
void secret_search(struct secret_search *list, size_t n, const struct secret_way *way);
/* The .netrc that is looked into, whether it is there or not; fresh. */
char *secret_netrc_path(void);
/* Whether .netrc has a password that secret_search would find; where is for its name and line. */
bool secret_in_netrc(const struct secret_sources *from, char *where, size_t room);

/* Whether there is a terminal to ask on. */
bool secret_can_prompt(void);
/*
 * Asks on /dev/tty, without echo, which is restored also when interrupted (then
 * ERROR_INTERRUPTED). The error of secret_missing() when there is none; ERROR_CONFIG for an empty
 * answer.
 */
bool secret_prompt(
	const struct secret_search *searched, struct secret *out, struct error *e) MUST_CHECK;
/* The first line of what fd gives, behind which nothing is waited for. ERROR_CONFIG when it is no
 * password, or one of 64 KiB and more; ERROR_INTERRUPTED once *stop, which may be NULL, is not 0.
 */
bool secret_read(
	int fd, const volatile sig_atomic_t *stop, struct secret *out, struct error *e) MUST_CHECK;
/*
 * The error for no source and no prompt: what was tried, or its trouble when that passes.
 * forbidden: since the user does not want one. False.
 */
bool secret_missing(const struct secret_search *searched, bool forbidden, struct error *e);

#endif
