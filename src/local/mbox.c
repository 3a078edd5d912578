/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A batch is spooled, and appended in one go under both customary locks, taken when the batch is
 * prepared and held until it is committed: nothing waits for the network meanwhile. What became of
 * a mail after a crash, mbox_place.c finds out. RFC 4155; mboxrd quoting.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "local/kinds.h"
#include "local/lock.h"
#include "local/mbox_place.h"
#include "local/mboxrd.h"
#include "local/scan.h"

enum { MEMORY_MAX = 1024 * 1024, PATIENCE_MS = 30000 };

struct mail {
	uint64_t start, length; /* in the spool */
	char digest[DIGEST_TEXT];
	size_t twins; /* how many before it in the batch are the same */
	char head[MBOXRD_HEAD_MAX + 1];
};

struct sink_batch {
	struct spool spool;
	struct mail *mails;
	size_t n, room;
	struct mbox_lock lock;
	uint64_t base; /* the mbox's size when it was locked */
	struct timespec read_at;
	size_t pad; /* newlines that the mail before lacks */
};

struct mbox {
	struct sink sink;
	const struct destination *d;
	char *path; /* without symbolic links, as other programs lock it */
	char host[SINK_HOST_ROOM];
	int64_t patience_ms;
	/* Network side. */
	struct sink_batch *batch;
	struct mboxrd mail;
	bool open;
};

static struct mbox *self(struct sink *k)
{
	return (struct mbox *)k;
}

static bool fail(const struct mbox *m, int err, struct error *e)
{
	return error_sys(e, ERROR_DELIVERY, err, "%s", m->d->shown);
}

static bool take_lock(const struct mbox *m, struct mbox_lock *lock, struct error *e)
{
	return mbox_lock_take(
		lock, m->path, m->d->shown, m->host, m->patience_ms, m->sink.limits.stop, e);
}

static bool begin(struct sink *k, const struct mail_info *mail, struct error *e)
{
	struct mbox *m = self(k);

	if (!m->batch) {
		m->batch = xcalloc(1, sizeof(*m->batch));
		spool_init(&m->batch->spool, MEMORY_MAX);
		m->batch->lock.fd = -1;
	}
	m->open = true;
	return mboxrd_begin(
		&m->mail, &m->batch->spool, mail, m->d->received_header ? m->host : NULL, e);
}

static bool write_octets(struct sink *k, struct span octets, struct error *e)
{
	return mboxrd_write(&self(k)->mail, octets, e);
}

static bool end(struct sink *k, struct error *e)
{
	struct mbox *m = self(k);
	struct sink_batch *b = m->batch;
	struct mail *mail;

	if (!mboxrd_end(&m->mail, e))
		return false;
	if (b->n == b->room) {
		b->room = b->room ? b->room * 2 : 8;
		b->mails = xreallocarray(b->mails, b->room, sizeof(*b->mails));
	}
	mail = &b->mails[b->n++];
	mail->start = m->mail.start;
	mail->length = spool_len(&b->spool) - mail->start;
	digest_text(&m->mail.digest, mail->digest);
	mail->twins = 0;
	for (const struct mail *other = b->mails; other < mail; other++)
		mail->twins += other->length == mail->length &&
			strcmp(other->digest, mail->digest) == 0;
	snprintf(mail->head, sizeof(mail->head), "%s", m->mail.head);
	m->open = false;
	return true;
}

static void drop(struct sink *k)
{
	struct mbox *m = self(k);

	if (m->open)
		spool_cut_back(&m->batch->spool, m->mail.start);
	m->open = false;
}

static struct sink_batch *cut(struct sink *k)
{
	struct mbox *m = self(k);
	struct sink_batch *b = m->batch;

	if (!b || !b->n)
		return NULL;
	m->batch = NULL;
	return b;
}

static void batch_free(struct sink *k, struct sink_batch *b, bool keep)
{
	(void)keep;
	if (!b)
		return;
	if (b->lock.fd >= 0)
		mbox_lock_release(&b->lock, self(k)->path);
	spool_release(&b->spool);
	free(b->mails);
	free(b);
}

/* The newlines that must come before a mail at the end of the file: mails are parted by an empty
 * line. */
static bool find_pad(int fd, uint64_t size, size_t *pad)
{
	char last[2] = {'\n', '\n'};
	size_t len = size < 2 ? (size_t)size : 2;

	if (!scan_read(fd, size - len, last + 2 - len, len))
		return false;
	*pad = last[1] != '\n' ? 2 : last[0] != '\n' ? 1 : 0;
	return true;
}

static bool prepare(
	struct sink *k, struct sink_batch *b, struct receipt *out, size_t n, struct error *e)
{
	struct mbox *m = self(k);
	char anchor[MBOX_ANCHOR_TEXT];
	struct stat st;

	if (n != b->n)
		return error_set(
			e, ERROR_INTERNAL, "a batch of %zu mails was taken for %zu", b->n, n);
	if (!take_lock(m, &b->lock, e))
		return false;
	if (fstat(b->lock.fd, &st) < 0)
		return fail(m, errno, e);
	b->base = (uint64_t)st.st_size;
	b->read_at = st.st_atim;
	if (!find_pad(b->lock.fd, b->base, &b->pad) || !mbox_anchor(b->lock.fd, b->base, anchor))
		return fail(m, errno, e);
	for (size_t i = 0; i < n; i++) {
		const struct mail *mail = &b->mails[i];

		mbox_place_write(&(struct mbox_place){.base = b->base,
					 .offset = b->base + b->pad + mail->start,
					 .length = mail->length,
					 .twins = mail->twins,
					 .digest = span_of(mail->digest),
					 .anchor = span_of(anchor),
					 .head = span_of(mail->head)},
			&out[i]);
	}
	return true;
}

/* Mail readers call a mailbox new when it was written after it was read; our own reading is none.
 */
static void restore_atime(const struct sink_batch *b)
{
	struct timespec times[2] = {b->read_at, {.tv_nsec = UTIME_OMIT}};

	(void)futimens(b->lock.fd, times);
}

static bool append(const struct mbox *m, const struct sink_batch *b, struct error *e)
{
	int fd = b->lock.fd;
	struct stat after;

	if (!file_write_all(fd, "\n\n", b->pad))
		return fail(m, errno, e);
	if (!spool_copy(&b->spool, fd, m->d->shown, e))
		return false;
	restore_atime(b);
	while (fsync(fd) < 0)
		if (errno != EINTR)
			return fail(m, errno, e);
	/* The name of a file that was empty may be as new as what is in it. */
	if (b->base == 0 && !file_sync_parent(m->path, ERROR_DELIVERY, e))
		return false;
	if (fstat(fd, &after) < 0)
		return fail(m, errno, e);
	if ((uint64_t)after.st_size == b->base + b->pad + spool_len(&b->spool))
		return true;
	return error_set(
		e, ERROR_BUSY, "%s was changed by a program that does not lock it", m->d->shown);
}

/* Back to how it was; not if somebody else's mail could be lost by it. */
static void roll_back(const struct mbox *m, const struct sink_batch *b, struct error *e)
{
	uint64_t most = b->base + b->pad + spool_len(&b->spool);
	struct stat st;

	if (fstat(b->lock.fd, &st) == 0 && (uint64_t)st.st_size > b->base &&
		(uint64_t)st.st_size <= most && e->kind != ERROR_BUSY &&
		(ftruncate(b->lock.fd, (off_t)b->base) < 0 || fsync(b->lock.fd) < 0))
		error_why(e, "%s could not be cut back to %" PRIu64 " octets: %s", m->d->shown,
			b->base, strerror(errno));
}

static bool commit(
	struct sink *k, struct sink_batch *b, const struct receipt *r, size_t n, struct error *e)
{
	struct error why = {.kind = ERROR_NONE};
	struct mbox *m = self(k);
	struct stat st;
	bool done;

	(void)r;
	(void)n;
	if (!b || b->lock.fd < 0)
		return error_set(e, ERROR_INTERNAL, "%s: nothing is prepared", m->d->shown);
	if (fstat(b->lock.fd, &st) < 0)
		return fail(m, errno, e);
	if ((uint64_t)st.st_size != b->base)
		return error_set(e, ERROR_BUSY, "%s was changed by a program that does not lock it",
			m->d->shown);
	done = append(m, b, &why);
	if (!done)
		roll_back(m, b, &why);
	mbox_lock_release(&b->lock, m->path);
	if (!done && e)
		*e = why;
	return done;
}

static enum sink_state recover(
	struct sink *k, const struct receipt *r, int64_t prepared_s, struct error *e)
{
	struct mbox *m = self(k);
	struct mbox_lock lock = {.fd = -1};
	enum sink_state state;
	struct mbox_place place;
	int err;

	(void)prepared_s;
	if (!mbox_place_read(r, &place)) {
		error_set(
			e, ERROR_STORE, "the journal has an impossible entry for %s", m->d->shown);
		return SINK_UNSURE;
	}
	if (!take_lock(m, &lock, e))
		return SINK_FAILED;
	state = mbox_place_examine(lock.fd, m->path, &place);
	err = errno;
	mbox_lock_release(&lock, m->path);
	if (state == SINK_FAILED)
		fail(m, err, e);
	if (state == SINK_UNSURE)
		error_set(e, ERROR_DELIVERY,
			"%s has been changed since: it cannot be told whether a "
			"message was delivered",
			m->d->shown);
	return state;
}

static void sweep(struct sink *k, const struct receipt *named, size_t n)
{
	(void)named; /* what a batch holds before it is appended has no name */
	(void)n;
	mbox_lock_sweep(self(k)->path, self(k)->d->shown, self(k)->host);
}

static void free_sink(struct sink *k)
{
	struct mbox *m = self(k);

	batch_free(k, m->batch, false);
	free(m->path);
	free(m);
}

static const struct sink_ops ops = {
	.name = "mbox",
	.batch_max = MBOX_BATCH_MAX,
	.journalled = true,
	.waits = true,
	.begin = begin,
	.write = write_octets,
	.end = end,
	.drop = drop,
	.cut = cut,
	.prepare = prepare,
	.commit = commit,
	.batch_free = batch_free,
	.recover = recover,
	.sweep = sweep,
	.free = free_sink,
};

/* The file, made if it is missing; no lock yet, so that a locked one is not waited for before there
 * is mail. */
static bool make_file(struct mbox *m, struct error *e)
{
	const char *path = m->d->path;
	struct stat st;
	int fd;

	if (stat(path, &st) < 0 && errno == ENOENT && !sink_check_parent(m->d, e))
		return false;
	fd = mbox_file_open(path, m->d->shown, e);
	if (fd < 0)
		return false;
	close(fd);
	m->path = realpath(path, NULL);
	if (!m->path)
		return fail(m, errno, e);
	return true;
}

struct sink *mbox_open(const struct destination *d, const char *account, struct error *e)
{
	struct mbox *m = xcalloc(1, sizeof(*m));

	(void)account;
	m->sink.ops = &ops;
	m->d = d;
	m->patience_ms = PATIENCE_MS;
	sink_my_host(m->host, sizeof(m->host));
	if (!make_file(m, e)) {
		free_sink(&m->sink);
		return NULL;
	}
	return &m->sink;
}

void mbox_set_patience(struct sink *k, int64_t patience_ms)
{
	self(k)->patience_ms = patience_ms;
}
