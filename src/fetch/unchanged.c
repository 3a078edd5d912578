/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The record is one line of text in the state: octets, lines, highest message number, digest, when
 * the first mail is due, when it was written, calm, policy. It says that rows and listing, as both
 * were then, left nothing to do; the store drops it with any change of a row, so nothing here needs
 * to know why rows change. What cannot be read, or may not speak now, is as if it were not there.
 */
#include "fetch/unchanged.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "fetch/fetch_inner.h"

enum {
	/* Fewer lines are read and matched in no time. */
	LINES_MIN = 64,
	/* An answer up to this is held while it is compared; a larger one is asked for again. */
	HELD_MAX = 256 * 1024,
};

void unchanged_release(struct unchanged *u)
{
	buf_release(&u->held);
	*u = (struct unchanged){.octets = 0};
}

static void policy_text(const struct fetch *f, char *out, size_t room)
{
	const struct policy *p = &f->account->policy;

	snprintf(out, room, "%d/%lld", (int)p->keep,
		p->keep == KEEP_FOR ? (long long)p->keep_s : 0LL);
}

/* ---- remembering ---- */

static bool read_time(struct span *rest, int64_t *out)
{
	uint64_t s;

	if (!parse_u64(span_word(rest), INT64_MAX, &s))
		return false;
	*out = (int64_t)s;
	return true;
}

static bool read_words(struct unchanged *u, struct span rest)
{
	struct span word;
	uint64_t calm;

	if (!parse_u64(span_word(&rest), INT64_MAX, &u->octets) ||
		!parse_u64(span_word(&rest), LISTING_MAILS_MAX, &u->lines) ||
		!parse_u32(span_word(&rest), UINT32_MAX, &u->top))
		return false;
	word = span_word(&rest);
	if (word.len != DIGEST_TEXT - 1)
		return false;
	snprintf(u->digest, sizeof(u->digest), "%.*s", (int)word.len, word.data);
	if (!read_time(&rest, &u->due_s) || !read_time(&rest, &u->noted_s) ||
		!parse_u64(span_word(&rest), 1, &calm))
		return false;
	u->calm = calm;
	word = span_word(&rest);
	snprintf(u->policy, sizeof(u->policy), "%.*s", (int)word.len, word.data);
	return word.len > 0 && u->octets > 0 && u->lines > 0;
}

static void write_words(const struct unchanged *u, char *out, size_t room)
{
	snprintf(out, room, "%" PRIu64 " %" PRIu64 " %" PRIu32 " %s %" PRId64 " %" PRId64 " %d %s",
		u->octets, u->lines, u->top, u->digest, u->due_s, u->noted_s, u->calm, u->policy);
}

bool unchanged_recall(struct fetch *f, int64_t now_s, struct error *e)
{
	struct unchanged *u = &f->unchanged;
	char words[200], policy[sizeof(u->policy)];

	unchanged_release(u);
	if (!f->store)
		return true;
	if (!store_get(f->store, STORE_LISTING, words, sizeof(words), e))
		return false;
	policy_text(f, policy, sizeof(policy));
	if (!read_words(u, span_of(words))) {
		unchanged_release(u);
		return true;
	}
	/* A clock that was turned back may have been wrong when it was written. */
	u->usable = f->order->mode == RUN_FETCH && !f->account->policy.all && !f->order->accept &&
		!f->other_host && f->host_is_noted && !f->aside_n && !f->suspect.uid &&
		strcmp(policy, u->policy) == 0 && now_s >= u->noted_s &&
		(!u->due_s || now_s < u->due_s);
	return true;
}

/* ---- comparing ---- */

void unchanged_begin(struct fetch *f)
{
	struct unchanged *u = &f->unchanged;

	digest_init(&u->running);
	u->came = u->again = 0;
	u->matched = u->judged = u->ragged = false;
	u->holding = u->usable && u->octets <= HELD_MAX;
	if (u->usable)
		session_lines_ahead(f->session, u->octets);
}

static void take_octets(struct unchanged *u, struct span octets)
{
	digest_add(&u->running, octets.data, octets.len);
	u->came += octets.len;
	if (!u->holding)
		return;
	buf_add(&u->held, octets.data, octets.len);
	if (u->held.len > 2 * HELD_MAX) {
		u->holding = false;
		buf_release(&u->held);
	}
}

/* The first octets are there, or what comes now is none of them. */
static void judge(struct fetch *f)
{
	struct unchanged *u = &f->unchanged;
	char text[DIGEST_TEXT];

	if (u->judged)
		return;
	u->judged = true;
	digest_text(&u->running, text);
	u->matched = u->usable && u->came == u->octets && strcmp(text, u->digest) == 0;
	if (u->matched) {
		f->listing.skipped = (size_t)u->lines;
		f->listing.base = u->top;
	}
}

static bool list_line(struct fetch *f, struct span line, struct error *e)
{
	if (listing_add_uid(&f->listing, line, e))
		return true;
	if (e->server)
		session_quote(f->session, e, line);
	return false;
}

bool unchanged_take(struct fetch *f, const struct pop3_event *ev, struct error *e)
{
	struct unchanged *u = &f->unchanged;

	switch (ev->type) {
	case POP3_LINES:
		take_octets(u, ev->text);
		return true;
	case POP3_LINE:
		judge(f);
		u->ragged = u->ragged || !ev->plain;
		take_octets(u, ev->text);
		take_octets(u, (struct span){"\r\n", 2});
		if (u->usable && !u->matched)
			return ++u->again <= LISTING_MAILS_MAX || listing_endless(e, "UIDL");
		return list_line(f, ev->text, e);
	default:
		judge(f);
		return true;
	}
}

/* Whether what stands behind the known part is all new, as far as can be told by the UIDs alone. */
static bool tail_is_new(struct fetch *f, bool *is, struct error *e)
{
	struct listing *l = &f->listing;

	*is = !l->irregular && (f->unchanged.calm || !l->n);
	if (!*is || !l->n)
		return true;
	listing_match(l, NULL, NULL);
	*is = !l->has_twins && !l->without_uid;
	for (size_t i = 0; *is && i < l->n; i++) {
		bool known;

		if (!store_has_uid(f->store, l->mails[i].key.uid, &known, e))
			return false;
		*is = !known;
	}
	return true;
}

static bool list_held(struct fetch *f, struct error *e)
{
	struct span rest = buf_span(&f->unchanged.held);
	bool done = true;

	/* All of them end with CRLF. */
	while (done && rest.len) {
		size_t len = (size_t)((const char *)memchr(rest.data, '\n', rest.len) - rest.data);

		done = list_line(f, (struct span){rest.data, len - 1}, e);
		rest.data += len + 1;
		rest.len -= len + 1;
	}
	return done;
}

bool unchanged_settle(struct fetch *f, bool *anew, struct error *e)
{
	struct unchanged *u = &f->unchanged;
	bool done = true;

	*anew = false;
	if (u->usable) {
		if (u->matched && !tail_is_new(f, &u->matched, e))
			return false;
		if (!u->matched) {
			u->usable = false;
			listing_release(&f->listing);
			*anew = !u->holding;
			done = *anew || list_held(f, e);
		}
	}
	buf_release(&u->held);
	return done;
}

/* ---- noting ---- */

/* Whether a mail will stay as it is until due_s, which this may bring forward. */
static bool stays(const struct fetch *f, const struct plan_item *item, int64_t *due_s)
{
	const struct policy *policy = &f->account->policy;
	const struct listed *mail = &f->listing.mails[item->index];
	/* What was new is marked as seen now. */
	bool marks = f->order->mode == RUN_FROM_NOW &&
		(!mail->seen || mail->seen->state == STORE_NOTED);
	int64_t due;

	if ((item->remove && !marks) || mail->doubtful || mail->twin ||
		(mail->seen && (mail->seen->missing || mail->seen->doubt)))
		return false;
	if (marks)
		return true;
	if (!item->fetch &&
		(!mail->seen ||
			(item->why != PLAN_SEEN && item->why != PLAN_MARKED &&
				item->why != PLAN_KEPT)))
		return false;
	if (policy->keep != KEEP_FOR || item->why == PLAN_MARKED)
		return true;
	due = (item->fetch ? f->planned_s : mail->seen->delivered_s) + policy->keep_s;
	if (!*due_s || due < *due_s)
		*due_s = due;
	return true;
}

void unchanged_note(struct fetch *f)
{
	const struct unchanged *old = &f->unchanged;
	struct unchanged u = {.octets = old->came,
		.lines = f->listing.skipped + f->listing.n,
		.top = old->matched ? old->top : 0,
		.noted_s = clock_wall_s(),
		.calm = f->calm,
		.due_s = old->matched ? old->due_s : 0};
	struct error ignored;
	char words[200];

	if (old->ragged || f->listing.without_uid || f->listing.has_twins || u.lines < LINES_MIN)
		return;
	for (size_t i = 0; i < f->plan.n; i++)
		if (!stays(f, &f->plan.items[i], &u.due_s))
			return;
	for (size_t i = 0; i < f->listing.n; i++)
		if (f->listing.mails[i].msg > u.top)
			u.top = f->listing.mails[i].msg;
	digest_text(&old->running, u.digest);
	policy_text(f, u.policy, sizeof(u.policy));
	if (u.octets == old->octets && u.lines == old->lines && u.due_s == old->due_s &&
		u.calm == old->calm && u.top == old->top && old->noted_s <= u.noted_s &&
		strcmp(u.digest, old->digest) == 0 && strcmp(u.policy, old->policy) == 0)
		return;
	write_words(&u, words, sizeof(words));
	/* A write that fails costs only the next run a second look. */
	(void)!store_set(f->store, STORE_LISTING, words, &ignored);
}
