/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The net room over loopback and socket pairs: connecting, and the plain stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "need.h"
#include "net/dial.h"
#include "net/probe.h"
#include "net/race.h"
#include "net/stream.h"
#include "net_helpers.h"

enum { BIG = 700 * 1000 };

static void stream__never_waits(void **state)
{
	static char data[BIG];
	struct error e = {ERROR_NONE};
	struct stream *s;
	size_t n = 0;
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	s = stream_over_fd(ends[0]);
	assert_int_equal(s->ops->read(s, data, sizeof(data), &n, &e), STREAM_WANT_READ);
	assert_false(s->ops->pending(s));
	while (s->ops->write(s, (struct span){data, sizeof(data)}, &n, &e) == STREAM_OK)
		assert_in_range(n, 1, sizeof(data));
	assert_int_equal(s->ops->write(s, (struct span){data, 1}, &n, &e), STREAM_WANT_WRITE);
	assert_true(file_write_all(ends[1], "abc", 3));
	assert_int_equal(s->ops->read(s, data, sizeof(data), &n, &e), STREAM_OK);
	assert_int_equal(n, 3);
	assert_int_equal(e.kind, ERROR_NONE);
	close(ends[1]);
	stream_free(s);
	stream_free(NULL);
}

static void stream__tells_how_it_ends(void **state)
{
	struct error e = {ERROR_NONE};
	struct stream *s;
	char data[8];
	size_t n = 0;
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	s = stream_over_fd(ends[0]);
	close(ends[1]);
	assert_int_equal(s->ops->read(s, data, sizeof(data), &n, &e), STREAM_EOF);
	assert_int_equal(s->ops->write(s, (struct span){"a", 1}, &n, &e), STREAM_FAILED);
	assert_int_equal(e.kind, ERROR_NETWORK);
	assert_string_equal(e.text, "the server closed the connection");
	stream_free(s);
}

/* A socket on loopback that listens (backlog >= 0) or is only bound; its port, or 0 without IPv6.
 */
static uint16_t bind_loopback(int family, uint16_t port, int backlog, int *fd)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr *at = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
	socklen_t len = family == AF_INET ? sizeof(v4) : sizeof(v6);

	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v6.sin6_addr = in6addr_loopback;
	*fd = socket(family, SOCK_STREAM, 0);
	if (*fd < 0 || bind(*fd, at, len) < 0 || (backlog >= 0 && listen(*fd, backlog) < 0) ||
		getsockname(*fd, at, &len) < 0) {
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
		return 0;
	}
	return ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
}

static void dial__connects_by_name_and_by_address(void **state)
{
	char hosts[][16] = {"127.0.0.1", "localhost", "LOCALHOST"};
	int server;
	uint16_t port = bind_loopback(AF_INET, 0, 5, &server);

	(void)state;
	assert_int_not_equal(port, 0);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		const struct endpoint to = {hosts[i], port, IP_ANY, 5000};
		struct error e = {ERROR_NONE};
		struct stream *s = NULL;
		int on = 0;
		socklen_t len = sizeof(on);

		if (!dial(&to, -1, &s, &e))
			fail_msg("%s: %s", hosts[i], e.text);
		assert_int_equal(getsockopt(s->ops->fd(s), IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
		assert_true(on);
		assert_true(fcntl(s->ops->fd(s), F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(s->ops->fd(s), F_GETFD) & FD_CLOEXEC);
		stream_free(s);
	}
	close(server);
}

static void dial__connects_over_ipv6(void **state)
{
	char host[] = "::1";
	int server;
	uint16_t port = bind_loopback(AF_INET6, 0, 5, &server);
	const struct endpoint to = {host, port, IP_6, 5000};
	struct error e = {ERROR_NONE};
	struct stream *s = NULL;

	(void)state;
	NEED(port, "IPv6");
	assert_true(dial(&to, -1, &s, &e));
	stream_free(s);
	close(server);
}

static void dial__names_what_refuses(void **state)
{
	char host[] = "127.0.0.1", name[] = "localhost";
	int held;
	uint16_t port = bind_loopback(AF_INET, 0, -1, &held);
	struct endpoint to = {host, port, IP_ANY, 5000};
	struct error e = {ERROR_NONE};
	struct stream *s = NULL;
	char text[100];

	(void)state;
	assert_int_not_equal(port, 0);
	assert_false(dial(&to, -1, &s, &e));
	snprintf(text, sizeof(text), "127.0.0.1:%u refuses connections (tried 127.0.0.1)", port);
	assert_string_equal(e.text, text);
	assert_int_equal(e.kind, ERROR_NETWORK);
	assert_says(e.lead, "normally port 995");
	to.host = name;
	assert_false(dial(&to, -1, &s, &e));
	snprintf(text, sizeof(text), "localhost:%u refuses connections (tried ", port);
	assert_says(e.text, text);
	assert_says(e.text, "127.0.0.1");
	close(held);
}

static void dial__tells_an_unknown_host_from_no_network(void **state)
{
	char host[] = "nosuch.invalid", v4[] = "127.0.0.1", odd[] = "a\xff.example";
	struct endpoint to = {host, 995, IP_ANY, 1500};
	struct error e = {ERROR_NONE};
	struct stream *s = NULL;

	(void)state;
	/* Which of the two is true depends on the machine the test runs on. */
	assert_false(dial(&to, -1, &s, &e));
	if (e.kind == ERROR_HOST)
		assert_string_equal(e.text, "no such host \"nosuch.invalid\"");
	else
		assert_string_equal(e.text, "no network or DNS: cannot look up nosuch.invalid");
	to = (struct endpoint){v4, 995, IP_6, 5000};
	assert_false(dial(&to, -1, &s, &e));
	assert_int_equal(e.kind, ERROR_HOST);
	to = (struct endpoint){odd, 995, IP_ANY, 5000};
	assert_false(dial(&to, -1, &s, &e));
	assert_int_equal(e.kind, ERROR_HOST);
	assert_says(e.text, "is no valid host name");
}

/* Connections until the queue of server is full, so that the next one hangs. */
static size_t fill_queue(int family, uint16_t port, int *fds, size_t max)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	const struct sockaddr *at = family == AF_INET ? (const struct sockaddr *)&v4
						      : (const struct sockaddr *)&v6;
	size_t n = 0;

	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v6.sin6_addr = in6addr_loopback;
	while (n < max) {
		struct pollfd fd = {.fd = socket(family, SOCK_STREAM, 0), .events = POLLOUT};

		assert_true(fd.fd >= 0);
		fds[n++] = fd.fd;
		fcntl(fd.fd, F_SETFL, O_NONBLOCK);
		if (connect(fd.fd, at, family == AF_INET ? sizeof(v4) : sizeof(v6)) < 0 &&
			poll(&fd, 1, 100) == 0)
			break;
	}
	return n;
}

static void dial__keeps_its_deadline_and_stops(void **state)
{
	char host[] = "127.0.0.1";
	int server, stop[2], fds[16];
	uint16_t port = bind_loopback(AF_INET, 0, 0, &server);
	const struct endpoint to = {host, port, IP_ANY, 200};
	struct error e = {ERROR_NONE};
	struct stream *s = NULL;
	size_t n = fill_queue(AF_INET, port, fds, 16);
	int64_t began = clock_ms();
	char text[100];

	(void)state;
	assert_in_range(n, 1, 15);
	assert_false(dial(&to, -1, &s, &e));
	assert_in_range(clock_ms() - began, 190, 60000);
	assert_int_equal(e.kind, ERROR_NETWORK);
	snprintf(text, sizeof(text),
		"cannot connect to 127.0.0.1:%u within 0.2 s (tried 127.0.0.1)", port);
	assert_string_equal(e.text, text);
	assert_int_equal(pipe(stop), 0);
	close(stop[1]);
	assert_false(dial(&to, stop[0], &s, &e));
	assert_int_equal(e.kind, ERROR_INTERRUPTED);
	close(stop[0]);
	while (n)
		close(fds[--n]);
	close(server);
}

/* A list as getaddrinfo() gives it; at most four addresses. */
struct list {
	struct addrinfo info[4];
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at[4];
};

static const struct addrinfo *make_list(
	struct list *list, const char *const *addresses, size_t n, uint16_t port)
{
	memset(list, 0, sizeof(*list));
	for (size_t i = 0; i < n; i++) {
		bool v4 = inet_pton(AF_INET, addresses[i], &list->at[i].v4.sin_addr) == 1;

		list->info[i].ai_family = v4 ? AF_INET : AF_INET6;
		list->info[i].ai_socktype = SOCK_STREAM;
		list->info[i].ai_addr = &list->at[i].any;
		list->info[i].ai_addrlen = v4 ? sizeof(list->at[i].v4) : sizeof(list->at[i].v6);
		list->info[i].ai_next = i + 1 < n ? &list->info[i + 1] : NULL;
		if (v4) {
			list->at[i].v4.sin_family = AF_INET;
			list->at[i].v4.sin_port = htons(port);
			continue;
		}
		assert_int_equal(inet_pton(AF_INET6, addresses[i], &list->at[i].v6.sin6_addr), 1);
		list->at[i].v6.sin6_family = AF_INET6;
		list->at[i].v6.sin6_port = htons(port);
	}
	return list->info;
}

static void race__lets_the_families_take_turns(void **state)
{
	static const char *const addresses[] = {"127.0.0.1", "127.0.0.1", "127.0.0.2", "::1"};
	char host[] = "pop.example.test";
	int held, fd = -1;
	uint16_t port = bind_loopback(AF_INET, 0, -1, &held);
	const struct endpoint to = {host, port, IP_ANY, 60000};
	struct dial_report report = {.n = 0};
	struct error e = {ERROR_NONE};
	int64_t took = INT64_MAX;
	struct list list;

	(void)state;
	/* The second of two equal ones is left out; after a failure the next starts at once. The
	 * machine may be busy, but not each time. */
	for (int i = 0; i < 50 && took >= 200; i++) {
		int64_t began = clock_ms();

		e = (struct error){ERROR_NONE};
		report = (struct dial_report){.n = 0};
		assert_false(dial_race(make_list(&list, addresses, 4, port), &to,
			clock_ms() + 60000, -1, &report, &fd, &e));
		assert_says(e.text, "(tried 127.0.0.1, ::1 and 127.0.0.2)");
		took = clock_ms() - began;
	}
	assert_in_range(took, 0, 199);
	assert_int_equal(report.n, 3);
	assert_string_equal(report.addresses[2].text, "127.0.0.2");
	assert_int_equal(report.addresses[2].fate, DIAL_FAILED);
	assert_int_equal(report.addresses[2].err, ECONNREFUSED);
	assert_false(report.connected);
	close(held);
}

/* The same port on both, the queue of IPv6 the shortest; 0 without IPv6. Another program may have
 * the port. */
static uint16_t bind_both(int *v4, int *v6)
{
	for (int i = 0; i < 20; i++) {
		uint16_t port = bind_loopback(AF_INET, 0, 5, v4);

		if (bind_loopback(AF_INET6, port, 0, v6) == port)
			return port;
		close(*v4);
	}
	return 0;
}

static void race__starts_the_next_when_one_hangs(void **state)
{
	static const char *const addresses[] = {"::1", "127.0.0.1"};
	char host[] = "pop.example.test";
	int v4, v6, fds[16], fd = -1;
	uint16_t port = bind_both(&v4, &v6);
	const struct endpoint to = {host, port, IP_ANY, 5000};
	struct dial_report report = {.n = 0};
	struct error e = {ERROR_NONE};
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	struct list list;
	int64_t began;
	size_t n;

	(void)state;
	NEED(port, "IPv6");
	n = fill_queue(AF_INET6, port, fds, 16);
	began = clock_ms();
	assert_true(dial_race(make_list(&list, addresses, 2, port), &to, clock_ms() + 60000, -1,
		&report, &fd, &e));
	assert_in_range(clock_ms() - began, 240, 60000);
	assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &len), 0);
	assert_int_equal(peer.ss_family, AF_INET);
	assert_true(report.connected && report.n == 2);
	assert_int_equal(report.addresses[0].fate, DIAL_UNFINISHED);
	assert_int_equal(report.addresses[1].fate, DIAL_TAKEN);
	close(fd);
	while (n)
		close(fds[--n]);
	close(v4);
	close(v6);
}

static void dial__leaves_a_late_answer_behind(void **state)
{
	char host[] = "localhost";
	const struct endpoint to = {host, 1, IP_ANY, 0};

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct error e = {ERROR_NONE};
		struct stream *s = NULL;

		assert_false(dial(&to, -1, &s, &e));
		assert_int_equal(e.kind, ERROR_NETWORK);
	}
}

/* A server that takes connections, one that also says nothing in TLS, one that refuses. */
enum role { LIVE, SILENT, DEAD };
enum { LONG_MS = 600 * 1000 };

static void set_up(struct probe *probes, const enum role *roles, size_t n, char *host,
	uint16_t live, uint16_t dead)
{
	static const struct tls_policy tls = {.min = TLS_1_2};

	for (size_t i = 0; i < n; i++)
		probes[i] = (struct probe){
			.to = {.host = host, .port = roles[i] == DEAD ? dead : live},
			.tls = roles[i] == SILENT ? &tls : NULL};
}

/* Without a time limit that anybody would wait for. */
static void probe__takes_the_first_in_order_that_answers(void **state)
{
	static const struct {
		enum role roles[3];
		size_t found;
	} table[] = {{{LIVE, SILENT, SILENT}, 0}, {{DEAD, LIVE, SILENT}, 1},
		{{DEAD, DEAD, LIVE}, 2}, {{DEAD, DEAD, DEAD}, 3}};
	char host[] = "127.0.0.1";
	int server, bound;
	uint16_t live = bind_loopback(AF_INET, 0, 50, &server);
	uint16_t dead = bind_loopback(AF_INET, 0, -1, &bound);

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct error e = {ERROR_NONE};
		struct probe probes[3];
		size_t found = 9;

		set_up(probes, table[i].roles, 3, host, live, dead);
		if (!probe_first(probes, 3, LONG_MS, -1, &found, &e))
			fail_msg("%s", e.text);
		assert_int_equal(found, table[i].found);
		for (size_t j = 0; j < found; j++) {
			assert_true(probes[j].tried);
			assert_false(probes[j].answers);
			assert_says(probes[j].failure.text, " refuses connections");
		}
		if (found < 3)
			assert_true(probes[found].answers);
	}
	close(server);
	close(bound);
}

static void probe__waits_for_one_that_is_in_front(void **state)
{
	char host[] = "127.0.0.1";
	int server;
	uint16_t live = bind_loopback(AF_INET, 0, 50, &server);
	struct error e = {ERROR_NONE};
	struct probe probes[2];
	size_t found;

	(void)state;
	set_up(probes, (const enum role[]){SILENT, LIVE}, 2, host, live, 0);
	assert_true(probe_first(probes, 2, 300, -1, &found, &e));
	assert_int_equal(found, 1);
	assert_true(probes[0].tried);
	assert_int_equal(probes[0].failure.kind, ERROR_NETWORK);
	close(server);
}

static void probe__stops_when_it_is_told_to(void **state)
{
	char host[] = "127.0.0.1";
	int server, stop[2];
	uint16_t live = bind_loopback(AF_INET, 0, 50, &server);
	struct error e = {ERROR_NONE};
	struct probe probes[2];
	size_t found;

	(void)state;
	assert_int_equal(pipe(stop), 0);
	close(stop[1]);
	set_up(probes, (const enum role[]){SILENT, SILENT}, 2, host, live, 0);
	assert_false(probe_first(probes, 2, LONG_MS, stop[0], &found, &e));
	assert_int_equal(e.kind, ERROR_INTERRUPTED);
	close(stop[0]);
	close(server);
}

static void dial__spells_names(void **state)
{
	struct error e = {ERROR_NONE};
	char *name = dial_name("pop.example.org", &e);

	(void)state;
	assert_string_equal(name, "pop.example.org");
	free(name);
	name = dial_name("pöp.example", &e);
	assert_non_null(name);
	assert_string_equal(name, "xn--pp-fka.example");
	free(name);
	assert_string_equal(dial_where("pop.example.org", 995).text, "pop.example.org:995");
	assert_string_equal(dial_where("::1", 110).text, "[::1]:110");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream__never_waits),
		cmocka_unit_test(stream__tells_how_it_ends),
		cmocka_unit_test(dial__connects_by_name_and_by_address),
		cmocka_unit_test(dial__connects_over_ipv6),
		cmocka_unit_test(dial__names_what_refuses),
		cmocka_unit_test(dial__tells_an_unknown_host_from_no_network),
		cmocka_unit_test(dial__keeps_its_deadline_and_stops),
		cmocka_unit_test(race__lets_the_families_take_turns),
		cmocka_unit_test(race__starts_the_next_when_one_hangs),
		cmocka_unit_test(dial__leaves_a_late_answer_behind),
		cmocka_unit_test(probe__takes_the_first_in_order_that_answers),
		cmocka_unit_test(probe__waits_for_one_that_is_in_front),
		cmocka_unit_test(probe__stops_when_it_is_told_to),
		cmocka_unit_test(dial__spells_names),
	};

	return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
