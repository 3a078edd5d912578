/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One fsync after the other waits for the disk as often as there are files. Many at once share the
 * file system's commits, and syncfs(2) needs one; but it also waits for what other programs have
 * written. Neither is always better, so both are measured. syncfs is trusted only where it is known
 * to reach the disk and to report failed writes (Linux 5.8 and later, file systems on a disk of
 * this machine): elsewhere, and whenever it fails, each file is asked by itself. _GNU_SOURCE:
 * syncfs is not in POSIX.
 */
#define _GNU_SOURCE
#include "local/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/utsname.h>
#include <sys/vfs.h>
#endif

enum { THREADS_MAX = 16, STACK_SIZE = 256 * 1024, WHOLE_MIN = 9, TRY_AGAIN = 64 };
/* Below this a whole sync is not worth doubting: it is about what a file costs without any sync. */
enum { CHEAP_US = 100 };

#ifdef __linux__
static bool whole_trusted(int folder)
{
	static const unsigned long known[] = {0xef53 /* ext */, 0x58465342 /* XFS */,
		0x9123683e /* Btrfs */, 0xf2f52010 /* F2FS */};
	struct utsname system;
	struct statfs fs;
	long series, number = 0;
	char *end;

	if (uname(&system) < 0 || fstatfs(folder, &fs) < 0)
		return false;
	/* "6.1.0-13-amd64" */
	series = 0;
	for (end = system.release; *end >= '0' && *end <= '9' && series < 1000; end++)
		series = series * 10 + (*end - '0');
	if (*end == '.')
		for (end++; *end >= '0' && *end <= '9' && number < 1000; end++)
			number = number * 10 + (*end - '0');
	if (series < 5 || (series == 5 && number < 8))
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (((unsigned long)fs.f_type & 0xffffffff) == known[i])
			return true;
	return false;
}

static bool sync_whole(int folder)
{
	return syncfs(folder) == 0;
}
#else
static bool whole_trusted(int folder)
{
	(void)folder;
	return false;
}

static bool sync_whole(int folder)
{
	(void)folder;
	errno = ENOSYS;
	return false;
}
#endif

void durable_init(struct durable *d, int folder)
{
	*d = (struct durable){.folder = folder, .whole_trusted = whole_trusted(folder)};
}

/* Files left to sync, taken by whichever thread is free. */
struct work {
	int folder;
	const struct durable_file *files;
	size_t n;
	atomic_size_t next;
	atomic_size_t failed; /* index + 1 of a file; 0: none */
	atomic_int err;
};

static int sync_file(int folder, const struct durable_file *file)
{
	int err = 0, fd = file->fd;

	if (fd < 0)
		fd = openat(folder, file->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno;
	while (fsync(fd) < 0) {
		err = errno;
		if (err != EINTR)
			break;
		err = 0;
	}
	if (file->fd < 0)
		close(fd);
	return err;
}

static void *sync_files(void *argument)
{
	struct work *work = argument;

	for (;;) {
		size_t i = atomic_fetch_add(&work->next, 1), none = 0;
		int err;

		if (i >= work->n || atomic_load(&work->failed))
			return NULL;
		err = sync_file(work->folder, &work->files[i]);
		if (err && atomic_compare_exchange_strong(&work->failed, &none, i + 1))
			atomic_store(&work->err, err);
	}
}

/* Signals are for the thread that waits for them; these must not take any. */
static size_t start_threads(pthread_t *threads, size_t want, struct work *work)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	size_t n = 0;

	if (pthread_attr_init(&attributes) != 0)
		return 0;
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (n < want && pthread_create(&threads[n], &attributes, sync_files, work) == 0)
		n++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return n;
}

static bool sync_each(struct durable *d, const struct durable_file *files, size_t n, size_t *which)
{
	struct work work = {.folder = d->folder, .files = files, .n = n};
	pthread_t threads[THREADS_MAX];
	size_t started = 0;
	int err;

	/* This thread takes part, so two files need one more. */
	if (n > 1)
		started = start_threads(threads, (n < THREADS_MAX ? n : THREADS_MAX) - 1, &work);
	sync_files(&work);
	while (started)
		pthread_join(threads[--started], NULL);
	if (atomic_load(&work.failed)) {
		*which = atomic_load(&work.failed) - 1;
		errno = atomic_load(&work.err);
		return false;
	}
	/* The names: no file's own sync is bound to cover them. */
	do
		err = fsync(d->folder) < 0 ? errno : 0;
	while (err == EINTR);
	errno = err;
	return err == 0;
}

static enum durable_way choose(const struct durable *d, size_t n)
{
	const int64_t *cost = d->us_per_file;
	enum durable_way better;

	if (!d->whole_trusted || n < WHOLE_MIN)
		return DURABLE_EACH;
	if (cost[DURABLE_WHOLE] <= CHEAP_US)
		return DURABLE_WHOLE;
	if (!cost[DURABLE_EACH])
		return DURABLE_EACH;
	better = cost[DURABLE_WHOLE] <= cost[DURABLE_EACH] ? DURABLE_WHOLE : DURABLE_EACH;
	/* What made the other slow may be over. */
	return d->since[!better] >= TRY_AGAIN ? (enum durable_way) !better : better;
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

bool durable_sync(struct durable *d, const struct durable_file *files, size_t n, size_t *which)
{
	enum durable_way way = choose(d, n);
	int64_t start = now_us();

	*which = n;
	if (n == 0)
		return true;
	if (way == DURABLE_WHOLE && !sync_whole(d->folder))
		/* The failed write may be another program's: each file knows. */
		way = DURABLE_EACH;
	if (way == DURABLE_EACH && !sync_each(d, files, n, which))
		return false;
	/* Few files say nothing about many. */
	if (n >= WHOLE_MIN) {
		d->us_per_file[way] = (now_us() - start) / (int64_t)n + 1;
		d->since[way] = 0;
		d->since[!way]++;
	}
	return true;
}
