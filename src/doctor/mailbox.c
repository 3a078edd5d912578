/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mailbox is counted, and nothing fetched; what the server wants of who fetches. */
#include "base/clock.h"
#include "base/i18n.h"
#include "base/parse.h"
#include "doctor/look.h"
#include "fetch/expire.h"

enum { TIMER_S = 10 * 60, QUIT_PATIENCE_MS = 3000 };

static bool next_event(struct look *l, struct pop3_event *ev, struct error *e)
{
	switch (session_next(l->session, -1, true, ev, e)) {
	case SESSION_EVENT:
		return true;
	case SESSION_WOKEN:
		return error_set(e, ERROR_INTERRUPTED, "interrupted");
	case SESSION_FAILED:
		break;
	}
	return false;
}

static bool ask(struct look *l, enum pop3_verb verb, struct pop3_event *ev, struct error *e)
{
	return session_send(l->session, &(struct pop3_command){.verb = verb}, e) &&
		next_event(l, ev, e);
}

/* *uids: how many messages have one; *listed: UIDL was answered. */
static bool count_uids(struct look *l, bool *listed, uint64_t *uids, struct error *e)
{
	struct pop3_event ev;

	*uids = 0;
	if (!ask(l, POP3_UIDL, &ev, e))
		return false;
	*listed = ev.ok;
	if (!ev.ok)
		return true;
	do {
		if (!next_event(l, &ev, e))
			return false;
		*uids += ev.type == POP3_LINE;
	} while (ev.type != POP3_END);
	return true;
}

static bool read_stat(struct look *l, uint32_t *mails, uint64_t *octets, struct error *e)
{
	struct pop3_event ev;
	struct span rest;

	if (!ask(l, POP3_STAT, &ev, e))
		return false;
	rest = ev.text;
	if (ev.ok && parse_u32(span_word(&rest), UINT32_MAX, mails) &&
		parse_u64(span_word(&rest), INT64_MAX, octets))
		return true;
	error_set(e, ERROR_PROTOCOL, "%s does not tell how much mail there is (STAT)",
		l->c->account->endpoint.host);
	return session_quote(l->session, e, ev.text);
}

/* Without UIDs what stays there cannot be told from what is new. */
static void tell_no_uids(struct look *l, uint32_t mails)
{
	const struct account *a = l->c->account;
	struct error e;

	if (a->policy.keep == KEEP_NOT) {
		check_remark(l->c, "listing",
			_n("%lu message, no UIDL: one whose deletion is interrupted will come again",
				"%lu messages, no UIDL: one whose deletion is interrupted will come again",
				mails),
			(unsigned long)mails);
		return;
	}
	error_set(&e, ERROR_CAPABILITY,
		"%s has no UIDL, so mail kept there could not be told from new mail",
		a->endpoint.host);
	error_remedy(&e, "to delete mail there once it is delivered here",
		a->temporary ? "--delete" : "keep = false");
	check_failed(l->c, "listing", &e);
}

bool look_count_mail(struct look *l)
{
	struct error e = {0};
	uint64_t octets = 0, uids = 0;
	uint32_t mails = 0;
	bool listed = false;
	int64_t start_ms = clock_ms();
	char size[32];

	check_running(l->c, "listing");
	if (!read_stat(l, &mails, &octets, &e) || !count_uids(l, &listed, &uids, &e)) {
		check_failed(l->c, "listing", &e);
		return false;
	}
	text_size(size, sizeof(size), octets);
	if (!listed)
		tell_no_uids(l, mails);
	else if (!mails && !uids)
		check_ok(l->c, "listing", clock_ms() - start_ms, "no mail there");
	else if (uids != mails)
		check_remark(l->c, "listing",
			_n("%lu message (%s), but %llu UIDs: not all of it is shown at once",
				"%lu messages (%s), but %llu UIDs: not all of it is shown at once",
				mails),
			(unsigned long)mails, size, (unsigned long long)uids);
	else
		check_ok(l->c, "listing", clock_ms() - start_ms,
			_n("%lu message (%s), with a UID", "%lu messages (%s), each with a UID",
				mails),
			(unsigned long)mails, size);
	return true;
}

void look_tell_terms(struct look *l)
{
	const struct capabilities *caps = session_capabilities(l->session);
	const struct account *a = l->c->account;
	struct error e = {0};
	char delay[32];

	if (!caps->known)
		return;
	if (!caps->pipelining)
		check_remark(l->c, "pipelining",
			"not offered: each message costs the time of a question and its answer");
	if (caps->login_delay_s > TIMER_S) {
		text_duration(delay, sizeof(delay), caps->login_delay_s);
		error_set(&e, ERROR_BUSY,
			"%s must be between two logins, the usual timer comes "
			"every 10 min",
			delay);
		error_remedy(&e, "set the timer to that", "OnUnitInactiveSec=%s", delay);
		check_note(l->c, "login delay", &e);
	}
	if (!a->temporary && expire_contradicts(a->endpoint.host, caps, &a->policy, &e))
		check_note(l->c, "expiry", &e);
}

void look_quit(struct look *l)
{
	struct pop3_event ev;
	struct error ignored;

	session_hurry(l->session, QUIT_PATIENCE_MS);
	(void)!ask(l, POP3_QUIT, &ev, &ignored);
}
