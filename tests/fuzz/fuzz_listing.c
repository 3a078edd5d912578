/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: whatever is listed and known, every mail has a place by its number, a key that no
 * other mail and no row in use has, or the one row of its own that is marked as present. */
/*
 * Lines: "S" with an occurrence, a state, a size of one digit and a UID is a row of the state; "L"
 * a line of LIST, anything else one of UIDL. They are matched with the rows, and once more when the
 * lines behind a "M" have come.
 */
#include "fetch/listing.h"
#include "fuzz.h"
#include "local/seen.h"

struct game {
	struct listing listing;
	struct seen_set *set;
	bool *present;
	size_t rows;
};

static bool is_row(struct span line)
{
	return line.len > 4 && line.data[0] == 'S';
}

static void add_row(struct game *g, struct span line)
{
	struct seen row = {.key = {{line.data + 4, line.len - 4}, (uint8_t)line.data[1] % 16},
		.state = (enum store_state)((uint8_t)line.data[2] % (STORE_REMOVED + 1)),
		.size = (uint8_t)line.data[3] % 10};

	if (seen_set_add(g->set, &row))
		g->rows++;
}

static void load_rows(struct game *g, struct span in)
{
	size_t n = 0, octets = 0;

	for (struct span rest = in; rest.len;) {
		struct span line = take_until(&rest, '\n');

		n += is_row(line);
		octets += is_row(line) ? line.len - 4 : 0;
	}
	g->set = seen_set_new(n, octets);
	while (in.len) {
		struct span line = take_until(&in, '\n');

		if (is_row(line))
			add_row(g, line);
	}
	g->present = xcalloc(g->rows, sizeof(bool));
}

/* A refused line leaves all as it was. */
static void add_line(struct game *g, struct span line)
{
	bool sizes = line.len && line.data[0] == 'L';
	struct span rest = sizes ? (struct span){line.data + 1, line.len - 1} : line;
	struct error e = {.kind = ERROR_NONE};
	size_t before = g->listing.n;
	char *exact = exact_copy(rest);
	bool done;

	rest.data = exact;
	done = sizes ? listing_add_size(&g->listing, rest, &e)
		     : listing_add_uid(&g->listing, rest, &e);
	CHECK(done ? e.kind == ERROR_NONE : e.kind == ERROR_PROTOCOL && e.text[0]);
	CHECK(g->listing.n == before || (done && g->listing.n == before + 1));
	free(exact);
}

/* ---- what must hold ---- */

static void check_places(const struct listing *l)
{
	size_t placed = 0;

	for (size_t msg = 0; msg < l->by_number_room; msg++)
		placed += l->by_number[msg] != 0;
	CHECK(placed == l->n);
	for (size_t i = 0; i < l->n; i++) {
		CHECK(l->mails[i].msg > 0 && l->mails[i].msg < l->by_number_room);
		CHECK(l->by_number[l->mails[i].msg] == i + 1);
	}
}

static bool same_key(struct store_key a, struct store_key b)
{
	return a.occurrence == b.occurrence && span_equal(a.uid, b.uid);
}

/* How many mails, and how many rows, have the UID. */
static void count_uid(const struct game *g, struct span uid, size_t *mails, size_t *rows)
{
	*mails = *rows = 0;
	for (size_t i = 0; i < g->listing.n; i++)
		*mails += span_equal(g->listing.mails[i].key.uid, uid);
	for (size_t i = 0; i < g->rows; i++)
		*rows += span_equal(seen_at(g->set, i)->key.uid, uid);
}

static void check_mail(const struct game *g, size_t i)
{
	const struct listed *mail = &g->listing.mails[i];
	const struct seen *row = seen_find(g->set, mail->key);
	size_t mails, rows;

	CHECK(mail->key.uid.len > 0);
	CHECK(mail->key.uid.data >= g->listing.uids.data);
	CHECK(mail->key.uid.data + mail->key.uid.len <= g->listing.uids.data + g->listing.uids.len);
	for (size_t k = 0; k < i; k++)
		CHECK(!same_key(g->listing.mails[k].key, mail->key));
	count_uid(g, mail->key.uid, &mails, &rows);
	CHECK(mail->twin == (mails > 1 || rows > 1));
	CHECK(!mail->twin || g->listing.has_twins);
	if (mail->seen) {
		CHECK(mail->seen == row);
		CHECK(row->state != STORE_REMOVED || !mail->twin);
		CHECK(!mail->twin || !row->size || !mail->size || row->size == mail->size);
	} else {
		CHECK(!row || row->state == STORE_REMOVED);
		CHECK(rows == 0 || mail->twin);
	}
}

static void check_rows(const struct game *g)
{
	size_t present = 0, given = 0;

	for (size_t i = 0; i < g->rows; i++)
		present += g->present[i];
	for (size_t i = 0; i < g->listing.n; i++) {
		const struct seen *row = g->listing.mails[i].seen;

		given += row != NULL;
		CHECK(!row || g->present[row - seen_at(g->set, 0)]);
	}
	CHECK(present == given);
}

static void check_new_twins(const struct listing *l)
{
	uint64_t *sizes;
	size_t n, at = 0;
	struct store_key *keys = listing_new_twins(l, &sizes, &n);

	for (size_t i = 0; i < l->n; i++) {
		if (!l->mails[i].twin || l->mails[i].seen)
			continue;
		CHECK(at < n && sizes[at] == l->mails[i].size);
		CHECK(same_key(keys[at++], l->mails[i].key));
	}
	CHECK(at == n);
	free(keys);
	free(sizes);
}

static void match(struct game *g)
{
	listing_match(&g->listing, g->set, g->present);
	check_places(&g->listing);
	if (!g->listing.has_uids)
		return;
	for (size_t i = 0; i < g->listing.n; i++)
		check_mail(g, i);
	check_rows(g);
	check_new_twins(&g->listing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = {(const char *)data, len};
	struct game g = {.rows = 0};

	load_rows(&g, in);
	while (in.len) {
		struct span line = take_until(&in, '\n');

		if (is_row(line))
			continue;
		if (line.len == 1 && line.data[0] == 'M')
			match(&g);
		else if (!g.listing.settled || (line.len && line.data[0] == 'L'))
			add_line(&g, line);
	}
	match(&g);
	listing_release(&g.listing);
	seen_set_free(g.set);
	free(g.present);
	return 0;
}
