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
/* For an account and its folder of states; what it is given stays the caller's. */
struct account;
struct renamed renamed_of(
	const struct account *a, const char *state_dir, const char *const *known, size_t known_n);
/* The name it was known under; fresh, or NULL. States that cannot be read are passed over. */
char *renamed_find(const struct renamed *r);
/* False with ERROR_CONFIG and what can be done; ERROR_STORE: that state cannot be written. */
bool renamed_check(const struct renamed *r, struct error *e) MUST_CHECK;
/*
 * The state of old, which renamed_find() has found, becomes the account's, which has none.
 * ERROR_LATER: it is in use; ERROR_STORE: it is as it was, or moved and perhaps not safe on disk.
 */
bool renamed_take(const struct renamed *r, const char *old, struct error *e) MUST_CHECK;

#endif
