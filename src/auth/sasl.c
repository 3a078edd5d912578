/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One SASL conversation (RFC 4422, 5034) by libgsasl, whatever mechanism it knows. The library is
 * set up for each conversation and taken down after it, so nothing global is left. APOP (RFC 1939
 * s.7) is no SASL mechanism; its digest stands here as it, too, turns a password into something to
 * send.
 */
#include "auth/sasl.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gsasl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct sasl {
	Gsasl *library;
	Gsasl_session *session;
	bool done; /* the mechanism has said all it has to say */
};

/* They would end the line early and be taken for commands. */
static bool is_one_line(const char *text)
{
	return !strpbrk(text, "\r\n");
}

static bool set_up(struct sasl *s, const char *mechanism, const char *user, const char *password,
	const char *host, struct error *e)
{
	int rc = gsasl_init(&s->library);

	if (rc == GSASL_OK)
		rc = gsasl_client_start(s->library, mechanism, &s->session);
	if (rc == GSASL_UNKNOWN_MECHANISM)
		return error_set(e, ERROR_CAPABILITY,
			"the login mechanism \"%s\" is not known here", mechanism);
	if (rc == GSASL_OK)
		rc = gsasl_property_set(s->session, GSASL_AUTHID, user);
	if (rc == GSASL_OK)
		rc = gsasl_property_set(s->session, GSASL_PASSWORD, password);
	if (rc == GSASL_OK)
		rc = gsasl_property_set(s->session, GSASL_HOSTNAME, host);
	if (rc == GSASL_OK)
		rc = gsasl_property_set(s->session, GSASL_SERVICE, "pop");
	return rc == GSASL_OK ||
		error_set(e, ERROR_INTERNAL, "cannot set up the login mechanism \"%s\": %s",
			mechanism, gsasl_strerror(rc));
}

struct sasl *sasl_start(const char *mechanism, const char *user, const char *password,
	const char *host, struct error *e)
{
	struct sasl *s;

	if (!is_one_line(user)) {
		error_set(e, ERROR_CONFIG, "the user name holds a line end");
		return NULL;
	}
	if (!*password || !is_one_line(password)) {
		error_set(e, ERROR_CONFIG, "the password %s",
			*password ? "holds a line end" : "is empty");
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	if (set_up(s, mechanism, user, password, host, e))
		return s;
	sasl_free(s);
	return NULL;
}

/* raw in base64, in memory of our own. NULL: no memory. */
static char *to_base64(const char *raw, size_t len)
{
	char *base64 = NULL, *copy = NULL;

	if (gsasl_base64_to(raw ? raw : "", len, &base64, NULL) == GSASL_OK)
		copy = xstrdup(base64);
	if (base64)
		wipe(base64, strlen(base64));
	gsasl_free(base64);
	return copy;
}

/* gsasl_step64() would do all of this, but frees what it makes of the password as it is. */
bool sasl_step(struct sasl *s, const char *challenge, char **response, struct error *e)
{
	char *in = NULL, *out = NULL;
	size_t in_len = 0, out_len = 0;
	int rc = GSASL_OK;

	if (s->done)
		return error_set(e, ERROR_AUTH,
			"the server asks for more than the login mechanism has to say");
	if (challenge && *challenge)
		rc = gsasl_base64_from(challenge, strlen(challenge), &in, &in_len);
	if (rc == GSASL_OK)
		rc = gsasl_step(s->session, in, in_len, &out, &out_len);
	gsasl_free(in);
	if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
		return error_set(
			e, ERROR_AUTH, "the login failed half-way: %s", gsasl_strerror(rc));
	s->done = rc == GSASL_OK;
	*response = to_base64(out, out_len);
	if (out)
		wipe(out, out_len);
	gsasl_free(out);
	return *response || error_set(e, ERROR_INTERNAL, "there is no memory for the login");
}

char *sasl_plain_form(const char *user, const char *password)
{
	size_t user_len = strlen(user) + 1, len = 1 + user_len + strlen(password);
	char *raw = xmalloc(len + 1);

	raw[0] = '\0';
	memcpy(raw + 1, user, user_len);
	memcpy(raw + 1 + user_len, password, strlen(password) + 1);
	char *form = to_base64(raw, len);

	wipe(raw, len);
	free(raw);
	return form;
}

/* The library frees its copy of the password as it is. */
static void wipe_password(Gsasl_session *session)
{
	const char *copy = gsasl_property_fast(session, GSASL_PASSWORD);

	if (copy)
		wipe((void *)(uintptr_t)copy, strlen(copy));
}

void sasl_free(struct sasl *s)
{
	if (!s)
		return;
	if (s->session) {
		wipe_password(s->session);
		gsasl_finish(s->session);
	}
	if (s->library)
		gsasl_done(s->library);
	free(s);
}

bool apop_digest(struct span stamp, const char *password, char digest[33], struct error *e)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char raw[16];
	gnutls_hash_hd_t hash;
	int rc = gnutls_hash_init(&hash, GNUTLS_DIG_MD5);

	if (rc < 0)
		return error_set(e, ERROR_CAPABILITY,
			"APOP cannot be used: it needs MD5, which this system forbids");
	rc = gnutls_hash(hash, stamp.data, stamp.len);
	if (rc >= 0)
		rc = gnutls_hash(hash, password, strlen(password));
	gnutls_hash_deinit(hash, raw);
	if (rc < 0)
		return error_set(
			e, ERROR_CAPABILITY, "APOP cannot be used: %s", gnutls_strerror(rc));
	for (size_t i = 0; i < sizeof(raw); i++) {
		digest[2 * i] = hex[raw[i] >> 4];
		digest[2 * i + 1] = hex[raw[i] & 15];
	}
	digest[32] = '\0';
	return true;
}
