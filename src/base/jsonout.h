/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_JSONOUT_H
#define AMBIL_BASE_JSONOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

/*
 * The lines of --json: JSON texts (RFC 8259), one object a line, added to a buffer.
 *
 *	jsonout_begin(&b, "account");             {"v":1,"event":"account"
 *	jsonout_text(&b, "account", "home");      ,"account":"home"
 *	jsonout_list(&b, "uids");                 ,"uids":[
 *	jsonout_text(&b, NULL, uid);              "..."
 *	jsonout_list_end(&b);                     ]
 *	jsonout_end(&b);                          }, and a newline
 *
 * Commas come by themselves. name is the member's, a plain word, and NULL for an element of a list.
 */
void jsonout_begin(struct buf *b, const char *event);
void jsonout_end(struct buf *b);
/* An object or a list in another. */
void jsonout_object(struct buf *b, const char *name);
void jsonout_object_end(struct buf *b);
void jsonout_list(struct buf *b, const char *name);
void jsonout_list_end(struct buf *b);

/*
 * Any octets: what is no UTF-8 becomes U+FFFD, an octet at a time; control characters, and others
 * that would change how a line looks on a terminal, are written as escapes.
 */
void jsonout_span(struct buf *b, const char *name, struct span text);
void jsonout_text(struct buf *b, const char *name, const char *text);
void jsonout_number(struct buf *b, const char *name, int64_t number);
void jsonout_bool(struct buf *b, const char *name, bool value);
/* Milliseconds as seconds: 2410 is 2.410. */
void jsonout_seconds(struct buf *b, const char *name, int64_t ms);
/* A moment, in seconds since 1970, as text_utc() has it: left out, name and all, when that is
 * nothing. */
void jsonout_time(struct buf *b, const char *name, int64_t seconds);

#endif
