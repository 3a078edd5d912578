/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_PRINT_H
#define AMBIL_VERBS_PRINT_H

#include <stdbool.h>

#include "base/mem.h"
#include "report.h"

/* Writes what a verb has to say to standard output; the exit code, 74 when it cannot be written. */
int verb_print(const struct buf *text, struct report_style style);

#endif
