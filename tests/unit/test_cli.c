/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line: what is understood, what is refused and with which words, and the help texts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cli.h"
#include "config/settings.h"
#include "verbs/help.h"

enum { WORDS_MAX = 16 };

/* Words parted by single blanks; the copy lives as long as the result is used. */
static bool parse(char *line, struct cli *cli, struct error *e)
{
	char *argv[WORDS_MAX + 1] = {(char[]){"ambil"}};
	int argc = 1;

	for (char *p = line; *p && argc < WORDS_MAX;) {
		argv[argc++] = p;
		p += strcspn(p, " ");
		if (*p)
			*p++ = '\0';
	}
	return cli_parse(argc, argv, cli, e);
}

static struct cli understood(char *line)
{
	struct error e = {0};
	struct cli cli;

	if (!parse(line, &cli, &e))
		fail_msg("%s", e.text);
	return cli;
}

static void cli_parse__without_words_is_fetch_for_all(void **state)
{
	char line[] = "";
	struct cli cli = understood(line);

	(void)state;
	assert_int_equal(cli.verb, VERB_FETCH);
	assert_false(cli.verb_given);
	assert_int_equal(cli.n_arguments, 0);
	assert_int_equal(cli.n_overrides, 0);
	assert_int_equal(cli.verbosity, CLI_NORMAL);
	cli_release(&cli);
}

static void cli_parse__takes_options_before_and_after_the_verb(void **state)
{
	static const char *const lines[] = {"-c f -v --no-input check home --exit-code",
		"check home --exit-code --no-input -v -c f",
		"check --config=f home -v --exit-code --no-input",
		"-vcf check --no-input home --exit-code",
		"check --no-input --exit-code -v --config f -- home"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *line = xstrdup(lines[i]);
		struct cli cli = understood(line);

		assert_int_equal(cli.verb, VERB_CHECK);
		assert_true(cli.exit_code && cli.no_input);
		assert_int_equal(cli.verbosity, CLI_VERBOSE);
		assert_string_equal(cli.config_path, "f");
		assert_int_equal(cli.n_arguments, 1);
		assert_string_equal(cli.arguments[0], "home");
		cli_release(&cli);
		free(line);
	}
}

static void cli_parse__takes_an_age_for_status(void **state)
{
	static const char *const wrong[] = {
		"0s", "-2h", "2", "2x", "", "h", "99999999999999999999d"};
	char line[] = "status --max-age 2h home";
	struct cli cli = understood(line);

	(void)state;
	assert_int_equal(cli.max_age_s, 7200);
	/* Whoever asks for one wants to hear of it. */
	assert_true(cli.exit_code);
	cli_release(&cli);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char name[] = "ambil", verb[] = "status", option[64];
		char *argv[] = {name, verb, option, NULL};
		struct error e;

		snprintf(option, sizeof(option), "--max-age=%s", wrong[i]);
		assert_false(cli_parse(3, argv, &cli, &e));
		assert_int_equal(e.kind, ERROR_USAGE);
		assert_string_equal(e.remedy, "--max-age=2h");
		cli_release(&cli);
	}
}

static void cli_parse__does_not_obey_posixly_correct(void **state)
{
	char line[] = "check home --exit-code";
	struct cli cli;

	(void)state;
	setenv("POSIXLY_CORRECT", "1", 1);
	cli = understood(line);
	unsetenv("POSIXLY_CORRECT");
	assert_true(cli.exit_code);
	assert_int_equal(cli.n_arguments, 1);
	cli_release(&cli);
}

static void cli_parse__takes_words_behind_two_dashes_as_they_are(void **state)
{
	char line[] = "fetch -n -- -a --keep";
	struct cli cli = understood(line);

	(void)state;
	assert_true(cli.dry_run);
	assert_false(cli.all);
	assert_int_equal(cli.n_arguments, 2);
	assert_string_equal(cli.arguments[0], "-a");
	assert_string_equal(cli.arguments[1], "--keep");
	cli_release(&cli);
}

static void cli_parse__gives_overrides_of_settings(void **state)
{
	static const struct {
		const char *line, *setting, *value, *option;
	} cases[] = {
		{"fetch --keep", "keep", "true", "--keep"},
		{"fetch --keep=14d", "keep", "14d", "--keep"},
		{"fetch --keep=true", "keep", "true", "--keep"},
		{"fetch --keep home", "keep", "true", "--keep"},
		{"fetch --keep=1d --keep=2d", "keep", "2d", "--keep"},
		{"fetch --delete", "keep", "false", "--delete"},
		{"fetch --to -", "deliver", "-", "--to"},
		{"--to mbox:x", "deliver", "mbox:x", "--to"},
		{"fetch --max 3", "max-messages", "3", "--max"},
		{"fetch --max-size=1M", "max-size", "1M", "--max-size"},
		{"check --color never", "color", "never", "--color"},
		{"--progress=always", "progress", "always", "--progress"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *line = xstrdup(cases[i].line);
		struct cli cli = understood(line);

		assert_int_equal(cli.n_overrides, 1);
		assert_string_equal(cli.overrides[0].setting, cases[i].setting);
		assert_string_equal(cli.overrides[0].value, cases[i].value);
		assert_string_equal(cli.overrides[0].option, cases[i].option);
		assert_true(settings_find(cases[i].setting) < SETTINGS_COUNT);
		cli_release(&cli);
		free(line);
	}
}

static void cli_parse__refuses_with_the_right_words(void **state)
{
	static const struct {
		const char *line, *text, *remedy;
	} cases[] = {
		{"--kepe", "unknown option --kepe (did you mean --keep?)", "ambil fetch --help"},
		{"--kepe=3 check", "unknown option --kepe (did you mean --keep?)",
			"ambil check --help"},
		{"check --xyzzyplugh", "unknown option --xyzzyplugh", "ambil check --help"},
		{"--con f", "unknown option --con (did you mean --config?)", "ambil help options"},
		{"check --conf f", "unknown option --conf (did you mean --config?)",
			"ambil help options"},
		{"--color", "--color needs a value: --color=WHEN", "ambil help options"},
		{"check --json=1", "--json takes no value", "ambil help options"},
		{"-c", "-c needs a value", "ambil help options"},
		{"keep", "unknown verb \"keep\"", "ambil --help"},
		{"--keep=false", "--keep=false would delete mail on the server: use --delete",
			"ambil fetch --help"},
		{"--keep=no", "--keep=no would delete mail on the server: use --delete",
			"ambil fetch --help"},
		{"fetch --keep false", "--keep=false would delete mail on the server: use --delete",
			"ambil fetch --help"},
		{"imap://anna:secret@h", "imap:// is not spoken here, only pops:// and pop://",
			"pops://USER@HOST"},
		{"--dry", "unknown option --dry (did you mean --dry-run?)", "ambil fetch --help"},
		{"--max-s=3", "unknown option --max-s (did you mean --max-size?)",
			"ambil fetch --help"},
		{"-x", "unknown option -x", "ambil fetch --help"},
		{"-nxa", "unknown option -x", "ambil fetch --help"},
		{"--max", "--max needs a value: --max=N", "ambil fetch --help"},
		{"--all=yes", "--all takes no value", "ambil fetch --help"},
		{"check --keep=3d", "--keep belongs to fetch, not to check", "ambil fetch --help"},
		{"check -n", "--dry-run belongs to fetch, not to check", "ambil fetch --help"},
		{"--exit-code", "--exit-code belongs to check, not to fetch", "ambil check --help"},
		{"config --all show", "--all belongs to fetch, not to config",
			"ambil fetch --help"},
		{"--keep --delete", "--keep and --delete exclude each other", "ambil fetch --help"},
		{"--delete --keep=1d", "--keep and --delete exclude each other",
			"ambil fetch --help"},
		{"-a --from-now", "--all and --from-now exclude each other", "ambil fetch --help"},
		{"-n --from-now", "--dry-run and --from-now exclude each other",
			"ambil fetch --help"},
		{"--accept --from-now", "--accept and --from-now exclude each other",
			"ambil fetch --help"},
		{"check --accept", "--accept belongs to fetch, not to check", "ambil fetch --help"},
		{"fetch --keep 14d", "write --keep=14d, with an equals sign", "ambil fetch --help"},
		{"fetc", "unknown verb \"fetc\" (did you mean fetch?)", "ambil --help"},
		{"fet", "unknown verb \"fet\" (did you mean fetch?)", "ambil --help"},
		{"hoem", "unknown verb \"hoem\"", "ambil --help"},
		{"pops://anna@pop.example.org", "\"pops://anna@pop.example.org\" is no verb",
			"ambil fetch pops://anna@pop.example.org"},
		{"pops://anna:secret@pop.example.org",
			"a URL must not hold a password: others can read it",
			"leave out what stands from : to @"},
		{"--kepe fetc", "unknown option --kepe (did you mean --keep?)", "ambil --help"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *line = xstrdup(cases[i].line);
		struct error e = {0};
		struct cli cli;

		if (parse(line, &cli, &e))
			fail_msg("accepted: %s", cases[i].line);
		assert_string_equal(e.text, cases[i].text);
		assert_string_equal(e.remedy, cases[i].remedy);
		assert_int_equal(error_exit_code(e.kind), 64);
		cli_release(&cli);
		free(line);
	}
}

static void cli_parse__never_fails_with_help_or_version(void **state)
{
	static const char *const lines[] = {"--help", "-h", "--version", "-V", "hoem --help",
		"--kepe -h", "-x -V", "check --keep -h", "--keep --delete --version", "-xV",
		"fetch --max -h --help"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *line = xstrdup(lines[i]);
		struct cli cli = understood(line);

		assert_true(cli.help || cli.version);
		cli_release(&cli);
		free(line);
	}
}

static void cli_verb_missing__names_the_line_to_type(void **state)
{
	char line[] = "home -c f";
	struct error e = {0};
	struct cli cli;

	(void)state;
	assert_false(parse(line, &cli, &e));
	assert_string_equal(cli.unknown_verb, "home");
	assert_string_equal(cli.config_path, "f");
	assert_false(cli_verb_missing(&cli, &e));
	assert_string_equal(e.remedy, "ambil fetch home");
	assert_int_equal(e.kind, ERROR_USAGE);
	cli_release(&cli);
}

static size_t longest_line(const char *text, size_t *lines)
{
	size_t longest = 0;

	for (*lines = 0; *text; (*lines)++) {
		size_t len = strcspn(text, "\n");

		longest = len > longest ? len : longest;
		text += len + (text[len] == '\n');
	}
	return longest;
}

static void help_text__fits_one_screen_and_names_every_option(void **state)
{
	(void)state;
	for (enum verb verb = 0; verb <= VERBS; verb++) {
		struct buf text = {0};
		size_t lines;

		help_text(&text, verb, 80);
		assert_in_range(longest_line(text.data, &lines), 1, 80);
		assert_in_range(lines, 5, 24);
		assert_non_null(strstr(text.data, "man ambil"));
		for (size_t i = 0; i < CLI_OPTIONS; i++) {
			const struct cli_option *o = &cli_options[i];
			bool due = verb == VERBS ? cli_option_global(o) : o->verbs[verb];

			if (due && (!strstr(text.data, o->name) || !o->help))
				fail_msg("%s is missing", o->name);
		}
		buf_release(&text);
	}
}

static void help_text__begins_with_three_examples(void **state)
{
	(void)state;
	for (enum verb verb = 0; verb < VERBS; verb++) {
		struct buf text = {0};
		const char *line;
		size_t examples = 0;

		help_text(&text, verb, 80);
		assert_int_equal(strncmp(text.data, "Usage: ambil ", strlen("Usage: ambil ")), 0);
		line = strstr(text.data, "\n\n");
		assert_non_null(line);
		for (line += 2; *line != '\n'; line = strchr(line, '\n') + 1) {
			assert_int_equal(strncmp(line, "  ", 2), 0);
			examples++;
		}
		assert_int_equal(examples, 3);
		buf_release(&text);
	}
}

static void help_text__shows_defaults_and_wraps(void **state)
{
	struct buf text = {0};
	size_t lines;

	(void)state;
	help_text(&text, VERB_FETCH, 80);
	assert_non_null(strstr(text.data, "(default: maildir:~/Mail)"));
	assert_non_null(strstr(text.data, "--keep[=AGE]"));
	assert_true(strstr(text.data, "ambil fetch home") < strstr(text.data, "--dry-run  "));
	buf_clear(&text);
	help_text(&text, VERB_FETCH, 100);
	assert_in_range(longest_line(text.data, &lines), 81, 100);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cli_parse__without_words_is_fetch_for_all),
		cmocka_unit_test(cli_parse__takes_options_before_and_after_the_verb),
		cmocka_unit_test(cli_parse__takes_an_age_for_status),
		cmocka_unit_test(cli_parse__does_not_obey_posixly_correct),
		cmocka_unit_test(cli_parse__takes_words_behind_two_dashes_as_they_are),
		cmocka_unit_test(cli_parse__gives_overrides_of_settings),
		cmocka_unit_test(cli_parse__refuses_with_the_right_words),
		cmocka_unit_test(cli_parse__never_fails_with_help_or_version),
		cmocka_unit_test(cli_verb_missing__names_the_line_to_type),
		cmocka_unit_test(help_text__fits_one_screen_and_names_every_option),
		cmocka_unit_test(help_text__begins_with_three_examples),
		cmocka_unit_test(help_text__shows_defaults_and_wraps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
