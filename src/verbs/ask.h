/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_ASK_H
#define AMBIL_VERBS_ASK_H

#include <signal.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"

/* Questions to whoever sits at the terminal; those for a secret are in auth/prompt.h. */

/*
 * Asks for one line, by words and a blank that the answer stands behind, and appends the answer to
 * the empty buffer, without its line end and the blanks around it. ERROR_INTERRUPTED: *stop is not
 * 0, or there will be no answer (Ctrl-D); ERROR_CONFIG: no terminal.
 */
bool ask_line(const char *question, const volatile sig_atomic_t *stop, struct buf *answer,
	struct error *e) MUST_CHECK;
/* The same until one of the letters is the answer, in either case; an empty one is the first
 * letter. */
bool ask_letter(const char *question, const char *letters, const volatile sig_atomic_t *stop,
	char *answer, struct error *e) MUST_CHECK;

#endif
