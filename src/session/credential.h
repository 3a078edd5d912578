/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_CREDENTIAL_H
#define AMBIL_CREDENTIAL_H

#include <signal.h>
#include <stdbool.h>

#include "auth/secret.h"
#include "base/error.h"
#include "config/config.h"

/*
 * What an account logs in with, from the sources that are configured: a token of OAuth, or a
 * password, unless *found has one; nothing where the ways to log in need neither. prompt: whether
 * the user could have been asked, which is not done here. stop: see struct secret_sources. The
 * errors are those of token_get(), secret_find() and secret_missing().
 */
bool credential_find(const struct account *account, bool prompt, const volatile sig_atomic_t *stop,
	struct secret *found, struct error *e) MUST_CHECK;
/*
 * After the server has refused the token in *found: another one in its place. False when there is
 * none; *e, the refusal, says so too then, or is ERROR_INTERRUPTED.
 */
bool credential_renew(const struct account *account, const volatile sig_atomic_t *stop,
	struct secret *found, struct error *e) MUST_CHECK;

#endif
