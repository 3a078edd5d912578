/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VALUES_H
#define AMBIL_VALUES_H

#include "config/syntax.h"

/*
 * The values of s->items as libconfuse reads them, quotes and variables resolved: an array of s->n
 * fresh strings, NULL for accounts and for what is skipped. Free with values_free(). NULL, with
 * *line, for a text that libconfuse does not read, which syntax_text() should have found.
 */
char **values_read(const struct syntax *s, unsigned *line);
/* Wipes them: they may be secrets. */
void values_free(char **values, size_t n);

/* The version of libconfuse. */
const char *values_library_version(void);

#endif
