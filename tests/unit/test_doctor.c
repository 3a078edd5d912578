/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The words of doctor, how its lines look, and the looking at a destination, which must make
 * nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor/words.h"
#include "fetch/expire.h"
#include "local/look.h"
#include "report/report_check.h"
#include "sink_helpers.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { DAY_S = 86400 };

/* ---- words ---- */

static void words__explain_capabilities(void **state)
{
	static const char *const cases[][2] = {
		{"UIDL", "messages have names that stay, so that new mail is known as such"},
		{" uidl ", "messages have names that stay, so that new mail is known as such"},
		{"SASL PLAIN LOGIN", "login with AUTH: PLAIN LOGIN"},
		{"EXPIRE NEVER", "the server deletes no mail by itself"},
		{"EXPIRE 0", "mail may not stay on the server once it was fetched"},
		{"EXPIRE 1", "the server deletes mail by itself after 1 day"},
		{"EXPIRE 60 USER", "the server deletes mail by itself after 60 days"},
		{"EXPIRE", "when the server deletes mail by itself"},
		{"EXPIRE soon", "when the server deletes mail by itself"},
		{"LOGIN-DELAY 300", "at least 5 min must be between two logins"},
		{"LOGIN-DELAY", "some time must be between two logins"},
		{"IMPLEMENTATION x\033", "the server calls itself x\\x1b"},
		{"X-OTHER", "ambil makes no use of it"},
		{"", "ambil makes no use of it"},
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		words_capability(text, sizeof(text), span_of(cases[i][0]));
		assert_string_equal(text, cases[i][1]);
	}
}

static void words__count_the_days_of_a_certificate(void **state)
{
	static const struct {
		int64_t until_s;
		const char *want;
	} cases[] = {
		{3650 * (int64_t)DAY_S, "10 years left"},
		{729 * DAY_S, "729 days left"},
		{77 * DAY_S, "77 days left"},
		{DAY_S, "1 day left"},
		{DAY_S - 1, "ends today"},
		{0, "ends today"},
		{-1, "ended today"},
		{-DAY_S, "ended 1 day ago"},
		{-3 * DAY_S - 5, "ended 3 days ago"},
	};
	const int64_t now_s = 1795490813;
	char text[40];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		words_left(text, sizeof(text), now_s + cases[i].until_s, now_s);
		assert_string_equal(text, cases[i].want);
	}
	words_day(text, sizeof(text), now_s);
	assert_string_equal(text, "2026-11-24");
	words_moment(text, sizeof(text), now_s);
	assert_string_equal(text, "2026-11-24 03:26:53 UTC");
}

static void expire__is_compared_with_what_is_wanted(void **state)
{
	static const struct {
		bool expires;
		uint32_t days;
		enum keep keep;
		int64_t keep_days;
		const char *want; /* NULL: it is fine */
	} cases[] = {
		{false, 0, KEEP_FOREVER, 0, NULL},
		{true, UINT32_MAX, KEEP_FOREVER, 0, NULL},
		{true, 60, KEEP_NOT, 0, NULL},
		{true, 60, KEEP_FOR, 60, NULL},
		{true, 60, KEEP_FOR, 61,
			"h deletes mail by itself after 60 days (EXPIRE), but keep = 61d"},
		{true, 60, KEEP_FOREVER, 0,
			"h deletes mail by itself after 60 days (EXPIRE), but keep = true"},
		{true, 0, KEEP_FOREVER, 0,
			"h says that mail may not stay there once it was fetched (EXPIRE 0), but "
			"keep = true"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct capabilities c = {
			.expires = cases[i].expires, .expire_days = cases[i].days};
		const struct policy policy = {
			.keep = cases[i].keep, .keep_s = cases[i].keep_days * DAY_S};
		struct error w = {0};

		assert_int_equal(expire_contradicts("h", &c, &policy, &w), cases[i].want != NULL);
		assert_string_equal(w.text, cases[i].want ? cases[i].want : "");
	}
}

/* ---- lines ---- */

struct lines {
	struct report_setting setting;
	struct checks *checks;
	struct buf out;
};

static const char *const names[] = {"home", "work"};

static void begin(struct lines *l, size_t n)
{
	l->setting.names = names;
	l->setting.n = n;
	l->checks = checks_new(&l->setting);
}

static void end(struct lines *l)
{
	checks_free(l->checks);
	buf_release(&l->out);
}

static void take(struct lines *l, uint32_t account, enum check_mark mark, const char *label,
	const char *text)
{
	struct report r = {.type = REPORT_CHECK, .account = account};

	r.u.check.mark = mark;
	snprintf(r.u.check.label, sizeof(r.u.check.label), "%s", label);
	snprintf(r.u.check.text, sizeof(r.u.check.text), "%s", text);
	if (mark == CHECK_FAILED) {
		error_set(&r.u.check.error, ERROR_AUTH, "not used");
		error_server(&r.u.check.error, span_of("no"));
		error_remedy(&r.u.check.error, "try", "another");
	}
	assert_true(checks_take(l->checks, &r, &l->out));
}

static bool finish(struct lines *l, uint32_t account, enum error_kind kind)
{
	struct report r = {.type = REPORT_DONE, .account = account};

	r.u.end.error.kind = kind;
	return checks_take(l->checks, &r, &l->out);
}

static void assert_out(struct lines *l, const char *want)
{
	assert_string_equal(l->out.len ? l->out.data : "", want);
	buf_clear(&l->out);
}

static void checks__are_lines_with_their_remedies_below(void **state)
{
	struct lines l = {.setting = {.verbosity = REPORT_SUMMARY}};

	(void)state;
	begin(&l, 1);
	take(&l, 0, CHECK_TITLE, "", "anna at h:995");
	take(&l, 0, CHECK_RUNNING, "greeting", "");
	assert_out(&l, "");
	take(&l, 0, CHECK_OK, "greeting", "\"hello\"");
	take(&l, 0, CHECK_DETAIL, "", "key      EC");
	take(&l, 0, CHECK_FAILED, "login", "refused");
	take(&l, 0, CHECK_NOTE, "expiry", "soon");
	take(&l, 0, CHECK_SKIPPED, "listing", "no login");
	assert_true(finish(&l, 0, ERROR_AUTH));
	assert_out(&l,
		"home: anna at h:995\n"
		"  ok       greeting       \"hello\"\n"
		"                          key      EC\n"
		"  failed   login          refused\n"
		"                          server: no\n"
		"                          try:  another\n"
		"  note     expiry         soon\n"
		"  skipped  listing        no login\n"
		"home: 1 of 3 checks failed, 1 note\n");
	end(&l);
}

static void checks__fit_the_screen(void **state)
{
	struct lines l = {.setting = {.verbosity = REPORT_SUMMARY,
				  .columns = 50,
				  .screen = true,
				  .color_stdout = true}};

	(void)state;
	begin(&l, 1);
	take(&l, 0, CHECK_TITLE, "", "anna at h:995");
	take(&l, 0, CHECK_RUNNING, "greeting", "");
	assert_out(&l, "home: anna at h:995\n  ...      greeting       ");
	take(&l, 0, CHECK_OK, "greeting", "words that are more than one line holds");
	assert_out(&l,
		"\r\033[K  \033[32mok\033[0m       greeting       words that are more than\n"
		"                          one line holds\n");
	take(&l, 0, CHECK_DETAIL, "", "UIDL  names that stay the same");
	assert_out(&l,
		"                          UIDL  names that stay\n"
		"                                the same\n");
	take(&l, 0, CHECK_RUNNING, "login", "");
	buf_clear(&l.out);
	assert_true(checks_erase(l.checks, &l.out));
	assert_out(&l, "\r\033[K");
	assert_false(checks_erase(l.checks, &l.out));
	end(&l);
}

static void checks__show_failures_alone_when_quiet(void **state)
{
	struct lines l = {.setting = {.verbosity = REPORT_QUIET, .screen = true, .columns = 80}};

	(void)state;
	begin(&l, 1);
	take(&l, 0, CHECK_TITLE, "", "anna at h:995");
	take(&l, 0, CHECK_RUNNING, "greeting", "");
	take(&l, 0, CHECK_OK, "greeting", "hello");
	take(&l, 0, CHECK_DETAIL, "", "of what is not shown");
	take(&l, 0, CHECK_NOTE, "expiry", "soon");
	assert_out(&l, "");
	take(&l, 0, CHECK_FAILED, "login", "refused");
	take(&l, 0, CHECK_DETAIL, "", "of what is");
	assert_true(finish(&l, 0, ERROR_AUTH));
	assert_out(&l,
		"home: anna at h:995\n"
		"  failed   login          refused\n"
		"                          server: no\n"
		"                          try:  another\n"
		"                          of what is\n");
	end(&l);
}

static void checks__of_accounts_come_in_their_order(void **state)
{
	struct lines l = {.setting = {.verbosity = REPORT_SUMMARY}};

	(void)state;
	begin(&l, 2);
	take(&l, 1, CHECK_TITLE, "", "b");
	take(&l, 1, CHECK_OK, "name", "two");
	assert_true(finish(&l, 1, ERROR_NONE));
	assert_out(&l, "");
	take(&l, 0, CHECK_TITLE, "", "a");
	take(&l, 0, CHECK_OK, "name", "one");
	assert_out(&l, "home: a\n  ok       name           one\n");
	assert_true(finish(&l, 0, ERROR_NONE));
	assert_out(&l,
		"home: all is well\n"
		"\n"
		"work: b\n  ok       name           two\nwork: all is well\n");
	end(&l);
}

/* A worker that crashed has told nothing of it. */
static void checks__leave_an_end_without_a_word_to_others(void **state)
{
	struct lines l = {.setting = {.verbosity = REPORT_SUMMARY}};

	(void)state;
	begin(&l, 1);
	take(&l, 0, CHECK_TITLE, "", "a");
	take(&l, 0, CHECK_OK, "name", "one");
	assert_false(finish(&l, 0, ERROR_INTERNAL));
	assert_out(&l, "home: a\n  ok       name           one\n");
	end(&l);
}

/* ---- destinations ---- */

static bool look(struct fixture *f, const char *text, struct sink_look *out)
{
	bool done;

	destination_release(&f->d);
	f->e = (struct error){.kind = ERROR_NONE};
	assert_true(destination_parse(text, "home", f->home, &f->d, &f->e));
	done = sink_look(&f->d, out, &f->e);
	return done;
}

static void make_folder(const struct fixture *f, const char *name)
{
	char *path = xasprintf("%s/%s", f->home, name);

	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
}

static void make_file(const struct fixture *f, const char *name)
{
	char *path = xasprintf("%s/%s", f->home, name);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	close(fd);
	free(path);
}

static bool is_there(const struct fixture *f, const char *name)
{
	char *path = xasprintf("%s/%s", f->home, name);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

static void look__makes_nothing(void **state)
{
	struct fixture *f = *state;
	struct sink_look found;

	assert_true(look(f, "maildir:Mail", &found));
	assert_true(found.on_disk && !found.exists && found.free_octets > 0);
	assert_false(is_there(f, "Mail"));
	make_folder(f, "Mail");
	assert_true(look(f, "maildir:Mail", &found));
	assert_true(found.exists);
	assert_false(is_there(f, "Mail/tmp"));
	assert_true(look(f, "mbox:box", &found));
	assert_false(is_there(f, "box"));
	assert_true(look(f, "pipe:cat", &found));
	assert_false(found.on_disk);
}

static void look__finds_what_opening_would(void **state)
{
	static const struct {
		const char *text, *want;
		enum error_kind kind;
	} cases[] = {
		{"maildir:no/Mail", "~/no/Mail: parent folder ~/no does not exist", ERROR_DELIVERY},
		{"maildir:file", "~/file is not a folder", ERROR_DELIVERY},
		{"maildir:half", "~/half/new is not a folder", ERROR_DELIVERY},
		{"mbox:folder", "~/folder is a folder, not an mbox file", ERROR_DELIVERY},
		{"mbox:no/box", "~/no/box: parent folder ~/no does not exist", ERROR_DELIVERY},
		{"pipe:/no/such -x", "the command \"/no/such\" was not found or cannot be executed",
			ERROR_CONFIG},
	};
	struct fixture *f = *state;

	make_file(f, "file");
	make_folder(f, "folder");
	make_folder(f, "half");
	make_file(f, "half/new");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sink_look found;

		assert_false(look(f, cases[i].text, &found));
		assert_string_equal(f->e.text, cases[i].want);
		assert_int_equal(f->e.kind, cases[i].kind);
		/* The same words as those of a run. */
		f->k = sink_open(&f->d, "mark", &f->e);
		assert_null(f->k);
		assert_int_equal(f->e.kind, cases[i].kind);
	}
}

static void look__sees_locks_and_takes_none(void **state)
{
	struct fixture *f = *state;
	struct sink_look found;

	make_file(f, "box");
	assert_true(look(f, "mbox:box", &found));
	assert_true(found.exists && found.lock_file_can_be_made);
	assert_false(found.lock_file || found.lock_holder);
	assert_false(is_there(f, "box.lock"));
	make_file(f, "box.lock");
	assert_true(look(f, "mbox:box", &found));
	assert_true(found.lock_file);
}

static void look__knows_a_full_disk(void **state)
{
	struct error e = {0};

	(void)state;
	assert_true(sink_has_room(1, 1, 10, "~/Mail", &e));
	assert_true(sink_has_room(1, 0, 0, "~/Mail", &e));
	assert_false(sink_has_room(0, 5, 10, "~/Mail", &e));
	assert_string_equal(e.text, "the disk of ~/Mail is full");
	assert_int_equal(e.kind, ERROR_DELIVERY);
	assert_false(sink_has_room(5, 0, 10, "~/Mail", &e));
	assert_string_equal(e.text, "the disk of ~/Mail can take no more files");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words__explain_capabilities),
		cmocka_unit_test(words__count_the_days_of_a_certificate),
		cmocka_unit_test(expire__is_compared_with_what_is_wanted),
		cmocka_unit_test(checks__are_lines_with_their_remedies_below),
		cmocka_unit_test(checks__fit_the_screen),
		cmocka_unit_test(checks__show_failures_alone_when_quiet),
		cmocka_unit_test(checks__of_accounts_come_in_their_order),
		cmocka_unit_test(checks__leave_an_end_without_a_word_to_others),
		cmocka_unit_test_setup_teardown(look__makes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(look__finds_what_opening_would, setup, teardown),
		cmocka_unit_test_setup_teardown(look__sees_locks_and_takes_none, setup, teardown),
		cmocka_unit_test(look__knows_a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
