/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Commands: how a line becomes words, and what a child meets and can do to us. The child that has
 * to be killed takes the two seconds of grace; it runs in a thread of its own beside all the
 * others, which also shows that runs do not disturb each other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "need.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- words ---- */

static void split__parts_words_as_a_shell_would_without_expanding(void **state)
{
	static const struct {
		const char *line;
		const char *words[6];
	} table[] = {
		{"procmail", {"procmail"}},
		{"  procmail\t-t  \n", {"procmail", "-t"}},
		{"a 'b c' \"d e\"", {"a", "b c", "d e"}},
		{"a'b'\"c\"d", {"abcd"}},
		{"a '' \"\" b", {"a", "", "", "b"}},
		{"a\\ b c", {"a b", "c"}},
		{"\\'a \\\"b \\\\", {"'a", "\"b", "\\"}},
		{"'a\\b\"c'", {"a\\b\"c"}},
		{"\"a\\\"b\\\\c\\d'\"", {"a\"b\\c\\d'"}},
		{"a \\", {"a", "\\"}},
		{"a $HOME `x` *; | > # ~", {"a", "$HOME", "`x`", "*;", "|", ">"}},
		{"a 'x\ny' \"\t\"", {"a", "x\ny", "\t"}},
		{"'my program' x", {"my program", "x"}},
		{"gr\xc3\xbc\xc3\x9f \xff", {"gr\xc3\xbc\xc3\x9f", "\xff"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct error e = {0};
		char **argv = NULL;

		if (!child_argv_split(table[i].line, &argv, &e))
			fail_msg("%s: %s", table[i].line, e.text);
		for (size_t j = 0; j < 6; j++) {
			if (!table[i].words[j])
				assert_null(argv[j]);
			else
				assert_string_equal(argv[j], table[i].words[j]);
			if (!argv[j])
				break;
		}
		child_argv_free(argv);
	}
}

static void split__refuses_nothing_at_all_and_open_quotes(void **state)
{
	static const char *const empty[] = {"", "   ", "\t\n", "''", "\"\" x"};
	static const char *const open[] = {"'", "a \"b", "a 'b\\'c'", "\"a\\\"", "a \"b\\"};

	(void)state;
	for (size_t i = 0; i < COUNT(empty) + COUNT(open); i++) {
		bool is_empty = i < COUNT(empty);
		const char *line = is_empty ? empty[i] : open[i - COUNT(empty)];
		struct error e = {0};
		char **argv = NULL;

		if (child_argv_split(line, &argv, &e))
			fail_msg("%s", line);
		assert_int_equal(e.kind, ERROR_CONFIG);
		assert_non_null(strstr(e.text, is_empty ? "is empty" : "has an open quote"));
		assert_null(argv);
	}
	child_argv_free(NULL);
}

/* ---- where programs are ---- */

static char *path_in(void **state, const char *name)
{
	return xasprintf("%s/%s", (const char *)*state, name);
}

static void put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0 && file_write_all(fd, text, strlen(text)));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void exists__looks_where_execvp_would(void **state)
{
	char *old = xstrdup(getenv("PATH")), *tool = path_in(state, "tool"),
	     *flat = path_in(state, "flat");
	char *path = xasprintf("/nowhere:%s:/nothing", (const char *)*state);

	put(tool, "#!/bin/sh\n", 0700);
	put(flat, "#!/bin/sh\n", 0600);
	assert_true(child_exists("sh"));
	assert_true(child_exists("/bin/sh"));
	assert_true(child_exists(tool));
	assert_false(child_exists(flat));
	assert_false(child_exists("tool"));
	assert_false(child_exists("/nowhere/sh"));
	setenv("PATH", path, 1);
	assert_true(child_exists("tool"));
	assert_false(child_exists("flat"));
	assert_false(child_exists("sh"));
	setenv("PATH", "", 1);
	assert_false(child_exists("sh"));
	unsetenv("PATH");
	assert_true(child_exists("sh"));
	setenv("PATH", old, 1);
	unlink(tool);
	unlink(flat);
	free(old);
	free(tool);
	free(flat);
	free(path);
}

/* ---- runs ---- */

struct outcome {
	struct buf output, complaints;
	struct child_result result;
	struct error e;
	bool done;
	int64_t took_ms;
};

static void run_job(struct child_job *job, const char *script, struct outcome *o)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	int64_t start_ms = clock_ms();

	job->argv = (char *const *)(uintptr_t)argv;
	o->done = child_run(job, &o->result, &o->e);
	o->took_ms = clock_ms() - start_ms;
	job->argv = NULL;
}

/* The usual case: both streams taken, 64 KiB of output, nothing on standard input. */
static struct child_job usual(struct outcome *o)
{
	*o = (struct outcome){.done = false};
	return (struct child_job){.stdin_fd = -1,
		.output = &o->output,
		.output_max = 65536,
		.complaints = &o->complaints};
}

static void release(struct outcome *o)
{
	buf_release(&o->output);
	buf_release(&o->complaints);
}

static void check_ended(const struct outcome *o, enum child_end end, int code)
{
	if (!o->done)
		fail_msg("%s", o->e.text);
	assert_int_equal(o->result.end, end);
	assert_int_equal(o->result.code, code);
}

static void check_output(const struct outcome *o, const char *text)
{
	assert_string_equal(o->output.data ? o->output.data : "", text);
}

static void run__gives_the_end_and_both_streams(void **state)
{
	struct outcome o;
	struct child_job job = usual(&o);

	(void)state;
	run_job(&job, "echo out; echo err >&2; exit 7", &o);
	check_ended(&o, CHILD_EXITED, 7);
	check_output(&o, "out\n");
	assert_string_equal(o.complaints.data, "err\n");
	release(&o);
	job = usual(&o);
	run_job(&job, "kill -KILL $$", &o);
	check_ended(&o, CHILD_SIGNALLED, SIGKILL);
	check_output(&o, "");
	release(&o);
}

static void run__sends_output_to_the_complaints_when_nobody_wants_it(void **state)
{
	struct outcome o;
	struct child_job job = usual(&o);

	(void)state;
	job.output = NULL;
	job.output_max = 0;
	run_job(&job, "echo out; echo err >&2", &o);
	check_ended(&o, CHILD_EXITED, 0);
	assert_string_equal(o.complaints.data, "out\nerr\n");
	release(&o);
	job = usual(&o);
	job.output = NULL;
	job.complaints = NULL;
	run_job(&job, "echo out; echo err >&2; exit 1", &o);
	check_ended(&o, CHILD_EXITED, 1);
}

static void run__says_what_it_cannot_start(void **state)
{
	char *flat = path_in(state, "flat"), *noise = path_in(state, "noise");
	char *below = path_in(state, "flat/below");
	const char *const table[] = {
		"no-such-program-at-all", "/no/such/program", flat, noise, below, "/"};

	put(flat, "x", 0600);
	put(noise,
		"\x7f"
		"ELF nonsense",
		0700);
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *const argv[] = {table[i], NULL};
		struct outcome o;
		struct child_job job = usual(&o);

		job.argv = (char *const *)(uintptr_t)argv;
		assert_false(child_run(&job, &o.result, &o.e));
		assert_int_equal(o.e.kind, ERROR_CONFIG);
		assert_non_null(strstr(o.e.text, table[i]));
		release(&o);
	}
	unlink(flat);
	unlink(noise);
	free(flat);
	free(noise);
	free(below);
}

static void run__adds_to_the_environment_and_replaces(void **state)
{
	static const char *const more[] = {"AMBIL_UID=u 1", "UNIT_OLD=new", "UNIT_EMPTY=", NULL};
	struct outcome o;
	struct child_job job = usual(&o);

	(void)state;
	setenv("UNIT_OLD", "old", 1);
	setenv("UNIT_OLDER", "older", 1);
	setenv("UNIT_O", "short", 1);
	setenv("UNIT_EMPTY", "full", 1);
	job.env = more;
	run_job(&job,
		"echo \"$AMBIL_UID|$UNIT_OLD|$UNIT_OLDER|$UNIT_O|${UNIT_EMPTY-unset}|${PATH:+path}\";"
		"env | grep -c ^UNIT_OLD=",
		&o);
	check_ended(&o, CHILD_EXITED, 0);
	check_output(&o, "u 1|new|older|short||path\n1\n");
	assert_string_equal(getenv("UNIT_OLD"), "old");
	unsetenv("UNIT_OLD");
	unsetenv("UNIT_OLDER");
	unsetenv("UNIT_O");
	unsetenv("UNIT_EMPTY");
	release(&o);
}

static void run__feeds_from_a_file_at_its_place_or_from_nothing(void **state)
{
	char *path = path_in(state, "mail");
	struct outcome o;
	struct child_job job = usual(&o);
	int fd;

	run_job(&job, "cat; echo end", &o);
	check_ended(&o, CHILD_EXITED, 0);
	check_output(&o, "end\n");
	release(&o);
	put(path, "skipped taken", 0600);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(lseek(fd, 8, SEEK_SET), 8);
	job = usual(&o);
	job.stdin_fd = fd;
	run_job(&job, "cat", &o);
	check_ended(&o, CHILD_EXITED, 0);
	check_output(&o, "taken");
	release(&o);
	close(fd);
	unlink(path);
	free(path);
}

static void run__hands_on_no_other_descriptor(void **state)
{
	struct outcome o;
	struct child_job job = usual(&o);

	(void)state;
	NEED(access("/proc/self/fd", R_OK) == 0, "/proc");
	/* The shell's own work may add one while it lists. */
	run_job(&job, "for f in /proc/$$/fd/*; do n=${f##*/}; [ $n -lt 10 ] && echo $n; done", &o);
	assert_true(o.done);
	assert_int_equal(strncmp(o.output.data, "0\n1\n2\n", 6), 0);
	assert_true(o.output.len <= 8);
	release(&o);
}

static void run__takes_output_up_to_the_limit(void **state)
{
	struct outcome o;
	struct child_job job = usual(&o);

	(void)state;
	job.output_max = 20000;
	run_job(&job, "head -c 20000 /dev/zero", &o);
	check_ended(&o, CHILD_EXITED, 0);
	assert_int_equal(o.output.len, 20000);
	release(&o);
	job = usual(&o);
	job.output_max = 20000;
	run_job(&job, "head -c 20001 /dev/zero", &o);
	assert_false(o.done);
	assert_int_equal(o.e.kind, ERROR_CONFIG);
	assert_non_null(strstr(o.e.text, "more than 20000 octets"));
	assert_true(o.output.len <= 20000);
	release(&o);
}

static void run__ends_at_once_what_says_too_much(void **state)
{
	static const char *const table[] = {
		"exec yes", "yes", "yes & wait", "head -c 70000 /dev/zero; exec sleep 300"};

	(void)state;
	alarm(200);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct outcome o;
		struct child_job job = usual(&o);

		run_job(&job, table[i], &o);
		assert_false(o.done);
		assert_int_equal(o.e.kind, ERROR_CONFIG);
		assert_non_null(strstr(o.e.text, "more than 65536 octets"));
		assert_true(o.took_ms < 60000);
		release(&o);
	}
	alarm(0);
}

static void run__is_not_blocked_by_chatter(void **state)
{
	struct outcome o;
	struct child_job job = usual(&o);

	(void)state;
	run_job(&job, "echo first >&2; head -c 1000000 /dev/zero >&2; echo done", &o);
	check_ended(&o, CHILD_EXITED, 0);
	check_output(&o, "done\n");
	assert_int_equal(strncmp(o.complaints.data, "first\n", 6), 0);
	assert_int_equal(o.complaints.len, 1024);
	release(&o);
}

static void run__ends_what_takes_too_long(void **state)
{
	volatile sig_atomic_t stop = SIGTERM;
	struct outcome o;
	struct child_job job = usual(&o);

	(void)state;
	job.timeout_ms = 2000;
	run_job(&job, "echo begun; exec sleep 300", &o);
	check_ended(&o, CHILD_TIMED_OUT, SIGTERM);
	check_output(&o, "begun\n");
	assert_true(o.took_ms >= 2000 && o.took_ms < 60000);
	release(&o);
	/* One that ends in good order is late all the same. */
	job = usual(&o);
	job.timeout_ms = 2000;
	run_job(&job, "trap 'echo bye; exit 0' TERM; while :; do sleep 0.02; done", &o);
	check_ended(&o, CHILD_TIMED_OUT, 0);
	check_output(&o, "bye\n");
	release(&o);
	/* So is one that is no longer wanted. */
	job = usual(&o);
	job.stop = &stop;
	job.timeout_ms = 200000;
	run_job(&job, "exec sleep 300", &o);
	check_ended(&o, CHILD_TIMED_OUT, SIGTERM);
	assert_true(o.took_ms < 60000);
	release(&o);
	stop = 0;
	run_job(&job, "exit 4", &o);
	check_ended(&o, CHILD_EXITED, 4);
	release(&o);
	job = usual(&o);
	job.timeout_ms = 200000;
	run_job(&job, "exit 4", &o);
	check_ended(&o, CHILD_EXITED, 4);
	assert_true(o.took_ms < 60000);
	release(&o);
}

static void run__resets_what_we_ignore_and_block(void **state)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old_pipe, old_term;
	sigset_t term, old;
	struct outcome o;
	struct child_job job = usual(&o);

	(void)state;
	sigaction(SIGPIPE, &ignore, &old_pipe);
	sigaction(SIGTERM, &ignore, &old_term);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &old);
	run_job(&job, "kill -PIPE $$; echo alive", &o);
	check_ended(&o, CHILD_SIGNALLED, SIGPIPE);
	release(&o);
	job = usual(&o);
	run_job(&job, "kill -TERM $$; echo alive", &o);
	check_ended(&o, CHILD_SIGNALLED, SIGTERM);
	release(&o);
	sigprocmask(SIG_SETMASK, &old, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	sigaction(SIGPIPE, &old_pipe, NULL);
}

static void run__takes_an_end_that_nobody_can_tell_for_a_bad_one(void **state)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	struct outcome o;
	struct child_job job = usual(&o);

	(void)state;
	sigaction(SIGCHLD, &ignore, &old);
	run_job(&job, "exit 75", &o);
	sigaction(SIGCHLD, &old, NULL);
	assert_false(o.result.end == CHILD_EXITED && o.result.code == 0);
	release(&o);
}

static void run__does_not_wait_for_a_grandchild_that_keeps_a_pipe(void **state)
{
	struct outcome o;
	struct child_job job = usual(&o);

	(void)state;
	run_job(&job, "sleep 200 & echo $!; echo ready; exit 3", &o);
	check_ended(&o, CHILD_EXITED, 3);
	assert_non_null(strstr(o.output.data, "\nready\n"));
	assert_true(o.took_ms < 60000);
	kill((pid_t)strtol(o.output.data, NULL, 10), SIGKILL);
	release(&o);
}

static void run__does_not_listen_to_a_grandchild_without_end(void **state)
{
	struct outcome o;
	struct child_job job = usual(&o);

	(void)state;
	alarm(200);
	run_job(&job, "echo mine; yes >&2 & yes >&2 & yes >&2 & exit 3", &o);
	check_ended(&o, CHILD_EXITED, 3);
	check_output(&o, "mine\n");
	release(&o);
	job = usual(&o);
	run_job(&job, "yes & yes & yes & exit 3", &o);
	assert_true(o.took_ms < 60000);
	release(&o);
	alarm(0);
}

static void run__takes_all_that_was_written_last(void **state)
{
	struct outcome o;
	struct child_job job = usual(&o);

	(void)state;
	/* As much as a pipe holds, and the writer gone at once; a grandchild keeps the pipe open.
	 */
	run_job(&job, "sleep 200 & echo $! >&2; head -c 60000 /dev/zero", &o);
	check_ended(&o, CHILD_EXITED, 0);
	assert_int_equal(o.output.len, 60000);
	kill((pid_t)strtol(o.complaints.data, NULL, 10), SIGKILL);
	release(&o);
}

/* Whether all that have the other end of a pipe open are gone soon. A zombie would still have its
 * number. */
static bool is_left_alone(int fd)
{
	struct pollfd p = {.fd = fd};

	return poll(&p, 1, 60000) > 0 && (p.revents & POLLERR);
}

static void run__in_the_background_has_a_process_group_of_its_own(void **state)
{
	static const char script[] =
		"kill -s 0 -- -$$ && echo leader; sleep 200 <&0 & echo $!; wait";

	(void)state;
	for (int background = 0; background < 2; background++) {
		struct outcome o;
		struct child_job job = usual(&o);
		char *number;
		int ends[2];
		pid_t pid;

		assert_int_equal(pipe(ends), 0);
		fcntl(ends[1], F_SETFD, FD_CLOEXEC);
		job.stdin_fd = ends[0];
		job.background = background;
		job.timeout_ms = 2000;
		run_job(&job, script, &o);
		close(ends[0]);
		check_ended(&o, CHILD_TIMED_OUT, SIGTERM);
		number = strncmp(o.output.data, "leader\n", 7) ? o.output.data : o.output.data + 7;
		assert_int_equal(number != o.output.data, background);
		pid = (pid_t)strtol(number, NULL, 10);
		assert_true(pid > 1);
		/* The whole group is ended; without one, only the command itself. */
		if (!background)
			assert_int_equal(kill(pid, SIGKILL), 0);
		assert_true(is_left_alone(ends[1]));
		close(ends[1]);
		release(&o);
	}
}

static void run__does_not_confuse_two_at_once(void **state)
{
	struct outcome o;

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct child_job job = usual(&o);
		char script[60], want[20];

		snprintf(script, sizeof(script), "echo %d; exit %d", i, i);
		snprintf(want, sizeof(want), "%d\n", i);
		run_job(&job, script, &o);
		check_ended(&o, CHILD_EXITED, i);
		check_output(&o, want);
		release(&o);
	}
}

/* ---- the stubborn one, beside all others ---- */

static struct stubborn {
	pthread_t thread;
	struct outcome o;
} * stubborn;

static void *run_stubborn(void *argument)
{
	struct stubborn *s = argument;
	struct child_job job = usual(&s->o);

	job.timeout_ms = 2000;
	job.background = true;
	run_job(&job, "trap '' TERM; echo deaf; while :; do sleep 1; done", &s->o);
	return NULL;
}

static void run__kills_what_does_not_heed_the_first_signal(void **state)
{
	(void)state;
	assert_int_equal(pthread_join(stubborn->thread, NULL), 0);
	check_ended(&stubborn->o, CHILD_TIMED_OUT, SIGKILL);
	check_output(&stubborn->o, "deaf\n");
	assert_true(stubborn->o.took_ms >= 4000 && stubborn->o.took_ms < 60000);
	release(&stubborn->o);
}

static int group_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char *folder = xasprintf("%s/child.XXXXXX", tmp && *tmp ? tmp : "/tmp");

	*state = folder;
	stubborn = xcalloc(1, sizeof(*stubborn));
	return mkdtemp(folder) &&
			pthread_create(&stubborn->thread, NULL, run_stubborn, stubborn) == 0
		? 0
		: -1;
}

static int group_teardown(void **state)
{
	int result = rmdir(*state);

	free(*state);
	free(stubborn);
	return result;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split__parts_words_as_a_shell_would_without_expanding),
		cmocka_unit_test(split__refuses_nothing_at_all_and_open_quotes),
		cmocka_unit_test(run__gives_the_end_and_both_streams),
		cmocka_unit_test(run__sends_output_to_the_complaints_when_nobody_wants_it),
		cmocka_unit_test(run__says_what_it_cannot_start),
		cmocka_unit_test(run__feeds_from_a_file_at_its_place_or_from_nothing),
		cmocka_unit_test(run__hands_on_no_other_descriptor),
		cmocka_unit_test(run__takes_output_up_to_the_limit),
		cmocka_unit_test(run__ends_at_once_what_says_too_much),
		cmocka_unit_test(run__is_not_blocked_by_chatter),
		cmocka_unit_test(run__ends_what_takes_too_long),
		cmocka_unit_test(run__resets_what_we_ignore_and_block),
		cmocka_unit_test(run__takes_an_end_that_nobody_can_tell_for_a_bad_one),
		cmocka_unit_test(run__does_not_wait_for_a_grandchild_that_keeps_a_pipe),
		cmocka_unit_test(run__does_not_listen_to_a_grandchild_without_end),
		cmocka_unit_test(run__takes_all_that_was_written_last),
		cmocka_unit_test(run__in_the_background_has_a_process_group_of_its_own),
		cmocka_unit_test(run__does_not_confuse_two_at_once),
		cmocka_unit_test(run__kills_what_does_not_heed_the_first_signal),
		/* The environment is changed only when the thread is gone. */
		cmocka_unit_test(run__adds_to_the_environment_and_replaces),
		cmocka_unit_test(exists__looks_where_execvp_would),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
