/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the runs before have learned of the server, and what this one learns: facts in the state of
 * the account. None is needed. A write that fails costs only the finding out anew; a fact that is
 * wrong by now costs at most one more connection.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "fetch/fetch_inner.h"
#include "fetch/recall.h"

static const char pipelining_fact[] = "pipelining", sizes_fact[] = "sizes",
		  counted_fact[] = "counted", capabilities_fact[] = "capabilities";

enum { COUNT_EVERY_S = 86400 };

static const char *const sizes_words[] = {"", "exact", "lf", "inexact"};
_Static_assert(PROOF_SIZES_EXACT == 1 && PROOF_SIZES_LF == 2 && PROOF_SIZES_INEXACT == 3,
	"the state file has these words");

/* "WORD SINCE", not long ago: one bad hour of a server must not slow its mail for ever. */
static bool holds(const char *fact, const char *word)
{
	size_t len = strlen(word);

	return strncmp(fact, word, len) == 0 && fact[len] == ' ' &&
		!recall_is_past(fact + len + 1, RECALL_BROKEN_KEPT_S);
}

static void note(struct fetch *f, const char *name, const char *value)
{
	struct error ignored;

	if (f->store && !fetch_only_looks(f))
		(void)!store_set(f->store, name, value, &ignored);
}

static void note_since(struct fetch *f, const char *name, const char *word)
{
	char value[40];

	snprintf(value, sizeof(value), "%s %lld", word, (long long)clock_wall_s());
	note(f, name, value);
}

/* "ends 1795464439 tls pop.example.org". */
static void note_at_place(struct fetch *f, const char *name, const char *word)
{
	char *place = recall_login_place(f->account);
	char *value = xasprintf("%s %lld %s", word, (long long)clock_wall_s(), place);

	note(f, name, value);
	free(value);
	free(place);
}

/* "works tls pop.example.org"; of another place it says nothing. */
static void take_pipelining(struct known *k, const char *place)
{
	struct span rest = span_of(k->pipelining);

	if (span_is(span_word(&rest), "works") && !span_is_nocase(rest, place))
		k->pipelining[0] = '\0';
}

/* "tls pop.example.org" and, below it, the lines of CAPA. */
static void take_capabilities(struct known *k, const char *place)
{
	size_t len = strlen(place);

	k->asks = k->asks || holds(k->capabilities, "ask");
	if (!k->asks && !k->doubted && strncmp(k->capabilities, place, len) == 0 &&
		k->capabilities[len] == '\n')
		memmove(k->capabilities, k->capabilities + len + 1,
			strlen(k->capabilities + len + 1) + 1);
	else
		k->capabilities[0] = '\0';
}

bool known_read(struct fetch *f, struct error *e)
{
	struct known *k = &f->known;
	char sizes[20] = "", counted[24] = "", *place;
	bool two_lines = k->server.two_lines;
	struct {
		const char *name;
		char *value;
		size_t room;
	} facts[] = {
		{pipelining_fact, k->pipelining, sizeof(k->pipelining)},
		{sizes_fact, sizes, sizeof(sizes)},
		{counted_fact, counted, sizeof(counted)},
		{capabilities_fact, k->capabilities, sizeof(k->capabilities)},
	};

	for (size_t i = 0; f->store && i < sizeof(facts) / sizeof(facts[0]); i++)
		if (!store_get(f->store, facts[i].name, facts[i].value, facts[i].room, e))
			return false;
	if (!recall_server(f->account, f->store, &k->server, e))
		return false;
	k->server.two_lines = k->server.two_lines || two_lines;
	k->server.without_capa = k->server.without_capa && !k->asks_capa;
	k->server.unbound = k->server.unbound || k->unbinds;
	for (size_t i = 1; i < sizeof(sizes_words) / sizeof(sizes_words[0]); i++)
		if (strcmp(sizes, sizes_words[i]) == 0)
			f->sizes = (enum proof_sizes)i;
	f->counted = counted[0];
	f->count_due = f->counted && !fetch_only_looks(f) && recall_is_past(counted, COUNT_EVERY_S);
	place = recall_login_place(f->account);
	take_pipelining(k, place);
	take_capabilities(k, place);
	free(place);
	/* The run before has lost its step, and could not try in step. */
	f->in_step = f->in_step || strcmp(k->pipelining, "doubted") == 0;
	return true;
}

bool known_note_counted(struct fetch *f, struct error *e)
{
	char now[24];

	if (!f->store || fetch_only_looks(f) || (f->counted && !f->count_due))
		return true;
	snprintf(now, sizeof(now), "%lld", (long long)clock_wall_s());
	return store_set(f->store, counted_fact, now, e);
}

bool known_pipelining_is_broken(const struct fetch *f)
{
	return holds(f->known.pipelining, "broken");
}

bool known_pipelining_works(const struct fetch *f)
{
	return strncmp(f->known.pipelining, "works ", 6) == 0;
}

void known_note_sizes(struct fetch *f, enum proof_sizes sizes)
{
	if (sizes == f->sizes)
		return;
	f->sizes = sizes;
	note(f, sizes_fact, sizes_words[sizes]);
}

/*
 * A server that announces PIPELINING and loses its step is tried in step in the same run; when that
 * works, and no single mail was to blame, it is treated as one without.
 */
void known_judge_pipelining(struct fetch *f)
{
	char verdict[sizeof(f->known.pipelining)], *place;

	if (!f->verified && (!f->in_step || f->blamed))
		return;
	place = recall_login_place(f->account);
	if (f->verified)
		snprintf(verdict, sizeof(verdict), "works %s", place);
	else
		snprintf(verdict, sizeof(verdict), "broken %lld", (long long)clock_wall_s());
	free(place);
	if (strcmp(verdict, f->known.pipelining) != 0)
		note(f, pipelining_fact, verdict);
	snprintf(f->known.pipelining, sizeof(f->known.pipelining), "%s", verdict);
}

void known_doubt_pipelining(struct fetch *f)
{
	if (f->in_step && !f->blamed && !known_pipelining_is_broken(f) &&
		strcmp(f->known.pipelining, "doubted") != 0)
		note(f, pipelining_fact, "doubted");
}

void known_note_login(struct fetch *f)
{
	enum mech now = session_mechanism(f->session);
	char *place, *value;

	if (now == f->known.server.used)
		return;
	place = recall_login_place(f->account);
	value = xasprintf("%s %s", mech_name(now), place);
	note(f, RECALL_LOGIN, value);
	free(value);
	free(place);
}

void known_note_capabilities(struct fetch *f)
{
	struct span now = session_capability_text(f->session);
	char *place, *value;

	if (f->known.asks_capa && session_capabilities(f->session)->known)
		note(f, RECALL_CAPA, "");
	if (f->known.asks || (!f->known.doubted && span_is(now, f->known.capabilities)))
		return;
	/* Nothing to rely on any more. */
	if (!now.len)
		note(f, capabilities_fact, "");
	if (!now.len || !known_pipelining_works(f))
		return;
	place = recall_login_place(f->account);
	value = xasprintf("%s\n%.*s", place, (int)now.len, now.data);
	if (strlen(value) < sizeof(f->known.capabilities))
		note(f, capabilities_fact, value);
	free(value);
	free(place);
}

bool known_doubt(struct fetch *f, const struct session_lesson *lesson)
{
	struct known *k = &f->known;

	if (!lesson->surprised && !lesson->unanswered)
		return false;
	k->doubted = true;
	k->unanswered = lesson->unanswered;
	return true;
}

bool known_doubt_listing(struct fetch *f, const struct error *e)
{
	bool lost = e->kind == ERROR_NETWORK || e->kind == ERROR_PROTOCOL ||
		e->kind == ERROR_BUSY || *f->order->stop == SIGALRM;

	if (!lost || !session_lacks_answer(f->session))
		return false;
	f->known.doubted = f->known.unanswered = true;
	return true;
}

bool known_doubt_capa_ends(
	struct fetch *f, const struct session_lesson *lesson, const struct error *e)
{
	if (!f->known.server.without_capa || lesson->refused || e->kind != ERROR_CAPABILITY)
		return false;
	f->known.asks_capa = true;
	return true;
}

void known_settle(struct fetch *f)
{
	if (!f->known.unanswered)
		return;
	note_since(f, capabilities_fact, "ask");
	/* Its pipelining has to prove itself anew. */
	if (known_pipelining_works(f)) {
		note(f, pipelining_fact, "");
		f->known.pipelining[0] = '\0';
	}
	f->known.asks = true;
	f->known.unanswered = false;
}

void known_note_capa_ends(struct fetch *f)
{
	note_at_place(f, RECALL_CAPA, "ends");
}

void known_note_two_lines(struct fetch *f)
{
	f->known.server.two_lines = true;
	note(f, RECALL_TWO_LINES, "yes");
}

void known_note_utf8(struct fetch *f)
{
	note(f, RECALL_UTF8, "wanted");
}

void known_note_unbound(struct fetch *f)
{
	note_at_place(f, RECALL_BINDING, "refused");
}
