/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The caller's side of the keyring. A child is forked that loads libsecret, asks, and writes what
 * it hears into a pipe; whatever happens to it, and however long a bus is silent, it is only waited
 * for so long. Before that it is looked whether there is a bus at all, since for many there is
 * none, and loading the libraries takes ten times as long as all else that comes before the
 * network. A bus is never started: it would outlive us.
 */
#include "auth/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "auth/keyring_inner.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/text.h"

static void set_all(
	struct keyring_entry *entries, size_t n, enum keyring_state state, const char *words)
{
	for (size_t i = 0; i < n; i++) {
		entries[i].state = state;
		snprintf(entries[i].words, sizeof(entries[i].words), "%s", words);
	}
}

#ifdef AMBIL_LIBSECRET

bool keyring_built_in(void)
{
	return true;
}

static bool is_our_socket(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == geteuid();
}

/*
 * The address of the user's bus, fresh; NULL: there is none. cron sets no variables, but where a
 * user has logged in the bus of systemd stands in a known place.
 */
static char *bus_address(void)
{
	static const char starts_one[] = "autolaunch:";
	const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
	const char *folder = getenv("XDG_RUNTIME_DIR");
	char *path = NULL;

	if (address && *address && strncmp(address, starts_one, strlen(starts_one)) != 0)
		return xstrdup(address);
	if (folder && folder[0] == '/')
		path = xasprintf("%s/bus", folder);
	if (!path || !is_our_socket(path)) {
		free(path);
		path = xasprintf("/run/user/%u/bus", (unsigned)geteuid());
	}
	char *found = is_our_socket(path) ? xasprintf("unix:path=%s", path) : NULL;

	free(path);
	return found;
}

/* In the child. Its chatter is for nobody, and what stops a run is the caller's to see. */
static void settle_in_child(pid_t parent, const char *bus)
{
	static const int own[] = {SIGINT, SIGHUP, SIGTERM, SIGTSTP, SIGCONT};
	int nowhere = open("/dev/null", O_RDWR);

#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	if (getppid() != parent)
		_exit(1);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		sigaction(
			own[i], &(struct sigaction){.sa_handler = i < 2 ? SIG_IGN : SIG_DFL}, NULL);
	for (int fd = STDIN_FILENO; nowhere >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(nowhere, fd);
	if (bus)
		setenv("DBUS_SESSION_BUS_ADDRESS", bus, 1);
}

/* The child, or -1; *fd_out is where its answers come from. */
static pid_t start(enum keyring_job job, const struct keyring_entry *entries, size_t n, bool unlock,
	bool file, const char *bus, int *fd_out)
{
	sigset_t all, before;
	pid_t parent = getpid(), child;
	int ends[2];

	if (pipe(ends) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		fcntl(ends[i], F_SETFD, FD_CLOEXEC);
	fflush(NULL);
	/* No handler of ours may run in the child: what it writes to is shared. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		settle_in_child(parent, bus);
		sigprocmask(SIG_SETMASK, &before, NULL);
		keyring_serve(job, entries, n, unlock, file, ends[1]);
		_exit(0);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[1]);
	if (child < 0)
		close(ends[0]);
	*fd_out = ends[0];
	return child;
}

enum { END_WAIT_MS = 1000 };
enum got { GOT_ALL, GOT_LATE, GOT_STILL_LOCKED, GOT_STOP, GOT_END };

/* Reads len octets, by the clock's deadline. */
static enum got receive(
	int fd, void *to, size_t len, int64_t deadline_ms, const volatile sig_atomic_t *stop)
{
	char *at = to;

	while (len) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left_ms = deadline_ms - clock_ms();
		ssize_t n;

		if (stop && *stop)
			return GOT_STOP;
		if (left_ms <= 0)
			return GOT_LATE;
		/* A signal that comes just before the call must not be waited out. */
		if (poll(&p, 1, left_ms < 200 ? (int)left_ms : 200) <= 0)
			continue;
		n = read(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return GOT_END;
		at += n;
		len -= (size_t)n;
	}
	return GOT_ALL;
}

static enum got take_password(int fd, size_t len, struct keyring_entry *entry, int64_t deadline_ms,
	const volatile sig_atomic_t *stop)
{
	char *password;
	enum got got;

	if (!len)
		return GOT_ALL;
	if (len > KEYRING_PASSWORD_MAX)
		return GOT_END;
	password = xcalloc(len + 1, 1);
	got = receive(fd, password, len, deadline_ms, stop);
	if (got == GOT_ALL)
		entry->password = password;
	else
		wipe_free(password);
	return got;
}

/* The answer about one entry. */
static enum got take_answer(int fd, struct keyring_entry *entry, const struct keyring_way *way)
{
	int64_t deadline_ms = clock_ms() + KEYRING_WAIT_S * 1000;
	struct keyring_answer a;
	bool asked = false;
	enum got got;

	while ((got = receive(fd, &a, sizeof(a), deadline_ms, way->stop)) == GOT_ALL &&
		a.unlocking) {
		deadline_ms = clock_ms() + (int64_t)KEYRING_UNLOCK_WAIT_S * 1000;
		if (way->unlocking && !asked)
			way->unlocking(way->self);
		asked = true;
	}
	if (got != GOT_ALL)
		return got == GOT_LATE && asked ? GOT_STILL_LOCKED : got;
	entry->state = a.state;
	entry->forgotten = a.forgotten;
	text_safe(entry->words, sizeof(entry->words),
		(struct span){a.words, strnlen(a.words, sizeof(a.words))});
	return take_password(fd, a.password_len, entry, deadline_ms, way->stop);
}

/* It ends by itself when it has said all; got: how the last answer came. */
static void end_child(pid_t child, int fd, enum got got, int *status)
{
	char octet;

	if (got == GOT_ALL)
		got = receive(fd, &octet, 1, clock_ms() + END_WAIT_MS, NULL);
	close(fd);
	if (got != GOT_END)
		kill(child, SIGKILL);
	while (waitpid(child, status, 0) < 0 && errno == EINTR)
		;
}

/* What is to be said of entries about which no answer came. */
static void explain(struct keyring_entry *entries, size_t n, enum got got, int status)
{
	char words[sizeof(entries->words)];

	if (got == GOT_STOP || got == GOT_STILL_LOCKED) {
		set_all(entries, n, got == GOT_STOP ? KEYRING_STOPPED : KEYRING_LOCKED, "");
		return;
	}
	if (got == GOT_LATE)
		snprintf(words, sizeof(words), _("it did not answer within %d s"), KEYRING_WAIT_S);
	else if (WIFSIGNALED(status))
		snprintf(words, sizeof(words), _("its library ended by signal %d"),
			WTERMSIG(status));
	else
		snprintf(words, sizeof(words), "%s", _("its library ended without an answer"));
	set_all(entries, n, KEYRING_FAILED, words);
}

void keyring_do(enum keyring_job job, struct keyring_entry *entries, size_t n,
	const struct keyring_way *way)
{
	const char *backend = getenv("SECRET_BACKEND");
	bool file = backend && strcmp(backend, "file") == 0;
	char *bus = file ? NULL : bus_address();
	enum got got = GOT_ALL;
	int fd = -1, status = 0;
	pid_t child;
	size_t i = 0;

	if (!file && !bus) {
		set_all(entries, n, KEYRING_ABSENT, _("no D-Bus session is running"));
		return;
	}
	child = start(job, entries, n, way->unlock, file, bus, &fd);
	free(bus);
	if (child < 0) {
		set_all(entries, n, KEYRING_FAILED, _("no process could be started to ask it"));
		return;
	}
	while (i < n && (got = take_answer(fd, &entries[i], way)) == GOT_ALL)
		i++;
	end_child(child, fd, got, &status);
	explain(entries + i, n - i, got, status);
}

#else

bool keyring_built_in(void)
{
	return false;
}

void keyring_do(enum keyring_job job, struct keyring_entry *entries, size_t n,
	const struct keyring_way *way)
{
	(void)job;
	(void)way;
	set_all(entries, n, KEYRING_ABSENT, _("this ambil was built without it"));
}

#endif
