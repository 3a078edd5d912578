/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_MEM_H
#define AMBIL_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/* Octets somebody else owns. Any value may occur, NUL too; not terminated. */
struct span {
	const char *data;
	size_t len;
};

/* A string literal or a C string as a span. */
struct span span_of(const char *text);
bool span_is(struct span s, const char *text);
/* Without regard to ASCII case. */
bool span_is_nocase(struct span s, const char *text);
bool span_equal(struct span a, struct span b);
/* Takes the first word (octets up to a space or a tab) off *rest, and the white space behind it. */
struct span span_word(struct span *rest);
/* Takes the first line off *rest, and its LF, which the last one may lack; a CR stays in the line.
 */
struct span span_line(struct span *rest);
/* The line without a CR at its end. */
struct span span_without_cr(struct span line);
struct span span_trim(struct span s);

/* Memory or death: out of memory ends the process with code 71; the journal makes that harmless. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
/* Room for count items of size octets, overflow checked. */
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *text);
/* A NUL-terminated copy; an embedded NUL is kept. */
char *xstrndup(const char *data, size_t len);
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Overwrites memory that held a secret; the compiler cannot drop it. */
void wipe(void *memory, size_t len);
/* Wipes a C string and frees it. NULL is fine. */
void wipe_free(char *secret);

/* A growing run of octets. All zero is a valid empty buffer; data is NUL-terminated when not NULL.
 */
struct buf {
	char *data;
	size_t len, room;
};

void buf_release(struct buf *b);
/* The same for one that held a secret. It must not have grown since: that leaves copies behind. */
void buf_wipe(struct buf *b);
void buf_clear(struct buf *b);
/* At least more free octets behind len, and one for the NUL. */
void buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_text(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct span buf_span(const struct buf *b);
/* The storage, NUL-terminated, now the caller's to free; b is empty after. Never NULL. */
char *buf_detach(struct buf *b);

#endif
