/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lowest layer: octets over a connected socket. It reads as much as there is room for and
 * writes what the kernel takes, never waits, and knows nobody's name: whoever does can say it in
 * front of "the server reset the connection".
 */
#include "net/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/i18n.h"
#include "net/dial.h"

struct socket_stream {
	struct stream stream;
	int fd;
};

static const struct socket_stream *of(const struct stream *s)
{
	return (const struct socket_stream *)s;
}

static enum stream_status fail(int err, bool reading, struct error *e)
{
	if (err == ECONNRESET)
		error_set(e, ERROR_NETWORK, "the server reset the connection");
	else if (err == EPIPE)
		error_set(e, ERROR_NETWORK, "the server closed the connection");
	else
		error_sys(e, ERROR_NETWORK, err,
			reading ? N_("cannot read from the server")
				: N_("cannot write to the server"));
	return STREAM_FAILED;
}

static enum stream_status socket_read(
	struct stream *s, void *data, size_t room, size_t *done, struct error *e)
{
	for (;;) {
		ssize_t n = recv(of(s)->fd, data, room, 0);

		if (n > 0) {
			*done = (size_t)n;
			return STREAM_OK;
		}
		if (n == 0)
			return STREAM_EOF;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return STREAM_WANT_READ;
		if (errno != EINTR)
			return fail(errno, true, e);
	}
}

static enum stream_status socket_write(
	struct stream *s, struct span octets, size_t *done, struct error *e)
{
	for (;;) {
		ssize_t n = send(of(s)->fd, octets.data, octets.len, MSG_NOSIGNAL);

		if (n >= 0) {
			*done = (size_t)n;
			return STREAM_OK;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return STREAM_WANT_WRITE;
		if (errno != EINTR)
			return fail(errno, false, e);
	}
}

static bool socket_pending(const struct stream *s)
{
	(void)s;
	return false;
}

static int socket_fd(const struct stream *s)
{
	return of(s)->fd;
}

static void socket_free(struct stream *s)
{
	close(of(s)->fd);
	free(s);
}

struct stream *stream_over_fd(int fd)
{
	static const struct stream_ops ops = {
		socket_read, socket_write, socket_pending, socket_fd, socket_free};
	struct socket_stream *s = xcalloc(1, sizeof(*s));

	s->stream.ops = &ops;
	s->fd = fd;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return &s->stream;
}

void stream_acknowledge(const struct stream *s)
{
#ifdef TCP_QUICKACK
	const int on = 1;

	setsockopt(s->ops->fd(s), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
#else
	(void)s;
#endif
}
