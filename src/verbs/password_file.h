/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_PASSWORD_FILE_H
#define AMBIL_VERBS_PASSWORD_FILE_H

#include "base/error.h"

/* A private file with the password of one account, where there is no keyring. */

/*
 * Where it goes: NAME.password beside the configuration at config, from the root on where its
 * folder is there, and with a number where that is another's. *renews: it is there, with just this
 * password, as one leaves it that was killed before its account was written. Fresh.
 */
char *password_file_beside(
	const char *config, const char *name, const char *password, bool *renews);
/*
 * Writes it, durable when it returns: never half a password, and nothing over a file that has come
 * meanwhile, unless it renews one. After a failure there is none. The folder must exist. shown is
 * the path for words.
 */
bool password_file_write(const char *path, const char *password, bool renews, const char *shown,
	struct error *e) MUST_CHECK;

#endif
