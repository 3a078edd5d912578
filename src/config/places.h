/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_PLACES_H
#define AMBIL_PLACES_H

#include <stdbool.h>

#include "base/error.h"

/* Where a user's files are, by the environment and the XDG base directory specification. Fresh
 * strings. */

/* $HOME, else the password database. */
char *places_home(void);
char *places_user_config(const char *home);
char *places_state_dir(const char *home);
/* The system's configuration, as it was set when the program was built. */
const char *places_system_config(void);
/*
 * The folder that must exist for state to be kept in state_dir: what is below it may be made. It is
 * the home folder; elsewhere what holds XDG_STATE_HOME, or state_dir itself. So nothing is put into
 * the empty place of a home that is not mounted.
 */
char *places_state_root(const char *state_dir, const char *home);
/* The configuration of mpop, where it looks for one; NULL when there is none. */
char *places_mpop_config(const char *home);
/* The same for fdm, and for the folder of getmail's configuration, which may hold none. */
char *places_fdm_config(const char *home);
char *places_fdm_lock(const char *home);
char *places_getmail_folder(const char *home);
/* The same for fetchmail; the folder that its other files are in; and the file that names its
 * process while it runs. */
char *places_fetchmail_config(const char *home);
char *places_fetchmail_folder(const char *home);
char *places_fetchmail_pid_file(const char *home);
/* The one for all users of this machine, which init starts as a user of its own, and that user's
 * other files; the list fresh, NULL when there is none. */
const char *places_fetchmail_system(void);
char *places_fetchmail_system_list(void);
const char *places_fetchmail_system_pid_file(void);
/* Makes state_dir below that folder, which itself is not made. ERROR_STORE. */
bool places_make_state(const char *state_dir, struct error *e) MUST_CHECK;
/*
 * The configuration to read: named, else $AMBIL_CONFIG, else the user's, else the system's. When
 * none of them exists, *found is false and the path is that of the first one. *by_name: it was
 * asked for by its name.
 */
char *places_config(const char *named, bool *found, bool *by_name);

#endif
