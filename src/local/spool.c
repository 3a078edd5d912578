/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Most mails fit into memory and never touch a disk here. The file never has a name, so nothing is
 * left behind however the program ends; where the file system cannot do that, it loses its name as
 * soon as it has one. A command that is started meanwhile must not inherit it. _GNU_SOURCE:
 * O_TMPFILE is not in POSIX, and mkostemp() only since 2024.
 */
#define _GNU_SOURCE
#include "local/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

void spool_init(struct spool *s, size_t memory_max)
{
	*s = (struct spool){.memory_max = memory_max, .fd = -1};
}

void spool_release(struct spool *s)
{
	if (s->fd >= 0)
		close(s->fd);
	buf_release(&s->memory);
	s->fd = -1;
	s->file_len = 0;
}

uint64_t spool_len(const struct spool *s)
{
	return s->file_len + s->memory.len;
}

static const char *spool_folder(void)
{
	const char *folder = getenv("TMPDIR");

	if (folder && folder[0])
		return folder;
	return access("/var/tmp", W_OK | X_OK) == 0 ? "/var/tmp" : "/tmp";
}

/* err is read before the folder is found, which may set errno anew. */
static bool fail(int err, struct error *e)
{
	return error_sys(e, ERROR_DELIVERY, err, "cannot spool mail in %s", spool_folder());
}

static int open_nameless(const char *folder)
{
#ifdef O_TMPFILE
	return open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
#else
	(void)folder;
	errno = EOPNOTSUPP;
	return -1;
#endif
}

static bool open_file(struct spool *s, struct error *e)
{
	const char *folder = spool_folder();
	char *name;
	int err = 0;

	s->fd = open_nameless(folder);
	if (s->fd >= 0)
		return true;
	err = errno;
	if (err != EOPNOTSUPP && err != EISDIR && err != EINVAL)
		return fail(err, e);
	name = xasprintf("%s/ambil-XXXXXX", folder);
	s->fd = mkostemp(name, O_CLOEXEC);
	err = s->fd < 0 ? errno : 0;
	if (!err)
		unlink(name);
	free(name);
	return s->fd >= 0 || fail(err, e);
}

static bool flush(struct spool *s, struct error *e)
{
	if (s->fd < 0 && !open_file(s, e))
		return false;
	/* A write that failed half way, or mail that was cut back, must not leave a gap. */
	if (lseek(s->fd, (off_t)s->file_len, SEEK_SET) < 0 ||
		!file_write_all(s->fd, s->memory.data, s->memory.len))
		return fail(errno, e);
	s->file_len += s->memory.len;
	buf_clear(&s->memory);
	return true;
}

bool spool_make_room(struct spool *s, bool pinned, struct error *e)
{
	if (!pinned && s->memory.len && s->memory.len + SPOOL_CHUNK > s->memory_max && !flush(s, e))
		return false;
	buf_reserve(&s->memory, SPOOL_CHUNK);
	return true;
}

void spool_cut_back(struct spool *s, uint64_t len)
{
	if (len >= s->file_len) {
		s->memory.len = (size_t)(len - s->file_len);
		return;
	}
	buf_clear(&s->memory);
	s->file_len = len;
}

bool spool_to_file(struct spool *s, int *fd, struct error *e)
{
	if (!flush(s, e))
		return false;
	if (lseek(s->fd, 0, SEEK_SET) < 0 || ftruncate(s->fd, (off_t)s->file_len) < 0)
		return fail(errno, e);
	*fd = s->fd;
	return true;
}

bool spool_copy(const struct spool *s, int out, const char *shown, struct error *e)
{
	char *chunk = s->file_len ? xmalloc(2 * SPOOL_CHUNK) : NULL;
	bool done = false;

	for (uint64_t at = 0; at < s->file_len;) {
		uint64_t left = s->file_len - at;
		size_t want = left < 2 * SPOOL_CHUNK ? (size_t)left : 2 * SPOOL_CHUNK;
		ssize_t n = pread(s->fd, chunk, want, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int err = n < 0 ? errno : EIO;

			error_sys(e, ERROR_DELIVERY, err, "cannot read the spool in %s",
				spool_folder());
			goto end;
		}
		if (!file_write_all(out, chunk, (size_t)n)) {
			error_sys(e, ERROR_DELIVERY, errno, "%s", shown);
			goto end;
		}
		at += (uint64_t)n;
	}
	done = file_write_all(out, s->memory.data, s->memory.len) ||
		error_sys(e, ERROR_DELIVERY, errno, "%s", shown);
end:
	free(chunk);
	return done;
}
