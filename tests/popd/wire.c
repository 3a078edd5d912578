/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies gather in a buffer of 256 KiB; larger pieces go out from where they lie, in the same
 * system call as what has gathered. Reading never blocks by itself, so that the session knows for
 * certain when it has to wait for the client. */
#include "wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { IN_MAX = 128 * 1024, OUT_MAX = 256 * 1024, DIRECT_MIN = 32 * 1024, LINGER_MS = 2000 };

void wire_init(struct wire *w, int fd)
{
	int on = 1;

	*w = (struct wire){.fd = fd, .in = mem_new(IN_MAX), .out = mem_new(OUT_MAX)};
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void wire_release(struct wire *w)
{
	if (w->tls)
		gnutls_deinit(w->tls);
	free(w->in);
	free(w->out);
	*w = (struct wire){.fd = -1};
}

static void send_tls(struct wire *w, const char *data, size_t len)
{
	while (len && !w->dead) {
		ssize_t n = gnutls_record_send(w->tls, data, len);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			continue;
		if (n < 0)
			w->dead = true;
		else {
			data += n;
			len -= (size_t)n;
		}
	}
}

static void send_clear(struct wire *w, struct iovec *parts, size_t count)
{
	while (count && !w->dead) {
		struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
		ssize_t n = sendmsg(w->fd, &message, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			w->dead = true;
		for (; count && n >= (ssize_t)parts->iov_len; count--, parts++)
			n -= (ssize_t)parts->iov_len;
		if (count && n > 0) {
			parts->iov_base = (char *)parts->iov_base + n;
			parts->iov_len -= (size_t)n;
		}
	}
}

static void send_now(struct wire *w, const char *data, size_t len)
{
	struct iovec part = {(char *)(uintptr_t)data, len};

	if (w->tls)
		send_tls(w, data, len);
	else
		send_clear(w, &part, len ? 1 : 0);
}

/* What has gathered, and data behind it. */
static void send_gathered(struct wire *w, const char *data, size_t len)
{
	struct iovec parts[2] = {{w->out, w->out_len}, {(char *)(uintptr_t)data, len}};

	if (w->drip_octets) {
		for (size_t at = 0; at < w->out_len && !w->dead; at += w->drip_octets) {
			size_t left = w->out_len - at;
			send_now(w, w->out + at, left < w->drip_octets ? left : w->drip_octets);
			sleep_ms(w->drip_ms);
		}
		send_now(w, data, len);
	} else if (w->tls) {
		send_tls(w, w->out, w->out_len);
		send_tls(w, data, len);
	} else
		send_clear(w, parts, len ? 2 : 1);
	w->out_len = 0;
}

static void gather(struct wire *w, const char *data, size_t len)
{
	while (len && !w->dead) {
		size_t room = OUT_MAX - w->out_len;
		size_t n = len < room ? len : room;
		memcpy(w->out + w->out_len, data, n);
		w->out_len += n;
		data += n;
		len -= n;
		if (w->out_len == OUT_MAX)
			send_gathered(w, NULL, 0);
	}
}

/* Drops each CR that has an LF behind it, also when a cut lies between them. */
static void gather_bare(struct wire *w, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (w->held_cr && data[i] != '\n')
			gather(w, "\r", 1);
		w->held_cr = data[i] == '\r';
		if (!w->held_cr)
			gather(w, data + i, 1);
	}
}

void wire_put(struct wire *w, const void *data, size_t len)
{
	if (w->dead || !len)
		return;
	w->octets_sent += len;
	if (w->bare_lf)
		gather_bare(w, data, len);
	else if (len >= DIRECT_MIN && !w->drip_octets)
		send_gathered(w, data, len);
	else
		gather(w, data, len);
}

void wire_flush(struct wire *w)
{
	if (w->dead || !w->out_len)
		return;
	if (w->slow_ms)
		sleep_ms(w->slow_ms);
	send_gathered(w, NULL, 0);
}

static ssize_t pull(gnutls_transport_ptr_t of, void *data, size_t len)
{
	struct wire *w = of;

	return recv(w->fd, data, len, MSG_DONTWAIT);
}

static ssize_t push(gnutls_transport_ptr_t of, const void *data, size_t len)
{
	struct wire *w = of;

	return send(w->fd, data, len, MSG_NOSIGNAL);
}

static enum wire_got got_clear(ssize_t n)
{
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return WIRE_NOTHING;
	return n > 0 ? WIRE_DATA : WIRE_END;
}

static enum wire_got got_tls(ssize_t n)
{
	if (n < 0 && gnutls_error_is_fatal((int)n) == 0)
		return WIRE_NOTHING;
	return n > 0 ? WIRE_DATA : WIRE_END;
}

enum wire_got wire_read(struct wire *w)
{
	enum wire_got got;
	ssize_t n;

	if (w->in_at) {
		memmove(w->in, w->in + w->in_at, w->in_len - w->in_at);
		w->in_len -= w->in_at;
		w->in_at = 0;
	}
	if (w->dead)
		return WIRE_END;
	if (w->in_len == IN_MAX)
		return WIRE_DATA;
	if (w->tls) {
		n = gnutls_record_recv(w->tls, w->in + w->in_len, IN_MAX - w->in_len);
		got = got_tls(n);
	} else {
		n = recv(w->fd, w->in + w->in_len, IN_MAX - w->in_len, MSG_DONTWAIT);
		got = got_clear(n);
	}
	if (got == WIRE_DATA) {
		w->in_len += (size_t)n;
		w->octets_received += (uint64_t)n;
	}
	return got;
}

void wire_wait(struct wire *w, int64_t ms)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};

	if (!w->tls || !gnutls_record_check_pending(w->tls))
		(void)poll(&p, 1, (int)ms);
}

size_t wire_lines_waiting(const struct wire *w)
{
	const char *at = w->in + w->in_at, *end = w->in + w->in_len;
	size_t lines = 0;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
		lines++;
		at++;
	}
	return lines;
}

bool wire_is_full(const struct wire *w)
{
	return w->in_at == 0 && w->in_len == IN_MAX;
}

bool wire_take_line(struct wire *w, struct span *out)
{
	const char *start = w->in + w->in_at;
	const char *end = memchr(start, '\n', w->in_len - w->in_at);

	if (!end)
		return false;
	*out = (struct span){start, (size_t)(end - start)};
	w->in_at += out->len + 1;
	return true;
}

size_t wire_discard_input(struct wire *w)
{
	size_t left = w->in_len - w->in_at;

	w->in_at = w->in_len = 0;
	return left;
}

bool wire_start_tls(struct wire *w, gnutls_certificate_credentials_t credentials,
	const char *priority, const gnutls_datum_t *tickets)
{
	int rc;

	if (gnutls_init(&w->tls, GNUTLS_SERVER | GNUTLS_NO_SIGNAL) < 0)
		return false;
	gnutls_priority_set_direct(w->tls, priority, NULL);
	gnutls_credentials_set(w->tls, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_certificate_server_set_request(w->tls, GNUTLS_CERT_IGNORE);
	if (tickets->size)
		gnutls_session_ticket_enable_server(w->tls, tickets);
	gnutls_transport_set_ptr(w->tls, w);
	gnutls_transport_set_pull_function(w->tls, pull);
	gnutls_transport_set_push_function(w->tls, push);
	do {
		rc = gnutls_handshake(w->tls);
		if (rc == GNUTLS_E_AGAIN)
			wire_wait(w, -1);
	} while (rc < 0 && gnutls_error_is_fatal(rc) == 0);
	if (rc >= 0)
		return true;
	gnutls_alert_send_appropriate(w->tls, rc);
	w->no_close_notify = true;
	return false;
}

bool wire_resumed(const struct wire *w)
{
	return w->tls && gnutls_session_is_resumed(w->tls);
}

void wire_server_name(const struct wire *w, char *out, size_t room)
{
	size_t len = room;
	unsigned type;

	out[0] = '\0';
	if (!w->tls || gnutls_server_name_get(w->tls, out, &len, &type, 0) < 0)
		out[0] = '\0';
}

void wire_close(struct wire *w)
{
	char waste[4096];
	int64_t until = now_ms() + LINGER_MS, left;
	ssize_t n = 1;

	if (w->tls && !w->no_close_notify && !w->dead)
		gnutls_bye(w->tls, GNUTLS_SHUT_WR);
	shutdown(w->fd, SHUT_WR);
	/* Closing with octets unread would reset the connection and take back what was sent. */
	while (n > 0 && (left = until - now_ms()) > 0) {
		struct pollfd p = {.fd = w->fd, .events = POLLIN};
		n = poll(&p, 1, (int)left);
		if (n > 0)
			n = recv(w->fd, waste, sizeof waste, MSG_DONTWAIT);
	}
	w->dead = true;
}

void wire_reset(struct wire *w)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	w->dead = true;
}
