/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Trust in a server's certificate (RFC 5280, 9525). GnuTLS judges; trust_load.c loads what it
 * judges by; this file adds the one rule it lacks (a certificate without host names is not matched
 * by its common name), and turns its verdict, a set of bits, into one sentence that names the
 * certificate and the fault: the gravest first, as a name is of no interest when the signature is
 * forged.
 *
 * A pin names the key itself, which no authority could do better: its signatures, dates and names
 * then say nothing of interest, and may all be wrong, as those of a certificate that somebody made
 * for one machine mostly are.
 */
#include "net/trust.h"

#include <arpa/inet.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "net/certificate.h"
#include "net/pin.h"
#include "net/priority.h"

bool trust_address(const char *name, unsigned char octets[16], unsigned *len)
{
	/* A zone (RFC 4007 s.11) says where the address is to be looked for, not who has it. */
	char *plain = xstrndup(name, strcspn(name, "%"));

	*len = inet_pton(AF_INET, plain, octets) == 1     ? 4
		: inet_pton(AF_INET6, plain, octets) == 1 ? 16
							  : 0;
	free(plain);
	return *len > 0;
}

static bool wrong_name(gnutls_x509_crt_t crt, const char *shown, struct error *e)
{
	struct buf names = {NULL, 0, 0};

	certificate_names(crt, &names);
	if (names.len) {
		error_set(e, ERROR_TLS, "the certificate is for %s, not for %s", names.data, shown);
		error_remedy(e, "", "use one of these names as host");
		error_about(e, ERROR_ABOUT_NAMES);
	} else {
		error_set(e, ERROR_TLS, "the certificate of %s names no host", shown);
		error_why(e,
			"it has no subject alternative name, and its common name does not count "
			"(RFC 9525)");
		error_remedy(e, "to trust this key all the same", "pin-sha256 = \"%s\"",
			certificate_pin(crt).text);
	}
	buf_release(&names);
	return false;
}

static bool unknown_issuer(const struct chain *chain, const char *shown, struct error *e)
{
	gnutls_x509_crt_t own = chain->at[0];

	if (chain->n == 1 && certificate_self_signed(own))
		error_set(e, ERROR_TLS,
			"the certificate of %s is not trusted: it is signed by nobody but itself",
			shown);
	else
		error_set(e, ERROR_TLS,
			"the certificate of %s is not trusted: unknown issuer \"%s\"", shown,
			certificate_issuer(chain->at[chain->n - 1]).text);
	error_why(e, "valid until %s, SHA-256 %s",
		certificate_day(gnutls_x509_crt_get_expiration_time(own)).text,
		certificate_fingerprint(own).text);
	error_about(e, ERROR_ABOUT_ISSUER);
	return error_remedy(e, "own CA?",
		"ca-file = \"/path/ca.pem\"   one server?  pin-sha256 = \"%s\"",
		certificate_pin(own).text);
}

static bool expired(const struct chain *chain, const char *shown, struct error *e)
{
	time_t now = (time_t)clock_wall_s();

	for (unsigned i = 0; i < chain->n; i++) {
		time_t end = gnutls_x509_crt_get_expiration_time(chain->at[i]);

		if (end >= now)
			continue;
		if (i == 0)
			return error_set(e, ERROR_TLS, "the certificate of %s has expired on %s",
				shown, certificate_day(end).text);
		return error_set(e, ERROR_TLS,
			"the certificate of %s is not trusted: that of its issuer \"%s\" has expired "
			"on %s",
			shown, certificate_issuer(chain->at[i - 1]).text,
			certificate_day(end).text);
	}
	return error_set(e, ERROR_TLS,
		"the certificate of %s is not trusted: that of its authority has expired", shown);
}

static bool not_yet(const struct chain *chain, const char *shown, struct error *e)
{
	time_t now = (time_t)clock_wall_s(), begin = now;

	for (unsigned i = 0; i < chain->n; i++) {
		time_t since = gnutls_x509_crt_get_activation_time(chain->at[i]);

		begin = since > begin ? since : begin;
	}
	error_set(e, ERROR_TLS, "the certificate of %s is not valid before %s", shown,
		certificate_day(begin).text);
	return error_why(e, "the clock of this machine says %s", certificate_day(now).text);
}

static bool has_strength(gnutls_x509_crt_t crt, gnutls_sec_param_t least)
{
	unsigned bits = 0;
	int kind = gnutls_x509_crt_get_pk_algorithm(crt, &bits);

	return kind >= 0 && gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t)kind, bits) >= least;
}

/* A key that can be found out proves nothing, whoever has written down what it is. */
static bool strong_enough(const struct tls_policy *policy, gnutls_x509_crt_t crt)
{
	return has_strength(crt, priority_least_key(policy->priority));
}

static bool weak_key(
	const struct tls_policy *policy, gnutls_x509_crt_t crt, const char *shown, struct error *e)
{
	error_set(e, ERROR_TLS,
		"the certificate of %s is not trusted: a key that is too weak (its own: %s)", shown,
		certificate_key(crt).text);
	if (policy->priority && !strong_enough(policy, crt) &&
		has_strength(crt, priority_least_key(NULL)))
		error_why(e,
			"tls-priority asks for a stronger one; with :%%PROFILE_MEDIUM behind it this one is enough");
	return false;
}

static bool too_weak(const struct tls_policy *policy, const struct chain *chain, const char *shown,
	struct error *e)
{
	for (unsigned i = 0; i < chain->n; i++) {
		int algorithm = gnutls_x509_crt_get_signature_algorithm(chain->at[i]);
		bool secure = algorithm >= 0 &&
			gnutls_sign_is_secure2((gnutls_sign_algorithm_t)algorithm,
				GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS);

		if (!secure && !certificate_self_signed(chain->at[i]))
			return error_set(e, ERROR_TLS,
				"the certificate of %s is not trusted: signed with a method that is "
				"too weak (%s)",
				shown,
				algorithm < 0
					? _("unknown")
					: gnutls_sign_get_name((gnutls_sign_algorithm_t)algorithm));
	}
	return weak_key(policy, chain->at[0], shown, e);
}

/* What came is shown, since a server may have a new key; that it has one must come from elsewhere.
 */
static bool not_pinned(gnutls_x509_crt_t crt, const char *shown, struct error *e)
{
	error_set(e, ERROR_TLS, "%s has another key than the one in pin-sha256", shown);
	error_why(e,
		"ask whoever runs the server whether its key is new; its certificate is valid since "
		"%s, and issued by \"%s\"",
		certificate_day(gnutls_x509_crt_get_activation_time(crt)).text,
		certificate_issuer(crt).text);
	return error_remedy(e, "if it is", "pin-sha256 = \"%s\"", certificate_pin(crt).text);
}

static bool revoked(const char *shown, struct error *e)
{
	return error_set(
		e, ERROR_TLS, "the certificate of %s has been revoked by its issuer", shown);
}

/* What is wrong with the proof, attached by the server, that its certificate is not revoked. */
static bool bad_proof(unsigned status, const char *shown, struct error *e)
{
	if (status & GNUTLS_CERT_MISSING_OCSP_STATUS) {
		error_set(e, ERROR_TLS, "%s does not prove that its certificate is not revoked",
			shown);
		return error_why(e, "the certificate demands that (OCSP must-staple, RFC 7633)");
	}
	if (status & GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED)
		error_set(e, ERROR_TLS,
			"what %s sends to prove that its certificate is not revoked is too old",
			shown);
	else if (status & GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE)
		error_set(e, ERROR_TLS,
			"what %s sends to prove that its certificate is not revoked is of the future",
			shown);
	else
		error_set(e, ERROR_TLS,
			"what %s sends to prove that its certificate is not revoked is wrong",
			shown);
	return error_why(e, "(OCSP stapling, RFC 6066)");
}

static bool otherwise_bad(unsigned status, const char *shown, struct error *e)
{
	gnutls_datum_t text = {NULL, 0};

	error_set(e, ERROR_TLS, "the certificate of %s is not trusted", shown);
	if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) >= 0) {
		error_why(e, "%s", (const char *)text.data);
		gnutls_free(text.data);
	}
	return false;
}

static bool explain(const struct tls_policy *policy, const struct chain *chain, unsigned status,
	const char *shown, struct error *e)
{
	if (status & GNUTLS_CERT_SIGNATURE_FAILURE)
		return error_set(e, ERROR_TLS,
			"the certificate of %s is not trusted: its signature is wrong", shown);
	if (status & GNUTLS_CERT_REVOKED)
		return revoked(shown, e);
	if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
		return unknown_issuer(chain, shown, e);
	if (status & (GNUTLS_CERT_SIGNER_NOT_CA | GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE))
		return error_set(e, ERROR_TLS,
			"the certificate of %s is not trusted: its issuer \"%s\" is no authority for "
			"it",
			shown, certificate_issuer(chain->at[0]).text);
	if (status & GNUTLS_CERT_INSECURE_ALGORITHM)
		return too_weak(policy, chain, shown, e);
	if (status & GNUTLS_CERT_EXPIRED)
		return expired(chain, shown, e);
	if (status & GNUTLS_CERT_NOT_ACTIVATED)
		return not_yet(chain, shown, e);
	if (status & GNUTLS_CERT_PURPOSE_MISMATCH)
		return error_set(e, ERROR_TLS,
			"the certificate of %s is not meant for a server (its purpose is another)",
			shown);
	if (status & GNUTLS_CERT_UNEXPECTED_OWNER)
		return wrong_name(chain->at[0], shown, e);
	if (status &
		(GNUTLS_CERT_MISSING_OCSP_STATUS | GNUTLS_CERT_INVALID_OCSP_STATUS |
			GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED |
			GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE))
		return bad_proof(status, shown, e);
	return otherwise_bad(status, shown, e);
}

static bool verify_pin(const struct tls_policy *policy, const struct chain *chain, unsigned status,
	const char *shown, struct error *e)
{
	if (!pins_match(policy->pins, chain->at[0]))
		return not_pinned(chain->at[0], shown, e);
	if (status & GNUTLS_CERT_REVOKED)
		return revoked(shown, e);
	return strong_enough(policy, chain->at[0]) || weak_key(policy, chain->at[0], shown, e);
}

/* Without a host name in the certificate GnuTLS would look at its common name. */
static bool names_a_host(gnutls_x509_crt_t crt)
{
	struct buf names = {NULL, 0, 0};
	size_t hosts = certificate_names(crt, &names);

	buf_release(&names);
	return hosts > 0;
}

/*
 * The verdict of GnuTLS. Where it has no authorities yet, it is given those that the chain names.
 * To be trusted by some of those that count is to be trusted; whatever else the verdict is, it is
 * asked for again with all.
 */
static int verify(gnutls_session_t session, struct trust *trust, const struct chain *chain,
	gnutls_typed_vdata_st *wanted, unsigned n, unsigned *status)
{
	if (trust->bundle.len) {
		if (trust_give_picked(trust, chain) &&
			gnutls_certificate_verify_peers(session, wanted, n, status) >= 0 &&
			!*status)
			return 0;
		trust_give_all(trust);
	}
	return gnutls_certificate_verify_peers(session, wanted, n, status);
}

bool trust_verify(gnutls_session_t session, const struct tls_policy *policy, struct trust *trust,
	const char *name, const char *shown, struct error *e)
{
	unsigned char address[16];
	unsigned len = 0, status = 0;
	bool is_address = trust_address(name, address, &len), done = true;
	/* GnuTLS only reads the data, but its struct takes no const. */
	char *copy = xstrdup(name), purpose[] = GNUTLS_KP_TLS_WWW_SERVER;
	gnutls_typed_vdata_st wanted[2] = {
		{GNUTLS_DT_DNS_HOSTNAME, (unsigned char *)copy, 0},
		{GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)purpose, 0},
	};
	struct chain chain = {.n = 0};
	bool read;
	int rc;

	if (is_address)
		wanted[0] = (gnutls_typed_vdata_st){GNUTLS_DT_IP_ADDRESS, address, len};
	read = chain_read(&chain, session);
	rc = verify(session, trust, &chain, wanted, 2, &status);
	if (rc < 0 || !read)
		done = error_set(e, ERROR_TLS, "the certificate of %s cannot be checked: %s", shown,
			gnutls_strerror(rc));
	else if (policy->pins)
		done = verify_pin(policy, &chain, status, shown, e);
	else if (status)
		done = explain(policy, &chain, status, shown, e);
	else if (!is_address && !names_a_host(chain.at[0]))
		done = wrong_name(chain.at[0], shown, e);
	chain_release(&chain);
	free(copy);
	return done;
}
