/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SRV records: which servers the domain names (RFC 2782, 6186). */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "discover/address.h"
#include "discover/search.h"
#include "net/probe.h"
#include "net/srv.h"

enum { SRV_MS = 6000, CONNECT_MS = 8000 };

static void tell_srv(const struct search *s, const char *name, const struct srv *srv)
{
	switch (srv->answer) {
	case SRV_FOUND:
		for (size_t i = 0; i < srv->n; i++)
			search_tells(s, "%s: %s", name,
				dial_where(srv->targets[i].host, srv->targets[i].port).text);
		break;
	case SRV_REFUSED:
		search_tells(s, "%s: the service is not there", name);
		break;
	case SRV_NONE:
	case SRV_FAILED:
		search_tells(s, "%s: no record", name);
		break;
	}
}

/* False: *e says why there is no answer. */
static bool ask_srv(struct search *s, const char *service, int64_t deadline_ms, struct srv *srv,
	struct error *e)
{
	char *name = xasprintf("%s.%s", service, s->domain);
	bool done = srv_look_up(name, deadline_ms, s->order->stop_fd, srv, e);

	if (done)
		tell_srv(s, name, srv);
	free(name);
	return done;
}

/* Of several the first that takes connections; where none does, the first. */
static bool choose_target(
	const struct search *s, const struct srv *srv, size_t *chosen, struct error *e)
{
	struct probe probes[SRV_TARGETS_MAX];
	char hosts[SRV_TARGETS_MAX][SRV_HOST_ROOM];

	*chosen = 0;
	if (srv->n == 1)
		return true;
	for (size_t i = 0; i < srv->n; i++) {
		memcpy(hosts[i], srv->targets[i].host, sizeof(hosts[i]));
		probes[i] = (struct probe){.to = s->way};
		probes[i].to.host = hosts[i];
		probes[i].to.port = srv->targets[i].port;
	}
	if (!probe_first(probes, srv->n, CONNECT_MS, s->order->stop_fd, chosen, e))
		return false;
	if (*chosen == srv->n)
		*chosen = 0;
	return true;
}

static enum discovery_outcome take_srv(
	struct search *s, const struct srv *srv, enum tls_mode tls, struct error *e)
{
	const struct srv_target *t;
	size_t chosen;

	if (!choose_target(s, srv, &chosen, e))
		return search_failed(s, e);
	t = &srv->targets[chosen];
	*s->found = (struct discovery){.found_by = DISCOVERY_SRV,
		.host = xstrdup(t->host),
		.port = t->port,
		.tls = tls,
		.user = xstrdup(s->order->address),
		.unconfirmed = !host_is_within(t->host, s->domain)};
	if (host_fits(s->found->host))
		return DISCOVERY_FOUND;
	discovery_release(s->found);
	return DISCOVERY_NOTHING;
}

/* RFC 6186 s.3.3; TLS at once comes first (RFC 8314 s.5.1). */
enum discovery_outcome ask_records(struct search *s, struct error *e)
{
	const int64_t deadline = clock_ms() + SRV_MS;
	bool refused;
	struct srv srv;

	search_begins(s, DISCOVERY_SRV);
	s->no_dns = !ask_srv(s, "_pop3s._tcp", deadline, &srv, e);
	if (s->no_dns)
		return search_failed(s, e);
	if (srv.answer == SRV_FOUND)
		return take_srv(s, &srv, TLS_IMPLICIT, e);
	refused = srv.answer == SRV_REFUSED;
	if (!ask_srv(s, "_pop3._tcp", deadline, &srv, e))
		return search_failed(s, e);
	if (srv.answer == SRV_FOUND)
		return take_srv(s, &srv, TLS_STARTTLS, e);
	if (!refused)
		return DISCOVERY_NOTHING;
	error_set(e, ERROR_CAPABILITY, "%s has no POP3", s->domain);
	error_why(e, "its name server says so (the SRV record of _pop3s._tcp.%s is \".\")",
		s->domain);
	return DISCOVERY_NO_POP3;
}
