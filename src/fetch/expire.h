/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_EXPIRE_H
#define AMBIL_EXPIRE_H

#include <stdbool.h>

#include "fetch/plan.h"
#include "pop3/reply.h"

/*
 * Whether the server deletes mail by itself sooner than the account wants it deleted (RFC 2449
 * s.6.7); then *w says so.
 */
bool expire_contradicts(const char *host, const struct capabilities *c, const struct policy *policy,
	struct error *w);

#endif
