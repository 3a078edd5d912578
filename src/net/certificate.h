/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_CERTIFICATE_H
#define AMBIL_NET_CERTIFICATE_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <time.h>

#include "base/mem.h"
#include "net/tls.h"

/* Private to this folder: what a certificate says, in words that are fit for a terminal. */

struct chain {
	gnutls_x509_crt_t at[TLS_CHAIN_MAX];
	unsigned n;
};
/* What the server has shown, its own certificate first; false when that is none. */
bool chain_read(struct chain *chain, gnutls_session_t session);
void chain_release(struct chain *chain);

/* Room for all that is said here; lives as long as safe(). */
struct words {
	char text[256];
};
/* "2026-12-23". */
struct words certificate_day(time_t when);
/* Whose signature is on it: the common name, else the organisation, else the whole name. */
struct words certificate_issuer(gnutls_x509_crt_t crt);
/* SHA-256 of the certificate: "A0:96:…". */
struct words certificate_fingerprint(gnutls_x509_crt_t crt);
/* SHA-256 of its key, in base64 as pin-sha256 takes it (RFC 7469 s.2.4). */
struct words certificate_pin(gnutls_x509_crt_t crt);
/* "RSA, 2048 bits". */
struct words certificate_key(gnutls_x509_crt_t crt);
/* Appends the hosts and addresses crt is for, as "a, b, c"; returns how many are host names. */
size_t certificate_names(gnutls_x509_crt_t crt, struct buf *list);
bool certificate_self_signed(gnutls_x509_crt_t crt);

/* All of it that there is room for. */
void certificate_describe(gnutls_x509_crt_t crt, struct tls_certificate *out);
void chain_describe(const struct chain *chain, struct tls_facts *facts);

#endif
