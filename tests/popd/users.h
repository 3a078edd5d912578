/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_USERS_H
#define POPD_USERS_H

#include "mailbox.h"

struct user {
	char *name, *password;
	struct mailbox *box;
};

struct users {
	struct user *at;
	size_t count;
};

/* spec as for mailbox_new. */
bool users_add(struct users *users, struct span name, struct span password, const char *spec,
	const struct mailbox_style *style, struct problem *p);
/* Lines user:password:spec; empty lines and lines with # in front are skipped. */
bool users_read(struct users *users, const char *path, const struct mailbox_style *style,
	struct problem *p);
void users_release(struct users *users);

/* NULL if there is none of that name. */
const struct user *users_find(const struct users *users, const char *name);

#endif
