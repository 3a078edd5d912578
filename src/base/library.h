/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_LIBRARY_H
#define AMBIL_BASE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Shared libraries that are opened when they are needed, and not at every start: to load one with
 * all that it needs takes longer than most of what is done without it. They are compiled against
 * their headers as ever; a table holds a pointer to each function (or variable) that is used, and a
 * list made of the same names says where it goes:
 *
 *	#define FUNCTIONS(X) X(some_function) X(other_function)
 *	#define MEMBER(name) __typeof__(name) *(name);
 *	#define ENTRY(name) {#name, offsetof(struct table, name)},
 *	struct table { FUNCTIONS(MEMBER) };
 *	static const struct library_function functions[] = {FUNCTIONS(ENTRY)};
 */
struct library_function {
	const char *name;
	size_t offset; /* of its pointer in the table */
};

/* Opens the library ("libsome.so.1"), for good, and fills the table. ERROR_INTERNAL: it is not
 * installed, or lacks one of the functions. */
bool library_open(const char *file, const struct library_function *functions, size_t n, void *table,
	struct error *e) MUST_CHECK;

#endif
