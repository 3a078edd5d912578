/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

bool library_open(const char *file, const struct library_function *functions, size_t n, void *table,
	struct error *e)
{
	void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	if (!handle) {
		error_set(e, ERROR_INTERNAL, "%s is not installed", file);
		return error_why(e, "%s", dlerror());
	}
	for (size_t i = 0; i < n; i++) {
		/* A symbol of a library that it needs is found through it, too. */
		void *symbol = dlsym(handle, functions[i].name);

		if (!symbol)
			return error_set(
				e, ERROR_INTERNAL, "%s has no %s", file, functions[i].name);
		memcpy((char *)table + functions[i].offset, &symbol, sizeof(symbol));
	}
	return true;
}
