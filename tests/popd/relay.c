/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A line with a delay, as a thread between two sockets. What the session sends is stamped with the
 * time at which it is due and queued; the client's octets pass at once, so the delay is the round
 * trip. The queue is bounded, like the buffers of a real line (64 MiB: 640 MB/s at 100 ms). */
#include "relay.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util.h"

enum { PIECE = 64 * 1024, QUEUE_MAX = 64 * 1024 * 1024 };

struct piece {
	struct piece *next;
	int64_t due_ms;
	size_t len, sent;
	bool end;		/* the session has closed */
	char data[];
};

struct relay {
	int client, session;
	int64_t delay_ms;
	struct piece *first, **last;
	size_t queued;
	bool session_ended, client_ended, over;
};

static void enqueue(struct relay *r)
{
	struct piece *p = mem_new(sizeof *p + PIECE);
	ssize_t n = recv(r->session, p->data, PIECE, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		free(p);
		return;
	}
	p->end = n <= 0;
	p->len = n > 0 ? (size_t)n : 0;
	p = mem_grow(p, sizeof *p + p->len);
	p->due_ms = now_ms() + r->delay_ms;
	r->session_ended = p->end;
	r->queued += p->len;
	*r->last = p;
	r->last = &p->next;
}

static void deliver(struct relay *r)
{
	struct piece *p = r->first;
	ssize_t n = 0;

	if (p->len)
		n = send(r->client, p->data + p->sent, p->len - p->sent,
			MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		r->over = true;
		return;
	}
	p->sent += (size_t)n;
	if (p->sent < p->len)
		return;
	if (p->end)
		shutdown(r->client, SHUT_WR);
	r->over = r->over || (p->end && r->client_ended);
	r->queued -= p->len;
	r->first = p->next;
	if (!r->first)
		r->last = &r->first;
	free(p);
}

static void pass_on(struct relay *r)
{
	char data[PIECE];
	ssize_t n = recv(r->client, data, sizeof data, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	for (ssize_t at = 0, sent; at < n; at += sent) {
		sent = send(r->session, data + at, (size_t)(n - at), MSG_NOSIGNAL);
		if (sent < 0)
			n = 0;
	}
	if (n > 0)
		return;
	r->client_ended = true;
	shutdown(r->session, SHUT_WR);
	r->over = r->session_ended && !r->first;
}

static int64_t wait_ms(const struct relay *r, int64_t now)
{
	if (!r->first)
		return -1;
	return r->first->due_ms > now ? r->first->due_ms - now : 0;
}

static void turn(struct relay *r)
{
	int64_t wait = wait_ms(r, now_ms());
	struct pollfd p[2] = {{.fd = r->client}, {.fd = r->session}};

	if (!r->client_ended)
		p[0].events |= POLLIN;
	if (wait == 0)
		p[0].events |= POLLOUT;
	if (!r->session_ended && r->queued < QUEUE_MAX)
		p[1].events |= POLLIN;
	for (int i = 0; i < 2; i++)
		if (!p[i].events)
			p[i].fd = -1;
	if (poll(p, 2, wait == 0 ? -1 : (int)wait) < 0)
		return;
	if (p[1].revents)
		enqueue(r);
	if (p[0].revents & (POLLOUT | POLLERR) && r->first && wait == 0)
		deliver(r);
	if (p[0].revents & (POLLIN | POLLHUP | POLLERR) && !r->over && !r->client_ended)
		pass_on(r);
}

static void *run(void *of)
{
	struct relay *r = of;

	while (!r->over)
		turn(r);
	while (r->first) {
		struct piece *next = r->first->next;
		free(r->first);
		r->first = next;
	}
	close(r->client);
	close(r->session);
	free(r);
	return NULL;
}

int relay_start(int fd, uint64_t ms)
{
	struct relay *r = mem_new(sizeof *r);
	int pair[2], on = 1;
	pthread_t thread;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		abort();
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	*r = (struct relay){.client = fd, .session = pair[0], .delay_ms = (int64_t)ms};
	r->last = &r->first;
	if (pthread_create(&thread, NULL, run, r) != 0)
		abort();
	pthread_detach(thread);
	return pair[1];
}
