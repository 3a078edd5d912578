/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The auth room: the choice of a mechanism as a table of facts, SASL against the examples of the
 * RFCs, passwords from each source, and the prompt on a terminal of its own (a pseudo-terminal).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "auth/mech.h"
#include "auth/sasl.h"
#include "auth/secret.h"
#include "base/file.h"

static char folder[256];

static void write_file(const char *name, const char *data, size_t len, mode_t mode, char path[512])
{
	int fd;

	snprintf(path, 512, "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_true(file_write_all(fd, data, len));
	close(fd);
	assert_int_equal(chmod(path, mode), 0);
}

static void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" does not hold \"%s\"", text, part);
}

static void mech__is_chosen_by_the_facts(void **state)
{
	static const struct {
		const char *why;
		enum mech wanted;
		struct mech_facts facts; /* encrypted, cleartext, stamp, capa known, plain, user */
		enum mech chosen;
		enum error_kind kind;
	} cases[] = {
		{"auto prefers PLAIN", MECH_NONE, {1, 0, 1, 1, 1, 1}, MECH_PLAIN, ERROR_NONE},
		{"auto: USER", MECH_NONE, {1, 0, 0, 1, 0, 1}, MECH_USER, ERROR_NONE},
		{"auto: USER, forgotten", MECH_NONE, {1, 0, 0, 1, 0, 0}, MECH_USER, ERROR_NONE},
		{"auto: USER, no CAPA", MECH_NONE, {1, 0, 0, 0, 0, 0}, MECH_USER, ERROR_NONE},
		{"PLAIN of an unknown CAPA", MECH_NONE, {1, 0, 0, 0, 1, 0}, MECH_USER, ERROR_NONE},
		{"auto is never APOP", MECH_NONE, {0, 0, 1, 1, 0, 0}, MECH_NONE, ERROR_TLS},
		{"in clear", MECH_NONE, {0, 0, 0, 1, 1, 1}, MECH_NONE, ERROR_TLS},
		{"in clear, allowed", MECH_NONE, {0, 1, 0, 1, 1, 1}, MECH_PLAIN, ERROR_NONE},
		{"PLAIN in clear", MECH_PLAIN, {0, 0, 0, 1, 1, 1}, MECH_NONE, ERROR_TLS},
		{"PLAIN", MECH_PLAIN, {1, 0, 0, 1, 1, 1}, MECH_PLAIN, ERROR_NONE},
		{"PLAIN not offered", MECH_PLAIN, {1, 0, 0, 1, 0, 1}, MECH_NONE, ERROR_CAPABILITY},
		{"PLAIN, no CAPA", MECH_PLAIN, {1, 0, 0, 0, 0, 0}, MECH_NONE, ERROR_CAPABILITY},
		{"USER before PLAIN", MECH_USER, {1, 0, 0, 1, 1, 1}, MECH_USER, ERROR_NONE},
		{"USER left out", MECH_USER, {1, 0, 0, 1, 1, 0}, MECH_NONE, ERROR_CAPABILITY},
		{"USER in clear", MECH_USER, {0, 0, 0, 1, 0, 1}, MECH_NONE, ERROR_TLS},
		{"APOP in clear", MECH_APOP, {0, 0, 1, 1, 1, 1}, MECH_APOP, ERROR_NONE},
		{"APOP, no stamp", MECH_APOP, {1, 1, 0, 1, 1, 1}, MECH_NONE, ERROR_CAPABILITY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = {ERROR_NONE};
		enum mech chosen = MECH_NONE;
		bool done = mech_choose(cases[i].wanted, &cases[i].facts, &chosen, &e);

		if (done != (cases[i].kind == ERROR_NONE) || e.kind != cases[i].kind ||
			chosen != cases[i].chosen)
			fail_msg("%s: %s, %s", cases[i].why, mech_name(chosen), e.text);
	}
}

static void mech__has_names(void **state)
{
	(void)state;
	assert_int_equal(mech_parse("PLAIN"), MECH_PLAIN);
	assert_int_equal(mech_parse("user"), MECH_USER);
	assert_int_equal(mech_parse("Apop"), MECH_APOP);
	assert_int_equal(mech_parse("auto"), MECH_NONE);
	assert_int_equal(mech_parse("rot13"), MECH_NONE);
	assert_int_equal(mech_parse(""), MECH_NONE);
	for (int i = MECH_NONE + 1; i < MECH_MECHS; i++)
		assert_int_equal(mech_parse(mech_name((enum mech)i)), i);
}

static void sasl__plain_says_all_at_once(void **state)
{
	struct error e = {ERROR_NONE};
	char *response = NULL;
	struct sasl *s = sasl_start("PLAIN", "tim", "tanstaaftanstaaf", "pop.example.org", &e);

	(void)state;
	assert_non_null(s);
	assert_true(sasl_step(s, NULL, &response, &e));
	assert_string_equal(response, "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
	wipe_free(response);
	/* A server that asks again must not hear the password twice. */
	assert_false(sasl_step(s, "", &response, &e));
	assert_int_equal(e.kind, ERROR_AUTH);
	sasl_free(s);
	s = sasl_start("PLAIN", "tim", "tanstaaftanstaaf", "pop.example.org", &e);
	assert_non_null(s);
	assert_true(sasl_step(s, "", &response, &e));
	assert_string_equal(response, "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
	wipe_free(response);
	sasl_free(s);
	sasl_free(NULL);
}

static void sasl__plain_form_is_what_plain_says(void **state)
{
	struct error e = {0};
	char *response = NULL, *form = sasl_plain_form("tim", "tanstaaftanstaaf");
	struct sasl *s = sasl_start("PLAIN", "tim", "tanstaaftanstaaf", "x", &e);

	(void)state;
	assert_true(sasl_step(s, NULL, &response, &e));
	assert_string_equal(form, response);
	wipe_free(response);
	wipe_free(form);
	sasl_free(s);
}

static void sasl__carries_challenges(void **state)
{
	/* RFC 2195 s.2. */
	struct error e = {ERROR_NONE};
	char *response = NULL;
	struct sasl *s = sasl_start("CRAM-MD5", "tim", "tanstaaftanstaaf", "x", &e);

	(void)state;
	assert_non_null(s);
	assert_true(sasl_step(
		s, "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+", &response, &e));
	assert_string_equal(response, "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw");
	wipe_free(response);
	sasl_free(s);
}

static void sasl__refuses_what_does_not_fit(void **state)
{
	static const struct {
		const char *mechanism, *user, *password;
		enum error_kind kind;
	} cases[] = {
		{"PLAIN", "anna\r\nDELE 1", "x", ERROR_CONFIG},
		{"PLAIN", "anna", "x\ny", ERROR_CONFIG},
		{"PLAIN", "anna", "x\r", ERROR_CONFIG},
		{"PLAIN", "anna", "", ERROR_CONFIG},
		{"NO-SUCH", "anna", "x", ERROR_CAPABILITY},
	};
	struct error e = {ERROR_NONE};
	char *response = NULL;
	struct sasl *s;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		e.kind = ERROR_NONE;
		assert_null(
			sasl_start(cases[i].mechanism, cases[i].user, cases[i].password, "x", &e));
		assert_int_equal(e.kind, cases[i].kind);
	}
	s = sasl_start("CRAM-MD5", "anna", "secret", "x", &e);
	assert_non_null(s);
	assert_false(sasl_step(s, "%%%not base64%%%", &response, &e));
	assert_int_equal(e.kind, ERROR_AUTH);
	assert_null(strstr(e.text, "secret"));
	sasl_free(s);
}

static void apop__digest_is_that_of_the_rfc(void **state)
{
	struct error e = {ERROR_NONE};
	char digest[33];

	(void)state;
	assert_true(
		apop_digest(span_of("<1896.697170952@dbc.mtview.ca.us>"), "tanstaaf", digest, &e));
	assert_string_equal(digest, "c4c9334bac560ecc979e58001b3e22fb");
}

static void secret__of_a_file_is_its_first_line(void **state)
{
	static const struct {
		const char *data;
		size_t len;
		const char *value; /* NULL: refused */
	} cases[] = {
		{"s3cret", 6, "s3cret"},
		{"s3cret\n", 7, "s3cret"},
		{"s3cret\r\n", 8, "s3cret"},
		{"s3cret\nlogin: anna\n", 19, "s3cret"},
		{" a b \n", 6, " a b "},
		{"", 0, NULL},
		{"\n", 1, NULL},
		{"\r\n", 2, NULL},
		{"\ns3cret\n", 8, NULL},
		{"a\rb\n", 4, NULL},
		{"a\0b\n", 4, NULL},
	};
	char path[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = {ERROR_NONE};
		struct secret secret;

		write_file("line", cases[i].data, cases[i].len, 0600, path);
		const struct secret_sources from = {.account = "home", .file = path};

		assert_true(secret_has_source(&from));
		if (!cases[i].value) {
			assert_false(secret_find(&from, &secret, &e));
			assert_int_equal(e.kind, ERROR_CONFIG);
			assert_null(secret.value);
			continue;
		}
		assert_true(secret_find(&from, &secret, &e));
		assert_string_equal(secret.value, cases[i].value);
		assert_string_equal(secret.source, "password-file");
		secret_release(&secret);
		assert_null(secret.value);
	}
}

static void secret__of_a_file_that_others_see_is_refused(void **state)
{
	static const struct {
		mode_t mode;
		const char *says; /* NULL: fine */
	} cases[] = {
		{0600, NULL},
		{0400, NULL},
		{0640, "can be read by others (mode 0640)"},
		{0604, "can be read by others (mode 0604)"},
		{0620, "can be written by others (mode 0620)"},
		{0666, "can be written by others (mode 0666)"},
	};
	char path[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = {ERROR_NONE};
		struct secret secret;

		write_file("mode", "s3cret\n", 7, cases[i].mode, path);
		const struct secret_sources from = {.account = "home", .file = path};

		assert_int_equal(secret_find(&from, &secret, &e), cases[i].says == NULL);
		secret_release(&secret);
		if (!cases[i].says)
			continue;
		assert_int_equal(e.kind, ERROR_CONFIG);
		assert_says(e.text, cases[i].says);
		assert_says(e.remedy, "chmod 600 ");
		assert_null(strstr(e.text, "s3cret"));
	}
}

static void secret__of_a_file_that_is_none_is_refused(void **state)
{
	struct secret_sources from = {.account = "home", .file = folder};
	struct error e = {ERROR_NONE};
	struct secret secret;
	char path[512];

	(void)state;
	assert_false(secret_find(&from, &secret, &e));
	assert_says(e.text, "Is a directory");
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	from.file = path;
	assert_false(secret_find(&from, &secret, &e));
	assert_says(e.text, "not a regular file");
	snprintf(path, sizeof(path), "%s/none", folder);
	assert_false(secret_find(&from, &secret, &e));
	assert_says(e.text, "No such file");
	assert_int_equal(e.kind, ERROR_CONFIG);
}

static void secret__of_a_command(void **state)
{
	static char commands[][64] = {
		"printf 's3cret\\nuser: anna\\n'",
		"sh -c 'echo no such entry >&2; exit 1'",
		"sh -c 'kill -9 $$'",
		"sh -c 'kill -2 $$'",
		"true",
		"nosuch-password-program",
		"sh -c 'oops",
		"head -c 70000 /dev/zero",
	};
	static const struct {
		enum error_kind kind;
		const char *text, *why;
	} wanted[] = {
		{ERROR_NONE, "", ""},
		{ERROR_CONFIG, "exited 1", "no such entry"},
		{ERROR_CONFIG, "was ended by signal 9", ""},
		{ERROR_INTERRUPTED, "was interrupted", ""},
		{ERROR_CONFIG, "password-command \"true\" gives an empty password", ""},
		/* valgrind lets the child start, and exit 127. */
		{ERROR_CONFIG, "\"nosuch-password-program\"", ""},
		{ERROR_CONFIG, "open quote", ""},
		{ERROR_CONFIG, "wrote more than 65536 octets", ""},
	};

	char nothing[] = "/nonexistent", other[] = "other";

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		/* What is configured but stands further down the order is never looked at. */
		const struct secret_sources from = {.account = "home",
			.command = commands[i],
			.file = nothing,
			.password = other};
		struct error e = {ERROR_NONE};
		struct secret secret;

		assert_int_equal(secret_find(&from, &secret, &e), wanted[i].kind == ERROR_NONE);
		assert_int_equal(e.kind, wanted[i].kind);
		assert_says(e.text, wanted[i].text);
		assert_says(e.why, wanted[i].why);
		if (wanted[i].kind == ERROR_NONE) {
			assert_string_equal(secret.value, "s3cret");
			assert_string_equal(secret.source, "password-command");
		}
		secret_release(&secret);
	}
}

static void secret__is_not_waited_for_after_a_stop(void **state)
{
	static char command[] = "sleep 100";
	volatile sig_atomic_t stop = SIGTERM;
	const struct secret_sources from = {.account = "home", .command = command, .stop = &stop};
	struct error e = {ERROR_NONE};
	struct secret secret;

	(void)state;
	assert_false(secret_find(&from, &secret, &e));
	assert_int_equal(e.kind, ERROR_INTERRUPTED);
	assert_says(e.text, "was interrupted");
}

static void secret__of_the_credentials_folder_comes_before_the_password(void **state)
{
	char password[] = "in the file";
	struct secret_sources from = {.account = "home", .password = password};
	struct error e = {ERROR_NONE};
	struct secret secret;
	char path[512];

	(void)state;
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	assert_true(secret_find(&from, &secret, &e));
	assert_string_equal(secret.value, "in the file");
	assert_string_equal(secret.source, "password");
	secret_release(&secret);
	write_file("ambil.home", "from systemd", 12, 0440, path);
	assert_true(secret_find(&from, &secret, &e));
	assert_string_equal(secret.value, "from systemd");
	assert_string_equal(secret.source, "$CREDENTIALS_DIRECTORY");
	secret_release(&secret);
	from.password = NULL;
	assert_true(secret_has_source(&from));
	assert_int_equal(chmod(path, 0444), 0);
	assert_false(secret_find(&from, &secret, &e));
	from.account = "../home";
	assert_false(secret_has_source(&from));
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void secret__without_a_source_is_no_error(void **state)
{
	const struct secret_sources from = {.account = "home"};
	char nothing[] = "";
	const struct secret_sources empty = {.account = "home", .password = nothing};
	struct error e = {ERROR_NONE};
	struct secret secret;

	(void)state;
	assert_false(secret_has_source(&from));
	assert_true(secret_find(&from, &secret, &e));
	assert_null(secret.value);
	assert_false(secret_find(&empty, &secret, &e));
	assert_false(secret_missing(&from, false, &e));
	assert_int_equal(e.kind, ERROR_CONFIG);
	assert_says(e.text, "no password found (tried password-command, ");
	assert_says(e.text, ") and no terminal to ask on");
}

/* What the child of a prompt test tells its parent. */
struct told {
	bool done, echo_before, echo_after;
	char value[64], source[64];
	struct error error;
};

static void note(int number)
{
	(void)number;
}

/* In a session of its own, with the terminal at slave (NULL: none) as its own. Never returns. */
static void be_asked(const char *slave, int report)
{
	const struct secret_sources from = {
		.account = "home", .host = "pop.example.org", .user = "anna"};
	struct sigaction catch = {.sa_handler = note};
	struct termios mode = {0};
	struct secret secret;
	struct told told = {.done = false};
	int tty = -1;

	setsid();
	sigaction(SIGINT, &catch, NULL);
	if (slave)
		tty = open(slave, O_RDWR);
	told.echo_before = tcgetattr(tty, &mode) == 0 && (mode.c_lflag & ECHO);
	told.done = secret_prompt(&from, NULL, &secret, &told.error);
	told.echo_after = tcgetattr(tty, &mode) == 0 && (mode.c_lflag & ECHO);
	if (told.done) {
		snprintf(told.value, sizeof(told.value), "%s", secret.value);
		snprintf(told.source, sizeof(told.source), "%s", secret.source);
	}
	secret_release(&secret);
	_exit(file_write_all(report, &told, sizeof(told)) ? 0 : 1);
}

/* Adds what the terminal shows until it holds wanted (NULL: until nothing more comes). */
static void watch(int master, struct buf *screen, const char *wanted)
{
	struct pollfd fd = {.fd = master, .events = POLLIN};
	char chunk[256];

	while (!wanted || !screen->data || !strstr(screen->data, wanted)) {
		ssize_t n;

		if (poll(&fd, 1, wanted ? 5000 : 0) <= 0)
			break;
		n = read(master, chunk, sizeof(chunk));
		if (n <= 0)
			break;
		buf_add(screen, chunk, (size_t)n);
	}
}

static struct told ask_on_terminal(const char *answer, struct buf *screen)
{
	int ends[2], status, master = posix_openpt(O_RDWR | O_NOCTTY);
	struct told told;
	pid_t pid;

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		be_asked(ptsname(master), ends[1]);
	}
	close(ends[1]);
	watch(master, screen, "org: ");
	assert_true(file_write_all(master, answer, strlen(answer)));
	assert_int_equal(file_read_all(ends[0], &told, sizeof(told)), sizeof(told));
	watch(master, screen, NULL);
	waitpid(pid, &status, 0);
	close(ends[0]);
	close(master);
	return told;
}

static void prompt__asks_without_echo(void **state)
{
	struct buf screen = {NULL, 0, 0};
	struct told told = ask_on_terminal("s3cret p\n", &screen);

	(void)state;
	assert_true(told.done);
	assert_string_equal(told.value, "s3cret p");
	assert_string_equal(told.source, "prompt");
	assert_true(told.echo_before);
	assert_true(told.echo_after);
	assert_string_equal(screen.data, "Password for anna at pop.example.org: \r\n");
	buf_release(&screen);
}

static void prompt__gives_the_echo_back_when_interrupted(void **state)
{
	struct buf screen = {NULL, 0, 0};
	struct told told = ask_on_terminal("s3c\003", &screen);

	(void)state;
	assert_false(told.done);
	assert_int_equal(told.error.kind, ERROR_INTERRUPTED);
	assert_true(told.echo_before);
	assert_true(told.echo_after);
	assert_null(strstr(screen.data, "s3c"));
	buf_release(&screen);
}

static void prompt__refuses_an_empty_answer(void **state)
{
	static const char *const answers[] = {"\n", "\004"};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct buf screen = {NULL, 0, 0};
		struct told told = ask_on_terminal(answers[i], &screen);

		assert_false(told.done);
		assert_int_equal(told.error.kind, ERROR_CONFIG);
		assert_true(told.echo_after);
		buf_release(&screen);
	}
}

static void prompt__needs_a_terminal(void **state)
{
	int ends[2], status;
	struct told told;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		be_asked(NULL, ends[1]);
	close(ends[1]);
	assert_int_equal(file_read_all(ends[0], &told, sizeof(told)), sizeof(told));
	close(ends[0]);
	waitpid(pid, &status, 0);
	assert_false(told.done);
	assert_int_equal(told.error.kind, ERROR_CONFIG);
	assert_says(told.error.text, "no terminal to ask on");
}

static int make_folder(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(folder, sizeof(folder), "%s/ambil-auth-XXXXXX", tmp ? tmp : "/tmp");
	unsetenv("CREDENTIALS_DIRECTORY");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"line", "mode", "fifo", "ambil.home"};
	char path[512];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mech__is_chosen_by_the_facts),
		cmocka_unit_test(mech__has_names),
		cmocka_unit_test(sasl__plain_says_all_at_once),
		cmocka_unit_test(sasl__plain_form_is_what_plain_says),
		cmocka_unit_test(sasl__carries_challenges),
		cmocka_unit_test(sasl__refuses_what_does_not_fit),
		cmocka_unit_test(apop__digest_is_that_of_the_rfc),
		cmocka_unit_test(secret__of_a_file_is_its_first_line),
		cmocka_unit_test(secret__of_a_file_that_others_see_is_refused),
		cmocka_unit_test(secret__of_a_file_that_is_none_is_refused),
		cmocka_unit_test(secret__of_a_command),
		cmocka_unit_test(secret__is_not_waited_for_after_a_stop),
		cmocka_unit_test(secret__of_the_credentials_folder_comes_before_the_password),
		cmocka_unit_test(secret__without_a_source_is_no_error),
		cmocka_unit_test(prompt__asks_without_echo),
		cmocka_unit_test(prompt__gives_the_echo_back_when_interrupted),
		cmocka_unit_test(prompt__refuses_an_empty_answer),
		cmocka_unit_test(prompt__needs_a_terminal),
	};

	return cmocka_run_group_tests_name("auth", tests, make_folder, remove_folder);
}
