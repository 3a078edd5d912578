/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a certificate says, in words that are fit for a terminal (RFC 5280). */
#include "net/certificate.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"

enum { NAMES_MAX = 500, NAMES_SHOWN_MAX = 200 };

void chain_release(struct chain *chain)
{
	while (chain->n)
		gnutls_x509_crt_deinit(chain->at[--chain->n]);
}

bool chain_read(struct chain *chain, gnutls_session_t session)
{
	unsigned count = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &count);

	chain->n = 0;
	for (unsigned i = 0; list && i < count && i < TLS_CHAIN_MAX; i++) {
		gnutls_x509_crt_t crt;

		if (gnutls_x509_crt_init(&crt) < 0)
			break;
		chain->at[chain->n++] = crt;
		if (gnutls_x509_crt_import(crt, &list[i], GNUTLS_X509_FMT_DER) < 0) {
			chain_release(chain);
			break;
		}
	}
	return chain->n > 0;
}

struct words certificate_day(time_t when)
{
	char day[TEXT_DAY_ROOM];
	struct words w;

	text_utc_day(day, when);
	snprintf(w.text, sizeof(w.text), "%s", day[0] ? day : "?");
	return w;
}

/* How GnuTLS gives the two names of a certificate, in parts and whole. */
typedef int part_reader(gnutls_x509_crt_t, const char *, unsigned, unsigned, void *, size_t *);
typedef int name_reader(gnutls_x509_crt_t, char *, size_t *);

static struct words name_of(gnutls_x509_crt_t crt, part_reader *part, name_reader *whole)
{
	static const char *const parts[] = {
		GNUTLS_OID_X520_COMMON_NAME, GNUTLS_OID_X520_ORGANIZATION_NAME};
	struct words w = {"?"};
	char raw[512];
	size_t len;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		len = sizeof(raw);
		if (part(crt, parts[i], 0, 0, raw, &len) < 0)
			continue;
		text_safe(w.text, sizeof(w.text), (struct span){raw, len});
		return w;
	}
	len = sizeof(raw);
	if (whole(crt, raw, &len) >= 0 && len)
		text_safe(w.text, sizeof(w.text), (struct span){raw, len});
	return w;
}

static void whole_name(gnutls_x509_crt_t crt, name_reader *whole, char *out, size_t room)
{
	char raw[512];
	size_t len = sizeof(raw);

	if (whole(crt, raw, &len) >= 0 && len)
		text_safe(out, room, (struct span){raw, len});
	else
		snprintf(out, room, "?");
}

static struct words subject_of(gnutls_x509_crt_t crt)
{
	return name_of(crt, gnutls_x509_crt_get_dn_by_oid, gnutls_x509_crt_get_dn);
}

struct words certificate_issuer(gnutls_x509_crt_t crt)
{
	return name_of(crt, gnutls_x509_crt_get_issuer_dn_by_oid, gnutls_x509_crt_get_issuer_dn);
}

static struct words fingerprint(gnutls_x509_crt_t crt, gnutls_digest_algorithm_t algorithm)
{
	struct words w = {"?"};
	unsigned char digest[32];
	size_t len = sizeof(digest), used = 0;

	if (gnutls_x509_crt_get_fingerprint(crt, algorithm, digest, &len) < 0)
		return w;
	for (size_t i = 0; i < len; i++)
		used += (size_t)snprintf(
			w.text + used, sizeof(w.text) - used, "%s%02X", i ? ":" : "", digest[i]);
	return w;
}

struct words certificate_fingerprint(gnutls_x509_crt_t crt)
{
	return fingerprint(crt, GNUTLS_DIG_SHA256);
}

struct words certificate_pin(gnutls_x509_crt_t crt)
{
	struct words w = {"?"};
	unsigned char digest[32];
	size_t len = sizeof(digest);
	gnutls_datum_t text, raw = {digest, sizeof(digest)};

	if (gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, digest, &len) < 0 ||
		gnutls_base64_encode2(&raw, &text) < 0)
		return w;
	snprintf(w.text, sizeof(w.text), "%.*s", (int)text.size, (const char *)text.data);
	gnutls_free(text.data);
	return w;
}

struct words certificate_key(gnutls_x509_crt_t crt)
{
	struct words w;
	unsigned bits = 0;
	int kind = gnutls_x509_crt_get_pk_algorithm(crt, &bits);

	snprintf(w.text, sizeof(w.text), _("%s, %u bits"),
		kind < 0 ? _("unknown") : gnutls_pk_get_name((gnutls_pk_algorithm_t)kind), bits);
	return w;
}

static void add_name(struct buf *list, const char *raw, size_t len, unsigned type)
{
	char text[INET6_ADDRSTRLEN];

	if (list->len)
		buf_add_text(list, ", ");
	if (type == GNUTLS_SAN_DNSNAME)
		buf_add_text(list, safe((struct span){raw, len}).text);
	else if (inet_ntop(len == 4 ? AF_INET : AF_INET6, raw, text, sizeof(text)))
		buf_add_text(list, text);
}

size_t certificate_names(gnutls_x509_crt_t crt, struct buf *list)
{
	size_t left_out = 0, hosts = 0;

	for (unsigned i = 0; i < NAMES_MAX; i++) {
		char raw[512];
		size_t len = sizeof(raw);
		int type = gnutls_x509_crt_get_subject_alt_name(crt, i, raw, &len, NULL);

		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		hosts += type == GNUTLS_SAN_DNSNAME;
		if (type != GNUTLS_SAN_DNSNAME &&
			(type != GNUTLS_SAN_IPADDRESS || (len != 4 && len != 16)))
			continue;
		if (list->len + len > NAMES_SHOWN_MAX)
			left_out++;
		else
			add_name(list, raw, len, (unsigned)type);
	}
	if (left_out)
		buf_printf(list, _n(" and %zu more", " and %zu more", left_out), left_out);
	return hosts;
}

bool certificate_self_signed(gnutls_x509_crt_t crt)
{
	return gnutls_x509_crt_check_issuer(crt, crt) != 0;
}

void certificate_describe(gnutls_x509_crt_t crt, struct tls_certificate *out)
{
	struct buf names = {NULL, 0, 0};

	certificate_names(crt, &names);
	snprintf(out->names, sizeof(out->names), "%s", names.len ? names.data : "");
	buf_release(&names);
	snprintf(out->subject, sizeof(out->subject), "%s", subject_of(crt).text);
	snprintf(out->issuer, sizeof(out->issuer), "%s", certificate_issuer(crt).text);
	whole_name(crt, gnutls_x509_crt_get_dn, out->owner, sizeof(out->owner));
	whole_name(crt, gnutls_x509_crt_get_issuer_dn, out->signer, sizeof(out->signer));
	snprintf(out->sha256, sizeof(out->sha256), "%s", certificate_fingerprint(crt).text);
	snprintf(out->sha1, sizeof(out->sha1), "%s", fingerprint(crt, GNUTLS_DIG_SHA1).text);
	snprintf(out->pin, sizeof(out->pin), "%s", certificate_pin(crt).text);
	snprintf(out->key, sizeof(out->key), "%s", certificate_key(crt).text);
	out->from_s = gnutls_x509_crt_get_activation_time(crt);
	out->until_s = gnutls_x509_crt_get_expiration_time(crt);
}

void chain_describe(const struct chain *chain, struct tls_facts *facts)
{
	facts->n = chain->n;
	for (unsigned i = 0; i < chain->n; i++)
		certificate_describe(chain->at[i], &facts->chain[i]);
}
