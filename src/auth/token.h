/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_AUTH_TOKEN_H
#define AMBIL_AUTH_TOKEN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

/* OAuth access tokens from a command of the user's. Strings belong to the configuration. */
struct token_source {
	const char *account, *host, *user; /* for the command's environment */
	const char *command;               /* oauth-token-command */
	const volatile sig_atomic_t *stop; /* not 0: the command is ended; may be NULL */
};

struct token {
	char *value;
	int64_t expires_s; /* seconds since 1970; 0: it does not say */
};
void token_release(struct token *t); /* wipes */

/*
 * Runs the command and reads a token from what it prints. It finds AMBIL_ACCOUNT, AMBIL_HOST and
 * AMBIL_USER in its environment; and AMBIL_OAUTH_REFUSED, which is 1 when refused (the token it
 * gave before is good no more), else empty. A token that has expired by its own word makes it run
 * once more in this way, unless it has been already; one that still has is an error. ERROR_CONFIG
 * for all that is wrong with command or token; ERROR_INTERRUPTED.
 */
bool token_get(const struct token_source *from, bool refused, struct token *out,
	struct error *e) MUST_CHECK;

/*
 * Pure: what a command has printed. Either a token alone on the first line (all behind it is
 * ignored), or one JSON object, where it is found as
 *
 *	access_token (RFC 6749), accessToken (az), token, or credential.access_token (gcloud)
 *
 * and its end as expires_at, expires_on, expiry, exp_date or credential.token_expiry (a number of
 * seconds since 1970, or a date), else as expires_in (seconds from now_s). called: the command in
 * the words of an error. In JSON a copy of the token is left in freed memory: see base/json.h.
 */
bool token_read(struct span output, const char *called, int64_t now_s, struct token *out,
	struct error *e) MUST_CHECK;

#endif
