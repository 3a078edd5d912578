/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keyring forgets what a run would find in it; what stands elsewhere is the user's to change.
 */
#include "base/i18n.h"
#include "base/jsonout.h"
#include "verbs/login_inner.h"

/* Where else the account has a password; each in a line, or (json) an element of a list. */
static void say_what_is_left(const struct account *a, bool json, struct buf *out)
{
	const struct secret_sources sources = account_secret_sources(a);
	const char *setting = secret_setting(&sources);
	char where[200];

	if (setting && json)
		jsonout_text(out, NULL, setting);
	else if (setting && setting[0] == '$')
		buf_printf(out, _("%s: %s still has one\n"), a->shown, setting);
	else if (setting)
		buf_printf(out, _("%s: %s is still set (%s)\n"), a->shown, setting,
			config_origin(a, setting));
	if (!a->netrc || !secret_in_netrc(&sources, where, sizeof(where)))
		return;
	if (json)
		jsonout_text(out, NULL, where);
	else
		buf_printf(out, _("%s: %s still has one\n"), a->shown, where);
}

static void tell(const struct account *a, const struct keyring_entry *entry, struct buf *out)
{
	jsonout_begin(out, "logout");
	jsonout_text(out, "account", a->shown);
	jsonout_number(out, "removed", entry->forgotten);
	jsonout_list(out, "still_in");
	say_what_is_left(a, true, out);
	jsonout_list_end(out);
	jsonout_end(out);
}

static void say(const struct account *a, const struct keyring_entry *entry, struct buf *out)
{
	if (entry->forgotten)
		buf_printf(out,
			_n("%s: removed %u password from the keyring\n",
				"%s: removed %u passwords from the keyring\n", entry->forgotten),
			a->shown, entry->forgotten);
	else if (entry->state == KEYRING_DONE)
		buf_printf(out, _("%s: the keyring has no password for it\n"), a->shown);
	say_what_is_left(a, false, out);
}

bool logout(const struct account *account, const struct login_way *way, struct buf *out,
	struct error *e)
{
	const struct keyring_way how = login_keyring_way(way);
	struct keyring_entry entry = {.host = account->endpoint.host, .user = account->user};

	keyring_do(KEYRING_FORGET, &entry, 1, &how);
	if (way->json)
		tell(account, &entry, out);
	else
		say(account, &entry, out);
	return entry.state == KEYRING_DONE || login_say_keyring(account, &entry, "logout", e);
}
