/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_STOP_H
#define AMBIL_STOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * What asks a worker to stop: SIGTERM from the parent, or for want of one; or SIGALRM from its own
 * clock when the account's deadline has passed. The first request asks for an end in good order;
 * the second of its kind, and a SIGTERM behind any other, end the process at once with 128 + the
 * signal's number. Whoever signals a process, and then its group, means it once.
 */
enum {
	STOP_PATIENCE_MS = 3000,   /* what a server gets to finish what is under way */
	STOP_ONE_REQUEST_MS = 300, /* signals so soon after the first belong to it */
	STOP_PASSED_ON_MS =
		2000, /* and to a worker, whose parent may be late in passing on what came */
};

/* Starts to listen for the parent; *stop is the signal's number from the first request on, and then
 * *fd is readable. mask: the process's, from now on. */
bool stop_listen(const sigset_t *mask, const volatile sig_atomic_t **stop, int *fd) MUST_CHECK;
/* The deadline, from now; 0: none. What is under way then may take grace_ms, and a good end twice
 * STOP_PATIENCE_MS: after that the deadline comes again. */
void stop_after(int64_t ms, int64_t grace_ms);
/* For one that may be stuck in a way that nobody ends: any request gets as much for a good end. */
void stop_in_time(void);
/* It comes no more: what is left to do has a limit of its own. */
void stop_forget_deadline(void);
/* What such a request means for the account that it ended, whose deadline this is; false. */
bool stop_error(int signal_number, int64_t deadline_ms, struct error *e);

#endif
