/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a host name to a connection, under one deadline. getaddrinfo() cannot be given a timeout, so
 * it runs in a thread of its own that nobody joins: what both sides need is counted by reference,
 * and an answer that comes too late is thrown away by the thread itself. Then the addresses race
 * (RFC 8305): families take turns, the next address starts 250 ms after the last or as soon as one
 * has failed, the first connection wins and the others are closed.
 */
#include "net/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/race.h"
#include "net/wait.h"

enum { ADDRESSES_MAX = 16, ATTEMPT_GAP_MS = 250 };

/* Shared by the waiting side and the thread; the last of the two to leave frees it. */
struct lookup {
	pthread_mutex_t lock;
	unsigned users;
	int done_fd; /* the thread's end of a pipe; closing it wakes the waiting side */
	char *host;
	char port[8];
	struct addrinfo hints;
	struct addrinfo *list;
	int code, err;
};

struct attempt {
	int fd; /* -1: not open */
	int err;
	char address[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
};

struct race {
	const struct addrinfo *at[ADDRESSES_MAX];
	struct attempt attempts[ADDRESSES_MAX];
	size_t n, started, open;
	int64_t next_ms;
};

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

static bool stopped(struct error *e)
{
	return error_set(e, ERROR_INTERRUPTED, "interrupted while connecting");
}

/* What a resolver says when it has been heard; anything else means that it could not be asked. */
static bool is_answer(int code)
{
	return code != EAI_AGAIN && code != EAI_FAIL && code != EAI_SYSTEM && code != EAI_MEMORY;
}

static void lookup_release(struct lookup *l)
{
	bool last;

	pthread_mutex_lock(&l->lock);
	last = --l->users == 0;
	pthread_mutex_unlock(&l->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&l->lock);
	if (l->list)
		freeaddrinfo(l->list);
	free(l->host);
	free(l);
}

static void *lookup_run(void *argument)
{
	struct lookup *l = argument;
	struct addrinfo *list = NULL;
	int err, code = getaddrinfo(l->host, l->port, &l->hints, &list);

	/* Without a network AI_ADDRCONFIG hides names that stand for the machine itself. */
	if (code != 0 && is_answer(code)) {
		l->hints.ai_flags &= ~AI_ADDRCONFIG;
		code = getaddrinfo(l->host, l->port, &l->hints, &list);
	}
	err = errno;
	pthread_mutex_lock(&l->lock);
	l->code = code;
	l->err = err;
	l->list = code == 0 ? list : NULL;
	pthread_mutex_unlock(&l->lock);
	close(l->done_fd);
	lookup_release(l);
	return NULL;
}

/* Starts the thread with every signal blocked: they belong to the program's own threads. */
static int start_thread(struct lookup *l)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&thread, &attributes, lookup_run, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return err;
}

/* NULL with *e set when no thread could be started; *wake_fd is the caller's to close. */
static struct lookup *lookup_start(const char *host, const char *port, const struct addrinfo *hints,
	int *wake_fd, struct error *e)
{
	struct lookup *l;
	int ends[2], err;

	if (pipe(ends) < 0) {
		error_sys(e, ERROR_INTERNAL, errno, "cannot make a pipe");
		return NULL;
	}
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	l = xcalloc(1, sizeof(*l));
	pthread_mutex_init(&l->lock, NULL);
	l->users = 2;
	l->done_fd = ends[1];
	l->host = xstrdup(host);
	snprintf(l->port, sizeof(l->port), "%s", port);
	l->hints = *hints;
	err = start_thread(l);
	if (err) {
		close(ends[0]);
		close(ends[1]);
		l->users = 1;
		lookup_release(l);
		error_sys(e, ERROR_INTERNAL, err, "cannot start a thread");
		return NULL;
	}
	*wake_fd = ends[0];
	return l;
}

static bool lookup_failed(const struct endpoint *to, int code, int err, struct error *e)
{
	if (!is_answer(code)) {
		error_set(e, ERROR_NETWORK, "no network or DNS: cannot look up %s", to->host);
		return error_why(e, "%s", code == EAI_SYSTEM ? strerror(err) : gai_strerror(code));
	}
	if (code != EAI_NONAME && to->ip != IP_ANY)
		return error_set(e, ERROR_HOST, "\"%s\" has no IPv%c address", to->host,
			to->ip == IP_4 ? '4' : '6');
	return error_set(e, ERROR_HOST, "no such host \"%s\"", to->host);
}

static bool look_up_name(const struct endpoint *to, const char *name, const char *port,
	const struct addrinfo *hints, int64_t deadline, int stop_fd, struct addrinfo **list,
	struct error *e)
{
	struct pollfd fds[2] = {{.events = POLLIN}};
	struct lookup *l = lookup_start(name, port, hints, &fds[0].fd, e);
	enum wait ended;
	int code, err;

	if (!l)
		return false;
	ended = wait_for(fds, 1, stop_fd, deadline);
	close(fds[0].fd);
	pthread_mutex_lock(&l->lock);
	code = l->code;
	err = l->err;
	if (ended == WAIT_READY) {
		*list = l->list;
		l->list = NULL;
	}
	pthread_mutex_unlock(&l->lock);
	lookup_release(l);
	if (ended == WAIT_STOPPED)
		return stopped(e);
	if (ended == WAIT_LATE) {
		error_set(e, ERROR_NETWORK, "no network or DNS: cannot look up %s", to->host);
		return error_why(e, "no answer within %g s", (double)to->connect_timeout_ms / 1000);
	}
	return code == 0 || lookup_failed(to, code, err, e);
}

static bool look_up(const struct endpoint *to, int64_t deadline, int stop_fd,
	struct addrinfo **list, struct error *e)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_family = to->ip == IP_4 ? AF_INET
			: to->ip == IP_6    ? AF_INET6
					    : AF_UNSPEC,
		.ai_socktype = SOCK_STREAM};
	char port[8], *name;
	bool done;

	snprintf(port, sizeof(port), "%u", (unsigned)to->port);
	if (getaddrinfo(to->host, port, &hints, list) == 0)
		return true;
	name = dial_name(to->host, e);
	if (!name)
		return false;
	hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
	done = look_up_name(to, name, port, &hints, deadline, stop_fd, list, e);
	free(name);
	return done;
}

static void add_address(struct race *r, const struct addrinfo *at)
{
	struct attempt *a = &r->attempts[r->n];

	if (getnameinfo(at->ai_addr, at->ai_addrlen, a->address, sizeof(a->address), NULL, 0,
		    NI_NUMERICHOST) != 0)
		snprintf(a->address, sizeof(a->address), "?");
	/* Files of hosts often name one address on two lines. */
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->attempts[i].address, a->address) == 0)
			return;
	a->fd = -1;
	r->at[r->n++] = at;
}

/* RFC 8305 s.4: the order of the system's answer, but the families take turns. */
static void line_up(struct race *r, const struct addrinfo *list)
{
	const struct addrinfo *next[2] = {list, list};

	for (int other = 0; r->n < ADDRESSES_MAX && (next[0] || next[1]); other = !other) {
		const struct addrinfo **at = &next[other];

		while (*at && ((*at)->ai_family != list->ai_family) != other)
			*at = (*at)->ai_next;
		if (*at) {
			add_address(r, *at);
			*at = (*at)->ai_next;
		}
	}
}

static void give_up(struct race *r, struct attempt *a, int err)
{
	if (a->fd >= 0) {
		close(a->fd);
		r->open--;
	}
	a->fd = -1;
	a->err = err;
	r->next_ms = clock_ms();
}

static void start_next(struct race *r)
{
	const struct addrinfo *at = r->at[r->started];
	struct attempt *a = &r->attempts[r->started++];
	int fd = socket(at->ai_family, SOCK_STREAM, at->ai_protocol);

	if (fd < 0) {
		give_up(r, a, errno);
		return;
	}
	a->fd = fd;
	r->open++;
	r->next_ms = clock_ms() + ATTEMPT_GAP_MS;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	/* Even when it succeeds at once, poll will say so. */
	if (connect(fd, at->ai_addr, at->ai_addrlen) < 0 && errno != EINPROGRESS && errno != EINTR)
		give_up(r, a, errno);
}

/* Looks at the attempt whose descriptor is ready; true when it is the winner. */
static bool settle(struct race *r, struct attempt *a)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err == 0)
		return true;
	give_up(r, a, err);
	return false;
}

/* "192.0.2.7, 192.0.2.8 and 2001:db8::7", or more than six of them shortened; a fresh string. */
static char *tried(const struct race *r)
{
	struct buf words = {NULL, 0, 0};
	size_t shown = r->started > 7 ? 6 : r->started;

	for (size_t i = 0; i < shown; i++) {
		bool last = i + 1 == r->started;

		buf_printf(&words, "%s%s",
			i == 0         ? ""
				: last ? " and "
				       : ", ",
			r->attempts[i].address);
	}
	if (shown < r->started)
		buf_printf(&words, " and %zu more", r->started - shown);
	return buf_detach(&words);
}

/* The error that says most: somebody who refuses tells more than a family that is not there. */
static int best_error(const struct race *r)
{
	int best = 0;

	for (size_t i = 0; i < r->started; i++) {
		int err = r->attempts[i].err;
		bool absent = err == ENETUNREACH || err == ENETDOWN || err == EADDRNOTAVAIL ||
			err == EAFNOSUPPORT;

		if (err == ECONNREFUSED)
			return err;
		if (best == 0 || !absent)
			best = err;
	}
	return best;
}

static void all_failed(const struct race *r, const struct endpoint *to, struct error *e)
{
	int err = best_error(r);
	char *list = tried(r);
	struct where where = dial_where(to->host, to->port);

	if (err == ENETUNREACH || err == ENETDOWN || err == EADDRNOTAVAIL || err == EAFNOSUPPORT) {
		error_set(e, ERROR_NETWORK, "no network (%s)", strerror(err));
	} else if (err == ECONNREFUSED) {
		error_set(e, ERROR_NETWORK, "%s refuses connections (tried %s)", where.text, list);
		if (to->port != 995 && to->port != 110)
			error_remedy(e, "POP3 over TLS is normally port 995", "port = 995");
	} else {
		error_set(e, ERROR_NETWORK, "cannot connect to %s: %s (tried %s)", where.text,
			strerror(err), list);
	}
	free(list);
}

static void too_late(const struct race *r, const struct endpoint *to, struct error *e)
{
	char *list = tried(r);

	error_set(e, ERROR_NETWORK, "cannot connect to %s within %g s (tried %s)",
		dial_where(to->host, to->port).text, (double)to->connect_timeout_ms / 1000, list);
	free(list);
}

/* Waits until an attempt is ready or the next is due; *winner is the first that is connected. */
static enum wait wait_for_race(
	struct race *r, int64_t deadline, int stop_fd, struct attempt **winner)
{
	struct pollfd fds[ADDRESSES_MAX + 1];
	int64_t until = r->started < r->n && r->next_ms < deadline ? r->next_ms : deadline;
	enum wait ended;

	for (size_t i = 0; i < r->started; i++)
		fds[i] = (struct pollfd){.fd = r->attempts[i].fd, .events = POLLOUT};
	ended = wait_for(fds, r->started, stop_fd, until);
	if (ended == WAIT_LATE && until < deadline)
		return WAIT_READY;
	for (size_t i = 0; ended == WAIT_READY && i < r->started && !*winner; i++)
		if (fds[i].fd >= 0 && fds[i].revents && settle(r, &r->attempts[i]))
			*winner = &r->attempts[i];
	return ended;
}

static bool run_race(struct race *r, const struct endpoint *to, int64_t deadline, int stop_fd,
	int *fd, struct error *e)
{
	struct attempt *winner = NULL;

	while (!winner) {
		while (r->started < r->n && (r->open == 0 || clock_ms() >= r->next_ms))
			start_next(r);
		if (r->open == 0) {
			all_failed(r, to, e);
			return false;
		}
		switch (wait_for_race(r, deadline, stop_fd, &winner)) {
		case WAIT_STOPPED:
			return stopped(e);
		case WAIT_LATE:
			too_late(r, to, e);
			return false;
		case WAIT_READY:
			break;
		}
	}
	*fd = winner->fd;
	winner->fd = -1;
	return true;
}

bool dial_race(const struct addrinfo *list, const struct endpoint *to, int64_t deadline_ms,
	int stop_fd, int *fd, struct error *e)
{
	struct race race = {.n = 0};
	bool done;

	line_up(&race, list);
	done = run_race(&race, to, deadline_ms, stop_fd, fd, e);
	for (size_t i = 0; i < race.started; i++)
		if (race.attempts[i].fd >= 0)
			close(race.attempts[i].fd);
	return done;
}

bool dial(const struct endpoint *to, int stop_fd, struct stream **out, struct error *e)
{
	int64_t deadline = clock_ms() + to->connect_timeout_ms;
	struct addrinfo *list = NULL;
	int fd = -1, on = 1;
	bool done;

	if (!look_up(to, deadline, stop_fd, &list, e))
		return false;
	done = dial_race(list, to, deadline, stop_fd, &fd, e);
	freeaddrinfo(list);
	if (!done)
		return false;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*out = stream_over_fd(fd);
	return true;
}
