/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * getopt_long() cuts the command line up and this file puts right what it does otherwise than
 * promised: it takes abbreviations, prints messages of its own, and knows no verbs. "-" in front of
 * the short options makes it hand over every word in its place, also with POSIXLY_CORRECT, so that
 * options may stand anywhere. After an error it goes on, because a --help behind it wins.
 */
#include "cli.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"
#include "popurl.h"

const struct cli_verb cli_verbs[] = {
	[VERB_FETCH] = {"fetch", "[ACCOUNT|URL]...", N_("get new mail"),
		{N_("ambil fetch                      get new mail of all accounts"),
			N_("ambil fetch home --dry-run       show what would happen, change nothing"),
			"ambil fetch pops://anna@pop.example.org --to maildir:~/Mail"}},
	[VERB_CHECK] = {"check", "[ACCOUNT|URL]...", N_("count new mail, fetch nothing"),
		{N_("ambil check                      count new mail of all accounts"),
			N_("ambil check home work            only of these two"),
			"ambil check -q --exit-code && notify-send 'New mail'"}},
	[VERB_LIST] = {"list", "ACCOUNT|URL",
		N_("show the messages on the server, the newest first"),
		{N_("ambil list home                  number, size, date, sender, subject"),
			N_("ambil list home --max 20         only the newest"),
			N_("ambil list home | cut -f 8,10    UIDs and subjects, for scripts")}},
	[VERB_SEEN] = {"seen", "ACCOUNT|URL", N_("show or change what is known as fetched"),
		{N_("ambil seen home                  what is known of each message"),
			N_("ambil seen home --forget UID     get that message once more"),
			N_("ambil seen home --export         for another machine, with --import")}},
	[VERB_STATUS] = {"status", "[ACCOUNT|URL]...", N_("show how the last runs went"),
		{N_("ambil status                     how all accounts stand"),
			N_("ambil status --exit-code         for a monitor: as the last runs ended"),
			N_("ambil status --json              the same, with all that is known")}},
	[VERB_SETUP] = {"setup", "[ADDRESS|URL|ACCOUNT]", N_("add an account, or change one"),
		{N_("ambil setup anna@example.org     find the server, try the login, write it down"),
			N_("ambil setup home --timer         fetch its mail every ten minutes"),
			"ambil setup anna@example.org --no-input --password-command 'pass mail'"}},
	[VERB_LOGIN] = {"login", "ACCOUNT|URL", N_("store a password in the keyring"),
		{N_("ambil login home                 ask for it, try it, store it"),
			"pass mail/home | ambil login home --stdin",
			"ambil login pops://anna@pop.example.org"}},
	[VERB_LOGOUT] = {"logout", "ACCOUNT|URL", N_("forget the password that the keyring has"),
		{N_("ambil logout home                remove what ambil would find there"),
			"ambil logout pops://anna@pop.example.org",
			N_("ambil login home                 store another one")}},
	[VERB_DOCTOR] = {"doctor", "[ACCOUNT|URL|ADDRESS]...",
		N_("check all that an account needs; change nothing"),
		{N_("ambil doctor                     check all accounts"),
			N_("ambil doctor home -v             one of them, with every detail"),
			N_("ambil doctor anna@example.org    the server of an address, without any account")}},
	[VERB_IMPORT] = {"import", "mpop|fetchmail|getmail|fdm [FILE]",
		N_("take over the accounts of another fetcher"),
		{N_("ambil import mpop -n             show what would be taken over, change nothing"),
			N_("ambil import mpop                take over ~/.mpoprc and its lists of mail"),
			N_("ambil import fetchmail           take over ~/.fetchmailrc and ~/.fetchids")}},
	[VERB_CONFIG] = {"config", "[show [ACCOUNT]|check|path|edit]",
		N_("look at the configuration, or change it"),
		{N_("ambil config show home           the values in effect and where they come from"),
			N_("ambil config check               find every error in the configuration"),
			N_("ambil config edit                change it with your editor")}},
	[VERB_HELP] = {"help", "[VERB|options]", N_("explain ambil or one of its verbs"),
		{N_("ambil help fetch                 what fetch can do"),
			N_("ambil help options               the options of every verb"),
			N_("man ambil.conf                   what can be configured")}},
};
_Static_assert(sizeof(cli_verbs) / sizeof(cli_verbs[0]) == VERBS, "each verb has an entry");

#define FETCH                       \
	{                           \
		[VERB_FETCH] = true \
	}

#define LIST                       \
	{                          \
		[VERB_LIST] = true \
	}
#define SEEN                       \
	{                          \
		[VERB_SEEN] = true \
	}

#define SETUP                       \
	{                           \
		[VERB_SETUP] = true \
	}

#define IMPORT                       \
	{                            \
		[VERB_IMPORT] = true \
	}

const struct cli_option cli_options[] = {
	{"--dry-run", 'n', {[VERB_FETCH] = true, [VERB_SEEN] = true, [VERB_IMPORT] = true}, NULL,
		NULL, OPTION_DRY_RUN, NULL, N_("say what would happen; change nothing")},
	{"--all", 'a', FETCH, NULL, NULL, OPTION_ALL, NULL,
		N_("fetch again what was fetched before and is still there")},
	{"--keep", 0, FETCH, "AGE", "true", OPTION_OVERRIDE, "keep",
		N_("leave mail on the server, for AGE (14d) or for ever")},
	{"--delete", 0, FETCH, NULL, "false", OPTION_OVERRIDE, "keep",
		N_("delete mail from the server once it is delivered")},
	{"--name", 0, SETUP, "NAME", NULL, OPTION_NAME, NULL, N_("what to call the account")},
	{"--host", 0, SETUP, "HOST", NULL, OPTION_WRITE, "host",
		N_("the server, which is not looked for then")},
	{"--port", 0, SETUP, "PORT", NULL, OPTION_WRITE, "port", N_("its port")},
	{"--tls", 0, SETUP, "HOW", NULL, OPTION_WRITE, "tls",
		N_("implicit (at once), starttls or none")},
	{"--user", 0, SETUP, "USER", NULL, OPTION_WRITE, "user", N_("the name to log in with")},
	{"--password-command", 0, SETUP, "COMMAND", NULL, OPTION_WRITE, "password-command",
		N_("a command that prints the password")},
	{"--to", 0, {[VERB_FETCH] = true, [VERB_SETUP] = true}, "DEST", NULL, OPTION_OVERRIDE,
		"deliver", N_("maildir:PATH, mbox:PATH, pipe:COMMAND, or - for standard output")},
	{"--max", 0, {[VERB_FETCH] = true, [VERB_LIST] = true}, "N", NULL, OPTION_OVERRIDE,
		"max-messages", N_("at most N messages of each account")},
	{"--max-size", 0, FETCH, "SIZE", NULL, OPTION_OVERRIDE, "max-size",
		N_("leave messages larger than SIZE (500k, 10M) on the server")},
	{"--pin", 0, SETUP, "KEY", "", OPTION_PIN, NULL,
		N_("trust the key that the server shows, or only KEY")},
	{"--ca-file", 0, SETUP, "FILE", NULL, OPTION_WRITE, "ca-file",
		N_("trust the authorities in FILE")},
	{"--timer", 0, SETUP, NULL, NULL, OPTION_TIMER, NULL,
		N_("fetch every ten minutes, by a timer of systemd")},
	{"--from-now", 0, {[VERB_FETCH] = true, [VERB_SETUP] = true}, NULL, NULL, OPTION_FROM_NOW,
		NULL, N_("take all mail that is there as seen; fetch nothing")},
	{"--accept", 0, FETCH, NULL, NULL, OPTION_ACCEPT, NULL,
		N_("fetch all that seems new after the mailbox was moved")},
	{"--exit-code", 0, {[VERB_CHECK] = true, [VERB_STATUS] = true}, NULL, NULL,
		OPTION_EXIT_CODE, NULL,
		N_("check: exit with 1 without new mail; status: as the last runs did")},
	{"--stdin", 0, {[VERB_SETUP] = true, [VERB_LOGIN] = true}, NULL, NULL, OPTION_STDIN, NULL,
		N_("read the password from standard input: its first line")},
	{"--merge", 0, IMPORT, NULL, NULL, OPTION_MERGE, NULL,
		N_("also where the account has been used here: add what is not known")},
	{"--mark-all", 0, SEEN, NULL, NULL, OPTION_MARK_ALL, NULL,
		N_("take all mail on the server as seen; fetch nothing")},
	{"--forget", 0, SEEN, "UID", NULL, OPTION_FORGET, NULL,
		N_("forget this message, so that it is fetched again")},
	{"--forget-all", 0, SEEN, NULL, NULL, OPTION_FORGET_ALL, NULL,
		N_("forget all messages, so that they are fetched again")},
	{"--export", 0, SEEN, NULL, NULL, OPTION_EXPORT, NULL,
		N_("write what was seen to standard output, a line a UID")},
	{"--import", 0, SEEN, "FILE", NULL, OPTION_IMPORT, NULL,
		N_("take the messages in FILE (-: standard input) as seen")},
	{"--config", 'c', {false}, "FILE", NULL, OPTION_CONFIG, NULL,
		N_("read FILE instead of ambil.conf")},
	{"--quiet", 'q', {false}, NULL, NULL, OPTION_QUIET, NULL, N_("errors only")},
	{"--verbose", 'v', {false}, NULL, NULL, OPTION_VERBOSE, NULL,
		N_("say more, also when not on a terminal")},
	{"--debug", 'd', {false}, NULL, NULL, OPTION_DEBUG, NULL,
		N_("show the conversation with the server, without passwords")},
	{"--json", 0, {false}, NULL, NULL, OPTION_JSON, NULL,
		N_("for programs: one JSON object a line on standard output"), true},
	{"--no-input", 0, {false}, NULL, NULL, OPTION_NO_INPUT, NULL, N_("never ask anything"),
		true},
	{"--color", 0, {false}, "WHEN", NULL, OPTION_OVERRIDE, "color", N_("auto, always or never"),
		true},
	{"--progress", 0, {false}, "WHEN", NULL, OPTION_OVERRIDE, "progress",
		N_("live lines: auto, always or never"), true},
	{"--help", 'h', {false}, NULL, NULL, OPTION_HELP, NULL,
		N_("explain the verb and its options")},
	{"--version", 'V', {false}, NULL, NULL, OPTION_VERSION, NULL,
		N_("the version, and what is built in")},
};
_Static_assert(sizeof(cli_options) / sizeof(cli_options[0]) == CLI_OPTIONS,
	"CLI_OPTIONS is the number of entries");

/* Options that contradict each other. */
static const char *const conflicts[][2] = {
	{"--keep", "--delete"},
	{"--all", "--from-now"},
	{"--dry-run", "--from-now"},
	{"--accept", "--from-now"},
	{"--mark-all", "--forget"},
	{"--mark-all", "--forget-all"},
	{"--mark-all", "--export"},
	{"--mark-all", "--import"},
	{"--forget", "--forget-all"},
	{"--forget", "--export"},
	{"--forget", "--import"},
	{"--forget-all", "--export"},
	{"--forget-all", "--import"},
	{"--export", "--import"},
	{"--export", "--dry-run"},
	{"--export", "--json"},
	{"--stdin", "--password-command"},
};

struct parser {
	struct cli *cli;
	struct error *e;
	bool failed;
	bool seen[CLI_OPTIONS];
	bool after_keep; /* the last word was --keep without a value */
};

bool cli_option_global(const struct cli_option *option)
{
	for (size_t i = 0; i < VERBS; i++)
		if (option->verbs[i])
			return false;
	return true;
}

enum verb cli_find_verb(const char *name)
{
	enum verb verb = 0;

	while (verb < VERBS && strcmp(cli_verbs[verb].name, name) != 0)
		verb++;
	return verb;
}

/* An option as it is written, perhaps with "=value" behind it; CLI_OPTIONS when there is none of
 * that name. */
static size_t find_option(const char *written)
{
	struct span name = {written, strcspn(written, "=")};
	size_t i = 0;

	while (i < CLI_OPTIONS && !span_is(name, cli_options[i].name))
		i++;
	return i;
}

static void fail(struct parser *p, const struct error *e)
{
	if (!p->failed && p->e)
		*p->e = *e;
	p->failed = true;
}

/* What a long option was meant to be; NULL when nobody can tell. The hyphens say nothing. */
static const struct cli_option *nearest_option(const char *name)
{
	const char *names[CLI_OPTIONS], *nearest;
	size_t i = 0;

	for (size_t k = 0; k < CLI_OPTIONS; k++)
		names[k] = cli_options[k].name + 2;
	nearest = text_nearest(name + 2, names, CLI_OPTIONS);
	while (nearest && names[i] != nearest)
		i++;
	return nearest ? &cli_options[i] : NULL;
}

/* The help of a verb does not have the options of all; it is named where nothing else is. */
static void point_to_help(const struct cli_option *option, struct error *e)
{
	if (option && cli_option_global(option))
		error_remedy(e, "see", "ambil help options");
}

static void fail_unknown(struct parser *p, const char *written)
{
	char *name = xstrndup(written, strcspn(written, "="));
	const struct cli_option *nearest = nearest_option(name);
	struct safe shown = safe(span_of(name));
	struct error e;

	if (nearest)
		error_set(&e, ERROR_USAGE, "unknown option %s (did you mean %s?)", shown.text,
			nearest->name);
	else
		error_set(&e, ERROR_USAGE, "unknown option %s", shown.text);
	point_to_help(nearest, &e);
	fail(p, &e);
	free(name);
}

static void add_override(struct cli *cli, const struct cli_option *option, const char *value)
{
	size_t i = 0;

	while (i < cli->n_overrides && strcmp(cli->overrides[i].setting, option->setting) != 0)
		i++;
	if (i == cli->n_overrides)
		cli->n_overrides++;
	cli->overrides[i] = (struct cli_override){option->setting, value, option->name};
}

/* To write "keep" and get mail deleted would be a trap. */
static void refuse_keep_false(struct parser *p, const char *value)
{
	struct error e;

	error_set(
		&e, ERROR_USAGE, "--keep=%s would delete mail on the server: use --delete", value);
	fail(p, &e);
}

static bool is_false(const char *word)
{
	bool value;

	return parse_bool(span_of(word), &value) && !value;
}

static void apply(struct parser *p, size_t index, const char *value)
{
	const struct cli_option *option = &cli_options[index];
	struct cli *cli = p->cli;

	p->seen[index] = true;
	switch (option->effect) {
	case OPTION_CONFIG:
		cli->config_path = value;
		break;
	case OPTION_QUIET:
		cli->verbosity = CLI_QUIET;
		break;
	case OPTION_VERBOSE:
		cli->verbosity = cli->verbosity == CLI_DEBUG ? CLI_DEBUG : CLI_VERBOSE;
		break;
	case OPTION_DEBUG:
		cli->verbosity = CLI_DEBUG;
		break;
	case OPTION_JSON:
		cli->json = true;
		break;
	case OPTION_NO_INPUT:
		cli->no_input = true;
		break;
	case OPTION_HELP:
		cli->help = true;
		break;
	case OPTION_VERSION:
		cli->version = true;
		break;
	case OPTION_DRY_RUN:
		cli->dry_run = true;
		break;
	case OPTION_ALL:
		cli->all = true;
		break;
	case OPTION_FROM_NOW:
		cli->from_now = true;
		break;
	case OPTION_ACCEPT:
		cli->accept = true;
		break;
	case OPTION_EXIT_CODE:
		cli->exit_code = true;
		break;
	case OPTION_STDIN:
		cli->from_stdin = true;
		break;
	case OPTION_MERGE:
		cli->merge = true;
		break;
	case OPTION_MARK_ALL:
		cli->mark_all = true;
		break;
	case OPTION_FORGET:
		cli->forget[cli->n_forget++] = value;
		break;
	case OPTION_FORGET_ALL:
		cli->forget_all = true;
		break;
	case OPTION_EXPORT:
		cli->export = true;
		break;
	case OPTION_IMPORT:
		cli->import = value;
		break;
	case OPTION_NAME:
		cli->name = value;
		break;
	case OPTION_PIN:
		cli->pin = value ? value : option->implied;
		break;
	case OPTION_TIMER:
		cli->timer = true;
		break;
	case OPTION_WRITE:
		add_override(cli, option, value);
		break;
	case OPTION_OVERRIDE:
		p->after_keep = !value && option->argument;
		if (value && strcmp(option->setting, "keep") == 0 && is_false(value))
			refuse_keep_false(p, value);
		add_override(cli, option, value ? value : option->implied);
		break;
	}
}

static bool is_age_or_bool(const char *word)
{
	int64_t seconds;
	bool value;

	return parse_age(span_of(word), &seconds) || parse_bool(span_of(word), &value);
}

static void take_word(struct parser *p, const char *word)
{
	struct cli *cli = p->cli;
	struct error e;

	if (p->after_keep && is_false(word)) {
		refuse_keep_false(p, word);
	} else if (p->after_keep && is_age_or_bool(word)) {
		error_set(&e, ERROR_USAGE, "write --keep=%s, with an equals sign", word);
		fail(p, &e);
	} else if (cli->verb_given || cli->unknown_verb) {
		cli->arguments[cli->n_arguments++] = word;
	} else if (cli_find_verb(word) < VERBS) {
		cli->verb = cli_find_verb(word);
		cli->verb_given = true;
	} else {
		cli->unknown_verb = word;
	}
	p->after_keep = false;
}

/* What getopt_long() gives for a long option: above any letter. */
enum { LONG_OPTION = 256 };

static int argument_of(const struct cli_option *option)
{
	if (!option->argument)
		return no_argument;
	return option->implied ? optional_argument : required_argument;
}

/* The tables of getopt_long(), made of ours. */
static void make_tables(struct option *longs, char *shorts)
{
	size_t n = 0;

	shorts[n++] = '-';
	shorts[n++] = ':';
	for (size_t i = 0; i < CLI_OPTIONS; i++) {
		const struct cli_option *o = &cli_options[i];

		longs[i] = (struct option){o->name + 2, argument_of(o), NULL, LONG_OPTION + (int)i};
		if (!o->letter)
			continue;
		shorts[n++] = o->letter;
		if (o->argument)
			shorts[n++] = ':';
	}
	shorts[n] = '\0';
	longs[CLI_OPTIONS] = (struct option){0};
}

static size_t option_of_letter(int letter)
{
	size_t i = 0;

	while (i < CLI_OPTIONS && cli_options[i].letter != letter)
		i++;
	return i;
}

/* getopt_long() gave up on this word. */
static void fail_option(struct parser *p, const char *written, int result)
{
	bool is_long = strncmp(written, "--", 2) == 0;
	size_t index = is_long ? find_option(written) : option_of_letter(optopt);
	const struct cli_option *known = index < CLI_OPTIONS ? &cli_options[index] : NULL;
	char letter[] = {(char)optopt, '\0'};
	struct error e;

	if (is_long && !known) {
		fail_unknown(p, written);
		return;
	}
	if (is_long && result == ':')
		error_set(&e, ERROR_USAGE, "%s needs a value: %s=%s", known->name, known->name,
			known->argument);
	else if (is_long)
		error_set(&e, ERROR_USAGE, "%s takes no value", known->name);
	else
		error_set(&e, ERROR_USAGE,
			result == ':' ? N_("-%s needs a value") : N_("unknown option -%s"),
			safe(span_of(letter)).text);
	point_to_help(known, &e);
	fail(p, &e);
}

static void parse_words(struct parser *p, int argc, char *const argv[])
{
	struct option longs[CLI_OPTIONS + 1];
	char shorts[2 * CLI_OPTIONS + 3];

	make_tables(longs, shorts);
	opterr = 0;
	optind = 0; /* starts anew, also in the middle of a cluster of letters */
	for (;;) {
		int at = optind ? optind : 1;
		int result = getopt_long(argc, argv, shorts, longs, NULL);

		if (result == -1)
			break;
		if (result == 1) {
			take_word(p, optarg);
			continue;
		}
		p->after_keep = false;
		if (result == '?' || result == ':')
			fail_option(p, argv[at], result);
		else if (result < LONG_OPTION)
			apply(p, option_of_letter(result), optarg);
		else if (find_option(argv[at]) == (size_t)(result - LONG_OPTION))
			apply(p, find_option(argv[at]), optarg);
		else /* an abbreviation */
			fail_unknown(p, argv[at]);
	}
	while (optind < argc)
		take_word(p, argv[optind++]);
}

static void check_verb(struct parser *p)
{
	const char *names[VERBS], *nearest, *word = p->cli->unknown_verb;
	struct error e;

	if (!word)
		return;
	for (size_t i = 0; i < VERBS; i++)
		names[i] = cli_verbs[i].name;
	nearest = text_nearest(word, names, VERBS);
	error_set(&e, ERROR_USAGE, "unknown verb \"%s\"", safe(span_of(word)).text);
	if (popurl_is(word))
		cli_verb_missing(p->cli, &e);
	else if (popurl_is_other(word))
		popurl_refuse(word, &e);
	else if (nearest)
		error_set(&e, ERROR_USAGE, "unknown verb \"%s\" (did you mean %s?)",
			safe(span_of(word)).text, nearest);
	fail(p, &e);
}

static void check_verb_options(struct parser *p)
{
	struct cli *cli = p->cli;
	struct error e;

	for (size_t i = 0; i < CLI_OPTIONS && !cli->unknown_verb; i++) {
		const struct cli_option *option = &cli_options[i];
		size_t verb = 0;

		if (!p->seen[i] || cli_option_global(option) || option->verbs[cli->verb])
			continue;
		while (!option->verbs[verb])
			verb++;
		error_set(&e, ERROR_USAGE, "%s belongs to %s, not to %s", option->name,
			cli_verbs[verb].name, cli_verbs[cli->verb].name);
		error_remedy(&e, "see", "ambil %s --help", cli_verbs[verb].name);
		fail(p, &e);
	}
}

static void check_conflicts(struct parser *p)
{
	struct error e;

	for (size_t i = 0; i < sizeof(conflicts) / sizeof(conflicts[0]); i++) {
		const char *one = conflicts[i][0], *other = conflicts[i][1];

		if (!p->seen[find_option(one)] || !p->seen[find_option(other)])
			continue;
		error_set(&e, ERROR_USAGE, "%s and %s exclude each other", one, other);
		fail(p, &e);
	}
}

bool cli_parse(int argc, char *const argv[], struct cli *cli, struct error *e)
{
	struct parser p = {.cli = cli, .e = e};

	memset(cli, 0, sizeof(*cli));
	cli->arguments = xcalloc((size_t)argc + 1, sizeof(cli->arguments[0]));
	cli->forget = xcalloc((size_t)argc + 1, sizeof(cli->forget[0]));
	parse_words(&p, argc, argv);
	check_verb(&p);
	check_verb_options(&p);
	check_conflicts(&p);
	if (p.failed && e && !e->remedy[0])
		error_remedy(e, "see", cli->unknown_verb ? "ambil --help" : "ambil %s --help",
			cli_verbs[cli->verb].name);
	return !p.failed || cli->help || cli->version;
}

void cli_release(struct cli *cli)
{
	free(cli->arguments);
	free(cli->forget);
	memset(cli, 0, sizeof(*cli));
}

bool cli_verb_missing(const struct cli *cli, struct error *e)
{
	struct safe word = safe(span_of(cli->unknown_verb));
	struct popurl url;

	/* One with a password is not repeated. */
	if (popurl_is(cli->unknown_verb)) {
		if (!popurl_parse(cli->unknown_verb, &url, e))
			return false;
		popurl_release(&url);
	}
	error_set(e, ERROR_USAGE, "\"%s\" is no verb", word.text);
	return error_remedy(e, "to get its mail", "ambil fetch %s", word.text);
}
