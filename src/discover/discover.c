/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of the steps is that of their trustworthiness, and of their cost. */
#include "discover/discover.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "discover/providers.h"

enum { POP3S_PORT = 995, DOMAIN_MAX = 253 };

/* One search. */
struct search {
	const struct discovery_order *order;
	char *domain; /* in ASCII */
	struct discovery *found;
};

/* Nothing that would end a word of a protocol, or of a shell's line. */
static bool is_plain(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p <= ' ' || *p == 0x7f)
			return false;
	return true;
}

/* Made small, without the dot of the root. The last label of a domain is no number: that would be
 * an IPv4 address. */
static bool fit_domain(char *domain)
{
	size_t len = strlen(domain);
	const char *dot, *last;

	if (len && domain[len - 1] == '.')
		domain[--len] = '\0';
	if (!len || len > DOMAIN_MAX || domain[0] == '.' || strstr(domain, ".."))
		return false;
	for (char *p = domain; *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", *p))
			return false;
	}
	dot = strrchr(domain, '.');
	last = dot ? dot + 1 : domain;
	return last[strspn(last, "0123456789")] != '\0';
}

/* The part behind the last @, in ASCII; NULL with ERROR_USAGE. */
static char *domain_of(const char *address, struct error *e)
{
	const char *at = strrchr(address, '@');
	char *domain = at && at != address && is_plain(address) ? dial_name(at + 1, NULL) : NULL;

	if (domain && fit_domain(domain))
		return domain;
	free(domain);
	error_set(e, ERROR_USAGE, "\"%s\" is no mail address", safe(span_of(address)).text);
	return NULL;
}

static enum discovery_outcome no_pop3(const struct provider *provider, struct error *e)
{
	error_set(e, ERROR_CAPABILITY, "%s has no POP3", provider->name);
	error_why(e, "%s", provider->note);
	return DISCOVERY_NO_POP3;
}

static enum discovery_outcome ask_table(struct search *s, struct error *e)
{
	const struct provider *provider = provider_of(s->domain);

	if (!provider)
		return DISCOVERY_NOTHING;
	if (!provider->host)
		return no_pop3(provider, e);
	*s->found = (struct discovery){.found_by = DISCOVERY_PROVIDERS,
		.host = xstrdup(provider->host),
		.port = POP3S_PORT,
		.tls = TLS_IMPLICIT,
		.user = xstrdup(s->order->address),
		.login = provider->login,
		.provider = provider->name,
		.note = provider->note};
	return DISCOVERY_FOUND;
}

static enum discovery_outcome nothing(const struct search *s, struct error *e)
{
	error_set(e, ERROR_HOST, "found no POP3 server for %s", s->domain);
	error_remedy(e, "if you know its name", "ambil setup %s --host NAME",
		safe(span_of(s->order->address)).text);
	return DISCOVERY_NOTHING;
}

enum discovery_outcome discover(
	const struct discovery_order *order, struct discovery *found, struct error *e)
{
	struct search s = {.order = order, .found = found};
	enum discovery_outcome outcome;

	memset(found, 0, sizeof(*found));
	s.domain = domain_of(order->address, e);
	if (!s.domain)
		return DISCOVERY_FAILED;
	outcome = ask_table(&s, e);
	if (outcome == DISCOVERY_NOTHING)
		outcome = nothing(&s, e);
	free(s.domain);
	return outcome;
}

void discovery_release(struct discovery *found)
{
	free(found->host);
	free(found->user);
	memset(found, 0, sizeof(*found));
}

const char *discovery_origin(const struct discovery *found)
{
	static const char *const origins[] = {
		[DISCOVERY_PROVIDERS] = "known provider",
		[DISCOVERY_SRV] = "SRV record",
		[DISCOVERY_AUTOCONFIG] = "autoconfig",
		[DISCOVERY_GUESS] = "usual name",
	};

	return origins[found->found_by];
}
