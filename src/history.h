/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_HISTORY_H
#define AMBIL_HISTORY_H

#include "report/quiet.h"

/*
 * What report/quiet.h wants to be remembered, in a small file beside the account's state,
 * NAME.runs: it can be read while a fetch holds the state, and written where that cannot be.
 * Nothing hangs on it but what is said, so it is not synced; a run that goes well after one that
 * did only gives it the time.
 */

/*
 * Nothing known where there is no file. ERROR_STORE, and nothing known either, where there is one
 * that cannot be read, or not understood; the next run writes another. e may be NULL.
 */
bool history_read(const char *state_dir, const char *account, struct quiet *out, struct error *e);
/* before: what history_read() gave. False, and that is all, when it cannot be written. */
bool history_write(const char *state_dir, const char *account, const struct quiet *before,
	const struct quiet *now) MUST_CHECK;

#endif
