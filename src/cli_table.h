/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_CLI_TABLE_H
#define AMBIL_CLI_TABLE_H

#include <stdbool.h>

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

/*
 * One entry per verb and per option, in the order in which the help shows them. help and examples
 * are sentences for people, marked with N_() where they are to be translated; whoever prints them
 * does that.
 */
struct cli_verb {
	const char *name;
	const char *arguments; /* for the usage line: "[ACCOUNT|URL]..." */
	const char *help;      /* one line */
	const char *examples[3];
};
extern const struct cli_verb cli_verbs[]; /* VERBS */

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
	OPTION_MAX_AGE,
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
	const char *verb_help[VERBS]; /* where one of several verbs has other words; NULL: help */
};
enum { CLI_OPTIONS = 38 };
extern const struct cli_option cli_options[];
/* Options that contradict each other, in pairs of names. */
enum { CLI_CONFLICTS = 19 };
extern const char *const cli_conflicts[][2];

/* Whether every verb has it. */
bool cli_option_global(const struct cli_option *option);
/* The verb of that name, VERBS for none. */
enum verb cli_find_verb(const char *name);

#endif
