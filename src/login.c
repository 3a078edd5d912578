/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The login: SASL with an initial response where it fits (RFC 5034), USER and PASS or APOP (RFC
 * 1939 s.7). What the caller wants to ask next goes out behind it in the same flight where the
 * server takes pipelined commands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/sasl.h"
#include "base/text.h"
#include "report.h"
#include "session_inner.h"

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
	session_name_host(s, e);
	return false;
}

static bool refused(struct session *s, const struct pop3_event *ev, struct error *e)
{
	const struct account *a = s->account;
	/* With AUTH-RESP-CODE a wrong password is marked as such; anything else is no fault of it.
	 */
	enum error_kind kind = session_refusal_kind(
		ev->code, s->capabilities.auth_resp_code ? ERROR_BUSY : ERROR_AUTH);
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
			error_remedy(e, lead, "ambil fetch %s", a->typed);
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
		if (!session_wait(s, &ev, e))
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
 * USER and PASS. RFC 1939 s.7 has the server judge USER first; with PIPELINING both and what
 * follows go in one flight, which gives nothing away that PASS alone would not.
 */
static bool login_user(
	struct session *s, const struct pop3_command *then, size_t n, bool ahead, struct error *e)
{
	const struct pop3_command user = {.verb = POP3_USER, .arg = s->account->user};
	const struct pop3_command pass = {.verb = POP3_PASS, .arg = s->setting->secret->value};

	if (!session_send(s, &user, e) || (!ahead && !read_login(s, POP3_USER, e)) ||
		!session_send(s, &pass, e) || (ahead && !send_all(s, then, n, e)))
		return false;
	return read_login(s, POP3_PASS, e);
}

static bool login_apop(
	struct session *s, const struct pop3_command *then, size_t n, bool ahead, struct error *e)
{
	char digest[33];
	const struct pop3_command apop = {
		.verb = POP3_APOP, .arg = s->account->user, .arg2 = digest};

	if (!apop_digest(span_of(s->stamp), s->setting->secret->value, digest, e))
		return false;
	hide_add(&s->hide, digest);
	return session_send(s, &apop, e) && (!ahead || send_all(s, then, n, e)) &&
		read_login(s, POP3_APOP, e);
}

static bool converse(struct session *s, struct sasl *sasl, char *initial, struct error *e)
{
	struct pop3_event ev;

	for (;;) {
		char *challenge, *response = NULL;
		bool done;

		if (!session_wait(s, &ev, e))
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
			done = sasl_step(sasl, challenge, &response, e);
			hide_add(&s->hide, response);
			done = done && pop3_respond(s->engine, response, e);
			free(challenge);
			wipe_free(response);
		}
		session_trace(s, "C", "<response hidden>");
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
	hide_add(&s->hide, initial);
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

bool login(struct session *s, const struct pop3_command *then, size_t n, struct error *e)
{
	bool ahead = session_logs_in_ahead(s), done = false;
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
	if (should_ask_again(s) && !session_ask_capabilities(s, e))
		return false;
	if (session_logs_in_ahead(s))
		return send_all(s, then, n, e);
	/* One at a time: the caller sends the rest when it has the first reply. */
	return send_all(s, then, n ? 1 : 0, e);
}
