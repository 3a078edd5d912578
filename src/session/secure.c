/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS over the stream of a session, at once or by STLS (RFC 2595). */
#include <stdio.h>

#include "net/tls.h"
#include "report/report.h"
#include "session/advise.h"
#include "session/session_inner.h"

static bool command(
	struct session *s, const struct pop3_command *c, struct pop3_event *ev, struct error *e)
{
	return session_send(s, c, e) && session_wait(s, ev, e);
}

/* Whoever looks on sees what was shown; only then a server that is not trusted is talked to. */
static bool shake_hands(struct session *s, struct error *e)
{
	const struct account *a = s->account;
	const struct session_watch *watch = s->setting->watch;
	const struct tls_peer peer = {a->endpoint.host, a->endpoint.port,
		a->endpoint.connect_timeout_ms, s->setting->stop_fd};
	struct tls_facts facts;
	bool done;

	/* A certificate of our own is shown to nobody who is not trusted: no further, then. */
	if (watch && a->tls.client_cert) {
		done = tls_inspect(&s->stream, &a->tls, &peer, NULL, &facts, e);
		if (facts.seen)
			watch->handshake(watch->self, &facts, done ? NULL : e);
		return done;
	}
	if (!watch)
		return tls_inspect(&s->stream, &a->tls, &peer, s->setting->tls, NULL, e);
	done = tls_look(&s->stream, &a->tls, &peer, &facts, &s->distrust, e);
	if (s->distrust.kind) {
		advise_host(s, &s->distrust);
		advise_pin(s, &s->distrust);
		if (a->temporary)
			advise_for_url(s, &s->distrust);
	}
	if (facts.seen)
		watch->handshake(watch->self, &facts, s->distrust.kind ? &s->distrust : NULL);
	return done;
}

bool session_start_tls(struct session *s, struct error *e)
{
	session_begins(s, SESSION_TLS);
	report_step(s->setting->report_fd, "securing the connection");
	if (!shake_hands(s, e)) {
		s->stream = NULL;
		advise_host(s, e);
		advise_pin(s, e);
		return false;
	}
	s->encrypted = true;
	s->moved = true;
	if (s->setting->trace) {
		char line[200];

		snprintf(line, sizeof(line), "%s", tls_description(s->stream));
		session_trace(s, "*", line);
	}
	return true;
}

bool session_upgrade(struct session *s, struct error *e)
{
	const struct endpoint *to = &s->account->endpoint;
	struct pop3_event ev;

	session_begins(s, SESSION_STLS);
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
		session_name_host(s, e);
		return false;
	}
	if (!session_start_tls(s, e))
		return false;
	pop3_tls_started(s->engine);
	return true;
}
