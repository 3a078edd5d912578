/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_RACE_H
#define AMBIL_NET_RACE_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/dial.h"

/* Private to this folder: the second half of dial(), with addresses that were found in any way. */

/*
 * Connects to the addresses of list, which is not empty, in the order and at the times of RFC 8305.
 * *fd is the first that is connected; all others are closed. Errors as dial() has them.
 */
bool dial_race(const struct addrinfo *list, const struct endpoint *to, int64_t deadline_ms,
	int stop_fd, int *fd, struct error *e) MUST_CHECK;

#endif
