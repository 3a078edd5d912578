/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_FIT_H
#define AMBIL_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

/*
 * Text of a mail, made safe and fitted into a column of the terminal. Needs the locale (LC_CTYPE):
 * widths are wcwidth(3)'s, so East Asian characters take two columns and accents none.
 *
 * Adds text, UTF-8 as a rule, with no octet in it that could move the cursor, end the line or turn
 * the direction of writing: control characters and octets that are no UTF-8 become \xNN, invisible
 * marks go, what changes the direction becomes U+FFFD, characters that the locale does not have
 * become "?", and of accents on one character only a few are left. columns: text that is wider is
 * cut, with an ellipsis; FIT_ALL: as wide as it is. pad: blanks are added up to columns. Returns
 * the columns that were added.
 */
enum { FIT_ALL = 0 };
size_t fit_add(struct buf *out, struct span text, size_t columns, bool pad);

#endif
