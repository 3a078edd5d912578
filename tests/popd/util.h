/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_UTIL_H
#define POPD_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POPD_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* What went wrong, as one sentence without a newline. Untouched on success. */
struct problem {
	char text[400];
};

/* Sets the text; returns false, so that a caller can return it. */
bool problem_set(struct problem *p, const char *fmt, ...) POPD_PRINTF(2, 3);

/* Octets borrowed from somebody else. */
struct span {
	const char *data;
	size_t len;
};

/* A growing buffer of octets; zeroed is empty. */
struct text {
	char *data;
	size_t len, cap;
};

void text_add(struct text *t, const void *data, size_t len);
void text_format(struct text *t, const char *fmt, ...) POPD_PRINTF(2, 3);
void text_release(struct text *t);

/* Borrowed C strings, in the order in which they were added. */
struct strings {
	const char **at;
	size_t count;
};

void strings_add(struct strings *list, const char *s);
void strings_release(struct strings *list);

/* Zeroed memory; both end the program when there is none. */
void *mem_new(size_t size);
void *mem_grow(void *old, size_t size);
char *str_copy(const char *s, size_t len);

/* Strict decimal numbers: digits only, at least one, not above max. */
bool parse_u64(const char *s, size_t len, uint64_t max, uint64_t *out);
/* The same with an optional K, M or G (times 1024, ...) behind the digits. */
bool parse_size(const char *s, size_t len, uint64_t *out);

/* Appends s to out with \r \n \t \0 \xNN \\ resolved. */
bool unescape(const char *s, size_t len, struct text *out, struct problem *p);

/* Not for secrets: they spread numbers and names evenly, the same on every machine. */
uint64_t mix64(uint64_t x);
uint64_t hash64(uint64_t seed, const void *data, size_t len);

bool write_whole(int fd, const void *data, size_t len);
bool file_read(const char *path, struct text *out, struct problem *p);
/* Writes beside path and renames, so that a reader sees all of it or nothing. */
bool file_write(const char *path, const void *data, size_t len, struct problem *p);

void sleep_ms(uint64_t ms);
int64_t now_ms(void);

#endif
