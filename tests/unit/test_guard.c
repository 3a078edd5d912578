/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When a login may be sent: the last login, the delay and the clock as a table; what each answer of
 * the server changes; and that the state keeps it, for this place and this password only.
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

#include "fetch/guard.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { NOW = 1795490813, HOUR = 3600, DAY = 86400 };

static void guard__waits_as_long_as_the_server_wants(void **state)
{
	static const struct {
		const char *what;
		int64_t login_s, early_s;
		uint32_t delay_s, guess_s;
		int64_t cron_s, by_hand_s;
	} table[] = {
		{"nothing known", 0, 0, 0, 0, 0, 0},
		{"no delay", NOW - 1, 0, 0, 0, 0, 0},
		{"just now", NOW, 0, 300, 0, 301, 0},
		{"a minute ago", NOW - 60, 0, 300, 0, 241, 0},
		{"one second short", NOW - 299, 0, 300, 0, 2, 0},
		{"perhaps not yet by its clock", NOW - 300, 0, 300, 0, 1, 0},
		{"long enough", NOW - 301, 0, 300, 0, 0, 0},
		{"long ago", NOW - 30 * DAY, 0, 300, 0, 0, 0},
		{"never logged in", 0, 0, 300, 0, 0, 0},
		{"the clock was turned back", NOW + 1, 0, 300, 0, 0, 0},
		{"far back", NOW + 40 * 365 * (int64_t)DAY, 0, 300, 0, 0, 0},
		{"before its time the clock was not set", 12, 0, 300, 0, 0, 0},
		{"refused, so it means it", NOW - 60, NOW - DAY, 300, 0, 241, 241},
		{"refused once, but not of late", NOW - 60, NOW - 8 * DAY, 300, 0, 241, 0},
		{"refused at a time to come", NOW - 60, NOW + 5, 300, 0, 241, 0},
		{"a guess", 0, NOW - 10, 0, 60, 50, 0},
		{"a guess that is over", 0, NOW - 60, 0, 60, 0, 0},
		{"a guess at a time to come", 0, NOW + 10, 0, 60, 0, 0},
		{"a guess longer than the delay", NOW - 290, NOW, 300, 60, 60, 11},
		{"a guess shorter than the delay", NOW - 60, NOW, 300, 60, 241, 241},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct guard g = {.login_s = table[i].login_s,
			.early_s = table[i].early_s,
			.delay_s = table[i].delay_s,
			.guess_s = table[i].guess_s};
		int64_t cron_s = guard_wait_s(&g, false, NOW);
		int64_t by_hand_s = guard_wait_s(&g, true, NOW);

		if (cron_s != table[i].cron_s || by_hand_s != table[i].by_hand_s)
			fail_msg("%s: %lld, by hand %lld", table[i].what, (long long)cron_s,
				(long long)by_hand_s);
	}
}

static void guard__pauses_after_refusals_in_a_row(void **state)
{
	static const struct {
		uint32_t refusals, retry;
		bool certain;
		int64_t refused_s, pause_s;
	} table[] = {
		{0, 3, true, 0, 0},
		{2, 3, true, NOW - 60, 0},
		{3, 3, true, NOW, DAY},
		{3, 3, true, NOW - 60, DAY - 60},
		{3, 3, true, NOW - DAY, 0},
		{4, 3, true, NOW - 60, DAY - 60},
		{1, 1, true, NOW - 60, DAY - 60},
		{1000, 0, true, NOW - 60, 0}, /* unlimited */
		{3, 3, true, NOW + 1, 0},     /* the clock was turned back */
		/* It may be something else than the password. */
		{2, 3, false, NOW, 0},
		{3, 3, false, NOW, HOUR},
		{3, 3, false, NOW - HOUR, 0},
		{4, 3, false, NOW, 2 * HOUR},
		{5, 3, false, NOW, 4 * HOUR},
		{6, 3, false, NOW, 8 * HOUR},
		{7, 3, false, NOW, 16 * HOUR},
		{8, 3, false, NOW, DAY},
		{9, 3, false, NOW, DAY},
		{UINT32_MAX, 1, false, NOW, DAY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct guard g = {.refusals = table[i].refusals,
			.refused_s = table[i].refused_s,
			.certain = table[i].certain};

		assert_int_equal(guard_pause_s(&g, table[i].retry, NOW), table[i].pause_s);
	}
}

static void taken(struct guard *g, int64_t now_s, uint32_t delay_s, enum guard_source source)
{
	guard_apply(g,
		&(struct guard_event){
			.what = GUARD_TAKEN, .now_s = now_s, .delay_s = delay_s, .source = source});
}

static void happens(struct guard *g, enum guard_what what, int64_t now_s)
{
	guard_apply(g, &(struct guard_event){.what = what, .now_s = now_s, .certain = true});
}

static void guard__remembers_nothing_of_a_server_without_a_delay(void **state)
{
	struct guard g = {.refusals = 0};

	(void)state;
	taken(&g, NOW, 0, GUARD_OWN);
	assert_true(guard_is_empty(&g));
}

static void guard__keeps_the_delay_and_no_more_than_a_day_of_it(void **state)
{
	struct guard g = {.refusals = 0};

	(void)state;
	taken(&g, NOW, 300, GUARD_ANNOUNCED);
	assert_int_equal(guard_wait_s(&g, false, NOW + 1), 300);
	assert_int_equal(guard_wait_s(&g, true, NOW + 1), 0);
	taken(&g, NOW, UINT32_MAX, GUARD_ANNOUNCED);
	assert_int_equal(guard_wait_s(&g, false, NOW), DAY + 1);
	/* It is announced no more. */
	taken(&g, NOW + DAY, 0, GUARD_OWN);
	assert_true(guard_is_empty(&g));
}

static void guard__guesses_longer_each_time_and_not_for_ever(void **state)
{
	static const int64_t waits[] = {60, 120, 240, 480, 900, 900, 900};
	struct guard g = {.refusals = 0};
	int64_t now_s = NOW;

	(void)state;
	for (size_t i = 0; i < COUNT(waits); i++) {
		happens(&g, GUARD_EARLY, now_s);
		assert_int_equal(guard_wait_s(&g, false, now_s), waits[i]);
		assert_int_equal(guard_wait_s(&g, true, now_s), 0);
		now_s += waits[i];
	}
	taken(&g, now_s, 0, GUARD_OWN);
	assert_int_equal(guard_wait_s(&g, false, now_s), 0);
	happens(&g, GUARD_EARLY, now_s + 1);
	assert_int_equal(guard_wait_s(&g, false, now_s + 1), 60);
}

/* No time was announced: what was refused was too early, and is not tried again. */
static void guard__learns_from_refusals(void **state)
{
	struct guard g = {.refusals = 0};

	(void)state;
	happens(&g, GUARD_EARLY, NOW);
	taken(&g, NOW + 100, 0, GUARD_OWN);
	assert_int_equal(guard_wait_s(&g, false, NOW + 100), 0);
	happens(&g, GUARD_EARLY, NOW + 160);
	happens(&g, GUARD_EARLY, NOW + 220);
	taken(&g, NOW + 400, 0, GUARD_OWN);
	assert_int_equal(guard_wait_s(&g, false, NOW + 400), 121);
	assert_int_equal(guard_wait_s(&g, true, NOW + 400), 121);
	/* A week without a refusal: it may have been lifted. */
	taken(&g, NOW + 220 + 7 * DAY, 0, GUARD_OWN);
	assert_true(guard_is_empty(&g));
}

static void guard__does_not_learn_what_another_client_has_caused(void **state)
{
	struct guard g = {.refusals = 0};

	(void)state;
	happens(&g, GUARD_EARLY, NOW);
	taken(&g, NOW + 100, 0, GUARD_OWN);
	happens(&g, GUARD_EARLY, NOW + 3 * 3600);
	taken(&g, NOW + 4 * 3600, 0, GUARD_OWN);
	assert_int_equal(guard_wait_s(&g, false, NOW + 4 * 3600), 0);
}

static void guard__asks_anew_when_its_own_delay_was_wrong(void **state)
{
	struct guard g = {.refusals = 0};

	(void)state;
	taken(&g, NOW, 60, GUARD_OWN);
	assert_int_equal(g.source, GUARD_OWN);
	happens(&g, GUARD_EARLY, NOW + 61);
	assert_int_equal(g.source, GUARD_ANNOUNCED);
}

static void guard__forgets_refusals_with_a_login(void **state)
{
	struct guard g = {.refusals = 0};

	(void)state;
	for (int i = 0; i < 3; i++)
		happens(&g, GUARD_REFUSED, NOW + i);
	assert_int_equal(guard_pause_s(&g, 3, NOW + 2), DAY);
	happens(&g, GUARD_EARLY, NOW + 2);
	assert_int_equal(guard_pause_s(&g, 3, NOW + 2), DAY);
	taken(&g, NOW + 3, 0, GUARD_OWN);
	assert_int_equal(guard_pause_s(&g, 3, NOW + 3), 0);
}

static void guard__says_it_once_for_each_delay(void **state)
{
	struct guard g = {.refusals = 0};

	(void)state;
	taken(&g, NOW, 300, GUARD_ANNOUNCED);
	happens(&g, GUARD_TOLD, NOW + 1);
	taken(&g, NOW + 300, 300, GUARD_ANNOUNCED);
	assert_true(g.told);
	taken(&g, NOW + 600, 600, GUARD_ANNOUNCED);
	assert_false(g.told);
}

static void guard__knows_a_busy_mailbox_from_a_wrong_password(void **state)
{
	static const struct {
		const char *words;
		bool busy;
	} table[] = {
		{"", false},
		{"Authentication failed.", false},
		{"Password supplied for \"anna\" is incorrect.", false},
		{"invalid login", false},
		{"Permission denied.", false},
		{"/var/mail/.anna.pop lock busy!  Is another session active? (11)", true},
		{"Can't get lock.  Mailbox in use", true},
		{"Unable to lock maildrop: Mailbox is locked by POP server", true},
		{"Mailbox locked", true},
		{"mailbox BUSY", true},
		{"maildrop already locked", true},
		{"Exceeded the login limit for a 15 minute period. Reduce the frequency of "
		 "requests to the POP3 server.",
			true},
		{"Temporary failure, please try again later", true},
		{"Service temporarily unavailable", true},
		{"Too many connections from your address", true},
		{"Your account is locked", false},
		{"User is locked out, try again later", false},
		{"Too many bad passwords; try again later", false},
		{"Account temporarily disabled", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		if (guard_looks_busy(table[i].words) != table[i].busy)
			fail_msg("%s", table[i].words);
}

/* ---- the state ---- */

struct place {
	char *folder, *path;
	struct store *store;
	struct guard_file file;
};

static int set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	const char *tmp = getenv("TMPDIR");
	struct error e = {0};

	p->folder = xasprintf("%s/guard.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(p->folder));
	p->path = xasprintf("%s/home.db", p->folder);
	p->store = store_open(p->path, "pop.example.org", "anna", &e);
	assert_non_null(p->store);
	p->file = (struct guard_file){p->folder, "home", "pop.example.org", "anna"};
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	static const char *const endings[] = {"db", "db-journal", "db-wal", "db-shm", "lock"};

	store_free(p->store);
	for (size_t i = 0; i < COUNT(endings); i++) {
		char *path = xasprintf("%s/home.%s", p->folder, endings[i]);

		unlink(path);
		free(path);
	}
	assert_int_equal(rmdir(p->folder), 0);
	free(p->path);
	free(p->folder);
	free(p);
	return 0;
}

static struct guard fresh(int64_t config_ns, int64_t secret_ns)
{
	return (struct guard){
		.place = "pop.example.org:995", .config_ns = config_ns, .secret_ns = secret_ns};
}

static struct guard known(struct store *store, struct guard g)
{
	struct error e = {0};

	assert_true(guard_read(&g, store, &e));
	return g;
}

static void keep(struct place *p, struct guard *g)
{
	struct error e = {0};

	assert_true(guard_write(g, p->store, &e));
}

static void guard__is_kept_in_the_state(void **state)
{
	struct place *p = *state;
	struct guard g = fresh(5, 6), again;

	taken(&g, NOW, 300, GUARD_ANNOUNCED);
	happens(&g, GUARD_EARLY, NOW + 10);
	happens(&g, GUARD_TOLD, NOW + 10);
	happens(&g, GUARD_REFUSED, NOW + 20);
	keep(p, &g);
	again = known(p->store, fresh(5, 6));
	assert_memory_equal(&again, &g, sizeof(g));
	assert_int_equal(guard_wait_s(&again, true, NOW + 20), 281);
	assert_int_equal(guard_pause_s(&again, 1, NOW + 20), DAY);
}

static void guard__leaves_no_trace_when_there_is_nothing_to_remember(void **state)
{
	struct place *p = *state;
	struct error e = {0};
	struct guard g = fresh(0, 0);
	char text[600];

	happens(&g, GUARD_REFUSED, NOW);
	keep(p, &g);
	assert_true(g.stored);
	taken(&g, NOW, 0, GUARD_OWN);
	keep(p, &g);
	assert_false(g.stored);
	assert_true(store_get(p->store, "logins", text, sizeof(text), &e));
	assert_string_equal(text, "");
}

static void guard__gives_another_password_new_attempts(void **state)
{
	struct place *p = *state;
	struct guard g = fresh(5, 6);

	taken(&g, NOW, 300, GUARD_ANNOUNCED);
	happens(&g, GUARD_REFUSED, NOW + 400);
	keep(p, &g);
	g = known(p->store, fresh(5, 6));
	assert_int_equal(g.refusals, 1);
	g = known(p->store, fresh(7, 6));
	assert_int_equal(g.refusals, 0);
	assert_int_equal(g.delay_s, 300);
	g = known(p->store, fresh(5, 7));
	assert_int_equal(g.refusals, 0);
	assert_int_equal(g.delay_s, 300);
}

static void guard__knows_nothing_of_another_place(void **state)
{
	struct place *p = *state;
	struct guard g = fresh(0, 0), other = {.place = "pop.example.org:110"};

	taken(&g, NOW, 300, GUARD_ANNOUNCED);
	keep(p, &g);
	other = known(p->store, other);
	assert_true(guard_is_empty(&other));
	assert_true(other.stored);
}

static void guard__takes_no_fact_that_makes_no_sense(void **state)
{
	static const char *const table[] = {
		"x",
		"1 2 3",
		"1795490813 300 1 0 0 0 0 0 0 0 0",
		"1795490813 300 1 0 0 0 0 0 0 0 0 pop.example.org:99",
		"-1 300 1 0 0 0 0 0 0 0 0 pop.example.org:995",
		"1795490813 86401 1 0 0 0 0 0 0 0 0 pop.example.org:995",
		"1795490813 300 3 0 0 0 0 0 0 0 0 pop.example.org:995",
		"1795490813 300 1 0 86401 0 0 0 0 0 0 pop.example.org:995",
		"1795490813 300 1 0 0 0 4294967296 0 0 0 0 pop.example.org:995",
	};
	struct place *p = *state;
	struct error e = {0};
	struct guard g;

	for (size_t i = 0; i < COUNT(table); i++) {
		assert_true(store_set(p->store, "logins", table[i], &e));
		g = known(p->store, fresh(0, 0));
		if (!guard_is_empty(&g))
			fail_msg("%s", table[i]);
	}
	assert_true(store_set(
		p->store, "logins", "1795490813 300 1 0 0 0 0 0 0 0 0 pop.example.org:995", &e));
	g = known(p->store, fresh(0, 0));
	assert_int_equal(g.login_s, NOW);
}

static void close_state(struct place *p)
{
	store_free(p->store);
	p->store = NULL;
}

static struct guard reopened(struct place *p, struct guard g)
{
	struct error e = {0};

	p->store = store_open(p->path, "pop.example.org", "anna", &e);
	assert_non_null(p->store);
	g = known(p->store, g);
	close_state(p);
	return g;
}

static void guard__counts_logins_of_one_who_only_looks(void **state)
{
	const struct guard_event refused = {.what = GUARD_REFUSED, .now_s = NOW};
	struct place *p = *state;
	struct guard like = fresh(5, 6), g;
	struct error e = {0};

	close_state(p);
	for (int i = 0; i < 2; i++)
		assert_true(guard_note_aside(&p->file, &like, &refused, &e));
	g = reopened(p, fresh(5, 6));
	assert_int_equal(g.refusals, 2);
}

static void guard__makes_no_state_where_there_is_none(void **state)
{
	const struct guard_event refused = {.what = GUARD_REFUSED, .now_s = NOW};
	struct place *p = *state;
	struct guard like = fresh(5, 6);
	struct error e = {0};

	close_state(p);
	assert_int_equal(unlink(p->path), 0);
	assert_true(guard_note_aside(&p->file, &like, &refused, &e));
	assert_true(guard_reset(&p->file, &e));
	assert_int_equal(access(p->path, F_OK), -1);
}

static void guard__is_reset_by_a_new_password(void **state)
{
	struct place *p = *state;
	struct guard g = fresh(5, 6);
	struct error e = {0};

	taken(&g, NOW, 300, GUARD_ANNOUNCED);
	for (int i = 0; i < 3; i++)
		happens(&g, GUARD_REFUSED, NOW + 400);
	keep(p, &g);
	close_state(p);
	assert_true(guard_reset(&p->file, &e));
	g = reopened(p, fresh(5, 6));
	assert_int_equal(g.refusals, 0);
	assert_int_equal(g.delay_s, 300);
	/* Nor does it hurt where nothing was refused. */
	assert_true(guard_reset(&p->file, &e));
}

int main(void)
{
#define STATE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guard__waits_as_long_as_the_server_wants),
		cmocka_unit_test(guard__pauses_after_refusals_in_a_row),
		cmocka_unit_test(guard__remembers_nothing_of_a_server_without_a_delay),
		cmocka_unit_test(guard__keeps_the_delay_and_no_more_than_a_day_of_it),
		cmocka_unit_test(guard__guesses_longer_each_time_and_not_for_ever),
		cmocka_unit_test(guard__learns_from_refusals),
		cmocka_unit_test(guard__does_not_learn_what_another_client_has_caused),
		cmocka_unit_test(guard__asks_anew_when_its_own_delay_was_wrong),
		cmocka_unit_test(guard__forgets_refusals_with_a_login),
		cmocka_unit_test(guard__says_it_once_for_each_delay),
		cmocka_unit_test(guard__knows_a_busy_mailbox_from_a_wrong_password),
		STATE(guard__is_kept_in_the_state),
		STATE(guard__leaves_no_trace_when_there_is_nothing_to_remember),
		STATE(guard__gives_another_password_new_attempts),
		STATE(guard__knows_nothing_of_another_place),
		STATE(guard__takes_no_fact_that_makes_no_sense),
		STATE(guard__counts_logins_of_one_who_only_looks),
		STATE(guard__makes_no_state_where_there_is_none),
		STATE(guard__is_reset_by_a_new_password),
	};
#undef STATE

	return cmocka_run_group_tests(tests, NULL, NULL);
}
