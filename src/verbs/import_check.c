/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether this program takes what became of an account. A file that is not there, or a value that
 * is none here, would make the whole of ambil.conf unusable: it is left out, and its account waits
 * until somebody has seen to it; the others do not.
 */
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "config/account.h"
#include "verbs/import_inner.h"

/* Where a setting comes from, as errors name it; fresh. */
static char *origin_of(const struct import_item *item, const struct imported_setting *s)
{
	return xasprintf("%s:%u", item->file, s->line ? s->line : item->from->line);
}

/* The account with those of its settings that are in use. */
static bool is_taken(
	const struct import *im, const struct import_item *item, const bool *use, struct error *e)
{
	struct config scratch = {.home = im->config.home};
	struct account *account = account_add(&scratch, item->name, "import");
	bool done = true;

	for (size_t i = 0; done && i < item->from->n_settings; i++) {
		const struct imported_setting *s = &item->from->settings[i];
		char *origin = origin_of(item, s);

		done = !use[i] ||
			account_set(account, &settings[settings_find(s->name)], s->value, origin,
				scratch.home, e);
		free(origin);
	}
	if (done) {
		account_fill(account, &scratch);
		done = account_complete(account, scratch.home, e);
	}
	account_release(account);
	free(scratch.accounts);
	return done;
}

/* The words of the error; where it comes from is said otherwise. */
static const char *words_of(
	const struct import_item *item, const struct imported_setting *s, const struct error *e)
{
	char *origin = origin_of(item, s);
	size_t len = strlen(origin);
	bool named = strncmp(e->text, origin, len) == 0 && strncmp(e->text + len, ": ", 2) == 0;

	free(origin);
	return e->text + (named ? len + 2 : 0);
}

static bool is_file(const char *name)
{
	return strcmp(name, "ca-file") == 0 || strcmp(name, "client-cert") == 0 ||
		strcmp(name, "client-key") == 0;
}

static void note_setting(struct import *im, const struct import_item *item,
	const struct imported_setting *s, const struct error *e)
{
	const char *words = words_of(item, s, e);
	char *quoted = setting_quote(s->value);

	if (is_file(s->name))
		imported_note(&im->read, item->from, IMPORT_DROPPED, s->line,
			"%s; once it can be used, write %s = %s here, and take out enabled = false",
			words, s->name, quoted);
	else
		imported_note(&im->read, item->from, IMPORT_DROPPED, s->line,
			"%s; write %s as ambil.conf(5) has it, and take out enabled = false", words,
			s->name);
	free(quoted);
}

/* Those in use stay, in their order. */
static void keep_used(struct imported_account *from, const bool *use)
{
	size_t n = 0;

	for (size_t i = 0; i < from->n_settings; i++)
		if (use[i])
			from->settings[n++] = from->settings[i];
		else
			free(from->settings[i].value);
	from->n_settings = n;
}

/* One after another: what is not taken beside those before it is left out. */
static void leave_out(struct import *im, struct import_item *item, bool *use)
{
	struct imported_account *from = item->from;
	size_t n = from->n_settings;
	unsigned line = 0;

	for (size_t i = 0; i < n; i++) {
		struct error e = {0};

		if (use[i])
			continue;
		use[i] = true;
		if (is_taken(im, item, use, &e))
			continue;
		use[i] = false;
		line = from->settings[i].line;
		note_setting(im, item, &from->settings[i], &e);
	}
	keep_used(from, use);
	if (from->n_settings < n && !imported_get(from, "enabled"))
		imported_set(from, "enabled", line, "false");
}

static bool is_needed(const char *name)
{
	return strcmp(name, "host") == 0 || strcmp(name, "user") == 0;
}

bool import_check(struct import *im, struct import_item *item)
{
	size_t n = item->from->n_settings;
	bool *use = xcalloc(n, sizeof(*use)), done;
	struct error e = {0};

	for (size_t i = 0; i < n; i++)
		use[i] = true;
	done = is_taken(im, item, use, &e);
	for (size_t i = 0; !done && i < n; i++)
		use[i] = is_needed(item->from->settings[i].name);
	if (!done && is_taken(im, item, use, &e)) {
		leave_out(im, item, use);
		done = true;
	} else if (!done) {
		imported_note(&im->read, NULL, IMPORT_DROPPED, item->from->line,
			"account %s, because it cannot be one here: %s",
			safe(span_of(item->from->name)).text, e.text);
	}
	free(use);
	return done;
}
