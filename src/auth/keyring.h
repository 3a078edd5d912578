/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_AUTH_KEYRING_H
#define AMBIL_AUTH_KEYRING_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The desktop's keyring, through libsecret, which is asked by a process of its own: neither that
 * library nor GLib is ever loaded into this one, and one that crashes or hangs does no harm. What
 * is found: the entries of mpop, {host, service = pop3, user}; then {server, protocol = pop3,
 * user}, the old GNOME's and getmail's; then {service = HOST, username = USER}, Python's. What is
 * stored has mpop's form. To be called where there is one thread.
 */
enum keyring_job { KEYRING_LOOK_UP, KEYRING_READY, KEYRING_STORE, KEYRING_FORGET };

enum keyring_state {
	KEYRING_DONE, /* looked up: found; ready to store; stored; looked through and forgotten */
	KEYRING_NOTHING, /* looked up: a keyring is there, but has no such entry */
	KEYRING_ABSENT,  /* no keyring: not built in, not installed, no bus, nothing that serves it
			  */
	KEYRING_LOCKED,  /* the entry, or the place for it, is locked; nobody has unlocked it */
	KEYRING_FAILED,  /* it did not answer within KEYRING_WAIT_S, or said that it cannot */
	KEYRING_STOPPED, /* way->stop */
};
enum { KEYRING_WAIT_S = 5, KEYRING_UNLOCK_WAIT_S = 60, KEYRING_PASSWORD_MAX = 16 * 1024 };

/* One account's entry. */
struct keyring_entry {
	const char *host, *user;
	char *password; /* to be stored; or what was found, fresh, for wipe_free() */
	enum keyring_state state;
	unsigned forgotten; /* how many entries were removed */
	char words[160];    /* ABSENT and FAILED: why, fit for a sentence behind a colon */
};

struct keyring_way {
	bool unlock; /* somebody is there whom the keyring may ask, in a window of its own */
	void (*unlocking)(void *self); /* it does so now; may be NULL */
	void *self;
	const volatile sig_atomic_t *stop; /* may be NULL */
};

/* Whether this build knows keyrings at all. */
bool keyring_built_in(void);
/* Does the job for n entries, one by one, and sets the state of each. */
void keyring_do(enum keyring_job job, struct keyring_entry *entries, size_t n,
	const struct keyring_way *way);

#endif
