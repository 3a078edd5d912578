/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A batch is spooled, and appended in one go under both customary locks, taken when the batch is
 * prepared and held until it is committed: nothing waits for the network meanwhile. The receipt
 * says where the mail will begin, how long it is and what it digests to, and also how the file
 * looked before (anchor) and how the mail begins (head): recovery cuts off a torn mail only where
 * it can be nobody else's. Where a mail reader has rewritten the file since, the mail is searched
 * for; mails of a batch that are the same, octet for octet, are numbered, so that one is not found
 * in the place of another. RFC 4155; mboxrd quoting.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parse.h"
#include "local/kinds.h"
#include "local/lock.h"
#include "local/mboxrd.h"
#include "local/scan.h"

enum { BATCH_MAX = 256, HOST_ROOM = 64, MEMORY_MAX = 1024 * 1024, PATIENCE_MS = 30000 };
enum { ANCHOR_OCTETS = 256, ANCHOR_TEXT = 17, PAD_MAX = 2 };

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
	char host[HOST_ROOM];
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

/* What stands right before an offset, digested: the same later, if nobody has rewritten the file.
 */
static bool anchor_text(int fd, uint64_t base, char out[ANCHOR_TEXT])
{
	size_t len = base < ANCHOR_OCTETS ? (size_t)base : ANCHOR_OCTETS;
	struct digest d;
	char text[DIGEST_TEXT];

	digest_init(&d);
	if (!scan_digest(fd, base - len, len, &d))
		return false;
	digest_text(&d, text);
	snprintf(out, ANCHOR_TEXT, "%.16s", text);
	return true;
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
	char anchor[ANCHOR_TEXT];
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
	if (!find_pad(b->lock.fd, b->base, &b->pad) || !anchor_text(b->lock.fd, b->base, anchor))
		return fail(m, errno, e);
	for (size_t i = 0; i < n; i++) {
		const struct mail *mail = &b->mails[i];

		snprintf(out[i].text, sizeof(out[i].text),
			"%" PRIu64 " %" PRIu64 " %" PRIu64 " %s %s %zu %s", b->base,
			b->base + b->pad + mail->start, mail->length, mail->digest, anchor,
			mail->twins, mail->head);
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

/* A receipt, read. */
struct place {
	uint64_t base, offset, length, twins;
	struct span digest, anchor, head;
};

static bool read_receipt(const struct receipt *r, struct place *p)
{
	struct span rest = span_of(r->text);
	uint64_t max = INT64_MAX / 4;

	if (!parse_u64(span_word(&rest), max, &p->base) ||
		!parse_u64(span_word(&rest), max, &p->offset) ||
		!parse_u64(span_word(&rest), max, &p->length))
		return false;
	p->digest = span_word(&rest);
	p->anchor = span_word(&rest);
	if (!parse_u64(span_word(&rest), BATCH_MAX, &p->twins))
		return false;
	p->head = rest;
	return p->digest.len == DIGEST_TEXT - 1 && p->anchor.len == ANCHOR_TEXT - 1 &&
		p->head.len > 5 && p->base <= p->offset && p->length > p->head.len;
}

/* 1: the whole mail stands at offset, where a line begins; 0: it does not; -1 with errno set. */
static int stands_at(int fd, uint64_t size, uint64_t offset, const struct place *p)
{
	char text[DIGEST_TEXT], before = '\n';
	struct digest d;

	if (size < offset || size - offset < p->length)
		return 0;
	if (offset && !scan_read(fd, offset - 1, &before, 1))
		return -1;
	if (before != '\n')
		return 0;
	digest_init(&d);
	if (!scan_digest(fd, offset, p->length, &d))
		return -1;
	digest_text(&d, text);
	return span_is(p->digest, text);
}

/* 1: what stands from offset to the end can only be a part of our mail; 0, -1 as above. */
static int torn_at(int fd, uint64_t size, const struct place *p)
{
	char head[MBOXRD_HEAD_MAX + 1];
	size_t want = p->head.len < size - p->offset ? p->head.len : (size_t)(size - p->offset),
	       same = 0;
	uint64_t other, pad = p->offset - p->base;
	int zeros, glued;

	if (!scan_read(fd, p->offset, head, want))
		return -1;
	if (pad && pad <= PAD_MAX) {
		char before[PAD_MAX];

		if (!scan_read(fd, p->base, before, (size_t)pad))
			return -1;
		/* These would be cut off too. */
		for (size_t i = 0; i < pad; i++)
			if (before[i] != '\n' && before[i] != '\0')
				return 0;
	}
	while (same < want && head[same] == p->head.data[same])
		same++;
	/* After a power cut the end of the file may be there without its octets. */
	if (same < want) {
		zeros = scan_zeros(fd, p->offset + same, size);
		if (zeros <= 0)
			return zeros;
	}
	if (!scan_from(fd, p->offset + 1, size, &other))
		return -1;
	if (other != size)
		return 0;
	/* Ours begins with such a line itself. */
	glued = scan_glued_from(fd, p->offset + 1, size);
	return glued < 0 ? -1 : !glued;
}

/* Whether a mail ends at an offset: there, the file ends or another begins. */
static int ends_at(int fd, uint64_t size, uint64_t offset)
{
	uint64_t from;

	if (offset == size)
		return 1;
	if (!scan_from(fd, offset, size, &from))
		return -1;
	return from == offset;
}

/* Whether the mail stands anywhere from an offset on, behind as many that are the same as came
 * before it in its batch. Answers as above. */
static int search(int fd, uint64_t from, uint64_t size, const struct place *p)
{
	char head[MBOXRD_HEAD_MAX + 1];
	uint64_t twins = 0;

	for (uint64_t at = from;; at++) {
		int stands;

		if (!scan_from(fd, at, size, &at))
			return -1;
		if (at >= size || size - at < p->length)
			return 0;
		if (!scan_read(fd, at, head, p->head.len))
			return -1;
		if (memcmp(head, p->head.data, p->head.len) != 0)
			continue;
		stands = stands_at(fd, size, at, p);
		/* A short one may be how a longer one begins. */
		if (stands > 0)
			stands = ends_at(fd, size, at + p->length);
		if (stands < 0)
			return -1;
		if (stands && twins++ == p->twins)
			return 1;
	}
}

/* The crash may have come before the sync. */
static enum sink_state settled(int fd, const char *path)
{
	return fsync(fd) < 0 || !file_sync_parent(path, ERROR_DELIVERY, NULL) ? SINK_FAILED
									      : SINK_DELIVERED;
}

/* Cuts a torn mail off. The newlines before the first mail of a batch go with it. */
static enum sink_state cut_off(int fd, const struct place *p)
{
	uint64_t to = p->offset - p->base <= PAD_MAX ? p->base : p->offset;

	return ftruncate(fd, (off_t)to) < 0 || fsync(fd) < 0 ? SINK_FAILED : SINK_ABSENT;
}

/* SINK_FAILED with errno set; SINK_UNSURE: looked everywhere. */
static enum sink_state examine(int fd, const char *path, const struct place *p)
{
	char anchor[ANCHOR_TEXT] = "";
	struct stat st;
	uint64_t size, from = 0;
	bool same_start;
	int found = 0, torn = 0;

	if (fstat(fd, &st) < 0)
		return SINK_FAILED;
	size = (uint64_t)st.st_size;
	if (size >= p->base && !anchor_text(fd, p->base, anchor))
		return SINK_FAILED;
	same_start = span_is(p->anchor, anchor);
	if (same_start) {
		found = stands_at(fd, size, p->offset, p);
		if (!found && size > p->offset)
			torn = torn_at(fd, size, p);
		/* Others may have taken away what stood in front of it in the batch. */
		if (size <= p->offset || torn > 0)
			from = p->base;
	}
	if (!found && torn >= 0)
		found = search(fd, from, size, p);
	if (found < 0 || torn < 0)
		return SINK_FAILED;
	if (found)
		return settled(fd, path);
	if (torn)
		return cut_off(fd, p);
	return same_start && size <= p->offset ? SINK_ABSENT : SINK_UNSURE;
}

static enum sink_state recover(
	struct sink *k, const struct receipt *r, int64_t prepared_s, struct error *e)
{
	struct mbox *m = self(k);
	struct mbox_lock lock = {.fd = -1};
	enum sink_state state;
	struct place place;
	int err;

	(void)prepared_s;
	if (!read_receipt(r, &place)) {
		error_set(
			e, ERROR_STORE, "the journal has an impossible entry for %s", m->d->shown);
		return SINK_UNSURE;
	}
	if (!take_lock(m, &lock, e))
		return SINK_FAILED;
	state = examine(lock.fd, m->path, &place);
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

static void where(const struct receipt *r, char *out, size_t room)
{
	(void)r;
	if (room)
		out[0] = '\0';
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
	.batch_max = BATCH_MAX,
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
	.where = where,
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
