/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_SCREEN_H
#define AMBIL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

/* How large a terminal is, and how much room text takes on it. */

/*
 * For text that is written once: what COLUMNS says, else what the terminal behind fd says, else 80.
 * What can be said of something that is no terminal is for the caller to know.
 */
size_t screen_columns(int fd);
/*
 * For what is drawn again and again: what the terminal behind fd says at this moment; COLUMNS and
 * LINES, else 80 and 24, only where there is none, or it does not know.
 */
void screen_size(int fd, size_t *columns, size_t *rows);

/* How many columns text takes in the locale's characters; escape sequences for colour take none. */
size_t screen_width(const char *text);
/* True if the locale has all of Unicode. */
bool screen_utf8(void);

#endif
