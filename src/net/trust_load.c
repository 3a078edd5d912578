/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which authorities count, and when GnuTLS is given them: a few at once, many not before a chain is
 * there that says which of them it needs (authorities.c).
 */
#include <errno.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "net/authorities.h"
#include "net/certificate.h"
#include "net/trust.h"

enum { TRUST_FILE_MAX = 8 * 1024 * 1024, TRUST_MANY = 10 };

#ifdef AMBIL_SYSTEM_AUTHORITIES
const char *trust_system_file = AMBIL_SYSTEM_AUTHORITIES;
#else
const char *trust_system_file;
#endif

/* The file that replaces the system's authorities, and what to call it in an error; or NULL. */
static const char *trust_file(const struct tls_policy *policy, const char **called)
{
	*called = "ca-file";
	if (policy->ca_file)
		return policy->ca_file;
	*called = "SSL_CERT_FILE";
	const char *file = getenv("SSL_CERT_FILE");

	return file && *file ? file : NULL;
}

static bool read_file(const char *path, const char *called, struct buf *pem, struct error *e)
{
	if (file_slurp(path, TRUST_FILE_MAX, pem, NULL, NULL))
		return true;
	error_sys(e, ERROR_CONFIG, errno, "%s \"%s\"", called, path);
	buf_release(pem);
	return false;
}

static bool give(gnutls_certificate_credentials_t credentials, const struct buf *pem)
{
	const gnutls_datum_t datum = {(unsigned char *)pem->data, (unsigned)pem->len};

	return gnutls_certificate_set_x509_trust_mem(credentials, &datum, GNUTLS_X509_FMT_PEM) > 0;
}

static bool holds_none(const char *path, const char *called, struct error *e)
{
	error_set(e, ERROR_CONFIG, "%s \"%s\" holds no certificate that can be read", called, path);
	return error_why(
		e, "it must be in PEM form, between BEGIN CERTIFICATE and END CERTIFICATE");
}

static bool holds_at_least(const struct buf *pem, unsigned n)
{
	static const char mark[] = "BEGIN CERTIFICATE";

	for (const char *at = pem->data; n && (at = strstr(at, mark)); at++)
		n--;
	return n == 0;
}

/* A file of many is kept for later, as that of the system is. */
static bool load_file(struct trust *trust, const char *path, const char *called, struct error *e)
{
	bool done;

	if (!read_file(path, called, &trust->bundle, e))
		return false;
	if (holds_at_least(&trust->bundle, TRUST_MANY))
		return true;
	done = give(trust->credentials, &trust->bundle) || holds_none(path, called, e);
	buf_release(&trust->bundle);
	return done;
}

static bool load_system(struct trust *trust, struct error *e)
{
	trust->of_system = true;
	if (trust_system_file &&
		file_slurp(trust_system_file, TRUST_FILE_MAX, &trust->bundle, NULL, NULL) &&
		holds_at_least(&trust->bundle, 1))
		return true;
	buf_release(&trust->bundle);
	if (gnutls_certificate_set_x509_system_trust(trust->credentials) > 0)
		return true;
	error_set(e, ERROR_CONFIG, "this system has no certificate authorities to trust");
	return error_remedy(e, "install the package", "ca-certificates");
}

bool trust_load(const struct tls_policy *policy, struct trust *trust, struct error *e)
{
	const char *called, *path = trust_file(policy, &called);

	if (policy->pins && !policy->ca_file)
		return true;
	return path ? load_file(trust, path, called, e) : load_system(trust, e);
}

bool trust_check(const struct tls_policy *policy, struct error *e)
{
	const char *called, *path = trust_file(policy, &called);
	gnutls_certificate_credentials_t credentials;
	struct buf pem = {NULL, 0, 0};
	bool done;

	if (!path || (policy->pins && !policy->ca_file))
		return true;
	if (!read_file(path, called, &pem, e))
		return false;
	if (gnutls_certificate_allocate_credentials(&credentials) < 0) {
		buf_release(&pem);
		return error_set(e, ERROR_INTERNAL, "GnuTLS cannot be started");
	}
	done = give(credentials, &pem) || holds_none(path, called, e);
	gnutls_certificate_free_credentials(credentials);
	buf_release(&pem);
	return done;
}

bool trust_give_picked(const struct trust *trust, const struct chain *chain)
{
	gnutls_datum_t names[2 * TLS_CHAIN_MAX];
	struct span wanted[2 * TLS_CHAIN_MAX];
	struct buf picked = {NULL, 0, 0};
	size_t n = 0;
	bool done;

	for (unsigned i = 0; i < chain->n; i++) {
		n += gnutls_x509_crt_get_raw_issuer_dn(chain->at[i], &names[n]) >= 0;
		n += gnutls_x509_crt_get_raw_dn(chain->at[i], &names[n]) >= 0;
	}
	for (size_t i = 0; i < n; i++)
		wanted[i] = (struct span){(const char *)names[i].data, names[i].size};
	done = authorities_pick(buf_span(&trust->bundle), wanted, n, &picked) > 0 &&
		give(trust->credentials, &picked);
	while (n)
		(*gnutls_free)(names[--n].data);
	buf_release(&picked);
	return done;
}

void trust_give_all(struct trust *trust)
{
	if (trust->of_system)
		(void)gnutls_certificate_set_x509_system_trust(trust->credentials);
	else
		(void)!give(trust->credentials, &trust->bundle);
	buf_release(&trust->bundle);
}
