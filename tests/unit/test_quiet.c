/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is said of failures where nobody watches: runs as rows of a table, each with the time since
 * the first, its error and whether that is said; and that the record reads as it was written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "history.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { NOW = 1795490813, MINUTE = 60, HOUR = 3600, DAY = 86400, QUIET = 2 * HOUR };

/* An error that is told apart from others by its kind or its text. */
enum which {
	OK,
	NETWORK,
	IN_USE,
	TOKEN,
	REFUSED,
	FULL,
	FULL_TOO,
	CERTIFICATE,
	NO_HOST,
	RUNS_MAX = 16
};

static struct error error_of(enum which which)
{
	static const struct {
		enum error_kind kind;
		const char *text;
	} errors[] = {
		[OK] = {ERROR_NONE, ""},
		[NETWORK] = {ERROR_NETWORK, "no network"},
		[IN_USE] = {ERROR_BUSY, "the mailbox is in use"},
		[TOKEN] = {ERROR_AUTH, "the token was refused"},
		[REFUSED] = {ERROR_REFUSED, "a message was refused"},
		[FULL] = {ERROR_DELIVERY, "cannot write tmp/1795490813.M7P11Q1.host"},
		[FULL_TOO] = {ERROR_DELIVERY, "cannot write tmp/1795491413.M7061P8Q12.host"},
		[CERTIFICATE] = {ERROR_TLS, "its certificate has expired"},
		[NO_HOST] = {ERROR_HOST, "there is no such host"},
	};
	struct error e = {.kind = ERROR_NONE};

	if (which != OK)
		error_set(&e, errors[which].kind, "%s", errors[which].text);
	return e;
}

struct run {
	int64_t at_s; /* since NOW */
	enum which which;
	bool said;
	bool by_hand;
};
struct story {
	const char *name;
	int64_t quiet_s;
	bool never_worked;
	struct run runs[RUNS_MAX];
};

static const struct story stories[] = {
	{"a fault that passes is not said, nor its end", QUIET, false,
		{{0, NETWORK, false}, {10 * MINUTE, NETWORK, false}, {119 * MINUTE, NETWORK, false},
			{121 * MINUTE, OK, false}, {122 * MINUTE, NETWORK, false}}},
	{"one that lasts is said once, then once a day, and so is its end", QUIET, false,
		{{0, NETWORK, false}, {HOUR, NETWORK, false}, {2 * HOUR, NETWORK, true},
			{3 * HOUR, NETWORK, false}, {25 * HOUR - 1, NETWORK, false},
			{25 * HOUR, NETWORK, true}, {27 * HOUR, NETWORK, false},
			{50 * HOUR, NETWORK, true}, {51 * HOUR, OK, true}, {52 * HOUR, OK, false},
			{53 * HOUR, NETWORK, false}}},
	{"it is one failure, whatever the reasons", QUIET, false,
		{{0, NETWORK, false}, {HOUR, IN_USE, false}, {2 * HOUR, IN_USE, true},
			{3 * HOUR, NETWORK, false}, {27 * HOUR, NETWORK, true}}},
	{"a permanent error is said at once, and then once a day", QUIET, false,
		{{0, TOKEN, true}, {10 * MINUTE, TOKEN, false}, {23 * HOUR - 1, TOKEN, false},
			{23 * HOUR, TOKEN, true}, {DAY + 1, TOKEN, false}, {DAY + 2, OK, true}}},
	{"one that comes and goes is said once a day, unless it lasts", QUIET, false,
		{{0, TOKEN, true}, {HOUR, OK, true}, {2 * HOUR, TOKEN, false},
			{3 * HOUR, OK, false}, {4 * HOUR, REFUSED, true}, {5 * HOUR, TOKEN, false},
			{6 * HOUR, TOKEN, true}, {7 * HOUR, TOKEN, false}, {8 * HOUR, OK, true},
			{28 * HOUR, TOKEN, false}, {30 * HOUR, TOKEN, true}, {31 * HOUR, OK, true},
			{55 * HOUR, TOKEN, true}}},
	{"of runs once a day each says it, whichever takes how long", QUIET, false,
		{{0, TOKEN, true}, {DAY - 5 * MINUTE, TOKEN, true},
			{2 * DAY - 9 * MINUTE, NETWORK, true},
			{3 * DAY - 10 * MINUTE, NETWORK, true}}},
	{"another permanent error is another one", QUIET, false,
		{{0, TOKEN, true}, {MINUTE, REFUSED, true}, {2 * MINUTE, REFUSED, false}}},
	{"those that take turns are each said once a day", QUIET, false,
		{{0, TOKEN, true}, {MINUTE, REFUSED, true}, {2 * MINUTE, TOKEN, false},
			{3 * MINUTE, CERTIFICATE, true}, {4 * MINUTE, NO_HOST, true},
			{5 * MINUTE, REFUSED, false}, {6 * MINUTE, TOKEN, false},
			{DAY, TOKEN, true}, {DAY + MINUTE, REFUSED, true},
			{DAY + 2 * MINUTE, TOKEN, false}, {DAY + 3 * MINUTE, CERTIFICATE, true},
			{DAY + 4 * MINUTE, REFUSED, false}}},
	{"what differs in a number is the same", QUIET, false,
		{{0, FULL, true}, {MINUTE, FULL_TOO, false}, {DAY, FULL_TOO, true}}},
	{"a permanent one that a temporary one has followed for a day", QUIET, false,
		{{0, TOKEN, true}, {HOUR, NETWORK, false}, {DAY + HOUR, NETWORK, true},
			{DAY + 2 * HOUR, TOKEN, true}, {DAY + 3 * HOUR, TOKEN, false}}},
	{"a permanent one behind a temporary one that was said", QUIET, false,
		{{0, NETWORK, false}, {2 * HOUR, NETWORK, true}, {2 * HOUR + 1, TOKEN, true},
			{2 * HOUR + 2, NETWORK, false}, {2 * HOUR + 3, TOKEN, false}}},
	{"a temporary one behind a permanent one: that it fails is known", QUIET, false,
		{{0, TOKEN, true}, {3 * HOUR, NETWORK, false}, {DAY, NETWORK, true}}},
	{"what never worked may be wrong for good", QUIET, true,
		{{0, NETWORK, true}, {10 * MINUTE, NETWORK, false}, {3 * HOUR, NETWORK, false},
			{DAY, NETWORK, true}, {DAY + 1, OK, true}, {DAY + 2, NETWORK, false}}},
	{"nothing is kept back where that is asked for", 0, false,
		{{0, NETWORK, true}, {1, NETWORK, true}, {2, TOKEN, true}, {3, TOKEN, true},
			{4, OK, false}}},
	{"somebody who watches has heard it, but cron's reader has not", QUIET, false,
		{{0, TOKEN, true, true}, {MINUTE, TOKEN, true}, {2 * MINUTE, TOKEN, false}}},
	{"his failures count for the time", QUIET, false,
		{{0, NETWORK, true, true}, {2 * HOUR, NETWORK, true}}},
	{"the clock was turned back before it was said", QUIET, false,
		{{0, NETWORK, false}, {-DAY, NETWORK, false}, {-DAY + 2 * HOUR - 1, NETWORK, false},
			{-DAY + 2 * HOUR, NETWORK, true}, {-DAY + 3 * HOUR, NETWORK, false}}},
	{"the clock was turned back after it was said", QUIET, false,
		{{0, NETWORK, false}, {2 * HOUR, NETWORK, true}, {-30 * DAY, NETWORK, false},
			{-30 * DAY + 2 * HOUR, NETWORK, true}, {-29 * DAY, NETWORK, false}}},
	{"the same for a permanent one", QUIET, false,
		{{0, TOKEN, true}, {-DAY, TOKEN, true}, {-DAY + MINUTE, TOKEN, false}}},
	{"the clock is set while it lasts", QUIET, false,
		{{1000 - NOW, NETWORK, false}, {2000 - NOW, NETWORK, false}, {0, NETWORK, false},
			{2 * HOUR, NETWORK, true}, {3 * HOUR, OK, true}}},
};

static void play(const struct story *story)
{
	struct quiet q = {.worked_s = story->never_worked ? 0 : NOW - DAY};
	struct quiet_end end;

	for (size_t i = 0; i < RUNS_MAX && (i == 0 || story->runs[i].at_s); i++) {
		const struct run *run = &story->runs[i];
		struct error e = error_of(run->which);
		int64_t now_s = NOW + run->at_s;
		bool said = true;

		if (run->which == OK)
			said = quiet_worked(&q, story->quiet_s, now_s, &end);
		else if (run->by_hand)
			quiet_failed_by_hand(&q, &e, now_s);
		else
			said = quiet_failed(&q, &e, story->quiet_s, now_s);
		if (said != run->said)
			fail_msg("%s: run %zu was %s", story->name, i, said ? "said" : "not said");
	}
}

static void quiet__says_what_lasts_and_what_is_new(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(stories); i++)
		play(&stories[i]);
}

static void quiet__tells_how_long_and_how_often(void **state)
{
	struct quiet q = {.worked_s = NOW - DAY};
	struct error e = error_of(NETWORK);
	struct quiet_end end;

	(void)state;
	assert_false(quiet_failed(&q, &e, QUIET, NOW));
	assert_string_equal(e.text, "no network");
	for (int i = 1; i < 12; i++) {
		e = error_of(NETWORK);
		assert_false(quiet_failed(&q, &e, QUIET, NOW + i * 10 * MINUTE));
	}
	e = error_of(NETWORK);
	assert_true(quiet_failed(&q, &e, QUIET, NOW + QUIET));
	assert_string_equal(e.text, "no network; no run has gone well for 2 h (13 failed)");
	assert_string_equal(q.last.text, "no network");
	assert_int_equal(quiet_lasts_s(&q, NOW + 3 * HOUR), 3 * HOUR);
	assert_true(quiet_worked(&q, QUIET, NOW + 5 * HOUR, &end));
	assert_int_equal(end.failures, 13);
	assert_int_equal(end.lasted_s, 5 * HOUR);
	assert_int_equal(q.worked_s, NOW + 5 * HOUR);
	assert_int_equal(q.since_s, 0);
}

static void quiet__tells_no_time_of_seconds(void **state)
{
	struct quiet q = {.worked_s = NOW - DAY};
	struct error e = error_of(NO_HOST);

	(void)state;
	assert_true(quiet_failed(&q, &e, QUIET, NOW));
	e = error_of(CERTIFICATE);
	assert_true(quiet_failed(&q, &e, QUIET, NOW + MINUTE - 1));
	assert_string_equal(e.text, "its certificate has expired");
	e = error_of(REFUSED);
	assert_true(quiet_failed(&q, &e, QUIET, NOW + MINUTE));
	assert_string_equal(
		e.text, "a message was refused; no run has gone well for 1 min (3 failed)");
}

static void quiet__does_not_believe_a_clock_that_was_not_set(void **state)
{
	struct quiet q = {.worked_s = 0};
	struct error e = error_of(NETWORK);
	struct quiet_end end;

	(void)state;
	assert_true(quiet_failed(&q, &e, QUIET, 1000));
	assert_int_equal(quiet_lasts_s(&q, 1600), 600);
	assert_int_equal(quiet_lasts_s(&q, NOW), -1);
	assert_true(quiet_worked(&q, QUIET, NOW, &end));
	assert_int_equal(end.lasted_s, -1);
	assert_int_equal(end.failures, 1);
}

static void assert_same(const struct quiet *a, const struct quiet *b)
{
	assert_int_equal(a->worked_s, b->worked_s);
	assert_int_equal(a->since_s, b->since_s);
	assert_int_equal(a->failed_s, b->failed_s);
	assert_int_equal(a->said_s, b->said_s);
	assert_int_equal(a->failures, b->failures);
	assert_int_equal(a->last.kind, b->last.kind);
	assert_int_equal(a->last.server, b->last.server);
	assert_string_equal(a->last.text, b->last.text);
	assert_string_equal(a->last.why, b->last.why);
	assert_int_equal(a->taken_s, b->taken_s);
	assert_int_equal(a->taken_said_s, b->taken_said_s);
	for (size_t i = 0; i < QUIET_SAID_MAX; i++) {
		assert_int_equal(a->said[i].words, b->said[i].words);
		assert_int_equal(a->said[i].at_s, b->said[i].at_s);
	}
}

static struct quiet some_failure(void)
{
	struct quiet q = {.worked_s = NOW - DAY};
	struct error e = error_of(TOKEN);

	error_server(&e, span_of("[AUTH] no"));
	error_remedy(&e, "try", "ambil login home");
	assert_true(quiet_failed(&q, &e, QUIET, NOW));
	e = error_of(NETWORK);
	assert_false(quiet_failed(&q, &e, QUIET, NOW + 1));
	e = error_of(TOKEN);
	error_server(&e, span_of("[AUTH] no"));
	assert_false(quiet_failed(&q, &e, QUIET, NOW + 2));
	return q;
}

static void quiet__reads_what_it_wrote(void **state)
{
	struct quiet q = some_failure(), r;
	struct buf text = {NULL, 0, 0};
	struct quiet_end end;
	bool worked;

	(void)state;
	quiet_write(&q, &text);
	quiet_read(&r, buf_span(&text), &worked);
	assert_false(worked);
	assert_same(&q, &r);
	assert_int_equal(r.said[0].at_s, NOW);
	assert_int_equal(r.said[1].at_s, 0);
	assert_true(r.last.server);
	buf_clear(&text);
	assert_true(quiet_worked(&q, QUIET, NOW + 3, &end));
	assert_int_equal(q.said[0].at_s, NOW);
	quiet_write(&q, &text);
	quiet_read(&r, buf_span(&text), &worked);
	assert_true(worked);
	r.worked_s = NOW + 3;
	assert_same(&q, &r);
	buf_release(&text);
}

/* Every text that is cut short, and every one with an octet of it changed, is read as nothing or as
 * something; what is read fits in its place. */
static void quiet__takes_whatever_stands_there(void **state)
{
	struct quiet q = some_failure(), r;
	struct buf text = {NULL, 0, 0};
	bool worked;

	(void)state;
	quiet_write(&q, &text);
	for (size_t i = 0; i < text.len; i++) {
		char *cut = malloc(i + 1);

		memcpy(cut, text.data, i);
		quiet_read(&r, (struct span){cut, i}, &worked);
		assert_false(worked);
		assert_true(r.failures == 0 || r.failures == q.failures);
		cut[i] = '\xff';
		quiet_read(&r, (struct span){cut, i + 1}, &worked);
		assert_false(worked);
		free(cut);
	}
	static const char *const nothing[] = {"", "\n", "fails\n", "fails 1 2 3 4 5\n",
		"fails 1 2 3 4 5 0 75 nonsense\nx\n\n\n", "fails 1 2 3 4 -5 0 75 network\nx\n\n\n",
		"fails 1 0 3 4 5 0 75 network\nx\n\n\n",
		"fails 1 2 3 4 4294967296 0 75 network\nx\n\n\n", "worksx\n"};

	for (size_t i = 0; i < COUNT(nothing); i++) {
		assert_false(quiet_read(&r, span_of(nothing[i]), &worked));
		assert_false(worked);
		assert_int_equal(r.failures, 0);
		assert_int_equal(r.since_s, 0);
	}
	buf_release(&text);
}

static void quiet__keeps_a_text_of_several_lines_in_one(void **state)
{
	struct quiet q = some_failure(), r;
	struct buf text = {NULL, 0, 0};
	bool worked;

	(void)state;
	snprintf(q.last.text, sizeof(q.last.text), "one\ntwo");
	quiet_write(&q, &text);
	quiet_read(&r, buf_span(&text), &worked);
	assert_string_equal(r.last.text, "one two");
	assert_string_equal(r.last.why, "[AUTH] no");
	buf_release(&text);
}

/* Told in one language, and read by people of another, and by programs. */
static void quiet__keeps_the_words_of_two_languages(void **state)
{
	struct quiet q = some_failure(), r;
	struct buf text = {NULL, 0, 0};
	const char *why;
	bool worked;

	(void)state;
	snprintf(q.language, sizeof(q.language), "id");
	snprintf(q.local, sizeof(q.local), "ditolak  \n; surat");
	snprintf(q.local_why, sizeof(q.local_why), "mengapa");
	quiet_write(&q, &text);
	assert_true(quiet_read(&r, buf_span(&text), &worked));
	assert_same(&q, &r);
	assert_string_equal(r.language, "id");
	assert_string_equal(r.local, "ditolak   ; surat");
	assert_string_equal(r.local_why, "mengapa");
	assert_int_equal(r.said[0].at_s, q.said[0].at_s);
	assert_string_equal(quiet_words(&r, &why), q.last.text);
	assert_string_equal(why, q.last.why);
	buf_release(&text);
}

static void quiet__says_that_another_run_does_not_end(void **state)
{
	struct quiet q = {.worked_s = NOW - DAY};
	struct error e = error_of(NETWORK);
	int64_t lasts_s;

	(void)state;
	assert_false(quiet_taken(&q, QUIET, NOW, &lasts_s));
	assert_false(quiet_taken(&q, QUIET, NOW + QUIET - 1, &lasts_s));
	assert_true(quiet_taken(&q, QUIET, NOW + QUIET, &lasts_s));
	assert_int_equal(lasts_s, QUIET);
	assert_false(quiet_taken(&q, QUIET, NOW + DAY, &lasts_s));
	assert_true(quiet_taken(&q, QUIET, NOW + DAY + QUIET, &lasts_s));
	/* It has ended. */
	assert_false(quiet_failed(&q, &e, QUIET, NOW + DAY + QUIET + 1));
	assert_false(quiet_taken(&q, QUIET, NOW + DAY + QUIET + 2, &lasts_s));
	assert_int_equal(lasts_s, 0);
	/* The clock was turned back. */
	assert_false(quiet_taken(&q, 0, NOW - DAY, &lasts_s));
	assert_int_equal(lasts_s, 0);
	assert_true(quiet_taken(&q, 0, NOW - DAY + QUIET_TAKEN_S, &lasts_s));
}

static void quiet__knows_a_long_text_again(void **state)
{
	struct quiet q = {.worked_s = NOW - DAY}, r;
	struct buf text = {NULL, 0, 0};
	bool worked;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct error e = {.kind = ERROR_DELIVERY};

		memset(e.text, 'x', sizeof(e.text) - 1);
		e.text[200] = '\n';
		assert_int_equal(quiet_failed(&q, &e, QUIET, NOW + i), i == 0);
		buf_clear(&text);
		quiet_write(&q, &text);
		quiet_read(&r, buf_span(&text), &worked);
		q = r;
	}
	buf_release(&text);
}

static void history__remembers_in_a_file_that_is_whole(void **state)
{
	char folder[] = "/tmp/ambil-historyXXXXXX", path[80];
	struct quiet q, none = {.since_s = 0}, failing = some_failure(),
			fine = {.worked_s = NOW + HOUR}, later = {.worked_s = NOW + DAY};
	const struct quiet none_at_all = {.since_s = 0};
	struct error e;
	struct stat st, st_later;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/home.runs", folder);
	assert_true(history_read(folder, "home", &q, NULL));
	assert_same(&q, &none);
	assert_true(history_write(folder, "home", &none, &failing));
	assert_true(history_read(folder, "home", &q, NULL));
	assert_same(&q, &failing);
	assert_true(history_read(folder, "work", &q, NULL));
	assert_same(&q, &none);
	assert_true(history_write(folder, "home", &failing, &fine));
	assert_true(history_read(folder, "home", &q, NULL));
	assert_same(&q, &fine);
	/* From then on it is the same file, with another time. */
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(history_write(folder, "home", &fine, &later));
	assert_true(history_read(folder, "home", &q, NULL));
	assert_same(&q, &later);
	assert_int_equal(stat(path, &st_later), 0);
	assert_int_equal(st.st_ino, st_later.st_ino);
	assert_int_equal(unlink(path), 0);
	/* One that was taken away meanwhile is made anew. */
	assert_true(history_write(folder, "home", &fine, &later));
	/* That another run has it: the time of the good one stays, and that none was. */
	fine.taken_s = NOW + 2 * HOUR;
	assert_true(history_write(folder, "home", &later, &fine));
	assert_true(history_read(folder, "home", &q, NULL));
	assert_same(&q, &fine);
	failing.taken_s = NOW + 2 * HOUR;
	failing.taken_said_s = NOW + 4 * HOUR;
	assert_true(history_write(folder, "home", &fine, &failing));
	assert_true(history_read(folder, "home", &q, NULL));
	assert_same(&q, &failing);
	none.taken_s = NOW + DAY;
	assert_true(history_write(folder, "home", &failing, &none));
	assert_true(history_read(folder, "home", &q, NULL));
	assert_same(&q, &none);
	assert_true(history_write(folder, "home", &none, &later));
	assert_true(history_read(folder, "home", &q, NULL));
	assert_same(&q, &later);
	/* One of which a crash has left nothing is not taken for none. */
	assert_int_equal(truncate(path, 0), 0);
	assert_false(history_read(folder, "home", &q, &e));
	assert_int_equal(e.kind, ERROR_STORE);
	assert_non_null(strstr(e.text, path));
	assert_same(&q, &none_at_all);
	assert_int_equal(unlink(path), 0);
	/* Nothing else is left behind. */
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quiet__says_what_lasts_and_what_is_new),
		cmocka_unit_test(quiet__tells_how_long_and_how_often),
		cmocka_unit_test(quiet__tells_no_time_of_seconds),
		cmocka_unit_test(quiet__does_not_believe_a_clock_that_was_not_set),
		cmocka_unit_test(quiet__reads_what_it_wrote),
		cmocka_unit_test(quiet__takes_whatever_stands_there),
		cmocka_unit_test(quiet__keeps_a_text_of_several_lines_in_one),
		cmocka_unit_test(quiet__keeps_the_words_of_two_languages),
		cmocka_unit_test(quiet__says_that_another_run_does_not_end),
		cmocka_unit_test(quiet__knows_a_long_text_again),
		cmocka_unit_test(history__remembers_in_a_file_that_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
