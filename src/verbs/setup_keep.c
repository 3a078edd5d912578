/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the password is kept: in the keyring, a private file, or with a command; and put there,
 * once all else is sure. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/keyring.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "verbs/ask.h"
#include "verbs/login_inner.h"
#include "verbs/password_file.h"
#include "verbs/setup_inner.h"

/* ---- where it is kept ---- */

static bool use_file(struct setup *s, struct error *e)
{
	bool found;
	char *config = config_path(s->cli->config_path, &found);
	char *path = password_file_beside(
		config, s->account->name, s->password.value, &s->renews_file);

	s->place = PLACE_FILE;
	free(s->password_file);
	s->password_file = text_tilde(path, s->config.home);
	free(path);
	free(config);
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
	char *config, *path;

	if (s->place == PLACE_KEYRING)
		return login_store(s->account, &way, &s->password, e);
	if (s->place != PLACE_FILE)
		return true;
	config = config_path(s->cli->config_path, &found);
	path = file_expand_home(s->password_file, s->config.home);
	done = conffile_make_folder(config, e) &&
		password_file_write(path, s->password.value, s->renews_file, s->password_file, e);
	free(path);
	free(config);
	return done;
}
