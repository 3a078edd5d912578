/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What keeps link and disk busy at once. RETRs are sent ahead, as many as fill the link by count
 * and by expected octets, topped up at half so that commands go out in bursts; DELEs ride with
 * them. The committer works beside; its results come back through a descriptor that wakes the loop.
 *
 * A mail joins its batch only when it is proved to be whole and the right one. Three things may be
 * wrong. A server that does not stuff a dot ends a mail early, and the rest of the mail, which its
 * author may have made look like replies, stands where replies should. A server that announces
 * PIPELINING and drops commands from a burst shifts all answers by one. A stray line does the same.
 * The proofs:
 *
 * - The next status line must be one. Behind the last RETR of a flight a NOOP asks for it.
 * - UIDL n goes before each RETR n of a flight, and its answer must name the right mail before
 *   anything after it is believed; that costs some octets, and no round trip. (LIST n, where there
 *   is no UIDL.)
 * - LIST goes out with the first flight. A mail of the size it said is whole; in step that saves
 *   the UIDL n. One of another size needs such an answer behind it.
 * - A mail that is too short, from a server whose sizes were right so far, is not believed even
 *   then: who wrote it may know the UIDs. It is fetched alone, with QUIT behind it: replies that
 *   the mail itself brought are then one too many. If none is, the sizes are what is wrong, and
 *   that is remembered. (Of a server whose sizes say nothing, UIDs that nobody can guess are proof
 *   enough.)
 */
#include "retrieve.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "commit.h"
#include "local/fingerprint.h"
#include "pop3/reply.h"
#include "proof.h"
#include "stop.h"

enum {
	WINDOW_MAILS = 1000,
	WINDOW_SINGLES = 32, /* where each mail costs a command's run: what is behind a failure
				comes in vain */
	WINDOW_OCTETS = 16 * 1024 * 1024,
	GUESSED_OCTETS = 8 * 1024, /* a mail whose size is unknown, before the first one came */
	BATCH_MAILS = 256,
	BATCH_OCTETS = 32 * 1024 * 1024,
	BATCH_AGE_MS = 1000,
	LARGE_OCTETS = 1024 * 1024, /* what came before such a mail does not wait for it */
	BACKLOG_OCTETS = 64 * 1024 * 1024,
	BACKLOG_BATCHES = 2,
	BACKLOG_SINGLES = 16, /* batches of one mail each */
	FAILURES_IN_A_ROW = 10,
	TIMEOUTS_IN_A_ROW = 3,
	PROGRESS_MS = 100,
};

/* The loop's own variables; the results are in r. */
struct loop {
	struct retrieval *r;
	struct commit *commit;
	uint32_t *fetch; /* listing indices in the order of RETR */
	size_t fetch_n, sent, answered;
	uint32_t *removals; /* listing indices; the first removals_sent have had their DELE */
	size_t removals_n, removals_sent, removals_answered;
	bool *removal_ok;
	bool *remove_after;       /* by listing index */
	bool receiving;           /* a mail is open in the sink */
	bool ended;               /* its last dot has come, but it is not proved yet */
	uint32_t index;           /* that mail, in the listing */
	struct proof proof;       /* what came of it */
	size_t failures_before;   /* when it ended */
	bool ask_first;           /* UIDL n goes before each RETR n */
	bool asked;               /* UIDL n has been sent behind the mail */
	bool proves;              /* such answers have come in this session */
	bool named;               /* the last of them named its mail */
	bool no_proof;            /* they were refused */
	bool in_vain;             /* the one behind the mail was */
	bool unproved;            /* it did not before this RETR */
	bool discard;             /* stopped: what still comes would only start more commands */
	bool sink_failed;         /* nothing more can be delivered */
	struct fingerprint print; /* of that mail */
	uint64_t received_mails, received_octets;
	uint64_t flight_octets; /* expected, of RETRs sent and not answered to the end */
	struct commit_batch *open;
	int64_t open_since_ms, progress_ms, stop_ms;
	size_t failed_in_a_row;
	int64_t failing_since_ms; /* when the first of them was known */
	bool enough; /* so many mails failed that more would fail too: ends early, but in good order
		      */
	struct error fatal;
};

static const struct listed *mail_at(const struct loop *l, uint32_t index)
{
	return &l->r->listing->mails[index];
}

static size_t batch_max(const struct loop *l)
{
	size_t max = l->r->sink->ops->batch_max, asked = l->r->order->batch_max;

	if (!max || max > BATCH_MAILS)
		max = BATCH_MAILS;
	return asked && asked < max ? asked : max;
}

/* ---- failures of one mail ---- */

static void add_failure(struct loop *l, uint32_t index, bool by_server, const struct error *error)
{
	struct retrieval *r = l->r;

	r->failures = xreallocarray(r->failures, r->failures_n + 1, sizeof(*r->failures));
	r->failures[r->failures_n++] = (struct retrieval_failure){index, by_server, *error};
	if (!l->failed_in_a_row++)
		l->failing_since_ms = clock_ms();
	/* A command that hangs on all of them takes its whole time for each. */
	if (l->failed_in_a_row >= FAILURES_IN_A_ROW ||
		(l->failed_in_a_row >= TIMEOUTS_IN_A_ROW &&
			clock_ms() - l->failing_since_ms >=
				(TIMEOUTS_IN_A_ROW - 1) * r->account->command_timeout_ms))
		l->enough = true;
}

/* ---- batches ---- */

static void submit(struct loop *l)
{
	struct commit_batch *b = l->open;

	if (!b)
		return;
	/* Its mails share what the sink has open. */
	assert(!l->receiving);
	b->sink = l->r->sink->ops->cut(l->r->sink);
	assert(b->sink);
	l->open = NULL;
	commit_submit(l->commit, b);
}

static void add_to_batch(struct loop *l, uint32_t index)
{
	struct commit_batch *b = l->open;

	if (!b) {
		b = l->open = xcalloc(1, sizeof(*b));
		b->mails = xcalloc(batch_max(l), sizeof(*b->mails));
		l->open_since_ms = clock_ms();
	}
	b->mails[b->n++] = (struct commit_mail){.index = index,
		.row = {.key = mail_at(l, index)->key,
			.size = mail_at(l, index)->size,
			.print = fingerprint_value(&l->print)},
		.octets = l->proof.octets};
	b->octets += l->proof.octets;
	if (b->n >= batch_max(l) || b->octets >= BATCH_OCTETS)
		submit(l);
}

static void submit_if_old(struct loop *l)
{
	if (l->open && !l->receiving && commit_pending(l->commit) == 0 &&
		clock_ms() - l->open_since_ms >= BATCH_AGE_MS)
		submit(l);
}

static void report_delivered(struct loop *l, const struct commit_batch *b)
{
	const struct sink_ops *ops = l->r->sink->ops;

	for (size_t i = 0; l->r->order->messages && i < b->n; i++) {
		struct report r = {.type = REPORT_MESSAGE};

		text_safe(r.u.message.uid, sizeof(r.u.message.uid), b->mails[i].row.key.uid);
		r.u.message.octets = b->mails[i].octets;
		if (ops->where)
			ops->where(&b->receipts[i], r.u.message.where, sizeof(r.u.message.where));
		report_send(l->r->report_fd, &r);
	}
}

/* "… on message 3 of 5; it stays on the server, nothing lost": which mail a command refused. */
static void fail_mail(struct loop *l, const struct commit_batch *b)
{
	struct error e = b->error;
	size_t place = 0;

	while (place < l->fetch_n && l->fetch[place] != b->mails[0].index)
		place++;
	snprintf(e.text, sizeof(e.text),
		"%.280s on message %zu of %zu; it stays on the server, nothing lost", b->error.text,
		place + 1, l->fetch_n);
	add_failure(l, b->mails[0].index, false, &e);
	/* What waits in front of the command would fail too. */
	if (l->enough)
		commit_cancel(l->commit);
}

static void take_commits(struct loop *l)
{
	struct commit_batch *b;

	while ((b = commit_take(l->commit))) {
		if (b->delivered) {
			l->r->mails += b->n;
			l->r->octets += b->octets;
			l->failed_in_a_row = 0;
			report_delivered(l, b);
			for (size_t i = 0; i < b->n; i++)
				if (l->remove_after[b->mails[i].index])
					l->removals[l->removals_n++] = b->mails[i].index;
		} else if (b->n == 1 &&
			(b->error.kind == ERROR_LATER || b->error.kind == ERROR_REFUSED)) {
			fail_mail(l, b);
		} else if (!l->sink_failed && b->error.kind != ERROR_INTERRUPTED) {
			/* Even if the session broke before: what may be half done must be
			 * recovered first. */
			l->fatal = b->error;
			l->sink_failed = true;
		}
		commit_batch_free(b);
	}
}

/* ---- commands ---- */

static uint64_t expected_octets(const struct loop *l, uint32_t index)
{
	uint64_t size = mail_at(l, index)->size;

	if (size)
		return size;
	return l->received_mails ? l->received_octets / l->received_mails + 1 : GUESSED_OCTETS;
}

static bool send(struct loop *l, enum pop3_verb verb, uint32_t msg)
{
	return session_send(
		l->r->session, &(struct pop3_command){.verb = verb, .msg = msg}, &l->fatal);
}

static bool send_removals(struct loop *l, size_t max)
{
	while (l->removals_sent < l->removals_n && max--)
		if (!send(l, POP3_DELE, mail_at(l, l->removals[l->removals_sent++])->msg))
			return false;
	return true;
}

static size_t window_max(const struct loop *l)
{
	return batch_max(l) > 1 ? WINDOW_MAILS : WINDOW_SINGLES;
}

static bool wants_more(const struct loop *l)
{
	return l->sent < l->fetch_n && !l->r->stopped && !l->enough;
}

/* A question whose answer names the mail. */
static bool send_proof(struct loop *l, uint32_t index)
{
	return send(l, l->r->listing->has_uids ? POP3_UIDL : POP3_LIST, mail_at(l, index)->msg);
}

static bool is_proof(const struct pop3_event *ev)
{
	return (ev->verb == POP3_UIDL || ev->verb == POP3_LIST) && ev->msg;
}

static bool send_retrieval(struct loop *l)
{
	uint32_t index = l->fetch[l->sent++];

	l->flight_octets += expected_octets(l, index);
	l->named = false;
	return send(l, POP3_RETR, mail_at(l, index)->msg);
}

static bool fits(const struct loop *l, enum proof_fit fit)
{
	return proof_fit(&l->proof, l->r->sizes, mail_at(l, l->index)->size) == fit;
}

/*
 * Only an answer that names a mail can show that the one that has just ended is whole; unless the
 * server never gives such answers, or was asked in vain.
 */
static bool needs_proof(const struct loop *l)
{
	return l->ended && !fits(l, PROOF_FITS) && (l->proves ? !l->in_vain : !l->no_proof);
}

/* Behind a mail, where no RETR follows: what its proof hangs on. */
static bool ask_behind(struct loop *l)
{
	if (l->r->alone)
		return send(l, POP3_QUIT, 0);
	if (!needs_proof(l) || l->asked)
		return send(l, POP3_NOOP, 0);
	l->asked = true;
	return send_proof(l, l->index);
}

static bool step(struct loop *l)
{
	if (session_outstanding(l->r->session))
		return true;
	/* With ask_first the question before the next RETR is that proof. */
	if (l->ended && (!wants_more(l) || (needs_proof(l) && !l->ask_first)))
		return ask_behind(l);
	if (!wants_more(l))
		return true;
	return l->ask_first && !l->named ? send_proof(l, l->fetch[l->sent]) : send_retrieval(l);
}

/* Fills the window, or sends one command where there is no pipelining. */
static bool top_up(struct loop *l)
{
	struct session *s = l->r->session;

	if (!session_pipelining(s) || l->r->alone)
		return step(l);
	if (wants_more(l) && session_outstanding(s) <= window_max(l) / 2 &&
		(l->flight_octets <= WINDOW_OCTETS / 2 || l->sent - l->answered < 2)) {
		if (!send_removals(l, WINDOW_MAILS))
			return false;
		while (wants_more(l) && session_outstanding(s) < 2 * WINDOW_MAILS &&
			l->sent - l->answered < window_max(l) &&
			(l->flight_octets < WINDOW_OCTETS || l->sent - l->answered < 2))
			if ((l->ask_first && !send_proof(l, l->fetch[l->sent])) ||
				!send_retrieval(l))
				return false;
		if (l->sent == l->fetch_n)
			return send(l, POP3_NOOP, 0);
	}
	/* Stopped early, or the NOOP came too soon or is too little to prove the last mail. */
	if (!wants_more(l) && l->ended && session_outstanding(s) == 0)
		return ask_behind(l);
	return true;
}

/* ---- events ---- */

static void report_progress(struct loop *l, bool now)
{
	struct report r = {.type = REPORT_PROGRESS};
	int64_t ms;

	if (!l->r->order->sizes)
		return;
	ms = clock_ms();
	if (!now && ms - l->progress_ms < PROGRESS_MS)
		return;
	l->progress_ms = ms;
	r.u.done.mails = l->r->mails_before + l->received_mails;
	r.u.done.octets = l->r->octets_before + l->received_octets +
		(l->receiving && !l->ended ? l->proof.octets : 0);
	report_send(l->r->report_fd, &r);
}

static bool end_mail(struct loop *l)
{
	l->ended = l->receiving = false;
	if (!l->r->sink->ops->end(l->r->sink, &l->fatal)) {
		l->sink_failed = true;
		return false;
	}
	add_to_batch(l, l->index);
	return true;
}

/* What seemed to refuse other mails since this one ended was perhaps a part of it. */
static void forget_refusals(struct loop *l)
{
	struct retrieval *r = l->r;
	size_t kept = l->failures_before;

	for (size_t i = kept; i < r->failures_n; i++)
		if (!r->failures[i].refused_by_server)
			r->failures[kept++] = r->failures[i];
	r->failures_n = kept;
}

/* The session cannot be trusted any more, and this mail is why. */
static bool fail_session(struct loop *l, const struct error *why)
{
	l->r->session_failed = true;
	l->fatal = *why;
	add_failure(l, l->index, true, why);
	return false;
}

static bool fail_torn(struct loop *l)
{
	struct error e = {0};

	forget_refusals(l);
	error_set(&e, ERROR_PROTOCOL,
		"%s ends message %lu too early, at a line of one dot; it stays on the server",
		l->r->account->endpoint.host, (unsigned long)mail_at(l, l->index)->msg);
	return fail_session(l, &e);
}

/* Too short, and yet the answers fit: perhaps its author wrote them. */
static bool suspect(struct loop *l)
{
	forget_refusals(l);
	l->r->session_failed = l->r->suspected = true;
	l->r->suspect = l->index;
	return error_set(&l->fatal, ERROR_PROTOCOL,
		"%s sends %llu octets for message %lu, and not %llu as it said",
		l->r->account->endpoint.host, (unsigned long long)l->proof.octets,
		(unsigned long)mail_at(l, l->index)->msg,
		(unsigned long long)mail_at(l, l->index)->size);
}

static void learn_sizes(struct loop *l)
{
	l->r->sizes = proof_learn(&l->proof, l->r->sizes, mail_at(l, l->index)->size);
}

/* A valid status line: the mail before it did end where it seemed to, if that line is proof enough.
 */
static bool confirm(struct loop *l, const struct pop3_event *ev)
{
	bool named = is_proof(ev) && ev->ok;

	if (!l->ended || (needs_proof(l) && !named))
		return true;
	if (fits(l, PROOF_SHORT) && (l->r->sizes != PROOF_SIZES_INEXACT || (l->proves && !named)))
		return suspect(l);
	if (named || fits(l, PROOF_FITS))
		learn_sizes(l);
	return end_mail(l);
}

static bool begin_mail(struct loop *l)
{
	const struct listed *mail = mail_at(l, l->fetch[l->answered]);
	const struct account *a = l->r->account;
	struct mail_info info = {
		.account = a->name,
		.host = a->endpoint.host,
		.user = a->user,
		.uid = mail->key.uid,
		.size = mail->size,
		.attempt = (mail->seen ? mail->seen->attempts : 0) + 1,
		.encrypted = session_encrypted(l->r->session),
		.now_s = clock_wall_s(),
	};

	l->index = l->fetch[l->answered];
	l->asked = l->in_vain = false;
	proof_begin(&l->proof);
	fingerprint_init(&l->print);
	if (l->discard)
		return true;
	if (mail->size > LARGE_OCTETS)
		submit(l);
	l->receiving = true;
	if (l->r->sink->ops->begin(l->r->sink, &info, &l->fatal))
		return true;
	l->receiving = false;
	l->sink_failed = true;
	return false;
}

static void settle_flight(struct loop *l, uint32_t index)
{
	uint64_t expected = expected_octets(l, index);

	l->flight_octets -= expected < l->flight_octets ? expected : l->flight_octets;
	l->answered++;
	if (l->answered == l->sent)
		l->flight_octets = 0;
}

static void fail_retrieval(struct loop *l, const struct pop3_event *ev)
{
	struct error e = {0};
	uint32_t index = l->fetch[l->answered];

	error_set(&e, ERROR_LATER, "%s refuses to send message %lu; it stays on the server",
		l->r->account->endpoint.host, (unsigned long)ev->msg);
	error_server(&e, ev->text);
	settle_flight(l, index);
	add_failure(l, index, true, &e);
}

static bool fail_step(struct loop *l, struct span answer)
{
	l->r->session_failed = l->r->lost_step = true;
	error_set(
		&l->fatal, ERROR_PROTOCOL, "%s mixes up its answers", l->r->account->endpoint.host);
	return session_quote(l->r->session, &l->fatal, answer);
}

/* Whether the answer to UIDL n or LIST n names the mail that the listing has there. */
static bool names_mail(const struct loop *l, const struct pop3_event *ev)
{
	const struct listed *mail = listing_find(l->r->listing, ev->msg);
	struct span uid;
	uint64_t size;
	uint32_t msg;

	if (ev->verb == POP3_LIST)
		return mail && reply_list(ev->text, &msg, &size) && msg == mail->msg;
	return mail && reply_uidl(ev->text, &msg, &uid) && msg == mail->msg &&
		span_equal(uid, mail->key.uid);
}

static bool check_step(struct loop *l, const struct pop3_event *ev)
{
	if (!l->asked)
		l->unproved = !ev->ok;
	l->no_proof = l->no_proof || !ev->ok;
	l->in_vain = l->asked && !ev->ok;
	/* In step it is a help, and no condition. */
	l->ask_first = l->ask_first && (ev->ok || session_pipelining(l->r->session));
	l->named = ev->ok && names_mail(l, ev);
	l->proves = l->proves || l->named;
	if (!ev->ok || l->named)
		return true;
	if (l->ended && fits(l, PROOF_SHORT))
		return fail_torn(l);
	if (l->ended && fits(l, PROOF_FITS) && !end_mail(l))
		return false;
	return fail_step(l, ev->text);
}

static void take_removal(struct loop *l, const struct pop3_event *ev)
{
	l->removal_ok[l->removals_answered++] = ev->ok;
	if (!ev->ok && !l->r->refused++)
		text_safe(l->r->refusal, sizeof(l->r->refusal), ev->text);
}

/* A mail that is there, though UIDL n was refused: this server cannot prove that it is in step. */
static bool fail_proof(struct loop *l, const struct pop3_event *ev)
{
	l->r->session_failed = l->r->lost_step = true;
	error_set(&l->fatal, ERROR_PROTOCOL, "%s does not answer %s %lu as it should",
		l->r->account->endpoint.host,
		pop3_verb_name(l->r->listing->has_uids ? POP3_UIDL : POP3_LIST),
		(unsigned long)ev->msg);
	return false;
}

static void look_for_stop(struct loop *l)
{
	if (!*l->r->order->stop || l->r->stopped)
		return;
	l->r->stopped = true;
	l->stop_ms = clock_ms();
	session_hurry(l->r->session, STOP_PATIENCE_MS);
	if (batch_max(l) > 1)
		return;
	commit_cancel(l->commit);
	l->discard = true;
	if (l->receiving)
		l->r->sink->ops->drop(l->r->sink);
	l->receiving = l->ended = false;
}

/* The mail that came alone is whole if nothing comes behind the answer to QUIT. */
static bool take_quit(struct loop *l, const struct pop3_event *ev)
{
	bool alone = ev->ok && session_end(l->r->session);

	look_for_stop(l);
	if (!l->ended || l->r->stopped)
		return true;
	if (!alone)
		return fail_torn(l);
	learn_sizes(l);
	return end_mail(l);
}

static bool take_reply(struct loop *l, const struct pop3_event *ev)
{
	if (ev->verb == POP3_QUIT)
		return take_quit(l, ev);
	if (is_proof(ev) && !check_step(l, ev))
		return false;
	if (!confirm(l, ev))
		return false;
	switch (ev->verb) {
	case POP3_RETR:
		if (ev->ok && l->unproved && session_pipelining(l->r->session))
			return fail_proof(l, ev);
		if (ev->ok)
			return begin_mail(l);
		fail_retrieval(l, ev);
		return true;
	case POP3_DELE:
		take_removal(l, ev);
		return true;
	default:
		return true;
	}
}

static bool take_octets(struct loop *l, struct span octets)
{
	uint64_t max = l->r->account->policy.size_max;

	proof_add(&l->proof, l->r->sizes, octets);
	fingerprint_add(&l->print, octets);
	report_progress(l, false);
	if (max && l->proof.octets > max) {
		struct error e = {0};

		error_set(&e, ERROR_LATER,
			"message %lu is larger than max-size, though %s said it has %llu octets; "
			"it stays on the server",
			(unsigned long)mail_at(l, l->index)->msg, l->r->account->endpoint.host,
			(unsigned long long)mail_at(l, l->index)->size);
		return fail_session(l, &e);
	}
	if (l->discard || l->r->sink->ops->write(l->r->sink, octets, &l->fatal))
		return true;
	l->sink_failed = true;
	return false;
}

static bool take_size(struct loop *l, struct span line)
{
	enum pop3_code code;
	struct span text;
	bool ok;

	/* A line that cannot be read only leaves a size unknown. */
	if (listing_add_size(l->r->listing, line, NULL) || !reply_status(line, &ok, &code, &text))
		return true;
	return fail_step(l, line);
}

static bool take_end_of_mail(struct loop *l)
{
	l->ended = !l->discard;
	l->failures_before = l->r->failures_n;
	l->received_mails++;
	l->received_octets += l->proof.octets;
	settle_flight(l, l->index);
	report_progress(l, l->answered == l->fetch_n);
	if (fits(l, PROOF_FITS) || !proof_begins_like_reply(&l->proof))
		return true;
	/* The answer before this one came twice, or had a line too many. */
	return fail_step(l, (struct span){l->proof.head, l->proof.head_len});
}

static bool take_event(struct loop *l, const struct pop3_event *ev)
{
	switch (ev->type) {
	case POP3_REPLY:
		return take_reply(l, ev);
	case POP3_BODY:
		return take_octets(l, ev->text);
	case POP3_LINE:
		return take_size(l, ev->text);
	case POP3_END:
		if (ev->verb != POP3_LIST)
			return take_end_of_mail(l);
		l->r->listing->has_sizes = true;
		return true;
	default:
		return true;
	}
}

/* ---- the loop ---- */

static bool may_listen(const struct loop *l)
{
	size_t batches = batch_max(l) > 1 ? BACKLOG_BATCHES : BACKLOG_SINGLES;

	return commit_pending(l->commit) < batches && commit_backlog(l->commit) < BACKLOG_OCTETS;
}

static bool out_of_patience(const struct loop *l)
{
	return l->r->stopped && clock_ms() - l->stop_ms > STOP_PATIENCE_MS;
}

/*
 * The session broke: the mail that was on its way may be why (a server process that dies on it, a
 * dot that was not stuffed). It stays on the server and is tried last next time.
 */
static void blame(struct loop *l)
{
	struct error e = l->fatal;

	l->r->session_failed = true;
	l->r->lost_step = session_lost_step(l->r->session);
	if (l->r->stopped || (!l->ended && l->answered == l->sent))
		return;
	if (l->ended && e.kind == ERROR_PROTOCOL && fits(l, PROOF_SHORT)) {
		l->r->lost_step = false;
		fail_torn(l);
		error_why(&l->r->failures[l->r->failures_n - 1].error, "%s", e.why);
		return;
	}
	/* It came whole. */
	if (l->ended && fits(l, PROOF_FITS)) {
		end_mail(l);
		return;
	}
	/* A mail of no octets, and then no answer, is a torn one too; else step comes first. */
	if (l->r->lost_step && !(l->ended && l->proof.octets == 0))
		return;
	if (!l->ended)
		l->index = l->fetch[l->answered];
	snprintf(e.text, sizeof(e.text), "%.300s; message %lu stays on the server", l->fatal.text,
		(unsigned long)mail_at(l, l->index)->msg);
	add_failure(l, l->index, true, &e);
}

/* Until all that was asked for has come and is committed, or something ends it. */
static void run_loop(struct loop *l)
{
	struct session *s = l->r->session;
	struct pop3_event ev;

	for (;;) {
		take_commits(l);
		look_for_stop(l);
		submit_if_old(l);
		if (l->fatal.kind)
			return;
		if (!top_up(l)) {
			blame(l);
			return;
		}
		if (session_outstanding(s) == 0) {
			submit(l);
			if (commit_pending(l->commit) == 0)
				return;
		}
		if (out_of_patience(l)) {
			error_set(&l->fatal, ERROR_NETWORK,
				"%s was too slow to finish in time after the stop",
				l->r->account->endpoint.host);
			return;
		}
		switch (session_next(s, commit_fd(l->commit), may_listen(l), &ev, &l->fatal)) {
		case SESSION_EVENT:
			if (!take_event(l, &ev))
				return;
			break;
		case SESSION_WOKEN:
			break;
		case SESSION_FAILED:
			blame(l);
			return;
		}
	}
}

/* After an error: what is whole and confirmed is still delivered, the rest is forgotten. */
static void wind_up(struct loop *l)
{
	if (l->receiving)
		l->r->sink->ops->drop(l->r->sink);
	l->receiving = false;
	submit(l);
	while (commit_pending(l->commit)) {
		poll(&(struct pollfd){.fd = commit_fd(l->commit), .events = POLLIN}, 1, -1);
		take_commits(l);
	}
}

static void count_removed(struct loop *l, bool confirmed)
{
	struct retrieval *r = l->r;

	r->removed = xcalloc(l->removals_n, sizeof(*r->removed));
	for (size_t i = 0; i < l->removals_answered; i++)
		if (l->removal_ok[i] && confirmed)
			r->removed[r->removed_n++] = l->removals[i];
	if (!confirmed)
		r->unconfirmed = l->removals_sent;
}

/* The server hides what it has sent once QUIT is answered: Gmail, which announces EXPIRE 0. */
static bool quit_would_hide(const struct loop *l)
{
	const struct capabilities *c = session_capabilities(l->r->session);

	return c->expires && c->expire_days == 0 && l->answered > l->r->mails;
}

/* The last DELEs and QUIT, in one flight where that is possible (RFC 1939 s.6: UPDATE state). */
static bool say_goodbye(struct loop *l)
{
	bool ahead = session_pipelining(l->r->session), quit_sent = false, quit_ok = false;
	struct pop3_event ev = {.text = {"", 0}};

	while (!quit_sent || session_outstanding(l->r->session)) {
		if (ahead || session_outstanding(l->r->session) == 0) {
			if (!send_removals(l, ahead ? WINDOW_MAILS : 1))
				break;
			if (!quit_sent && l->removals_sent == l->removals_n &&
				(ahead || session_outstanding(l->r->session) == 0)) {
				quit_sent = send(l, POP3_QUIT, 0);
				if (!quit_sent)
					break;
			}
		}
		switch (session_next(l->r->session, -1, true, &ev, &l->fatal)) {
		case SESSION_EVENT:
			if (ev.verb == POP3_DELE)
				take_removal(l, &ev);
			if (ev.verb == POP3_QUIT)
				quit_ok = ev.ok;
			break;
		case SESSION_WOKEN:
			look_for_stop(l);
			break;
		case SESSION_FAILED:
			goto end;
		}
	}
end:
	count_removed(l, quit_ok);
	if (!quit_ok && !l->fatal.kind && l->removals_sent) {
		error_set(&l->fatal, ERROR_LATER, "%s refused QUIT", l->r->account->endpoint.host);
		error_server(&l->fatal, ev.text);
	}
	/* Nothing hangs on QUIT when nothing was to be deleted. */
	return quit_ok || !l->removals_sent;
}

/* In front of the first flight; its answer comes with it. */
static bool ask_sizes(struct loop *l)
{
	return l->r->listing->has_sizes || !l->r->listing->has_uids || !l->fetch_n ||
		send(l, POP3_LIST, 0);
}

static void prepare_lists(struct loop *l)
{
	const struct plan *plan = l->r->plan;

	l->fetch = xcalloc(plan->n, sizeof(*l->fetch));
	l->removals = xcalloc(plan->n, sizeof(*l->removals));
	l->removal_ok = xcalloc(plan->n, sizeof(*l->removal_ok));
	l->remove_after = xcalloc(plan->n, sizeof(*l->remove_after));
	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_item *item = &plan->items[i];

		if (item->fetch) {
			l->fetch[l->fetch_n++] = item->index;
			l->remove_after[item->index] = item->remove;
		} else if (item->remove) {
			l->removals[l->removals_n++] = item->index;
		}
	}
}

bool retrieve(struct retrieval *r, struct error *e)
{
	struct loop l = {.r = r};
	bool done = false;

	prepare_lists(&l);
	l.ask_first = !r->alone && (session_pipelining(r->session) || r->doubtful);
	l.commit = commit_start(
		r->sink, r->account->destination.id, r->store, r->listing->has_uids, e);
	if (!l.commit)
		goto end;
	if (ask_sizes(&l))
		run_loop(&l);
	wind_up(&l);
	if (r->alone)
		count_removed(&l, false);
	else if (!l.fatal.kind && !quit_would_hide(&l))
		done = say_goodbye(&l);
	else
		count_removed(&l, false);
	done = done || !l.fatal.kind;
	r->verified = done && session_pipelining(r->session) && l.ask_first && !l.unproved &&
		l.answered > 1;
	if (!done)
		*e = l.fatal;
	r->session_failed = r->session_failed && !l.sink_failed;
	r->left = l.fetch_n - (size_t)r->mails - r->failures_n;
end:
	commit_free(l.commit);
	free(l.fetch);
	free(l.removals);
	free(l.removal_ok);
	free(l.remove_after);
	return done;
}

void retrieval_release(struct retrieval *r)
{
	free(r->failures);
	free(r->removed);
}
