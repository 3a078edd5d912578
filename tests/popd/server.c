/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Accepts connections and gives each a thread. Signals are let in only while waiting (pselect), so
 * none is missed; at the end every connection is shut down, its thread wakes and returns, and all
 * memory is given back: what a leak checker then reports is a leak. */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay.h"
#include "session.h"

struct job {
	struct server *server;
	int fd;
	uint32_t number;
};

static int listen_on(const struct sockaddr *address, socklen_t len)
{
	int on = 1, fd = socket(address->sa_family, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, address, len) == 0 && listen(fd, 128) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool listen_four(struct server *server, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;

	server->listening[0] = listen_on((struct sockaddr *)&address, sizeof address);
	if (server->listening[0] < 0
	    || getsockname(server->listening[0], (struct sockaddr *)&address, &len) != 0)
		return false;
	server->port = ntohs(address.sin_port);
	return true;
}

static bool listen_six(struct server *server)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6,
		.sin6_port = htons(server->port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	server->listening[1] = listen_on((struct sockaddr *)&address, sizeof address);
	return server->listening[1] >= 0;
}

/* A port free for one family may be taken in the other: then another one is tried. */
static bool start_listening(struct server *server, struct problem *p)
{
	uint16_t wanted = (uint16_t)server->options->port;

	for (int tries = wanted ? 1 : 20; tries > 0; tries--) {
		if (!listen_four(server, wanted))
			return problem_set(p, "cannot listen on 127.0.0.1: %s", strerror(errno));
		if (!server->options->ipv6 || listen_six(server))
			return true;
		close(server->listening[0]);
		server->listening[0] = -1;
	}
	return problem_set(p, "cannot listen on ::1: %s", strerror(errno));
}

static bool add_users(struct server *server, struct problem *p)
{
	const struct options *o = server->options;

	if (o->users_file)
		return users_read(&server->users, o->users_file, &o->style, p);
	return users_add(&server->users, (struct span){o->user, strlen(o->user)},
		(struct span){o->password, strlen(o->password)}, o->mail, &o->style, p);
}

bool server_init(struct server *server, const struct options *options, struct problem *p)
{
	*server = (struct server){.options = options, .listening = {-1, -1}, .wake = {-1, -1}};
	pthread_mutex_init(&server->lock, NULL);
	pthread_cond_init(&server->ended, NULL);
	if (!record_init(&server->record, options->stats, options->log, p))
		return false;
	if (pipe(server->wake) != 0)
		return problem_set(p, "cannot make a pipe: %s", strerror(errno));
	fcntl(server->wake[1], F_SETFL, O_NONBLOCK);
	if (!add_users(server, p))
		return false;
	if (options->tls != TLS_NONE && !ca_make(&options->ca, &server->credentials, p))
		return false;
	if (options->tickets && gnutls_session_ticket_key_generate(&server->ticket_key) < 0)
		return problem_set(p, "cannot make a key for tickets");
	return start_listening(server, p);
}

void server_release(struct server *server)
{
	for (int i = 0; i < 2; i++) {
		if (server->listening[i] >= 0)
			close(server->listening[i]);
		if (server->wake[i] >= 0)
			close(server->wake[i]);
	}
	if (server->credentials)
		gnutls_certificate_free_credentials(server->credentials);
	gnutls_free(server->ticket_key.data);
	users_release(&server->users);
	record_release(&server->record);
	free(server->open);
	pthread_cond_destroy(&server->ended);
	pthread_mutex_destroy(&server->lock);
}

static void add_open(struct server *server, int fd)
{
	pthread_mutex_lock(&server->lock);
	server->open = mem_grow(server->open, (server->open_count + 1) * sizeof *server->open);
	server->open[server->open_count++] = fd;
	pthread_mutex_unlock(&server->lock);
}

/* Closes fd as well: not before it has left the list, lest its number be used anew. */
static void remove_open(struct server *server, int fd)
{
	size_t i = 0;

	pthread_mutex_lock(&server->lock);
	while (server->open[i] != fd)
		i++;
	server->open[i] = server->open[--server->open_count];
	close(fd);
	(void)!write(server->wake[1], "", 1);
	pthread_cond_signal(&server->ended);
	pthread_mutex_unlock(&server->lock);
}

static void *serve(void *of)
{
	struct job *job = of;

	session_run(job->server, job->fd, job->number);
	remove_open(job->server, job->fd);
	free(job);
	return NULL;
}

static void accept_one(struct server *server, int listening)
{
	int fd = accept(listening, NULL, NULL);
	struct job *job;
	pthread_t thread;

	if (fd < 0)
		return;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	job = mem_new(sizeof *job);
	*job = (struct job){server, fd, ++server->accepted};
	if (server->options->delay_ms)
		job->fd = relay_start(fd, server->options->delay_ms);
	add_open(server, job->fd);
	if (pthread_create(&thread, NULL, serve, job) == 0) {
		pthread_detach(thread);
		return;
	}
	remove_open(server, job->fd);
	free(job);
}

static bool is_idle(struct server *server)
{
	bool idle;

	pthread_mutex_lock(&server->lock);
	idle = server->open_count == 0;
	pthread_mutex_unlock(&server->lock);
	return idle;
}

/* Has the last of the sessions that were asked for ended? */
static bool is_over(struct server *server)
{
	return server->options->sessions && server->accepted >= server->options->sessions && is_idle(server);
}

static int watch(struct server *server, fd_set *set)
{
	int fds[] = {server->wake[0], server->listening[0], server->listening[1],
		server->options->parent_exit ? STDIN_FILENO : -1};
	bool full = server->options->sessions && server->accepted >= server->options->sessions;
	int top = -1;

	FD_ZERO(set);
	for (int i = 0; i < 4; i++) {
		if (fds[i] < 0 || (full && (i == 1 || i == 2)))
			continue;
		FD_SET(fds[i], set);
		top = fds[i] > top ? fds[i] : top;
	}
	return top + 1;
}

static void end_sessions(struct server *server)
{
	atomic_store(&server->stopping, true);
	pthread_mutex_lock(&server->lock);
	for (size_t i = 0; i < server->open_count; i++)
		shutdown(server->open[i], SHUT_RDWR);
	while (server->open_count)
		pthread_cond_wait(&server->ended, &server->lock);
	pthread_mutex_unlock(&server->lock);
}

void server_run(struct server *server, const volatile sig_atomic_t *stop,
	const sigset_t *open_mask)
{
	bool asked = false;
	char waste[256];
	fd_set set;

	while (!*stop && !is_over(server)) {
		int count = watch(server, &set);
		const struct timespec at_once = {0};
		int ready = pselect(count, &set, NULL, NULL, asked && is_idle(server) ? &at_once : NULL,
			open_mask);

		if (ready < 0)
			continue;
		if (ready == 0) {	/* nor does a connection wait to be accepted */
			puts("idle");
			fflush(stdout);
			asked = false;
			continue;
		}
		if (FD_ISSET(server->wake[0], &set))
			(void)!read(server->wake[0], waste, sizeof waste);
		if (FD_ISSET(STDIN_FILENO, &set)) {
			if (read(STDIN_FILENO, waste, sizeof waste) <= 0)
				break;
			asked = true;
		}
		for (int i = 0; i < 2; i++)
			if (server->listening[i] >= 0 && FD_ISSET(server->listening[i], &set)
			    && !(server->options->sessions
			    && server->accepted >= server->options->sessions))
				accept_one(server, server->listening[i]);
	}
	end_sessions(server);
}
