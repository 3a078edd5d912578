/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_IMPORT_IMPORT_H
#define AMBIL_IMPORT_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

/*
 * What another fetcher's configuration says, in this program's terms. The readers in this room are
 * pure: text in, structs out. Nothing is opened, and no command that stands in a file is run.
 */
struct imported_setting {
	const char *name; /* as in ambil.conf; static */
	char *value;      /* without quotes */
	unsigned line;    /* where it comes from; 0: the other program's default */
};

/* What was not carried over as it was, in words without a full stop. */
enum imported_what { IMPORT_DROPPED, IMPORT_CHANGED };
struct imported_note {
	enum imported_what what;
	unsigned line; /* 0: of no single line */
	char *text;
};

struct imported_account {
	char *name;    /* as the other program calls it */
	unsigned line; /* where it begins */
	char *file;    /* that included file, as sentences call it; NULL: the one that was read */
	struct imported_setting *settings;
	size_t n_settings;
	struct imported_note *notes;
	size_t n_notes;
	char *password; /* that stands in the file; NULL: none. Wiped */
	unsigned password_line;
	char *seen_path;             /* the list of what was fetched, perhaps with ~; NULL: none */
	char *seen_host, *seen_user; /* whose list in that file */
	/* The other program leaves on the server what it has left there, though it deletes the
	 * rest. */
	bool seen_stays;
};

struct imported {
	struct imported_account *accounts;
	size_t n;
	struct imported_note *notes; /* about the file, and accounts that were left out */
	size_t n_notes;
	/* Of the other program while it runs; NULL: at its usual place, empty: none. */
	char *pid_file;
};
void imported_release(struct imported *im);

/* Takes the last account out again. */
void imported_pop(struct imported *im);

/* For the readers. The returned pointer moves with the next one. */
struct imported_account *imported_add(struct imported *im, const char *name, unsigned line);
void imported_set(
	struct imported_account *a, const char *setting, unsigned line, const char *value);
/* NULL when it is not set. */
const char *imported_get(const struct imported_account *a, const char *setting);
/* A note goes to the account, or to the file when a is NULL. */
void imported_note(struct imported *im, struct imported_account *a, enum imported_what what,
	unsigned line, const char *fmt, ...) PRINTF_LIKE(5, 6);

/* A word that the other program does not know, for an error: of pass"secret" there is the pass
 * alone. */
struct safe import_unknown(struct span word);

/* The command as this program runs it: itself, or "sh -c '…'"; fresh. */
char *import_command(const char *command);

/* Adds a word so that whoever parts a command at blanks and knows quotes reads just this; the
 * second with a blank in front, but for the first one. */
void import_quote_word(struct buf *out, const char *word);
void import_add_word(struct buf *out, const char *word);
/* What the other program hands to a shell for each mail. */
struct import_mda {
	struct span command;
	const char *setting; /* for words */
	unsigned line;
	const char *recipient; /* for %T and %s; NULL: the program knows none of them */
};
/* The same as this program runs it; fresh. Notes say what of it was lost. */
char *import_mda(struct imported *out, struct imported_account *to, const struct import_mda *mda);

/* "maildir:/m" from a kind with its colon and a path of another program, where % is a plain letter;
 * fresh. */
char *import_destination(const char *kind, const char *path);
/* This machine, where no encryption is needed. */
bool import_is_here(const char *host);
/* A note's words: that the other program may go without encryption, and this one no longer does.
 * Fresh. */
char *import_encrypts_now(const char *program);

/* What was fetched before: UIDs, each with when, 0 where that is not known. */
struct imported_uid {
	struct span uid; /* in the text that was read */
	uint32_t occurrence;
	int64_t time_s;
};
struct imported_seen {
	struct imported_uid *uids;
	size_t n;
};
void imported_seen_release(struct imported_seen *seen);
/* Sorts, so that equal UIDs get the places 0, 1, … among themselves. */
void imported_seen_number(struct imported_seen *seen);
/* Of a list that is sorted so. */
bool imported_seen_has(const struct imported_seen *seen, struct span uid);

#endif
