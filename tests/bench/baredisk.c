/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The disk's own speed: writes files into a Maildir, or one mbox, as durably as a careful fetcher
 * must, and does nothing else. The limit beside which the benchmark sets the fetchers.
 *
 *     baredisk maildir|mbox DIR <SIZES        (a size on each line)
 *
 * Maildir: each 256 files, or 32 MiB, are made durable with one syncfs, renamed, and new/ synced
 * once. syncfs is Linux's own, hence _GNU_SOURCE. mbox: one fdatasync for as many. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH = 256, BATCH_OCTETS = 32 << 20, PIECE = 256 << 10, LINE = 77 };

struct work {
	char piece[PIECE];
	int tmp, new, mbox;
	unsigned written, moved; /* numbers of files, which are their names */
	uint64_t octets;         /* in the open batch */
};

static void check(bool fine, const char *what)
{
	if (fine)
		return;
	perror(what);
	exit(EXIT_FAILURE);
}

static int open_folder(const char *path, const char *name)
{
	char full[4096];
	int fd;

	snprintf(full, sizeof full, "%s/%s", path, name);
	check(mkdir(full, 0700) == 0, full);
	fd = open(full, O_RDONLY | O_DIRECTORY);
	check(fd >= 0, full);
	return fd;
}

static void start(struct work *w, const char *kind, const char *path)
{
	memset(w->piece, 'a', PIECE);
	for (size_t i = LINE - 1; i < PIECE; i += LINE)
		w->piece[i] = '\n';
	w->tmp = w->new = w->mbox = -1;
	if (strcmp(kind, "mbox") == 0) {
		w->mbox = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
		check(w->mbox >= 0, path);
		return;
	}
	check(mkdir(path, 0700) == 0, path);
	w->tmp = open_folder(path, "tmp");
	w->new = open_folder(path, "new");
}

static void write_mail(struct work *w, uint64_t size)
{
	char name[32];
	int fd = w->mbox;

	snprintf(name, sizeof name, "%u", w->written);
	if (fd < 0)
		fd = openat(w->tmp, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	check(fd >= 0, name);
	for (uint64_t left = size; left;) {
		size_t n = left < PIECE ? (size_t)left : PIECE;
		check(write(fd, w->piece, n) == (ssize_t)n, "write");
		left -= n;
	}
	if (fd != w->mbox)
		close(fd);
	w->written++;
	w->octets += size;
}

static void make_durable(struct work *w)
{
	char name[32];

	w->octets = 0;
	if (w->mbox >= 0) {
		check(fdatasync(w->mbox) == 0, "fdatasync");
		w->moved = w->written;
		return;
	}
	check(syncfs(w->tmp) == 0, "syncfs");
	for (; w->moved < w->written; w->moved++) {
		snprintf(name, sizeof name, "%u", w->moved);
		check(renameat(w->tmp, name, w->new, name) == 0, name);
	}
	check(fsync(w->new) == 0, "fsync");
}

int main(int argc, char **argv)
{
	static struct work w;
	char line[64];

	check(argc == 3, "baredisk maildir|mbox DIR <SIZES");
	start(&w, argv[1], argv[2]);
	while (fgets(line, sizeof line, stdin)) {
		write_mail(&w, strtoull(line, NULL, 10));
		if (w.written - w.moved == BATCH || w.octets >= BATCH_OCTETS)
			make_durable(&w);
	}
	if (w.moved < w.written)
		make_durable(&w);
	return 0;
}
