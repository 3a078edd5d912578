/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A library to preload: counts the steps by which a program changes what others can see, and at the n-th kills
 * the whole process group, or lets the step fail. Environment:
 *
 *   STOP_AT=n        the step, from 1
 *   STOP_STEPS=…     which kinds count: create write sync rename unlink truncate link send (all if unset)
 *   STOP_ERROR=e     fail with this errno number instead of killing; from then on each step of these kinds
 *                    fails, as on a disk that stays full
 *   STOP_COUNT=file  at each step the count is written there
 *
 * Steps on memory, terminals, pipes and /dev are not counted. RTLD_NEXT needs _GNU_SOURCE.
 */
#define _GNU_SOURCE
/* Both names of each function are wanted, not one for the other. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long count;

static void write_count(const char *path, long n)
{
	static int (*real_open)(const char *, int, ...);
	static ssize_t (*real_write)(int, const void *, size_t);
	char text[30];
	int fd, len = snprintf(text, sizeof(text), "%ld\n", n);

	*(void **)&real_open = dlsym(RTLD_NEXT, "open");
	*(void **)&real_write = dlsym(RTLD_NEXT, "write");
	fd = real_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0) {
		if (real_write(fd, text, (size_t)len) != len)
			abort();
		close(fd);
	}
}

/* True when the step must fail, with errno set. */
static bool step(const char *kind)
{
	const char *at = getenv("STOP_AT"), *kinds = getenv("STOP_STEPS"), *error = getenv("STOP_ERROR"),
		   *file = getenv("STOP_COUNT");
	bool fails = false;

	if (!at || (kinds && !strstr(kinds, kind)))
		return false;
	pthread_mutex_lock(&mutex);
	count++;
	if (file)
		write_count(file, count);
	if (count == strtol(at, NULL, 10) && !error) {
		kill(0, SIGKILL);
		pause();
	}
	fails = error && count >= strtol(at, NULL, 10);
	pthread_mutex_unlock(&mutex);
	if (fails)
		errno = (int)strtol(error, NULL, 10);
	return fails;
}

static bool is_file(int fd)
{
	struct stat st;
	int err = errno;
	bool file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);

	errno = err;
	return file;
}

#define REAL(name) \
	static __typeof__(name) *real; \
	if (!real) \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

#define OPEN(name, ...) \
	mode_t mode = 0; \
	REAL(name); \
	if (flags & O_CREAT) { \
		va_list ap; \
		va_start(ap, flags); \
		mode = (mode_t)va_arg(ap, int); \
		va_end(ap); \
		if (strncmp(path, "/dev/", 5) != 0 && step("create")) \
			return -1; \
	} \
	return real(__VA_ARGS__, flags, mode)

int open(const char *path, int flags, ...)
{
	OPEN(open, path);
}
int open64(const char *path, int flags, ...)
{
	OPEN(open64, path);
}
int openat(int folder, const char *path, int flags, ...)
{
	OPEN(openat, folder, path);
}
int openat64(int folder, const char *path, int flags, ...)
{
	OPEN(openat64, folder, path);
}

#define STEP(type, name, kind, when, ...) \
	REAL(name); \
	if ((when) && step(kind)) \
		return (type)-1; \
	return real(__VA_ARGS__)

ssize_t write(int fd, const void *data, size_t len)
{
	STEP(ssize_t, write, "write", is_file(fd), fd, data, len);
}
ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
	STEP(ssize_t, pwrite, "write", is_file(fd), fd, data, len, at);
}
ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	STEP(ssize_t, pwrite64, "write", is_file(fd), fd, data, len, at);
}
ssize_t writev(int fd, const struct iovec *parts, int n)
{
	STEP(ssize_t, writev, "write", is_file(fd), fd, parts, n);
}
int fsync(int fd)
{
	STEP(int, fsync, "sync", true, fd);
}
int fdatasync(int fd)
{
	STEP(int, fdatasync, "sync", true, fd);
}
int syncfs(int fd)
{
	STEP(int, syncfs, "sync", true, fd);
}
int rename(const char *from, const char *to)
{
	STEP(int, rename, "rename", true, from, to);
}
int renameat(int a, const char *from, int b, const char *to)
{
	STEP(int, renameat, "rename", true, a, from, b, to);
}
int unlink(const char *path)
{
	STEP(int, unlink, "unlink", true, path);
}
int unlinkat(int folder, const char *path, int flags)
{
	STEP(int, unlinkat, "unlink", true, folder, path, flags);
}
int ftruncate(int fd, off_t len)
{
	STEP(int, ftruncate, "truncate", true, fd, len);
}
int ftruncate64(int fd, off64_t len)
{
	STEP(int, ftruncate64, "truncate", true, fd, len);
}
int link(const char *from, const char *to)
{
	STEP(int, link, "link", true, from, to);
}
int linkat(int a, const char *from, int b, const char *to, int flags)
{
	STEP(int, linkat, "link", true, a, from, b, to, flags);
}
ssize_t send(int fd, const void *data, size_t len, int flags)
{
	STEP(ssize_t, send, "send", true, fd, data, len, flags);
}
