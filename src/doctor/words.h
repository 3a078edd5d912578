/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_DOCTOR_WORDS_H
#define AMBIL_DOCTOR_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/* What servers tell, in words for people. Pure; what comes out is fit for a terminal. */

/* What a line of CAPA means (RFC 2449 s.6 and those that add to it). */
void words_capability(char *out, size_t room, struct span line);

/* The certificate's last day is near, or past. */
enum { WORDS_ENDS_SOON_S = 14 * 86400 };
/* "2027-02-11". */
void words_day(char *out, size_t room, int64_t when_s);
/* "9 years left", "77 days left", "1 day left", "ends today", "ended 3 days ago". */
void words_left(char *out, size_t room, int64_t until_s, int64_t now_s);
/* "2027-02-11 10:30:00 UTC". */
void words_moment(char *out, size_t room, int64_t when_s);

#endif
