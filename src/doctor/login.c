/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The login, where it may be sent. */
#include "base/clock.h"
#include "base/i18n.h"
#include "doctor/look.h"
#include "fetch/recall.h"

bool look_has_password(struct look *l)
{
	struct checkup *c = l->c;

	if (l->distrust.kind)
		check_skipped(c, "login", "no password is sent to a server that is not trusted");
	else if (c->account->address)
		check_skipped(c, "login",
			"an address is no account yet; more may be offered behind a login");
	else if (checkup_anonymous(c))
		check_skipped(
			c, "login", "the URL names no user; more may be offered behind a login");
	else if (!c->password->value && !c->needs_no_password)
		check_skipped(c, "login", "no password; more may be offered behind a login");
	else
		return true;
	return false;
}

/* As every run does: a server that wants a token on a line of its own is asked again in this way.
 */
static bool log_in(struct look *l, struct error *e)
{
	bool lost_step;

	if (session_login(l->session, NULL, 0, e))
		return true;
	if (l->lesson.refusal != SESSION_FORM_REFUSED || l->setting.two_lines)
		return false;
	session_free(l->session);
	l->session = NULL;
	l->setting.two_lines = true;
	l->muted = true;
	return session_connect(&l->setting, &l->session, &lost_step, e) &&
		session_login(l->session, NULL, 0, e);
}

/* In whole minutes; the server's limit has a second of doubt on top. */
static void write_wait(char *out, size_t room, int64_t wait_s)
{
	text_duration(out, room, wait_s < 60 ? wait_s : (wait_s + 58) / 60 * 60);
}

/* Logins of runs that nobody watches have been refused: this one may be the one that locks it. */
static bool tell_pause(struct look *l, const struct guard *guard, int64_t pause_s)
{
	const struct account *a = l->c->account;
	bool by_hand = l->c->order->by_hand;
	char wait[32];
	struct error e;

	write_wait(wait, sizeof(wait), pause_s);
	error_set(&e, ERROR_AUTH,
		_n("%s has refused the last login of \"%s\"; runs that nobody watches pause for %s",
			"%s has refused the last logins of \"%s\"; runs that nobody watches pause for %s",
			guard->refusals),
		a->endpoint.host, safe(span_of(a->user)).text, wait);
	if (by_hand) {
		check_note(l->c, "pause", &e);
		return true;
	}
	error_remedy(&e, "to try it now", "ambil doctor %s, on a terminal", a->typed);
	check_failed(l->c, "login", &e);
	return false;
}

bool look_may_log_in(struct look *l)
{
	const struct checkup *c = l->c;
	int64_t now_s = clock_wall_s(), pause_s, wait_s;
	struct guard guard;
	struct error ignored;
	char wait[32];

	if (!recall_guard(c->account, c->order->config_ns, c->store, &guard, &ignored))
		return true;
	pause_s = guard_pause_s(&guard, c->account->retry_auth, now_s);
	if (pause_s && !tell_pause(l, &guard, pause_s))
		return false;
	wait_s = guard_wait_s(&guard, c->order->by_hand, now_s);
	if (!wait_s)
		return true;
	write_wait(wait, sizeof(wait), wait_s);
	check_skipped(l->c, "login", "%s wants time between logins; the next is possible in %s",
		c->account->endpoint.host, wait);
	return false;
}

void look_log_in(struct look *l)
{
	struct error e = {0};
	bool done = log_in(l, &e), asked_again;

	l->muted = false;
	if (!done) {
		check_failed(l->c, look_label(SESSION_LOGIN), &e);
		return;
	}
	asked_again = l->step == SESSION_CAPABILITIES;
	look_end_step(l);
	check_ok(l->c, "login", l->login_ms, "as %s", safe(span_of(l->c->account->user)).text);
	if (session_capabilities(l->session)->known && !asked_again &&
		!session_renew_capabilities(l->session, &e)) {
		check_failed(l->c, "capabilities", &e);
		return;
	}
	look_end_step(l);
	look_tell_more_capabilities(l);
	if (look_count_mail(l)) {
		look_tell_terms(l);
		look_quit(l);
	}
}
