/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_TRUST_H
#define AMBIL_NET_TRUST_H

#include <stdbool.h>

#include "base/error.h"
#include "base/gnutls.h"
#include "net/tls.h"

/* Private to this folder: which certificates are believed, and why one is not. */

/*
 * The authorities that count: ca-file, else $SSL_CERT_FILE, else the system's; with pins none but
 * ca-file, which is looked at only for what the server says of its revocation. ERROR_CONFIG.
 */
bool trust_load(const struct tls_policy *policy, gnutls_certificate_credentials_t credentials,
	struct error *e) MUST_CHECK;
/* The same without keeping them, and without the system's. */
bool trust_check(const struct tls_policy *policy, struct error *e) MUST_CHECK;

/*
 * Judges the chain the server has shown. With pins: that its own certificate has one of them. Else:
 * signatures up to an authority, dates, strength, purpose, and that it names name (as dial_name
 * gives it; an address counts only as an IP entry, and a common name never: RFC 9525). In both
 * cases: that the server has not shown itself that it is revoked. shown is the name for the words
 * of an error. ERROR_TLS.
 */
bool trust_verify(gnutls_session_t session, const struct tls_policy *policy, const char *name,
	const char *shown, struct error *e) MUST_CHECK;

/* Whether name is an IPv4 or IPv6 address; its 4 or 16 octets. */
bool trust_address(const char *name, unsigned char octets[16], unsigned *len);

#endif
