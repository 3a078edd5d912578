/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A mail is written to tmp/, made durable with its batch, journalled by the caller, and renamed to
 * new/. Only our rename takes a prepared name out of tmp/, so recovery can tell from the name alone
 * what became of a mail. Folders are held open: a name cannot be led elsewhere by a symbolic link.
 * The network side uses the open mail and the open batch, the committer closed ones; nothing else
 * is shared. The Maildir convention:
 * https://cr.yp.to/proto/maildir.html
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "local/durable.h"
#include "local/kinds.h"
#include "local/maildir_name.h"
#include "local/quote.h"
#include "local/stamp.h"

enum {
	BATCH_MAX = 256,
	BUFFER_SIZE = 128 * 1024,
	PLACE_ROOM = 48,
	LARGE = 4 * 1024 * 1024,
	OTHER_FILES = 64, /* descriptors for all that is no mail: sockets, the state */
	TMP_KEPT_S = 36 * 60 *
		60, /* by convention other programs may remove what is older from tmp/ */
};

struct entry {
	char name[MAILDIR_NAME_ROOM];
	int fd; /* -1: closed already */
	bool renamed;
};

struct sink_batch {
	struct entry *entries;
	size_t n, room;
	size_t open; /* descriptors held */
};

_Static_assert(MAILDIR_NAME_ROOM + PLACE_ROOM <= sizeof(((struct receipt *)0)->text),
	"a name and its place must fit a receipt");

struct maildir {
	struct sink sink;
	const struct destination *d;
	int tmp_fd, new_fd, cur_fd;
	bool made;              /* tmp/ was missing: nothing an earlier run left can be in it */
	char place[PLACE_ROOM]; /* which tmp/ this is: device and inode */
	struct maildir_names names;
	size_t open_max; /* descriptors a batch may hold */
	/* Network side. */
	struct entry entry; /* the open mail; an empty name: none */
	struct quote quote;
	struct stamp_memo received;
	uint64_t written, pushed; /* octets in the file; of these, on their way to the disk */
	size_t len;
	char *buffer;
	struct sink_batch *batch;
	/* Committer. */
	struct durable durable;
};

static struct maildir *self(struct sink *k)
{
	return (struct maildir *)k;
}

static const struct maildir *self_const(const struct sink *k)
{
	return (const struct maildir *)k;
}

static bool fail(const struct sink *k, int err, struct error *e)
{
	return error_sys(e, ERROR_DELIVERY, err, "%s", self_const(k)->d->shown);
}

static bool begin(struct sink *k, const struct mail_info *mail, struct error *e)
{
	struct maildir *m = self(k);
	int tries = 0;

	do {
		maildir_name_make(&m->names, m->entry.name);
		m->entry.fd = openat(m->tmp_fd, m->entry.name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	} while (m->entry.fd < 0 && (errno == EEXIST || errno == EINTR) && ++tries < 100);
	if (m->entry.fd < 0) {
		int err = errno;

		m->entry.name[0] = '\0';
		return fail(k, err, e);
	}
	m->entry.renamed = false;
	m->written = m->pushed = 0;
	m->len = m->d->received_header
		? stamp_received_again(&m->received, m->buffer, mail, m->names.host)
		: 0;
	quote_init(&m->quote, QUOTE_LF);
	return true;
}

static bool flush(struct maildir *m, struct error *e)
{
	if (!file_write_all(m->entry.fd, m->buffer, m->len))
		return fail(&m->sink, errno, e);
	m->written += m->len;
	m->len = 0;
	/* A large file is pushed to the disk while the rest still comes; the sync then finds little
	 * left. */
	if (m->written - m->pushed >= LARGE) {
		(void)posix_fadvise(m->entry.fd, (off_t)m->pushed, (off_t)(m->written - m->pushed),
			POSIX_FADV_DONTNEED);
		m->pushed = m->written;
	}
	return true;
}

static bool write_octets(struct sink *k, struct span octets, struct error *e)
{
	struct maildir *m = self(k);

	while (octets.len) {
		m->len += quote_feed(&m->quote, &octets, m->buffer + m->len, BUFFER_SIZE - m->len);
		if (octets.len && !flush(m, e))
			return false;
	}
	return true;
}

static void add_entry(struct maildir *m)
{
	struct sink_batch *b = m->batch;

	if (!b)
		b = m->batch = xcalloc(1, sizeof(*b));
	if (b->n == b->room) {
		b->room = b->room ? b->room * 2 : 8;
		b->entries = xreallocarray(b->entries, b->room, sizeof(*b->entries));
	}
	b->entries[b->n++] = m->entry;
	b->open += m->entry.fd >= 0;
	m->entry.name[0] = '\0';
	m->entry.fd = -1;
}

static bool end(struct sink *k, struct error *e)
{
	struct maildir *m = self(k);

	if (BUFFER_SIZE - m->len < QUOTE_ROOM_MIN && !flush(m, e))
		return false;
	m->len += quote_end(&m->quote, m->buffer + m->len);
	if (m->len && !flush(m, e))
		return false;
	/* Without a descriptor left for later, the sync opens the file again. */
	if (m->batch && m->batch->open >= m->open_max) {
		int fd = m->entry.fd;

		m->entry.fd = -1;
		if (close(fd) < 0 && errno != EINTR)
			return fail(k, errno, e);
	}
	add_entry(m);
	return true;
}

static void drop(struct sink *k)
{
	struct maildir *m = self(k);

	if (!m->entry.name[0])
		return;
	if (m->entry.fd >= 0)
		close(m->entry.fd);
	unlinkat(m->tmp_fd, m->entry.name, 0);
	m->entry.name[0] = '\0';
	m->entry.fd = -1;
}

static struct sink_batch *cut(struct sink *k)
{
	struct maildir *m = self(k);
	struct sink_batch *b = m->batch;

	m->batch = NULL;
	return b;
}

/* Some file systems tell of a failed write only here. */
static bool close_entries(const struct sink *k, struct sink_batch *b, struct error *e)
{
	int err = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (b->entries[i].fd < 0)
			continue;
		if (close(b->entries[i].fd) < 0 && errno != EINTR)
			err = errno;
		b->entries[i].fd = -1;
	}
	b->open = 0;
	return err ? fail(k, err, e) : true;
}

/* Where it lies is told too: a folder put in place of this one is another. */
static void put_receipt(const struct maildir *m, const char *name, struct receipt *r)
{
	size_t len = strlen(name);

	memcpy(r->text, name, len);
	r->text[len] = ' ';
	memcpy(r->text + len + 1, m->place, strlen(m->place) + 1);
}

static bool prepare(
	struct sink *k, struct sink_batch *b, struct receipt *out, size_t n, struct error *e)
{
	struct maildir *m = self(k);
	struct durable_file *files;
	size_t which;
	int err;
	bool done;

	if (n != b->n)
		return error_set(
			e, ERROR_INTERNAL, "a batch of %zu mails was taken for %zu", b->n, n);
	files = xcalloc(n, sizeof(*files));
	for (size_t i = 0; i < n; i++) {
		files[i] = (struct durable_file){b->entries[i].name, b->entries[i].fd};
		put_receipt(m, b->entries[i].name, &out[i]);
	}
	done = durable_sync(&m->durable, files, n, &which);
	err = errno;
	free(files);
	if (!done)
		return fail(k, err, e);
	return close_entries(k, b, e);
}

/* Whether a folder has name, or name with flags behind a colon. -1 with errno set. */
static int folder_has(int folder, const char *name)
{
	size_t len = strlen(name);
	struct dirent *entry;
	int fd, err, found = 0;
	DIR *dir;

	fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		err = errno;
		if (fd >= 0)
			close(fd);
		errno = err;
		return -1;
	}
	errno = 0;
	while (!found && (entry = readdir(dir)))
		found = !strncmp(entry->d_name, name, len) &&
			(!entry->d_name[len] || entry->d_name[len] == ':');
	err = found ? 0 : errno;
	closedir(dir);
	errno = err;
	return err ? -1 : found;
}

/* Whether a mail has left tmp/ for where readers find it. */
static int is_visible(const struct maildir *m, const char *name)
{
	int found;

	if (faccessat(m->new_fd, name, F_OK, 0) == 0)
		return 1;
	if (errno != ENOENT)
		return -1;
	found = folder_has(m->cur_fd, name);
	/* A reader may have moved it between the two looks; it only ever moves that way. */
	return found ? found : folder_has(m->new_fd, name);
}

static bool sync_folder(int folder)
{
	while (fsync(folder) < 0)
		if (errno != EINTR)
			return false;
	return true;
}

static bool show(const struct sink *k, const char *name, struct error *e)
{
	const struct maildir *m = self_const(k);
	int err, found;

	if (renameat(m->tmp_fd, name, m->new_fd, name) == 0)
		return true;
	err = errno;
	if (err != ENOENT)
		return fail(k, err, e);
	found = is_visible(m, name);
	if (found > 0)
		return true;
	return found < 0 ? fail(k, errno, e)
			 : error_set(e, ERROR_DELIVERY, "%s: another program removed tmp/%s",
				   m->d->shown, name);
}

/* The name in a receipt; false when it cannot be one of ours. */
static bool read_receipt(const struct receipt *r, char name[MAILDIR_NAME_ROOM], struct error *e)
{
	size_t len = strcspn(r->text, " ");

	snprintf(name, MAILDIR_NAME_ROOM, "%.*s",
		(int)(len < MAILDIR_NAME_ROOM ? len : MAILDIR_NAME_ROOM - 1), r->text);
	if (len < MAILDIR_NAME_ROOM && maildir_name_fits(name))
		return true;
	return error_set(e, ERROR_STORE, "the journal names an impossible file: %s",
		safe(span_of(r->text)).text);
}

static bool commit(
	struct sink *k, struct sink_batch *b, const struct receipt *r, size_t n, struct error *e)
{
	struct maildir *m = self(k);

	for (size_t i = 0; i < n; i++) {
		char name[MAILDIR_NAME_ROOM];

		if (!read_receipt(&r[i], name, e) || !show(k, name, e))
			return false;
		if (b)
			b->entries[i].renamed = true;
	}
	if (!sync_folder(m->new_fd))
		return fail(k, errno, e);
	/* What an interrupted run has shown a reader may have moved on. */
	return b || sync_folder(m->cur_fd) || fail(k, errno, e);
}

static void batch_free(struct sink *k, struct sink_batch *b, bool keep)
{
	if (!b)
		return;
	(void)close_entries(k, b, NULL);
	for (size_t i = 0; i < b->n && !keep; i++)
		if (!b->entries[i].renamed)
			unlinkat(self(k)->tmp_fd, b->entries[i].name, 0);
	free(b->entries);
	free(b);
}

static enum sink_state recover(
	struct sink *k, const struct receipt *r, int64_t prepared_s, struct error *e)
{
	struct maildir *m = self(k);
	int64_t age_s = (int64_t)time(NULL) - prepared_s;
	char name[MAILDIR_NAME_ROOM];
	int found;

	if (!read_receipt(r, name, e))
		return SINK_UNSURE;
	if (faccessat(m->tmp_fd, name, F_OK, 0) == 0)
		return SINK_PREPARED;
	found = errno == ENOENT ? is_visible(m, name) : -1;
	/* It may have become visible right before the crash. */
	if (found < 0 || (found && (!sync_folder(m->new_fd) || !sync_folder(m->cur_fd)))) {
		fail(k, errno, e);
		return SINK_FAILED;
	}
	if (found)
		return SINK_DELIVERED;
	if (m->made)
		return SINK_ABSENT;
	/*
	 * Our rename, and then a reader that moved it on or removed it; in another folder it may
	 * never have been, and after a time, or with a clock that was wrong, others may have purged
	 * tmp/.
	 */
	if (age_s >= 0 && age_s < TMP_KEPT_S && r->text[strlen(name)] == ' ' &&
		strcmp(r->text + strlen(name) + 1, m->place) == 0)
		return SINK_GONE;
	error_set(e, ERROR_DELIVERY, "%s: it cannot be told whether %s was delivered", m->d->shown,
		name);
	return SINK_UNSURE;
}

static bool is_lost(const struct sink *k, const struct receipt *r)
{
	const struct maildir *m = self_const(k);
	char name[MAILDIR_NAME_ROOM];

	return read_receipt(r, name, NULL) && faccessat(m->tmp_fd, name, F_OK, 0) < 0 &&
		errno == ENOENT && is_visible(m, name) == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sweep(struct sink *k, const struct receipt *named, size_t n)
{
	struct maildir *m = self(k);
	char **keep = xcalloc(n + 1, sizeof(*keep));
	int fd = openat(m->tmp_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	for (size_t i = 0; i < n; i++)
		keep[i] = xstrndup(named[i].text, strcspn(named[i].text, " "));
	qsort(keep, n, sizeof(*keep), compare_names);
	while (dir && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (maildir_name_is_ours(&m->names, name) &&
			!bsearch(&name, keep, n, sizeof(*keep), compare_names))
			unlinkat(m->tmp_fd, name, 0);
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	for (size_t i = 0; i < n; i++)
		free(keep[i]);
	free(keep);
}

static void where(const struct receipt *r, char *out, size_t room)
{
	snprintf(out, room, "new/%.*s", (int)strcspn(r->text, " "), r->text);
}

static void free_sink(struct sink *k)
{
	struct maildir *m = self(k);

	drop(k);
	batch_free(k, m->batch, false);
	if (m->cur_fd >= 0)
		close(m->cur_fd);
	if (m->new_fd >= 0)
		close(m->new_fd);
	if (m->tmp_fd >= 0)
		close(m->tmp_fd);
	free(m->buffer);
	free(m);
}

static const struct sink_ops ops = {
	.name = "maildir",
	.batch_max = BATCH_MAX,
	.journalled = true,
	.begin = begin,
	.write = write_octets,
	.end = end,
	.drop = drop,
	.cut = cut,
	.prepare = prepare,
	.commit = commit,
	.batch_free = batch_free,
	.recover = recover,
	.is_lost = is_lost,
	.sweep = sweep,
	.where = where,
	.free = free_sink,
};

/* A quarter of what is left besides sockets and state: some batches may wait for the committer. */
static size_t open_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur <= OTHER_FILES)
		return 0;
	limit.rlim_cur = (limit.rlim_cur - OTHER_FILES) / (SINK_BATCHES_MAX + 2);
	return limit.rlim_cur < BATCH_MAX ? (size_t)limit.rlim_cur : BATCH_MAX;
}

/* One of tmp, new and cur; made when missing. */
static int open_part(
	const struct maildir *m, int folder, const char *name, bool *made, struct error *e)
{
	int fd;

	if (mkdirat(folder, name, 0700) == 0)
		*made = true;
	else if (errno != EEXIST) {
		error_sys(e, ERROR_DELIVERY, errno, "%s", m->d->shown);
		return -1;
	}
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		error_sys(e, ERROR_DELIVERY, errno, "%s/%s", m->d->shown, name);
	else if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0) {
		error_sys(e, ERROR_DELIVERY, errno, "%s/%s", m->d->shown, name);
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Mail cannot be renamed from one file system to another. */
static bool one_device(struct maildir *m, struct error *e)
{
	struct stat tmp, new;

	if (fstat(m->tmp_fd, &tmp) < 0 || fstat(m->new_fd, &new) < 0)
		return fail(&m->sink, errno, e);
	snprintf(m->place, sizeof(m->place), "%llu.%llu", (unsigned long long)tmp.st_dev,
		(unsigned long long)tmp.st_ino);
	return tmp.st_dev == new.st_dev ||
		error_set(e, ERROR_DELIVERY, "%s: tmp and new are on different file systems",
			m->d->shown);
}

/*
 * Mail in a folder whose name is not durable would be as lost as mail never written. cur/ is made
 * when the other names are durable: where it is missing, an earlier run may have been killed
 * before.
 */
static bool open_folders(struct maildir *m, struct error *e)
{
	const char *path = m->d->path;
	bool made_new, made_cur = false, done = false;
	struct stat st;
	int err, fd;

	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		err = errno;
		if (err == ENOENT && !sink_check_parent(m->d, e))
			return false;
		return fail(&m->sink, err, e);
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOTDIR
			? error_set(e, ERROR_DELIVERY, "%s is not a folder", m->d->shown)
			: fail(&m->sink, errno, e);
	m->tmp_fd = open_part(m, fd, "tmp", &m->made, e);
	made_new = m->made;
	m->new_fd = m->tmp_fd < 0 ? -1 : open_part(m, fd, "new", &made_new, e);
	if (m->new_fd < 0 || !one_device(m, e))
		goto end;
	if (made_new || fstatat(fd, "cur", &st, 0) < 0) {
		if (fsync(fd) < 0) {
			fail(&m->sink, errno, e);
			goto end;
		}
		if (!file_sync_parent(path, ERROR_DELIVERY, e))
			goto end;
	}
	m->cur_fd = open_part(m, fd, "cur", &made_cur, e);
	if (m->cur_fd < 0)
		goto end;
	done = !made_cur || fsync(fd) == 0 || fail(&m->sink, errno, e);
end:
	close(fd);
	return done;
}

struct sink *maildir_open(const struct destination *d, const char *account, struct error *e)
{
	struct maildir *m = xcalloc(1, sizeof(*m));

	m->sink.ops = &ops;
	m->d = d;
	m->tmp_fd = m->new_fd = m->cur_fd = m->entry.fd = -1;
	m->open_max = open_max();
	maildir_names_init(&m->names, account);
	if (!open_folders(m, e)) {
		free_sink(&m->sink);
		return NULL;
	}
	m->buffer = xmalloc(BUFFER_SIZE);
	durable_init(&m->durable, m->tmp_fd);
	return &m->sink;
}
