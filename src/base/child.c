/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Commands the user configured: split without a shell, started with posix_spawn (safe beside other
 * threads), watched until they end. Their two output streams are drained all the time, so that no
 * amount of chatter can block them, and only the first part is kept. _GNU_SOURCE: pipe2() is in
 * POSIX only since 2024, and without it a command started by another thread could inherit a pipe.
 */
#define _GNU_SOURCE
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"

extern char **environ;

enum { COMPLAINTS_MAX = 1024, GRACE_MS = 2000 };
enum { NAP_MIN_NS = 50 * 1000, NAP_MAX_NS = 50 * 1000 * 1000 };

static void add_word(char ***argv, size_t *count, struct buf *word)
{
	*argv = xreallocarray(*argv, *count + 2, sizeof(**argv));
	(*argv)[(*count)++] = buf_detach(word);
	(*argv)[*count] = NULL;
}

bool child_argv_split(const char *command, char ***argv_out, struct error *e)
{
	struct buf word = {NULL, 0, 0};
	char **argv = NULL;
	size_t count = 0;
	bool open = false;
	char quote = '\0';

	for (const char *p = command; *p; p++) {
		if (quote == '\'' ? *p != '\'' : quote == '"' ? *p != '"' && *p != '\\' : false) {
			buf_add(&word, p, 1);
		} else if (quote && *p == quote) {
			quote = '\0';
		} else if (*p == '\\' && p[1]) {
			/* Inside "…" a backslash is itself unless it hides a quote or a backslash.
			 */
			if (quote && p[1] != '"' && p[1] != '\\')
				buf_add(&word, p, 1);
			buf_add(&word, ++p, 1);
			open = true;
		} else if (*p == '\'' || *p == '"') {
			quote = *p;
			open = true;
		} else if (*p == ' ' || *p == '\t' || *p == '\n') {
			if (open)
				add_word(&argv, &count, &word);
			open = false;
		} else {
			buf_add(&word, p, 1);
			open = true;
		}
	}
	if (open)
		add_word(&argv, &count, &word);
	buf_release(&word);
	if (quote || count == 0 || !argv[0][0]) {
		child_argv_free(argv);
		return error_set(e, ERROR_CONFIG,
			quote ? N_("the command \"%s\" has an open quote")
			      : N_("the command \"%s\" is empty"),
			command);
	}
	*argv_out = argv;
	return true;
}

void child_argv_free(char **argv)
{
	for (size_t i = 0; argv && argv[i]; i++)
		free(argv[i]);
	free(argv);
}

bool child_exists(const char *program)
{
	const char *path = getenv("PATH");
	bool found = false;

	if (strchr(program, '/'))
		return access(program, X_OK) == 0;
	if (!path)
		path = "/usr/local/bin:/usr/bin:/bin";
	while (!found) {
		size_t len = strcspn(path, ":");
		char *file = xasprintf("%.*s/%s", len ? (int)len : 1, len ? path : ".", program);

		found = access(file, X_OK) == 0;
		free(file);
		if (!path[len])
			break;
		path += len + 1;
	}
	return found;
}

/* environ with the additions behind it; a name that is in both is left out of the first part. */
static char **make_environment(const char *const *more)
{
	size_t n = 0, m = 0, used = 0;
	char **env;

	while (environ && environ[n])
		n++;
	while (more && more[m])
		m++;
	env = xcalloc(n + m + 1, sizeof(*env));
	for (size_t i = 0; i < n; i++) {
		size_t name = strcspn(environ[i], "=") + 1;
		bool replaced = false;

		for (size_t j = 0; j < m; j++)
			replaced = replaced || strncmp(environ[i], more[j], name) == 0;
		if (!replaced)
			env[used++] = environ[i];
	}
	for (size_t j = 0; j < m; j++)
		env[used++] = (char *)(size_t)more[j];
	return env;
}

/* How far a command stands apart from us. */
enum apart { APART_NOT, APART_GROUP, APART_SESSION };

/* fds: what becomes 0, 1 and 2; the first may be -1, for /dev/null. An errno value, 0: it runs. */
static int start(char *const *argv, const char *const *more_env, const int fds[3], enum apart apart,
	pid_t *pid)
{
	static const short flags[] = {0, POSIX_SPAWN_SETPGROUP, POSIX_SPAWN_SETSID};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, usual;
	char **env = make_environment(more_env);
	int err;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGTERM);
	if (apart == APART_NOT)
		sigaddset(&usual, SIGINT);
	posix_spawn_file_actions_init(&files);
	if (fds[0] < 0)
		posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	else
		posix_spawn_file_actions_adddup2(&files, fds[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, fds[2], STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &usual);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes,
		(short)(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | flags[apart]));
	err = posix_spawnp(pid, argv[0], &files, &attributes, argv, env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	free(env);
	return err;
}

/* Takes what fd has; closes it at its end. Octets past max are read and dropped, *over tells. */
static void drain(struct pollfd *p, struct buf *into, size_t max, bool *over)
{
	char chunk[4096];
	ssize_t n = read(p->fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(p->fd);
		p->fd = -1;
		return;
	}
	size_t room = into ? max - into->len : 0, take = (size_t)n < room ? (size_t)n : room;

	if (take)
		buf_add(into, chunk, take);
	if (take < (size_t)n)
		*over = true;
	wipe(chunk, sizeof(chunk));
}

static void end_it(pid_t pid, bool group, int signal_number)
{
	kill(group ? -pid : pid, signal_number);
}

static struct child_result result_of(int status)
{
	return (struct child_result){WIFEXITED(status) ? CHILD_EXITED : CHILD_SIGNALLED,
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status)};
}

/* Whether it has ended, and was reaped. When nobody can tell how, it was not well: a command that
 * has failed must never be taken for one that has delivered a mail. */
static bool has_ended(pid_t pid, struct child_result *result)
{
	int status = 0;
	pid_t got = waitpid(pid, &status, WNOHANG);

	if (got == 0 || (got < 0 && errno == EINTR))
		return false;
	*result = got == pid ? result_of(status) : (struct child_result){CHILD_SIGNALLED, SIGKILL};
	return true;
}

/* Reads until the child has ended, by itself or because time or room for its output was up. */
static void watch(const struct child_job *job, pid_t pid, struct pollfd fds[2], bool *over,
	struct child_result *result)
{
	int64_t deadline = job->timeout_ms ? clock_ms() + job->timeout_ms : INT64_MAX;
	int64_t nap_ns = NAP_MIN_NS;
	bool late = false, ignored = false;

	for (;;) {
		bool open = fds[0].fd >= 0 || fds[1].fd >= 0;

		/* It has closed its ends, as it does when it exits: it can be gone in no time. */
		if (!open) {
			nanosleep(&(struct timespec){.tv_nsec = (long)nap_ns}, NULL);
			nap_ns = nap_ns * 2 < NAP_MAX_NS ? nap_ns * 2 : NAP_MAX_NS;
		} else if (poll(fds, 2, 100) > 0) {
			if (fds[0].fd >= 0 && fds[0].revents)
				drain(&fds[0], job->output, job->output_max, over);
			if (fds[1].fd >= 0 && fds[1].revents)
				drain(&fds[1], job->complaints, COMPLAINTS_MAX, &ignored);
		}
		if (has_ended(pid, result))
			break;
		/* When it said too much, what it says is of no use any more: no need to hear it
		 * out. */
		if (clock_ms() > deadline || (!late && (*over || (job->stop && *job->stop)))) {
			end_it(pid, job->background, late ? SIGKILL : SIGTERM);
			deadline = late ? INT64_MAX : clock_ms() + GRACE_MS;
			late = true;
		}
	}
	/* What it wrote last may still be in the pipes, where a grandchild may write for ever. */
	while (fds[0].fd >= 0 && !*over && poll(&fds[0], 1, 0) > 0)
		drain(&fds[0], job->output, job->output_max, over);
	while (fds[1].fd >= 0 && !ignored && poll(&fds[1], 1, 0) > 0)
		drain(&fds[1], job->complaints, COMPLAINTS_MAX, &ignored);
	if (late)
		result->end = CHILD_TIMED_OUT;
}

/* Whether a command cannot be started for want of something that it is not to blame for. */
static bool is_shortage(int err)
{
	return err == EAGAIN || err == ENOMEM || err == EMFILE || err == ENFILE;
}

static bool cannot_run(int err, const char *program, struct error *e)
{
	return error_sys(e, is_shortage(err) ? ERROR_INTERNAL : ERROR_CONFIG, err,
		"cannot run \"%s\"", program);
}

bool child_run(const struct child_job *job, struct child_result *result, struct error *e)
{
	int out[2] = {-1, -1}, err[2] = {-1, -1}, failed;
	bool over = false, done = false;
	pid_t pid = -1;

	if ((job->output && pipe2(out, O_CLOEXEC) < 0) || pipe2(err, O_CLOEXEC) < 0) {
		error_sys(e, ERROR_INTERNAL, errno, "cannot make a pipe for %s", job->argv[0]);
		goto end;
	}
	const int given[3] = {job->stdin_fd, job->output ? out[1] : err[1], err[1]};

	failed = start(job->argv, job->env, given, job->background ? APART_GROUP : APART_NOT, &pid);
	if (failed) {
		cannot_run(failed, job->argv[0], e);
		goto end;
	}
	if (out[1] >= 0)
		close(out[1]);
	close(err[1]);
	out[1] = err[1] = -1;
	struct pollfd fds[2] = {{.fd = out[0], .events = POLLIN}, {.fd = err[0], .events = POLLIN}};

	watch(job, pid, fds, &over, result);
	out[0] = fds[0].fd;
	err[0] = fds[1].fd;
	done = !over ||
		error_set(e, ERROR_CONFIG, "the command \"%s\" wrote more than %zu octets",
			job->argv[0], job->output_max);
end:
	for (size_t i = 0; i < 2; i++) {
		if (out[i] >= 0)
			close(out[i]);
		if (err[i] >= 0)
			close(err[i]);
	}
	return done;
}

bool child_complaint(const struct buf *complaints, struct error *e)
{
	struct span said = buf_span(complaints);
	const char *lf;

	while (said.len && (*said.data == '\n' || *said.data == ' ')) {
		said.data++;
		said.len--;
	}
	lf = said.len ? memchr(said.data, '\n', said.len) : NULL;
	if (lf)
		said.len = (size_t)(lf - said.data);
	said = span_trim(said);
	if (said.len)
		error_why(e, "%s", safe(said).text);
	return false;
}

bool child_start(char *const *argv, const char *const *env, int io_fd, int complaints_fd,
	pid_t *pid, struct error *e)
{
	const int given[3] = {io_fd, io_fd, complaints_fd};
	int err = start(argv, env, given, APART_SESSION, pid);

	return err == 0 || cannot_run(err, argv[0], e);
}

bool child_wait(pid_t pid, int64_t ms, struct child_result *result)
{
	int64_t until = clock_ms() + ms, nap_ns = NAP_MIN_NS;

	for (;;) {
		if (has_ended(pid, result))
			return true;
		if (clock_ms() >= until)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = (long)nap_ns}, NULL);
		nap_ns = nap_ns * 2 < NAP_MAX_NS ? nap_ns * 2 : NAP_MAX_NS;
	}
}

void child_end(pid_t pid, int64_t patience_ms, struct child_result *result)
{
	if (child_wait(pid, patience_ms, result))
		return;
	end_it(pid, true, SIGTERM);
	if (child_wait(pid, GRACE_MS, result))
		return;
	end_it(pid, true, SIGKILL);
	while (!child_wait(pid, GRACE_MS, result))
		;
}
