/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_SETUP_INNER_H
#define AMBIL_VERBS_SETUP_INNER_H

#include <stdio.h>

#include "auth/keyring.h"
#include "auth/secret.h"
#include "cli.h"
#include "config/confedit.h"
#include "config/conffile.h"
#include "config/config.h"
#include "report/report.h"
#include "run.h"

/* What setup*.c share: one account on its way into the configuration. */

/* Where the password is, or goes. */
enum setup_place {
	PLACE_THERE,   /* where it was found, or a command gives it: nothing is to be stored */
	PLACE_KEYRING, /* the others: once all else is sure */
	PLACE_FILE,
	PLACE_NONE, /* ambil asks each time */
};

struct setup {
	const struct cli *cli;
	const volatile sig_atomic_t *stop;
	struct report_style style;

	struct config config; /* as it is, with the account in it */
	struct account *account;
	char *address; /* that was given, or asked for; NULL: none */

	/* What is to be written; values are this list's own. */
	struct confedit_setting *list;
	size_t n;

	/* What the last worker has told. */
	struct error ended; /* ERROR_NONE: it has succeeded */
	struct report_server server;
	struct report_mailbox mailbox;
	uint64_t marked; /* RUN_FROM_NOW, setup_mark() */
	FILE *uids;      /* of what was there at the last login; NULL: nobody wants them */

	struct secret password; /* value NULL: the account's settings give it */
	char *password_file;    /* PLACE_FILE: as the setting has it */
	enum setup_place place;
	bool renews_file; /* PLACE_FILE: it was there, and is the account's */

	unsigned refusals; /* of passwords by this server, in this run */
	size_t passing;    /* columns of a line that will be taken back; 0: none stands there */
	size_t column;     /* where the line of a search stands; 0: at its beginning */
	int stop_fd;
	bool may_ask;     /* there is a terminal, and questions are allowed */
	bool tells;       /* somebody reads how it goes on */
	bool is_new;      /* the account */
	bool changes;     /* else: options say what to change in it */
	bool old_state;   /* a state with its name is there from before */
	bool server_seen; /* by the last worker: server is of it */
	bool from_now;    /* what is on the server is to be marked */
	bool saved;       /* all is written */
};

/* setup_tell.c: lines of the dialog, for whoever sees them. */
void setup_say(const struct setup *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* One sentence or more in lines that fit; indented. */
void setup_explain(const struct setup *s, const char *text);
void setup_say_whole(const struct setup *s, const char *text);
/* A line with a short word at the end of the line: that it went well. */
void setup_say_ok(const struct setup *s, const char *line, const char *word);

/* What is being waited for; taken back when that is over. */
void setup_say_passing(struct setup *s, const char *line);
void setup_pass_over(struct setup *s);

/* setup_account.c: which account it is, and what its settings are. */
bool setup_find_account(struct setup *s, struct error *e) MUST_CHECK;
/* The account gets the setting, and the file will. option is named in an error. */
bool setup_set(struct setup *s, const char *setting, const char *value, const char *option,
	struct error *e) MUST_CHECK;
/* It is on the list of what is to be written. */
void setup_note(struct setup *s, const char *setting, const char *value);
/* Nothing is on it any more. */
void setup_forget_notes(struct setup *s);
/* Whether the command line has the option for it. */
bool setup_has_option(const struct setup *s, const char *setting);

/* setup_name.c: a new account gets its name. ERROR_USAGE, for the one of --name. */
bool setup_choose_name(struct setup *s, struct error *e) MUST_CHECK;
/* Whether an account of that name, for this user, could use the state that is there, if any. */
bool setup_state_fits(const struct setup *s, const char *name, struct error *e) MUST_CHECK;

/* setup_state.c: whether there is one of the account's name. */
bool setup_has_state(const struct setup *s);
/* One that was made for nothing would hide mail from an account of that name to come: it goes,
 * unless it is from before. */
void setup_forget_state(const struct setup *s);
/* Where a new account's mailbox was fetched before by its URL, or by an account that is not
 * configured any more, the new one goes on from there: that is told, and done. */
void setup_tell_other_name(const struct setup *s);
bool setup_take_other_name(struct setup *s, struct error *e) MUST_CHECK;

/* setup_destination.c. Before anything is asked: whether the file can be changed, and mail go where
 * it is to go. */
bool setup_can_be_done(struct setup *s, struct error *e) MUST_CHECK;
/* Where new mail goes; asks. */
bool setup_find_destination(struct setup *s, struct error *e) MUST_CHECK;

/* The account gets that server; what stands for it in *found is kept where nothing was typed
 * (port 0, user NULL). ERROR_USAGE, ERROR_CONFIG: another account has that mailbox. */
struct discovery;
bool setup_take_server(struct setup *s, const struct discovery *found, struct error *e) MUST_CHECK;
/* The same for a name to log in with. */
bool setup_take_user(struct setup *s, const char *user, struct error *e) MUST_CHECK;

/* setup_host.c: asks for the server of the address; for another one than the account has, unless
 * the answer is that it should be tried again. */
bool setup_ask_server(struct setup *s, struct discovery *found, struct error *e) MUST_CHECK;
bool setup_ask_another_server(struct setup *s, struct error *e) MUST_CHECK;

/* setup_token.c: who takes no passwords takes a token: which command prints it? */
bool setup_find_token(struct setup *s, const char *who, struct error *e) MUST_CHECK;
/* Another than the one that has failed, or the same again. */
bool setup_ask_token(struct setup *s, struct error *e) MUST_CHECK;

/* setup_discover.c: the server of an address. host, port, tls and user of *found are to be the
 * account's. */
bool setup_discover(struct setup *s, struct discovery *found, struct error *e) MUST_CHECK;

/* setup_server.c: looks at the server until it is trusted, or the user gives up. */
bool setup_check_server(struct setup *s, struct error *e) MUST_CHECK;
/* Runs one worker for the account; what it has told is in *s. */
bool setup_run(struct setup *s, enum run_mode mode, struct error *e) MUST_CHECK;

/* setup_login.c: finds the password where a run would, else asks. Without a value then: the
 * account's settings give it, or there is none. */
bool setup_find_password(struct setup *s, struct error *e) MUST_CHECK;
/* Logs in with it, by RUN_LOGIN or RUN_FROM_NOW; asks for another when it was refused. */
bool setup_try_login(struct setup *s, enum run_mode mode, struct error *e) MUST_CHECK;
/* How the keyring is asked. */
struct keyring_way setup_keyring_way(const struct setup *s);

/* setup_keep.c. Where it will be kept; asks. */
bool setup_choose_place(struct setup *s, struct error *e) MUST_CHECK;
bool setup_store_password(struct setup *s, struct error *e) MUST_CHECK;
/* A file that was made for it is of no use. */
void setup_forget_file(const struct setup *s);

/* setup_mark.c: whether the last login has listed all that there is, … */
bool setup_can_mark(const struct setup *s);
/* … which is taken as seen. ERROR_STORE, ERROR_LATER. */
bool setup_mark(struct setup *s, struct error *e) MUST_CHECK;

/* setup_done.c: what was done, for people and for programs. */
void setup_add_result(const struct setup *s, struct buf *out);
void setup_tell_result(const struct setup *s, struct buf *out);
/* "ambil", "ambil -c other.conf": what is typed. Fresh. */
char *setup_typed(const struct setup *s);
/* And not one that is named by an option or the environment. */
bool setup_reads_usual_file(const struct setup *s);

/* timer.c: the timer of systemd that fetches; out gets what to know about it. ERROR_CONFIG: there
 * is none. */
bool timer_start(const volatile sig_atomic_t *stop, struct buf *out, struct error *e) MUST_CHECK;

#endif
