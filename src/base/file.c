/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every room needs of the file system. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/text.h"

static bool always(void)
{
	return true;
}

bool file_write_all(int fd, const void *data, size_t len)
{
	return file_write_while(fd, data, len, always);
}

bool file_write_while(int fd, const void *data, size_t len, bool (*goes_on)(void))
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		/* What we were given may be non-blocking, by whoever shares it with us. */
		if (n < 0 && errno == EAGAIN &&
			poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1) >= 0)
			continue;
		if (n < 0 && errno == EINTR && goes_on())
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = ENOSPC;
			return false;
		}
		p += n;
		len -= (size_t)n;
	}
	return true;
}

ssize_t file_read_all(int fd, void *data, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, (char *)data + have, len - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

bool file_sync_folder(const char *path, enum error_kind kind, struct error *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return error_sys(e, kind, errno, "cannot open the folder %s", path);
	if (fsync(fd) < 0)
		err = errno;
	close(fd);
	return err ? error_sys(e, kind, err, "cannot sync the folder %s", path) : true;
}

bool file_sync_parent(const char *path, enum error_kind kind, struct error *e)
{
	const char *slash = strrchr(path, '/');
	char *parent = slash ? xstrndup(path, slash == path ? 1 : (size_t)(slash - path))
			     : xstrdup(".");
	bool done = file_sync_folder(parent, kind, e);

	free(parent);
	return done;
}

static bool cannot_create(
	const char *path, const char *home, enum error_kind kind, int err, struct error *e)
{
	char *shown = text_tilde(path, home);

	error_sys(e, kind, err, "cannot create the folder %s", shown);
	free(shown);
	return false;
}

bool file_sync_way(const char *path, enum error_kind kind, struct error *e)
{
	char *folder = xstrdup(path), *slash = strrchr(folder, '/');
	bool done = slash ? true : file_sync_folder(".", kind, e), first = true;

	while (slash && done) {
		bool top = slash == folder;

		slash[top] = '\0';
		/* Where it cannot write it has made nothing. */
		if (first || access(folder, R_OK | W_OK) == 0)
			done = file_sync_folder(folder, kind, e);
		first = false;
		slash = top ? NULL : strrchr(folder, '/');
	}
	free(folder);
	return done;
}

bool file_make_folders(const char *path, const char *home, enum error_kind kind, struct error *e)
{
	char *copy = xstrdup(path);
	struct stat st;
	bool done = true;

	for (char *p = copy + (*copy == '/'); done; p++) {
		if (*p && *p != '/')
			continue;
		char end = *p;

		*p = '\0';
		if (mkdir(copy, 0700) < 0 && errno != EEXIST)
			done = cannot_create(copy, home, kind, errno, e);
		*p = end;
		if (!end)
			break;
	}
	/* The last one may have been there as a file. */
	if (done && stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		done = cannot_create(path, home, kind, ENOTDIR, e);
	free(copy);
	return done;
}

char *file_expand_home(const char *path, const char *home)
{
	if (path[0] == '~' && (path[1] == '/' || !path[1]) && home)
		return xasprintf("%s%s", home, path + 1);
	return xstrdup(path);
}

/* Room is made for what is there, since max may be more than a small machine has; and then for max,
 * where the kernel makes the file (its size is 0), or it has grown meanwhile. */
static bool read_whole(int fd, size_t size, size_t max, struct buf *out)
{
	size_t start = out->len, room = size && size < max ? size : max;
	bool whole = false;
	ssize_t n;

	errno = EFBIG;
	if (size > max)
		return false;
	for (;;) {
		buf_reserve(out, room + 1);
		n = file_read_all(fd, out->data + out->len, room + 1);
		whole = n >= 0 && (size_t)n <= room;
		if (n < 0 || whole)
			break;
		out->len += (size_t)n;
		errno = EFBIG;
		if (room == max)
			break;
		max -= (size_t)n;
		room = max;
	}
	out->len = whole ? out->len + (size_t)n : start;
	return whole;
}

bool file_slurp(const char *path, size_t max, struct buf *out, mode_t *mode_out, uid_t *uid_out)
{
	struct stat st;
	int err, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0)
		goto fail;
	errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	if (!S_ISREG(st.st_mode))
		goto fail;
	if (!read_whole(fd, (size_t)st.st_size, max, out))
		goto fail;
	out->data[out->len] = '\0';
	close(fd);
	if (mode_out)
		*mode_out = st.st_mode & 07777;
	if (uid_out)
		*uid_out = st.st_uid;
	return true;
fail:
	err = errno;
	if (out->data)
		out->data[out->len] = '\0';
	close(fd);
	errno = err;
	return false;
}

bool file_may_trust(const char *called, const char *path, const char *holds, mode_t mode,
	uid_t owner, mode_t forbidden, struct error *e)
{
	if (owner != geteuid() && owner != 0)
		return error_set(e, ERROR_CONFIG, "%s belongs to another user", called);
	if (!(mode & forbidden))
		return true;
	error_set(e, ERROR_CONFIG,
		mode & forbidden & 022 ? N_("%s holds %s and can be written by others (mode %04o)")
				       : N_("%s holds %s and can be read by others (mode %04o)"),
		called, holds, (unsigned)mode);
	return error_remedy(e, "make it yours alone", "chmod 600 %s", path);
}

enum file_lock file_lock(const char *path, int *fd_out, pid_t *holder, struct error *e)
{
	struct flock want = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		error_sys(e, ERROR_STORE, errno, "cannot open the lock file %s", path);
		return FILE_LOCK_FAILED;
	}
	for (;;) {
		if (fcntl(fd, F_SETLK, &want) == 0) {
			*fd_out = fd;
			return FILE_LOCK_HELD;
		}
		if (errno != EACCES && errno != EAGAIN && errno != EINTR) {
			error_sys(e, ERROR_STORE, errno, "cannot lock %s", path);
			break;
		}
		struct flock who = want;

		/* Between the two calls the holder may have gone; then try again. */
		if (fcntl(fd, F_GETLK, &who) == 0 && who.l_type != F_UNLCK) {
			*holder = who.l_pid;
			close(fd);
			return FILE_LOCK_TAKEN;
		}
	}
	close(fd);
	return FILE_LOCK_FAILED;
}

pid_t file_lock_holder(const char *path)
{
	struct flock who = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); /* no FIFO waits */
	bool taken;

	if (fd < 0)
		return 0;
	taken = fcntl(fd, F_GETLK, &who) == 0 && who.l_type != F_UNLCK;
	close(fd);
	return taken ? who.l_pid : 0;
}
