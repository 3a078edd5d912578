/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_AUTH_KEYRING_INNER_H
#define AMBIL_AUTH_KEYRING_INNER_H

#include "auth/keyring.h"

/* Between keyring.c, the caller's side, and keyring_libsecret.c, which runs in the process that is
 * made for it. */

/* The answer about one entry; a password of that many octets follows it on the pipe. */
struct keyring_answer {
	enum keyring_state state;
	bool unlocking; /* not an answer yet: somebody is asked to unlock it, give them time */
	unsigned forgotten;
	size_t password_len;
	char words[sizeof(((struct keyring_entry *)0)->words)];
};

/* Asks libsecret and writes the answers to fd, in the order of the entries. file: there is no
 * service behind it, but a file (libsecret's SECRET_BACKEND). */
void keyring_serve(enum keyring_job job, const struct keyring_entry *entries, size_t n, bool unlock,
	bool file, int fd);

#endif
