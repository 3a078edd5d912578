/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_ASIDE_H
#define AMBIL_NET_ASIDE_H

#include "base/error.h"

/* Private to this folder: calls that block, and cannot be given the time limit that is wanted. */
struct aside;

/*
 * Calls run(work) in a thread of its own that nobody joins; drop(work) frees it once that is over
 * and the caller has left, in whichever order. *wake_fd, the caller's to close, becomes readable
 * when run() has returned. NULL with *e set when no thread could be started: work is dropped then.
 */
struct aside *aside_start(void (*run)(void *work), void (*drop)(void *work), void *work,
	int *wake_fd, struct error *e) MUST_CHECK;
/* The work when run() has returned, the caller's alone until it leaves; NULL: not yet. */
void *aside_done(struct aside *aside);
/* What is still to come is thrown away by the thread. NULL is fine. */
void aside_leave(struct aside *aside);

#endif
