/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_IMPORT_FDM_LEX_H
#define AMBIL_IMPORT_FDM_LEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "import/fdm.h"

/*
 * The words of a configuration of fdm. It goes through included files, leaves out what "ifdef" and
 * "ifndef" leave out, and puts macros into strings.
 */
enum fdm_kind {
	FDM_END,     /* of the file; or of everything, after an error */
	FDM_WORD,    /* letters, digits, - and _ */
	FDM_STRING,  /* "…" or '…' */
	FDM_COMMAND, /* $(…) or %(…), not run */
	FDM_MACRO,   /* $name, ${name}, %name, %{name}: text has the $ or % and the name */
	FDM_NUMBER,
	FDM_SIGN /* = + { } ( ) , < > and such; "==" and "!=" are one */
};
/* Where something stands in the files. */
struct fdm_place {
	const char *file; /* as sentences call it; lives as long as the lexer */
	unsigned line;
};
struct fdm_token {
	enum fdm_kind kind;
	char *text; /* for what is no number; owned by the lexer */
	uint64_t number;
	bool mixed; /* of a string: the output of a command belongs into it, and is missing */
	struct fdm_place at;
};

struct fdm_macro {
	char *name; /* with $ or % */
	char *text; /* NULL: a number */
	uint64_t number;
	bool command; /* text is a command, and not what it prints */
	bool mixed;
};

enum { FDM_FILES_MAX = 16, FDM_TEXT_MAX = 8 * 1024 };
struct fdm_lexer {
	struct {
		struct span rest;
		struct fdm_place at;
		struct buf text; /* empty for the first one */
	} files[FDM_FILES_MAX];
	size_t n_files; /* the last is being read */
	unsigned n_included;
	struct fdm_token token;
	bool ahead;      /* token was looked at, but not taken */
	bool after_pass; /* what comes may be a password */
	unsigned ifdefs; /* open ones */
	bool skips;      /* what comes is left out */
	bool failed;     /* *e is set, and all that comes is FDM_END */
	struct fdm_macro *macros;
	size_t n_macros;
	char **kept; /* strings that live as long as the lexer; wiped */
	size_t n_kept;
	const struct fdm_world *world;
	struct error *e;
};

void fdm_lexer_init(struct fdm_lexer *l, struct span text, const char *shown,
	const struct fdm_world *world, struct error *e);
void fdm_lexer_release(struct fdm_lexer *l);

/* What comes next, and taking it. Both are valid until the next call of either. */
const struct fdm_token *fdm_peek(struct fdm_lexer *l);
const struct fdm_token *fdm_take(struct fdm_lexer *l);
/* Takes the word or the sign if it comes next. */
bool fdm_accept(struct fdm_lexer *l, const char *text);

/* Reads on in another file, and then behind this place. Nothing may have been looked at. */
void fdm_include(struct fdm_lexer *l, const char *path, struct fdm_place at);

/* NULL when there is none. */
struct fdm_macro *fdm_find_macro(const struct fdm_lexer *l, const char *name);
/* A new one of the name, or the old one emptied. */
struct fdm_macro *fdm_define(struct fdm_lexer *l, const char *name);
/* Takes a fresh string, which lives as long as the lexer. */
char *fdm_keep(struct fdm_lexer *l, char *text);

/* Only the first is kept. */
void fdm_fail(struct fdm_lexer *l, struct fdm_place at, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same for a token that has no place here. A string is not shown: it may be a password. */
void fdm_unexpected(struct fdm_lexer *l, const struct fdm_token *t);

#endif
