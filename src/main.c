/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From argv to an exit code: the command line is read, the configuration, and a verb carried out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/jsonout.h"
#include "base/text.h"
#include "choose.h"
#include "cli.h"
#include "config/config.h"
#include "process.h"
#include "report/report.h"
#include "run.h"
#include "terminal.h"
#include "verbs/config.h"
#include "verbs/help.h"
#include "verbs/import.h"
#include "verbs/login.h"
#include "verbs/print.h"
#include "verbs/seen.h"
#include "verbs/setup.h"
#include "verbs/status.h"

static int fail(struct report_style style, const struct error *e)
{
	report_error(style, NULL, e);
	/* Where it was noticed it is not known which signal it was. */
	if (e->kind == ERROR_INTERRUPTED && process_stop)
		return 128 + (int)process_stop;
	return error_exit_code(e->kind);
}

/* ---- fetch and check ---- */

static enum run_mode mode_of(const struct cli *cli)
{
	if (cli->verb == VERB_CHECK)
		return RUN_CHECK;
	if (cli->verb == VERB_LOGIN)
		return RUN_LOGIN;
	if (cli->verb == VERB_DOCTOR)
		return RUN_DOCTOR;
	if (cli->verb == VERB_LIST)
		return RUN_LIST;
	/* --mark-all */
	if (cli->verb == VERB_SEEN)
		return cli->dry_run ? RUN_CHECK : RUN_FROM_NOW;
	return cli->dry_run ? RUN_DRY : cli->from_now ? RUN_FROM_NOW : RUN_FETCH;
}

static int run_chosen(const struct config *config, const struct cli *cli, struct account **chosen,
	size_t n, const struct secret *password, int stop_fd)
{
	const char **names = xcalloc(n, sizeof(*names)), **shown = xcalloc(n, sizeof(*shown));
	const char **known = xcalloc(config->n, sizeof(*known)),
		   **places = xcalloc(n, sizeof(*places));
	struct report_setting setting = {
		.verbosity = terminal_verbosity(cli),
		.style = terminal_style(cli, config),
		.continued = &process_continued,
		.names = names,
		.destinations = shown,
		.places = places,
		.n = n,
	};
	struct run_order order = {
		.mode = mode_of(cli),
		.trace = cli->verbosity == CLI_DEBUG,
		.prompt = !cli->no_input,
		.password = password,
		.by_hand = terminal_is_stderr(),
		.typed = isatty(STDIN_FILENO) == 1,
		.wait_locked = terminal_is_stderr(),
		.messages = setting.verbosity >= REPORT_VERBOSE || cli->json,
		.accept = cli->accept,
		.jobs = config->jobs,
		.state_dir = config->state_dir,
		.config_ns = config->changed_ns,
		.config_path = config->path,
		.known = known,
		.known_n = config->n,
		.stop = &process_stop,
		.stop_fd = stop_fd,
	};
	struct report_counts counts = {0};
	bool mail_on_terminal = false;
	struct error ignored;
	int code;

	/* It was looked at before. */
	(void)!choose_list_max(cli, &order.list_max, &ignored);
	for (size_t i = 0; i < n; i++) {
		names[i] = chosen[i]->shown;
		shown[i] = chosen[i]->destination.shown;
		places[i] = chosen[i]->destination.text;
		mail_on_terminal = mail_on_terminal ||
			(chosen[i]->destination.kind == SINK_STDOUT && terminal_columns());
	}
	for (size_t i = 0; i < config->n; i++)
		known[i] = config->accounts[i].name;
	setting.progress = order.mode == RUN_FETCH && !cli->json && !mail_on_terminal &&
		setting.verbosity > REPORT_QUIET && setting.verbosity < REPORT_DEBUG &&
		terminal_decide(config->progress, terminal_is_stderr() && !terminal_is_dumb());
	order.sizes = setting.progress;
	terminal_style_stdout(cli, config, &setting);
	code = run_accounts(chosen, n, &order, &setting, &counts);
	if (cli->exit_code && code == 0 && counts.new_mails == 0)
		code = 1;
	free(names);
	free(shown);
	free(places);
	free(known);
	return code;
}

/* Mail and events would be one stream, of no use to anybody. */
static bool leaves_stdout(
	const struct cli *cli, struct account *const *chosen, size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		if (!cli->json || mode_of(cli) != RUN_FETCH ||
			chosen[i]->destination.kind != SINK_STDOUT)
			continue;
		error_set(e, ERROR_USAGE, "%s delivers to standard output, which --json needs",
			chosen[i]->shown);
		return error_remedy(e, "such as", "--to maildir:~/Mail");
	}
	return true;
}

static int verb_fetch(struct config *config, const struct cli *cli, int stop_fd)
{
	struct account **chosen = xcalloc(config->n + cli->n_arguments, sizeof(struct account *));
	struct error e = {0};
	size_t n;
	int code;

	if (choose_program(config, cli, &e) && choose_accounts(config, cli, chosen, &n, &e) &&
		leaves_stdout(cli, chosen, n, &e)) {
		config_forget_others(config, chosen, n);
		code = run_chosen(config, cli, chosen, n, NULL, stop_fd);
	} else {
		code = fail(terminal_style(cli, config), &e);
	}
	free(chosen);
	return code;
}

static int verb_status_of(struct config *config, const struct cli *cli)
{
	struct account **chosen = xcalloc(config->n + cli->n_arguments, sizeof(struct account *));
	struct report_style style = terminal_style(cli, config);
	struct error e = {0};
	size_t n;
	int code;

	if (choose_program(config, cli, &e) && choose_accounts(config, cli, chosen, &n, &e))
		code = verb_status(config, chosen, n, cli, style, terminal_columns());
	else
		code = fail(style, &e);
	free(chosen);
	return code;
}

/* ---- login and logout ---- */

/* text: events with --json. */
static int print_result(const struct cli *cli, struct report_style style, const struct buf *text)
{
	if (style.json)
		return verb_print_events(text, style);
	return cli->verbosity == CLI_QUIET ? 0 : verb_print(text, style);
}

static void say_stored(const struct account *account, struct report_style style, struct buf *out)
{
	if (style.json) {
		jsonout_begin(out, "login");
		jsonout_text(out, "account", account->shown);
		jsonout_bool(out, "stored", true);
		jsonout_end(out);
	} else {
		buf_printf(out, _("%s: %s took the password, which is in the keyring now\n"),
			account->shown, account->endpoint.host);
	}
}

static int login_to(const struct config *config, const struct cli *cli, struct account *account,
	const struct login_way *way, int stop_fd)
{
	struct report_style style = terminal_style(cli, config);
	struct secret password = {.value = NULL};
	struct buf text = {0};
	struct error e = {0};
	int code;

	if (!login_ask(account, way, &password, &e))
		return fail(style, &e);
	code = run_chosen(config, cli, &account, 1, &password, stop_fd);
	if (code == 0 && !login_store(account, way, &password, &e)) {
		code = fail(style, &e);
	} else if (code == 0) {
		login_forget_refusals(config, account);
		say_stored(account, style, &text);
		code = print_result(cli, style, &text);
	}
	buf_release(&text);
	secret_release(&password);
	return code;
}

static int logout_of(const struct config *config, const struct cli *cli,
	const struct account *account, const struct login_way *way)
{
	struct report_style style = terminal_style(cli, config);
	struct buf text = {0};
	struct error e = {0};
	bool done = logout(account, way, &text, &e);
	int code = print_result(cli, style, &text);

	buf_release(&text);
	return done ? code : fail(style, &e);
}

static int verb_login(struct config *config, const struct cli *cli, int stop_fd)
{
	const struct login_way way = {.from_stdin = cli->from_stdin,
		.no_input = cli->no_input,
		.json = cli->json,
		.stop = &process_stop};
	struct account *account;
	struct error e = {0};

	if (!choose_one(config, cli, &account, &e))
		return fail(terminal_style(cli, config), &e);
	config_forget_others(config, &account, 1);
	if (cli->verb == VERB_LOGIN)
		return login_to(config, cli, account, &way, stop_fd);
	return logout_of(config, cli, account, &way);
}

/* ---- list and seen ---- */

static int verb_list(struct config *config, const struct cli *cli, int stop_fd)
{
	struct account *account;
	struct error e = {0};
	uint32_t ignored;

	if (!choose_list_max(cli, &ignored, &e) || !choose_program(config, cli, &e) ||
		!choose_one(config, cli, &account, &e))
		return fail(terminal_style(cli, config), &e);
	config_forget_others(config, &account, 1);
	return run_chosen(config, cli, &account, 1, NULL, stop_fd);
}

static int change_seen(
	const struct config *config, const struct cli *cli, const struct account *account)
{
	struct report_style style = terminal_style(cli, config);
	struct buf text = {0};
	struct error e = {0};
	int code;

	if (!verb_seen(config, account, cli, terminal_columns(), &text, &e)) {
		report_error(style, account->shown, &e);
		code = error_exit_code(e.kind);
	} else if (style.json || cli->forget_all || cli->n_forget || cli->import) {
		code = print_result(cli, style, &text);
	} else {
		code = verb_print(&text, style);
	}
	buf_release(&text);
	return code;
}

/* --mark-all is what fetch --from-now does; that is told here, for it is all that was asked for. */
static int verb_seen_of(struct config *config, const struct cli *cli, int stop_fd)
{
	struct account *account;
	struct error e = {0};

	if (!choose_program(config, cli, &e) || !choose_one(config, cli, &account, &e))
		return fail(terminal_style(cli, config), &e);
	if (!cli->mark_all)
		return change_seen(config, cli, account);
	config_forget_others(config, &account, 1);
	return run_chosen(config, cli, &account, 1, NULL, stop_fd);
}

/* ---- all verbs ---- */

/* "ambil home" is no verb, but if it names an account the remedy can be told exactly. */
static int fail_command_line(struct cli *cli, bool json, struct error *e)
{
	struct config config = {.path = NULL};
	struct error ignored;

	/* It may have been taken for the value that an option lacks. */
	cli->json = json;
	if (cli->unknown_verb && config_load(cli->config_path, &config, NULL, &ignored) &&
		(config_is_url(cli->unknown_verb) || config_find(&config, cli->unknown_verb)))
		cli_verb_missing(cli, e);
	config_release(&config);
	return fail(terminal_style(cli, NULL), e);
}

/* A server needs no account: a file that is wrong is said, and what it has for all accounts does
 * not count. */
static bool load_nothing(const struct cli *cli, struct config *config, const struct error *why)
{
	bool found, named = cli->verb == VERB_DOCTOR && cli->n_arguments;
	struct error ignored;
	char *path;

	for (size_t i = 0; i < cli->n_arguments; i++)
		named = named &&
			(config_is_url(cli->arguments[i]) || strchr(cli->arguments[i], '@'));
	if (!named || why->kind != ERROR_CONFIG)
		return false;
	config_release(config);
	path = config_path(cli->config_path, &found);
	named = config_load_instead(cli->config_path, path, (struct span){"", 0}, config, &ignored);
	free(path);
	return named;
}

static bool load(const struct cli *cli, struct config *config, struct error *e)
{
	if (config_load(cli->config_path, config, NULL, e))
		return true;
	if (!load_nothing(cli, config, e))
		return false;
	error_append(e, "; nothing of that file counts here");
	report_caution(terminal_style(cli, NULL), NULL, e);
	return true;
}

static int carry_out(const struct cli *cli, int stop_fd)
{
	struct config config = {.path = NULL};
	struct error e = {0};
	int code;

	if (cli->verb == VERB_CONFIG)
		return verb_config(cli, terminal_style(cli, NULL));
	if (cli->verb == VERB_IMPORT)
		return verb_import(cli, terminal_style(cli, NULL), &process_stop);
	if (cli->verb == VERB_SETUP)
		return verb_setup(cli, &process_stop, stop_fd);
	if (cli->verb == VERB_HELP)
		return verb_help(cli, terminal_style(cli, NULL));
	if (!load(cli, &config, &e))
		code = fail(terminal_style(cli, NULL), &e);
	else if (cli->verb == VERB_LOGIN || cli->verb == VERB_LOGOUT)
		code = verb_login(&config, cli, stop_fd);
	else if (cli->verb == VERB_LIST)
		code = verb_list(&config, cli, stop_fd);
	else if (cli->verb == VERB_STATUS)
		code = verb_status_of(&config, cli);
	else if (cli->verb == VERB_SEEN)
		code = verb_seen_of(&config, cli, stop_fd);
	else
		code = verb_fetch(&config, cli, stop_fd);
	config_release(&config);
	return code;
}

/* What programs read is in one language. Known before the command line is, whose errors count. */
static bool is_for_programs(int argc, char *argv[])
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

/* list | head. */
static bool only_prints(const struct cli *cli)
{
	return cli->verb == VERB_STATUS || cli->verb == VERB_LIST || cli->verb == VERB_CHECK ||
		cli->verb == VERB_HELP || (cli->verb == VERB_SEEN && !cli->mark_all);
}

int main(int argc, char *argv[])
{
	struct error e = {0};
	struct cli cli;
	bool json = is_for_programs(argc, argv);
	int stop_fd = -1, code;

	if (!process_set_up(!json) || (stop_fd = process_signals()) < 0) {
		const struct report_style style = {
			.multi_line = terminal_is_stderr(), .json = json};

		error_sys(&e, ERROR_INTERNAL, errno, "cannot start");
		return report_end(style, false, fail(style, &e));
	}
	if (!json)
		i18n_start();
	if (!cli_parse(argc, argv, &cli, &e))
		code = fail_command_line(&cli, json, &e);
	else if (cli.help)
		code = verb_help(&cli, terminal_style(&cli, NULL));
	else if (cli.version)
		code = verb_version(terminal_style(&cli, NULL));
	else
		code = carry_out(&cli, stop_fd);
	code = report_end(terminal_style(&cli, NULL), only_prints(&cli), code);
	cli_release(&cli);
	return code;
}
