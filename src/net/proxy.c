/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What both kinds of proxy have in common: the URL, the words of errors, and the rule that nothing
 * behind the proxy's last octet is touched, as that is the server's greeting already.
 */
#include "net/proxy.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"
#include "net/proxy_inner.h"

enum { SOCKS_PORT = 1080, LOGIN_MAX = 255, HOST_MAX = 255 };

static bool bad_url(struct error *e)
{
	return error_set(e, ERROR_CONFIG,
		"use socks5://HOST or socks5://HOST:PORT, http://HOST:PORT, each with USER@ before "
		"HOST where it wants a login, or none");
}

static bool take_scheme(struct span *url, struct proxy *out)
{
	static const struct {
		const char *scheme;
		enum proxy_kind kind;
	} known[] = {{"socks5", PROXY_SOCKS5}, {"socks5h", PROXY_SOCKS5}, {"http", PROXY_HTTP}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t len = strlen(known[i].scheme);

		if (url->len <= len + 3 || memcmp(url->data + len, "://", 3) != 0 ||
			!span_is_nocase((struct span){url->data, len}, known[i].scheme))
			continue;
		out->kind = known[i].kind;
		url->data += len + 3;
		url->len -= len + 3;
		return true;
	}
	return false;
}

/* What is before the last @, so that nothing of a password is taken for a host. */
static bool take_user(struct span *url, struct proxy *out, struct error *e)
{
	size_t len = url->len;

	while (len && url->data[len - 1] != '@')
		len--;
	if (!len)
		return true;
	if (memchr(url->data, ':', len)) {
		error_set(e, ERROR_CONFIG, "the URL must not hold a password");
		return error_remedy(e, "it has a setting of its own",
			"proxy-password-command or proxy-password");
	}
	out->user = parse_percent((struct span){url->data, len - 1});
	if (!out->user || !out->user[0])
		return error_set(e, ERROR_CONFIG,
			"the user is not well formed: use %%XX for special characters");
	if (strlen(out->user) > LOGIN_MAX)
		return error_set(e, ERROR_CONFIG, "the user is longer than 255 octets");
	/* RFC 7617 s.2 */
	if (out->kind == PROXY_HTTP && strchr(out->user, ':'))
		return error_set(e, ERROR_CONFIG, "a user with a colon cannot be sent over HTTP");
	url->data += len;
	url->len -= len;
	return true;
}

static bool take_host(struct span url, struct proxy *out)
{
	bool bracket = url.len && url.data[0] == '[';
	size_t len = 0;
	struct in6_addr ignored;

	while (len < url.len && url.data[len] != (bracket ? ']' : ':'))
		len++;
	if (bracket && (len == url.len || len < 3))
		return false;
	out->host = xstrndup(url.data + bracket, len - bracket);
	if (bracket && inet_pton(AF_INET6, out->host, &ignored) != 1)
		return false;
	len += bracket;
	out->port = out->kind == PROXY_SOCKS5 ? SOCKS_PORT : 0;
	if (len < url.len) {
		uint32_t port = 0;

		if (url.data[len] != ':' ||
			!parse_u32((struct span){url.data + len + 1, url.len - len - 1}, UINT16_MAX,
				&port))
			return false;
		out->port = (uint16_t)port;
	}
	return out->host[0] && !out->host[strcspn(out->host, "/?#@ \t\\")] && out->port;
}

bool proxy_parse(const char *text, struct proxy *out, struct error *e)
{
	struct span url = span_of(text ? text : "none");

	*out = (struct proxy){.kind = PROXY_NONE};
	if (span_is(url, "none"))
		return true;
	if (url.len && url.data[url.len - 1] == '/')
		url.len--;
	if (take_scheme(&url, out)) {
		if (!take_user(&url, out, e))
			goto fail;
		if (take_host(url, out))
			return true;
	}
	bad_url(e);
fail:
	proxy_release(out);
	return false;
}

void proxy_release(struct proxy *p)
{
	free(p->user);
	free(p->host);
	*p = (struct proxy){.kind = PROXY_NONE};
}

struct where proxy_shown(const struct proxy *p)
{
	struct where shown;

	snprintf(shown.text, sizeof(shown.text), "%s://%.280s",
		p->kind == PROXY_SOCKS5 ? "socks5" : "http", dial_where(p->host, p->port).text);
	return shown;
}

/* ---- the talk ---- */

void proxy_fail(struct proxy_talk *t, enum error_kind kind, const char *fmt, ...)
{
	char words[sizeof(t->failure.text)];
	va_list ap;

	va_start(ap, fmt);
	text_format(words, sizeof(words), i18n_text(fmt), ap);
	va_end(ap);
	error_set(&t->failure, kind, "%s", words);
	t->state = PROXY_REFUSED;
}

void proxy_wants_login(struct proxy_talk *t)
{
	proxy_fail(t, ERROR_CONFIG, "the proxy %.150s demands a login", t->shown.text);
	error_remedy(&t->failure, "to log in to it",
		"USER@ before its name in proxy, and proxy-password-command or proxy-password");
}

void proxy_refuses_login(struct proxy_talk *t)
{
	proxy_fail(t, ERROR_CONFIG, "the proxy %.150s refused the login of \"%s\"", t->shown.text,
		safe(span_of(t->proxy->user)).text);
	error_remedy(&t->failure, "correct", "the user in proxy, or the proxy's password");
}

/* What it said may be the password that it was told, or the beginning of it. */
void proxy_is_none(struct proxy_talk *t, const char *protocol, struct span said)
{
	enum { SHOWN_MAX = 60 };

	if (said.len > SHOWN_MAX)
		said.len = SHOWN_MAX;
	if (t->password)
		proxy_fail(t, ERROR_PROTOCOL, "the proxy %.150s does not speak %s", t->shown.text,
			protocol);
	else
		proxy_fail(t, ERROR_PROTOCOL,
			"the proxy %.150s does not speak %s (it answered \"%s\")", t->shown.text,
			protocol, safe(said).text);
}

static bool check_login(const struct proxy *proxy, const char *password, struct error *e)
{
	if (!proxy->user)
		return true;
	if (!password || !password[0]) {
		error_set(e, ERROR_CONFIG, "there is no password for \"%s\" at the proxy %.200s",
			safe(span_of(proxy->user)).text, proxy_shown(proxy).text);
		return error_remedy(
			e, "tell where it is", "proxy-password-command or proxy-password");
	}
	if (proxy->kind == PROXY_SOCKS5 && strlen(password) > LOGIN_MAX)
		return error_set(e, ERROR_CONFIG,
			"the proxy's password is longer than SOCKS can say (255 octets)");
	return true;
}

struct proxy_talk *proxy_talk_new(const struct proxy *proxy, const char *password, const char *host,
	uint16_t port, struct error *e)
{
	struct proxy_talk *t;
	char *name;

	if (!check_login(proxy, password, e))
		return NULL;
	name = dial_name(host, e);
	if (!name)
		return NULL;
	if (strlen(name) > HOST_MAX) {
		error_set(e, ERROR_HOST, "\"%.200s\" is no valid host name", host);
		free(name);
		return NULL;
	}
	t = xcalloc(1, sizeof(*t));
	t->proxy = proxy;
	t->shown = proxy_shown(proxy);
	t->target = dial_where(host, port);
	t->host = name;
	t->port = port;
	if (proxy->user)
		t->password = xstrdup(password);
	hide_add(&t->hide, t->password);
	/* Enough for all that is ever put there: it holds the password, and must not move. */
	buf_reserve(&t->out, 4096);
	if (proxy->kind == PROXY_SOCKS5)
		socks_begin(t);
	else
		http_connect_begin(t);
	return t;
}

void proxy_talk_free(struct proxy_talk *t)
{
	if (!t)
		return;
	free(t->host);
	wipe_free(t->password);
	hide_release(&t->hide);
	buf_wipe(&t->out);
	buf_wipe(&t->line);
	free(t);
}

struct span proxy_talk_output(const struct proxy_talk *t)
{
	return (struct span){t->out.data + t->sent, t->out.len - t->sent};
}

void proxy_talk_sent(struct proxy_talk *t, size_t n)
{
	t->sent += n;
	if (t->sent < t->out.len)
		return;
	wipe(t->out.data, t->out.len);
	buf_clear(&t->out);
	t->sent = 0;
}

enum proxy_state proxy_talk_feed(
	struct proxy_talk *t, struct span in, size_t *eaten, struct error *e)
{
	*eaten = 0;
	while (t->state == PROXY_TALKING && *eaten < in.len) {
		struct span rest = {in.data + *eaten, in.len - *eaten};

		*eaten += t->proxy->kind == PROXY_SOCKS5 ? socks_feed(t, rest)
							 : http_connect_feed(t, rest);
	}
	if (t->state == PROXY_REFUSED && e)
		*e = t->failure;
	return t->state;
}

bool proxy_talk_closed(const struct proxy_talk *t, struct error *e)
{
	/* It has said no, if not to the last octet. */
	if (t->status >= 300) {
		struct proxy_talk said = *t;

		http_connect_refuse(&said);
		if (e)
			*e = said.failure;
		return false;
	}
	return error_set(e, ERROR_NETWORK,
		t->proxy->kind == PROXY_SOCKS5 && t->step == SOCKS_LOGIN
			? N_("the proxy %.150s closed the connection at the login")
			: N_("the proxy %.150s closed the connection"),
		t->shown.text);
}
