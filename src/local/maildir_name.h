/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_MAILDIR_NAME_H
#define AMBIL_LOCAL_MAILDIR_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "local/kinds.h"

/*
 * The names of mails in a Maildir: unique on all machines that may share the folder, as
 * https://cr.yp.to/proto/maildir.html asks for ("SECONDS.M…P…Q….HOST"), and with a mark of the
 * account, so that a later run knows what this one left in tmp/. For maildir.c only.
 */
enum { MAILDIR_NAME_ROOM = 176, MAILDIR_MARK_ROOM = 24 };
struct maildir_names {
	char host[SINK_HOST_ROOM], mark[MAILDIR_MARK_ROOM];
	char process[32];                                   /* "P4711Q", before the count */
	char tail[SINK_HOST_ROOM + MAILDIR_MARK_ROOM + 16]; /* what stands behind it */
	size_t process_len, tail_len;
	uint32_t count; /* names that were made */
};

/* account: unique to the account and its state, as sink_open() has it. Call it in the process that
 * delivers. */
void maildir_names_init(struct maildir_names *n, const char *account);
/* A name that was never made before. */
void maildir_name_make(struct maildir_names *n, char out[MAILDIR_NAME_ROOM]);
/* Whether a name has the form of ours, and leads nowhere else: the journal is a file, and files can
 * be damaged. */
bool maildir_name_fits(const char *name);
/* Whether a run of this account on this machine has made it. */
bool maildir_name_is_ours(const struct maildir_names *n, const char *name);

#endif
