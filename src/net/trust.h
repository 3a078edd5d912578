/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_TRUST_H
#define AMBIL_NET_TRUST_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"
#include "net/tls.h"

/* Private to this folder: which certificates are believed, and why one is not. */

/* What a chain is judged by. */
struct trust {
	gnutls_certificate_credentials_t credentials;
	/* Many authorities, of which GnuTLS has not been given any yet: what a chain needs is
	 * picked when the chain is known. Empty: it has all. */
	struct buf bundle;
	bool of_system;
};

/* The file that the bundle is read from: the one that GnuTLS itself would read, as far as that was
 * known when this was built. NULL: it is left to GnuTLS. A variable for the tests. */
extern const char *trust_system_file;

/*
 * The authorities that count: ca-file, else $SSL_CERT_FILE, else the system's; with pins none but
 * ca-file, which is looked at only for what the server says of its revocation. The credentials are
 * the caller's, the bundle, too. ERROR_CONFIG.
 */
bool trust_load(const struct tls_policy *policy, struct trust *trust, struct error *e) MUST_CHECK;
/* The same without keeping them, and without the system's. */
bool trust_check(const struct tls_policy *policy, struct error *e) MUST_CHECK;

/*
 * Judges the chain the server has shown. With pins: that its own certificate has one of them. Else:
 * signatures up to an authority, dates, strength, purpose, and that it names name (as dial_name
 * gives it; an address counts only as an IP entry, and a common name never: RFC 9525). In both
 * cases: that the server has not shown itself that it is revoked. shown is the name for the words
 * of an error. ERROR_TLS.
 */
bool trust_verify(gnutls_session_t session, const struct tls_policy *policy, struct trust *trust,
	const char *name, const char *shown, struct error *e) MUST_CHECK;

/* trust_load.c, for trust_verify(): of the bundle, what has a name that stands in the chain (false:
 * there is none); and all of it, by the way that GnuTLS has for that. */
struct chain;
bool trust_give_picked(const struct trust *trust, const struct chain *chain) MUST_CHECK;
void trust_give_all(struct trust *trust);

/* Whether name is an IPv4 or IPv6 address; its 4 or 16 octets. */
bool trust_address(const char *name, unsigned char octets[16], unsigned *len);

#endif
