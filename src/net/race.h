/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_RACE_H
#define AMBIL_NET_RACE_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/dial.h"

/* Private to this folder: the second half of dial(), with addresses that were found in any way. */

/*
 * Connects to the addresses of list, which is not empty, in the order and at the times of RFC 8305,
 * from to->source. *fd is the first that is connected; all others are closed. Errors as dial() has
 * them. *report is filled in.
 */
bool dial_race(const struct addrinfo *list, const struct endpoint *to, int64_t deadline_ms,
	int stop_fd, struct dial_report *report, int *fd, struct error *e) MUST_CHECK;
/* Only fills *report in: the addresses that dial_race() would try. ERROR_CONFIG: none, as
 * to->source is of the other family. */
bool race_line_up(const struct addrinfo *list, const struct endpoint *to,
	struct dial_report *report, struct error *e) MUST_CHECK;

#endif
