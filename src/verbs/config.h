/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_CONFIG_H
#define AMBIL_VERBS_CONFIG_H

#include <stdbool.h>

#include "base/mem.h"
#include "cli.h"
#include "config/config.h"
#include "report/report.h"

/*
 * "config check", "config show [ACCOUNT|URL]" (also without a word), "config path", "config edit"
 * and "config accounts" for completion. Reads the file itself, since check has to show all errors.
 * Answers on standard output, errors on standard error; style as for report_error(). Returns
 * the exit code.
 */
int verb_config(const struct cli *cli, struct report_style style);

/*
 * The values in effect, of one account or (NULL) of all with what stands outside of accounts, each
 * with a comment saying where it comes from; the whole is a valid file again, but for secrets,
 * which are not shown.
 */
void config_show(struct buf *out, const struct config *config, const struct account *only);

#endif
