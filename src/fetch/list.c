/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The messages of a mailbox, the newest first: what the plan says of each, and three fields of its
 * header. Headers are asked for in that order and told as they come, so that a mailbox of any size
 * takes no more memory than its listing. No body is ever asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "fetch/headers.h"
#include "fetch/seenfile.h"
#include "local/header.h"
#include "report/encoded.h"
#include "report/maildate.h"

enum { DATE, FROM, SUBJECT, FIELDS };
static const char *const names[FIELDS] = {[DATE] = "Date", [FROM] = "From", [SUBJECT] = "Subject"};

struct list {
	struct fetch *f;
	struct headers_asked *mails; /* the highest number first */
	size_t n, told, came;
	const struct plan_item **items; /* by the index into the listing */
	/* Of the header that is coming. */
	struct header_scan scan;
	struct buf values[FIELDS];
	bool complete[FIELDS];
};

static void begin_header(struct list *l)
{
	header_scan_init(&l->scan, names, FIELDS);
	for (size_t i = 0; i < FIELDS; i++) {
		buf_clear(&l->values[i]);
		l->complete[i] = false;
	}
}

/* Of a field that stands there twice the first counts, and of a long one its beginning. */
static void take_octets(void *self, struct span octets)
{
	struct list *l = self;
	struct span piece;

	for (;;) {
		switch (header_next(&l->scan, &octets, &piece)) {
		case HEADER_VALUE: {
			struct buf *value = &l->values[l->scan.field];
			size_t room = ENCODED_MAX - value->len;

			if (!l->complete[l->scan.field])
				buf_add(value, piece.data, piece.len < room ? piece.len : room);
			break;
		}
		case HEADER_FIELD:
			l->complete[l->scan.field] = true;
			break;
		case HEADER_MORE:
		case HEADER_END:
			return;
		}
	}
}

/* As much as there is room for, in whole characters, and without a NUL, which would end it. */
static void copy_text(char *out, size_t room, const struct buf *text)
{
	size_t n = text->len < room ? text->len : room - 1;

	while (n && n < text->len && ((unsigned char)text->data[n] & 0xc0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++)
		out[i] = text->data[i] ? text->data[i] : ' ';
	out[n] = '\0';
}

static void tell_header(struct list *l, struct report *r)
{
	struct buf name = {NULL, 0, 0}, address = {NULL, 0, 0}, subject = {NULL, 0, 0};

	r->u.listed.has_header = true;
	if (!maildate_parse(buf_span(&l->values[DATE]), &r->u.listed.date_s))
		r->u.listed.date_s = -1;
	encoded_sender(&name, &address, buf_span(&l->values[FROM]));
	encoded_add(&subject, buf_span(&l->values[SUBJECT]));
	copy_text(r->u.listed.name, sizeof(r->u.listed.name), &name);
	copy_text(r->u.listed.address, sizeof(r->u.listed.address), &address);
	copy_text(r->u.listed.subject, sizeof(r->u.listed.subject), &subject);
	buf_release(&name);
	buf_release(&address);
	buf_release(&subject);
}

static void tell_state(const struct listed *mail, struct report *r)
{
	const struct seen *seen = mail->seen;
	bool known = seen && (seen->state == STORE_DELIVERED || seen->state == STORE_REMOVED) &&
		!plan_is_another_mail(mail);

	if (known) {
		r->u.listed.state = seen->marked ? LISTED_MARKED : LISTED_SEEN;
		r->u.listed.since_s = seen->delivered_s > 0 ? seen->delivered_s : -1;
	} else if (seen && seen->attempts) {
		r->u.listed.state = LISTED_FAILED;
	}
}

static void tell(struct list *l, bool came)
{
	size_t index = l->mails[l->told++].index;
	const struct listed *mail = &l->f->listing.mails[index];
	const struct plan_item *item = l->items[index];
	struct report r = {.type = REPORT_LISTED};

	r.u.listed.msg = mail->msg;
	r.u.listed.size = mail->sized ? (int64_t)mail->size : -1;
	r.u.listed.date_s = r.u.listed.since_s = r.u.listed.until_s = -1;
	r.u.listed.why = item->why;
	r.u.listed.fetch = item->fetch;
	r.u.listed.remove = item->remove;
	tell_state(mail, &r);
	if (item->why == PLAN_KEPT)
		r.u.listed.until_s = mail->seen->delivered_s + l->f->account->policy.keep_s;
	seenfile_put_uid(r.u.listed.uid, sizeof(r.u.listed.uid), mail->key.uid);
	if (came)
		tell_header(l, &r);
	report_send(l->f->report_fd, &r);
	l->f->listed_down_to = mail->msg;
	l->f->counts.listed++;
}

static void take_end(void *self, bool came)
{
	struct list *l = self;

	l->came += came;
	tell(l, came);
	begin_header(l);
}

static int higher_first(const void *a, const void *b)
{
	const struct listed *const *one = a, *const *other = b;

	return ((*one)->msg < (*other)->msg) - ((*one)->msg > (*other)->msg);
}

/* What is left to be shown: after a session that broke, only what stands below. */
static void choose(struct list *l)
{
	struct fetch *f = l->f;
	const struct listed **mails = xcalloc(f->listing.n, sizeof(struct listed *));
	uint64_t max = f->order->list_max ? f->order->list_max : UINT64_MAX;

	l->mails = xcalloc(f->listing.n, sizeof(*l->mails));
	l->items = xcalloc(f->listing.n, sizeof(struct plan_item *));
	for (size_t i = 0; i < f->listing.n; i++)
		mails[i] = &f->listing.mails[i];
	if (f->listing.n)
		qsort(mails, f->listing.n, sizeof(struct listed *), higher_first);
	for (size_t i = 0; i < f->listing.n && f->counts.listed + l->n < max; i++)
		if (!f->listed_down_to || mails[i]->msg < f->listed_down_to)
			l->mails[l->n++].index = (uint32_t)(mails[i] - f->listing.mails);
	for (size_t i = 0; i < f->plan.n; i++)
		l->items[f->plan.items[i].index] = &f->plan.items[i];
	f->counts.there = f->listing.n;
	free(mails);
}

/* Once is enough. */
static void say_without_headers(struct fetch *f, const struct error *w)
{
	if (!f->headers_missed)
		report_warning(f->report_fd, w);
	f->headers_missed = true;
}

static void say_refused(struct fetch *f)
{
	struct error w;

	error_set(&w, ERROR_CAPABILITY,
		"%s refuses TOP: date, sender and subject are not known without a fetch",
		f->account->endpoint.host);
	say_without_headers(f, &w);
}

static void say_missing(struct fetch *f)
{
	struct error w;

	error_set(&w, ERROR_CAPABILITY,
		f->header_failures
			? N_("%s breaks off at TOP: date, sender and subject are not known without a fetch")
			: N_("%s has no TOP: date, sender and subject are not known without a fetch"),
		f->account->endpoint.host);
	say_without_headers(f, &w);
}

bool list_messages(struct fetch *f, bool *again, struct error *e)
{
	struct list l = {.f = f};
	const struct headers_reader reader = {.octets = take_octets, .done = take_end, .self = &l};
	bool done = true, has_top = headers_can(f);

	choose(&l);
	begin_header(&l);
	report_step(f->report_fd, "reading headers");
	if (l.n && !has_top)
		say_missing(f);
	if (has_top)
		done = headers_read(f, l.mails, l.n, &reader, again, e);
	if (done && has_top && l.n && !l.came)
		say_refused(f);
	while (done && l.told < l.n)
		tell(&l, false);
	for (size_t i = 0; i < FIELDS; i++)
		buf_release(&l.values[i]);
	free(l.mails);
	free(l.items);
	return done;
}
