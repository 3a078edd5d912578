/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mbox: what is appended, how it is locked, and what recovery makes of every way a run can end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "sink_helpers.h"

static const char FROM_LINE[] = "From s@b.example Tue Nov 24 03:26:53 2026\n";

/* What put_numbered() makes in an mbox. */
static void add_expected(struct buf *out, int number)
{
	buf_printf(
		out, "%sFrom: s@b.example\nSubject: mail %d\n\n>From here\n\n", FROM_LINE, number);
}

static void check_file(struct fixture *f, const char *name, const struct buf *want)
{
	struct buf have = {NULL, 0, 0};

	get_file(f, name, &have);
	assert_string_equal(have.data, want->data ? want->data : "");
	assert_int_equal(have.len, want->len);
	buf_release(&have);
}

static struct sink_batch *fill(struct fixture *f, int from, int to)
{
	for (int i = from; i <= to; i++)
		put_numbered(f, i);
	return f->k->ops->cut(f->k);
}

static void mbox__appends_behind_what_is_there(void **state)
{
	static const struct {
		const char *before, *then;
	} cases[] = {{"", ""}, {"From x\n\na\n\n", ""}, {"From x\n\na\n", "\n"},
		{"From x\n\na", "\n\n"}, {"\n", ""}, {"x", "\n\n"}};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf want = {NULL, 0, 0};
		struct receipt r[2];

		put_file(f, "mbox", cases[i].before, strlen(cases[i].before));
		open_sink(f, "mbox:~/mbox");
		buf_printf(&want, "%s%s", cases[i].before, cases[i].then);
		add_expected(&want, 1);
		add_expected(&want, 2);
		assert_true(deliver(f, fill(f, 1, 2), r, 2));
		check_file(f, "mbox", &want);
		for (int j = 0; j < 2; j++)
			assert_int_equal(f->k->ops->recover(f->k, &r[j], 0, &f->e), SINK_DELIVERED);
		/* And behind our own. */
		add_expected(&want, 3);
		assert_true(deliver(f, fill(f, 3, 3), r, 1));
		check_file(f, "mbox", &want);
		assert_int_equal(count_in(f, "."), 1);
		buf_release(&want);
	}
}

static void mbox__puts_sender_and_received_in_front(void **state)
{
	struct fixture *f = *state;
	struct buf have = {NULL, 0, 0};
	struct mail_info info = some_info();
	static const char begins[] = "From r@b.example Tue Nov 24 03:26:53 2026\nReceived: from ";
	struct receipt r;

	open_sink(f, "mbox:mbox");
	f->d.received_header = true;
	assert_true(f->k->ops->begin(f->k, &info, &f->e));
	for (const char *p = "From - Mon\r\nReturn-Path: <r@b.example>\r\nA: b\r\n\r\nFrom c"; *p;
		p++)
		assert_true(f->k->ops->write(f->k, (struct span){p, 1}, &f->e));
	assert_true(f->k->ops->end(f->k, &f->e));
	assert_true(deliver(f, f->k->ops->cut(f->k), &r, 1));
	get_file(f, "mbox", &have);
	assert_int_equal(strncmp(have.data, begins, strlen(begins)), 0);
	assert_non_null(strstr(
		have.data, " +0000\n>From - Mon\nReturn-Path: <r@b.example>\nA: b\n\n>From c\n\n"));
	assert_int_equal(f->k->ops->recover(f->k, &r, 0, &f->e), SINK_DELIVERED);
	buf_release(&have);
}

/* Past the spool's memory, with a mail dropped in between, and a header without an end. */
static void mbox__spools_large_mail_to_a_file(void **state)
{
	struct fixture *f = *state;
	struct buf line = {NULL, 0, 0}, want = {NULL, 0, 0};
	struct mail_info info = some_info();
	struct receipt r[3] = {{.text = ""}};

	for (int i = 0; i < 2000; i++)
		buf_add_text(&line, "x");
	buf_add_text(&line, "\r\n");
	open_sink(f, "mbox:~/mbox");
	put_numbered(f, 1);
	add_expected(&want, 1);
	for (int mail = 0; mail < 2; mail++) {
		assert_true(f->k->ops->begin(f->k, &info, &f->e));
		if (mail == 1)
			buf_add_text(&want, "From MAILER-DAEMON Tue Nov 24 03:26:53 2026\n");
		for (int i = 0; i < 1500; i++) {
			assert_true(f->k->ops->write(f->k, buf_span(&line), &f->e));
			if (mail == 1) {
				buf_add(&want, line.data, line.len - 2);
				buf_add_text(&want, "\n");
			}
		}
		if (mail == 0)
			f->k->ops->drop(f->k);
		else
			assert_true(f->k->ops->end(f->k, &f->e));
	}
	buf_add_text(&want, "\n");
	put_numbered(f, 2);
	add_expected(&want, 2);
	assert_true(deliver(f, f->k->ops->cut(f->k), r, 3));
	check_file(f, "mbox", &want);
	for (int i = 0; i < 3; i++)
		assert_int_equal(f->k->ops->recover(f->k, &r[i], 0, &f->e), SINK_DELIVERED);
	buf_release(&line);
	buf_release(&want);
}

static void mbox__says_why_it_cannot_be_used(void **state)
{
	struct fixture *f = *state;
	char *path;

	assert_false(try_open(f, "mbox:~/Archiv/mbox"));
	assert_string_equal(f->e.text, "~/Archiv/mbox: parent folder ~/Archiv does not exist");
	assert_int_equal(f->e.kind, ERROR_DELIVERY);
	assert_false(try_open(f, "mbox:~"));
	assert_string_equal(f->e.text, "~ is a folder, not an mbox file");
	assert_false(try_open(f, "mbox:/dev/full"));
	assert_string_equal(f->e.text, "/dev/full is not a regular file");
	path = at(f, "fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	free(path);
	assert_false(try_open(f, "mbox:~/fifo"));
	assert_string_equal(f->e.text, "~/fifo is not a regular file");
	assert_int_equal(f->e.kind, ERROR_DELIVERY);
}

static void mbox__follows_a_link_and_locks_the_file_itself(void **state)
{
	struct fixture *f = *state;
	char *link = at(f, "link"), *lock = at(f, "mbox.lock");
	struct buf want = {NULL, 0, 0};
	struct receipt r;
	struct stat st;

	put_file(f, "mbox", "", 0);
	assert_int_equal(symlink("mbox", link), 0);
	open_sink(f, "mbox:~/link");
	struct sink_batch *b = fill(f, 1, 1);

	assert_int_equal(stat(lock, &st), -1);
	assert_true(f->k->ops->prepare(f->k, b, &r, 1, &f->e));
	assert_int_equal(stat(lock, &st), 0);
	assert_true(f->k->ops->commit(f->k, b, &r, 1, &f->e));
	assert_int_equal(stat(lock, &st), -1);
	f->k->ops->batch_free(f->k, b, false);
	add_expected(&want, 1);
	check_file(f, "mbox", &want);
	buf_release(&want);
	free(link);
	free(lock);
}

static void mbox__waits_for_a_lock_and_names_its_holder(void **state)
{
	struct fixture *f = *state;
	char *path = at(f, "mbox"), want[100], octet;
	struct receipt r;
	volatile sig_atomic_t stop = SIGTERM;
	int ready[2], go[2];
	int64_t start_ms;
	pid_t pid;

	open_sink(f, "mbox:~/mbox");
	mbox_set_patience(f->k, 150);
	assert_true(pipe(ready) == 0 && pipe(go) == 0);
	pid = fork();
	if (pid == 0) {
		struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		int fd = open(path, O_RDWR);

		close(go[1]);
		if (fcntl(fd, F_SETLK, &lock) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		_exit(read(go[0], &octet, 1) < 0);
	}
	close(go[0]);
	assert_int_equal(read(ready[0], &octet, 1), 1);
	struct sink_batch *b = fill(f, 1, 1);

	assert_false(f->k->ops->prepare(f->k, b, &r, 1, &f->e));
	assert_int_equal(f->e.kind, ERROR_BUSY);
	snprintf(want, sizeof(want), "~/mbox is locked by another program (pid %ld)", (long)pid);
	assert_string_equal(f->e.text, want);
	assert_int_equal(count_in(f, "."), 1);
	/* Who is asked to stop does not wait for it. */
	f->k->limits.stop = &stop;
	mbox_set_patience(f->k, 300000);
	start_ms = clock_ms();
	assert_false(f->k->ops->prepare(f->k, b, &r, 1, &f->e));
	assert_true(clock_ms() - start_ms < 60000);
	assert_int_equal(f->e.kind, ERROR_BUSY);
	stop = 0;
	/* When it is given back in time all is well. */
	mbox_set_patience(f->k, 60000);
	close(go[1]);
	assert_true(f->k->ops->prepare(f->k, b, &r, 1, &f->e));
	assert_true(f->k->ops->commit(f->k, b, &r, 1, &f->e));
	f->k->ops->batch_free(f->k, b, false);
	wait_for(pid);
	close(ready[0]);
	close(ready[1]);
	free(path);
}

/* Content and age of a lock file, and whether it is in the way. */
static void mbox__respects_lock_files_unless_they_are_stale(void **state)
{
	struct fixture *f = *state;
	char host[64], dead[100], alive[100], far[100], *lock = at(f, "mbox.lock");
	pid_t gone = fork();

	if (gone == 0)
		_exit(0);
	wait_for(gone);
	sink_my_host(host, sizeof(host));
	snprintf(dead, sizeof(dead), "%ld:%s\n", (long)gone, host);
	snprintf(alive, sizeof(alive), "%ld:%s", (long)getppid(), host);
	snprintf(far, sizeof(far), "%ld:not-%s", (long)gone, host);
	const struct {
		const char *text;
		int age_s;
		bool held;
	} cases[] = {{"", 0, true}, {"", 200, true}, {"", 400, false}, {"0", 0, true},
		{dead, 0, false}, {alive, 0, true}, {alive, 400, true}, {alive, 4000, false},
		{far, 0, true}, {far, 400, false}, {"99999999999999999999:x", 0, true}};

	open_sink(f, "mbox:~/mbox");
	mbox_set_patience(f->k, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct timespec times[2] = {{.tv_sec = time(NULL) - cases[i].age_s},
			{.tv_sec = time(NULL) - cases[i].age_s}};
		struct receipt r;

		put_file(f, "mbox.lock", cases[i].text, strlen(cases[i].text));
		assert_int_equal(utimensat(AT_FDCWD, lock, times, 0), 0);
		memset(&f->e, 0, sizeof(f->e));
		struct sink_batch *b = fill(f, 1, 1);
		bool taken = f->k->ops->prepare(f->k, b, &r, 1, &f->e);

		f->k->ops->batch_free(f->k, b, true);
		assert_int_equal(taken, !cases[i].held);
		if (!taken)
			assert_int_equal(f->e.kind, ERROR_BUSY);
		assert_int_equal(count_in(f, "."), cases[i].held ? 2 : 1);
	}
	free(lock);
}

/* Batches of three, of which the file got only the first octets before the machine stopped. */
static void mbox__recovers_a_batch_torn_anywhere(void **state)
{
	static const char *const before[] = {"", "From x Mon\n\nold\n\n", "From x Mon\n\nold"};
	struct fixture *f = *state;

	for (size_t c = 0; c < 3; c++) {
		struct buf whole = {NULL, 0, 0};
		size_t start = strlen(before[c]), ends[3];
		struct receipt r[3] = {{.text = ""}};

		put_file(f, "mbox", before[c], start);
		open_sink(f, "mbox:~/mbox");
		buf_add_text(&whole, before[c]);
		if (c == 2)
			buf_add_text(&whole, "\n\n");
		for (int i = 0; i < 3; i++) {
			add_expected(&whole, i);
			ends[i] = whole.len;
		}
		assert_true(deliver(f, fill(f, 0, 2), r, 3));
		check_file(f, "mbox", &whole);
		for (size_t len = start; len <= whole.len; len += c == 2 ? 2 : 9) {
			size_t delivered = 0, want_len = start;
			struct buf have = {NULL, 0, 0};

			put_file(f, "mbox", whole.data, len);
			for (int i = 0; i < 3; i++) {
				enum sink_state now = f->k->ops->recover(f->k, &r[i], 0, &f->e);

				assert_int_equal(
					now, len >= ends[i] ? SINK_DELIVERED : SINK_ABSENT);
				delivered += now == SINK_DELIVERED;
				if (now == SINK_DELIVERED)
					want_len = ends[i];
			}
			/* Newlines put before a mail that did not come do no harm. */
			get_file(f, "mbox", &have);
			if (delivered == 0 && c == 2 && have.len <= start + 2)
				want_len = have.len;
			assert_int_equal(have.len, want_len);
			assert_memory_equal(have.data, whole.data, want_len);
			buf_release(&have);
		}
		buf_release(&whole);
	}
	assert_int_equal(f->e.kind, ERROR_NONE);
}

static void mbox__recovers_when_the_octets_behind_the_size_are_zeros(void **state)
{
	struct fixture *f = *state;
	struct buf have = {NULL, 0, 0};
	struct receipt r;

	open_sink(f, "mbox:~/mbox");
	assert_true(deliver(f, fill(f, 1, 1), &r, 1));
	get_file(f, "mbox", &have);
	for (size_t from = 0; from < strlen(FROM_LINE); from += 7) {
		memset(have.data + from, 0, have.len - from);
		put_file(f, "mbox", have.data, have.len);
		assert_int_equal(f->k->ops->recover(f->k, &r, 0, &f->e), SINK_ABSENT);
		get_file(f, "mbox", &have);
		assert_int_equal(have.len, 0);
		assert_true(deliver(f, fill(f, 1, 1), &r, 1));
		get_file(f, "mbox", &have);
	}
	buf_release(&have);
}

/* Nothing of others is ever cut off, and the mail is found where a reader has moved it. */
static void mbox__recovers_from_what_others_did_meanwhile(void **state)
{
	struct fixture *f = *state;
	struct buf now = {NULL, 0, 0}, old = {NULL, 0, 0};
	struct receipt r;

	buf_add_text(&old, "From x Mon\n\nold and rather longer than nothing\n\n");
	put_file(f, "mbox", old.data, old.len);
	open_sink(f, "mbox:~/mbox");
	assert_true(deliver(f, fill(f, 1, 1), &r, 1));
	/* The old mail was deleted; another came. */
	add_expected(&now, 1);
	buf_add_text(&now, "From y Tue\n\nnew\n\n");
	put_file(f, "mbox", now.data, now.len);
	assert_int_equal(f->k->ops->recover(f->k, &r, 0, &f->e), SINK_DELIVERED);
	/* Ours was deleted as well. */
	put_file(f, "mbox", "From y Tue\n\nnew\n\n", 17);
	assert_int_equal(f->k->ops->recover(f->k, &r, 0, &f->e), SINK_UNSURE);
	assert_int_equal(f->e.kind, ERROR_DELIVERY);
	/* Ours was deleted, the old one stays, another came. */
	buf_clear(&now);
	buf_add(&now, old.data, old.len);
	buf_add_text(&now, "From y Tue\n\nnew\n\n");
	put_file(f, "mbox", now.data, now.len);
	assert_int_equal(f->k->ops->recover(f->k, &r, 0, &f->e), SINK_UNSURE);
	check_file(f, "mbox", &now);
	/* Ours is torn, and another program has appended to it. */
	buf_clear(&now);
	buf_add(&now, old.data, old.len);
	buf_printf(&now, "%sFrom: s@b\n\nFrom y Tue\n\nnew\n\n", FROM_LINE);
	put_file(f, "mbox", now.data, now.len);
	assert_int_equal(f->k->ops->recover(f->k, &r, 0, &f->e), SINK_UNSURE);
	check_file(f, "mbox", &now);
	/* The same by a program that does not look whether the last line has an end. */
	buf_clear(&now);
	buf_add(&now, old.data, old.len);
	buf_printf(&now, "%sFrom: s@From y Tue Nov 24 03:26:54 2026\n\nnew\n\n", FROM_LINE);
	put_file(f, "mbox", now.data, now.len);
	assert_int_equal(f->k->ops->recover(f->k, &r, 0, &f->e), SINK_UNSURE);
	check_file(f, "mbox", &now);
	/* A longer mail of others stands where ours would. */
	buf_clear(&now);
	buf_add(&now, old.data, old.len);
	buf_add_text(&now,
		"From s@b.example Tue Nov 24 03:26:54 2026\nX: y\n\nSomething else, longer than "
		"what we had put there ourselves, by far: much longer.\n\n");
	put_file(f, "mbox", now.data, now.len);
	assert_int_equal(f->k->ops->recover(f->k, &r, 0, &f->e), SINK_UNSURE);
	check_file(f, "mbox", &now);
	/* The old one had no line end, and what stands there now is not how ours begins. */
	put_file(f, "mbox", "x", 1);
	assert_true(deliver(f, fill(f, 1, 1), &r, 1));
	put_file(f, "mbox", "xabF", 4);
	assert_int_equal(f->k->ops->recover(f->k, &r, 0, &f->e), SINK_UNSURE);
	buf_clear(&now);
	buf_add_text(&now, "xabF");
	check_file(f, "mbox", &now);
	put_file(f, "mbox", "x\n\nF", 4);
	assert_int_equal(f->k->ops->recover(f->k, &r, 0, &f->e), SINK_ABSENT);
	buf_release(&now);
	buf_release(&old);
}

/* A reader has taken out the first mail of a batch, longer than all that follow: these end before
 * the place where they were put, but they are there. */
static void mbox__finds_what_moved_to_the_front_of_its_batch(void **state)
{
	struct fixture *f = *state;
	struct buf now = {NULL, 0, 0};
	struct mail_info info = some_info();
	struct receipt r[3];
	struct span line = span_of(
		"X: a line of a long mail, which will be gone from the file\r\n");

	put_file(f, "mbox", "From x Mon\n\nold\n\n", 17);
	open_sink(f, "mbox:~/mbox");
	assert_true(f->k->ops->begin(f->k, &info, &f->e));
	for (int i = 0; i < 20; i++)
		assert_true(f->k->ops->write(f->k, line, &f->e));
	assert_true(f->k->ops->end(f->k, &f->e));
	assert_true(deliver(f, fill(f, 1, 2), r, 3));
	buf_add_text(&now, "From x Mon\n\nold\n\n");
	add_expected(&now, 1);
	add_expected(&now, 2);
	put_file(f, "mbox", now.data, now.len);
	assert_int_equal(f->k->ops->recover(f->k, &r[0], 0, &f->e), SINK_UNSURE);
	assert_int_equal(f->k->ops->recover(f->k, &r[1], 0, &f->e), SINK_DELIVERED);
	assert_int_equal(f->k->ops->recover(f->k, &r[2], 0, &f->e), SINK_DELIVERED);
	check_file(f, "mbox", &now);
	buf_release(&now);
}

/* Three that are the same, torn after each: no one is taken for another. */
static void mbox__tells_mails_that_are_the_same_apart(void **state)
{
	struct fixture *f = *state;
	struct buf whole = {NULL, 0, 0};
	struct receipt r[3];

	put_file(f, "mbox", "", 0);
	open_sink(f, "mbox:~/mbox");
	for (int i = 0; i < 3; i++) {
		put_numbered(f, 1);
		add_expected(&whole, 1);
	}
	assert_true(deliver(f, f->k->ops->cut(f->k), r, 3));
	check_file(f, "mbox", &whole);
	for (size_t there = 0; there <= 3; there++)
		for (int torn = -1; torn < 2; torn++) {
			size_t len = whole.len / 3 * there + (torn == 1 ? 20 : 0);

			if ((there == 0 && torn < 0) || (there == 3 && torn > 0))
				continue;
			put_file(f, "mbox", whole.data, len);
			/* Torn with others' mail behind it, they are searched for. */
			if (torn < 0) {
				struct buf now = {NULL, 0, 0};

				buf_add(&now, whole.data, len);
				buf_add_text(&now,
					"From y Tue\n\nsomething else that is long enough\n\n");
				put_file(f, "mbox", now.data, now.len);
				buf_release(&now);
			}
			for (size_t i = 0; i < 3; i++) {
				enum sink_state found = f->k->ops->recover(f->k, &r[i], 0, &f->e);

				assert_true((found == SINK_DELIVERED) == (i < there));
				assert_true(torn < 0 || i < there || found == SINK_ABSENT);
			}
		}
	buf_release(&whole);
}

/* An empty mail is how one with an empty header begins. */
static void mbox__takes_no_longer_mail_for_a_short_one(void **state)
{
	struct fixture *f = *state;
	struct mail_info info = some_info();
	struct buf now = {NULL, 0, 0};
	struct receipt r;

	put_file(f, "mbox", "From x Mon\n\nold\n\n", 17);
	open_sink(f, "mbox:~/mbox");
	assert_true(f->k->ops->begin(f->k, &info, &f->e));
	assert_true(f->k->ops->end(f->k, &f->e));
	assert_true(deliver(f, f->k->ops->cut(f->k), &r, 1));
	get_file(f, "mbox", &now);
	put_file(f, "mbox", now.data + 17, now.len - 17);
	assert_int_equal(f->k->ops->recover(f->k, &r, 0, &f->e), SINK_DELIVERED);
	buf_add_text(&now, "longer\n\n");
	put_file(f, "mbox", now.data + 17, now.len - 17);
	assert_int_equal(f->k->ops->recover(f->k, &r, 0, &f->e), SINK_UNSURE);
	buf_release(&now);
}

static void mbox__finds_a_mail_across_every_chunk(void **state)
{
	struct fixture *f = *state;
	struct receipt r;

	open_sink(f, "mbox:~/mbox");
	put_file(f, "mbox", "old\n\n", 5);
	assert_true(deliver(f, fill(f, 7, 7), &r, 1));
	for (size_t before = 16370; before < 16400; before++) {
		struct buf now = {NULL, 0, 0};

		buf_add_text(&now, "From x Mon\n");
		while (now.len < before - 2)
			buf_add_text(&now, "y");
		buf_add_text(&now, "\n\n");
		add_expected(&now, 7);
		put_file(f, "mbox", now.data, now.len);
		assert_int_equal(f->k->ops->recover(f->k, &r, 0, &f->e), SINK_DELIVERED);
		buf_release(&now);
	}
}

static void mbox__believes_no_impossible_receipt(void **state)
{
	static const char *const bad[] = {"", "x", "1 2",
		"5 4 100 0123456789abcdef0123456789abcdef "
		"0123456789abcdef 0 From x",
		"-1 0 9 a b c", "0 0 99999999999999999999 a b From x",
		"0 0 100 0123456789abcdef0123456789abcdef 0123456789abcdef From x Mon",
		"0 0 100 0123456789abcdef0123456789abcdef 0123456789abcdef -1 From x Mon"};
	struct fixture *f = *state;

	open_sink(f, "mbox:~/mbox");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct receipt r;

		snprintf(r.text, sizeof(r.text), "%s", bad[i]);
		assert_int_equal(f->k->ops->recover(f->k, &r, 0, &f->e), SINK_UNSURE);
		assert_int_equal(f->e.kind, ERROR_STORE);
	}
}

/* The newlines that the mail before lacks may be what does not fit, and then only the second. */
static void mbox__says_why_half_an_empty_line_does_not_fit(void **state)
{
	static const char theirs[] = "From x Mon\n\nno end";
	struct sigaction ignore = {.sa_handler = SIG_IGN}, usual;
	struct fixture *f = *state;
	struct rlimit before, small;
	struct receipt r;
	bool done;

	put_file(f, "mbox", theirs, sizeof(theirs) - 1);
	open_sink(f, "mbox:~/mbox");
	struct sink_batch *b = fill(f, 1, 1);

	assert_true(f->k->ops->prepare(f->k, b, &r, 1, &f->e));
	sigaction(SIGXFSZ, &ignore, &usual);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = sizeof(theirs);
	setrlimit(RLIMIT_FSIZE, &small);
	errno = 0;
	done = f->k->ops->commit(f->k, b, &r, 1, &f->e);
	setrlimit(RLIMIT_FSIZE, &before);
	sigaction(SIGXFSZ, &usual, NULL);
	assert_false(done);
	assert_string_equal(f->e.text, "~/mbox: File too large");
	f->k->ops->batch_free(f->k, b, true);
	assert_int_equal(f->k->ops->recover(f->k, &r, 0, &f->e), SINK_ABSENT);
	/* There is nothing that it could finish. */
	assert_false(f->k->ops->commit(f->k, NULL, &r, 1, &f->e));
}

/* As with /var/mail: no lock file can be made there, but one that another program made counts. */
static void mbox__respects_a_lock_file_where_it_can_make_none(void **state)
{
	struct fixture *f = *state;
	char *path = at(f, "mbox"), *lock = at(f, "mbox.lock");

	put_file(f, "mbox", "", 0);
	for (int held = 0; held < 2; held++) {
		pid_t pid;

		if (held)
			put_file(f, "mbox.lock", "", 0);
		assert_int_equal(chmod(path, 0666), 0);
		assert_int_equal(chmod(f->home, 0555), 0);
		pid = fork();
		if (pid == 0) {
			struct receipt r;

			/* A folder's mode binds all but root. */
			if (geteuid() == 0 && setuid(65534) < 0)
				_exit(1);
			open_sink(f, "mbox:~/mbox");
			mbox_set_patience(f->k, 0);
			struct sink_batch *b = fill(f, 1, 1);
			bool taken = f->k->ops->prepare(f->k, b, &r, 1, &f->e);

			_exit(taken == held || (held && f->e.kind != ERROR_BUSY));
		}
		wait_for(pid);
		assert_int_equal(chmod(f->home, 0700), 0);
	}
	assert_int_equal(unlink(lock), 0);
	free(path);
	free(lock);
}

/* Our own lock file that could not be removed, and one of another program that holds it. */
static void mbox__sweeps_its_own_lock_file_only(void **state)
{
	struct fixture *f = *state;
	char host[64], ours[100], theirs[100], *lock = at(f, "mbox.lock");

	sink_my_host(host, sizeof(host));
	snprintf(ours, sizeof(ours), "%ld:%s ambil\n", (long)getpid(), host);
	snprintf(theirs, sizeof(theirs), "%ld:%s\n", (long)getpid(), host);
	open_sink(f, "mbox:~/mbox");
	put_file(f, "mbox.lock", ours, strlen(ours));
	f->k->ops->sweep(f->k, NULL, 0);
	assert_int_equal(access(lock, F_OK), -1);
	put_file(f, "mbox.lock", theirs, strlen(theirs));
	f->k->ops->sweep(f->k, NULL, 0);
	assert_int_equal(access(lock, F_OK), 0);
	free(lock);
}

/* A disk that is full, stood in for by the limit on a file's size. */
static void mbox__takes_back_what_does_not_fit(void **state)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, usual;
	struct fixture *f = *state;
	struct buf want = {NULL, 0, 0};
	struct rlimit before, small;
	struct receipt r[2];
	bool done;

	open_sink(f, "mbox:~/mbox");
	assert_true(deliver(f, fill(f, 1, 1), r, 1));
	add_expected(&want, 1);
	struct sink_batch *b = fill(f, 2, 3);

	assert_true(f->k->ops->prepare(f->k, b, r, 2, &f->e));
	sigaction(SIGXFSZ, &ignore, &usual);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 2 * want.len + 5;
	setrlimit(RLIMIT_FSIZE, &small);
	done = f->k->ops->commit(f->k, b, r, 2, &f->e);
	setrlimit(RLIMIT_FSIZE, &before);
	sigaction(SIGXFSZ, &usual, NULL);
	assert_false(done);
	assert_int_equal(f->e.kind, ERROR_DELIVERY);
	assert_string_equal(f->e.text, "~/mbox: File too large");
	f->k->ops->batch_free(f->k, b, true);
	check_file(f, "mbox", &want);
	for (int i = 0; i < 2; i++)
		assert_int_equal(f->k->ops->recover(f->k, &r[i], 0, &f->e), SINK_ABSENT);
	assert_int_equal(count_in(f, "."), 1);
	buf_release(&want);
}

/* SIGKILL, lock file and all, between any two steps; then one more run. */
static void mbox__delivers_once_wherever_it_is_killed(void **state)
{
	struct fixture *f = *state;
	struct buf want = {NULL, 0, 0};

	for (int i = 0; i < 3; i++)
		add_expected(&want, i);
	for (int step = 0; step < 4; step++) {
		struct receipt r[3] = {{.text = ""}};
		size_t known, absent = 0;
		int fds[2];
		pid_t pid;

		put_file(f, "mbox", "", 0);
		open_sink(f, "mbox:~/mbox");
		mbox_set_patience(f->k, 0);
		assert_int_equal(pipe(fds), 0);
		pid = fork();
		if (pid == 0) {
			struct sink_batch *b = fill(f, 0, 2);

			if (step > 0 && !f->k->ops->prepare(f->k, b, r, 3, &f->e))
				_exit(1);
			if (step > 1 && !file_write_all(fds[1], r, sizeof(r)))
				_exit(1);
			if (step > 2 && !f->k->ops->commit(f->k, b, r, 3, &f->e))
				_exit(1);
			_exit(0);
		}
		wait_for(pid);
		close(fds[1]);
		known = (size_t)file_read_all(fds[0], r, sizeof(r)) / sizeof(r[0]);
		close(fds[0]);
		for (size_t i = 0; i < known; i++)
			absent += f->k->ops->recover(f->k, &r[i], 0, &f->e) == SINK_ABSENT;
		assert_int_equal(known, step < 2 ? 0 : 3);
		assert_int_equal(absent, step == 2 ? 3 : 0);
		if (step < 3)
			assert_true(deliver(f, fill(f, 0, 2), r, 3));
		check_file(f, "mbox", &want);
		assert_int_equal(count_in(f, "."), 1);
	}
	buf_release(&want);
}

static void mbox__looks_new_to_mail_readers(void **state)
{
	struct fixture *f = *state;
	struct receipt r;
	struct stat st;
	char *path = at(f, "mbox");
	struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 2000}};

	put_file(f, "mbox", "From x\n\nold\n\n", 13);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	open_sink(f, "mbox:~/mbox");
	assert_true(deliver(f, fill(f, 1, 1), &r, 1));
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_atime < st.st_mtime);
	free(path);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(mbox__appends_behind_what_is_there),
		T(mbox__puts_sender_and_received_in_front),
		T(mbox__spools_large_mail_to_a_file),
		T(mbox__says_why_it_cannot_be_used),
		T(mbox__follows_a_link_and_locks_the_file_itself),
		T(mbox__waits_for_a_lock_and_names_its_holder),
		T(mbox__respects_lock_files_unless_they_are_stale),
		T(mbox__respects_a_lock_file_where_it_can_make_none),
		T(mbox__recovers_a_batch_torn_anywhere),
		T(mbox__recovers_when_the_octets_behind_the_size_are_zeros),
		T(mbox__recovers_from_what_others_did_meanwhile),
		T(mbox__finds_what_moved_to_the_front_of_its_batch),
		T(mbox__tells_mails_that_are_the_same_apart),
		T(mbox__takes_no_longer_mail_for_a_short_one),
		T(mbox__finds_a_mail_across_every_chunk),
		T(mbox__believes_no_impossible_receipt),
		T(mbox__takes_back_what_does_not_fit),
		T(mbox__says_why_half_an_empty_line_does_not_fit),
		T(mbox__sweeps_its_own_lock_file_only),
		T(mbox__delivers_once_wherever_it_is_killed),
		T(mbox__looks_new_to_mail_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
