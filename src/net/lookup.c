/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * getaddrinfo() cannot be given a timeout, so it runs in a thread of its own that nobody joins:
 * what both sides need is counted by reference, and an answer that comes too late is thrown away by
 * the thread itself.
 */
#include "net/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/wait.h"

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

static const char *role(const struct endpoint *to)
{
	return to->is_proxy ? "the proxy " : "";
}

static bool lookup_failed(const struct endpoint *to, int code, int err, struct error *e)
{
	const char *behind = to->is_proxy ? " (the proxy)" : "";

	if (!is_answer(code)) {
		error_set(e, ERROR_NETWORK, "no network or DNS: cannot look up %s%s", role(to),
			to->host);
		return error_why(e, "%s", code == EAI_SYSTEM ? strerror(err) : gai_strerror(code));
	}
	if (code != EAI_NONAME && to->ip != IP_ANY)
		return error_set(e, ERROR_HOST, "\"%s\"%s has no IPv%c address", to->host, behind,
			to->ip == IP_4 ? '4' : '6');
	return error_set(e, ERROR_HOST, "no such host \"%s\"%s", to->host, behind);
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
		return wait_stopped(e);
	if (ended == WAIT_LATE) {
		error_set(e, ERROR_NETWORK, "no network or DNS: cannot look up %s%s", role(to),
			to->host);
		return error_why(e, "no answer within %g s", (double)to->connect_timeout_ms / 1000);
	}
	return code == 0 || lookup_failed(to, code, err, e);
}

bool look_up(const struct endpoint *to, int64_t deadline, int stop_fd, struct addrinfo **list,
	struct error *e)
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
