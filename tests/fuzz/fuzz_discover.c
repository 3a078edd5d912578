/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: what a stranger says of a server is taken only when all of it is well formed, and the
 * same however it is cut: a host is a name, a port is not 0, a login name is one word. */
/*
 * The first octet says which: 'x' a configuration file, 'h' an answer of HTTP with one in it (the
 * second octet says how it is cut), 'd' an answer of a name server.
 */
#include "discover/address.h"
#include "discover/autoconfig.h"
#include "fuzz.h"
#include "net/http.h"
#include "net/srv.h"

static void check_host(const char *host)
{
	char *copy = xstrdup(host);

	CHECK(host_fits(copy) && strcmp(copy, host) == 0);
	free(copy);
}

static void check_file(struct span in)
{
	struct discovery found;
	enum autoconfig outcome = autoconfig_read(
		in, "anna.ott@example.org", "example.org", &found);

	CHECK((outcome != AUTOCONFIG_FOUND) || found.host);
	if (outcome == AUTOCONFIG_FOUND) {
		check_host(found.host);
		CHECK(found.port && found.tls != TLS_NONE && found.user[0]);
		for (const unsigned char *p = (const unsigned char *)found.user; *p; p++)
			CHECK(*p > ' ' && *p != 0x7f);
		CHECK(!found.unconfirmed && !found.note);
	}
	discovery_release(&found);
}

static void hear(struct http *h, struct span in, unsigned cut)
{
	http_init(h, AUTOCONFIG_MAX);
	while (in.len && h->state == HTTP_MORE) {
		size_t n = next_piece(&cut, in.len);
		char *piece = exact_copy((struct span){in.data, n});

		http_feed(h, (struct span){piece, n});
		free(piece);
		in.data += n;
		in.len -= n;
	}
	CHECK(http_end(h) != HTTP_MORE);
	CHECK((h->state == HTTP_BAD) == (h->fault != HTTP_SOUND));
	CHECK(h->body.len <= AUTOCONFIG_MAX);
}

static void check_answer(struct span in)
{
	unsigned cut = take_octet(&in);
	struct http whole, cut_up;

	hear(&whole, in, 0);
	hear(&cut_up, in, cut);
	CHECK(whole.state == cut_up.state && whole.fault == cut_up.fault);
	CHECK(whole.status == cut_up.status);
	if (whole.state == HTTP_DONE) {
		CHECK(span_equal(buf_span(&whole.body), buf_span(&cut_up.body)));
		check_file(buf_span(&whole.body));
	}
	http_release(&whole);
	http_release(&cut_up);
}

static uint32_t pick(void *context, uint32_t max)
{
	unsigned *cut = context;

	return (uint32_t)next_piece(cut, (size_t)max + 1) - 1;
}

static void check_records(struct span in)
{
	unsigned chance = 7;
	struct srv srv;

	CHECK(srv_read(in, &srv) == (srv.answer != SRV_FAILED));
	if (srv.answer != SRV_FOUND)
		return;
	CHECK(srv.n && srv.n <= SRV_TARGETS_MAX);
	srv_sort(&srv, pick, &chance);
	for (size_t i = 0; i < srv.n; i++) {
		CHECK(srv.targets[i].host[0] && srv.targets[i].port);
		CHECK(!i || srv.targets[i - 1].priority <= srv.targets[i].priority);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = {(const char *)data, len};
	uint8_t kind = take_octet(&in);
	char *copy = exact_copy(in);

	in.data = copy;
	if (kind == 'x')
		check_file(in);
	else if (kind == 'h')
		check_answer(in);
	else if (kind == 'd')
		check_records(in);
	free(copy);
	return 0;
}
