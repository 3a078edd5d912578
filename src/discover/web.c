/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file that a domain's web server may have for mail programs, in the two places where it is
 * looked for (draft-ietf-mailmaint-autoconfig).
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "discover/autoconfig.h"
#include "discover/search.h"
#include "net/https.h"

/* For each; less where names cannot be looked up, most likely. */
enum { FILE_MS = 6000, FILE_BRIEF_MS = 2000 };

/* What may stand in a URL as it is (RFC 3986 s.2.3); all else as %XX. */
static void add_escaped(struct buf *out, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";

	for (const char *p = text; *p; p++)
		if (strchr(plain, *p))
			buf_add(out, p, 1);
		else
			buf_printf(out, "%%%02X", (unsigned char)*p);
}

static enum discovery_outcome ask_file(
	struct search *s, char *host, const char *path, struct error *e)
{
	const struct https_file file = {.host = host,
		.path = path,
		.way = &s->way,
		.ca_file = s->tls.ca_file,
		.deadline_ms = clock_ms() + (s->no_dns ? FILE_BRIEF_MS : FILE_MS),
		.max = AUTOCONFIG_MAX,
		.stop_fd = s->order->stop_fd};
	enum discovery_outcome outcome = DISCOVERY_NOTHING;
	struct buf text = {NULL, 0, 0};

	if (!https_get(&file, &text, e)) {
		outcome = search_failed(s, e);
	} else {
		switch (autoconfig_read(buf_span(&text), s->order->address, s->domain, s->found)) {
		case AUTOCONFIG_FOUND:
			s->found->found_by = DISCOVERY_AUTOCONFIG;
			outcome = DISCOVERY_FOUND;
			break;
		case AUTOCONFIG_NO_POP3:
			search_tells(
				s, "the configuration of %s names no POP3 server with TLS", host);
			break;
		case AUTOCONFIG_BAD:
			search_tells(s, "the answer of %s is no configuration of mail", host);
			break;
		}
	}
	if (outcome != DISCOVERY_FOUND)
		discovery_release(s->found);
	buf_release(&text);
	return outcome;
}

/* The address is told only to the host that is there for this. */
enum discovery_outcome ask_web(struct search *s, struct error *e)
{
	char *host = xasprintf("autoconfig.%s", s->domain);
	struct buf path = {NULL, 0, 0};
	enum discovery_outcome outcome;

	search_begins(s, DISCOVERY_AUTOCONFIG);
	buf_add_text(&path, "/mail/config-v1.1.xml?emailaddress=");
	add_escaped(&path, s->order->address);
	outcome = ask_file(s, host, path.data, e);
	if (outcome == DISCOVERY_NOTHING)
		outcome = ask_file(s, s->domain, "/.well-known/autoconfig/mail/config-v1.1.xml", e);
	buf_release(&path);
	free(host);
	return outcome;
}
