/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loop of the engine's header, over a stream that never blocks: whatever can be written is
 * written, and reading never waits for writing, so that neither side can block the other. connect.c
 * opens a session, login.c logs in.
 */
#include "session/session_inner.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"

enum { ARRIVAL_TIMEOUTS = 10, POLL_MAX_MS = 60000, END_PATIENCE_MS = 10 * 1000 };

bool session_quote(struct session *s, struct error *e, struct span words)
{
	return error_server(e, session_hide(s, words));
}

/* What is read by us, and not only by people: a stamp, or a UID, stays as it is. */
static bool is_data(const struct pop3_event *ev)
{
	return ev->ok &&
		(ev->verb == POP3_GREETING || ev->verb == POP3_UIDL || ev->verb == POP3_LIST);
}

/* A refusal without a reason may be one of a server that did not expect the command yet. */
static bool is_answer(const struct pop3_event *ev)
{
	return ev->ok || (ev->code != POP3_CODE_NONE && ev->code != POP3_CODE_OTHER);
}

/* Engine and stream say "the server"; the user wants to know which. */
void session_name_host(const struct session *s, struct error *e)
{
	static const char generic[] = "the server";
	struct error named = *e;

	if (strncmp(e->text, generic, strlen(generic)) != 0)
		return;
	snprintf(named.text, sizeof(named.text), "%s%.300s", s->account->endpoint.host,
		e->text + strlen(generic));
	*e = named;
}

static enum session_result failed(struct session *s, struct error *e)
{
	session_name_host(s, e);
	return SESSION_FAILED;
}

static bool fail_silent(struct session *s, struct error *e)
{
	/* Of a server that has proved itself, silence says nothing but that the line is down. */
	s->lost_step = pop3_outstanding(s->engine) > 1 && !s->setting->pipelining_proven;
	s->silent = !s->began;
	return error_set(e, ERROR_NETWORK,
		s->silent ? N_("%s:%u sent nothing for %lld s")
			  : N_("%s:%u sent no whole line in %lld s"),
		s->account->endpoint.host, (unsigned)s->account->endpoint.port,
		(long long)(s->timeout_ms / 1000));
}

void session_depart(struct session *s)
{
	s->moved = true;
	s->arrival_ms = clock_ms() + (int64_t)ARRIVAL_TIMEOUTS * s->account->timeout_ms;
}

void session_arrived(struct session *s)
{
	s->arrival_ms = 0;
}

/* Each answer may come in time and all of them never end: a listing that drips. */
static bool is_overdue(const struct session *s, int64_t now_ms, struct error *e)
{
	char limit[32];

	if (!s->arrival_ms || now_ms < s->arrival_ms)
		return false;
	text_duration(limit, sizeof(limit), ARRIVAL_TIMEOUTS * s->account->timeout_ms / 1000);
	error_set(e, ERROR_NETWORK, "%s:%u has not told within %s what mail there is",
		s->account->endpoint.host, (unsigned)s->account->endpoint.port, limit);
	return true;
}

/* Writes what it can. False: the connection failed. */
static bool flush(struct session *s, bool *blocked, struct error *e)
{
	struct span out;

	*blocked = false;
	while ((out = pop3_output(s->engine)).len) {
		size_t n = 0;

		switch (s->stream->ops->write(s->stream, out, &n, e)) {
		case STREAM_OK:
			pop3_sent(s->engine, n);
			s->moved = true;
			break;
		case STREAM_WANT_READ:
			s->want_read_to_write = true;
			*blocked = true;
			return true;
		case STREAM_WANT_WRITE:
			*blocked = true;
			return true;
		default:
			return false;
		}
	}
	return true;
}

enum got { GOT_OCTETS, GOT_NOTHING, GOT_END, GOT_FAILURE };

static enum got fill(struct session *s, struct error *e)
{
	size_t room, n = 0;
	char *to = pop3_space(s->engine, &room);

	s->want_write_to_read = false;
	switch (s->stream->ops->read(s->stream, to, room, &n, e)) {
	case STREAM_OK:
		pop3_received(s->engine, n);
		s->began = true;
		return GOT_OCTETS;
	case STREAM_WANT_WRITE:
		s->want_write_to_read = true;
		return GOT_NOTHING;
	case STREAM_WANT_READ:
		return GOT_NOTHING;
	case STREAM_EOF:
		pop3_eof(s->engine);
		return GOT_END;
	default:
		return GOT_FAILURE;
	}
}

/* What has come before anything was asked is no answer: the engine sees it and fails. */
static void look_for_stray_octets(struct session *s)
{
	struct error ignored;

	(void)fill(s, &ignored);
}

bool session_send(struct session *s, const struct pop3_command *command, struct error *e)
{
	if (!pop3_outstanding(s->engine))
		look_for_stray_octets(s);
	if (!pop3_send(s->engine, command, e)) {
		s->lost_step = pop3_failure(s->engine)->kind == ERROR_PROTOCOL &&
			session_pipelining(s);
		session_name_host(s, e);
		return false;
	}
	s->last_sent = command->verb;
	s->utf8 = s->utf8 || command->verb == POP3_UTF8;
	if (pop3_outstanding(s->engine) == 1)
		s->moved = true;
	session_trace_command(s, command);
	return true;
}

/* Whether there is a request to stop that was not seen before. */
static bool see_stop(struct session *s)
{
	if (s->stop_seen || !*s->setting->stop)
		return false;
	s->stop_seen = true;
	return true;
}

/* Waits for the socket, the committer or a stop request. SESSION_EVENT: go on with the loop. */
static enum session_result wait_for(
	struct session *s, int wake_fd, bool listen, bool blocked, struct error *e)
{
	int64_t now_ms = clock_ms(), left_ms;
	struct pollfd fds[3] = {
		{.fd = s->stream->ops->fd(s->stream)},
		{.fd = wake_fd, .events = POLLIN},
		{.fd = s->stop_seen ? -1 : s->setting->stop_fd, .events = POLLIN},
	};
	int limit_ms, n;

	if (s->moved || !listen) {
		s->since_ms = now_ms;
		s->began = false;
	}
	s->moved = false;
	left_ms = s->since_ms + s->timeout_ms - now_ms;
	if (s->arrival_ms && s->arrival_ms - now_ms < left_ms)
		left_ms = s->arrival_ms - now_ms;
	if (listen && !s->want_write_to_read)
		fds[0].events |= POLLIN;
	if (s->want_write_to_read || (blocked && !s->want_read_to_write))
		fds[0].events |= POLLOUT;
	if (!fds[0].events)
		fds[0].fd = -1;
	if (listen && left_ms <= 0) {
		if (!is_overdue(s, now_ms, e))
			fail_silent(s, e);
		return SESSION_FAILED;
	}
	/* Where one answer is awaited, each of its segments may be one that holds up the next. */
	if (listen && (!session_pipelining(s) || session_outstanding(s) <= 1))
		stream_acknowledge(s->stream);
	limit_ms = listen ? (int)(left_ms < POLL_MAX_MS ? left_ms : POLL_MAX_MS) : -1;
	if (s->wake_after_ms && (limit_ms < 0 || s->wake_after_ms < limit_ms))
		limit_ms = s->wake_after_ms;
	n = poll(fds, 3, limit_ms);
	if (n < 0 && errno != EINTR) {
		error_sys(e, ERROR_INTERNAL, errno, "cannot wait for the server");
		return SESSION_FAILED;
	}
	if (n == 0 && s->wake_after_ms) {
		s->wake_after_ms = 0;
		return SESSION_WOKEN;
	}
	return see_stop(s) || (n > 0 && fds[1].revents) ? SESSION_WOKEN : SESSION_EVENT;
}

enum session_result session_next(
	struct session *s, int wake_fd, bool listen, struct pop3_event *ev, struct error *e)
{
	bool ended = false;

	for (;;) {
		bool blocked;
		enum session_result result;
		enum pop3_event_type type;

		/* Looked for here, where a server that never pauses comes along as well. */
		if (see_stop(s))
			return SESSION_WOKEN;
		type = pop3_next(s->engine, ev);
		if (type == POP3_FAILED) {
			*e = *pop3_failure(s->engine);
			s->lost_step = e->kind == ERROR_PROTOCOL && pop3_outstanding(s->engine) > 1;
			s->closed = e->kind == ERROR_NETWORK;
			return failed(s, e);
		}
		if (type != POP3_NEED_INPUT) {
			if (type == POP3_REPLY && !is_data(ev))
				ev->text = session_hide(s, ev->text);
			if (type == POP3_REPLY && ev->verb == s->unheard && is_answer(ev))
				s->unheard = POP3_GREETING;
			session_trace_event(s, ev);
			s->moved = true;
			return SESSION_EVENT;
		}
		if (ended) {
			s->closed = true;
			error_set(e, ERROR_NETWORK, "the server closed the connection");
			return failed(s, e);
		}
		s->want_read_to_write = false;
		if (!flush(s, &blocked, e)) {
			s->closed = e->kind == ERROR_NETWORK;
			return failed(s, e);
		}
		if (listen && pop3_outstanding(s->engine)) {
			enum got got = fill(s, e);

			if (got == GOT_FAILURE) {
				s->closed = e->kind == ERROR_NETWORK;
				return failed(s, e);
			}
			ended = got == GOT_END;
			if (s->arrival_ms && is_overdue(s, clock_ms(), e))
				return failed(s, e);
			if (got != GOT_NOTHING)
				continue;
		}
		result = wait_for(s, wake_fd, listen && pop3_outstanding(s->engine), blocked, e);
		if (result != SESSION_EVENT)
			return result == SESSION_FAILED ? failed(s, e) : result;
	}
}

void session_wake_after(struct session *s, int ms)
{
	s->wake_after_ms = ms;
}

void session_hurry(struct session *s, int64_t ms)
{
	if (ms < s->timeout_ms)
		s->timeout_ms = ms;
}

bool session_end(struct session *s)
{
	struct pop3_event ev;
	struct error ignored;

	session_hurry(s, END_PATIENCE_MS);
	for (;;) {
		if (pop3_next(s->engine, &ev) == POP3_FAILED)
			return false;
		switch (fill(s, &ignored)) {
		case GOT_OCTETS:
			break;
		case GOT_END:
		case GOT_FAILURE: /* some close TLS without saying so (FIN or reset instead) */
			return true;
		case GOT_NOTHING:
			if (wait_for(s, -1, true, false, &ignored) != SESSION_EVENT)
				return true;
			break;
		}
	}
}

void session_lines_ahead(struct session *s, uint64_t octets)
{
	if (!s->setting->trace)
		pop3_lines_ahead(s->engine, octets);
}

bool session_has_octets(const struct session *s)
{
	return pop3_unread(s->engine) > 0;
}

bool session_lost_step(const struct session *s)
{
	return s->lost_step;
}

size_t session_outstanding(const struct session *s)
{
	return pop3_outstanding(s->engine);
}

const struct capabilities *session_capabilities(const struct session *s)
{
	return &s->capabilities;
}

bool session_pipelining(const struct session *s)
{
	return s->capabilities.pipelining && s->account->pipeline && !s->setting->pipelining_broken;
}

bool session_asks_ahead(const struct session *s)
{
	return session_pipelining(s) && s->setting->pipelining_proven;
}

bool session_sent_all(const struct session *s)
{
	return s->sent_all;
}

bool session_lacks_answer(const struct session *s)
{
	return s->unheard != POP3_GREETING;
}

struct span session_capability_text(const struct session *s)
{
	return s->encrypted ? buf_span(&s->capability_text) : (struct span){"", 0};
}

bool session_asked_for_utf8(const struct session *s)
{
	return s->utf8;
}

bool session_encrypted(const struct session *s)
{
	return s->encrypted;
}

enum mech session_mechanism(const struct session *s)
{
	return s->mech;
}

static bool interrupted(struct error *e)
{
	return error_set(e, ERROR_INTERRUPTED, "interrupted");
}

bool session_wait(struct session *s, struct pop3_event *ev, struct error *e)
{
	if (s->capability_asked && !session_confirm_capabilities(s, e))
		return false;
	switch (session_next(s, -1, true, ev, e)) {
	case SESSION_EVENT:
		return true;
	case SESSION_WOKEN:
		return interrupted(e);
	case SESSION_FAILED:
		break;
	}
	return false;
}
