/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_AUTHORITIES_H
#define AMBIL_NET_AUTHORITIES_H

#include "base/mem.h"

/*
 * Private to this folder; pure. Of all authorities of a system, those of a few names.
 *
 * bundle is PEM, many certificates one behind the other. Appends to *pem those that hold one of the
 * names (in DER, as in a certificate's issuer): at least all whose own name it is. What cannot be
 * read is left out. Returns how many.
 */
size_t authorities_pick(
	struct span bundle, const struct span *names, size_t n, struct buf *pem) MUST_CHECK;

#endif
