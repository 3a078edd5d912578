/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is asked, and when. RETRs are sent ahead, as many as fill the link by count and by expected
 * octets, topped up at half so that commands go out in bursts; DELEs ride with them.
 */
#include "fetch/retrieve_inner.h"

#include "session/session.h"

enum {
	WINDOW_SINGLES = 32, /* where each mail costs a command's run: what is behind a failure
				comes in vain */
	WINDOW_OCTETS = 16 * 1024 * 1024,
	/* New mails are few when all that are listed are more times as many. A line of LIST has
	 * some 12 octets; LIST n has as many in each direction, and in step waits for its answer.
	 */
	FEW_IN_FLIGHT = 8,
	FEW_IN_STEP = 2000,
	GUESSED_OCTETS = 8 * 1024, /* a mail whose size is unknown, before the first one came */
};

uint64_t loop_expected_octets(const struct loop *l, uint32_t index)
{
	uint64_t size = loop_mail(l, index)->size;

	if (size)
		return size;
	return l->received_mails ? l->received_octets / l->received_mails + 1 : GUESSED_OCTETS;
}

bool loop_send(struct loop *l, enum pop3_verb verb, uint32_t msg)
{
	return session_send(
		l->r->session, &(struct pop3_command){.verb = verb, .msg = msg}, &l->fatal);
}

bool loop_send_removals(struct loop *l, size_t max)
{
	while (l->removals_sent < l->removals_n && max--)
		if (!loop_send(l, POP3_DELE, loop_mail(l, l->removals[l->removals_sent++])->msg))
			return false;
	return true;
}

static size_t window_max(const struct loop *l)
{
	return loop_batch_max(l) > 1 ? WINDOW_MAILS : WINDOW_SINGLES;
}

static bool wants_more(const struct loop *l)
{
	return l->sent < l->fetch_n && !l->r->stopped && !l->enough;
}

/* A question whose answer names the mail. */
static bool send_proof(struct loop *l, uint32_t index)
{
	return loop_send(
		l, l->r->listing->has_uids ? POP3_UIDL : POP3_LIST, loop_mail(l, index)->msg);
}

bool loop_is_proof(const struct loop *l, const struct pop3_event *ev)
{
	return ev->msg && ev->verb == (l->r->listing->has_uids ? POP3_UIDL : POP3_LIST);
}

/* LIST n, where LIST would tell far more than is of use. */
static bool wants_size(const struct loop *l, uint32_t index)
{
	return l->ask_each && !loop_mail(l, index)->sized;
}

static bool send_size(struct loop *l, uint32_t index)
{
	return loop_send(l, POP3_LIST, loop_mail(l, index)->msg);
}

static bool send_retrieval(struct loop *l)
{
	uint32_t index = l->fetch[l->sent++];

	l->flight_octets += loop_expected_octets(l, index);
	l->named = false;
	return loop_send(l, POP3_RETR, loop_mail(l, index)->msg);
}

bool loop_fits(const struct loop *l, enum proof_fit fit)
{
	const struct listed *mail = loop_mail(l, l->index);

	return proof_fit(&l->proof, l->r->sizes, mail->sized, mail->size) == fit;
}

/* Unless the server never gives such answers, or was asked in vain. */
bool loop_needs_proof(const struct loop *l)
{
	return l->ended && !loop_fits(l, PROOF_FITS) && (l->proves ? !l->in_vain : !l->no_proof);
}

/* Behind a mail, where no RETR follows: what its proof hangs on. */
static bool ask_behind(struct loop *l)
{
	if (l->r->alone)
		return loop_send(l, POP3_QUIT, 0);
	if (!loop_needs_proof(l) || l->asked)
		return loop_send(l, POP3_NOOP, 0);
	l->asked = true;
	return send_proof(l, l->index);
}

static bool step(struct loop *l)
{
	if (session_outstanding(l->r->session))
		return true;
	/* With ask_first the question before the next RETR is that proof. */
	if (l->ended && (!wants_more(l) || (loop_needs_proof(l) && !l->ask_first)))
		return ask_behind(l);
	if (!wants_more(l))
		return true;
	if (wants_size(l, l->fetch[l->sent]) && l->sizes_asked <= l->sent) {
		l->sizes_asked = l->sent + 1;
		return send_size(l, l->fetch[l->sent]);
	}
	return l->ask_first && !l->named ? send_proof(l, l->fetch[l->sent]) : send_retrieval(l);
}

static bool send_in_flight(struct loop *l, uint32_t index)
{
	return (!wants_size(l, index) || send_size(l, index)) &&
		(!l->ask_first || send_proof(l, index)) && send_retrieval(l);
}

/* Fills the window, or sends one command where there is no pipelining. */
bool loop_top_up(struct loop *l)
{
	struct session *s = l->r->session;

	if (!session_pipelining(s) || l->r->alone)
		return step(l);
	if (wants_more(l) && session_outstanding(s) <= window_max(l) / 2 &&
		(l->flight_octets <= WINDOW_OCTETS / 2 || l->sent - l->answered < 2)) {
		if (!loop_send_removals(l, WINDOW_MAILS))
			return false;
		while (wants_more(l) && session_outstanding(s) < 2 * WINDOW_MAILS &&
			l->sent - l->answered < window_max(l) &&
			(l->flight_octets < WINDOW_OCTETS || l->sent - l->answered < 2))
			if (!send_in_flight(l, l->fetch[l->sent]))
				return false;
		if (l->sent == l->fetch_n)
			return loop_send(l, POP3_NOOP, 0);
	}
	/* Stopped early, or the NOOP came too soon or is too little to prove the last mail. */
	if (!wants_more(l) && l->ended && session_outstanding(s) == 0)
		return ask_behind(l);
	return true;
}

/*
 * All sizes at once, in front of the first flight; their answer comes with it. Of a few new mails
 * among many the sizes are asked one by one: in a flight that costs nothing, else a round trip
 * each.
 */
bool loop_ask_sizes(struct loop *l)
{
	const struct listing *listing = l->r->listing;
	size_t share = session_pipelining(l->r->session) ? FEW_IN_FLIGHT : FEW_IN_STEP;

	if (listing->has_sizes || !listing->has_uids || !l->fetch_n)
		return true;
	l->ask_each = l->fetch_n < (listing->skipped + listing->n) / share;
	return l->ask_each || loop_send(l, POP3_LIST, 0);
}
