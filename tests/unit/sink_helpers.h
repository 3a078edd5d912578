/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_TESTS_SINK_HELPERS_H
#define AMBIL_TESTS_SINK_HELPERS_H

/* A folder of its own for each test, a destination in it, and mails that go there. Include behind
 * cmocka.h. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "local/kinds.h"

static const int64_t NOW = 1795490813; /* Tue, 24 Nov 2026 03:26:53 UTC */

struct fixture {
	char *home;
	struct destination d;
	struct sink *k;
	struct error e;
};

static inline void run_program(const char *const *argv)
{
	struct child_job job = {.argv = (char *const *)(uintptr_t)argv, .stdin_fd = -1};
	struct child_result result;

	assert_true(child_run(&job, &result, NULL));
}

static inline int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct fixture *f = calloc(1, sizeof(*f));

	f->home = xasprintf("%s/ambil-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	*state = f;
	return mkdtemp(f->home) ? 0 : -1;
}

static inline void close_sink(struct fixture *f)
{
	sink_free(f->k);
	f->k = NULL;
	destination_release(&f->d);
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	const char *const argv[] = {"rm", "-rf", f->home, NULL};

	close_sink(f);
	run_program(argv);
	free(f->home);
	free(f);
	return 0;
}

static inline bool try_open(struct fixture *f, const char *to)
{
	close_sink(f);
	memset(&f->e, 0, sizeof(f->e));
	if (!destination_parse(to, "home", f->home, &f->d, &f->e))
		return false;
	f->d.received_header = false;
	f->k = sink_open(&f->d, "home", &f->e);
	return f->k != NULL;
}

static inline void open_sink(struct fixture *f, const char *to)
{
	if (!try_open(f, to))
		fail_msg("%s", f->e.text);
}

/* A path below the home folder; freed with free(). */
static inline char *at(const struct fixture *f, const char *path)
{
	return xasprintf("%s/%s", f->home, path);
}

static inline void put_file(const struct fixture *f, const char *name, const void *data, size_t len)
{
	char *path = at(f, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0 && file_write_all(fd, data, len));
	close(fd);
	free(path);
}

static inline void get_file(const struct fixture *f, const char *name, struct buf *out)
{
	char *path = at(f, name);
	struct stat st;

	buf_clear(out);
	if (stat(path, &st) < 0 || !file_slurp(path, (size_t)st.st_size, out, NULL, NULL))
		fail_msg("%s: %s", path, strerror(errno));
	free(path);
}

/* The i-th name of a folder in no order, or NULL; freed with free(). And how many there are. */
static inline char *name_in(const struct fixture *f, const char *folder, size_t i, size_t *n)
{
	char *path = at(f, folder), *found = NULL;
	struct dirent *entry;
	DIR *dir = opendir(path);

	*n = 0;
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && (*n)++ == i)
			found = xstrdup(entry->d_name);
	closedir(dir);
	free(path);
	return found;
}

static inline size_t count_in(const struct fixture *f, const char *folder)
{
	size_t n;

	free(name_in(f, folder, 0, &n));
	return n;
}

static inline struct mail_info some_info(void)
{
	return (struct mail_info){.account = "home",
		.host = "pop.example.org",
		.user = "anna",
		.uid = span_of("uid-1"),
		.attempt = 1,
		.encrypted = true,
		.now_s = NOW};
}

/* One mail into the open batch, as one piece. */
static inline void put_mail(struct fixture *f, const char *octets, size_t len)
{
	struct mail_info info = some_info();

	if (!f->k->ops->begin(f->k, &info, &f->e) ||
		!f->k->ops->write(f->k, (struct span){octets, len}, &f->e) ||
		!f->k->ops->end(f->k, &f->e))
		fail_msg("%s", f->e.text);
}

/* "From: s@b.example … mail N", CRLF lines. */
static inline void put_numbered(struct fixture *f, int number)
{
	char text[200];

	snprintf(text, sizeof(text), "From: s@b.example\r\nSubject: mail %d\r\n\r\nFrom here\r\n",
		number);
	put_mail(f, text, strlen(text));
}

static inline bool deliver(struct fixture *f, struct sink_batch *b, struct receipt *r, size_t n)
{
	bool done = f->k->ops->prepare(f->k, b, r, n, &f->e) &&
		f->k->ops->commit(f->k, b, r, n, &f->e);

	f->k->ops->batch_free(f->k, b, !done);
	return done;
}

/* Waits for a forked child that is to end by itself with code 0. */
static inline void wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif
