/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changing a configuration: comments, order, indentation and line ends stay, and so does the file
 * when anything is not as it should be. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "config/confedit.h"
#include "config/conffile.h"

/* ---- text in, text out ---- */

static void check_change(const char *before, const char *name, const char *value, const char *after)
{
	const struct confedit_setting one = {name, value};
	struct buf out = {0};
	struct error e = {0};

	if (!confedit_change(span_of(before), "home", &one, 1, &out, &e))
		fail_msg("%s\nin: %s", e.text, before);
	assert_string_equal(out.data, after);
	buf_release(&out);
}

static void confedit__changes_a_value_and_nothing_else(void **state)
{
	static const struct {
		const char *before, *name, *value, *after;
	} cases[] = {
		{"account home {\n\thost = a.example   # here\n}\n", "host", "b.example",
			"account home {\n\thost = b.example   # here\n}\n"},
		{"account home { host = a user = b }", "user", "c",
			"account home { host = a user = c }"},
		{"account home { host=\"a\"user='b' }", "host", "c", NULL},
		{"account home{host='a'}", "host", "x y", "account home{host=\"x y\"}"},
		{"# account home { host = no }\naccount home { host = a }\n", "host", "b",
			"# account home { host = no }\naccount home { host = b }\n"},
		{"account other { host = a }\naccount home { host = a }\n", "host", "b",
			"account other { host = a }\naccount home { host = b }\n"},
		{"keep = true\naccount \"home\" {\r\n  keep = 3d\r\n}\r\n", "keep", "false",
			"keep = true\naccount \"home\" {\r\n  keep = false\r\n}\r\n"},
		{"account home { deliver = 'mbox:~/a b' }", "deliver",
			"pipe:sh -c \"echo $HOME \\\\\"",
			"account home { deliver = \"pipe:sh -c \\\"echo \\$HOME \\\\\\\\\\\"\" }"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (cases[i].after)
			check_change(
				cases[i].before, cases[i].name, cases[i].value, cases[i].after);
}

static void confedit__adds_a_setting_where_a_person_would(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		/* Behind the last one, indented like it. */
		{"account home {\n\thost = a\n}\n",
			"account home {\n\thost = a\n\tkeep = 14d\n}\n"},
		{"account home {\n  host = a    # the server\n\n  # more to come\n}\n",
			"account home {\n  host = a    # the server\n  keep = 14d\n\n  # more to come\n}\n"},
		{"account home {\r\n\thost = a\r\n}\r\n",
			"account home {\r\n\thost = a\r\n\tkeep = 14d\r\n}\r\n"},
		/* A comment that goes on is left whole. */
		{"account home {\n\thost = a /* one\n\ttwo */\n}\n",
			"account home {\n\thost = a /* one\n\ttwo */\n\tkeep = 14d\n}\n"},
		{"account home {\n\thost = a /* all */\n}",
			"account home {\n\thost = a /* all */\n\tkeep = 14d\n}"},
		/* On one line. */
		{"account home { host = a   user = b }\n",
			"account home { host = a   user = b keep = 14d }\n"},
		{"account home {host = a}\n", "account home {host = a keep = 14d }\n"},
		{"account home {}", "account home { keep = 14d }"},
		{"account home {\n\thost = a }\n", "account home {\n\thost = a keep = 14d }\n"},
		{"account home { /* nothing */ }\n", "account home { /* nothing */ keep = 14d }\n"},
		/* Without a setting of its own: as another account has it, else four blanks. */
		{"account home { # mine\n}\naccount work {\n\t\thost = b\n}\n",
			"account home { # mine\n\t\tkeep = 14d\n}\naccount work {\n\t\thost = b\n}\n"},
		{"account home {\n}\n", "account home {\n    keep = 14d\n}\n"},
		/* A default of the same name is another setting. */
		{"keep = true\naccount home {\n host = a\n}\n",
			"keep = true\naccount home {\n host = a\n keep = 14d\n}\n"},
		{"account home\n{\n\thost = a\n}\n",
			"account home\n{\n\thost = a\n\tkeep = 14d\n}\n"},
		/* Braces in quotes and comments are none. */
		{"account home {\n\tuser = \"}{\" # }\n}\naccount work { user = '}' }\n",
			"account home {\n\tuser = \"}{\" # }\n\tkeep = 14d\n}\naccount work { user = '}' }\n"},
		{"account home {\n\tuser = \"/*\"\n}\n",
			"account home {\n\tuser = \"/*\"\n\tkeep = 14d\n}\n"},
		{"account home {\n\thost = a // x /* y\n}\n",
			"account home {\n\thost = a // x /* y\n\tkeep = 14d\n}\n"},
		{"account home {\n\thost = a user = b\n}\n",
			"account home {\n\thost = a user = b\n\tkeep = 14d\n}\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_change(cases[i].before, "keep", "14d", cases[i].after);
}

static void confedit__does_several_changes_at_once(void **state)
{
	static const char before[] = "account home {\n\thost = a\n\tuser = u\n}\n";
	const struct confedit_setting list[] = {
		{"port", "1995"}, {"host", "b"}, {"tls", "starttls"}};
	struct buf out = {0};
	struct error e = {0};

	(void)state;
	assert_true(confedit_change(span_of(before), "home", list, 3, &out, &e));
	assert_string_equal(out.data,
		"account home {\n\thost = b\n\tuser = u\n\tport = 1995\n\ttls = starttls\n}\n");
	buf_release(&out);
}

static void check_add(const char *before, const char *name, const char *after)
{
	const struct confedit_setting list[] = {{"host", "pop.example.org"}, {"user", "anna b"}};
	struct buf out = {0};
	struct error e = {0};

	if (!confedit_add(span_of(before), name, list, 2, &out, &e))
		fail_msg("%s\nin: %s", e.text, before);
	assert_string_equal(out.data, after);
	buf_release(&out);
}

static void confedit__adds_an_account_at_the_end(void **state)
{
	(void)state;
	check_add("", "home",
		"account home {\n    host = pop.example.org\n    user = \"anna b\"\n}\n");
	check_add("# mine\n", "a+b",
		"# mine\n\naccount \"a+b\" {\n    host = pop.example.org\n    user = \"anna b\"\n}\n");
	check_add("keep = 3d # no line end", "home",
		"keep = 3d # no line end\n\naccount home {\n    host = pop.example.org\n"
		"    user = \"anna b\"\n}\n");
	check_add("keep = 3d\r\n", "home",
		"keep = 3d\r\n\r\naccount home {\r\n    host = pop.example.org\r\n"
		"    user = \"anna b\"\r\n}\r\n");
	check_add("account work {\n\thost = x\n\tuser = y\n}\n", "home",
		"account work {\n\thost = x\n\tuser = y\n}\n\naccount home {\n"
		"\thost = pop.example.org\n\tuser = \"anna b\"\n}\n");
	check_add("include(\"more.conf\")\n", "home",
		"include(\"more.conf\")\n\naccount home {\n    host = pop.example.org\n"
		"    user = \"anna b\"\n}\n");
}

static void check_refused(const char *before, const char *words)
{
	const struct confedit_setting one = {"keep", "14d"};
	struct buf out = {0};
	struct error e = {0};

	assert_false(confedit_change(span_of(before), "home", &one, 1, &out, &e));
	assert_int_equal(e.kind, ERROR_CONFIG);
	if (!strstr(e.text, words))
		fail_msg("%s, not: %s", e.text, words);
	assert_int_equal(out.len, 0);
	assert_null(out.data);
}

static void confedit__leaves_what_is_wrong_alone(void **state)
{
	const struct confedit_setting one = {"host", "a"};
	struct buf out = {0};
	struct error e = {0};

	(void)state;
	check_refused("", "no account \"home\"");
	check_refused("account work { host = a }\n", "no account \"home\"");
	check_refused("# account home { }\n", "no account \"home\"");
	check_refused("account home {\n\thost = a\n", "line 1: the brace of account");
	check_refused("account home { user = \"open\n}\n", "line 1: the quote is not closed");
	check_refused("\xef\xbb\xbf"
		      "account home { host = a }\n",
		"byte order mark");
	check_refused("account home { host = a /* }\n", "comment has no end");
	/* Which of two is meant? */
	check_refused("account home { keep = 1d keep = 2d }\n", "cannot be changed by itself");
	assert_false(confedit_add(span_of("keep = /* open\n"), "home", &one, 1, &out, &e));
	assert_null(out.data);
}

/* Every cut of a text, and what comes of it: a text that says the same and the change, or none. */
static void confedit__never_says_anything_else(void **state)
{
	static const char text[] = "keep = 3d /* } */\r\naccount home { # {\n\thost = 'a } b'\n"
				   "\tuser = \"x\\\"y\" /* more\n */ } account work{host=a}\n"
				   "account z {\n}\n# and words behind it all\n";
	const struct confedit_setting list[] = {{"keep", "1d"}, {"deliver", "mbox:~/a \"b\" $c"}};
	size_t changed = 0;

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		struct buf out = {0}, again = {0};
		struct error e = {0};

		/* Done twice, it is as if done once: all that was added is found. */
		if (confedit_change((struct span){text, len}, "home", list, 2, &out, &e)) {
			changed++;
			assert_true(confedit_change(buf_span(&out), "home", list, 2, &again, &e));
			assert_string_equal(out.data, again.data);
		}
		buf_release(&out);
		buf_release(&again);
	}
	assert_true(changed > 10);
}

/* ---- the file ---- */

struct box {
	char home[64], path[128];
};

static int make_box(void **state)
{
	struct box *box = xcalloc(1, sizeof(*box));

	snprintf(box->home, sizeof(box->home), "/tmp/ambil-confedit-XXXXXX");
	if (!mkdtemp(box->home))
		return -1;
	setenv("HOME", box->home, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("AMBIL_CONFIG");
	snprintf(box->path, sizeof(box->path), "%s/.config/ambil/ambil.conf", box->home);
	*state = box;
	return 0;
}

static int remove_box(void **state)
{
	struct box *box = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", box->home);
	free(box);
	return system(command); /* NOLINT(cert-env33-c): a path of our own */
}

static void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void expect_file(const char *path, const char *text)
{
	struct buf now = {0};

	assert_true(file_slurp(path, 4096, &now, NULL, NULL));
	assert_string_equal(now.data, text);
	buf_release(&now);
}

static size_t count_files(const struct box *box)
{
	char command[200], answer[32] = "";
	FILE *f;

	snprintf(command, sizeof(command), "ls -A '%s/.config/ambil' | wc -l", box->home);
	f = popen(command, "r"); /* NOLINT(cert-env33-c): a path of our own */
	assert_non_null(f);
	assert_non_null(fgets(answer, sizeof(answer), f));
	pclose(f);
	return (size_t)atol(answer); /* NOLINT(cert-err34-c): what wc says */
}

static const char good[] = "account home { host = a user = b }\n";

static bool write_text(struct conffile *f, const char *text, struct error *e)
{
	struct buf whole = {0};
	bool done;

	buf_add_text(&whole, text);
	done = conffile_write(f, NULL, &whole, e);
	buf_release(&whole);
	return done;
}

static void conffile__makes_a_private_file_with_its_folder(void **state)
{
	const struct box *box = *state;
	struct conffile f;
	struct error e = {0};
	struct stat st;

	assert_true(conffile_read(&f, box->path, &e));
	assert_false(f.found);
	assert_true(write_text(&f, good, &e));
	assert_int_equal(access(box->path, F_OK), -1);
	assert_true(conffile_place(&f, &e));
	conffile_release(&f);
	expect_file(box->path, good);
	assert_int_equal(stat(box->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(count_files(box), 1);
}

static void conffile__changes_nothing_for_a_text_that_is_wrong(void **state)
{
	const struct box *box = *state;
	struct conffile f;
	struct error e = {0};

	put_file(box->path, good);
	assert_true(conffile_read(&f, box->path, &e));
	assert_false(write_text(&f, "account home { kep = 1d }\n", &e));
	assert_non_null(strstr(e.text, "nothing was changed"));
	assert_non_null(strstr(e.text, "kep"));
	conffile_release(&f);
	expect_file(box->path, good);
	assert_int_equal(count_files(box), 1);
}

static void conffile__keeps_mode_and_symbolic_link(void **state)
{
	const struct box *box = *state;
	struct conffile f;
	struct error e = {0};
	struct stat st;
	char real[200];

	snprintf(real, sizeof(real), "%s/dotfile", box->home);
	put_file(real, good);
	assert_int_equal(chmod(real, 0640), 0);
	unlink(box->path);
	assert_int_equal(symlink(real, box->path), 0);
	assert_true(conffile_read(&f, box->path, &e));
	assert_true(write_text(&f, "# new\n", &e) && conffile_place(&f, &e));
	conffile_release(&f);
	assert_int_equal(lstat(box->path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	expect_file(real, "# new\n");
	assert_int_equal(stat(real, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

/* A relative name is one of the link's folder, also while the new text is tried. */
static void conffile__reads_included_files_from_where_the_link_is(void **state)
{
	const struct box *box = *state;
	struct conffile f;
	struct error e = {0};
	char path[200];

	snprintf(path, sizeof(path), "%s/.config/ambil/more.conf", box->home);
	put_file(path, good);
	assert_true(conffile_read(&f, box->path, &e));
	assert_true(write_text(&f, "include(\"more.conf\")\n", &e));
	assert_false(
		write_text(&f, "include(\"more.conf\")\naccount home { host = x user = y }\n", &e));
	assert_non_null(strstr(e.text, "is there already"));
	conffile_release(&f);
	/* And the included one, with what it is included by. */
	assert_true(conffile_read(&f, box->path, &e));
	assert_true(
		write_text(&f, "jobs = 3\ninclude(\"more.conf\")\n", &e) && conffile_place(&f, &e));
	conffile_release(&f);
	assert_true(conffile_read(&f, path, &e));
	assert_false(write_text(&f, "jobs = 4\n", &e));
	assert_non_null(strstr(e.text, "jobs is set already"));
	conffile_release(&f);
}

static void conffile__notices_an_editor(void **state)
{
	const struct box *box = *state;
	struct conffile f;
	struct error e = {0};

	unlink(box->path);
	put_file(box->path, good);
	assert_true(conffile_read(&f, box->path, &e));
	assert_true(write_text(&f, "# ours\n", &e));
	put_file(box->path, "# theirs\n");
	assert_false(conffile_place(&f, &e));
	assert_non_null(strstr(e.text, "~/.config/ambil/ambil.conf was changed by somebody else"));
	conffile_release(&f);
	expect_file(box->path, "# theirs\n");
	/* The same where there was none, and where it is gone. */
	unlink(box->path);
	assert_true(conffile_read(&f, box->path, &e));
	assert_true(write_text(&f, "# ours\n", &e));
	put_file(box->path, "# theirs\n");
	assert_false(conffile_place(&f, &e));
	conffile_release(&f);
	expect_file(box->path, "# theirs\n");
	assert_true(conffile_read(&f, box->path, &e));
	assert_true(write_text(&f, "# ours\n", &e));
	unlink(box->path);
	assert_false(conffile_place(&f, &e));
	conffile_release(&f);
	assert_int_equal(access(box->path, F_OK), -1);
	assert_int_equal(count_files(box), 1); /* more.conf */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(confedit__changes_a_value_and_nothing_else),
		cmocka_unit_test(confedit__adds_a_setting_where_a_person_would),
		cmocka_unit_test(confedit__does_several_changes_at_once),
		cmocka_unit_test(confedit__adds_an_account_at_the_end),
		cmocka_unit_test(confedit__leaves_what_is_wrong_alone),
		cmocka_unit_test(confedit__never_says_anything_else),
	};
	/* One home for all of these, in this order. */
	const struct CMUnitTest files[] = {
		cmocka_unit_test(conffile__makes_a_private_file_with_its_folder),
		cmocka_unit_test(conffile__changes_nothing_for_a_text_that_is_wrong),
		cmocka_unit_test(conffile__keeps_mode_and_symbolic_link),
		cmocka_unit_test(conffile__reads_included_files_from_where_the_link_is),
		cmocka_unit_test(conffile__notices_an_editor),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed + cmocka_run_group_tests(files, make_box, remove_box);
}
