/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SRV records by the C library's resolver: its configuration, its servers, and TCP where an answer
 * is too long for a datagram. It waits as long as it likes, so it runs aside; its own limits keep
 * the thread from waiting much longer than we do. _DEFAULT_SOURCE: POSIX knows no resolver.
 */
#define _DEFAULT_SOURCE
#include "net/srv.h"

#include <sys/types.h>

#include <netinet/in.h>

#include <arpa/nameser.h>
#include <gnutls/crypto.h>
#include <limits.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/aside.h"
#include "net/wait.h"

enum {
	ANSWER_MAX = 64 * 1024, /* what TCP can carry */
	HEAD = 12,              /* octets of it */
	QUESTION = 4,           /* behind a question's name */
	RECORD = 10,            /* between a record's name and its data */
	FIXED = 6,              /* in front of the target, in the data */
	TRY_S = 2,
	TRIES = 2,
};

/* ---- reading an answer ---- */

static bool fit_host(const char *host)
{
	return host[0] &&
		host[strspn(host,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")] ==
		'\0';
}

/*
 * By hand, since what the C library has for it is not in libc: each run of ours, which has no use
 * for it, would load one more library.
 */
struct answer {
	const unsigned char *base, *at, *end;
};

/* True if so many octets are there; else nothing of it is read. */
static bool has(const struct answer *a, size_t octets)
{
	return (size_t)(a->end - a->at) >= octets;
}

static unsigned get_16(const unsigned char *octets)
{
	return (unsigned)octets[0] << 8 | octets[1];
}

/* The name in front of a question or a record. */
static bool skip_name(struct answer *a)
{
	int len = dn_skipname(a->at, a->end);

	a->at += len < 0 ? 0 : len;
	return len >= 0;
}

/* Adds the target that one SRV record names; one that no host can have is left out. */
static void take_target(
	const struct answer *a, const unsigned char *data, struct srv *out, bool *refused)
{
	struct srv_target *t = &out->targets[out->n];
	char host[NS_MAXDNAME];
	size_t len;

	if (ns_name_uncompress(a->base, a->end, data + FIXED, host, sizeof(host)) < 0)
		return;
	len = strlen(host);
	if (strcmp(host, ".") == 0 || !len) {
		*refused = true;
		return;
	}
	if (host[len - 1] == '.')
		host[--len] = '\0';
	t->priority = (uint16_t)get_16(data);
	t->weight = (uint16_t)get_16(data + 2);
	t->port = (uint16_t)get_16(data + 4);
	if (!t->port || len >= sizeof(t->host) || !fit_host(host))
		return;
	memcpy(t->host, host, len + 1);
	out->n++;
}

/* One record (RFC 1035 s.4.1.3): name, type, class, time to live, length, data. */
static bool take_record(struct answer *a, struct srv *out, bool *refused)
{
	const unsigned char *fields, *data;
	unsigned len;

	if (!skip_name(a) || !has(a, RECORD))
		return false;
	fields = a->at;
	len = get_16(fields + 8);
	a->at += RECORD;
	if (!has(a, len))
		return false;
	data = a->at;
	a->at += len;
	if (get_16(fields) == ns_t_srv && get_16(fields + 2) == ns_c_in && len > FIXED &&
		out->n < SRV_TARGETS_MAX)
		take_target(a, data, out, refused);
	return true;
}

bool srv_read(struct span answer, struct srv *out)
{
	const unsigned char *base = (const unsigned char *)answer.data;
	struct answer a = {base, base, base + answer.len};
	bool refused = false;

	memset(out, 0, sizeof(*out));
	out->answer = SRV_FAILED;
	if (answer.len > ANSWER_MAX || !has(&a, HEAD))
		return false;
	a.at += HEAD;
	for (unsigned n = get_16(base + 4); n > 0; n--) {
		if (!skip_name(&a) || !has(&a, QUESTION))
			return false;
		a.at += QUESTION;
	}
	for (unsigned n = get_16(base + 6); n > 0; n--)
		if (!take_record(&a, out, &refused))
			return false;
	out->answer = out->n ? SRV_FOUND : refused ? SRV_REFUSED : SRV_NONE;
	return true;
}

/* ---- their order ---- */

/* By priority, and those without weight in front of others of the same priority. */
static int compare(const void *left, const void *right)
{
	const struct srv_target *a = left, *b = right;

	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	return (a->weight > 0) - (b->weight > 0);
}

/* Draws the next of the targets from up to end, which have one priority. */
static void draw(struct srv_target *from, const struct srv_target *end,
	uint32_t (*pick)(void *context, uint32_t max), void *context)
{
	struct srv_target *at = from, drawn;
	uint32_t sum = 0, limit;

	for (const struct srv_target *t = from; t < end; t++)
		sum += t->weight;
	limit = pick(context, sum);
	for (sum = at->weight; sum < limit && at + 1 < end; sum += at->weight)
		at++;
	drawn = *at;
	memmove(from + 1, from, (size_t)(at - from) * sizeof(*from));
	*from = drawn;
}

void srv_sort(struct srv *srv, uint32_t (*pick)(void *context, uint32_t max), void *context)
{
	const struct srv_target *end = srv->targets + srv->n;

	if (srv->n)
		qsort(srv->targets, srv->n, sizeof(*srv->targets), compare);
	for (struct srv_target *t = srv->targets; t < end; t++) {
		const struct srv_target *same = t + 1;

		while (same < end && same->priority == t->priority)
			same++;
		draw(t, same, pick, context);
	}
}

static uint32_t pick_by_chance(void *context, uint32_t max)
{
	uint32_t n = 0;

	(void)context;
	/* Without chance it is the first. */
	if (gnutls_rnd(GNUTLS_RND_NONCE, &n, sizeof(n)) < 0)
		return 0;
	return n % (max + 1);
}

/* ---- asking ---- */

struct question {
	char *name;
	int code; /* of res_h_errno; 0: answered */
	struct srv srv;
};

static void question_drop(void *work)
{
	struct question *q = work;

	free(q->name);
	free(q);
}

static void question_run(void *work)
{
	struct question *q = work;
	struct __res_state state;
	unsigned char *answer;
	int len;

	memset(&state, 0, sizeof(state));
	q->code = NETDB_INTERNAL;
	if (res_ninit(&state) < 0)
		return;
	state.retrans = TRY_S;
	state.retry = TRIES;
	answer = xmalloc(ANSWER_MAX);
	len = res_nquery(&state, q->name, ns_c_in, ns_t_srv, answer, ANSWER_MAX);
	q->code = len < 0 ? state.res_h_errno : 0;
	if (len >= 0 && !srv_read((struct span){(const char *)answer, (size_t)len}, &q->srv))
		q->srv.answer = SRV_FAILED;
	free(answer);
	res_nclose(&state);
}

static bool take_answer(const struct question *q, struct srv *out, struct error *e)
{
	*out = q->srv;
	switch (q->code) {
	case 0:
		if (q->srv.answer == SRV_FAILED)
			return error_set(e, ERROR_PROTOCOL,
				"the name server's answer for %s cannot be read", q->name);
		srv_sort(out, pick_by_chance, NULL);
		return true;
	case HOST_NOT_FOUND:
	case NO_DATA:
		out->answer = SRV_NONE;
		return true;
	default:
		return error_set(e, ERROR_NETWORK, "no network or DNS: cannot look up %s", q->name);
	}
}

static bool wait_for_answer(struct aside *aside, int wake_fd, const char *name, int64_t deadline_ms,
	int stop_fd, struct srv *out, struct error *e)
{
	struct pollfd fds[2] = {{.fd = wake_fd, .events = POLLIN}};
	const struct question *q;

	switch (wait_for(fds, 1, stop_fd, deadline_ms)) {
	case WAIT_READY:
		q = aside_done(aside);
		if (q)
			return take_answer(q, out, e);
		break;
	case WAIT_STOPPED:
		return wait_stopped(e);
	case WAIT_LATE:
		break;
	}
	error_set(e, ERROR_NETWORK, "no network or DNS: cannot look up %s", name);
	error_about(e, ERROR_ABOUT_NO_NETWORK);
	return error_why(e, "the name server does not answer");
}

bool srv_look_up(
	const char *name, int64_t deadline_ms, int stop_fd, struct srv *out, struct error *e)
{
	struct question *q = xcalloc(1, sizeof(*q));
	struct aside *aside;
	int wake_fd;
	bool done;

	memset(out, 0, sizeof(*out));
	out->answer = SRV_FAILED;
	q->name = xstrdup(name);
	aside = aside_start(question_run, question_drop, q, &wake_fd, e);
	if (!aside)
		return false;
	done = wait_for_answer(aside, wake_fd, name, deadline_ms, stop_fd, out, e);
	aside_leave(aside);
	close(wake_fd);
	return done;
}
