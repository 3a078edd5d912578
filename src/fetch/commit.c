/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One queue in, one queue out, and a thread between them, or several that are all alike where the
 * destination is a command. For each batch the four steps of a message's life that touch the disk:
 * prepare, journal, commit, journal (recover.c has the table of what a crash between them means).
 * Where the next batch is there already, and nobody else has to be waited for, the second entry of
 * one and the first of the next are one, which saves a sync: until then the first batch is held,
 * and may not be deleted on the server. A failure of the destination or the journal stops
 * everything behind it; a failure of one mail (its command said "later" or "no") is noted in the
 * state and the next batch goes on. The threads begin with the first batch: most runs have none,
 * and would only wait for a processor to start and to end one.
 */
#include "fetch/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

struct node {
	struct commit_batch *batch;
	struct node *next;
};
struct queue {
	struct node *first, **last;
};

enum { JOBS_MAX = 64 };

struct commit {
	struct sink *sink;
	const char *destination;
	struct store *store;
	bool journal;
	pthread_t threads[JOBS_MAX];
	size_t threads_n;
	pthread_mutex_t store_mutex;
	pthread_mutex_t mutex; /* guards the queues, stop, cancelled and failed */
	pthread_cond_t work;
	struct error failed; /* what stopped everything */
	struct queue in, out;
	bool stop, cancelled;
	int wake[2];
	size_t pending;   /* the caller's side only */
	uint64_t backlog; /* the caller's side only */
};

static void put(struct queue *q, struct commit_batch *b)
{
	struct node *node = xcalloc(1, sizeof(*node));

	node->batch = b;
	*q->last = node;
	q->last = &node->next;
}

static struct commit_batch *get(struct queue *q)
{
	struct node *node = q->first;
	struct commit_batch *b;

	if (!node)
		return NULL;
	b = node->batch;
	q->first = node->next;
	if (!q->first)
		q->last = &q->first;
	free(node);
	return b;
}

void commit_batch_free(struct commit_batch *b)
{
	if (!b)
		return;
	free(b->mails);
	free(b->receipts);
	free(b);
}

static struct store_row *rows_of(const struct commit_batch *b)
{
	struct store_row *rows = xcalloc(b->n, sizeof(*rows));

	for (size_t i = 0; i < b->n; i++) {
		rows[i] = b->mails[i].row;
		rows[i].receipt = b->receipts[i];
	}
	return rows;
}

/* A batch on its way through the steps. All zero: none. */
struct work {
	struct commit_batch *batch;
	struct store_row *rows; /* once it is prepared */
	bool begun;
	bool committed;
	bool keep; /* its octets on disk may be named by the journal */
};

/* Both entries at once: that delivered (may be none) is, and that next (may be none) is prepared.
 */
static bool note(
	struct commit *c, const struct work *delivered, const struct work *next, struct error *e)
{
	int64_t now_s = clock_wall_s();
	bool done;

	pthread_mutex_lock(&c->store_mutex);
	if (delivered->batch && next->batch)
		done = store_turned(c->store, delivered->rows, delivered->batch->n, next->rows,
			next->batch->n, c->destination, now_s, e);
	else if (next->batch)
		done = store_prepared(
			c->store, next->rows, next->batch->n, c->destination, now_s, e);
	else
		done = store_delivered(
			c->store, delivered->rows, delivered->batch->n, c->destination, now_s, e);
	pthread_mutex_unlock(&c->store_mutex);
	return done;
}

static bool note_failed(struct commit *c, const struct commit_batch *b, struct error *e)
{
	bool done;

	pthread_mutex_lock(&c->store_mutex);
	done = store_failed(c->store, b->mails[0].row.key, b->error.text, clock_wall_s(), e);
	pthread_mutex_unlock(&c->store_mutex);
	return done;
}

/*
 * A mail that was prepared and is nowhere now, moments later, was removed by another program: its
 * row must not speak for it in the next run.
 */
static void forget_lost(struct commit *c, struct commit_batch *b)
{
	const struct sink_ops *ops = c->sink->ops;
	struct error ignored;

	pthread_mutex_lock(&c->store_mutex);
	for (size_t i = 0; ops->is_lost && i < b->n; i++)
		if (ops->is_lost(c->sink, &b->receipts[i]))
			(void)!store_forget(c->store, &b->mails[i].row.key, 1, &ignored);
	pthread_mutex_unlock(&c->store_mutex);
}

static bool concerns_one_mail(const struct commit_batch *b)
{
	return b->n == 1 && (b->error.kind == ERROR_LATER || b->error.kind == ERROR_REFUSED);
}

/* The batch has failed. Returns why everything stops, or nothing. */
static struct error judge(struct commit *c, const struct work *w)
{
	struct commit_batch *b = w->batch;
	struct error stops = {.kind = ERROR_NONE};

	if (!concerns_one_mail(b)) {
		if (w->keep)
			forget_lost(c, b);
		return b->error;
	}
	if (c->journal && !note_failed(c, b, &stops))
		b->error = stops;
	return stops;
}

/* What the sink has of the batch. */
static void let_go(struct commit *c, struct work *w)
{
	if (w->batch->sink)
		c->sink->ops->batch_free(c->sink, w->batch->sink, w->keep);
	w->batch->sink = NULL;
}

/* Hands the batch back, delivered or not. */
static void finish(struct commit *c, struct work *w)
{
	struct commit_batch *b = w->batch;
	struct error stops = {.kind = ERROR_NONE};
	ssize_t ignored;

	if (w->begun && !b->delivered)
		stops = judge(c, w);
	let_go(c, w);
	free(w->rows);
	*w = (struct work){.batch = NULL};
	pthread_mutex_lock(&c->mutex);
	if (!c->failed.kind)
		c->failed = stops;
	put(&c->out, b);
	/* Full is as good as written: the reader wakes either way. */
	ignored = write(c->wake[1], "", 1);
	(void)ignored;
	pthread_mutex_unlock(&c->mutex);
}

/* The last step of a committed batch, if there is one. */
static void settle(struct commit *c, struct work *w)
{
	const struct work none = {.batch = NULL};

	if (!w->batch)
		return;
	w->batch->delivered = !c->journal || note(c, w, &none, &w->batch->error);
	finish(c, w);
}

static bool is_journalled(const struct commit *c)
{
	return c->journal && c->sink->ops->journalled;
}

/* The entry that w is prepared; held, if any, is finished with it. */
static bool turn(struct commit *c, struct work *held, struct work *w)
{
	bool done = note(c, held, w, &w->batch->error);

	if (held->batch) {
		held->batch->delivered = done;
		held->batch->error = w->batch->error;
		finish(c, held);
	}
	return done;
}

/* The steps up to the commit. held: the batch before it, which may lack its last step. */
static void deliver(struct commit *c, struct work *held, struct work *w)
{
	const struct sink_ops *ops = c->sink->ops;
	struct commit_batch *b = w->batch;

	w->begun = true;
	if (ops->prepare && !ops->prepare(c->sink, b->sink, b->receipts, b->n, &b->error))
		return;
	w->rows = rows_of(b);
	w->keep = is_journalled(c);
	if (w->keep && !turn(c, held, w))
		return;
	w->committed = ops->commit(c->sink, b->sink, b->receipts, b->n, &b->error);
}

/* The next batch; none when wait is false and none is there, or at the end. Its error is set when
 * it must not be begun. */
static struct work next(struct commit *c, bool wait)
{
	struct work w = {.batch = NULL};

	pthread_mutex_lock(&c->mutex);
	while (!(w.batch = get(&c->in)) && wait && !c->stop)
		pthread_cond_wait(&c->work, &c->mutex);
	if (w.batch && c->cancelled)
		error_set(&w.batch->error, ERROR_INTERRUPTED, "interrupted");
	else if (w.batch)
		w.batch->error = c->failed;
	pthread_mutex_unlock(&c->mutex);
	if (w.batch)
		w.batch->receipts = xcalloc(w.batch->n, sizeof(*w.batch->receipts));
	return w;
}

static void *run(void *argument)
{
	struct commit *c = argument;
	struct work held = {.batch = NULL};

	for (;;) {
		bool holds = held.batch;
		struct work w = next(c, !holds);

		if (!w.batch && !holds)
			break;
		if (c->sink->ops->waits)
			settle(c, &held);
		if (w.batch && !w.batch->error.kind)
			deliver(c, &held, &w);
		settle(c, &held);
		if (!w.batch)
			continue;
		if (!w.committed) {
			finish(c, &w);
		} else if (!is_journalled(c)) {
			settle(c, &w);
		} else {
			let_go(c, &w);
			held = w;
		}
	}
	return NULL;
}

/* Fewer threads than were asked for do the same work. */
static bool start_threads(struct commit *c)
{
	size_t jobs = c->sink->jobs ? c->sink->jobs : 1;
	sigset_t all, before;

	/* Signals are for the network side. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (c->threads_n < jobs && c->threads_n < JOBS_MAX &&
		pthread_create(&c->threads[c->threads_n], NULL, run, c) == 0)
		c->threads_n++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return c->threads_n > 0;
}

struct commit *commit_start(struct sink *sink, const char *destination, struct store *store,
	bool journal, struct error *e)
{
	struct commit *c = xcalloc(1, sizeof(*c));

	*c = (struct commit){
		.sink = sink, .destination = destination, .store = store, .journal = journal};
	c->in.last = &c->in.first;
	c->out.last = &c->out.first;
	if (pipe(c->wake) < 0) {
		error_sys(e, ERROR_INTERNAL, errno, "cannot make a pipe");
		free(c);
		return NULL;
	}
	for (size_t i = 0; i < 2; i++) {
		fcntl(c->wake[i], F_SETFD, FD_CLOEXEC);
		fcntl(c->wake[i], F_SETFL, O_NONBLOCK);
	}
	pthread_mutex_init(&c->store_mutex, NULL);
	pthread_mutex_init(&c->mutex, NULL);
	pthread_cond_init(&c->work, NULL);
	return c;
}

/* No thread can be had. */
static void hand_back(struct commit *c, struct commit_batch *b)
{
	struct work w = {.batch = b};

	error_set(&b->error, ERROR_INTERNAL, "cannot start a thread");
	b->receipts = xcalloc(b->n, sizeof(*b->receipts));
	finish(c, &w);
}

void commit_submit(struct commit *c, struct commit_batch *b)
{
	c->pending++;
	c->backlog += b->octets;
	if (!c->threads_n && !start_threads(c)) {
		hand_back(c, b);
		return;
	}
	pthread_mutex_lock(&c->mutex);
	put(&c->in, b);
	pthread_cond_signal(&c->work);
	pthread_mutex_unlock(&c->mutex);
}

void commit_cancel(struct commit *c)
{
	pthread_mutex_lock(&c->mutex);
	c->cancelled = true;
	pthread_mutex_unlock(&c->mutex);
}

struct commit_batch *commit_take(struct commit *c)
{
	struct commit_batch *b;
	char dummy[256];

	pthread_mutex_lock(&c->mutex);
	b = get(&c->out);
	/*
	 * One octet a batch, and there may be more of them than one read takes. Octets are there
	 * only when a batch was, so an empty look costs no system call.
	 */
	while (b && !c->out.first && read(c->wake[0], dummy, sizeof(dummy)) > 0)
		;
	pthread_mutex_unlock(&c->mutex);
	if (b) {
		c->pending--;
		c->backlog -= b->octets;
	}
	return b;
}

int commit_fd(const struct commit *c)
{
	return c->wake[0];
}

size_t commit_pending(const struct commit *c)
{
	return c->pending;
}

uint64_t commit_backlog(const struct commit *c)
{
	return c->backlog;
}

void commit_free(struct commit *c)
{
	struct commit_batch *b;

	if (!c)
		return;
	pthread_mutex_lock(&c->mutex);
	c->stop = true;
	pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->mutex);
	for (size_t i = 0; i < c->threads_n; i++)
		pthread_join(c->threads[i], NULL);
	while ((b = get(&c->out)))
		commit_batch_free(b);
	close(c->wake[0]);
	close(c->wake[1]);
	pthread_cond_destroy(&c->work);
	pthread_mutex_destroy(&c->mutex);
	pthread_mutex_destroy(&c->store_mutex);
	free(c);
}
