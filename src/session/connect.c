/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way to a server that is ready for a login: connect, TLS at once or by STLS (RFC 2595),
 * greeting, capabilities (RFC 2449). What was learned before TLS is forgotten, and nothing secret
 * is sent here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/sasl.h"
#include "base/clock.h"
#include "net/dial.h"
#include "net/tls.h"
#include "report/report.h"
#include "session/advise.h"
#include "session/link.h"
#include "session/session_inner.h"

void session_begins(const struct session *s, enum session_step step)
{
	const struct session_watch *watch = s->setting->watch;

	if (watch)
		watch->begins(watch->self, step);
}

/* By which address, and by which way. */
static void trace_way(const struct session *s, const struct dial_report *report)
{
	const struct where link = dial_link(&s->account->endpoint);
	char line[sizeof(link.text) + 16];

	for (size_t i = 0; i < report->n; i++)
		if (report->addresses[i].fate == DIAL_TAKEN) {
			snprintf(line, sizeof(line), "connected to %s", report->addresses[i].text);
			session_trace(s, "*", line);
		}
	snprintf(line, sizeof(line), "through %s", link.text);
	if (link.text[0])
		session_trace(s, "*", line);
}

static bool reach(struct session *s, struct error *e)
{
	const struct session_setting *setting = s->setting;
	const struct account *a = s->account;
	struct dial_report report = {.n = 0};
	bool done;

	session_begins(s, SESSION_CONNECT);
	report_step(setting->report_fd, "connecting to %s", a->endpoint.host);
	done = link_open(
		a, setting->stop, setting->stop_fd, setting->report_fd, &report, &s->stream, e);
	if (setting->watch && setting->watch->dialled)
		setting->watch->dialled(setting->watch->self, &report);
	if (done && setting->trace)
		trace_way(s, &report);
	if (done || e->kind != ERROR_HOST)
		return done;
	if (e->about == ERROR_ABOUT_PROXY)
		return error_append(e, " (%s)", config_origin(a, "proxy"));
	if (!a->temporary)
		error_append(e, " (%s)", config_origin(a, "host"));
	return false;
}

static bool connect_to(struct session *s, struct error *e)
{
	const struct account *a = s->account;

	if (!reach(s, e))
		return false;
	session_depart(s);
	if (a->tls.mode == TLS_IMPLICIT && !session_start_tls(s, e))
		return false;
	if (!session_greet(s, e))
		return false;
	if (a->tls.mode != TLS_STARTTLS)
		return session_find_capabilities(s, e);
	/* RFC 2595 s.4: what was learned before TLS is forgotten; so where the rest is remembered,
	 * why ask. */
	return (session_has_memory(s) || session_ask_capabilities(s, e)) && session_upgrade(s, e) &&
		session_find_capabilities(s, e);
}

/* Before it is sent: the server may know it from an earlier session. */
static void hide_login(struct session *s)
{
	const char *password = s->setting->secret->value;
	char *plain;

	if (!password)
		return;
	hide_add(&s->hide, password);
	if (account_uses_token(s->account))
		return;
	plain = sasl_plain_form(s->account->user, password);
	hide_add(&s->hide, plain);
	wipe_free(plain);
}

/* Proxies that know little (Perdition is one) may end the connection on what they do not know. */
static bool ended_on_capa(const struct session *s)
{
	/* Where the refusal of CAPA came first, what follows it meets the end: at most USER, since
	 * only CAPA could have offered more. A password has not gone out. */
	return s->closed && !s->without_capa && !s->capabilities.known &&
		(s->last_sent == POP3_CAPA || s->last_sent == POP3_USER);
}

static struct session *session_new(const struct session_setting *setting, bool without_capa)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->setting = setting;
	s->account = setting->account;
	s->opened_ms = clock_ms();
	s->timeout_ms = s->account->timeout_ms;
	s->without_capa = without_capa;
	s->engine = pop3_new();
	hide_login(s);
	pop3_hide(s->engine, &s->hide);
	return s;
}

/* On failure *again says whether it may go better without CAPA. */
static bool try_to_connect(const struct session_setting *setting, bool without_capa,
	struct session **out, bool *again, bool *lost_step, struct error *e)
{
	struct session *s = session_new(setting, without_capa);

	if (!connect_to(s, e)) {
		advise_link(s, e);
		if (e && s->account->temporary)
			advise_for_url(s, e);
		if (e)
			advise_check(s, e);
		*lost_step = s->lost_step;
		*again = ended_on_capa(s);
		session_free(s);
		return false;
	}
	*out = s;
	return true;
}

bool session_connect(const struct session_setting *setting, struct session **out, bool *lost_step,
	struct error *e)
{
	bool again = false, ignored = false;

	if (try_to_connect(setting, setting->without_capa, out, &again, lost_step, e))
		return true;
	return again && try_to_connect(setting, true, out, &ignored, lost_step, e);
}

bool session_choose(struct session *s, struct error *e)
{
	if (login_choose(s, e))
		return true;
	if (s->account->temporary)
		advise_for_url(s, e);
	return false;
}

bool session_has_better(struct session *s, enum mech *better)
{
	return login_has_better(s, better);
}

bool session_has_stamp(const struct session *s)
{
	return s->stamp != NULL;
}

bool session_login(struct session *s, const struct pop3_command *then, size_t n, struct error *e)
{
	session_begins(s, SESSION_LOGIN);
	if (login(s, then, n, e))
		return true;
	advise_link(s, e);
	if (e && s->account->temporary)
		advise_for_url(s, e);
	return false;
}

bool session_renew_capabilities(struct session *s, struct error *e)
{
	return session_ask_capabilities_again(s, e);
}

/* Whether the server took a login, or judged it, once CAPA was left out. */
static void note_capa(const struct session *s, bool done)
{
	struct session_lesson *lesson = s->setting->lesson;

	if (lesson && s->without_capa && !s->setting->without_capa && (done || lesson->refused))
		lesson->capa_ends_it = true;
}

/* Whether what CAPA says now would have led to another login. */
static bool would_choose_otherwise(struct session *s)
{
	enum mech before = s->mech;
	struct error ignored;

	return !login_choose(s, &ignored) || s->mech != before;
}

/* Whether the login failed since more was sent than the server was ready for. */
static void note_reliance(struct session *s)
{
	struct session_lesson *lesson = s->setting->lesson;

	if ((!s->relied && !session_asks_ahead(s)) || s->refusal == SESSION_BINDING_REFUSED)
		return;
	/* The same login would only be refused once more, and counted twice by the server. */
	lesson->surprised = s->surprised && (!lesson->refused || would_choose_otherwise(s));
	lesson->unanswered = !lesson->refused &&
		(s->silent || s->closed || *s->setting->stop == SIGALRM ||
			pop3_failure(s->engine)->kind == ERROR_PROTOCOL);
}

bool session_open(const struct session_setting *setting, const struct pop3_command *then, size_t n,
	struct session **out, bool *lost_step, struct error *e)
{
	struct session *s = NULL;
	bool done, again, ignored = false;

	if (!session_connect(setting, &s, lost_step, e))
		return false;
	done = session_login(s, then, n, e);
	again = !done && ended_on_capa(s);
	if (again) {
		session_free(s);
		if (!try_to_connect(setting, true, &s, &ignored, lost_step, e))
			return false;
		done = session_login(s, then, n, e);
	}
	note_capa(s, done);
	if (setting->lesson)
		setting->lesson->refusal = s->refusal;
	if (setting->lesson && !done)
		note_reliance(s);
	if (!done) {
		*lost_step = s->lost_step;
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
	hide_release(&s->hide);
	buf_release(&s->shown);
	buf_release(&s->capability_text);
	free(s->stamp);
	free(s);
}
