/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The committer between a destination that does as it is told and a real state file. The
 * destination looks into the state while it works, through a second thread's eyes: each step is
 * logged with the state that the journal was in at that moment, so that the order of the four steps
 * cannot be changed unseen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fetch/commit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char place[] = "maildir:/home/anna/Mail";

/* ---- threads, which the committer is given or not ---- */

static size_t threads_made;
static bool no_threads;

int __real_pthread_create(
	pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *), void *argument);
int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *), void *argument);
int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *), void *argument)
{
	if (no_threads)
		return EAGAIN;
	threads_made++;
	return __real_pthread_create(thread, how, run, argument);
}

/* ---- the destination ---- */

struct sink_batch {
	char name; /* for the log */
};

enum step { STEP_PREPARE, STEP_COMMIT, STEPS };

struct fake {
	struct sink sink; /* must be first */
	struct sink_ops ops;
	struct store *store; /* used on the committer's thread, as it does itself */
	char *log;           /* grown by the committer's thread only */
	char fail_name;      /* the batch that fails */
	enum step fail_step;
	struct error fail_with;
	char full_name;      /* the batch in which the disk is full for the state file … */
	enum step full_step; /* … behind this step */
	char watched;        /* a batch whose state is logged at every step, too */
	bool hold;           /* the first prepare waits for hold to end */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool entered;
	size_t freed;
};

static void say(struct fake *f, const char *what, const struct sink_batch *b)
{
	char *longer = xasprintf("%s%s%c ", f->log, what, b->name);

	free(f->log);
	f->log = longer;
}

/* N, P, D or R for the first mail of a batch as the state has it, "-" for none. */
static const char *journal_state(const struct fake *f, char name)
{
	static const char *const letters[] = {"N", "P", "D", "R"};
	char uid[3] = {name, '0', '\0'};
	struct seen_set *set = f->store ? store_load(f->store, NULL) : NULL;
	const struct seen *row = set ? seen_find(set, (struct store_key){span_of(uid), 0}) : NULL;
	const char *letter = row ? letters[row->state] : "-";

	seen_set_free(set);
	return letter;
}

static bool step(struct fake *f, enum step which, const char *what, const struct sink_batch *b,
	struct error *e)
{
	char words[40];

	if (f->watched)
		snprintf(words, sizeof(words), "%s(%s,%s)", what, journal_state(f, b->name),
			journal_state(f, f->watched));
	else
		snprintf(words, sizeof(words), "%s(%s)", what, journal_state(f, b->name));
	say(f, words, b);
	if (f->fail_name == b->name && f->fail_step == which) {
		*e = f->fail_with;
		return false;
	}
	return true;
}

static void wait_while_held(struct fake *f)
{
	pthread_mutex_lock(&f->mutex);
	f->entered = true;
	pthread_cond_broadcast(&f->changed);
	while (f->hold)
		pthread_cond_wait(&f->changed, &f->mutex);
	pthread_mutex_unlock(&f->mutex);
}

/* From now on no file can grow, as on a full disk, until the limit is lifted. */
static void set_disk_full(bool full)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct rlimit limit;

	sigaction(SIGXFSZ, &ignore, NULL);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = full ? 0 : limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static bool fake_prepare(
	struct sink *k, struct sink_batch *b, struct receipt *out, size_t n, struct error *e)
{
	struct fake *f = (struct fake *)k;

	wait_while_held(f);
	for (size_t i = 0; i < n; i++)
		snprintf(out[i].text, sizeof(out[i].text), "tmp/%c%zu", b->name, i);
	if (!step(f, STEP_PREPARE, "prepare", b, e))
		return false;
	if (f->full_name == b->name && f->full_step == STEP_PREPARE)
		set_disk_full(true);
	return true;
}

static bool fake_commit(
	struct sink *k, struct sink_batch *b, const struct receipt *r, size_t n, struct error *e)
{
	struct fake *f = (struct fake *)k;

	if (f->ops.prepare)
		for (size_t i = 0; i < n; i++) {
			char want[20];

			snprintf(want, sizeof(want), "tmp/%c%zu", b->name, i);
			if (strcmp(r[i].text, want) != 0)
				say(f, "wrong-receipt", b);
		}
	if (!step(f, STEP_COMMIT, "commit", b, e))
		return false;
	if (f->full_name == b->name && f->full_step == STEP_COMMIT)
		set_disk_full(true);
	return true;
}

/* The first mail of each batch. */
static bool fake_is_lost(const struct sink *k, const struct receipt *r)
{
	(void)k;
	return r->text[strlen(r->text) - 1] == '0';
}

static void fake_batch_free(struct sink *k, struct sink_batch *b, bool keep)
{
	struct fake *f = (struct fake *)k;

	say(f, keep ? "keep" : "free", b);
	free(b);
	pthread_mutex_lock(&f->mutex);
	f->freed++;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->mutex);
}

/* ---- the stage ---- */

struct stage {
	char *folder, *path;
	struct fake fake;
	struct store *store;
	struct commit *commit;
};

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct stage *s = xcalloc(1, sizeof(*s));
	struct error e;

	s->folder = xasprintf("%s/commit.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(s->folder))
		return -1;
	s->path = xasprintf("%s/state", s->folder);
	s->store = store_open(s->path, "pop.example.org", "anna", &e);
	s->fake = (struct fake){.sink = {&s->fake.ops},
		.ops = {.name = "fake",
			.batch_max = 100,
			.journalled = true,
			.prepare = fake_prepare,
			.commit = fake_commit,
			.batch_free = fake_batch_free},
		.store = s->store,
		.log = xstrdup("")};
	pthread_mutex_init(&s->fake.mutex, NULL);
	pthread_cond_init(&s->fake.changed, NULL);
	*state = s;
	return s->store ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const names[] = {"", "-wal", "-shm", "-journal"};
	struct stage *s = *state;

	commit_free(s->commit);
	store_free(s->store);
	for (size_t i = 0; i < COUNT(names); i++) {
		char *path = xasprintf("%s%s", s->path, names[i]);

		unlink(path);
		free(path);
	}
	assert_int_equal(rmdir(s->folder), 0);
	pthread_cond_destroy(&s->fake.changed);
	pthread_mutex_destroy(&s->fake.mutex);
	free(s->fake.log);
	free(s->folder);
	free(s->path);
	free(s);
	return 0;
}

static void start(struct stage *s, bool journal)
{
	struct error e;

	s->commit = commit_start(&s->fake.sink, place, s->store, journal, &e);
	assert_non_null(s->commit);
}

/* A batch of n mails with the UIDs name0, name1, … */
static void submit(struct stage *s, char name, size_t n)
{
	static const char digits[] = "0123456789";
	struct commit_batch *b = xcalloc(1, sizeof(*b));
	static char uids[128][10][2]; /* the caller's UIDs live as long as its listing */

	b->sink = xcalloc(1, sizeof(*b->sink));
	b->sink->name = name;
	b->mails = xcalloc(n, sizeof(*b->mails));
	b->n = n;
	b->octets = 1000 * n;
	for (size_t i = 0; i < n; i++) {
		uids[(int)name][i][0] = name;
		uids[(int)name][i][1] = digits[i];
		b->mails[i] = (struct commit_mail){.index = (uint32_t)i,
			.row = {.key = {{uids[(int)name][i], 2}, 0}, .size = 100 + i}};
	}
	commit_submit(s->commit, b);
}

/* Waits for the next batch. */
static struct commit_batch *take(struct stage *s)
{
	struct pollfd p = {.fd = commit_fd(s->commit), .events = POLLIN};
	struct commit_batch *b;

	assert_int_equal(poll(&p, 1, 120000), 1);
	b = commit_take(s->commit);
	assert_non_null(b);
	assert_null(b->sink);
	return b;
}

static void take_delivered(struct stage *s)
{
	struct commit_batch *b = take(s);

	if (!b->delivered)
		fail_msg("%s", b->error.text);
	commit_batch_free(b);
}

static void take_failed(struct stage *s, enum error_kind kind)
{
	struct commit_batch *b = take(s);

	assert_false(b->delivered);
	assert_int_equal(b->error.kind, kind);
	commit_batch_free(b);
}

/* Ends the thread, so that log and state may be looked at. */
static void finish(struct stage *s)
{
	commit_free(s->commit);
	s->commit = NULL;
}

static struct seen look(struct stage *s, const char *uid)
{
	struct seen_set *set = store_load(s->store, NULL);
	const struct seen *row;
	struct seen result = {.state = (enum store_state)99};

	assert_non_null(set);
	row = seen_find(set, (struct store_key){span_of(uid), 0});
	if (row)
		result = *row;
	seen_set_free(set);
	return result;
}

static void check_state(struct stage *s, const char *uid, int state)
{
	assert_int_equal(look(s, uid).state, state);
}

enum { ABSENT = 99 };

/* ---- tests ---- */

static void commit__takes_the_four_steps_in_order(void **state)
{
	struct stage *s = *state;
	struct store_pending *rows;
	size_t n;

	start(s, true);
	submit(s, 'a', 3);
	take_delivered(s);
	finish(s);
	assert_string_equal(s->fake.log, "prepare(-)a commit(P)a keepa ");
	for (size_t i = 0; i < 3; i++) {
		char uid[3] = {'a', (char)('0' + i), '\0'};

		check_state(s, uid, STORE_DELIVERED);
		assert_int_equal(look(s, uid).size, 100 + i);
	}
	assert_true(store_pending(s->store, &rows, &n, NULL));
	assert_int_equal(n, 0);
	store_pending_free(rows, n);
}

static void commit__gives_receipts_and_order_back(void **state)
{
	struct stage *s = *state;

	start(s, true);
	for (char name = 'a'; name <= 'j'; name++)
		submit(s, name, 2);
	assert_int_equal(commit_pending(s->commit), 10);
	assert_int_equal(commit_backlog(s->commit), 20000);
	for (char name = 'a'; name <= 'j'; name++) {
		struct commit_batch *b = take(s);
		char want[20];

		assert_true(b->delivered);
		assert_int_equal(b->n, 2);
		assert_int_equal(b->mails[1].index, 1);
		snprintf(want, sizeof(want), "tmp/%c1", name);
		assert_string_equal(b->receipts[1].text, want);
		commit_batch_free(b);
	}
	assert_int_equal(commit_pending(s->commit), 0);
	assert_int_equal(commit_backlog(s->commit), 0);
	assert_null(commit_take(s->commit));
	commit_batch_free(NULL);
}

static void commit__journals_only_what_takes_part(void **state)
{
	struct stage *s = *state;

	s->fake.ops.journalled = false;
	start(s, true);
	submit(s, 'a', 1);
	take_delivered(s);
	finish(s);
	assert_string_equal(s->fake.log, "prepare(-)a commit(-)a freea ");
	check_state(s, "a0", STORE_DELIVERED);
}

static void commit__needs_no_prepare(void **state)
{
	struct stage *s = *state;

	s->fake.ops.journalled = false;
	s->fake.ops.prepare = NULL;
	start(s, true);
	submit(s, 'a', 1);
	take_delivered(s);
	finish(s);
	assert_string_equal(s->fake.log, "commit(-)a freea ");
	check_state(s, "a0", STORE_DELIVERED);
}

static void commit__writes_nothing_when_the_server_has_no_uids(void **state)
{
	struct stage *s = *state;

	start(s, false);
	submit(s, 'a', 2);
	take_delivered(s);
	s->fake.fail_name = 'b';
	s->fake.fail_step = STEP_COMMIT;
	error_set(&s->fake.fail_with, ERROR_LATER, "later");
	submit(s, 'b', 1);
	take_failed(s, ERROR_LATER);
	submit(s, 'c', 1);
	take_delivered(s);
	finish(s);
	assert_string_equal(s->fake.log,
		"prepare(-)a commit(-)a freea prepare(-)b commit(-)b freeb prepare(-)c commit(-)c freec ");
	check_state(s, "a0", ABSENT);
	check_state(s, "b0", ABSENT);
}

static void commit__works_without_any_state(void **state)
{
	struct stage *s = *state;
	struct error e;

	s->fake.store = NULL;
	s->commit = commit_start(&s->fake.sink, place, NULL, false, &e);
	assert_non_null(s->commit);
	submit(s, 'a', 2);
	take_delivered(s);
}

/* A failure of the destination: what is behind it is not begun, and what the journal names is kept
 * on disk. */
static void commit__stops_at_the_first_failure(void **state)
{
	static const struct {
		enum step step;
		enum error_kind kind;
		const char *log;
		int state; /* of the batch that failed */
	} table[] = {
		{STEP_PREPARE, ERROR_DELIVERY, "prepare(-)b freeb ", ABSENT},
		{STEP_COMMIT, ERROR_DELIVERY, "prepare(-)b commit(P)b keepb ", STORE_PREPARED},
		/* "no" to one of several mails is not known to be about that one only */
		{STEP_PREPARE, ERROR_REFUSED, "prepare(-)b freeb ", ABSENT},
		{STEP_COMMIT, ERROR_LATER, "prepare(-)b commit(P)b keepb ", STORE_PREPARED},
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct stage *s;
		char *want;

		if (i) {
			assert_int_equal(teardown(state), 0);
			assert_int_equal(setup(state), 0);
		}
		s = *state;
		s->fake.fail_name = 'b';
		s->fake.fail_step = table[i].step;
		error_set(&s->fake.fail_with, table[i].kind, "no space left");
		start(s, true);
		for (char name = 'a'; name <= 'd'; name++)
			submit(s, name, 2);
		take_delivered(s);
		take_failed(s, table[i].kind);
		take_failed(s, table[i].kind);
		take_failed(s, table[i].kind);
		submit(s, 'e', 1);
		take_failed(s, table[i].kind);
		finish(s);
		want = xasprintf("prepare(-)a commit(P)a keepa %sfreec freed freee ", table[i].log);
		assert_string_equal(s->fake.log, want);
		free(want);
		check_state(s, "a0", STORE_DELIVERED);
		check_state(s, "b0", table[i].state);
		check_state(s, "b1", table[i].state);
		check_state(s, "c0", ABSENT);
	}
}

static void commit__forgets_a_mail_that_another_program_has_taken_away(void **state)
{
	struct stage *s = *state;

	s->fake.ops.is_lost = fake_is_lost;
	s->fake.fail_name = 'b';
	s->fake.fail_step = STEP_COMMIT;
	error_set(&s->fake.fail_with, ERROR_DELIVERY, "another program removed it");
	start(s, true);
	submit(s, 'b', 3);
	take_failed(s, ERROR_DELIVERY);
	finish(s);
	check_state(s, "b0", ABSENT);
	check_state(s, "b1", STORE_PREPARED);
	check_state(s, "b2", STORE_PREPARED);
}

static void commit__goes_on_behind_one_mail_that_is_refused(void **state)
{
	static const enum error_kind kinds[] = {ERROR_LATER, ERROR_REFUSED};
	struct stage *s = *state;

	s->fake.ops.journalled = false;
	start(s, true);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		s->fake.fail_name = 'b';
		s->fake.fail_step = STEP_COMMIT;
		error_set(&s->fake.fail_with, kinds[i], "the command said no");
		submit(s, 'a', 1);
		submit(s, 'b', 1);
		submit(s, 'c', 1);
		take_delivered(s);
		take_failed(s, kinds[i]);
		take_delivered(s);
		check_state(s, "b0", STORE_NOTED);
		assert_int_equal(look(s, "b0").attempts, i + 1);
	}
	s->fake.fail_name = '\0';
	submit(s, 'b', 1);
	take_delivered(s);
	finish(s);
	check_state(s, "a0", STORE_DELIVERED);
	check_state(s, "b0", STORE_DELIVERED);
	assert_int_equal(look(s, "b0").attempts, 0);
	check_state(s, "c0", STORE_DELIVERED);
}

static void commit__stops_when_one_mail_meets_a_full_disk(void **state)
{
	struct stage *s = *state;

	s->fake.fail_name = 'a';
	s->fake.fail_step = STEP_PREPARE;
	error_sys(&s->fake.fail_with, ERROR_DELIVERY, 28, "cannot write tmp/x");
	start(s, true);
	submit(s, 'a', 1);
	submit(s, 'b', 1);
	take_failed(s, ERROR_DELIVERY);
	take_failed(s, ERROR_DELIVERY);
	finish(s);
	assert_string_equal(s->fake.log, "prepare(-)a freea freeb ");
	check_state(s, "a0", ABSENT);
}

/* ---- one entry for two batches ---- */

static void let_go(struct fake *f)
{
	pthread_mutex_lock(&f->mutex);
	f->hold = false;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->mutex);
}

/* Of all three there is no wait for the next. */
static void submit_three(struct stage *s, size_t n)
{
	s->fake.hold = true;
	start(s, true);
	for (char name = 'a'; name <= 'c'; name++)
		submit(s, name, n);
	let_go(&s->fake);
}

static void commit__notes_a_batch_with_the_one_behind_it(void **state)
{
	struct stage *s = *state;

	s->fake.watched = 'a';
	submit_three(s, 2);
	for (int i = 0; i < 3; i++)
		take_delivered(s);
	finish(s);
	assert_string_equal(s->fake.log,
		"prepare(-,-)a commit(P,P)a keepa prepare(-,P)b commit(P,D)b keepb "
		"prepare(-,D)c commit(P,D)c keepc ");
	for (char name = 'a'; name <= 'c'; name++)
		check_state(s, (char[]){name, '1', '\0'}, STORE_DELIVERED);
}

/* Another program that is waited for may move the mail of the first before it is noted. */
static void commit__notes_a_batch_before_the_next_may_wait(void **state)
{
	struct stage *s = *state;

	s->fake.watched = 'a';
	s->fake.ops.waits = true;
	submit_three(s, 2);
	for (int i = 0; i < 3; i++)
		take_delivered(s);
	finish(s);
	assert_string_equal(s->fake.log,
		"prepare(-,-)a commit(P,P)a keepa prepare(-,D)b commit(P,D)b keepb "
		"prepare(-,D)c commit(P,D)c keepc ");
}

static void commit__notes_at_once_what_nothing_follows(void **state)
{
	struct stage *s = *state;

	start(s, true);
	submit(s, 'a', 1);
	take_delivered(s);
	/* The thread waits and does not use the state. */
	check_state(s, "a0", STORE_DELIVERED);
	finish(s);
}

static void commit__notes_a_batch_though_the_next_cannot_be_prepared(void **state)
{
	struct stage *s = *state;

	s->fake.fail_name = 'b';
	s->fake.fail_step = STEP_PREPARE;
	error_set(&s->fake.fail_with, ERROR_DELIVERY, "no space left");
	submit_three(s, 1);
	take_delivered(s);
	take_failed(s, ERROR_DELIVERY);
	take_failed(s, ERROR_DELIVERY);
	finish(s);
	check_state(s, "a0", STORE_DELIVERED);
	check_state(s, "b0", ABSENT);
}

/* ---- a journal that cannot be written ---- */

/* The entry that fails is one for the batch before as well. */
static void commit__keeps_what_a_failed_journal_may_name(void **state)
{
	struct stage *s = *state;

	s->fake.full_name = 'b';
	s->fake.full_step = STEP_PREPARE;
	submit_three(s, 2);
	for (int i = 0; i < 3; i++)
		take_failed(s, ERROR_STORE);
	finish(s);
	set_disk_full(false);
	/* It may have become durable all the same: nothing is removed on disk, nothing is made
	 * visible. */
	assert_string_equal(s->fake.log, "prepare(-)a commit(P)a keepa prepare(-)b keepb freec ");
	check_state(s, "a0", STORE_PREPARED);
	check_state(s, "b0", ABSENT);
	check_state(s, "c0", ABSENT);
}

static void commit__leaves_to_recovery_what_is_visible_but_not_noted(void **state)
{
	struct stage *s = *state;

	s->fake.full_name = 'b';
	s->fake.full_step = STEP_COMMIT;
	submit_three(s, 2);
	take_delivered(s);
	take_failed(s, ERROR_STORE);
	take_failed(s, ERROR_STORE);
	finish(s);
	set_disk_full(false);
	assert_string_equal(s->fake.log,
		"prepare(-)a commit(P)a keepa prepare(-)b commit(P)b keepb prepare(-)c keepc ");
	check_state(s, "a0", STORE_DELIVERED);
	check_state(s, "b0", STORE_PREPARED);
	check_state(s, "b1", STORE_PREPARED);
	check_state(s, "c0", ABSENT);
}

/* One mail is refused, and even that cannot be noted. */
static void commit__stops_when_a_refusal_cannot_be_noted(void **state)
{
	struct stage *s = *state;

	s->fake.ops.journalled = false;
	s->fake.fail_name = 'b';
	s->fake.fail_step = STEP_COMMIT;
	error_set(&s->fake.fail_with, ERROR_LATER, "later");
	s->fake.full_name = 'b';
	s->fake.full_step = STEP_PREPARE;
	start(s, true);
	submit(s, 'b', 1);
	submit(s, 'c', 1);
	take_failed(s, ERROR_STORE);
	take_failed(s, ERROR_STORE);
	finish(s);
	set_disk_full(false);
	assert_string_equal(s->fake.log, "prepare(-)b commit(-)b freeb freec ");
	check_state(s, "b0", ABSENT);
}

/* ---- the thread ---- */

static void wait_until_entered(struct fake *f)
{
	pthread_mutex_lock(&f->mutex);
	while (!f->entered)
		pthread_cond_wait(&f->changed, &f->mutex);
	pthread_mutex_unlock(&f->mutex);
}

static void wait_until_freed(struct fake *f, size_t n)
{
	pthread_mutex_lock(&f->mutex);
	while (f->freed < n)
		pthread_cond_wait(&f->changed, &f->mutex);
	pthread_mutex_unlock(&f->mutex);
}

static void commit__never_makes_the_caller_wait(void **state)
{
	struct stage *s = *state;

	s->fake.hold = true;
	start(s, true);
	for (char name = 'a'; name <= 'e'; name++)
		submit(s, name, 1);
	wait_until_entered(&s->fake);
	assert_null(commit_take(s->commit));
	assert_int_equal(
		poll(&(struct pollfd){.fd = commit_fd(s->commit), .events = POLLIN}, 1, 0), 0);
	assert_int_equal(commit_pending(s->commit), 5);
	let_go(&s->fake);
	for (char name = 'a'; name <= 'e'; name++)
		take_delivered(s);
}

static void commit__finishes_what_is_begun_when_cancelled(void **state)
{
	struct stage *s = *state;

	s->fake.hold = true;
	start(s, true);
	submit(s, 'a', 1);
	submit(s, 'b', 1);
	submit(s, 'c', 1);
	wait_until_entered(&s->fake);
	commit_cancel(s->commit);
	let_go(&s->fake);
	take_delivered(s);
	take_failed(s, ERROR_INTERRUPTED);
	take_failed(s, ERROR_INTERRUPTED);
	finish(s);
	assert_string_equal(s->fake.log, "prepare(-)a commit(P)a keepa freeb freec ");
	check_state(s, "a0", STORE_DELIVERED);
	check_state(s, "b0", ABSENT);
}

static void commit__works_off_its_queue_before_it_ends(void **state)
{
	struct stage *s = *state;

	start(s, true);
	for (char name = 'a'; name <= 'z'; name++)
		submit(s, name, 1);
	finish(s);
	for (char name = 'a'; name <= 'z'; name++)
		check_state(s, (char[]){name, '0', '\0'}, STORE_DELIVERED);
	commit_free(NULL);
}

static void commit__is_readable_only_while_there_is_something(void **state)
{
	enum { N = 700 };
	struct stage *s = *state;
	struct pollfd p;

	s->fake.store = NULL;
	start(s, false);
	p = (struct pollfd){.fd = commit_fd(s->commit), .events = POLLIN};
	assert_int_equal(poll(&p, 1, 0), 0);
	/* They pile up: more than the octets that one read takes. */
	for (int i = 0; i < N; i++)
		submit(s, 'a', 1);
	wait_until_freed(&s->fake, N);
	for (int i = 0; i < N; i++)
		commit_batch_free(take(s));
	assert_int_equal(commit_pending(s->commit), 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	submit(s, 'b', 1);
	assert_int_equal(poll(&p, 1, 120000), 1);
	take_delivered(s);
	assert_int_equal(poll(&p, 1, 0), 0);
}

static void commit__leaves_signals_to_the_network_side(void **state)
{
	struct stage *s = *state;
	sigset_t now;

	start(s, true);
	submit(s, 'a', 1);
	take_delivered(s);
	/* The mask of this thread is as it was. */
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &now), 0);
	assert_int_equal(sigismember(&now, SIGTERM), 0);
}

#define STAGE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* ---- several at once ---- */

enum { BESIDE = 3 };

/* A command that waits until as many as may are at work; mails of batch x are refused, y is broken.
 */
struct meeting {
	struct sink sink; /* must be first */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int inside, most;
	bool met;
};

static bool meet(
	struct sink *k, struct sink_batch *b, const struct receipt *r, size_t n, struct error *e)
{
	struct meeting *m = (struct meeting *)k;

	(void)r;
	(void)n;
	pthread_mutex_lock(&m->mutex);
	m->inside++;
	m->most = m->inside > m->most ? m->inside : m->most;
	m->met = m->met || m->inside == BESIDE;
	pthread_cond_broadcast(&m->changed);
	while (!m->met)
		pthread_cond_wait(&m->changed, &m->mutex);
	m->inside--;
	pthread_mutex_unlock(&m->mutex);
	if (b->name == 'x')
		return error_set(e, ERROR_REFUSED, "no");
	return b->name != 'y' || error_set(e, ERROR_DELIVERY, "broken");
}

static void leave(struct sink *k, struct sink_batch *b, bool keep)
{
	(void)k;
	(void)keep;
	free(b);
}

/* All but x are delivered when there is no y; where there is, what it lets through is in the state.
 */
static void commit__works_at_several_batches_at_once(void **state)
{
	static const struct sink_ops ops = {
		.name = "meeting", .batch_max = 1, .commit = meet, .batch_free = leave};
	struct stage *s = *state;
	int states[128];

	for (size_t i = 0; i < COUNT(states); i++)
		states[i] = ABSENT;
	for (int broken = 0; broken < 2; broken++) {
		struct meeting m = {.sink = {.ops = &ops, .jobs = BESIDE}};
		size_t delivered = 0, refused = 0, stopped = 0;
		struct error e;

		pthread_mutex_init(&m.mutex, NULL);
		pthread_cond_init(&m.changed, NULL);
		s->commit = commit_start(&m.sink, place, s->store, true, &e);
		assert_non_null(s->commit);
		for (char name = broken ? 'o' : 'a'; name < (broken ? 'z' : 'l'); name++)
			submit(s, broken || name != 'k' ? name : 'x', 1);
		while (commit_pending(s->commit)) {
			struct commit_batch *b = take(s);
			int now = b->delivered                   ? STORE_DELIVERED
				: b->error.kind == ERROR_REFUSED ? STORE_NOTED
								 : ABSENT;

			states[(int)b->mails[0].row.key.uid.data[0]] = now;
			delivered += now == STORE_DELIVERED;
			refused += now == STORE_NOTED;
			stopped += now == ABSENT;
			commit_batch_free(b);
		}
		finish(s);
		for (char name = 'a'; name < 'z'; name++)
			check_state(s, (char[]){name, '0', '\0'}, states[(int)name]);
		assert_int_equal(m.most, BESIDE);
		assert_int_equal(delivered + refused + stopped, 11);
		if (!broken) {
			assert_int_equal(delivered, 10);
			assert_int_equal(refused, 1);
		} else {
			assert_true(stopped >= 1);
		}
		pthread_cond_destroy(&m.changed);
		pthread_mutex_destroy(&m.mutex);
	}
}

/* Most runs find no mail. */
static void commit__starts_its_thread_with_the_first_batch(void **state)
{
	struct stage *s = *state;
	size_t before = threads_made;

	start(s, true);
	finish(s);
	assert_int_equal(threads_made, before);
	start(s, true);
	submit(s, 'a', 1);
	take_delivered(s);
	assert_int_equal(threads_made, before + 1);
	submit(s, 'b', 1);
	take_delivered(s);
	assert_int_equal(threads_made, before + 1);
}

/* Then nothing of the batch is begun, and what the sink has of it is let go. */
static void commit__gives_a_batch_back_without_a_thread(void **state)
{
	struct stage *s = *state;
	struct commit_batch *b;

	start(s, true);
	no_threads = true;
	submit(s, 'a', 2);
	no_threads = false;
	b = take(s);
	assert_false(b->delivered);
	assert_int_equal(b->error.kind, ERROR_INTERNAL);
	commit_batch_free(b);
	assert_int_equal(commit_pending(s->commit), 0);
	assert_string_equal(s->fake.log, "freea ");
	check_state(s, "a0", ABSENT);
	submit(s, 'b', 1);
	take_delivered(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(commit__takes_the_four_steps_in_order),
		STAGE_TEST(commit__gives_receipts_and_order_back),
		STAGE_TEST(commit__journals_only_what_takes_part),
		STAGE_TEST(commit__needs_no_prepare),
		STAGE_TEST(commit__writes_nothing_when_the_server_has_no_uids),
		STAGE_TEST(commit__works_without_any_state),
		STAGE_TEST(commit__stops_at_the_first_failure),
		STAGE_TEST(commit__forgets_a_mail_that_another_program_has_taken_away),
		STAGE_TEST(commit__goes_on_behind_one_mail_that_is_refused),
		STAGE_TEST(commit__stops_when_one_mail_meets_a_full_disk),
		STAGE_TEST(commit__notes_a_batch_with_the_one_behind_it),
		STAGE_TEST(commit__notes_a_batch_before_the_next_may_wait),
		STAGE_TEST(commit__notes_at_once_what_nothing_follows),
		STAGE_TEST(commit__notes_a_batch_though_the_next_cannot_be_prepared),
		STAGE_TEST(commit__keeps_what_a_failed_journal_may_name),
		STAGE_TEST(commit__leaves_to_recovery_what_is_visible_but_not_noted),
		STAGE_TEST(commit__stops_when_a_refusal_cannot_be_noted),
		STAGE_TEST(commit__never_makes_the_caller_wait),
		STAGE_TEST(commit__finishes_what_is_begun_when_cancelled),
		STAGE_TEST(commit__works_off_its_queue_before_it_ends),
		STAGE_TEST(commit__is_readable_only_while_there_is_something),
		STAGE_TEST(commit__leaves_signals_to_the_network_side),
		STAGE_TEST(commit__works_at_several_batches_at_once),
		STAGE_TEST(commit__starts_its_thread_with_the_first_batch),
		STAGE_TEST(commit__gives_a_batch_back_without_a_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
