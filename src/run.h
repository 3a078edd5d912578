/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_RUN_H
#define AMBIL_RUN_H

#include <stddef.h>

#include "config/config.h"
#include "fetch/order.h"
#include "report/report.h"

/*
 * Fetches for all accounts, one worker process each, at most jobs at a time, and renders what they
 * report. Passwords are asked for before a worker starts. *counts, unless NULL, gets the sums.
 * Returns the exit code: 0; else 75 if all failures are temporary; else the first permanent
 * failure's code (of RUN_DOCTOR: of the first failure); 129, 130 or 143 when stopped.
 */
int run_accounts(struct account *const *accounts, size_t n, const struct run_order *order,
	const struct report_setting *setting, struct report_counts *counts);

#endif
