/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_REPORT_PROGRESS_H
#define AMBIL_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "report/report.h"

/*
 * How far one account is, and the words for it. Pure: nothing is written, and the time comes from
 * outside, in milliseconds that only run forward. Needs the locale (LC_CTYPE) for widths.
 */

enum { PROGRESS_SAMPLES = 16 };
/* Of what has come: listed are its octets as LIST counts them. */
struct progress_counts {
	uint64_t mails, octets, listed;
};
struct progress_sample {
	int64_t ms;
	struct progress_counts counts;
};

/* Begins as zeros. */
struct progress {
	bool active;    /* has something to show: is at work */
	bool ended;     /* will show nothing more */
	bool asks;      /* a command of the user's may be asking something */
	bool stepping;  /* the step is the latest that is known, not the counts */
	char step[320]; /* as large as the report, so that no character is cut in two */
	struct progress_counts done;
	uint64_t mails_total, listed_total; /* listed_total 0: not known */
	unsigned reached;                   /* per mille that were shown: it does not go back */
	struct progress_sample samples[PROGRESS_SAMPLES]; /* the oldest first */
	size_t samples_n;
};

/* What a report says of it. */
void progress_take(struct progress *p, const struct report *what);
/* For the rate; may be called as often as one likes. */
void progress_sample(struct progress *p, int64_t now_ms);
/* Time has passed in which nothing could be done. */
void progress_forget_rate(struct progress *p);

struct progress_look {
	size_t name_width; /* columns of the widest name */
	bool utf8, color;
	bool stopping; /* all that is still done is to end in good order */
};

/*
 * Adds one line, without its end, of at most so many columns: name, bar, per cent, messages,
 * octets, rate, time left; of these what has room. Sizes are what the server said: whatever they
 * were, it is never more than 100 %, and 100 only when all has come.
 */
void progress_line(struct buf *out, const struct progress *p, const char *name,
	const struct progress_look *look, size_t columns, int64_t now_ms);
/*
 * The same for all n accounts together, of which shown ones have a line of their own: how many have
 * ended, how many more are at work, how many wait, the rate of all.
 */
void progress_summary(struct buf *out, const struct progress *all, size_t n, size_t shown,
	size_t columns, int64_t now_ms);

#endif
