/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_CHECK_H
#define AMBIL_VERBS_CHECK_H

#include "config/config.h"

/*
 * What makes every run of an account of a sound file fail, as far as it can be seen without the
 * network: a login that may not be sent, a command, a password file or certificates that are not
 * there. Each sentence once; empty: nothing. For config_errors_release().
 */
void config_faults(const struct config *config, struct config_errors *found);

#endif
