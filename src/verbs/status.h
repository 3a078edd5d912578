/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_STATUS_H
#define AMBIL_VERBS_STATUS_H

#include "cli.h"
#include "config/config.h"
#include "report/report.h"

/*
 * How the accounts stand, from what their runs have left behind: no connection, no lock, nothing
 * written, and no waiting for a run that has the state. columns: of the terminal that standard
 * output is, 0 for none. The exit code: 0; with --exit-code what the last run of each has come to,
 * as a run of all of them would have it; with --max-age 1 where none is recent enough, unless one
 * has failed for good; that of the first account whose state or history cannot be read, in any
 * case.
 */
int verb_status(const struct config *config, struct account *const *accounts, size_t n,
	const struct cli *cli, struct report_style style, size_t columns);

#endif
