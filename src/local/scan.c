/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads with pread(2) only, so that the place of the next append is never in question. */
#include "local/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* A From_ line is most often near. */
enum { CHUNK = 128 * 1024, FROM_CHUNK = 16 * 1024, FROM_LINE_MAX = 400 };
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

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether the rest of a line has the hour and, behind it, the year of asctime(). */
static bool has_date(const char *line, size_t len)
{
	const char *end = memchr(line, '\n', len);
	size_t i = 0;

	len = end ? (size_t)(end - line) : len;
	while (i + 5 <= len &&
		!(is_digit(line[i]) && is_digit(line[i + 1]) && line[i + 2] == ':' &&
			is_digit(line[i + 3]) && is_digit(line[i + 4])))
		i++;
	for (i += 5; i + 5 <= len; i++)
		if (line[i] == ' ' && is_digit(line[i + 1]) && is_digit(line[i + 2]) &&
			is_digit(line[i + 3]) && is_digit(line[i + 4]))
			return true;
	return false;
}

int scan_glued_from(int fd, uint64_t offset, uint64_t size)
{
	static const char word[] = "From ";
	enum { WORD_LEN = sizeof(word) - 1 };
	char *chunk = xmalloc(FROM_CHUNK);
	int answer = 0;

	while (!answer && offset < size) {
		size_t want = size - offset < FROM_CHUNK ? (size_t)(size - offset) : FROM_CHUNK;
		/* Lines that begin near the end of a chunk are for the next one. */
		size_t last = want < FROM_CHUNK ? want : want - FROM_LINE_MAX;

		if (!scan_read(fd, offset, chunk, want))
			answer = -1;
		for (size_t i = 0; !answer && i < last && i + WORD_LEN <= want; i++)
			if (memcmp(chunk + i, word, WORD_LEN) == 0)
				answer = has_date(chunk + i,
					want - i < FROM_LINE_MAX ? want - i : FROM_LINE_MAX);
		offset += last;
	}
	free(chunk);
	return answer;
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
