/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_TERMINAL_H
#define AMBIL_TERMINAL_H

/* How to speak to whoever is there: what the streams are, the environment, the command line and the
 * configuration decide it together. */

#include "cli.h"
#include "config/config.h"
#include "report/report.h"

bool terminal_is_stderr(void);
/* TERM says that nothing but text may be written, or says nothing. */
bool terminal_is_dumb(void);
/* WHEN of --color and --progress: "auto", "always", "never". */
bool terminal_decide(const char *when, bool automatic);
/* Columns of the terminal that standard output is, unless COLUMNS says something else; 0: it is
 * none. */
size_t terminal_columns(void);

enum report_verbosity terminal_verbosity(const struct cli *cli);
/* config may be NULL: not read (yet). */
struct report_style terminal_style(const struct cli *cli, const struct config *config);
/* How what is written to standard output looks: the lines of doctor, for instance. */
void terminal_style_stdout(
	const struct cli *cli, const struct config *config, struct report_setting *setting);

#endif
