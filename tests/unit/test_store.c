/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The state file: each transition, alone and over those before it; that what a call has written is
 * in the files when it returns (they are copied, as a power cut would leave them, and the copy is
 * opened); and files that are broken, foreign, newer or locked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "local/store.h"

enum { NOW = 1800000000, ABSENT = 99 };

struct place {
	char *folder, *path;
};

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct place *p = xcalloc(1, sizeof(*p));

	p->folder = xasprintf("%s/store.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(p->folder));
	p->path = xasprintf("%s/home.db", p->folder);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"home.db", "home.db-wal", "home.db-journal",
		"home.db-shm", "copy.db", "copy.db-wal"};
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = xasprintf("%s/%s", p->folder, names[i]);

		unlink(path);
		free(path);
	}
	assert_int_equal(rmdir(p->folder), 0);
	free(p->folder);
	free(p->path);
	free(p);
	return 0;
}

static struct store *open_store(const struct place *p)
{
	struct error e = {ERROR_NONE};
	struct store *s = store_open(p->path, "pop.example.org", "anna", &e);

	if (!s)
		print_error("%s\n", e.text);
	assert_non_null(s);
	return s;
}

static struct store_key key(const char *uid)
{
	return (struct store_key){span_of(uid), 0};
}

static struct store_row row(const char *uid, uint64_t size)
{
	struct store_row r = {.key = key(uid), .size = size};

	snprintf(r.receipt.text, sizeof(r.receipt.text), "tmp/%s", uid);
	return r;
}

static struct seen_set *load(struct store *s)
{
	struct error e = {ERROR_NONE};
	struct seen_set *set = store_load(s, &e);

	if (!set)
		print_error("%s\n", e.text);
	assert_non_null(set);
	return set;
}

/* The row of a UID as the store has it now; all zero but for the state, ABSENT, when it has none.
 */
static struct seen look(struct store *s, struct store_key k)
{
	struct seen_set *set = load(s);
	const struct seen *found = seen_find(set, k);
	struct seen result = {.state = (enum store_state)ABSENT};

	if (found)
		result = *found;
	result.key = k;
	seen_set_free(set);
	return result;
}

static void prepared(struct store *s, const char *uid)
{
	struct store_row r = row(uid, 246);
	struct error e;

	assert_true(store_prepared(s, &r, 1, "maildir:/home/anna/Mail", NOW, &e));
}

static void delivered(struct store *s, const char *uid)
{
	struct store_row r = row(uid, 246);
	struct error e;

	assert_true(store_delivered(s, &r, 1, "maildir:/home/anna/Mail", NOW + 1, &e));
}

/* With "b" as the batch that follows. */
static void turned(struct store *s, const char *uid)
{
	struct store_row r = row(uid, 246), next = row("b", 1);
	struct error e;

	assert_true(store_turned(s, &r, 1, &next, 1, "maildir:/home/anna/Mail", NOW + 1, &e));
	assert_int_equal(look(s, key("b")).state, STORE_PREPARED);
}

static void removed(struct store *s, const char *uid)
{
	struct store_key k = key(uid);
	struct error e;

	assert_true(store_removed(s, &k, 1, NOW + 2, &e));
}

static void failed(struct store *s, const char *uid)
{
	struct error e;

	assert_true(store_failed(s, key(uid), "the command said no", NOW + 3, &e));
}

static void marked(struct store *s, const char *uid)
{
	struct store_key k = key(uid);
	struct error e;

	assert_true(store_mark_seen(s, &k, 1, NOW + 4, &e));
}

static void imported(struct store *s, const char *uid)
{
	struct store_key k = key(uid);
	const int64_t when_s = NOW - 5;
	size_t added;
	int before = look(s, k).state;
	struct error e;

	assert_true(store_import(s, &k, &when_s, NULL, 1, &added, &e));
	assert_int_equal(added, before == ABSENT || before == STORE_NOTED);
}

static void forgotten(struct store *s, const char *uid)
{
	struct store_key k = key(uid);
	struct error e;

	assert_true(store_forget(s, &k, 1, &e));
}

typedef void (*step)(struct store *s, const char *uid);

static void store__goes_through_every_transition(void **state)
{
	static const struct {
		const char *name;
		step steps[4];
		int want;
		bool want_marked;
		uint32_t attempts;
		int64_t delivered_s, removed_s;
	} cases[] = {
		{"prepare", {prepared}, STORE_PREPARED, false, 0, 0, 0},
		{"deliver", {prepared, delivered}, STORE_DELIVERED, false, 0, NOW + 1, 0},
		{"deliver, no journal", {delivered}, STORE_DELIVERED, false, 0, NOW + 1, 0},
		{"remove", {delivered, removed}, STORE_REMOVED, false, 0, NOW + 1, NOW + 2},
		{"remove what is unknown", {removed}, ABSENT, false, 0, 0, 0},
		{"remove what is prepared", {prepared, removed}, STORE_PREPARED, false, 0, 0, 0},
		{"remove what failed", {failed, removed}, STORE_NOTED, false, 1, 0, 0},
		{"fail", {failed}, STORE_NOTED, false, 1, 0, 0},
		{"fail three times", {failed, failed, failed}, STORE_NOTED, false, 3, 0, 0},
		{"fail when prepared", {prepared, failed}, STORE_PREPARED, false, 1, 0, 0},
		{"fail when delivered", {delivered, failed}, STORE_DELIVERED, false, 1, NOW + 1, 0},
		{"fail when removed", {delivered, removed, failed}, STORE_REMOVED, false, 1,
			NOW + 1, NOW + 2},
		{"prepare what failed", {failed, prepared}, STORE_PREPARED, false, 1, 0, 0},
		{"deliver what failed", {failed, prepared, delivered}, STORE_DELIVERED, false, 0,
			NOW + 1, 0},
		{"mark", {marked}, STORE_DELIVERED, true, 0, NOW + 4, 0},
		{"mark what failed", {failed, marked}, STORE_DELIVERED, true, 1, NOW + 4, 0},
		{"mark what is prepared", {prepared, marked}, STORE_DELIVERED, true, 0, NOW + 4, 0},
		{"mark what is delivered", {delivered, marked}, STORE_DELIVERED, false, 0, NOW + 1,
			0},
		{"mark what is removed", {delivered, removed, marked}, STORE_REMOVED, false, 0,
			NOW + 1, NOW + 2},
		{"import", {imported}, STORE_DELIVERED, false, 0, NOW - 5, 0},
		{"import what failed", {failed, imported}, STORE_DELIVERED, false, 0, NOW - 5, 0},
		{"import what is prepared", {prepared, imported}, STORE_PREPARED, false, 0, 0, 0},
		{"import what is delivered", {delivered, imported}, STORE_DELIVERED, false, 0,
			NOW + 1, 0},
		{"import what was marked", {marked, imported}, STORE_DELIVERED, true, 0, NOW + 4,
			0},
		{"import what is removed", {delivered, removed, imported}, STORE_REMOVED, false, 0,
			NOW + 1, NOW + 2},
		{"remove what was imported", {imported, removed}, STORE_REMOVED, false, 0, NOW - 5,
			NOW + 2},
		{"fetch what was marked", {marked, prepared, delivered}, STORE_DELIVERED, false, 0,
			NOW + 1, 0},
		{"fetch again", {delivered, prepared}, STORE_PREPARED, false, 0, NOW + 1, 0},
		{"fetch again what was removed", {delivered, removed, prepared, delivered},
			STORE_DELIVERED, false, 0, NOW + 1, 0},
		{"forget", {prepared, forgotten}, ABSENT, false, 0, 0, 0},
		{"forget what is unknown", {forgotten}, ABSENT, false, 0, 0, 0},
	};
	struct store *s = open_store(*state);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen got;

		for (size_t j = 0; j < 4 && cases[i].steps[j]; j++)
			cases[i].steps[j](s, cases[i].name);
		got = look(s, key(cases[i].name));
		if ((int)got.state != cases[i].want || got.marked != cases[i].want_marked ||
			got.attempts != cases[i].attempts ||
			got.delivered_s != cases[i].delivered_s ||
			got.removed_s != cases[i].removed_s)
			fail_msg("%s: state %d, marked %d, attempts %u, delivered %lld, removed "
				 "%lld",
				cases[i].name, (int)got.state, got.marked, got.attempts,
				(long long)got.delivered_s, (long long)got.removed_s);
	}
	store_free(s);
}

static void store__keeps_the_size_when_recovery_does_not_know_it(void **state)
{
	struct store *s = open_store(*state);
	struct store_row r = row("a", 0);
	struct error e;

	prepared(s, "a");
	assert_true(store_delivered(s, &r, 1, "maildir:/home/anna/Mail", NOW, &e));
	assert_int_equal(look(s, key("a")).size, 246);
	store_free(s);
}

static void store__gives_what_is_prepared_to_recovery(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p);
	struct store_pending *rows;
	struct error e;
	size_t n;

	assert_true(store_pending(s, &rows, &n, &e));
	assert_int_equal(n, 0);
	store_pending_free(rows, n);
	for (int i = 0; i < 40; i++) {
		char uid[20];

		snprintf(uid, sizeof(uid), "uid-%02d", i);
		prepared(s, uid);
		if (i % 2)
			delivered(s, uid);
	}
	store_free(s);
	s = open_store(p);
	assert_true(store_pending(s, &rows, &n, &e));
	assert_int_equal(n, 20);
	assert_string_equal(rows[19].uid, "uid-38");
	assert_true(span_is(rows[19].key.uid, "uid-38"));
	assert_string_equal(rows[19].receipt.text, "tmp/uid-38");
	assert_string_equal(rows[19].destination, "maildir:/home/anna/Mail");
	assert_int_equal(rows[19].prepared_s, NOW);
	store_pending_free(rows, n);
	store_free(s);
}

static void store__tells_twins_and_odd_uids_apart(void **state)
{
	char longest[1000];
	struct store_row rows[6];
	struct store *s = open_store(*state);
	struct seen_set *set;
	struct error e;

	memset(longest, 'x', sizeof(longest));
	memset(rows, 0, sizeof(rows));
	rows[0].key = (struct store_key){{"a", 1}, 0};
	rows[1].key = (struct store_key){{"a", 1}, 1};
	rows[2].key = (struct store_key){{"a\0b", 3}, 0};
	rows[3].key = (struct store_key){{"\xff\xfe'\";--", 7}, 0};
	rows[4].key = (struct store_key){{longest, sizeof(longest)}, 0};
	rows[5].key = (struct store_key){{longest, sizeof(longest) - 1}, 7};
	for (size_t i = 0; i < 6; i++)
		rows[i].size = i + 1;
	assert_true(store_delivered(s, rows, 6, "mbox:/m", NOW, &e));
	set = load(s);
	for (size_t i = 0; i < 6; i++) {
		const struct seen *found = seen_find(set, rows[i].key);

		assert_non_null(found);
		assert_int_equal(found->size, i + 1);
		assert_ptr_equal(found, seen_at(set, i));
	}
	assert_null(seen_find(set, (struct store_key){{"a", 1}, 2}));
	assert_null(seen_find(set, (struct store_key){{"a\0c", 3}, 0}));
	assert_null(seen_find(set, (struct store_key){{"", 0}, 0}));
	assert_null(seen_at(set, 6));
	assert_int_equal(seen_count(set, STORE_DELIVERED), 6);
	assert_int_equal(seen_count(set, STORE_PREPARED), 0);
	seen_set_free(set);
	store_free(s);
}

/* Tells the store of a listing that has exactly the UIDs whose first letters are in which. */
static void listed(struct store *s, const char *which, int64_t now_s, int64_t keep_s)
{
	struct seen_set *set = load(s);
	enum store_listing now[20] = {STORE_ABSENT};
	const struct seen *r;
	struct error e;

	for (size_t i = 0; (r = seen_at(set, i)); i++)
		if (strchr(which, r->key.uid.data[0]))
			now[i] = STORE_PRESENT;
	assert_true(store_listed(s, set, now, now_s, keep_s, &e));
	seen_set_free(set);
}

static void store__keeps_the_print_as_well(void **state)
{
	struct store *s = open_store(*state);
	struct store_row r = row("a", 246);
	struct error e;

	r.print = UINT64_MAX - 5;
	assert_true(store_prepared(s, &r, 1, "maildir:/home/anna/Mail", NOW, &e));
	assert_true(look(s, key("a")).print == UINT64_MAX - 5);
	r.print = 0;
	assert_true(store_delivered(s, &r, 1, "maildir:/home/anna/Mail", NOW, &e));
	assert_true(look(s, key("a")).print == UINT64_MAX - 5);
	r.print = 7;
	assert_true(store_delivered(s, &r, 1, "maildir:/home/anna/Mail", NOW, &e));
	assert_true(look(s, key("a")).print == 7);
	store_free(s);
}

static struct store_move move(const char *from, const char *to, uint64_t size)
{
	return (struct store_move){.from = key(from), .to = key(to), .size = size};
}

/* All of a row but its name, its size and its absence goes along. */
static void check_moved(struct store *s)
{
	struct seen got = look(s, key("new"));

	assert_int_equal(got.state, STORE_DELIVERED);
	assert_int_equal(got.delivered_s, NOW + 1);
	assert_int_equal(got.attempts, 0);
	assert_int_equal(got.size, 300);
	assert_false(got.missing);
	assert_int_equal(look(s, key("old")).state, ABSENT);
	assert_true(look(s, key("mark")).marked);
	assert_int_equal(look(s, key("mark")).size, 0);
	assert_int_equal(look(s, key("seen")).state, ABSENT);
}

static void store__tells_why_a_mail_failed_and_what_was_only_marked(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p);
	const struct store_key keys[] = {key("new"), key("failed")};
	const int64_t times[] = {NOW - 100, NOW - 90};
	const bool marks[] = {false, true}, both[] = {true, true};
	char why[40];
	int64_t first_s;
	size_t added;
	struct error e;

	failed(s, "failed");
	assert_true(store_failure(s, key("failed"), why, sizeof(why), &first_s, &e));
	assert_string_equal(why, "the command said no");
	assert_int_equal(first_s, NOW + 3);
	assert_true(store_import(s, keys, times, marks, 2, &added, &e));
	assert_int_equal(added, 2);
	assert_false(look(s, key("new")).marked);
	assert_true(look(s, key("failed")).marked);
	/* An import marks what an earlier one did not, and none takes a mark away. */
	assert_true(store_import(s, keys, times, both, 2, &added, &e));
	assert_int_equal(added, 1);
	assert_true(look(s, key("new")).marked);
	assert_true(store_import(s, keys, times, marks, 2, &added, &e));
	assert_int_equal(added, 0);
	assert_true(look(s, key("new")).marked);
	assert_int_equal(look(s, key("failed")).attempts, 0);
	assert_true(store_failure(s, key("failed"), why, sizeof(why), &first_s, &e));
	assert_string_equal(why, "");
	assert_true(store_failure(s, key("nobody"), why, sizeof(why), &first_s, &e));
	assert_int_equal(first_s, 0);
	store_free(s);
}

static void store__moves_rows_to_new_names(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p);
	const struct store_move moves[] = {move("old", "new", 300), move("seen", "mark", 0)};
	struct error e;

	delivered(s, "old");
	marked(s, "seen");
	listed(s, "", NOW + 5, 1000);
	assert_true(look(s, key("old")).missing);
	assert_int_equal(look(s, key("old")).missing_s, NOW + 5);
	store_free(s);

	/* A copy for looking moves, the file does not. */
	assert_true(store_open_readonly(p->path, &s, &e));
	assert_true(store_adopt(s, moves, 2, &e));
	check_moved(s);
	assert_false(store_set(s, "name", "value", &e));
	store_free(s);
	s = open_store(p);
	assert_int_equal(look(s, key("new")).state, ABSENT);
	assert_true(store_adopt(s, NULL, 0, &e));
	assert_true(store_adopt(s, moves, 2, &e));
	check_moved(s);
	store_free(s);
	s = open_store(p);
	check_moved(s);
	store_free(s);
}

static void store__moves_rows_to_names_that_are_taken(void **state)
{
	struct store *s = open_store(*state);
	const struct store_move moves[] = {
		move("a", "b", 1), move("b", "c", 2), move("c", "a", 3), move("d", "e", 4)};
	struct store_row rows[5];
	struct store_move twins[2];
	struct error e;

	for (size_t i = 0; i < 5; i++) {
		rows[i] = row((const char *[]){"a", "b", "c", "d", "e"}[i], 246);
		rows[i].print = i + 1;
	}
	assert_true(store_delivered(s, rows, 5, "mbox:/m", NOW, &e));
	assert_true(store_adopt(s, moves, 4, &e));
	assert_int_equal(look(s, key("a")).print, 3);
	assert_int_equal(look(s, key("b")).print, 1);
	assert_int_equal(look(s, key("c")).print, 2);
	assert_int_equal(look(s, key("d")).state, ABSENT);
	assert_int_equal(look(s, key("e")).print, 4);

	/* Two that get one name, and change their numbers among themselves later. */
	twins[0] = move("a", "twin", 9);
	twins[1] = move("b", "twin", 9);
	twins[1].to.occurrence = 1;
	assert_true(store_adopt(s, twins, 2, &e));
	twins[0] = (struct store_move){.from = twins[0].to, .to = twins[1].to, .size = 9};
	twins[1] = (struct store_move){.from = twins[0].to, .to = twins[0].from, .size = 9};
	assert_true(store_adopt(s, twins, 2, &e));
	assert_int_equal(look(s, (struct store_key){{"twin", 4}, 0}).print, 1);
	assert_int_equal(look(s, (struct store_key){{"twin", 4}, 1}).print, 3);
	store_free(s);
}

static void store__tells_many_twins_apart(void **state)
{
	enum { N = 2000 };
	struct store *s = open_store(*state);
	struct store_row *rows = xcalloc(N, sizeof(*rows));
	struct seen_set *set;
	struct error e;

	for (uint32_t i = 0; i < N; i++) {
		rows[i].key = (struct store_key){{"twin", 4}, i};
		rows[i].size = i + 1;
	}
	assert_true(store_delivered(s, rows, N, "mbox:/m", NOW, &e));
	set = load(s);
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(seen_find(set, rows[i].key)->size, i + 1);
	assert_null(seen_find(set, (struct store_key){{"twin", 4}, N}));
	seen_set_free(set);
	store_free(s);
	free(rows);
}

static void store__drops_only_what_was_removed_and_missing_for_long(void **state)
{
	struct store *s = open_store(*state);

	delivered(s, "delivered");
	failed(s, "noted");
	prepared(s, "prepared");
	delivered(s, "removed");
	removed(s, "removed");
	delivered(s, "wanders");
	removed(s, "wanders");

	listed(s, "", NOW, 100);
	assert_true(look(s, key("delivered")).missing);
	assert_true(look(s, key("removed")).missing);
	listed(s, "w", NOW + 99, 100);
	assert_false(look(s, key("wanders")).missing);
	assert_int_equal(look(s, key("removed")).state, STORE_REMOVED);
	listed(s, "w", NOW + 100, 100);
	assert_int_equal(look(s, key("removed")).state, ABSENT);
	assert_int_equal(look(s, key("wanders")).state, STORE_REMOVED);
	/* Its time starts anew, for it was there in between. */
	listed(s, "", NOW + 150, 100);
	listed(s, "", NOW + 249, 100);
	assert_int_equal(look(s, key("wanders")).state, STORE_REMOVED);
	listed(s, "", NOW + 250, 100);
	assert_int_equal(look(s, key("wanders")).state, ABSENT);
	listed(s, "", NOW + 100000000, 100);
	assert_int_equal(look(s, key("delivered")).state, STORE_DELIVERED);
	assert_int_equal(look(s, key("noted")).state, STORE_NOTED);
	assert_int_equal(look(s, key("prepared")).state, STORE_PREPARED);
	listed(s, "dnp", NOW + 100000001, 100);
	assert_false(look(s, key("delivered")).missing);
	store_free(s);
}

static void store__keeps_facts_by_name(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p);
	struct error e;
	char out[30], small[4];

	assert_true(store_get(s, "pipelining", out, sizeof(out), &e));
	assert_string_equal(out, "");
	assert_true(store_set(s, "pipelining", "broken", &e));
	assert_true(store_set(s, "last-success", "1", &e));
	assert_true(store_set(s, "last-success", "1795464439", &e));
	store_free(s);
	s = open_store(p);
	assert_true(store_get(s, "pipelining", out, sizeof(out), &e));
	assert_string_equal(out, "broken");
	assert_true(store_get(s, "last-success", out, sizeof(out), &e));
	assert_string_equal(out, "1795464439");
	assert_false(store_get(s, "pipelining", small, sizeof(small), &e));
	assert_int_equal(e.kind, ERROR_STORE);
	store_free(s);
}

/* It speaks for the rows as they were. */
static void store__takes_an_import_of_many_with_the_time_of_each(void **state)
{
	enum { N = 3 };
	const struct store_key keys[N] = {{span_of("a"), 0}, {span_of("a"), 1}, {span_of("b"), 0}};
	const int64_t times[N] = {NOW - 100, NOW - 200, NOW - 300};
	struct place *p = *state;
	struct store *s = open_store(p);
	struct error e;
	size_t added;

	delivered(s, "b");
	assert_true(store_set(s, STORE_LISTING, "12 x", &e));
	assert_true(store_import(s, keys, times, NULL, N, &added, &e));
	assert_int_equal(added, 2);
	assert_int_equal(look(s, keys[0]).delivered_s, NOW - 100);
	assert_int_equal(look(s, keys[1]).delivered_s, NOW - 200);
	assert_int_equal(look(s, keys[2]).delivered_s, NOW + 1);
	for (size_t i = 0; i < N; i++)
		assert_false(look(s, keys[i]).marked);
	assert_true(store_import(s, keys, times, NULL, N, &added, &e));
	assert_int_equal(added, 0);
	assert_true(store_import(s, NULL, NULL, NULL, 0, &added, &e));
	store_free(s);
}

static void store__forgets_the_listing_with_any_change_of_a_row(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p);
	struct store_key a = key("a"), b = key("b"), c = key("c");
	struct store_row row_c = row("c", 9);
	struct error e;

	delivered(s, "a");
	delivered(s, "b");
	for (int which = -1; which < 10; which++) {
		bool stays = which >= 8;
		char out[20];

		assert_true(store_set(s, STORE_LISTING, "12 x", &e));
		switch (which) {
		case -1:
			assert_true(store_turned(s, &row_c, 1, &row_c, 1, "mbox:/m", NOW, &e));
			break;
		case 0:
			assert_true(store_prepared(s, &row_c, 1, "mbox:/m", NOW, &e));
			break;
		case 1:
			assert_true(store_delivered(s, &row_c, 1, "mbox:/m", NOW, &e));
			break;
		case 2:
			assert_true(store_failed(s, key("f"), "no", NOW, &e));
			break;
		case 3:
			assert_true(store_removed(s, &c, 1, NOW, &e));
			break;
		case 4:
			assert_true(store_forget(s, &c, 1, &e));
			break;
		case 5:
			assert_true(store_adopt(s,
				&(struct store_move){.from = b, .to = key("d"), .size = 0}, 1, &e));
			break;
		case 6:
			assert_true(store_note(
				s, (struct store_key[]){key("t")}, (uint64_t[]){1}, 1, NOW, &e));
			break;
		case 7:
			listed(s, "", NOW, 100);
			break;
		case 8:
			listed(s, "", NOW + 1, 100);
			break;
		default:
			assert_true(store_mark_seen(s, &a, 1, NOW, &e));
			break;
		}
		assert_true(store_get(s, STORE_LISTING, out, sizeof(out), &e));
		if (strcmp(out, stays ? "12 x" : "") != 0)
			fail_msg("case %d: \"%s\"", which, out);
	}
	store_free(s);
}

static void store__knows_whether_a_uid_has_a_row(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p);
	struct store_row twin = row("twin", 1);
	struct error e;
	bool has;

	delivered(s, "a");
	twin.key.occurrence = 3;
	assert_true(store_delivered(s, &twin, 1, "mbox:/m", NOW, &e));
	assert_true(store_has_uid(s, span_of("a"), &has, &e) && has);
	assert_true(store_has_uid(s, span_of("twin"), &has, &e) && has);
	assert_true(store_has_uid(s, span_of("A"), &has, &e) && !has);
	assert_true(store_has_uid(s, span_of(""), &has, &e) && !has);
	store_free(s);
}

static void store__makes_a_private_file_whatever_the_umask(void **state)
{
	struct place *p = *state;
	mode_t before = umask(0);
	struct store *s = open_store(p);
	char *wal = xasprintf("%s-wal", p->path);
	struct stat st;

	umask(before);
	delivered(s, "a");
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	store_free(s);
	free(wal);
}

static void store__reads_without_writing(void **state)
{
	struct place *p = *state;
	char *wal = xasprintf("%s-wal", p->path);
	const char *const files[] = {p->path, wal, p->folder};
	struct timespec old[2] = {{.tv_sec = NOW}, {.tv_sec = NOW}};
	struct store *s = open_store(p);
	struct error e;
	char out[10];

	delivered(s, "a");
	delivered(s, "b");
	store_free(s);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(utimensat(AT_FDCWD, files[i], old, 0), 0);

	s = open_store(p);
	listed(s, "ab", NOW + 5, 100);
	assert_true(store_get(s, "pipelining", out, sizeof(out), &e));
	assert_true(store_delivered(s, NULL, 0, "x", NOW, &e));
	store_free(s);
	assert_true(store_open_readonly(p->path, &s, &e));
	assert_int_equal(look(s, key("a")).state, STORE_DELIVERED);
	store_free(s);

	for (size_t i = 0; i < 3; i++) {
		struct stat st;

		assert_int_equal(stat(files[i], &st), 0);
		assert_int_equal(st.st_mtim.tv_sec, NOW);
		if (i == 1)
			assert_int_equal(st.st_size, 0);
	}
	free(wal);
}

static void store__looks_without_creating(void **state)
{
	struct place *p = *state;
	char *wal = xasprintf("%s-wal", p->path);
	struct store *s = (struct store *)-1;
	struct error e;

	assert_true(store_open_readonly(p->path, &s, &e));
	assert_null(s);
	assert_int_equal(access(p->path, F_OK), -1);
	/* An empty file is a creation that was cut short. */
	close(open(p->path, O_WRONLY | O_CREAT, 0600));
	assert_true(store_open_readonly(p->path, &s, &e));
	assert_null(s);

	s = open_store(p);
	delivered(s, "a");
	store_free(s);
	unlink(wal);
	assert_true(store_open_readonly(p->path, &s, &e));
	assert_int_equal(look(s, key("a")).state, STORE_DELIVERED);
	assert_false(store_set(s, "name", "value", &e));
	store_free(s);
	assert_int_equal(access(wal, F_OK), -1);
	free(wal);
}

/* A worker that dies at once, with its last transaction in the WAL only. */
static void crash(const struct place *p)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *s = open_store(p);

		prepared(s, "a");
		delivered(s, "a");
		prepared(s, "b");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void store__survives_a_crash_and_is_readable_before_the_next_run(void **state)
{
	struct place *p = *state;
	char *wal = xasprintf("%s-wal", p->path);
	struct stat before, after;
	struct store *s;
	struct error e;

	crash(p);
	assert_int_equal(stat(wal, &before), 0);
	assert_true(before.st_size > 0);
	assert_true(store_open_readonly(p->path, &s, &e));
	assert_int_equal(look(s, key("a")).state, STORE_DELIVERED);
	assert_int_equal(look(s, key("b")).state, STORE_PREPARED);
	store_free(s);
	assert_int_equal(stat(wal, &after), 0);
	assert_int_equal(after.st_size, before.st_size);
	assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);

	s = open_store(p);
	assert_int_equal(look(s, key("a")).state, STORE_DELIVERED);
	assert_int_equal(look(s, key("b")).state, STORE_PREPARED);
	store_free(s);
	assert_int_equal(stat(wal, &after), 0);
	assert_int_equal(after.st_size, 0);
	free(wal);
}

/* Opening is not enough: what a reader holds must not keep a fetch from writing. */
static void store__is_not_held_by_a_reader(void **state)
{
	struct place *p = *state;
	struct store *reader, *s = open_store(p);
	struct error e;

	delivered(s, "a");
	store_free(s);
	assert_true(store_open_readonly(p->path, &reader, &e));
	s = open_store(p);
	delivered(s, "b");
	assert_int_equal(look(reader, key("a")).state, STORE_DELIVERED);
	assert_int_equal(look(reader, key("b")).state, ABSENT);
	store_free(reader);
	store_free(s);
}

static void store__says_when_another_program_has_it(void **state)
{
	struct place *p = *state;
	struct store *reader = NULL, *s = open_store(p);
	struct error e;

	delivered(s, "a");
	assert_false(store_open_readonly(p->path, &reader, &e));
	assert_int_equal(e.kind, ERROR_BUSY);
	assert_non_null(strstr(e.text, "is in use by another program"));
	assert_null(reader);
	store_free(s);
}

static void copy_file(const struct place *p, const char *from, const char *to)
{
	char *source = xasprintf("%s/%s", p->folder, from);
	char *target = xasprintf("%s/%s", p->folder, to);
	struct buf octets = {NULL, 0, 0};
	int fd = open(target, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	/* By a process of its own: closing home.db in this one would drop the store's lock. */
	if (file_slurp(source, 1 << 20, &octets, NULL, NULL))
		assert_true(file_write_all(fd, octets.data, octets.len));
	close(fd);
	buf_release(&octets);
	free(source);
	free(target);
}

/* The state of uid in a copy of the files as they are now. */
static int state_after_power_cut(const struct place *p, const char *uid)
{
	struct place copy = {p->folder, xasprintf("%s/copy.db", p->folder)};
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		copy_file(p, "home.db", "copy.db");
		copy_file(p, "home.db-wal", "copy.db-wal");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	struct store *s = open_store(&copy);
	int found = (int)look(s, key(uid)).state;

	store_free(s);
	free(copy.path);
	return found;
}

static void store__is_durable_after_each_call(void **state)
{
	static const struct {
		step step;
		int want;
	} calls[] = {{failed, STORE_NOTED}, {prepared, STORE_PREPARED},
		{delivered, STORE_DELIVERED}, {removed, STORE_REMOVED}, {forgotten, ABSENT},
		{turned, STORE_DELIVERED}, {forgotten, ABSENT}, {imported, STORE_DELIVERED},
		{forgotten, ABSENT}, {marked, STORE_DELIVERED}};
	struct place *p = *state;

	/* Once in a new file, once in one with a past. */
	for (int round = 0; round < 2; round++) {
		struct store *s = open_store(p);

		assert_int_equal(state_after_power_cut(p, "nothing"), ABSENT);
		for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
			calls[i].step(s, "a");
			assert_int_equal(state_after_power_cut(p, "a"), calls[i].want);
		}
		forgotten(s, "a");
		store_free(s);
	}
}

static void store__takes_all_rows_of_a_call_or_none(void **state)
{
	enum { N = 4000 };
	struct place *p = *state;
	struct store *s = open_store(p);
	struct store_row *rows = xcalloc(N, sizeof(*rows));
	char(*uids)[64] = xcalloc(N, sizeof(*uids));
	struct store_key *keys = xcalloc(N, sizeof(*keys));
	int64_t *times = xcalloc(N, sizeof(*times));
	size_t added;
	struct rlimit unlimited, small = {.rlim_cur = 256 << 10};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	struct store_row first = row("first", 246);
	struct error e;

	prepared(s, "first");
	for (int i = 0; i < N; i++) {
		snprintf(uids[i], sizeof(uids[i]), "a rather long name for a mail, number %d", i);
		rows[i].key = keys[i] = key(uids[i]);
	}
	/* A file that may not grow stands for a full disk. */
	sigaction(SIGXFSZ, &ignore, &before);
	getrlimit(RLIMIT_FSIZE, &unlimited);
	small.rlim_max = unlimited.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	assert_false(store_prepared(s, rows, N, "maildir:/m", NOW, &e));
	assert_false(store_turned(s, &first, 1, rows, N, "maildir:/m", NOW, &e));
	assert_false(store_import(s, keys, times, NULL, N, &added, &e));
	setrlimit(RLIMIT_FSIZE, &unlimited);
	sigaction(SIGXFSZ, &before, NULL);
	assert_int_equal(e.kind, ERROR_STORE);
	assert_non_null(strstr(e.text, "cannot write the state of this account ("));
	assert_non_null(strstr(e.text, "): File too large"));
	assert_int_equal(look(s, rows[0].key).state, ABSENT);
	assert_int_equal(look(s, key("first")).state, STORE_PREPARED);
	/* And it works again when there is room. */
	assert_true(store_turned(s, &first, 1, rows, N, "maildir:/m", NOW, &e));
	assert_int_equal(look(s, rows[N - 1].key).state, STORE_PREPARED);
	assert_int_equal(look(s, key("first")).state, STORE_DELIVERED);
	store_free(s);
	free(rows);
	free(uids);
	free(keys);
	free(times);
}

static void store__refuses_another_user_but_not_another_host(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p);
	struct error e;

	store_free(s);
	assert_null(store_open(p->path, "pop.example.org", "berta", &e));
	assert_int_equal(e.kind, ERROR_CONFIG);
	assert_non_null(strstr(e.text, "belongs to the user \"anna\", not \"berta\""));
	assert_true(e.remedy[0]);
	s = store_open(p->path, "pop3.example.net", "anna", &e);
	assert_non_null(s);
	store_free(s);
}

/* Changes the file behind the store's back. */
static void tamper(const struct place *p, const char *statements)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, statements, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void refuses(const struct place *p, const char *words)
{
	struct store *reader = NULL;
	struct error e;

	assert_null(store_open(p->path, "pop.example.org", "anna", &e));
	assert_int_equal(e.kind, ERROR_STORE);
	assert_non_null(strstr(e.text, words));
	assert_true(e.remedy[0]);
	assert_false(store_open_readonly(p->path, &reader, &e));
	assert_non_null(strstr(e.text, words));
	assert_null(reader);
}

static void store__leaves_a_newer_or_a_foreign_file_alone(void **state)
{
	struct place *p = *state;
	struct timespec old[2] = {{.tv_sec = NOW}, {.tv_sec = NOW}};
	struct stat st;

	store_free(open_store(p));
	tamper(p, "PRAGMA user_version = 2");
	utimensat(AT_FDCWD, p->path, old, 0);
	refuses(p, "was written by a newer ambil");
	tamper(p, "PRAGMA user_version = 1; PRAGMA application_id = 7");
	utimensat(AT_FDCWD, p->path, old, 0);
	refuses(p, "is not a state file of ambil");
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mtim.tv_sec, NOW);
}

static void overwrite(const struct place *p, off_t offset, const char *octets, size_t len)
{
	int fd = open(p->path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, octets, len, offset), len);
	close(fd);
}

static void store__says_when_the_file_is_no_database(void **state)
{
	struct place *p = *state;
	char text[5000];

	memset(text, 'x', sizeof(text));
	overwrite(p, 0, text, sizeof(text));
	refuses(p, "is damaged");
	assert_int_equal(truncate(p->path, 300), 0);
	refuses(p, "is damaged");
}

static void store__says_when_a_page_is_broken(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p);
	char junk[4096];
	struct stat st;
	struct error e = {ERROR_NONE};
	struct seen_set *set;

	for (int i = 0; i < 200; i++) {
		char uid[20];

		snprintf(uid, sizeof(uid), "uid-%03d", i);
		failed(s, uid);
	}
	store_free(s);
	memset(junk, 0xa5, sizeof(junk));
	assert_int_equal(stat(p->path, &st), 0);
	for (off_t at = 8192; at < st.st_size; at += 4096)
		overwrite(p, at, junk, sizeof(junk));
	s = store_open(p->path, "pop.example.org", "anna", &e);
	set = s ? store_load(s, &e) : NULL;
	assert_null(set);
	assert_int_equal(e.kind, ERROR_STORE);
	assert_non_null(strstr(e.text, "is damaged"));
	assert_non_null(strstr(e.lead, "fetched again"));
	store_free(s);
}

static void store__says_when_rows_are_impossible(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p);
	struct error e;

	delivered(s, "a");
	store_free(s);
	tamper(p, "PRAGMA ignore_check_constraints = ON; UPDATE mail SET state = 9");
	s = open_store(p);
	assert_null(store_load(s, &e));
	assert_non_null(strstr(e.text, "is damaged"));
	store_free(s);
}

static void store__says_what_keeps_it_from_opening(void **state)
{
	struct place *p = *state;
	char *deep = xasprintf("%s/no/home.db", p->folder);
	struct error e;

	assert_null(store_open(deep, "h", "u", &e));
	assert_non_null(strstr(e.text, "cannot open the state of this account ("));
	assert_non_null(strstr(e.text, "No such file or directory"));
	assert_null(store_open(p->folder, "h", "u", &e));
	assert_non_null(strstr(e.text, "Is a directory"));
	free(deep);
}

static void store__is_quick_with_many_rows(void **state)
{
	enum { N = 100000, BATCH = 20000 };
	struct place *p = *state;
	struct store *s = open_store(p);
	char(*uids)[24] = xcalloc(N, sizeof(*uids));
	struct store_row *rows = xcalloc(BATCH, sizeof(*rows));
	struct seen_set *set;
	struct error e;
	int64_t start;

	for (int i = 0; i < N; i++) {
		snprintf(uids[i], sizeof(uids[i]), "%016x", (unsigned)i);
		rows[i % BATCH].key = key(uids[i]);
		if (i % BATCH == BATCH - 1)
			assert_true(store_delivered(s, rows, BATCH, "maildir:/m", NOW, &e));
	}
	store_free(s);
	s = open_store(p);
	start = clock_ms();
	set = load(s);
	for (int i = 0; i < N; i++)
		assert_non_null(seen_find(set, key(uids[i])));
	/* Some 50 ms; minutes when the table degenerates to a list. */
	assert_true(clock_ms() - start < 100000);
	assert_int_equal(seen_count(set, STORE_DELIVERED), N);
	seen_set_free(set);
	store_free(s);
	free(uids);
	free(rows);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(store__goes_through_every_transition),
		TEST(store__keeps_the_size_when_recovery_does_not_know_it),
		TEST(store__keeps_the_print_as_well),
		TEST(store__tells_why_a_mail_failed_and_what_was_only_marked),
		TEST(store__moves_rows_to_new_names),
		TEST(store__moves_rows_to_names_that_are_taken),
		TEST(store__gives_what_is_prepared_to_recovery),
		TEST(store__tells_twins_and_odd_uids_apart),
		TEST(store__tells_many_twins_apart),
		TEST(store__drops_only_what_was_removed_and_missing_for_long),
		TEST(store__keeps_facts_by_name),
		TEST(store__takes_an_import_of_many_with_the_time_of_each),
		TEST(store__forgets_the_listing_with_any_change_of_a_row),
		TEST(store__knows_whether_a_uid_has_a_row),
		TEST(store__makes_a_private_file_whatever_the_umask),
		TEST(store__reads_without_writing),
		TEST(store__looks_without_creating),
		TEST(store__survives_a_crash_and_is_readable_before_the_next_run),
		TEST(store__is_not_held_by_a_reader),
		TEST(store__says_when_another_program_has_it),
		TEST(store__is_durable_after_each_call),
		TEST(store__takes_all_rows_of_a_call_or_none),
		TEST(store__refuses_another_user_but_not_another_host),
		TEST(store__leaves_a_newer_or_a_foreign_file_alone),
		TEST(store__says_when_the_file_is_no_database),
		TEST(store__says_when_a_page_is_broken),
		TEST(store__says_when_rows_are_impossible),
		TEST(store__says_what_keeps_it_from_opening),
		TEST(store__is_quick_with_many_rows),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
