/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_QUIET_H
#define AMBIL_QUIET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

/*
 * What the runs of an account have come to, and what is said of it where nobody watches: a fault
 * that passes is not worth a mail from cron, and one that stays is worth one a day. Pure.
 *
 * A temporary error of an account that has worked before is said when no run has gone well for
 * quiet_s; a permanent one at once, but for one that was said today and has come back since (some
 * servers refuse a login every now and then): that must last as long. Either is said anew once a
 * day: the same permanent one, however often others come between, and any temporary one. When the
 * account works again, that is said if the failure was.
 */
enum {
	/* Runs of once a day begin now a little sooner, now a little later: each is to say it. */
	QUIET_REMIND_S = 23 * 3600,
	QUIET_SAID_MAX = 4,
	QUIET_TAKEN_S = 7200,
};

/* A permanent error that was said: its words but for numbers, which may be others in each run. */
struct quiet_said {
	uint64_t words; /* a hash */
	int64_t at_s;   /* 0: there is none */
};

struct quiet {
	int64_t worked_s;  /* when a run went well last; 0: none ever did, or it is not known */
	int64_t since_s;   /* the first failed run since; 0: the last run went well, or none was */
	int64_t failed_s;  /* the last of them */
	int64_t said_s;    /* when one of them was said last; 0: none was */
	uint32_t failures; /* how many of them */
	struct error last; /* why the last of them failed, in English; without a remedy */
	char language[16]; /* of the next two; empty: there are none */
	char local[600], local_why[360];        /* the same, as that run has told it */
	struct quiet_said said[QUIET_SAID_MAX]; /* the latest first */
	int64_t taken_s; /* since when runs find that another one has the account; 0: they do not */
	int64_t taken_said_s; /* when that was said last; 0: it was not */
};

/*
 * A run has failed with e, which is taken down: whether that is said where nobody watches. quiet_s
 * 0: always. Then e gets words on how long it has been so, where there is more than e to tell.
 */
bool quiet_failed(struct quiet *q, struct error *e, int64_t quiet_s, int64_t now_s);
/* The same where somebody watches: nothing is kept from him, and it does not count as said. */
void quiet_failed_by_hand(struct quiet *q, const struct error *e, int64_t now_s);

/*
 * A run has found that another one has the account, which is no failure unless that one has got
 * stuck: whether that is said, since it has been so for quiet_s (0: QUIET_TAKEN_S), *lasts_s.
 */
bool quiet_taken(struct quiet *q, int64_t quiet_s, int64_t now_s, int64_t *lasts_s);

/* How it ended: runs that failed, and for how long; lasted_s -1: the clock was not right then. */
struct quiet_end {
	uint32_t failures;
	int64_t lasted_s;
};
/* A run has gone well: whether it is said that the account works again, with what is in *end. That
 * is where silence may mean a failure; so with quiet_s 0 it is not. */
bool quiet_worked(struct quiet *q, int64_t quiet_s, int64_t now_s, struct quiet_end *end);

/* Why the last run failed: in the language of this one, if it was told in that, else in English. */
const char *quiet_words(const struct quiet *q, const char **why);

/* Seconds since the runs fail; -1: the clock was not right then, or is not now. */
int64_t quiet_lasts_s(const struct quiet *q, int64_t now_s);

/*
 * As text, to be kept. What does not read as it was written is as good as nothing: false. When a
 * run went well last is told by the file's own time while none has failed since: *worked, and
 * q->worked_s is to be set from that.
 */
void quiet_write(const struct quiet *q, struct buf *out);
bool quiet_read(struct quiet *q, struct span text, bool *worked);

#endif
