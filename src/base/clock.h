/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_CLOCK_H
#define AMBIL_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* No clock that is right says less: 2026-01-01. A machine that has just started may. */
enum { CLOCK_SANE_S = 1767225600 };

/* Wall time in seconds, for records that outlive the run. */
static inline int64_t clock_wall_s(void)
{
	return (int64_t)time(NULL);
}

/* Time that only runs forward, in milliseconds, for deadlines and rates. */
static inline int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
