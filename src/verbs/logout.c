/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keyring forgets what a run would find in it; what stands elsewhere is the user's to change.
 */
#include "verbs/login_inner.h"

static void say_what_is_left(const struct account *a, struct buf *out)
{
	const struct secret_sources sources = account_secret_sources(a);
	const char *setting = secret_setting(&sources);
	char where[200];

	if (setting && setting[0] == '$')
		buf_printf(out, "%s: %s still has one\n", a->shown, setting);
	else if (setting)
		buf_printf(out, "%s: %s is still set (%s)\n", a->shown, setting,
			config_origin(a, setting));
	if (a->netrc && secret_in_netrc(&sources, where, sizeof(where)))
		buf_printf(out, "%s: %s still has one\n", a->shown, where);
}

bool logout(const struct account *account, const struct login_way *way, struct buf *out,
	struct error *e)
{
	const struct keyring_way how = login_keyring_way(way);
	struct keyring_entry entry = {.host = account->endpoint.host, .user = account->user};

	keyring_do(KEYRING_FORGET, &entry, 1, &how);
	if (entry.forgotten)
		buf_printf(out, "%s: removed %u password%s from the keyring\n", account->shown,
			entry.forgotten, entry.forgotten == 1 ? "" : "s");
	else if (entry.state == KEYRING_DONE)
		buf_printf(out, "%s: the keyring has no password for it\n", account->shown);
	say_what_is_left(account, out);
	return entry.state == KEYRING_DONE || login_say_keyring(account, &entry, "logout", e);
}
