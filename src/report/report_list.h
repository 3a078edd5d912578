/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_REPORT_LIST_H
#define AMBIL_REPORT_LIST_H

#include "base/mem.h"
#include "report/report.h"

/* The lines of list, for report.c: columns that fit a terminal, or fields with tabs between them.
 */
struct list_view;
struct list_view *list_view_new(const struct report_setting *setting);
/* Adds to out what is to be written for a REPORT_LISTED, which need not be safe. */
void list_view_add(struct list_view *l, const struct report *what, struct buf *out);
void list_view_free(struct list_view *l);

#endif
