/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_RECOVER_H
#define AMBIL_RECOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "local/sink.h"
#include "local/store.h"

/*
 * Before anything else in a run: settles every mail that an earlier run left between two steps,
 * then sweeps its leftovers from the destination. sink is open on destination d; mail that was on
 * its way to another destination is settled there. mark: see sink_open(). ERROR_STORE,
 * ERROR_DELIVERY, or ERROR_BUSY when a mailbox is locked and nobody can look: the run must not go
 * on.
 */
struct recovery {
	uint64_t settled;   /* made visible, or found delivered */
	uint64_t refetched; /* will be fetched again */
	uint64_t gone;      /* delivered, and not there any more: stays on the server */
	uint64_t unsure;    /* fetched again, perhaps a second time */
	struct error unsure_why;
};
bool recover(struct store *store, struct sink *sink, const struct destination *d, const char *mark,
	int64_t now_s, struct recovery *done, struct error *e) MUST_CHECK;

#endif
