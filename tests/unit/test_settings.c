/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of settings: what each accepts, how it is shown, and that the manual page knows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "config/config.h"

static const char home[] = "/home/anna";

union base {
	struct account account;
	struct config config;
};

static void settings__have_unique_names_that_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		assert_int_equal(settings_find(settings[i].name), i);
	assert_int_equal(settings_find("kep"), SETTINGS_COUNT);
	assert_int_equal(settings_find(""), SETTINGS_COUNT);
}

static void settings__have_defaults_that_are_read_and_shown_as_they_stand(void **state)
{
	(void)state;
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		const struct setting *s = &settings[i];
		union base base;
		char *shown;

		memset(&base, 0, sizeof(base));
		assert_true(!s->value != !s->unset);
		assert_non_null(s->help);
		assert_true(s->type == SETTING_BOOL || s->words || s->allowed);
		if (!s->value)
			continue;
		assert_true(setting_set(s, &base, s->value, home, ERROR_CONFIG, NULL));
		shown = setting_show(s, &base, home);
		assert_string_equal(shown, s->value);
		free(shown);
		setting_release(s, &base);
	}
}

/* shown NULL: refused, and said is what the error says. */
static const struct value_case {
	const char *setting, *text, *shown, *said;
} values[] = {
	{"host", "pop.example.org", "pop.example.org", NULL},
	{"host", "127.0.0.1", "127.0.0.1", NULL},
	{"host", "::1", "::1", NULL},
	{"host", "[2001:db8::7]", "2001:db8::7", NULL},
	{"host", "fe80::1%eth0", "fe80::1%eth0", NULL},
	{"host", "pöst.example", "pöst.example", NULL},
	{"host", "", NULL, "use a host name or an address"},
	{"host", "pop.example.org:995", NULL, "the port is a setting of its own"},
	{"host", "[pop.example.org]", NULL, "use a host name"},
	{"host", "pop example", NULL, "use a host name"},
	{"host", "pop/x", NULL, "use a host name"},
	{"host", "-x", NULL, "use a host name"},
	{"port", "1", "1", NULL},
	{"port", "65535", "65535", NULL},
	{"port", "0", NULL, "use a number from 1 to 65535"},
	{"port", "65536", NULL, "use a number from 1 to 65535"},
	{"port", "99500", NULL, "use a number from 1 to 65535"},
	{"port", "pop3s", NULL, "use a number from 1 to 65535"},
	{"port", "+1", NULL, "use a number from 1 to 65535"},
	{"user", "anna@example.org", "anna@example.org", NULL},
	{"user", "", NULL, "use the name you log in with"},
	{"user", "a\nb", NULL, "control characters are not allowed"},
	{"user", "a\033b", NULL, "control characters are not allowed"},
	{"enabled", "yes", "true", NULL},
	{"enabled", "off", "false", NULL},
	{"enabled", "1", NULL, "use true or false"},
	{"tls", "starttls", "starttls", NULL},
	{"tls", "STARTTLS", "starttls", NULL},
	{"tls", "ssl", NULL, "use implicit, starttls or none"},
	{"tls-min", "1.3", "1.3", NULL},
	{"tls-min", "3.0", NULL, "use 1.0, 1.1, 1.2 or 1.3"},
	{"pin-sha256", "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", NULL},
	{"pin-sha256", "AAAA", NULL, "\"AAAA\" is no SHA-256"},
	{"pin-sha256", "", NULL, "use the SHA-256 of a key or of a certificate"},
	{"tls-priority", "NORMAL:%COMPAT", "NORMAL:%COMPAT", NULL},
	{"tls-priority", "NORMAL:+FOO", NULL, "does not understand \"+FOO\" in it (character 8)"},
	{"tls-priority", "", NULL, "use a priority string of GnuTLS"},
	{"client-cert", "~/me.pem", "~/me.pem", NULL},
	{"client-cert", "me.pem", "~/me.pem", NULL},
	{"client-key", "pkcs11:token=t;object=o?pin-source=/p",
		"pkcs11:token=t;object=o?pin-source=/p", NULL},
	{"client-key", "", NULL, "use the name of a file, or a pkcs11: URL"},
	{"auth", "apop", "apop", NULL},
	{"auth", "PLAIN", "plain", NULL},
	{"auth", "Scram-SHA-256, plain", "scram-sha-256 plain", NULL},
	{"auth", "auto", "auto", NULL},
	{"auth", "rot13", NULL, "use auto, or one or more of scram-sha-256-plus, "},
	{"auth", "auto plain", NULL, "use auto, or one or more of scram-sha-256-plus, "},
	{"auth", "plain scram-sha256", NULL,
		"\"scram-sha256\" is unknown, did you mean \"scram-sha-256\"?"},
	{"auth", "SCRAM", NULL, "\"SCRAM\" is unknown, did you mean \"scram-sha-256\"?"},
	{"auth", "scram", NULL, "\"scram\" is unknown, did you mean \"scram-sha-256\"?"},
	{"ca-file", "~/ca.pem", "~/ca.pem", NULL},
	{"ca-file", "/home/anna/ca.pem", "~/ca.pem", NULL},
	{"ca-file", "ca.pem", "~/ca.pem", NULL},
	{"ca-file", "/etc/ca.pem", "/etc/ca.pem", NULL},
	{"ca-file", "", NULL, "use the name of a file"},
	{"password", "tab\tand \x01", "tab\tand \x01", NULL},
	{"password", "two\nlines", NULL, "control characters"},
	{"password", "cr\r", NULL, "control characters"},
	{"password", "", NULL, "use a password of one line"},
	{"deliver", "maildir:~/Mail", "maildir:~/Mail", NULL},
	{"deliver", "mbox:/var/mail/%a", "mbox:/var/mail/%a", NULL},
	{"deliver", "pipe:procmail -t", "pipe:procmail -t", NULL},
	{"deliver", "-", "-", NULL},
	{"deliver", "~/Mail", NULL, "use maildir:PATH, mbox:PATH, pipe:COMMAND or -"},
	{"deliver", "imap:x", NULL, "use maildir:PATH, mbox:PATH, pipe:COMMAND or -"},
	{"deliver", "", NULL, "use maildir:PATH, mbox:PATH, pipe:COMMAND or -"},
	{"source-address", "any", "any", NULL},
	{"source-address", "192.0.2.1", "192.0.2.1", NULL},
	{"source-address", "192.0.2.1, 2001:db8::1", "192.0.2.1, 2001:db8::1", NULL},
	{"source-address", "fe80::1%lo", "fe80::1%lo", NULL},
	{"source-address", "192.0.2.1 192.0.2.2", NULL, "use an address of this machine"},
	{"source-address", "localhost", NULL, "use an address of this machine"},
	{"source-address", " ", NULL, "use an address of this machine"},
	{"proxy", "none", "none", NULL},
	{"proxy", "socks5://127.0.0.1", "socks5://127.0.0.1", NULL},
	{"proxy", "SOCKS5H://a%40b@[::1]:9050", "SOCKS5H://a%40b@[::1]:9050", NULL},
	{"proxy", "http://proxy.example:8080/", "http://proxy.example:8080/", NULL},
	{"proxy", "http://proxy.example", NULL, "use socks5://HOST or"},
	{"proxy", "https://proxy.example:8080", NULL, "use socks5://HOST or"},
	{"proxy", "socks4://proxy.example", NULL, "use socks5://HOST or"},
	{"proxy", "proxy.example:1080", NULL, "use socks5://HOST or"},
	{"proxy", "socks5://[::1", NULL, "use socks5://HOST or"},
	{"proxy", "socks5://::1", NULL, "use socks5://HOST or"},
	{"proxy", "socks5://host:0", NULL, "use socks5://HOST or"},
	{"proxy", "socks5://host:65536", NULL, "use socks5://HOST or"},
	{"proxy", "socks5://host/path", NULL, "use socks5://HOST or"},
	{"proxy", "socks5://", NULL, "use socks5://HOST or"},
	{"proxy", "socks5://anna:secret@host", NULL, "the URL must not hold a password"},
	{"proxy", "socks5://anna:sec@ret@host", NULL, "the URL must not hold a password"},
	{"proxy", "socks5://%zz@host", NULL, "the user is not well formed"},
	{"proxy", "socks5://@host", NULL, "the user is not well formed"},
	{"proxy", "http://a%3ab@host:80", NULL, "a user with a colon cannot be sent"},
	{"socket", "/run/pop3", "/run/pop3", NULL},
	{"keep", "true", "true", NULL},
	{"keep", "false", "false", NULL},
	{"keep", "14d", "14d", NULL},
	{"keep", "336h", "14d", NULL},
	{"keep", "90m", "90m", NULL},
	{"keep", "maybe", NULL, "use true, false or an age such as 14d"},
	{"keep", "14", NULL, "use true, false or an age such as 14d"},
	{"keep", "0d", NULL, "use true, false or an age such as 14d"},
	{"keep", "-1d", NULL, "use true, false or an age such as 14d"},
	{"max-size", "unlimited", "unlimited", NULL},
	{"max-size", "10M", "10M", NULL},
	{"max-size", "1536k", "1536k", NULL},
	{"max-size", "1024k", "1M", NULL},
	{"max-size", "1000", "1000", NULL},
	{"max-size", "0", NULL, "use a size such as 500k or 10M, or unlimited"},
	{"max-size", "10 M", NULL, "use a size"},
	{"max-messages", "100", "100", NULL},
	{"max-messages", "unlimited", "unlimited", NULL},
	{"max-messages", "0", NULL, "use a number from 1, or unlimited"},
	{"max-messages", "4294967296", NULL, "use a number from 1, or unlimited"},
	{"timeout", "60s", "60s", NULL},
	{"timeout", "1m", "60s", NULL},
	{"timeout", "120s", "2m", NULL},
	{"timeout", "90s", "90s", NULL},
	{"timeout", "1d", "1d", NULL},
	{"timeout", "0s", NULL, "use a time such as 30s or 2m"},
	{"timeout", "25h", NULL, "use a time"},
	{"timeout", "99999999999999d", NULL, "use a time"},
	{"timeout", "60", NULL, "use a time"},
	{"retry-auth", "5", "5", NULL},
	{"retry-auth", "unlimited", "unlimited", NULL},
	{"retry-auth", "0", NULL, "use a number from 1, or unlimited"},
	{"deadline", "10m", "10m", NULL},
	{"deadline", "unlimited", "unlimited", NULL},
	{"deadline", "0s", NULL, "use a time such as 30s or 10m, at most 1d, or unlimited"},
	{"deadline", "25h", NULL, "use a time"},
	{"timeout", "unlimited", NULL, "use a time such as 30s or 2m, at most 1d"},
	{"pipeline", "never", "never", NULL},
	{"pipeline", "true", NULL, "use never or auto"},
	{"ip", "6", "6", NULL},
	{"ip", "5", NULL, "use any, 4 or 6"},
	{"state-dir", "/var/lib/ambil", "/var/lib/ambil", NULL},
	{"jobs", "64", "64", NULL},
	{"jobs", "0", NULL, "use a number from 1 to 64"},
	{"pipe-jobs", "64", "64", NULL},
	{"pipe-jobs", "65", NULL, "use a number from 1 to 64"},
	{"color", "always", "always", NULL},
	{"color", "blue", NULL, "use auto, always or never"},
};

static void check_value(const struct value_case *c)
{
	const struct setting *s = &settings[settings_find(c->setting)];
	struct error e = {0};
	union base base;
	char *shown, *again;

	memset(&base, 0, sizeof(base));
	if (setting_set(s, &base, c->text, home, ERROR_USAGE, &e) != (c->shown != NULL))
		fail_msg("%s = \"%s\"", c->setting, c->text);
	if (!c->shown) {
		if (!strstr(e.text, c->said))
			fail_msg("%s = \"%s\" says: %s", c->setting, c->text, e.text);
		assert_int_equal(e.kind, ERROR_USAGE);
		return;
	}
	shown = setting_show(s, &base, home);
	assert_string_equal(shown, c->shown);
	/* What is shown can be read, and is the same. */
	assert_true(setting_set(s, &base, shown, home, ERROR_USAGE, &e));
	again = setting_show(s, &base, home);
	assert_string_equal(again, shown);
	free(again);
	free(shown);
	setting_release(s, &base);
}

static void setting_set__takes_what_fits_and_says_what_is_allowed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		check_value(&values[i]);
}

static void setting_set__leaves_the_field_alone_on_failure(void **state)
{
	const struct setting *host = &settings[settings_find("host")];
	const struct setting *keep = &settings[settings_find("keep")];
	struct account account = {0};

	(void)state;
	assert_true(setting_set(host, &account, "a.example", home, ERROR_CONFIG, NULL));
	assert_false(setting_set(host, &account, "not a host", home, ERROR_CONFIG, NULL));
	assert_string_equal(account.endpoint.host, "a.example");
	assert_true(setting_set(keep, &account, "2d", home, ERROR_CONFIG, NULL));
	assert_false(setting_set(keep, &account, "2 d", home, ERROR_CONFIG, NULL));
	assert_int_equal(account.policy.keep, KEEP_FOR);
	assert_int_equal(account.policy.keep_s, 2 * 86400);
	setting_release(host, &account);
}

static void setting_set__writes_the_field_its_reader_looks_at(void **state)
{
	static const char *const texts[][2] = {{"host", "h"}, {"port", "1995"}, {"tls", "none"},
		{"tls-min", "1.3"}, {"auth", "apop"}, {"max-size", "1k"}, {"max-messages", "7"},
		{"timeout", "2s"}, {"connect-timeout", "3s"}, {"command-timeout", "4s"},
		{"deadline", "5s"}, {"pipe-jobs", "3"}, {"retry-auth", "7"}, {"ip", "6"},
		{"pipeline", "auto"}, {"received-header", "true"},
		{"allow-cleartext-password", "true"}, {"enabled", "true"}};
	struct account a = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_true(setting_set(&settings[settings_find(texts[i][0])], &a, texts[i][1],
			home, ERROR_CONFIG, NULL));
	assert_string_equal(a.endpoint.host, "h");
	assert_int_equal(a.endpoint.port, 1995);
	assert_int_equal(a.tls.mode, TLS_NONE);
	assert_int_equal(a.tls.min, TLS_1_3);
	assert_int_equal(a.auth.n, 1);
	assert_int_equal(a.auth.at[0], MECH_APOP);
	assert_int_equal(a.policy.size_max, 1024);
	assert_int_equal(a.policy.fetch_max, 7);
	assert_int_equal(a.timeout_ms, 2000);
	assert_int_equal(a.endpoint.connect_timeout_ms, 3000);
	assert_int_equal(a.command_timeout_ms, 4000);
	assert_int_equal(a.deadline_ms, 5000);
	assert_int_equal(a.retry_auth, 7);
	assert_int_equal(a.pipe_jobs, 3);
	assert_int_equal(a.endpoint.ip, IP_6);
	assert_true(a.pipeline && a.received_header && a.tls.cleartext_login && a.enabled);
	free(a.endpoint.host);
}

static void setting_hides__passwords_and_pins(void **state)
{
	static const char url[] = "pkcs11:token=t;object=o?module-name=m&pin-value=1234";
	const struct setting *key = &settings[settings_find("client-key")];
	struct account a = {0};
	char *shown;

	(void)state;
	assert_true(setting_hides(&settings[settings_find("password")], span_of("x")));
	assert_false(setting_hides(&settings[settings_find("user")], span_of(url)));
	assert_false(setting_hides(key, span_of("pkcs11:token=t?pin-source=/p")));
	assert_true(setting_hides(key, span_of(url)));
	assert_true(setting_set(key, &a, url, home, ERROR_CONFIG, NULL));
	assert_string_equal(a.tls.client_key, url);
	shown = setting_show(key, &a, home);
	assert_string_equal(shown, "pkcs11:token=t;object=o?(hidden)");
	free(shown);
	assert_true(setting_is_hidden(key, &a));
	assert_false(setting_is_hidden(&settings[settings_find("client-cert")], &a));
	assert_true(setting_is_hidden(&settings[settings_find("password")], &a));
	account_forget_secrets(&a);
	assert_null(a.tls.client_key);
	assert_true(setting_set(key, &a, "/key.pem", home, ERROR_CONFIG, NULL));
	account_forget_secrets(&a);
	assert_string_equal(a.tls.client_key, "/key.pem");
	setting_release(key, &a);
}

static void settings_nearest__finds_the_slip_of_a_finger(void **state)
{
	(void)state;
	assert_string_equal(settings_nearest("kep"), "keep");
	assert_string_equal(settings_nearest("delivre"), "deliver");
	assert_string_equal(settings_nearest("ca_file"), "ca-file");
	assert_null(settings_nearest("xyzzyplugh"));
}

static void setting_quote__quotes_what_is_not_a_bare_word(void **state)
{
	static const char *const cases[][2] = {{"anna@example.org", "anna@example.org"},
		{"14d", "14d"}, {"", "\"\""}, {"a b", "\"a b\""}, {"~/Mail", "\"~/Mail\""},
		{"a\"b\\c", "\"a\\\"b\\\\c\""}, {"${HOME}", "\"\\${HOME}\""}, {"a#b", "\"a#b\""}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *quoted = setting_quote(cases[i][0]);

		assert_string_equal(quoted, cases[i][1]);
		free(quoted);
	}
}

/* Wherever the tests are started: at the top of the tree, in a build folder inside it, or told
 * where. */
static void read_manual(struct buf *text)
{
	const char *top = getenv("SOURCE_ROOT"), *tops[] = {".", "..", "../.."};
	char path[4096];

	for (size_t i = 0; i < (top ? 1 : sizeof(tops) / sizeof(tops[0])); i++) {
		snprintf(path, sizeof(path), "%s/man/ambil.conf.5", top ? top : tops[i]);
		if (file_slurp(path, 1 << 20, text, NULL, NULL))
			return;
	}
	fail_msg("man/ambil.conf.5 is not found; set SOURCE_ROOT");
}

/* As a reader sees it: escapes undone. */
static char *plain(const char *start, const char *end)
{
	struct buf out = {0};

	while (start < end) {
		if (strncmp(start, "\\(ti", 4) == 0) {
			buf_add_text(&out, "~");
			start += 4;
		} else if (strncmp(start, "\\-", 2) == 0) {
			buf_add_text(&out, "-");
			start += 2;
		} else {
			buf_add(&out, start++, 1);
		}
	}
	return buf_detach(&out);
}

/* Each in a line of the list, as "ambil help" has it, and once. */
static void settings__stand_in_the_manual_with_their_defaults(void **state)
{
	struct buf manual = {0};
	char *text;

	(void)state;
	read_manual(&manual);
	text = plain(manual.data, manual.data + manual.len);
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		const struct setting *s = &settings[i];
		const char *standard = s->value ? s->value : s->unset;
		bool required = strncmp(standard, "required", strlen("required")) == 0;
		char *line = xasprintf("\n.It Ic %s\n%s (%s%s)\n", s->name, s->help,
			required ? "" : "default: ", standard);
		const char *item = strstr(text, line);

		if (!item)
			fail_msg("man/ambil.conf.5 should have an item \"%s\"", line);
		assert_null(strstr(item + 1, line));
		free(line);
	}
	free(text);
	buf_release(&manual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings__have_unique_names_that_are_found),
		cmocka_unit_test(settings__have_defaults_that_are_read_and_shown_as_they_stand),
		cmocka_unit_test(setting_set__takes_what_fits_and_says_what_is_allowed),
		cmocka_unit_test(setting_set__leaves_the_field_alone_on_failure),
		cmocka_unit_test(setting_set__writes_the_field_its_reader_looks_at),
		cmocka_unit_test(setting_hides__passwords_and_pins),
		cmocka_unit_test(settings_nearest__finds_the_slip_of_a_finger),
		cmocka_unit_test(setting_quote__quotes_what_is_not_a_bare_word),
		cmocka_unit_test(settings__stand_in_the_manual_with_their_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
