/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LEXER_H
#define AMBIL_LEXER_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/mem.h"
#include "config/syntax.h"

/* The words and marks of a configuration file, for syntax.c only. Lines are counted from 1. */
enum token_kind { TOKEN_END, TOKEN_BARE, TOKEN_QUOTED, TOKEN_MARK, TOKEN_BAD };
struct token {
	enum token_kind kind;
	unsigned line;
	struct span raw; /* in the text, with the quotes; a mark is one of = { } ( ) , */
};

struct lexer {
	struct syntax *out; /* its errors grow */
	const char *begin, *at, *end;
	unsigned line;
	struct token ahead; /* the next one, which has been looked at already */
	/* Of the grammar: */
	int open;            /* the item of the account whose brace is open, or SYNTAX_TOP */
	unsigned value_line; /* of the last value without quotes; 0: there was none */
};

/* text: borrowed. Complains of a byte order mark, and passes it over. */
void lexer_begin(struct lexer *l, struct syntax *out, struct span text);
/*
 * Gives the token ahead, and looks at the next one; the first call only does that. A token that is
 * wrong is complained of and comes as TOKEN_BAD.
 */
struct token lexer_take(struct lexer *l);
bool token_is(const struct token *t, char mark);
bool token_is_word(const struct token *t);

/* Adds an error to out. fmt is translated. */
void lexer_complain(struct lexer *l, unsigned line, const char *fmt, ...) PRINTF_LIKE(3, 4);
/*
 * Whether an error may repeat what begins at start, in the text: it is not part of a value that may
 * be secret, as is that of a setting with a name that is not known.
 */
bool lexer_may_show(const struct lexer *l, const char *start);

#endif
