/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "auth/gsasl.h"

#define ENTRY(name) {"gsasl_" #name, offsetof(struct gsasl_functions, name)},

struct gsasl_functions gsasl;

static const struct library_function functions[] = {GSASL_FUNCTIONS(ENTRY)};

bool gsasl_open(struct error *e)
{
	static bool is_open;

	/* The one of versions from 2.0 on. */
	is_open = is_open ||
		library_open("libgsasl.so.18", functions, sizeof(functions) / sizeof(functions[0]),
			&gsasl, e);
	return is_open;
}
