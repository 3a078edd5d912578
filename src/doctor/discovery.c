/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Of which server a mail address is, and what was asked to learn that. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "discover/discover.h"
#include "doctor/checkup.h"

/* What was asked stands below what was found. */
struct story {
	struct checkup *c;
	struct buf lines;
};

static void begins(void *context, enum discovery_step step)
{
	struct story *s = context;

	(void)step;
	check_running(s->c, "discovery");
}

static void tells(void *context, const char *what)
{
	struct story *s = context;

	buf_printf(&s->lines, "%s\n", what);
}

static void tell_lines(struct checkup *c, struct span lines)
{
	while (lines.len)
		check_copy(c, true, "%s", safe(span_line(&lines)).text);
}

static void tell_found(struct checkup *c, const struct discovery *d, int64_t ms, struct span asked)
{
	struct span note = span_of(d->note ? d->note : "");

	check_ok(c, "discovery", ms, "%s (%s)", dial_where(d->host, d->port).text,
		discovery_origin(d));
	tell_lines(c, asked);
	if (d->unconfirmed)
		check_remark(c, "discovery",
			"only the DNS says so of this host, which is in another domain");
	if (d->login == DISCOVERY_OAUTH)
		check_remark(c, "discovery", "it takes tokens (OAuth) only, no passwords");
	while (note.len)
		check_remark(c, "discovery", "%s", safe(span_line(&note)).text);
}

bool check_discovery(struct checkup *c)
{
	struct story story = {.c = c};
	const struct discovery_order order = {.address = c->account->address,
		.way = &c->account->endpoint,
		.tls = &c->account->tls,
		.stop_fd = c->order->stop_fd,
		.begins = begins,
		.tells = tells,
		.context = &story};
	struct error e = {0};
	int64_t start_ms = clock_ms();
	bool done = discover(&order, &c->server, &e) == DISCOVERY_FOUND;

	if (done) {
		tell_found(c, &c->server, clock_ms() - start_ms, buf_span(&story.lines));
		c->served = *c->account;
		c->served.endpoint.host = c->server.host;
		c->served.endpoint.port = c->server.port;
		c->served.tls.mode = c->server.tls;
		c->account = &c->served;
	} else {
		check_failed(c, "discovery", &e);
		tell_lines(c, buf_span(&story.lines));
	}
	buf_release(&story.lines);
	return done;
}
