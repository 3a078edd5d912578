/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_READER_H
#define POPD_READER_H

#include "mailbox.h"

/* Reads one message as it goes over the wire: CRLF, dots stuffed, without the last line ".". */
struct reader {
	const struct generator *generator;	/* else a file or memory */
	uint32_t number;
	uint64_t at, body;
	char header[GENERATE_HEADER_MAX];
	size_t header_len;
	bool header_read;

	int fd;
	const struct text *text;
	size_t text_at;
	bool raw, stuff, spare_first;
	bool line_start, after_cr, ended;
	char *in, *out;
};

/* What to do with dots at the beginning of lines. */
enum stuffing { STUFF_ALL, STUFF_NONE, STUFF_ALL_BUT_FIRST };

bool reader_open(struct reader *r, struct mailbox *box, uint32_t id, enum stuffing stuffing,
	struct problem *p);
/* The next octets, good until the next call; length 0 at the end. */
struct span reader_next(struct reader *r);
void reader_close(struct reader *r);

#endif
