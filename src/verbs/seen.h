/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_SEEN_H
#define AMBIL_VERBS_SEEN_H

#include "cli.h"
#include "config/config.h"
#include "report/report.h"

/*
 * What an account's state knows of each message: shown, written out, or changed, as the command
 * line says; without a connection. (--mark-all needs one: that is RUN_FROM_NOW.) columns: of the
 * terminal that standard output is, 0 for none. Adds to out what is to be printed; with --export it
 * is the result itself. False: *e says why nothing was changed.
 */
bool verb_seen(const struct config *config, const struct account *account, const struct cli *cli,
	size_t columns, struct buf *out, struct error *e) MUST_CHECK;

#endif
