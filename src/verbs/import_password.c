/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A password that stood in the other program's file goes into the keyring, or where there is none
 * into a private file beside ambil.conf, if the user says so; and else nowhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/keyring.h"
#include "auth/secret.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "config/conffile.h"
#include "verbs/ask.h"
#include "verbs/import_inner.h"

static struct keyring_entry entry_of(const struct import_item *item)
{
	return (struct keyring_entry){.host = imported_get(item->from, "host"),
		.user = imported_get(item->from, "user"),
		.password = item->from->password};
}

/* ---- where it shall go ---- */

/* The end of the input is a no. all: for those behind it, too. */
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

/* Beside the configuration at path, under a name that is free; fresh. */
static char *free_file(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	int len = slash ? (int)(slash - path) : 1;
	const char *folder = slash ? path : ".";
	char *file = xasprintf("%.*s/%s.password", len, folder, name);
	struct stat st;

	for (unsigned n = 2; lstat(file, &st) == 0; n++) {
		free(file);
		file = xasprintf("%.*s/%s-%u.password", len, folder, name, n);
	}
	return file;
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

bool import_choose_places(struct import *im, bool may_ask, const volatile sig_atomic_t *stop,
	const char *path, struct error *e)
{
	const struct keyring_way way = {.unlock = may_ask, .stop = stop};
	size_t left = 0;
	bool all = false;

	for (size_t i = 0; i < im->n; i++)
		left += has_password(&im->items[i]);
	for (size_t i = 0; may_ask && secret_can_prompt() && i < im->n && !*stop; i++) {
		struct import_item *item = &im->items[i];
		struct keyring_entry entry = entry_of(item);
		bool keyring;
		char *shown;

		if (!has_password(item))
			continue;
		keyring_do(KEYRING_READY, &entry, 1, &way);
		keyring = entry.state == KEYRING_DONE;
		if (!keyring && !may_be_in_file(item->from->password))
			continue;
		if (!all && !asks(item, keyring, left > 1, &all, stop))
			continue;
		item->place = keyring ? IMPORT_IN_KEYRING : IMPORT_IN_FILE;
		if (keyring)
			continue;
		item->password_file = free_file(path, item->name);
		shown = text_tilde(item->password_file, im->config.home);
		imported_set(item->from, "password-file", item->from->password_line, shown);
		free(shown);
	}
	return !*stop || error_set(e, ERROR_INTERRUPTED, "interrupted");
}

/* ---- putting it there ---- */

bool import_write_password(
	const struct import *im, struct import_item *item, const char *path, struct error *e)
{
	const char *password = item->from->password;
	bool done;
	char *shown;
	int err, fd;

	if (item->place != IMPORT_IN_FILE)
		return true;
	if (!conffile_make_folder(path, e))
		return false;
	fd = open(item->password_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	item->stored = fd >= 0;
	done = fd >= 0 && file_write_all(fd, password, strlen(password)) &&
		file_write_all(fd, "\n", 1) && fsync(fd) == 0;
	err = errno;
	if (fd >= 0)
		close(fd);
	if (done)
		return true;
	shown = text_tilde(item->password_file, im->config.home);
	error_sys(e, ERROR_CONFIG, err, "cannot write %s", safe(span_of(shown)).text);
	free(shown);
	return false;
}

void import_forget_password(struct import_item *item)
{
	if (item->place == IMPORT_IN_FILE && item->stored)
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
		say(xasprintf(
			    _("%s: its password (%s:%u) was not taken over: ambil login %s stores it "
			      "in the keyring; or set password-command"),
			    item->name, safe(span_of(item->file)).text, item->from->password_line,
			    item->name),
			out);
}
