/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One session from login to QUIT, and what it leaves in the state: removed mails, failed ones. What
 * it has learned of the server is for known.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"
#include "fetch/fetch_inner.h"
#include "fetch/seenfile.h"

static bool quit(struct fetch *f)
{
	struct pop3_event ev;
	struct error ignored;

	/* Nothing hangs on its answer here. */
	if (session_send(f->session, &(struct pop3_command){.verb = POP3_QUIT}, &ignored))
		session_next(f->session, -1, true, &ev, &ignored);
	return true;
}

static void show_plan(struct fetch *f)
{
	for (size_t i = 0; i < f->plan.n; i++) {
		const struct plan_item *item = &f->plan.items[i];
		const struct listed *mail = &f->listing.mails[item->index];
		struct report r = {.type = REPORT_ITEM};

		r.u.item.msg = mail->msg;
		r.u.item.size = mail->size;
		r.u.item.why = item->why;
		r.u.item.fetch = item->fetch;
		r.u.item.remove = item->remove;
		if (item->why == PLAN_KEPT)
			r.u.item.until_s = mail->seen->delivered_s + f->account->policy.keep_s;
		seenfile_put_uid(r.u.item.uid, sizeof(r.u.item.uid), mail->key.uid);
		report_send(f->report_fd, &r);
	}
}

static bool mark_all(struct fetch *f, struct error *e)
{
	struct store_key *keys = xcalloc(f->listing.n, sizeof(*keys));
	size_t n = 0;
	bool done;

	for (size_t i = 0; i < f->listing.n; i++) {
		const struct listed *mail = &f->listing.mails[i];

		if (!mail->seen || mail->seen->state == STORE_NOTED)
			keys[n++] = mail->key;
	}
	done = store_mark_seen(f->store, keys, n, clock_wall_s(), e);
	f->counts.marked = done ? n : 0;
	free(keys);
	if (done && f->listing.has_uids && !f->account->policy.all)
		unchanged_note(f);
	return done && quit(f);
}

/* What the retrieval found out goes into the state: removed mails, failed ones. */
static bool note_results(struct fetch *f, const struct retrieval *r, struct error *e)
{
	struct store_key *keys = xcalloc(r->removed_n, sizeof(*keys));
	bool done = true;
	size_t n = 0;

	for (size_t i = 0; f->listing.has_uids && i < r->removed_n; i++)
		keys[n++] = f->listing.mails[r->removed[i]].key;
	if (n)
		done = store_removed(f->store, keys, n, clock_wall_s(), e);
	free(keys);
	for (size_t i = 0; done && f->listing.has_uids && i < r->failures_n; i++)
		/* Failures of a command the committer has noted itself. */
		if (r->failures[i].refused_by_server)
			done = store_failed(f->store, f->listing.mails[r->failures[i].index].key,
				r->failures[i].error.text, clock_wall_s(), e);
	return done;
}

static struct set_aside copy_key(const struct store_key *key)
{
	return (struct set_aside){
		xstrndup(key->uid.data, key->uid.len), key->uid.len, key->occurrence};
}

static void set_aside(struct fetch *f, const struct store_key *key)
{
	f->aside = xreallocarray(f->aside, f->aside_n + 1, sizeof(*f->aside));
	f->aside[f->aside_n++] = copy_key(key);
}

/* Nothing but the mail that is to be fetched alone. It may be gone, or wanted no more. */
static void plan_suspect(struct fetch *f)
{
	f->plan.fetch = 0;
	for (size_t i = 0; i < f->plan.n; i++) {
		struct plan_item *item = &f->plan.items[i];
		const struct store_key *key = &f->listing.mails[item->index].key;

		item->remove = false;
		item->fetch = item->fetch && set_aside_is(&f->suspect, key);
		f->plan.fetch += item->fetch;
	}
}

/*
 * Whether a mail that is too short can be fetched alone, to find out why. Without UIDs it could not
 * be found again, and with --all what has come already would come once more.
 */
static bool fetches_alone(const struct fetch *f)
{
	const struct capabilities *c = session_capabilities(f->session);

	/* Nor where QUIT hides what was sent, before it is delivered. */
	return f->listing.has_uids && !f->account->policy.all &&
		!(c->expires && c->expire_days == 0);
}

/* The results of a session, added to those of the run. */
static void count(struct fetch *f, const struct retrieval *r)
{
	f->counts.mails += r->mails;
	f->counts.octets += r->octets;
	f->counts.deleted += r->removed_n;
	f->counts.failed += r->failures_n;
	f->counts.left = r->left;
	for (size_t i = 0; i < r->failures_n; i++) {
		set_aside(f, &f->listing.mails[r->failures[i].index].key);
		if (!f->first_failure.kind)
			f->first_failure = r->failures[i].error;
	}
}

/* What it means for the mail that a session ended early. */
static void explain(const struct fetch *f, const struct retrieval *r, struct error *e)
{
	if (e->kind == ERROR_DELIVERY || e->kind == ERROR_STORE) {
		fetch_tell_rest(f, e);
	} else if (r->unconfirmed && !e->why[0]) {
		error_why(e,
			_n("%zu deletion is not confirmed; the next run asks again",
				"%zu deletions are not confirmed; the next run asks again",
				r->unconfirmed),
			r->unconfirmed);
	}
}

static void report_plan(const struct fetch *f)
{
	struct report r = {.type = REPORT_PLAN};

	r.u.total.mails = f->counts.mails + f->plan.fetch;
	/* Nobody has so much mail: the sizes are none. */
	if (f->listing.has_sizes && f->plan.fetch_octets < INT64_MAX)
		r.u.total.octets = f->counts.octets + f->plan.fetch_octets;
	r.u.total.seen = f->counts.seen;
	report_send(f->report_fd, &r);
}

/* What the session has shown of the server, for those that follow. */
static void learn(struct fetch *f, const struct retrieval *r, bool done)
{
	if (fetches_alone(f))
		known_note_sizes(f, r->sizes);
	if (r->wants_utf8)
		known_note_utf8(f);
	f->in_step = f->in_step || (!done && r->lost_step);
	f->blamed = f->blamed || (r->session_failed && r->failures_n);
	f->verified = f->verified || r->verified;
}

/* Whether another session of this run would get further. */
static bool goes_on(const struct fetch *f, const struct retrieval *r, bool done)
{
	const struct policy *policy = &f->account->policy;

	/* With --all it would fetch once more what this one has delivered. */
	if (!f->listing.has_uids || policy->all)
		return false;
	if (policy->fetch_max && f->counts.mails >= policy->fetch_max)
		return false;
	if (r->alone)
		return true;
	return !done && r->session_failed &&
		(r->mails || r->failures_n || r->suspected || (r->lost_step && !r->doubtful));
}

/* Whether the mailbox is as the listing had it, and all of it is known. */
static bool is_settled(const struct fetch *f, const struct retrieval *r)
{
	return !r->alone && !r->removed_n && !r->unconfirmed && !r->failures_n && !r->left &&
		f->listing.has_uids && !f->account->policy.all;
}

static bool deletion_refused(const struct fetch *f, const struct retrieval *r, struct error *e)
{
	error_set(e, ERROR_LATER,
		_n("%s refused to delete %zu message; it stays there",
			"%s refused to delete %zu messages; they stay there", r->refused),
		f->account->endpoint.host, r->refused);
	return error_server(e, span_of(r->refusal));
}

static bool fetch_mail(struct fetch *f, bool *again, struct error *e)
{
	struct retrieval r = {
		.session = f->session,
		.listing = &f->listing,
		.plan = &f->plan,
		.account = f->account,
		.order = f->order,
		.sink = f->sink,
		.store = f->store,
		.report_fd = f->report_fd,
		.mails_before = f->counts.mails,
		.octets_before = f->counts.octets,
		.suspects = fetches_alone(f),
		.proven = f->session_setting.pipelining_proven,
		.doubtful = f->session_setting.pipelining_broken,
		.alone = f->suspect.uid != NULL,
		.sizes = fetches_alone(f) ? f->sizes : PROOF_SIZES_INEXACT,
	};
	struct error noted = {0};
	bool done;

	if (!f->wanted)
		f->wanted = f->plan.fetch;
	if (r.alone)
		plan_suspect(f);
	else
		report_plan(f);
	done = retrieve(&r, e);
	if (!note_results(f, &r, &noted) && done) {
		*e = noted;
		done = false;
	}
	count(f, &r);
	free(f->suspect.uid);
	f->suspect = r.suspected ? copy_key(&f->listing.mails[r.suspect].key)
				 : (struct set_aside){.uid = NULL};
	learn(f, &r, done);
	*again = goes_on(f, &r, done);
	if (done && r.refused)
		done = deletion_refused(f, &r, e);
	if (!done)
		explain(f, &r, e);
	else if (!*again && is_settled(f, &r))
		unchanged_note(f);
	retrieval_release(&r);
	return done;
}

static bool carry_out(struct fetch *f, bool *again, struct error *e)
{
	if (f->order->mode != RUN_FROM_NOW) {
		f->counts.too_big = f->plan.too_big;
		f->counts.over_limit = f->plan.over_limit;
		f->counts.same_again = f->account->policy.all;
	}
	switch (f->order->mode) {
	case RUN_DRY:
		f->counts.octets = f->plan.fetch_octets;
		show_plan(f);
		return quit(f);
	case RUN_CHECK:
		f->counts.octets = f->plan.fetch_octets;
		return quit(f);
	case RUN_LIST:
		f->counts.octets = f->plan.fetch_octets;
		return list_messages(f, again, e) && quit(f);
	case RUN_FROM_NOW:
		return mark_all(f, e);
	case RUN_LOGIN:
	case RUN_LOOK:
	case RUN_FETCH:
	case RUN_DOCTOR: /* never comes here */
		break;
	}
	return fetch_mail(f, again, e);
}

static void forget_session(struct fetch *f)
{
	session_free(f->session);
	plan_release(&f->plan);
	unchanged_release(&f->unchanged);
	listing_release(&f->listing);
	seen_set_free(f->seen);
	f->session = NULL;
	f->seen = NULL;
}

/* A login that was refused may be worth another try, with what was learned from it. */
static bool may_log_in_otherwise(struct fetch *f, enum session_refusal refusal, struct error *e)
{
	switch (refusal) {
	case SESSION_FORM_REFUSED:
		known_note_two_lines(f);
		return true;
	case SESSION_TOKEN_REFUSED:
		return fetch_renew_token(f, e);
	case SESSION_BINDING_REFUSED:
		f->known.unbinds = true;
		return true;
	default:
		return false;
	}
}

static bool open_session(struct fetch *f, bool *again, struct error *e)
{
	struct session_lesson lesson = {.refused = false};
	bool lost_step = false, done;

	f->session_setting.lesson = &lesson;
	done = session_open(&f->session_setting, survey_commands, survey_command_count(f),
		&f->session, &lost_step, e);
	f->session_setting.lesson = NULL;
	if (lesson.capa_ends_it)
		known_note_capa_ends(f);
	if (done) {
		if (lesson.unbound || f->known.unbinds)
			known_note_unbound(f);
		manners_logged_in(f);
		return true;
	}
	if (known_doubt(f, &lesson) || known_doubt_capa_ends(f, &lesson, e)) {
		*again = true;
		return false;
	}
	/* A server that lets nobody in so soon again. */
	visit_put_off(f);
	*again = (lost_step && !f->in_step) || may_log_in_otherwise(f, lesson.refusal, e);
	f->in_step = f->in_step || lost_step;
	if (!*again)
		manners_refused(f, &lesson, e);
	return false;
}

/* A mail that was to be fetched alone would be again what this run has met, and so would be the
 * step that was lost: the next run does without that proof, and begins in step. */
void visit_put_off(struct fetch *f)
{
	if (f->suspect.uid)
		known_note_sizes(f, PROOF_SIZES_INEXACT);
	known_doubt_pipelining(f);
}

/* There will be no other session that could find it out. */
static void settle_at_deadline(struct fetch *f)
{
	if (*f->order->stop == SIGALRM)
		known_settle(f);
}

bool visit(struct fetch *f, bool *again, struct error *e)
{
	bool done;

	*again = false;
	if (!known_read(f, e))
		return false;
	f->session_setting = (struct session_setting){
		.account = f->account,
		.secret = f->password,
		.tls = f->tls,
		.two_lines = f->known.server.two_lines,
		.used = f->known.server.used,
		.unbound = f->known.server.unbound,
		.capabilities = f->known.capabilities,
		.pipelining_broken = f->in_step || known_pipelining_is_broken(f),
		.pipelining_proven = known_pipelining_works(f) && !f->known.doubted,
		.trace = f->order->trace,
		.report_fd = f->report_fd,
		.stop = f->order->stop,
		.stop_fd = f->order->stop_fd,
		.without_capa = f->known.server.without_capa,
		.utf8 = f->known.server.utf8,
		.delay_known = f->guard.delay_s && f->guard.source == GUARD_OWN,
	};
	if (!open_session(f, again, e)) {
		settle_at_deadline(f);
		return false;
	}
	known_note_login(f);
	done = survey(f, again, e);
	if (!done && known_doubt_listing(f, e))
		*again = true;
	settle_at_deadline(f);
	if (done) {
		known_settle(f);
		session_arrived(f->session);
		done = carry_out(f, again, e);
	}
	if (done) {
		known_judge_pipelining(f);
		known_note_capabilities(f);
	}
	forget_session(f);
	return done;
}
