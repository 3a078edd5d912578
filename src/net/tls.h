/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_TLS_H
#define AMBIL_NET_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "net/stream.h"

enum tls_mode { TLS_IMPLICIT, TLS_STARTTLS, TLS_NONE };
enum tls_version { TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 };
struct tls_policy {
	enum tls_mode mode;
	char *ca_file; /* NULL: the system's (or SSL_CERT_FILE) */
	char *host;    /* name to verify and to send as SNI; NULL: the endpoint's host */
	enum tls_version min;
	bool cleartext_login; /* TLS_NONE only: a password may go in clear */
};

/* Checks that the trust files can be read, before any connection. ERROR_CONFIG. */
bool tls_check(const struct tls_policy *policy, struct error *e) MUST_CHECK;

/*
 * Shakes hands over *s, which it takes, also on failure, and verifies chain, dates, purpose and
 * name (RFC 9525; an address only against IP entries; SNI is never an address, RFC 6066). On
 * success *s is the encrypted stream. host, port: as the user wrote them, for the words of an
 * error. ERROR_TLS: not trusted, wrong name, not TLS at all (the text then quotes what came
 * instead), too old. ERROR_NETWORK: closed or silent for timeout_ms. ERROR_INTERRUPTED: stop_fd
 * became readable.
 */
bool tls_start(struct stream **s, const struct tls_policy *policy, const char *host, uint16_t port,
	int64_t timeout_ms, int stop_fd, struct error *e) MUST_CHECK;

/* "TLS 1.3, AES-256-GCM": for -v and the trace; "" when s is not encrypted. */
const char *tls_description(const struct stream *s);

#endif
