/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_MAILDATE_H
#define AMBIL_MAILDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

/*
 * The date of a mail (RFC 5322 s.3.3, and the old forms of s.4.3) in seconds since 1970. What is
 * not understood behind the time is taken for UTC. False: no date, or none that can be.
 */
bool maildate_parse(struct span value, int64_t *seconds);

/* Reads what text_utc() writes. */
bool maildate_parse_utc(struct span text, int64_t *seconds);

#endif
