/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_DOCTOR_DOCTOR_H
#define AMBIL_DOCTOR_DOCTOR_H

#include "config/config.h"
#include "fetch/order.h"

/*
 * Checks all that a run of one account needs, as far as it can go, and reports each check to
 * report_fd, then REPORT_DONE with what failed first. Nothing is changed, here or on the server;
 * nothing secret is sent to a server that is not trusted. An account whose user is empty is a
 * server to be looked at without a login. password: as for fetch_account(); without one
 * no_password may say why, else what kept a place from answering. Returns the exit code.
 */
int doctor_account(const struct account *account, const struct run_order *order,
	struct secret *password, const struct error *no_password, int report_fd);

#endif
