/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_HELP_H
#define AMBIL_VERBS_HELP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "cli.h"
#include "report/report.h"

/* The text for a verb, or with VERBS the overview; lines of at most width columns. */
void help_text(struct buf *out, enum verb verb, size_t width);

/* --help, with or without a verb, and "help [VERB]", on standard output. Returns the exit code. */
int verb_help(const struct cli *cli, struct report_style style);
/* --version: the program's and those of the libraries it runs with. Returns the exit code. */
int verb_version(struct report_style style);

#endif
