/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is there, what of it is known, and what shall be done with it: UIDL, and LIST where sizes
 * decide or somebody watches; the state; the plan. Without UIDL only an account that keeps nothing
 * on the server can go on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/parse.h"
#include "fetch/fetch_inner.h"

/* A removed mail's row stays this long after the mail left the listing: servers flap. */
enum { REMOVED_KEEP_S = 30 * 86400 };

const struct pop3_command survey_commands[2] = {{.verb = POP3_UIDL}, {.verb = POP3_LIST}};

static bool wants_sizes(const struct fetch *f)
{
	return f->account->policy.size_max || f->order->sizes || fetch_only_looks(f) ||
		f->count_due;
}

bool survey_event(struct fetch *f, struct pop3_event *ev, struct error *e)
{
	switch (session_next(f->session, -1, true, ev, e)) {
	case SESSION_EVENT:
		return true;
	case SESSION_WOKEN:
		return fetch_interrupted(f, e);
	case SESSION_FAILED:
		break;
	}
	return false;
}

/* UIDL, whose command is on its way. *ok: the server has it. */
static bool read_uids(struct fetch *f, bool *ok, struct pop3_event *ev, struct error *e)
{
	if (!survey_event(f, ev, e))
		return false;
	*ok = ev->ok;
	if (!ev->ok)
		return true;
	unchanged_begin(f);
	do {
		if (!survey_event(f, ev, e) || !unchanged_take(f, ev, e))
			return false;
	} while (ev->type != POP3_END);
	return true;
}

static bool list_uids(struct fetch *f, bool *ok, struct pop3_event *ev, struct error *e)
{
	bool anew;

	if (!read_uids(f, ok, ev, e))
		return false;
	if (!*ok)
		return true;
	if (!unchanged_settle(f, &anew, e))
		return false;
	return !anew ||
		(session_send(f->session, &(struct pop3_command){.verb = POP3_UIDL}, e) &&
			read_uids(f, ok, ev, e));
}

/* sent: its command is on its way. *ok: as above. */
static bool list_sizes(struct fetch *f, bool sent, bool *ok, struct pop3_event *ev, struct error *e)
{
	if ((!sent && !session_send(f->session, &(struct pop3_command){.verb = POP3_LIST}, e)) ||
		!survey_event(f, ev, e))
		return false;
	*ok = ev->ok;
	if (!ev->ok)
		return true;
	do {
		if (!survey_event(f, ev, e))
			return false;
		if (ev->type == POP3_LINE && !listing_add_size(&f->listing, ev->text, e)) {
			if (e->server)
				session_quote(f->session, e, ev->text);
			return false;
		}
	} while (ev->type != POP3_END);
	return true;
}

bool survey_sizes_if_any(struct fetch *f, struct error *e)
{
	struct pop3_event ev;
	bool ok;

	return list_sizes(f, false, &ok, &ev, e);
}

/* needed: a run cannot do without them. */
static bool ask_sizes(struct fetch *f, bool sent, bool needed, struct error *e)
{
	struct pop3_event ev;
	bool ok;

	if (!list_sizes(f, sent, &ok, &ev, e))
		return false;
	if (ok || !needed)
		return true;
	error_set(e, ERROR_PROTOCOL, "%s refuses LIST", f->account->endpoint.host);
	return error_server(e, ev.text);
}

/* A server that announces UIDL, or refuses it for a reason of the moment, has it all the same. */
static bool lacks_uidl(const struct fetch *f, const struct pop3_event *ev)
{
	return !session_capabilities(f->session)->uidl &&
		(ev->code == POP3_CODE_NONE || ev->code == POP3_CODE_OTHER);
}

static bool refused_uidl(const struct fetch *f, const struct pop3_event *ev, struct error *e)
{
	error_set(e, ERROR_BUSY, "%s does not tell its UIDs now; nothing was fetched",
		f->account->endpoint.host);
	return error_server(e, ev->text);
}

/* A mailbox that moved keeps its UIDs or does not; the sizes tell. */
static bool find_out_host(struct fetch *f, struct error *e)
{
	char known[300] = "", port[8] = "", here[8];

	if (!store_get(f->store, "host", known, sizeof(known), e) ||
		!store_get(f->store, "port", port, sizeof(port), e))
		return false;
	snprintf(here, sizeof(here), "%u", (unsigned)f->account->endpoint.port);
	f->other_host = strcasecmp(known, f->account->endpoint.host) != 0 ||
		(port[0] && strcmp(port, here) != 0);
	f->host_is_noted = !f->other_host && port[0];
	return true;
}

static bool list_mail(struct fetch *f, struct error *e)
{
	bool ahead = session_sent_all(f->session), has_uids;
	struct pop3_event ev;

	if ((f->store && !find_out_host(f, e)) || !unchanged_recall(f, clock_wall_s(), e))
		return false;
	f->unchanged.usable = f->unchanged.usable && !wants_sizes(f);
	if (!list_uids(f, &has_uids, &ev, e))
		return false;
	if (!has_uids && !lacks_uidl(f, &ev))
		return refused_uidl(f, &ev, e);
	has_uids = has_uids && (f->listing.uids.len || !f->listing.n);
	f->listing.has_uids = has_uids;
	/* The second listing, if wanted, came with the first where pipelining allowed it. */
	if (wants_sizes(f) ? !ask_sizes(f, ahead, !has_uids || f->account->policy.size_max, e)
			   : !has_uids && !ask_sizes(f, false, true, e))
		return false;
	return has_uids || survey_live_without_uids(f, e);
}

/* Where a UID alone does not say which mail it is, sizes do. */
static bool needs_sizes_to_tell(const struct fetch *f, int64_t now_s)
{
	if (f->listing.has_twins && !f->listing.has_sizes)
		return true;
	for (size_t i = 0; !f->listing.has_sizes && i < f->listing.n; i++) {
		const struct listed *mail = &f->listing.mails[i];

		if (mail->seen &&
			(mail->doubtful || mail->seen->missing ||
				plan_may_remove(mail, &f->account->policy, now_s)))
			return true;
	}
	return false;
}

bool set_aside_is(const struct set_aside *aside, const struct store_key *key)
{
	return key->occurrence == aside->occurrence &&
		span_equal(key->uid, (struct span){aside->uid, aside->uid_len});
}

/* What broke a session of this run is not asked for again in it. */
static void set_mails_aside(struct fetch *f)
{
	for (size_t i = 0; f->aside_n && i < f->listing.n; i++) {
		struct listed *mail = &f->listing.mails[i];

		for (size_t j = 0; j < f->aside_n; j++) {
			mail->set_aside = mail->set_aside || set_aside_is(&f->aside[j], &mail->key);
		}
	}
}

/*
 * Mails that share a UID are written down, all of them, before one of them is fetched: a row for
 * each says later that a single one left over may be any of them.
 */
static bool note_twins(struct fetch *f, int64_t now_s, struct error *e)
{
	struct store_key *keys;
	uint64_t *sizes;
	bool done = true;
	size_t n;

	if (!f->listing.has_twins)
		return true;
	keys = listing_new_twins(&f->listing, &sizes, &n);
	done = store_note(f->store, keys, sizes, n, now_s, e);
	free(keys);
	free(sizes);
	return done;
}

/*
 * Rows about another mail than the one that has their UID now: they must not speak for it, whatever
 * becomes of it in this run.
 */
static bool forget_reused(struct fetch *f, struct error *e)
{
	struct store_key *keys = xcalloc(f->listing.n, sizeof(*keys));
	size_t n = 0;
	bool done;

	for (size_t i = 0; i < f->listing.n; i++) {
		struct listed *mail = &f->listing.mails[i];
		const struct seen *row = mail->seen ? mail->seen : seen_find(f->seen, mail->key);

		if (!row ||
			(mail->seen ? !plan_is_another_mail(mail) : row->state != STORE_REMOVED))
			continue;
		keys[n++] = mail->key;
		mail->seen = NULL;
	}
	done = !n || store_forget(f->store, keys, n, e);
	free(keys);
	return done;
}

/* A server that gives each message its number for a UID gives them anew when one is deleted. */
static bool uids_are_numbers(const struct listing *l)
{
	for (size_t i = 0; i < l->n; i++) {
		uint32_t number;

		if (!parse_u32(l->mails[i].key.uid, UINT32_MAX, &number) ||
			number != l->mails[i].msg)
			return false;
	}
	return l->n > 0;
}

/* present: a fresh array each time. */
static bool load_and_match(struct fetch *f, bool **present, struct error *e)
{
	bool numbers;

	seen_set_free(f->seen);
	f->seen = NULL;
	f->seen_n = 0;
	if (f->store && !(f->seen = store_load(f->store, e)))
		return false;
	while (f->seen && seen_at(f->seen, f->seen_n))
		f->seen_n++;
	free(*present);
	*present = xcalloc(f->seen_n, sizeof(**present));
	listing_match(&f->listing, f->seen, *present);
	numbers = f->listing.has_uids && uids_are_numbers(&f->listing);
	for (size_t i = 0; i < f->listing.n; i++)
		f->listing.mails[i].doubtful = f->other_host || numbers;
	return true;
}

/* Each listed mail gets its row, if it has one. */
static bool match(struct fetch *f, bool **present, int64_t now_s, bool *again, struct error *e)
{
	bool adopted = false;

	if (!load_and_match(f, present, e) || !survey_warn_without_uid(f, e))
		return false;
	if (needs_sizes_to_tell(f, now_s)) {
		if (!ask_sizes(f, false, f->listing.has_twins, e))
			return false;
		listing_match(&f->listing, f->seen, *present);
	}
	if (f->store && !moved_mail(f, *present, now_s, &adopted, again, e))
		return false;
	return !adopted || load_and_match(f, present, e);
}

/* What the listing says of the rows goes into the state. */
static bool note_listing(struct fetch *f, const bool *present, int64_t now_s, struct error *e)
{
	enum store_listing *now = xcalloc(f->seen_n, sizeof(*now));
	const struct seen *first = seen_at(f->seen, 0);
	bool done;

	for (size_t i = 0; i < f->seen_n; i++)
		now[i] = present[i] ? STORE_PRESENT : STORE_ABSENT;
	for (size_t i = 0; i < f->listing.n; i++) {
		const struct listed *mail = &f->listing.mails[i];

		if (mail->seen && mail->identity != IDENTITY_SAME &&
			(mail->doubtful || mail->seen->missing || mail->seen->doubt))
			now[mail->seen - first] = STORE_DOUBTFUL;
	}
	done = store_listed(f->store, f->seen, now, now_s, REMOVED_KEEP_S, e);
	free(now);
	return done;
}

/*
 * Whether new mail will need no look whether it is known mail under other names: as moved_mail()
 * has it, with mail that has been missing for long counted as well.
 */
static bool is_calm(const struct fetch *f, const bool *present)
{
	size_t gone = 0, left = 0;

	for (size_t i = 0; i < f->seen_n; i++)
		if (seen_at(f->seen, i)->state == STORE_DELIVERED)
			*(present[i] ? &left : &gone) += 1;
	return !gone || (gone <= left && !f->moved_recently);
}

static bool note_host(struct fetch *f, struct error *e)
{
	char port[8];

	if (f->host_is_noted)
		return true;
	snprintf(port, sizeof(port), "%u", (unsigned)f->account->endpoint.port);
	return store_set(f->store, "host", f->account->endpoint.host, e) &&
		store_set(f->store, "port", port, e);
}

static void plan_listing(struct fetch *f, int64_t now_s)
{
	struct policy policy = f->account->policy;

	f->planned_s = now_s;
	set_mails_aside(f);
	/* The limit is one of the run, not of each of its sessions. */
	if (f->counts.mails < policy.fetch_max)
		policy.fetch_max -= (uint32_t)f->counts.mails;
	plan_make(&f->plan, f->listing.mails, f->listing.n, &policy, now_s);
	/* To a later session, what this run has delivered is known as well. */
	if (!f->surveyed)
		f->counts.seen = f->listing.skipped + f->plan.seen;
	f->surveyed = true;
	f->counts.new_mails = f->plan.fetch;
}

static bool match_and_plan(struct fetch *f, bool *again, struct error *e)
{
	bool *present = NULL, ok = false;
	int64_t now_s = clock_wall_s();

	/* All that is left of it is new, and no row says anything of that. */
	if (f->unchanged.matched) {
		f->calm = f->unchanged.calm;
		plan_listing(f, now_s);
		return true;
	}
	if (!match(f, &present, now_s, again, e) ||
		(f->listing.has_uids && !identify(f, now_s, again, e)))
		goto end;
	if (f->store && !fetch_only_looks(f) && f->listing.has_uids &&
		!(forget_reused(f, e) && note_listing(f, present, now_s, e) &&
			note_twins(f, now_s, e) && note_host(f, e)))
		goto end;
	f->calm = is_calm(f, present);
	plan_listing(f, now_s);
	ok = true;
end:
	free(present);
	return ok;
}

size_t survey_command_count(const struct fetch *f)
{
	return wants_sizes(f) ? 2 : 1;
}

bool survey(struct fetch *f, bool *again, struct error *e)
{
	report_step(f->report_fd, "listing");
	return list_mail(f, e) && match_and_plan(f, again, e) && known_note_counted(f, e) &&
		survey_warn_of_doubt(f, e) && survey_compare_expire(f, e);
}
