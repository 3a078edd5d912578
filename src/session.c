/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loop of the engine's header, over a stream that never blocks: whatever can be written is written, and
 * reading never waits for writing, so that neither side can block the other. The first half is that loop; the
 * second is the way from nothing to TRANSACTION state (RFC 1939 s.3, RFC 2595, RFC 5034), step by step.
 */
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/sasl.h"
#include "base/clock.h"
#include "base/text.h"
#include "net/dial.h"
#include "net/tls.h"
#include "report.h"

struct session {
	const struct session_setting *setting;
	const struct account *account;
	struct stream *stream;
	struct pop3 *engine;
	struct capabilities capabilities;
	char *stamp; /* of the greeting, for APOP */
	bool encrypted;
	bool stop_seen;
	bool want_write_to_read; /* TLS must write before it can read on */
	bool want_read_to_write;
	bool lost_step;
	bool silent;        /* the failure was silence */
	int64_t timeout_ms;
	int64_t last_ms;    /* when octets last moved */
	uint64_t body;      /* octets of the mail that is coming in, for the trace */
};

/* ---- trace ---- */

static void trace(const struct session *s, const char *side, const char *text)
{
	struct report r = {.type = REPORT_TRACE};

	if (!s->setting->trace)
		return;
	snprintf(r.u.text, sizeof(r.u.text), "%s: %s", side, text);
	report_send(s->setting->report_fd, &r);
}

static void trace_command(const struct session *s, const struct pop3_command *c)
{
	char line[300];
	const char *verb = pop3_verb_name(c->verb);

	if (!s->setting->trace)
		return;
	if (c->verb == POP3_PASS)
		snprintf(line, sizeof(line), "PASS <%zu octets hidden>", strlen(c->arg));
	else if (c->arg2)
		snprintf(line, sizeof(line), "%s %s <%zu octets hidden>", verb,
			safe(span_of(c->arg)).text, strlen(c->arg2));
	else if (c->arg)
		snprintf(line, sizeof(line), "%s %s", verb, safe(span_of(c->arg)).text);
	else if (c->verb == POP3_TOP)
		snprintf(line, sizeof(line), "TOP %lu %lu", (unsigned long)c->msg,
			(unsigned long)c->lines);
	else if (c->msg)
		snprintf(line, sizeof(line), "%s %lu", verb, (unsigned long)c->msg);
	else
		snprintf(line, sizeof(line), "%s", verb);
	trace(s, "C", line);
}

static void trace_event(struct session *s, const struct pop3_event *ev)
{
	char line[300];

	if (!s->setting->trace)
		return;
	switch (ev->type) {
	case POP3_REPLY:
		snprintf(line, sizeof(line), "%s %s", ev->ok ? "+OK" : "-ERR", safe(ev->text).text);
		trace(s, "S", line);
		s->body = 0;
		break;
	case POP3_CHALLENGE:
		snprintf(line, sizeof(line), "+ <%zu octets hidden>", ev->text.len);
		trace(s, "S", line);
		break;
	case POP3_LINE:
		trace(s, "S", safe(ev->text).text);
		break;
	case POP3_BODY:
		s->body += ev->text.len;
		break;
	case POP3_END:
		if (s->body) {
			snprintf(line, sizeof(line), "<%llu octets of message %lu>",
				(unsigned long long)s->body, (unsigned long)ev->msg);
			trace(s, "S", line);
		}
		trace(s, "S", ".");
		break;
	default:
		break;
	}
}

/* ---- the loop ---- */

bool session_send(struct session *s, const struct pop3_command *command, struct error *e)
{
	if (!pop3_send(s->engine, command, e))
		return false;
	if (pop3_outstanding(s->engine) == 1)
		s->last_ms = clock_ms();
	trace_command(s, command);
	return true;
}

/* Engine and stream say "the server"; the user wants to know which. */
static void name_host(const struct session *s, struct error *e)
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
	name_host(s, e);
	return SESSION_FAILED;
}

static bool fail_silent(struct session *s, struct error *e)
{
	s->lost_step = pop3_outstanding(s->engine) > 1;
	s->silent = true;
	return error_set(e, ERROR_NETWORK, "%s:%u sent nothing for %lld s", s->account->endpoint.host,
		(unsigned)s->account->endpoint.port, (long long)(s->timeout_ms / 1000));
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
			s->last_ms = clock_ms();
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
		s->last_ms = clock_ms();
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

/* Waits for the socket, the committer or a stop request. SESSION_EVENT: go on with the loop. */
static enum session_result wait_for(struct session *s, int wake_fd, bool listen, bool blocked,
	struct error *e)
{
	int64_t left_ms = s->last_ms + s->timeout_ms - clock_ms();
	struct pollfd fds[3] = {
		{.fd = s->stream->ops->fd(s->stream)},
		{.fd = wake_fd, .events = POLLIN},
		{.fd = s->stop_seen ? -1 : s->setting->stop_fd, .events = POLLIN},
	};
	int n;

	if (listen && !s->want_write_to_read)
		fds[0].events |= POLLIN;
	if (s->want_write_to_read || (blocked && !s->want_read_to_write))
		fds[0].events |= POLLOUT;
	if (!fds[0].events)
		fds[0].fd = -1;
	if (listen && left_ms <= 0) {
		fail_silent(s, e);
		return SESSION_FAILED;
	}
	n = poll(fds, 3, listen ? (int)(left_ms < 60000 ? left_ms : 60000) : -1);
	if (n < 0 && errno != EINTR) {
		error_sys(e, ERROR_INTERNAL, errno, "cannot wait for the server");
		return SESSION_FAILED;
	}
	if (!s->stop_seen && *s->setting->stop) {
		s->stop_seen = true;
		return SESSION_WOKEN;
	}
	if (n > 0 && fds[1].revents)
		return SESSION_WOKEN;
	return SESSION_EVENT;
}

enum session_result session_next(struct session *s, int wake_fd, bool listen, struct pop3_event *ev,
	struct error *e)
{
	bool ended = false;

	for (;;) {
		bool blocked;
		enum session_result result;
		enum pop3_event_type type = pop3_next(s->engine, ev);

		if (type == POP3_FAILED) {
			*e = *pop3_failure(s->engine);
			s->lost_step = e->kind == ERROR_PROTOCOL && pop3_outstanding(s->engine) > 1;
			return failed(s, e);
		}
		if (type != POP3_NEED_INPUT) {
			trace_event(s, ev);
			return SESSION_EVENT;
		}
		if (ended) {
			error_set(e, ERROR_NETWORK, "the server closed the connection");
			return failed(s, e);
		}
		s->want_read_to_write = false;
		if (!flush(s, &blocked, e))
			return failed(s, e);
		if (listen && pop3_outstanding(s->engine)) {
			enum got got = fill(s, e);

			if (got == GOT_FAILURE)
				return failed(s, e);
			ended = got == GOT_END;
			if (got != GOT_NOTHING)
				continue;
		}
		result = wait_for(s, wake_fd, listen && pop3_outstanding(s->engine), blocked, e);
		if (result != SESSION_EVENT)
			return result == SESSION_FAILED ? failed(s, e) : result;
	}
}

void session_hurry(struct session *s, int64_t ms)
{
	if (ms < s->timeout_ms)
		s->timeout_ms = ms;
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

bool session_encrypted(const struct session *s)
{
	return s->encrypted;
}

/* ---- from nothing to TRANSACTION ---- */

static bool interrupted(struct error *e)
{
	return error_set(e, ERROR_INTERRUPTED, "interrupted");
}

/* The next event, where nothing but the server is waited for. */
static bool next(struct session *s, struct pop3_event *ev, struct error *e)
{
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

static bool command(struct session *s, const struct pop3_command *c, struct pop3_event *ev,
	struct error *e)
{
	return session_send(s, c, e) && next(s, ev, e);
}

/* What a refusal means, by its response code (RFC 2449 s.8, RFC 3206). */
static enum error_kind refusal_kind(enum pop3_code code, enum error_kind otherwise)
{
	switch (code) {
	case POP3_CODE_IN_USE:
	case POP3_CODE_LOGIN_DELAY:
	case POP3_CODE_SYS_TEMP:
		return ERROR_BUSY;
	case POP3_CODE_SYS_PERM:
		return ERROR_CAPABILITY;
	case POP3_CODE_AUTH:
		return ERROR_AUTH;
	default:
		return otherwise;
	}
}

static bool greet(struct session *s, struct error *e)
{
	const struct endpoint *to = &s->account->endpoint;
	struct pop3_event ev;
	struct span stamp;
	bool wrong_port = !s->encrypted && to->port == 995;

	/* A server that waits for a TLS handshake will never greet: no need to wait as long as for mail. */
	if (wrong_port && to->connect_timeout_ms < s->timeout_ms)
		s->timeout_ms = to->connect_timeout_ms;
	if (!next(s, &ev, e)) {
		if (s->silent && !s->encrypted) {
			error_set(e, wrong_port ? ERROR_TLS : ERROR_NETWORK,
				"%s:%u sent nothing for %lld s; %s port expects TLS at once", to->host,
				(unsigned)to->port, (long long)(s->timeout_ms / 1000),
				wrong_port ? "this" : "perhaps this");
			error_remedy(e, "set", "tls = implicit");
		}
		return false;
	}
	s->timeout_ms = s->account->timeout_ms;
	if (!ev.ok) {
		error_set(e, refusal_kind(ev.code, ERROR_BUSY), "%s does not want to serve now", to->host);
		return error_server(e, ev.text);
	}
	if (reply_apop_stamp(ev.text, &stamp))
		s->stamp = xstrndup(stamp.data, stamp.len);
	return true;
}

/* CAPA that is refused is no error: such a server knows RFC 1939 only. */
static bool read_capabilities(struct session *s, struct error *e)
{
	struct capabilities *c = &s->capabilities;
	struct pop3_event ev;

	*c = (struct capabilities){.known = false};
	if (!next(s, &ev, e))
		return false;
	if (!ev.ok)
		return true;
	c->known = true;
	do {
		if (!next(s, &ev, e))
			return false;
		if (ev.type == POP3_LINE)
			capabilities_add(c, ev.text);
	} while (ev.type != POP3_END);
	return true;
}

static bool ask_capabilities(struct session *s, struct error *e)
{
	return session_send(s, &(struct pop3_command){.verb = POP3_CAPA}, e) && read_capabilities(s, e);
}

/* Adds where the host is set to words about it. */
static void say_where(const struct session *s, char *text, size_t room, const char *before,
	const char *behind)
{
	size_t len = strlen(text);

	snprintf(text + len, room - len, "%s%s%s", before, config_origin(s->account, "host"), behind);
}

static bool start_tls(struct session *s, struct error *e)
{
	const struct account *a = s->account;

	report_step(s->setting->report_fd, "securing the connection");
	if (!tls_start(&s->stream, &a->tls, a->endpoint.host, a->endpoint.port,
		    a->endpoint.connect_timeout_ms, s->setting->stop_fd, e)) {
		s->stream = NULL;
		/* The one remedy that is a change of "host". */
		if (strstr(e->remedy, "as host"))
			say_where(s, e->remedy, sizeof(e->remedy), " in ", "");
		return false;
	}
	s->encrypted = true;
	s->last_ms = clock_ms();
	if (s->setting->trace) {
		char line[200];

		snprintf(line, sizeof(line), "%s", tls_description(s->stream));
		trace(s, "*", line);
	}
	return true;
}

static bool upgrade(struct session *s, struct error *e)
{
	const struct endpoint *to = &s->account->endpoint;
	struct pop3_event ev;

	if (s->capabilities.known && !s->capabilities.stls) {
		error_set(e, ERROR_TLS, "%s:%u does not offer STLS", to->host, (unsigned)to->port);
		return error_why(e, "nothing secret was sent");
	}
	if (!command(s, &(struct pop3_command){.verb = POP3_STLS}, &ev, e))
		return false;
	if (!ev.ok) {
		error_set(e, ERROR_TLS, "%s:%u refused STLS; nothing secret was sent", to->host,
			(unsigned)to->port);
		return error_server(e, ev.text);
	}
	/* Let the engine look for octets that came with the answer before TLS takes the stream. */
	if (pop3_next(s->engine, &ev) == POP3_FAILED) {
		*e = *pop3_failure(s->engine);
		name_host(s, e);
		return false;
	}
	if (!start_tls(s, e))
		return false;
	pop3_tls_started(s->engine);
	return true;
}

/* A login needs a mechanism; this one is chosen by facts, the facts are gathered here. */
static bool choose(struct session *s, enum mech *mech, struct error *e)
{
	const struct capabilities *c = &s->capabilities;
	struct mech_facts facts = {
		.encrypted = s->encrypted,
		.cleartext_login = s->account->tls.cleartext_login,
		.apop_stamp = s->stamp != NULL,
		.capa_known = c->known,
		.sasl_plain = capabilities_has_mechanism(c, "PLAIN"),
		.user = c->user,
	};

	if (mech_choose(s->account->auth, &facts, mech, e))
		return true;
	name_host(s, e);
	return false;
}

static bool refused(struct session *s, const struct pop3_event *ev, struct error *e)
{
	const struct account *a = s->account;
	/* With AUTH-RESP-CODE a wrong password is marked as such; anything else is no fault of it. */
	enum error_kind kind = refusal_kind(ev->code,
		s->capabilities.auth_resp_code ? ERROR_BUSY : ERROR_AUTH);
	const char *source = s->setting->secret->source;
	char lead[80];

	if (kind == ERROR_AUTH) {
		bool setting = settings_find(source) < SETTINGS_COUNT;

		error_set(e, kind, "%s refused the login of \"%s\"", a->endpoint.host,
			safe(span_of(a->user)).text);
		snprintf(lead, sizeof(lead), "password came from: %s;  %s", source,
			setting ? "correct it" : "try again");
		if (setting)
			error_remedy(e, lead, "%s in %s", source, config_origin(a, source));
		else
			error_remedy(e, lead, "ambil fetch %s", a->name);
	} else {
		error_set(e, kind, "%s does not let \"%s\" in now; the password may be right",
			a->endpoint.host, safe(span_of(a->user)).text);
	}
	return error_server(e, ev->text);
}

/* Replies up to the one that decides; any -ERR ends the login. */
static bool read_login(struct session *s, enum pop3_verb last, struct error *e)
{
	struct pop3_event ev;

	do {
		if (!next(s, &ev, e))
			return false;
		if (ev.type == POP3_REPLY && !ev.ok && ev.verb != POP3_UTF8)
			return refused(s, &ev, e);
	} while (ev.verb != last);
	return true;
}

static bool send_all(struct session *s, const struct pop3_command *then, size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++)
		if (!session_send(s, &then[i], e))
			return false;
	return true;
}

/*
 * USER and PASS. RFC 1939 s.7 has the server judge USER first; with PIPELINING both and what follows go in one
 * flight, which gives nothing away that PASS alone would not.
 */
static bool login_user(struct session *s, const struct pop3_command *then, size_t n, bool ahead,
	struct error *e)
{
	const struct pop3_command user = {.verb = POP3_USER, .arg = s->account->user};
	const struct pop3_command pass = {.verb = POP3_PASS, .arg = s->setting->secret->value};

	if (!session_send(s, &user, e) || (!ahead && !read_login(s, POP3_USER, e)) ||
		!session_send(s, &pass, e) || (ahead && !send_all(s, then, n, e)))
		return false;
	return read_login(s, POP3_PASS, e);
}

static bool login_apop(struct session *s, const struct pop3_command *then, size_t n, bool ahead,
	struct error *e)
{
	char digest[33];
	const struct pop3_command apop = {.verb = POP3_APOP, .arg = s->account->user, .arg2 = digest};

	if (!apop_digest(span_of(s->stamp), s->setting->secret->value, digest, e))
		return false;
	return session_send(s, &apop, e) && (!ahead || send_all(s, then, n, e)) &&
		read_login(s, POP3_APOP, e);
}

static bool converse(struct session *s, struct sasl *sasl, char *initial, struct error *e)
{
	struct pop3_event ev;

	for (;;) {
		char *challenge, *response = NULL;
		bool done;

		if (!next(s, &ev, e))
			return false;
		if (ev.verb == POP3_UTF8)
			continue;
		if (ev.type == POP3_REPLY)
			return ev.ok || refused(s, &ev, e);
		/* An initial response that was held back answers the first, empty challenge. */
		if (initial && !ev.text.len) {
			done = pop3_respond(s->engine, initial, e);
			initial = NULL;
		} else {
			challenge = xstrndup(ev.text.data, ev.text.len);
			done = sasl_step(sasl, challenge, &response, e) &&
				pop3_respond(s->engine, response, e);
			free(challenge);
			wipe_free(response);
		}
		trace(s, "C", "<response hidden>");
		if (!done)
			return false;
	}
}

static bool login_sasl(struct session *s, const char *mechanism, const struct pop3_command *then,
	size_t n, bool *ahead, struct error *e)
{
	struct pop3_command auth = {.verb = POP3_AUTH, .arg = mechanism};
	char *initial = NULL;
	bool done = false;
	struct sasl *sasl = sasl_start(mechanism, s->account->user, s->setting->secret->value,
		s->account->endpoint.host, e);

	if (!sasl || !sasl_step(sasl, NULL, &initial, e))
		goto end;
	if (pop3_auth_fits(mechanism, initial))
		auth.arg2 = initial[0] ? initial : "=";
	*ahead = *ahead && auth.arg2;
	done = session_send(s, &auth, e) && (!*ahead || send_all(s, then, n, e)) &&
		converse(s, sasl, auth.arg2 ? NULL : initial, e);
end:
	wipe_free(initial);
	sasl_free(sasl);
	return done;
}

/* Gmail and others show PIPELINING only to those who are logged in. */
static bool should_ask_again(const struct session *s)
{
	return s->capabilities.known && !s->capabilities.pipelining && s->account->pipeline;
}

static bool log_in(struct session *s, const struct pop3_command *then, size_t n, struct error *e)
{
	bool ahead = session_pipelining(s), done = false;
	enum mech mech;

	if (!choose(s, &mech, e))
		return false;
	report_step(s->setting->report_fd, "logging in");
	if (s->capabilities.utf8) {
		if (!session_send(s, &(struct pop3_command){.verb = POP3_UTF8}, e))
			return false;
		if (!ahead && !read_login(s, POP3_UTF8, e))
			return false;
	}
	switch (mech) {
	case MECH_PLAIN:
		done = login_sasl(s, "PLAIN", then, n, &ahead, e);
		break;
	case MECH_APOP:
		done = login_apop(s, then, n, ahead, e);
		break;
	default:
		done = login_user(s, then, n, ahead, e);
		break;
	}
	if (!done || ahead)
		return done;
	if (should_ask_again(s) && !ask_capabilities(s, e))
		return false;
	if (session_pipelining(s))
		return send_all(s, then, n, e);
	/* One at a time: the caller sends the rest when it has the first reply. */
	return send_all(s, then, n ? 1 : 0, e);
}

static bool connect_to(struct session *s, struct error *e)
{
	const struct account *a = s->account;

	report_step(s->setting->report_fd, "connecting to %s", a->endpoint.host);
	if (!dial(&a->endpoint, s->setting->stop_fd, &s->stream, e)) {
		if (e->kind == ERROR_HOST)
			say_where(s, e->text, sizeof(e->text), " (", ")");
		return false;
	}
	s->last_ms = clock_ms();
	if (a->tls.mode == TLS_IMPLICIT && !start_tls(s, e))
		return false;
	if (!greet(s, e) || !ask_capabilities(s, e))
		return false;
	if (a->tls.mode != TLS_STARTTLS)
		return true;
	/* RFC 2595 s.4: what was learned before TLS is forgotten. */
	return upgrade(s, e) && ask_capabilities(s, e);
}

bool session_open(const struct session_setting *setting, const struct pop3_command *then, size_t n,
	struct session **out, struct error *e)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->setting = setting;
	s->account = setting->account;
	s->timeout_ms = s->account->timeout_ms;
	s->engine = pop3_new();
	if (!connect_to(s, e) || !log_in(s, then, n, e)) {
		session_free(s);
		return false;
	}
	*out = s;
	return true;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	stream_free(s->stream);
	pop3_free(s->engine);
	free(s->stamp);
	free(s);
}
