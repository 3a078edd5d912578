/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A command whose standard input and output are the connection, as "ssh host nc pop 110". It gets
 * one socket for both. What it complains of is taken from a pipe whenever something is done here,
 * and only its beginning is kept. The command's end of that pipe does not block either: one that
 * chatters while we wait for the server must not wait for us.
 */
#include "net/tunnel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/child.h"
#include "base/text.h"

enum { COMPLAINTS_MAX = 1024, END_MS = 1000, PATIENCE_MS = 500 };

struct tunnel {
	struct stream stream;
	struct stream *lower;
	struct where link; /* for words */
	pid_t pid;         /* 0: it was reaped */
	struct child_result result;
	int complaints_fd;
	struct buf complaints;
};

static struct tunnel *of(struct stream *s)
{
	return (struct tunnel *)s;
}

/* A command that never stops complaining does not hold us up: the bound is on rounds. */
static void listen_to_complaints(struct tunnel *t)
{
	char chunk[4096];

	for (int round = 0; round < 16; round++) {
		ssize_t n = read(t->complaints_fd, chunk, sizeof(chunk));
		size_t room = COMPLAINTS_MAX - t->complaints.len;

		if (n <= 0)
			return;
		buf_add(&t->complaints, chunk, (size_t)n < room ? (size_t)n : room);
	}
}

static bool ends_line(char c)
{
	return c == '\n' || c == '\r';
}

/* The first line that says anything. */
static struct span first_complaint(const struct tunnel *t)
{
	struct span line = buf_span(&t->complaints);
	size_t len = 0;

	while (line.len && (ends_line(line.data[0]) || line.data[0] == ' ')) {
		line.data++;
		line.len--;
	}
	while (len < line.len && !ends_line(line.data[len]))
		len++;
	line.len = len;
	return line;
}

/* It has closed its end: how, and why? True: as it should, and without a word. */
static bool ended_well(struct tunnel *t, struct error *e)
{
	struct span why;

	if (t->pid && child_wait(t->pid, END_MS, &t->result))
		t->pid = 0;
	listen_to_complaints(t);
	why = first_complaint(t);
	if (!t->pid && t->result.end == CHILD_SIGNALLED)
		error_set(e, ERROR_NETWORK, "%s was ended by signal %d", t->link.text,
			t->result.code);
	else if (!t->pid && t->result.code)
		error_set(e, ERROR_NETWORK, "%s exited %d", t->link.text, t->result.code);
	else if (why.len)
		error_set(e, ERROR_NETWORK, "%s closed the connection", t->link.text);
	else
		return true;
	if (why.len)
		error_why(e, "%s", safe(why).text);
	return false;
}

static enum stream_status tunnel_read(
	struct stream *s, void *data, size_t room, size_t *done, struct error *e)
{
	struct tunnel *t = of(s);
	enum stream_status got = t->lower->ops->read(t->lower, data, room, done, e);

	if (got == STREAM_EOF || got == STREAM_FAILED)
		return ended_well(t, e) ? got : STREAM_FAILED;
	listen_to_complaints(t);
	return got;
}

static enum stream_status tunnel_write(
	struct stream *s, struct span octets, size_t *done, struct error *e)
{
	struct tunnel *t = of(s);
	enum stream_status went = t->lower->ops->write(t->lower, octets, done, e);

	if (went == STREAM_FAILED)
		(void)ended_well(t, e);
	else
		listen_to_complaints(t);
	return went;
}

static bool tunnel_pending(const struct stream *s)
{
	const struct tunnel *t = (const struct tunnel *)s;

	return t->lower->ops->pending(t->lower);
}

static int tunnel_fd(const struct stream *s)
{
	const struct tunnel *t = (const struct tunnel *)s;

	return t->lower->ops->fd(t->lower);
}

/* The command sees the end of its input; it may have to take leave of somebody itself. */
static void tunnel_free(struct stream *s)
{
	struct tunnel *t = of(s);

	stream_free(t->lower);
	if (t->pid)
		child_end(t->pid, PATIENCE_MS, &t->result);
	close(t->complaints_fd);
	buf_release(&t->complaints);
	free(t);
}

static bool make_ends(int io[2], int complaints[2], struct error *e)
{
	int err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, io) < 0)
		return error_sys(e, ERROR_INTERNAL, errno, "cannot make a pair of sockets");
	if (pipe(complaints) < 0) {
		err = errno;
		close(io[0]);
		close(io[1]);
		return error_sys(e, ERROR_INTERNAL, err, "cannot make a pipe");
	}
	for (int i = 0; i < 2; i++) {
		fcntl(complaints[i], F_SETFD, FD_CLOEXEC);
		fcntl(complaints[i], F_SETFL, O_NONBLOCK);
	}
	return true;
}

static bool start(
	const struct endpoint *to, int io_fd, int complaints_fd, pid_t *pid, struct error *e)
{
	char *host = xasprintf("AMBIL_HOST=%s", to->host);
	char *port = xasprintf("AMBIL_PORT=%u", (unsigned)to->port);
	const char *const env[] = {host, port, NULL};
	struct error inner = {0};
	char **argv = NULL;
	bool done = child_argv_split(to->command, &argv, &inner) &&
		child_start(argv, env, io_fd, complaints_fd, pid, &inner);

	if (!done)
		error_set(e, inner.kind, "socket-command: %s", inner.text);
	child_argv_free(argv);
	free(host);
	free(port);
	return done;
}

bool tunnel_open(const struct endpoint *to, struct stream **out, struct error *e)
{
	static const struct stream_ops ops = {
		tunnel_read, tunnel_write, tunnel_pending, tunnel_fd, tunnel_free};
	struct tunnel *t;
	int io[2] = {-1, -1}, complaints[2] = {-1, -1};
	pid_t pid;
	bool started;

	if (!make_ends(io, complaints, e))
		return false;
	started = start(to, io[1], complaints[1], &pid, e);
	close(io[1]);
	close(complaints[1]);
	if (!started) {
		close(io[0]);
		close(complaints[0]);
		return false;
	}
	t = xcalloc(1, sizeof(*t));
	t->stream.ops = &ops;
	t->lower = stream_over_fd(io[0]);
	t->link = dial_link(to);
	t->pid = pid;
	t->complaints_fd = complaints[0];
	*out = &t->stream;
	return true;
}
