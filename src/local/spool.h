/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_SPOOL_H
#define AMBIL_LOCAL_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

/*
 * Octets on their way to a destination that takes only whole mails: in memory up to a limit, then
 * in a file without a name in $TMPDIR or /var/tmp (often a disk, where /tmp is often memory).
 * Errors are ERROR_DELIVERY.
 */
struct spool {
	size_t memory_max;
	int fd;            /* -1: nothing has gone to a file */
	uint64_t file_len; /* what the file has; memory goes on from there */
	struct buf memory;
};
enum { SPOOL_CHUNK = 64 * 1024 };

void spool_init(struct spool *s, size_t memory_max);
void spool_release(struct spool *s);
uint64_t spool_len(const struct spool *s);
/*
 * Makes room for SPOOL_CHUNK octets in memory; the caller puts some there and adds to memory.len.
 * pinned: the memory must stay where it is, past the limit if need be.
 */
bool spool_make_room(struct spool *s, bool pinned, struct error *e) MUST_CHECK;
/* Forgets what is behind len. */
void spool_cut_back(struct spool *s, uint64_t len);
/* All octets in the file, which is read from its start next. */
bool spool_to_file(struct spool *s, int *fd, struct error *e) MUST_CHECK;
/* Writes all octets to out, waiting when it is full; shown names out in errors. */
bool spool_copy(const struct spool *s, int out, const char *shown, struct error *e) MUST_CHECK;

#endif
