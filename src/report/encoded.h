/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_ENCODED_H
#define AMBIL_ENCODED_H

#include "base/mem.h"

/*
 * Values of header fields made readable: encoded words (RFC 2047), folded lines, names of senders.
 * A value is what stands behind the colon, line ends and all; octets behind ENCODED_MAX are not
 * looked at. What comes out is meant to be UTF-8, but holds whatever a mail says: control
 * characters too, and octets that are no UTF-8. It is not fit for a terminal before fit_add().
 */
enum { ENCODED_MAX = 4000 };

/*
 * Adds the text of an unstructured field (Subject). A word that is broken, or in a character set
 * that is not known here, stays as it is written.
 */
void encoded_add(struct buf *out, struct span value);

/*
 * Adds the first sender of a From field (RFC 5322 s.3.4): his name, decoded, and his address. Each
 * may be empty; what is no address at all is taken for a name.
 */
void encoded_sender(struct buf *name, struct buf *address, struct span value);

#endif
