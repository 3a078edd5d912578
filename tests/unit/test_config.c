/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Configuration files: what they give, every error in them with its line, and that the check of the
 * form never disagrees with libconfuse about what a file says.
 */
#include <fcntl.h>
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
#include <confuse.h>

#include "base/file.h"
#include "config/config.h"
#include "config/places.h"
#include "config/syntax.h"
#include "verbs/check.h"
#include "verbs/config.h"

/* A home folder of its own for each test. */
struct sandbox {
	char home[256];
	char conf[300];
};

static void in_home(const struct sandbox *box, const char *name, char path[300])
{
	snprintf(path, 300, "%s/%s", box->home, name);
}

static void write_octets(
	const struct sandbox *box, const char *name, const void *octets, size_t len, mode_t mode)
{
	char path[300];
	FILE *f;

	in_home(box, name, path);
	/* One of before may be for nobody to write. */
	unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(octets, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void write_file(const struct sandbox *box, const char *name, const char *text)
{
	write_octets(box, name, text, strlen(text), 0600);
}

static const char conf_name[] = ".config/ambil/ambil.conf";

static void write_conf(const struct sandbox *box, const char *text)
{
	write_file(box, conf_name, text);
}

static int make_sandbox(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct sandbox *box = xcalloc(1, sizeof(*box));
	char folder[300];
	struct error e;

	snprintf(box->home, sizeof(box->home), "%.200s/ambil-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(box->home))
		return -1;
	in_home(box, ".config/ambil", folder);
	if (!file_make_folders(folder, NULL, ERROR_INTERNAL, &e))
		return -1;
	in_home(box, conf_name, box->conf);
	setenv("HOME", box->home, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_STATE_HOME");
	unsetenv("AMBIL_CONFIG");
	*state = box;
	return 0;
}

static int remove_sandbox(void **state)
{
	static const char *const names[] = {".config/ambil/ambil.conf", ".config/ambil/one.conf",
		".config/ambil/two.conf", ".config/ambil/sub/three.conf", ".config/ambil/sub",
		"xdg/ambil/ambil.conf", "xdg/ambil", "xdg", "other.conf", ".config/ambil",
		".config", ""};
	struct sandbox *box = *state;
	char path[300];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		in_home(box, names[i], path);
		(void)remove(path);
	}
	free(box);
	return 0;
}

static struct config loaded(const char *path)
{
	struct config config;
	struct error e = {0};

	if (!config_load(path, &config, NULL, &e))
		fail_msg("%s", e.text);
	return config;
}

/* The errors of the user's file, one a line. */
static void assert_errors(const struct sandbox *box, const char *text, const char *want)
{
	struct config_errors errors;
	struct config config;
	struct error e = {0};
	struct buf got = {0};

	write_conf(box, text);
	if (config_load(NULL, &config, &errors, &e))
		fail_msg("accepted: %s", text);
	for (size_t i = 0; i < errors.n; i++) {
		assert_int_equal(errors.list[i].kind, ERROR_CONFIG);
		buf_printf(&got, "%s\n", errors.list[i].text);
	}
	assert_string_equal(got.data, want);
	assert_string_equal(errors.list[0].text, e.text);
	config_errors_release(&errors);
	buf_release(&got);
}

static void config_load__needs_only_host_and_user(void **state)
{
	const struct sandbox *box = *state;
	struct config config;
	struct account *a;
	char path[320];

	write_conf(box, "account home { host = pop.example.org   user = anna }\n");
	config = loaded(NULL);
	assert_int_equal(config.n, 1);
	a = &config.accounts[0];
	assert_string_equal(a->name, "home");
	assert_string_equal(a->where, "ambil.conf:1");
	assert_string_equal(a->endpoint.host, "pop.example.org");
	assert_string_equal(a->user, "anna");
	assert_int_equal(a->endpoint.port, 995);
	assert_int_equal(a->tls.mode, TLS_IMPLICIT);
	assert_int_equal(a->tls.min, TLS_1_2);
	assert_int_equal(a->auth.n, 0);
	assert_int_equal(a->policy.keep, KEEP_FOREVER);
	assert_int_equal(a->policy.size_max, 0);
	assert_true(a->enabled && a->pipeline && a->received_header);
	assert_false(a->tls.cleartext_login || a->temporary);
	assert_int_equal(a->destination.kind, SINK_MAILDIR);
	snprintf(path, sizeof(path), "%s/Mail", box->home);
	assert_string_equal(a->destination.path, path);
	assert_int_equal(a->destination.command_timeout_ms, 300000);
	assert_string_equal(config_origin(a, "host"), "ambil.conf:1");
	assert_string_equal(config_origin(a, "port"), "default");
	assert_int_equal(config.jobs, 16);
	snprintf(path, sizeof(path), "%s/.local/state/ambil", box->home);
	assert_string_equal(config.state_dir, path);
	assert_string_equal(config.shown, "ambil.conf");
	config_release(&config);
}

static void config_load__takes_top_level_keys_as_defaults_wherever_they_stand(void **state)
{
	struct config config;
	char *seen;

	write_conf(*state,
		"account a { host = h  user = u  keep = false }\n"
		"account b { host = h  user = u  tls = starttls\n}\n"
		"keep = \"14d\"\nport = 1995 timeout = 5s\n"
		"deliver = 'mbox:/m/%a'\nreceived-header = no\njobs = 9\n");
	config = loaded(NULL);
	assert_int_equal(config.n, 2);
	assert_int_equal(config.jobs, 9);
	assert_int_equal(config.accounts[0].policy.keep, KEEP_NOT);
	assert_int_equal(config.accounts[1].policy.keep, KEEP_FOR);
	assert_int_equal(config.accounts[1].policy.keep_s, 14 * 86400);
	assert_int_equal(config.accounts[1].endpoint.port, 1995);
	assert_int_equal(config.accounts[0].timeout_ms, 5000);
	seen = config.accounts[1].destination.path;
	assert_string_equal(seen, "/m/b");
	assert_false(config.accounts[1].destination.received_header);
	assert_string_equal(config_origin(&config.accounts[0], "keep"), "ambil.conf:1");
	assert_string_equal(config_origin(&config.accounts[1], "keep"), "ambil.conf:4");
	assert_string_equal(config_origin(&config.accounts[1], "timeout"), "ambil.conf:5");
	config_release(&config);
}

static void config_load__takes_the_port_from_the_kind_of_tls(void **state)
{
	static const struct {
		const char *tls;
		int port;
	} cases[] = {{"implicit", 995}, {"starttls", 110}, {"none", 110}};

	for (size_t i = 0; i < 3; i++) {
		char text[100];
		struct config config;

		snprintf(text, sizeof(text), "account a { host=h user=u tls=%s }", cases[i].tls);
		write_conf(*state, text);
		config = loaded(NULL);
		assert_int_equal(config.accounts[0].endpoint.port, cases[i].port);
		config_release(&config);
	}
}

static void config_load__reads_quotes_comments_and_line_ends(void **state)
{
	static const char *const users[][2] = {
		{"user = anna", "anna"},
		{"user='a b'", "a b"},
		{"user = \"a\\\"b\\\\c\"", "a\"b\\c"},
		{"user = 'a\"b\\'c\\d'", "a\"b'c\\d"},
		{"user = \"\\${HOME}\"", "${HOME}"},
		{"user = '${HOME}'", "${HOME}"},
		{"user = \"a${NIX:-dflt}b\"", "adfltb"},
		{"user = \"${SET}\"", "value"},
		{"user = \"a#b//c/*d\" # comment }", "a#b//c/*d"},
		{"user = anna // comment {", "anna"},
		{"user /* x */ = /* y */ anna", "anna"},
		{"/* two\nlines \" */ user = anna", "anna"},
		{"user = p\xc3\xb6stl", "p\xc3\xb6stl"},
		{"user = \"$a\"", "$a"},
	};

	setenv("SET", "value", 1);
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		struct buf text = {0};
		struct config config;

		buf_printf(&text, "# first\r\naccount a {\r\n  host = h\r\n %s\r\n}", users[i][0]);
		write_conf(*state, text.data);
		config = loaded(NULL);
		assert_string_equal(config.accounts[0].user, users[i][1]);
		config_release(&config);
		buf_release(&text);
	}
}

static void config_load__finds_every_error_with_its_line(void **state)
{
	assert_errors(*state,
		"kep = 3\n"
		"keep = \"maybe\"\n"
		"host = x\n"
		"account home {\n"
		"	host = h\n"
		"	port = 99500\n"
		"	user =\n"
		"	jobs = 3\n"
		"	tls = ssl  tls-min = 9\n"
		"	deliver = { \"a\",\n \"b\" }\n"
		"	keep = 1d\n"
		"	keep = 2d\n"
		"	password = 'a\n"
		"}\n"
		"account home { host = h user = u }\n"
		"account \"a/b\" { host = h user = u }\n"
		"xyzzyplugh = 1\n",
		"ambil.conf:1: unknown setting \"kep\", did you mean \"keep\"?\n"
		"ambil.conf:2: keep = \"maybe\": use true, false or an age such as 14d\n"
		"ambil.conf:3: host stands in an account only\n"
		"ambil.conf:6: port = \"99500\": use a number from 1 to 65535\n"
		"ambil.conf:7: user has no value on this line\n"
		"ambil.conf:8: jobs stands outside of accounts only\n"
		"ambil.conf:9: tls = \"ssl\": use implicit, starttls or none\n"
		"ambil.conf:9: tls-min = \"9\": use 1.0, 1.1, 1.2 or 1.3\n"
		"ambil.conf:10: deliver takes one value, not a list\n"
		"ambil.conf:13: keep is set already, at ambil.conf:12\n"
		"ambil.conf:14: the quote is not closed on this line\n"
		"ambil.conf:16: account \"home\" is there already, at ambil.conf:4\n"
		"ambil.conf:17: account \"a/b\": use letters, digits and . _ - @ + for its name, not "
		"beginning with . or -\n"
		"ambil.conf:18: unknown setting \"xyzzyplugh\"; man ambil.conf has all there "
		"are\n");
}

static void config_load__names_the_brace_that_is_not_closed(void **state)
{
	assert_errors(*state, "# x\naccount a {\n host = h\n user = u\n",
		"ambil.conf:2: the brace of account \"a\" is not closed\n");
	assert_errors(*state, "account a {\n host = \"}\"\n user = u # }\n",
		"ambil.conf:1: the brace of account \"a\" is not closed\n"
		"ambil.conf:2: host = \"}\": use a host name or an address (the port is a setting of "
		"its own)\n");
	assert_errors(*state,
		"account a {\n host = h user = u\naccount b {\n host = h user = u }\n",
		"ambil.conf:1: the brace of account \"a\" is not closed before line 3\n");
	assert_errors(*state, "account a { host = h user = u }\n}\n",
		"ambil.conf:2: this closing brace has no opening one\n");
}

static void config_load__refuses_what_libconfuse_would_misread(void **state)
{
	static const char *const cases[][2] = {
		{"keep = \"14d\nkeep = \"1d\"\n", "1: the quote is not closed on this line"},
		{"keep = '14d\r\n", "1: the quote is not closed on this line"},
		{"deliver = \"pipe:a\\d\"",
			"1: write a backslash in double quotes as \\\\, or use "
			"single quotes"},
		{"deliver = \"pipe:a\\0\"",
			"1: write a backslash in double quotes as \\\\, or use "
			"single quotes"},
		{"deliver = \"pipe:${NIX}\"", "1: the variable NIX is not set"},
		{"deliver = \"pipe:${A\"\n}",
			"1: \"${\" has no \"}\"; write \\${ or use single quotes"},
		{"deliver = \"${a b}\"", "1: use ${NAME} or ${NAME:-DEFAULT} for a variable"},
		{"deliver = ${HOME}", "1: ${HOME} must stand in quotes"},
		{"deliver = mbox:a+b", "1: mbox:a+b must stand in quotes"},
		{"deliver = mbox:a#b", "1: mbox:a#b must stand in quotes"},
		{"deliver = mbox://a", "1: mbox://a must stand in quotes"},
		{"ca-file = /etc/", "1: /etc/ must stand in quotes"},
		{"password = s3$cret", "1: this value must stand in quotes"},
		{"password = s3#cret", "1: this value must stand in quotes"},
		{"password=/secret/", "1: this value must stand in quotes"},
		{"proxy-password = correct horse", "1: this value must stand in quotes"},
		{"password = correct horse battery staple", "1: this value must stand in quotes"},
		{"password = correct 'horse battery'", "1: this value must stand in quotes"},
		{"password = correct ho$rse", "1: this value must stand in quotes"},
		{"proxy = http://anna:secret@a:8", "1: this value must stand in quotes"},
		{"client-key = pkcs11:a;pin-value=4711", "1: this value must stand in quotes"},
		{"pasword = s3$cret", "1: this value must stand in quotes"},
		{"deliver = 'mbox:a''b'", "1: a blank is missing behind the closing quote"},
		{"deliver += 'mbox:a'", "1: use = (there are no lists to add to)"},
		{"deliver\n= 'mbox:a'", "1: \"=\" is missing behind \"deliver\""},
		{"\n/* never", "2: this comment has no end (*/)"},
		{"keep = \"1d\\\nkeep = 2d", "1: the quote is not closed on this line"},
		{"\"keep\" = 2d", "1: the name of a setting is expected, not \"keep\""},
		{"account { host = h user = u }",
			"1: the account has no name; write account NAME {"},
		{"acount a { host = h user = u }",
			"1: unknown section \"acount\", did you mean "
			"\"account\"?"},
		{"account a { b c { } host = h user = u }",
			"1: there are no sections inside an "
			"account"},
		{"tls_fingerprint = x",
			"1: unknown setting \"tls_fingerprint\"; man ambil-migration says what "
			"those of mpop are called here"},
		{"deliver = a b",
			"1: \"=\" is missing behind \"b\"; a value with blanks or commas stands in "
			"quotes"},
		{"deliver = a, b",
			"1: the name of a setting is expected, not ,; a value with blanks or "
			"commas stands in quotes"},
		{"include 'x'", "1: \"=\" is missing behind \"include\""},
		{"include()", "1: write include(\"FILE\") to read another file"},
		{"account a { include(x) host = h user = u }",
			"1: include stands outside of accounts"},
		{"\xef\xbb\xbf"
		 "keep = true",
			"1: save the file without a byte order mark"},
	};

	unsetenv("NIX");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config config;
		struct error e = {0};
		char want[300];

		write_conf(*state, cases[i][0]);
		snprintf(want, sizeof(want), "ambil.conf:%s", cases[i][1]);
		if (config_load(NULL, &config, NULL, &e))
			fail_msg("accepted: %s", cases[i][0]);
		assert_string_equal(e.text, want);
	}
}

static void config_load__refuses_octets_that_are_no_text(void **state)
{
	static const char nul[] = "keep = true\nkeep\0x";
	static char large[(1 << 20) + 1];
	struct config config;
	struct error e = {0};

	write_octets(*state, conf_name, nul, sizeof(nul) - 1, 0600);
	assert_false(config_load(NULL, &config, NULL, &e));
	assert_string_equal(e.text, "ambil.conf:2: a NUL octet is not allowed");
	memset(large, '\n', sizeof(large));
	write_octets(*state, conf_name, large, sizeof(large), 0600);
	assert_false(config_load(NULL, &config, NULL, &e));
	assert_string_equal(e.text, "cannot read ~/.config/ambil/ambil.conf: larger than 1 MiB");
	write_octets(*state, conf_name, large, sizeof(large) - 1, 0600);
	assert_true(config_load(NULL, &config, NULL, &e));
	config_release(&config);
}

static void config_load__wants_host_and_user(void **state)
{
	assert_errors(*state, "\naccount a { user = u }\naccount b {\n host = h }\n",
		"ambil.conf:2: account \"a\" has no host\n"
		"ambil.conf:3: account \"b\" has no user\n");
	/* A wrong line in the account may be the missing one. */
	assert_errors(*state, "account a { user = u\n hsot = h }\n",
		"ambil.conf:2: unknown setting \"hsot\", did you mean \"host\"?\n");
}

static void config_load__misses_a_ca_file_once_on_its_line(void **state)
{
	assert_errors(*state,
		"\nca-file = \"/nonexistent.pem\"\naccount a { host=h user=u }\n"
		"account b { host=h user=u }\n",
		"ambil.conf:2: ca-file \"/nonexistent.pem\": No such file or directory\n");
}

static void config_load__wants_a_private_file(void **state)
{
	static const char secret[] = "account a { host = h user = u password = 'x' }";
	static const char open[] = "account a { host = h user = u }";
	static const struct {
		const char *text;
		mode_t mode;
		const char *said, *remedy;
	} cases[] = {
		{secret, 0600, NULL, NULL},
		{secret, 0400, NULL, NULL},
		{secret, 0644, "ambil.conf holds a password and can be read by others (mode 0644)",
			"chmod 600 ~/.config/ambil/ambil.conf"},
		{secret, 0640, "ambil.conf holds a password and can be read by others (mode 0640)",
			"chmod 600 ~/.config/ambil/ambil.conf"},
		{secret, 0666, "ambil.conf can be written by others (mode 0666)",
			"chmod 600 ~/.config/ambil/ambil.conf"},
		{open, 0644, NULL, NULL},
		{open, 0664, "ambil.conf can be written by others (mode 0664)",
			"chmod go-w ~/.config/ambil/ambil.conf"},
		{open, 0602, "ambil.conf can be written by others (mode 0602)",
			"chmod go-w ~/.config/ambil/ambil.conf"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config config;
		struct error e = {0};

		write_octets(
			*state, conf_name, cases[i].text, strlen(cases[i].text), cases[i].mode);
		if (config_load(NULL, &config, NULL, &e) != !cases[i].said)
			fail_msg("mode %04o: %s", (unsigned)cases[i].mode, e.text);
		if (!cases[i].said) {
			config_release(&config);
			continue;
		}
		assert_string_equal(e.text, cases[i].said);
		assert_string_equal(e.remedy, cases[i].remedy);
		assert_int_equal(error_exit_code(e.kind), 78);
	}
}

static void config_load__refuses_a_file_of_someone_else(void **state)
{
	const struct sandbox *box = *state;
	struct config config;
	struct error e = {0};

	if (geteuid() != 0)
		skip();
	write_conf(box, "");
	assert_int_equal(chown(box->conf, 65534, 65534), 0);
	assert_false(config_load(NULL, &config, NULL, &e));
	assert_string_equal(e.text, "ambil.conf belongs to another user");
}

static void config_load__keeps_passwords_as_they_are_typed(void **state)
{
	struct config config;

	write_conf(*state, "account a { host = h user = u password = 'x${HOME}\"\\\\' }");
	config = loaded(NULL);
	assert_string_equal(config.accounts[0].password, "x${HOME}\"\\");
	config_release(&config);
	assert_errors(*state, "account a { host = h user = u password = \"x${HOME}\" }",
		"ambil.conf:1: password has a ${…} in double quotes, which would be replaced; use "
		"single quotes\n");
	assert_errors(*state, "password = x", "ambil.conf:1: password stands in an account only\n");
}

static void config_load__never_shows_a_password_in_an_error(void **state)
{
	write_conf(*state, "account a { host = h user = u password = '' }");
	assert_errors(*state, "account a { host = h user = u\n password = 'SECRET\rx' }",
		"ambil.conf:2: password: control characters are not allowed\n");
}

/* Neither on the stack nor on the heap. */
static char secret_conf[600], memory_part[1 << 16];

static bool part_has(size_t len, const char *text)
{
	for (size_t i = 0; i + strlen(text) <= len; i++)
		if (memcmp(memory_part + i, text, strlen(text)) == 0)
			return true;
	return false;
}

/* Whether the text is anywhere on the stack or the heap of this process, freed memory included. */
static bool is_in_memory(const char *text)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int memory = open("/proc/self/mem", O_RDONLY);
	bool found = false;
	char line[400];

	assert_non_null(maps);
	assert_true(memory >= 0);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long from, to;

		if (!strstr(line, "[heap]") && !strstr(line, "[stack]"))
			continue;
		assert_int_equal(sscanf(line, "%lx-%lx", &from, &to), 2);
		/* The parts overlap. */
		for (; from < to; from += sizeof(memory_part) / 2) {
			size_t left = to - from;
			ssize_t n = pread(memory, memory_part,
				left < sizeof(memory_part) ? left : sizeof(memory_part),
				(off_t)from);

			found = found || (n > 0 && part_has((size_t)n, text));
		}
	}
	fclose(maps);
	close(memory);
	return found;
}

/* Where in the buffers of libconfuse the passwords come to lie depends on what stands before them.
 */
static void leave_no_copy(const struct sandbox *box, int accounts_before)
{
	const char *first = secret_conf + 500, *second = secret_conf + 550;
	struct config config;
	struct account *chosen;
	int fd = open(box->conf, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	for (int i = 0; i < accounts_before; i++)
		dprintf(fd, "account before%d { host = pop.example.org user = u }\n", i);
	/* Written without a copy by stdio. */
	memset(secret_conf, 0, sizeof(secret_conf));
	for (int i = 0; i < 30; i++) {
		secret_conf[500 + i] = (char)('a' + i % 7);
		secret_conf[550 + i] = (char)('A' + i % 9);
	}
	strcat(strcat(secret_conf, "account a { host = h user = u password = '"), first);
	strcat(strcat(strcat(secret_conf, "' }\naccount b { host = h user = u password = \""),
		       second),
		"\" }\n");
	assert_true(file_write_all(fd, secret_conf, strlen(secret_conf)));
	close(fd);
	config = loaded(box->conf);
	chosen = &config.accounts[accounts_before];
	assert_string_equal(config.accounts[accounts_before + 1].password, second);
	config_forget_others(&config, &chosen, 1);
	assert_null(config.accounts[accounts_before + 1].password);
	assert_string_equal(chosen->password, first);
	assert_false(is_in_memory(second));
	config_release(&config);
	assert_false(is_in_memory(first));
}

static void config_load__leaves_no_copy_of_a_password(void **state)
{
	/* The buffers' sizes are some thousand octets; a line before has about fifty. */
	for (int before = 0; before < 400; before += 13)
		leave_no_copy(*state, before);
}

static void config_load__includes_files_beside_the_including_one(void **state)
{
	const struct sandbox *box = *state;
	struct config config;
	char folder[300];

	in_home(box, ".config/ambil/sub", folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	write_file(box, ".config/ambil/one.conf",
		"account one { host = h user = u }\ninclude(\"sub/three.conf\")\n");
	write_file(box, ".config/ambil/sub/three.conf",
		"account three { host = h user = u }\nkeep = false\n");
	write_conf(box, "include('one.conf')\naccount two { host = h user = u }\n");
	config = loaded(NULL);
	assert_int_equal(config.n, 3);
	assert_string_equal(config.accounts[0].name, "one");
	assert_string_equal(config.accounts[1].name, "three");
	assert_string_equal(config.accounts[2].name, "two");
	assert_string_equal(config.accounts[1].where, "~/.config/ambil/sub/three.conf:1");
	assert_int_equal(config.accounts[2].policy.keep, KEEP_NOT);
	assert_string_equal(
		config_origin(&config.accounts[2], "keep"), "~/.config/ambil/sub/three.conf:2");
	config_release(&config);

	write_conf(box, "include('~/other.conf')\n");
	write_file(box, "other.conf", "account o { host = h user = u }");
	config = loaded(NULL);
	assert_string_equal(config.accounts[0].name, "o");
	config_release(&config);
}

static void config_load__finds_errors_in_included_files(void **state)
{
	const struct sandbox *box = *state;

	write_file(box, ".config/ambil/one.conf", "\nkeep = 2d\nip = 5\ninclude(\"one.conf\")\n");
	assert_errors(box, "keep = 1d\ninclude(\"one.conf\")\ninclude('nix.conf')\njobs = x\n",
		"ambil.conf:3: include \"nix.conf\": No such file or directory\n"
		"ambil.conf:4: jobs = \"x\": use a number from 1 to 64\n"
		"~/.config/ambil/one.conf:2: keep is set already, at ambil.conf:1\n"
		"~/.config/ambil/one.conf:3: ip = \"5\": use any, 4 or 6\n"
		"~/.config/ambil/one.conf:4: include \"one.conf\": a file cannot include itself\n");
}

static void config_load__looks_in_the_right_places(void **state)
{
	const struct sandbox *box = *state;
	struct config config;
	struct error e = {0};
	char path[300], want[300], *text;
	bool found;

	config = loaded(NULL);
	assert_null(config.path);
	assert_int_equal(config.n, 0);
	assert_false(config_no_accounts(&config, &e));
	snprintf(want, sizeof(want),
		"no accounts yet (looked for ~/.config/ambil/ambil.conf and %s)",
		places_system_config());
	assert_string_equal(e.text, want);
	assert_string_equal(e.remedy, "ambil setup you@example.org");
	assert_int_equal(error_exit_code(e.kind), 78);
	config_release(&config);

	in_home(box, "nix.conf", path);
	assert_false(config_load(path, &config, NULL, &e));
	assert_int_equal(e.kind, ERROR_INPUT);
	assert_string_equal(e.text, "cannot read ~/nix.conf: No such file or directory");

	write_file(box, "other.conf", "jobs = 7\nkep = 1\n");
	in_home(box, "other.conf", path);
	setenv("AMBIL_CONFIG", path, 1);
	assert_false(config_load(NULL, &config, NULL, &e));
	unsetenv("AMBIL_CONFIG");
	assert_string_equal(
		e.text, "~/other.conf:2: unknown setting \"kep\", did you mean \"keep\"?");

	in_home(box, "xdg/ambil", path);
	assert_true(file_make_folders(path, NULL, ERROR_INTERNAL, &e));
	write_file(box, "xdg/ambil/ambil.conf", "jobs = 5\n");
	in_home(box, "xdg", path);
	setenv("XDG_CONFIG_HOME", path, 1);
	setenv("XDG_STATE_HOME", "relative", 1);
	config = loaded(NULL);
	assert_int_equal(config.jobs, 5);
	assert_string_equal(config.shown, "ambil.conf");
	in_home(box, ".local/state/ambil", path);
	assert_string_equal(config.state_dir, path);
	config_release(&config);
	unsetenv("XDG_STATE_HOME");
	setenv("XDG_CONFIG_HOME", "xdg", 1);
	text = config_path(NULL, &found);
	unsetenv("XDG_CONFIG_HOME");
	assert_string_equal(text, box->conf);
	assert_false(found);
	free(text);
}

static void config_load__refuses_a_folder(void **state)
{
	const struct sandbox *box = *state;
	struct config config;
	struct error e = {0};

	assert_false(config_load(box->home, &config, NULL, &e));
	assert_string_equal(e.text, "cannot read ~: Is a directory");
}

static void config_no_such_account__says_which_there_are(void **state)
{
	struct config config;
	struct error e = {0};

	write_conf(*state, "account home { host=h user=u } account work { host=h user=u }");
	config = loaded(NULL);
	assert_false(config_no_such_account(&config, "hoem", &e));
	assert_string_equal(
		e.text, "no account \"hoem\" (did you mean home?); you have: home, work");
	assert_false(config_no_such_account(&config, "uni", &e));
	assert_string_equal(e.text, "no account \"uni\"; you have: home, work");
	assert_int_equal(error_exit_code(e.kind), 64);
	config_release(&config);
}

static void config_add_url__makes_an_account(void **state)
{
	static const struct {
		const char *url, *name, *user, *host;
		int port;
		enum tls_mode tls;
		enum mech auth;
	} cases[] = {
		{"pops://anna@pop.example.org", "anna@pop.example.org", "anna", "pop.example.org",
			995, TLS_IMPLICIT, MECH_NONE},
		{"pop://anna@pop.example.org", "anna@pop.example.org", "anna", "pop.example.org",
			110, TLS_STARTTLS, MECH_NONE},
		{"POPS://anna@example.org@h:1995/", "anna@example.org@h+1995", "anna@example.org",
			"h", 1995, TLS_IMPLICIT, MECH_NONE},
		{"pops://a@h:995", "a@h", "a", "h", 995, TLS_IMPLICIT, MECH_NONE},
		{"pops://a@h:2995", "a@h+2995", "a", "h", 2995, TLS_IMPLICIT, MECH_NONE},
		{"pop://a@[::1]:995", "a@%3A%3A1+995", "a", "::1", 995, TLS_STARTTLS, MECH_NONE},
		{"pops://a%40b%20c@h", "a@b%20c@h", "a@b c", "h", 995, TLS_IMPLICIT, MECH_NONE},
		{"pops://%2e%2e%2fx@h", "%2E.%2Fx@h", "../x", "h", 995, TLS_IMPLICIT, MECH_NONE},
		{"pops://a;AUTH=*@[::1]", "a@%3A%3A1", "a", "::1", 995, TLS_IMPLICIT, MECH_NONE},
		{"pops://a;auth=+APOP@h", "a@h", "a", "h", 995, TLS_IMPLICIT, MECH_APOP},
		{"pops://a;AUTH=APOP@h", "a@h", "a", "h", 995, TLS_IMPLICIT, MECH_APOP},
		{"pop://a;AUTH=PLAIN@[2001:db8::7]:110", "a@2001%3Adb8%3A%3A7", "a", "2001:db8::7",
			110, TLS_STARTTLS, MECH_PLAIN},
	};

	write_conf(*state, "keep = 3d\nport = 7\ntls = none\ndeliver = 'mbox:/m'\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config config = loaded(NULL);
		struct error e = {0};
		struct account *a = config_add_url(&config, cases[i].url, &e);

		assert_true(config_is_url(cases[i].url));
		if (!a)
			fail_msg("%s: %s", cases[i].url, e.text);
		assert_string_equal(a->name, cases[i].name);
		assert_string_equal(a->user, cases[i].user);
		assert_string_equal(a->endpoint.host, cases[i].host);
		assert_int_equal(a->endpoint.port, cases[i].port);
		assert_int_equal(a->tls.mode, cases[i].tls);
		assert_int_equal(a->auth.n, cases[i].auth != MECH_NONE);
		if (a->auth.n)
			assert_int_equal(a->auth.at[0], cases[i].auth);
		assert_true(a->temporary && a->enabled);
		assert_int_equal(a->policy.keep, KEEP_FOR);
		assert_int_equal(a->destination.kind, SINK_MBOX);
		assert_ptr_equal(config_find(&config, cases[i].name), a);
		assert_null(config_add_url(&config, cases[i].url, &e));
		config_release(&config);
	}
}

static void config_add_url__is_shown_and_typed_as_a_person_would(void **state)
{
	static const struct {
		const char *url, *shown, *typed;
	} cases[] = {
		{"pops://anna@pop.example.org", "anna@pop.example.org",
			"pops://anna@pop.example.org"},
		{"pops://anna@[::1]:1", "anna@[::1]:1", "'pops://anna@[::1]:1'"},
		{"pops://anna@[::1]:995", "anna@[::1]", "'pops://anna@[::1]:995'"},
		{"pop://a%20b@h", "a b@h", "pop://a%20b@h"},
		{"pop://a%20b@h:995", "a b@h:995", "pop://a%20b@h:995"},
		{"pop://a@h:110/", "a@h", "pop://a@h:110/"},
		{"pops://a;AUTH=login@h", "a@h", "'pops://a;AUTH=login@h'"},
		{"pops://o'b$@h", "o'b$@h", "'pops://o'\\''b$@h'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config config = loaded(NULL);
		struct error e = {0};
		struct account *a = config_add_url(&config, cases[i].url, &e);

		assert_non_null(a);
		assert_string_equal(a->shown, cases[i].shown);
		assert_string_equal(a->typed, cases[i].typed);
		config_release(&config);
	}
}

static void config_add_url__refuses_what_is_not_sound(void **state)
{
	static const char *const cases[][2] = {
		{"pops://pop.example.org", "the URL names no user"},
		{"pops://@h", "the URL names no user"},
		{"pops://anna:SECRET@h", "a URL must not hold a password: others can read it"},
		{"pops://anna:SE@CRET@h", "a URL must not hold a password: others can read it"},
		{"pops://anna;AUTH=PLAIN:SECRET@h", "a URL must not hold a password"},
		{"pops://a%00b@h", "the user in the URL is not well formed"},
		{"pops://a%0d%0aQUIT@h", "the user in the URL is not well formed"},
		{"pops://a%4@h", "the user in the URL is not well formed"},
		{"pops://a%zz@h", "the user in the URL is not well formed"},
		{"pops://a%@h", "the user in the URL is not well formed"},
		{"pops://a@", "the URL names no host"},
		{"pops://a@:995", "the URL names no host"},
		{"pops://a@h:", "port \"\" in the URL: use a number from 1 to 65535"},
		{"pops://a@h:0", "port \"0\" in the URL: use a number from 1 to 65535"},
		{"pops://a@h:99500", "port \"99500\" in the URL: use a number from 1 to 65535"},
		{"pops://a@h/inbox", "host \"h/inbox\" in the URL: use a host name"},
		{"pops://a@[::1]x", "host \"::1]\" in the URL: use a host name"},
		{"pops://a;AUTH=ROT13@h",
			"auth \"rot13\" in the URL: use auto, or one or more of scram-"},
		{"pops://a;x@h", "write ;AUTH=MECHANISM behind the user of a URL"},
	};
	struct config config = loaded(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = {0};

		if (config_add_url(&config, cases[i][0], &e))
			fail_msg("accepted: %s", cases[i][0]);
		if (strncmp(e.text, cases[i][1], strlen(cases[i][1])) != 0)
			fail_msg("%s says: %s", cases[i][0], e.text);
		assert_null(strstr(e.text, "CRET"));
		assert_null(strstr(e.remedy, "CRET"));
		assert_int_equal(error_exit_code(e.kind), 64);
		assert_int_equal(config.n, 0);
	}
	assert_false(config_is_url("home"));
	assert_false(config_is_url("imap://a@h"));
	assert_false(config_is_url("pop"));
	config_release(&config);
}

static void config_no_such_account__knows_urls_of_other_protocols(void **state)
{
	struct config config = loaded(NULL);
	struct error e = {0};

	(void)state;
	assert_false(config_no_such_account(&config, "imap://anna:CRET@h", &e));
	assert_string_equal(e.text, "imap:// is not spoken here, only pops:// and pop://");
	assert_int_equal(error_exit_code(e.kind), 64);
	config_release(&config);
}

static void config_no_such_account__knows_what_may_be_meant(void **state)
{
	static const char *const cases[][2] = {
		{"pop.example.org", "pops://pop.example.org"},
		{"anna@pop.example.org:1995", "pops://anna@pop.example.org:1995"},
		{"anna@example.org", "ambil setup anna@example.org"},
		{"anna@", ""},
		{"@example.org", ""},
		{"hoem", ""},
		{"pop.example.org;x", ""},
	};
	struct config config;

	write_conf(*state, "account home { host = h user = u }");
	config = loaded(NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = {0};

		assert_false(config_no_such_account(&config, cases[i][0], &e));
		assert_string_equal(e.remedy, cases[i][1]);
	}
	config_release(&config);
}

static void places_state_root__is_never_what_may_be_made(void **state)
{
	static const char *const cases[][3] = {
		/* XDG_STATE_HOME, the folder of the state, what must exist */
		{"", "/home/anna/.local/state/ambil", "/home/anna"},
		{"/home/anna/state", "/home/anna/state/ambil", "/home/anna"},
		{"/media/stick/state", "/media/stick/state/ambil", "/media/stick"},
		{"/media/stick/state/", "/media/stick/state//ambil", "/media/stick"},
		{"", "/home/annabel/state", "/home/annabel"},
		{"/media/stick", "/var/spool/ambil", "/var/spool"},
		{"", "/state", "/"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *root;

		setenv("XDG_STATE_HOME", cases[i][0], 1);
		root = places_state_root(cases[i][1], "/home/anna");
		assert_string_equal(root, cases[i][2]);
		free(root);
	}
	unsetenv("XDG_STATE_HOME");
}

static void config_faults__finds_what_makes_each_run_fail(void **state)
{
	static const struct {
		const char *settings, *want;
	} cases[] = {
		{"", NULL},
		{"tls = none auth = plain",
			"ambil.conf:4: the password would go in clear over the network"},
		{"tls = none", NULL},
		{"tls = none auth = apop", NULL},
		{"auth = xoauth2", "ambil.conf:4: the login \"xoauth2\" needs an OAuth token"},
		{"tls = none allow-cleartext-password = true", NULL},
		{"password-command = 'nosuchcommand x'",
			"ambil.conf:4: password-command: the command \"nosuchcommand\" does not exist"},
		{"password-command = 'sh -c \"echo x\"'", NULL},
		{"deliver = 'pipe:nosuchcommand -t'",
			"ambil.conf:4: deliver: the command \"nosuchcommand\" does not exist"},
		{"deliver = 'pipe:cat'", NULL},
		{"password-file = nosuchfile",
			"ambil.conf:4: password-file \"~/nosuchfile\": No such file or directory"},
		{"password-file = '.config/ambil/one.conf'", NULL},
		/* The first source is the one that counts. */
		{"password-file = nosuchfile password-command = cat", NULL},
		{"ca-file = '.config/ambil/one.conf'", "ambil.conf:4: ca-file "},
		{"ca-file = '.config/ambil/one.conf' tls = none allow-cleartext-password = true",
			NULL},
	};

	write_file(*state, ".config/ambil/one.conf", "not a certificate\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config_errors found;
		struct config config;
		char text[300];

		snprintf(text, sizeof(text), "account a {\n\thost = h\n\tuser = u\n%s\n}\n",
			cases[i].settings);
		write_conf(*state, text);
		config = loaded(NULL);
		config_faults(&config, &found);
		if (found.n != (cases[i].want ? 1 : 0))
			fail_msg("%s: %zu faults", cases[i].settings, found.n);
		if (found.n && strncmp(found.list[0].text, cases[i].want, strlen(cases[i].want)))
			fail_msg("%s: %s", cases[i].settings, found.list[0].text);
		config_errors_release(&found);
		config_release(&config);
	}
}

static void config_override__wins_and_complains_with_the_option(void **state)
{
	struct config config;
	struct account *a;
	struct error e = {0};

	write_conf(*state, "account a { host=h user=u keep=1d }");
	config = loaded(NULL);
	a = &config.accounts[0];
	assert_true(config_override(&config, a, "keep", "false", "--delete", &e));
	assert_true(config_override(&config, a, "deliver", "mbox:/x/%a", "--to", &e));
	assert_true(config_override(&config, NULL, "color", "never", "--color", &e));
	assert_true(config_complete(&config, a, &e));
	assert_int_equal(a->policy.keep, KEEP_NOT);
	assert_string_equal(a->destination.path, "/x/a");
	assert_string_equal(config.color, "never");
	assert_string_equal(config_origin(a, "keep"), "command line");
	assert_false(config_override(&config, a, "keep", "maybe", "--keep", &e));
	assert_string_equal(e.text, "--keep=maybe: use true, false or an age such as 14d");
	assert_int_equal(e.kind, ERROR_USAGE);
	assert_int_equal(a->policy.keep, KEEP_NOT);
	assert_false(config_override(&config, NULL, "color", "red", "--color", &e));
	assert_string_equal(e.text, "--color=red: use auto, always or never");
	config_release(&config);
}

static char *shown(const char *path)
{
	struct config config = loaded(path);
	struct buf text = {0};

	config_show(&text, &config, NULL);
	config_release(&config);
	return buf_detach(&text);
}

/* Without the comments, which name other lines the second time. */
static void cut_comments(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '#' && (from == text || from[-1] != '\\'))
			from += strcspn(from, "\n");
		*to++ = *from;
	}
	*to = '\0';
}

static void config_show__is_a_configuration_with_the_same_values(void **state)
{
	char path[300], *first, *second;

	write_conf(*state,
		"keep = 14d\njobs = 3\nmax-size = 1536k\n"
		"account \"a+b@c\" { host='::1' user='x\"y\\\\${z}' timeout = 90s auth = apop\n"
		" deliver = \"pipe:sh -c 'cat >\\\"$HOME/x\\\"'\" password-file = pw }\n"
		"account two { host = h user = u tls = none enabled = no pipeline = never }\n");
	first = shown(NULL);
	write_file(*state, "other.conf", first);
	in_home(*state, "other.conf", path);
	second = shown(path);
	assert_non_null(strstr(first, "keep = 14d                           # ambil.conf:1\n"));
	assert_non_null(strstr(first, "port = 110                           # default\n"));
	assert_non_null(strstr(first, "password-file = \"~/pw\""));
	cut_comments(first);
	cut_comments(second);
	assert_string_equal(first, second);
	free(first);
	free(second);
}

static void config_show__hides_the_password(void **state)
{
	char *text;

	write_conf(*state, "account a { host = h user = u\n password = 'SECRET' }");
	text = shown(NULL);
	assert_null(strstr(text, "SECRET"));
	assert_non_null(strstr(text, "# password: (hidden)                 # ambil.conf:2\n"));
	free(text);
}

/* A small generator, the same on every machine. */
static unsigned next_random(unsigned *seed, unsigned below)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % below;
}

static const char *pick(unsigned *seed, const char *const *words, size_t n)
{
	return words[next_random(seed, (unsigned)n)];
}
#define PICK(seed, words) pick(seed, words, sizeof(words) / sizeof((words)[0]))

static const char *const names[] = {"host", "user", "keep", "deliver", "jobs", "timeout"};
static const char *const texts[] = {"a", "\"a b\"", "'a b'", "\"a\\\"b\"", "'a\\'b'", "'a\\b'",
	"\"a\\\\\"", "\"${SET}\"", "\"x${SET}y${NIX:-z}\"", "'${SET}'", "\"\\${SET}\"", "\"$\"",
	"\"$$ {\"", "'#'", "\"//\"", "\"/*\"", "a/b", "/", "a/", "a//b", "~/x:y.z", "%a", "14d",
	"''", "\"\"", "\"p\xc3\xb6\"", "p\xc3\xb6", "\"{\"", "'}'", "\"a\\d\"", "\"a", "'a",
	"${SET}", "a+b", "a#b", "\"${NIX}\"", "\"${\"", "*", "a//b", "\"a\"b", "\"\\x41\"",
	"\"\\101\"", "\"\\n\""};
static const char *const gaps[] = {
	" ", "\n", "\r\n", "\t", " # c }\n", " // c \"\n", " /* c */ ", " /* c\n{ */ ", "  "};
/* Inside a statement libconfuse takes no comments; the loader does, and leaves them out. */
static const char *const blanks[] = {" ", "\n", "\r\n", "\t"};
static const char *const noise[] = {"{", "}", "=", "(", ")", ",", "+=", "\"", "'", "\\", "/", "#",
	"account", "include", "/*", "\n", ";"};

static void make_text(unsigned *seed, struct buf *out)
{
	unsigned statements = 1 + next_random(seed, 6), accounts = 0;
	bool open = false;

	buf_clear(out);
	while (statements--) {
		unsigned kind = next_random(seed, 12);

		if (kind == 0)
			buf_add_text(out, PICK(seed, noise));
		else if (kind == 1 && open)
			buf_add_text(out, "}");
		else if (kind <= 3 && !open)
			buf_printf(out, "account%s%s%u%s{", PICK(seed, blanks), "n", accounts++,
				PICK(seed, blanks));
		else
			buf_printf(out, "%s%s=%s%s", PICK(seed, names),
				next_random(seed, 8) ? " " : PICK(seed, blanks),
				next_random(seed, 8) ? " " : PICK(seed, blanks), PICK(seed, texts));
		open = kind == 1 ? false : kind <= 3 && kind ? true : open;
		buf_add_text(out, PICK(seed, gaps));
	}
	if (open)
		buf_add_text(out, "}");
}

static void be_silent(cfg_t *cfg, const char *fmt, va_list ap)
{
	(void)cfg;
	(void)fmt;
	(void)ap;
}

static cfg_t *plain_libconfuse(const char *text, bool *accepted)
{
	cfg_opt_t inner[] = {CFG_STR("host", NULL, CFGF_NODEFAULT),
		CFG_STR("user", NULL, CFGF_NODEFAULT), CFG_STR("keep", NULL, CFGF_NODEFAULT),
		CFG_STR("deliver", NULL, CFGF_NODEFAULT), CFG_STR("jobs", NULL, CFGF_NODEFAULT),
		CFG_STR("timeout", NULL, CFGF_NODEFAULT), CFG_END()};
	cfg_opt_t top[] = {inner[0], inner[1], inner[2], inner[3], inner[4], inner[5],
		CFG_SEC("account", inner, CFGF_MULTI | CFGF_TITLE), CFG_END()};
	cfg_t *cfg = cfg_init(top, CFGF_NONE);

	assert_non_null(cfg);
	cfg_set_error_function(cfg, be_silent);
	*accepted = cfg_parse_buf(cfg, text) == CFG_SUCCESS;
	return cfg;
}

/* Of two settings of one name in one place libconfuse has the last; the loader refuses that. */
static bool is_last(const struct syntax *s, size_t i)
{
	for (size_t k = i + 1; k < s->n; k++)
		if (s->items[k].kind == SYNTAX_SETTING &&
			s->items[k].account == s->items[i].account &&
			strcmp(s->items[k].name, s->items[i].name) == 0)
			return false;
	return true;
}

static cfg_t *section_of(cfg_t *cfg, const struct syntax *s, const struct syntax_item *item)
{
	unsigned n = 0;

	if (item->account == SYNTAX_TOP)
		return cfg;
	for (int i = 0; i < item->account; i++)
		n += s->items[i].kind == SYNTAX_ACCOUNT;
	return cfg_getnsec(cfg, "account", n);
}

/* What libconfuse reads in the text itself must be what it reads in the text that is left of it. */
static void compare(const char *text, const struct syntax *s, cfg_t *whole, cfg_t *clean)
{
	unsigned accounts = 0, settings_seen = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct syntax_item *item = &s->items[i];
		cfg_t *section = section_of(whole, s, item);

		if (item->kind == SYNTAX_ACCOUNT) {
			cfg_t *account = cfg_getnsec(whole, "account", accounts++);

			if (!account || strcmp(cfg_title(account), item->name) != 0)
				fail_msg("account %s in: %s", item->name, text);
		} else if (is_last(s, i)) {
			const char *one = cfg_getstr(section, item->name);
			const char *other = cfg_getstr(section_of(clean, s, item), item->name);

			if (!one || !other || strcmp(one, other) != 0)
				fail_msg("%s in: %s", item->name, text);
			settings_seen++;
		}
	}
	assert_int_equal(cfg_size(whole, "account"), accounts);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		settings_seen -= cfg_size(whole, names[i]);
		for (unsigned k = 0; k < accounts; k++)
			settings_seen -= cfg_size(cfg_getnsec(whole, "account", k), names[i]);
	}
	if (settings_seen != 0)
		fail_msg("libconfuse sees other settings in: %s", text);
}

/* As the loader does; true when there is nothing to skip. */
static bool skip_unknown(struct syntax *s)
{
	bool known_all = true;

	for (size_t i = 0; i < s->n; i++) {
		bool known = s->items[i].kind == SYNTAX_ACCOUNT;

		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			known |= strcmp(s->items[i].name, names[k]) == 0;
		s->items[i].skip |= !known;
		known_all &= known;
	}
	return known_all;
}

static void syntax_text__agrees_with_libconfuse_on_what_it_accepts(void **state)
{
	struct buf text = {0}, left = {0};
	unsigned seed = 1, good = 0, bad = 0;

	(void)state;
	setenv("SET", "value", 1);
	unsetenv("NIX");
	for (unsigned i = 0; i < 6000; i++) {
		struct syntax syntax;
		bool whole_ok, clean_ok, known;
		cfg_t *whole, *clean;

		make_text(&seed, &text);
		syntax_text(&syntax, buf_span(&text));
		known = skip_unknown(&syntax);
		buf_clear(&left);
		syntax_clean(&syntax, &left);
		clean = plain_libconfuse(left.data, &clean_ok);
		if (!clean_ok)
			fail_msg("libconfuse refuses %s, left of %s", left.data, text.data);
		if (syntax.n_errors == 0 && known) {
			whole = plain_libconfuse(text.data, &whole_ok);
			if (!whole_ok)
				fail_msg("libconfuse refuses: %s", text.data);
			compare(text.data, &syntax, whole, clean);
			cfg_free(whole);
			good++;
		} else {
			bad++;
		}
		cfg_free(clean);
		syntax_release(&syntax);
	}
	/* Neither side may be empty, or nothing has been tested. */
	assert_in_range(good, 500, 5500);
	assert_in_range(bad, 500, 5000);
	buf_release(&text);
	buf_release(&left);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_sandbox, remove_sandbox)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(config_load__needs_only_host_and_user),
		TEST(config_load__takes_top_level_keys_as_defaults_wherever_they_stand),
		TEST(config_load__takes_the_port_from_the_kind_of_tls),
		TEST(config_load__reads_quotes_comments_and_line_ends),
		TEST(config_load__finds_every_error_with_its_line),
		TEST(config_load__names_the_brace_that_is_not_closed),
		TEST(config_load__refuses_what_libconfuse_would_misread),
		TEST(config_load__refuses_octets_that_are_no_text),
		TEST(config_load__wants_host_and_user),
		TEST(config_load__misses_a_ca_file_once_on_its_line),
		TEST(config_load__wants_a_private_file),
		TEST(config_load__refuses_a_file_of_someone_else),
		TEST(config_load__keeps_passwords_as_they_are_typed),
		TEST(config_load__never_shows_a_password_in_an_error),
		TEST(config_load__leaves_no_copy_of_a_password),
		TEST(config_load__includes_files_beside_the_including_one),
		TEST(config_load__finds_errors_in_included_files),
		TEST(config_load__looks_in_the_right_places),
		TEST(config_load__refuses_a_folder),
		TEST(config_no_such_account__says_which_there_are),
		TEST(config_add_url__makes_an_account),
		TEST(config_add_url__is_shown_and_typed_as_a_person_would),
		TEST(config_add_url__refuses_what_is_not_sound),
		TEST(config_no_such_account__knows_urls_of_other_protocols),
		TEST(config_no_such_account__knows_what_may_be_meant),
		TEST(places_state_root__is_never_what_may_be_made),
		TEST(config_faults__finds_what_makes_each_run_fail),
		TEST(config_override__wins_and_complains_with_the_option),
		TEST(config_show__is_a_configuration_with_the_same_values),
		TEST(config_show__hides_the_password),
		cmocka_unit_test(syntax_text__agrees_with_libconfuse_on_what_it_accepts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
