/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The password: looked for where a run would, else asked for, and tried at the server. A refused
 * one is asked for again, but not often: servers lock accounts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/keyring.h"
#include "base/i18n.h"
#include "base/text.h"
#include "verbs/ask.h"
#include "verbs/login_inner.h"
#include "verbs/setup_inner.h"

/* So many refusals no server minds; what comes behind them is said first. */
enum { REFUSALS_FREE = 3 };

struct keyring_way setup_keyring_way(const struct setup *s)
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

	if (account_uses_token(s->account)) {
		error_set(e, ERROR_CONFIG, "the login is with a token, and not with a password");
		return error_remedy(e, "take oauth-token-command out first", "ambil config edit");
	}
	if (!setting || is_own_file(s, setting))
		return true;
	error_set(e, ERROR_CONFIG, "the password comes from %s, and not from elsewhere", setting);
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

/* Until there is one, or none is to come: Ctrl-C, Ctrl-D. */
static bool ask_password(struct setup *s, struct error *e)
{
	const struct secret_search nowhere = {.from = account_secret_sources(s->account)};

	for (;;) {
		struct error wrong = {0};

		secret_release(&s->password);
		if (secret_prompt(&nowhere, &s->password, &wrong))
			return take_given(s, true);
		if (wrong.about == ERROR_ABOUT_END)
			return error_set(e, ERROR_INTERRUPTED, "interrupted before an answer");
		if (wrong.kind != ERROR_CONFIG || !secret_can_prompt()) {
			*e = wrong;
			return false;
		}
		report_error(s->style, NULL, &wrong);
	}
}

/* What the keyring or .netrc have already, from mpop perhaps. */
static bool search(struct setup *s, struct error *e)
{
	const struct keyring_way keyring = setup_keyring_way(s);
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
	if (setup_has_option(s, "password-command") && account_uses_token(s->account))
		return may_be_given(s, e);
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
static bool user_was_guessed(const struct setup *s)
{
	return s->is_new && s->address && !setup_has_option(s, "user");
}

static void advise_user(const struct setup *s, struct error *e)
{
	const char *user = s->account->user, *at = strrchr(user, '@');

	if (user_was_guessed(s) && !e->remedy[0] && at)
		error_remedy(e, "if your login name is not the address", "--user %s",
			safe((struct span){user, (size_t)(at - user)}).text);
}

/* Another name, where it may be what is wrong. */
static bool ask_user(struct setup *s, struct error *e)
{
	char *question = xasprintf(_("Login name [%s]: "), safe(span_of(s->account->user)).text);
	bool done = false, asked = true;

	if (s->refusals == 1)
		setup_explain(s,
			_("The login name may be another than the address, often what stands before "
			  "the @."));
	while (asked && !done) {
		struct buf answer = {NULL, 0, 0};
		struct error wrong = {0};

		asked = ask_line(question, s->stop, &answer, e);
		done = asked && (!answer.len || setup_take_user(s, answer.data, &wrong));
		if (asked && !done)
			report_error(s->style, NULL, &wrong);
		buf_release(&answer);
	}
	free(question);
	return done;
}

/* "no": what was refused is in *e. */
static bool ask_whether(
	const struct setup *s, const char *question, const char *letters, struct error *e)
{
	char answer = 'n';

	return ask_letter(question, letters, s->stop, &answer, e) && answer == 'y';
}

static bool ask_after_refusal(struct setup *s, struct error *e)
{
	struct error shown = *e;

	/* The name is asked for; or to come here is what was advised. */
	if (user_was_guessed(s) || !s->password.value)
		error_remedy(&shown, "", "%s", "");
	report_error(s->style, NULL, &shown);
	if (++s->refusals >= REFUSALS_FREE) {
		setup_explain(s,
			_("Many servers lock an account after some more refused logins; the "
			  "password can be looked up, or set anew, at the provider."));
		if (!ask_whether(s, _("Try another password? [y/N] "), "ny", e))
			return false;
	}
	return (!user_was_guessed(s) || ask_user(s, e)) && ask_password(s, e);
}

/* What was typed is not lost for a server that was busy. */
static bool ask_after_trouble(struct setup *s, struct error *e)
{
	report_error(s->style, NULL, e);
	return ask_whether(s, _("Try again? [Y/n] "), "yn", e);
}

/* Whether whoever is there has given another answer, so that it is worth another try. */
static bool ask_again(struct setup *s, bool password, struct error *e)
{
	if (!s->may_ask)
		return false;
	if (error_temporary(e->kind))
		return ask_after_trouble(s, e);
	if (account_uses_token(s->account) &&
		(s->is_new || setup_has_option(s, "oauth-token-command")) &&
		(e->kind == ERROR_AUTH || e->kind == ERROR_CONFIG)) {
		report_error(s->style, NULL, e);
		return setup_ask_token(s, e);
	}
	return e->kind == ERROR_AUTH && password && ask_after_refusal(s, e);
}

bool setup_try_login(struct setup *s, enum run_mode mode, struct error *e)
{
	const struct secret_sources sources = account_secret_sources(s->account);
	const char *setting = secret_setting(&sources);
	/* What was found somewhere is another matter once it was decided where it stays. */
	bool password = (s->password.value || (setting && is_own_file(s, setting))) &&
		(mode == RUN_LOGIN || s->place != PLACE_THERE);

	while (!setup_run(s, mode, e)) {
		if (e->kind == ERROR_AUTH && setup_has_option(s, "password-command"))
			error_remedy(e, "check what prints the password", "--password-command");
		else if (e->kind == ERROR_AUTH)
			advise_user(s, e);
		if (e->kind == ERROR_INTERRUPTED || !ask_again(s, password, e))
			return false;
	}
	if (mode == RUN_LOGIN || s->cli->from_now)
		say_login(s);
	return true;
}
