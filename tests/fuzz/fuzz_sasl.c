/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: whatever a server says in a login, the answers are base64, they come to an end, and a
 * server that does not know the password is never taken for one that does. */
/*
 * The first octet chooses the mechanism, the second whether the line is encrypted and whether
 * challenges are sent as they stand, not made base64. Each line is a challenge; @ in it is SCRAM's
 * nonce of the client, which no chance would find.
 */
#include <gnutls/gnutls.h>

#include "auth/sasl.h"
#include "fuzz.h"

static const enum mech mechs[] = {MECH_SCRAM_SHA_256_PLUS, MECH_SCRAM_SHA_1_PLUS,
	MECH_SCRAM_SHA_256, MECH_SCRAM_SHA_1, MECH_DIGEST_MD5, MECH_CRAM_MD5, MECH_PLAIN,
	MECH_LOGIN, MECH_EXTERNAL, MECH_NTLM};
enum { MECHS = sizeof(mechs) / sizeof(mechs[0]), STEPS_MAX = 20 };

/* These end with the server's proof. */
static bool proves(enum mech mech)
{
	return mech <= MECH_SCRAM_SHA_1 || mech == MECH_DIGEST_MD5;
}

static char *decode(const char *base64)
{
	const gnutls_datum_t in = {(unsigned char *)(uintptr_t)base64, (unsigned)strlen(base64)};
	gnutls_datum_t out = {NULL, 0};
	char *copy;

	if (!base64[0])
		return xstrdup("");
	CHECK(gnutls_base64_decode2(&in, &out) == 0);
	copy = xstrndup((const char *)out.data, out.size);
	gnutls_free(out.data);
	return copy;
}

/* Rounds of SCRAM by the thousand would only take time. */
static bool takes_long(struct span line)
{
	for (size_t i = 0; i + 8 <= line.len; i++)
		if (memcmp(line.data + i, ",i=", 3) == 0 && line.data[i + 7] != ',')
			return true;
	return false;
}

static char *challenge_of(struct span line, const char *nonce, bool raw)
{
	struct buf text = {NULL, 0, 0};
	gnutls_datum_t in, out = {NULL, 0};
	char *challenge;

	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] == '@')
			buf_add_text(&text, nonce);
		else
			buf_add(&text, line.data + i, 1);
	if (raw || !text.len)
		return buf_detach(&text);
	in = (gnutls_datum_t){(unsigned char *)text.data, (unsigned)text.len};
	CHECK(gnutls_base64_encode2(&in, &out) == 0);
	challenge = xstrndup((const char *)out.data, out.size);
	gnutls_free(out.data);
	buf_release(&text);
	return challenge;
}

static bool step(struct sasl *s, const char *challenge, char *nonce, size_t room)
{
	struct error e = {ERROR_NONE};
	char *response = NULL, *text, *at;

	if (!sasl_step(s, challenge, &response, &e)) {
		CHECK(!response && e.kind != ERROR_NONE && e.text[0]);
		CHECK(!strstr(e.text, "pencil"));
		return false;
	}
	CHECK(response && e.kind == ERROR_NONE);
	text = decode(response);
	at = strstr(text, ",r=");
	if (!nonce[0] && at && strlen(at + 3) < room)
		memcpy(nonce, at + 3, strlen(at + 3) + 1);
	free(text);
	wipe_free(response);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = {(const char *)data, len};
	enum mech mech = mechs[take_octet(&in) % MECHS];
	uint8_t flags = take_octet(&in);
	const struct sasl_setting setting = {.user = "user",
		.secret = "pencil",
		.host = "pop.example.org",
		.encrypted = flags & 1,
		.exporter = flags & 2,
		.binding = {"binding", 7}};
	struct error e = {ERROR_NONE};
	struct sasl *s = sasl_start(mech, &setting, &e);
	char nonce[200] = "";
	bool goes_on = true;
	int steps = 0;

	CHECK(s);
	if (mech_speaks_first(mech))
		goes_on = step(s, NULL, nonce, sizeof(nonce));
	while (goes_on && in.len) {
		struct span line = take_until(&in, '\n');
		char *challenge;

		if (takes_long(line))
			break;
		challenge = challenge_of(line, nonce, flags & 4);
		goes_on = step(s, challenge, nonce, sizeof(nonce));
		free(challenge);
		CHECK(++steps < STEPS_MAX);
	}
	if (proves(mech))
		CHECK(!sasl_accepted(s, &e));
	sasl_free(s);
	return 0;
}
