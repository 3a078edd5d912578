/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_IMPORT_FETCHMAIL_PARSE_H
#define AMBIL_IMPORT_FETCHMAIL_PARSE_H

#include "import/fetchmail_inner.h"
#include "import/fetchmail_words.h"

/* Private to the grammar: fetchmail.c has its statements, fetchmail_options.c the options. */
struct fm_user {
	struct fm_value values[FM_OPTIONS];
	unsigned line;
};
struct fm_reader {
	struct fetchmail_words words;
	struct fetchmail_word word; /* not yet taken */
	const char *shown;
	struct error *e;
	bool failed;
	bool behind_secret; /* no error may show what stands here: it may be the rest of one */
};

/* ERROR_CONFIG with the line of the word that is not yet taken; only the first one counts. */
void fm_fail(struct fm_reader *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
void fm_next(struct fm_reader *r);
/* Where a keyword may stand, words of noise may, too. */
void fm_skip_noise(struct fm_reader *r);
bool fm_take_keyword(struct fm_reader *r, const char *keyword);
void fm_set_value(struct fm_value *v, const char *text, unsigned line);
void fm_take_text(struct fm_reader *r, const char *name, struct fm_value *v);
void fm_take_number(struct fm_reader *r, const char *name, struct fm_value *v);
/* FM_OPTIONS: it is none. *off: there is a "no" in the word. */
size_t fm_find_option(const char *word, bool *off);
/* What stands behind the option; off: "no" was in front of it. Those of a server are put into
 * values, those of a user into user. */
void fm_take_option(struct fm_reader *r, struct fm_value *values, struct fm_user *user,
	size_t option, bool off);
/* Whether it is of the server, and not of a user. */
bool fm_is_of_server(size_t option);
/* Whether "no" may stand in front of it. */
bool fm_may_be_off(size_t option);

#endif
