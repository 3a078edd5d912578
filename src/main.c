/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From argv to an exit code. What belongs to the whole process is set up here and nowhere else:
 * locale, signals, standard descriptors, core dumps. Then the command line is read, the
 * configuration, and a verb carried out.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/clock.h"
#include "base/parse.h"
#include "base/text.h"
#include "cli.h"
#include "config.h"
#include "guard.h"
#include "report.h"
#include "run.h"
#include "stop.h"
#include "verbs/config.h"
#include "verbs/help.h"
#include "verbs/import.h"
#include "verbs/login.h"
#include "verbs/print.h"
#include "verbs/seen.h"

/* The number of the first signal that asked to stop, and the pipe that wakes who waits. */
static volatile sig_atomic_t stop_signal, stop_count, stop_pipe = -1;
static int64_t stop_ms; /* when it came; for the handler alone */
/* How often the program was stopped by Ctrl-Z and went on. */
static volatile sig_atomic_t continued;

static void on_stop(int number)
{
	int err = errno;
	ssize_t ignored;

	if (!stop_signal) {
		stop_signal = number;
		stop_ms = clock_ms();
	} else if (clock_ms() - stop_ms < STOP_ONE_REQUEST_MS) {
		return;
	}
	/* One is a wish, two an order; at the third nobody is listening any more. The journal makes
	 * it safe. */
	if (++stop_count > 2)
		_exit(128 + number);
	ignored = write(stop_pipe, "", 1);
	(void)ignored;
	errno = err;
}

static void on_continue(int number)
{
	(void)number;
	continued++;
}

static int set_up_signals(void)
{
	static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction stop = {.sa_handler = on_stop}, ignore = {.sa_handler = SIG_IGN};
	struct sigaction usual = {.sa_handler = SIG_DFL};
	struct sigaction go_on = {.sa_handler = on_continue, .sa_flags = SA_RESTART}, old;
	int ends[2];

	if (pipe(ends) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		fcntl(ends[i], F_SETFD, FD_CLOEXEC);
		fcntl(ends[i], F_SETFL, O_NONBLOCK);
	}
	stop_pipe = ends[1];
	sigemptyset(&stop.sa_mask);
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		sigaddset(&stop.sa_mask, stops[i]);
	sigemptyset(&ignore.sa_mask);
	sigemptyset(&usual.sa_mask);
	sigemptyset(&go_on.sa_mask);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	/* nohup(1) has asked for this one to be ignored. */
	if (sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &stop, NULL);
	sigaction(SIGCONT, &go_on, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	/* Inherited as ignored, it would leave nobody to tell how a command has ended. */
	sigaction(SIGCHLD, &usual, NULL);
	/* Whoever started us may have blocked them. */
	sigprocmask(SIG_UNBLOCK, &stop.sa_mask, NULL);
	return ends[0];
}

/*
 * A file opened later must not become standard output. A stream that came closed is opened the
 * wrong way round, so that it still fails whoever wants to use it: mail written to it is not gone.
 */
static bool set_up_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return true;
}

/*
 * A core must not hold a password. The limit alone does not stop a core that goes to a program
 * (core(5)); not dumpable, the process is also closed to other processes of the same user.
 */
static void forbid_cores(void)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
#ifdef __linux__
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static bool set_up_process(void)
{
	if (!set_up_streams())
		return false;
	setlocale(LC_CTYPE, "");
	forbid_cores();
	return true;
}

static bool on_terminal(void)
{
	return isatty(STDERR_FILENO) == 1;
}

static bool terminal_is_dumb(void)
{
	const char *term = getenv("TERM");

	return !term || !term[0] || strcmp(term, "dumb") == 0;
}

/* auto, always, never. */
static bool decide(const char *when, bool automatic)
{
	return strcmp(when, "auto") == 0 ? automatic : strcmp(when, "always") == 0;
}

static bool wants_color(const char *when, bool terminal)
{
	const char *no = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE");

	if (force && force[0] && strcmp(force, "0") != 0)
		return decide(when, true);
	return decide(when, terminal && !terminal_is_dumb() && !(no && no[0]));
}

static enum report_verbosity verbosity_of(const struct cli *cli)
{
	switch (cli->verbosity) {
	case CLI_QUIET:
		return REPORT_QUIET;
	case CLI_VERBOSE:
		return REPORT_VERBOSE;
	case CLI_DEBUG:
		return REPORT_DEBUG;
	case CLI_NORMAL:
		break;
	}
	return on_terminal() ? REPORT_SUMMARY : REPORT_ERRORS;
}

/* What was decided for the colours: on the command line, or (config not NULL) in the file. */
static const char *color_setting(const struct cli *cli, const struct config *config)
{
	const char *when = config && config->color ? config->color : "auto";

	for (size_t i = 0; i < cli->n_overrides; i++)
		if (strcmp(cli->overrides[i].setting, "color") == 0)
			when = cli->overrides[i].value;
	return when;
}

static struct report_style style_for(const struct cli *cli, const struct config *config)
{
	return (struct report_style){
		.multi_line = on_terminal(),
		.color = wants_color(color_setting(cli, config), on_terminal()),
	};
}

static int fail(struct report_style style, const struct error *e)
{
	report_error(style, NULL, e);
	/* Where it was noticed it is not known which signal it was. */
	if (e->kind == ERROR_INTERRUPTED && stop_signal)
		return 128 + (int)stop_signal;
	return error_exit_code(e->kind);
}

/* Of the terminal that standard output is, unless COLUMNS says something else; 0 when it is none.
 */
static size_t stdout_columns(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint32_t said;

	if (isatty(STDOUT_FILENO) != 1)
		return 0;
	if (columns && parse_u32(span_of(columns), UINT16_MAX, &said) && said > 0)
		return said;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* How the lines of doctor look. */
static void style_checks(
	const struct cli *cli, const struct config *config, struct report_setting *setting)
{
	setting->columns = stdout_columns();
	setting->color_stdout = wants_color(color_setting(cli, config), setting->columns > 0);
	setting->screen = setting->columns && !terminal_is_dumb();
}

/* ---- which accounts ---- */

/* --max of list says how many are shown; what the next run fetches is still the account's. */
static bool is_for_list(const struct cli *cli, const struct cli_override *o)
{
	return cli->verb == VERB_LIST && strcmp(o->option, "--max") == 0;
}

static bool read_list_max(const struct cli *cli, uint32_t *max, struct error *e)
{
	*max = 0;
	for (size_t i = 0; i < cli->n_overrides; i++) {
		const struct cli_override *o = &cli->overrides[i];

		if (!is_for_list(cli, o) ||
			(parse_u32(span_of(o->value), UINT32_MAX, max) && *max > 0))
			continue;
		error_set(e, ERROR_USAGE, "--max: \"%s\" is not a number of messages",
			safe(span_of(o->value)).text);
		return error_remedy(e, "such as", "--max=20");
	}
	return true;
}

static bool override_all(
	struct config *config, struct account *account, const struct cli *cli, struct error *e)
{
	for (size_t i = 0; i < cli->n_overrides; i++) {
		const struct cli_override *o = &cli->overrides[i];

		if (settings[settings_find(o->setting)].scope == SCOPE_TOP || is_for_list(cli, o))
			continue;
		if (!config_override(config, account, o->setting, o->value, o->option, e))
			return false;
	}
	return config_complete(config, account, e);
}

static bool override_program(struct config *config, const struct cli *cli, struct error *e)
{
	for (size_t i = 0; i < cli->n_overrides; i++) {
		const struct cli_override *o = &cli->overrides[i];

		if (settings[settings_find(o->setting)].scope == SCOPE_TOP &&
			!config_override(config, NULL, o->setting, o->value, o->option, e))
			return false;
	}
	return true;
}

/* URLs first become accounts, because adding one moves the others. */
static bool add_urls(struct config *config, const struct cli *cli, struct error *e)
{
	for (size_t i = 0; i < cli->n_arguments; i++) {
		const char *url = cli->arguments[i];

		if (config_is_url(url) &&
			!(cli->verb == VERB_DOCTOR ? config_add_server(config, url, e)
						   : config_add_url(config, url, e)))
			return false;
	}
	return true;
}

/* The accounts named, in their order, each once; without names all that are enabled. */
static bool choose_accounts(struct config *config, const struct cli *cli, struct account **chosen,
	size_t *n, struct error *e)
{
	size_t from_file = config->n, url;

	if (!add_urls(config, cli, e))
		return false;
	*n = 0;
	url = from_file;
	for (size_t i = 0; i < cli->n_arguments; i++) {
		struct account *account = config_is_url(cli->arguments[i])
			? &config->accounts[url++]
			: config_find(config, cli->arguments[i]);
		bool twice = false;

		if (!account)
			return config_no_such_account(config, cli->arguments[i], e);
		for (size_t j = 0; j < *n; j++)
			twice = twice || strcmp(chosen[j]->name, account->name) == 0;
		if (!twice)
			chosen[(*n)++] = account;
	}
	for (size_t i = 0; !cli->n_arguments && i < config->n; i++)
		if (config->accounts[i].enabled)
			chosen[(*n)++] = &config->accounts[i];
	if (*n == 0)
		return config_no_accounts(config, e);
	for (size_t i = 0; i < *n; i++) {
		if (!override_all(config, chosen[i], cli, e))
			return false;
		chosen[i]->policy.all = cli->all;
	}
	return true;
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
	const char **known = xcalloc(config->n, sizeof(*known));
	struct report_setting setting = {
		.verbosity = verbosity_of(cli),
		.style = style_for(cli, config),
		.continued = &continued,
		.names = names,
		.destinations = shown,
		.n = n,
	};
	struct run_order order = {
		.mode = mode_of(cli),
		.trace = cli->verbosity == CLI_DEBUG,
		.prompt = !cli->no_input,
		.password = password,
		.by_hand = on_terminal(),
		.wait_locked = on_terminal(),
		.messages = setting.verbosity >= REPORT_VERBOSE,
		.accept = cli->accept,
		.jobs = config->jobs,
		.state_dir = config->state_dir,
		.config_ns = config->changed_ns,
		.config_path = config->path,
		.known = known,
		.known_n = config->n,
		.stop = &stop_signal,
		.stop_fd = stop_fd,
	};
	struct report_counts counts = {0};
	struct error ignored;
	int code;

	/* It was looked at before. */
	(void)!read_list_max(cli, &order.list_max, &ignored);
	for (size_t i = 0; i < n; i++) {
		names[i] = chosen[i]->shown;
		shown[i] = chosen[i]->destination.shown;
	}
	for (size_t i = 0; i < config->n; i++)
		known[i] = config->accounts[i].name;
	setting.progress = order.mode == RUN_FETCH && setting.verbosity > REPORT_QUIET &&
		setting.verbosity < REPORT_DEBUG &&
		decide(config->progress, on_terminal() && !terminal_is_dumb());
	order.sizes = setting.progress;
	style_checks(cli, config, &setting);
	code = run_accounts(chosen, n, &order, &setting, &counts);
	if (cli->exit_code && code == 0 && counts.new_mails == 0)
		code = 1;
	free(names);
	free(shown);
	free(known);
	return code;
}

static int verb_fetch(struct config *config, const struct cli *cli, int stop_fd)
{
	struct account **chosen = xcalloc(config->n + cli->n_arguments, sizeof(struct account *));
	struct error e = {0};
	size_t n;
	int code;

	if (override_program(config, cli, &e) && choose_accounts(config, cli, chosen, &n, &e)) {
		config_forget_others(config, chosen, n);
		code = run_chosen(config, cli, chosen, n, NULL, stop_fd);
	} else {
		code = fail(style_for(cli, config), &e);
	}
	free(chosen);
	return code;
}

/* ---- login and logout ---- */

static int print_result(const struct cli *cli, struct report_style style, const struct buf *text)
{
	return cli->verbosity == CLI_QUIET ? 0 : verb_print(text, style);
}

/* Cron may try again. What cannot be written ends by itself, after a day. */
static void forget_refusals(const struct config *config, const struct account *account)
{
	const struct guard_file file = {.state_dir = config->state_dir,
		.name = account->name,
		.host = account->endpoint.host,
		.user = account->user};
	struct error ignored;

	(void)!guard_reset(&file, &ignored);
}

static int login_to(const struct config *config, const struct cli *cli, struct account *account,
	const struct login_way *way, int stop_fd)
{
	struct report_style style = style_for(cli, config);
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
		forget_refusals(config, account);
		buf_printf(&text, "%s: %s took the password, which is in the keyring now\n",
			account->shown, account->endpoint.host);
		code = print_result(cli, style, &text);
	}
	buf_release(&text);
	secret_release(&password);
	return code;
}

static int logout_of(const struct config *config, const struct cli *cli,
	const struct account *account, const struct login_way *way)
{
	struct report_style style = style_for(cli, config);
	struct buf text = {0};
	struct error e = {0};
	bool done = logout(account, way, &text, &e);
	int code = print_result(cli, style, &text);

	buf_release(&text);
	return done ? code : fail(style, &e);
}

/* Exactly one account: a password belongs to one. */
static bool choose_one(
	struct config *config, const struct cli *cli, struct account **chosen, struct error *e)
{
	size_t n;

	if (cli->n_arguments == 1)
		return choose_accounts(config, cli, chosen, &n, e);
	error_set(e, ERROR_USAGE, "%s needs the name of one account", cli_verbs[cli->verb].name);
	return error_remedy(e, "such as", "ambil %s %s", cli_verbs[cli->verb].name,
		config->n ? config->accounts[0].typed : "home");
}

static int verb_login(struct config *config, const struct cli *cli, int stop_fd)
{
	const struct login_way way = {
		.from_stdin = cli->from_stdin, .no_input = cli->no_input, .stop = &stop_signal};
	struct account *account;
	struct error e = {0};

	if (!choose_one(config, cli, &account, &e))
		return fail(style_for(cli, config), &e);
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

	if (!read_list_max(cli, &ignored, &e) || !override_program(config, cli, &e) ||
		!choose_one(config, cli, &account, &e))
		return fail(style_for(cli, config), &e);
	config_forget_others(config, &account, 1);
	return run_chosen(config, cli, &account, 1, NULL, stop_fd);
}

static int change_seen(
	const struct config *config, const struct cli *cli, const struct account *account)
{
	struct report_style style = style_for(cli, config);
	struct buf text = {0};
	struct error e = {0};
	int code;

	if (!verb_seen(config, account, cli, stdout_columns(), &text, &e)) {
		report_error(style, account->shown, &e);
		code = error_exit_code(e.kind);
	} else if (cli->forget_all || cli->n_forget || cli->import) {
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

	if (!override_program(config, cli, &e) || !choose_one(config, cli, &account, &e))
		return fail(style_for(cli, config), &e);
	if (!cli->mark_all)
		return change_seen(config, cli, account);
	config_forget_others(config, &account, 1);
	return run_chosen(config, cli, &account, 1, NULL, stop_fd);
}

/* ---- all verbs ---- */

/* "ambil home" is no verb, but if it names an account the remedy can be told exactly. */
static int fail_command_line(const struct cli *cli, struct error *e)
{
	struct config config = {.path = NULL};
	struct error ignored;

	if (cli->unknown_verb && config_load(cli->config_path, &config, NULL, &ignored) &&
		(config_is_url(cli->unknown_verb) || config_find(&config, cli->unknown_verb)))
		cli_verb_missing(cli, e);
	config_release(&config);
	return fail(style_for(cli, NULL), e);
}

static int carry_out(const struct cli *cli, int stop_fd)
{
	struct config config = {.path = NULL};
	struct error e = {0};
	int code;

	if (cli->verb == VERB_CONFIG)
		return verb_config(cli, style_for(cli, NULL));
	if (cli->verb == VERB_IMPORT)
		return verb_import(cli, style_for(cli, NULL), &stop_signal);
	if (cli->verb == VERB_HELP)
		return verb_help(cli, style_for(cli, NULL));
	if (!config_load(cli->config_path, &config, NULL, &e))
		code = fail(style_for(cli, NULL), &e);
	else if (cli->verb == VERB_LOGIN || cli->verb == VERB_LOGOUT)
		code = verb_login(&config, cli, stop_fd);
	else if (cli->verb == VERB_LIST)
		code = verb_list(&config, cli, stop_fd);
	else if (cli->verb == VERB_SEEN)
		code = verb_seen_of(&config, cli, stop_fd);
	else
		code = verb_fetch(&config, cli, stop_fd);
	config_release(&config);
	return code;
}

int main(int argc, char *argv[])
{
	struct error e = {0};
	struct cli cli;
	int stop_fd = -1, code;

	if (!set_up_process() || (stop_fd = set_up_signals()) < 0) {
		error_sys(&e, ERROR_INTERNAL, errno, "cannot start");
		return fail((struct report_style){.multi_line = on_terminal()}, &e);
	}
	if (!cli_parse(argc, argv, &cli, &e))
		code = fail_command_line(&cli, &e);
	else if (cli.help)
		code = verb_help(&cli, style_for(&cli, NULL));
	else if (cli.version)
		code = verb_version(style_for(&cli, NULL));
	else
		code = carry_out(&cli, stop_fd);
	cli_release(&cli);
	return code;
}
