/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spans, growing buffers, and allocation that cannot fail. */
#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static void die_of_memory(void)
{
	static const char words[] = "ambil: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, words, sizeof(words) - 1);

	(void)ignored;
	_Exit(71);
}

struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

bool span_is(struct span s, const char *text)
{
	return span_equal(s, span_of(text));
}

bool span_is_nocase(struct span s, const char *text)
{
	return s.len == strlen(text) && strncasecmp(s.data, text, s.len) == 0;
}

bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct span span_word(struct span *rest)
{
	struct span word = {rest->data, 0};
	size_t i = 0;

	while (i < rest->len && !is_blank(rest->data[i]))
		i++;
	word.len = i;
	while (i < rest->len && is_blank(rest->data[i]))
		i++;
	rest->data += i;
	rest->len -= i;
	return word;
}

struct span span_line(struct span *rest)
{
	const char *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
	struct span line = {rest->data, end ? (size_t)(end - rest->data) : rest->len};
	size_t taken = line.len + (end != NULL);

	if (taken)
		rest->data += taken;
	rest->len -= taken;
	return line;
}

struct span span_without_cr(struct span line)
{
	line.len -= line.len && line.data[line.len - 1] == '\r';
	return line;
}

struct span span_trim(struct span s)
{
	while (s.len && is_blank(s.data[0])) {
		s.data++;
		s.len--;
	}
	while (s.len && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		die_of_memory();
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		die_of_memory();
	return p;
}

void *xreallocarray(void *old, size_t count, size_t size)
{
	void *p;

	if (size && count > SIZE_MAX / size)
		die_of_memory();
	p = realloc(old, count && size ? count * size : 1);
	if (!p)
		die_of_memory();
	return p;
}

char *xstrdup(const char *text)
{
	return xstrndup(text, strlen(text));
}

char *xstrndup(const char *data, size_t len)
{
	char *copy = xmalloc(len + 1);

	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap, again;
	int len;
	char *text;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(len >= 0);
	text = xmalloc((size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	return text;
}

/* What is called by way of it may do anything, for all that a compiler knows. */
static void *(*const volatile set)(void *, int, size_t) = memset;

void wipe(void *memory, size_t len)
{
	if (len)
		set(memory, 0, len);
}

void wipe_free(char *secret)
{
	if (secret)
		wipe(secret, strlen(secret));
	free(secret);
}

void buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf){NULL, 0, 0};
}

void buf_wipe(struct buf *b)
{
	if (b->data)
		wipe(b->data, b->room);
	buf_release(b);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = '\0';
}

void buf_reserve(struct buf *b, size_t more)
{
	size_t need, room;

	if (more > SIZE_MAX / 4 - b->len)
		die_of_memory();
	need = b->len + more + 1;
	if (need <= b->room)
		return;
	room = b->room ? b->room : 64;
	while (room < need)
		room *= 2;
	b->data = xreallocarray(b->data, room, 1);
	b->room = room;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	buf_reserve(b, len);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_add_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(len >= 0);
	buf_reserve(b, (size_t)len);
	vsnprintf(b->data + b->len, (size_t)len + 1, fmt, again);
	va_end(again);
	b->len += (size_t)len;
}

struct span buf_span(const struct buf *b)
{
	return (struct span){b->data, b->len};
}

char *buf_detach(struct buf *b)
{
	char *data;

	buf_reserve(b, 0);
	data = b->data;
	data[b->len] = '\0';
	*b = (struct buf){NULL, 0, 0};
	return data;
}
