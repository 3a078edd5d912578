/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clang-format off */
/*
 * The journal's states, and what a crash in each leaves to do. A batch goes J0 → J1 → J2 → J3; "tmp" is
 * the Maildir's tmp/NAME.
 *
 *   state                   row        tmp    recovery                                  result
 *   J0  not yet prepared    none       maybe  sweeps own tmp names without a row        fetched: once
 *   J1  before the rename   prepared   there  commits it, J2                            once
 *   J1  after the rename    prepared   gone   in new/ or cur/: syncs them, J2           once
 *                                             elsewhere: a reader was quick, or somebody once, unless it
 *                                             swept tmp/: marked as seen, and it stays  was removed: then
 *                                             on the server, which is said              it is there still
 *   J1  older than 36 h,    prepared   gone   others may have purged it: looks in       perhaps twice,
 *       or another tmp/                       new/ and cur/; not there: fetched again   never lost
 *   J2, J3                  delivered  gone   nothing; the plan asks for DELE if due    once
 *
 * An mbox compares length and digest at the recorded place: whole is delivered, and synced; torn at the end of the
 * file is cut off and fetched again; torn with others' mail behind it is unsure. A command and standard
 * output cannot take part: they have no J1, and a crash between their end and J2 delivers that one mail
 * again.
 */
/* clang-format on */
#include "fetch/recover.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct recoverer {
	struct store *store;
	const char *mark;
	int64_t now_s;
	struct recovery *done;
};

/* The rows of one destination. */
struct group {
	const char *destination;
	const struct store_pending *rows;
	size_t n;
};

/* They are told apart by the sink, finished together, and dropped together. */
static bool settle(
	const struct recoverer *r, struct sink *sink, const struct group *group, struct error *e)
{
	const struct store_pending *rows = group->rows;
	struct recovery *done = r->done;
	size_t n = group->n;
	struct store_row *deliver = xcalloc(n, sizeof(*deliver));
	struct receipt *finish = xcalloc(n, sizeof(*finish));
	struct store_key *again = xcalloc(n, sizeof(*again));
	struct store_key *gone = xcalloc(n, sizeof(*gone));
	size_t delivered = 0, unfinished = 0, absent = 0, lost = 0;
	struct error why = {0};
	bool ok = false;

	for (size_t i = 0; i < n; i++) {
		enum sink_state state = sink->ops->recover
			? sink->ops->recover(sink, &rows[i].receipt, rows[i].prepared_s, &why)
			: SINK_ABSENT;

		/* To fetch it again now would be a guess. */
		if (state == SINK_FAILED) {
			*e = why;
			goto end;
		}
		if (state == SINK_UNSURE)
			done->unsure_why = why;
		if (state == SINK_PREPARED)
			finish[unfinished++] = rows[i].receipt;
		if (state == SINK_PREPARED || state == SINK_DELIVERED)
			deliver[delivered++] = (struct store_row){
				.key = rows[i].key, .receipt = rows[i].receipt};
		else if (state == SINK_GONE)
			gone[lost++] = rows[i].key;
		else
			again[absent++] = rows[i].key;
		done->unsure += state == SINK_UNSURE;
		done->refetched += state == SINK_ABSENT;
	}
	if (unfinished && !sink->ops->commit(sink, NULL, finish, unfinished, e))
		goto end;
	if (delivered &&
		!store_delivered(r->store, deliver, delivered, group->destination, r->now_s, e))
		goto end;
	if (absent && !store_forget(r->store, again, absent, e))
		goto end;
	if (lost && !store_mark_seen(r->store, gone, lost, r->now_s, e))
		goto end;
	done->settled += delivered;
	done->gone += lost;
	ok = true;
end:
	free(deliver);
	free(finish);
	free(again);
	free(gone);
	return ok;
}

static bool forget(struct store *store, const struct group *group, struct error *e)
{
	struct store_key *keys = xcalloc(group->n, sizeof(*keys));
	bool done;

	for (size_t i = 0; i < group->n; i++)
		keys[i] = group->rows[i].key;
	done = store_forget(store, keys, group->n, e);
	free(keys);
	return done;
}

/* The destination that a row names is another than today's: the configuration has changed since. */
static bool settle_elsewhere(const struct recoverer *r, const struct sink *today,
	const struct group *group, struct error *e)
{
	struct destination d;
	struct sink *sink;
	struct buf text = {NULL, 0, 0};
	struct error gone;
	bool ok;

	/* In an id the account's name is in place already. */
	for (const char *p = group->destination; *p; p++)
		buf_add(&text, *p == '%' ? "%%" : p, *p == '%' ? 2 : 1);
	buf_add(&text, "", 0);
	ok = destination_parse(text.data, "", "/", &d, e);
	buf_release(&text);
	if (!ok)
		return false;
	/* A destination that is gone, or cannot be used any more, must not stop today's for ever.
	 */
	sink = d.path && access(d.path, F_OK) < 0 ? NULL : sink_open(&d, r->mark, &gone);
	if (sink) {
		sink->limits = today->limits;
		ok = settle(r, sink, group, e);
	} else {
		error_set(&r->done->unsure_why, ERROR_DELIVERY, "%.200s is not there any more",
			d.shown);
		r->done->unsure += group->n;
		ok = forget(r->store, group, e);
	}
	sink_free(sink);
	destination_release(&d);
	return ok;
}

static int by_destination(const void *a, const void *b)
{
	const struct store_pending *x = a, *y = b;
	int order = strcmp(x->destination, y->destination);

	/* Within one destination in the order they were prepared: a torn mbox is cut from the
	 * front. */
	return order ? order : x->order < y->order ? -1 : x->order > y->order;
}

bool recover(struct store *store, struct sink *sink, const struct destination *d, const char *mark,
	int64_t now_s, struct recovery *done, struct error *e)
{
	struct recoverer r = {store, mark, now_s, done};
	struct store_pending *rows = NULL;
	size_t n = 0;
	bool ok = false;

	*done = (struct recovery){0};
	if (!store_pending(store, &rows, &n, e))
		return false;
	if (n)
		qsort(rows, n, sizeof(*rows), by_destination);
	for (size_t i = 0; i < n;) {
		struct group group = {rows[i].destination, rows + i, 1};

		while (i + group.n < n &&
			strcmp(rows[i + group.n].destination, group.destination) == 0)
			group.n++;
		i += group.n;
		if (strcmp(group.destination, d->id) == 0)
			ok = settle(&r, sink, &group, e);
		else
			ok = settle_elsewhere(&r, sink, &group, e);
		if (!ok)
			goto end;
	}
	if (sink->ops->sweep)
		sink->ops->sweep(sink, NULL, 0);
	ok = true;
end:
	store_pending_free(rows, n);
	return ok;
}
