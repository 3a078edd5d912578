/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: what is taken for a token can be sent as one, and nothing a server says breaks out of
 * the words it is told in. */
/*
 * The first octet chooses: what a command printed; a server's reason; the same with the rest in
 * base64 (which chance never finds); or user, host and token, parted by LF, of an initial response.
 */
#include <gnutls/gnutls.h>

#include "auth/bearer.h"
#include "auth/token.h"
#include "fuzz.h"

enum { NOW = 1795694400, WORDS_MAX = 4 * (64 + 10) };

static void check_output(struct span in)
{
	struct error e = {ERROR_NONE};
	struct token t;

	if (token_read(in, "x", NOW, &t, &e)) {
		CHECK(bearer_is_token(span_of(t.value)) && t.expires_s >= 0);
	} else {
		CHECK(!t.value && e.kind == ERROR_CONFIG && strncmp(e.text, "x gives ", 8) == 0);
	}
	for (size_t i = 0; e.text[i]; i++)
		CHECK((unsigned char)e.text[i] >= 0x20);
	token_release(&t);
}

static void check_reason(struct span base64)
{
	struct buf words = {NULL, 0, 0};

	bearer_explain(base64, &words);
	CHECK(words.len <= WORDS_MAX);
	CHECK(!words.len || strncmp(words.data, "s", 1) == 0);
	buf_release(&words);
}

static gnutls_datum_t to_base64(struct span in)
{
	const gnutls_datum_t raw = {(unsigned char *)(uintptr_t)in.data, (unsigned)in.len};
	gnutls_datum_t out;

	CHECK(gnutls_base64_encode2(&raw, &out) == 0);
	return out;
}

static void check_encoded_reason(struct span json)
{
	gnutls_datum_t base64 = to_base64(json);

	check_reason((struct span){(const char *)base64.data, base64.size});
	gnutls_free(base64.data);
}

static char *take_line(struct span *in)
{
	struct span line = take_until(in, '\n');

	return xstrndup(line.data, line.len);
}

static void check_initial(enum bearer mechanism, struct span in)
{
	char *user = take_line(&in), *host = take_line(&in), *token = take_line(&in);
	struct error e = {ERROR_NONE};
	char *base64 = bearer_initial(mechanism, user, host, 995, token, &e);

	CHECK(!base64 == (e.kind == ERROR_CONFIG));
	if (base64) {
		const gnutls_datum_t text = {(unsigned char *)base64, (unsigned)strlen(base64)};
		gnutls_datum_t raw;
		size_t separators = 0;

		CHECK(!base64[strcspn(base64, "\r\n ")]);
		CHECK(gnutls_base64_decode2(&text, &raw) == 0);
		for (unsigned i = 0; i < raw.size; i++) {
			CHECK(raw.data[i] >= 0x20 || raw.data[i] == 1);
			separators += raw.data[i] == 1;
		}
		CHECK(separators == (mechanism == BEARER_XOAUTH2 ? 3 : 5));
		gnutls_free(raw.data);
	}
	wipe_free(base64);
	free(user);
	free(host);
	free(token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = {(const char *)data, len};
	/* A digit, in the seeds. */
	unsigned choice = (take_octet(&in) + 2u) % 5;
	char *exact = exact_copy(in);

	in.data = exact;
	switch (choice) {
	case 0:
		check_output(in);
		break;
	case 1:
		check_reason(in);
		break;
	case 2:
		check_encoded_reason(in);
		break;
	default:
		check_initial(choice == 3 ? BEARER_OAUTHBEARER : BEARER_XOAUTH2, in);
		break;
	}
	free(exact);
	return 0;
}
