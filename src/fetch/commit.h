/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_COMMIT_H
#define AMBIL_COMMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "local/sink.h"
#include "local/store.h"

/*
 * The committer: a thread of its own that makes closed batches durable while the network goes on,
 * or as many threads as the sink has jobs. From start to free it alone uses the store and the
 * sink's prepare, commit and batch_free; batches go in through commit_submit() and come back
 * through commit_take(): in order where the sink has one job, else as they are finished.
 */
struct commit_mail {
	uint32_t index; /* into the listing: the caller's own */
	struct store_row row;
	uint64_t octets; /* received */
};
struct commit_batch {
	struct sink_batch *sink;
	struct commit_mail *mails;
	size_t n;
	uint64_t octets;
	/* Filled in by the committer: */
	bool delivered;
	struct error error; /* when not delivered */
	struct receipt *receipts;
};
void commit_batch_free(struct commit_batch *b);

struct commit;
/* journal: false when the server has no UIDs: nothing is written to the store. ERROR_INTERNAL: no
 * pipe can be had. */
struct commit *commit_start(struct sink *sink, const char *destination, struct store *store,
	bool journal, struct error *e) MUST_CHECK;
/* Takes the batch. Never waits. The first starts the threads: without even one it comes back
 * undelivered, with ERROR_INTERNAL. After a failure other than of one mail, batches that were not
 * begun come back undelivered. */
void commit_submit(struct commit *c, struct commit_batch *b);
/* Batches not begun yet come back undelivered, with ERROR_INTERRUPTED. */
void commit_cancel(struct commit *c);
/* A finished batch, which is now the caller's; NULL when none is. */
struct commit_batch *commit_take(struct commit *c);
/* Becomes readable when commit_take() has something. */
int commit_fd(const struct commit *c);
size_t commit_pending(const struct commit *c);   /* batches submitted and not taken */
uint64_t commit_backlog(const struct commit *c); /* octets in them */
/* Waits until the threads have worked off the queue, ends them; batches not taken are freed. */
void commit_free(struct commit *c);

#endif
