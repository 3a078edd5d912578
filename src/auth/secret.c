/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a password comes from. The first source that is configured is the only one that counts: one
 * that fails is an error, as trying the next would hide it. The keyring and .netrc are there
 * without being asked for: they may have nothing. Every buffer that has held a password is of its
 * final size from the start, so that no copy is left behind by growing, and is wiped.
 */
#include "auth/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/command.h"
#include "auth/keyring.h"
#include "auth/netrc.h"
#include "auth/prompt.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/text.h"

enum { OUTPUT_MAX = 64 * 1024, NETRC_MAX = 1 << 20 };

void secret_release(struct secret *s)
{
	wipe_free(s->value);
	*s = (struct secret){.value = NULL};
}

void secret_copy(struct secret *to, const struct secret *from)
{
	to->value = xstrdup(from->value);
	memcpy(to->source, from->source, sizeof(to->source));
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
		done = file_may_trust(called, shown, _("a password"), mode, owner, forbidden, e) &&
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

const char *secret_setting(const struct secret_sources *from)
{
	char *credential = credential_path(from);
	const char *setting = from->command ? "password-command"
		: from->file                ? "password-file"
		: credential                ? "$CREDENTIALS_DIRECTORY"
		: from->password            ? "password"
					    : NULL;

	free(credential);
	return setting;
}

bool secret_has_source(const struct secret_sources *from)
{
	return secret_setting(from) != NULL;
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

/* ---- the keyring ---- */

static bool take_entry(struct keyring_entry *entry, struct secret_search *search)
{
	struct span value = span_of(entry->password ? entry->password : "");
	struct buf text = {entry->password, value.len, value.len};

	return take(secret_first_line(&text), _("the keyring"), N_("keyring"), &search->found,
		&search->trouble);
}

static void take_answer(struct keyring_entry *entry, struct secret_search *search)
{
	struct error *e = &search->trouble;

	search->keyring_there = entry->state != KEYRING_ABSENT;
	switch (entry->state) {
	case KEYRING_DONE:
		search->failed = !take_entry(entry, search);
		break;
	case KEYRING_LOCKED:
		search->locked = true;
		error_set(e, ERROR_LATER, "the keyring is locked, and the password is in it");
		error_remedy(e, "to unlock it", "ambil fetch %s, on a terminal of the desktop",
			search->from.typed);
		break;
	case KEYRING_FAILED:
		error_set(e, ERROR_LATER, "the keyring failed: %s", entry->words);
		error_remedy(e, "to do without it", "keyring = false in ambil.conf");
		break;
	case KEYRING_STOPPED:
		error_set(e, ERROR_INTERRUPTED, "interrupted while asking the keyring");
		search->failed = true;
		break;
	case KEYRING_NOTHING:
	case KEYRING_ABSENT:
		break;
	}
	wipe_free(entry->password);
}

static void search_keyring(struct secret_search *list, size_t n, const struct secret_way *way)
{
	const struct keyring_way how = {way->unlock, way->unlocking, way->self, way->stop};
	struct keyring_entry *entries = xcalloc(n, sizeof(*entries));
	size_t asked = 0;

	for (size_t i = 0; i < n; i++)
		if (list[i].from.keyring)
			entries[asked++] = (struct keyring_entry){
				.host = list[i].from.host, .user = list[i].from.user};
	if (asked)
		keyring_do(KEYRING_LOOK_UP, entries, asked, &how);
	for (size_t i = 0, k = 0; i < n; i++)
		if (list[i].from.keyring)
			take_answer(&entries[k++], &list[i]);
	free(entries);
}

/* ---- .netrc ---- */

char *secret_netrc_path(void)
{
	const char *named = getenv("NETRC"), *home = getenv("HOME");

	return named && *named ? xstrdup(named) : xasprintf("%s/.netrc", home && *home ? home : "");
}

/* Fresh; *shown is how sentences name it, also fresh. */
static char *netrc_path(char **shown)
{
	char *path = secret_netrc_path();

	*shown = text_tilde(path, getenv("HOME"));
	return path;
}

/* NETRC_FOUND with *e set: it is there, but is not to be used. */
static enum netrc_result ask_netrc(const struct secret_sources *from, char **password, char *where,
	size_t room, struct error *e)
{
	enum netrc_result result = NETRC_NOTHING;
	struct buf text = {NULL, 0, 0};
	char *shown, *path = netrc_path(&shown);
	unsigned line = 0;
	mode_t mode = 0;
	uid_t owner = 0;

	*password = NULL;
	if (file_slurp(path, NETRC_MAX, &text, &mode, &owner))
		result = netrc_find(buf_span(&text), from->host, from->user, password, &line);
	else if (errno != ENOENT && errno != ENOTDIR && errno != EINVAL)
		error_sys(e, ERROR_CONFIG, errno, "cannot read %s", shown);
	/* One that is for other hosts need not be complained about. */
	if (result == NETRC_FOUND &&
		!file_may_trust(shown, shown, _("a password"), mode, owner, 077, e))
		error_append(e, ", so it was not used");
	else if (result == NETRC_BROKEN)
		error_set(
			e, ERROR_CONFIG, "%s:%u: a quote is open, so it was not used", shown, line);
	snprintf(where, room, "%s:%u", shown, line);
	buf_wipe(&text);
	free(path);
	free(shown);
	return result;
}

static void search_netrc(struct secret_search *search)
{
	struct error e = {.kind = ERROR_NONE};
	char *password, where[sizeof(search->found.source)];
	enum netrc_result result = ask_netrc(&search->from, &password, where, sizeof(where), &e);

	if (result == NETRC_FOUND && !e.kind)
		search->failed = !take(span_of(password), where, where, &search->found, &e);
	if (e.kind && (search->failed || !search->trouble.kind))
		search->trouble = e;
	wipe_free(password);
}

bool secret_in_netrc(const struct secret_sources *from, char *where, size_t room)
{
	struct error e = {.kind = ERROR_NONE};
	char *password;
	bool found = ask_netrc(from, &password, where, room, &e) == NETRC_FOUND && !e.kind;

	wipe_free(password);
	return found;
}

/* ---- all of them ---- */

void secret_search(struct secret_search *list, size_t n, const struct secret_way *way)
{
	search_keyring(list, n, way);
	for (size_t i = 0; i < n; i++)
		if (!list[i].found.value && !list[i].failed && !list[i].locked &&
			list[i].from.netrc)
			search_netrc(&list[i]);
}

/* What was looked through, in its order: "keyring, ~/.netrc". */
static void add_tried(struct buf *out, const struct secret_search *searched)
{
	const struct secret_sources *from = &searched->from;
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	char *shown, *path = netrc_path(&shown);

	if (credentials && *credentials)
		buf_add_text(out, "$CREDENTIALS_DIRECTORY, ");
	if (from->keyring && keyring_built_in())
		buf_printf(out, "%s, ", _("keyring"));
	if (from->netrc)
		buf_printf(out, "%s, ", shown);
	if (out->len)
		out->len -= 2;
	else
		buf_add_text(out, _("nothing, as ambil.conf says"));
	free(shown);
	free(path);
}

bool secret_missing(const struct secret_search *searched, bool forbidden, struct error *e)
{
	const struct secret_sources *from = &searched->from;
	struct buf tried = {NULL, 0, 0};

	if (searched->failed || error_temporary(searched->trouble.kind)) {
		*e = searched->trouble;
		return false;
	}
	add_tried(&tried, searched);
	error_set(e, ERROR_CONFIG,
		forbidden ? N_("no password found (tried %.*s) and --no-input forbids to ask")
			  : N_("no password found (tried %.*s) and no terminal to ask on"),
		(int)tried.len, tried.data);
	buf_release(&tried);
	if (searched->trouble.kind) {
		error_why(e, "%s", searched->trouble.text);
		return error_remedy_of(e, &searched->trouble);
	}
	if (searched->keyring_there)
		return error_remedy(e, "store it once", "ambil login %s", from->typed);
	if (from->from_url)
		return error_remedy(e, "either",
			"run it on a terminal, or write an account with a password-command into "
			"ambil.conf");
	return error_remedy(e, "tell where it is", "password-command = \"…\" in ambil.conf");
}

/* ---- the user ---- */

static int open_terminal(void)
{
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

bool secret_can_prompt(void)
{
	int fd = open_terminal();

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool secret_prompt(const struct secret_search *searched, struct secret *out, struct error *e)
{
	const struct secret_sources *from = &searched->from;
	struct buf answer = {NULL, 0, 0};
	char *asked;
	int fd = open_terminal();
	bool done;

	*out = (struct secret){.value = NULL};
	if (fd < 0)
		return secret_missing(searched, false, e);
	asked = xasprintf(_("Password for %s at %s: "), from->user, from->host);
	done = prompt_ask(fd, asked, &answer, e);
	if (done && !secret_first_line(&answer).len)
		done = error_set(
			e, ERROR_CONFIG, "no password was typed; nothing was sent to the server");
	done = done && take(secret_first_line(&answer), _("what was typed"), N_("prompt"), out, e);
	buf_wipe(&answer);
	free(asked);
	close(fd);
	return done;
}

/* The first line of fd, or all to its end. False: interrupted, or errno says why not. */
static bool read_line(
	int fd, const volatile sig_atomic_t *stop, struct buf *text, bool *interrupted)
{
	while (text->len < OUTPUT_MAX) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		*interrupted = stop && *stop;
		if (*interrupted)
			return false;
		/* A signal that comes just before the call must not be waited out. */
		if (poll(&p, 1, 200) <= 0)
			continue;
		n = read(fd, text->data + text->len, OUTPUT_MAX - text->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		text->len += (size_t)n;
		if (memchr(text->data + text->len - n, '\n', (size_t)n))
			return true;
	}
	/* The beginning of a password is none. */
	errno = EFBIG;
	return false;
}

bool secret_read(int fd, const volatile sig_atomic_t *stop, struct secret *out, struct error *e)
{
	struct buf text = {NULL, 0, 0};
	bool interrupted = false, done;

	*out = (struct secret){.value = NULL};
	buf_reserve(&text, OUTPUT_MAX);
	if (read_line(fd, stop, &text, &interrupted))
		done = take(secret_first_line(&text), _("the standard input"), N_("standard input"),
			out, e);
	else if (interrupted)
		done = error_set(e, ERROR_INTERRUPTED, "interrupted while reading the password");
	else
		done = error_sys(e, ERROR_CONFIG, errno, "cannot read the password");
	buf_wipe(&text);
	return done;
}
