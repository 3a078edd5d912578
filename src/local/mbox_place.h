/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_MBOX_PLACE_H
#define AMBIL_LOCAL_MBOX_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "local/sink.h"

/*
 * Where in an mbox a mail was going to stand, as its receipt has it, and what has become of it
 * there. Offsets and lengths are octets of the file. For mbox.c only.
 */
enum {
	MBOX_BATCH_MAX = 256,  /* mails that are appended in one go, at most */
	MBOX_ANCHOR_TEXT = 17, /* with its NUL */
	MBOX_PAD_MAX = 2, /* newlines between the last mail in the file and the first of ours */
};
struct mbox_place {
	uint64_t base;           /* the size of the file before the batch was appended */
	uint64_t offset, length; /* of the mail, From_ line and empty line included */
	uint64_t twins; /* mails before it in the batch that are the same, octet for octet: so that
			   one is not found in the place of another */
	struct span digest;
	struct span anchor; /* what mbox_anchor() gave for base */
	struct span head;   /* how the mail begins: all or a part of its From_ line */
};

void mbox_place_write(const struct mbox_place *p, struct receipt *r);
/* False for a receipt that cannot be one of ours. *p points into *r. */
bool mbox_place_read(const struct receipt *r, struct mbox_place *p) MUST_CHECK;
/* What stands right before an offset, digested: the same later, if nobody has rewritten the file.
 * False with errno set. */
bool mbox_anchor(int fd, uint64_t base, char out[MBOX_ANCHOR_TEXT]) MUST_CHECK;
/*
 * After a crash, in the file path, which is locked and open for writing as fd: a torn mail is cut
 * off, and what is called delivered is durable. SINK_FAILED with errno set; SINK_UNSURE: looked
 * everywhere.
 */
enum sink_state mbox_place_examine(int fd, const char *path, const struct mbox_place *p);

#endif
