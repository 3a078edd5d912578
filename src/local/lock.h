/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_LOCK_H
#define AMBIL_LOCAL_LOCK_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* An mbox that is open and locked in both customary ways: fcntl and a file beside it, PATH.lock. */
struct mbox_lock {
	int fd;      /* open for reading and appending; -1: not locked */
	bool dotted; /* PATH.lock is ours */
	dev_t dot_dev;
	ino_t dot_ino;
};
/*
 * Opens (creating it if missing, 0600) and locks the mbox at path, waiting up to patience_ms,
 * and no longer when *stop is not 0 (stop may be NULL). my_host is written into the lock file.
 * shown names the mbox in errors. ERROR_BUSY: another program holds it; ERROR_DELIVERY: it cannot
 * be used. Where no lock file can be made, and none is there, fcntl alone must do.
 */
bool mbox_lock_take(struct mbox_lock *lock, const char *path, const char *shown,
	const char *my_host, int64_t patience_ms, const volatile sig_atomic_t *stop,
	struct error *e) MUST_CHECK;
/*
 * Opens it without a lock; regular files only. -1 on failure. The caller must hold no lock on it:
 * to close the descriptor would drop that.
 */
int mbox_file_open(const char *path, const char *shown, struct error *e);
void mbox_lock_release(struct mbox_lock *lock, const char *path);
/*
 * Removes what a process of this machine left beside the mbox, because it was killed or the disk
 * failed, and lock files that are stale. A lock that somebody holds is left alone, not waited for.
 */
void mbox_lock_sweep(const char *path, const char *shown, const char *my_host);

#endif
