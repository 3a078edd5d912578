/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_AUTH_SASL_H
#define AMBIL_AUTH_SASL_H

#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"

/* One SASL conversation (RFC 4422) over libgsasl; responses and challenges in base64. */
struct sasl;
struct sasl *sasl_start(const char *mechanism, const char *user, const char *password,
	const char *host, struct error *e) MUST_CHECK;
/*
 * The next response: challenge is the server's base64, or NULL for the initial response. *response
 * is fresh, free it with wipe_free(). ERROR_AUTH when the server's words do not fit the mechanism.
 */
bool sasl_step(struct sasl *s, const char *challenge, char **response, struct error *e) MUST_CHECK;
void sasl_free(struct sasl *s);

/*
 * What PLAIN makes of these in base64 (RFC 4616), for whoever must recognise it; fresh, free it
 * with wipe_free(). NULL when there is no memory for it.
 */
char *sasl_plain_form(const char *user, const char *password);

/* RFC 1939 s.7: lower-case hex MD5 of stamp and password; digest holds 33 octets. */
bool apop_digest(
	struct span stamp, const char *password, char digest[33], struct error *e) MUST_CHECK;

#endif
