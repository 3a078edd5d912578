/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_MAILBOX_H
#define POPD_MAILBOX_H

#include <pthread.h>

#include "generate.h"
#include "uid.h"
#include "util.h"

/* How all mailboxes of a server present their mail. */
struct mailbox_style {
	bool raw;			/* files hold CRLF already: no conversion of line ends */
	bool exclusive;			/* one session at a time */
	enum uid_format uid_format;
	uint32_t uid_same[2];		/* the second has the first's unique-id; 0 = none */
	uint64_t seed;
};

/* One message of a folder or of the sample. Never changed or freed before the mailbox. */
struct item {
	char *name, *path;	/* path is NULL for mail in memory */
	struct text text;
	uint64_t size;		/* as transferred, before dot-stuffing */
	uint64_t length;	/* on disk */
	int64_t changed_s;
};

/* Shared between sessions; the functions lock it. */
struct mailbox {
	pthread_mutex_t lock;
	struct mailbox_style style;
	char *folder;			/* NULL unless mail is files */
	struct generator generator;	/* count 0 unless mail is generated */
	struct item **items;		/* by id - 1 */
	uint32_t count;			/* ids run from 1 to count */
	bool *gone;			/* by id - 1; NULL while nothing is */
	bool in_use;
};

/* What one session sees: message n is ids[n - 1]. */
struct snapshot {
	uint32_t *ids;
	uint32_t count;
	bool *deleted;
	uint64_t octets;
};

/* spec: "sample", "N:SIZE" (generated), "empty" or a folder. */
struct mailbox *mailbox_new(const char *spec, const struct mailbox_style *style,
	struct problem *p);
void mailbox_free(struct mailbox *box);

enum mailbox_opened { MAILBOX_OPENED, MAILBOX_IN_USE, MAILBOX_BROKEN };

/* Reads the folder anew, so that mail put there since is found. */
enum mailbox_opened mailbox_open(struct mailbox *box, struct snapshot *out, struct problem *p);
/* Removes what the snapshot has marked as deleted; files are unlinked. */
bool mailbox_remove_deleted(struct mailbox *box, const struct snapshot *snap, struct problem *p);
void mailbox_close(struct mailbox *box, struct snapshot *snap);

uint64_t mailbox_size(struct mailbox *box, uint32_t id);
void mailbox_uid(struct mailbox *box, uint32_t id, char out[static UID_MAX]);

/* Borrowed until the mailbox is freed; NULL for generated mail. */
const struct item *mailbox_item(struct mailbox *box, uint32_t id);

#endif
