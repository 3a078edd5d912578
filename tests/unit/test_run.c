/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parent of the workers. fetch_account() is played by a stand-in that does what the account's
 * name says: end well, fail, crash, hang. What it and the parent print is caught in files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "doctor/doctor.h"
#include "fetch/fetch.h"
#include "fetch/stop.h"
#include "run.h"

/* Stand-ins */

struct secret_sources account_secret_sources(const struct account *account)
{
	return (struct secret_sources){.account = account->name, .password = account->password};
}

/* Those of the bench, for who looks for what is not his. */
static struct account *others;
static size_t others_n;

bool account_uses_token(const struct account *account)
{
	(void)account;
	return false;
}

void account_forget_secrets(struct account *account)
{
	account->password = NULL;
}

bool secret_has_source(const struct secret_sources *from)
{
	return from->password != NULL;
}

void secret_copy(struct secret *to, const struct secret *from)
{
	to->value = xstrdup(from->value);
	memcpy(to->source, from->source, sizeof(to->source));
}

void secret_search(struct secret_search *list, size_t n, const struct secret_way *way)
{
	(void)list;
	(void)n;
	(void)way;
}

bool secret_can_prompt(void)
{
	return true;
}

bool secret_missing(const struct secret_search *searched, bool forbidden, struct error *e)
{
	(void)searched;
	(void)forbidden;
	return error_set(e, ERROR_CONFIG, "no password found");
}

bool secret_prompt(const struct secret_search *searched, struct secret *out, struct error *e)
{
	const struct secret_sources *from = &searched->from;

	if (strcmp(from->account, "mute") == 0)
		return error_set(e, ERROR_CONFIG, "the password is empty");
	out->value = xasprintf("typed for %s", from->account);
	snprintf(out->source, sizeof(out->source), "prompt");
	return true;
}

void secret_release(struct secret *s)
{
	wipe_free(s->value);
	*s = (struct secret){.value = NULL};
}

static int tell_end(int fd, struct report_counts counts, enum error_kind kind)
{
	struct report r = {.type = REPORT_DONE};

	r.u.end.counts = counts;
	if (kind)
		error_set(&r.u.end.error, kind, "it failed");
	report_send(fd, &r);
	return error_exit_code(kind);
}

/* The file grows with each that is there. */
static void be_counted(void)
{
	int file = open(getenv("AMBIL_TEST_FILE"), O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (write(file, "x", 1) != 1)
		abort();
	close(file);
}

static int wait_for_stop(const struct run_order *order, int fd)
{
	struct pollfd p = {.fd = order->stop_fd, .events = POLLIN};

	report_step(fd, "waiting");
	be_counted();
	while (!*order->stop)
		poll(&p, 1, 5000);
	return tell_end(fd, (struct report_counts){.mails = 1, .octets = 246}, ERROR_TERMINATED);
}

/* Deaf to the first request, as one that is deep in a system call. */
static int hang(int fd)
{
	report_step(fd, "hanging");
	be_counted();
	for (;;)
		pause();
	return 0;
}

/* Obeys a deadline that comes soon, in the words that the whole program has for it. */
static int end_in_time(const struct account *account, const struct run_order *order, int fd)
{
	struct pollfd p = {.fd = order->stop_fd, .events = POLLIN};
	struct report r = {.type = REPORT_DONE};
	struct itimerval rest;

	stop_after(30, 0);
	while (!*order->stop)
		poll(&p, 1, 5000);
	/* Some seconds are left to end in good order; then it comes again. */
	getitimer(ITIMER_REAL, &rest);
	if (rest.it_value.tv_sec < 1 || rest.it_interval.tv_sec < 4)
		abort();
	stop_error(*order->stop, account->deadline_ms, &r.u.end.error);
	report_send(fd, &r);
	return error_exit_code(r.u.end.error.kind);
}

/* Deaf to its deadline. */
static int end_late(int fd)
{
	report_step(fd, "hanging");
	raise(SIGALRM);
	raise(SIGALRM);
	abort();
}

/* Two of these at once see each other's file. */
static int exclude_others(int fd)
{
	const char *path = getenv("AMBIL_TEST_FILE");
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (file < 0)
		return tell_end(fd, (struct report_counts){.mails = 0}, ERROR_DELIVERY);
	poll(NULL, 0, 300);
	close(file);
	unlink(path);
	return tell_end(fd, (struct report_counts){.mails = 1, .octets = 246}, ERROR_NONE);
}

/* How many have been started so far is told by the size of a file; where many may be, they are
 * waited for. */
static int count_others(const struct run_order *order, int fd)
{
	int file = open(getenv("AMBIL_TEST_FILE"), O_RDWR | O_CREAT | O_APPEND, 0600);
	int64_t start = clock_ms();
	struct stat st;

	if (write(file, "x", 1) != 1)
		abort();
	do {
		poll(NULL, 0, 10);
		fstat(file, &st);
	} while ((size_t)st.st_size < order->jobs && clock_ms() - start < 60000);
	close(file);
	return tell_end(fd, (struct report_counts){.mails = (uint64_t)st.st_size}, ERROR_NONE);
}

static int die(void)
{
	struct rlimit none = {0, 0};
	struct sigaction standard = {.sa_handler = SIG_DFL};

	setrlimit(RLIMIT_CORE, &none);
	sigaction(SIGSEGV, &standard, NULL);
	raise(SIGSEGV);
	return 0;
}

static int send_nonsense(int fd)
{
	struct report r;

	memset(&r, 0xff, sizeof(r));
	report_send(fd, &r);
	r.type = REPORT_ITEM;
	report_send(fd, &r);
	r.type = REPORT_TRACE;
	memset(r.u.text, 'x', sizeof(r.u.text));
	report_send(fd, &r);
	return tell_end(fd, (struct report_counts){.mails = 0}, ERROR_NONE);
}

static int tell_password(int fd, const struct secret *password)
{
	report_step(fd, "password: %s", password->value ? password->value : "none");
	return tell_end(fd, (struct report_counts){.mails = 0}, ERROR_NONE);
}

static int look_at_others(const struct account *self, int fd)
{
	for (size_t i = 0; i < others_n; i++)
		if (&others[i] == self ? !others[i].password : others[i].password != NULL)
			return tell_end(fd, (struct report_counts){.mails = 0}, ERROR_INTERNAL);
	return tell_end(fd, (struct report_counts){.mails = 0}, ERROR_NONE);
}

static void wait_for_size(off_t size)
{
	int64_t start = clock_ms();
	struct stat st;

	while (stat(getenv("AMBIL_TEST_FILE"), &st) < 0 || st.st_size < size) {
		if (clock_ms() - start > 60000)
			_exit(71);
		poll(NULL, 0, 10);
	}
}

/* A part of a report; the rest comes never, whatever the other account does meanwhile. */
static int stop_half_way(int fd)
{
	if (write(fd, "", 1) != 1)
		abort();
	be_counted();
	wait_for_size(2);
	return 3;
}

static int end_behind_it(int fd)
{
	wait_for_size(1);
	return tell_end(fd, (struct report_counts){.mails = 1, .octets = 246}, ERROR_NONE);
}

static int close_and_stay(int fd)
{
	close(fd);
	for (;;)
		pause();
	return 0;
}

/* As a command would, that writes a question where the live lines were. */
static int ask(int fd)
{
	report_command(fd, true);
	if (access(getenv("AMBIL_TEST_FILE"), F_OK) < 0)
		return tell_end(fd, (struct report_counts){.mails = 0}, ERROR_INTERNAL);
	report_command(fd, false);
	return tell_end(fd, (struct report_counts){.mails = 0}, ERROR_NONE);
}

static int flush_and_end(int fd)
{
	/* What the parent had not flushed would come out twice. */
	fflush(stdout);
	return tell_end(fd, (struct report_counts){.mails = 0}, ERROR_NONE);
}

int doctor_account(const struct account *account, const struct run_order *order,
	struct secret *password, const struct error *no_password, int report_fd)
{
	(void)no_password;
	return fetch_account(account, order, password, report_fd);
}

int fetch_account(const struct account *account, const struct run_order *order,
	struct secret *password, int report_fd)
{
	const struct report_counts one = {.mails = 1, .octets = 246, .seen = 2},
				   none = {.mails = 0};
	const char *name = account->name;

	if (strcmp(name, "good") == 0)
		return tell_end(report_fd, one, ERROR_NONE);
	if (strcmp(name, "locked") == 0)
		return tell_end(report_fd, (struct report_counts){.locked = true}, ERROR_NONE);
	if (strcmp(name, "found") == 0)
		return tell_end(report_fd, (struct report_counts){.new_mails = 1}, ERROR_NONE);
	if (strcmp(name, "offline") == 0)
		return tell_end(report_fd, none, ERROR_NETWORK);
	if (strcmp(name, "refused") == 0) {
		poll(NULL, 0, 40);
		return tell_end(report_fd, none, ERROR_AUTH);
	}
	if (strcmp(name, "broken") == 0)
		return tell_end(report_fd, none, ERROR_PROTOCOL);
	if (strcmp(name, "crash") == 0)
		return die();
	if (strcmp(name, "silent") == 0)
		return 71;
	if (strcmp(name, "nonsense") == 0)
		return send_nonsense(report_fd);
	if (strcmp(name, "patient") == 0)
		return wait_for_stop(order, report_fd);
	if (strcmp(name, "hang") == 0)
		return hang(report_fd);
	if (strcmp(name, "punctual") == 0)
		return end_in_time(account, order, report_fd);
	if (strcmp(name, "late") == 0)
		return end_late(report_fd);
	if (strcmp(name, "alone") == 0)
		return exclude_others(report_fd);
	if (strcmp(name, "crowd") == 0)
		return count_others(order, report_fd);
	if (strcmp(name, "nosy") == 0)
		return look_at_others(account, report_fd);
	if (strcmp(name, "half") == 0)
		return stop_half_way(report_fd);
	if (strcmp(name, "behind") == 0)
		return end_behind_it(report_fd);
	if (strcmp(name, "closed") == 0)
		return close_and_stay(report_fd);
	if (strcmp(name, "asker") == 0)
		return ask(report_fd);
	if (strcmp(name, "flush") == 0)
		return flush_and_end(report_fd);
	return tell_password(report_fd, password);
}

/* The bench */

enum { ACCOUNTS_MAX = 8 };
struct bench {
	struct account accounts[ACCOUNTS_MAX];
	struct account *pointers[ACCOUNTS_MAX];
	const char *names[ACCOUNTS_MAX];
	struct report_setting setting;
	struct run_order order;
	volatile sig_atomic_t stop;
	int stop_ends[2];
	struct report_counts counts;
	char *out, *err;
	int code;
};

/* accounts: names with blanks between them. */
static void bench_set(struct bench *b, const char *accounts)
{
	struct span rest = span_of(accounts);
	size_t n = 0;

	memset(b, 0, sizeof(*b));
	while (rest.len) {
		struct span word = span_word(&rest);

		assert_true(n < ACCOUNTS_MAX);
		b->accounts[n].name = xstrndup(word.data, word.len);
		b->accounts[n].password = b->accounts[n].name;
		b->accounts[n].destination.shown = b->accounts[n].name;
		b->pointers[n] = &b->accounts[n];
		b->names[n] = b->accounts[n].name;
		n++;
	}
	others = b->accounts;
	others_n = n;
	assert_int_equal(pipe(b->stop_ends), 0);
	b->setting = (struct report_setting){
		.verbosity = REPORT_VERBOSE, .names = b->names, .n = n};
	b->order = (struct run_order){.jobs = 4,
		.stop = &b->stop,
		.stop_fd = b->stop_ends[0],
		.state_dir = "/dev/null/none"};
}

static char *contents(FILE *file)
{
	struct buf b = {NULL, 0, 0};
	char octets[4096];
	ssize_t n;

	lseek(fileno(file), 0, SEEK_SET);
	while ((n = file_read_all(fileno(file), octets, sizeof(octets))) > 0)
		buf_add(&b, octets, (size_t)n);
	fclose(file);
	return buf_detach(&b);
}

static void bench_run(struct bench *b)
{
	FILE *files[3] = {NULL, tmpfile(), tmpfile()};
	int saved[3];

	fflush(stdout);
	for (int fd = 1; fd <= 2; fd++) {
		saved[fd] = dup(fd);
		dup2(fileno(files[fd]), fd);
	}
	b->code = run_accounts(b->pointers, b->setting.n, &b->order, &b->setting, &b->counts);
	fflush(stdout);
	for (int fd = 1; fd <= 2; fd++) {
		dup2(saved[fd], fd);
		close(saved[fd]);
	}
	free(b->out);
	free(b->err);
	b->out = contents(files[1]);
	b->err = contents(files[2]);
	/* All children are reaped. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void bench_release(struct bench *b)
{
	for (size_t i = 0; i < b->setting.n; i++)
		free(b->accounts[i].name);
	close(b->stop_ends[0]);
	close(b->stop_ends[1]);
	free(b->out);
	free(b->err);
}

/* An empty file that workers find in their environment. */
static char *fresh_file(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = xasprintf("%s/run.XXXXXX", tmp ? tmp : "/tmp");

	close(mkstemp(path));
	setenv("AMBIL_TEST_FILE", path, 1);
	return path;
}

static void run__gives_the_exit_code_of_all_accounts(void **state)
{
	static const struct {
		const char *accounts;
		int code;
	} cases[] = {
		{"", 0},
		{"good good", 0},
		{"locked", 0},
		{"offline", 75},
		{"good offline good offline", 75},
		{"offline refused broken", 77},
		{"broken offline refused", 76},
		{"crash", 70},
		{"offline silent", 70},
		{"good nonsense", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench b;

		bench_set(&b, cases[i].accounts);
		bench_run(&b);
		if (b.code != cases[i].code)
			fail_msg("%s: %d\n%s", cases[i].accounts, b.code, b.err);
		bench_release(&b);
	}
}

static void run__adds_up_and_names_destinations(void **state)
{
	struct bench b;

	(void)state;
	bench_set(&b, "good good locked");
	b.accounts[0].destination.shown = (char[]){"~/Mail"};
	b.accounts[1].destination.shown = (char[]){"procmail -t"};
	b.accounts[1].destination.kind = SINK_PIPE;
	b.order.jobs = 1;
	bench_run(&b);
	assert_string_equal(b.err,
		"good     1 new message (246 octets) in ~/Mail, 2 seen before\n"
		"good     1 new message (246 octets) to procmail -t, 2 seen before\n"
		"locked   another ambil is fetching; skipped\n");
	assert_string_equal(b.out, "");
	assert_int_equal(b.counts.mails, 2);
	assert_int_equal(b.counts.octets, 492);
	assert_true(b.counts.locked);
	bench_release(&b);
}

static void run__puts_what_check_finds_on_standard_output(void **state)
{
	struct bench b;

	(void)state;
	bench_set(&b, "found");
	b.order.mode = RUN_CHECK;
	bench_run(&b);
	assert_string_equal(b.out, "found   1 new message\n");
	assert_string_equal(b.err, "");
	assert_int_equal(b.counts.new_mails, 1);
	bench_release(&b);
}

static void run__survives_the_crash_of_a_worker(void **state)
{
	struct bench b;

	(void)state;
	bench_set(&b, "crash silent good");
	b.order.jobs = 1;
	bench_run(&b);
	assert_string_equal(b.err,
		"ambil: crash: the worker ended by signal 11; nothing is lost, the next run goes "
		"on\n"
		"ambil: silent: the worker ended with code 71; nothing is lost, the next run goes "
		"on\n"
		"good     1 new message (246 octets) in good, 2 seen before\n");
	bench_release(&b);
}

static void run__keeps_accounts_for_standard_output_apart(void **state)
{
	char *path = fresh_file();
	struct bench b;
	int64_t start;

	(void)state;
	unlink(path);
	bench_set(&b, "alone alone alone broken");
	for (size_t i = 0; i < 3; i++)
		b.accounts[i].destination.kind = SINK_STDOUT;
	start = clock_ms();
	bench_run(&b);
	assert_int_equal(b.counts.mails, 3);
	assert_int_equal(b.code, 76);
	assert_true(clock_ms() - start >= 900);
	/* The fourth did not wait for them. */
	assert_non_null(strstr(strstr(b.err, "broken: it failed"), "alone    1 new"));
	bench_release(&b);
	free(path);
}

static void run__starts_as_many_as_allowed(void **state)
{
	static const struct {
		size_t jobs;
		uint64_t sum;
	} cases[] = {{1, 1 + 2 + 3 + 4}, {0, 1 + 2 + 3 + 4}, {4, 4 * 4}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *path = fresh_file();
		struct bench b;

		bench_set(&b, "crowd crowd crowd crowd");
		b.order.jobs = cases[i].jobs;
		bench_run(&b);
		assert_int_equal(b.counts.mails, cases[i].sum);
		unlink(path);
		free(path);
		bench_release(&b);
	}
}

static void run__asks_for_passwords_before_it_starts(void **state)
{
	struct bench b;

	(void)state;
	bench_set(&b, "anna mute berta");
	b.accounts[0].password = b.accounts[1].password = NULL;
	b.order.prompt = true;
	b.order.jobs = 1;
	bench_run(&b);
	assert_string_equal(b.err,
		"ambil: mute: the password is empty\n"
		"anna    password: typed for anna\nanna    no new mail\n"
		"berta   password: none\nberta   no new mail\n");
	assert_int_equal(b.code, 78);

	/* Without a terminal nothing is asked and nothing started. */
	b.order.prompt = false;
	bench_run(&b);
	assert_string_equal(b.err,
		"ambil: anna: no password found\nambil: mute: no password found\n"
		"berta   password: none\nberta   no new mail\n");
	assert_int_equal(b.code, 78);
	bench_release(&b);
}

static void run__gives_a_worker_no_password_but_its_own(void **state)
{
	struct bench b;

	(void)state;
	bench_set(&b, "nosy good nosy good");
	b.order.jobs = 1;
	bench_run(&b);
	assert_int_equal(b.code, 0);
	bench_release(&b);
}

static void run__writes_nothing_twice(void **state)
{
	FILE *file = tmpfile();
	int saved;
	struct bench b;
	char *text;

	(void)state;
	bench_set(&b, "flush flush");
	fflush(stdout);
	saved = dup(1);
	dup2(fileno(file), 1);
	printf("once");
	b.code = run_accounts(b.pointers, 2, &b.order,
		&(struct report_setting){.verbosity = REPORT_QUIET, .names = b.names, .n = 2},
		NULL);
	fflush(stdout);
	dup2(saved, 1);
	close(saved);
	text = contents(file);
	assert_string_equal(text, "once");
	free(text);
	bench_release(&b);
}

static volatile sig_atomic_t *stop_of_bench;
static int wake_fd_of_bench, counted_fd, signals_left;

static void on_alarm(int number)
{
	struct stat st;

	(void)number;
	if (!signals_left || fstat(counted_fd, &st) != 0 || st.st_size < 2)
		return;
	signals_left--;
	*stop_of_bench = SIGINT;
	if (write(wake_fd_of_bench, "", 1) != 1)
		abort();
}

/* So many signals of a timer once two workers are counted, each as main's handler answers SIGINT.
 */
static void signal_two(struct bench *b, const char *path, int signals)
{
	struct sigaction act = {.sa_handler = on_alarm};
	struct itimerval timer = {.it_value = {0, 50000}, .it_interval = {0, 50000}};

	counted_fd = open(path, O_RDONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(counted_fd >= 0);
	signals_left = signals;
	stop_of_bench = &b->stop;
	wake_fd_of_bench = b->stop_ends[1];
	sigemptyset(&act.sa_mask);
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void stop_no_more(void)
{
	struct itimerval off = {.it_value = {0, 0}};

	setitimer(ITIMER_REAL, &off, NULL);
	close(counted_fd);
}

static void run__passes_a_stop_on_and_starts_no_more(void **state)
{
	char *path = fresh_file();
	struct bench b;

	(void)state;
	bench_set(&b, "patient patient good");
	b.order.jobs = 2;
	signal_two(&b, path, 1);
	bench_run(&b);
	stop_no_more();
	assert_int_equal(b.code, 130);
	assert_int_equal(b.counts.mails, 2);
	assert_null(strstr(b.err, "good"));
	/* One line for all, those that were not begun among them. */
	assert_non_null(strstr(b.err, "ambil: interrupted; 3 of 3 accounts are not done\n"));
	assert_null(strstr(b.err, "it failed"));
	bench_release(&b);
	unlink(path);
	free(path);
}

static void run__ends_workers_at_the_second_signal(void **state)
{
	char *path = fresh_file();
	struct bench b;

	(void)state;
	/* The last begins when the first has ended. */
	bench_set(&b, "good hang hang");
	b.order.jobs = 2;
	signal_two(&b, path, 2);
	bench_run(&b);
	stop_no_more();
	assert_int_equal(b.code, 130);
	assert_non_null(strstr(b.err, "ambil: interrupted; 2 of 3 accounts are not done\n"));
	bench_release(&b);
	unlink(path);
	free(path);
}

/* It is the one account's own end; the others go on, and all of it is temporary. */
static void run__lets_a_deadline_end_an_account(void **state)
{
	static const char lost[] = "; nothing is lost, the next run goes on\n";
	struct bench b;

	(void)state;
	bench_set(&b, "punctual late good");
	b.order.jobs = 1;
	b.accounts[0].deadline_ms = 90 * 1000;
	b.accounts[1].deadline_ms = 600 * 1000;
	bench_run(&b);
	assert_int_equal(b.code, 75);
	assert_non_null(strstr(b.err, "ambil: punctual: stopped after 90 s (deadline)\n"));
	assert_non_null(strstr(b.err, "ambil: late: stopped after 10 min (deadline)"));
	assert_non_null(strstr(strstr(b.err, "10 min"), lost));
	assert_non_null(strstr(b.err, "good       1 new message"));
	bench_release(&b);
}

static bool count_ends(void *self, const struct report *r)
{
	(void)self;
	if (r->type == REPORT_DONE)
		be_counted();
	return false;
}

/* Whatever a worker does that a server has taken over, it costs one account. */
static void run__is_held_up_by_no_worker(void **state)
{
	char *path = fresh_file();
	struct bench b;

	(void)state;
	bench_set(&b, "half behind");
	b.order.watch = count_ends;
	bench_run(&b);
	assert_int_equal(b.counts.mails, 1);
	assert_non_null(strstr(b.err, "ambil: half: the worker ended with code 3;"));
	bench_release(&b);
	bench_set(&b, "closed good");
	bench_run(&b);
	assert_int_equal(b.counts.mails, 1);
	assert_non_null(strstr(b.err, "ambil: closed: the worker ended by signal 9;"));
	bench_release(&b);
	unlink(path);
	free(path);
}

/* Takes its time to clear the screen. */
static bool clear_slowly(void *self, const struct report *r)
{
	if (r->type == REPORT_COMMAND && r->u.number) {
		poll(NULL, 0, 100);
		close(open(self, O_WRONLY | O_CREAT, 0600));
	}
	return false;
}

static void run__clears_the_screen_before_a_command_begins(void **state)
{
	char *path = fresh_file();
	struct bench b;

	(void)state;
	unlink(path);
	bench_set(&b, "asker");
	b.order.watch = clear_slowly;
	b.order.watch_self = path;
	bench_run(&b);
	assert_int_equal(b.code, 0);
	bench_release(&b);
	unlink(path);
	/* Where there are no lines nobody waits for them to go. */
	bench_set(&b, "asker good");
	b.setting.verbosity = REPORT_SUMMARY;
	bench_run(&b);
	assert_non_null(strstr(b.err, "ambil: asker: it failed"));
	bench_release(&b);
	free(path);
}

static void run__starts_nothing_when_already_stopped(void **state)
{
	struct bench b;

	(void)state;
	bench_set(&b, "good mute");
	b.accounts[1].password = NULL;
	b.order.prompt = true;
	b.stop = SIGTERM;
	bench_run(&b);
	assert_int_equal(b.code, 143);
	assert_string_equal(b.err, "");
	bench_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run__gives_the_exit_code_of_all_accounts),
		cmocka_unit_test(run__adds_up_and_names_destinations),
		cmocka_unit_test(run__puts_what_check_finds_on_standard_output),
		cmocka_unit_test(run__survives_the_crash_of_a_worker),
		cmocka_unit_test(run__keeps_accounts_for_standard_output_apart),
		cmocka_unit_test(run__starts_as_many_as_allowed),
		cmocka_unit_test(run__asks_for_passwords_before_it_starts),
		cmocka_unit_test(run__gives_a_worker_no_password_but_its_own),
		cmocka_unit_test(run__writes_nothing_twice),
		cmocka_unit_test(run__passes_a_stop_on_and_starts_no_more),
		cmocka_unit_test(run__ends_workers_at_the_second_signal),
		cmocka_unit_test(run__lets_a_deadline_end_an_account),
		cmocka_unit_test(run__is_held_up_by_no_worker),
		cmocka_unit_test(run__clears_the_screen_before_a_command_begins),
		cmocka_unit_test(run__starts_nothing_when_already_stopped),
	};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigemptyset(&ignore.sa_mask);
	sigaction(SIGPIPE, &ignore, NULL);
	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
