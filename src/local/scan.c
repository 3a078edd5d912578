/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads with pread(2) only, so that the place of the next append is never in question. */
#include "local/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* A From_ line is most often near. */
enum { CHUNK = 128 * 1024, FROM_CHUNK = 16 * 1024 };
static const char MARK[] = "\nFrom ";
enum { MARK_LEN = sizeof(MARK) - 1 };

bool scan_read(int fd, uint64_t offset, void *out, size_t len)
{
	char *p = out;

	while (len) {
		ssize_t n = pread(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n < 0 ? errno : EIO;
			return false;
		}
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return true;
}

bool scan_digest(int fd, uint64_t offset, uint64_t len, struct digest *d)
{
	char *chunk = xmalloc(len < CHUNK ? (size_t)len : CHUNK);
	bool done = true;

	while (len && done) {
		size_t want = len < CHUNK ? (size_t)len : CHUNK;

		done = scan_read(fd, offset, chunk, want);
		if (done)
			digest_add(d, chunk, want);
		offset += want;
		len -= want;
	}
	free(chunk);
	return done;
}

/* Where MARK begins in data, or len. */
static size_t find_mark(const char *data, size_t len)
{
	size_t i = 0;

	while (len - i >= MARK_LEN) {
		const char *lf = memchr(data + i, '\n', len - i);

		if (!lf)
			return len;
		i = (size_t)(lf - data);
		if (len - i >= MARK_LEN && memcmp(lf, MARK, MARK_LEN) == 0)
			return i;
		i++;
	}
	return len;
}

bool scan_from(int fd, uint64_t offset, uint64_t size, uint64_t *at)
{
	/* A From_ line at offset itself is one only behind a line end, or at the very start. */
	uint64_t from = offset ? offset - 1 : 0;
	bool done = true, found = false;
	char *chunk;

	if (size < MARK_LEN || from > size - MARK_LEN) {
		*at = size;
		return true;
	}
	chunk = xmalloc(FROM_CHUNK);
	if (offset == 0) {
		done = scan_read(fd, 0, chunk, MARK_LEN - 1);
		found = done && memcmp(chunk, MARK + 1, MARK_LEN - 1) == 0;
		*at = 0;
	}
	while (done && !found && size - from >= MARK_LEN) {
		size_t want = size - from < FROM_CHUNK ? (size_t)(size - from) : FROM_CHUNK, i;

		done = scan_read(fd, from, chunk, want);
		i = done ? find_mark(chunk, want) : want;
		found = i < want;
		*at = from + i + 1;
		/* The mark may lie across two chunks. */
		from += want - (MARK_LEN - 1);
	}
	if (!found)
		*at = size;
	free(chunk);
	return done;
}

int scan_zeros(int fd, uint64_t offset, uint64_t size)
{
	char *chunk = xmalloc(CHUNK);
	int answer = 1;

	while (answer > 0 && offset < size) {
		size_t want = size - offset < CHUNK ? (size_t)(size - offset) : CHUNK;

		if (!scan_read(fd, offset, chunk, want))
			answer = -1;
		else if (chunk[0] || memcmp(chunk, chunk + 1, want - 1) != 0)
			answer = 0;
		offset += want;
	}
	free(chunk);
	return answer;
}
