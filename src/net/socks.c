/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SOCKS 5 (RFC 1928) with the login of RFC 1929. Each answer has a known length, or says it in its
 * first octets, so that never one octet too many is taken.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/i18n.h"
#include "net/proxy_inner.h"

enum { VERSION = 5, LOGIN_VERSION = 1, COMMAND_CONNECT = 1 };
enum { METHOD_NONE = 0, METHOD_PASSWORD = 2, METHOD_REFUSED = 0xff };
enum { ADDRESS_V4 = 1, ADDRESS_NAME = 3, ADDRESS_V6 = 4, PORT_LEN = 2 };

static void add_octet(struct buf *b, size_t octet)
{
	const unsigned char c = (unsigned char)octet;

	buf_add(b, &c, 1);
}

static void expect(struct proxy_talk *t, int step, size_t need)
{
	t->step = step;
	t->have = 0;
	t->need = need;
}

void socks_begin(struct proxy_talk *t)
{
	add_octet(&t->out, VERSION);
	add_octet(&t->out, t->password ? 2 : 1);
	add_octet(&t->out, METHOD_NONE);
	if (t->password)
		add_octet(&t->out, METHOD_PASSWORD);
	expect(t, SOCKS_METHOD, 2);
}

static void send_login(struct proxy_talk *t)
{
	size_t user = strlen(t->proxy->user), password = strlen(t->password);

	add_octet(&t->out, LOGIN_VERSION);
	add_octet(&t->out, user);
	buf_add(&t->out, t->proxy->user, user);
	add_octet(&t->out, password);
	buf_add(&t->out, t->password, password);
	expect(t, SOCKS_LOGIN, 2);
}

static void send_request(struct proxy_talk *t)
{
	unsigned char address[16];
	size_t len = strlen(t->host);

	add_octet(&t->out, VERSION);
	add_octet(&t->out, COMMAND_CONNECT);
	add_octet(&t->out, 0);
	if (inet_pton(AF_INET, t->host, address) == 1) {
		add_octet(&t->out, ADDRESS_V4);
		buf_add(&t->out, address, 4);
	} else if (inet_pton(AF_INET6, t->host, address) == 1) {
		add_octet(&t->out, ADDRESS_V6);
		buf_add(&t->out, address, 16);
	} else {
		add_octet(&t->out, ADDRESS_NAME);
		add_octet(&t->out, len);
		buf_add(&t->out, t->host, len);
	}
	add_octet(&t->out, t->port >> 8);
	add_octet(&t->out, t->port & 0xff);
	expect(t, SOCKS_REPLY, 4);
}

static void take_method(struct proxy_talk *t)
{
	unsigned method = t->in[1];

	if (method == METHOD_NONE)
		send_request(t);
	else if (method == METHOD_PASSWORD && t->password)
		send_login(t);
	else if (method != METHOD_REFUSED)
		proxy_fail(t, ERROR_PROTOCOL,
			"the proxy %.150s wants a login that was not offered to it (%u)",
			t->shown.text, method);
	else if (t->password)
		proxy_fail(t, ERROR_CAPABILITY, "the proxy %.150s takes no login with a password",
			t->shown.text);
	else
		proxy_wants_login(t);
}

/* RFC 1928 s.6. Some say 1 for everything; 4 is also said of a name that is not known. */
static void refuse(struct proxy_talk *t, unsigned reply)
{
	static const char *const reasons[] = {
		[1] = N_("it gives no reason"),
		[3] = N_("the network is unreachable from it"),
		[4] = N_("the host is unreachable from it, or unknown"),
		[5] = N_("the connection is refused there"),
		[6] = N_("it took too many hops"),
	};
	const char *target = t->target.text;

	switch (reply) {
	case 2:
		proxy_fail(t, ERROR_CAPABILITY,
			"the proxy %.150s does not allow a connection to %s", t->shown.text,
			target);
		error_remedy(
			&t->failure, "its rules forbid it", "ask who runs it to allow %s", target);
		break;
	case 7:
		proxy_fail(t, ERROR_CAPABILITY, "the proxy %.150s does not make connections",
			t->shown.text);
		break;
	case 8:
		proxy_fail(t, ERROR_CAPABILITY,
			"the proxy %.150s does not take an address such as %s", t->shown.text,
			target);
		error_remedy(&t->failure, "the other form may do",
			"the server's address as host, and its name as tls-host");
		break;
	case 1:
	case 3:
	case 4:
	case 5:
	case 6:
		proxy_fail(t, ERROR_NETWORK, "the proxy %.150s could not connect to %s: %s",
			t->shown.text, target, _(reasons[reply]));
		break;
	default:
		proxy_fail(t, ERROR_PROTOCOL,
			"the proxy %.150s answered with %u, which SOCKS does not know",
			t->shown.text, reply);
		break;
	}
}

static void take_reply(struct proxy_talk *t)
{
	if (t->in[1] != 0)
		refuse(t, t->in[1]);
	else if (t->in[3] == ADDRESS_V4)
		expect(t, SOCKS_ADDRESS, 4 + PORT_LEN);
	else if (t->in[3] == ADDRESS_V6)
		expect(t, SOCKS_ADDRESS, 16 + PORT_LEN);
	else if (t->in[3] == ADDRESS_NAME)
		expect(t, SOCKS_LENGTH, 1);
	else
		proxy_fail(t, ERROR_PROTOCOL,
			"the proxy %.150s answered with an address of a kind (%u) that SOCKS "
			"does not know",
			t->shown.text, (unsigned)t->in[3]);
}

/* A whole answer is there. */
static void step(struct proxy_talk *t)
{
	switch (t->step) {
	case SOCKS_METHOD:
		take_method(t);
		break;
	case SOCKS_LOGIN:
		if (t->in[1] == 0)
			send_request(t);
		else
			proxy_refuses_login(t);
		break;
	case SOCKS_REPLY:
		take_reply(t);
		break;
	case SOCKS_LENGTH:
		expect(t, SOCKS_ADDRESS, (size_t)t->in[0] + PORT_LEN);
		break;
	case SOCKS_ADDRESS:
		t->state = PROXY_OPEN;
		break;
	}
}

size_t socks_feed(struct proxy_talk *t, struct span in)
{
	size_t n = t->need - t->have;
	unsigned version = t->step == SOCKS_LOGIN ? LOGIN_VERSION : VERSION;

	/* Looked at as soon as it is there: what else follows, from something that is no proxy? */
	if (t->have == 0 && t->step <= SOCKS_REPLY && (unsigned char)in.data[0] != version) {
		proxy_is_none(t, "SOCKS 5", in);
		return 1;
	}
	if (n > in.len)
		n = in.len;
	for (size_t i = 0; i < n && t->step != SOCKS_ADDRESS; i++)
		t->in[t->have + i] = (unsigned char)in.data[i];
	t->have += n;
	if (t->have == t->need)
		step(t);
	return n;
}
