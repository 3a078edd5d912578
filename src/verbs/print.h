/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_PRINT_H
#define AMBIL_VERBS_PRINT_H

#include <stdbool.h>

#include "base/mem.h"
#include "report/report.h"

/*
 * Writes what a verb has to say to standard output; the exit code, 74 when it cannot be written.
 * With --json, where a verb has no events of its own, the words are those of one event "text".
 */
int verb_print(const struct buf *text, struct report_style style);
/* The same for lines that are events already. */
int verb_print_events(const struct buf *lines, struct report_style style);

#endif
