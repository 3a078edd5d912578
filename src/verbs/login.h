/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_LOGIN_H
#define AMBIL_VERBS_LOGIN_H

#include <signal.h>
#include <stdbool.h>

#include "base/mem.h"
#include "config/config.h"

struct login_way {
	bool from_stdin; /* the password is read from standard input, and not asked for */
	bool no_input;   /* the user is not to be asked, nor by the keyring */
	bool json;       /* what is said in out is an event of --json */
	const volatile sig_atomic_t *stop;
};

/*
 * "ambil login", in its two halves; between them the caller tries the password. The first makes
 * sure that it can be stored and will be used, and gets it; an account that has a setting for its
 * password is refused, since that wins. ERROR_CONFIG, ERROR_USAGE, ERROR_LATER (the keyring is
 * locked, or hangs), ERROR_INTERRUPTED.
 */
bool login_ask(const struct account *account, const struct login_way *way, struct secret *out,
	struct error *e) MUST_CHECK;
/* ERROR_STORE, ERROR_LATER. */
bool login_store(const struct account *account, const struct login_way *way,
	const struct secret *password, struct error *e) MUST_CHECK;

/* After another password was stored: cron may try again. */
void login_forget_refusals(const struct config *config, const struct account *account);

/*
 * "ambil logout": removes from the keyring all that a run would find there, and says in out how
 * much that was, and where else the account still has a password.
 */
bool logout(const struct account *account, const struct login_way *way, struct buf *out,
	struct error *e) MUST_CHECK;

#endif
