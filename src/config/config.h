/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_CONFIG_H
#define AMBIL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/mech.h"
#include "auth/secret.h"
#include "auth/token.h"
#include "base/error.h"
#include "config/settings.h"
#include "fetch/plan.h"
#include "local/sink.h"
#include "net/dial.h"
#include "net/tls.h"

/*
 * One mail account: only composes what the rooms define. origin[i] says where the value of setting
 * i came from: "default", "ambil.conf:4" or "command line" ("/etc/ambil.conf:4" when it is not the
 * user's own).
 */
struct account {
	char *name;  /* also that of its state file */
	char *shown; /* as sentences name it: the name, "anna@[::1]:1995" for a URL */
	char *typed; /* as a shell takes it: the name or the URL, fit for a terminal */
	char *where; /* "ambil.conf:12": where it begins; "command line" for a URL */
	char *file;  /* the path of that file; NULL for a URL */
	bool enabled;
	bool temporary; /* made from a URL on the command line: not in any file */
	char *address;  /* of mail: its server is still to be found, host is none; NULL: it is known
			 */
	struct endpoint endpoint;
	struct tls_policy tls;
	char *user;
	struct mech_list auth;
	char *password_command, *password_file, *password;
	char *token_command; /* oauth-token-command */
	bool keyring, netrc; /* look for the password there */
	char *proxy_password_command;
	bool own_proxy;       /* set in its section, not by the file's default */
	uint32_t retry_auth;  /* refused logins in a row that pause unattended runs; 0: none do */
	int64_t quiet_for_ms; /* how long a temporary failure must last to be said; 0: every one is
			       */
	char *on_new;         /* a command to run after mail has come */
	char *deliver;        /* as written */
	struct destination destination; /* deliver, read */
	struct policy policy;
	int64_t timeout_ms;
	bool pipeline; /* use PIPELINING when it is offered */
	bool received_header;
	int64_t command_timeout_ms;
	uint32_t pipe_jobs;
	int64_t deadline_ms; /* of one run; 0: none */
	char *origin[SETTINGS_COUNT];
};

struct config {
	char *path;         /* of the file that was read; NULL: there is none */
	char *shown;        /* the same as sentences name it: "ambil.conf" for the user's own */
	int64_t changed_ns; /* when the last of the files that were read was changed */
	char *home;
	char *state_dir;
	uint32_t jobs;
	char *color, *progress;         /* auto, always, never */
	char *defaults[SETTINGS_COUNT]; /* account settings outside of accounts, as text */
	char *origin[SETTINGS_COUNT];
	struct account *accounts;
	size_t n;
};

/* All errors of a file, each "file:line: sentence", for config check. */
struct config_errors {
	struct error *list;
	size_t n;
};

/*
 * The file that config_load(named) reads, or would read when *found is false; fresh, absolute
 * unless named otherwise.
 */
char *config_path(const char *named, bool *found);
/* Whether a user has the same mailbox behind both ports of a server: so behind its usual ones. */
bool config_same_ports(uint16_t a, uint16_t b);
/*
 * Reads the file at path, or (path NULL) $AMBIL_CONFIG, the user's, then the system's. No file is
 * no error when path is NULL: config->path is NULL then and there are no accounts. On failure *e is
 * the first error (ERROR_CONFIG; ERROR_INPUT when path was named and is missing) and errors, unless
 * NULL, has all of them. Does not touch the network or any destination.
 */
bool config_load(const char *path, struct config *config, struct config_errors *errors,
	struct error *e) MUST_CHECK;
/*
 * The same as if text stood in the file at instead, wherever it comes in the reading and whether it
 * is there or not: to find out what a change would do. The mode of that file is not looked at.
 */
bool config_load_instead(const char *path, const char *instead, struct span text,
	struct config *config, struct error *e) MUST_CHECK;
void config_release(struct config *config);
void config_errors_release(struct config_errors *errors);
/* Where the value of an account's setting comes from, for people: "ambil.conf:4", "default",
 * "command line". */
const char *config_origin(const struct account *account, const char *setting);
/* Wipes the secrets that stand in the configuration: the account is not to be used any more. */
void account_forget_secrets(struct account *account);
/* The same for all accounts that are not among the chosen ones. */
void config_forget_others(struct config *config, struct account *const *chosen, size_t n);
/* Whether a password may be sent without TLS: as it is set, and where it never leaves the machine.
 */
bool account_allows_cleartext(const struct account *account);
/* Where this account's password may come from; borrows from account. */
struct secret_sources account_secret_sources(const struct account *account);
/* Whether password-file is one that setup makes, ACCOUNT.password or ACCOUNT-2.password beside the
 * configuration: it may write a new password into it. */
bool account_owns_password_file(const struct account *account);
/* Whether it logs in with a token of OAuth, and then where that comes from; borrows from account.
 */
bool account_uses_token(const struct account *account);
struct token_source account_token_source(const struct account *account);
/* NULL when there is none of that name. */
struct account *config_find(struct config *config, const char *name);
/* The path of the file that was read, with ~; fresh. config->path must not be NULL. */
char *config_file(const struct config *config);
/* The errors for no account at all (ERROR_CONFIG) and for an unknown one (ERROR_USAGE); false. */
bool config_no_accounts(const struct config *config, struct error *e);
bool config_no_such_account(const struct config *config, const char *name, struct error *e);

/*
 * Adds the account that a POP URL names (RFC 2384: pop://user;AUTH=mech@host:port, pops:// for TLS
 * at once; pop:// requires STLS), with the file's top-level defaults. Its name is user@host, with
 * "+PORT" behind it when that is not the scheme's own: there may be another mailbox.
 * ERROR_USAGE for a bad URL or a password in it. The returned account moves when another is added.
 */
struct account *config_add_url(struct config *config, const char *url, struct error *e) MUST_CHECK;
/* The same for a URL that need not name a user: then the account's user is empty. */
struct account *config_add_server(
	struct config *config, const char *url, struct error *e) MUST_CHECK;
/* The same for the server of a mail address, which has to be found first. */
struct account *config_add_address(
	struct config *config, const char *address, struct error *e) MUST_CHECK;
bool config_is_url(const char *text);

/*
 * Sets one setting of one account from the command line ("deliver", "keep", "max-messages",
 * "max-size"), as if it stood in the file; account is NULL for those outside of accounts ("color",
 * "progress"). option is its name for errors: "--keep". ERROR_USAGE.
 */
bool config_override(struct config *config, struct account *account, const char *setting,
	const char *value, const char *option, struct error *e) MUST_CHECK;
/*
 * Checks what needs all settings of an account together (host and user present, ca-file readable,
 * password policy …) and fills in what follows from others (port, destination). config_load() has
 * done it for the file's accounts; call it again after overrides. ERROR_CONFIG.
 */
bool config_complete(struct config *config, struct account *account, struct error *e) MUST_CHECK;

#endif
