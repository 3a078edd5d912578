/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Maildir: what is on disk after each step, after a crash at each step, and what cannot be done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "sink_helpers.h"

static void maildir__is_made_private_when_its_parent_exists(void **state)
{
	static const char *const parts[] = {"Mail", "Mail/tmp", "Mail/new", "Mail/cur"};
	struct fixture *f = *state;
	struct stat st;

	open_sink(f, "maildir:~/Mail/");
	for (size_t i = 0; i < 4; i++) {
		char *path = at(f, parts[i]);

		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
		free(path);
	}
	open_sink(f, "maildir:Mail"); /* from home, and a second time */
	assert_string_equal(f->d.shown, "~/Mail");
}

static void maildir__says_why_it_cannot_be_used(void **state)
{
	struct fixture *f = *state;
	char *path;

	assert_false(try_open(f, "maildir:~/Archiv/Mail"));
	assert_int_equal(f->e.kind, ERROR_DELIVERY);
	assert_string_equal(f->e.text, "~/Archiv/Mail: parent folder ~/Archiv does not exist");
	put_file(f, "file", "x", 1);
	assert_false(try_open(f, "maildir:~/file"));
	assert_string_equal(f->e.text, "~/file is not a folder");
	assert_false(try_open(f, "maildir:~/file/Mail"));
	assert_int_equal(f->e.kind, ERROR_DELIVERY);
	path = at(f, "half");
	mkdir(path, 0700);
	free(path);
	put_file(f, "half/new", "x", 1);
	assert_false(try_open(f, "maildir:~/half"));
	assert_string_equal(f->e.text, "~/half/new: Not a directory");
	path = at(f, "link");
	mkdir(path, 0700);
	free(path);
	path = at(f, "link/tmp");
	assert_int_equal(symlink("/tmp", path), 0);
	free(path);
	assert_false(try_open(f, "maildir:~/link"));
	if (geteuid() == 0)
		return;
	path = at(f, "shut");
	mkdir(path, 0500);
	free(path);
	assert_false(try_open(f, "maildir:~/shut"));
	assert_string_equal(f->e.text, "~/shut: Permission denied");
}

static void maildir__shows_a_mail_only_after_commit(void **state)
{
	struct fixture *f = *state;
	struct buf text = {NULL, 0, 0};
	struct receipt r[3];
	char where[300];
	size_t n;

	open_sink(f, "maildir:~/Mail");
	assert_null(f->k->ops->cut(f->k));
	for (int i = 0; i < 3; i++)
		put_numbered(f, i);
	assert_int_equal(count_in(f, "Mail/tmp"), 3);
	struct sink_batch *b = f->k->ops->cut(f->k);

	assert_null(f->k->ops->cut(f->k));
	put_numbered(f, 4); /* the next batch is filled meanwhile */
	assert_true(f->k->ops->prepare(f->k, b, r, 3, &f->e));
	assert_int_equal(count_in(f, "Mail/new"), 0);
	assert_true(f->k->ops->commit(f->k, b, r, 3, &f->e));
	f->k->ops->batch_free(f->k, b, false);
	assert_int_equal(count_in(f, "Mail/new"), 3);
	assert_int_equal(count_in(f, "Mail/tmp"), 1);
	char *name = name_in(f, "Mail/new", 0, &n), *path = xasprintf("Mail/new/%s", name);

	assert_null(strpbrk(name, ":/"));
	get_file(f, path, &text);
	assert_non_null(strstr(text.data, "\n\nFrom here\n"));
	assert_null(strchr(text.data, '\r'));
	free(path);
	f->k->ops->where(&r[0], where, sizeof(where));
	path = xasprintf("Mail/%s", where);
	get_file(f, path, &text);
	free(name);
	free(path);
	buf_release(&text);
	close_sink(f);
	/* What was never cut is gone with the sink. */
	assert_int_equal(count_in(f, "Mail/tmp"), 0);
}

static void maildir__keeps_every_octet_of_large_and_odd_mail(void **state)
{
	struct fixture *f = *state;
	struct mail_info info = some_info();
	struct buf want = {NULL, 0, 0}, have = {NULL, 0, 0};
	struct receipt r;
	char where[300], *path;
	char line[256];

	for (int i = 0; i < 256; i++)
		line[i] = (char)(255 - i); /* CR and LF turned round: neither is a line end */
	open_sink(f, "maildir:~/Mail");
	assert_true(f->k->ops->begin(f->k, &info, &f->e));
	for (int i = 0; i < 24000; i++) {
		assert_true(f->k->ops->write(f->k, (struct span){line, sizeof(line)}, &f->e));
		assert_true(f->k->ops->write(f->k, span_of("\r\n"), &f->e));
		buf_add(&want, line, sizeof(line));
		buf_add(&want, "\n", 1);
	}
	assert_true(f->k->ops->end(f->k, &f->e));
	assert_true(deliver(f, f->k->ops->cut(f->k), &r, 1));
	f->k->ops->where(&r, where, sizeof(where));
	path = xasprintf("Mail/%s", where);
	get_file(f, path, &have);
	assert_int_equal(have.len, want.len);
	assert_memory_equal(have.data, want.data, want.len);
	free(path);
	buf_release(&have);
	buf_release(&want);
}

static void maildir__adds_received_when_asked(void **state)
{
	struct fixture *f = *state;
	struct buf text = {NULL, 0, 0};
	struct receipt r;
	char *path;

	open_sink(f, "maildir:~/Mail");
	f->d.received_header = true;
	put_mail(f, "A: b\r\n\r\n", 8);
	assert_true(deliver(f, f->k->ops->cut(f->k), &r, 1));
	path = xasprintf("Mail/new/%.*s", (int)strcspn(r.text, " "), r.text);
	get_file(f, path, &text);
	assert_int_equal(strncmp(text.data, "Received: from pop.example.org by ", 34), 0);
	assert_non_null(strstr(text.data, " +0000\nA: b\n\n"));
	free(path);
	buf_release(&text);
}

static void maildir__drop_and_batch_free_leave_nothing(void **state)
{
	struct fixture *f = *state;
	struct mail_info info = some_info();
	struct receipt r;

	open_sink(f, "maildir:~/Mail");
	f->k->ops->drop(f->k);
	assert_true(f->k->ops->begin(f->k, &info, &f->e));
	assert_true(f->k->ops->write(f->k, span_of("half"), &f->e));
	assert_int_equal(count_in(f, "Mail/tmp"), 1);
	f->k->ops->drop(f->k);
	assert_int_equal(count_in(f, "Mail/tmp"), 0);
	assert_null(f->k->ops->cut(f->k));
	put_numbered(f, 1);
	struct sink_batch *b = f->k->ops->cut(f->k);

	assert_true(f->k->ops->prepare(f->k, b, &r, 1, &f->e));
	f->k->ops->batch_free(f->k, b, true);
	assert_int_equal(count_in(f, "Mail/tmp"), 1);
	assert_int_equal(f->k->ops->recover(f->k, &r, time(NULL), &f->e), SINK_PREPARED);
	assert_true(f->k->ops->commit(f->k, NULL, &r, 1, &f->e));
	assert_true(f->k->ops->commit(f->k, NULL, &r, 1, &f->e)); /* again does no harm */
	assert_int_equal(count_in(f, "Mail/new"), 1);
	put_numbered(f, 2);
	b = f->k->ops->cut(f->k);
	assert_true(f->k->ops->prepare(f->k, b, &r, 1, &f->e));
	f->k->ops->batch_free(f->k, b, false);
	assert_int_equal(count_in(f, "Mail/tmp"), 0);
}

static void maildir__recovers_by_where_the_name_is(void **state)
{
	struct fixture *f = *state;
	struct receipt r;
	char *from, *to, name[200];
	int64_t now = time(NULL), long_ago = now - 37 * 3600;

	open_sink(f, "maildir:~/Mail");
	open_sink(f, "maildir:~/Mail"); /* now it was there before */
	put_numbered(f, 1);
	struct sink_batch *b = f->k->ops->cut(f->k);

	assert_true(f->k->ops->prepare(f->k, b, &r, 1, &f->e));
	assert_int_equal(f->k->ops->recover(f->k, &r, long_ago, &f->e), SINK_PREPARED);
	assert_false(f->k->ops->is_lost(f->k, &r));
	assert_true(f->k->ops->commit(f->k, b, &r, 1, &f->e));
	f->k->ops->batch_free(f->k, b, false);
	assert_false(f->k->ops->is_lost(f->k, &r));
	assert_int_equal(f->k->ops->recover(f->k, &r, now, &f->e), SINK_DELIVERED);
	assert_int_equal(f->k->ops->recover(f->k, &r, long_ago, &f->e), SINK_DELIVERED);
	/* A reader has seen it and set a flag. */
	f->k->ops->where(&r, name, sizeof(name));
	from = xasprintf("%s/Mail/%s", f->home, name);
	to = xasprintf("%s/Mail/cur/%s:2,S", f->home, name + strlen("new/"));
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(f->k->ops->recover(f->k, &r, long_ago, &f->e), SINK_DELIVERED);
	assert_true(f->k->ops->commit(f->k, NULL, &r, 1, &f->e));
	/* And removed it. */
	assert_int_equal(unlink(to), 0);
	assert_true(f->k->ops->is_lost(f->k, &r));
	assert_int_equal(f->k->ops->recover(f->k, &r, now, &f->e), SINK_GONE);
	assert_int_equal(f->e.kind, ERROR_NONE);
	assert_int_equal(f->k->ops->recover(f->k, &r, long_ago, &f->e), SINK_UNSURE);
	/* A row from the future: that clock was wrong, and who knows by how much. */
	assert_int_equal(f->k->ops->recover(f->k, &r, now + 864000, &f->e), SINK_UNSURE);
	assert_int_equal(f->e.kind, ERROR_DELIVERY);
	assert_false(f->k->ops->commit(f->k, NULL, &r, 1, &f->e));
	free(from);
	free(to);
}

static void maildir__trusts_no_path_in_a_receipt(void **state)
{
	static const char *const bad[] = {"", "../x", "a/b", ".", "..", "/etc/passwd", "x:2,S"};
	struct fixture *f = *state;

	open_sink(f, "maildir:~/Mail");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct receipt r;

		snprintf(r.text, sizeof(r.text), "%s", bad[i]);
		assert_int_equal(f->k->ops->recover(f->k, &r, time(NULL), &f->e), SINK_UNSURE);
		assert_false(f->k->ops->commit(f->k, NULL, &r, 1, &f->e));
		assert_int_equal(f->e.kind, ERROR_STORE);
	}
}

static void maildir__sweeps_only_its_own_leftovers(void **state)
{
	struct fixture *f = *state;
	struct receipt r[2];
	struct sink *other;

	open_sink(f, "maildir:~/Mail");
	put_file(f, "Mail/tmp/1.foreign.host", "x", 1);
	put_numbered(f, 1);
	put_numbered(f, 2);
	struct sink_batch *b = f->k->ops->cut(f->k);

	assert_true(f->k->ops->prepare(f->k, b, r, 2, &f->e));
	f->k->ops->batch_free(f->k, b, true);
	other = sink_open(&f->d, "work", &f->e);
	assert_non_null(other);
	other->ops->sweep(other, NULL, 0);
	sink_free(other);
	assert_int_equal(count_in(f, "Mail/tmp"), 3);
	f->k->ops->sweep(f->k, &r[1], 1);
	assert_int_equal(count_in(f, "Mail/tmp"), 2);
	assert_int_equal(f->k->ops->recover(f->k, &r[1], time(NULL), &f->e), SINK_PREPARED);
	f->k->ops->sweep(f->k, NULL, 0);
	assert_int_equal(count_in(f, "Mail/tmp"), 1);
}

/* With few descriptors and a batch above the limits of both ways to sync. */
static void maildir__needs_few_descriptors(void **state)
{
	struct fixture *f = *state;
	struct rlimit before, few;
	struct receipt r[256];

	getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	few.rlim_cur = 80;
	setrlimit(RLIMIT_NOFILE, &few);
	open_sink(f, "maildir:~/Mail");
	for (int i = 0; i < 256; i++)
		put_numbered(f, i);
	assert_true(deliver(f, f->k->ops->cut(f->k), r, 256));
	for (int i = 0; i < 5; i++)
		put_numbered(f, i);
	assert_true(deliver(f, f->k->ops->cut(f->k), r, 5));
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(count_in(f, "Mail/new"), 261);
	assert_int_equal(count_in(f, "Mail/tmp"), 0);
}

/* What a run does until it is killed at the step-th step; receipts and "prepared" go into files. */
static void run_until(struct fixture *f, int step, int receipts_fd)
{
	struct receipt r[3] = {{""}};
	struct sink_batch *b;
	struct mail_info info = some_info();

	if (step == 0)
		_exit(0);
	for (int i = 0; i < 3; i++)
		put_numbered(f, i);
	if (step == 1)
		_exit(0);
	b = f->k->ops->cut(f->k);
	if (!f->k->ops->begin(f->k, &info, &f->e) ||
		!f->k->ops->write(f->k, span_of("half"), &f->e))
		_exit(1);
	if (step == 2)
		_exit(0);
	if (!f->k->ops->prepare(f->k, b, r, 3, &f->e))
		_exit(1);
	if (step == 3)
		_exit(0);
	if (!file_write_all(receipts_fd, r, sizeof(r)))
		_exit(1);
	if (step == 4)
		_exit(0);
	/* Killed within commit: only some are renamed. */
	if (!f->k->ops->commit(f->k, NULL, r, step == 5 ? 1 : step == 6 ? 2 : 3, &f->e))
		_exit(1);
	_exit(0);
}

static void maildir__delivers_once_wherever_it_is_killed(void **state)
{
	struct fixture *f = *state;

	for (int step = 0; step <= 7; step++) {
		char *to = xasprintf("maildir:~/Mail%d", step), *folder;
		struct receipt r[3];
		size_t known;
		int fds[2];
		pid_t pid;

		open_sink(f, to);
		assert_int_equal(pipe(fds), 0);
		pid = fork();
		if (pid == 0)
			run_until(f, step, fds[1]);
		wait_for(pid);
		close(fds[1]);
		known = (size_t)file_read_all(fds[0], r, sizeof(r)) / sizeof(r[0]);
		close(fds[0]);
		open_sink(f, to);
		f->k->ops->sweep(f->k, r, known);
		assert_int_equal(known, step < 4 ? 0 : 3);
		for (size_t i = 0; i < known; i++) {
			enum sink_state now = f->k->ops->recover(f->k, &r[i], time(NULL), &f->e);

			assert_int_equal(now, (int)i < step - 4 ? SINK_DELIVERED : SINK_PREPARED);
			if (now == SINK_PREPARED)
				assert_true(f->k->ops->commit(f->k, NULL, &r[i], 1, &f->e));
		}
		/* Those the journal does not know come again from the server. */
		if (!known) {
			for (int i = 0; i < 3; i++)
				put_numbered(f, i);
			assert_true(deliver(f, f->k->ops->cut(f->k), r, 3));
		}
		folder = xasprintf("Mail%d/new", step);
		assert_int_equal(count_in(f, folder), 3);
		free(folder);
		folder = xasprintf("Mail%d/tmp", step);
		assert_int_equal(count_in(f, folder), 0);
		free(folder);
		free(to);
	}
}

/* A disk that is full for one file, stood in for by the limit on a file's size. */
static void maildir__reports_a_full_disk_and_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct mail_info info = some_info();
	struct rlimit before, small;
	char *chunk = calloc(1, 300000);
	bool written;

	open_sink(f, "maildir:~/Mail");
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 100000;
	struct sigaction ignore = {.sa_handler = SIG_IGN}, usual;

	sigaction(SIGXFSZ, &ignore, &usual);
	setrlimit(RLIMIT_FSIZE, &small);
	assert_true(f->k->ops->begin(f->k, &info, &f->e));
	written = f->k->ops->write(f->k, (struct span){chunk, 300000}, &f->e);
	setrlimit(RLIMIT_FSIZE, &before);
	sigaction(SIGXFSZ, &usual, NULL);
	assert_false(written);
	assert_int_equal(f->e.kind, ERROR_DELIVERY);
	assert_string_equal(f->e.text, "~/Mail: File too large");
	f->k->ops->drop(f->k);
	assert_int_equal(count_in(f, "Mail/tmp"), 0);
	free(chunk);
}

static void destination__reads_what_is_allowed(void **state)
{
	static const struct {
		const char *text, *path, *shown, *id;
	} good[] = {
		{"maildir:~/Mail", "/home/a/Mail", "~/Mail", "maildir:/home/a/Mail"},
		{"maildir:Mail//", "/home/a/Mail", "~/Mail", "maildir:/home/a/Mail"},
		{"mbox:/var/mail/%a", "/var/mail/w_x", "/var/mail/w_x", "mbox:/var/mail/w_x"},
		{"mbox:~/100%%", "/home/a/100%", "~/100%", "mbox:/home/a/100%"},
		{"pipe:procmail -t '%a'", NULL, "procmail -t '%a'", "pipe:procmail -t '%a'"},
		{"-", NULL, "standard output", "-"},
	};
	static const char *const bad[] = {"", "Mail", "maildir",
		"maildir:", "maildir: ", "mbox:", "pipe:", "pipe: ", "pipe:'open", "--",
		"maildir:~/%b", "mbox:~bob/x", "mbox:~/x%"};
	struct destination d;
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(destination_parse(good[i].text, "w/x", "/home/a", &d, &e));
		if (good[i].path)
			assert_string_equal(d.path, good[i].path);
		else
			assert_null(d.path);
		assert_string_equal(d.shown, good[i].shown);
		assert_string_equal(d.id, good[i].id);
		assert_string_equal(d.text, good[i].text);
		destination_release(&d);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&e, 0, sizeof(e));
		assert_false(destination_parse(bad[i], "w", "/home/a", &d, &e));
		assert_int_equal(e.kind, ERROR_CONFIG);
		assert_true(e.text[0] != '\0');
	}
	assert_false(destination_parse("maildir:", "w", "/home/a", &d, &e));
	assert_non_null(strstr(e.text, "use maildir:PATH, mbox:PATH, pipe:COMMAND or -"));
	assert_true(destination_parse("maildir:%a", "..", "/home/a", &d, &e));
	assert_string_equal(d.path, "/home/a/_..");
	destination_release(&d);
	assert_false(destination_parse("mbox:%a", "", "/home/a", &d, &e));
	assert_string_equal(e.text, "\"%a\" names nothing");
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(maildir__is_made_private_when_its_parent_exists),
		T(maildir__says_why_it_cannot_be_used),
		T(maildir__shows_a_mail_only_after_commit),
		T(maildir__keeps_every_octet_of_large_and_odd_mail),
		T(maildir__adds_received_when_asked),
		T(maildir__drop_and_batch_free_leave_nothing),
		T(maildir__recovers_by_where_the_name_is),
		T(maildir__trusts_no_path_in_a_receipt),
		T(maildir__sweeps_only_its_own_leftovers),
		T(maildir__needs_few_descriptors),
		T(maildir__delivers_once_wherever_it_is_killed),
		T(maildir__reports_a_full_disk_and_leaves_nothing),
		cmocka_unit_test(destination__reads_what_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
