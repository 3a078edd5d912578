/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_CLI_H
#define AMBIL_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cli_table.h"

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
	int64_t max_age_s;   /* status: 0: not said */
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

#endif
