/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_LOOKUP_H
#define AMBIL_NET_LOOKUP_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/dial.h"

/* Private to this folder: the first half of dial(), from a name to addresses. */

/*
 * The addresses of to->host with its port, of the family that to->ip allows; for freeaddrinfo().
 * Errors as dial() has them.
 */
bool look_up(const struct endpoint *to, int64_t deadline_ms, int stop_fd, struct addrinfo **list,
	struct error *e) MUST_CHECK;

#endif
