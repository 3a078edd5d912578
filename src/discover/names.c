/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that many domains give their server; a certificate in order shows that it is meant. */
#include <stdlib.h>

#include "discover/search.h"
#include "net/probe.h"

enum { PROBE_MS = 8000 };

/* The failure that helps most: a server that is there but is not trusted, else one that is not
 * reached. */
static enum discovery_outcome none_answers(
	const struct search *s, const struct probe *probes, size_t n, struct error *e)
{
	const struct error *best = NULL;
	bool no_network = true;

	for (size_t i = 0; i < n; i++) {
		const struct error *each = &probes[i].failure;

		no_network = no_network && each->about == ERROR_ABOUT_NO_NETWORK;
		if (each->kind != ERROR_HOST &&
			(!best || (each->kind == ERROR_TLS && best->kind != ERROR_TLS)))
			best = each;
		search_tells(s, "%s", each->text);
	}
	if (!no_network)
		return search_found_nothing(s, best ? best->text : NULL, e);
	*e = probes[0].failure;
	return DISCOVERY_FAILED;
}

enum discovery_outcome try_names(struct search *s, struct error *e)
{
	static const char *const names[] = {"pop", "pop3", "mail"};
	enum { NAMES = sizeof(names) / sizeof(*names) };
	enum discovery_outcome outcome = DISCOVERY_FAILED;
	struct probe probes[NAMES];
	size_t first;

	search_begins(s, DISCOVERY_GUESS);
	for (size_t i = 0; i < NAMES; i++) {
		probes[i] = (struct probe){.to = s->way, .tls = &s->tls};
		probes[i].to.host = xasprintf("%s.%s", names[i], s->domain);
		probes[i].to.port = POP3S_PORT;
	}
	if (probe_first(probes, NAMES, PROBE_MS, s->order->stop_fd, &first, e)) {
		if (first == NAMES) {
			outcome = none_answers(s, probes, NAMES, e);
		} else {
			*s->found = (struct discovery){.found_by = DISCOVERY_GUESS,
				.host = xstrdup(probes[first].to.host),
				.port = POP3S_PORT,
				.tls = TLS_IMPLICIT,
				.user = xstrdup(s->order->address)};
			outcome = DISCOVERY_FOUND;
		}
	}
	for (size_t i = 0; i < NAMES; i++)
		free(probes[i].to.host);
	return outcome;
}
