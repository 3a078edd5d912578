/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_RENAMED_H
#define AMBIL_RENAMED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Before an account's first run: whether mail of the same user at the same host and port is known
 * under the name of an account that is not configured (known: all that are). Then the account was
 * renamed, or a URL has become one, and a new state would fetch everything a second time.
 */
struct renamed {
	const char *state_dir;
	const char *name;  /* of the account */
	const char *typed; /* as the user calls it */
	const char *host, *user;
	unsigned port;
	const char *const *known;
	size_t known_n;
	bool only_look; /* nothing is written, also not what a killed run has left */
};
/* False with ERROR_CONFIG and what can be done. States that cannot be read are passed over. */
bool renamed_check(const struct renamed *r, struct error *e) MUST_CHECK;

#endif
