/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OAUTHBEARER and XOAUTH2: what to say, and what the server's reason means. */
#include "auth/bearer.h"

#include <gnutls/gnutls.h>
#include <string.h>

#include "base/i18n.h"
#include "base/json.h"

/* Control-A parts the pieces and ends the whole. */
#define SEPARATOR "\x01"

enum { FIELD_MAX = 60 };

static bool is_token_octet(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(c && strchr("-._~+/", c));
}

bool bearer_is_token(struct span token)
{
	size_t i = 0;

	if (token.len > BEARER_TOKEN_MAX)
		return false;
	while (i < token.len && is_token_octet(token.data[i]))
		i++;
	if (i == 0)
		return false;
	while (i < token.len && token.data[i] == '=')
		i++;
	return i == token.len;
}

/* It would end its piece early, or the line. */
static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

/* RFC 5801 s.4: in a name of a GS2 header a comma and an equals sign stand as =2C and =3D. */
static void add_name(struct buf *b, const char *name)
{
	for (; *name; name++) {
		if (*name == ',' || *name == '=')
			buf_add_text(b, *name == ',' ? "=2C" : "=3D");
		else
			buf_add(b, name, 1);
	}
}

/* raw in base64, in memory of our own; NULL: no memory. */
static char *to_base64(struct span raw)
{
	const gnutls_datum_t in = {(unsigned char *)(uintptr_t)raw.data, (unsigned)raw.len};
	gnutls_datum_t out;
	char *copy;

	if (gnutls_base64_encode2(&in, &out) < 0)
		return NULL;
	copy = xstrndup((const char *)out.data, out.size);
	wipe(out.data, out.size);
	gnutls_free(out.data);
	return copy;
}

char *bearer_initial(enum bearer mechanism, const char *user, const char *host, uint16_t port,
	const char *token, struct error *e)
{
	struct buf raw = {NULL, 0, 0};
	char *base64 = NULL;

	if (!*user || has_control(user) || has_control(host)) {
		error_set(e, ERROR_CONFIG,
			has_control(host)
				? N_("the host cannot be sent in a login with a token")
				: N_("the user name cannot be sent in a login with a token"));
		return NULL;
	}
	if (!bearer_is_token(span_of(token))) {
		error_set(e, ERROR_CONFIG, "the token has characters that no token has");
		return NULL;
	}
	/* A buffer that grew would leave copies of the token behind. */
	buf_reserve(&raw, strlen(token) + 3 * strlen(user) + strlen(host) + 80);
	if (mechanism == BEARER_OAUTHBEARER) {
		buf_add_text(&raw, "n,a=");
		add_name(&raw, user);
		buf_printf(&raw, "," SEPARATOR "host=%s" SEPARATOR "port=%u" SEPARATOR, host,
			(unsigned)port);
	} else {
		buf_printf(&raw, "user=%s" SEPARATOR, user);
	}
	buf_add_text(&raw, "auth=Bearer ");
	buf_add_text(&raw, token);
	buf_add_text(&raw, SEPARATOR SEPARATOR);
	base64 = to_base64(buf_span(&raw));
	buf_wipe(&raw);
	if (!base64)
		error_set(e, ERROR_INTERNAL, "there is no memory for the login");
	return base64;
}

const char *bearer_acknowledge(enum bearer mechanism)
{
	/* RFC 7628 s.3.2.3: Control-A alone. */
	return mechanism == BEARER_OAUTHBEARER ? "AQ==" : "";
}

void bearer_explain(struct span challenge, struct buf *words)
{
	static const struct {
		const char *path, *called;
	} fields[] = {
		{"$.status", "status"},
		{"$.scope", "scope"},
		{"$.schemes", "schemes"},
		{"$.\"openid-configuration\"", "see"},
	};
	const gnutls_datum_t in = {
		(unsigned char *)(uintptr_t)challenge.data, (unsigned)challenge.len};
	gnutls_datum_t out = {NULL, 0};
	struct json *json = NULL;

	if (challenge.len && gnutls_base64_decode2(&in, &out) >= 0)
		json = json_open((struct span){(const char *)out.data, out.size});
	for (size_t i = 0; json && i < sizeof(fields) / sizeof(fields[0]); i++) {
		char *value = json_text(json, fields[i].path);
		size_t len = value ? strlen(value) : 0;

		if (len)
			buf_printf(words, "%s%s %.*s%s", words->len ? ", " : "", fields[i].called,
				FIELD_MAX, value, len > FIELD_MAX ? "…" : "");
		wipe_free(value);
	}
	json_free(json);
	if (out.data)
		wipe(out.data, out.size);
	gnutls_free(out.data);
}

bool bearer_is_refused_form(struct span reply)
{
	static const char words[] = "Protocol error";
	struct span beginning = {reply.data, sizeof(words) - 1};

	return reply.len >= beginning.len && span_is_nocase(beginning, words);
}
