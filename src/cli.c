/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * getopt_long() cuts the command line up and this file puts right what it does otherwise than
 * promised: it takes abbreviations, prints messages of its own, and knows no verbs. "-" in front of
 * the short options makes it hand over every word in its place, also with POSIXLY_CORRECT, so that
 * options may stand anywhere. After an error it goes on, because a --help behind it wins.
 */
#include "cli.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/popurl.h"

struct parser {
	struct cli *cli;
	struct error *e;
	bool failed;
	bool seen[CLI_OPTIONS];
	bool after_keep; /* the last word was --keep without a value */
};

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

/* Whoever gives one wants to hear of it. */
static void take_max_age(struct parser *p, const char *value)
{
	struct error e;

	p->cli->exit_code = true;
	if (parse_age(span_of(value), &p->cli->max_age_s) && p->cli->max_age_s > 0)
		return;
	error_set(&e, ERROR_USAGE, "--max-age: \"%s\" is not an age", safe(span_of(value)).text);
	error_remedy(&e, "such as", "--max-age=2h");
	fail(p, &e);
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
	case OPTION_MAX_AGE:
		take_max_age(p, value);
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

	for (size_t i = 0; i < CLI_CONFLICTS; i++) {
		const char *one = cli_conflicts[i][0], *other = cli_conflicts[i][1];

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
