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

#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"

/* More than any mechanism has to say: a server that asks for ever is not answered for ever. */
enum { STEPS_MAX = 10 };

/*
 * Rounds of SCRAM: more would keep us busy for as long as the server likes. Less than what RFC 5802
 * s.5.1 wants, asked for by someone on the line, would make the password easy to guess from what we
 * answer; where TLS keeps others out, what the server asks for is its own business.
 */
enum { ROUNDS_MAX = 1000000, ROUNDS_MIN = 4096 };

/*
 * NTLM: octets of the server's message up to its nonce, and what libntlm has room for. Names that
 * do not fit into its answer, where the user stands twice in UTF-16 behind 48 octets, it replaces
 * with whatever memory holds, and sends that.
 */
enum {
	NTLM_MIN = 32,
	NTLM_MAX = 1024,
	NTLM_USER_MAX = 60,
	NTLM_PASSWORD_MAX = 128,
	NTLM_NAMES_ROOM = 320 - 48,
};

struct sasl {
	enum mech mech;
	const struct sasl_setting *setting;
	Gsasl *library;
	Gsasl_session *session;
	unsigned steps;
	bool done;    /* the mechanism has said, and seen, all that it wants */
	bool refused; /* SCRAM: the server has said so, … */
	bool blamed;  /* … and that it is for the channel's binding */
};

/* They would end the line early and be taken for commands. */
static bool is_one_line(const char *text)
{
	return !strpbrk(text, "\r\n");
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

static int set_binding(struct sasl *s, const struct sasl_setting *setting)
{
	char *base64 = to_base64(setting->binding.data, setting->binding.len);
	int rc = GSASL_MALLOC_ERROR;

	if (base64)
		rc = gsasl_property_set(s->session,
			setting->exporter ? GSASL_CB_TLS_EXPORTER : GSASL_CB_TLS_UNIQUE, base64);
	free(base64);
	return rc;
}

static bool set_up(struct sasl *s, const struct sasl_setting *setting, struct error *e)
{
	const struct {
		Gsasl_property property;
		const char *value;
	} properties[] = {{GSASL_AUTHID, setting->user}, {GSASL_PASSWORD, setting->secret},
		{GSASL_HOSTNAME, setting->host}, {GSASL_SERVICE, "pop"}};
	int rc = gsasl_init(&s->library);

	if (rc == GSASL_OK)
		rc = gsasl_client_start(s->library, mech_sasl_name(s->mech), &s->session);
	if (rc == GSASL_UNKNOWN_MECHANISM)
		return error_set(e, ERROR_CAPABILITY,
			"the login mechanism \"%s\" is not known to this system's libgsasl",
			mech_name(s->mech));
	for (size_t i = 0; rc == GSASL_OK && i < sizeof(properties) / sizeof(properties[0]); i++)
		rc = gsasl_property_set(s->session, properties[i].property, properties[i].value);
	if (rc == GSASL_OK && mech_binds(s->mech))
		rc = set_binding(s, setting);
	return rc == GSASL_OK ||
		error_set(e, ERROR_INTERNAL, "cannot set up the login mechanism \"%s\": %s",
			mech_name(s->mech), gsasl_strerror(rc));
}

struct sasl *sasl_start(enum mech mech, const struct sasl_setting *setting, struct error *e)
{
	bool bare = mech_credential(mech) == CREDENTIAL_CERTIFICATE ||
		mech_credential(mech) == CREDENTIAL_TICKET;
	struct sasl *s;

	if (!is_one_line(setting->user)) {
		error_set(e, ERROR_CONFIG, "the user name holds a line end");
		return NULL;
	}
	if ((!bare && !*setting->secret) || !is_one_line(setting->secret)) {
		error_set(e, ERROR_CONFIG,
			*setting->secret ? N_("the password holds a line end")
					 : N_("the password is empty"));
		return NULL;
	}
	if (mech == MECH_NTLM &&
		(strlen(setting->user) > NTLM_USER_MAX ||
			strlen(setting->secret) > NTLM_PASSWORD_MAX)) {
		error_set(e, ERROR_CONFIG,
			"the user name or the password is too long for NTLM (%d and %d octets)",
			NTLM_USER_MAX, NTLM_PASSWORD_MAX);
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->mech = mech;
	s->setting = setting;
	if (set_up(s, setting, e))
		return s;
	sasl_free(s);
	return NULL;
}

static bool is_scram(enum mech mech)
{
	return mech >= MECH_SCRAM_SHA_256_PLUS && mech <= MECH_SCRAM_SHA_1;
}

/* What a mechanism says to a challenge that it does not like. */
static bool step_failed(const struct sasl *s, int rc, struct error *e)
{
	bool proves = is_scram(s->mech) || s->mech == MECH_DIGEST_MD5;

	if (rc == GSASL_AUTHENTICATION_ERROR && proves)
		error_set(e, ERROR_PROTOCOL,
			"the server did not prove by %s that it knows the password; another may be "
			"in its place",
			mech_title(s->mech));
	else if (mech_credential(s->mech) == CREDENTIAL_TICKET) {
		error_set(
			e, ERROR_AUTH, "the login by %s failed on this side", mech_title(s->mech));
		error_why(e, "%s", gsasl_strerror(rc));
		error_remedy(e, "is there a ticket? if not", "kinit");
	} else
		error_set(e, ERROR_PROTOCOL,
			"the server's part of the login by %s makes no sense: %s",
			mech_title(s->mech), gsasl_strerror(rc));
	return false;
}

/* ",i=4096" of SCRAM's first message (RFC 5802 s.7). */
static bool rounds_are_sane(const struct sasl *s, struct span in, struct error *e)
{
	uint32_t rounds = 0;
	struct span rest = in;

	while (rest.len && !(rest.len > 3 && memcmp(rest.data, ",i=", 3) == 0))
		rest = (struct span){rest.data + 1, rest.len - 1};
	if (!rest.len)
		return true;
	rest = (struct span){rest.data + 3, rest.len - 3};
	for (size_t i = 0; i < rest.len; i++)
		if (rest.data[i] == ',')
			rest.len = i;
	/* What is no number at all the library refuses. */
	if (!parse_u32(rest, ROUNDS_MAX, &rounds))
		return error_set(e, ERROR_PROTOCOL, "the server asks for more than %d rounds of %s",
			ROUNDS_MAX, mech_title(s->mech));
	if (s->setting->encrypted || rounds >= ROUNDS_MIN)
		return true;
	return error_set(e, ERROR_PROTOCOL,
		"the server asks for %s with %u rounds only, on a line that others may read (RFC "
		"5802 wants %d)",
		mech_title(s->mech), (unsigned)rounds, ROUNDS_MIN);
}

static uint32_t little_endian(const char *at, size_t n)
{
	uint32_t number = 0;

	for (size_t i = n; i-- > 0;)
		number = number << 8 | (unsigned char)at[i];
	return number;
}

/* The library takes the lengths and offsets in an NTLM challenge ([MS-NLMP] 2.2.1.2) on trust. */
static bool ntlm_is_sound(const struct sasl *s, struct span in, struct error *e)
{
	uint32_t len, offset;

	if (in.len >= NTLM_MIN && in.len <= NTLM_MAX && memcmp(in.data, "NTLMSSP", 8) == 0 &&
		little_endian(in.data + 8, 4) == 2) {
		len = little_endian(in.data + 12, 2);
		offset = little_endian(in.data + 16, 4);
		if (!len)
			return true;
		if (offset <= in.len && len <= in.len - offset &&
			len + 4 * strlen(s->setting->user) < NTLM_NAMES_ROOM)
			return true;
	}
	return error_set(e, ERROR_PROTOCOL, "the server's part of the login by %s makes no sense",
		mech_title(s->mech));
}

/* What the library would not look at itself. */
static bool is_sane(const struct sasl *s, struct span in, struct error *e)
{
	if (is_scram(s->mech))
		return rounds_are_sane(s, in, e);
	if (!in.len && (s->mech == MECH_CRAM_MD5 || s->mech == MECH_DIGEST_MD5))
		return error_set(e, ERROR_PROTOCOL, "the server's part of the login by %s is empty",
			mech_title(s->mech));
	/* The first message is the client's. */
	return s->mech != MECH_NTLM || s->steps == 1 || ntlm_is_sound(s, in, e);
}

static bool holds(struct span words, const char *part)
{
	size_t len = strlen(part);

	for (size_t i = 0; i + len <= words.len; i++)
		if (span_is_nocase((struct span){words.data + i, len}, part))
			return true;
	return false;
}

/* One step with raw octets. *out is of the library, and a secret. */
static bool step(
	struct sasl *s, const char *in, size_t in_len, char **out, size_t *out_len, struct error *e)
{
	int rc;

	/* RFC 5802 s.5.1: instead of its signature. The status line will say the same. */
	if (is_scram(s->mech) && in_len >= 2 && memcmp(in, "e=", 2) == 0) {
		s->refused = true;
		s->blamed = holds((struct span){in, in_len}, "channel-binding");
		return true;
	}
	if (!is_sane(s, (struct span){in, in_len}, e))
		return false;
	rc = gsasl_step(s->session, in, in_len, out, out_len);
	if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
		return step_failed(s, rc, e);
	s->done = rc == GSASL_OK;
	return true;
}

/* gsasl_step64() would do all of this, but frees what it makes of the password as it is. */
bool sasl_step(struct sasl *s, const char *challenge, char **response, struct error *e)
{
	char *in = NULL, *out = NULL;
	size_t in_len = 0, out_len = 0;
	bool done;

	*response = NULL;
	if (s->done || s->refused || s->steps++ == STEPS_MAX)
		return error_set(e, ERROR_PROTOCOL, "the server asks for more than %s has to say",
			mech_title(s->mech));
	if (challenge && *challenge &&
		gsasl_base64_from(challenge, strlen(challenge), &in, &in_len) != GSASL_OK)
		return error_set(e, ERROR_PROTOCOL,
			"the server's part of the login by %s is not base64", mech_title(s->mech));
	done = step(s, in, in_len, &out, &out_len, e);
	gsasl_free(in);
	if (done)
		*response = to_base64(out, out_len);
	if (out)
		wipe(out, out_len);
	gsasl_free(out);
	return done &&
		(*response || error_set(e, ERROR_INTERNAL, "there is no memory for the login"));
}

bool sasl_has_proved(const struct sasl *s)
{
	/* The first words of SCRAM are no more than the name. */
	if (is_scram(s->mech))
		return s->steps > (s->refused ? 2U : 1U);
	return s->steps > 0;
}

bool sasl_blames_binding(const struct sasl *s, struct span words)
{
	/* The first is what Cyrus says, by the words of its library for several things. */
	static const char *const parts[] = {"bad protocol", "channel", "binding"};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (holds(words, parts[i]))
			return true;
	return s->blamed;
}

bool sasl_accepted(const struct sasl *s, struct error *e)
{
	if (s->done)
		return true;
	return error_set(e, ERROR_PROTOCOL,
		"the server let \"%s\" in before the login by %s was over; another may be in its "
		"place",
		safe(span_of(s->setting->user)).text, mech_title(s->mech));
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

/* The library frees its copy of the password as it is, and what SCRAM logs in with as well. */
static void wipe_secrets(Gsasl_session *session)
{
	static const Gsasl_property secrets[] = {GSASL_PASSWORD, GSASL_SCRAM_SALTED_PASSWORD};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		const char *copy = gsasl_property_fast(session, secrets[i]);

		if (copy)
			wipe((void *)(uintptr_t)copy, strlen(copy));
	}
}

void sasl_free(struct sasl *s)
{
	if (!s)
		return;
	if (s->session) {
		wipe_secrets(s->session);
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
