/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_REPORT_LEAVE_H
#define AMBIL_REPORT_LEAVE_H

#include <stdbool.h>

#include "base/mem.h"

/*
 * Signals and the lines that stand on the terminal only for now: what stops or ends the program at
 * once (Ctrl-Z, Ctrl-\) takes them away first, so that the shell gets a clean terminal. The cursor
 * is expected in the first column of the first of them. In the parent only, one at a time.
 */

/*
 * Takes away all from the line of the cursor on. Not from the first column: with that, tmux saves
 * what it shows among what has been scrolled off, when the line is the first of the screen.
 */
#define LEAVE_ERASE "\r \033[J\r"

/* From now on until leave_forget(); signals that somebody has ignored stay ignored. */
void leave_watch(void);
void leave_forget(void);
/* In a process that was forked meanwhile: the terminal is not its business. */
void leave_to_parent(void);

/* Writes to standard error with those signals held back, and notes whether lines stand there then.
 */
void leave_write(const struct buf *out, bool lines);
/* False when they were taken away. */
bool leave_has_lines(void);
/* How often the size of the terminal may have changed. */
unsigned leave_resized(void);

/* For the handler of a signal that ends the program at once. */
void leave_now(void);

#endif
