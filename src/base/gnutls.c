/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/gnutls.h"

#define ENTRY(name) {"gnutls_" #name, offsetof(struct gnutls_functions, name)},

struct gnutls_functions gnutls;

static const struct library_function functions[] = {GNUTLS_FUNCTIONS(ENTRY)};

bool gnutls_open(struct error *e)
{
	static bool is_open;

	/* The one for all versions that have the functions above. */
	is_open = is_open ||
		library_open("libgnutls.so.30", functions, sizeof(functions) / sizeof(functions[0]),
			&gnutls, e);
	return is_open;
}
