/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_PROCESS_H
#define AMBIL_PROCESS_H

/* What belongs to the whole process and is set up once, by main: locale, signals, standard
 * descriptors, core dumps. */

#include <signal.h>
#include <stdbool.h>

/* The number of the first signal that asked to stop; 0: none has. */
extern volatile sig_atomic_t process_stop;
/* How often the program was stopped by Ctrl-Z and went on. */
extern volatile sig_atomic_t process_continued;

/* Before anything is opened. words: people will read them, in the language of the locale. False,
 * with errno: a standard descriptor cannot be had. */
bool process_set_up(bool words);
/* A descriptor that can be read from once process_stop is set; -1, with errno. */
int process_signals(void);

#endif
