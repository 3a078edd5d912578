/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_RELAY_H
#define POPD_RELAY_H

#include <stdint.h>

/* Puts a long line between the client at fd and a session: what the session sends arrives ms
 * later, in order and without holding up what comes behind. Takes fd; returns the session's end. */
int relay_start(int fd, uint64_t ms);

#endif
