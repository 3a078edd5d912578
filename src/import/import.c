/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all readers share. */
#include "import/import.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"

static void free_notes(struct imported_note *notes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(notes[i].text);
	free(notes);
}

void imported_pop(struct imported *im)
{
	struct imported_account *a = &im->accounts[--im->n];

	for (size_t i = 0; i < a->n_settings; i++)
		free(a->settings[i].value);
	free(a->settings);
	free_notes(a->notes, a->n_notes);
	wipe_free(a->password);
	free(a->seen_path);
	free(a->seen_host);
	free(a->seen_user);
	free(a->file);
	free(a->name);
}

void imported_release(struct imported *im)
{
	while (im->n)
		imported_pop(im);
	free(im->accounts);
	free_notes(im->notes, im->n_notes);
	free(im->pid_file);
	*im = (struct imported){.n = 0};
}

struct imported_account *imported_add(struct imported *im, const char *name, unsigned line)
{
	struct imported_account *a;

	im->accounts = xreallocarray(im->accounts, im->n + 1, sizeof(*im->accounts));
	a = &im->accounts[im->n++];
	*a = (struct imported_account){.name = xstrdup(name), .line = line};
	return a;
}

void imported_set(struct imported_account *a, const char *setting, unsigned line, const char *value)
{
	a->settings = xreallocarray(a->settings, a->n_settings + 1, sizeof(*a->settings));
	a->settings[a->n_settings++] = (struct imported_setting){
		.name = setting, .value = xstrdup(value), .line = line};
}

const char *imported_get(const struct imported_account *a, const char *setting)
{
	for (size_t i = 0; i < a->n_settings; i++)
		if (strcmp(a->settings[i].name, setting) == 0)
			return a->settings[i].value;
	return NULL;
}

void imported_note(struct imported *im, struct imported_account *a, enum imported_what what,
	unsigned line, const char *fmt, ...)
{
	struct imported_note **notes = a ? &a->notes : &im->notes;
	size_t *n = a ? &a->n_notes : &im->n_notes;
	char *text = NULL;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, i18n_text(fmt), args);
	va_end(args);
	text = xcalloc((size_t)len + 1, 1);
	va_start(args, fmt);
	vsnprintf(text, (size_t)len + 1, i18n_text(fmt), args);
	va_end(args);
	*notes = xreallocarray(*notes, *n + 1, sizeof(**notes));
	(*notes)[(*n)++] = (struct imported_note){what, line, text};
}

struct safe import_unknown(struct span word)
{
	static const char pass[] = "pass";

	if (word.len >= strlen(pass) && memcmp(word.data, pass, strlen(pass)) == 0)
		return safe(span_of("pass..."));
	return safe(word);
}

/* Words that a shell does not look for among the programs, or not all shells do. */
static bool is_shell_word(struct span word, const char *command)
{
	static const char *const words[] = {"if", "for", "while", "until", "case", "cd", "exec",
		".", "export", "set", "unset", "eval", "read", "umask", "ulimit", "command", "exit",
		"trap", "alias", "wait", "times", "type", "source"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (span_is(word, words[i]))
			return true;
	/* A shell's own echo may read more into a backslash than the program does. */
	return memchr(word.data, '=', word.len) != NULL ||
		(span_is(word, "echo") && strchr(command, '\\'));
}

/* Whether a command says something else without a shell, to whoever parts it at blanks and knows
 * quotes. */
static bool needs_shell(const char *command)
{
	struct span rest = span_trim(span_of(command));
	char quote = '\0';

	for (const char *p = command; *p; p++) {
		if (quote == '\'') {
			quote = *p == '\'' ? '\0' : quote;
		} else if (strchr("$`", *p)) {
			return true;
		} else if (*p == '\\') {
			/* Inside "…" the two differ about what it hides. */
			if (!p[1] || (quote && !strchr("\"\\", p[1])))
				return true;
			p++;
		} else if (quote) {
			quote = *p == '"' ? '\0' : quote;
		} else if (*p == '\'' || *p == '"') {
			quote = *p;
		} else if (strchr("|&;<>()*?[]#~!{}\n", *p)) {
			return true;
		}
	}
	return quote || is_shell_word(span_word(&rest), command);
}

char *import_command(const char *command)
{
	struct buf out = {0};

	if (!needs_shell(command))
		return xstrdup(command);
	buf_add_text(&out, "sh -c '");
	for (; *command; command++)
		if (*command == '\'')
			buf_add_text(&out, "'\\''");
		else
			buf_add(&out, command, 1);
	buf_add_text(&out, "'");
	return buf_detach(&out);
}

void import_quote_word(struct buf *out, const char *word)
{
	static const char bare[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@/=+,:%";

	if (word[0] && !word[strspn(word, bare)]) {
		buf_add_text(out, word);
		return;
	}
	buf_add_text(out, "'");
	for (; *word; word++)
		if (*word == '\'')
			buf_add_text(out, "'\\''");
		else
			buf_add(out, word, 1);
	buf_add_text(out, "'");
}

void import_add_word(struct buf *out, const char *word)
{
	if (out->len)
		buf_add_text(out, " ");
	import_quote_word(out, word);
}

/* A path has % for names in it here. */
char *import_destination(const char *kind, const char *path)
{
	struct buf out = {0};

	buf_add_text(&out, kind);
	for (; *path; path++)
		buf_add_text(&out, (char[]){*path, *path == '%' ? '%' : '\0', '\0'});
	return buf_detach(&out);
}

/* A name such as 127.example.org is none of this machine. */
bool import_is_here(const char *host)
{
	struct in_addr address;

	return strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
		(inet_pton(AF_INET, host, &address) == 1 && strncmp(host, "127.", 4) == 0);
}

char *import_encrypts_now(const char *program)
{
	return xasprintf(
		_("%s does not insist on encryption here; now STLS is required. If the "
		  "server has no such thing, ambil doctor says so, and tls = none is the old "
		  "way"),
		program);
}

void imported_seen_release(struct imported_seen *seen)
{
	free(seen->uids);
	*seen = (struct imported_seen){.n = 0};
}

static int compare_uids(const void *a, const void *b)
{
	const struct imported_uid *x = a, *y = b;
	size_t least = x->uid.len < y->uid.len ? x->uid.len : y->uid.len;
	int order = memcmp(x->uid.data, y->uid.data, least);

	return order ? order : x->uid.len < y->uid.len ? -1 : x->uid.len > y->uid.len;
}

bool imported_seen_has(const struct imported_seen *seen, struct span uid)
{
	const struct imported_uid wanted = {.uid = uid};

	return seen->n &&
		bsearch(&wanted, seen->uids, seen->n, sizeof(wanted), compare_uids) != NULL;
}

static int compare(const void *a, const void *b)
{
	const struct imported_uid *x = a, *y = b;
	int order = compare_uids(a, b);

	if (order)
		return order;
	return x->time_s < y->time_s ? -1 : x->time_s > y->time_s;
}

void imported_seen_number(struct imported_seen *seen)
{
	if (seen->n)
		qsort(seen->uids, seen->n, sizeof(*seen->uids), compare);
	for (size_t i = 1; i < seen->n; i++)
		seen->uids[i].occurrence = span_equal(seen->uids[i].uid, seen->uids[i - 1].uid)
			? seen->uids[i - 1].occurrence + 1
			: 0;
}
