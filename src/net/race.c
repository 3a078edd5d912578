/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The addresses of a server race (RFC 8305): families take turns, the next address starts 250 ms
 * after the last or as soon as one has failed, the first connection wins and the others are closed.
 */
#include "net/race.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/text.h"
#include "net/source.h"
#include "net/wait.h"

enum { ATTEMPT_GAP_MS = 250 };
_Static_assert(INET6_ADDRSTRLEN + IF_NAMESIZE < DIAL_ADDRESS_ROOM, "an address with its zone fits");

/* Attempt i is the one to the report's address i. */
struct race {
	const struct endpoint *to;
	struct source source;
	struct dial_report *report;
	const struct addrinfo *at[DIAL_ADDRESSES_MAX];
	int fds[DIAL_ADDRESSES_MAX]; /* -1: not open */
	size_t started, open;
	int64_t next_ms;
	int bind_family, bind_err; /* the last that could not be bound; err 0: none */
};

static void add_address(struct race *r, const struct addrinfo *at)
{
	struct dial_report *report = r->report;
	struct dial_address *a = &report->addresses[report->n];

	if (!source_allows(&r->source, at->ai_family))
		return;
	if (getnameinfo(at->ai_addr, at->ai_addrlen, a->text, sizeof(a->text), NULL, 0,
		    NI_NUMERICHOST) != 0)
		snprintf(a->text, sizeof(a->text), "?");
	/* Files of hosts often name one address on two lines. */
	for (size_t i = 0; i < report->n; i++)
		if (strcmp(report->addresses[i].text, a->text) == 0)
			return;
	a->fate = DIAL_UNTRIED;
	r->fds[report->n] = -1;
	r->at[report->n++] = at;
}

/* RFC 8305 s.4: the order of the system's answer, but the families take turns. */
static void line_up(struct race *r, const struct addrinfo *list)
{
	const struct addrinfo *next[2] = {list, list};

	r->report->n = 0;
	for (int other = 0; r->report->n < DIAL_ADDRESSES_MAX && (next[0] || next[1]);
		other = !other) {
		const struct addrinfo **at = &next[other];

		while (*at && ((*at)->ai_family != list->ai_family) != other)
			*at = (*at)->ai_next;
		if (*at) {
			add_address(r, *at);
			*at = (*at)->ai_next;
		}
	}
}

static void give_up(struct race *r, size_t i, int err)
{
	if (r->fds[i] >= 0) {
		close(r->fds[i]);
		r->open--;
	}
	r->fds[i] = -1;
	r->report->addresses[i].fate = DIAL_FAILED;
	r->report->addresses[i].err = err;
	r->next_ms = clock_ms();
}

static bool bind_source(struct race *r, int fd, int family)
{
	int i = source_index(family);
	const struct sockaddr *from = (const struct sockaddr *)&r->source.of[i].at;

	if (r->source.any || bind(fd, from, r->source.of[i].len) == 0)
		return true;
	r->bind_family = family;
	r->bind_err = errno;
	return false;
}

static void start_next(struct race *r)
{
	size_t i = r->started++;
	const struct addrinfo *at = r->at[i];
	int fd = socket(at->ai_family, SOCK_STREAM, at->ai_protocol);

	if (fd < 0) {
		give_up(r, i, errno);
		return;
	}
	r->fds[i] = fd;
	r->report->addresses[i].fate = DIAL_UNFINISHED;
	r->open++;
	r->next_ms = clock_ms() + ATTEMPT_GAP_MS;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if (!bind_source(r, fd, at->ai_family))
		give_up(r, i, r->bind_err);
	/* Even when it succeeds at once, poll will say so. */
	else if (connect(fd, at->ai_addr, at->ai_addrlen) < 0 && errno != EINPROGRESS &&
		errno != EINTR)
		give_up(r, i, errno);
}

/* Looks at the attempt whose descriptor is ready; true when it is the winner. */
static bool settle(struct race *r, size_t i)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(r->fds[i], SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err == 0)
		return true;
	give_up(r, i, err);
	return false;
}

/* "192.0.2.7, 192.0.2.8 and 2001:db8::7", or more than seven of them shortened; a fresh string. */
static char *tried(const struct race *r)
{
	enum { ALL_MAX = 7 };
	const char *shown[ALL_MAX];
	size_t n = r->started > ALL_MAX ? ALL_MAX - 1 : r->started;
	char more[40];
	struct buf words = {NULL, 0, 0};

	for (size_t i = 0; i < n; i++)
		shown[i] = r->report->addresses[i].text;
	if (n < r->started) {
		snprintf(more, sizeof(more), _n("%zu more", "%zu more", r->started - n),
			r->started - n);
		shown[n++] = more;
	}
	text_list(&words, shown, n, false);
	return buf_detach(&words);
}

static bool is_absent(int err)
{
	return err == ENETUNREACH || err == ENETDOWN || err == EADDRNOTAVAIL || err == EAFNOSUPPORT;
}

/* The error that says most: somebody who refuses tells more than a family that is not there. */
static int best_error(const struct race *r)
{
	int best = 0;

	for (size_t i = 0; i < r->started; i++) {
		int err = r->report->addresses[i].err;

		if (err == ECONNREFUSED)
			return err;
		if (best == 0 || !is_absent(err))
			best = err;
	}
	return best;
}

/* What is configured may be there again later, as a tunnel's address is: no error of the file. */
static bool no_source(const struct race *r, struct error *e)
{
	const char *source = r->source.of[source_index(r->bind_family)].text;

	if (r->bind_err == EADDRNOTAVAIL)
		return error_set(e, ERROR_NETWORK,
			"source-address %s is not an address of this machine", source);
	return error_sys(
		e, ERROR_NETWORK, r->bind_err, "cannot connect from source-address %s", source);
}

/* What the user meant is a guess. */
static void about_port(struct error *e)
{
	error_remedy(e, "POP3 over TLS is normally port 995", "port = 995");
	error_about(e, ERROR_ABOUT_PORT);
}

static bool all_failed(const struct race *r, struct error *e)
{
	const struct endpoint *to = r->to;
	int err = best_error(r);
	char *list;
	struct where where = dial_where(to->host, to->port);

	if (r->bind_err && err == r->bind_err)
		return no_source(r, e);
	list = tried(r);
	if (is_absent(err)) {
		error_set(e, ERROR_NETWORK, "no network (%s)", strerror(err));
		error_about(e, ERROR_ABOUT_NO_NETWORK);
	} else if (err == ECONNREFUSED) {
		error_set(e, ERROR_NETWORK, "%s refuses connections (tried %s)",
			dial_called(to, where.text).text, list);
		if (!to->is_proxy && to->port != 995 && to->port != 110)
			about_port(e);
	} else {
		error_set(e, ERROR_NETWORK, "cannot connect to %s: %s (tried %s)",
			dial_called(to, where.text).text, strerror(err), list);
	}
	free(list);
	return false;
}

static bool too_late(const struct race *r, struct error *e)
{
	const struct endpoint *to = r->to;
	char *list = tried(r);

	error_set(e, ERROR_NETWORK, "cannot connect to %s within %g s (tried %s)",
		dial_called(to, dial_where(to->host, to->port).text).text,
		(double)to->connect_timeout_ms / 1000, list);
	free(list);
	return false;
}

/* All addresses are of the family that the source is not of. */
static bool wrong_family(const struct race *r, struct error *e)
{
	bool v4 = r->source.of[0].len != 0;

	error_set(e, ERROR_CONFIG, "source-address %s is an IPv%c address, but %s has none",
		r->source.of[v4 ? 0 : 1].text, v4 ? '4' : '6',
		dial_called(r->to, r->to->host).text);
	return error_remedy(e, "to connect all the same",
		"source-address = any, or \"IPv4-ADDRESS, IPv6-ADDRESS\"");
}

/*
 * Waits until an attempt is ready or the next is due; *winner is the first that is connected, and
 * stays as it is when none is.
 */
static enum wait wait_for_race(struct race *r, int64_t deadline, int stop_fd, size_t *winner)
{
	struct pollfd fds[DIAL_ADDRESSES_MAX + 1];
	bool more = r->started < r->report->n;
	int64_t until = more && r->next_ms < deadline ? r->next_ms : deadline;
	enum wait ended;

	for (size_t i = 0; i < r->started; i++)
		fds[i] = (struct pollfd){.fd = r->fds[i], .events = POLLOUT};
	ended = wait_for(fds, r->started, stop_fd, until);
	if (ended == WAIT_LATE && until < deadline)
		return WAIT_READY;
	for (size_t i = 0; ended == WAIT_READY && i < r->started; i++) {
		if (fds[i].fd < 0 || !fds[i].revents || !settle(r, i))
			continue;
		*winner = i;
		break;
	}
	return ended;
}

static bool run_race(struct race *r, int64_t deadline, int stop_fd, int *fd, struct error *e)
{
	size_t n = r->report->n, winner = n;

	while (winner == n) {
		/* One that is due, and then a look at all: late as it may be here, one may be
		 * connected. */
		if (r->started < n && r->open > 0 && clock_ms() >= r->next_ms)
			start_next(r);
		while (r->started < n && r->open == 0)
			start_next(r);
		if (r->open == 0)
			return all_failed(r, e);
		switch (wait_for_race(r, deadline, stop_fd, &winner)) {
		case WAIT_STOPPED:
			return wait_stopped(e);
		case WAIT_LATE:
			return too_late(r, e);
		case WAIT_READY:
			break;
		}
	}
	r->report->addresses[winner].fate = DIAL_TAKEN;
	r->report->connected = true;
	*fd = r->fds[winner];
	r->fds[winner] = -1;
	return true;
}

static bool set_up(struct race *r, const struct endpoint *to, const struct addrinfo *list,
	struct dial_report *report, struct error *e)
{
	*r = (struct race){.to = to, .report = report};
	if (!source_parse(to->source, &r->source))
		return error_set(e, ERROR_CONFIG, "source-address is no address");
	line_up(r, list);
	return report->n > 0 || wrong_family(r, e);
}

bool race_line_up(const struct addrinfo *list, const struct endpoint *to,
	struct dial_report *report, struct error *e)
{
	struct race race;

	return set_up(&race, to, list, report, e);
}

bool dial_race(const struct addrinfo *list, const struct endpoint *to, int64_t deadline_ms,
	int stop_fd, struct dial_report *report, int *fd, struct error *e)
{
	struct race race;
	bool done;

	if (!set_up(&race, to, list, report, e))
		return false;
	done = run_race(&race, deadline_ms, stop_fd, fd, e);
	for (size_t i = 0; i < race.started; i++)
		if (race.fds[i] >= 0)
			close(race.fds[i]);
	return done;
}
