/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches on their way to the committer, and what comes back from it. */
#include "fetch/retrieve_inner.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "fetch/seenfile.h"

enum {
	BATCH_MAILS = 256,
	BATCH_OCTETS = 32 * 1024 * 1024,
	BATCH_AGE_MS = 1000,
	FAILURES_IN_A_ROW = 10,
	TIMEOUTS_IN_A_ROW = 3,
};

const struct listed *loop_mail(const struct loop *l, uint32_t index)
{
	return &l->r->listing->mails[index];
}

size_t loop_batch_max(const struct loop *l)
{
	size_t max = l->r->sink->ops->batch_max, asked = l->r->order->batch_max;

	if (!max || max > BATCH_MAILS)
		max = BATCH_MAILS;
	return asked && asked < max ? asked : max;
}

void loop_add_failure(struct loop *l, uint32_t index, bool by_server, const struct error *error)
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

void loop_submit(struct loop *l)
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

void loop_add_to_batch(struct loop *l, uint32_t index)
{
	struct commit_batch *b = l->open;

	if (!b) {
		b = l->open = xcalloc(1, sizeof(*b));
		b->mails = xcalloc(loop_batch_max(l), sizeof(*b->mails));
		l->open_since_ms = clock_ms();
	}
	b->mails[b->n++] = (struct commit_mail){.index = index,
		.row = {.key = loop_mail(l, index)->key,
			.size = loop_mail(l, index)->size,
			.print = fingerprint_value(&l->print)},
		.octets = l->proof.octets};
	b->octets += l->proof.octets;
	if (b->n >= loop_batch_max(l) || b->octets >= BATCH_OCTETS)
		loop_submit(l);
}

void loop_submit_if_old(struct loop *l)
{
	if (l->open && !l->receiving && commit_pending(l->commit) == 0 &&
		clock_ms() - l->open_since_ms >= BATCH_AGE_MS)
		loop_submit(l);
}

static void report_delivered(struct loop *l, const struct commit_batch *b)
{
	const struct sink_ops *ops = l->r->sink->ops;

	for (size_t i = 0; l->r->order->messages && i < b->n; i++) {
		struct report r = {.type = REPORT_MESSAGE};

		seenfile_put_uid(r.u.message.uid, sizeof(r.u.message.uid), b->mails[i].row.key.uid);
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
	error_append(&e, " on message %zu of %zu; it stays on the server, nothing lost", place + 1,
		l->fetch_n);
	loop_add_failure(l, b->mails[0].index, false, &e);
	/* What waits in front of the command would fail too. */
	if (l->enough)
		commit_cancel(l->commit);
}

void loop_take_commits(struct loop *l)
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
