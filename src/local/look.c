/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking only: sink_open() makes what is missing, and whoever asks whether it would work does not
 * want that. */
#include "local/look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/child.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/text.h"
#include "local/kinds.h"

static bool may_use(const char *path, int mode, const char *shown, struct error *e)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0 ||
		error_sys(e, ERROR_DELIVERY, errno, "%s cannot be written", shown);
}

bool sink_has_room(uint64_t free_octets, uint64_t files_free, uint64_t files_max, const char *shown,
	struct error *e)
{
	if (free_octets == 0)
		return error_set(e, ERROR_DELIVERY, "the disk of %s is full", shown);
	if (files_max && files_free == 0)
		return error_set(e, ERROR_DELIVERY, "the disk of %s can take no more files", shown);
	return true;
}

/* Of the file system that holds path, which exists. */
static bool look_at_room(
	const char *path, const char *shown, struct sink_look *out, struct error *e)
{
	struct statvfs fs;

	if (statvfs(path, &fs) < 0)
		return error_sys(e, ERROR_DELIVERY, errno, "%s", shown);
	out->free_octets = (uint64_t)fs.f_bavail * fs.f_frsize;
	return sink_has_room(out->free_octets, fs.f_favail, fs.f_files, shown, e);
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash > path ? xstrndup(path, (size_t)(slash - path)) : xstrdup("/");
}

/* What would be made there can be. */
static bool look_at_parent(const struct destination *d, struct sink_look *out, struct error *e)
{
	char *folder = folder_of(d->path), *shown = folder_of(d->shown);
	bool done = sink_check_parent(d, e) && may_use(folder, W_OK | X_OK, shown, e) &&
		look_at_room(folder, shown, out, e);

	free(folder);
	free(shown);
	return done;
}

/* One of tmp, new and cur; a missing one is made by the next run. */
static bool look_at_part(
	const struct destination *d, const char *name, dev_t *device, struct error *e)
{
	char *path = xasprintf("%s/%s", d->path, name), *shown = xasprintf("%s/%s", d->shown, name);
	struct stat st;
	bool done;

	*device = 0;
	if (lstat(path, &st) < 0) {
		done = errno == ENOENT ? may_use(d->path, W_OK | X_OK, d->shown, e)
				       : error_sys(e, ERROR_DELIVERY, errno, "%s", shown);
	} else if (!S_ISDIR(st.st_mode)) {
		done = error_set(e, ERROR_DELIVERY, "%s is not a folder", shown);
	} else {
		*device = st.st_dev;
		done = may_use(path, W_OK | X_OK, shown, e);
	}
	free(path);
	free(shown);
	return done;
}

static bool look_at_maildir(const struct destination *d, struct sink_look *out, struct error *e)
{
	dev_t tmp, new, cur;
	struct stat st;

	if (stat(d->path, &st) < 0)
		return errno == ENOENT ? look_at_parent(d, out, e)
				       : error_sys(e, ERROR_DELIVERY, errno, "%s", d->shown);
	out->exists = true;
	if (!S_ISDIR(st.st_mode))
		return error_set(e, ERROR_DELIVERY, "%s is not a folder", d->shown);
	if (!look_at_part(d, "tmp", &tmp, e) || !look_at_part(d, "new", &new, e) ||
		!look_at_part(d, "cur", &cur, e))
		return false;
	if ((tmp && new &&tmp != new) || (new &&cur &&new != cur))
		return error_set(e, ERROR_DELIVERY,
			tmp != new ? N_("%s: tmp and new are on different file systems")
				   : N_("%s: new and cur are on different file systems"),
			d->shown);
	return look_at_room(d->path, d->shown, out, e);
}

static bool look_at_locks(const struct destination *d, struct sink_look *out, struct error *e)
{
	struct flock who = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char *path = realpath(d->path, NULL), *folder, *lock;
	int fd;

	if (!path)
		return error_sys(e, ERROR_DELIVERY, errno, "%s", d->shown);
	folder = folder_of(path);
	lock = xasprintf("%s.lock", path);
	/* This process has no lock on it that closing would drop. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && fcntl(fd, F_GETLK, &who) == 0 && who.l_type != F_UNLCK)
		out->lock_holder = who.l_pid;
	if (fd >= 0)
		close(fd);
	out->lock_file = access(lock, F_OK) == 0;
	out->lock_file_can_be_made = faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0;
	free(folder);
	free(lock);
	free(path);
	return true;
}

static bool look_at_mbox(const struct destination *d, struct sink_look *out, struct error *e)
{
	struct stat st;

	if (stat(d->path, &st) < 0) {
		out->lock_file_can_be_made = true;
		return errno == ENOENT ? look_at_parent(d, out, e)
				       : error_sys(e, ERROR_DELIVERY, errno, "%s", d->shown);
	}
	out->exists = true;
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERROR_DELIVERY,
			S_ISDIR(st.st_mode) ? N_("%s is a folder, not an mbox file")
					    : N_("%s is not a regular file"),
			d->shown);
	return may_use(d->path, R_OK | W_OK, d->shown, e) && look_at_locks(d, out, e) &&
		look_at_room(d->path, d->shown, out, e);
}

/* Opening these makes nothing. */
static bool look_at_others(const struct destination *d, struct error *e)
{
	struct sink *k = sink_open(d, "", e);

	if (!k)
		return false;
	sink_free(k);
	return true;
}

bool sink_look(const struct destination *d, struct sink_look *out, struct error *e)
{
	*out = (struct sink_look){.on_disk = d->kind == SINK_MAILDIR || d->kind == SINK_MBOX};
	switch (d->kind) {
	case SINK_MAILDIR:
		return look_at_maildir(d, out, e);
	case SINK_MBOX:
		return look_at_mbox(d, out, e);
	case SINK_PIPE:
	case SINK_STDOUT:
		break;
	}
	return look_at_others(d, e);
}
