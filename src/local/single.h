/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_SINGLE_H
#define AMBIL_LOCAL_SINGLE_H

#include "local/kinds.h"

/*
 * What the kinds share in which each mail is a batch of its own, and that take no part in the
 * journal: pipe and stdout. Each has its own struct sink_batch, and begins its struct with this.
 */
struct single {
	struct sink sink;
	const struct destination *d;
	char host[SINK_HOST_ROOM];
	struct sink_batch *batch; /* the open mail, or the ended one; NULL: none */
	bool ended;
};

void single_init(struct single *s, const struct sink_ops *ops, const struct destination *d);
/* Members of struct sink_ops. */
void single_drop(struct sink *k);
struct sink_batch *single_cut(struct sink *k);

#endif
