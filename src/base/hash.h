/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_HASH_H
#define AMBIL_BASE_HASH_H

#include <stdint.h>

#include "base/mem.h"

/*
 * A hash for tables of what a server chooses: without the key nobody can make names that collide.
 * SipHash-2-4 (Aumasson and Bernstein, 2012) of the octets and salt. Not for anything stored.
 */
void hash_new_key(uint64_t key[2]);
uint64_t hash_keyed(const uint64_t key[2], struct span octets, uint32_t salt);

#endif
