/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_IMPORT_H
#define AMBIL_VERBS_IMPORT_H

#include <signal.h>

#include "cli.h"
#include "report/report.h"

/*
 * "ambil import": takes over the accounts of another fetcher, and what it has fetched. The exit
 * code. First the states are written, then the configuration: so no account is ever there whose
 * old mail would be fetched again. The other program's files are only read.
 */
int verb_import(
	const struct cli *cli, struct report_style style, const volatile sig_atomic_t *stop);

#endif
