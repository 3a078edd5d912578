/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_LOGIN_INNER_H
#define AMBIL_VERBS_LOGIN_INNER_H

#include "auth/keyring.h"
#include "verbs/login.h"

/* What login.c and logout.c share. */

struct keyring_way login_keyring_way(const struct login_way *way);
/* The error for a keyring that has not done what verb wanted of it; false. */
bool login_say_keyring(const struct account *a, const struct keyring_entry *entry, const char *verb,
	struct error *e);

#endif
