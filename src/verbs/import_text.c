/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The accounts as ambil.conf has them, with all that was not carried over as comments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "config/account.h"
#include "verbs/import_inner.h"

static void add_notes(
	struct buf *out, const char *indent, const struct imported_note *notes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%s# %s", indent,
			notes[i].what == IMPORT_DROPPED ? _("not converted") : _("changed"));
		if (notes[i].line)
			buf_printf(out, _(" (line %u)"), notes[i].line);
		buf_printf(out, ": %s\n", notes[i].text);
	}
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

static void add_account(struct buf *out, const struct import *im, const struct import_item *item)
{
	const struct imported_account *from = item->from;
	char *name = setting_quote(item->name), why[120];

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
	add_notes(out, "\t", from->notes, from->n_notes);
	if (from->password)
		buf_printf(out,
			_("\t# not converted (line %u): the password, because it does not belong here: "
			  "ambil login %s, or password-command\n"),
			from->password_line, item->name);
	buf_add_text(out, "}\n");
	free(name);
}

void import_text(const struct import *im, struct buf *out)
{
	buf_printf(out, _("# From %s, by ambil import %s.\n"), safe(span_of(im->shown)).text,
		im->tool->name);
	add_notes(out, "", im->read.notes, im->read.n_notes);
	for (size_t i = 0; i < im->n; i++)
		if (!im->items[i].here)
			add_account(out, im, &im->items[i]);
}
