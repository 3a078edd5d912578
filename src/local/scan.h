/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_SCAN_H
#define AMBIL_LOCAL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "local/digest.h"

/* Looking through a file by position, in constant memory. False or -1: errno is set. */

/* Exactly len octets at offset; EIO when the file is shorter. */
bool scan_read(int fd, uint64_t offset, void *out, size_t len);
bool scan_digest(int fd, uint64_t offset, uint64_t len, struct digest *d);
/* The first From_ line that begins at offset or behind it; size when there is none. */
bool scan_from(int fd, uint64_t offset, uint64_t size, uint64_t *at);
/*
 * 1: a From_ line stands anywhere between offset and size, at the start of a line or not: another
 * program has appended its mail to a last line without an end. It is told from prose by its time
 * and year (RFC 4155). 0: none does.
 */
int scan_glued_from(int fd, uint64_t offset, uint64_t size);
/* 1: all octets from offset up to size are zero; 0: not. */
int scan_zeros(int fd, uint64_t offset, uint64_t size);

#endif
