/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_ONNEW_H
#define AMBIL_ONNEW_H

#include "config/config.h"
#include "report/report.h"

/*
 * Runs the account's on-new command when mail has come in this run, and waits for its end. Words
 * are split as pipe: does, without a shell; standard input is empty, and what it prints is shown
 * when it fails. Its environment has AMBIL_ACCOUNT, AMBIL_HOST, AMBIL_USER, AMBIL_NEW (messages),
 * AMBIL_SIZE (octets) and AMBIL_DELIVER. stop: ends it; may be set before. The mail is delivered
 * and recorded by then, so a failure is a warning, and no more.
 */
void onnew_run(const struct account *account, const struct report_counts *counts,
	const volatile sig_atomic_t *stop, int report_fd);

#endif
