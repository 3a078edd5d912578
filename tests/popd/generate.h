/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_GENERATE_H
#define POPD_GENERATE_H

#include "util.h"

enum { GENERATE_HEADER_MAX = 512 };

/* count messages of exactly size octets (CRLF line ends, before dot-stuffing). */
struct generator {
	uint32_t count;
	uint64_t size, seed;
	char *pattern;
};

/* Takes "N:SIZE", SIZE in octets or with K, M, G. */
bool generator_init(struct generator *g, const char *spec, uint64_t seed, struct problem *p);
void generator_release(struct generator *g);

/* The header of message number (from 1), the empty line included; returns its length. */
size_t generator_header(const struct generator *g, uint32_t number,
	char out[static GENERATE_HEADER_MAX]);

/* As much of the body as lies in one piece at octet `at`; the caller knows the body's length:
 * size less the header's. No line of it begins with a dot. */
struct span generator_body(const struct generator *g, uint32_t number, uint64_t length,
	uint64_t at);

#endif
