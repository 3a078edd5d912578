/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The accounts as ambil.conf has them, with all that was not carried over as comments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "config/account.h"
#include "verbs/import_inner.h"

enum { WIDTH = 80, TAB = 8 };

void import_comment(struct buf *out, const char *indent, const char *mark, const char *text)
{
	size_t taken = (indent[0] == '\t' ? TAB : 0) + strlen(mark) + 2;
	struct buf lines = {0};
	struct span rest;
	bool first = true;

	text_wrap_command(&lines, text, 0, WIDTH - taken);
	for (rest = buf_span(&lines); rest.len; first = false) {
		struct span line = span_line(&rest);

		buf_printf(out, "%s%s%s%.*s\n", indent, mark, first ? "" : "  ", (int)line.len,
			line.data);
	}
	buf_release(&lines);
}

static void add_note(
	struct buf *out, const char *indent, const struct imported_note *note, bool each)
{
	const char *what = note->what == IMPORT_DROPPED ? _("not converted") : _("changed");
	char *line = note->line && !each ? xasprintf(_(" (line %u)"), note->line) : xstrdup("");
	char *text = xasprintf(
		"%s%s%s: %s", what, each ? _(", in each account") : "", line, note->text);

	import_comment(out, indent, "# ", text);
	free(text);
	free(line);
}

static bool has_note(const struct imported_account *a, const struct imported_note *note)
{
	for (size_t i = 0; i < a->n_notes; i++)
		if (a->notes[i].what == note->what && strcmp(a->notes[i].text, note->text) == 0)
			return true;
	return false;
}

/* What is to be said of each of several accounts is said once, above them. */
static bool is_of_each(const struct import *im, const struct imported_note *note)
{
	size_t n = 0;

	for (size_t i = 0; i < im->n; i++) {
		if (im->items[i].here)
			continue;
		if (!has_note(im->items[i].from, note))
			return false;
		n++;
	}
	return n > 1;
}

static void add_setting(struct buf *out, const char *name, const char *value, const char *why)
{
	char *quoted = setting_quote(value);

	buf_printf(out, "\t%s = %s%s%s\n", name, quoted, why ? "    # " : "", why ? why : "");
	free(quoted);
}

/* The file's defaults are those of other accounts: what they would change here is said anew. */
static void add_against_defaults(
	struct buf *out, const struct config *config, const struct imported_account *from)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		const struct setting *s = &settings[i];

		if (!config->defaults[i] || imported_get(from, s->name))
			continue;
		if (s->value)
			add_setting(out, s->name, s->value, _("not the default above"));
		else
			buf_printf(out, _("\t# beware: %s, set above, holds here too\n"), s->name);
	}
}

static void add_account(struct buf *out, const struct import *im, const struct import_item *item,
	const struct imported_account *each)
{
	const struct imported_account *from = item->from;
	char *name = setting_quote(item->name), why[120], *text;

	snprintf(why, sizeof(why), _("%s deletes when nothing is said"), im->tool->name);
	buf_printf(
		out, "account %s {    # %s:%u\n", name, safe(span_of(item->file)).text, from->line);
	for (size_t i = 0; i < from->n_settings; i++) {
		const struct imported_setting *s = &from->settings[i];
		bool tell = !s->line && strcmp(s->name, "keep") == 0 &&
			strcmp(s->value, "false") == 0;

		/* Where the other program has none, the file's default is the destination. */
		if (!s->line && strcmp(s->name, "deliver") == 0 &&
			im->config.defaults[settings_find(s->name)])
			continue;
		add_setting(out, s->name, s->value, tell ? why : NULL);
	}
	add_against_defaults(out, &im->config, from);
	for (size_t i = 0; i < from->n_notes; i++)
		if (!has_note(each, &from->notes[i]))
			add_note(out, "\t", &from->notes[i], false);
	if (from->password && item->place == IMPORT_LEFT) {
		text = xasprintf(
			_("not converted (line %u): the password, because it does not belong "
			  "here: ambil setup %s, or password-command"),
			from->password_line, item->name);
		import_comment(out, "\t", "# ", text);
		free(text);
	}
	buf_add_text(out, "}\n");
	free(name);
}

/* The notes that all have, as a copy of one account's, without owning them. */
static struct imported_account find_common(const struct import *im)
{
	struct imported_account each = {.name = NULL};
	size_t i = 0;

	while (i < im->n && im->items[i].here)
		i++;
	if (i == im->n)
		return each;
	each.notes = xcalloc(im->items[i].from->n_notes, sizeof(*each.notes));
	for (size_t j = 0; j < im->items[i].from->n_notes; j++)
		if (is_of_each(im, &im->items[i].from->notes[j]))
			each.notes[each.n_notes++] = im->items[i].from->notes[j];
	return each;
}

void import_text(const struct import *im, struct buf *out)
{
	struct imported_account each = find_common(im);

	buf_printf(out, _("# From %s, by ambil import %s.\n"), safe(span_of(im->shown)).text,
		im->tool->name);
	for (size_t i = 0; i < im->read.n_notes; i++)
		add_note(out, "", &im->read.notes[i], false);
	for (size_t i = 0; i < each.n_notes; i++)
		add_note(out, "", &each.notes[i], true);
	for (size_t i = 0; i < im->n; i++)
		if (!im->items[i].here)
			add_account(out, im, &im->items[i], &each);
	free(each.notes);
}
