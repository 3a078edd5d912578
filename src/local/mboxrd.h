/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_MBOXRD_H
#define AMBIL_LOCAL_MBOXRD_H

#include "local/digest.h"
#include "local/quote.h"
#include "local/sink.h"
#include "local/spool.h"
#include "local/stamp.h"

/*
 * Writes one mail as mboxrd into a spool: From_ line, Received: if wanted, the quoted mail, an
 * empty line. The From_ line needs the header's sender, so it is put in front once the header has
 * been read.
 */
enum { MBOXRD_HEAD_MAX = 100 };
struct mboxrd {
	struct spool *spool;
	uint64_t start; /* of the mail in the spool */
	bool placed;    /* the From_ line is in its place */
	int64_t now_s;
	struct quote quote;
	struct stamp_scan scan;
	struct digest digest;           /* of all octets put into the spool */
	char head[MBOXRD_HEAD_MAX + 1]; /* how the From_ line begins */
};
/* spool is borrowed until mboxrd_end(). my_host NULL: no Received: field. */
bool mboxrd_begin(struct mboxrd *m, struct spool *spool, const struct mail_info *mail,
	const char *my_host, struct error *e) MUST_CHECK;
bool mboxrd_write(struct mboxrd *m, struct span octets, struct error *e) MUST_CHECK;
bool mboxrd_end(struct mboxrd *m, struct error *e) MUST_CHECK;

#endif
