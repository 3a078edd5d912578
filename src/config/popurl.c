/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RFC 2384: pop://user;auth=mechanism@host:port, with %XX for what is special. The octets behind it
 * end up in a protocol line and in a file name, so that control characters are refused here
 * already. The values themselves are checked by the settings they become.
 */
#include "config/popurl.h"

#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/text.h"

bool popurl_is(const char *text)
{
	size_t scheme = strcspn(text, ":");
	struct span name = {text, scheme};

	return (span_is_nocase(name, "pop") || span_is_nocase(name, "pops")) &&
		strncmp(text + scheme, "://", 3) == 0;
}

bool popurl_is_other(const char *text)
{
	return strstr(text, "://") && !popurl_is(text);
}

/* What stands behind the scheme may hold a password. */
bool popurl_refuse(const char *text, struct error *e)
{
	struct span scheme = {text, strcspn(text, ":")};

	error_set(e, ERROR_USAGE, "%s:// is not spoken here, only pops:// and pop://",
		safe(scheme).text);
	return error_remedy(e, "write", "pops://USER@HOST");
}

/* "*" leaves the choice to us; "+APOP" is a mechanism that is not SASL. */
static char *auth_word(const char *auth)
{
	char *word;

	auth += auth[0] == '+';
	if (strcmp(auth, "*") == 0)
		return xstrdup("auto");
	word = xstrdup(auth);
	for (char *p = word; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return word;
}

static bool parse_login(struct span login, struct popurl *out, struct error *e)
{
	const char *semicolon = memchr(login.data, ';', login.len);
	struct span user = login, auth = {0};
	char *decoded;

	if (memchr(login.data, ':', login.len)) {
		error_set(e, ERROR_USAGE, "a URL must not hold a password: others can read it");
		return error_remedy(e, "to be asked for it", "leave out what stands from : to @");
	}
	if (semicolon) {
		user.len = (size_t)(semicolon - login.data);
		auth = (struct span){semicolon + 1, login.len - user.len - 1};
		if (auth.len <= 5 || !span_is_nocase((struct span){auth.data, 5}, "auth="))
			return error_set(
				e, ERROR_USAGE, "write ;AUTH=MECHANISM behind the user of a URL");
		decoded = parse_percent((struct span){auth.data + 5, auth.len - 5});
		if (!decoded)
			return error_set(
				e, ERROR_USAGE, "the mechanism in the URL is not well formed");
		out->auth = auth_word(decoded);
		free(decoded);
	}
	out->user = parse_percent(user);
	if (!out->user || !out->user[0])
		return error_set(e, ERROR_USAGE,
			out->user
				? N_("the URL names no user")
				: N_("the user in the URL is not well formed: use %%XX for special characters"));
	return true;
}

static bool parse_server(struct span server, struct popurl *out, struct error *e)
{
	const char *bracket = server.len && server.data[0] == '['
		? memchr(server.data, ']', server.len)
		: NULL;
	size_t host_len = bracket ? (size_t)(bracket - server.data) + 1 : 0;

	while (host_len < server.len && server.data[host_len] != ':')
		host_len++;
	if (bracket)
		out->host = parse_percent((struct span){server.data + 1, host_len - 2});
	else
		out->host = parse_percent((struct span){server.data, host_len});
	if (!out->host || !out->host[0])
		return error_set(e, ERROR_USAGE, "the URL names no host");
	if (host_len < server.len)
		out->port = xstrndup(server.data + host_len + 1, server.len - host_len - 1);
	return true;
}

bool popurl_parse(const char *text, struct popurl *out, struct error *e)
{
	const char *rest, *at;
	struct span server;
	bool done = false;

	memset(out, 0, sizeof(*out));
	if (!popurl_is(text))
		return error_set(e, ERROR_USAGE, "%s is no POP URL", safe(span_of(text)).text);
	rest = strstr(text, "://") + 3;
	out->tls_at_once = text[3] != ':';
	/* The last one, so that nothing of a password with an @ in it is taken for a host. */
	at = strrchr(rest, '@');
	server = span_of(at ? at + 1 : rest);
	if (server.len && server.data[server.len - 1] == '/')
		server.len--;
	if (!at || parse_login((struct span){rest, (size_t)(at - rest)}, out, e))
		done = parse_server(server, out, e);
	if (!done)
		popurl_release(out);
	return done;
}

bool popurl_no_user(const char *text, struct error *e)
{
	const char *rest = strstr(text, "://") + 3;
	struct span server = span_of(rest);

	if (server.len && server.data[server.len - 1] == '/')
		server.len--;
	error_set(e, ERROR_USAGE, "the URL names no user");
	return error_remedy(
		e, "write", "%.*s://USER@%s", (int)(rest - 3 - text), text, safe(server).text);
}

void popurl_release(struct popurl *url)
{
	free(url->user);
	free(url->auth);
	free(url->host);
	free(url->port);
	memset(url, 0, sizeof(*url));
}
