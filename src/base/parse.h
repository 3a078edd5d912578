/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_PARSE_H
#define AMBIL_BASE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

/* Strict readers: the whole span must fit; no sign, no space; false leaves *out untouched. */
bool parse_u32(struct span s, uint32_t max, uint32_t *out);
bool parse_u64(struct span s, uint64_t max, uint64_t *out);
/* "60s", "5m", "2h", "14d": seconds. A bare number is refused: its unit would be a guess. */
bool parse_age(struct span s, int64_t *seconds);
/* "4096", "64k", "10M", "2G": octets, in powers of 1024. */
bool parse_size(struct span s, uint64_t *octets);
bool parse_bool(struct span s, bool *out); /* true, false, yes, no, on, off */

/* "%XX" of a URL resolved (RFC 3986 s.2.1); fresh. NULL for a "%" without two digits, or where a
 * control character comes out. */
char *parse_percent(struct span s);
/* 0 to 15; -1: no hexadecimal digit. */
int parse_hex_digit(char c);

#endif
