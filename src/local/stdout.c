/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One mboxrd stream on standard output, for `formail -s` and the like. Each mail is whole before
 * its first octet is written, so a broken fetch never tears the stream. A pipe cannot be asked what
 * its reader has done with a mail: this kind takes no part in the journal.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local/kinds.h"
#include "local/mboxrd.h"
#include "local/single.h"

enum { MEMORY_MAX = 1024 * 1024 };

struct sink_batch {
	struct spool spool;
};

struct stream {
	struct single single;
	struct mboxrd mail;
};

static struct stream *self(struct sink *k)
{
	return (struct stream *)k;
}

static void batch_free(struct sink *k, struct sink_batch *b, bool keep)
{
	(void)k;
	(void)keep;
	if (b)
		spool_release(&b->spool);
	free(b);
}

static bool begin(struct sink *k, const struct mail_info *mail, struct error *e)
{
	struct stream *s = self(k);

	if (s->single.batch)
		return error_set(e, ERROR_INTERNAL, "standard output takes one mail at a time");
	s->single.batch = xcalloc(1, sizeof(*s->single.batch));
	s->single.ended = false;
	spool_init(&s->single.batch->spool, MEMORY_MAX);
	return mboxrd_begin(&s->mail, &s->single.batch->spool, mail,
		s->single.d->received_header ? s->single.host : NULL, e);
}

static bool write_octets(struct sink *k, struct span octets, struct error *e)
{
	return mboxrd_write(&self(k)->mail, octets, e);
}

static bool end(struct sink *k, struct error *e)
{
	struct stream *s = self(k);

	s->single.ended = mboxrd_end(&s->mail, e);
	return s->single.ended;
}

static bool prepare(
	struct sink *k, struct sink_batch *b, struct receipt *out, size_t n, struct error *e)
{
	(void)k;
	(void)b;
	(void)e;
	for (size_t i = 0; i < n; i++)
		out[i].text[0] = '\0';
	return true;
}

/* Where in a file the mail begins; -1 when standard output is no regular file. */
static off_t file_position(void)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	/* With >> every write goes to the end, wherever the offset is. */
	if (fcntl(STDOUT_FILENO, F_GETFL) & O_APPEND)
		return st.st_size;
	return lseek(STDOUT_FILENO, 0, SEEK_CUR);
}

static bool commit(
	struct sink *k, struct sink_batch *b, const struct receipt *r, size_t n, struct error *e)
{
	struct stream *s = self(k);
	off_t start = file_position();
	bool done = false;

	(void)r;
	(void)n;
	if (spool_copy(&b->spool, STDOUT_FILENO, s->single.d->shown, e))
		done = start < 0 || fsync(STDOUT_FILENO) == 0 || errno == EINVAL ||
			errno == EROFS ||
			error_sys(e, ERROR_DELIVERY, errno, "%s", s->single.d->shown);
	/* A torn mail would be taken for a whole one by whoever reads the file. */
	if (!done && start >= 0 && ftruncate(STDOUT_FILENO, start) == 0)
		(void)lseek(STDOUT_FILENO, start, SEEK_SET);
	return done;
}

static void free_sink(struct sink *k)
{
	batch_free(k, self(k)->single.batch, false);
	free(k);
}

static const struct sink_ops ops = {
	.name = "stdout",
	.batch_max = 1,
	.journalled = false,
	.begin = begin,
	.write = write_octets,
	.end = end,
	.drop = single_drop,
	.cut = single_cut,
	.prepare = prepare,
	.commit = commit,
	.batch_free = batch_free,
	.free = free_sink,
};

struct sink *stdout_open(const struct destination *d, const char *account, struct error *e)
{
	struct stream *s;
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	(void)account;
	/* Noticed before a mail is fetched; main.c stands something to read from in for it. */
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
		error_set(e, ERROR_DELIVERY, "%s is closed; nothing was fetched", d->shown);
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	single_init(&s->single, &ops, d);
	return &s->single.sink;
}
