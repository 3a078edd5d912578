/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A password that stood in the other program's file goes into the keyring, or where there is none
 * into a private file beside ambil.conf, if the user says so; and else nowhere.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/keyring.h"
#include "auth/secret.h"
#include "base/i18n.h"
#include "base/text.h"
#include "config/conffile.h"
#include "verbs/ask.h"
#include "verbs/import_inner.h"
#include "verbs/password_file.h"

static struct keyring_entry entry_of(const struct import_item *item)
{
	return (struct keyring_entry){.host = imported_get(item->from, "host"),
		.user = imported_get(item->from, "user"),
		.password = item->from->password};
}

/* ---- where it shall go ---- */

/* The end of the input is a no. all: for those behind it that would go to the same place, too. */
static bool asks(const struct import_item *item, bool keyring, bool several, bool *all,
	const volatile sig_atomic_t *stop)
{
	const char *letters = several ? _("[Y]es, [n]o, [a]ll") : "[Y/n]";
	char *question = xasprintf(keyring
			? _("Store the password of %s (%s:%u) in the keyring? %s ")
			: _("Keep the password of %s (%s:%u) in a private file? %s "),
		item->name, safe(span_of(item->file)).text, item->from->password_line, letters);
	char answer = 'n';
	struct error ignored;
	bool done = ask_letter(question, several ? "yna" : "yn", stop, &answer, &ignored);

	free(question);
	*all = done && answer == 'a';
	return done && answer != 'n';
}

/* A file of passwords has one in a line. */
static bool may_be_in_file(const char *password)
{
	return !strpbrk(password, "\r\n");
}

static bool has_password(const struct import_item *item)
{
	return item->from->password && !item->here;
}

/* Of "a" and "a-2" both may have found a-2.password free. */
static bool is_chosen(const struct import *im, const char *path)
{
	for (size_t i = 0; i < im->n; i++)
		if (im->items[i].password_file && strcmp(im->items[i].password_file, path) == 0)
			return true;
	return false;
}

static void choose_file(struct import *im, struct import_item *item, const char *path)
{
	const char *password = item->from->password;
	char *file = password_file_beside(path, item->name, password, &item->renews_file), *shown;

	for (unsigned n = 2; is_chosen(im, file); n++) {
		char *name = xasprintf("%s-%u", item->name, n);

		free(file);
		file = password_file_beside(path, name, password, &item->renews_file);
		free(name);
	}
	item->place = IMPORT_IN_FILE;
	item->password_file = file;
	shown = text_tilde(file, im->config.home);
	imported_set(item->from, "password-file", item->from->password_line, shown);
	free(shown);
}

bool import_choose_places(struct import *im, bool may_ask, const volatile sig_atomic_t *stop,
	const char *path, struct error *e)
{
	const struct keyring_way way = {.unlock = may_ask, .stop = stop};
	bool all[2] = {false, false}; /* into files, into the keyring */
	size_t left = 0;

	for (size_t i = 0; i < im->n; i++)
		left += has_password(&im->items[i]);
	for (size_t i = 0; may_ask && secret_can_prompt() && i < im->n && !*stop; i++) {
		struct import_item *item = &im->items[i];
		struct keyring_entry entry = entry_of(item);
		bool keyring;

		if (!has_password(item))
			continue;
		keyring_do(KEYRING_READY, &entry, 1, &way);
		keyring = entry.state == KEYRING_DONE;
		if (!keyring && !may_be_in_file(item->from->password))
			continue;
		if (!all[keyring] && !asks(item, keyring, left > 1, &all[keyring], stop))
			continue;
		if (keyring)
			item->place = IMPORT_IN_KEYRING;
		else
			choose_file(im, item, path);
	}
	return !*stop || error_set(e, ERROR_INTERRUPTED, "interrupted");
}

/* ---- putting it there ---- */

bool import_write_password(
	const struct import *im, struct import_item *item, const char *path, struct error *e)
{
	char *shown;

	if (item->place != IMPORT_IN_FILE)
		return true;
	shown = text_tilde(item->password_file, im->config.home);
	item->stored = conffile_make_folder(path, e) &&
		password_file_write(
			item->password_file, item->from->password, item->renews_file, shown, e);
	free(shown);
	return item->stored;
}

void import_forget_password(struct import_item *item)
{
	if (item->place == IMPORT_IN_FILE && item->stored && !item->renews_file)
		unlink(item->password_file);
	item->stored = false;
}

static void say(char *fresh, struct buf *out)
{
	import_comment(out, "", "", fresh);
	free(fresh);
}

void import_store_password(
	struct import_item *item, const volatile sig_atomic_t *stop, struct buf *out)
{
	const struct keyring_way way = {.unlock = true, .stop = stop};
	struct keyring_entry entry = entry_of(item);

	if (!has_password(item))
		return;
	if (item->place == IMPORT_IN_KEYRING) {
		keyring_do(KEYRING_STORE, &entry, 1, &way);
		item->stored = entry.state == KEYRING_DONE;
	}
	if (item->place == IMPORT_IN_FILE)
		say(xasprintf(_("%s: its password is in %s, which only you can read"), item->name,
			    imported_get(item->from, "password-file")),
			out);
	else if (item->stored)
		say(xasprintf(_("%s: the keyring has its password now"), item->name), out);
	else
		say(xasprintf(_("%s: its password (%s:%u) was not taken over; to be asked for it:  "
				"ambil setup %s"),
			    item->name, safe(span_of(item->file)).text, item->from->password_line,
			    item->name),
			out);
}
