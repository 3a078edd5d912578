/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a password comes from. The first source that is configured is the only one that counts: one
 * that fails is an error, as trying the next would hide it. Every buffer that has held a password
 * is of its final size from the start, so that no copy is left behind by growing, and is wiped.
 */
#include "auth/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/command.h"
#include "auth/prompt.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

enum { OUTPUT_MAX = 64 * 1024 };

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

static bool from_command(const struct secret_sources *from, struct secret *out, struct error *e)
{
	const struct secret_command command = {.setting = "password-command",
		.line = from->command,
		.output_max = OUTPUT_MAX,
		.stop = from->stop};
	char *called = secret_command_called(&command);
	struct buf output = {NULL, 0, 0};
	bool done = secret_command_run(&command, &output, e) &&
		take(secret_first_line(&output), called, command.setting, out, e);

	buf_wipe(&output);
	free(called);
	return done;
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
		done = file_may_trust(called, shown, "a password", mode, owner, forbidden, e) &&
			take(secret_first_line(&text), called, setting, out, e);
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
	if (done && !secret_first_line(&answer).len)
		done = error_set(
			e, ERROR_CONFIG, "no password was typed; nothing was sent to the server");
	done = done && take(secret_first_line(&answer), "what was typed", "prompt", out, e);
	buf_wipe(&answer);
	free(asked);
	close(fd);
	return done;
}
