/* SPDX-License-Identifier: GPL-3.0-or-later */
/* getaddrinfo() cannot be given a timeout, so it runs aside. */
#include "net/lookup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "net/aside.h"
#include "net/wait.h"

enum { V4_ALONE_MS = 500 };

struct lookup {
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

static void lookup_drop(void *work)
{
	struct lookup *l = work;

	if (l->list)
		freeaddrinfo(l->list);
	free(l->host);
	free(l);
}

static void lookup_run(void *work)
{
	struct lookup *l = work;

	l->code = getaddrinfo(l->host, l->port, &l->hints, &l->list);
	/* Without a network AI_ADDRCONFIG hides names that stand for the machine itself. */
	if (l->code != 0 && is_answer(l->code)) {
		l->hints.ai_flags &= ~AI_ADDRCONFIG;
		l->code = getaddrinfo(l->host, l->port, &l->hints, &l->list);
	}
	l->err = errno;
	if (l->code != 0)
		l->list = NULL;
}

static bool lookup_failed(const struct endpoint *to, int code, int err, struct error *e)
{
	const char *behind = to->is_proxy ? _(" (the proxy)") : "";

	if (!is_answer(code)) {
		error_set(e, ERROR_NETWORK, "no network or DNS: cannot look up %s",
			dial_called(to, to->host).text);
		error_about(e, ERROR_ABOUT_NO_NETWORK);
		return error_why(e, "%s", code == EAI_SYSTEM ? strerror(err) : gai_strerror(code));
	}
	if (code != EAI_NONAME && to->ip != IP_ANY)
		return error_set(e, ERROR_HOST, "\"%s\"%s has no IPv%c address", to->host, behind,
			to->ip == IP_4 ? '4' : '6');
	error_set(e, ERROR_HOST, "no such host \"%s\"%s", to->host, behind);
	/* The C library says the same of a host in /etc/hosts that has only the other kind. */
	if (to->ip != IP_ANY)
		error_why(e, "only an IPv%c address was asked for", to->ip == IP_4 ? '4' : '6');
	return false;
}

/* ---- one question, or two ---- */

/* fd becomes readable with the answer; -1: nothing is asked, or the answer was taken. */
struct question {
	struct aside *aside;
	int fd;
};

static bool ask(struct question *q, const char *name, const char *port,
	const struct addrinfo *hints, struct error *e)
{
	struct lookup *l = xcalloc(1, sizeof(*l));

	l->host = xstrdup(name);
	snprintf(l->port, sizeof(l->port), "%s", port);
	l->hints = *hints;
	q->aside = aside_start(lookup_run, lookup_drop, l, &q->fd, e);
	if (!q->aside)
		q->fd = -1;
	return q->aside != NULL;
}

/* An answer that is still to come is thrown away by its thread. */
static void drop(struct question *q)
{
	if (q->fd < 0)
		return;
	aside_leave(q->aside);
	close(q->fd);
	q->fd = -1;
}

/* Its code, 0: *list is found. */
static int take_answer(struct question *q, struct addrinfo **list, int *err)
{
	struct lookup *l = aside_done(q->aside);
	int code = l ? l->code : EAI_SYSTEM;

	if (l) {
		*err = l->err;
		*list = l->list;
		l->list = NULL;
	}
	drop(q);
	return code;
}

/* The way to the addresses of a name. */
struct search {
	const struct endpoint *to;
	const char *name, *port;
	struct addrinfo hints;
	struct question all, v4;
	int64_t second_ms; /* when v4 is to be asked for; INT64_MAX: it was, or is not to be */
	int code, err;     /* of the answer to all */
	bool found;
};

static void take_answers(
	struct search *s, const struct pollfd fds[2], struct addrinfo **list, struct error *e)
{
	int ignored;

	if (s->all.fd >= 0 && fds[0].revents) {
		s->code = take_answer(&s->all, list, &s->err);
		s->found = s->code == 0;
		/* Nothing is known of the other answer, which may be on its way. */
		if (!s->found && s->v4.fd < 0)
			lookup_failed(s->to, s->code, s->err, e);
	}
	if (!s->found && s->v4.fd >= 0 && fds[1].revents) {
		s->found = take_answer(&s->v4, list, &ignored) == 0;
		if (!s->found && s->all.fd < 0)
			lookup_failed(s->to, s->code, s->err, e);
	}
}

/*
 * There are name servers that leave questions for IPv6 addresses unanswered, for which the system
 * waits longer than anybody would (RFC 8305 s.3): after a while those of IPv4 are asked for alone.
 */
static void ask_for_v4(struct search *s)
{
	struct addrinfo hints = s->hints;

	s->second_ms = INT64_MAX;
	hints.ai_family = AF_INET;
	if (!ask(&s->v4, s->name, s->port, &hints, NULL))
		s->v4.fd = -1;
}

static bool search_late(const struct search *s, struct error *e)
{
	error_set(e, ERROR_NETWORK, "no network or DNS: cannot look up %s",
		dial_called(s->to, s->to->host).text);
	error_about(e, ERROR_ABOUT_NO_NETWORK);
	return error_why(e, "no answer within %g s", (double)s->to->connect_timeout_ms / 1000);
}

static bool search_on(
	struct search *s, int64_t deadline, int stop_fd, struct addrinfo **list, struct error *e)
{
	while (!s->found && (s->all.fd >= 0 || s->v4.fd >= 0)) {
		struct pollfd fds[3] = {
			{.fd = s->all.fd, .events = POLLIN}, {.fd = s->v4.fd, .events = POLLIN}};
		int64_t until = s->second_ms < deadline ? s->second_ms : deadline;

		switch (wait_for(fds, 2, stop_fd, until)) {
		case WAIT_READY:
			take_answers(s, fds, list, e);
			break;
		case WAIT_STOPPED:
			return wait_stopped(e);
		case WAIT_LATE:
			if (until == deadline)
				return search_late(s, e);
			ask_for_v4(s);
			break;
		}
	}
	return s->found;
}

static bool look_up_name(const struct endpoint *to, const char *name, const char *port,
	const struct addrinfo *hints, int64_t deadline, int stop_fd, struct addrinfo **list,
	struct error *e)
{
	struct search s = {.to = to,
		.name = name,
		.port = port,
		.hints = *hints,
		.all = {NULL, -1},
		.v4 = {NULL, -1},
		.second_ms = to->ip == IP_ANY ? clock_ms() + V4_ALONE_MS : INT64_MAX};
	bool done = ask(&s.all, name, port, hints, e) && search_on(&s, deadline, stop_fd, list, e);

	drop(&s.all);
	drop(&s.v4);
	return done;
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
