/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OAUTHBEARER and XOAUTH2: what to say, and what the server's reason means. */
#include "auth/bearer.h"

#include <string.h>

#include "base/base64.h"
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

char *bearer_initial(enum bearer mechanism, const char *user, const char *host, uint16_t port,
	const char *token, struct error *e)
{
	struct buf raw = {NULL, 0, 0};
	char *base64;

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
	base64 = base64_encode(raw.data, raw.len);
	buf_wipe(&raw);
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
	struct buf text = {NULL, 0, 0};
	struct json *json = NULL;

	if (challenge.len && base64_decode(challenge, &text))
		json = json_open(buf_span(&text));
	for (size_t i = 0; json && i < sizeof(fields) / sizeof(fields[0]); i++) {
		char *value = json_text(json, fields[i].path);
		size_t len = value ? strlen(value) : 0;

		if (len)
			buf_printf(words, "%s%s %.*s%s", words->len ? ", " : "", fields[i].called,
				FIELD_MAX, value, len > FIELD_MAX ? "…" : "");
		wipe_free(value);
	}
	json_free(json);
	buf_wipe(&text);
}

bool bearer_is_refused_form(struct span reply)
{
	static const char words[] = "Protocol error";
	struct span beginning = {reply.data, sizeof(words) - 1};

	return reply.len >= beginning.len && span_is_nocase(beginning, words);
}
