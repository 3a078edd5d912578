/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The part of the preloaded library that counts the steps by which a program changes what others can see. At
 * the n-th it kills the whole process group, or lets the step fail; or it writes all of them down. Environment:
 *
 *   STOP_AT=n        the step, from 1; no step is touched without it
 *   STOP_STEPS=…     which kinds count: create write sync rename unlink truncate link send (all if unset)
 *   STOP_ERROR=e     fail with this errno number instead of killing; from then on each step of these kinds
 *                    fails, as on a disk that stays full
 *   STOP_ONCE=1      only the n-th step fails
 *   STOP_SHORT=1     the n-th step, a write, does half; the one behind it fails
 *   STOP_TRACE=file  each step is written there with its octets, once it is done (trace.py reads it)
 *
 * Steps on memory, terminals, pipes and /dev are not counted, and what is synced is not really written to the
 * disk: neither a kill nor an error can tell. A file system is called ext4 whatever it is, so that syncfs(2) is
 * trusted with a batch. RTLD_NEXT needs _GNU_SOURCE.
 */
#define _GNU_SOURCE
/* Both names of each function are wanted, not one for the other. */
#undef _FILE_OFFSET_BITS
#include "stopper.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_ROOM = 360, EXT4 = 0xef53 };

static struct steps *steps; /* NULL: not in a run, nothing counts */
static long stop_at, stop_error;
static bool stop_once, stop_short;
static const char *stop_kinds;
static int trace_fd = -1;

#define REAL(name) \
	static __typeof__(name) *real; \
	if (!real) \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

/* ---- a run's settings ---- */

struct steps *stopper_prepare(void)
{
	void *memory = mmap(NULL, sizeof(struct steps), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* A run that was killed has left the mutex as it was. */
void stopper_reset(struct steps *s)
{
	pthread_mutexattr_t attributes;

	memset(s, 0, sizeof(*s));
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->mutex, &attributes);
	pthread_mutexattr_destroy(&attributes);
}

static long number(const char *name)
{
	const char *text = getenv(name);

	return text ? strtol(text, NULL, 10) : 0;
}

void stopper_begin(struct steps *s)
{
	const char *trace = getenv("STOP_TRACE");

	stop_at = number("STOP_AT");
	stop_error = number("STOP_ERROR");
	stop_once = number("STOP_ONCE");
	stop_short = number("STOP_SHORT");
	stop_kinds = getenv("STOP_STEPS") ? strdup(getenv("STOP_STEPS")) : NULL;
	if (trace)
		trace_fd = open(trace, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	steps = s;
}

/* ---- a step ---- */

/* Where a step takes place: a path relative to a folder, or an open file. */
struct place {
	int fd; /* of the file, or of the folder that path is in */
	const char *path;
};
static struct place at_fd(int fd)
{
	return (struct place){fd, NULL};
}
static struct place at_path(int folder, const char *path)
{
	return (struct place){folder, path};
}

static void path_of(struct place p, char out[PATH_ROOM])
{
	char link[40];
	ssize_t n;

	out[0] = '\0';
	if (p.path && (p.path[0] == '/' || p.fd == AT_FDCWD)) {
		snprintf(out, PATH_ROOM, "%s", p.path);
		return;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", p.fd);
	n = readlink(link, out, PATH_ROOM - 1);
	out[n > 0 ? n : 0] = '\0';
	if (p.path && n > 0)
		snprintf(out + n, PATH_ROOM - (size_t)n, "/%s", p.path);
}

static bool counts(const char *kind)
{
	return stop_at && (!stop_kinds || strstr(stop_kinds, kind));
}

enum verdict { DO_IT, DO_HALF, FAIL };

static void note_failure(const char *kind, struct place p)
{
	char path[PATH_ROOM];

	if (steps->failed < FAILED_MAX) {
		path_of(p, path);
		snprintf(steps->texts[steps->failed], STEP_TEXT, "%s %s", kind, path);
	}
	steps->failed++;
}

/* The step takes place with the mutex held, so that the trace is in the right order: after_step() is a must. */
static enum verdict before_step(const char *kind, struct place p)
{
	enum verdict verdict = DO_IT;
	bool hit;

	pthread_mutex_lock(&steps->mutex);
	if (!counts(kind))
		return DO_IT;
	hit = ++steps->count == stop_at;
	if (hit && !stop_error) {
		kill(0, SIGKILL);
		pause();
	}
	if (hit && stop_short && strcmp(kind, "write") == 0) {
		steps->next_is_full = 1;
		verdict = DO_HALF;
	} else if (hit || (steps->count > stop_at && stop_error && (!stop_once || steps->next_is_full))) {
		steps->next_is_full = 0;
		verdict = FAIL;
	}
	if (verdict != DO_IT)
		note_failure(kind, p);
	return verdict;
}

static void after_step(void)
{
	pthread_mutex_unlock(&steps->mutex);
}

/* ---- the trace ---- */

static void put(const void *data, size_t len)
{
	static ssize_t (*real)(int, const void *, size_t);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "write");
	if (real(trace_fd, data, len) != (ssize_t)len)
		abort();
}

/* One line of fields, then the octets. inode 0: the step is known by its paths alone. */
static void trace(const char *what, ino_t inode, int64_t offset, struct place from, const struct place *to,
	const void *octets, size_t len)
{
	char a[PATH_ROOM] = "", b[PATH_ROOM] = "", line[2 * PATH_ROOM + 100];
	int n, err = errno;

	if (trace_fd < 0)
		return;
	if (from.path || from.fd >= 0)
		path_of(from, a);
	if (to)
		path_of(*to, b);
	n = snprintf(line, sizeof(line), "%s\t%llu\t%lld\t%zu\t%s\t%s\n", what, (unsigned long long)inode,
		(long long)offset, len, a, b);
	put(line, (size_t)n);
	put(octets, len);
	errno = err;
}

static ino_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* ---- what makes names ---- */

static bool is_file(int fd)
{
	struct stat st;
	int err = errno;
	bool file = steps && fd > 2 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);

	errno = err;
	return file;
}

static bool is_device(const char *path)
{
	return strncmp(path, "/dev/", 5) == 0 && strncmp(path, "/dev/shm/", 9) != 0;
}

static int fail_with(long error)
{
	errno = (int)error;
	return -1;
}

static bool creates(int flags)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

typedef int opener(const char *path, int flags, ...);
typedef int opener_at(int folder, const char *path, int flags, ...);

/* What a build that counts its lines writes at its end is no step of ambil's. */
static bool is_of_coverage(const char *path)
{
	size_t len = strlen(path), ending = strlen(".gcda");

	return len > ending && strcmp(path + len - ending, ".gcda") == 0;
}

static int open_step(opener *plain, opener_at *at, struct place p, int flags, mode_t mode)
{
	struct stat st;
	bool was_there;
	int fd;

	if (!steps || !creates(flags) || is_device(p.path) || is_of_coverage(p.path))
		return plain ? plain(p.path, flags, mode) : at(p.fd, p.path, flags, mode);
	if (before_step("create", p) != DO_IT) {
		after_step();
		return fail_with(stop_error);
	}
	/* What has no name is no part of the trace. */
	was_there = !(flags & O_CREAT) || fstatat(p.fd, p.path, &st, 0) == 0;
	fd = plain ? plain(p.path, flags, mode) : at(p.fd, p.path, flags, mode);
	if (fd >= 0 && !was_there)
		trace("create", inode_of(fd), 0, p, NULL, "", 0);
	else if (fd >= 0 && (flags & O_TRUNC))
		trace("truncate", inode_of(fd), 0, p, NULL, "", 0);
	after_step();
	return fd;
}

#define MODE(flags) \
	mode_t mode = 0; \
	if (creates(flags)) { \
		va_list ap; \
		va_start(ap, flags); \
		mode = (mode_t)va_arg(ap, int); \
		va_end(ap); \
	}

int open(const char *path, int flags, ...)
{
	REAL(open);
	MODE(flags)
	return open_step(real, NULL, at_path(AT_FDCWD, path), flags, mode);
}
int open64(const char *path, int flags, ...)
{
	REAL(open64);
	MODE(flags)
	return open_step(real, NULL, at_path(AT_FDCWD, path), flags, mode);
}
int openat(int folder, const char *path, int flags, ...)
{
	REAL(openat);
	MODE(flags)
	return open_step(NULL, real, at_path(folder, path), flags, mode);
}
int openat64(int folder, const char *path, int flags, ...)
{
	REAL(openat64);
	MODE(flags)
	return open_step(NULL, real, at_path(folder, path), flags, mode);
}

/* One step of any other kind: real is the call, what, inode and the rest go to the trace. */
#define STEP(kind, when, place, call, ...) \
	int result; \
	if (!steps || !(when)) \
		return call; \
	if (before_step(kind, place) != DO_IT) { \
		after_step(); \
		return fail_with(stop_error); \
	} \
	result = call; \
	if (result >= 0) \
		trace(__VA_ARGS__); \
	after_step(); \
	return result

/* The spool: it has no name for longer than an instant, and no trace. */
int mkostemp(char *path, int flags)
{
	REAL(mkostemp);
	STEP("create", true, at_path(AT_FDCWD, path), real(path, flags), "spool", 0, 0, at_fd(-1), NULL, "", 0);
}
int mkostemp64(char *path, int flags)
{
	REAL(mkostemp64);
	STEP("create", true, at_path(AT_FDCWD, path), real(path, flags), "spool", 0, 0, at_fd(-1), NULL, "", 0);
}
static ino_t inode_at(int folder, const char *path)
{
	struct stat st;

	return fstatat(folder, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_ino : 0;
}
/* A folder that is there already is no step. */
static bool is_new(int folder, const char *path)
{
	return !inode_at(folder, path);
}
int mkdir(const char *path, mode_t mode)
{
	REAL(mkdir);
	STEP("create", is_new(AT_FDCWD, path), at_path(AT_FDCWD, path), real(path, mode), "mkdir",
		inode_at(AT_FDCWD, path), 0, at_path(AT_FDCWD, path), NULL, "", 0);
}
int mkdirat(int folder, const char *path, mode_t mode)
{
	REAL(mkdirat);
	STEP("create", is_new(folder, path), at_path(folder, path), real(folder, path, mode), "mkdir",
		inode_at(folder, path), 0, at_path(folder, path), NULL, "", 0);
}
int rename(const char *from, const char *to)
{
	REAL(rename);
	struct place other = at_path(AT_FDCWD, to);
	STEP("rename", true, other, real(from, to), "rename", 0, 0, at_path(AT_FDCWD, from), &other, "", 0);
}
int renameat(int a, const char *from, int b, const char *to)
{
	REAL(renameat);
	struct place other = at_path(b, to);
	STEP("rename", true, other, real(a, from, b, to), "rename", 0, 0, at_path(a, from), &other, "", 0);
}
int link(const char *from, const char *to)
{
	REAL(link);
	struct place other = at_path(AT_FDCWD, to);
	STEP("link", true, other, real(from, to), "link", 0, 0, at_path(AT_FDCWD, from), &other, "", 0);
}
int unlink(const char *path)
{
	REAL(unlink);
	STEP("unlink", true, at_path(AT_FDCWD, path), real(path), "unlink", 0, 0, at_path(AT_FDCWD, path), NULL, "", 0);
}
int unlinkat(int folder, const char *path, int flags)
{
	REAL(unlinkat);
	STEP("unlink", true, at_path(folder, path), real(folder, path, flags), "unlink", 0, 0, at_path(folder, path),
		NULL, "", 0);
}

/* ---- what changes and keeps octets ---- */

typedef ssize_t writer(int fd, const void *data, size_t len, int64_t at);

static ssize_t write_step(writer *write_to, int fd, const void *data, size_t len, int64_t at)
{
	enum verdict verdict;
	ssize_t n = -1;
	int err;

	if (!is_file(fd))
		return write_to(fd, data, len, at);
	verdict = before_step("write", at_fd(fd));
	if (verdict == DO_HALF && len > 1)
		len /= 2;
	else if (verdict != DO_IT)
		verdict = FAIL;
	if (verdict != FAIL)
		n = write_to(fd, data, len, at);
	err = verdict == FAIL ? (int)stop_error : errno;
	if (n > 0)
		trace("write", inode_of(fd), at >= 0 ? at : lseek(fd, 0, SEEK_CUR) - n, at_fd(fd), NULL, data,
			(size_t)n);
	after_step();
	errno = err;
	return n;
}

static ssize_t plain_write(int fd, const void *data, size_t len, int64_t at)
{
	REAL(write);
	(void)at;
	return real(fd, data, len);
}
static ssize_t placed_write(int fd, const void *data, size_t len, int64_t at)
{
	REAL(pwrite);
	return real(fd, data, len, (off_t)at);
}
ssize_t write(int fd, const void *data, size_t len)
{
	return write_step(plain_write, fd, data, len, -1);
}
ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
	return write_step(placed_write, fd, data, len, at);
}
ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	return write_step(placed_write, fd, data, len, at);
}
/* No file is written by this one today; when one is, its octets must get into the trace. */
ssize_t writev(int fd, const struct iovec *parts, int n)
{
	REAL(writev);
	if (is_file(fd))
		abort();
	return real(fd, parts, n);
}
int ftruncate(int fd, off_t len)
{
	REAL(ftruncate);
	STEP("truncate", true, at_fd(fd), real(fd, len), "truncate", inode_of(fd), len, at_fd(fd), NULL, "", 0);
}
int ftruncate64(int fd, off64_t len)
{
	REAL(ftruncate64);
	STEP("truncate", true, at_fd(fd), real(fd, len), "truncate", inode_of(fd), len, at_fd(fd), NULL, "", 0);
}
static int sync_step(const char *what, int fd)
{
	STEP("sync", true, at_fd(fd), 0, what, inode_of(fd), 0, at_fd(fd), NULL, "", 0);
}
int fsync(int fd)
{
	REAL(fsync);
	return steps ? sync_step("fsync", fd) : real(fd);
}
int fdatasync(int fd)
{
	REAL(fdatasync);
	return steps ? sync_step("fsync", fd) : real(fd);
}
int syncfs(int fd)
{
	REAL(syncfs);
	return steps ? sync_step("syncfs", fd) : real(fd);
}
int fstatfs(int fd, struct statfs *out)
{
	REAL(fstatfs);
	int result = real(fd, out);

	if (steps && result == 0)
		out->f_type = EXT4;
	return result;
}
int fstatfs64(int fd, struct statfs64 *out)
{
	REAL(fstatfs64);
	int result = real(fd, out);

	if (steps && result == 0)
		out->f_type = EXT4;
	return result;
}

/* ---- what others are told ---- */

/* A command that has ended, which is asked for in passing: no step of this program, but the trace must know. */
pid_t waitpid(pid_t pid, int *status, int options)
{
	REAL(waitpid);
	pid_t ended = real(pid, status, options);

	if (steps && ended > 0 && (options & WNOHANG)) {
		pthread_mutex_lock(&steps->mutex);
		trace("reaped", 0, 0, at_fd(-1), NULL, "", 0);
		after_step();
	}
	return ended;
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
	REAL(send);
	ssize_t n;

	if (!steps)
		return real(fd, data, len, flags);
	if (before_step("send", at_fd(fd)) != DO_IT) {
		after_step();
		return fail_with(stop_error);
	}
	n = real(fd, data, len, flags);
	if (n > 0)
		trace("send", 0, 0, at_fd(-1), NULL, data, (size_t)n);
	after_step();
	return n;
}
