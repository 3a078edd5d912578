/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The readers of single lines: what they take, what they refuse, and that they look at no octet
 * behind the line: each line is handed over in a block of exactly its size. The quirks are those
 * numbered in reply.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pop3/reply.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A copy without a NUL behind it, freed by the caller. */
static struct span exact(const char *text, size_t len)
{
	char *copy = xmalloc(len);

	if (len)
		memcpy(copy, text, len);
	return (struct span){copy, len};
}

static void drop(struct span s)
{
	free((char *)(uintptr_t)s.data);
}

/* ---- status lines ---- */

static void status__is_read_with_its_code_and_text(void **state)
{
	static const struct {
		const char *line;
		bool ok;
		enum pop3_code code;
		const char *text;
	} table[] = {
		{"+OK", true, POP3_CODE_NONE, ""},
		{"+OK ", true, POP3_CODE_NONE, ""},
		{"+OK 2 320", true, POP3_CODE_NONE, "2 320"},
		{"+OK\tready", true, POP3_CODE_NONE, "ready"},
		{"+OK  two  blanks ", true, POP3_CODE_NONE, "two  blanks"},
		{"+ok dovecot", true, POP3_CODE_NONE, "dovecot"}, /* quirk 1 */
		{"-err no", false, POP3_CODE_NONE, "no"},
		{"-ERR", false, POP3_CODE_NONE, ""},
		{"-ERR no such message", false, POP3_CODE_NONE, "no such message"},
		{"-ERR [IN-USE] locked", false, POP3_CODE_IN_USE, "[IN-USE] locked"},
		{"-ERR [in-use] locked", false, POP3_CODE_IN_USE, "[in-use] locked"},
		{"-ERR [LOGIN-DELAY]", false, POP3_CODE_LOGIN_DELAY, "[LOGIN-DELAY]"},
		{"-ERR [SYS/TEMP] later", false, POP3_CODE_SYS_TEMP, "[SYS/TEMP] later"},
		{"-ERR [SYS/PERM] never", false, POP3_CODE_SYS_PERM, "[SYS/PERM] never"},
		{"-ERR [AUTH] bad", false, POP3_CODE_AUTH, "[AUTH] bad"},
		{"-ERR [UTF8] no", false, POP3_CODE_UTF8, "[UTF8] no"},
		{"+OK [AUTH] odd", true, POP3_CODE_AUTH, "[AUTH] odd"},
		{"-ERR [SYS] short", false, POP3_CODE_SYS_TEMP, "[SYS] short"},
		{"-ERR [SYS/NEW] a", false, POP3_CODE_SYS_TEMP, "[SYS/NEW] a"},
		{"-ERR [SYS/PERM/GONE] a", false, POP3_CODE_SYS_PERM, "[SYS/PERM/GONE] a"},
		{"-ERR [sys/temp/disk] a", false, POP3_CODE_SYS_TEMP, "[sys/temp/disk] a"},
		{"-ERR [IN-USE/POP] a", false, POP3_CODE_IN_USE, "[IN-USE/POP] a"},
		{"-ERR [SYSTEM] a", false, POP3_CODE_OTHER, "[SYSTEM] a"},
		{"-ERR [/SYS] a", false, POP3_CODE_OTHER, "[/SYS] a"},
		{"-ERR [X-OWN/Y] z", false, POP3_CODE_OTHER, "[X-OWN/Y] z"},
		{"-ERR [] z", false, POP3_CODE_OTHER, "[] z"},
		{"-ERR [AUTH no end", false, POP3_CODE_NONE, "[AUTH no end"},
		{"-ERR see [AUTH]", false, POP3_CODE_NONE, "see [AUTH]"},
		{"-ERR [AUTHX]", false, POP3_CODE_OTHER, "[AUTHX]"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct span line = exact(table[i].line, strlen(table[i].line)), text;
		enum pop3_code code = POP3_CODE_OTHER;
		bool ok = !table[i].ok;

		if (!reply_status(line, &ok, &code, &text) || ok != table[i].ok ||
			code != table[i].code || !span_is(text, table[i].text))
			fail_msg("%s", table[i].line);
		drop(line);
	}
}

static void status__is_refused_when_it_is_none(void **state)
{
	static const char *const table[] = {"", " ", "+", "-", "+O", "+OKAY", "-ERROR", "OK",
		" +OK", "ERR", "+OK:", "HTTP/1.1 400 Bad Request", "* OK IMAP4",
		"220 smtp.example.org", "++OK", "+ OK"};
	enum pop3_code code;
	struct span text;
	bool ok;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct span line = exact(table[i], strlen(table[i]));

		if (reply_status(line, &ok, &code, &text))
			fail_msg("%s", table[i]);
		drop(line);
	}
	assert_false(reply_status((struct span){"+OK\0", 4}, &ok, &code, &text));
	assert_false(reply_status((struct span){"+O\0K", 4}, &ok, &code, &text));
}

/* ---- the stamp of APOP ---- */

static void stamp__is_a_message_id_with_an_at_sign(void **state)
{
	static const char *const table[][2] = {
		{"POP3 <1896.697170952@dbc.mtview.ca.us>", "<1896.697170952@dbc.mtview.ca.us>"},
		{"<a@b> ready", "<a@b>"},
		{"ready <a@b", NULL},
		{"ready a@b>", NULL},
		{"ready > <a@b>", "<a@b>"},
		{"no stamp", NULL},
		{"", NULL},
		{"<>", NULL},
		{"<@>", NULL},
		{"<a@>", NULL},
		{"<@b>", NULL},
		{"<ab>", NULL},
		{"<a@b@c>", NULL},
		{"<a b@c>", NULL},
		{"<<a@b>", NULL},
		{"<a@\x80>", NULL},
		{"<a@\x7f>", NULL},
		{"<a\x01@b>", NULL},
		{"<a@b>c@d>", "<a@b>"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct span line = exact(table[i][0], strlen(table[i][0])), stamp = {"", 0};
		bool found = reply_apop_stamp(line, &stamp);

		if (found != (table[i][1] != NULL) || (found && !span_is(stamp, table[i][1])))
			fail_msg("%s", table[i][0]);
		drop(line);
	}
	assert_false(reply_apop_stamp((struct span){"<a\0@b>", 6}, &(struct span){"", 0}));
}

/* ---- listings ---- */

static void list__reads_a_number_and_a_size(void **state)
{
	static const struct {
		const char *line;
		bool good;
		uint32_t msg;
		uint64_t size;
	} table[] = {
		{"1 120", true, 1, 120},
		{"4294967295 9223372036854775807", true, UINT32_MAX, INT64_MAX},
		{"1\t120", true, 1, 120},
		{"  2   200  ", true, 2, 200},
		{"2 200 octets, more to come", true, 2, 200}, /* quirk 5 */
		{"3 0", true, 3, 0},
		{"007 08", true, 7, 8},
		{"4294967296 1", false, 0, 0},
		{"1 9223372036854775808", false, 0, 0},
		{"1 18446744073709551617", false, 0, 0},
		{"0 120", false, 0, 0},
		{"-1 120", false, 0, 0},
		{"1 -120", false, 0, 0},
		{"+1 120", false, 0, 0},
		{"1", false, 0, 0},
		{"1 ", false, 0, 0},
		{"", false, 0, 0},
		{" ", false, 0, 0},
		{"one 120", false, 0, 0},
		{"1 0x10", false, 0, 0},
		{"1 12k", false, 0, 0},
		{"1,120", false, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct span line = exact(table[i].line, strlen(table[i].line));
		uint32_t msg = 0;
		uint64_t size = 0;

		if (reply_list(line, &msg, &size) != table[i].good)
			fail_msg("\"%s\"", table[i].line);
		if (table[i].good) {
			assert_int_equal(msg, table[i].msg);
			assert_int_equal(size, table[i].size);
		}
		drop(line);
	}
	assert_false(reply_list((struct span){"1\0 2", 4}, &(uint32_t){0}, &(uint64_t){0}));
	assert_false(reply_list((struct span){"1 2\0", 4}, &(uint32_t){0}, &(uint64_t){0}));
}

static void uidl__takes_any_octets_for_a_uid_but_none(void **state)
{
	static const struct {
		const char *line;
		size_t len;   /* 0: as strlen() says */
		uint32_t msg; /* 0: refused */
		const char *uid;
	} table[] = {
		{"1 whqtswO00WBw418f9t5JxYwZ", 0, 1, "whqtswO00WBw418f9t5JxYwZ"},
		{"1 a", 0, 1, "a"},
		{"  2 \t b ", 0, 2, "b"},
		{"3 1234.M5P6.host:2,S x", 0, 3, "1234.M5P6.host:2,S x"}, /* quirk 2 */
		{"4 \xe4\xff", 0, 4, "\xe4\xff"},
		{"5 0", 0, 5, "0"},
		{"4294967295 x", 0, UINT32_MAX, "x"},
		{"6 a\0", 4, 6, NULL},
		{"4294967296 x", 0, 0, NULL},
		{"0 x", 0, 0, NULL},
		{"1", 0, 0, NULL},
		{"1 ", 0, 0, NULL},
		{"1 \t ", 0, 0, NULL},
		{"", 0, 0, NULL},
		{"x 1", 0, 0, NULL},
		{"-1 x", 0, 0, NULL},
		{"1x y", 0, 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		size_t len = table[i].len ? table[i].len : strlen(table[i].line);
		struct span line = exact(table[i].line, len), uid = {"", 0};
		uint32_t msg = 0;

		if (reply_uidl(line, &msg, &uid) != (table[i].msg != 0))
			fail_msg("\"%s\"", table[i].line);
		if (table[i].msg)
			assert_int_equal(msg, table[i].msg);
		if (table[i].uid)
			assert_true(span_is(uid, table[i].uid));
		drop(line);
	}
}

static void uidl__takes_a_uid_as_long_as_a_line(void **state)
{
	char *text = xmalloc(16002);
	struct span line, uid;
	uint32_t msg;

	(void)state;
	memset(text, 'u', 16002);
	memcpy(text, "1 ", 2);
	line = exact(text, 16002);
	assert_true(reply_uidl(line, &msg, &uid));
	assert_int_equal(uid.len, 16000);
	assert_true(uid.data + uid.len == line.data + line.len);
	drop(line);
	free(text);
}

/* ---- capabilities ---- */

static void learn(struct capabilities *c, const char *text)
{
	struct span line = exact(text, strlen(text));

	capabilities_add(c, line);
	drop(line);
}

static void capabilities__are_flags_in_any_case(void **state)
{
	static const struct {
		const char *line;
		size_t flag;
	} table[] = {
		{"TOP", offsetof(struct capabilities, top)},
		{"USER", offsetof(struct capabilities, user)},
		{"uidl", offsetof(struct capabilities, uidl)},
		{"Resp-Codes", offsetof(struct capabilities, resp_codes)},
		{"AUTH-RESP-CODE", offsetof(struct capabilities, auth_resp_code)},
		{"PIPELINING", offsetof(struct capabilities, pipelining)},
		{" STLS ", offsetof(struct capabilities, stls)},
		{"UTF8", offsetof(struct capabilities, utf8)},
		{"TOP with words", offsetof(struct capabilities, top)},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct capabilities c = {.known = false}, want = {.known = true};

		*(bool *)((char *)&want + table[i].flag) = true;
		learn(&c, table[i].line);
		if (memcmp(&c, &want, sizeof(c)) != 0)
			fail_msg("%s", table[i].line);
	}
}

static void capabilities__ignore_what_they_do_not_know(void **state)
{
	static const char *const table[] = {"", " ", "TOPS", "TO", "X-TOP", "EXPIRENEVER",
		"IMPLEMENTATION x", "LANG", "PIPELINING,STLS", "\xff\xfe"};
	const struct capabilities want = {.known = true};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct capabilities c = {.known = false};

		learn(&c, table[i]);
		if (memcmp(&c, &want, sizeof(c)) != 0)
			fail_msg("%s", table[i]);
	}
}

static void capabilities__carry_arguments(void **state)
{
	struct capabilities c = {.known = false};

	(void)state;
	learn(&c, "UTF8 USER");
	assert_true(c.utf8 && c.utf8_user);
	assert_false(c.user);
}

static void capabilities__tell_the_time_between_logins(void **state)
{
	static const struct {
		const char *line;
		uint32_t seconds;
		bool by_user;
	} table[] = {
		{"LOGIN-DELAY 300 USER", 300, true},
		{"login-delay 60", 60, false},
		{"LOGIN-DELAY 60 user ", 60, true},
		{"LOGIN-DELAY 60 USERS", 60, false},
		{"LOGIN-DELAY 0", 0, false},
		{"LOGIN-DELAY 4294967295", UINT32_MAX, false},
		{"LOGIN-DELAY 4294967296 USER", 7, false},
		{"LOGIN-DELAY 99999999999999999999999", 7, false},
		{"LOGIN-DELAY", 7, false},
		{"LOGIN-DELAY soon", 7, false},
		{"LOGIN-DELAY -1", 7, false},
		{"LOGIN-DELAY USER", 7, false},
		{"LOGIN-DELAY 1.5", 7, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct capabilities c = {.login_delay_s = 7};

		learn(&c, table[i].line);
		if (c.login_delay_s != table[i].seconds || c.login_delay_user != table[i].by_user)
			fail_msg("%s", table[i].line);
	}
}

static void capabilities__tell_how_long_mail_is_kept(void **state)
{
	static const struct {
		const char *line;
		uint32_t days;
	} table[] = {
		{"EXPIRE 60", 60},
		{"EXPIRE 0 USER", 0},
		{"expire never", UINT32_MAX},
		{"EXPIRE", UINT32_MAX},
		{"EXPIRE soon", UINT32_MAX},
		{"EXPIRE -1", UINT32_MAX},
		{"EXPIRE 4294967294", 4294967294u},
		{"EXPIRE 4294967295", UINT32_MAX},
		{"EXPIRE 99999999999999999999", UINT32_MAX},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct capabilities c = {.known = false};

		learn(&c, table[i].line);
		if (!c.expires || c.expire_days != table[i].days)
			fail_msg("%s", table[i].line);
	}
}

static void capabilities__collect_mechanisms(void **state)
{
	struct capabilities c = {.known = false};

	(void)state;
	assert_false(capabilities_has_mechanism(&c, "PLAIN"));
	learn(&c, "SASL");
	assert_true(c.sasl);
	assert_string_equal(c.mechanisms, "");
	assert_false(capabilities_has_mechanism(&c, "PLAIN"));
	learn(&c, "SASL plain  SCRAM-SHA-256-PLUS\tX");
	learn(&c, "sasl CRAM-MD5");
	assert_string_equal(c.mechanisms, " PLAIN SCRAM-SHA-256-PLUS X CRAM-MD5 ");
	assert_true(capabilities_has_mechanism(&c, "PLAIN"));
	assert_true(capabilities_has_mechanism(&c, "Cram-Md5"));
	assert_true(capabilities_has_mechanism(&c, "X"));
	assert_false(capabilities_has_mechanism(&c, "SCRAM-SHA-256"));
	assert_false(capabilities_has_mechanism(&c, "PLAI"));
	assert_false(capabilities_has_mechanism(&c, "LAIN"));
	assert_false(capabilities_has_mechanism(&c, ""));
}

static void capabilities__know_no_mechanism_with_a_nul(void **state)
{
	struct capabilities c = {.known = false};
	struct span line = exact("SASL A\0B PLAIN", 14);

	(void)state;
	capabilities_add(&c, line);
	learn(&c, "SASL X");
	assert_true(capabilities_has_mechanism(&c, "PLAIN"));
	assert_true(capabilities_has_mechanism(&c, "X"));
	assert_string_equal(c.mechanisms, " PLAIN X ");
	drop(line);
}

static void capabilities__have_room_for_so_many_mechanisms_and_no_more(void **state)
{
	/* The size of the name that fits last: a blank before it, one behind it, and the NUL. */
	enum { FITS = CAPA_MECHANISMS_MAX - 3 };

	(void)state;
	for (size_t len = FITS - 2; len <= FITS + 3; len++) {
		struct capabilities *c = xcalloc(1, sizeof(*c));
		char *line = xasprintf("SASL %0*d", (int)len, 7);

		learn(c, line);
		assert_int_equal(strlen(c->mechanisms), len <= FITS ? len + 2 : 0);
		free(line);
		free(c);
	}
	for (size_t size = 1; size < 40; size++) {
		struct capabilities *c = xcalloc(1, sizeof(*c));
		char name[60];

		snprintf(name, sizeof(name), "SASL %0*d", (int)size, 7);
		for (int i = 0; i < 1000; i++)
			learn(c, name);
		assert_true(strlen(c->mechanisms) < sizeof(c->mechanisms));
		assert_true(strlen(c->mechanisms) + size + 2 >= sizeof(c->mechanisms));
		assert_true(c->mechanisms[strlen(c->mechanisms) - 1] == ' ');
		assert_true(capabilities_has_mechanism(c, name + 5));
		free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status__is_read_with_its_code_and_text),
		cmocka_unit_test(status__is_refused_when_it_is_none),
		cmocka_unit_test(stamp__is_a_message_id_with_an_at_sign),
		cmocka_unit_test(list__reads_a_number_and_a_size),
		cmocka_unit_test(uidl__takes_any_octets_for_a_uid_but_none),
		cmocka_unit_test(uidl__takes_a_uid_as_long_as_a_line),
		cmocka_unit_test(capabilities__are_flags_in_any_case),
		cmocka_unit_test(capabilities__ignore_what_they_do_not_know),
		cmocka_unit_test(capabilities__carry_arguments),
		cmocka_unit_test(capabilities__tell_the_time_between_logins),
		cmocka_unit_test(capabilities__tell_how_long_mail_is_kept),
		cmocka_unit_test(capabilities__collect_mechanisms),
		cmocka_unit_test(capabilities__know_no_mechanism_with_a_nul),
		cmocka_unit_test(capabilities__have_room_for_so_many_mechanisms_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
