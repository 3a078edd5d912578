/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_RETRIEVE_H
#define AMBIL_RETRIEVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "fetch/listing.h"
#include "fetch/order.h"
#include "fetch/plan.h"
#include "fetch/proof.h"
#include "report/report.h"
#include "session/session.h"

/*
 * The main loop of a session: RETRs kept in flight, mails handed to the sink, batches to the
 * committer, DELEs for what it reports as delivered, QUIT at the end. What happened is left in the
 * fields below, for the caller to write into the state once the committer is gone.
 */
struct retrieval_failure {
	uint32_t index;         /* into the listing */
	bool refused_by_server; /* not by the destination */
	struct error error;
};
struct retrieval {
	/* Set by the caller, borrowed. */
	struct session *session;
	struct listing *listing; /* sizes are added to it */
	const struct plan *plan;
	const struct account *account;
	const struct run_order *order;
	struct sink *sink;
	struct store *store;
	int report_fd;
	bool proven;   /* its pipelining can be trusted */
	bool doubtful; /* the server has lost its step before: prove each mail */
	bool suspects; /* a mail may end the session, to be fetched alone in the next */
	bool alone; /* the plan has one mail to fetch, which is to be proved by a QUIT behind it */
	enum proof_sizes sizes; /* in and out: what LIST's sizes are worth */
	uint64_t mails_before,
		octets_before; /* of earlier sessions of this run, for the progress */

	/* Results. */
	uint64_t mails, octets;             /* delivered */
	struct retrieval_failure *failures; /* mails that failed one by one */
	size_t failures_n;
	uint32_t *removed; /* listing indices: DELE and QUIT were answered +OK */
	size_t removed_n;
	size_t refused;              /* DELE was answered -ERR */
	char refusal[TEXT_SAFE_MAX]; /* the first such answer */
	size_t unconfirmed;          /* DELE sent, QUIT not answered +OK */
	size_t left;                 /* wanted, but neither delivered nor failed */
	bool stopped;                /* by a stop request */
	bool suspected;              /* a mail ended the session that must be fetched alone … */
	uint32_t suspect;            /* … this one, in the listing */
	bool lost_step;      /* answers and commands did not fit together: pipelining may be why */
	bool wants_utf8;     /* a mail was refused to a session that has not sent UTF8 */
	bool verified;       /* all answers to a pipelined flight did */
	bool session_failed; /* *e is about the connection, not about the destination */
};
/* False: *e ended the session early; what was delivered is delivered all the same. */
bool retrieve(struct retrieval *r, struct error *e) MUST_CHECK;
void retrieval_release(struct retrieval *r);

#endif
