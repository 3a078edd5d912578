/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A file names servers in the order in which its author likes them; the first that can be used
 * counts. One without TLS cannot, nor one whose way to log in is not known here. The name of the
 * login may have parts of the address in it.
 */
#include "discover/autoconfig.h"

#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "discover/address.h"
#include "discover/xml.h"

enum { POP3S_PORT = 995, POP3_PORT = 110, SERVER_DEPTH = 3 };

/* What one <incomingServer> says. */
struct server {
	struct buf host, port, socket, user;
	bool password, oauth, other; /* ways to log in */
};

static void server_release(struct server *s)
{
	buf_release(&s->host);
	buf_release(&s->port);
	buf_release(&s->socket);
	buf_release(&s->user);
	memset(s, 0, sizeof(*s));
}

/* ---- reading ---- */

/* The text of the element that is open, up to its end. It has no others inside. */
static bool take_text(struct xml *x, struct buf *out)
{
	buf_clear(out);
	for (;;)
		switch (xml_next(x)) {
		case XML_TEXT:
			if (!xml_text(x, out))
				return false;
			break;
		case XML_CLOSE:
			return true;
		default:
			return false;
		}
}

static struct span trimmed(const struct buf *b)
{
	static const char blanks[] = " \t\r\n";
	struct span s = buf_span(b);

	while (s.len && strchr(blanks, *s.data)) {
		s.data++;
		s.len--;
	}
	while (s.len && strchr(blanks, s.data[s.len - 1]))
		s.len--;
	return s;
}

/* More than one may stand there, in the order of preference. */
static bool take_authentication(struct xml *x, struct server *s)
{
	static const char *const passwords[] = {
		"password-cleartext", "password-encrypted", "plain", "secure", NULL};
	struct buf value = {NULL, 0, 0};
	bool done = take_text(x, &value), password = false;

	for (size_t i = 0; passwords[i]; i++)
		password = password || span_is_nocase(trimmed(&value), passwords[i]);
	if (password)
		s->password = true;
	else if (span_is_nocase(trimmed(&value), "OAuth2"))
		s->oauth = true;
	else
		s->other = true;
	buf_release(&value);
	return done;
}

/* An element of a server has begun; false: it cannot be read. */
static bool take_field(struct xml *x, struct server *s)
{
	if (span_is(x->name, "hostname"))
		return take_text(x, &s->host);
	if (span_is(x->name, "port"))
		return take_text(x, &s->port);
	if (span_is(x->name, "socketType"))
		return take_text(x, &s->socket);
	if (span_is(x->name, "username"))
		return take_text(x, &s->user);
	if (span_is(x->name, "authentication"))
		return take_authentication(x, s);
	return true;
}

/* ---- judging ---- */

/* The text with what it says in place of the address, as far as that is known. */
static char *expand(struct span text, const char *address, const char *domain)
{
	const size_t local = (size_t)(strrchr(address, '@') - address);
	const struct {
		const char *name;
		struct span value;
	} known[] = {{"%EMAILADDRESS%", span_of(address)}, {"%EMAILLOCALPART%", {address, local}},
		{"%EMAILDOMAIN%", span_of(domain)}};
	struct buf out = {NULL, 0, 0};

	while (text.len) {
		struct span value = {text.data, 1};
		size_t n = 1;

		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
			size_t len = strlen(known[i].name);

			if (text.len >= len && memcmp(text.data, known[i].name, len) == 0) {
				value = known[i].value;
				n = len;
			}
		}
		buf_add(&out, value.data, value.len);
		text.data += n;
		text.len -= n;
	}
	return buf_detach(&out);
}

/* A name that cannot be sent, or asks for something else than the address, leaves the address. */
static char *login_name(const struct server *s, const char *address, const char *domain)
{
	enum { NAME_MAX_OCTETS = 255 };
	char *name = expand(trimmed(&s->user), address, domain);
	bool fits = name[0] && strlen(name) <= NAME_MAX_OCTETS && !strchr(name, '%');

	for (const unsigned char *p = (const unsigned char *)name; *p; p++)
		fits = fits && *p > ' ' && *p != 0x7f;
	if (fits)
		return name;
	free(name);
	return xstrdup(address);
}

/* Fills *found in, if the server can be used. */
static void use(
	const struct server *s, const char *address, const char *domain, struct discovery *found)
{
	struct span socket = trimmed(&s->socket), port = trimmed(&s->port);
	bool at_once = span_is_nocase(socket, "SSL");
	uint32_t number = at_once ? POP3S_PORT : POP3_PORT;
	char *host;

	if ((!at_once && !span_is_nocase(socket, "STARTTLS")) ||
		(port.len && (!parse_u32(port, UINT16_MAX, &number) || !number)) ||
		(s->other && !s->password && !s->oauth))
		return;
	host = expand(trimmed(&s->host), address, domain);
	if (!host_fits(host)) {
		free(host);
		return;
	}
	found->host = host;
	found->port = (uint16_t)number;
	found->tls = at_once ? TLS_IMPLICIT : TLS_STARTTLS;
	found->user = login_name(s, address, domain);
	found->login = s->oauth && !s->password ? DISCOVERY_OAUTH : DISCOVERY_PASSWORD;
}

/* ---- the file ---- */

static bool is_pop3_server(const struct xml *x)
{
	static const char *const path[] = {"clientConfig", "emailProvider", "incomingServer", NULL};
	struct buf type = {NULL, 0, 0};
	bool is = xml_is_at(x, path) && xml_attribute(x, "type", &type) &&
		span_is_nocase(buf_span(&type), "pop3");

	buf_release(&type);
	return is;
}

enum autoconfig autoconfig_read(
	struct span file, const char *address, const char *domain, struct discovery *found)
{
	static const char *const root[] = {"clientConfig", NULL};
	struct server server = {.password = false};
	bool inside = false, good = file.len <= AUTOCONFIG_MAX;
	enum xml_token token = XML_BAD;
	struct xml x;

	memset(found, 0, sizeof(*found));
	xml_init(&x, file);
	while (good && (token = xml_next(&x)) != XML_END && token != XML_BAD) {
		if (token == XML_OPEN && x.depth == 1)
			good = xml_is_at(&x, root);
		else if (token == XML_OPEN && inside && x.depth == SERVER_DEPTH + 1)
			good = take_field(&x, &server);
		else if (token == XML_OPEN && x.depth == SERVER_DEPTH)
			inside = !found->host && is_pop3_server(&x);
		if (token == XML_CLOSE && inside && x.depth < SERVER_DEPTH) {
			use(&server, address, domain, found);
			server_release(&server);
			inside = false;
		}
	}
	server_release(&server);
	if (!good || token != XML_END)
		return AUTOCONFIG_BAD;
	return found->host ? AUTOCONFIG_FOUND : AUTOCONFIG_NO_POP3;
}
