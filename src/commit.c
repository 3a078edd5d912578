/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One thread, one queue in, one queue out. For each batch the four steps of a message's life that
 * touch the disk: prepare, journal, commit, journal (recover.c has the table of what a crash
 * between them means). A failure of the destination or the journal stops everything behind it; a
 * failure of one mail (its command said "later" or "no") is noted in the state and the next batch
 * goes on.
 */
#include "commit.h"

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

struct commit {
	struct sink *sink;
	const char *destination;
	struct store *store;
	bool journal;
	struct error failed; /* the committer's own: what stopped everything */
	pthread_t thread;
	pthread_mutex_t mutex; /* guards the queues, stop and cancelled */
	pthread_cond_t work;
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

/* The steps of one batch. *keep: its octets on disk may be named by the journal. */
static bool deliver(struct commit *c, struct commit_batch *b, bool *keep)
{
	const struct sink_ops *ops = c->sink->ops;
	struct store_row *rows = NULL;
	bool done = false;

	if (ops->prepare && !ops->prepare(c->sink, b->sink, b->receipts, b->n, &b->error))
		goto end;
	rows = rows_of(b);
	if (c->journal && ops->journalled) {
		*keep = true;
		if (!store_prepared(
			    c->store, rows, b->n, c->destination, clock_wall_s(), &b->error))
			goto end;
	}
	if (!ops->commit(c->sink, b->sink, b->receipts, b->n, &b->error))
		goto end;
	if (c->journal &&
		!store_delivered(c->store, rows, b->n, c->destination, clock_wall_s(), &b->error))
		goto end;
	done = true;
end:
	free(rows);
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

	for (size_t i = 0; ops->is_lost && i < b->n; i++)
		if (ops->is_lost(c->sink, &b->receipts[i]))
			(void)!store_forget(c->store, &b->mails[i].row.key, 1, &ignored);
}

static bool concerns_one_mail(const struct commit_batch *b)
{
	return b->n == 1 && (b->error.kind == ERROR_LATER || b->error.kind == ERROR_REFUSED);
}

static void work_off(struct commit *c, struct commit_batch *b, bool cancelled)
{
	bool keep = false;

	b->receipts = xcalloc(b->n, sizeof(*b->receipts));
	if (cancelled) {
		error_set(&b->error, ERROR_INTERRUPTED, "interrupted");
	} else if (c->failed.kind) {
		b->error = c->failed;
	} else if (deliver(c, b, &keep)) {
		b->delivered = true;
	} else if (!concerns_one_mail(b)) {
		c->failed = b->error;
		if (keep)
			forget_lost(c, b);
	} else if (c->journal) {
		struct error e = {0};

		if (!store_failed(c->store, b->mails[0].row.key, b->error.text, clock_wall_s(), &e))
			c->failed = b->error = e;
	}
	c->sink->ops->batch_free(c->sink, b->sink, keep);
	b->sink = NULL;
}

static void *run(void *argument)
{
	struct commit *c = argument;
	struct commit_batch *b;
	ssize_t ignored;

	pthread_mutex_lock(&c->mutex);
	for (;;) {
		while (!(b = get(&c->in)) && !c->stop)
			pthread_cond_wait(&c->work, &c->mutex);
		if (!b)
			break;
		bool cancelled = c->cancelled;

		pthread_mutex_unlock(&c->mutex);
		work_off(c, b, cancelled);
		pthread_mutex_lock(&c->mutex);
		put(&c->out, b);
		/* Full is as good as written: the reader wakes either way. */
		ignored = write(c->wake[1], "", 1);
		(void)ignored;
	}
	pthread_mutex_unlock(&c->mutex);
	return NULL;
}

static bool start_thread(struct commit *c)
{
	sigset_t all, before;
	int err;

	/* Signals are for the network side. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&c->thread, NULL, run, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err == 0;
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
	pthread_mutex_init(&c->mutex, NULL);
	pthread_cond_init(&c->work, NULL);
	if (!start_thread(c)) {
		error_set(e, ERROR_INTERNAL, "cannot start a thread");
		close(c->wake[0]);
		close(c->wake[1]);
		pthread_cond_destroy(&c->work);
		pthread_mutex_destroy(&c->mutex);
		free(c);
		return NULL;
	}
	return c;
}

void commit_submit(struct commit *c, struct commit_batch *b)
{
	c->pending++;
	c->backlog += b->octets;
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
	pthread_cond_signal(&c->work);
	pthread_mutex_unlock(&c->mutex);
	pthread_join(c->thread, NULL);
	while ((b = get(&c->out)))
		commit_batch_free(b);
	close(c->wake[0]);
	close(c->wake[1]);
	pthread_cond_destroy(&c->work);
	pthread_mutex_destroy(&c->mutex);
	free(c);
}
