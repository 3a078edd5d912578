/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Good manners towards the server of an account: guard.h says when a login may be sent, here it is
 * obeyed, and what became of a login is noted. The fact is written when the answer has come: a run
 * that is killed before leaves nothing wrong behind, and one that is killed after has noted it.
 * Runs that only look take no lock and hold no state, but their logins count for the server like
 * any other: what is to be remembered of them is written on the side.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "fetch/fetch_inner.h"
#include "fetch/recall.h"

enum {
	START_WAIT_MAX_S = 30,  /* a run that comes so little too early waits */
	RENEW_WAIT_MAX_S = 900, /* a session that goes on with a run's work waits so long */
};

/* A write that fails costs only that the server is asked too early. */
static void note(struct fetch *f, struct guard_event event)
{
	const struct guard_file file = {
		f->order->state_dir, f->account->name, f->account->endpoint.host, f->account->user};
	struct error ignored;

	event.now_s = clock_wall_s();
	guard_apply(&f->guard, &event);
	if (!f->store || (!f->guard.stored && guard_is_empty(&f->guard)))
		return;
	if (fetch_only_looks(f))
		(void)!guard_note_aside(&file, &f->guard, &event, &ignored);
	else
		(void)!guard_write(&f->guard, f->store, &ignored);
}

/* ---- waiting ---- */

/* Rounded up, but for the second of doubt: who comes then is not too early. */
static void write_wait(char *out, size_t room, int64_t wait_s)
{
	int64_t unit = wait_s < 60 ? 1 : wait_s < 7200 ? 60 : 3600;

	text_duration(out, room, wait_s < 60 ? wait_s : (wait_s + unit - 2) / unit * unit);
}

static void say_pause(const struct fetch *f, int64_t pause_s, struct error *e)
{
	char pause[32];

	write_wait(pause, sizeof(pause), pause_s);
	error_set(e, ERROR_AUTH,
		"%s has refused the login of \"%s\"; so that the account does not get locked, the "
		"next attempt is in %s",
		f->account->endpoint.host, safe(span_of(f->account->user)).text, pause);
	error_remedy(e, "sooner", "ambil fetch %s, on a terminal", f->account->typed);
}

static void say_too_early(const struct fetch *f, int64_t wait_s, struct error *e)
{
	char wait[32], delay[32];

	write_wait(wait, sizeof(wait), wait_s);
	text_duration(delay, sizeof(delay), f->guard.delay_s);
	if (f->guard.source == GUARD_SEEN)
		error_set(e, ERROR_BUSY,
			"%s does not let \"%s\" in so soon again; the next login is tried in %s",
			f->account->endpoint.host, safe(span_of(f->account->user)).text, wait);
	else
		error_set(e, ERROR_BUSY, "%s wants %s between logins; the next is possible in %s",
			f->account->endpoint.host, delay, wait);
}

/* Off a terminal once, and not by every run. */
static void tell_once(struct fetch *f, struct error *e)
{
	f->counts.untried = true;
	if (f->order->by_hand || f->order->typed)
		return;
	f->counts.said = f->guard.told;
	if (f->guard.told)
		return;
	error_append(e, "; runs that come too early say so only once");
	note(f, (struct guard_event){.what = GUARD_TOLD});
}

/* False: the run was asked to stop. */
static bool sleep_s(struct fetch *f, int64_t wait_s, struct error *e)
{
	int64_t until_ms = clock_ms() + wait_s * 1000, left_ms;
	char wait[32];

	write_wait(wait, sizeof(wait), wait_s);
	report_step(f->report_fd, "waiting %s, since %s wants time between logins", wait,
		f->account->endpoint.host);
	while (!*f->order->stop && (left_ms = until_ms - clock_ms()) > 0)
		poll(&(struct pollfd){.fd = f->order->stop_fd, .events = POLLIN}, 1, (int)left_ms);
	return !*f->order->stop || fetch_interrupted(f, e);
}

static bool ends_before(const struct fetch *f, int64_t wait_s)
{
	return f->until_ms && clock_ms() + wait_s * 1000 >= f->until_ms;
}

bool manners_allow(struct fetch *f, struct error *e)
{
	int64_t now_s = clock_wall_s(), pause_s, wait_s;

	if (!recall_guard(f->account, f->order->config_ns, f->store, &f->guard, e))
		return false;
	pause_s = guard_pause_s(&f->guard, f->account->retry_auth, now_s);
	if (pause_s && !f->order->by_hand) {
		/* The attempts say that they were refused: in the end that is once a day. */
		f->counts.untried = true;
		f->counts.said = !f->order->typed;
		say_pause(f, pause_s, e);
		return false;
	}
	wait_s = guard_wait_s(&f->guard, f->order->by_hand, now_s);
	if (!wait_s)
		return true;
	if (wait_s <= START_WAIT_MAX_S && !ends_before(f, wait_s))
		return sleep_s(f, wait_s, e);
	say_too_early(f, wait_s, e);
	tell_once(f, e);
	return false;
}

bool manners_allow_again(struct fetch *f, struct error *e)
{
	int64_t wait_s = guard_wait_s(&f->guard, f->order->by_hand, clock_wall_s());

	if (!wait_s)
		return true;
	if (wait_s <= RENEW_WAIT_MAX_S && !ends_before(f, wait_s))
		return sleep_s(f, wait_s, e);
	known_settle(f);
	visit_put_off(f);
	say_too_early(f, wait_s, e);
	return error_append(e, "; a later run goes on");
}

/* ---- what became of a login ---- */

void manners_logged_in(struct fetch *f)
{
	const struct capabilities *c = session_capabilities(f->session);
	bool known = c->login_delay_user && f->guard.source == GUARD_OWN;
	struct guard_event event = {.what = GUARD_TAKEN,
		.delay_s = known ? f->guard.delay_s : c->login_delay_s,
		.source = known || !c->login_delay_user ? GUARD_OWN : GUARD_ANNOUNCED};

	note(f, event);
}

static void refused_early(struct fetch *f, struct error *e)
{
	char words[sizeof(e->why)];

	snprintf(words, sizeof(words), "%s", e->why);
	note(f, (struct guard_event){.what = GUARD_EARLY});
	say_too_early(f, guard_wait_s(&f->guard, false, clock_wall_s()), e);
	error_server(e, span_of(words));
	tell_once(f, e);
}

/* A server may enforce its delay without the response code (RFC 2449 s.6.5). */
static bool may_be_early(const struct fetch *f, const struct session_lesson *lesson)
{
	return lesson->code == POP3_CODE_NONE && f->guard.source != GUARD_SEEN &&
		guard_wait_s(&f->guard, false, clock_wall_s()) > 0;
}

static void doubt_refusal(const struct fetch *f, struct error *e)
{
	char delay[32];

	text_duration(delay, sizeof(delay), f->guard.delay_s);
	error_append(e, "; or it is too early, since that server wants %s between logins", delay);
}

static void count_refusal(struct fetch *f, const struct session_lesson *lesson, struct error *e)
{
	int64_t pause_s;
	char pause[32];

	/* A token is no guess that would lock an account, and there is another one as soon as the
	 * user has signed in again. */
	if (f->order->by_hand || account_uses_token(f->account))
		return;
	if (lesson->code != POP3_CODE_AUTH && guard_looks_busy(e->why))
		return;
	note(f,
		(struct guard_event){
			.what = GUARD_REFUSED, .certain = lesson->code == POP3_CODE_AUTH});
	pause_s = guard_pause_s(&f->guard, f->account->retry_auth, clock_wall_s());
	if (!pause_s)
		return;
	write_wait(pause, sizeof(pause), pause_s);
	if (f->guard.refusals > 1)
		error_append(e, ", %lu times in a row", (unsigned long)f->guard.refusals);
	error_append(
		e, "; so that the account does not get locked, the next attempt is in %s", pause);
}

void manners_refused(struct fetch *f, const struct session_lesson *lesson, struct error *e)
{
	if (!lesson->refused)
		return;
	if (lesson->code == POP3_CODE_LOGIN_DELAY)
		refused_early(f, e);
	else if (e->kind == ERROR_AUTH && may_be_early(f, lesson))
		doubt_refusal(f, e);
	else if (e->kind == ERROR_AUTH)
		count_refusal(f, lesson, e);
}
