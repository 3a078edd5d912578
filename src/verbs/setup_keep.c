/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the password is kept: in the keyring, a private file, or with a command; and put there,
 * once all else is sure. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/command.h"
#include "auth/keyring.h"
#include "base/beside.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "verbs/ask.h"
#include "verbs/login_inner.h"
#include "verbs/setup_inner.h"

enum { PASSWORD_MAX = 4096 };

/* ---- where it is kept ---- */

/* A private file with just this password, as a setup leaves it that was killed before its account
 * was written. */
static bool has_password(const struct setup *s, const char *path)
{
	struct buf text = {NULL, 0, 0};
	mode_t mode = 0;
	uid_t owner = 0;
	struct stat st;
	bool has = s->password.value && lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		file_slurp(path, PASSWORD_MAX, &text, &mode, &owner) && owner == geteuid() &&
		!(mode & 077) && span_is(secret_first_line(&text), s->password.value);

	buf_wipe(&text);
	return has;
}

/* Beside the configuration, and new: another account may have its password in a file of this name.
 * As the setting has it, with ~; fresh. */
static char *file_for_password(const struct setup *s)
{
	bool found;
	char *config = config_path(s->cli->config_path, &found), *folder, *path, *shown;
	char *slash = strrchr(config, '/');
	char here[] = ".";
	struct stat st;

	if (slash)
		*slash = '\0';
	folder = realpath(slash ? (slash == config ? "/" : config) : here, NULL);
	/* It is made when it is written. */
	path = xasprintf("%s/%s.password", folder ? folder : config, s->account->name);
	for (unsigned n = 2; lstat(path, &st) == 0 && !has_password(s, path); n++) {
		free(path);
		path = xasprintf(
			"%s/%s-%u.password", folder ? folder : config, s->account->name, n);
	}
	shown = text_tilde(path, s->config.home);
	free(path);
	free(folder);
	free(config);
	return shown;
}

static bool use_file(struct setup *s, struct error *e)
{
	char *path;

	s->place = PLACE_FILE;
	free(s->password_file);
	s->password_file = file_for_password(s);
	path = file_expand_home(s->password_file, s->config.home);
	s->renews_file = has_password(s, path);
	free(path);
	return setup_set(s, "password-file", s->password_file, "password-file", e);
}

/* A command that prints just this password. */
static bool ask_command(struct setup *s, struct error *e)
{
	struct secret_sources sources = {.account = s->account->name, .stop = s->stop};
	struct buf answer = {NULL, 0, 0};
	struct secret printed = {.value = NULL};
	bool done = ask_line(_("Command that prints the password: "), s->stop, &answer, e);

	sources.command = answer.data;
	if (done && !answer.len)
		done = error_set(e, ERROR_USAGE, "no command was named");
	done = done && secret_find(&sources, &printed, e);
	if (done && strcmp(printed.value, s->password.value) != 0)
		done = error_set(e, ERROR_CONFIG, "this command prints another password");
	if (done) {
		s->place = PLACE_THERE;
		done = setup_set(s, "password-command", answer.data, "--password-command", e);
	}
	secret_release(&printed);
	buf_release(&answer);
	return done;
}

static bool ask_place(struct setup *s, struct error *e)
{
	char answer = 'f';
	bool done;

	do {
		done = ask_letter(_("Keep it in a private [f]ile, let a [c]ommand print it, or "
				    "[n]either? [f] "),
			"fcn", s->stop, &answer, e);
		if (!done || answer != 'c')
			break;
		done = ask_command(s, e);
		if (!done && e->kind != ERROR_INTERRUPTED)
			report_error(s->style, NULL, e);
	} while (!done && e->kind != ERROR_INTERRUPTED);
	if (!done || answer == 'c')
		return done;
	if (answer == 'f')
		return use_file(s, e);
	s->place = PLACE_NONE;
	return true;
}

static const char *why_no_keyring(const struct setup *s, const struct keyring_entry *entry)
{
	if (!s->account->keyring)
		return "keyring = false";
	return entry->state == KEYRING_LOCKED ? _("it is locked") : entry->words;
}

/* In the keyring, which is asked now whether it can take it. */
bool setup_choose_place(struct setup *s, struct error *e)
{
	const struct keyring_way way = setup_keyring_way(s);
	struct keyring_entry entry = {.host = s->account->endpoint.host, .user = s->account->user};
	char *text;

	if (s->place != PLACE_KEYRING)
		return true;
	if (s->account->keyring) {
		keyring_do(KEYRING_READY, &entry, 1, &way);
		if (entry.state == KEYRING_DONE)
			return true;
		if (entry.state == KEYRING_STOPPED)
			return error_set(e, ERROR_INTERRUPTED, "interrupted");
	}
	text = xasprintf(
		_("The password cannot go into the keyring: %s"), why_no_keyring(s, &entry));
	setup_say_whole(s, text);
	free(text);
	return s->may_ask ? ask_place(s, e) : use_file(s, e);
}

/* ---- storing it ---- */

static bool cannot_write(const struct setup *s, int err, struct error *e)
{
	return error_sys(e, ERROR_CONFIG, err, "cannot write %s", s->password_file);
}

/* Not over a file that has come meanwhile; some file systems have no links. */
static bool put_in_place(const struct setup *s, const char *beside, const char *path)
{
	if (!s->renews_file && link(beside, path) == 0)
		return true;
	return (s->renews_file || errno != EEXIST) && rename(beside, path) == 0;
}

/* Written beside, so that there is never half a password. */
static bool write_file(const struct setup *s, struct error *e)
{
	char *path = file_expand_home(s->password_file, s->config.home);
	char *beside = NULL;
	int err = 0, fd = beside_open(path, &beside);
	bool done = fd >= 0 && file_write_all(fd, s->password.value, strlen(s->password.value)) &&
		file_write_all(fd, "\n", 1) && fsync(fd) == 0;

	done = done && put_in_place(s, beside, path);
	err = errno;
	if (fd >= 0) {
		unlink(beside);
		close(fd);
	}
	free(beside);
	free(path);
	return done || cannot_write(s, err, e);
}

void setup_forget_file(const struct setup *s)
{
	char *path;

	if (s->place != PLACE_FILE || !s->password_file || s->renews_file)
		return;
	path = file_expand_home(s->password_file, s->config.home);
	unlink(path);
	free(path);
}

bool setup_store_password(struct setup *s, struct error *e)
{
	const struct login_way way = {.no_input = !s->may_ask, .stop = s->stop};
	bool found, done;
	char *config;

	if (s->place == PLACE_KEYRING)
		return login_store(s->account, &way, &s->password, e);
	if (s->place != PLACE_FILE)
		return true;
	config = config_path(s->cli->config_path, &found);
	done = conffile_make_folder(config, e) && write_file(s, e);
	free(config);
	return done;
}
