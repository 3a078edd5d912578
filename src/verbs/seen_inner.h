/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_SEEN_INNER_H
#define AMBIL_VERBS_SEEN_INNER_H

#include "local/store.h"
#include "verbs/seen.h"

/* What seen*.c share: one call of verb_seen(). */
struct seen_job {
	const struct config *config;
	const struct account *account;
	const struct cli *cli;
	size_t columns;
	struct buf *out;
	struct store *store;
	struct seen_set *set;
	int64_t now_s;
};

/* Opens the state for looking; store stays NULL where nothing is known yet. */
bool seen_job_look(struct seen_job *job, struct error *e) MUST_CHECK;
/* Its rows, into set. */
bool seen_job_load(struct seen_job *job, struct error *e) MUST_CHECK;
size_t seen_job_rows(const struct seen_job *job);
void seen_job_say_nothing(const struct seen_job *job);

/* seen_show.c */
bool seen_job_show(struct seen_job *job, struct error *e) MUST_CHECK;
bool seen_job_export(struct seen_job *job, struct error *e) MUST_CHECK;

#endif
