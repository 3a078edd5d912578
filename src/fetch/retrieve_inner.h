/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_RETRIEVE_INNER_H
#define AMBIL_RETRIEVE_INNER_H

#include "fetch/commit.h"
#include "fetch/proof.h"
#include "fetch/retrieve.h"
#include "local/fingerprint.h"

/*
 * The inside of a retrieval, for retrieve.c (the loop), retrieve_out.c (what is asked),
 * retrieve_in.c (what comes, and whether it is proved) and retrieve_batch.c (what becomes of it)
 * only.
 */

enum { WINDOW_MAILS = 1000 }; /* in flight at once */

/* The loop's own variables; the results are in r. */
struct loop {
	struct retrieval *r;
	struct commit *commit;
	uint32_t *fetch; /* listing indices in the order of RETR */
	size_t fetch_n, sent, answered;
	uint32_t *removals; /* listing indices; the first removals_sent have had their DELE */
	size_t removals_n, removals_sent, removals_answered;
	bool *removal_ok;
	bool ask_each;            /* LIST n before RETR n, instead of LIST */
	size_t sizes_asked;       /* in step: of so many in fetch */
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
	uint64_t received_listed; /* these octets as LIST counts them */
	uint64_t flight_octets;   /* expected, of RETRs sent and not answered to the end */
	struct commit_batch *open;
	int64_t open_since_ms, progress_ms, stop_ms;
	bool progress_due; /* more has come than was told */
	size_t failed_in_a_row;
	int64_t failing_since_ms; /* when the first of them was known */
	bool enough; /* so many mails failed that more would fail too: ends early, but in good order
		      */
	struct error fatal;
};

/* retrieve_batch.c */
const struct listed *loop_mail(const struct loop *l, uint32_t index);
/* Mails in a batch at most; 1 where each costs a command's run. */
size_t loop_batch_max(const struct loop *l);
/* A mail that failed by itself; after many of them the session ends early. */
void loop_add_failure(struct loop *l, uint32_t index, bool by_server, const struct error *error);
/* The mail that has ended, proved, joins the open batch, which is submitted when it is full. */
void loop_add_to_batch(struct loop *l, uint32_t index);
/* Hands the open batch, if there is one, to the committer. No mail may be open in the sink. */
void loop_submit(struct loop *l);
void loop_submit_if_old(struct loop *l);
/* What the committer has finished: counts it, and lets delivered mail be removed. */
void loop_take_commits(struct loop *l);

/* retrieve_out.c: false when the session cannot go on; l->fatal says why. */
bool loop_send(struct loop *l, enum pop3_verb verb, uint32_t msg);
/* DELE for at most max of the mails that may go. */
bool loop_send_removals(struct loop *l, size_t max);
/* LIST, in front of the first flight, where it is worth it. */
bool loop_ask_sizes(struct loop *l);
/* Fills the window, or sends one command where there is no pipelining. */
bool loop_top_up(struct loop *l);
/* By LIST, or by what came so far. */
uint64_t loop_expected_octets(const struct loop *l, uint32_t index);
/* Whether an answer is one that names a mail. */
bool loop_is_proof(const struct loop *l, const struct pop3_event *ev);
bool loop_fits(const struct loop *l, enum proof_fit fit);
/* Only an answer that names a mail can show that the one that has just ended is whole. */
bool loop_needs_proof(const struct loop *l);

/* retrieve_in.c */
bool loop_take_event(struct loop *l, const struct pop3_event *ev);
void loop_take_removal(struct loop *l, const struct pop3_event *ev);
/* Tells how far it is, if that is not known. */
void loop_report_due(struct loop *l);
/*
 * The session broke: the mail that was on its way may be why (a server process that dies on it, a
 * dot that was not stuffed). It stays on the server and is tried last next time.
 */
void loop_blame(struct loop *l);

/* retrieve.c: notes a request to stop. */
void loop_look_for_stop(struct loop *l);

#endif
