/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Proxies: what is said to them, and their answers whole, octet by octet and cut everywhere; and
 * dial() through one of a few lines in a thread.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "net/dial.h"
#include "net/proxy.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define OCTETS(text)                     \
	{                                \
		(text), sizeof(text) - 1 \
	}

static char host[] = "127.0.0.1", user[] = "anna";
static const struct proxy socks = {PROXY_SOCKS5, NULL, host, 1080};
static const struct proxy socks_login = {PROXY_SOCKS5, user, host, 1080};
static const struct proxy http = {PROXY_HTTP, NULL, host, 8080};
static const struct proxy http_login = {PROXY_HTTP, user, host, 8080};

static void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" does not hold \"%s\"", text, part);
}

/* ---- answers ---- */

static const struct answer_case {
	const struct proxy *proxy;
	struct span answer;
	size_t eaten;         /* octets of the proxy's own */
	enum error_kind kind; /* ERROR_NONE: the way is open */
	const char *says;
} answers[] = {
	{&socks, OCTETS("\5\0\5\0\0\1abcd\0\1+OK"), 12, ERROR_NONE, NULL},
	{&socks, OCTETS("\5\0\5\0\0\4abcdefghijklmnop\0\1+OK"), 24, ERROR_NONE, NULL},
	{&socks, OCTETS("\5\0\5\0\0\3\5abcde\0\1+OK"), 14, ERROR_NONE, NULL},
	{&socks, OCTETS("\5\0\5\0\0\3\0\0\1+OK"), 9, ERROR_NONE, NULL},
	{&socks_login, OCTETS("\5\2\1\0\5\0\0\1abcd\0\1+OK"), 14, ERROR_NONE, NULL},
	{&socks_login, OCTETS("\5\0\5\0\0\1abcd\0\1+OK"), 12, ERROR_NONE, NULL},
	{&socks, OCTETS("\5\xff+"), 2, ERROR_CONFIG, "demands a login"},
	{&socks_login, OCTETS("\5\xff+"), 2, ERROR_CAPABILITY, "no login with a password"},
	{&socks, OCTETS("\5\2+"), 2, ERROR_PROTOCOL, "was not offered to it (2)"},
	{&socks, OCTETS("\5\1+"), 2, ERROR_PROTOCOL, "was not offered to it (1)"},
	{&socks_login, OCTETS("\5\2\1\1+"), 4, ERROR_CONFIG, "refused the login of \"anna\""},
	{&socks_login, OCTETS("\5\2\5\0+"), 3, ERROR_PROTOCOL, "does not speak SOCKS 5"},
	{&socks, OCTETS("\4\0"), 1, ERROR_PROTOCOL, "does not speak SOCKS 5"},
	{&socks, OCTETS("\5\0\1\0\0\1"), 3, ERROR_PROTOCOL, "does not speak SOCKS 5"},
	{&socks, OCTETS("\5\0\5\0\0\2+"), 6, ERROR_PROTOCOL, "address of a kind (2)"},
	{&socks, OCTETS("\5\0\5\1\0\1+"), 6, ERROR_NETWORK, "it gives no reason"},
	{&socks, OCTETS("\5\0\5\2\0\1+"), 6, ERROR_CAPABILITY, "does not allow"},
	{&socks, OCTETS("\5\0\5\3\0\1+"), 6, ERROR_NETWORK, "network is unreachable"},
	{&socks, OCTETS("\5\0\5\4\0\1+"), 6, ERROR_NETWORK, "unreachable from it, or unknown"},
	{&socks, OCTETS("\5\0\5\5\0\1+"), 6, ERROR_NETWORK, "refused there"},
	{&socks, OCTETS("\5\0\5\6\0\1+"), 6, ERROR_NETWORK, "too many hops"},
	{&socks, OCTETS("\5\0\5\7\0\1+"), 6, ERROR_CAPABILITY, "does not make connections"},
	{&socks, OCTETS("\5\0\5\10\0\1+"), 6, ERROR_CAPABILITY, "such as pop.example.org"},
	{&socks, OCTETS("\5\0\5\11\0\1+"), 6, ERROR_PROTOCOL, "with 9, which"},
	{&socks, OCTETS("\5\0\5\xff\0\1+"), 6, ERROR_PROTOCOL, "with 255, which"},
	{&http, OCTETS("HTTP/1.1 200 OK\r\n\r\n+OK"), 19, ERROR_NONE, NULL},
	{&http, OCTETS("HTTP/1.0 200\n\n+OK"), 14, ERROR_NONE, NULL},
	{&http, OCTETS("HTTP/1.1 204 \r\nContent-Length: 9\r\nA: b\r\n c\r\n\r\n\r\n"), 46,
		ERROR_NONE, NULL},
	{&http, OCTETS("HTTP/1.1 102 Wait\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n+"), 46, ERROR_NONE,
		NULL},
	{&http, OCTETS("HTTP/1.1 101 Other\r\n\r\n+"), 22, ERROR_CAPABILITY, "does not allow"},
	{&http, OCTETS("HTTP/1.1 403 No\r\n\r\n+"), 19, ERROR_CAPABILITY, "does not allow"},
	{&http, OCTETS("HTTP/1.1 502 No\r\n\r\n+"), 19, ERROR_NETWORK,
		"unreachable from it, or unknown"},
	{&http, OCTETS("HTTP/1.1 503 No\r\n\r\n+"), 19, ERROR_NETWORK, "knows no such host"},
	{&http, OCTETS("HTTP/1.1 504 No\r\n\r\n+"), 19, ERROR_NETWORK, "no answer in time"},
	{&http, OCTETS("HTTP/1.1 501 No\r\n\r\n+"), 19, ERROR_CAPABILITY, "does not allow"},
	{&http, OCTETS("HTTP/1.1 407 No\r\nproxy-authenticate: basic realm=\"x\"\r\n\r\n"), 56,
		ERROR_CONFIG, "demands a login"},
	{&http, OCTETS("HTTP/1.1 407 No\r\nProxy-Authenticate: Digest x, Basic y\r\n\r\n"), 58,
		ERROR_CONFIG, "demands a login"},
	{&http, OCTETS("HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate,basic realm=x\r\n\r\n"),
		64, ERROR_CONFIG, "demands a login"},
	{&http, OCTETS("HTTP/1.1 407 No\r\nProxy-Authenticate: Basically\r\n\r\n"), 50,
		ERROR_CAPABILITY, "only Basic is"},
	{&http_login, OCTETS("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic x\r\n\r\n"), 48,
		ERROR_CONFIG, "refused the login of \"anna\""},
	{&http_login, OCTETS("HTTP/1.1 401 No\r\n\r\n"), 19, ERROR_CONFIG,
		"refused the login of \"anna\""},
	{&http, OCTETS("HTTP/1.1 2000 OK\r\n\r\n"), 18, ERROR_PROTOCOL, "does not speak HTTP"},
	{&http, OCTETS("HTTP/1.1 99 OK\r\n\r\n"), 16, ERROR_PROTOCOL, "does not speak HTTP"},
	{&http, OCTETS("HTTP/1.1 600 OK\r\n\r\n"), 17, ERROR_PROTOCOL, "does not speak HTTP"},
	{&http, OCTETS("HTTP/1.x 200 OK\r\n\r\n"), 17, ERROR_PROTOCOL, "does not speak HTTP"},
	{&http, OCTETS("HTTP/2 200\r\n\r\n"), 6, ERROR_PROTOCOL, "does not speak HTTP"},
	{&http, OCTETS("\r\nHTTP/1.1 200 OK\r\n\r\n"), 1, ERROR_PROTOCOL, "does not speak HTTP"},
	{&http, OCTETS("HTTP/1.1 200 OK\r\na\0b\r\n\r\n"), 22, ERROR_PROTOCOL,
		"does not speak HTTP"},
	{&http, OCTETS("+OK ready\r\n"), 1, ERROR_PROTOCOL, "(it answered \"+OK ready"},
};

static struct proxy_talk *begin(const struct proxy *proxy)
{
	struct error e = {ERROR_NONE};
	struct proxy_talk *t = proxy_talk_new(
		proxy, proxy->user ? "secret" : NULL, "pop.example.org", 995, &e);

	if (!t)
		fail_msg("%s", e.text);
	return t;
}

/* Feeds pieces, the first of first octets and all others of rest; what is left is the server's. */
static void hear(const struct answer_case *c, size_t first, size_t rest)
{
	struct proxy_talk *t = begin(c->proxy);
	enum proxy_state state = PROXY_TALKING;
	struct error e = {ERROR_NONE};
	size_t at = 0;

	while (state == PROXY_TALKING && at < c->answer.len) {
		size_t n = at ? rest : first, eaten;
		char *piece;

		n = n < c->answer.len - at ? n : c->answer.len - at;
		piece = xmalloc(n);
		memcpy(piece, c->answer.data + at, n);
		proxy_talk_sent(t, proxy_talk_output(t).len);
		state = proxy_talk_feed(t, (struct span){piece, n}, &eaten, &e);
		free(piece);
		at += eaten;
	}
	if (at != c->eaten)
		fail_msg("case %td, cut at %zu: %zu octets were eaten, not %zu", c - answers, first,
			at, c->eaten);
	assert_int_equal(e.kind, c->kind);
	assert_int_equal(state, c->kind == ERROR_NONE ? PROXY_OPEN : PROXY_REFUSED);
	if (c->says && first == c->answer.len)
		assert_says(e.text, c->says);
	if (c->says)
		assert_says(e.text,
			c->proxy->kind == PROXY_HTTP ? "the proxy http://127.0.0.1:8080 "
						     : "the proxy socks5://127.0.0.1:1080 ");
	proxy_talk_free(t);
}

static void talk__understands_answers_at_every_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++)
		for (size_t cut = 1; cut <= answers[i].answer.len; cut++) {
			hear(&answers[i], cut, answers[i].answer.len);
			hear(&answers[i], cut, 1);
		}
}

/* Of each answer, what comes before its last octet is not yet the way, and no refusal of ours. */
static void talk__is_not_open_before_the_last_octet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		const struct answer_case *c = &answers[i];

		for (size_t n = 1; n < c->eaten; n++) {
			struct proxy_talk *t = begin(c->proxy);
			struct error e = {ERROR_NONE};
			size_t eaten;

			assert_int_equal(
				proxy_talk_feed(t, (struct span){c->answer.data, n}, &eaten, &e),
				PROXY_TALKING);
			assert_int_equal(eaten, n);
			assert_false(proxy_talk_closed(t, &e));
			assert_int_not_equal(e.kind, ERROR_NONE);
			proxy_talk_free(t);
		}
	}
}

static void talk__bounds_an_answer_without_an_end(void **state)
{
	static const char line[] = "X-Field: some words to fill the line with\r\n";
	struct proxy_talk *t = begin(&http);
	struct error e = {ERROR_NONE};
	size_t eaten, total = 0;

	(void)state;
	assert_int_equal(
		proxy_talk_feed(t, span_of("HTTP/1.1 200 OK\r\n"), &eaten, &e), PROXY_TALKING);
	while (proxy_talk_feed(t, span_of(line), &eaten, &e) == PROXY_TALKING)
		assert_true((total += eaten) < 64 * 1024);
	assert_int_equal(e.kind, ERROR_PROTOCOL);
	assert_says(e.text, "an answer without an end");
	proxy_talk_free(t);
	t = begin(&http);
	total = 0;
	assert_int_equal(proxy_talk_feed(t, span_of("HTTP/1.1 200 "), &eaten, &e), PROXY_TALKING);
	while (proxy_talk_feed(t, span_of("x"), &eaten, &e) == PROXY_TALKING)
		assert_true(++total < 8192);
	assert_int_equal(e.kind, ERROR_PROTOCOL);
	proxy_talk_free(t);
}

/* ---- what is said ---- */

static void expect(struct proxy_talk *t, struct span wanted)
{
	struct span said = proxy_talk_output(t);

	assert_int_equal(said.len, wanted.len);
	assert_memory_equal(said.data, wanted.data, wanted.len);
	proxy_talk_sent(t, 1);
	assert_int_equal(proxy_talk_output(t).len, wanted.len - 1);
	proxy_talk_sent(t, wanted.len - 1);
	assert_int_equal(proxy_talk_output(t).len, 0);
}

static void answer(struct proxy_talk *t, struct span octets)
{
	struct error e = {ERROR_NONE};
	size_t eaten;

	assert_int_equal(proxy_talk_feed(t, octets, &eaten, &e), PROXY_TALKING);
}

static void socks__sends_name_and_login(void **state)
{
	struct proxy_talk *t = begin(&socks_login);

	(void)state;
	expect(t, (struct span)OCTETS("\5\2\0\2"));
	answer(t, (struct span)OCTETS("\5\2"));
	expect(t, (struct span)OCTETS("\1\4anna\6secret"));
	answer(t, (struct span)OCTETS("\1\0"));
	expect(t, (struct span)OCTETS("\5\1\0\3\17pop.example.org\3\343"));
	proxy_talk_free(t);
	t = begin(&socks);
	expect(t, (struct span)OCTETS("\5\1\0"));
	proxy_talk_free(t);
}

static void socks__sends_addresses_as_such(void **state)
{
	struct error e = {ERROR_NONE};
	struct proxy_talk *t = proxy_talk_new(&socks, NULL, "127.0.0.1", 110, &e);

	(void)state;
	expect(t, (struct span)OCTETS("\5\1\0"));
	answer(t, (struct span)OCTETS("\5\0"));
	expect(t, (struct span)OCTETS("\5\1\0\1\177\0\0\1\0\156"));
	proxy_talk_free(t);
	t = proxy_talk_new(&socks, NULL, "::1", 110, &e);
	expect(t, (struct span)OCTETS("\5\1\0"));
	answer(t, (struct span)OCTETS("\5\0"));
	expect(t, (struct span)OCTETS("\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\156"));
	proxy_talk_free(t);
}

static void http__sends_a_request(void **state)
{
	struct error e = {ERROR_NONE};
	struct proxy_talk *t = begin(&http_login);

	(void)state;
	expect(t,
		span_of("CONNECT pop.example.org:995 HTTP/1.1\r\nHost: pop.example.org:995\r\n"
			"Proxy-Authorization: Basic YW5uYTpzZWNyZXQ=\r\n\r\n"));
	proxy_talk_free(t);
	t = proxy_talk_new(&http, NULL, "2001:db8::1", 995, &e);
	expect(t, span_of("CONNECT [2001:db8::1]:995 HTTP/1.1\r\nHost: [2001:db8::1]:995\r\n\r\n"));
	proxy_talk_free(t);
	t = proxy_talk_new(&http, NULL, "p\xc3\xb6p.example", 995, &e);
	expect(t,
		span_of("CONNECT xn--pp-fka.example:995 HTTP/1.1\r\n"
			"Host: xn--pp-fka.example:995\r\n\r\n"));
	proxy_talk_free(t);
}

static void talk__refuses_what_cannot_be_said(void **state)
{
	char long_text[300];
	struct error e = {ERROR_NONE};

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	assert_null(proxy_talk_new(&socks_login, NULL, "pop.example.org", 995, &e));
	assert_int_equal(e.kind, ERROR_CONFIG);
	assert_null(proxy_talk_new(&socks_login, long_text, "pop.example.org", 995, &e));
	assert_says(e.text, "255 octets");
	assert_null(proxy_talk_new(&socks, NULL, long_text, 995, &e));
	assert_int_equal(e.kind, ERROR_HOST);
}

static void talk__shows_no_password_that_comes_back(void **state)
{
	struct proxy_talk *t = begin(&http_login);
	struct error e = {ERROR_NONE};
	size_t eaten;

	(void)state;
	proxy_talk_feed(
		t, span_of("HTTP/1.1 503 Basic YW5uYTpzZWNyZXQ= and more\r\n\r\n"), &eaten, &e);
	assert_int_equal(e.kind, ERROR_NETWORK);
	assert_string_equal(e.why, "it said: 503 Basic <hidden> and more");
	proxy_talk_free(t);
}

/* ---- dial() ---- */

/* Answers each thing it hears with the next of its sayings, then keeps what else comes. */
struct proxy_server {
	int listener;
	struct span says[4];
	size_t n;
	char heard[256];
	size_t heard_len;
	pthread_t thread;
};

static void *serve(void *argument)
{
	struct proxy_server *s = argument;
	int fd = accept(s->listener, NULL, NULL);
	ssize_t got;

	for (size_t i = 0; fd >= 0 && i < s->n; i++) {
		got = recv(fd, s->heard + s->heard_len, sizeof(s->heard) - s->heard_len, 0);
		if (got <= 0)
			break;
		s->heard_len += (size_t)got;
		if (send(fd, s->says[i].data, s->says[i].len, MSG_NOSIGNAL) < 0)
			break;
	}
	while (fd >= 0 && s->heard_len < sizeof(s->heard) &&
		(got = recv(fd, s->heard + s->heard_len, sizeof(s->heard) - s->heard_len, 0)) > 0)
		s->heard_len += (size_t)got;
	close(fd);
	return NULL;
}

static uint16_t start_proxy(struct proxy_server *s)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof(at);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(s->listener, 5), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
	return ntohs(at.sin_port);
}

static void end_proxy(struct proxy_server *s)
{
	pthread_join(s->thread, NULL);
	close(s->listener);
}

static void dial__leaves_the_servers_first_octets_behind_the_proxys(void **state)
{
	struct proxy_server s = {
		.says = {OCTETS("\5\0"), OCTETS("\5\0\0\1abcd\0\1+OK ready\r\n")}, .n = 2};
	char name[] = "pop.inner.invalid", url[40], text[64];
	struct endpoint to = {name, 110, IP_ANY, 100000, .proxy = url};
	struct dial_report report = {.n = 0};
	struct error e = {ERROR_NONE};
	struct stream *stream;
	size_t n = 0;

	(void)state;
	snprintf(url, sizeof(url), "socks5://127.0.0.1:%u", start_proxy(&s));
	if (!dial_reporting(&to, -1, &report, &stream, &e))
		fail_msg("%s", e.text);
	assert_true(report.connected && report.opened);
	assert_int_equal(report.n, 1);
	assert_string_equal(report.addresses[0].text, "127.0.0.1");
	assert_int_equal(report.addresses[0].fate, DIAL_TAKEN);
	assert_string_equal(dial_link(&to).text, url);
	assert_int_equal(stream->ops->read(stream, text, sizeof(text), &n, &e), STREAM_OK);
	assert_int_equal(n, 11);
	assert_memory_equal(text, "+OK ready\r\n", 11);
	stream_free(stream);
	end_proxy(&s);
	assert_int_equal(s.heard_len, 3 + 4 + 1 + strlen(name) + 2);
	assert_memory_equal(s.heard, "\5\1\0\5\1\0\3\21pop.inner.invalid\0\156", s.heard_len);
}

static void dial__tells_how_far_it_came_with_a_proxy_that_refuses(void **state)
{
	struct proxy_server s = {.says = {OCTETS("HTTP/1.1 503 Busy\r\n\r\n")}, .n = 1};
	char name[] = "pop.inner.invalid", url[40];
	struct endpoint to = {name, 110, IP_ANY, 100000, .proxy = url};
	struct dial_report report = {.n = 0};
	struct error e = {ERROR_NONE};
	struct stream *stream;

	(void)state;
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", start_proxy(&s));
	assert_false(dial_reporting(&to, -1, &report, &stream, &e));
	assert_int_equal(e.kind, ERROR_NETWORK);
	assert_true(report.connected && !report.opened);
	end_proxy(&s);
}

static void dial_lookup__asks_for_the_proxy_where_there_is_one(void **state)
{
	char name[] = "pop.inner.invalid", proxy[] = "socks5://127.0.0.7", four[] = "127.0.0.9",
	     path[] = "/nonexistent", source[] = "::1";
	struct endpoint to = {name, 110, IP_ANY, 100000, .proxy = proxy};
	struct dial_report report = {.n = 0};
	struct error e = {ERROR_NONE};

	(void)state;
	assert_true(dial_lookup(&to, -1, &report, &e));
	assert_int_equal(report.n, 1);
	assert_string_equal(report.addresses[0].text, "127.0.0.7");
	assert_int_equal(report.addresses[0].fate, DIAL_UNTRIED);
	assert_false(report.connected);
	to = (struct endpoint){four, 110, IP_ANY, 100000};
	assert_true(dial_lookup(&to, -1, &report, &e));
	assert_string_equal(report.addresses[0].text, "127.0.0.9");
	to.source = source;
	assert_false(dial_lookup(&to, -1, &report, &e));
	assert_int_equal(e.kind, ERROR_CONFIG);
	to = (struct endpoint){name, 110, IP_ANY, 100000, .socket = path};
	report.n = 0;
	assert_true(dial_lookup(&to, -1, &report, &e));
	assert_int_equal(report.n, 0);
	assert_string_equal(dial_link(&to).text, "the socket /nonexistent");
}

/* ---- a command ---- */

static enum stream_status read_all(struct stream *s, char *text, size_t room, struct error *e)
{
	size_t have = 0, n = 0;
	enum stream_status got;

	for (;;) {
		struct pollfd fd = {.fd = s->ops->fd(s), .events = POLLIN};

		got = s->ops->read(s, text + have, room - 1 - have, &n, e);
		if (got == STREAM_OK)
			have += n;
		else if (got != STREAM_WANT_READ || poll(&fd, 1, 60000) <= 0)
			break;
	}
	text[have] = '\0';
	return got;
}

static void command__is_a_connection_and_tells_how_it_ends(void **state)
{
	static const struct {
		const char *command;
		enum stream_status end;
		const char *text, *why;
	} cases[] = {
		{"sh -c 'read x; echo \"$x $AMBIL_HOST $AMBIL_PORT\"'", STREAM_EOF, NULL, ""},
		{"sh -c 'read x; echo \"$x $AMBIL_HOST $AMBIL_PORT\"; echo; echo oh >&2'",
			STREAM_FAILED, "closed the connection", "oh"},
		{"sh -c 'read x; echo \"$x $AMBIL_HOST $AMBIL_PORT\"; echo no >&2; exit 7'",
			STREAM_FAILED, "exited 7", "no"},
		{"sh -c 'read x; echo \"$x $AMBIL_HOST $AMBIL_PORT\"; kill -KILL $$'",
			STREAM_FAILED, "was ended by signal 9", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char name[] = "pop.example.org", text[100], *command = xstrdup(cases[i].command);
		struct endpoint to = {name, 995, IP_ANY, 1000, .command = command};
		struct error e = {ERROR_NONE};
		struct stream *s;
		size_t n = 0;

		assert_true(dial(&to, -1, &s, &e));
		assert_int_equal(s->ops->write(s, span_of("hello\n"), &n, &e), STREAM_OK);
		assert_int_equal(read_all(s, text, sizeof(text), &e), cases[i].end);
		assert_says(text, "hello pop.example.org 995\n");
		if (cases[i].text) {
			assert_int_equal(e.kind, ERROR_NETWORK);
			assert_says(e.text, cases[i].text);
			assert_string_equal(e.why, cases[i].why);
		}
		stream_free(s);
		free(command);
	}
}

static void child_end__is_patient_then_is_not(void **state)
{
	static const struct {
		const char *script;
		enum child_end end;
		int code;
	} cases[] = {
		{"exit 3", CHILD_EXITED, 3},
		{"exec sleep 300", CHILD_SIGNALLED, SIGTERM},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char sh[] = "sh", c[] = "-c", *script = xstrdup(cases[i].script);
		char *const argv[] = {sh, c, script, NULL};
		struct child_result result;
		struct error e = {ERROR_NONE};
		int ends[2];
		pid_t pid;

		assert_int_equal(pipe(ends), 0);
		assert_true(child_start(argv, NULL, ends[1], ends[1], &pid, &e));
		child_end(pid, i == 0 ? 10000 : 0, &result);
		assert_int_equal(result.end, cases[i].end);
		assert_int_equal(result.code, cases[i].code);
		close(ends[0]);
		close(ends[1]);
		free(script);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(talk__understands_answers_at_every_cut),
		cmocka_unit_test(talk__is_not_open_before_the_last_octet),
		cmocka_unit_test(talk__bounds_an_answer_without_an_end),
		cmocka_unit_test(socks__sends_name_and_login),
		cmocka_unit_test(socks__sends_addresses_as_such),
		cmocka_unit_test(http__sends_a_request),
		cmocka_unit_test(talk__refuses_what_cannot_be_said),
		cmocka_unit_test(talk__shows_no_password_that_comes_back),
		cmocka_unit_test(dial__leaves_the_servers_first_octets_behind_the_proxys),
		cmocka_unit_test(dial__tells_how_far_it_came_with_a_proxy_that_refuses),
		cmocka_unit_test(dial_lookup__asks_for_the_proxy_where_there_is_one),
		cmocka_unit_test(command__is_a_connection_and_tells_how_it_ends),
		cmocka_unit_test(child_end__is_patient_then_is_not),
	};

	return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
