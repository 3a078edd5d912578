/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_PASSWORDS_H
#define AMBIL_PASSWORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/secret.h"
#include "config/config.h"
#include "fetch/order.h"
#include "report/report.h"

/* One account's. Without a value, trouble says why there is none; with one, what stood in the way.
 */
struct password {
	struct secret secret;
	struct error trouble; /* ERROR_NONE: its settings, or nothing, are what it logs in with */
	bool failed;          /* the account cannot be fetched for it */
};

/*
 * Before the first worker starts, when there is one thread and nothing else writes to the terminal:
 * asks the keyring, .netrc and the user for all that is not configured. What is, the workers ask
 * themselves. out has n entries, for secret_release(). doctor's accounts do not fail for a
 * password, but when interrupted.
 */
void passwords_find(struct account *const *accounts, size_t n, const struct run_order *order,
	struct reporter *reporter, struct report_style style, struct password *out);

#endif
