/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The story of a dialog: which account, is that its server, is that the password, what of the mail
 * that is there, where does it go. Until all of it is known nothing is written. Then the new
 * configuration is written beside the old one, what is there is marked if that is wanted, the
 * password stored, and the configuration put in its place: an account that is there is whole.
 */
#include "verbs/setup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/text.h"
#include "terminal.h"
#include "verbs/ask.h"
#include "verbs/login.h"
#include "verbs/print.h"
#include "verbs/setup_inner.h"

/* ---- what is there ---- */

/* Of a new account: all of its mail, or only what is still to come? */
static bool ask_from_when(struct setup *s, struct error *e)
{
	const struct report_mailbox *m = &s->mailbox;
	char size[32], answer = 'a';

	s->old_state = setup_has_state(s);
	if (s->from_now || !m->counted)
		return true;
	text_size(size, sizeof(size), m->octets);
	if (!m->mails) {
		setup_say(s, _("Mailbox: empty\n"));
		return true;
	}
	setup_say(s, _n("Mailbox: %llu message, %s\n", "Mailbox: %llu messages, %s\n", m->mails),
		(unsigned long long)m->mails, size);
	if (s->old_state && s->is_new) {
		char *text = xasprintf(
			_("An account \"%s\" was here before: what was fetched for it, or "
			  "taken as seen, is not fetched again, but by ambil fetch %s --all."),
			s->account->name, s->account->name);

		setup_explain(s, text);
		free(text);
	}
	setup_tell_other_name(s);
	if (!s->may_ask || !s->is_new)
		return true;
	if (!ask_letter(_("Fetch [a]ll, or only mail that arrives from [n]ow on? [a] "), "an",
		    s->stop, &answer, e))
		return false;
	s->from_now = answer == 'n';
	return true;
}

/* ---- writing ---- */

/* As a person would write them, in whatever order they came to be known. */
static void put_server_first(struct setup *s)
{
	static const char *const names[] = {"host", "port", "tls", "user"};
	size_t at = 0;

	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		for (size_t i = at; i < s->n; i++) {
			const struct confedit_setting one = s->list[i];

			if (strcmp(one.name, names[k]) != 0)
				continue;
			memmove(&s->list[at + 1], &s->list[at], (i - at) * sizeof(one));
			s->list[at++] = one;
			break;
		}
}

static bool write_beside(const struct setup *s, struct conffile *file, struct error *e)
{
	struct buf text = {NULL, 0, 0};
	bool found, done;
	char *path = s->is_new ? config_path(s->cli->config_path, &found)
			       : xstrdup(s->account->file);

	done = conffile_read(file, path, e) &&
		(s->is_new ? confedit_add(buf_span(&file->text), s->account->name, s->list, s->n,
				     &text, e)
			   : confedit_change(buf_span(&file->text), s->account->name, s->list, s->n,
				     &text, e)) &&
		conffile_write(file, s->cli->config_path, &text, e);
	buf_wipe(&text);
	free(path);
	return done;
}

static bool save(struct setup *s, struct error *e)
{
	struct conffile file = {.path = NULL};
	bool done = (!s->n || write_beside(s, &file, e)) && setup_take_other_name(s, e);
	bool marks = done && s->from_now;

	if (marks)
		done = setup_can_mark(s) ? setup_mark(s, e) : setup_try_login(s, RUN_FROM_NOW, e);
	done = done && setup_store_password(s, e);
	/* Not in its place, unless only the disk could not be asked whether it is safe there. */
	if (done && s->n && !conffile_place(&file, e)) {
		if (file.beside)
			setup_forget_file(s);
		done = false;
	}
	if (done && s->old_state && s->place != PLACE_THERE)
		login_forget_refusals(&s->config, s->account);
	if (!done && marks && s->is_new && file.beside)
		setup_forget_state(s);
	s->saved = done;
	conffile_release(&file);
	return done;
}

/* ---- the dialog ---- */

static bool changes_one_of(const struct setup *s, const char *const *names)
{
	for (; *names; names++)
		for (size_t i = 0; i < s->n; i++)
			if (strcmp(s->list[i].name, *names) == 0)
				return true;
	return false;
}

/* Without options all of an account is gone through; else what they touch. */
static bool concerns_server(const struct setup *s)
{
	static const char *const names[] = {"host", "port", "tls", "ca-file", "pin-sha256", NULL};

	return s->is_new || !s->changes || s->cli->pin || changes_one_of(s, names);
}

static bool concerns_login(const struct setup *s)
{
	static const char *const names[] = {
		"host", "user", "password-command", "oauth-token-command", NULL};

	return s->is_new || !s->changes || s->cli->from_stdin || s->from_now ||
		changes_one_of(s, names);
}

static bool go_through(struct setup *s, struct error *e)
{
	bool done = setup_can_be_done(s, e) && (!concerns_server(s) || setup_check_server(s, e));

	if (done && concerns_login(s))
		done = setup_find_password(s, e) &&
			(s->from_now || setup_try_login(s, RUN_LOGIN, e)) &&
			setup_choose_place(s, e) && ask_from_when(s, e);
	if (!done || !setup_find_destination(s, e))
		return false;
	put_server_first(s);
	return save(s, e);
}

/* A file that is named, and not there yet, will be made. */
static bool load(struct setup *s, struct error *e)
{
	const char *named = s->cli->config_path;
	bool found, done;
	char *path = config_path(named, &found);

	done = found ? config_load(named, &s->config, NULL, e)
		     : config_load_instead(named, path, (struct span){"", 0}, &s->config, e);
	free(path);
	if (!done && e->kind == ERROR_CONFIG && !e->remedy[0]) {
		char *command = setup_typed(s);

		error_remedy(e, "to mend that first", "%s config edit", command);
		free(command);
	}
	return done;
}

/* The timer is for all accounts: none has to be named for it. */
static bool is_only_for_timer(const struct setup *s)
{
	const struct cli *cli = s->cli;

	if (!cli->timer || cli->pin || s->from_now || cli->from_stdin)
		return false;
	if (s->account)
		return !s->is_new && !s->n;
	return !cli->n_arguments && !cli->n_overrides && !cli->name && s->config.n;
}

/* Its service knows neither this command line nor this environment. */
static bool check_timer(const struct setup *s, struct error *e)
{
	if (!s->cli->timer || setup_reads_usual_file(s))
		return true;
	return error_set(e, ERROR_USAGE,
		s->cli->config_path
			? N_("--timer is for the usual configuration, which its service reads, not for -c")
			: N_("--timer is for the usual configuration, which its service reads, not for that of AMBIL_CONFIG"));
}

static bool carry_out(struct setup *s, struct buf *out, struct error *e)
{
	if (!check_timer(s, e) || !load(s, e))
		return false;
	if (is_only_for_timer(s))
		return true;
	if (!setup_find_account(s, e))
		return false;
	if (is_only_for_timer(s))
		return true;
	if (!go_through(s, e))
		return false;
	if (s->style.json)
		setup_tell_result(s, out);
	else
		setup_add_result(s, out);
	return true;
}

static void release(struct setup *s)
{
	if (s->uids)
		fclose(s->uids);
	setup_forget_notes(s);
	free(s->list);
	free(s->address);
	free(s->password_file);
	secret_release(&s->password);
	config_release(&s->config);
}

static int fail(const struct setup *s, struct error *e)
{
	const char *who = s->account && !s->is_new ? s->account->shown : NULL;

	if (e->kind == ERROR_INTERRUPTED && !s->saved)
		error_append(e, "; nothing was written");
	report_error(s->style, who, e);
	return e->kind == ERROR_INTERRUPTED && *s->stop ? 128 + (int)*s->stop
							: error_exit_code(e->kind);
}

int verb_setup(const struct cli *cli, const volatile sig_atomic_t *stop, int stop_fd)
{
	struct setup s = {.cli = cli, .stop = stop, .stop_fd = stop_fd};
	struct buf out = {NULL, 0, 0};
	struct error e = {0};
	int code = 0;

	s.style = terminal_style(cli, NULL);
	s.may_ask = !cli->no_input && !cli->json && terminal_is_stderr() && secret_can_prompt();
	/* Who is asked must see what about, in spite of --quiet. */
	s.tells = s.may_ask || (!cli->json && terminal_verbosity(cli) >= REPORT_SUMMARY);
	s.from_now = cli->from_now;
	if (!carry_out(&s, &out, &e))
		code = fail(&s, &e);
	if (!code && out.len && (cli->json || cli->verbosity != CLI_QUIET))
		code = verb_print_events(&out, s.style);
	buf_clear(&out);
	if (!code && cli->timer && !timer_start(stop, &out, &e))
		code = fail(&s, &e);
	if (!code && out.len && (cli->json || cli->verbosity != CLI_QUIET))
		code = verb_print(&out, s.style);
	buf_release(&out);
	release(&s);
	return code;
}
