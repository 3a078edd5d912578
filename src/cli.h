/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_CLI_H
#define AMBIL_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum verb {
	VERB_FETCH,
	VERB_CHECK,
	VERB_LIST,
	VERB_SEEN,
	VERB_STATUS,
	VERB_SETUP,
	VERB_LOGIN,
	VERB_LOGOUT,
	VERB_DOCTOR,
	VERB_IMPORT,
	VERB_CONFIG,
	VERB_HELP,
	VERBS
};

/* One entry per verb and per option; the help text is made of them. */
struct cli_verb {
	const char *name;
	const char *arguments; /* for the usage line: "[ACCOUNT|URL]..." */
	const char *help;      /* one line */
	const char *examples[3];
};
extern const struct cli_verb cli_verbs[VERBS];

/* What an option does to struct cli; OPTION_OVERRIDE gives a setting another value. */
enum option_effect {
	OPTION_CONFIG,
	OPTION_QUIET,
	OPTION_VERBOSE,
	OPTION_DEBUG,
	OPTION_JSON,
	OPTION_NO_INPUT,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_DRY_RUN,
	OPTION_ALL,
	OPTION_FROM_NOW,
	OPTION_ACCEPT,
	OPTION_EXIT_CODE,
	OPTION_STDIN,
	OPTION_MERGE,
	OPTION_MARK_ALL,
	OPTION_FORGET,
	OPTION_FORGET_ALL,
	OPTION_EXPORT,
	OPTION_IMPORT,
	OPTION_NAME,
	OPTION_PIN,
	OPTION_TIMER,
	OPTION_OVERRIDE,
	OPTION_WRITE, /* the same, for setup to write down: it has no default */
};
struct cli_option {
	const char *name;     /* "--dry-run" */
	char letter;          /* 0: none */
	bool verbs[VERBS];    /* none of them: every verb, a global option */
	const char *argument; /* NULL: it takes none */
	const char *implied;  /* the value when there is no argument; with argument set, that is
				 optional */
	enum option_effect effect;
	const char *setting; /* OPTION_OVERRIDE, OPTION_WRITE */
	const char *help;
	bool minor; /* a global one that the overview only names: it has one screen for all */
};
enum { CLI_OPTIONS = 36 };
extern const struct cli_option cli_options[CLI_OPTIONS];
bool cli_option_global(const struct cli_option *option);

/* For config_override(): of an account, or outside of accounts when the setting's scope is
 * SCOPE_TOP. */
struct cli_override {
	const char *setting, *value;
	const char *option; /* "--keep" */
};

enum cli_verbosity { CLI_NORMAL, CLI_QUIET, CLI_VERBOSE, CLI_DEBUG };

/* The command line, read. Strings belong to argv. */
struct cli {
	enum verb verb;
	bool verb_given;          /* false: VERB_FETCH because there is no word at all */
	const char *unknown_verb; /* with the error of cli_parse(): the word in its place */
	const char **arguments; /* accounts and URLs; of config: its subcommand first; of help: the
				   verb; of import: the tool first */
	size_t n_arguments;
	const char *config_path; /* NULL: not said */
	enum cli_verbosity verbosity;
	bool json, no_input, help, version;
	bool dry_run, all, from_now, accept, exit_code, from_stdin, merge;
	bool mark_all, forget_all, export, timer;
	const char *name;    /* setup: NULL: not said */
	const char *pin;     /* setup: "": of whatever key the server shows; NULL: not asked for */
	const char *import;  /* a file, "-": standard input; NULL: not asked for */
	const char **forget; /* UIDs */
	size_t n_forget;
	struct cli_override overrides[CLI_OPTIONS]; /* each setting once, the last option wins */
	size_t n_overrides;
};

/*
 * Reads argv; does not look at any file, and prints nothing. On failure, ERROR_USAGE, what was
 * understood is in *cli. --help and --version never fail: cli->help or cli->version is set then,
 * whatever else stands on the line. Release in both cases.
 */
bool cli_parse(int argc, char *const argv[], struct cli *cli, struct error *e) MUST_CHECK;
void cli_release(struct cli *cli);
/*
 * Makes the error about cli->unknown_verb better once it is known that the word names an account:
 * the remedy is then "ambil fetch WORD". False.
 */
bool cli_verb_missing(const struct cli *cli, struct error *e);
/* The verb of that name, VERBS for none. */
enum verb cli_find_verb(const char *name);

#endif
