/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A password that stood in the other program's file goes into the keyring if the user says so, and
 * else nowhere. */
#include <stdlib.h>

#include "auth/keyring.h"
#include "auth/secret.h"
#include "base/i18n.h"
#include "base/text.h"
#include "verbs/ask.h"
#include "verbs/import_inner.h"

/* The end of the input, or a signal, is a no. */
static bool asks(const struct import_item *item, const volatile sig_atomic_t *stop)
{
	char *question = xasprintf(_("Store the password of %s (%s:%u) in the keyring? [Y/n] "),
		item->name, safe(span_of(item->file)).text, item->from->password_line);
	char answer = 'n';
	struct error ignored;
	bool done = ask_letter(question, "yn", stop, &answer, &ignored);

	free(question);
	return done && answer == 'y';
}

void import_password(
	struct import_item *item, bool may_ask, const volatile sig_atomic_t *stop, struct buf *out)
{
	const struct imported_account *from = item->from;
	const struct keyring_way way = {.unlock = may_ask, .stop = stop};
	struct keyring_entry entry = {.host = imported_get(from, "host"),
		.user = imported_get(from, "user"),
		.password = from->password};
	char *words;

	if (!from->password || item->here)
		return;
	if (may_ask && secret_can_prompt()) {
		keyring_do(KEYRING_READY, &entry, 1, &way);
		if (entry.state == KEYRING_DONE && asks(item, stop))
			keyring_do(KEYRING_STORE, &entry, 1, &way);
		else if (entry.state == KEYRING_DONE)
			entry.state = KEYRING_NOTHING;
		if (entry.state == KEYRING_DONE) {
			item->stored = true;
			buf_printf(out, _("%s: the keyring has its password now\n"), item->name);
			return;
		}
	}
	words = xasprintf(
		_("%s: its password (%s:%u) was not taken over: ambil login %s stores it in the keyring; "
		  "or set password-command"),
		item->name, safe(span_of(item->file)).text, from->password_line, item->name);
	import_comment(out, "", "", words);
	free(words);
}
