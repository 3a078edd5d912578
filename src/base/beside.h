/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_BESIDE_H
#define AMBIL_BASE_BESIDE_H

#include "base/mem.h"

/*
 * A new file beside the one that it will replace. A writer that is killed leaves it there, perhaps
 * with a password in it, so that the next one sweeps: the name says whose it is, and a kernel
 * (fcntl) lock, which ends with the process, whether somebody still writes it.
 */

/* An empty private file "PATH.ambil-new.XXXXXX", locked until the descriptor is closed, by this or
 * any other that the process has on it; *name is fresh. -1 with errno set, *name is NULL then. */
int beside_open(const char *path, char **name);
/*
 * Removes those in folder that nobody writes any more: regular files of this user, under such a
 * name, without a lock. Not while this process has one of its own there, whose lock it cannot see.
 */
void beside_sweep(const char *folder);
/* The same in the folder that holds path. */
void beside_sweep_at(const char *path);

#endif
