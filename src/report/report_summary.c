/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/report_summary.h"

#include "base/i18n.h"
#include "base/text.h"

/* " (5.4 MiB)", or nothing when it is not known. */
static void add_size(struct buf *b, uint64_t octets)
{
	char size[32];

	if (!octets)
		return;
	text_size(size, sizeof(size), octets);
	buf_printf(b, " (%s)", size);
}

static void add_new(struct buf *b, uint64_t mails, uint64_t octets)
{
	buf_printf(
		b, _n("%llu new message", "%llu new messages", mails), (unsigned long long)mails);
	add_size(b, octets);
}

static void add_seen(struct buf *b, const struct report_counts *c)
{
	if (c->seen)
		buf_printf(b, _(", %llu seen before"), (unsigned long long)c->seen);
}

static void add_dry_run(struct buf *b, const struct summary_items *items)
{
	unsigned long long fetch = items->fetch, remove = items->remove;

	if (fetch) {
		buf_printf(b, _n("would fetch %llu message", "would fetch %llu messages", fetch),
			fetch);
		add_size(b, items->octets);
	}
	if (fetch && remove)
		buf_printf(b, _n(" and delete %llu message", " and delete %llu messages", remove),
			remove);
	else if (remove)
		buf_printf(b, _n("would delete %llu message", "would delete %llu messages", remove),
			remove);
	else if (!fetch)
		buf_add_text(b, _("nothing would be fetched or deleted"));
}

/* What stays on the server for want of room: else nobody would ever hear of it. */
static void add_staying(struct buf *b, const struct report_counts *c)
{
	if (c->too_big)
		buf_printf(b,
			_n("; %llu larger than max-size stays on the server",
				"; %llu larger than max-size stay on the server", c->too_big),
			(unsigned long long)c->too_big);
	if (c->over_limit)
		buf_printf(b,
			c->same_again ? _("; %llu more over the limit of one run")
				      : _("; %llu more for the next run"),
			(unsigned long long)c->over_limit);
}

void summary_fetched(struct buf *b, const struct report_counts *c, const char *destination)
{
	if (c->mails) {
		add_new(b, c->mails, c->octets);
		buf_printf(b, " %s", destination);
		add_seen(b, c);
	} else if (c->marked) {
		buf_printf(b,
			_n("%llu message marked as seen", "%llu messages marked as seen",
				c->marked),
			(unsigned long long)c->marked);
	} else {
		buf_add_text(b, c->failed || c->left ? _("no mail fetched") : _("no new mail"));
	}
	if (c->deleted)
		buf_printf(b, _("; %llu deleted on the server"), (unsigned long long)c->deleted);
	if (c->failed)
		buf_printf(b,
			_n("; %llu failed and stays on the server",
				"; %llu failed and stay on the server", c->failed),
			(unsigned long long)c->failed);
	if (c->left)
		buf_printf(b, _("; %llu not fetched"), (unsigned long long)c->left);
	add_staying(b, c);
}

void summary_found(struct buf *b, const struct report_counts *c, const struct summary_items *items)
{
	if (items->n) {
		add_dry_run(b, items);
	} else if (c->new_mails) {
		add_new(b, c->new_mails, c->octets);
	} else {
		buf_add_text(b, _("no new mail"));
		add_staying(b, c);
		return;
	}
	add_seen(b, c);
	add_staying(b, c);
}

void summary_listed(struct buf *b, const struct report_counts *c)
{
	if (!c->there) {
		buf_add_text(b, _("no messages on the server"));
		return;
	}
	buf_printf(b, _n("%llu message", "%llu messages", c->there), (unsigned long long)c->there);
	buf_printf(b, _(", %llu new"), (unsigned long long)c->new_mails);
	add_size(b, c->new_mails ? c->octets : 0);
	if (c->listed < c->there)
		buf_printf(b,
			_n("; the newest %llu is listed", "; the newest %llu are listed",
				c->listed),
			(unsigned long long)c->listed);
}
