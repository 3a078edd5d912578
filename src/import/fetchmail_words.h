/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_IMPORT_FETCHMAIL_WORDS_H
#define AMBIL_IMPORT_FETCHMAIL_WORDS_H

#include "import/import.h"

/* The words of a run control file of fetchmail: blanks, comments and , ; : part them. */
enum fetchmail_kind {
	FETCHMAIL_END,
	FETCHMAIL_EQUALS,
	FETCHMAIL_NUMBER,
	FETCHMAIL_PLAIN,  /* may be a keyword */
	FETCHMAIL_QUOTED, /* is none */
};
struct fetchmail_word {
	enum fetchmail_kind kind;
	char *text; /* escapes resolved; NULL at the end */
	unsigned line;
	bool nul; /* a NUL is in it: text ends there */
};
struct fetchmail_words {
	struct span rest;
	unsigned line;
};

/* What out held is wiped: it may have been a password. */
void fetchmail_next(struct fetchmail_words *words, struct fetchmail_word *out);

#endif
