/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_REPORT_CHECK_H
#define AMBIL_REPORT_CHECK_H

#include <stdbool.h>

#include "base/mem.h"
#include "report/report.h"

/* The lines of doctor, for report.c: one for each check, accounts in their order. */
struct checks;
struct checks *checks_new(const struct report_setting *setting);
/*
 * Adds to out what is to be written to standard output now. False: what has ended the account has
 * not been told in any of its lines.
 */
bool checks_take(struct checks *c, const struct report *what, struct buf *out);
/* Adds to out what takes away the line about what is being looked at; false when there is none. */
bool checks_erase(struct checks *c, struct buf *out);
void checks_free(struct checks *c);

#endif
