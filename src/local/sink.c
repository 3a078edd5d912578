/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads a destination as the user writes it, and finds the kind that serves it. The kinds know
 * nothing of each other; a new one is a row in the table.
 */
#include "local/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "local/kinds.h"

static const char *const allowed = N_("maildir:PATH, mbox:PATH, pipe:COMMAND or -");

static const struct kind {
	const char *prefix;
	enum sink_kind kind;
	struct sink *(*open)(const struct destination *d, const char *account, struct error *e);
} kinds[] = {
	{"maildir:", SINK_MAILDIR, maildir_open},
	{"mbox:", SINK_MBOX, mbox_open},
	{"pipe:", SINK_PIPE, pipe_open},
	{"-", SINK_STDOUT, stdout_open},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static const struct kind *find_kind(const char *text)
{
	for (size_t i = 0; i < KINDS; i++) {
		size_t len = strlen(kinds[i].prefix);

		if (kinds[i].kind == SINK_STDOUT ? !strcmp(text, "-")
						 : !strncmp(text, kinds[i].prefix, len))
			return &kinds[i];
	}
	return NULL;
}

/* A name fit to be one component of a path. */
static void add_account(struct buf *out, const char *account)
{
	if (!strcmp(account, ".") || !strcmp(account, ".."))
		buf_add_text(out, "_");
	for (const char *p = account; *p; p++)
		buf_add(out, *p == '/' ? "_" : p, 1);
}

static bool expand_percent(const char *path, const char *account, struct buf *out, struct error *e)
{
	for (const char *p = path; *p; p++) {
		if (*p != '%')
			buf_add(out, p, 1);
		else if (*++p == 'a')
			add_account(out, account);
		else if (*p == '%')
			buf_add(out, p, 1);
		else
			return error_set(e, ERROR_CONFIG,
				"\"%s\": after %% stands a (the account's name) or another %%",
				safe(span_of(path)).text);
	}
	return true;
}

/* An absolute path without a slash at its end. */
static bool read_path(
	const char *written, const char *account, const char *home, char **out, struct error *e)
{
	struct buf path = {NULL, 0, 0};
	char *full = NULL;
	bool done = false;

	if (!expand_percent(written, account, &path, e))
		goto end;
	if (!path.len) { /* "%a" for an account without a name */
		error_set(e, ERROR_CONFIG, "\"%s\" names nothing", written);
		goto end;
	}
	if (path.data[0] != '/' && !home) {
		error_set(e, ERROR_CONFIG, "\"%s\": the home folder is not known", path.data);
		goto end;
	}
	if (path.data[0] == '~' && path.data[1] && path.data[1] != '/') {
		error_set(e, ERROR_CONFIG, "\"%s\": another user's home must be written in full",
			path.data);
		goto end;
	}
	if (path.data[0] == '~')
		full = file_expand_home(path.data, home);
	else
		full = path.data[0] == '/' ? xstrdup(path.data)
					   : xasprintf("%s/%s", home, path.data);
	for (size_t len = strlen(full); len > 1 && full[len - 1] == '/'; len--)
		full[len - 1] = '\0';
	*out = full;
	done = true;
end:
	buf_release(&path);
	return done;
}

bool destination_parse(const char *text, const char *account, const char *home,
	struct destination *out, struct error *e)
{
	const struct kind *kind = find_kind(text);
	struct destination d = {.received_header = true};
	const char *value;

	if (!kind)
		return error_set(e, ERROR_CONFIG, "\"%s\" is no destination: use %s",
			safe(span_of(text)).text, _(allowed));
	value = text + strlen(kind->prefix);
	if (kind->kind != SINK_STDOUT && !span_trim(span_of(value)).len)
		return error_set(e, ERROR_CONFIG, "\"%s\" names nothing: use %s",
			safe(span_of(text)).text, _(allowed));
	d.kind = kind->kind;
	if (d.kind == SINK_MAILDIR || d.kind == SINK_MBOX) {
		if (!read_path(value, account, home, &d.path, e))
			return false;
		d.shown = text_tilde(d.path, home);
		d.id = xasprintf("%s%s", kind->prefix, d.path);
	} else if (d.kind == SINK_PIPE) {
		char **argv;

		if (!child_argv_split(value, &argv, e))
			return false;
		child_argv_free(argv);
		d.command = xstrdup(value);
		d.shown = xstrdup(value);
		d.id = xstrdup(text);
	} else {
		d.shown = xstrdup(_("standard output"));
		d.id = xstrdup(text);
	}
	d.text = xstrdup(text);
	*out = d;
	return true;
}

void destination_release(struct destination *d)
{
	if (!d)
		return;
	free(d->path);
	free(d->command);
	free(d->text);
	free(d->shown);
	free(d->id);
	*d = (struct destination){.received_header = false};
}

/* The folder part of a path; a fresh string. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

bool sink_check_parent(const struct destination *d, struct error *e)
{
	char *folder = folder_of(d->path), *shown = folder_of(d->shown);
	struct stat st;
	bool done = false;

	if (stat(folder, &st) == 0)
		done = S_ISDIR(st.st_mode) ||
			error_set(e, ERROR_DELIVERY, "%s: %s is not a folder", d->shown, shown);
	else if (errno == ENOENT)
		error_set(
			e, ERROR_DELIVERY, "%s: parent folder %s does not exist", d->shown, shown);
	else
		error_sys(e, ERROR_DELIVERY, errno, "%s", d->shown);
	free(folder);
	free(shown);
	return done;
}

void sink_my_host(char *out, size_t room)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) < 0 || !name[0])
		memcpy(name, "localhost", sizeof("localhost"));
	size_t n = 0;

	for (const char *p = name; *p && n + 1 < room; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			(*p >= '0' && *p <= '9') || *p == '-' || *p == '.' || *p == '_';

		out[n++] = plain ? *p : '_';
	}
	out[n] = '\0';
}

struct sink *sink_open(const struct destination *d, const char *account, struct error *e)
{
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].kind == d->kind)
			return kinds[i].open(d, account, e);
	error_set(e, ERROR_INTERNAL, "no such kind of destination: %d", (int)d->kind);
	return NULL;
}

void sink_free(struct sink *k)
{
	if (k)
		k->ops->free(k);
}
