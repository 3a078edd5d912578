/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Programs that write to an mbox lock it by fcntl, by PATH.lock, or by both; so both are held,
 * fcntl first. Each is tried without blocking, and the first is given back when the second is
 * taken, so no order can deadlock. The lock file gets its name by link(2), complete: it says who
 * holds it, as "PID:HOST ambil". Who holds the fcntl lock and finds such a file of this machine
 * knows that its maker is gone, whatever has become of the process: it is removed at once. One of
 * another program is removed when it says PID:HOST and that process is gone, or after an hour; one
 * that does not say so, or is of another machine, when it has not changed for five minutes. Closing
 * any descriptor of the mbox in this process would drop the fcntl lock; the mbox is opened here
 * only.
 */
#include "local/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/parse.h"

enum { STALE_S = 5 * 60, STALE_RUNNING_S = 60 * 60, PAUSE_MS = 100, OWNER_MAX = 200 };
enum attempt { ATTEMPT_HELD, ATTEMPT_TAKEN, ATTEMPT_FAILED };

struct wanted {
	const char *path, *shown, *host;
	pid_t holder; /* of the lock that is in the way; 0: not known */
};

static bool is_mbox(const struct stat *st, const char *shown, struct error *e)
{
	if (S_ISREG(st->st_mode))
		return true;
	return error_set(e, ERROR_DELIVERY,
		S_ISDIR(st->st_mode) ? N_("%s is a folder, not an mbox file")
				     : N_("%s is not a regular file"),
		shown);
}

/* Looks before it opens: to open a FIFO or a device can have effects of its own. */
int mbox_file_open(const char *path, const char *shown, struct error *e)
{
	struct stat st;
	int fd;

	if (stat(path, &st) == 0 && !is_mbox(&st, shown, e))
		return -1;
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		error_sys(e, ERROR_DELIVERY, errno, "%s", shown);
	else if (is_mbox(&st, shown, e))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static enum attempt lock_fcntl(int fd, struct wanted *w, struct error *e)
{
	struct flock want = {.l_type = F_WRLCK, .l_whence = SEEK_SET}, who = want;

	if (fcntl(fd, F_SETLK, &want) == 0)
		return ATTEMPT_HELD;
	if (errno != EACCES && errno != EAGAIN && errno != EINTR) {
		error_sys(e, ERROR_DELIVERY, errno, "%s cannot be locked", w->shown);
		return ATTEMPT_FAILED;
	}
	if (fcntl(fd, F_GETLK, &who) == 0 && who.l_type != F_UNLCK)
		w->holder = who.l_pid;
	return ATTEMPT_TAKEN;
}

/*
 * Whether the holder, who wrote "PID:HOST" or nothing useful, is known to be gone. Called with the
 * fcntl lock held, so a lock of our own kind and machine has nobody behind it.
 */
static bool holder_gone(const char *name, struct wanted *w)
{
	struct buf text = {NULL, 0, 0};
	struct span line, host;
	const char *colon;
	uint32_t pid = 0;
	bool gone = false;

	w->holder = 0;
	if (!file_slurp(name, OWNER_MAX, &text, NULL, NULL))
		goto end;
	line = buf_span(&text);
	if (line.len && line.data[line.len - 1] == '\n')
		line.len--;
	colon = line.len ? memchr(line.data, ':', line.len) : NULL;
	if (!colon ||
		!parse_u32((struct span){line.data, (size_t)(colon - line.data)}, INT32_MAX, &pid))
		goto end;
	line.len -= (size_t)(colon + 1 - line.data);
	line.data = colon + 1;
	host = span_word(&line);
	if (!span_is(host, w->host) || pid == 0)
		goto end;
	w->holder = (pid_t)pid;
	gone = span_is(line, "ambil") || (kill(w->holder, 0) < 0 && errno == ESRCH);
end:
	buf_release(&text);
	return gone;
}

/* A process that runs is believed for longer; but it may be another one that was given its number.
 */
static bool is_stale(const char *name, const struct stat *seen, struct wanted *w)
{
	if (holder_gone(name, w))
		return true;
	return (int64_t)time(NULL) - seen->st_mtime >= (w->holder ? STALE_RUNNING_S : STALE_S);
}

/*
 * Removes a lock file nobody stands behind any more. It is moved aside first: if it turns out to be
 * a newer one, made since we looked, it is put back.
 */
static void break_stale(const char *name, const char *aside, struct wanted *w)
{
	struct stat seen, moved;

	if (lstat(name, &seen) < 0)
		return;
	if (!is_stale(name, &seen, w))
		return;
	if (rename(name, aside) < 0)
		return;
	if (lstat(aside, &moved) == 0 &&
		(moved.st_ino != seen.st_ino || moved.st_dev != seen.st_dev) &&
		link(aside, name) < 0)
		return; /* somebody was quicker; the file aside belongs to nobody then */
	unlink(aside);
}

/* One name for all processes of this machine: the fcntl lock is held while it is used. */
static char *aside_name(const char *path, const char *host)
{
	return xasprintf("%s.lock.%s.ambil", path, host);
}

/* Makes the file aside, which says who we are. */
static bool make_aside(const char *aside, const struct wanted *w, struct stat *st)
{
	char owner[OWNER_MAX];
	int fd, err = 0;

	unlink(aside);
	fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return false;
	snprintf(owner, sizeof(owner), "%ld:%s ambil\n", (long)getpid(), w->host);
	if (!file_write_all(fd, owner, strlen(owner)) || fstat(fd, st) < 0)
		err = errno;
	close(fd);
	if (err)
		unlink(aside);
	errno = err;
	return err == 0;
}

static enum attempt lock_dot(struct mbox_lock *lock, struct wanted *w, struct error *e)
{
	char *name = xasprintf("%s.lock", w->path);
	char *aside = aside_name(w->path, w->host);
	enum attempt result = ATTEMPT_FAILED;
	struct stat st;
	int err;

	break_stale(name, aside, w);
	err = make_aside(aside, w, &st) ? 0 : errno;
	if (!err) {
		err = link(aside, name) < 0 ? errno : 0;
		unlink(aside);
	}
	lock->dotted = err == 0;
	if (!err) {
		lock->dot_dev = st.st_dev;
		lock->dot_ino = st.st_ino;
	}
	/* Where no lock file can be made, fcntl alone must do; but one that is there counts. */
	if (err == EEXIST ||
		((err == EACCES || err == EPERM || err == EROFS) && lstat(name, &st) == 0 &&
			!is_stale(name, &st, w)))
		result = ATTEMPT_TAKEN;
	else if (!err || err == EACCES || err == EPERM || err == EROFS || err == ENOTSUP)
		result = ATTEMPT_HELD;
	else
		error_sys(e, ERROR_DELIVERY, err, "%s.lock", w->shown);
	free(aside);
	free(name);
	return result;
}

/* A program that rewrites the mbox may have put another file in its place while we waited. */
static bool is_current(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino &&
		a.st_dev == b.st_dev;
}

static enum attempt try_lock(struct mbox_lock *lock, struct wanted *w, struct error *e)
{
	enum attempt result;

	lock->dotted = false;
	lock->fd = mbox_file_open(w->path, w->shown, e);
	if (lock->fd < 0)
		return ATTEMPT_FAILED;
	result = lock_fcntl(lock->fd, w, e);
	if (result == ATTEMPT_HELD)
		result = lock_dot(lock, w, e);
	if (result == ATTEMPT_HELD && !is_current(lock->fd, w->path))
		result = ATTEMPT_TAKEN;
	if (result != ATTEMPT_HELD)
		mbox_lock_release(lock, w->path);
	return result;
}

bool mbox_lock_take(struct mbox_lock *lock, const char *path, const char *shown,
	const char *my_host, int64_t patience_ms, const volatile sig_atomic_t *stop,
	struct error *e)
{
	struct wanted w = {.path = path, .shown = shown, .host = my_host};
	int64_t deadline = clock_ms() + patience_ms;
	enum attempt result;

	while ((result = try_lock(lock, &w, e)) == ATTEMPT_TAKEN && clock_ms() < deadline &&
		!(stop && *stop))
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
	if (result != ATTEMPT_TAKEN)
		return result == ATTEMPT_HELD;
	if (w.holder > 0)
		return error_set(e, ERROR_BUSY, "%s is locked by another program (pid %ld)", shown,
			(long)w.holder);
	return error_set(
		e, ERROR_BUSY, "%s is locked by another program (%s.lock exists)", shown, shown);
}

void mbox_lock_release(struct mbox_lock *lock, const char *path)
{
	char *name = xasprintf("%s.lock", path);
	struct stat st;

	/* Others may have thought us dead and taken the lock over. */
	if (lock->dotted && lstat(name, &st) == 0 && st.st_ino == lock->dot_ino &&
		st.st_dev == lock->dot_dev)
		unlink(name);
	free(name);
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
	lock->dotted = false;
}

void mbox_lock_sweep(const char *path, const char *shown, const char *my_host)
{
	char *aside = aside_name(path, my_host), *name = xasprintf("%s.lock", path);
	struct mbox_lock lock;
	struct stat st;

	/* To take the lock uses both names up, and to release it takes them away. */
	if ((lstat(aside, &st) == 0 || lstat(name, &st) == 0) &&
		mbox_lock_take(&lock, path, shown, my_host, 0, NULL, NULL))
		mbox_lock_release(&lock, path);
	free(name);
	free(aside);
}
