/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * UIDL and LIST put together, and matched with what is known. Matching is a table in a small
 * notation: rows of the state as UID, occurrence and state ("a0D b0R": N noted, P prepared, D
 * delivered, R removed), the listing as its UIDs in order, and the result for each mail as the
 * occurrence of its key, with + where it has that row. Then the same with the real state file over
 * several runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fetch/listing.h"
#include "local/seen.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { NOW = 1795490813, DAY = 86400 };

static bool add(bool (*one)(struct listing *, struct span, struct error *), struct listing *l,
	const char *line, struct error *e)
{
	size_t len = strlen(line);
	char *exact = xmalloc(len);
	bool done;

	memcpy(exact, line, len);
	done = one(l, (struct span){exact, len}, e);
	free(exact);
	return done;
}

static void add_uids(struct listing *l, const char *const *lines, size_t n)
{
	struct error e = {0};

	for (size_t i = 0; i < n; i++)
		if (!add(listing_add_uid, l, lines[i], &e))
			fail_msg("%s: %s", lines[i], e.text);
}

/* One letter is one mail's UID; its size is 100 times its number. */
static void add_letters(struct listing *l, const char *uids, bool sizes)
{
	for (unsigned i = 0; uids[i]; i++) {
		char line[40];

		snprintf(line, sizeof(line), "%u %c", i + 1, uids[i]);
		add_uids(l, &(const char *){line}, 1);
		snprintf(line, sizeof(line), "%u %u", i + 1, 100 * (i + 1));
		if (sizes)
			assert_true(add(listing_add_size, l, line, NULL));
	}
}

/* ---- reading ---- */

static void listing__is_empty_when_all_zero(void **state)
{
	struct listing l = {.n = 0};

	(void)state;
	listing_match(&l, NULL, NULL);
	assert_int_equal(l.n, 0);
	assert_false(l.has_uids || l.has_sizes);
	listing_release(&l);
	listing_release(&l);
}

/* The caller has left out what stands in front. */
static void listing__may_begin_late(void **state)
{
	static const char *const uids[] = {"1000001 a", "1000005 b", "1000003 c"};
	static const char *const sizes[] = {"1 10", "1000000 20", "1000003 30", "1000009 40"};
	struct listing l = {.skipped = 1000000, .base = 1000000};

	(void)state;
	add_uids(&l, uids, COUNT(uids));
	assert_false(l.irregular);
	assert_true(l.by_number_room <= 256);
	listing_match(&l, NULL, NULL);
	for (size_t i = 0; i < COUNT(sizes); i++)
		assert_true(add(listing_add_size, &l, sizes[i], NULL));
	assert_int_equal(l.n, 3);
	assert_int_equal(listing_find(&l, 1000003)->size, 30);
	assert_true(span_is(listing_find(&l, 1000005)->key.uid, "b"));
	assert_null(listing_find(&l, 1));
	assert_null(listing_find(&l, 1000000));
	assert_null(listing_find(&l, 1000002));
	listing_release(&l);
	/* This number may be one of those in front. */
	l.skipped = 5;
	l.base = 6;
	add_uids(&l, (const char *const[]){"7 a", "6 b", "8 c"}, 3);
	assert_true(l.irregular);
	assert_int_equal(l.n, 2);
	listing_release(&l);
}

static void listing__keeps_the_servers_order_whatever_it_is(void **state)
{
	static const char *const uids[] = {"3 c", "1 a", "7 with blank", "2 b"};
	struct listing l = {.n = 0};

	(void)state;
	add_uids(&l, uids, COUNT(uids));
	assert_true(add(listing_add_size, &l, "2 200", NULL));
	assert_true(add(listing_add_size, &l, "3 300 octets", NULL));
	assert_true(add(listing_add_size, &l, "1 100", NULL));
	assert_true(add(listing_add_size, &l, "7 9223372036854775807", NULL));
	listing_match(&l, NULL, NULL);
	assert_true(l.has_uids && l.has_sizes);
	assert_int_equal(l.n, COUNT(uids));
	for (size_t i = 0; i < l.n; i++) {
		assert_int_equal(l.mails[i].msg, uids[i][0] - '0');
		assert_true(span_is(l.mails[i].key.uid, uids[i] + 2));
		assert_int_equal(l.mails[i].key.occurrence, 0);
		assert_int_equal(l.mails[i].size, i == 2 ? INT64_MAX : 100 * (uids[i][0] - '0'));
		assert_null(l.mails[i].seen);
	}
	listing_release(&l);
}

static void listing__leaves_out_what_has_a_size_but_no_uid(void **state)
{
	static const char *const uids[] = {"1 a", "2 b"};
	struct listing l = {.n = 0};

	(void)state;
	add_uids(&l, uids, COUNT(uids));
	assert_true(add(listing_add_size, &l, "2 20", NULL));
	assert_true(add(listing_add_size, &l, "9 90", NULL));
	listing_match(&l, NULL, NULL);
	assert_int_equal(l.n, 2);
	assert_int_equal(l.without_uid, 1);
	assert_int_equal(l.mails[0].size, 0);
	assert_true(span_is(l.mails[1].key.uid, "b"));
	assert_int_equal(l.mails[1].size, 20);
	/* Sizes that are asked for later find their mails, and bring no others. */
	assert_true(add(listing_add_size, &l, "1 10", NULL));
	assert_true(add(listing_add_size, &l, "7 70", NULL));
	assert_int_equal(l.n, 2);
	assert_int_equal(l.mails[0].size, 10);
	listing_release(&l);
}

static void listing__does_without_uids(void **state)
{
	struct seen_set *set = seen_set_new(1, 0);
	struct seen row = {.state = STORE_DELIVERED, .key = {{"", 0}, 0}};
	struct listing l = {.n = 0};
	bool present[1] = {false};

	(void)state;
	assert_true(seen_set_add(set, &row));
	assert_true(add(listing_add_size, &l, "1 10", NULL));
	assert_true(add(listing_add_size, &l, "2 20", NULL));
	listing_match(&l, set, present);
	assert_false(l.has_uids);
	assert_int_equal(l.n, 2);
	/* A mail without a UID is never taken for a known one. */
	assert_null(l.mails[0].seen);
	assert_null(l.mails[1].seen);
	assert_false(present[0]);
	listing_release(&l);
	seen_set_free(set);
}

static void listing__refuses_what_it_cannot_read(void **state)
{
	static const char *const uids[] = {"", "0", "x", "x y", "0 a", "-1 a", "4294967296 a",
		"4294967295 a", "20000001 a", "18446744073709551617 a"};
	static const char *const sizes[] = {"", "1", "1 x", "0 1", "1 -1", "1 9223372036854775808",
		"-1 1", "4294967296 1", "4294967295 1", "20000001 1"};
	struct listing l = {.n = 0};
	struct error e = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(uids); i++) {
		if (add(listing_add_uid, &l, uids[i], &e))
			fail_msg("\"%s\"", uids[i]);
		assert_int_equal(e.kind, ERROR_PROTOCOL);
		assert_non_null(strstr(e.text, "UIDL"));
		assert_string_equal(e.why, uids[i]);
	}
	for (size_t i = 0; i < COUNT(sizes); i++) {
		if (add(listing_add_size, &l, sizes[i], &e))
			fail_msg("\"%s\"", sizes[i]);
		assert_int_equal(e.kind, ERROR_PROTOCOL);
		assert_non_null(strstr(e.text, "LIST"));
	}
	assert_int_equal(l.n, 0);
	listing_release(&l);
}

static void listing__takes_a_mail_without_a_uid_for_one_that_cannot_be_told(void **state)
{
	static const char *const lines[] = {"1 a", "2", "3   ", "4 d"};
	struct listing l = {.n = 0};
	struct error e = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_true(add(listing_add_uid, &l, lines[i], &e));
	listing_match(&l, NULL, NULL);
	assert_int_equal(l.n, 2);
	assert_int_equal(l.without_uid, 2);
	assert_int_equal(listing_find(&l, 4)->msg, 4);
	assert_null(listing_find(&l, 2));
	listing_release(&l);
}

static void listing__takes_no_more_than_memory_should_pay_for(void **state)
{
	static char uid[16000];
	struct listing l = {.n = 0};
	struct error e = {0};
	char line[40 + sizeof(uid)];
	unsigned n = 0;

	(void)state;
	do
		snprintf(line, sizeof(line), "%u u", ++n);
	while (listing_add_uid(&l, span_of(line), &e));
	assert_int_equal(n, LISTING_MAILS_MAX + 1);
	assert_int_equal(l.n, LISTING_MAILS_MAX);
	assert_int_equal(e.kind, ERROR_PROTOCOL);
	assert_string_equal(e.text, "the server's answer to UIDL is endless");
	assert_non_null(strstr(e.why, "2000000 messages"));
	assert_false(listing_add_size(&l, span_of("2000001 1"), &e));
	assert_string_equal(e.text, "the server's answer to LIST is endless");
	/* A size for what is there is no more than was. */
	assert_true(listing_add_size(&l, span_of("2000000 1"), &e));
	listing_release(&l);
	memset(uid, 'u', sizeof(uid) - 1);
	n = 0;
	do
		snprintf(line, sizeof(line), "%u %s", ++n, uid);
	while (listing_add_uid(&l, span_of(line), &e));
	assert_string_equal(e.text, "the server's answer to UIDL is endless");
	assert_in_range(l.uids.len, 64u << 20, 96u << 20);
	listing_release(&l);
}

static void listing__refuses_a_number_twice(void **state)
{
	static const char *const uids[] = {"1 a", "2 b"};
	struct listing l = {.n = 0};
	struct error e = {0};

	(void)state;
	add_uids(&l, uids, COUNT(uids));
	assert_false(add(listing_add_uid, &l, "1 c", &e));
	assert_int_equal(e.kind, ERROR_PROTOCOL);
	assert_non_null(strstr(e.text, "message 1 twice"));
	e.kind = ERROR_NONE;
	assert_false(add(listing_add_uid, &l, "2 b", &e));
	assert_int_equal(e.kind, ERROR_PROTOCOL);
	listing_release(&l);
}

static void listing__takes_numbers_with_wide_gaps(void **state)
{
	static const char *const uids[] = {"100000 a", "1 b", "255 c", "256 d", "257 e", "65536 f"};
	struct listing l = {.n = 0};

	(void)state;
	add_uids(&l, uids, COUNT(uids));
	assert_true(add(listing_add_size, &l, "100000 1", NULL));
	assert_true(add(listing_add_size, &l, "256 4", NULL));
	listing_match(&l, NULL, NULL);
	assert_int_equal(l.n, COUNT(uids));
	assert_int_equal(l.mails[0].size, 1);
	assert_int_equal(l.mails[3].size, 4);
	for (size_t i = 0; i < l.n; i++)
		assert_int_equal(l.mails[i].key.uid.data[0], (char)('a' + i));
	listing_release(&l);
}

static void listing__reads_uids_of_any_octets(void **state)
{
	static const char line[] = "1 a\0b\xff";
	struct listing l = {.n = 0};

	(void)state;
	assert_true(listing_add_uid(&l, (struct span){line, 6}, NULL));
	assert_true(listing_add_uid(&l, (struct span){"2 a", 3}, NULL));
	listing_match(&l, NULL, NULL);
	assert_true(span_equal(l.mails[0].key.uid, (struct span){"a\0b\xff", 4}));
	assert_int_equal(l.mails[1].key.occurrence, 0);
	listing_release(&l);
}

/* ---- matching ---- */

static struct seen_set *make_set(const char *rows)
{
	static const char states[] = "NPDR";
	size_t n = (strlen(rows) + 1) / 4;
	struct seen_set *set = seen_set_new(n, n);

	for (size_t i = 0; i < n; i++) {
		const char *row = rows + 4 * i;
		struct seen seen = {.key = {{row, 1}, (uint32_t)(row[1] - '0')},
			.state = (enum store_state)(strchr(states, row[2]) - states)};

		assert_true(seen_set_add(set, &seen));
	}
	return set;
}

/* The result in the notation of the table, and the flags as 0 and 1. */
static void match_letters(const char *rows, const char *uids, struct buf *mails, struct buf *flags)
{
	struct seen_set *set = make_set(rows);
	struct listing l = {.n = 0};
	size_t n = (strlen(rows) + 1) / 4;
	bool *present = xcalloc(n, sizeof(*present));

	add_letters(&l, uids, false);
	listing_match(&l, set, present);
	buf_clear(mails);
	buf_clear(flags);
	for (size_t i = 0; i < l.n; i++) {
		const struct listed *mail = &l.mails[i];

		buf_printf(mails, "%s%lu%s", i ? " " : "", (unsigned long)mail->key.occurrence,
			mail->seen ? "+" : "");
		assert_true(mail->key.uid.len == 1 && mail->key.uid.data[0] == uids[i]);
		/* A row is this mail's own, found under the key that new rows would get. */
		if (mail->seen)
			assert_ptr_equal(mail->seen, seen_find(set, mail->key));
	}
	for (size_t i = 0; i < n; i++)
		buf_add_text(flags, present[i] ? "1" : "0");
	buf_add(mails, "", 0);
	buf_add(flags, "", 0);
	listing_release(&l);
	seen_set_free(set);
	free(present);
}

static void match__gives_each_mail_its_row(void **state)
{
	static const struct {
		const char *rows, *uids, *mails, *flags;
	} table[] = {
		{"", "", "", ""},
		{"", "a", "0", ""},
		{"", "ab", "0 0", ""},
		{"", "aabab", "0 1 0 2 1", ""},
		{"a0D", "", "", "0"},
		{"a0D", "a", "0+", "1"},
		{"a0N", "a", "0+", "1"},
		{"a0P", "a", "0+", "1"},
		{"a0D", "b", "0", "0"},
		{"a0D b0D c0N", "cab", "0+ 0+ 0+", "111"},
		{"a0D", "aa", "0+ 1", "1"},
		/* twins: the i-th mail takes the i-th row that is not removed */
		{"a0D a1D", "aa", "0+ 1+", "11"},
		{"a1D a0D", "aa", "0+ 1+", "11"},
		{"a0D a1D", "a", "0+", "10"},
		{"a0D a1D", "aaa", "0+ 1+ 2", "11"},
		{"a0N a1D a2P", "aaa", "0+ 1+ 2+", "111"},
		/* a row that was forgotten leaves a gap, which is used again */
		{"a1D", "a", "1+", "1"},
		{"a1D", "aa", "1+ 0", "1"},
		{"a0D a2D", "aaaa", "0+ 2+ 1 3", "11"},
		/* removed rows: the other twin is the one that is listed */
		{"a0R a1D", "a", "1+", "01"},
		{"a0D a1R", "a", "0+", "10"},
		{"a0R a1D a2R a3D", "aa", "1+ 3+", "0101"},
		/* a removed one that is listed again: only where nothing else has its UID */
		{"a0R", "a", "0+", "1"},
		{"a1R", "a", "1+", "1"},
		{"a0R", "aa", "0 1", "0"},
		{"a0R a1R", "a", "0", "00"},
		{"a0R a1R", "aa", "0 1", "00"},
		{"a0R a1D", "aa", "1+ 0", "01"},
		{"a0D a1R", "aa", "0+ 1", "10"},
		{"a0D a1R", "aaa", "0+ 1 2", "10"},
		/* others' rows do not matter */
		{"a0R b0D b1D", "bab", "0+ 0+ 1+", "111"},
		{"b7D a0D", "a", "0+", "01"},
	};
	struct buf mails = {NULL, 0, 0}, flags = {NULL, 0, 0};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		match_letters(table[i].rows, table[i].uids, &mails, &flags);
		if (strcmp(mails.data, table[i].mails) != 0 ||
			strcmp(flags.data, table[i].flags) != 0)
			fail_msg(
				"rows \"%s\", listing \"%s\": \"%s\" and \"%s\" where \"%s\" and \"%s\" were due",
				table[i].rows, table[i].uids, mails.data, flags.data,
				table[i].mails, table[i].flags);
	}
	buf_release(&mails);
	buf_release(&flags);
}

static uint32_t dice_state = 20261124;

static uint32_t dice(uint32_t sides)
{
	dice_state = dice_state * 1664525u + 1013904223u;
	return (dice_state >> 8) % sides;
}

/* Of one UID: how many are listed, how many rows are not removed, and how many mails found such a
 * row. */
struct tally {
	size_t listed, active, matched, removed_matched;
};

static void tally_up(const struct listing *l, const struct seen_set *set, char uid, struct tally *t)
{
	const struct seen *row;

	*t = (struct tally){0};
	for (size_t i = 0; (row = seen_at(set, i)); i++)
		t->active += row->key.uid.data[0] == uid && row->state != STORE_REMOVED;
	for (size_t i = 0; i < l->n; i++) {
		const struct listed *mail = &l->mails[i];

		if (mail->key.uid.data[0] != uid)
			continue;
		t->listed++;
		t->matched += mail->seen && mail->seen->state != STORE_REMOVED;
		t->removed_matched += mail->seen && mail->seen->state == STORE_REMOVED;
	}
}

/* No two mails share a key; known mail is found as long as there is some; new mail is never taken
 * for known. */
static void match__never_loses_a_mail_on_random_input(void **state)
{
	(void)state;
	for (int round = 0; round < 3000; round++) {
		char rows[80] = "", uids[12] = "";
		struct listing l = {.n = 0};
		bool present[16] = {false};
		struct seen_set *set;
		size_t n = 0, len = dice(10);

		for (uint32_t i = 0; i < 16; i++)
			if (dice(3) == 0) {
				snprintf(rows + 4 * n, 5, "%c%u%c ", "abc"[i % 3],
					(unsigned)(i / 3), "NPDR"[dice(4)]);
				n++;
			}
		rows[n ? 4 * n - 1 : 0] = '\0';
		for (size_t i = 0; i < len; i++)
			uids[i] = "abcd"[dice(4)];
		set = make_set(rows);
		add_letters(&l, uids, false);
		listing_match(&l, set, present);
		for (size_t i = 0; i < l.n; i++)
			for (size_t j = 0; j < i; j++)
				if (span_equal(l.mails[i].key.uid, l.mails[j].key.uid))
					assert_int_not_equal(l.mails[i].key.occurrence,
						l.mails[j].key.occurrence);
		for (const char *uid = "abcd"; *uid; uid++) {
			struct tally t;

			tally_up(&l, set, *uid, &t);
			assert_int_equal(t.matched, t.listed < t.active ? t.listed : t.active);
			if (t.removed_matched)
				assert_true(t.listed == 1 && t.active == 0);
		}
		listing_release(&l);
		seen_set_free(set);
	}
}

static void match__is_not_slowed_by_one_uid_for_all(void **state)
{
	enum { MANY = 100000 };
	struct listing l = {.n = 0};
	char line[40];

	(void)state;
	for (int i = 1; i <= MANY; i++) {
		snprintf(line, sizeof(line), "%d same", i);
		assert_true(listing_add_uid(&l, span_of(line), NULL));
	}
	/* With time in the square of their number this would not end. */
	listing_match(&l, NULL, NULL);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(l.mails[i].key.occurrence, i);
	listing_release(&l);
}

static void match__handles_large_mailboxes(void **state)
{
	enum { N = 20000 };
	struct seen_set *set = seen_set_new(N / 2, (size_t)N * 12);
	struct listing l = {.n = 0};
	bool *present = xcalloc(N / 2, sizeof(*present));
	char text[40];

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		struct seen row = {.state = STORE_DELIVERED};

		snprintf(text, sizeof(text), "%u uid-%u", i + 1, i);
		add_uids(&l, &(const char *){text}, 1);
		snprintf(text, sizeof(text), "uid-%u", i);
		row.key.uid = span_of(text);
		if (i % 2)
			assert_true(seen_set_add(set, &row));
	}
	listing_match(&l, set, present);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(l.mails[i].seen != NULL, i % 2);
	for (size_t i = 0; i < N / 2; i++)
		assert_true(present[i]);
	listing_release(&l);
	seen_set_free(set);
	free(present);
}

/* ---- with the real state, over several runs ---- */

struct run {
	char *folder, *path;
	struct store *store;
	struct seen_set *set;
	struct listing l;
	bool present[20];
	struct plan plan;
	uint32_t fetch_max;
};

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct run *r = xcalloc(1, sizeof(*r));
	struct error e;

	r->folder = xasprintf("%s/listing.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(r->folder))
		return -1;
	r->path = xasprintf("%s/state", r->folder);
	r->store = store_open(r->path, "pop.example.org", "anna", &e);
	*state = r;
	return r->store ? 0 : -1;
}

static void end_run(struct run *r)
{
	plan_release(&r->plan);
	listing_release(&r->l);
	seen_set_free(r->set);
	r->set = NULL;
	memset(r->present, 0, sizeof(r->present));
}

static int teardown(void **state)
{
	static const char *const names[] = {"", "-wal", "-shm", "-journal"};
	struct run *r = *state;

	end_run(r);
	store_free(r->store);
	for (size_t i = 0; i < COUNT(names); i++) {
		char *path = xasprintf("%s%s", r->path, names[i]);

		unlink(path);
		free(path);
	}
	assert_int_equal(rmdir(r->folder), 0);
	free(r->folder);
	free(r->path);
	free(r);
	return 0;
}

static void note_twins(struct run *r, int64_t now_s)
{
	uint64_t *sizes;
	size_t n;
	struct store_key *keys = listing_new_twins(&r->l, &sizes, &n);
	struct error e;

	assert_true(store_note(r->store, keys, sizes, n, now_s, &e));
	free(keys);
	free(sizes);
}

/* In these runs mails of one UID and one size have one header. */
static uint64_t print_of(const struct listed *mail)
{
	return mail->key.uid.data[0] * 1000u + mail->size;
}

/*
 * One run under a policy: the listing is matched, planned, noted, and what is to be fetched or
 * removed is. Sizes are by the letter, and more. Returns a letter a mail, in the listing's order: f
 * fetched, r removed (F: both), - neither.
 */
static const char *run_once(
	struct run *r, const char *uids, unsigned more, enum keep keep, int64_t now_s)
{
	static char did[20];
	struct policy policy = {.keep = keep, .keep_s = 14 * DAY, .fetch_max = r->fetch_max};
	enum store_listing now[COUNT(r->present)];
	struct error e;
	size_t n = strlen(uids);

	end_run(r);
	r->set = store_load(r->store, &e);
	assert_non_null(r->set);
	for (unsigned i = 0; i < n; i++) {
		char line[40];

		snprintf(line, sizeof(line), "%u %c", i + 1, uids[i]);
		assert_true(add(listing_add_uid, &r->l, line, &e));
		snprintf(line, sizeof(line), "%u %u", i + 1,
			100 * (unsigned)(uids[i] - 'a' + 1) + more);
		assert_true(add(listing_add_size, &r->l, line, &e));
	}
	listing_match(&r->l, r->set, r->present);
	for (size_t i = 0; i < COUNT(now); i++)
		now[i] = r->present[i] ? STORE_PRESENT : STORE_ABSENT;
	for (size_t i = 0; i < r->l.n; i++) {
		struct listed *mail = &r->l.mails[i];

		if (plan_needs_identity(mail, &policy, now_s))
			mail->identity = mail->seen->print == print_of(mail) ? IDENTITY_SAME
									     : IDENTITY_OTHER;
		if (mail->seen && plan_is_another_mail(mail)) {
			assert_true(store_forget(r->store, &mail->key, 1, &e));
			mail->seen = NULL;
		}
		if (mail->seen && mail->identity != IDENTITY_SAME &&
			(mail->seen->missing || mail->seen->doubt))
			now[mail->seen - seen_at(r->set, 0)] = STORE_DOUBTFUL;
	}
	assert_true(store_listed(r->store, r->set, now, now_s, 30 * DAY, &e));
	note_twins(r, now_s);
	plan_make(&r->plan, r->l.mails, r->l.n, &policy, now_s);
	for (size_t i = 0; i < r->plan.n; i++) {
		const struct plan_item *item = &r->plan.items[i];
		const struct listed *mail = &r->l.mails[item->index];
		struct store_row row = {
			.key = mail->key, .size = mail->size, .print = print_of(mail)};

		if (item->fetch)
			assert_true(store_prepared(r->store, &row, 1, "maildir:/m", now_s, &e) &&
				store_delivered(r->store, &row, 1, "maildir:/m", now_s, &e));
		if (item->remove)
			assert_true(store_removed(r->store, &mail->key, 1, now_s, &e));
		did[item->index] = item->fetch ? item->remove ? 'F' : 'f'
			: item->remove         ? 'r'
					       : '-';
	}
	did[n] = '\0';
	return did;
}

static void runs__fetch_each_mail_once(void **state)
{
	struct run *r = *state;

	assert_string_equal(run_once(r, "abc", 0, KEEP_FOREVER, NOW), "fff");
	assert_string_equal(run_once(r, "abc", 0, KEEP_FOREVER, NOW + 1), "---");
	assert_string_equal(run_once(r, "cdab", 0, KEEP_FOREVER, NOW + 2), "-f--");
	/* The listing is empty, then shrunken, then as it was. */
	assert_string_equal(run_once(r, "", 0, KEEP_FOREVER, NOW + 3), "");
	assert_string_equal(run_once(r, "d", 0, KEEP_FOREVER, NOW + 4), "-");
	assert_string_equal(run_once(r, "abcd", 0, KEEP_FOREVER, NOW + 900 * DAY), "----");
}

static void runs__fetch_twins_as_two_mails(void **state)
{
	struct run *r = *state;

	assert_string_equal(run_once(r, "aa", 0, KEEP_FOREVER, NOW), "ff");
	assert_string_equal(run_once(r, "aa", 0, KEEP_FOREVER, NOW + 1), "--");
	assert_string_equal(run_once(r, "aaa", 0, KEEP_FOREVER, NOW + 2), "--f");
	assert_string_equal(run_once(r, "a", 0, KEEP_FOREVER, NOW + 3), "-");
	assert_string_equal(run_once(r, "aaa", 0, KEEP_FOREVER, NOW + 4), "---");
}

static void runs__remove_twins_and_fetch_new_ones(void **state)
{
	struct run *r = *state;

	assert_string_equal(run_once(r, "aa", 0, KEEP_NOT, NOW), "FF");
	assert_string_equal(run_once(r, "", 0, KEEP_NOT, NOW + 1), "");
	/* Two rows of this UID are gone: one more mail of that name cannot be known, so it is new.
	 */
	assert_string_equal(run_once(r, "a", 0, KEEP_NOT, NOW + 2), "F");
	assert_string_equal(run_once(r, "aa", 50, KEEP_NOT, NOW + 3), "FF");
}

static void runs__ask_again_for_what_should_be_gone(void **state)
{
	struct run *r = *state;

	assert_string_equal(run_once(r, "a", 0, KEEP_NOT, NOW), "F");
	assert_string_equal(run_once(r, "a", 0, KEEP_NOT, NOW + 1), "r");
	/* Another size: a UID used again, though no listing has missed it. */
	assert_string_equal(run_once(r, "a", 7, KEEP_NOT, NOW + 2), "F");
	assert_string_equal(run_once(r, "a", 7, KEEP_FOREVER, NOW + 3), "-");
}

static void runs__never_remove_a_twin_that_was_not_fetched(void **state)
{
	struct run *r = *state;

	/* Two mails with one UID are listed; only the first comes before the session breaks. */
	r->fetch_max = 1;
	assert_string_equal(run_once(r, "aa", 0, KEEP_NOT, NOW), "F-");
	assert_string_equal(run_once(r, "a", 0, KEEP_NOT, NOW + 1), "F");
	assert_string_equal(run_once(r, "bb", 0, KEEP_FOREVER, NOW + 2), "f-");
	/* Somebody removed one of them, and it cannot be told which: it is fetched, not removed. */
	assert_string_equal(run_once(r, "b", 0, KEEP_NOT, NOW + 3), "F");
}

static void runs__tell_a_removed_mail_that_is_back_by_its_size(void **state)
{
	struct run *r = *state;

	assert_string_equal(run_once(r, "a", 0, KEEP_NOT, NOW), "F");
	assert_string_equal(run_once(r, "", 0, KEEP_NOT, NOW + 1), "");
	assert_string_equal(run_once(r, "a", 0, KEEP_NOT, NOW + 2), "r");
	assert_string_equal(run_once(r, "", 0, KEEP_NOT, NOW + 3), "");
	assert_string_equal(run_once(r, "a", 7, KEEP_NOT, NOW + 4), "F");
	assert_string_equal(run_once(r, "a", 7, KEEP_NOT, NOW + 5), "r");
}

static void runs__take_a_uid_as_new_once_its_row_is_dropped(void **state)
{
	struct run *r = *state;

	assert_string_equal(run_once(r, "ab", 0, KEEP_NOT, NOW), "FF");
	assert_string_equal(run_once(r, "", 0, KEEP_NOT, NOW + 1), "");
	assert_string_equal(run_once(r, "a", 0, KEEP_NOT, NOW + 2), "r");
	assert_string_equal(run_once(r, "", 0, KEEP_NOT, NOW + 29 * DAY), "");
	/* b has been missing for 30 days, a for two. */
	assert_string_equal(run_once(r, "", 0, KEEP_NOT, NOW + 31 * DAY), "");
	assert_string_equal(run_once(r, "ab", 0, KEEP_NOT, NOW + 31 * DAY + 1), "rF");
}

static void runs__count_retention_for_each_twin(void **state)
{
	struct run *r = *state;

	assert_string_equal(run_once(r, "a", 0, KEEP_FOR, NOW), "f");
	assert_string_equal(run_once(r, "aa", 0, KEEP_FOR, NOW + 7 * DAY), "-f");
	assert_string_equal(run_once(r, "aa", 0, KEEP_FOR, NOW + 14 * DAY - 1), "--");
	assert_string_equal(run_once(r, "aa", 0, KEEP_FOR, NOW + 14 * DAY), "r-");
	/* The first is gone; what is left is the second, a week younger. */
	assert_string_equal(run_once(r, "a", 0, KEEP_FOR, NOW + 15 * DAY), "-");
	assert_string_equal(run_once(r, "a", 0, KEEP_FOR, NOW + 21 * DAY), "r");
}

#define RUN_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listing__is_empty_when_all_zero),
		cmocka_unit_test(listing__may_begin_late),
		cmocka_unit_test(listing__keeps_the_servers_order_whatever_it_is),
		cmocka_unit_test(listing__leaves_out_what_has_a_size_but_no_uid),
		cmocka_unit_test(listing__does_without_uids),
		cmocka_unit_test(listing__takes_a_mail_without_a_uid_for_one_that_cannot_be_told),
		cmocka_unit_test(listing__refuses_what_it_cannot_read),
		cmocka_unit_test(listing__takes_no_more_than_memory_should_pay_for),
		cmocka_unit_test(listing__refuses_a_number_twice),
		cmocka_unit_test(listing__takes_numbers_with_wide_gaps),
		cmocka_unit_test(listing__reads_uids_of_any_octets),
		cmocka_unit_test(match__gives_each_mail_its_row),
		cmocka_unit_test(match__never_loses_a_mail_on_random_input),
		cmocka_unit_test(match__is_not_slowed_by_one_uid_for_all),
		cmocka_unit_test(match__handles_large_mailboxes),
		RUN_TEST(runs__fetch_each_mail_once),
		RUN_TEST(runs__fetch_twins_as_two_mails),
		RUN_TEST(runs__remove_twins_and_fetch_new_ones),
		RUN_TEST(runs__ask_again_for_what_should_be_gone),
		RUN_TEST(runs__never_remove_a_twin_that_was_not_fetched),
		RUN_TEST(runs__tell_a_removed_mail_that_is_back_by_its_size),
		RUN_TEST(runs__take_a_uid_as_new_once_its_row_is_dropped),
		RUN_TEST(runs__count_retention_for_each_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
