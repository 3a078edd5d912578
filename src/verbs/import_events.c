/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was taken over, or would be, for --json: the facts of import.c's sentences. */
#include "base/jsonout.h"
#include "verbs/import_inner.h"

static void tell_account(
	const struct import *im, const struct import_item *item, bool dry, struct buf *out)
{
	const struct imported_account *from = item->from;

	jsonout_begin(out, "imported");
	jsonout_text(out, "tool", im->tool->name);
	jsonout_text(out, "account", item->name);
	jsonout_text(out, "from", from->name);
	jsonout_text(out, "file", item->file);
	jsonout_bool(out, "added", !item->here);
	jsonout_number(out, "messages", (int64_t)item->added);
	if (item->list && item->list->found)
		jsonout_text(out, "list", item->list->shown);
	if (from->password && !item->here)
		jsonout_text(out, "password", item->stored ? "stored" : "left");
	jsonout_bool(out, "dry_run", dry);
	jsonout_end(out);
}

void import_events(const struct import *im, bool dry, const char *path, const struct buf *text,
	struct buf *out)
{
	for (size_t i = 0; i < im->n; i++)
		tell_account(im, &im->items[i], dry, out);
	if (!text->len)
		return;
	jsonout_begin(out, "configuration");
	jsonout_text(out, "file", path);
	jsonout_span(out, "added", buf_span(text));
	jsonout_bool(out, "dry_run", dry);
	jsonout_end(out);
}
