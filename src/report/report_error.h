/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_REPORT_ERROR_H
#define AMBIL_REPORT_ERROR_H

#include "base/error.h"
#include "base/mem.h"
#include "report/report.h"

enum report_severity { REPORT_IS_ERROR, REPORT_IS_TEMPORARY, REPORT_IS_WARNING, REPORT_IS_NOTE };

/* Adds what report_error() would write, for a place where lines must first make room. */
void report_error_add(struct buf *out, struct report_style style, enum report_severity severity,
	const char *who, const struct error *e);

#endif
