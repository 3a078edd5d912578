/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The login: SASL with an initial response where it fits (RFC 5034), USER and PASS or APOP (RFC
 * 1939 s.7). Hardly anything is sent behind it before its answer, whatever the server says of
 * pipelining: Courier and Cyrus hand the connection to another program, or another layer, and lose
 * what has come too early. Where that is known not to be so, what the caller wants to ask next goes
 * out in the same flight as a login of one step.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/sasl.h"
#include "base/i18n.h"
#include "base/text.h"
#include "report/report.h"
#include "session/session_inner.h"

/* Where the password came from, and what to do when it is wrong. */
static void blame_password(const struct session *s, const char *source, struct error *e)
{
	const struct account *a = s->account;
	bool keyring = strcmp(source, "keyring") == 0; /* also the name of a setting */
	bool logging_in = strcmp(source, "ambil login") == 0;
	bool typed = logging_in || strcmp(source, "prompt") == 0;
	bool own = strcmp(source, "password-file") == 0 && account_owns_password_file(a);
	bool setting = !keyring && !own && settings_find(source) < SETTINGS_COUNT;
	bool place = strchr(source, '/') != NULL; /* .netrc */
	bool works = s->setting->used == s->mech && !mech_binds(s->mech);
	enum mech other = typed || works ? MECH_NONE : login_other_way(s);
	char lead[sizeof(e->lead)], more[160] = "";

	if (!source[0])
		return;
	snprintf(lead, sizeof(lead),
		keyring || own             ? _("password came from: %s;  change it")
			: setting || place ? _("password came from: %s;  correct it")
					   : _("password came from: %s;  try again"),
		place ? ".netrc" : i18n_text(source));
	if (other != MECH_NONE)
		snprintf(more, sizeof(more),
			a->temporary ? _("  or, if it is right,  write ;AUTH=%s behind the user")
				     : _("  or, if it is right,  auth = %s"),
			mech_name(other));
	if (setting)
		error_remedy(e, lead, "%s in %s%s", source, config_origin(a, source), more);
	else if (place)
		error_remedy(e, lead, "%s%s", source, more);
	else
		error_remedy(e, lead, "ambil %s %s%s",
			own                             ? "setup"
				: keyring || logging_in ? "login"
				: s->setting->watch     ? "doctor"
							: "fetch",
			a->typed, more);
	e->place = setting || place;
}

static bool refused(struct session *s, const struct pop3_event *ev, struct error *e)
{
	const struct account *a = s->account;
	/* With AUTH-RESP-CODE a wrong password is marked as such; anything else is no fault of it.
	 */
	enum error_kind kind = session_refusal_kind(
		ev->code, s->capabilities.auth_resp_code ? ERROR_BUSY : ERROR_AUTH);

	session_note_refusal(s, ev->code);
	if (kind == ERROR_AUTH) {
		if (s->mech == MECH_PLAIN || s->mech == MECH_USER)
			error_set(e, kind, "%s refused the login of \"%s\"", a->endpoint.host,
				safe(span_of(a->user)).text);
		else
			error_set(e, kind, "%s refused the login of \"%s\" by %s", a->endpoint.host,
				safe(span_of(a->user)).text, mech_title(s->mech));
		blame_password(s, s->setting->secret->source, e);
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

/* The commands of the caller, when the last of the login is on its way. */
static bool follow(struct session *s, struct error *e)
{
	if (s->behind_n) {
		s->unheard = s->behind->verb;
		s->sent_all = true;
	}
	for (; s->behind_n; s->behind++, s->behind_n--)
		if (!session_send(s, s->behind, e))
			return false;
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
 * USER and PASS. RFC 1939 s.7 has the server judge USER first; with PIPELINING both go in one
 * flight, which gives nothing away that PASS alone would not.
 */
static bool login_user(struct session *s, bool ahead, struct error *e)
{
	const struct pop3_command user = {.verb = POP3_USER, .arg = s->account->user};
	const struct pop3_command pass = {.verb = POP3_PASS, .arg = s->setting->secret->value};

	return session_send(s, &user, e) && (ahead || read_login(s, POP3_USER, e)) &&
		session_send(s, &pass, e) && follow(s, e) && read_login(s, POP3_PASS, e);
}

static bool login_apop(struct session *s, struct error *e)
{
	char digest[33];
	const struct pop3_command apop = {
		.verb = POP3_APOP, .arg = s->account->user, .arg2 = digest};

	if (!apop_digest(span_of(s->stamp), s->setting->secret->value, digest, e))
		return false;
	hide_add(&s->hide, digest);
	return session_send(s, &apop, e) && follow(s, e) && read_login(s, POP3_APOP, e);
}

/* One SASL conversation. */
struct conversation {
	struct session *s;
	struct sasl *sasl;
	char *initial; /* a response that did not fit into the command; NULL: none */
};

enum { CANCEL_PATIENCE_MS = 5000 };

/* Takes the server back to where it was; its answer to that is of no use. False always. */
static bool cancel(struct session *s)
{
	struct pop3_event ignored_event;
	struct error ignored;

	if (pop3_respond(s->engine, "*", &ignored)) {
		session_trace(s, "C", "*");
		session_hurry(s, CANCEL_PATIENCE_MS);
		(void)!session_wait(s, &ignored_event, &ignored);
	}
	return false;
}

static bool respond(struct conversation *c, const char *response, struct error *e)
{
	char line[80];

	snprintf(line, sizeof(line), "<%zu octets hidden>", strlen(response));
	if (!pop3_respond(c->s->engine, response, e))
		return false;
	session_trace(c->s, "C", line);
	return true;
}

static bool answer(struct conversation *c, struct span text, struct error *e)
{
	char *challenge, *response = NULL;
	bool done;

	/* An initial response that was held back answers the first, empty challenge. */
	if (c->initial && !text.len) {
		response = c->initial;
		c->initial = NULL;
		done = respond(c, response, e);
		wipe_free(response);
		return done;
	}
	challenge = xstrndup(text.data, text.len);
	done = sasl_step(c->sasl, challenge, &response, e);
	free(challenge);
	if (done) {
		hide_add(&c->s->hide, response);
		done = respond(c, response, e);
	} else {
		session_name_host(c->s, e);
		cancel(c->s);
	}
	wipe_free(response);
	return done;
}

/*
 * Whether a refusal is one of the channel's binding, of which not all servers that offer it know
 * the kind that TLS 1.3 has (Cyrus). Who sits in the channel could bring that about as well: where
 * it has worked before it is not given up.
 */
static bool refuses_binding(const struct conversation *c, const struct pop3_event *ev)
{
	const struct session *s = c->s;

	return mech_binds(s->mech) && !s->account->auth.n && !mech_binds(s->setting->used) &&
		(!sasl_has_proved(c->sasl) || sasl_blames_binding(c->sasl, ev->text)) &&
		session_refusal_kind(ev->code, ERROR_AUTH) == ERROR_AUTH;
}

static bool converse(struct conversation *c, struct error *e)
{
	struct session *s = c->s;
	struct pop3_event ev;

	for (;;) {
		if (!session_wait(s, &ev, e))
			return false;
		if (ev.verb == POP3_UTF8)
			continue;
		if (ev.type == POP3_CHALLENGE) {
			if (!answer(c, ev.text, e))
				return false;
			continue;
		}
		s->binding_refused = !ev.ok && refuses_binding(c, &ev);
		if (!ev.ok)
			return !s->binding_refused && refused(s, &ev, e);
		if (sasl_accepted(c->sasl, e))
			return true;
		session_name_host(s, e);
		return false;
	}
}

static bool login_sasl(struct session *s, const struct buf *binding, struct error *e)
{
	const struct sasl_setting setting = {
		.user = s->account->user,
		.secret = s->setting->secret->value ? s->setting->secret->value : "",
		.host = s->account->endpoint.host,
		.port = s->account->endpoint.port,
		.encrypted = s->encrypted,
		.binding = buf_span(binding),
		.exporter = s->exporter,
	};
	struct conversation c = {.s = s};
	struct pop3_command auth = {.verb = POP3_AUTH, .arg = mech_sasl_name(s->mech)};
	bool done = false;

	c.sasl = sasl_start(s->mech, &setting, e);
	if (!c.sasl)
		goto end;
	if (mech_speaks_first(s->mech)) {
		if (!sasl_step(c.sasl, NULL, &c.initial, e))
			goto end;
		hide_add(&s->hide, c.initial);
	}
	if (c.initial && pop3_auth_fits(auth.arg, c.initial))
		auth.arg2 = c.initial[0] ? c.initial : "=";
	done = session_send(s, &auth, e) &&
		(!auth.arg2 || !mech_is_one_step(s->mech) || follow(s, e));
	if (auth.arg2) {
		wipe_free(c.initial);
		c.initial = NULL;
	}
	done = done && converse(&c, e);
end:
	wipe_free(c.initial);
	sasl_free(c.sasl);
	return done;
}

/* Gmail and others show PIPELINING only to those who are logged in. */
static bool should_ask_again(const struct session *s)
{
	const struct capabilities *c = &s->capabilities;

	if (!c->known)
		return false;
	/* RFC 2449 s.6.5: so is the delay of this user, where that may be less than another's. */
	return (!c->pipelining && s->account->pipeline) ||
		(c->login_delay_user && !s->setting->delay_known);
}

static bool log_in_by(struct session *s, const struct buf *binding, bool ahead, struct error *e)
{
	switch (s->mech) {
	case MECH_USER:
		return login_user(s, ahead, e);
	case MECH_APOP:
		return login_apop(s, e);
	case MECH_OAUTHBEARER:
	case MECH_XOAUTH2:
		return login_token(s, e);
	default:
		return login_sasl(s, binding, e);
	}
}

static bool log_in(struct session *s, struct buf *binding, bool ahead, struct error *e)
{
	struct session_lesson *lesson = s->setting->lesson;

	if (log_in_by(s, binding, ahead, e))
		return true;
	if (!s->binding_refused)
		return false;
	buf_clear(binding);
	if (!login_choose_with(s, binding, e))
		return false;
	if (!log_in_by(s, binding, ahead, e)) {
		if (s->closed)
			s->refusal = SESSION_BINDING_REFUSED;
		return false;
	}
	if (lesson)
		lesson->unbound = true;
	return true;
}

static bool announce_utf8(struct session *s, bool ahead, struct error *e)
{
	return session_send(s, &(struct pop3_command){.verb = POP3_UTF8}, e) &&
		(ahead || read_login(s, POP3_UTF8, e));
}

/* What was remembered may lack what is wanted now: then the server's answer is waited for. */
static bool choose_first(struct session *s, const struct buf *binding, struct error *e)
{
	struct error stale = {ERROR_NONE};

	if (!s->capability_asked)
		return login_choose_with(s, binding, e);
	if (login_choose_with(s, binding, &stale))
		return true;
	if (!session_confirm_capabilities(s, e))
		return false;
	s->relied = s->surprised = false;
	return login_choose_with(s, binding, e);
}

bool login(struct session *s, const struct pop3_command *then, size_t n, struct error *e)
{
	bool ahead, may_follow, done;
	struct buf binding = {NULL, 0, 0};

	/* Nothing secret for it. */
	if (s->distrust.kind) {
		*e = s->distrust;
		return false;
	}
	login_find_binding(s, &binding);
	done = choose_first(s, &binding, e);
	ahead = session_asks_ahead(s);
	s->behind = then;
	s->behind_n = ahead && s->relied && s->passes_on && !should_ask_again(s) ? n : 0;
	may_follow = s->behind_n;
	if (done)
		report_step(s->setting->report_fd, "logging in");
	done = done &&
		(!(s->capabilities.utf8 || s->setting->utf8) || announce_utf8(s, ahead, e)) &&
		log_in(s, &binding, ahead, e);
	buf_release(&binding);
	if (!done || (may_follow && !s->behind_n))
		return done;
	if (should_ask_again(s) && !session_ask_capabilities_again(s, e))
		return false;
	s->sent_all = session_asks_ahead(s) || n <= 1;
	if (s->sent_all)
		return send_all(s, then, n, e);
	/* One at a time: the caller sends the rest when it has the first reply. */
	return send_all(s, then, 1, e);
}
