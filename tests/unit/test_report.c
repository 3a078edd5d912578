/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a person reads: errors in their two forms, summaries by verbosity, and the live lines. These
 * are drawn on a pseudo-terminal, and a small screen beside it obeys the octets, so that the tests
 * see what a person sees, and what is left of it afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "report/report.h"
#include "report/screen.h"

/* Standard output and error, caught in files. */
struct capture {
	int saved[3];
	FILE *files[3];
};

static void capture_begin(struct capture *c)
{
	fflush(stdout);
	for (int fd = 1; fd <= 2; fd++) {
		c->files[fd] = tmpfile();
		assert_non_null(c->files[fd]);
		c->saved[fd] = dup(fd);
		dup2(fileno(c->files[fd]), fd);
	}
}

static void capture_end(struct capture *c, struct buf out[3])
{
	fflush(stdout);
	for (int fd = 1; fd <= 2; fd++) {
		ssize_t n;

		dup2(c->saved[fd], fd);
		close(c->saved[fd]);
		rewind(c->files[fd]);
		lseek(fileno(c->files[fd]), 0, SEEK_SET);
		buf_clear(&out[fd]);
		buf_reserve(&out[fd], 1 << 16);
		n = file_read_all(fileno(c->files[fd]), out[fd].data, 1 << 16);
		assert_true(n >= 0);
		out[fd].len = (size_t)n;
		out[fd].data[n] = '\0';
		fclose(c->files[fd]);
	}
}

static struct error sample_error(void)
{
	struct error e = {ERROR_NONE};

	error_set(&e, ERROR_AUTH, "pop.uni.example refused the login of \"anna\"");
	error_server(&e, span_of("[AUTH] Application-specific password required"));
	error_remedy(&e, "password came from: keyring;  change it", "ambil login uni");
	return e;
}

static struct error error_with(const char *why, const char *lead, const char *remedy)
{
	struct error e = {ERROR_NONE};

	error_set(&e, ERROR_TLS, "TEXT");
	error_why(&e, "%s", why);
	if (remedy[0])
		error_remedy(&e, lead, "%s", remedy);
	return e;
}

static void report__renders_errors_in_one_line_or_several(void **state)
{
	const struct {
		bool multi_line;
		const char *who;
		struct error e;
		const char *want;
	} cases[] = {
		{true, "uni", sample_error(),
			"ambil: uni: pop.uni.example refused the login of \"anna\"\n"
			"       server: [AUTH] Application-specific password required\n"
			"       password came from: keyring;  change it:  ambil login uni\n"},
		{false, "uni", sample_error(),
			"ambil: uni: pop.uni.example refused the login of \"anna\": \"[AUTH] "
			"Application-specific password required\" (try: ambil login uni)\n"},
		{true, NULL, error_with("", "", ""), "ambil: TEXT\n"},
		{false, NULL, error_with("", "", ""), "ambil: TEXT\n"},
		{true, "home", error_with("WHY", "", "REMEDY"),
			"ambil: home: TEXT\n       WHY\n       REMEDY\n"},
		{false, "home", error_with("WHY", "LEAD", "REMEDY"),
			"ambil: home: TEXT: WHY (try: REMEDY)\n"},
		{false, "home", error_with("WHY", "", ""), "ambil: home: TEXT: WHY\n"},
		{true, "home", error_with("", "LEAD", "REMEDY"),
			"ambil: home: TEXT\n       LEAD:  REMEDY\n"},
		{false, "home", error_with("", "password came from: X;  correct it", "REMEDY"),
			"ambil: home: TEXT (correct: REMEDY)\n"},
		{true, "home", error_with("", "own CA?", "ca-file"),
			"ambil: home: TEXT\n       own CA?  ca-file\n"},
	};
	struct buf out[3] = {{NULL, 0, 0}};
	struct capture c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		capture_begin(&c);
		report_error((struct report_style){.multi_line = cases[i].multi_line}, cases[i].who,
			&cases[i].e);
		capture_end(&c, out);
		assert_string_equal(out[2].data, cases[i].want);
		assert_string_equal(out[1].data, "");
	}
	buf_release(&out[1]);
	buf_release(&out[2]);
}

/* Between words only, and never within what can be typed. */
static void report__breaks_errors_at_the_width_of_the_terminal(void **state)
{
	static const char fifty[] = "ten columns of words, and again so, and more of them";
	static const struct {
		const char *columns, *who;
		const char *text, *why, *lead, *remedy;
		const char *want;
	} cases[] = {
		{"60", "home", fifty, fifty, "", "",
			"ambil: home: ten columns of words, and again so, and more of\n"
			"         them\n"
			"       ten columns of words, and again so, and more of them\n"},
		{"60", "home", "TEXT", "", "to do so", "forty-columns in all of a command to type",
			"ambil: home: TEXT\n"
			"       to do so:  forty-columns in all of a command to type\n"},
		{"60", "home", "TEXT", "", "to do that",
			"forty-columns in all of a command to type",
			"ambil: home: TEXT\n"
			"       to do that:\n"
			"         forty-columns in all of a command to type\n"},
		{"40", NULL, "TEXT", "", fifty,
			"a command that is as long as it is, at whatever width",
			"ambil: TEXT\n"
			"       ten columns of words, and again\n"
			"         so, and more of them:\n"
			"         a command that is as long as it is, at whatever width\n"},
		{"40", NULL, "TEXT", "", "", "a sentence that is too long for a line",
			"ambil: TEXT\n"
			"       a sentence that is too long for a\n"
			"         line\n"},
		{"40", NULL, "TEXT", "two found:  ambil import getmail, ambil import fdm", "", "",
			"ambil: TEXT\n"
			"       two found:  ambil import getmail,\n"
			"         ambil import fdm\n"},
		/* Wide characters are two columns, and three octets. */
		{"40", "home",
			"\u5bb6\u5bb6\u5bb6\u5bb6 \u5bb6\u5bb6\u5bb6\u5bb6 \u5bb6\u5bb6\u5bb6\u5bb6\u5bb6",
			"", "", "",
			"ambil: home: \u5bb6\u5bb6\u5bb6\u5bb6 \u5bb6\u5bb6\u5bb6\u5bb6\n"
			"         \u5bb6\u5bb6\u5bb6\u5bb6\u5bb6\n"},
		{"44", "home",
			"\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9 \u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9 \u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9 eeee",
			"", "", "",
			"ambil: home: \u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9 \u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9 \u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9 eeee\n"},
		/* Too narrow for words, or wider than is pleasant. */
		{"39", "home", fifty, "", "", "",
			"ambil: home: ten columns of words, and again so, and more of them\n"},
		{"200", "home", fifty, fifty,
			"in a lead as long as what stands above it, to do that", fifty,
			"ambil: home: ten columns of words, and again so, and more of them\n"
			"       ten columns of words, and again so, and more of them\n"
			"       in a lead as long as what stands above it, to do that:\n"
			"         ten columns of words, and again so, and more of them\n"},
	};
	struct buf out[3] = {{NULL, 0, 0}};
	struct capture c;

	(void)state;
	setlocale(LC_CTYPE, "C.UTF-8");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = error_with(cases[i].why, cases[i].lead, cases[i].remedy);

		snprintf(e.text, sizeof(e.text), "%s", cases[i].text);
		setenv("COLUMNS", cases[i].columns, 1);
		capture_begin(&c);
		report_error((struct report_style){.multi_line = true}, cases[i].who, &e);
		capture_end(&c, out);
		assert_string_equal(out[2].data, cases[i].want);
		capture_begin(&c);
		report_error(
			(struct report_style){.multi_line = true, .color = true}, cases[i].who, &e);
		capture_end(&c, out);
		assert_string_equal(out[2].data + strlen("\033[31mambil:\033[0m "),
			cases[i].want + strlen("ambil: "));
		capture_begin(&c);
		report_error((struct report_style){.multi_line = false}, cases[i].who, &e);
		capture_end(&c, out);
		assert_ptr_equal(strchr(out[2].data, '\n'), out[2].data + out[2].len - 1);
	}
	unsetenv("COLUMNS");
	buf_release(&out[1]);
	buf_release(&out[2]);
}

static void report__colors_one_word_of_an_error(void **state)
{
	struct buf out[3] = {{NULL, 0, 0}};
	struct error e = error_with("WHY", "", "");
	struct capture c;

	(void)state;
	capture_begin(&c);
	report_error((struct report_style){.color = true}, "home", &e);
	capture_end(&c, out);
	assert_string_equal(out[2].data, "\033[31mambil:\033[0m home: TEXT: WHY\n");
	buf_release(&out[1]);
	buf_release(&out[2]);
}

static const char *const names[] = {"home", "office"};
static const char *const destinations[] = {"in ~/Mail", "to procmail -t"};

static struct report_setting setting_for(enum report_verbosity verbosity)
{
	return (struct report_setting){
		.verbosity = verbosity,
		.names = names,
		.destinations = destinations,
		.n = 2,
	};
}

/* What one report gives on both streams. */
static void render(const struct report_setting *setting, const struct report *reports, size_t n,
	struct buf out[3])
{
	struct capture c;
	struct reporter *r;

	capture_begin(&c);
	r = reporter_new(setting);
	for (size_t i = 0; i < n; i++)
		reporter_take(r, &reports[i]);
	assert_int_equal(reporter_tick(r), -1);
	reporter_free(r);
	capture_end(&c, out);
}

static struct report done_with(struct report_counts counts)
{
	struct report r = {.type = REPORT_DONE};

	r.u.end.counts = counts;
	return r;
}

static void report__sums_up_an_account(void **state)
{
	static const struct {
		struct report_counts counts;
		const char *want;
	} cases[] = {
		{{.mails = 21, .octets = 5662310, .seen = 107},
			"home     21 new messages (5.4 MiB) in ~/Mail, 107 seen before\n"},
		{{.mails = 1, .octets = 246}, "home     1 new message (246 octets) in ~/Mail\n"},
		{{.seen = 107}, "home     no new mail\n"},
		{{.seen = 107, .deleted = 3}, "home     no new mail; 3 deleted on the server\n"},
		{{.mails = 2, .octets = 2048, .deleted = 2, .failed = 1},
			"home     2 new messages (2.0 KiB) in ~/Mail; 2 deleted on the server; "
			"1 failed and stays on the server\n"},
		{{.failed = 2}, "home     no mail fetched; 2 failed and stay on the server\n"},
		{{.seen = 1, .too_big = 2},
			"home     no new mail; 2 larger than max-size stay on the server\n"},
		{{.mails = 3, .octets = 300, .too_big = 1, .over_limit = 7},
			"home     3 new messages (300 octets) in ~/Mail; 1 larger than max-size "
			"stays on the server; 7 more for the next run\n"},
		{{.mails = 3, .octets = 300, .over_limit = 7, .same_again = true},
			"home     3 new messages (300 octets) in ~/Mail; 7 more over the limit of "
			"one run\n"},
		{{.marked = 12}, "home     12 messages marked as seen\n"},
		{{.marked = 1}, "home     1 message marked as seen\n"},
		{{.locked = true}, "home     another ambil is fetching; skipped\n"},
	};
	struct buf out[3] = {{NULL, 0, 0}};
	struct report_setting setting = setting_for(REPORT_SUMMARY);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report r = done_with(cases[i].counts);

		render(&setting, &r, 1, out);
		assert_string_equal(out[2].data, cases[i].want);
		assert_string_equal(out[1].data, "");
	}
	buf_release(&out[1]);
	buf_release(&out[2]);
}

static void report__says_as_much_as_it_was_asked_to(void **state)
{
	struct report reports[7] = {{.type = REPORT_STEP, .u.text = "connecting"},
		{.type = REPORT_WAITING, .u.number = 4711},
		{.type = REPORT_WAITING, .u.number = 4711}, {.type = REPORT_MESSAGE},
		{.type = REPORT_WARNING}, {.type = REPORT_TRACE, .u.text = "C: STAT"},
		{.type = REPORT_DONE}};
	static const char *const want[] = {
		[REPORT_QUIET] = "",
		[REPORT_ERRORS] = "ambil: home: the server says no\n",
		[REPORT_SUMMARY] = "home: another ambil (pid 4711) is fetching, waiting...\n"
				   "ambil: home: the server says no\n"
				   "home     no new mail\n",
		[REPORT_VERBOSE] = "home     connecting\n"
				   "home: another ambil (pid 4711) is fetching, waiting...\n"
				   "home     u1  246 octets  new/17\n"
				   "ambil: home: the server says no\n"
				   "home     no new mail\n",
		[REPORT_DEBUG] = "home     connecting\n"
				 "home: another ambil (pid 4711) is fetching, waiting...\n"
				 "home     u1  246 octets  new/17\n"
				 "ambil: home: the server says no\n"
				 "home     C: STAT\n"
				 "home     no new mail\n",
	};
	struct buf out[3] = {{NULL, 0, 0}};

	(void)state;
	setlocale(LC_CTYPE, "C");
	error_set(&reports[4].u.error, ERROR_CAPABILITY, "the server says no");
	snprintf(reports[3].u.message.uid, 10, "u1");
	snprintf(reports[3].u.message.where, 10, "new/17");
	reports[3].u.message.octets = 246;
	for (enum report_verbosity v = REPORT_QUIET; v <= REPORT_DEBUG; v++) {
		struct report_setting setting = setting_for(v);

		render(&setting, reports, 7, out);
		assert_string_equal(out[2].data, want[v]);
		assert_string_equal(out[1].data, "");
	}
	buf_release(&out[1]);
	buf_release(&out[2]);
}

static void report__ends_no_line_in_blanks(void **state)
{
	struct report r = {.type = REPORT_MESSAGE, .u.message = {"u1", 246, ""}};
	struct buf out[3] = {{NULL, 0, 0}};
	struct report_setting setting = setting_for(REPORT_VERBOSE);

	(void)state;
	render(&setting, &r, 1, out);
	assert_string_equal(out[2].data, "home     u1  246 octets\n");
	buf_release(&out[1]);
	buf_release(&out[2]);
}

/* Where nobody can press Ctrl-C, or wants to hear of it, nothing is said. */
static void report__answers_a_request_to_stop(void **state)
{
	static const struct {
		bool terminal;
		enum report_verbosity verbosity;
		int signal_number;
		const char *want;
	} cases[] = {
		{true, REPORT_SUMMARY, SIGINT,
			"\rstopping in good order; Ctrl-C again stops at once\n"},
		{true, REPORT_VERBOSE, SIGTERM, "\rstopping in good order; Ctrl-C stops at once\n"},
		{true, REPORT_QUIET, SIGINT, ""},
		{false, REPORT_VERBOSE, SIGINT, ""},
	};
	struct buf out[3] = {{NULL, 0, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report_setting setting = setting_for(cases[i].verbosity);
		struct reporter *r;
		struct capture c;

		setting.style.multi_line = cases[i].terminal;
		capture_begin(&c);
		r = reporter_new(&setting);
		reporter_stopping(r, cases[i].signal_number);
		reporter_free(r);
		capture_end(&c, out);
		assert_string_equal(out[2].data, cases[i].want);
		assert_string_equal(out[1].data, "");
	}
	buf_release(&out[1]);
	buf_release(&out[2]);
}

static void report__shows_errors_even_when_quiet(void **state)
{
	struct buf out[3] = {{NULL, 0, 0}};
	struct report_setting setting = setting_for(REPORT_QUIET);
	struct report r = done_with((struct report_counts){.mails = 2, .octets = 2048});

	(void)state;
	error_set(&r.u.end.error, ERROR_NETWORK, "no network (Network is unreachable)");
	render(&setting, &r, 1, out);
	assert_string_equal(out[2].data, "ambil: home: no network (Network is unreachable)\n");
	setting.verbosity = REPORT_SUMMARY;
	render(&setting, &r, 1, out);
	assert_string_equal(out[2].data,
		"home     2 new messages (2.0 KiB) in ~/Mail\n"
		"ambil: home: no network (Network is unreachable)\n");
	r.u.end.counts.mails = 0;
	render(&setting, &r, 1, out);
	assert_string_equal(out[2].data, "ambil: home: no network (Network is unreachable)\n");
	buf_release(&out[1]);
	buf_release(&out[2]);
}

static void report__does_not_say_again_what_a_run_before_has_said(void **state)
{
	static const struct {
		enum report_verbosity verbosity;
		const char *want;
	} cases[] = {
		{REPORT_QUIET, ""},
		{REPORT_ERRORS, ""},
		{REPORT_SUMMARY, "ambil: home: too early\n"},
		{REPORT_VERBOSE, "ambil: home: too early\n"},
	};
	struct buf out[3] = {{NULL, 0, 0}};
	struct report r = done_with((struct report_counts){.said = true});

	(void)state;
	error_set(&r.u.end.error, ERROR_BUSY, "too early");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report_setting setting = setting_for(cases[i].verbosity);

		render(&setting, &r, 1, out);
		assert_string_equal(out[2].data, cases[i].want);
	}
	buf_release(&out[1]);
	buf_release(&out[2]);
}

static void report__puts_what_check_finds_on_standard_output(void **state)
{
	struct buf out[3] = {{NULL, 0, 0}};
	struct report_setting setting = setting_for(REPORT_ERRORS);
	struct report r = done_with(
		(struct report_counts){.new_mails = 3, .octets = 12390, .seen = 107});

	(void)state;
	setting.on_stdout = true;
	render(&setting, &r, 1, out);
	assert_string_equal(out[1].data, "home     3 new messages (12.1 KiB), 107 seen before\n");
	assert_string_equal(out[2].data, "");
	r.u.end.counts.new_mails = 0;
	render(&setting, &r, 1, out);
	assert_string_equal(out[1].data, "home     no new mail\n");
	r.u.end.counts.too_big = 2;
	render(&setting, &r, 1, out);
	assert_string_equal(
		out[1].data, "home     no new mail; 2 larger than max-size stay on the server\n");
	setting.verbosity = REPORT_QUIET;
	render(&setting, &r, 1, out);
	assert_string_equal(out[1].data, "");
	buf_release(&out[1]);
	buf_release(&out[2]);
}

static void report__remembers_output_that_was_lost(void **state)
{
	static const struct {
		const char *path;
		int flags;
		bool on_stdout;
		const char *text;
	} cases[] = {
		{"/dev/null", O_WRONLY, true, NULL},
		{"/dev/full", O_WRONLY, true,
			"cannot write to standard output: No space left on device"},
		{"/dev/null", O_RDONLY, true, "standard output is closed"},
		{"/dev/full", O_WRONLY, false, NULL},
	};
	struct report what = done_with((struct report_counts){.new_mails = 3});

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report_setting setting = setting_for(REPORT_SUMMARY);
		struct error e = {ERROR_NONE};
		struct buf out[3] = {{NULL, 0, 0}};
		struct reporter *r;
		struct capture c;
		bool wrote;
		int fd = open(cases[i].path, cases[i].flags);

		assert_true(fd >= 0);
		setting.on_stdout = cases[i].on_stdout;
		capture_begin(&c);
		dup2(fd, STDOUT_FILENO);
		r = reporter_new(&setting);
		reporter_take(r, &what);
		wrote = reporter_wrote_all(r, &e);
		reporter_free(r);
		capture_end(&c, out);
		assert_int_equal(wrote, cases[i].text == NULL);
		assert_string_equal(e.text, cases[i].text ? cases[i].text : "");
		assert_int_equal(e.kind, cases[i].text ? ERROR_STORE : ERROR_NONE);
		buf_release(&out[1]);
		buf_release(&out[2]);
		close(fd);
	}
}

static void report__lists_what_a_dry_run_would_do(void **state)
{
	struct report reports[5] = {
		{.type = REPORT_ITEM, .u.item = {1, 246, PLAN_SEEN, false, false, "a"}},
		{.type = REPORT_ITEM, .u.item = {2, 0, PLAN_EXPIRED, false, true, "b"}},
		{.type = REPORT_ITEM, .u.item = {3, 4198, PLAN_NEW, true, true, "c"}},
		{.type = REPORT_ITEM, .u.item = {14, 1024, PLAN_RETRY, true, false, "d"}},
		{.type = REPORT_DONE},
	};
	struct buf out[3] = {{NULL, 0, 0}};
	struct report_setting setting = setting_for(REPORT_ERRORS);

	(void)state;
	setting.on_stdout = true;
	setting.n = 1;
	reports[4].u.end.counts.seen = 2;
	render(&setting, reports, 5, out);
	assert_string_equal(out[1].data,
		"  1  seen before                         246 octets  leave alone\n"
		"  2  kept long enough                                delete\n"
		"  3  new                                    4.1 KiB  fetch, then delete\n"
		" 14  failed before, tried again             1.0 KiB  fetch\n"
		"home   would fetch 2 messages (5.1 KiB) and delete 2 messages, 2 seen before\n");
	assert_string_equal(out[2].data, "");
	buf_release(&out[1]);
	buf_release(&out[2]);
}

static void report__says_until_when_mail_is_kept(void **state)
{
	struct report reports[3] = {
		{.type = REPORT_ITEM, .u.item = {1, 246, PLAN_KEPT, false, false, "a", 1798113600}},
		{.type = REPORT_ITEM, .u.item = {2, 246, PLAN_KEPT, false, false, "b", INT64_MAX}},
		{.type = REPORT_DONE},
	};
	struct buf out[3] = {{NULL, 0, 0}};
	struct report_setting setting = setting_for(REPORT_ERRORS);

	(void)state;
	setting.on_stdout = true;
	setting.n = 1;
	setenv("TZ", "UTC", 1);
	render(&setting, reports, 3, out);
	unsetenv("TZ");
	assert_string_equal(out[1].data,
		"  1  seen before, kept until 2026-12-24  246 octets  leave alone\n"
		"  2  seen before, kept for a time        246 octets  leave alone\n"
		"home   nothing would be fetched or deleted\n");
	buf_release(&out[1]);
	buf_release(&out[2]);
}

static void report__keeps_what_is_said_of_an_account_together(void **state)
{
	struct report reports[5] = {
		{.type = REPORT_ITEM, .account = 1, .u.item = {1, 9, PLAN_NEW, true, false, "a"}},
		{.type = REPORT_ITEM, .account = 0, .u.item = {1, 9, PLAN_SEEN, false, false, "b"}},
		{.type = REPORT_ITEM, .account = 1, .u.item = {2, 9, PLAN_NEW, true, false, "c"}},
		{.type = REPORT_DONE, .account = 0},
		{.type = REPORT_DONE, .account = 1},
	};
	struct buf out[3] = {{NULL, 0, 0}};
	struct report_setting setting = setting_for(REPORT_ERRORS);

	(void)state;
	setting.on_stdout = true;
	render(&setting, reports, 5, out);
	assert_string_equal(out[1].data,
		"home       1  seen before                           9 octets  leave alone\n"
		"home     nothing would be fetched or deleted\n"
		"office     1  new                                   9 octets  fetch\n"
		"office     2  new                                   9 octets  fetch\n"
		"office   would fetch 2 messages (18 octets)\n");
	buf_release(&out[1]);
	buf_release(&out[2]);
}

static void report__marks_priorities_for_the_journal(void **state)
{
	struct buf out[3] = {{NULL, 0, 0}};
	struct report_setting setting = setting_for(REPORT_SUMMARY);
	struct reporter *r = reporter_new(&setting);
	struct error e = {ERROR_NONE}, temporary = {ERROR_NONE};
	struct report warning = {.type = REPORT_WARNING}, done = {.type = REPORT_DONE},
		      again = {.type = REPORT_AGAIN, .u.again = {31, 5 * 3600}},
		      soon = {.type = REPORT_AGAIN, .u.again = {1, 0}};
	struct buf lines = {NULL, 0, 0};
	struct capture c;
	struct stat st;
	char *stream;

	(void)state;
	error_set(&temporary, ERROR_NETWORK, "LATER");
	error_set(&e, ERROR_AUTH, "TEXT");
	warning.u.error = e;
	capture_begin(&c);
	fstat(2, &st);
	stream = xasprintf(
		"%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	report_error((struct report_style){false}, "home", &e);
	report_error((struct report_style){false}, NULL, &temporary);
	reporter_take(r, &warning);
	reporter_take(r, &again);
	reporter_take(r, &soon);
	reporter_take(r, &done);
	/* What comes in several lines has its priority on each. */
	buf_add_text(&lines, "one\ntwo\n");
	assert_int_equal(report_stderr(&lines, REPORT_INFO), 0);
	setenv("JOURNAL_STREAM", "1:1", 1);
	report_error((struct report_style){false}, "home", &e);
	setenv("JOURNAL_STREAM", "nonsense", 1);
	report_error((struct report_style){false}, "home", &e);
	unsetenv("JOURNAL_STREAM");
	capture_end(&c, out);
	assert_string_equal(out[2].data,
		"<3>ambil: home: TEXT\n<4>ambil: LATER\n<4>ambil: home: TEXT\n"
		"<6>ambil: home: works again after 5 h (31 failed runs)\n"
		"<6>ambil: home: works again (1 failed run)\n"
		"<6>home     no new mail\n<6>one\n<6>two\n"
		"ambil: home: TEXT\nambil: home: TEXT\n");
	reporter_free(r);
	free(stream);
	buf_release(&lines);
	buf_release(&out[1]);
	buf_release(&out[2]);
}

static void report__crosses_a_pipe_whole(void **state)
{
	struct report got;
	struct error e = sample_error();
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	report_step(ends[1], "connecting to %s", "pop.example.org");
	report_warning(ends[1], &e);
	assert_int_equal(file_read_all(ends[0], &got, sizeof(got)), sizeof(got));
	assert_int_equal(got.type, REPORT_STEP);
	assert_string_equal(got.u.text, "connecting to pop.example.org");
	assert_int_equal(file_read_all(ends[0], &got, sizeof(got)), sizeof(got));
	assert_int_equal(got.type, REPORT_WARNING);
	assert_string_equal(got.u.error.why, e.why);
	close(ends[0]);
	report_step(ends[1], "to nobody");
	close(ends[1]);
}

/* Whether the parent takes it when a worker has written octet at that place. */
static bool takes(enum report_type type, size_t place, int octet)
{
	struct report r = {.type = type};

	memset((char *)&r + place, octet, 1);
	return report_is_sound(&r);
}

#define AT(member) offsetof(struct report, u.member)

static void report__believes_nothing_of_a_worker_unseen(void **state)
{
	static const char evil[] = "a\033]0;b\007 \xc2\x9b \x9b \xe2\x80\xae\r\n\tc";
	static const char tamed[] = "a?]0;b? ?? ? ???"
				    "???c";
	static const struct {
		enum report_type type;
		size_t place;
	} bools[] = {
		{REPORT_WARNING, AT(error.server)},
		{REPORT_WARNING, AT(error.place)},
		{REPORT_DONE, AT(end.counts.said)},
		{REPORT_DONE, AT(end.counts.untried)},
		{REPORT_DONE, AT(end.counts.locked)},
		{REPORT_DONE, AT(end.counts.same_again)},
		{REPORT_DONE, AT(end.error.server)},
		{REPORT_CHECK, AT(check.verbose)},
		{REPORT_CHECK, AT(check.whole)},
		{REPORT_ITEM, AT(item.fetch)},
		{REPORT_ITEM, AT(item.remove)},
		{REPORT_LISTED, AT(listed.has_header)},
		{REPORT_LISTED, AT(listed.fetch)},
		{REPORT_LISTED, AT(listed.remove)},
		{REPORT_SERVER, AT(server.trusted)},
		{REPORT_SERVER, AT(server.pinned)},
		{REPORT_MAILBOX, AT(mailbox.counted)},
		{REPORT_MAILBOX, AT(mailbox.listed)},
	};
	static const struct {
		enum report_type type;
		size_t place, room;
	} texts[] = {
#define TEXT(type, member) {type, AT(member), sizeof(((struct report *)0)->u.member)}
		TEXT(REPORT_STEP, text),
		TEXT(REPORT_TRACE, text),
		TEXT(REPORT_MESSAGE, message.uid),
		TEXT(REPORT_MESSAGE, message.where),
		TEXT(REPORT_ITEM, item.uid),
		TEXT(REPORT_LISTED, listed.uid),
		TEXT(REPORT_WARNING, error.text),
		TEXT(REPORT_WARNING, error.why),
		TEXT(REPORT_WARNING, error.lead),
		TEXT(REPORT_WARNING, error.remedy),
		TEXT(REPORT_DONE, end.error.text),
		TEXT(REPORT_DONE, end.error.plain),
		TEXT(REPORT_DONE, end.error.plain_why),
		TEXT(REPORT_CHECK, check.label),
		TEXT(REPORT_CHECK, check.text),
		TEXT(REPORT_CHECK, check.error.text),
		TEXT(REPORT_SERVER, server.subject),
		TEXT(REPORT_SERVER, server.issuer),
		TEXT(REPORT_SERVER, server.sha256),
		TEXT(REPORT_SERVER, server.pin),
		TEXT(REPORT_SERVER, server.distrust.text),
		TEXT(REPORT_MAILBOX, mailbox.mechanism),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bools) / sizeof(bools[0]); i++) {
		assert_true(takes(bools[i].type, bools[i].place, 0));
		assert_true(takes(bools[i].type, bools[i].place, 1));
		assert_false(takes(bools[i].type, bools[i].place, 2));
		assert_false(takes(bools[i].type, bools[i].place, 255));
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct report r = {.type = texts[i].type};
		char *text = (char *)&r + texts[i].place;

		memset(text, 'x', texts[i].room);
		memcpy(text, evil, strlen(evil));
		assert_true(report_is_sound(&r));
		assert_int_equal(strlen(text), texts[i].room - 1);
		assert_memory_equal(text, tamed, strlen(tamed));
	}
	assert_false(report_is_sound(&(struct report){.type = REPORT_AGAIN}));
	assert_false(takes(REPORT_WARNING, offsetof(struct report, type) + 1, 1));
	assert_false(takes(REPORT_WARNING, AT(error.about), 200));
}

static void report__leaves_out_the_progress_that_nobody_sees(void **state)
{
	static const enum report_type left_out[] = {REPORT_STEP, REPORT_PLAN, REPORT_PROGRESS};
	struct report got;
	struct error e = sample_error();
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	for (int seen = 0; seen < 2; seen++) {
		report_progress_seen(seen);
		for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
			report_send(ends[1], &(struct report){.type = left_out[i]});
		report_warning(ends[1], &e);
		for (size_t i = 0; seen && i < sizeof(left_out) / sizeof(left_out[0]); i++) {
			assert_int_equal(file_read_all(ends[0], &got, sizeof(got)), sizeof(got));
			assert_int_equal(got.type, left_out[i]);
		}
		assert_int_equal(file_read_all(ends[0], &got, sizeof(got)), sizeof(got));
		assert_int_equal(got.type, REPORT_WARNING);
	}
	close(ends[0]);
	close(ends[1]);
}

/* A screen that understands what the live lines use. One octet sequence is one column. */
enum { ROWS = 24, COLUMNS = 120 };
struct screen {
	int master, slave;
	int rows, columns, row, column;
	bool cuts; /* what is too long is not wrapped */
	char cells[ROWS][COLUMNS][5];
	size_t octets; /* that came */
};

static void screen_open(struct screen *s, int rows, int columns)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};

	memset(s, 0, sizeof(*s));
	s->rows = rows;
	s->columns = columns;
	s->master = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(s->master >= 0);
	assert_int_equal(grantpt(s->master), 0);
	assert_int_equal(unlockpt(s->master), 0);
	s->slave = open(ptsname(s->master), O_RDWR | O_NOCTTY);
	assert_true(s->slave >= 0);
	assert_int_equal(ioctl(s->master, TIOCSWINSZ, &size), 0);
	fcntl(s->master, F_SETFL, O_NONBLOCK);
}

static int screen_length(const struct screen *s, int row)
{
	int len = COLUMNS;

	while (len && !s->cells[row][len - 1][0])
		len--;
	return len;
}

/* Lines that are too long are wrapped anew, as most terminals do, or cut off, as others do. */
static void screen_narrow(struct screen *s, int columns, bool wraps)
{
	struct winsize size = {
		.ws_row = (unsigned short)s->rows, .ws_col = (unsigned short)columns};
	struct screen new = {.row = 0};
	int row = 0, last = ROWS - 1;

	while (last > s->row && !screen_length(s, last))
		last--;
	for (int i = 0; i <= last; i++) {
		int len = screen_length(s, i), column = 0;

		if (i == s->row)
			new.row = row;
		for (int j = 0; j < len && (wraps || j < columns); j++) {
			if (column == columns) {
				row++;
				column = 0;
			}
			memcpy(new.cells[row][column++], s->cells[i][j], 5);
		}
		row++;
	}
	memcpy(s->cells, new.cells, sizeof(s->cells));
	s->row = new.row;
	s->columns = columns;
	assert_int_equal(ioctl(s->master, TIOCSWINSZ, &size), 0);
}

static void screen_scroll(struct screen *s)
{
	memmove(s->cells[0], s->cells[1], sizeof(s->cells[0]) * (ROWS - 1));
	memset(s->cells[s->rows - 1], 0, sizeof(s->cells[0]));
	s->row--;
}

static void screen_escape(struct screen *s, int number, char final)
{
	switch (final) {
	case 'A':
		s->row -= number ? number : 1;
		assert_true(s->row >= 0);
		break;
	case 'J':
		for (int i = s->row + 1; i < s->rows; i++)
			memset(s->cells[i], 0, sizeof(s->cells[i]));
		/* fall through */
	case 'K':
		for (int i = number == 2 ? 0 : s->column; i < COLUMNS; i++)
			s->cells[s->row][i][0] = '\0';
		break;
	case 'm':
		break;
	case 'l':
	case 'h':
		s->cuts = final == 'l';
		break;
	default:
		fail_msg("an unexpected sequence ends with %c", final);
	}
}

static size_t screen_put(struct screen *s, const char *octets, size_t len)
{
	size_t n = 1;

	while (n < len && ((unsigned char)octets[n] & 0xc0) == 0x80)
		n++;
	if (s->column == s->columns) {
		s->column = s->cuts ? s->columns - 1 : 0;
		s->row += !s->cuts;
	}
	assert_true(s->row < s->rows);
	memcpy(s->cells[s->row][s->column], octets, n);
	s->cells[s->row][s->column++][n] = '\0';
	return n;
}

static void screen_obey(struct screen *s, const char *octets, size_t len)
{
	for (size_t i = 0; i < len;) {
		if (octets[i] == '\033') {
			int number = 0;

			for (i += 2; (octets[i] >= '0' && octets[i] <= '9') || octets[i] == '?';
				i++)
				number = octets[i] == '?' ? -1 : number * 10 + octets[i] - '0';
			screen_escape(s, number, octets[i++]);
		} else if (octets[i] == '\r') {
			s->column = 0;
			i++;
		} else if (octets[i] == '\n') {
			if (++s->row == s->rows)
				screen_scroll(s);
			i++;
		} else {
			i += screen_put(s, octets + i, len - i);
		}
	}
}

static void screen_update(struct screen *s)
{
	char octets[8192];
	ssize_t n;

	while ((n = read(s->master, octets, sizeof(octets))) > 0) {
		screen_obey(s, octets, (size_t)n);
		s->octets += (size_t)n;
	}
}

static const char *screen_line(const struct screen *s, int row, struct buf *b)
{
	int len = COLUMNS;

	while (len && (!s->cells[row][len - 1][0] || s->cells[row][len - 1][0] == ' '))
		len--;
	buf_clear(b);
	buf_add_text(b, "");
	for (int i = 0; i < len; i++)
		buf_add_text(b, s->cells[row][i][0] ? s->cells[row][i] : " ");
	return b->data;
}

/* Calls tick with the screen as standard error; returns what tick said. */
static int on_screen(struct screen *s, struct reporter *r, const struct report *what)
{
	int saved = dup(2), wait;

	dup2(s->slave, 2);
	if (what)
		reporter_take(r, what);
	wait = reporter_tick(r);
	dup2(saved, 2);
	close(saved);
	screen_update(s);
	return wait;
}

static void screen_close(struct screen *s, struct reporter *r)
{
	int saved = dup(2);

	dup2(s->slave, 2);
	reporter_free(r);
	dup2(saved, 2);
	close(saved);
	screen_update(s);
	close(s->slave);
	close(s->master);
}

/* Rates come behind it when the machine is slow. */
static void assert_begins(const char *line, const char *want)
{
	if (strncmp(line, want, strlen(want)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", line, want);
}

static void pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

static struct report_setting live_setting(void)
{
	struct report_setting setting = setting_for(REPORT_SUMMARY);

	setting.n = 1;
	setting.style.multi_line = setting.progress = true;
	setenv("TERM", "xterm", 1);
	setlocale(LC_CTYPE, "C.UTF-8");
	return setting;
}

static struct report plan_of(uint32_t account, uint64_t mails, uint64_t octets)
{
	return (struct report){
		.type = REPORT_PLAN, .account = account, .u.total = {mails, octets, 107}};
}

static struct report progress_of(uint32_t account, uint64_t mails, uint64_t octets)
{
	return (struct report){
		.type = REPORT_PROGRESS, .account = account, .u.done = {mails, octets, octets}};
}

static void live__goes_from_step_to_bar_to_summary(void **state)
{
	struct report_setting setting = live_setting();
	struct reporter *r = reporter_new(&setting);
	struct report what = {.type = REPORT_STEP, .u.text = "connecting"};
	struct buf line = {NULL, 0, 0};
	struct screen s;

	(void)state;
	screen_open(&s, 24, 100);
	assert_int_equal(on_screen(&s, r, NULL), -1);
	assert_int_equal(s.octets, 0);
	on_screen(&s, r, &what);
	assert_string_equal(screen_line(&s, 0, &line), "home   connecting …");

	what = plan_of(0, 21, 5662310);
	on_screen(&s, r, &what);
	pause_ms(110);
	what = progress_of(0, 12, 3284140);
	on_screen(&s, r, &what);
	assert_begins(screen_line(&s, 0, &line),
		"home   ███████████▌         58 %   12 of 21   3.1 of 5.4 MiB");
	assert_int_equal(s.column, 0);

	what = (struct report){.type = REPORT_WARNING};
	error_set(&what.u.error, ERROR_CAPABILITY, "the server says no");
	on_screen(&s, r, &what);
	assert_string_equal(screen_line(&s, 0, &line), "ambil: home: the server says no");
	pause_ms(110);
	on_screen(&s, r, NULL);
	assert_non_null(strstr(screen_line(&s, 1, &line), " 58 %   12 of 21"));

	what = done_with((struct report_counts){.mails = 21, .octets = 5662310, .seen = 107});
	assert_int_equal(on_screen(&s, r, &what), -1);
	screen_close(&s, r);
	assert_string_equal(screen_line(&s, 0, &line), "ambil: home: the server says no");
	assert_string_equal(screen_line(&s, 1, &line),
		"home   21 new messages (5.4 MiB) in ~/Mail, 107 seen before");
	assert_string_equal(screen_line(&s, 2, &line), "");
	assert_int_equal(s.row, 2);
	assert_int_equal(s.column, 0);
	buf_release(&line);
}

static void live__shows_rate_and_time_left(void **state)
{
	struct report_setting setting = live_setting();
	struct reporter *r = reporter_new(&setting);
	struct report what = plan_of(0, 100, 100 << 20);
	struct buf line = {NULL, 0, 0};
	struct screen s;

	(void)state;
	screen_open(&s, 24, 100);
	on_screen(&s, r, &what);
	pause_ms(550);
	what = progress_of(0, 10, 10 << 20);
	on_screen(&s, r, &what);
	screen_line(&s, 0, &line);
	assert_non_null(strstr(line.data, " 10 %   10 of 100   10.0 of 100.0 MiB   "));
	assert_non_null(strstr(line.data, " MiB/s   "));
	assert_non_null(strstr(line.data, " s left"));
	screen_close(&s, r);
	assert_string_equal(screen_line(&s, 0, &line), "");
	buf_release(&line);
}

static void live__counts_messages_when_sizes_are_unknown(void **state)
{
	struct report_setting setting = live_setting();
	struct reporter *r = reporter_new(&setting);
	struct report what = plan_of(0, 8, 0);
	struct buf line = {NULL, 0, 0};
	struct screen s;

	(void)state;
	screen_open(&s, 24, 100);
	on_screen(&s, r, &what);
	pause_ms(110);
	what = progress_of(0, 2, 2048);
	on_screen(&s, r, &what);
	assert_begins(
		screen_line(&s, 0, &line), "home   █████                25 %   2 of 8   2.0 KiB");
	screen_close(&s, r);
	buf_release(&line);
}

static void live__uses_signs_that_the_terminal_has(void **state)
{
	struct report_setting setting = live_setting();
	struct report what = plan_of(0, 8, 0);
	struct buf line = {NULL, 0, 0};
	struct reporter *r;
	struct screen s;

	(void)state;
	setlocale(LC_CTYPE, "C");
	setting.style.color = true;
	r = reporter_new(&setting);
	screen_open(&s, 24, 100);
	on_screen(&s, r, &what);
	pause_ms(110);
	what = progress_of(0, 2, 2048);
	on_screen(&s, r, &what);
	assert_begins(
		screen_line(&s, 0, &line), "home   #####                25 %   2 of 8   2.0 KiB");
	screen_close(&s, r);
	buf_release(&line);
}

static void live__fits_every_width(void **state)
{
	struct report_setting setting = live_setting();
	struct buf line = {NULL, 0, 0};

	(void)state;
	for (int columns = 1; columns <= 110; columns++) {
		struct reporter *r = reporter_new(&setting);
		struct report what = plan_of(0, 21, 5662310);
		struct screen s;

		screen_open(&s, 3, columns);
		on_screen(&s, r, &what);
		screen_line(&s, 0, &line);
		assert_true(screen_width(line.data) < (size_t)columns);
		assert_string_equal(screen_line(&s, 1, &line), "");
		if (columns >= 17)
			assert_non_null(strstr(screen_line(&s, 0, &line), " 0 %"));
		screen_close(&s, r);
	}
	buf_release(&line);
}

static void live__leaves_nothing_when_the_terminal_becomes_narrow(void **state)
{
	struct report_setting setting = live_setting();
	struct buf line = {NULL, 0, 0};

	(void)state;
	setting.n = 2;
	for (int wraps = 0; wraps < 2; wraps++) {
		struct report what = {.type = REPORT_STEP, .u.text = "in front"};
		struct reporter *r = reporter_new(&setting);
		struct screen s;

		screen_open(&s, 24, 100);
		screen_obey(&s, "$ one\r\n$ ambil\r\n", 16);
		for (uint32_t i = 0; i < 2; i++) {
			what = plan_of(i, 21, 5662310);
			on_screen(&s, r, &what);
		}
		pause_ms(110);
		on_screen(&s, r, NULL);
		assert_non_null(strstr(screen_line(&s, 3, &line), "office   "));
		screen_narrow(&s, 24, wraps);
		pause_ms(110);
		what = progress_of(1, 2, 4096);
		on_screen(&s, r, &what);
		assert_string_equal(screen_line(&s, 0, &line), "$ one");
		assert_string_equal(screen_line(&s, 1, &line), "$ ambil");
		assert_non_null(strstr(screen_line(&s, 2, &line), "home "));
		assert_non_null(strstr(screen_line(&s, 3, &line), "office "));
		for (int row = 4; row < 24; row++)
			assert_string_equal(screen_line(&s, row, &line), "");
		screen_close(&s, r);
		assert_string_equal(screen_line(&s, 1, &line), "$ ambil");
		assert_string_equal(screen_line(&s, 2, &line), "");
		assert_int_equal(s.row, 2);
	}
	buf_release(&line);
}

/* The terminal became narrower between being asked for its size and getting the lines. */
static void live__leaves_nothing_when_lines_are_too_wide_for_the_terminal(void **state)
{
	struct report_setting setting = live_setting();
	struct buf line = {NULL, 0, 0};
	struct reporter *r;
	struct screen s;

	(void)state;
	setting.n = 2;
	r = reporter_new(&setting);
	screen_open(&s, 24, 100);
	s.columns = 30;
	for (uint32_t i = 0; i < 2; i++) {
		struct report what = plan_of(i, 21, 5662310);

		reporter_take(r, &what);
	}
	on_screen(&s, r, NULL);
	assert_int_equal(s.row, 0);
	assert_non_null(strstr(screen_line(&s, 1, &line), "office "));
	assert_string_equal(screen_line(&s, 2, &line), "");
	screen_close(&s, r);
	assert_string_equal(screen_line(&s, 0, &line), "");
	buf_release(&line);
}

/* All at once: there is no moment without them. */
static void live__makes_room_for_text_above(void **state)
{
	struct report_setting setting = live_setting();
	struct report what = {.type = REPORT_WARNING};
	struct buf line = {NULL, 0, 0};
	struct reporter *r;
	struct screen s;
	int saved;

	(void)state;
	setting.n = 2;
	r = reporter_new(&setting);
	screen_open(&s, 24, 60);
	for (uint32_t i = 0; i < 2; i++) {
		struct report plan = plan_of(i, 8, 0);

		reporter_take(r, &plan);
	}
	on_screen(&s, r, NULL);
	error_set(&what.u.error, ERROR_CAPABILITY, "the server says no");
	saved = dup(2);
	dup2(s.slave, 2);
	reporter_take(r, &what);
	screen_update(&s);
	assert_string_equal(screen_line(&s, 0, &line), "ambil: home: the server says no");
	assert_non_null(strstr(screen_line(&s, 1, &line), "0 of 8"));
	assert_non_null(strstr(screen_line(&s, 2, &line), "office "));
	assert_int_equal(s.row, 1);
	/* The line of what has ended goes in the same moment. */
	what = done_with((struct report_counts){.mails = 8, .octets = 800});
	reporter_take(r, &what);
	screen_update(&s);
	dup2(saved, 2);
	close(saved);
	assert_string_equal(
		screen_line(&s, 1, &line), "home     8 new messages (800 octets) in ~/Mail");
	assert_non_null(strstr(screen_line(&s, 2, &line), "office "));
	assert_string_equal(screen_line(&s, 3, &line), "");
	screen_close(&s, r);
	assert_string_equal(screen_line(&s, 2, &line), "");
	buf_release(&line);
}

static void live__sums_up_what_has_no_room(void **state)
{
	static const char *const many[] = {"a", "b", "c", "d", "e", "f"};
	struct report_setting setting = live_setting();
	struct buf line = {NULL, 0, 0};
	struct reporter *r;
	struct screen s;

	(void)state;
	setting.names = many;
	setting.n = 6;
	r = reporter_new(&setting);
	screen_open(&s, 4, 60);
	for (uint32_t i = 0; i < 6; i++) {
		struct report what = {.type = REPORT_STEP, .account = i, .u.text = "working"};

		on_screen(&s, r, &what);
	}
	pause_ms(110);
	on_screen(&s, r, NULL);
	assert_string_equal(screen_line(&s, 0, &line), "a   working …");
	assert_string_equal(screen_line(&s, 1, &line), "b   working …");
	assert_string_equal(screen_line(&s, 2, &line), "0 of 6 accounts done   4 more at work");
	screen_close(&s, r);
	assert_string_equal(screen_line(&s, 0, &line), "");
	buf_release(&line);
}

static void live__draws_at_most_ten_times_a_second(void **state)
{
	struct report_setting setting = live_setting();
	struct reporter *r = reporter_new(&setting);
	struct report what = plan_of(0, 1000000, 0);
	struct screen s;
	unsigned drawings = 0;
	int64_t start;

	(void)state;
	screen_open(&s, 24, 100);
	start = clock_ms();
	while (clock_ms() - start < 250) {
		size_t before = s.octets;
		int wait = on_screen(&s, r, &what);

		assert_true(wait > 0 && wait <= 1000);
		drawings += s.octets > before;
		what = progress_of(0, drawings, 0);
		pause_ms(5);
	}
	assert_in_range(drawings, 1, (clock_ms() - start) / 100 + 1);
	screen_close(&s, r);
}

static void live__is_off_unless_asked_for(void **state)
{
	struct report_setting setting = live_setting();
	struct report what = plan_of(0, 8, 0);
	struct reporter *r;
	struct screen s;

	(void)state;
	setting.progress = false;
	r = reporter_new(&setting);
	screen_open(&s, 24, 100);
	assert_int_equal(on_screen(&s, r, &what), -1);
	screen_close(&s, r);
	assert_int_equal(s.octets, 0);
}

static void live__shortens_a_name_for_the_bar(void **state)
{
	static const char *const long_names[] = {"a-name-of-thirty-eight-letters-in-all@"};
	static const struct {
		int columns;
		bool utf8;
		const char *want;
	} cases[] = {
		{40, true, "a-name-of…   █████      50 %   4 of 8"},
		{40, false, "a-name-...   #####      50 %   4 of 8"},
		{20, true, "a-name-…    50 %"},
		{80, true,
			"a-name-of-thirty-eight-letters-in-all@   █████      50 %   4 of 8   0 octets"},
	};
	struct report_setting setting = live_setting();
	struct buf line = {NULL, 0, 0};

	(void)state;
	setting.names = long_names;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report what = plan_of(0, 8, 0);
		struct reporter *r;
		struct screen s;

		setlocale(LC_CTYPE, cases[i].utf8 ? "C.UTF-8" : "C");
		r = reporter_new(&setting);
		screen_open(&s, 24, cases[i].columns);
		reporter_take(r, &what);
		what = progress_of(0, 4, 0);
		on_screen(&s, r, &what);
		assert_string_equal(screen_line(&s, 0, &line), cases[i].want);
		screen_close(&s, r);
	}
	buf_release(&line);
}

/* Between Ctrl-Z and fg others have written: what stood there is not overdrawn. */
static void live__begins_anew_when_the_program_goes_on(void **state)
{
	static volatile sig_atomic_t continued;
	struct report_setting setting = live_setting();
	struct report what = plan_of(0, 8, 0);
	struct buf line = {NULL, 0, 0};
	struct reporter *r;
	struct screen s;

	(void)state;
	setting.continued = &continued;
	r = reporter_new(&setting);
	screen_open(&s, 24, 60);
	on_screen(&s, r, &what);
	assert_non_null(strstr(screen_line(&s, 0, &line), "0 of 8"));
	screen_obey(&s, "\r\n[1]+  Stopped\r\n$ fg\r\n", 23);
	continued++;
	pause_ms(110);
	what = progress_of(0, 4, 0);
	on_screen(&s, r, &what);
	assert_non_null(strstr(screen_line(&s, 0, &line), "0 of 8"));
	assert_string_equal(screen_line(&s, 2, &line), "$ fg");
	assert_non_null(strstr(screen_line(&s, 3, &line), "4 of 8"));
	screen_close(&s, r);
	buf_release(&line);
}

static void live__says_that_the_end_is_near(void **state)
{
	struct report_setting setting = live_setting();
	struct report what = plan_of(0, 8, 0);
	struct buf line = {NULL, 0, 0};
	struct reporter *r;
	struct screen s;
	int saved;

	(void)state;
	r = reporter_new(&setting);
	screen_open(&s, 24, 60);
	on_screen(&s, r, &what);
	screen_obey(&s, "^C", 2);
	saved = dup(2);
	dup2(s.slave, 2);
	reporter_stopping(r, SIGINT);
	dup2(saved, 2);
	close(saved);
	pause_ms(110);
	what = progress_of(0, 4, 0);
	on_screen(&s, r, &what);
	assert_string_equal(
		screen_line(&s, 0, &line), "stopping in good order; Ctrl-C again stops at once");
	assert_string_equal(screen_line(&s, 1, &line), "home   stopping …");
	screen_close(&s, r);
	buf_release(&line);
}

/* What the lines stand on is free before the command begins, however late the parent is. */
static void live__is_gone_before_a_command_begins(void **state)
{
	int reports[2], begins[2];
	struct pollfd begun;
	struct report r;
	pid_t pid;
	char octet;

	(void)state;
	assert_true(pipe(reports) == 0 && pipe(begins) == 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		report_progress_seen(true);
		report_command(reports[1], true);
		_exit(write(begins[1], "x", 1) != 1);
	}
	close(reports[1]);
	close(begins[1]);
	begun = (struct pollfd){.fd = begins[0], .events = POLLIN};
	/* It is read, and then obeyed: the next one is not read before that. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(poll(&begun, 1, 50), 0);
		assert_int_equal(file_read_all(reports[0], &r, sizeof(r)), sizeof(r));
		assert_true(r.type == REPORT_COMMAND && r.u.number == 1);
	}
	assert_int_equal(read(begins[0], &octet, 1), 1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(reports[0]);
	close(begins[0]);
}

int main(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(report__renders_errors_in_one_line_or_several),
		cmocka_unit_test(report__breaks_errors_at_the_width_of_the_terminal),
		cmocka_unit_test(report__colors_one_word_of_an_error),
		cmocka_unit_test(report__sums_up_an_account),
		cmocka_unit_test(report__says_as_much_as_it_was_asked_to),
		cmocka_unit_test(report__ends_no_line_in_blanks),
		cmocka_unit_test(report__answers_a_request_to_stop),
		cmocka_unit_test(report__shows_errors_even_when_quiet),
		cmocka_unit_test(report__does_not_say_again_what_a_run_before_has_said),
		cmocka_unit_test(report__puts_what_check_finds_on_standard_output),
		cmocka_unit_test(report__remembers_output_that_was_lost),
		cmocka_unit_test(report__lists_what_a_dry_run_would_do),
		cmocka_unit_test(report__says_until_when_mail_is_kept),
		cmocka_unit_test(report__keeps_what_is_said_of_an_account_together),
		cmocka_unit_test(report__marks_priorities_for_the_journal),
		cmocka_unit_test(report__crosses_a_pipe_whole),
		cmocka_unit_test(report__believes_nothing_of_a_worker_unseen),
		cmocka_unit_test(report__leaves_out_the_progress_that_nobody_sees),
		cmocka_unit_test(live__goes_from_step_to_bar_to_summary),
		cmocka_unit_test(live__shows_rate_and_time_left),
		cmocka_unit_test(live__counts_messages_when_sizes_are_unknown),
		cmocka_unit_test(live__uses_signs_that_the_terminal_has),
		cmocka_unit_test(live__fits_every_width),
		cmocka_unit_test(live__leaves_nothing_when_the_terminal_becomes_narrow),
		cmocka_unit_test(live__leaves_nothing_when_lines_are_too_wide_for_the_terminal),
		cmocka_unit_test(live__makes_room_for_text_above),
		cmocka_unit_test(live__sums_up_what_has_no_room),
		cmocka_unit_test(live__draws_at_most_ten_times_a_second),
		cmocka_unit_test(live__is_off_unless_asked_for),
		cmocka_unit_test(live__shortens_a_name_for_the_bar),
		cmocka_unit_test(live__begins_anew_when_the_program_goes_on),
		cmocka_unit_test(live__says_that_the_end_is_near),
		cmocka_unit_test(live__is_gone_before_a_command_begins),
	};

	sigemptyset(&ignore.sa_mask);
	sigaction(SIGPIPE, &ignore, NULL);
	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
