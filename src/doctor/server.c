/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a session finds on its way, told line by line as it goes: this looks on while session.c does
 * what it does for every run. Behind the login the mailbox is counted; nothing is fetched.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/text.h"
#include "doctor/checkup.h"
#include "doctor/words.h"
#include "expire.h"
#include "net/tls.h"
#include "recall.h"
#include "session.h"

enum { CAPABILITY_WIDTH = 30, LINES_MAX = 4096, TIMER_S = 10 * 60, QUIT_PATIENCE_MS = 3000 };

static const char *const labels[] = {
	[SESSION_CONNECT] = "connection",
	[SESSION_TLS] = "TLS",
	[SESSION_GREETING] = "greeting",
	[SESSION_CAPABILITIES] = "capabilities",
	[SESSION_STLS] = "STLS",
	[SESSION_LOGIN] = "login",
};

struct look {
	struct checkup *c;
	struct session_setting setting;
	struct session_lesson lesson;
	struct session *session;
	bool muted; /* what is done again is not told again */
	enum session_step step;
	bool begun;
	int64_t since_ms, login_ms;
	struct tls_facts facts; /* of this connection, if facts.seen */
	struct error distrust;  /* why the server is not trusted; kind ERROR_NONE: it is */
	char greeting[4 * TEXT_SAFE_MAX + 8];
	struct buf lines;  /* of the last answer to CAPA, each with a newline … */
	size_t more_lines; /* … but for so many, since nobody reads them all */
	struct buf before; /* of the one before the login */
};

/* ---- capabilities ---- */

/* Takes the first line off the rest; false at the end. */
static bool next_line(struct span *rest, struct span *line)
{
	const char *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;

	if (!end)
		return false;
	*line = (struct span){rest->data, (size_t)(end - rest->data)};
	rest->len -= line->len + 1;
	rest->data = end + 1;
	return true;
}

static bool has_line(const struct buf *lines, struct span wanted)
{
	struct span rest = buf_span(lines), line;

	while (next_line(&rest, &line))
		if (span_equal(line, wanted))
			return true;
	return false;
}

/* With its arguments where they are short. */
static struct span short_form(struct span line)
{
	struct span rest = span_trim(line), all = rest, name = span_word(&rest);

	return span_is_nocase(name, "SASL") || span_is_nocase(name, "IMPLEMENTATION") ? name : all;
}

/* Those that are not in the lines of known, as "A, B". */
static void add_names(struct buf *out, const struct buf *lines, const struct buf *known)
{
	struct span rest = buf_span(lines), line;

	while (next_line(&rest, &line))
		if (!known || !has_line(known, line))
			buf_printf(out, "%s%s", out->len ? ", " : "", safe(short_form(line)).text);
}

static void tell_meanings(struct look *l, const struct buf *known)
{
	struct span rest = buf_span(&l->lines), line;
	char meaning[4 * TEXT_SAFE_MAX + 40];
	int width = 0;

	while (next_line(&rest, &line)) {
		size_t len = short_form(line).len;

		if (len < CAPABILITY_WIDTH && (int)len > width)
			width = (int)len;
	}
	rest = buf_span(&l->lines);
	while (next_line(&rest, &line)) {
		if (known && has_line(known, line))
			continue;
		words_capability(meaning, sizeof(meaning), line);
		check_detail(l->c, checkup_in_detail(l->c), "%-*s  %s", width,
			safe(short_form(line)).text, meaning);
	}
}

static void tell_capabilities(struct look *l, int64_t ms)
{
	struct buf names = {NULL, 0, 0};

	if (!l->lines.len) {
		check_remark(l->c, "capabilities",
			"the server tells none (no CAPA): what it can do is found out by trying");
		return;
	}
	add_names(&names, &l->lines, NULL);
	check_ok(l->c, "capabilities", ms, "%s", names.len ? names.data : "none");
	tell_meanings(l, NULL);
	if (l->more_lines)
		check_detail(l->c, true, "and %zu more", l->more_lines);
	buf_release(&names);
}

/* Some servers tell all they can do only to those who are logged in. */
static void tell_more_capabilities(struct look *l)
{
	struct buf names = {NULL, 0, 0};

	add_names(&names, &l->lines, &l->before);
	if (names.len) {
		check_ok(l->c, "capabilities", NO_TIME, "after the login also: %s", names.data);
		tell_meanings(l, &l->before);
	}
	buf_release(&names);
}

/* ---- looking on ---- */

static int64_t since(const struct look *l)
{
	return clock_ms() - l->since_ms;
}

/* Where the addresses have not been tried. */
static void tell_way(const struct look *l)
{
	struct where link = dial_link(&l->c->account->endpoint);

	if (link.text[0])
		check_ok(l->c, "connection", since(l), "through %s", link.text);
}

/* The step has succeeded. */
static void end_step(struct look *l)
{
	if (!l->begun || l->muted)
		return;
	switch (l->step) {
	case SESSION_TLS:
		check_tls(l->c, &l->facts, since(l), l->distrust.kind ? &l->distrust : NULL);
		break;
	case SESSION_GREETING:
		if (l->greeting[0])
			check_ok(l->c, "greeting", since(l), "\"%s\"", l->greeting);
		else
			check_ok(l->c, "greeting", since(l), "without a word");
		break;
	case SESSION_STLS:
		check_ok(l->c, "STLS", since(l), "the server goes on with TLS");
		break;
	case SESSION_LOGIN:
		l->login_ms = since(l);
		break;
	case SESSION_CONNECT:
		tell_way(l);
		break;
	case SESSION_CAPABILITIES:
		break;
	}
	l->begun = false;
}

static void begins(void *self, enum session_step step)
{
	struct look *l = self;

	end_step(l);
	if (step == SESSION_CAPABILITIES) {
		buf_clear(&l->lines);
		l->more_lines = 0;
	}
	l->step = step;
	l->begun = true;
	l->since_ms = clock_ms();
	if (!l->muted)
		check_running(l->c, labels[step]);
}

static void says(void *self, enum session_step step, struct span words)
{
	struct look *l = self;

	if (step == SESSION_GREETING) {
		text_safe(l->greeting, sizeof(l->greeting), words);
	} else if (l->lines.len + words.len < LINES_MAX) {
		buf_add(&l->lines, words.data, words.len);
		buf_add_text(&l->lines, "\n");
	} else {
		l->more_lines++;
	}
}

static void handshake(void *self, const struct tls_facts *facts, const struct error *distrust)
{
	struct look *l = self;

	l->facts = *facts;
	if (distrust)
		l->distrust = *distrust;
}

/* The step at hand has failed, and with it the connection. */
static void tell_failure(struct look *l, const struct error *e)
{
	if (l->step == SESSION_STLS)
		tell_capabilities(l, 0);
	check_failed(l->c, labels[l->step], e);
}

/* ---- before the login ---- */

static void add_word(struct buf *list, const char *word)
{
	buf_printf(list, "%s%s", list->len ? ", " : "", word);
}

/* All that is offered, also what ambil does not know. */
static void list_mechanisms(const struct look *l, struct buf *list)
{
	const struct capabilities *caps = session_capabilities(l->session);
	struct span rest = span_of(caps->mechanisms);

	for (struct span name; (rest = span_trim(rest)).len;) {
		name = span_word(&rest);
		add_word(list, safe(name).text);
	}
	if (caps->user)
		add_word(list, "USER");
	if (session_has_stamp(l->session))
		add_word(list, "APOP");
}

static void note_better(struct look *l)
{
	struct error e;
	enum mech better;

	if (!session_has_better(l->session, &better))
		return;
	error_set(&e, ERROR_CAPABILITY, "%s is offered, which is stronger", mech_title(better));
	error_remedy(&e, "to take it", "auth = auto");
	check_note(l->c, "mechanism", &e);
}

static bool check_mechanism(struct look *l)
{
	struct buf offered = {NULL, 0, 0};
	struct error e = {0};
	bool done = session_choose(l->session, &e);

	list_mechanisms(l, &offered);
	if (done) {
		check_ok(l->c, "mechanism", NO_TIME, "%s (%s%s)",
			mech_title(session_mechanism(l->session)),
			offered.len ? "offered: " : "the server names none",
			offered.len ? offered.data : "");
		note_better(l);
	} else {
		if (!e.why[0] && offered.len)
			error_why(&e, "offered: %.200s", offered.data);
		check_failed(l->c, "mechanism", &e);
	}
	buf_release(&offered);
	return done;
}

static void note_clear(struct look *l)
{
	const struct account *a = l->c->account;
	struct error e;

	if (a->tls.mode != TLS_NONE || a->endpoint.socket ||
		!session_capabilities(l->session)->stls)
		return;
	error_set(&e, ERROR_TLS, "the server offers STLS, but all goes in clear (tls = none)");
	error_remedy(&e, "to encrypt it", "tls = starttls");
	check_note(l->c, "encryption", &e);
}

/* ---- the login, and behind it ---- */

static bool next_event(struct look *l, struct pop3_event *ev, struct error *e)
{
	switch (session_next(l->session, -1, true, ev, e)) {
	case SESSION_EVENT:
		return true;
	case SESSION_WOKEN:
		return error_set(e, ERROR_INTERRUPTED, "interrupted");
	case SESSION_FAILED:
		break;
	}
	return false;
}

static bool ask(struct look *l, enum pop3_verb verb, struct pop3_event *ev, struct error *e)
{
	return session_send(l->session, &(struct pop3_command){.verb = verb}, e) &&
		next_event(l, ev, e);
}

/* *uids: how many messages have one; *listed: UIDL was answered. */
static bool count_uids(struct look *l, bool *listed, uint64_t *uids, struct error *e)
{
	struct pop3_event ev;

	*uids = 0;
	if (!ask(l, POP3_UIDL, &ev, e))
		return false;
	*listed = ev.ok;
	if (!ev.ok)
		return true;
	do {
		if (!next_event(l, &ev, e))
			return false;
		*uids += ev.type == POP3_LINE;
	} while (ev.type != POP3_END);
	return true;
}

static bool read_stat(struct look *l, uint32_t *mails, uint64_t *octets, struct error *e)
{
	struct pop3_event ev;
	struct span rest;

	if (!ask(l, POP3_STAT, &ev, e))
		return false;
	rest = ev.text;
	if (ev.ok && parse_u32(span_word(&rest), UINT32_MAX, mails) &&
		parse_u64(span_word(&rest), INT64_MAX, octets))
		return true;
	error_set(e, ERROR_PROTOCOL, "%s does not tell how much mail there is (STAT)",
		l->c->account->endpoint.host);
	return session_quote(l->session, e, ev.text);
}

/* Without UIDs what stays there cannot be told from what is new. */
static void tell_no_uids(struct look *l, uint32_t mails)
{
	const struct account *a = l->c->account;
	struct error e;

	if (a->policy.keep == KEEP_NOT) {
		check_remark(l->c, "listing",
			"%lu message%s, no UIDL: one whose deletion is interrupted will come again",
			(unsigned long)mails, mails == 1 ? "" : "s");
		return;
	}
	error_set(&e, ERROR_CAPABILITY,
		"%s has no UIDL, so mail kept there could not be told from new mail",
		a->endpoint.host);
	error_remedy(&e, "to delete mail there once it is delivered here",
		a->temporary ? "--delete" : "keep = false");
	check_failed(l->c, "listing", &e);
}

static bool check_listing(struct look *l)
{
	struct error e = {0};
	uint64_t octets = 0, uids = 0;
	uint32_t mails = 0;
	bool listed = false;
	int64_t start_ms = clock_ms();
	char size[32];

	check_running(l->c, "listing");
	if (!read_stat(l, &mails, &octets, &e) || !count_uids(l, &listed, &uids, &e)) {
		check_failed(l->c, "listing", &e);
		return false;
	}
	text_size(size, sizeof(size), octets);
	if (!listed)
		tell_no_uids(l, mails);
	else if (uids != mails)
		check_remark(l->c, "listing",
			"%lu message%s (%s), but %llu UIDs: not all of it is shown at once",
			(unsigned long)mails, mails == 1 ? "" : "s", size,
			(unsigned long long)uids);
	else
		check_ok(l->c, "listing", clock_ms() - start_ms, "%lu message%s (%s), %s",
			(unsigned long)mails, mails == 1 ? "" : "s", size,
			mails == 1 ? "with a UID" : "each with a UID");
	return true;
}

/* What the server asks for, and what it costs to do without what it lacks. */
static void note_terms(struct look *l)
{
	const struct capabilities *caps = session_capabilities(l->session);
	const struct account *a = l->c->account;
	struct error e = {0};
	char delay[32];

	if (!caps->known)
		return;
	if (!caps->pipelining)
		check_remark(l->c, "pipelining",
			"not offered: each message costs the time of a question and its answer");
	if (caps->login_delay_s > TIMER_S) {
		text_duration(delay, sizeof(delay), caps->login_delay_s);
		error_set(&e, ERROR_BUSY,
			"%s must be between two logins, the usual timer comes "
			"every 10 min",
			delay);
		error_remedy(&e, "set the timer to that", "OnUnitInactiveSec=%s", delay);
		check_note(l->c, "login delay", &e);
	}
	if (!a->temporary && expire_contradicts(a->endpoint.host, caps, &a->policy, &e))
		check_note(l->c, "expiry", &e);
}

static void quit(struct look *l)
{
	struct pop3_event ev;
	struct error ignored;

	session_hurry(l->session, QUIT_PATIENCE_MS);
	(void)!ask(l, POP3_QUIT, &ev, &ignored);
}

/* Whether there is something to log in with. */
static bool has_password(struct look *l)
{
	struct checkup *c = l->c;

	if (l->distrust.kind)
		check_skipped(c, "login", "no password is sent to a server that is not trusted");
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
		"%s has refused the last login%s of \"%s\"; runs that nobody watches pause for %s",
		a->endpoint.host, guard->refusals == 1 ? "" : "s", safe(span_of(a->user)).text,
		wait);
	if (by_hand) {
		check_note(l->c, "pause", &e);
		return true;
	}
	error_remedy(&e, "to try it now", "ambil doctor %s, on a terminal", a->typed);
	check_failed(l->c, "login", &e);
	return false;
}

/* Whether a login may be sent, by the rules of every run. */
static bool check_manners(struct look *l)
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

static void check_inside(struct look *l)
{
	struct error e = {0};
	bool done = log_in(l, &e), asked_again;

	l->muted = false;
	if (!done) {
		check_failed(l->c, labels[SESSION_LOGIN], &e);
		return;
	}
	asked_again = l->step == SESSION_CAPABILITIES;
	end_step(l);
	check_ok(l->c, "login", l->login_ms, "as %s", safe(span_of(l->c->account->user)).text);
	if (session_capabilities(l->session)->known && !asked_again &&
		!session_renew_capabilities(l->session, &e)) {
		check_failed(l->c, "capabilities", &e);
		return;
	}
	end_step(l);
	tell_more_capabilities(l);
	if (check_listing(l)) {
		note_terms(l);
		quit(l);
	}
}

static void check_session(struct look *l)
{
	bool can_log_in;

	end_step(l);
	tell_capabilities(l, since(l));
	buf_add(&l->before, l->lines.data, l->lines.len);
	note_clear(l);
	can_log_in = check_mechanism(l);
	can_log_in = has_password(l) && can_log_in && check_manners(l);
	if (can_log_in) {
		check_inside(l);
	} else {
		note_terms(l);
		quit(l);
	}
}

void check_server(struct checkup *c)
{
	struct look *l = xcalloc(1, sizeof(*l));
	const struct session_watch watch = {
		.begins = begins, .says = says, .handshake = handshake, .self = l};
	struct recalled known;
	struct error e = {0};
	bool lost_step;

	l->c = c;
	/* A state that cannot be read is told of further down. */
	if (!recall_server(c->account, c->store, &known, &e))
		known = (struct recalled){.used = MECH_NONE};
	l->setting = (struct session_setting){
		.account = c->account,
		.secret = c->password,
		.trace = c->order->trace,
		.report_fd = c->report_fd,
		.stop = c->order->stop,
		.stop_fd = c->order->stop_fd,
		.used = known.used,
		.two_lines = known.two_lines,
		.without_capa = known.without_capa,
		.utf8 = known.utf8,
		.watch = &watch,
		.lesson = &l->lesson,
	};
	if (session_connect(&l->setting, &l->session, &lost_step, &e))
		check_session(l);
	else
		tell_failure(l, &e);
	session_free(l->session);
	buf_release(&l->lines);
	buf_release(&l->before);
	free(l);
}
