/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A mailbox that was moved to another server, or whose index was built anew, lists its old mail
 * under new UIDs. When more known mail is gone than is left, and new mail stands in its place, the
 * new ones' headers are asked for, and what is found by its fingerprint keeps its row, and so its
 * retention clock. An ordinary run asks for nothing here.
 *
 * Where it cannot be told, because a row has no fingerprint or the server no headers, much that
 * seems new is not fetched without asking first: whoever knows the mailbox knows the answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/parse.h"
#include "fetch/adopt.h"
#include "fetch/fetch_inner.h"
#include "fetch/headers.h"

enum {
	/* How many must be gone, and new, to look; and new, where looking found nothing before. */
	LOOK_MIN = 3,
	LOOK_AGAIN_MIN = 10,
	/* So many that cannot be told are a question. */
	ASK_MIN = 10,
	/* Mail may be out of the listing so long and come back; servers move mail bit by bit. */
	ABSENCE_S = 30 * 86400,
};

/* Facts: when mail was last found under new names, or "no"; and what had vanished before when the
 * user said that it is gone. */
static const char FACT_MOVED[] = "moved", FACT_GONE[] = "gone";

struct move {
	struct fetch *f;
	int64_t now_s;
	const struct seen **rows; /* vanished */
	struct adopt_mail *gone;  /* the same */
	uint32_t *places;         /* of new mails in the listing */
	struct adopt_mail *fresh; /* the same */
	size_t gone_n, fresh_n, printed, left;
	bool *ask, *asked; /* headers of new mails */
	size_t *became;
	size_t pairs;
	bool recently;  /* mail was found under new names not long ago */
	bool in_vain;   /* the last look found nothing */
	int64_t gone_s; /* what was missing then is gone for good */
};

static void release(struct move *m)
{
	free(m->rows);
	free(m->gone);
	free(m->places);
	free(m->fresh);
	free(m->ask);
	free(m->asked);
	free(m->became);
}

static bool read_facts(struct move *m, struct error *e)
{
	char moved[24], gone[24];
	uint64_t s;

	if (!store_get(m->f->store, FACT_MOVED, moved, sizeof(moved), e) ||
		!store_get(m->f->store, FACT_GONE, gone, sizeof(gone), e))
		return false;
	m->in_vain = strcmp(moved, "no") == 0;
	m->recently = parse_u64(span_of(moved), INT64_MAX, &s) && m->now_s - (int64_t)s < ABSENCE_S;
	m->f->moved_recently = m->recently;
	m->gone_s = parse_u64(span_of(gone), INT64_MAX, &s) ? (int64_t)s : -1;
	return true;
}

static bool set_fact(const struct move *m, const char *name, struct error *e)
{
	char text[24];

	if (fetch_only_looks(m->f))
		return true;
	snprintf(text, sizeof(text), "%lld", (long long)m->now_s);
	return store_set(m->f->store, name, text, e);
}

/* Rows and mails that have no counterpart; a row about another mail than the listed one has none.
 */
static void collect(struct move *m, const bool *present)
{
	struct fetch *f = m->f;
	const struct seen *first = seen_at(f->seen, 0), *row;
	size_t known = seen_count(f->seen, STORE_DELIVERED);
	bool *of_another = xcalloc(f->seen_n, sizeof(*of_another));

	m->rows = xcalloc(known, sizeof(const struct seen *));
	m->gone = xcalloc(known, sizeof(*m->gone));
	m->places = xcalloc(f->listing.n, sizeof(*m->places));
	m->fresh = xcalloc(f->listing.n, sizeof(*m->fresh));
	m->ask = xcalloc(f->listing.n, sizeof(*m->ask));
	m->asked = xcalloc(f->listing.n, sizeof(*m->asked));
	m->became = xcalloc(f->listing.n, sizeof(*m->became));
	for (size_t i = 0; i < f->listing.n; i++) {
		const struct listed *mail = &f->listing.mails[i];

		if (mail->seen && !plan_is_another_mail(mail))
			continue;
		if (mail->seen)
			of_another[mail->seen - first] = true;
		m->places[m->fresh_n++] = (uint32_t)i;
	}
	for (size_t i = 0; (row = seen_at(f->seen, i)); i++) {
		if (row->state != STORE_DELIVERED)
			continue;
		if (present[i] && !of_another[i]) {
			m->left++;
			continue;
		}
		if (row->missing &&
			(row->missing_s <= m->gone_s || m->now_s - row->missing_s > ABSENCE_S))
			continue;
		m->rows[m->gone_n] = row;
		m->printed += row->print != 0;
		m->gone[m->gone_n++] = (struct adopt_mail){.print = row->print, .size = row->size};
	}
	free(of_another);
}

static bool is_suspicious(const struct move *m)
{
	size_t min = m->recently ? 1 : LOOK_MIN;

	return m->gone_n >= min && m->fresh_n >= (m->in_vain ? LOOK_AGAIN_MIN : min) &&
		(m->recently || m->gone_n > m->left);
}

/* ---- headers ---- */

static bool ask_headers(struct move *m, bool *again, struct error *e)
{
	struct headers_asked *asked = xcalloc(m->fresh_n, sizeof(*asked));
	size_t *places = xcalloc(m->fresh_n, sizeof(*places)), n = 0;
	bool done;

	for (size_t i = 0; i < m->fresh_n; i++) {
		if (!m->ask[i] || m->asked[i])
			continue;
		m->asked[i] = true;
		places[n] = i;
		asked[n++] = (struct headers_asked){.index = m->places[i]};
	}
	done = headers_ask(m->f, asked, n, again, e);
	for (size_t j = 0; j < n; j++) {
		m->fresh[places[j]].print = asked[j].print;
		m->fresh[places[j]].blind = !asked[j].came;
	}
	free(asked);
	free(places);
	return done;
}

static bool compare(struct move *m, bool *again, struct error *e)
{
	struct fetch *f = m->f;
	size_t asked;

	if (!m->printed)
		return true;
	for (size_t i = 0; i < m->fresh_n; i++)
		m->fresh[i].blind = !headers_can(f);
	if (!headers_can(f))
		return true;
	report_step(f->report_fd, "comparing with known mail");
	if (!f->listing.has_sizes && !survey_sizes_if_any(f, e))
		return false;
	for (size_t i = 0; i < m->fresh_n; i++)
		m->fresh[i].size = f->listing.mails[m->places[i]].size;
	asked = adopt_candidates(m->gone, m->gone_n, m->fresh, m->fresh_n, m->ask);
	if (!ask_headers(m, again, e))
		return false;
	m->pairs = adopt_match(
		m->gone, m->gone_n, m->fresh, m->fresh_n, asked == m->fresh_n, m->became);
	/* Servers count sizes differently: what is not explained by them must be little. */
	if (asked == m->fresh_n || m->printed <= 2 * m->pairs || m->fresh_n <= 2 * m->pairs)
		return true;
	for (size_t i = 0; i < m->fresh_n; i++)
		m->ask[i] = true;
	if (!ask_headers(m, again, e))
		return false;
	m->pairs = adopt_match(m->gone, m->gone_n, m->fresh, m->fresh_n, true, m->became);
	return true;
}

/* ---- what follows from it ---- */

static bool adopt(struct move *m, struct error *e)
{
	struct store_move *moves = xcalloc(m->pairs, sizeof(*moves));
	size_t n = 0;
	bool done;

	for (size_t i = 0; i < m->fresh_n; i++)
		if (m->became[i])
			moves[n++] = (struct store_move){.from = m->rows[m->became[i] - 1]->key,
				.to = m->f->listing.mails[m->places[i]].key,
				.size = m->fresh[i].size};
	done = store_adopt(m->f->store, moves, n, e);
	free(moves);
	return done;
}

/* What the look has found is remembered: so the next one is sooner, or not so soon. */
static bool note_look(const struct move *m, struct error *e)
{
	if (m->pairs)
		return set_fact(m, FACT_MOVED, e);
	if (m->in_vain || m->recently || fetch_only_looks(m->f))
		return true;
	return store_set(m->f->store, FACT_MOVED, "no", e);
}

static bool question(const struct move *m, struct error *e)
{
	const struct fetch *f = m->f;
	const char *name = f->account->typed;
	size_t fresh = m->fresh_n - m->pairs, gone = m->gone_n - m->pairs;

	error_set(e, ERROR_CONFIG,
		fetch_only_looks(f)
			? N_("%s lists %zu messages under new names, and %zu known ones are gone: was the "
			     "mailbox moved? A fetch will ask first")
			: N_("%s lists %zu messages under new names, and %zu known ones are gone: was the "
			     "mailbox moved? None of them was fetched"),
		f->account->endpoint.host, fresh, gone);
	return error_remedy(e, "to fetch them all",
		"ambil fetch %.62s --accept   to take them as seen:  ambil fetch %.62s --from-now",
		name, name);
}

/* What cannot be told, and is too much to be fetched without a word. */
static bool settle_unsure(const struct move *m, struct error *e)
{
	const struct fetch *f = m->f;
	struct error words = {0};

	/* UIDs of before that are there still say that mail was deleted, not renamed. */
	if ((m->left && !m->pairs && !m->recently) ||
		adopt_unsure(m->gone, m->gone_n, m->fresh, m->fresh_n, m->became) < ASK_MIN)
		return true;
	if (f->order->accept)
		return set_fact(m, FACT_GONE, e);
	question(m, &words);
	if (fetch_only_looks(f)) {
		report_warning(f->report_fd, &words);
		return true;
	}
	if (e)
		*e = words;
	return false;
}

bool moved_mail(struct fetch *f, const bool *present, int64_t now_s, bool *adopted, bool *again,
	struct error *e)
{
	struct move m = {.f = f, .now_s = now_s};
	bool done = false;

	*adopted = false;
	if (!f->listing.has_uids || !f->listing.n || !seen_count(f->seen, STORE_DELIVERED) ||
		f->account->policy.all)
		return true;
	if (!read_facts(&m, e))
		return false;
	collect(&m, present);
	if (f->order->mode == RUN_FROM_NOW) {
		done = !m.gone_n || set_fact(&m, FACT_GONE, e);
		goto end;
	}
	if (!is_suspicious(&m)) {
		done = true;
		goto end;
	}
	if (!compare(&m, again, e))
		goto end;
	done = (!m.pairs || adopt(&m, e)) && note_look(&m, e) && settle_unsure(&m, e);
	*adopted = done && m.pairs;
	f->moved_recently = f->moved_recently || *adopted;
end:
	release(&m);
	return done;
}
