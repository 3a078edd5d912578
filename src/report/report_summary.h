/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_REPORT_SUMMARY_H
#define AMBIL_REPORT_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "report/report.h"

/* What is said of an account that has ended, behind its name and without the line's end. Pure. */

/* Of the messages that --dry-run has shown; none when it was not that. */
struct summary_items {
	size_t n;
	uint64_t fetch, remove, octets; /* of these: to be fetched, with so many octets; deleted */
};

/* fetch. destination: "in ~/Mail". */
void summary_fetched(struct buf *b, const struct report_counts *c, const char *destination);
/* check, --dry-run. */
void summary_found(struct buf *b, const struct report_counts *c, const struct summary_items *items);
/* list, for whoever sees it on a terminal. */
void summary_listed(struct buf *b, const struct report_counts *c);

#endif
