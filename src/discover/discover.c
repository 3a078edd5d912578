/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The order of the steps is that of what they cost: the table costs nothing, the name server is
 * asked anyway, a web server takes longer, and to try names is to bother those who have them.
 */
#include "discover/discover.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "discover/address.h"
#include "discover/providers.h"
#include "discover/search.h"

void search_begins(const struct search *s, enum discovery_step step)
{
	if (s->order->begins)
		s->order->begins(s->order->context, step);
}

void search_tells(const struct search *s, const char *fmt, ...)
{
	char text[400];
	va_list args;

	if (!s->order->tells)
		return;
	va_start(args, fmt);
	text_format(text, sizeof(text), i18n_text(fmt), args);
	va_end(args);
	s->order->tells(s->order->context, text);
}

enum discovery_outcome search_failed(const struct search *s, const struct error *e)
{
	search_tells(s, "%s", e->text);
	return e->kind == ERROR_INTERRUPTED ? DISCOVERY_FAILED : DISCOVERY_NOTHING;
}

enum discovery_outcome search_found_nothing(
	const struct search *s, const char *why, struct error *e)
{
	error_set(e, ERROR_HOST, "found no POP3 server for %s", s->domain);
	if (why)
		error_why(e, "%s", why);
	error_remedy(e, "if you know its name", "ambil setup %s --host NAME",
		safe(span_of(s->order->address)).text);
	return DISCOVERY_NOTHING;
}

static enum discovery_outcome ask_table(struct search *s, struct error *e)
{
	const struct provider *provider = provider_of(s->domain);

	if (!provider)
		return DISCOVERY_NOTHING;
	if (!provider->host) {
		error_set(e, ERROR_CAPABILITY, "%s has no POP3", provider->name);
		error_why(e, "%s", _(provider->note));
		return DISCOVERY_NO_POP3;
	}
	*s->found = (struct discovery){.found_by = DISCOVERY_PROVIDERS,
		.host = xstrdup(provider->host),
		.port = POP3S_PORT,
		.tls = TLS_IMPLICIT,
		.user = xstrdup(s->order->address),
		.login = provider->login,
		.provider = provider->name,
		.note = provider->note ? _(provider->note) : NULL};
	return DISCOVERY_FOUND;
}

/* Names are looked up here only where the account's own will be. */
static enum discovery_outcome ask_all(struct search *s, struct error *e)
{
	bool straight = !s->way.proxy || strcmp(s->way.proxy, "none") == 0;
	enum discovery_outcome outcome = ask_table(s, e);

	if (outcome == DISCOVERY_NOTHING && (s->way.command || s->way.socket))
		return search_found_nothing(s, NULL, e);
	if (outcome == DISCOVERY_NOTHING && straight)
		outcome = ask_records(s, e);
	if (outcome == DISCOVERY_NOTHING)
		outcome = ask_web(s, e);
	if (outcome == DISCOVERY_NOTHING)
		outcome = try_names(s, e);
	return outcome;
}

enum discovery_outcome discover(
	const struct discovery_order *order, struct discovery *found, struct error *e)
{
	struct search s = {.order = order, .found = found};
	struct error failure = {.kind = ERROR_NONE};
	enum discovery_outcome outcome;

	memset(found, 0, sizeof(*found));
	s.domain = address_domain(order->address);
	if (!s.domain) {
		error_set(e, ERROR_USAGE, "\"%s\" is no mail address",
			safe(span_of(order->address)).text);
		return DISCOVERY_FAILED;
	}
	if (order->way)
		s.way = *order->way;
	s.tls = order->tls ? *order->tls : (struct tls_policy){.min = TLS_1_2};
	s.tls.mode = TLS_IMPLICIT;
	/* Nobody who is only looked for is shown who we are. */
	s.tls.client_cert = s.tls.client_key = s.tls.host = NULL;
	outcome = ask_all(&s, &failure);
	if (outcome != DISCOVERY_FOUND && e)
		*e = failure;
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
		[DISCOVERY_PROVIDERS] = N_("known provider"),
		[DISCOVERY_SRV] = N_("SRV record"),
		[DISCOVERY_AUTOCONFIG] = N_("autoconfig"),
		[DISCOVERY_GUESS] = N_("usual name"),
	};

	return _(origins[found->found_by]);
}
