/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs and the options that there are, and their help. No code but two look-ups. */
#include "cli_table.h"

#include <string.h>

#include "base/i18n.h"

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
			N_("ambil status --max-age 2h        for a monitor: fails if an account does"),
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
	[VERB_HELP] = {"help", "[VERB|SETTING|options|settings]",
		N_("explain a verb, or a setting of the configuration"),
		{N_("ambil help fetch                 what fetch can do"),
			N_("ambil help settings              what can be configured"),
			N_("ambil help keep                  one of these settings")}},
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
	{"--port", 0, SETUP, "PORT", NULL, OPTION_WRITE, "port", N_("the port of the server")},
	{"--tls", 0, SETUP, "HOW", NULL, OPTION_WRITE, "tls",
		N_("encryption: implicit (at once), starttls or none")},
	{"--user", 0, SETUP, "USER", NULL, OPTION_WRITE, "user", N_("the name to log in with")},
	{"--password-command", 0, SETUP, "COMMAND", NULL, OPTION_WRITE, "password-command",
		N_("a command that prints the password")},
	{"--oauth-token-command", 0, SETUP, "COMMAND", NULL, OPTION_WRITE, "oauth-token-command",
		N_("one that prints a token (OAuth) instead")},
	{"--to", 0, {[VERB_FETCH] = true, [VERB_SETUP] = true}, "DEST", NULL, OPTION_OVERRIDE,
		"deliver",
		N_("where to deliver: maildir:PATH, mbox:PATH, pipe:COMMAND, or - for standard output")},
	{"--max", 0, {[VERB_FETCH] = true, [VERB_LIST] = true}, "N", NULL, OPTION_OVERRIDE,
		"max-messages", N_("fetch at most N messages of each account"),
		.verb_help = {[VERB_LIST] = N_("show the newest N messages only")}},
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
		OPTION_EXIT_CODE, NULL, N_("exit with 1 when there is no new mail"),
		.verb_help = {[VERB_STATUS] = N_("exit as the last runs did")}},
	{"--max-age", 0, {[VERB_STATUS] = true}, "AGE", NULL, OPTION_MAX_AGE, NULL,
		N_("exit as the last runs did; with 1 where none of the last AGE (2h) went well")},
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
		N_("for programs: one JSON object a line on standard output")},
	{"--no-input", 0, {false}, NULL, NULL, OPTION_NO_INPUT, NULL, N_("never ask anything")},
	{"--color", 0, {false}, "WHEN", NULL, OPTION_OVERRIDE, "color",
		N_("use colour: auto, always or never")},
	{"--progress", 0, {false}, "WHEN", NULL, OPTION_OVERRIDE, "progress",
		N_("show live lines: auto, always or never")},
	{"--help", 'h', {false}, NULL, NULL, OPTION_HELP, NULL,
		N_("explain the verb and its options")},
	{"--version", 'V', {false}, NULL, NULL, OPTION_VERSION, NULL,
		N_("the version, and what is built in")},
};
_Static_assert(sizeof(cli_options) / sizeof(cli_options[0]) == CLI_OPTIONS,
	"CLI_OPTIONS is the number of entries");

const char *const cli_conflicts[][2] = {
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
	{"--stdin", "--oauth-token-command"},
	{"--password-command", "--oauth-token-command"},
};
_Static_assert(sizeof(cli_conflicts) / sizeof(cli_conflicts[0]) == CLI_CONFLICTS,
	"CLI_CONFLICTS is the number of entries");

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
