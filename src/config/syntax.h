/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_SYNTAX_H
#define AMBIL_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

/*
 * The form of a configuration file, without its meaning: which settings, accounts and includes
 * stand in it and on which lines, and everything that is wrong with its form. The values stay as
 * they are written; libconfuse reads them, from what syntax_clean() leaves.
 */
enum syntax_kind { SYNTAX_SETTING, SYNTAX_ACCOUNT, SYNTAX_INCLUDE };
enum { SYNTAX_TOP = -1 };

struct syntax_item {
	enum syntax_kind kind;
	unsigned line;
	char *name;      /* the setting's; the account's, without quotes; "include" */
	struct span raw; /* the value with its quotes, in the text; empty for an account */
	int account;     /* the item of the account this stands in, or SYNTAX_TOP */
	bool skip;       /* wrong: not for libconfuse. The caller may set it */
	/* Of an account, in the text: what stands behind its opening brace, and its closing one.
	 * NULL: it is wrong. */
	const char *inside, *close;
};

struct syntax_error {
	unsigned line;
	char *text;
};

struct syntax {
	struct syntax_item *items;
	size_t n;
	struct syntax_error *errors;
	size_t n_errors;
};

/*
 * Reads text, which is borrowed for the life of *s. Goes on behind an error, so that all are found;
 * s->n_errors == 0 means that libconfuse reads in text what stands in the items. Refused beyond its
 * own rules: NUL, a byte order mark, a line break in quotes, a missing closing brace, an escape it
 * would drop, a variable that is not set, a value on another line than its name. Allowed beyond
 * them: a comment in the middle of a statement.
 */
void syntax_text(struct syntax *s, struct span text);
void syntax_release(struct syntax *s);
/*
 * What libconfuse shall read: the items without skip, each on its line. Accounts are numbered
 * instead of named and none is left out, so that also what stands in a wrong one can be read.
 */
void syntax_clean(const struct syntax *s, struct buf *out);
/* Whether the value as written, in double quotes, has a variable that libconfuse replaces. */
bool syntax_has_variable(struct span raw);

#endif
