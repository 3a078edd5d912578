/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_UNCHANGED_H
#define AMBIL_UNCHANGED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "local/digest.h"
#include "pop3/pop3.h"

/*
 * An answer to UIDL of which a run left nothing to do is remembered by its digest. When the next
 * answer begins with the same octets, its first part is known mail that stays: neither listing nor
 * state are needed for it, and only what stands behind it is looked at. So an idle poll costs one
 * pass, in constant memory, and new mail in a large mailbox little more.
 *
 * It is only ever a shortcut: where anything is unusual, and once a day, the whole listing is
 * matched with the whole state. STORE_LISTING has the words.
 */
struct fetch;

struct unchanged {
	/* What is remembered. */
	uint64_t octets, lines;
	uint32_t top; /* the highest message number */
	char digest[DIGEST_TEXT];
	int64_t due_s;   /* the first mail is kept long enough then; 0: none will be */
	int64_t noted_s; /* when it was written */
	bool calm;       /* see struct fetch */
	char policy[48]; /* under which nothing was to do */
	/* Of the session at hand. */
	bool usable;  /* may speak for the answer to come */
	bool matched; /* the answer begins with those octets: they are left out of the listing */
	bool ragged;  /* it has lines that are not plain: nothing can be remembered of it */
	bool judged;
	bool holding; /* held has the answer so far, to be listed after all where it does not match
		       */
	struct buf held;
	struct digest running;
	uint64_t came; /* octets */
	size_t again;  /* lines that will be read again */
};
void unchanged_release(struct unchanged *u);

/* Reads what is remembered and decides whether it may speak for this session. */
bool unchanged_recall(struct fetch *f, int64_t now_s, struct error *e) MUST_CHECK;
/* Behind the +OK to UIDL. */
void unchanged_begin(struct fetch *f);
/* Each POP3_LINE, POP3_LINES and the POP3_END of the answer: fills the listing. */
bool unchanged_take(struct fetch *f, const struct pop3_event *ev, struct error *e) MUST_CHECK;
/*
 * After the end. *anew: the listing is empty, and UIDL must be asked once more and read whole,
 * since it is not what is remembered, nor small enough to have been held meanwhile.
 */
bool unchanged_settle(struct fetch *f, bool *anew, struct error *e) MUST_CHECK;
/*
 * After a session in which all that was planned was done: remembers the answer, if nothing of it
 * needs another look.
 */
void unchanged_note(struct fetch *f);

#endif
