/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The server as a person types it: a name, with a port or without, or a URL. It is asked for where
 * none was found, and again where the one that was named is none.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/popurl.h"
#include "discover/address.h"
#include "discover/discover.h"
#include "verbs/ask.h"
#include "verbs/setup_inner.h"

/* ---- what was typed ---- */

static bool is_address_of_ip(const char *host)
{
	unsigned char octets[16];

	return inet_pton(AF_INET, host, octets) == 1 || inet_pton(AF_INET6, host, octets) == 1;
}

static bool is_host(const char *host)
{
	char *name;
	bool fits;

	if (is_address_of_ip(host))
		return true;
	name = dial_name(host, NULL);
	fits = name && host_fits(name);
	free(name);
	return fits;
}

static bool no_server(const char *typed, struct error *e)
{
	error_set(e, ERROR_USAGE, "\"%s\" is not the name of a server", safe(span_of(typed)).text);
	return error_remedy(e, "such as", "pop.example.org, or pop.example.org:995");
}

static bool read_port(const char *text, uint16_t *out, struct error *e)
{
	uint32_t port;

	if (!parse_u32(span_of(text), UINT16_MAX, &port) || !port)
		return error_set(e, ERROR_USAGE, "port \"%s\": a port is a number from 1 to 65535",
			safe(span_of(text)).text);
	*out = (uint16_t)port;
	return true;
}

/* Port 110 is the one for STARTTLS. "[::1]:995", or without brackets when there is no port. */
static bool read_name(const char *typed, struct discovery *found, struct error *e)
{
	size_t len = strcspn(typed, typed[0] == '[' ? "]" : ":");
	const char *start = typed, *rest = typed + len;

	if (typed[0] == '[') {
		start++;
		len--;
		rest += *rest == ']';
	} else if (is_address_of_ip(typed)) {
		len = strlen(typed);
		rest = typed + len;
	}
	found->host = xstrndup(start, len);
	if (!is_host(found->host) || (*rest && *rest != ':'))
		return no_server(typed, e);
	if (*rest && !read_port(rest + 1, &found->port, e))
		return false;
	found->tls = found->port == 110 ? TLS_STARTTLS : TLS_IMPLICIT;
	return true;
}

static bool read_url(const char *typed, struct discovery *found, struct error *e)
{
	struct popurl url;
	bool done;

	if (!popurl_parse(typed, &url, e))
		return false;
	found->host = xstrdup(url.host);
	found->user = url.user ? xstrdup(url.user) : NULL;
	found->tls = url.tls_at_once ? TLS_IMPLICIT : TLS_STARTTLS;
	done = is_host(url.host) ? !url.port || read_port(url.port, &found->port, e)
				 : no_server(typed, e);
	popurl_release(&url);
	return done;
}

/* port 0: none was typed. */
static bool read_server(const char *typed, struct discovery *found, struct error *e)
{
	*found = (struct discovery){.host = NULL};
	if (popurl_is_other(typed))
		return popurl_refuse(typed, e);
	if (popurl_is(typed))
		return read_url(typed, found, e);
	if (strchr(typed, '@')) {
		error_set(e, ERROR_USAGE, "\"%s\" is a mail address, and not the name of a server",
			safe(span_of(typed)).text);
		return error_remedy(e, "such as", "pop.example.org, or pop.example.org:995");
	}
	return read_name(typed, found, e);
}

/* ---- questions ---- */

/* An answer that can be none is told of, and asked for again. empty_may_be: no answer is one, and
 * leaves found->host NULL. */
static bool ask_typed(struct setup *s, const char *question, bool empty_may_be,
	struct discovery *found, struct error *e)
{
	for (;;) {
		struct buf answer = {NULL, 0, 0};
		struct error wrong = {0};
		bool asked = ask_line(question, s->stop, &answer, e), done;

		*found = (struct discovery){.host = NULL};
		done = asked &&
			((empty_may_be && !answer.len) || read_server(answer.data, found, &wrong));
		buf_release(&answer);
		if (done || !asked)
			return done;
		report_error(s->style, NULL, &wrong);
		discovery_release(found);
	}
}

bool setup_ask_server(struct setup *s, struct discovery *found, struct error *e)
{
	const char *at = strrchr(s->address, '@');
	char *question = xasprintf(
		_("The POP3 server of %s: "), safe(span_of(at ? at + 1 : s->address)).text);
	bool done = ask_typed(s, question, false, found, e);

	if (done && !found->user)
		found->user = xstrdup(s->address);
	free(question);
	return done;
}

bool setup_ask_another_server(struct setup *s, struct error *e)
{
	for (;;) {
		struct discovery found;
		struct error wrong = {0};
		bool done;

		if (!ask_typed(s, _("Another server, or Enter to try the same again: "), true,
			    &found, e))
			return false;
		done = !found.host || setup_take_server(s, &found, &wrong);
		discovery_release(&found);
		if (done)
			return true;
		report_error(s->style, NULL, &wrong);
	}
}
