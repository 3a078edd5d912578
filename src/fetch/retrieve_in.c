/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
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
#include "fetch/retrieve_inner.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "pop3/reply.h"

enum {
	LARGE_OCTETS = 1024 * 1024, /* what came before such a mail does not wait for it */
	PROGRESS_MS = 100,
};

static void report_progress(struct loop *l, bool now)
{
	struct report r = {.type = REPORT_PROGRESS};
	int64_t ms;

	if (!l->r->order->sizes)
		return;
	ms = clock_ms();
	l->progress_due = !now && ms - l->progress_ms < PROGRESS_MS;
	/* Told a little later, should nothing else come that is worth telling. */
	session_wake_after(l->r->session, l->progress_due ? PROGRESS_MS : 0);
	if (l->progress_due)
		return;
	l->progress_ms = ms;
	r.u.done.mails = l->r->mails_before + l->received_mails;
	r.u.done.octets = l->r->octets_before + l->received_octets;
	r.u.done.listed = l->r->octets_before + l->received_listed;
	if (l->receiving && !l->ended) {
		uint64_t listed = loop_mail(l, l->index)->size;

		r.u.done.octets += l->proof.octets;
		r.u.done.listed += l->proof.octets < listed ? l->proof.octets : listed;
	}
	report_send(l->r->report_fd, &r);
}

void loop_report_due(struct loop *l)
{
	if (l->progress_due)
		report_progress(l, true);
}

static bool end_mail(struct loop *l)
{
	l->ended = l->receiving = false;
	if (!l->r->sink->ops->end(l->r->sink, &l->fatal)) {
		l->sink_failed = true;
		return false;
	}
	loop_add_to_batch(l, l->index);
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
	loop_add_failure(l, l->index, true, why);
	return false;
}

static bool fail_torn(struct loop *l)
{
	struct error e = {0};

	forget_refusals(l);
	error_set(&e, ERROR_PROTOCOL,
		"%s ends message %lu too early, at a line of one dot; it stays on the server",
		l->r->account->endpoint.host, (unsigned long)loop_mail(l, l->index)->msg);
	return fail_session(l, &e);
}

/*
 * No answer fits behind this mail, nor does it fit its size. In a flight the pipelining may be why,
 * unless the server has proved that it can; then it is done in step first.
 */
static bool is_torn(const struct loop *l)
{
	if (!l->ended || loop_fits(l, PROOF_FITS))
		return false;
	return !session_pipelining(l->r->session) || (l->r->proven && loop_fits(l, PROOF_SHORT));
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
		(unsigned long)loop_mail(l, l->index)->msg,
		(unsigned long long)loop_mail(l, l->index)->size);
}

static void learn_sizes(struct loop *l)
{
	const struct listed *mail = loop_mail(l, l->index);

	l->r->sizes = proof_learn(&l->proof, l->r->sizes, mail->sized, mail->size);
}

/* A valid status line: the mail before it did end where it seemed to, if that line is proof enough.
 */
static bool confirm(struct loop *l, const struct pop3_event *ev)
{
	bool named = loop_is_proof(l, ev) && ev->ok;

	if (!l->ended || (loop_needs_proof(l) && !named))
		return true;
	if (loop_fits(l, PROOF_SHORT) &&
		(l->r->sizes != PROOF_SIZES_INEXACT || (l->proves && !named)))
		return l->r->suspects ? suspect(l) : fail_torn(l);
	if (named)
		learn_sizes(l);
	return end_mail(l);
}

static bool begin_mail(struct loop *l)
{
	const struct listed *mail = loop_mail(l, l->fetch[l->answered]);
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
		loop_submit(l);
	l->receiving = true;
	if (l->r->sink->ops->begin(l->r->sink, &info, &l->fatal))
		return true;
	l->receiving = false;
	l->sink_failed = true;
	return false;
}

static void settle_flight(struct loop *l, uint32_t index)
{
	uint64_t expected = loop_expected_octets(l, index);

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
	/* RFC 6856 s.5. It was not offered, or not before the login. */
	if (ev->code == POP3_CODE_UTF8 && !session_asked_for_utf8(l->r->session)) {
		l->r->wants_utf8 = true;
		error_append(&e, " until the next run, which will ask for UTF8");
	}
	settle_flight(l, index);
	loop_add_failure(l, index, true, &e);
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
	if (is_torn(l))
		return fail_torn(l);
	if (l->ended && loop_fits(l, PROOF_FITS) && !end_mail(l))
		return false;
	return fail_step(l, ev->text);
}

void loop_take_removal(struct loop *l, const struct pop3_event *ev)
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

/* The mail that came alone is whole if nothing comes behind the answer to QUIT. */
static bool take_quit(struct loop *l, const struct pop3_event *ev)
{
	bool alone = ev->ok && session_end(l->r->session);

	loop_look_for_stop(l);
	if (!l->ended)
		return true;
	if (l->r->stopped) {
		l->r->sink->ops->drop(l->r->sink);
		l->receiving = l->ended = false;
		return true;
	}
	if (!alone)
		return fail_torn(l);
	learn_sizes(l);
	return end_mail(l);
}

static bool take_reply(struct loop *l, const struct pop3_event *ev)
{
	if (ev->verb == POP3_QUIT)
		return take_quit(l, ev);
	if (loop_is_proof(l, ev) && !check_step(l, ev))
		return false;
	if (ev->verb == POP3_LIST && ev->ok)
		(void)!listing_add_size(l->r->listing, ev->text, NULL);
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
		loop_take_removal(l, ev);
		return true;
	default:
		return true;
	}
}

static bool take_octets(struct loop *l, struct span octets)
{
	uint64_t max = l->r->account->policy.size_max, listed = loop_mail(l, l->index)->size;

	proof_add(&l->proof, l->r->sizes, octets);
	fingerprint_add(&l->print, octets);
	report_progress(l, false);
	/* Where line ends count for one octet a mail may be up to twice as large as it is listed.
	 */
	if (max && l->proof.octets > max && l->proof.octets - max > listed) {
		struct error e = {0};

		error_set(&e, ERROR_LATER,
			"message %lu is larger than max-size, though %s said it has %llu octets; "
			"it stays on the server",
			(unsigned long)loop_mail(l, l->index)->msg, l->r->account->endpoint.host,
			(unsigned long long)listed);
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
	l->received_listed += loop_mail(l, l->index)->size;
	settle_flight(l, l->index);
	report_progress(l, l->answered == l->fetch_n);
	if (l->r->alone || loop_fits(l, PROOF_FITS) || !proof_begins_like_reply(&l->proof))
		return true;
	/* The answer before this one came twice, or had a line too many; or it is what was written.
	 */
	return session_pipelining(l->r->session)
		? fail_step(l, (struct span){l->proof.head, l->proof.head_len})
		: !l->r->suspects || suspect(l);
}

bool loop_take_event(struct loop *l, const struct pop3_event *ev)
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

void loop_blame(struct loop *l)
{
	struct error e = l->fatal;

	l->r->session_failed = true;
	l->r->lost_step = session_lost_step(l->r->session);
	if (l->r->stopped || (!l->ended && l->answered == l->sent))
		return;
	/* A line that broke proves nothing: next time the names that answers give must be enough.
	 */
	if (l->r->alone && l->ended && e.kind == ERROR_NETWORK &&
		!session_has_octets(l->r->session)) {
		l->r->sizes = PROOF_SIZES_INEXACT;
		return;
	}
	if (is_torn(l) && e.kind == ERROR_PROTOCOL) {
		l->r->lost_step = false;
		fail_torn(l);
		error_why(&l->r->failures[l->r->failures_n - 1].error, "%s", e.why);
		return;
	}
	/* It came whole. */
	if (l->ended && loop_fits(l, PROOF_FITS)) {
		end_mail(l);
		return;
	}
	/* A mail of no octets, and then no answer, is a torn one too; else step comes first. */
	if (l->r->lost_step && !(l->ended && l->proof.octets == 0)) {
		if (l->ended)
			forget_refusals(l);
		return;
	}
	if (!l->ended)
		l->index = l->fetch[l->answered];
	error_append(&e, "; message %lu stays on the server",
		(unsigned long)loop_mail(l, l->index)->msg);
	loop_add_failure(l, l->index, true, &e);
}
