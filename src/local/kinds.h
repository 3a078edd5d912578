/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_KINDS_H
#define AMBIL_LOCAL_KINDS_H

#include "local/sink.h"

/* What the kinds of destination and sink.c share; private to this room. */

struct sink *maildir_open(const struct destination *d, const char *account, struct error *e);
struct sink *mbox_open(const struct destination *d, const char *account, struct error *e);
struct sink *pipe_open(const struct destination *d, const char *account, struct error *e);
struct sink *stdout_open(const struct destination *d, const char *account, struct error *e);

/* How long a locked mbox is waited for; 30 s unless told. */
void mbox_set_patience(struct sink *k, int64_t patience_ms);

/* ERROR_DELIVERY with the user's own words when the folder that is to hold d->path is missing. */
bool sink_check_parent(const struct destination *d, struct error *e) MUST_CHECK;
/* This machine's name with '/' and ':' (which end a Maildir name) and what is no plain text
 * replaced. */
enum { SINK_HOST_ROOM = 64 };
void sink_my_host(char *out, size_t room);

#endif
