/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_SETUP_H
#define AMBIL_VERBS_SETUP_H

#include <signal.h>
#include <stdbool.h>

#include "cli.h"

/*
 * "ambil setup": adds an account, or changes one, in a dialog; with --no-input, or without a
 * terminal, by what the options say. Nothing is written before all is known and the login was
 * tried; what is written is there as a whole, or not at all. stop_fd is readable once *stop, a
 * signal, is not 0. The exit code.
 */
int verb_setup(const struct cli *cli, const volatile sig_atomic_t *stop, int stop_fd);

#endif
