/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_AUTH_GSASL_H
#define AMBIL_AUTH_GSASL_H

#include <gsasl.h>

#include "base/library.h"

/* libgsasl, which is opened for a login that says more than a password. gsasl_init() is called as
 * gsasl.init() here, and so are all others. */
#define GSASL_FUNCTIONS(X) \
	X(check_version)   \
	X(client_start)    \
	X(done)            \
	X(finish)          \
	X(free)            \
	X(init)            \
	X(property_fast)   \
	X(property_set)    \
	X(step)            \
	X(strerror)

#define GSASL_MEMBER(name) __typeof__(gsasl_##name) *(name);
struct gsasl_functions {
	GSASL_FUNCTIONS(GSASL_MEMBER)
};
extern struct gsasl_functions gsasl;

/* To be called, and to succeed, before anything of it is used. ERROR_INTERNAL: it is not installed.
 */
bool gsasl_open(struct error *e) MUST_CHECK;

#endif
