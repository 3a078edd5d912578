/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A password goes into the keyring; logout.c takes it out again. */
#include "verbs/login.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/keyring.h"
#include "base/i18n.h"
#include "fetch/guard.h"
#include "verbs/login_inner.h"

/* Whether the keyring would be asked at all. */
static bool comes_from_keyring(const struct account *a, struct error *e)
{
	const struct secret_sources sources = account_secret_sources(a);
	const char *setting = secret_setting(&sources);

	if (account_uses_token(a)) {
		error_set(e, ERROR_CONFIG,
			"%s logs in with a token (%s): there is no password to store", a->shown,
			config_origin(a, "oauth-token-command"));
	} else if (!mech_list_needs(&a->auth, CREDENTIAL_PASSWORD)) {
		error_set(e, ERROR_CONFIG, "%s logs in without a password (auth, %s)", a->shown,
			config_origin(a, "auth"));
	} else if (setting && setting[0] == '$') {
		error_set(e, ERROR_CONFIG, "%s gets its password from %s, and not from the keyring",
			a->shown, setting);
	} else if (setting) {
		error_set(e, ERROR_CONFIG,
			"%s gets its password from %s (%s), and not from the keyring", a->shown,
			setting, config_origin(a, setting));
		if (strcmp(setting, "password-file") == 0 && account_owns_password_file(a))
			return error_remedy(e, "to change it", "ambil setup %s", a->typed);
		error_remedy(e, "either",
			"change the password there, or take that setting out and try again");
	} else if (!a->keyring) {
		error_set(e, ERROR_CONFIG,
			"%s does not look into the keyring (keyring = false, %s)", a->shown,
			config_origin(a, "keyring"));
	} else {
		return true;
	}
	return false;
}

bool login_say_keyring(const struct account *a, const struct keyring_entry *entry, const char *verb,
	struct error *e)
{
	switch (entry->state) {
	case KEYRING_ABSENT:
		error_set(e, ERROR_CONFIG, "there is no keyring here: %s", entry->words);
		if (strcmp(verb, "login") != 0)
			return false;
		if (a->temporary)
			return error_remedy(
				e, "instead", "an account with a password-command in ambil.conf");
		return error_remedy(e,
			"to keep it in a private file, or name a command that prints it",
			"ambil setup %s", a->typed);
	case KEYRING_LOCKED:
		error_set(e, ERROR_LATER, "the keyring is locked");
		return error_remedy(e, "to unlock it", "ambil %s %s, on a terminal of the desktop",
			verb, a->typed);
	case KEYRING_STOPPED:
		return error_set(e, ERROR_INTERRUPTED, "interrupted while asking the keyring");
	default:
		return error_set(e, ERROR_LATER, "the keyring failed: %s", entry->words);
	}
}

static void wait_for_window(void *self)
{
	const char *words = _("The keyring asks in a window of its own.\n");
	ssize_t ignored = write(STDERR_FILENO, words, strlen(words));

	(void)self;
	(void)ignored;
}

struct keyring_way login_keyring_way(const struct login_way *way)
{
	return (struct keyring_way){.unlock = !way->no_input && secret_can_prompt(),
		.unlocking = wait_for_window,
		.stop = way->stop};
}

static bool say_cannot_ask(const struct account *a, const struct login_way *way, struct error *e)
{
	error_set(e, ERROR_CONFIG,
		way->no_input ? N_("--no-input forbids to ask for the password")
			      : N_("no terminal to ask for the password on"));
	return error_remedy(e, "from a pipe", "ambil login %s --stdin", a->typed);
}

static bool get_password(
	const struct account *a, const struct login_way *way, struct secret *out, struct error *e)
{
	const struct secret_search searched = {.from = account_secret_sources(a)};

	bool done = false;

	if (way->from_stdin)
		done = secret_read(STDIN_FILENO, way->stop, out, e);
	else if (!way->no_input && secret_can_prompt())
		done = secret_prompt(&searched, out, e);
	else
		return say_cannot_ask(a, way, e);
	if (done)
		snprintf(out->source, sizeof(out->source), "ambil login");
	return done;
}

bool login_ask(const struct account *account, const struct login_way *way, struct secret *out,
	struct error *e)
{
	const struct keyring_way how = login_keyring_way(way);
	struct keyring_entry entry = {.host = account->endpoint.host, .user = account->user};

	if (!comes_from_keyring(account, e))
		return false;
	if (way->from_stdin && isatty(STDIN_FILENO)) {
		error_set(e, ERROR_USAGE, "--stdin reads from a pipe or a file, not a terminal");
		return error_remedy(e, "to be asked", "ambil login %s", account->typed);
	}
	/* Before somebody has typed it in vain. */
	keyring_do(KEYRING_READY, &entry, 1, &how);
	if (entry.state != KEYRING_DONE)
		return login_say_keyring(account, &entry, "login", e);
	return get_password(account, way, out, e);
}

bool login_store(const struct account *account, const struct login_way *way,
	const struct secret *password, struct error *e)
{
	const struct keyring_way how = login_keyring_way(way);
	struct keyring_entry entry = {
		.host = account->endpoint.host, .user = account->user, .password = password->value};

	keyring_do(KEYRING_STORE, &entry, 1, &how);
	if (entry.state == KEYRING_DONE)
		return true;
	login_say_keyring(account, &entry, "login", e);
	return error_append(e, "; the password is right, but was not stored");
}

/* What cannot be written ends by itself, after a day. */
void login_forget_refusals(const struct config *config, const struct account *account)
{
	const struct guard_file file = {.state_dir = config->state_dir,
		.name = account->name,
		.host = account->endpoint.host,
		.user = account->user};
	struct error ignored;

	(void)!guard_reset(&file, &ignored);
}
