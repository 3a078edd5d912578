/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a session finds on its way, told line by line as it goes: this looks on while session.c does
 * what it does for every run.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "doctor/look.h"
#include "fetch/recall.h"

static const char *const labels[] = {
	[SESSION_CONNECT] = N_("connection"),
	[SESSION_TLS] = N_("TLS"),
	[SESSION_GREETING] = N_("greeting"),
	[SESSION_CAPABILITIES] = N_("capabilities"),
	[SESSION_STLS] = N_("STLS"),
	[SESSION_LOGIN] = N_("login"),
};

const char *look_label(enum session_step step)
{
	return labels[step];
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
void look_end_step(struct look *l)
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

	look_end_step(l);
	if (step == SESSION_CAPABILITIES) {
		buf_clear(&l->lines);
		l->more_lines = 0;
	}
	l->step = step;
	l->begun = true;
	l->since_ms = clock_ms();
	if (!l->muted)
		check_running(l->c, look_label(step));
}

static void says(void *self, enum session_step step, struct span words)
{
	struct look *l = self;

	if (step == SESSION_GREETING)
		text_safe(l->greeting, sizeof(l->greeting), words);
	else
		look_take_line(l, words);
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
	if (l->step == SESSION_TLS && l->distrust.kind) {
		check_tls(l->c, &l->facts, since(l), e);
		check_skipped(
			l->c, "login", "nothing of ours is shown to a server that is not trusted");
		return;
	}
	if (l->step == SESSION_STLS)
		look_tell_capabilities(l, 0);
	check_failed(l->c, look_label(l->step), e);
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
		const char *title = mech_title(session_mechanism(l->session));

		if (offered.len)
			check_ok(l->c, "mechanism", NO_TIME, "%s (offered: %s)", title,
				offered.data);
		else
			check_ok(l->c, "mechanism", NO_TIME, "%s (the server names none)", title);
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

static void check_session(struct look *l)
{
	bool can_log_in;

	look_end_step(l);
	look_tell_capabilities(l, since(l));
	buf_add(&l->before, l->lines.data, l->lines.len);
	note_clear(l);
	can_log_in = check_mechanism(l);
	can_log_in = look_has_password(l) && can_log_in && look_may_log_in(l);
	if (can_log_in) {
		look_log_in(l);
	} else {
		look_tell_terms(l);
		look_quit(l);
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
