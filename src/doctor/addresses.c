/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The host's name and each of its addresses, one after the other: a run takes whichever answers
 * first, so that nobody sees that another one is dead. Each connection is closed at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "doctor/checkup.h"
#include "net/dial.h"

/* Long enough for a packet that was lost twice. */
enum { PATIENCE_MS = 8000 };

struct probe {
	bool answers;
	int64_t ms;
	struct error error; /* unless it answers */
};

static void explain(
	struct probe *p, const char *address, const struct dial_report *report, int64_t patience_ms)
{
	const struct dial_address *one = &report->addresses[0];
	char remedy[200];

	if (p->error.kind != ERROR_NETWORK || !report->n)
		return;
	if (strstr(p->error.text, "source-address"))
		return;
	snprintf(remedy, sizeof(remedy), "%s", p->error.remedy);
	if (one->fate == DIAL_FAILED)
		error_sys(&p->error, ERROR_NETWORK, one->err, "%s", address);
	else
		error_set(&p->error, ERROR_NETWORK, "%s: no answer within %lld s", address,
			(long long)patience_ms / 1000);
	if (remedy[0])
		error_remedy(&p->error, "POP3 over TLS is normally port 995", "%s", remedy);
}

static void try_address(const struct checkup *c, char *address, struct probe *p)
{
	const struct endpoint *to = &c->account->endpoint;
	struct endpoint one = {.host = address,
		.port = to->port,
		.connect_timeout_ms = to->connect_timeout_ms < PATIENCE_MS ? to->connect_timeout_ms
									   : PATIENCE_MS,
		.source = to->source};
	struct dial_report report = {.n = 0};
	struct stream *stream = NULL;
	int64_t start_ms = clock_ms();

	p->answers = dial_reporting(&one, c->order->stop_fd, &report, &stream, &p->error);
	p->ms = clock_ms() - start_ms;
	stream_free(stream);
	if (!p->answers)
		explain(p, address, &report, one.connect_timeout_ms);
}

static bool is_ip6(const char *address)
{
	return strchr(address, ':') != NULL;
}

/* What would spare a run the addresses that do not answer: 4 or 6, or 0 for nothing. */
static int good_family(const struct dial_report *names, const struct probe *probes)
{
	bool good[2] = {false, false}, bad[2] = {false, false};

	for (size_t i = 0; i < names->n; i++)
		(probes[i].answers ? good : bad)[is_ip6(names->addresses[i].text)] = true;
	if (good[0] && !bad[0] && !good[1])
		return 4;
	return good[1] && !bad[1] && !good[0] ? 6 : 0;
}

static void tell_address(struct checkup *c, const char *address, const struct probe *p,
	bool others_answer, int family)
{
	struct error e = p->error;

	if (p->answers) {
		check_ok(c, "address", p->ms, "%s", address);
		return;
	}
	if (!others_answer) {
		check_failed(c, "address", &e);
		return;
	}
	e.lead[0] = e.remedy[0] = '\0';
	if (family)
		error_remedy(&e, "to spare the try", "ip = %d", family);
	check_note(c, "address", &e);
}

static bool check_addresses(struct checkup *c, struct dial_report *names)
{
	struct probe *probes = xcalloc(names->n, sizeof(*probes));
	bool any = false;

	for (size_t i = 0; i < names->n && !checkup_stopped(c); i++) {
		check_running(c, "address");
		try_address(c, names->addresses[i].text, &probes[i]);
		any = any || probes[i].answers;
	}
	for (size_t i = 0; i < names->n && !checkup_stopped(c); i++)
		tell_address(
			c, names->addresses[i].text, &probes[i], any, good_family(names, probes));
	free(probes);
	return any;
}

static void tell_no_host(struct checkup *c, struct error *e)
{
	if (e->kind == ERROR_HOST && !c->account->temporary)
		error_append(e, " (%s)", config_origin(c->account, "host"));
	check_failed(c, "name", e);
}

bool check_addresses_of_host(struct checkup *c)
{
	const struct endpoint *to = &c->account->endpoint;
	struct dial_report names = {.n = 0};
	struct error e = {0};
	int64_t start_ms = clock_ms();

	/* What is between here and there finds the way, or not: the session tells. */
	if (dial_link(to).text[0])
		return true;
	check_running(c, "name");
	if (!dial_lookup(to, c->order->stop_fd, &names, &e)) {
		tell_no_host(c, &e);
		return false;
	}
	if (names.n != 1 || strcmp(names.addresses[0].text, to->host) != 0)
		check_ok(c, "name", clock_ms() - start_ms,
			_n("%s has %zu address", "%s has %zu addresses", names.n),
			safe(span_of(to->host)).text, names.n);
	return check_addresses(c, &names);
}
