/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_FINGERPRINT_H
#define AMBIL_LOCAL_FINGERPRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "local/digest.h"
#include "local/header.h"

/*
 * 64 bits that a mail keeps when its server gives it another UID: of the first Message-ID, Date,
 * From and Subject of its header, with white space made equal. The same at every cut of the octets,
 * with CRLF or LF, from RETR and from TOP, and on every machine: it is stored. Pure.
 */
enum { FINGERPRINT_FIELDS = 4 };
struct fingerprint {
	struct header_scan header;
	struct digest value; /* of the field being read */
	bool any, blank;     /* octets are in value; white space stands behind them */
	bool read[FINGERPRINT_FIELDS];
	uint64_t fields[FINGERPRINT_FIELDS]; /* 0: missing or empty */
	bool done;
};
void fingerprint_init(struct fingerprint *f);
void fingerprint_add(struct fingerprint *f, struct span octets);
/* Ends it. 0 for a mail with neither Message-ID nor Date: too many look like that one. */
uint64_t fingerprint_value(struct fingerprint *f);

#endif
