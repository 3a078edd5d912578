/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Between the making of a file and its lock another process may sweep it away. Whoever has the lock
 * then looks whether the file still has a name; if not, it makes another.
 */
#include "base/beside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

static const char middle[] = ".ambil-new.";
enum { TAIL = 6, TRIES_MAX = 10 };

static bool lock(int fd, int how)
{
	struct flock want = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int done;

	do
		done = fcntl(fd, how, &want);
	while (done < 0 && errno == EINTR);
	return done == 0;
}

int beside_open(const char *path, char **name)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		char *made = xasprintf("%s%sXXXXXX", path, middle);
		int fd = mkstemp(made), err = errno; /* mode 0600 */
		struct stat st;

		if (fd < 0) {
			free(made);
			errno = err;
			break;
		}
		(void)!fcntl(fd, F_SETFD, FD_CLOEXEC);
		/* Where there are no locks nobody sweeps. */
		(void)!lock(fd, F_SETLKW);
		if (fstat(fd, &st) == 0 && st.st_nlink) {
			*name = made;
			return fd;
		}
		close(fd);
		free(made);
		errno = EAGAIN;
	}
	*name = NULL;
	return -1;
}

static bool is_ours(const char *name)
{
	const size_t len = strlen(name), more = sizeof(middle) - 1 + TAIL;
	const char *end = name + len - (len > more ? more : 0);

	return len > more && strncmp(end, middle, sizeof(middle) - 1) == 0 &&
		!strchr(end + sizeof(middle) - 1, '.');
}

/* No FIFO waits, and no symbolic link is followed. */
static void sweep_one(int folder_fd, const char *name)
{
	int fd = openat(folder_fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st, now;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
		lock(fd, F_SETLK) && fstatat(folder_fd, name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
		now.st_dev == st.st_dev && now.st_ino == st.st_ino)
		(void)!unlinkat(folder_fd, name, 0);
	close(fd);
}

void beside_sweep(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (is_ours(entry->d_name))
			sweep_one(dirfd(dir), entry->d_name);
	closedir(dir);
}

void beside_sweep_at(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = !slash   ? xstrdup(".")
		: slash == path ? xstrdup("/")
				: xstrndup(path, (size_t)(slash - path));

	beside_sweep(folder);
	free(folder);
}
