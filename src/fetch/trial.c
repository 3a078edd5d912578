/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A login and nothing else: is this the password? And before that: is this the server? Neither
 * state nor destination is touched, so that it is of no concern whether another run has them.
 */
#include <stdio.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/text.h"
#include "fetch/fetch_inner.h"
#include "fetch/seenfile.h"
#include "net/tls.h"

static struct session_setting setting_for(const struct fetch *f)
{
	return (struct session_setting){
		.account = f->account,
		.secret = f->password,
		.trace = f->order->trace,
		.report_fd = f->report_fd,
		.stop = f->order->stop,
		.stop_fd = f->order->stop_fd,
		.tls = f->tls,
	};
}

/* Nothing hangs on its answer. */
static void quit(struct fetch *f)
{
	struct pop3_event ev;
	struct error ignored;

	if (session_send(f->session, &(struct pop3_command){.verb = POP3_QUIT}, &ignored))
		session_next(f->session, -1, true, &ev, &ignored);
	session_free(f->session);
	f->session = NULL;
}

/* ---- the server ---- */

static void ignore_step(void *self, enum session_step step)
{
	(void)self;
	(void)step;
}

static void ignore_words(void *self, enum session_step step, struct span words)
{
	(void)self;
	(void)step;
	(void)words;
}

static void tell_server(void *self, const struct tls_facts *facts, const struct error *distrust)
{
	const struct fetch *f = self;
	const struct tls_certificate *own = &facts->chain[0];
	struct report r = {.type = REPORT_SERVER};
	struct report_server *s = &r.u.server;

	if (facts->n) {
		snprintf(s->subject, sizeof(s->subject), "%s", own->subject);
		snprintf(s->issuer, sizeof(s->issuer), "%s", own->issuer);
		snprintf(s->sha256, sizeof(s->sha256), "%s", own->sha256);
		snprintf(s->pin, sizeof(s->pin), "%s", own->pin);
		s->until_s = own->until_s;
	}
	s->trusted = !distrust;
	s->pinned = facts->pinned;
	if (distrust)
		s->distrust = *distrust;
	report_send(f->report_fd, &r);
}

bool trial_look(struct fetch *f, struct error *e)
{
	const struct session_watch watch = {
		.begins = ignore_step, .says = ignore_words, .handshake = tell_server, .self = f};
	struct session_setting setting = setting_for(f);
	bool lost_step = false, done;

	setting.watch = &watch;
	if (!session_connect(&setting, &f->session, &lost_step, e))
		return false;
	done = session_choose(f->session, e);
	quit(f);
	return done;
}

/* ---- the login ---- */

/* In another way, when the server has shown that it takes none but that. The session keeps
 * *setting.
 */
static bool open_session(struct fetch *f, struct session_setting *setting, struct error *e)
{
	struct session_lesson lesson = {.refused = false};
	bool lost_step = false, done;

	setting->lesson = &lesson;
	done = session_open(setting, NULL, 0, &f->session, &lost_step, e);
	setting->lesson = NULL;
	if (done)
		return true;
	if (lesson.refusal == SESSION_FORM_REFUSED)
		setting->two_lines = true;
	else if (lesson.refusal == SESSION_BINDING_REFUSED)
		setting->unbound = true;
	else
		return false;
	return session_open(setting, NULL, 0, &f->session, &lost_step, e);
}

static bool write_uids(const struct listing *l, int fd)
{
	struct buf text = {NULL, 0, 0};
	bool done;

	for (size_t i = 0; i < l->n; i++) {
		seenfile_add_uid(&text, l->mails[i].key.uid);
		buf_add(&text, "\n", 1);
	}
	done = file_write_all(fd, text.data, text.len);
	buf_release(&text);
	return done;
}

/* Of this session, since a login right behind it may be refused as too early (LOGIN-DELAY). False
 * where a UID alone does not say which mail it is. */
static bool list_uids(struct fetch *f)
{
	struct listing *l = &f->listing;
	struct pop3_event ev;
	struct error ignored;
	bool done = session_send(f->session, &(struct pop3_command){.verb = POP3_UIDL}, &ignored) &&
		session_next(f->session, -1, true, &ev, &ignored) == SESSION_EVENT && ev.ok;

	while (done) {
		done = session_next(f->session, -1, true, &ev, &ignored) == SESSION_EVENT &&
			(ev.type != POP3_LINE || listing_add_uid(l, ev.text, &ignored));
		if (ev.type == POP3_END)
			break;
	}
	if (done)
		listing_match(l, NULL, NULL);
	done = done && !l->has_twins && !l->without_uid && write_uids(l, f->order->uids_fd);
	listing_release(l);
	return done;
}

/* How much mail there is, if the server says so. */
static void tell_mailbox(struct fetch *f)
{
	struct report r = {.type = REPORT_MAILBOX};
	struct pop3_event ev;
	struct error ignored;
	struct span rest;

	snprintf(r.u.mailbox.mechanism, sizeof(r.u.mailbox.mechanism), "%s",
		mech_title(session_mechanism(f->session)));
	if (session_send(f->session, &(struct pop3_command){.verb = POP3_STAT}, &ignored) &&
		session_next(f->session, -1, true, &ev, &ignored) == SESSION_EVENT && ev.ok) {
		rest = ev.text;
		r.u.mailbox.counted = parse_u64(span_word(&rest), UINT32_MAX, &r.u.mailbox.mails) &&
			parse_u64(span_word(&rest), INT64_MAX, &r.u.mailbox.octets);
	}
	r.u.mailbox.delay_s = session_capabilities(f->session)->login_delay_s;
	r.u.mailbox.listed = f->order->uids_fd && r.u.mailbox.mails && list_uids(f);
	report_send(f->report_fd, &r);
}

bool trial(struct fetch *f, struct error *e)
{
	struct session_setting setting = setting_for(f);

	if (!open_session(f, &setting, e)) {
		if (e->kind != ERROR_INTERRUPTED && !f->order->watch)
			error_append(e, "; nothing was stored");
		return false;
	}
	/* Only for whoever wants to know: a login is tried without a further word. */
	if (f->order->watch)
		tell_mailbox(f);
	quit(f);
	return true;
}
