/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_FILE_H
#define AMBIL_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/mem.h"

/* Descriptors are opened close-on-exec; EINTR and short transfers are handled here. */

/* Writes all of data, however long that takes; false with errno set. */
bool file_write_all(int fd, const void *data, size_t len) MUST_CHECK;
/* The same for as long as goes_on() has it so, which is asked when a signal has come; else EINTR.
 */
bool file_write_while(int fd, const void *data, size_t len, bool (*goes_on)(void)) MUST_CHECK;
/* Reads until len octets or end of file; the count, or -1 with errno set. */
ssize_t file_read_all(int fd, void *data, size_t len) MUST_CHECK;
/* fsync on the folder at path; ERROR of the given kind. */
bool file_sync_folder(const char *path, enum error_kind kind, struct error *e) MUST_CHECK;
/* The same on the folder that holds path, which has no slash at its end: its name is durable. */
bool file_sync_parent(const char *path, enum error_kind kind, struct error *e) MUST_CHECK;
/* Makes path and its missing parents, mode 0700. home is written as ~ in errors; it may be NULL. */
bool file_make_folders(
	const char *path, const char *home, enum error_kind kind, struct error *e) MUST_CHECK;
/*
 * Makes the name of path durable, and those of all folders on the way to it that this process may
 * have made.
 */
bool file_sync_way(const char *path, enum error_kind kind, struct error *e) MUST_CHECK;
/* A leading ~ or ~/ becomes home; other paths are copied. A fresh string. */
char *file_expand_home(const char *path, const char *home);
/* A whole regular file of at most max octets, opened without blocking on a FIFO; false with errno
 * set (EFBIG: too large, EINVAL: not a regular file). mode_out, uid_out: its permission bits and
 * owner, may be NULL. */
bool file_slurp(
	const char *path, size_t max, struct buf *out, mode_t *mode_out, uid_t *uid_out) MUST_CHECK;
/*
 * Whether a file that holds a secret may be relied on: it belongs to this user or to root, and has
 * none of the forbidden permission bits. called, path: how to name it in the error, and in the
 * command that cures it; holds: "a password". ERROR_CONFIG.
 */
bool file_may_trust(const char *called, const char *path, const char *holds, mode_t mode,
	uid_t owner, mode_t forbidden, struct error *e) MUST_CHECK;

/*
 * One process at a time, by a kernel (fcntl) lock on the file at path, which is created and stays.
 * FILE_LOCK_TAKEN: another process holds it, *holder is its pid. The lock is gone with the
 * descriptor or the process, however that ends.
 */
enum file_lock { FILE_LOCK_HELD, FILE_LOCK_TAKEN, FILE_LOCK_FAILED };
enum file_lock file_lock(const char *path, int *fd_out, pid_t *holder, struct error *e) MUST_CHECK;
/* The pid of the other process that holds it, 0 for none; nothing is created. */
pid_t file_lock_holder(const char *path);

#endif
