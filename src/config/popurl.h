/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_POPURL_H
#define AMBIL_POPURL_H

#include <stdbool.h>

#include "base/error.h"

/* A POP URL (RFC 2384), with "pops" for TLS at once; "pop" requires STLS here. */
struct popurl {
	bool tls_at_once;
	char *user; /* NULL: not said */
	char *auth; /* as the setting spells it: "auto", "plain", "apop", …; NULL: not said */
	char *host; /* without brackets */
	char *port; /* NULL: not said */
};

/* Whether text is meant as one. */
bool popurl_is(const char *text);
/* Whether it is meant as a URL, but for another protocol; and the error for that, false. */
bool popurl_is_other(const char *text);
bool popurl_refuse(const char *text, struct error *e);
/* ERROR_USAGE, without the words of a password that stands in it. */
bool popurl_parse(const char *text, struct popurl *out, struct error *e) MUST_CHECK;
/* The error for a URL without a user where one is needed; false. */
bool popurl_no_user(const char *text, struct error *e);
void popurl_release(struct popurl *url);

#endif
