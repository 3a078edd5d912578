/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_IMPORT_INNER_H
#define AMBIL_VERBS_IMPORT_INNER_H

#include <sys/types.h>

#include "config/config.h"
#include "import/fetchmail.h"
#include "import/import.h"
#include "import/index.h"
#include "verbs/import.h"

/* What import*.c share: one import on its way. */
/* A file with what the other program has fetched, for one account or many. */
struct import_list {
	char *shown;
	bool found; /* it is there */
	struct buf text;
	struct fetchmail_list rows; /* fetchmail's */
};
struct import_item {
	struct imported_account *from;
	char *name;                     /* the account's name here */
	const char *file;               /* that it stands in, as sentences name it */
	const struct account *here;     /* this mailbox's account, when ambil.conf has one */
	const struct import_list *list; /* NULL: the other program has none */
	struct imported_seen seen;      /* of it; uids point into its text */
	size_t added;                   /* mails that are not known here before */
	enum { IMPORT_LEFT, IMPORT_IN_KEYRING, IMPORT_IN_FILE } place; /* of its password */
	char *password_file;                                           /* IMPORT_IN_FILE */
	bool renews_file; /* an import that was ended has left it */
	bool stored;      /* its password is there */
};
struct import {
	const struct import_tool *tool;
	char *path, *shown;   /* of its configuration: a file, or getmail's folder of them */
	struct config config; /* as it is now */
	struct imported read;
	char **files;              /* shown, for each account that was read */
	struct import_index names; /* that are taken */
	struct import_list **lists;
	size_t n_lists;
	struct import_index list_paths; /* the number of each */
	struct import_item *items;
	size_t n;
	bool merge;
};

/* import_text.c: the new part of ambil.conf; empty when every account is there already. */
void import_text(const struct import *im, struct buf *out);
/* Adds text in lines of a terminal's usual width, each with indent (a tab, or none) and mark in
 * front, and two more blanks but for the first. */
void import_comment(struct buf *out, const char *indent, const char *mark, const char *text);

/* import_check.c: takes out what is no setting here, or whose file is not there, with a note; the
 * account is disabled then. False, with a note about the file: it can be no account here. */
bool import_check(struct import *im, struct import_item *item) MUST_CHECK;

/* What differs between the programs. */
struct import_tool {
	const char *name;
	char *(*find)(const char *home); /* its configuration, fresh; NULL: there is none */
	bool (*read)(struct import *im, struct error *e);
	/* For words: where it is looked for, and what an account must have. */
	const char *places, *needs;
	/* The path of an account's list of UIDs, fresh; and what it has of the account into
	 * item->seen. */
	char *(*find_list)(const struct import *im, const struct imported_account *from);
	bool (*read_list)(struct import_list *list, struct import_item *item, struct error *e);
	/* Who is fetching; 0: nobody. NULL: whoever has the list locked. */
	pid_t (*find_holder)(const struct import *im);
};

/* import_read.c: finds and reads the other program's configuration. named: see the command line;
 * may be NULL. import_find_tool(): NULL for one that is not known. import_tools(): all, fresh. */
const struct import_tool *import_find_tool(const char *name);
char *import_tools(void);
bool import_read(struct import *im, const char *named, struct error *e) MUST_CHECK;
/* The error that there is no account, and the first note about the file as the reason. */
bool import_has_none(const struct import *im, struct error *e);

/* import_lists.c: for the table of tools. */
char *import_find_list(const struct import *im, const struct imported_account *from);
char *import_find_getmail_list(const struct import *im, const struct imported_account *from);
char *import_find_fetchmail_list(const struct import *im, const struct imported_account *from);
bool import_read_mpop_list(
	struct import_list *list, struct import_item *item, struct error *e) MUST_CHECK;
bool import_read_getmail_list(
	struct import_list *list, struct import_item *item, struct error *e) MUST_CHECK;
bool import_read_fdm_list(
	struct import_list *list, struct import_item *item, struct error *e) MUST_CHECK;
bool import_read_fetchmail_list(
	struct import_list *list, struct import_item *item, struct error *e) MUST_CHECK;
pid_t import_find_fetchmail(const struct import *im);
pid_t import_find_getmail(const struct import *im);

/* import_state.c: reads the list of what was fetched. ERROR_INPUT. */
bool import_read_seen(struct import *im, struct import_item *item, struct error *e) MUST_CHECK;
/* Whether the account's state is empty, or may be added to, and item->added; changes nothing. */
bool import_may_write(
	const struct import *im, struct import_item *item, struct error *e) MUST_CHECK;
/* Durable when it returns. */
bool import_write_seen(
	const struct import *im, struct import_item *item, struct error *e) MUST_CHECK;

/* import_events.c: what was done, or (dry) would be, as events of --json; text: what was added to
 * the file at path. */
void import_events(const struct import *im, bool dry, const char *path, const struct buf *text,
	struct buf *out);

/* import_password.c: what shall become of passwords that stood in the other file, which is asked on
 * a terminal; path: of ambil.conf. Then the private files, durable when it returns, and away again
 * if the import fails; then the keyring, and what became of each, as lines. */
bool import_choose_places(struct import *im, bool may_ask, const volatile sig_atomic_t *stop,
	const char *path, struct error *e) MUST_CHECK;
bool import_write_password(const struct import *im, struct import_item *item, const char *path,
	struct error *e) MUST_CHECK;
void import_forget_password(struct import_item *item);
void import_store_password(
	struct import_item *item, const volatile sig_atomic_t *stop, struct buf *out);

#endif
