/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The small things every part of the test server needs. Memory that cannot be had ends the
 * program: a test is then over anyway. */
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

bool problem_set(struct problem *p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(p->text, sizeof p->text, fmt, args);
	va_end(args);
	return false;
}

void *mem_new(size_t size)
{
	void *m = calloc(1, size ? size : 1);

	if (!m)
		abort();
	return m;
}

void *mem_grow(void *old, size_t size)
{
	void *m = realloc(old, size ? size : 1);

	if (!m)
		abort();
	return m;
}

char *str_copy(const char *s, size_t len)
{
	char *copy = mem_new(len + 1);

	if (len)
		memcpy(copy, s, len);
	return copy;
}

void text_add(struct text *t, const void *data, size_t len)
{
	if (t->len + len + 1 > t->cap) {
		t->cap = (t->len + len + 1) * 2;
		t->data = mem_grow(t->data, t->cap);
	}
	if (len)
		memcpy(t->data + t->len, data, len);
	t->len += len;
	t->data[t->len] = '\0';
}

void text_format(struct text *t, const char *fmt, ...)
{
	char line[1024];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	if (len > 0)
		text_add(t, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
}

void text_release(struct text *t)
{
	free(t->data);
	*t = (struct text){0};
}

void strings_add(struct strings *list, const char *s)
{
	list->at = mem_grow(list->at, (list->count + 1) * sizeof *list->at);
	list->at[list->count++] = s;
}

void strings_release(struct strings *list)
{
	free(list->at);
	*list = (struct strings){0};
}

bool parse_u64(const char *s, size_t len, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (!len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		uint64_t digit = (uint64_t)(s[i] - '0');
		if (n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	if (n > max)
		return false;
	*out = n;
	return true;
}

bool parse_size(const char *s, size_t len, uint64_t *out)
{
	unsigned shift = 0;

	if (len && s[len - 1] == 'K')
		shift = 10;
	else if (len && s[len - 1] == 'M')
		shift = 20;
	else if (len && s[len - 1] == 'G')
		shift = 30;
	if (!parse_u64(s, shift ? len - 1 : len, UINT64_MAX >> (shift + 1), out))
		return false;
	*out <<= shift;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool unescape(const char *s, size_t len, struct text *out, struct problem *p)
{
	for (size_t i = 0; i < len; i++) {
		char c = s[i];
		if (c == '\\') {
			char kind = i + 1 < len ? s[++i] : '\0';
			int high = -1, low = -1;
			if (kind == 'x' && i + 2 < len) {
				high = hex_digit(s[i + 1]);
				low = hex_digit(s[i + 2]);
				i += 2;
			}
			if (kind == 'r')
				c = '\r';
			else if (kind == 'n')
				c = '\n';
			else if (kind == 't')
				c = '\t';
			else if (kind == '0')
				c = '\0';
			else if (high >= 0 && low >= 0)
				c = (char)(high * 16 + low);
			else if (kind != '\\')
				return problem_set(p, "unknown escape \\%c (known: \\r \\n \\t \\0 "
					"\\xNN \\\\)", kind ? kind : ' ');
		}
		text_add(out, &c, 1);
	}
	return true;
}

uint64_t mix64(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

uint64_t hash64(uint64_t seed, const void *data, size_t len)
{
	const unsigned char *at = data;
	uint64_t h = 0xcbf29ce484222325u ^ mix64(seed);

	for (size_t i = 0; i < len; i++)
		h = (h ^ at[i]) * 0x100000001b3u;
	return mix64(h);
}

bool write_whole(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

bool file_read(const char *path, struct text *out, struct problem *p)
{
	char block[16384];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return problem_set(p, "cannot open %s: %s", path, strerror(errno));
	while ((n = read(fd, block, sizeof block)) > 0)
		text_add(out, block, (size_t)n);
	if (n < 0)
		problem_set(p, "cannot read %s: %s", path, strerror(errno));
	close(fd);
	return n == 0;
}

bool file_write(const char *path, const void *data, size_t len, struct problem *p)
{
	struct text beside = {0};
	bool done;
	int fd;

	text_add(&beside, path, strlen(path));
	text_add(&beside, ".tmp", 4);
	fd = open(beside.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	done = fd >= 0 && write_whole(fd, data, len);
	if (fd >= 0 && close(fd) != 0)
		done = false;
	if (done)
		done = rename(beside.data, path) == 0;
	if (!done)
		problem_set(p, "cannot write %s: %s", path, strerror(errno));
	text_release(&beside);
	return done;
}

void sleep_ms(uint64_t ms)
{
	struct timespec left = {.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
