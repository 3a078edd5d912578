/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Recovery, row by row of the table at the head of recover.c: a destination that says of each
 * receipt what it is told to say (the receipt's first letter: A absent, P prepared, D delivered, U
 * unsure), and a real state file. Then mail on its way to another destination than today's, which
 * is opened for real.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>

#include "fetch/recover.h"
#include "sink_helpers.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { PREPARED_S = 1700000000, ABSENT = 99 };

static const char here[] = "maildir:/home/anna/Mail";

/* ---- the destination ---- */

struct scripted {
	struct sink sink; /* must be first */
	struct sink_ops ops;
	struct buf log;
	bool fails;      /* its commit */
	bool fills_disk; /* behind its commit the state file cannot grow */
};

static enum sink_state scripted_recover(
	struct sink *k, const struct receipt *r, int64_t prepared_s, struct error *e)
{
	struct scripted *s = (struct scripted *)k;

	buf_printf(&s->log, "?%s ", r->text);
	assert_int_equal(prepared_s, PREPARED_S);
	switch (r->text[0]) {
	case 'P':
		return SINK_PREPARED;
	case 'D':
		return SINK_DELIVERED;
	case 'G':
		return SINK_GONE;
	case 'F':
		error_set(e, ERROR_BUSY, "%s is locked", r->text);
		return SINK_FAILED;
	case 'U':
		error_set(e, ERROR_DELIVERY, "it cannot be told whether %s was delivered", r->text);
		return SINK_UNSURE;
	default:
		return SINK_ABSENT;
	}
}

static void set_disk_full(bool full)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct rlimit limit;

	sigaction(SIGXFSZ, &ignore, NULL);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = full ? 0 : limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static bool scripted_commit(
	struct sink *k, struct sink_batch *b, const struct receipt *r, size_t n, struct error *e)
{
	struct scripted *s = (struct scripted *)k;

	assert_null(b);
	for (size_t i = 0; i < n; i++)
		buf_printf(&s->log, "!%s ", r[i].text);
	if (s->fills_disk)
		set_disk_full(true);
	return !s->fails || error_set(e, ERROR_DELIVERY, "no space left");
}

static void scripted_sweep(struct sink *k, const struct receipt *named, size_t n)
{
	assert_null(named);
	assert_int_equal(n, 0);
	buf_add_text(&((struct scripted *)k)->log, "sweep");
}

/* ---- the stage ---- */

struct stage {
	char *folder, *path;
	struct scripted scripted;
	struct destination today;
	struct store *store;
	struct recovery done;
	struct error e;
};

static int stage_up(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct stage *s = xcalloc(1, sizeof(*s));

	s->folder = xasprintf("%s/recover.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(s->folder))
		return -1;
	s->path = xasprintf("%s/state", s->folder);
	s->store = store_open(s->path, "pop.example.org", "anna", &s->e);
	s->today.id = xstrdup(here);
	s->scripted = (struct scripted){.sink = {&s->scripted.ops},
		.ops = {.name = "scripted",
			.journalled = true,
			.commit = scripted_commit,
			.recover = scripted_recover,
			.sweep = scripted_sweep}};
	*state = s;
	return s->store ? 0 : -1;
}

static int stage_down(void **state)
{
	struct stage *s = *state;
	const char *const argv[] = {"rm", "-rf", s->folder, NULL};

	store_free(s->store);
	run_program(argv);
	destination_release(&s->today);
	buf_release(&s->scripted.log);
	free(s->folder);
	free(s->path);
	free(s);
	return 0;
}

/* A row in J1 whose UID and receipt are both text. */
static void prepare_row(struct stage *s, const char *text, const char *destination)
{
	struct store_row row = {.key = {span_of(text), 0}, .size = 246};

	snprintf(row.receipt.text, sizeof(row.receipt.text), "%s", text);
	assert_true(store_prepared(s->store, &row, 1, destination, PREPARED_S, &s->e));
}

static bool run_recovery(struct stage *s)
{
	memset(&s->e, 0, sizeof(s->e));
	return recover(s->store, &s->scripted.sink, &s->today, "home", NOW, &s->done, &s->e);
}

static void check_log(const struct stage *s, const char *want)
{
	assert_string_equal(s->scripted.log.data ? s->scripted.log.data : "", want);
}

static struct seen row_of(struct stage *s, const char *uid)
{
	struct seen_set *set = store_load(s->store, &s->e);
	const struct seen *row;
	struct seen result = {.state = (enum store_state)ABSENT};

	assert_non_null(set);
	row = seen_find(set, (struct store_key){span_of(uid), 0});
	if (row)
		result = *row;
	seen_set_free(set);
	return result;
}

/* ---- today's destination ---- */

static void recover__has_nothing_to_do_but_to_sweep(void **state)
{
	struct stage *s = *state;

	assert_true(run_recovery(s));
	check_log(s, "sweep");
	assert_int_equal(s->done.settled + s->done.refetched + s->done.unsure, 0);
	buf_clear(&s->scripted.log);
	s->scripted.ops.sweep = NULL;
	assert_true(run_recovery(s));
	check_log(s, "");
}

static void recover__treats_each_state_as_its_table_says(void **state)
{
	static const struct {
		const char *row, *log;
		int state;
		unsigned settled, refetched, unsure;
	} table[] = {
		{"A", "?A sweep", ABSENT, 0, 1, 0},
		{"P", "?P !P sweep", STORE_DELIVERED, 1, 0, 0},
		{"D", "?D sweep", STORE_DELIVERED, 1, 0, 0},
		{"U", "?U sweep", ABSENT, 0, 0, 1},
		{"G", "?G sweep", STORE_DELIVERED, 0, 0, 0},
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct stage *s;
		struct seen row;

		if (i) {
			stage_down(state);
			assert_int_equal(stage_up(state), 0);
		}
		s = *state;
		prepare_row(s, table[i].row, here);
		assert_true(run_recovery(s));
		check_log(s, table[i].log);
		row = row_of(s, table[i].row);
		assert_int_equal(row.state, table[i].state);
		assert_int_equal(s->done.settled, table[i].settled);
		assert_int_equal(s->done.refetched, table[i].refetched);
		assert_int_equal(s->done.unsure, table[i].unsure);
		assert_int_equal(s->done.unsure_why.kind != ERROR_NONE, table[i].unsure);
		/* What is not there any more must not be deleted elsewhere. */
		assert_int_equal(s->done.gone, table[i].row[0] == 'G');
		assert_int_equal(row.marked, table[i].row[0] == 'G');
		if (table[i].state == ABSENT)
			continue;
		/* The retention clock starts now: that is when it became visible, as far as can be
		 * told. */
		assert_int_equal(row.delivered_s, NOW);
		assert_int_equal(row.size, 246);
	}
}

static void recover__settles_a_batch_in_the_order_it_was_prepared(void **state)
{
	struct stage *s = *state;
	struct store_key gone = {span_of("P0"), 0};
	static const char *const rows[] = {"P0", "P9", "D1", "A2", "P3", "U4", "P5", "D6"};

	for (size_t i = 0; i < COUNT(rows); i++)
		prepare_row(s, rows[i], here);
	assert_true(store_forget(s->store, &gone, 1, &s->e));
	assert_true(run_recovery(s));
	check_log(s, "?P9 ?D1 ?A2 ?P3 ?U4 ?P5 ?D6 !P9 !P3 !P5 sweep");
	assert_int_equal(s->done.settled, 5);
	assert_int_equal(s->done.refetched, 1);
	assert_int_equal(s->done.unsure, 1);
	assert_non_null(strstr(s->done.unsure_why.text, "U4"));
	assert_int_equal(s->e.kind, ERROR_NONE);
	/* It is done once and for all. */
	buf_clear(&s->scripted.log);
	assert_true(run_recovery(s));
	check_log(s, "sweep");
	assert_int_equal(s->done.unsure, 0);
	assert_int_equal(s->done.unsure_why.kind, ERROR_NONE);
}

static void recover__touches_no_row_that_is_settled(void **state)
{
	struct stage *s = *state;
	struct store_row row = {.key = {span_of("D"), 0}, .size = 1};

	assert_true(store_delivered(s->store, &row, 1, here, PREPARED_S, &s->e));
	assert_true(store_failed(
		s->store, (struct store_key){span_of("N"), 0}, "no", PREPARED_S, &s->e));
	assert_true(run_recovery(s));
	check_log(s, "sweep");
	assert_int_equal(row_of(s, "D").delivered_s, PREPARED_S);
	assert_int_equal(row_of(s, "N").attempts, 1);
}

static void recover__fetches_again_where_the_destination_cannot_tell(void **state)
{
	struct stage *s = *state;

	s->scripted.ops.recover = NULL;
	prepare_row(s, "P", here);
	assert_true(run_recovery(s));
	assert_int_equal(row_of(s, "P").state, ABSENT);
	assert_int_equal(s->done.refetched, 1);
}

static void recover__leaves_all_as_it_is_when_the_destination_fails(void **state)
{
	struct stage *s = *state;

	prepare_row(s, "A", here);
	prepare_row(s, "D", here);
	prepare_row(s, "P", here);
	s->scripted.fails = true;
	assert_false(run_recovery(s));
	assert_int_equal(s->e.kind, ERROR_DELIVERY);
	check_log(s, "?A ?D ?P !P ");
	assert_int_equal(row_of(s, "A").state, STORE_PREPARED);
	assert_int_equal(row_of(s, "D").state, STORE_PREPARED);
	assert_int_equal(row_of(s, "P").state, STORE_PREPARED);
	assert_int_equal(s->done.settled, 0);
	s->scripted.fails = false;
	assert_true(run_recovery(s));
	assert_int_equal(s->done.settled, 2);
}

static void recover__guesses_nothing_when_nobody_could_look(void **state)
{
	struct stage *s = *state;

	prepare_row(s, "A", here);
	prepare_row(s, "F", here);
	prepare_row(s, "P", here);
	assert_false(run_recovery(s));
	assert_int_equal(s->e.kind, ERROR_BUSY);
	check_log(s, "?A ?F ");
	assert_int_equal(row_of(s, "A").state, STORE_PREPARED);
	assert_int_equal(row_of(s, "F").state, STORE_PREPARED);
	assert_int_equal(row_of(s, "P").state, STORE_PREPARED);
}

static void recover__leaves_all_as_it_is_when_the_state_cannot_be_written(void **state)
{
	struct stage *s = *state;
	bool ok;

	prepare_row(s, "A", here);
	prepare_row(s, "P", here);
	s->scripted.fills_disk = true;
	ok = run_recovery(s);
	set_disk_full(false);
	assert_false(ok);
	assert_int_equal(s->e.kind, ERROR_STORE);
	check_log(s, "?A ?P !P ");
	assert_int_equal(row_of(s, "A").state, STORE_PREPARED);
	assert_int_equal(row_of(s, "P").state, STORE_PREPARED);
}

/* ---- another destination ---- */

/* Writes a mail to a real destination as far as prepare, and its row; then a crash. Its receipt. */
static struct receipt crash_behind_prepare(struct stage *s, const char *uid, const char *to)
{
	struct fixture f = {.home = s->folder};
	struct store_row row = {.key = {span_of(uid), 0}, .size = 40};
	struct sink_batch *b;

	open_sink(&f, to);
	put_numbered(&f, 1);
	b = f.k->ops->cut(f.k);
	assert_non_null(b);
	assert_true(f.k->ops->prepare(f.k, b, &row.receipt, 1, &f.e));
	assert_true(store_prepared(s->store, &row, 1, f.d.id, NOW, &f.e));
	f.k->ops->batch_free(f.k, b, true);
	close_sink(&f);
	return row.receipt;
}

static void check_folder(struct stage *s, const char *name, size_t in_tmp, size_t in_new)
{
	struct fixture f = {.home = s->folder};
	char *tmp = xasprintf("%s/tmp", name), *new = xasprintf("%s/new", name);

	assert_int_equal(count_in(&f, tmp), in_tmp);
	assert_int_equal(count_in(&f, new), in_new);
	free(tmp);
	free(new);
}

static void recover__settles_mail_at_the_destination_it_was_on_its_way_to(void **state)
{
	struct stage *s = *state;

	crash_behind_prepare(s, "one", "maildir:~/Old");
	crash_behind_prepare(s, "two", "maildir:~/Older");
	prepare_row(s, "D", here);
	check_folder(s, "Old", 1, 0);
	if (!run_recovery(s))
		fail_msg("%s", s->e.text);
	check_folder(s, "Old", 0, 1);
	check_folder(s, "Older", 0, 1);
	check_log(s, "?D sweep");
	assert_int_equal(row_of(s, "one").state, STORE_DELIVERED);
	assert_int_equal(row_of(s, "two").state, STORE_DELIVERED);
	assert_int_equal(s->done.settled, 3);
}

static void recover__settles_an_mbox_that_was_not_reached(void **state)
{
	struct stage *s = *state;

	crash_behind_prepare(s, "one", "mbox:~/old.mbox");
	if (!run_recovery(s))
		fail_msg("%s", s->e.text);
	/* Either it was appended now, or it will be fetched again; never both, never neither. */
	assert_int_equal(s->done.settled + s->done.refetched, 1);
	assert_int_equal(
		row_of(s, "one").state, s->done.settled ? (int)STORE_DELIVERED : (int)ABSENT);
}

static void recover__finds_a_destination_with_a_percent_sign_in_it(void **state)
{
	struct stage *s = *state;

	crash_behind_prepare(s, "one", "maildir:~/100%%all");
	if (!run_recovery(s))
		fail_msg("%s", s->e.text);
	check_folder(s, "100%all", 0, 1);
	assert_int_equal(row_of(s, "one").state, STORE_DELIVERED);
}

static void recover__fetches_again_what_went_to_a_destination_that_is_gone(void **state)
{
	struct stage *s = *state;
	char *moved = xasprintf("%s/disk", s->folder), *away = xasprintf("%s/away", s->folder);

	assert_int_equal(mkdir(moved, 0700), 0);
	crash_behind_prepare(s, "one", "maildir:~/disk/Old");
	assert_int_equal(rename(moved, away), 0);
	/* Today's mail must not wait for a disk that may never come back; nothing is made in its
	 * place. */
	assert_true(run_recovery(s));
	assert_int_equal(s->done.unsure, 1);
	assert_true(strstr(s->done.unsure_why.text, "is not there any more") != NULL);
	assert_int_equal(access(moved, F_OK), -1);
	assert_int_equal((int)row_of(s, "one").state, ABSENT);
	free(moved);
	free(away);
}

static void recover__refuses_a_destination_that_it_cannot_read(void **state)
{
	struct stage *s = *state;

	prepare_row(s, "P", "imap:elsewhere");
	assert_false(run_recovery(s));
	assert_int_not_equal(s->e.kind, ERROR_NONE);
	assert_int_equal(row_of(s, "P").state, STORE_PREPARED);
	check_log(s, "");
}

#define STAGE_TEST(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(recover__has_nothing_to_do_but_to_sweep),
		STAGE_TEST(recover__treats_each_state_as_its_table_says),
		STAGE_TEST(recover__settles_a_batch_in_the_order_it_was_prepared),
		STAGE_TEST(recover__touches_no_row_that_is_settled),
		STAGE_TEST(recover__fetches_again_where_the_destination_cannot_tell),
		STAGE_TEST(recover__leaves_all_as_it_is_when_the_destination_fails),
		STAGE_TEST(recover__guesses_nothing_when_nobody_could_look),
		STAGE_TEST(recover__leaves_all_as_it_is_when_the_state_cannot_be_written),
		STAGE_TEST(recover__settles_mail_at_the_destination_it_was_on_its_way_to),
		STAGE_TEST(recover__settles_an_mbox_that_was_not_reached),
		STAGE_TEST(recover__finds_a_destination_with_a_percent_sign_in_it),
		STAGE_TEST(recover__fetches_again_what_went_to_a_destination_that_is_gone),
		STAGE_TEST(recover__refuses_a_destination_that_it_cannot_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
