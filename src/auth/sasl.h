/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_AUTH_SASL_H
#define AMBIL_AUTH_SASL_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/mech.h"
#include "base/error.h"
#include "base/mem.h"

/* Who logs in where, and with what. Borrowed until sasl_free(). */
struct sasl_setting {
	const char *user;
	const char *secret; /* password or token; "" for a mechanism that needs none */
	const char *host;   /* as the account has it */
	uint16_t port;
	bool encrypted;      /* the connection is */
	struct span binding; /* of the TLS channel, for SCRAM-PLUS … */
	bool exporter;       /* … by RFC 9266; else tls-unique, RFC 5929 */
};

/*
 * One SASL conversation (RFC 4422), mostly over libgsasl; responses and challenges in base64.
 * ERROR_CONFIG: user or secret is not fit for one; ERROR_CAPABILITY: the library lacks it.
 */
struct sasl;
struct sasl *sasl_start(
	enum mech mech, const struct sasl_setting *setting, struct error *e) MUST_CHECK;
/*
 * The next response: challenge is the server's base64, or NULL for the initial response. *response
 * is fresh, free it with wipe_free(); it may be empty. ERROR_PROTOCOL when the server's words do
 * not fit the mechanism, or prove that it does not know the password; the conversation is to be
 * cancelled then.
 */
bool sasl_step(struct sasl *s, const char *challenge, char **response, struct error *e) MUST_CHECK;
/* Whether the server has been shown, in any form, that we know the password. */
bool sasl_has_proved(const struct sasl *s);
/*
 * Whether a refusal in these words is one of the channel's binding, and not of the password: by
 * them, or by what SCRAM's last message said (RFC 5802 s.7, server-error-value).
 */
bool sasl_blames_binding(const struct sasl *s, struct span words);
/* The server has said +OK: false (ERROR_PROTOCOL) when it was not yet time for that. */
bool sasl_accepted(const struct sasl *s, struct error *e) MUST_CHECK;
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
