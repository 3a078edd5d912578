/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_PLAN_H
#define AMBIL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "local/store.h"

/* What to fetch and what to remove, and why. Pure: no I/O, no clock; cannot fail. */

enum keep { KEEP_FOREVER, KEEP_NOT, KEEP_FOR };
struct policy {
	enum keep keep;
	int64_t keep_s;     /* KEEP_FOR: since delivery here */
	uint64_t size_max;  /* 0: no limit */
	uint32_t fetch_max; /* 0: no limit */
	bool all;           /* fetch again what was delivered before */
};

/* Whether a mail is the one that its row is about, by its header. */
enum identity { IDENTITY_UNKNOWN, IDENTITY_SAME, IDENTITY_OTHER };
struct listed {
	uint32_t msg;
	uint64_t size;           /* as LIST said: a hint; 0 unknown, or none */
	struct store_key key;    /* empty uid: the server has none */
	const struct seen *seen; /* NULL: never seen */
	bool sized;              /* LIST did say a size */
	bool twin;               /* shares its UID with another, listed or known */
	bool doubtful;           /* its row comes from another server: the UID alone says nothing */
	enum identity identity;
	bool set_aside; /* it has failed in this run already */
};

enum plan_why {
	PLAN_NEW,          /* fetch */
	PLAN_AGAIN,        /* fetch: asked for with --all */
	PLAN_RETRY,        /* fetch, behind the others: it failed before */
	PLAN_SEEN,         /* delivered before, stays */
	PLAN_MARKED,       /* marked as seen without delivery, stays */
	PLAN_KEPT,         /* delivered before, its retention period runs */
	PLAN_EXPIRED,      /* remove: its retention period is over */
	PLAN_DELETE,       /* remove: delivered before, the account keeps nothing */
	PLAN_DELETE_AGAIN, /* remove: deleted before, but listed still */
	PLAN_DOUBT,        /* due to be removed, but perhaps another mail: stays */
	PLAN_TOO_BIG,      /* larger than size_max: stays */
	PLAN_SET_ASIDE,    /* new, but it has failed in this run already: next time */
	PLAN_OVER_LIMIT,   /* new, but fetch_max is reached: next time */
	PLAN_WHYS
};
/* A sentence part for --dry-run, for people: "new", "seen before", … */
const char *plan_why_text(enum plan_why why);

/*
 * Whether the row of a mail is about another one that had this UID before, as far as can be told:
 * one that was removed stands for no mail that cannot be shown to be the same.
 */
bool plan_is_another_mail(const struct listed *mail);
/* Whether it would be removed now, if it is the one that was delivered. */
bool plan_may_remove(const struct listed *mail, const struct policy *policy, int64_t now_s);
/* When a mail that is known is to be deleted there, if it still is there; 0: never, as far as is
 * known. */
int64_t plan_due_s(const struct seen *seen, const struct policy *policy, int64_t now_s);
/* Whether its identity decides what becomes of it, and can be found out. */
bool plan_needs_identity(const struct listed *mail, const struct policy *policy, int64_t now_s);

struct plan_item {
	uint32_t index; /* into the listing */
	enum plan_why why;
	bool fetch;
	bool remove; /* with fetch: once delivered */
};

struct plan {
	struct plan_item *
		items; /* one for each listed mail: what is fetched first, in order, retries last */
	size_t n;
	size_t fetch, remove_now, seen, too_big, over_limit, doubt; /* doubt: of seen */
	uint64_t fetch_octets; /* by LIST; 0 when sizes are unknown */
};
/* Keeps pointers to nothing. Free with plan_release(). */
void plan_make(struct plan *plan, const struct listed *listing, size_t n,
	const struct policy *policy, int64_t now_s);
void plan_release(struct plan *plan);

#endif
