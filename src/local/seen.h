/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_SEEN_H
#define AMBIL_LOCAL_SEEN_H

#include "local/store.h"

/* How the store fills a struct seen_set; what others do with it is in store.h. */

/* Room for exactly n rows, whose UIDs have uid_octets together. n < 2^31. */
struct seen_set *seen_set_new(size_t n, size_t uid_octets);
/* Copies row and its UID. false, nothing done: its key is there already, or the room is used up. */
bool seen_set_add(struct seen_set *set, const struct seen *row);

#endif
