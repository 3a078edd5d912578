/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_DURABLE_H
#define AMBIL_LOCAL_DURABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

/*
 * Makes a batch of new files in one folder durable: their octets and their names. Chooses between
 * one sync of the whole file system and an fsync for each file from several threads, by what each
 * has cost in this run. Used by one thread at a time.
 */
enum durable_way { DURABLE_EACH, DURABLE_WHOLE, DURABLE_WAYS };
struct durable {
	int folder;         /* borrowed: the folder of all files */
	bool whole_trusted; /* the kernel reports what a whole sync could not write */
	int64_t us_per_file[DURABLE_WAYS]; /* of the last batch that went this way; 0: not known */
	unsigned since[DURABLE_WAYS];      /* batches that went the other way since */
};
void durable_init(struct durable *d, int folder);

struct durable_file {
	const char *name;
	int fd; /* open for writing, or -1: opened again if it must be */
};
/*
 * False with errno set and, where one file is to blame, *which: something may not be on disk. The
 * descriptors stay open.
 */
bool durable_sync(
	struct durable *d, const struct durable_file *files, size_t n, size_t *which) MUST_CHECK;

#endif
