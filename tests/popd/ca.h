/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_CA_H
#define POPD_CA_H

#include <gnutls/gnutls.h>

#include "util.h"

enum cert_kind { CERT_GOOD, CERT_EXPIRED, CERT_NOT_YET, CERT_WRONG_NAME, CERT_SELF_SIGNED,
	CERT_WRONG_USAGE, CERT_WEAK_KEY, CERT_SHA1, CERT_MD5, CERT_KINDS };

/* good expired not-yet wrong-name self-signed wrong-usage weak */
bool cert_kind_named(const char *name, enum cert_kind *out);

struct ca_options {
	enum cert_kind kind;
	const struct strings *names;	/* DNS names and IP addresses; none = localhost, loopback */
	const char *old_cert, *old_key;	/* an authority to use again; NULL = makes one */
	const char *use_cert, *use_key;	/* PEM, to show instead of one that is made; NULL = none */
	const char *ocsp;		/* a response in DER, to attach; NULL = none */
	const char *ca_file, *ca_key_file, *cert_file;	/* PEM to write; NULL = none */
};

/* Makes the certificates. *out is the caller's, for gnutls_certificate_free_credentials. */
bool ca_make(const struct ca_options *options, gnutls_certificate_credentials_t *out,
	struct problem *p);

#endif
