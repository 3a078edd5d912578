/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The password: looked for where a run would, else asked for, tried at the server, and at last
 * stored. A refused one is asked for again, but not often: servers lock accounts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/keyring.h"
#include "base/child.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "verbs/ask.h"
#include "verbs/login_inner.h"
#include "verbs/setup_inner.h"

enum { TRIES_MAX = 3 };

static struct keyring_way keyring_way(const struct setup *s)
{
	const struct login_way way = {.no_input = !s->may_ask, .stop = s->stop};

	return login_keyring_way(&way);
}

/* ---- the password ---- */

/* What setup has made it may renew. */
static bool is_own_file(const struct setup *s, const char *setting)
{
	return strcmp(setting, "password-file") == 0 && account_owns_password_file(s->account);
}

/* Others would win over what is given. */
static bool may_be_given(const struct setup *s, struct error *e)
{
	const struct secret_sources sources = account_secret_sources(s->account);
	const char *setting = secret_setting(&sources);

	if (!setting || is_own_file(s, setting))
		return true;
	error_set(e, ERROR_CONFIG, "%s gets its password from %s, and not from elsewhere",
		s->account->shown, setting);
	return error_remedy(e, "leave --stdin out, or take that out first", "ambil config edit");
}

/* It was typed, or came through a pipe: nothing has to be said of where it is from. */
static bool take_given(struct setup *s, bool done)
{
	const struct secret_sources sources = account_secret_sources(s->account);
	const char *setting = secret_setting(&sources);

	if (s->place == PLACE_THERE && setting && is_own_file(s, setting)) {
		s->place = PLACE_FILE;
		s->renews_file = true;
		s->password_file = text_tilde(s->account->password_file, s->config.home);
	} else if (s->place == PLACE_THERE) {
		s->place = PLACE_KEYRING;
	}
	s->password.source[0] = '\0';
	return done;
}

static bool ask_password(struct setup *s, struct error *e)
{
	const struct secret_search nowhere = {.from = account_secret_sources(s->account)};

	secret_release(&s->password);
	return take_given(s, secret_prompt(&nowhere, &s->password, e));
}

/* What the keyring or .netrc have already, from mpop perhaps. */
static bool search(struct setup *s, struct error *e)
{
	const struct keyring_way keyring = keyring_way(s);
	const struct secret_way way = {.unlock = keyring.unlock,
		.unlocking = keyring.unlocking,
		.self = keyring.self,
		.stop = s->stop};
	struct secret_search one = {.from = account_secret_sources(s->account)};

	secret_search(&one, 1, &way);
	if (*s->stop)
		return error_set(e, ERROR_INTERRUPTED, "interrupted");
	if (one.failed) {
		*e = one.trouble;
		return false;
	}
	/* Why it is asked for, though a place may have it. */
	if (one.trouble.kind && s->may_ask)
		report_error(s->style, NULL, &one.trouble);
	s->password = one.found;
	return true;
}

bool setup_find_password(struct setup *s, struct error *e)
{
	const struct secret_sources sources = account_secret_sources(s->account);

	s->place = PLACE_THERE;
	if (s->cli->from_stdin) {
		if (!may_be_given(s, e))
			return false;
		if (isatty(STDIN_FILENO))
			return error_set(e, ERROR_USAGE,
				"--stdin reads from a pipe or a file, not a terminal");
		return take_given(s, secret_read(STDIN_FILENO, s->stop, &s->password, e));
	}
	if (account_uses_token(s->account) || secret_has_source(&sources) ||
		!mech_list_needs(&s->account->auth, CREDENTIAL_PASSWORD))
		return true;
	if (!search(s, e))
		return false;
	if (s->password.value)
		return true;
	if (s->may_ask)
		return ask_password(s, e);
	error_set(e, ERROR_USAGE,
		s->cli->no_input ? N_("no password found, and --no-input forbids to ask")
				 : N_("no password found, and no terminal to ask on"));
	return error_remedy(e, "say where it is", "--password-command COMMAND, or --stdin");
}

/* ---- the login ---- */

static void say_login(const struct setup *s)
{
	char line[400], how[80];

	if (s->password.source[0])
		snprintf(line, sizeof(line), _("Login as %s, with the password from: %s"),
			safe(span_of(s->account->user)).text, s->password.source);
	else
		snprintf(
			line, sizeof(line), _("Login as %s"), safe(span_of(s->account->user)).text);
	if (s->mailbox.mechanism[0])
		snprintf(how, sizeof(how), "%s (%s)", _("ok"), s->mailbox.mechanism);
	else
		snprintf(how, sizeof(how), "%s", _("ok"));
	setup_say_ok(s, line, how);
}

/* Not all servers take the address, which was a guess. */
static void advise_user(const struct setup *s, struct error *e)
{
	const char *user = s->account->user, *at = strrchr(user, '@');

	if (s->is_new && s->address && !e->remedy[0] && at && strcmp(user, s->address) == 0)
		error_remedy(e, "if your login name is not the address", "--user %s",
			safe((struct span){user, (size_t)(at - user)}).text);
}

bool setup_try_login(struct setup *s, enum run_mode mode, struct error *e)
{
	const struct secret_sources sources = account_secret_sources(s->account);
	const char *setting = secret_setting(&sources);
	/* What was found somewhere is another matter once it was decided where it stays. */
	bool may_ask_again = s->may_ask &&
		(s->password.value || (setting && is_own_file(s, setting))) &&
		(mode == RUN_LOGIN || s->place != PLACE_THERE);

	for (int tries = 1; !setup_run(s, mode, e); tries++) {
		if (e->kind == ERROR_AUTH)
			advise_user(s, e);
		if (e->kind != ERROR_AUTH || !may_ask_again || tries == TRIES_MAX)
			return false;
		/* To come here, it is. */
		if (!s->password.value)
			error_remedy(e, "", "%s", "");
		report_error(s->style, NULL, e);
		if (!ask_password(s, e))
			return false;
	}
	if (mode == RUN_LOGIN || s->cli->from_now)
		say_login(s);
	return true;
}

/* ---- where it is kept ---- */

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
	for (unsigned n = 2; lstat(path, &st) == 0; n++) {
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
	s->place = PLACE_FILE;
	free(s->password_file);
	s->password_file = file_for_password(s);
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
	const struct keyring_way way = keyring_way(s);
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
	char *beside = xasprintf("%s.XXXXXX", path);
	int err = 0, fd = mkstemp(beside); /* mode 0600 */
	bool done = fd >= 0 && file_write_all(fd, s->password.value, strlen(s->password.value)) &&
		file_write_all(fd, "\n", 1) && fsync(fd) == 0;

	err = errno;
	if (fd >= 0)
		close(fd);
	if (done && !put_in_place(s, beside, path)) {
		err = errno;
		done = false;
	}
	if (fd >= 0)
		unlink(beside);
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
