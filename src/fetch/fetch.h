/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_FETCH_H
#define AMBIL_FETCH_H

#include "config/config.h"
#include "fetch/order.h"
#include "report/report.h"

/*
 * One account from lock to QUIT, in a process of its own: reports to report_fd, the last one
 * REPORT_DONE. password: found by the parent's prompt, else value NULL (then the configured sources
 * are asked). Returns the exit code. The signal handling of run.c applies: order->stop,
 * order->stop_fd.
 */
int fetch_account(const struct account *account, const struct run_order *order,
	struct secret *password, int report_fd);

#endif
