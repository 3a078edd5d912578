/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_JSON_H
#define AMBIL_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

/*
 * A JSON document (RFC 8259), read by SQLite. Paths are SQLite's: "$.credential.token". SQLite
 * frees its copies of the text as they are: where a secret stands in it, that has to happen in a
 * process that ends then.
 */
struct json;
/* NULL when it is none. The text is borrowed until json_free(). */
struct json *json_open(struct span text);
void json_free(struct json *json);

/*
 * A string, or a number as text; fresh. NULL: there is none, or it is something else. Whatever a
 * string may hold but NUL, where it ends.
 */
char *json_text(struct json *json, const char *path);
/*
 * A moment, in seconds since 1970: a number of them, as such or as a string, or a date as ISO 8601
 * and RFC 3339 write it (without a zone: UTC). False: there is none.
 */
bool json_time(struct json *json, const char *path, int64_t *seconds);

#endif
