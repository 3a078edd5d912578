/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_BASE64_H
#define AMBIL_BASE_BASE64_H

#include "base/mem.h"

/* RFC 4648 s.4. Both leave no copies behind: what they give can be wiped. */

/* A fresh string without line ends. */
char *base64_encode(const void *octets, size_t len);
/*
 * Appends what text stands for. False, with nothing appended, when it is no base64 by the letter:
 * white space, a missing "=", or bits behind the last octet.
 */
bool base64_decode(struct span text, struct buf *out) MUST_CHECK;

#endif
