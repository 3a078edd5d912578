/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_UID_H
#define POPD_UID_H

#include "util.h"

enum uid_format { UID_HEX, UID_LONG, UID_FILE, UID_COUNTER, UID_FORMATS };
enum { UID_MAX = 128 };

/* Any of: hex long file counter. */
bool uid_format_named(const char *name, enum uid_format *out);

/* The unique-id of a message whose identity is hash, as a C string. */
void uid_write(enum uid_format format, uint64_t hash, uint32_t number, uint64_t size,
	char out[static UID_MAX]);

#endif
