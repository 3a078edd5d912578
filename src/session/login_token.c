/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The login with a token. The response fits seldom into the line of AUTH, and Microsoft's servers
 * refuse it there even when it does: then it waits for the server's empty challenge. A challenge
 * behind it is the reason for a refusal, which is confirmed at the end of the conversation. Nothing
 * goes out ahead of the server's verdict, as it would be taken for the answer to that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/bearer.h"
#include "base/text.h"
#include "session/session_inner.h"

struct conversation {
	struct session *s;
	enum bearer mechanism;
	const char *initial;
	bool sent;         /* that is */
	bool has_reason;   /* the server has given one */
	struct buf reason; /* in words, without secrets; may be empty all the same */
};

/* The server's own words, and what its reason says. */
static bool quote(const struct conversation *c, struct span reply, struct error *e)
{
	struct buf words = {NULL, 0, 0};

	buf_add(&words, reply.data, reply.len);
	if (c->reason.len)
		buf_printf(&words, "%s(%s)", reply.len ? " " : "", c->reason.data);
	error_server(e, buf_span(&words));
	buf_release(&words);
	return false;
}

static bool refused(struct conversation *c, const struct pop3_event *ev, struct error *e)
{
	const struct account *a = c->s->account;
	const char *source = c->s->setting->secret->source;
	/* A reason is one for the token, whatever the code of the reply leaves open. */
	bool certain = c->has_reason || !c->s->capabilities.auth_resp_code;
	enum error_kind kind = session_refusal_kind(ev->code, certain ? ERROR_AUTH : ERROR_BUSY);
	bool one_line = c->mechanism == BEARER_XOAUTH2 && c->sent && !c->s->setting->two_lines;

	session_note_refusal(c->s, ev->code);
	if (one_line && !c->has_reason && bearer_is_refused_form(ev->text))
		c->s->refusal = SESSION_FORM_REFUSED;
	else if (kind == ERROR_AUTH)
		c->s->refusal = SESSION_TOKEN_REFUSED;
	if (kind == ERROR_AUTH) {
		error_set(e, kind, "%s refused the login of \"%s\" by %s", a->endpoint.host,
			safe(span_of(a->user)).text, mech_title(c->s->mech));
		error_remedy(e, "perhaps", "sign in again with what %s runs (%s)", source,
			config_origin(a, source));
	} else {
		error_set(e, kind, "%s does not let \"%s\" in now; the token may be right",
			a->endpoint.host, safe(span_of(a->user)).text);
	}
	return quote(c, ev->text, e);
}

static bool respond(struct conversation *c, const char *response, struct error *e)
{
	char line[80];

	if (!pop3_respond(c->s->engine, response, e))
		return false;
	snprintf(line, sizeof(line), "<%zu octets hidden>", strlen(response));
	session_trace(c->s, "C", response == c->initial ? line : response);
	return true;
}

static void note_reason(struct conversation *c, struct span challenge)
{
	struct buf words = {NULL, 0, 0}, room = {NULL, 0, 0};
	struct span shown;

	c->has_reason = true;
	bearer_explain(challenge, &words);
	shown = hide_in(&c->s->hide, buf_span(&words), &room);
	buf_add(&c->reason, shown.data, shown.len);
	if (shown.len)
		session_trace(c->s, "*", safe(shown).text);
	buf_release(&words);
	buf_release(&room);
}

static bool answer(struct conversation *c, struct span challenge, struct error *e)
{
	if (!c->sent) {
		c->sent = true;
		return respond(c, c->initial, e);
	}
	if (c->has_reason) {
		error_set(e, ERROR_PROTOCOL,
			"%s asks for more than a login with a token has to say",
			c->s->account->endpoint.host);
		return quote(c, (struct span){"", 0}, e);
	}
	note_reason(c, challenge);
	return respond(c, bearer_acknowledge(c->mechanism), e);
}

static bool converse(struct conversation *c, struct error *e)
{
	struct pop3_event ev;

	for (;;) {
		if (!session_wait(c->s, &ev, e))
			return false;
		if (ev.verb == POP3_UTF8)
			continue;
		if (ev.type == POP3_REPLY)
			return ev.ok || refused(c, &ev, e);
		if (!answer(c, ev.text, e))
			return false;
	}
}

bool login_token(struct session *s, struct error *e)
{
	const struct account *a = s->account;
	struct conversation c = {
		.s = s, .mechanism = s->mech == MECH_XOAUTH2 ? BEARER_XOAUTH2 : BEARER_OAUTHBEARER};
	struct pop3_command auth = {.verb = POP3_AUTH, .arg = mech_sasl_name(s->mech)};
	char *initial = bearer_initial(c.mechanism, a->user, a->endpoint.host, a->endpoint.port,
		s->setting->secret->value, e);
	bool done;

	if (!initial)
		return false;
	hide_add(&s->hide, initial);
	c.initial = initial;
	if (pop3_auth_fits(auth.arg, initial) &&
		!(c.mechanism == BEARER_XOAUTH2 && s->setting->two_lines)) {
		auth.arg2 = initial;
		c.sent = true;
	}
	done = session_send(s, &auth, e) && converse(&c, e);
	buf_release(&c.reason);
	wipe_free(initial);
	return done;
}
