/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a server's name to a connection, under one deadline: lookup.c and race.c reach a host, which
 * is the server or its proxy; what is said to a proxy is proxy.c's; tunnel.c has commands. What a
 * proxy sends is looked at before it is taken, so that the server's first octets, which may come in
 * one piece with the proxy's last, stay in the socket for whoever reads next.
 */
#include "net/dial.h"

#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/text.h"
#include "net/lookup.h"
#include "net/proxy.h"
#include "net/race.h"
#include "net/tunnel.h"
#include "net/wait.h"

enum { SOCKET_RETRY_MS = 50 };

/* ---- words ---- */

char *dial_name(const char *host, struct error *e)
{
	gnutls_datum_t mapped = {NULL, 0};
	const char *p = host;
	char *name;

	while (*p && (unsigned char)*p < 0x80)
		p++;
	if (!*p)
		return xstrdup(host);
	if (gnutls_idna_map(host, (unsigned)strlen(host), &mapped, 0) < 0) {
		error_set(e, ERROR_HOST, "\"%s\" is no valid host name", host);
		return NULL;
	}
	name = xstrndup((const char *)mapped.data, mapped.size);
	gnutls_free(mapped.data);
	return name;
}

struct where dial_where(const char *host, uint16_t port)
{
	struct where where;
	bool bracket = strchr(host, ':') != NULL;

	snprintf(where.text, sizeof(where.text), "%s%s%s:%u", bracket ? "[" : "", host,
		bracket ? "]" : "", (unsigned)port);
	return where;
}

struct where dial_called(const struct endpoint *to, const char *name)
{
	struct where where;

	snprintf(where.text, sizeof(where.text), to->is_proxy ? _("the proxy %s") : "%s", name);
	return where;
}

/* A command may be long, and its beginning tells which it is. */
static void name_command(const char *command, struct where *link)
{
	enum { SHOWN_MAX = 60 };
	const struct safe shown = safe(span_of(command));
	size_t len = strlen(shown.text), n = len < SHOWN_MAX ? len : SHOWN_MAX;

	/* Not in the middle of a letter. */
	while (n < len && ((unsigned char)shown.text[n] & 0xc0) == 0x80)
		n--;
	snprintf(link->text, sizeof(link->text), "socket-command \"%.*s%s\"", (int)n, shown.text,
		n < len ? "\xe2\x80\xa6" : "");
}

struct where dial_link(const struct endpoint *to)
{
	struct where link = {""};
	struct proxy proxy;
	struct error ignored;

	if (to->socket)
		snprintf(link.text, sizeof(link.text), _("the socket %s"),
			safe(span_of(to->socket)).text);
	else if (to->command)
		name_command(to->command, &link);
	else if (proxy_parse(to->proxy, &proxy, &ignored) && proxy.kind != PROXY_NONE)
		link = proxy_shown(&proxy);
	else
		return link;
	if (!to->socket && !to->command)
		proxy_release(&proxy);
	return link;
}

bool dial_wants_login(const struct endpoint *to)
{
	struct proxy proxy;
	struct error ignored;
	bool wants = false;

	if (proxy_parse(to->proxy, &proxy, &ignored)) {
		wants = proxy.user != NULL;
		proxy_release(&proxy);
	}
	return wants;
}

/* ---- a local socket ---- */

static struct sockaddr_un socket_address(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	return at;
}

bool dial_socket_ok(const char *path)
{
	return strlen(path) < sizeof(((struct sockaddr_un *)NULL)->sun_path);
}

static bool socket_failed(const char *path, int err, struct error *e)
{
	error_sys(e, err == EACCES ? ERROR_CONFIG : ERROR_NETWORK, err,
		"cannot connect to the socket %s", safe(span_of(path)).text);
	if (err == ENOENT || err == ECONNREFUSED)
		error_why(e, "no server listens on it");
	return false;
}

/* A server that has its hands full shows as EAGAIN, and there is nothing to wait for but time. */
static bool dial_socket(
	const struct endpoint *to, int64_t deadline, int stop_fd, int *fd, struct error *e)
{
	const struct sockaddr_un at = socket_address(to->socket);
	struct pollfd none[1];
	int err;

	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return error_sys(e, ERROR_INTERNAL, errno, "cannot make a socket");
	fcntl(*fd, F_SETFL, fcntl(*fd, F_GETFL) | O_NONBLOCK);
	while (connect(*fd, (const struct sockaddr *)&at, sizeof(at)) < 0) {
		err = errno;
		if (err != EAGAIN && err != EINTR) {
			close(*fd);
			return socket_failed(to->socket, err, e);
		}
		if (wait_for(none, 0, stop_fd, clock_ms() + SOCKET_RETRY_MS) == WAIT_STOPPED) {
			close(*fd);
			return wait_stopped(e);
		}
		if (clock_ms() >= deadline) {
			close(*fd);
			return error_set(e, ERROR_NETWORK,
				"the socket %s took no connection within %g s",
				safe(span_of(to->socket)).text,
				(double)to->connect_timeout_ms / 1000);
		}
	}
	return true;
}

/* ---- a host ---- */

static bool dial_host(const struct endpoint *to, int64_t deadline, int stop_fd,
	struct dial_report *report, int *fd, struct error *e)
{
	struct addrinfo *list = NULL;
	int on = 1;
	bool done;

	if (!look_up(to, deadline, stop_fd, &list, e))
		return false;
	done = dial_race(list, to, deadline, stop_fd, report, fd, e);
	freeaddrinfo(list);
	if (done)
		setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return done;
}

/* ---- a proxy ---- */

/* The proxy as a host of its own. */
static struct endpoint proxy_endpoint(const struct endpoint *to, const struct proxy *proxy)
{
	struct endpoint hop = *to;

	hop.host = proxy->host;
	hop.port = proxy->port;
	hop.is_proxy = true;
	return hop;
}

static bool connection_failed(
	const struct proxy *proxy, const struct proxy_talk *talk, int err, struct error *e)
{
	if (err == ECONNRESET || err == EPIPE)
		return proxy_talk_closed(talk, e);
	return error_sys(e, ERROR_NETWORK, err, "the connection to the proxy %.200s failed",
		proxy_shown(proxy).text);
}

static bool is_temporary(int err)
{
	return err == EAGAIN || err == EWOULDBLOCK || err == EINTR;
}

/* Sends what it can; false: the connection failed. */
static bool tell_proxy(int fd, struct proxy_talk *talk, int *err)
{
	struct span out;

	while ((out = proxy_talk_output(talk)).len) {
		ssize_t n = send(fd, out.data, out.len, MSG_NOSIGNAL);

		if (n < 0) {
			*err = errno;
			return is_temporary(*err);
		}
		proxy_talk_sent(talk, (size_t)n);
	}
	return true;
}

/* Takes of what has come just what is the proxy's own. false: *e. */
static bool hear_proxy(int fd, struct proxy_talk *talk, const struct proxy *proxy,
	enum proxy_state *state, struct error *e)
{
	char octets[2048];
	ssize_t n = recv(fd, octets, sizeof(octets), MSG_PEEK);
	size_t eaten;

	if (n < 0)
		return is_temporary(errno) || connection_failed(proxy, talk, errno, e);
	if (n == 0)
		return proxy_talk_closed(talk, e);
	*state = proxy_talk_feed(talk, (struct span){octets, (size_t)n}, &eaten, e);
	if (eaten && recv(fd, octets, eaten, 0) != (ssize_t)eaten)
		return connection_failed(proxy, talk, errno, e);
	return *state != PROXY_REFUSED;
}

static bool talk_to_proxy(const struct endpoint *to, const struct proxy *proxy,
	struct proxy_talk *talk, int fd, int64_t deadline, int stop_fd, struct error *e)
{
	enum proxy_state state = PROXY_TALKING;

	while (state == PROXY_TALKING) {
		struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}};
		enum wait ended;
		int err;

		if (!tell_proxy(fd, talk, &err))
			return connection_failed(proxy, talk, err, e);
		if (proxy_talk_output(talk).len)
			fds[0].events |= POLLOUT;
		ended = wait_for(fds, 1, stop_fd, deadline);
		if (ended == WAIT_STOPPED)
			return wait_stopped(e);
		/* One that drips is looked at here: it is never late for poll. */
		if (ended == WAIT_LATE || clock_ms() >= deadline)
			return error_set(e, ERROR_NETWORK,
				"the proxy %.200s has not opened the way within %g s",
				proxy_shown(proxy).text, (double)to->connect_timeout_ms / 1000);
		if (fds[0].revents & ~POLLOUT && !hear_proxy(fd, talk, proxy, &state, e))
			return false;
	}
	return true;
}

static bool dial_through(const struct endpoint *to, const struct proxy *proxy, int64_t deadline,
	int stop_fd, struct dial_report *report, int *fd, struct error *e)
{
	const struct endpoint hop = proxy_endpoint(to, proxy);
	struct proxy_talk *talk = proxy_talk_new(proxy, to->proxy_password, to->host, to->port, e);
	bool done = talk && dial_host(&hop, deadline, stop_fd, report, fd, e);

	if (done && !talk_to_proxy(to, proxy, talk, *fd, deadline, stop_fd, e)) {
		close(*fd);
		done = false;
	}
	if (talk && !done && e && e->about != ERROR_ABOUT_NO_NETWORK)
		error_about(e, ERROR_ABOUT_PROXY);
	report->opened = done;
	proxy_talk_free(talk);
	return done;
}

/* ---- all of it ---- */

static bool dial_network(const struct endpoint *to, int64_t deadline, int stop_fd,
	struct dial_report *report, int *fd, struct error *e)
{
	struct proxy proxy;
	bool done;

	if (!proxy_parse(to->proxy, &proxy, e))
		return false;
	if (proxy.kind == PROXY_NONE)
		done = dial_host(to, deadline, stop_fd, report, fd, e);
	else
		done = dial_through(to, &proxy, deadline, stop_fd, report, fd, e);
	proxy_release(&proxy);
	return done;
}

bool dial_reporting(const struct endpoint *to, int stop_fd, struct dial_report *report,
	struct stream **out, struct error *e)
{
	int64_t deadline = clock_ms() + to->connect_timeout_ms;
	int fd = -1;
	bool done;

	if (to->command) {
		report->connected = tunnel_open(to, out, e);
		return report->connected;
	}
	if (to->socket) {
		done = dial_socket(to, deadline, stop_fd, &fd, e);
		report->connected = done;
	} else {
		done = dial_network(to, deadline, stop_fd, report, &fd, e);
	}
	if (done)
		*out = stream_over_fd(fd);
	return done;
}

bool dial(const struct endpoint *to, int stop_fd, struct stream **out, struct error *e)
{
	struct dial_report report = {.n = 0};

	return dial_reporting(to, stop_fd, &report, out, e);
}

static bool look_up_host(
	const struct endpoint *to, int stop_fd, struct dial_report *report, struct error *e)
{
	struct addrinfo *list = NULL;
	bool done;

	if (!look_up(to, clock_ms() + to->connect_timeout_ms, stop_fd, &list, e))
		return false;
	done = race_line_up(list, to, report, e);
	freeaddrinfo(list);
	return done;
}

bool dial_lookup(
	const struct endpoint *to, int stop_fd, struct dial_report *report, struct error *e)
{
	struct endpoint hop;
	struct proxy proxy;
	bool done;

	if (to->command || to->socket)
		return true;
	if (!proxy_parse(to->proxy, &proxy, e))
		return false;
	hop = proxy.kind == PROXY_NONE ? *to : proxy_endpoint(to, &proxy);
	done = look_up_host(&hop, stop_fd, report, e);
	proxy_release(&proxy);
	return done;
}
