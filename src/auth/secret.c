/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a password comes from. The first source that is configured is the only one that counts: one
 * that fails is an error, as trying the next would hide it. Every buffer that has held a password
 * is of its final size from the start, so that no copy is left behind by growing, and is wiped.
 */
#include "auth/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/prompt.h"
#include "base/child.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

enum { OUTPUT_MAX = 64 * 1024, COMMAND_TIMEOUT_S = 60 };

void secret_release(struct secret *s)
{
	wipe_free(s->value);
	*s = (struct secret){.value = NULL};
}

/* A value and its source; refuses what must not be sent. from: what to call it in an error. */
static bool take(struct span value, const char *from, const char *source, struct secret *out,
	struct error *e)
{
	if (!value.len)
		return error_set(e, ERROR_CONFIG, "%s gives an empty password", from);
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] == '\r' || value.data[i] == '\n' || value.data[i] == '\0')
			return error_set(e, ERROR_CONFIG,
				"%s gives a password with a line end or NUL in it", from);
	out->value = xstrndup(value.data, value.len);
	snprintf(out->source, sizeof(out->source), "%s", source);
	return true;
}

static struct span first_line(const struct buf *b)
{
	struct span line = buf_span(b);
	const char *end = line.len ? memchr(line.data, '\n', line.len) : NULL;

	if (end)
		line.len = (size_t)(end - line.data);
	if (line.len && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* How the command failed, in words; false always. */
static bool command_failed(const char *called, bool stopped, const struct child_result *result,
	const struct buf *complaints, struct error *e)
{
	struct span why = first_line(complaints);

	if (stopped || (result->end == CHILD_SIGNALLED && result->code == SIGINT))
		return error_set(e, ERROR_INTERRUPTED, "%s was interrupted", called);
	if (result->end == CHILD_TIMED_OUT)
		error_set(e, ERROR_CONFIG, "%s did not end within %d s", called, COMMAND_TIMEOUT_S);
	else if (result->end == CHILD_SIGNALLED)
		error_set(e, ERROR_CONFIG, "%s was ended by signal %d", called, result->code);
	else
		error_set(e, ERROR_CONFIG, "%s exited %d", called, result->code);
	if (why.len)
		error_why(e, "%s", safe(why).text);
	return false;
}

static bool from_command(const struct secret_sources *from, struct secret *out, struct error *e)
{
	char *called = xasprintf("password-command \"%s\"", safe(span_of(from->command)).text);
	struct buf output = {NULL, 0, 0}, complaints = {NULL, 0, 0};
	struct child_result result;
	struct error inner = {.kind = ERROR_NONE};
	char **argv = NULL;
	bool done = false;

	buf_reserve(&output, OUTPUT_MAX);
	if (!child_argv_split(from->command, &argv, &inner))
		goto end;
	const struct child_job job = {.argv = argv,
		.stdin_fd = -1,
		.output = &output,
		.output_max = OUTPUT_MAX,
		.complaints = &complaints,
		.timeout_ms = (int64_t)COMMAND_TIMEOUT_S * 1000,
		.stop = from->stop};

	if (!child_run(&job, &result, &inner))
		goto end;
	if (result.end != CHILD_EXITED || result.code != 0)
		done = command_failed(called, from->stop && *from->stop, &result, &complaints, e);
	else
		done = take(first_line(&output), called, "password-command", out, e);
end:
	if (inner.kind != ERROR_NONE)
		error_set(e, inner.kind, "password-command: %s", inner.text);
	child_argv_free(argv);
	buf_wipe(&output);
	buf_wipe(&complaints);
	free(called);
	return done;
}

static bool may_trust(const char *called, const char *path, mode_t mode, uid_t owner,
	mode_t forbidden, struct error *e)
{
	if (owner != geteuid() && owner != 0)
		return error_set(e, ERROR_CONFIG, "%s belongs to another user", called);
	if (!(mode & forbidden))
		return true;
	error_set(e, ERROR_CONFIG, "%s holds a password and can be %s by others (mode %04o)",
		called, mode & forbidden & 022 ? "written" : "read", (unsigned)mode);
	return error_remedy(e, "make it yours alone", "chmod 600 %s", path);
}

/* forbidden: permission bits that must not be set. */
static bool from_file(const char *path, const char *setting, mode_t forbidden, struct secret *out,
	struct error *e)
{
	const char *home = getenv("HOME");
	char *shown = text_tilde(path, home);
	char *called = xasprintf("%s \"%s\"", setting, shown);
	struct buf text = {NULL, 0, 0};
	mode_t mode = 0;
	uid_t owner = 0;
	bool done;

	if (file_slurp(path, OUTPUT_MAX, &text, &mode, &owner))
		done = may_trust(called, shown, mode, owner, forbidden, e) &&
			take(first_line(&text), called, setting, out, e);
	else
		done = errno == EINVAL
			? error_set(e, ERROR_CONFIG, "%s: not a regular file", called)
			: error_sys(e, ERROR_CONFIG, errno, "%s", called);
	buf_wipe(&text);
	free(called);
	free(shown);
	return done;
}

/* The file systemd's LoadCredential=ambil.ACCOUNT has made: a fresh string, or NULL without one. */
static char *credential_path(const struct secret_sources *from)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char *path;

	if (!folder || !*folder || strchr(from->account, '/'))
		return NULL;
	path = xasprintf("%s/ambil.%s", folder, from->account);
	if (access(path, F_OK) == 0 || errno != ENOENT)
		return path;
	free(path);
	return NULL;
}

bool secret_has_source(const struct secret_sources *from)
{
	char *credential = credential_path(from);
	bool found = from->command || from->file || credential || from->password;

	free(credential);
	return found;
}

bool secret_find(const struct secret_sources *from, struct secret *out, struct error *e)
{
	char *credential;
	bool done = true;

	*out = (struct secret){.value = NULL};
	if (from->command)
		return from_command(from, out, e);
	if (from->file)
		return from_file(from->file, "password-file", 077, out, e);
	credential = credential_path(from);
	/* An access list of systemd shows up in the group's bits: only the others' count. */
	if (credential)
		done = from_file(credential, "$CREDENTIALS_DIRECTORY", 007, out, e);
	else if (from->password)
		done = take(span_of(from->password), "password", "password", out, e);
	free(credential);
	return done;
}

bool secret_missing(const struct secret_sources *from, bool forbidden, struct error *e)
{
	error_set(e, ERROR_CONFIG, "no password found (tried %s$CREDENTIALS_DIRECTORY%s) and %s",
		from->from_url ? "" : "password-command, password-file, ",
		from->from_url ? "" : ", password",
		forbidden ? "--no-input forbids to ask" : "no terminal to ask on");
	if (from->from_url)
		return error_remedy(e, "either",
			"run it on a terminal, or write an account with a password-command into "
			"ambil.conf");
	return error_remedy(e, "tell where it is", "password-command = \"…\" in ambil.conf");
}

bool secret_prompt(const struct secret_sources *from, const char *question, struct secret *out,
	struct error *e)
{
	struct buf answer = {NULL, 0, 0};
	char *asked;
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	bool done;

	*out = (struct secret){.value = NULL};
	if (fd < 0)
		return secret_missing(from, false, e);
	asked = question ? xstrdup(question)
			 : xasprintf("Password for %s at %s: ", from->user, from->host);
	done = prompt_ask(fd, asked, &answer, e);
	if (done && !first_line(&answer).len)
		done = error_set(
			e, ERROR_CONFIG, "no password was typed; nothing was sent to the server");
	done = done && take(first_line(&answer), "what was typed", "prompt", out, e);
	buf_wipe(&answer);
	free(asked);
	close(fd);
	return done;
}
