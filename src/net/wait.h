/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_WAIT_H
#define AMBIL_NET_WAIT_H

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

/* Private to this folder: the one place that waits, for descriptors, a wish to stop, or a deadline.
 */
enum wait { WAIT_READY, WAIT_STOPPED, WAIT_LATE };

/* fds has room for n + 1 entries; the last one is used for stop_fd (-1: none). */
static inline enum wait wait_for(struct pollfd *fds, size_t n, int stop_fd, int64_t until_ms)
{
	for (;;) {
		int64_t left = until_ms - clock_ms();
		int count;

		fds[n] = (struct pollfd){.fd = stop_fd, .events = POLLIN};
		if (left > INT_MAX)
			left = INT_MAX;
		count = poll(fds, (nfds_t)(n + 1), left > 0 ? (int)left : 0);
		if (count > 0)
			return fds[n].revents ? WAIT_STOPPED : WAIT_READY;
		if ((count < 0 && errno != EINTR) || (count == 0 && clock_ms() >= until_ms))
			return WAIT_LATE;
	}
}

/* The error for WAIT_STOPPED on the way to a connection; false. */
static inline bool wait_stopped(struct error *e)
{
	return error_set(e, ERROR_INTERRUPTED, "interrupted while connecting");
}

#endif
