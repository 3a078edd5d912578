/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The policy as a table: what is known of a mail, what the account wants, and what then happens.
 * Names in the tables are letters: the state of the row, and what is asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "fetch/plan.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { NOW = 1795490813, DAY = 86400 };

static const struct policy forever = {.keep = KEEP_FOREVER};
static const struct policy nothing = {.keep = KEEP_NOT};
static const struct policy two_weeks = {.keep = KEEP_FOR, .keep_s = 14 * DAY};
static const struct policy no_time = {.keep = KEEP_FOR, .keep_s = 0};
static const struct policy again = {.keep = KEEP_FOREVER, .all = true};
static const struct policy again_and_nothing = {.keep = KEEP_NOT, .all = true};
static const struct policy again_for_two_weeks = {
	.keep = KEEP_FOR, .keep_s = 14 * DAY, .all = true};
static const struct policy small = {.keep = KEEP_FOREVER, .size_max = 1000};
static const struct policy small_and_nothing = {.keep = KEEP_NOT, .size_max = 1000};
static const struct policy small_and_again = {.keep = KEEP_FOREVER, .size_max = 1000, .all = true};

static const struct seen noted = {.state = STORE_NOTED, .attempts = 2};
static const struct seen prepared = {.state = STORE_PREPARED};
static const struct seen prepared_late = {.state = STORE_PREPARED, .attempts = 1};
static const struct seen delivered = {
	.state = STORE_DELIVERED, .size = 500, .delivered_s = NOW - 3 * DAY};
static const struct seen old = {
	.state = STORE_DELIVERED, .size = 500, .delivered_s = NOW - 15 * DAY};
static const struct seen marked = {
	.state = STORE_DELIVERED, .marked = true, .delivered_s = NOW - 99 * DAY};
static const struct seen failed_again = {
	.state = STORE_DELIVERED, .attempts = 3, .size = 500, .delivered_s = NOW - 3 * DAY};
static const struct seen removed = {
	.state = STORE_REMOVED, .size = 500, .delivered_s = NOW - 3 * DAY, .removed_s = NOW - DAY};
static const struct seen back = {.state = STORE_REMOVED,
	.missing = true,
	.size = 500,
	.delivered_s = NOW - 3 * DAY,
	.removed_s = NOW - DAY};
static const struct seen back_unknown = {.state = STORE_REMOVED,
	.missing = true,
	.delivered_s = NOW - 3 * DAY,
	.removed_s = NOW - DAY};

static const struct seen back_here = {
	.state = STORE_DELIVERED, .missing = true, .size = 500, .delivered_s = NOW - 3 * DAY};
static const struct seen doubt = {
	.state = STORE_DELIVERED, .doubt = true, .size = 500, .delivered_s = NOW - 3 * DAY};

static struct plan plan_of(
	const struct seen *seen, uint64_t size, enum identity identity, const struct policy *policy)
{
	struct listed mail = {.msg = 1, .size = size, .seen = seen, .identity = identity};
	struct plan plan;

	plan_make(&plan, &mail, 1, policy, NOW);
	assert_int_equal(plan.n, 1);
	assert_int_equal(plan.items[0].index, 0);
	return plan;
}

static struct plan plan_of_one(const struct seen *seen, uint64_t size, const struct policy *policy)
{
	return plan_of(seen, size, IDENTITY_UNKNOWN, policy);
}

static void plan__gives_every_mail_one_reason(void **state)
{
	static const struct {
		const struct seen *seen;
		uint64_t size;
		const struct policy *policy;
		enum plan_why why;
		bool fetch, remove;
		enum identity identity;
	} table[] = {
		/* never seen */
		{NULL, 500, &forever, PLAN_NEW, true, false},
		{NULL, 0, &forever, PLAN_NEW, true, false},
		{NULL, 500, &nothing, PLAN_NEW, true, true},
		{NULL, 500, &two_weeks, PLAN_NEW, true, false},
		{NULL, 500, &no_time, PLAN_NEW, true, true},
		{NULL, 500, &again, PLAN_NEW, true, false},
		{NULL, 500, &again_and_nothing, PLAN_NEW, true, true},
		/* failed before */
		{&noted, 500, &forever, PLAN_RETRY, true, false},
		{&noted, 500, &nothing, PLAN_RETRY, true, true},
		{&noted, 500, &again, PLAN_RETRY, true, false},
		/* what recovery has not settled is not here yet */
		{&prepared, 500, &nothing, PLAN_NEW, true, true},
		{&prepared_late, 500, &nothing, PLAN_RETRY, true, true},
		/* here */
		{&delivered, 500, &forever, PLAN_SEEN, false, false},
		{&delivered, 900, &forever, PLAN_SEEN, false, false},
		{&delivered, 500, &nothing, PLAN_DELETE, false, true},
		/* perhaps another one has its UID now: only its header can tell */
		{&delivered, 900, &nothing, PLAN_DOUBT, false, false},
		{&delivered, 900, &nothing, PLAN_DELETE, false, true, IDENTITY_SAME},
		{&delivered, 900, &nothing, PLAN_NEW, true, true, IDENTITY_OTHER},
		{&back_here, 500, &nothing, PLAN_DOUBT, false, false},
		{&back_here, 500, &nothing, PLAN_DELETE, false, true, IDENTITY_SAME},
		{&back_here, 500, &nothing, PLAN_NEW, true, true, IDENTITY_OTHER},
		{&back_here, 500, &forever, PLAN_SEEN, false, false},
		{&back_here, 501, &forever, PLAN_NEW, true, false},
		{&back_here, 501, &forever, PLAN_SEEN, false, false, IDENTITY_SAME},
		{&doubt, 500, &nothing, PLAN_DOUBT, false, false},
		{&doubt, 500, &nothing, PLAN_DELETE, false, true, IDENTITY_SAME},
		{&doubt, 501, &forever, PLAN_SEEN, false, false},
		{&delivered, 500, &two_weeks, PLAN_KEPT, false, false},
		{&old, 500, &two_weeks, PLAN_EXPIRED, false, true},
		{&old, 500, &forever, PLAN_SEEN, false, false},
		{&delivered, 500, &no_time, PLAN_EXPIRED, false, true},
		{&delivered, 500, &again, PLAN_AGAIN, true, false},
		{&delivered, 500, &again_and_nothing, PLAN_AGAIN, true, true},
		{&old, 500, &again_for_two_weeks, PLAN_AGAIN, true, false},
		{&failed_again, 500, &again, PLAN_AGAIN, true, false},
		{&failed_again, 500, &nothing, PLAN_DELETE, false, true},
		/* nobody has it here */
		{&marked, 500, &forever, PLAN_MARKED, false, false},
		{&marked, 500, &nothing, PLAN_MARKED, false, false},
		{&marked, 500, &two_weeks, PLAN_MARKED, false, false},
		{&marked, 500, &no_time, PLAN_MARKED, false, false},
		{&marked, 5000, &small_and_nothing, PLAN_MARKED, false, false},
		{&marked, 500, &again, PLAN_AGAIN, true, false},
		{&marked, 500, &again_and_nothing, PLAN_AGAIN, true, true},
		/* deleted, but listed: another one, unless it can be shown to be the same */
		{&removed, 500, &forever, PLAN_SEEN, false, false, IDENTITY_SAME},
		{&removed, 500, &nothing, PLAN_DELETE_AGAIN, false, true, IDENTITY_SAME},
		{&removed, 500, &two_weeks, PLAN_DELETE_AGAIN, false, true, IDENTITY_SAME},
		{&removed, 500, &nothing, PLAN_NEW, true, true},
		{&removed, 500, &nothing, PLAN_NEW, true, true, IDENTITY_OTHER},
		{&removed, 900, &nothing, PLAN_NEW, true, true},
		{&removed, 0, &nothing, PLAN_NEW, true, true},
		{&removed, 500, &again, PLAN_NEW, true, false},
		{&back, 500, &nothing, PLAN_DELETE_AGAIN, false, true, IDENTITY_SAME},
		{&back, 0, &nothing, PLAN_NEW, true, true},
		{&back, 501, &forever, PLAN_NEW, true, false},
		{&back_unknown, 501, &forever, PLAN_NEW, true, false},
		{&back, 1001, &small, PLAN_TOO_BIG, false, false},
		/* too big */
		{NULL, 1000, &small, PLAN_NEW, true, false},
		{NULL, 1001, &small, PLAN_TOO_BIG, false, false},
		{NULL, UINT64_MAX, &small, PLAN_TOO_BIG, false, false},
		{NULL, 0, &small, PLAN_NEW, true, false},
		{NULL, 1001, &small_and_nothing, PLAN_TOO_BIG, false, false},
		{&noted, 1001, &small, PLAN_TOO_BIG, false, false},
		{&delivered, 1001, &small, PLAN_SEEN, false, false},
		{&delivered, 1001, &small_and_nothing, PLAN_DOUBT, false, false},
		{&delivered, 1001, &small_and_again, PLAN_TOO_BIG, false, false},
		{&delivered, 999, &small_and_again, PLAN_AGAIN, true, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct plan plan = plan_of(
			table[i].seen, table[i].size, table[i].identity, table[i].policy);
		struct plan_item item = plan.items[0];

		if (item.why != table[i].why || item.fetch != table[i].fetch ||
			item.remove != table[i].remove)
			fail_msg("case %zu: \"%s\"%s%s where \"%s\" was due", i,
				plan_why_text(item.why), item.fetch ? ", fetch" : "",
				item.remove ? ", remove" : "", plan_why_text(table[i].why));
		assert_int_equal(plan.fetch, item.fetch);
		assert_int_equal(plan.remove_now, item.remove && !item.fetch);
		assert_int_equal(plan.too_big, item.why == PLAN_TOO_BIG);
		assert_int_equal(plan.seen, !item.fetch && item.why != PLAN_TOO_BIG);
		assert_int_equal(plan.fetch_octets, item.fetch ? table[i].size : 0);
		plan_release(&plan);
	}
}

static void plan__counts_retention_from_delivery_to_the_second(void **state)
{
	static const struct {
		int64_t age_s;
		enum plan_why why;
	} table[] = {
		{0, PLAN_KEPT},
		{14 * DAY - 1, PLAN_KEPT},
		{14 * DAY, PLAN_EXPIRED},
		{14 * DAY + 1, PLAN_EXPIRED},
		/* A clock that had not been set yet: it starts anew. */
		{NOW - 86400, PLAN_KEPT},
		{NOW, PLAN_KEPT},
		{-1, PLAN_KEPT}, /* the clock was set back */
		{-100 * DAY, PLAN_KEPT},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct seen row = {.state = STORE_DELIVERED, .delivered_s = NOW - table[i].age_s};
		struct plan plan = plan_of_one(&row, 500, &two_weeks);

		if (plan.items[0].why != table[i].why)
			fail_msg("%lld s: %s", (long long)table[i].age_s,
				plan_why_text(plan.items[0].why));
		assert_int_equal(plan.items[0].remove, table[i].why == PLAN_EXPIRED);
		plan_release(&plan);
	}
}

/* A listing from letters: n new, r failed before, d delivered, m marked. */
static size_t make_listing(const char *letters, struct listed *mails)
{
	size_t n = strlen(letters);

	for (size_t i = 0; i < n; i++)
		mails[i] = (struct listed){.msg = (uint32_t)i + 1,
			.size = 100,
			.seen = letters[i] == 'r'   ? &noted
				: letters[i] == 'd' ? &delivered
				: letters[i] == 'm' ? &marked
						    : NULL};
	return n;
}

static void plan__fetches_in_order_with_retries_last_up_to_the_limit(void **state)
{
	static const struct {
		const char *listing;
		uint32_t fetch_max;
		const char *order; /* the listing's places in the plan's order, from 'a' */
		size_t fetch, over_limit;
	} table[] = {
		{"", 0, "", 0, 0},
		{"nnn", 0, "abc", 3, 0},
		{"rnrn", 0, "bdac", 4, 0},
		{"dnrm", 0, "abdc", 2, 0},
		{"rrr", 0, "abc", 3, 0},
		{"nnn", 2, "abc", 2, 1},
		{"nnn", 3, "abc", 3, 0},
		{"rnrn", 2, "bdac", 2, 2},
		{"rnrn", 3, "bdac", 3, 1},
		{"rddd", 1, "bcda", 1, 0},
		{"dddd", 1, "abcd", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct policy policy = {.keep = KEEP_FOREVER, .fetch_max = table[i].fetch_max};
		struct listed mails[8];
		struct plan plan;
		size_t n = make_listing(table[i].listing, mails), fetched = 0;

		plan_make(&plan, mails, n, &policy, NOW);
		assert_int_equal(plan.n, n);
		for (size_t j = 0; j < n; j++) {
			if (plan.items[j].index != (uint32_t)(table[i].order[j] - 'a'))
				fail_msg("case %zu, place %zu: %lu", i, j,
					(unsigned long)plan.items[j].index);
			/* What is over the limit stands behind all that is fetched. */
			if (plan.items[j].fetch)
				assert_int_equal(plan.over_limit && fetched == plan.fetch, 0);
			fetched += plan.items[j].fetch;
			if (plan.items[j].why == PLAN_OVER_LIMIT)
				assert_false(plan.items[j].fetch || plan.items[j].remove);
		}
		assert_int_equal(fetched, table[i].fetch);
		assert_int_equal(plan.fetch, table[i].fetch);
		assert_int_equal(plan.over_limit, table[i].over_limit);
		assert_int_equal(plan.fetch_octets, 100 * table[i].fetch);
		plan_release(&plan);
	}
}

static void plan__limits_what_is_fetched_again_too(void **state)
{
	struct policy policy = {.keep = KEEP_NOT, .fetch_max = 2, .all = true};
	struct listed mails[8];
	size_t n = make_listing("dmdn", mails);
	struct plan plan;

	(void)state;
	plan_make(&plan, mails, n, &policy, NOW);
	assert_int_equal(plan.fetch, 2);
	assert_int_equal(plan.over_limit, 2);
	assert_int_equal(plan.remove_now, 0);
	assert_int_equal(plan.items[0].why, PLAN_AGAIN);
	assert_int_equal(plan.items[2].why, PLAN_OVER_LIMIT);
	assert_false(plan.items[2].remove);
	plan_release(&plan);
}

static void plan__does_not_count_what_is_too_big_against_the_limit(void **state)
{
	struct policy policy = {.keep = KEEP_FOREVER, .fetch_max = 1, .size_max = 1000};
	struct listed mails[3] = {
		{.msg = 1, .size = 2000}, {.msg = 2, .size = 10}, {.msg = 3, .size = 10}};
	struct plan plan;

	(void)state;
	plan_make(&plan, mails, 3, &policy, NOW);
	assert_int_equal(plan.items[0].why, PLAN_TOO_BIG);
	assert_true(plan.items[1].fetch);
	assert_int_equal(plan.items[2].why, PLAN_OVER_LIMIT);
	assert_int_equal(plan.too_big, 1);
	plan_release(&plan);
	plan_release(&plan);
}

static void plan__leaves_alone_what_has_failed_in_this_run(void **state)
{
	static const struct {
		const struct seen *seen;
		uint64_t size;
		const struct policy *policy;
		enum plan_why why;
	} table[] = {
		{NULL, 500, &nothing, PLAN_SET_ASIDE},
		{&noted, 500, &forever, PLAN_SET_ASIDE},
		{NULL, 5000, &small, PLAN_SET_ASIDE},
		{&back, 501, &nothing, PLAN_SET_ASIDE},
		{&delivered, 500, &again, PLAN_SET_ASIDE},
		/* what is here already is not fetched, so it cannot have failed */
		{&delivered, 500, &nothing, PLAN_DELETE},
		{&delivered, 500, &forever, PLAN_SEEN},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct listed mail = {
			.msg = 1, .size = table[i].size, .seen = table[i].seen, .set_aside = true};
		struct plan plan;

		plan_make(&plan, &mail, 1, table[i].policy, NOW);
		if (plan.items[0].why != table[i].why)
			fail_msg("case %zu: %s", i, plan_why_text(plan.items[0].why));
		assert_int_equal(plan.fetch + plan.too_big + plan.over_limit, 0);
		assert_int_equal(plan.seen, table[i].why != PLAN_SET_ASIDE);
		assert_int_equal(plan.items[0].remove, table[i].why == PLAN_DELETE);
		plan_release(&plan);
	}
}

/* Whatever is marked, asked for, or limited: what nobody has here is removed only behind a fetch.
 */
static void plan__never_removes_what_was_not_delivered(void **state)
{
	static const struct seen *const rows[] = {NULL, &noted, &prepared, &prepared_late, &marked};
	static const enum keep keeps[] = {KEEP_FOREVER, KEEP_NOT, KEEP_FOR};

	(void)state;
	for (size_t i = 0; i < COUNT(rows) * COUNT(keeps) * 2 * 2 * 3; i++) {
		struct policy policy = {.keep = keeps[i / COUNT(rows) % COUNT(keeps)],
			.all = i / 15 % 2,
			.size_max = i / 30 % 2 ? 100 : 0,
			.keep_s = i / 60 ? 0 : DAY};
		struct plan plan = plan_of_one(
			rows[i % COUNT(rows)], 50 + 100 * (i / 60 % 2), &policy);

		assert_true(plan.items[0].fetch || !plan.items[0].remove);
		assert_int_equal(plan.remove_now, 0);
		plan_release(&plan);
	}
}

static void plan__has_words_for_every_reason(void **state)
{
	(void)state;
	for (int i = 0; i < PLAN_WHYS; i++) {
		assert_true(plan_why_text((enum plan_why)i)[0]);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
				plan_why_text((enum plan_why)i), plan_why_text((enum plan_why)j));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan__gives_every_mail_one_reason),
		cmocka_unit_test(plan__counts_retention_from_delivery_to_the_second),
		cmocka_unit_test(plan__fetches_in_order_with_retries_last_up_to_the_limit),
		cmocka_unit_test(plan__limits_what_is_fetched_again_too),
		cmocka_unit_test(plan__does_not_count_what_is_too_big_against_the_limit),
		cmocka_unit_test(plan__leaves_alone_what_has_failed_in_this_run),
		cmocka_unit_test(plan__never_removes_what_was_not_delivered),
		cmocka_unit_test(plan__has_words_for_every_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
