/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_IMPORT_INI_H
#define AMBIL_IMPORT_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"

/*
 * A file as Python's RawConfigParser reads it: sections, "key = value" or "key: value", lines of
 * comment, values that go on in lines which are indented further. Keys are in small letters.
 */
struct ini_entry {
	char *section, *key, *value;
	unsigned line;
	bool used; /* for whoever wants to know what is left over */
};
struct ini {
	struct ini_entry *entries; /* one with key NULL for each section's own line */
	size_t n;
};
/* ERROR_CONFIG with shown and the line. */
bool ini_read(struct span text, const char *shown, struct ini *out, struct error *e) MUST_CHECK;
void ini_release(struct ini *ini); /* wipes */
/* Marks it as used. NULL: none, also not in [DEFAULT]. */
struct ini_entry *ini_find(struct ini *ini, const char *section, const char *key);

/*
 * A tuple of strings as Python writes it: ("a", 'b\n',). A fresh array that ends with NULL, for
 * ini_free_strings(); NULL when it is anything else.
 */
char **ini_strings(const char *text);
void ini_free_strings(char **strings);

#endif
