/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An authority made at start-up and a server certificate signed by it, good or bad in one way, so
 * that no file in the tree can expire. Elliptic keys, as they are made in no time. */
#include "ca.h"

#include <arpa/inet.h>
#include <assert.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 24 * 60 * 60 };

static const char *const kinds[] = {"good", "expired", "not-yet", "wrong-name", "self-signed",
	"wrong-usage", "weak-key", "sha1", "md5"};
static_assert(sizeof kinds / sizeof *kinds == CERT_KINDS, "one name for each kind");

bool cert_kind_named(const char *name, enum cert_kind *out)
{
	for (int i = 0; i < CERT_KINDS; i++)
		if (strcmp(kinds[i], name) == 0) {
			*out = (enum cert_kind)i;
			return true;
		}
	return false;
}

struct identity {
	gnutls_x509_crt_t cert;
	gnutls_x509_privkey_t key;
};

static void identity_release(struct identity *id)
{
	gnutls_x509_crt_deinit(id->cert);
	gnutls_x509_privkey_deinit(id->key);
}

/* bits of RSA; 0: an elliptic key. */
static int new_key(gnutls_x509_privkey_t key, unsigned bits)
{
	if (bits)
		return gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, bits, 0);
	return gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
		GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
}

static int fill_common(struct identity *id, const char *name, time_t from, time_t until)
{
	unsigned char serial[8], key_id[20];
	size_t key_id_len = sizeof key_id;
	int rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial);

	serial[0] = (serial[0] & 0x3f) | 0x40;	/* positive, and no leading zero */
	if (rc >= 0)
		rc = gnutls_x509_crt_set_version(id->cert, 3);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_serial(id->cert, serial, sizeof serial);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_activation_time(id->cert, from);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_expiration_time(id->cert, until);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_dn_by_oid(id->cert, GNUTLS_OID_X520_COMMON_NAME, 0, name,
			(unsigned)strlen(name));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key(id->cert, id->key);
	if (rc >= 0)
		rc = gnutls_x509_crt_get_key_id(id->cert, 0, key_id, &key_id_len);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_subject_key_id(id->cert, key_id, key_id_len);
	return rc;
}

/* There is no MD5 for elliptic keys. */
static int make_authority(struct identity *ca, enum cert_kind kind, time_t now)
{
	int rc = new_key(ca->key, kind == CERT_MD5 ? 2048 : 0);

	if (rc >= 0)
		rc = fill_common(ca, "popd test CA", now - 90 * DAY_S, now + 3650 * (time_t)DAY_S);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_basic_constraints(ca->cert, 1, -1);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_usage(ca->cert,
			GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
	if (rc >= 0)
		rc = gnutls_x509_crt_sign2(ca->cert, ca->cert, ca->key, GNUTLS_DIG_SHA256, 0);
	return rc;
}

static int add_name(gnutls_x509_crt_t cert, const char *name)
{
	unsigned char address[16];

	if (inet_pton(AF_INET, name, address) == 1)
		return gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_IPADDRESS, address, 4,
			GNUTLS_FSAN_APPEND);
	if (inet_pton(AF_INET6, name, address) == 1)
		return gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_IPADDRESS, address,
			16, GNUTLS_FSAN_APPEND);
	return gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_DNSNAME, name,
		(unsigned)strlen(name), GNUTLS_FSAN_APPEND);
}

static int add_names(gnutls_x509_crt_t cert, const struct ca_options *options)
{
	static const char *usual[] = {"localhost", "127.0.0.1", "::1"};
	static const char *wrong[] = {"wrong-name.example"};
	struct strings names = {usual, 3};
	int rc = 0;

	if (options->kind == CERT_WRONG_NAME)
		names = (struct strings){wrong, 1};
	else if (options->names->count)
		names = *options->names;
	for (size_t i = 0; rc >= 0 && i < names.count; i++)
		rc = add_name(cert, names.at[i]);
	return rc;
}

static int make_server(struct identity *server, const struct identity *ca,
	const struct ca_options *options, time_t now)
{
	enum cert_kind kind = options->kind;
	const struct identity *issuer = kind == CERT_SELF_SIGNED ? server : ca;
	time_t from = kind == CERT_NOT_YET ? now + 30 * DAY_S : now - 60 * DAY_S;
	time_t until = kind == CERT_EXPIRED ? now - 30 * DAY_S : now + 365 * DAY_S;
	const char *usage = kind == CERT_WRONG_USAGE ? GNUTLS_KP_TLS_WWW_CLIENT
		: GNUTLS_KP_TLS_WWW_SERVER;
	gnutls_digest_algorithm_t digest = kind == CERT_SHA1 ? GNUTLS_DIG_SHA1
		: kind == CERT_MD5 ? GNUTLS_DIG_MD5 : GNUTLS_DIG_SHA256;
	int rc = new_key(server->key, kind == CERT_WEAK_KEY ? 1024 : 0);

	if (rc >= 0)
		rc = fill_common(server, "popd test server", from, until);
	if (rc >= 0)
		rc = add_names(server->cert, options);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_basic_constraints(server->cert, 0, -1);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_usage(server->cert, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_purpose_oid(server->cert, usage, 0);
	if (rc >= 0)
		rc = gnutls_x509_crt_sign2(server->cert, issuer->cert, issuer->key, digest, 0);
	return rc;
}

static bool load_authority(struct identity *ca, const struct ca_options *options,
	struct problem *p)
{
	struct text cert = {0}, key = {0};
	bool done = file_read(options->old_cert, &cert, p)
		&& file_read(options->old_key, &key, p);
	gnutls_datum_t cert_pem = {(void *)cert.data, (unsigned)cert.len};
	gnutls_datum_t key_pem = {(void *)key.data, (unsigned)key.len};

	if (done && (gnutls_x509_crt_import(ca->cert, &cert_pem, GNUTLS_X509_FMT_PEM) < 0
	    || gnutls_x509_privkey_import(ca->key, &key_pem, GNUTLS_X509_FMT_PEM) < 0))
		done = problem_set(p, "%s and %s are not a certificate and its key",
			options->old_cert, options->old_key);
	text_release(&cert);
	text_release(&key);
	return done;
}

static bool write_pem(const char *path, gnutls_datum_t pem, struct problem *p)
{
	bool done = file_write(path, pem.data, pem.size, p);

	gnutls_free(pem.data);
	return done;
}

static bool write_files(const struct ca_options *options, const struct identity *ca,
	const struct identity *server, struct problem *p)
{
	gnutls_datum_t pem;

	if (options->ca_file && (gnutls_x509_crt_export2(ca->cert, GNUTLS_X509_FMT_PEM, &pem) < 0
	    || !write_pem(options->ca_file, pem, p)))
		return false;
	if (options->ca_key_file
	    && (gnutls_x509_privkey_export2(ca->key, GNUTLS_X509_FMT_PEM, &pem) < 0
	    || !write_pem(options->ca_key_file, pem, p)))
		return false;
	if (options->cert_file
	    && (gnutls_x509_crt_export2(server->cert, GNUTLS_X509_FMT_PEM, &pem) < 0
	    || !write_pem(options->cert_file, pem, p)))
		return false;
	return true;
}

static bool make_identities(const struct ca_options *options, struct identity *ca,
	struct identity *server, struct problem *p)
{
	time_t now = time(NULL);
	int rc = 0;

	if (options->old_cert && !load_authority(ca, options, p))
		return false;
	if (!options->old_cert)
		rc = make_authority(ca, options->kind, now);
	if (rc >= 0)
		rc = make_server(server, ca, options, now);
	if (rc < 0)
		return problem_set(p, "cannot make certificates: %s", gnutls_strerror(rc));
	return true;
}

/* What to show is good or bad as the test wants it: nothing of it is looked at here. */
static bool fill_credentials(gnutls_certificate_credentials_t out,
	const struct ca_options *options, const struct identity *server, struct problem *p)
{
	int rc;

	if (options->use_cert)
		rc = gnutls_certificate_set_x509_key_file(out, options->use_cert,
			options->use_key ? options->use_key : options->use_cert,
			GNUTLS_X509_FMT_PEM);
	else
		rc = gnutls_certificate_set_x509_key(out, (gnutls_x509_crt_t *)&server->cert, 1,
			server->key);
	if (rc < 0)
		return problem_set(p, "cannot use the certificate: %s", gnutls_strerror(rc));
	if (!options->ocsp)
		return true;
	gnutls_certificate_set_flags(out, GNUTLS_CERTIFICATE_SKIP_OCSP_RESPONSE_CHECK);
	rc = gnutls_certificate_set_ocsp_status_request_file(out, options->ocsp, 0);
	return rc >= 0
		|| problem_set(p, "cannot use the OCSP response: %s", gnutls_strerror(rc));
}

bool ca_make(const struct ca_options *options, gnutls_certificate_credentials_t *out,
	struct problem *p)
{
	struct identity ca, server;
	bool done;

	gnutls_x509_crt_init(&ca.cert);
	gnutls_x509_privkey_init(&ca.key);
	gnutls_x509_crt_init(&server.cert);
	gnutls_x509_privkey_init(&server.key);
	done = make_identities(options, &ca, &server, p) && write_files(options, &ca, &server, p);
	if (done) {
		gnutls_certificate_allocate_credentials(out);
		done = fill_credentials(*out, options, &server, p);
	}
	identity_release(&ca);
	identity_release(&server);
	return done;
}
