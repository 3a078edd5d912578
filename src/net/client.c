/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client's certificate and its key: PEM files, or objects in a token (a smart card, an HSM)
 * that are named by a pkcs11: URL (RFC 7512). The modules that know tokens are looked for and
 * loaded by GnuTLS with the first such URL, and never without one. The PIN comes with the URL, as
 * there is nobody to ask in a job; GnuTLS tries it once, so that a wrong one does not lock the
 * token at once.
 */
#include "net/client.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/pkcs11.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"
#include "net/certificate.h"

enum { PEM_MAX = 256 * 1024, PIN_MAX = 256 };

static const char cert_setting[] = "client-cert", key_setting[] = "client-key";

/* Reading a certificate and its key, and what is to be freed of it. */
struct pair {
	gnutls_pcert_st certs[TLS_CHAIN_MAX];
	unsigned n;
	gnutls_privkey_t key;
};

bool tls_is_url(const char *name)
{
	return strncmp(name, "pkcs11:", strlen("pkcs11:")) == 0;
}

/* The first attribute of that beginning; NULL without one. Those of the PIN belong behind the ?,
 * but are taken also before it. */
static const char *find_attribute(const char *url, const char *beginning)
{
	for (const char *at = strstr(url, beginning); at; at = strstr(at + 1, beginning))
		if (at > url && strchr(":;?&", at[-1]))
			return at;
	return NULL;
}

size_t tls_url_shown(const char *url)
{
	size_t len = strcspn(url, "?");
	const char *pin = find_attribute(url, "pin-");

	return pin && (size_t)(pin - url) <= len ? (size_t)(pin - url) - 1 : len;
}

/* What an error calls it: a URL without what may be the PIN. */
static char *called(const char *setting, const char *name)
{
	size_t len = tls_is_url(name) ? tls_url_shown(name) : strlen(name);
	struct span shown = {name, len};
	char *path = NULL, *text;

	if (!tls_is_url(name)) {
		path = text_tilde(name, getenv("HOME"));
		shown = span_of(path);
	}
	text = xasprintf("%s \"%s\"", setting, safe(shown).text);
	free(path);
	return text;
}

static bool cannot_read(const char *who, int err, struct error *e)
{
	return err == EINVAL ? error_set(e, ERROR_CONFIG, "%s: not a regular file", who)
			     : error_sys(e, ERROR_CONFIG, err, "%s", who);
}

static bool wrong_pin(const char *who, int rc, const char *url, struct error *e)
{
	if (rc == GNUTLS_E_PKCS11_PIN_LOCKED)
		return error_set(e, ERROR_CONFIG, "%s: the PIN is locked", who);
	if (find_attribute(url, "pin-source=") || find_attribute(url, "pin-value="))
		return error_set(e, ERROR_CONFIG, "%s: the token refuses the PIN", who);
	error_set(e, ERROR_CONFIG, "%s: the token asks for a PIN", who);
	return error_remedy(e, "put it into a file, and behind the URL", "?pin-source=/path");
}

/* Why an object in a token cannot be used; false. */
static bool bad_object(const char *who, int rc, const char *url, struct error *e)
{
	switch (rc) {
	case GNUTLS_E_PKCS11_PIN_ERROR:
	case GNUTLS_E_PKCS11_PIN_EXPIRED:
	case GNUTLS_E_PKCS11_PIN_LOCKED:
	case GNUTLS_E_PKCS11_USER_ERROR:
		return wrong_pin(who, rc, url, e);
	case GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE:
	case GNUTLS_E_PKCS11_REQUESTED_OBJECT_NOT_AVAILBLE:
		error_set(e, ERROR_CONFIG, "%s: no token has such an object", who);
		return error_remedy(e, "what there is", "p11tool --list-all --login");
	case GNUTLS_E_PARSING_ERROR:
		return error_set(e, ERROR_CONFIG, "%s is no PKCS #11 URL (RFC 7512)", who);
	default:
		return error_set(e, ERROR_CONFIG, "%s: %s", who, gnutls_strerror(rc));
	}
}

/* Octets of a file as GnuTLS takes them. */
static gnutls_datum_t datum_of(const struct buf *b)
{
	return (gnutls_datum_t){(unsigned char *)b->data, (unsigned)b->len};
}

/* The value of pin-source= in a URL; its length is 0 without one. */
static struct span pin_source(const char *url)
{
	static const char mark[] = "pin-source=";
	const char *query = strchr(url, '?'), *at = find_attribute(url, mark);

	if (!at)
		return (struct span){url, 0};
	at += strlen(mark);
	return (struct span){at, strcspn(at, query && at > query ? "&;" : ";?")};
}

/* The path it stands for, without the scheme that it may have (RFC 7512 s.2.4); NULL with an error.
 */
static char *pin_path(struct span source, const char *setting, struct error *e)
{
	static const char scheme[] = "file:";
	struct span name = source;
	char *path;

	if (name.len > strlen(scheme) && memcmp(name.data, scheme, strlen(scheme)) == 0)
		name = (struct span){name.data + strlen(scheme), name.len - strlen(scheme)};
	path = parse_percent(name);
	if (!path)
		error_set(e, ERROR_CONFIG,
			"%s: pin-source \"%s\" has a %% that must be written as %%25", setting,
			safe(source).text);
	return path;
}

/*
 * The first line of a file, as a PIN that stands in the URL itself. Left to GnuTLS, the line end
 * would be part of it, and the file might be one that all can read. At most PIN_MAX octets, so that
 * out, which has room for them, does not move.
 */
static bool read_pin(const char *path, const char *setting, struct buf *out, struct error *e)
{
	char *shown = text_tilde(path, getenv("HOME"));
	char *who = xasprintf("%s: pin-source \"%s\"", setting, safe(span_of(shown)).text);
	struct buf text = {NULL, 0, 0};
	mode_t mode = 0;
	uid_t owner = 0;
	bool done;

	if (!file_slurp(path, PIN_MAX, &text, &mode, &owner)) {
		done = cannot_read(who, errno, e);
	} else {
		size_t len = strcspn(text.data, "\r\n");

		done = file_may_trust(who, shown, _("a PIN"), mode, owner, 077, e);
		for (size_t i = 0; done && i < len; i++)
			buf_printf(out, "%%%02X", (unsigned char)text.data[i]);
	}
	buf_wipe(&text);
	free(who);
	free(shown);
	return done;
}

/* The URL as GnuTLS is given it, fresh and to be wiped; NULL with an error. */
static char *complete_url(const char *url, const char *setting, struct error *e)
{
	struct span source = pin_source(url);
	struct buf out = {NULL, 0, 0};
	char *path;
	bool done;

	if (!source.len)
		return xstrdup(url);
	path = pin_path(source, setting, e);
	if (!path)
		return NULL;
	buf_reserve(&out, strlen(url) + 3 * (size_t)PIN_MAX + 1);
	buf_add(&out, url, (size_t)(source.data - url) - strlen("source="));
	buf_add_text(&out, "value=");
	done = read_pin(path, setting, &out, e);
	buf_add_text(&out, source.data + source.len);
	free(path);
	if (done)
		return buf_detach(&out);
	buf_wipe(&out);
	return NULL;
}

static bool certs_of_token(struct pair *pair, const char *name, const char *who, struct error *e)
{
	char *url = complete_url(name, cert_setting, e);
	unsigned n = TLS_CHAIN_MAX;
	int rc;

	if (!url)
		return false;
	rc = gnutls_pcert_list_import_x509_file(
		pair->certs, &n, url, GNUTLS_X509_FMT_DER, NULL, NULL, 0);
	wipe_free(url);
	if (rc < 0)
		return bad_object(who, rc, name, e);
	pair->n = n;
	return true;
}

static bool key_of_token(struct pair *pair, const char *name, const char *who, struct error *e)
{
	bool own = strncmp(who, key_setting, strlen(key_setting)) == 0;
	char *url = complete_url(name, own ? key_setting : cert_setting, e);
	int rc;

	if (!url)
		return false;
	rc = gnutls_privkey_import_url(pair->key, url, 0);
	wipe_free(url);
	return rc >= 0 || bad_object(who, rc, name, e);
}

static bool read_certs(struct pair *pair, const char *name, const char *who, struct error *e)
{
	struct buf pem = {NULL, 0, 0};
	gnutls_datum_t datum;
	unsigned n = TLS_CHAIN_MAX;
	int rc;

	if (tls_is_url(name))
		return certs_of_token(pair, name, who, e);
	if (!file_slurp(name, PEM_MAX, &pem, NULL, NULL)) {
		cannot_read(who, errno, e);
		buf_wipe(&pem);
		return false;
	}
	datum = datum_of(&pem);
	rc = gnutls_pcert_list_import_x509_raw(pair->certs, &n, &datum, GNUTLS_X509_FMT_PEM, 0);
	buf_wipe(&pem); /* the key may be in it */
	if (rc < 0) {
		error_set(e, ERROR_CONFIG, "%s holds no certificate that can be read", who);
		return error_why(
			e, "it must be in PEM form, between BEGIN CERTIFICATE and END CERTIFICATE");
	}
	pair->n = n;
	return true;
}

static bool bad_key(const char *who, const char *path, const char *pem, struct error *e)
{
	char *shown = text_tilde(path, getenv("HOME"));

	/* The two forms: PKCS #8, and that of OpenSSL before. */
	if (strstr(pem, "BEGIN ENCRYPTED PRIVATE KEY") || strstr(pem, "Proc-Type: 4,ENCRYPTED")) {
		error_set(e, ERROR_CONFIG,
			"%s is encrypted, and nobody can be asked for its "
			"password",
			who);
		error_remedy(e, "either keep it in a token (pkcs11:), or store it in clear",
			"umask 077; openssl pkey -in %s -out NEW", safe(span_of(shown)).text);
	} else {
		error_set(e, ERROR_CONFIG, "%s holds no private key that can be read", who);
		error_why(e,
			"it must be in PEM form, between BEGIN PRIVATE KEY and END PRIVATE "
			"KEY");
	}
	free(shown);
	return false;
}

static bool read_key(struct pair *pair, const char *name, const char *who, struct error *e)
{
	struct buf pem = {NULL, 0, 0};
	gnutls_datum_t datum;
	mode_t mode = 0;
	uid_t owner = 0;
	char *shown;
	bool done;

	if (tls_is_url(name))
		return key_of_token(pair, name, who, e);
	if (!file_slurp(name, PEM_MAX, &pem, &mode, &owner)) {
		cannot_read(who, errno, e);
		buf_wipe(&pem);
		return false;
	}
	datum = datum_of(&pem);
	shown = text_tilde(name, getenv("HOME"));
	done = gnutls_privkey_import_x509_raw(pair->key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0) >= 0
		? file_may_trust(who, shown, _("a private key"), mode, owner, 077, e)
		: bad_key(who, name, pem.data, e);
	free(shown);
	buf_wipe(&pem);
	return done;
}

static void pair_release(struct pair *pair)
{
	while (pair->n)
		gnutls_pcert_deinit(&pair->certs[--pair->n]);
	if (pair->key)
		gnutls_privkey_deinit(pair->key);
	pair->key = NULL;
}

/* Hands the pair over. GnuTLS signs something to see whether the key fits. */
static bool join(struct pair *pair, gnutls_certificate_credentials_t credentials,
	const char *cert_called, const char *key_called, struct error *e)
{
	int rc = gnutls_certificate_set_key(
		credentials, NULL, 0, pair->certs, (int)pair->n, pair->key);

	if (rc >= 0) {
		*pair = (struct pair){.n = 0};
		return true;
	}
	if (rc == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return error_set(
			e, ERROR_CONFIG, "%s is not the key of %s", key_called, cert_called);
	return error_set(
		e, ERROR_CONFIG, "%s cannot be used: %s", cert_called, gnutls_strerror(rc));
}

bool client_load(const struct tls_policy *policy, gnutls_certificate_credentials_t credentials,
	struct error *e)
{
	const char *cert = policy->client_cert, *key = policy->client_key;
	struct pair pair = {.n = 0};
	char *cert_called, *key_called;
	bool done;

	if (!cert)
		return true;
	cert_called = called(cert_setting, cert);
	key_called = key ? called(key_setting, key) : called(cert_setting, cert);
	if (gnutls_privkey_init(&pair.key) < 0)
		done = error_set(e, ERROR_INTERNAL, "GnuTLS cannot be started");
	else
		done = read_certs(&pair, cert, cert_called, e) &&
			read_key(&pair, key ? key : cert, key_called, e) &&
			join(&pair, credentials, cert_called, key_called, e);
	pair_release(&pair);
	free(cert_called);
	free(key_called);
	return done;
}

bool tls_describe_client(
	const struct tls_policy *policy, struct tls_certificate *out, struct error *e)
{
	struct pair pair = {.n = 0};
	char *who = called(cert_setting, policy->client_cert);
	gnutls_x509_crt_t crt = NULL;
	bool done = read_certs(&pair, policy->client_cert, who, e);

	if (done && (!pair.n || gnutls_pcert_export_x509(&pair.certs[0], &crt) < 0))
		done = error_set(e, ERROR_CONFIG, "%s holds no certificate that can be read", who);
	if (done)
		certificate_describe(crt, out);
	if (crt)
		gnutls_x509_crt_deinit(crt);
	pair_release(&pair);
	free(who);
	return done;
}
