/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reader of .netrc, as a table of files and what is found in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "auth/netrc.h"

/* From a block of exactly its size, so that a read past it is seen. */
static enum netrc_result find(struct span text, char **password, unsigned *line)
{
	char *exact = xmalloc(text.len);
	enum netrc_result result;

	memcpy(exact, text.data, text.len);
	result = netrc_find(
		(struct span){exact, text.len}, "pop.example.org", "anna", password, line);
	free(exact);
	return result;
}

static void netrc__has_the_password_of(void **state)
{
	static const struct {
		const char *text, *password;
		unsigned line;
	} cases[] = {
		{"machine pop.example.org login anna password s3cret", "s3cret", 1},
		{"machine pop.example.org\n\tlogin anna\n\tpassword s3cret\n", "s3cret", 3},
		{"machine pop.example.org login anna password s3cret\r\n", "s3cret", 1},
		{"machine POP.Example.ORG password s3cret login anna", "s3cret", 1},
		{"machine\npop.example.org\npassword\ns3cret", "s3cret", 4},
		/* Several entries, by login; the first that fits. */
		{"machine pop.example.org login bob password b\n"
		 "machine other.example.org login anna password o\n"
		 "machine pop.example.org login anna password a\n"
		 "machine pop.example.org login anna password later\n",
			"a", 3},
		{"machine pop.example.org password any", "any", 1},
		{"machine pop.example.org login Anna password no\ndefault password d", "d", 2},
		{"default login anna password d", "d", 1},
		{"machine pop.example.org login anna\nmachine pop.example.org password p", "p", 2},
		{"machine pop.example.org login anna password \"\" default password d", "d", 1},
		/* Quotes. */
		{"machine pop.example.org password \"s3cret pass\"", "s3cret pass", 1},
		{"machine pop.example.org password \"a\\\"b\\\\c\\d\"", "a\"b\\cd", 1},
		{"machine \"pop.example.org\" login \"anna\" password x", "x", 1},
		{"machine pop.example.org password a\"b", "a\"b", 1},
		{"machine pop.example.org password a\\ b", "a\\", 1},
		/* Comments stand where a keyword would. */
		{"# machine pop.example.org password no\nmachine pop.example.org password #1", "#1",
			2},
		{"machine pop.example.org password x # y\n", "x", 1},
		{"machine pop.example.org # login bob\nlogin anna#1 password no\n"
		 "default login anna password d",
			"d", 3},
		/* What else there is. */
		{"machine pop.example.org login anna account acc password x", "x", 1},
		{"machine pop.example.org port 995 login anna password x", "x", 1},
		{"machine other.example.org\nmacdef init\nmachine pop.example.org password no\n\n"
		 "machine pop.example.org password yes",
			"yes", 5},
		{"macdef x\r\npassword no\r\n\r\nmachine pop.example.org password yes\r\n", "yes",
			4},
		{"machine pop.example.org password x\nmachine other \"open", "x", 1},
		{"machine pop.example.org password p\xc3\xa4\xff", "p\xc3\xa4\xff", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *password;
		unsigned line;

		if (find(span_of(cases[i].text), &password, &line) != NETRC_FOUND)
			fail_msg("nothing found in \"%s\"", cases[i].text);
		assert_string_equal(password, cases[i].password);
		assert_int_equal(line, cases[i].line);
		wipe_free(password);
	}
}

static void netrc__has_nothing(void **state)
{
	static const char *const cases[] = {
		"",
		"\n\n",
		"#",
		"machine",
		"machine pop.example.org",
		"machine pop.example.org password",
		"machine pop.example.org password \"\"",
		"machine pop.example.org login anna",
		"machine pop.example.org login bob password x",
		"machine pop.example.org.uk password x",
		"machine pop.example password x",
		"login anna password x",
		"password x machine pop.example.org",
		"machine pop.example.org login",
		"macdef x",
		"macdef x\nmachine pop.example.org password x",
		"machine pop.example.org password x login bob",
		"default login ANNA password x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *password;
		unsigned line;

		if (find(span_of(cases[i]), &password, &line) != NETRC_NOTHING)
			fail_msg("not nothing: \"%s\"", cases[i]);
		assert_null(password);
	}
}

static void netrc__that_is_broken_says_where(void **state)
{
	static const struct {
		struct span text;
		unsigned line;
	} cases[] = {
#define TEXT(literal) {literal, sizeof(literal) - 1}
		{TEXT("machine pop.example.org password \"x"), 1},
		{TEXT("\n\nmachine pop.example.org\npassword \"x\ny\""), 4},
		{TEXT("machine pop.example.org password \"x\\"), 1},
		{TEXT("machine pop.example.org password \"x\\\n\""), 1},
		{TEXT("machine pop.example.org\npassword x\0y"), 2},
		{TEXT("machine pop.example.org password x\nlogin \"anna\n"), 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *password;
		unsigned line;

		assert_int_equal(find(cases[i].text, &password, &line), NETRC_BROKEN);
		assert_null(password);
		assert_int_equal(line, cases[i].line);
	}
}

static void netrc__has_the_login_of(void **state)
{
	static const struct {
		const char *text, *login;
	} cases[] = {
		{"machine h login a password p\n", "a"},
		{"machine h\n password login\n login a\n", "a"},
		{"machine other login x\nmachine H login \"a b\"\n", "a b"},
		{"machine h password p\nmachine h login a\n", "a"},
		{"machine h account login password machine login a\n", "a"},
		{"machine h macdef init\nlogin x\n\nlogin a\n", "a"},
		{"machine x login machine\npassword h login no", NULL},
		{"default login a\n", NULL},
		{"machine h default login a\n", NULL},
		{"machine h login", NULL},
		{"machine h login \"\"\n", NULL},
		{"machine h login \"a", NULL},
		{"machine", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *login = netrc_login(span_of(cases[i].text), "h");

		if (!cases[i].login)
			assert_null(login);
		else
			assert_string_equal(login, cases[i].login);
		free(login);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(netrc__has_the_password_of),
		cmocka_unit_test(netrc__has_nothing),
		cmocka_unit_test(netrc__that_is_broken_says_where),
		cmocka_unit_test(netrc__has_the_login_of),
	};

	return cmocka_run_group_tests_name("netrc", tests, NULL, NULL);
}
