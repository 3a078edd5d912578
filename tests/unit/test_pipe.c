/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands and standard output: what they get, and what their answers mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "local/spool.h"
#include "sink_helpers.h"

/* Opens "pipe:sh -c 'SCRIPT'" with $H for the home folder. */
static void open_script(struct fixture *f, const char *script)
{
	char *to = xasprintf("pipe:sh -c 'H=%s; %s'", f->home, script);

	open_sink(f, to);
	free(to);
}

static bool run_one(struct fixture *f, const char *mail, size_t len)
{
	struct receipt r = {"x"};
	struct sink_batch *b;

	memset(&f->e, 0, sizeof(f->e));
	put_mail(f, mail, len);
	b = f->k->ops->cut(f->k);
	assert_non_null(b);
	assert_null(f->k->ops->cut(f->k));
	return deliver(f, b, &r, 1);
}

static void pipe__hands_over_the_whole_mail_and_its_facts(void **state)
{
	struct fixture *f = *state;
	struct buf have = {NULL, 0, 0};

	open_script(f, "cat >$H/mail; env | grep ^AMBIL_ | grep -v ^AMBIL_TESTS | sort >$H/env");
	assert_true(run_one(f, "A: b\r\n\r\nFrom c\r\n\0\r\n", 19));
	get_file(f, "mail", &have);
	assert_int_equal(have.len, 15);
	assert_memory_equal(have.data, "A: b\n\nFrom c\n\0\n", 15);
	get_file(f, "env", &have);
	assert_string_equal(have.data,
		"AMBIL_ACCOUNT=home\nAMBIL_ATTEMPT=1\nAMBIL_HOST=pop.example.org\nAMBIL_SIZE=15\n"
		"AMBIL_UID=uid-1\nAMBIL_USER=anna\n");
	f->d.received_header = true;
	assert_true(run_one(f, "A: b\r\n", 6));
	get_file(f, "mail", &have);
	assert_int_equal(strncmp(have.data, "Received: from pop.example.org by ", 34), 0);
	assert_non_null(strstr(have.data, " +0000\nA: b\n"));
	buf_release(&have);
}

static void pipe__makes_a_hostile_uid_safe(void **state)
{
	struct fixture *f = *state;
	struct mail_info info = some_info();
	struct buf have = {NULL, 0, 0};
	struct receipt r;

	open_script(f, "printf %s \"$AMBIL_UID\" >$H/uid");
	info.uid = (struct span){"a\n\0;\x1b[0m$(x)", 12};
	assert_true(f->k->ops->begin(f->k, &info, &f->e));
	assert_true(f->k->ops->write(f->k, span_of("x\r\n"), &f->e));
	assert_true(f->k->ops->end(f->k, &f->e));
	assert_true(deliver(f, f->k->ops->cut(f->k), &r, 1));
	get_file(f, "uid", &have);
	assert_string_equal(have.data, "a\\x0a\\x00;\\x1b[0m$(x)");
	buf_release(&have);
}

static void pipe__large_mail_reaches_readers_and_others(void **state)
{
	struct fixture *f = *state;
	struct buf mail = {NULL, 0, 0}, have = {NULL, 0, 0};

	while (mail.len < 3000000)
		buf_add_text(&mail, "0123456789012345678901234567890123456789\r\n");
	open_script(f, "wc -c >$H/size; echo $AMBIL_SIZE >>$H/size");
	assert_true(run_one(f, mail.data, mail.len));
	get_file(f, "size", &have);
	char *want = xasprintf("%zu\n%zu\n", mail.len / 42 * 41, mail.len / 42 * 41);

	assert_string_equal(have.data, want);
	free(want);
	open_sink(f, "pipe:true");
	assert_true(run_one(f, mail.data, mail.len));
	open_sink(f, "pipe:head -c 1");
	assert_true(run_one(f, mail.data, mail.len));
	buf_release(&mail);
	buf_release(&have);
}

static void pipe__understands_exit_codes(void **state)
{
	static const struct {
		const char *script;
		enum error_kind kind;
		const char *text, *why;
	} cases[] = {
		{"exit 75", ERROR_LATER, "exited 75 (temporary failure)", ""},
		{"exit 65", ERROR_REFUSED, "exited 65 (message refused)", ""},
		{"exit 67", ERROR_REFUSED, "exited 67 (unknown addressee)", ""},
		{"exit 69", ERROR_REFUSED, "exited 69 (service unavailable)", ""},
		{"exit 77", ERROR_REFUSED, "exited 77 (permission denied)", ""},
		{"exit 1", ERROR_REFUSED, "exited 1", ""},
		{"exit 64", ERROR_CONFIG, "exited 64 (wrong usage)", ""},
		{"exit 78", ERROR_CONFIG, "exited 78 (configuration error)", ""},
		{"exit 126", ERROR_CONFIG, "exited 126 (cannot be executed)", ""},
		{"exit 127", ERROR_CONFIG, "exited 127 (command not found)", ""},
		{"exit 73", ERROR_DELIVERY, "exited 73 (cannot create its output)", ""},
		{"exit 74", ERROR_DELIVERY, "exited 74 (input/output error)", ""},
		{"kill -9 $$", ERROR_LATER, "was ended by signal 9 (Killed)", ""},
		{"echo; echo no quota >&2; echo more >&2; exit 75", ERROR_LATER,
			"exited 75 (temporary failure)", "no quota"},
		{"printf \"\\033[2Jx\" >&2; exit 65", ERROR_REFUSED, "exited 65 (message refused)",
			"\\x1b[2Jx"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_script(f, cases[i].script);
		assert_false(run_one(f, "x\r\n", 3));
		assert_int_equal(f->e.kind, cases[i].kind);
		assert_int_equal(f->e.text[0], '"');
		assert_non_null(strstr(f->e.text, cases[i].text));
		assert_string_equal(f->e.why, cases[i].why);
		/* The next mail is not touched by it. */
		assert_false(run_one(f, "x\r\n", 3));
	}
	open_sink(f, "pipe:sh -c 'exit 75'");
	assert_false(run_one(f, "x\r\n", 3));
	assert_string_equal(f->e.text, "\"sh -c 'exit 75'\" exited 75 (temporary failure)");
}

static void pipe__stops_a_command_that_takes_too_long(void **state)
{
	struct fixture *f = *state;

	open_sink(f, "pipe:sleep 100");
	f->d.command_timeout_ms = 50;
	assert_false(run_one(f, "x\r\n", 3));
	assert_int_equal(f->e.kind, ERROR_LATER);
	assert_non_null(strstr(f->e.text, "was stopped"));
}

/* One that is ended half way may have delivered: it is let be, and the next one is not begun. */
static void pipe__starts_no_command_past_the_deadline(void **state)
{
	struct fixture *f = *state;

	open_script(f, "sleep 2; echo x >>$H/called");
	f->k->limits.until_ms = clock_ms() + 1500;
	assert_true(run_one(f, "x\r\n", 3));
	assert_int_equal(count_in(f, "."), 1);
	open_script(f, "echo x >>$H/again");
	f->k->limits.until_ms = clock_ms();
	assert_false(run_one(f, "x\r\n", 3));
	/* That concerns more than this mail. */
	assert_int_equal(f->e.kind, ERROR_BUSY);
	assert_int_equal(count_in(f, "."), 1);
}

static void pipe__wants_a_command_that_exists(void **state)
{
	struct fixture *f = *state;

	assert_false(try_open(f, "pipe:/nonexistent/mda -t"));
	assert_int_equal(f->e.kind, ERROR_CONFIG);
	assert_string_equal(
		f->e.text, "the command \"/nonexistent/mda\" was not found or cannot be executed");
	assert_false(try_open(f, "pipe:surely-no-such-command"));
	assert_int_equal(f->e.kind, ERROR_CONFIG);
}

static void pipe__never_starts_for_a_mail_that_is_not_whole(void **state)
{
	struct fixture *f = *state;
	struct mail_info info = some_info();

	open_script(f, "cat >>$H/seen");
	f->k->ops->drop(f->k);
	assert_true(f->k->ops->begin(f->k, &info, &f->e));
	assert_true(f->k->ops->write(f->k, span_of("half"), &f->e));
	assert_null(f->k->ops->cut(f->k));
	f->k->ops->drop(f->k);
	assert_int_equal(count_in(f, "."), 0);
	assert_true(run_one(f, "x\r\n", 3));
	assert_int_equal(count_in(f, "."), 1);
	assert_false(f->k->ops->journalled);
	assert_int_equal(f->k->ops->batch_max, 1);
}

/* A spool that cannot be written is the disk's fault, not the command's. */
static void pipe__reports_a_full_spool(void **state)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, usual;
	struct fixture *f = *state;
	struct rlimit before, small;
	bool done;

	open_script(f, "cat >>$H/seen");
	sigaction(SIGXFSZ, &ignore, &usual);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 1;
	setrlimit(RLIMIT_FSIZE, &small);
	done = run_one(f, "x\r\n", 3);
	setrlimit(RLIMIT_FSIZE, &before);
	sigaction(SIGXFSZ, &usual, NULL);
	assert_false(done);
	assert_int_equal(f->e.kind, ERROR_DELIVERY);
	assert_int_equal(count_in(f, "."), 0);
}

static void fill(struct spool *s, size_t len)
{
	struct error e;

	spool_init(s, 0);
	assert_true(spool_make_room(s, true, &e));
	memset(s->memory.data, 'x', len);
	s->memory.len = len;
}

/* Where it can be made, and why not; the second file system knows no files without a name. */
static void spool__says_why_there_is_no_file(void **state)
{
	static const struct {
		const char *folder;
		int why, why_not_root;
	} cases[] = {{"/nonexistent", ENOENT, ENOENT}, {"/proc", ENOENT, EACCES}};
	char *before = getenv("TMPDIR") ? xstrdup(getenv("TMPDIR")) : NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int why = geteuid() == 0 ? cases[i].why : cases[i].why_not_root, fd;
		struct error e = {0};
		struct spool s;
		char words[200];

		snprintf(words, sizeof(words), "cannot spool mail in %s: %s", cases[i].folder,
			strerror(why));
		fill(&s, 10);
		setenv("TMPDIR", cases[i].folder, 1);
		assert_false(spool_to_file(&s, &fd, &e));
		assert_int_equal(e.kind, ERROR_DELIVERY);
		assert_string_equal(e.text, words);
		spool_release(&s);
	}
	if (before)
		setenv("TMPDIR", before, 1);
	else
		unsetenv("TMPDIR");
	free(before);
}

/* A spool that is shorter than it was, or cannot be read, must not pass for a whole mail. */
static void spool__never_passes_a_part_for_the_whole(void **state)
{
	int out = open("/dev/null", O_WRONLY | O_CLOEXEC), fd;
	struct error e = {0};
	struct spool s;
	struct buf want = {NULL, 0, 0};

	(void)state;
	fill(&s, 5000);
	assert_true(spool_to_file(&s, &fd, &e));
	assert_true(spool_copy(&s, out, "the mailbox", &e));
	assert_int_equal(ftruncate(fd, 4999), 0);
	assert_false(spool_copy(&s, out, "the mailbox", &e));
	assert_int_equal(e.kind, ERROR_DELIVERY);
	buf_printf(&want, ": %s", strerror(EIO));
	assert_string_equal(strrchr(e.text, ':'), want.data);
	/* A descriptor that can only be written. */
	assert_true(dup2(out, fd) >= 0);
	assert_false(spool_copy(&s, out, "the mailbox", &e));
	assert_non_null(strstr(e.text, strerror(EBADF)));
	spool_release(&s);
	buf_release(&want);
	close(out);
}

/* Standard output is led to fd while one mail is delivered. */
static bool run_to(struct fixture *f, int fd, const char *mail, size_t len)
{
	int saved;
	bool done;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	dup2(fd, STDOUT_FILENO);
	done = run_one(f, mail, len);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	return done;
}

static void stdout__is_one_mboxrd_stream(void **state)
{
	static const int flags[] = {O_TRUNC, O_APPEND};
	struct fixture *f = *state;
	struct buf have = {NULL, 0, 0};
	char *path = at(f, "out");

	open_sink(f, "-");
	for (size_t i = 0; i < 2; i++) {
		int fd = open(path, O_RDWR | O_CREAT | flags[i], 0600);

		assert_true(run_to(f, fd, "From: a@b.example\r\n\r\nFrom c\r\n", 29));
		assert_true(run_to(f, fd, "x", 1));
		close(fd);
	}
	get_file(f, "out", &have);
	static const char twice[] =
		"From a@b.example Tue Nov 24 03:26:53 2026\nFrom: a@b.example\n\n"
		">From c\n\nFrom MAILER-DAEMON Tue Nov 24 03:26:53 2026\nx\n\n";

	assert_int_equal(have.len, 2 * strlen(twice));
	assert_memory_equal(have.data, twice, strlen(twice));
	assert_memory_equal(have.data + strlen(twice), twice, strlen(twice));
	buf_release(&have);
	free(path);
}

static void stdout__says_that_the_reader_is_gone(void **state)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, usual;
	struct fixture *f = *state;
	int fds[2];

	open_sink(f, "-");
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	sigaction(SIGPIPE, &ignore, &usual);
	assert_false(run_to(f, fds[1], "x\r\n", 3));
	sigaction(SIGPIPE, &usual, NULL);
	assert_int_equal(f->e.kind, ERROR_DELIVERY);
	assert_string_equal(f->e.text, "standard output: Broken pipe");
	close(fds[1]);
	int full = open("/dev/full", O_WRONLY);

	if (full >= 0) {
		assert_false(run_to(f, full, "x\r\n", 3));
		assert_string_equal(f->e.text, "standard output: No space left on device");
		close(full);
	}
}

static void stdout__is_not_opened_where_nothing_can_be_written(void **state)
{
	struct fixture *f = *state;
	int saved;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	for (int closed = 0; closed < 2; closed++) {
		int fd = open("/dev/null", O_RDONLY);
		bool opened;

		dup2(fd, STDOUT_FILENO);
		close(fd);
		if (closed)
			close(STDOUT_FILENO);
		opened = try_open(f, "-");
		dup2(saved, STDOUT_FILENO);
		assert_false(opened);
		assert_int_equal(f->e.kind, ERROR_DELIVERY);
		assert_string_equal(f->e.text, "standard output is closed; nothing was fetched");
	}
	close(saved);
}

static void stdout__waits_for_a_slow_reader(void **state)
{
	struct fixture *f = *state;
	struct buf mail = {NULL, 0, 0};
	int fds[2];
	pid_t pid;

	while (mail.len < 2500000)
		buf_add_text(&mail, "0123456789\r\n");
	open_sink(f, "-");
	assert_int_equal(pipe(fds), 0);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	pid = fork();
	if (pid == 0) {
		char chunk[65536];
		size_t total = 0;
		ssize_t n;

		close(fds[1]);
		while ((n = read(fds[0], chunk, sizeof(chunk))) > 0)
			total += (size_t)n;
		_exit(total !=
			mail.len / 12 * 11 +
				strlen("From MAILER-DAEMON Tue Nov 24 03:26:53 2026\n\n"));
	}
	close(fds[0]);
	assert_true(run_to(f, fds[1], mail.data, mail.len));
	close(fds[1]);
	wait_for(pid);
	buf_release(&mail);
}

static void stdout__leaves_no_torn_mail_in_a_file(void **state)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, usual;
	struct fixture *f = *state;
	struct buf have = {NULL, 0, 0}, after = {NULL, 0, 0};
	struct rlimit before, small;
	char *path = at(f, "out");
	bool done;
	int fd;

	open_sink(f, "-");
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(run_to(f, fd, "x\r\n", 3));
	get_file(f, "out", &have);
	sigaction(SIGXFSZ, &ignore, &usual);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = have.len + 10;
	setrlimit(RLIMIT_FSIZE, &small);
	done = run_to(f, fd, "y\r\n", 3);
	setrlimit(RLIMIT_FSIZE, &before);
	sigaction(SIGXFSZ, &usual, NULL);
	assert_false(done);
	get_file(f, "out", &after);
	assert_string_equal(after.data, have.data);
	assert_true(run_to(f, fd, "x\r\n", 3));
	get_file(f, "out", &after);
	assert_int_equal(after.len, 2 * have.len);
	close(fd);
	free(path);
	buf_release(&have);
	buf_release(&after);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(pipe__hands_over_the_whole_mail_and_its_facts),
		T(pipe__makes_a_hostile_uid_safe),
		T(pipe__large_mail_reaches_readers_and_others),
		T(pipe__understands_exit_codes),
		T(pipe__stops_a_command_that_takes_too_long),
		T(pipe__starts_no_command_past_the_deadline),
		T(pipe__wants_a_command_that_exists),
		T(pipe__never_starts_for_a_mail_that_is_not_whole),
		T(pipe__reports_a_full_spool),
		T(spool__says_why_there_is_no_file),
		T(spool__never_passes_a_part_for_the_whole),
		T(stdout__is_one_mboxrd_stream),
		T(stdout__says_that_the_reader_is_gone),
		T(stdout__is_not_opened_where_nothing_can_be_written),
		T(stdout__waits_for_a_slow_reader),
		T(stdout__leaves_no_torn_mail_in_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
