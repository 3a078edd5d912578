/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine beyond the transcripts: what may be queued, in what order answers come back, how the
 * input buffer is used, that nothing grows while a server talks, and where a password stays. The
 * allocator is wrapped (the linker's
 * --wrap for malloc, calloc, realloc and free), so that blocks are counted, and looked through when
 * they are freed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pop3/pop3.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { COMMAND_MAX = 255, LINE_MAX_OCTETS = 16384, CAPA_MAX = 1000 };

/* ---- the allocator ---- */

static size_t blocks;        /* asked for so far */
static size_t secrets_freed; /* freed blocks that held the secret */
static bool looking;
static const char secret[] = "open-sesame-4711";

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *p);

static void look_for_secret(void *p)
{
	size_t len = sizeof(secret) - 1, size = p && looking ? malloc_usable_size(p) : 0;

	for (size_t i = 0; i + len <= size; i++)
		if (memcmp((char *)p + i, secret, len) == 0) {
			secrets_freed++;
			return;
		}
}

void *__wrap_malloc(size_t size)
{
	blocks++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	blocks++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	blocks++;
	look_for_secret(old); /* it may be moved, and the old place is then as good as freed */
	return __real_realloc(old, size);
}

void __wrap_free(void *p)
{
	look_for_secret(p);
	__real_free(p);
}

/* ---- helpers ---- */

static void send_command(struct pop3 *p, struct pop3_command command)
{
	struct error e = {0};

	if (!pop3_send(p, &command, &e))
		fail_msg("%s", e.text);
}

static void send_verb(struct pop3 *p, enum pop3_verb verb)
{
	send_command(p, (struct pop3_command){.verb = verb});
}

static void feed(struct pop3 *p, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(pop3_feed(p, text, len), len);
}

static struct pop3_event next(struct pop3 *p, enum pop3_event_type type)
{
	struct pop3_event ev;

	if (pop3_next(p, &ev) != type)
		fail_msg("event %d where %d was due: %s", (int)ev.type, (int)type,
			pop3_failure(p)->text);
	assert_int_equal(ev.type, type);
	return ev;
}

/* An engine that has been greeted. */
static struct pop3 *greeted(void)
{
	struct pop3 *p = pop3_new();
	struct pop3_event ev;

	feed(p, "+OK ready\r\n");
	ev = next(p, POP3_REPLY);
	assert_int_equal(ev.verb, POP3_GREETING);
	assert_true(ev.ok);
	return p;
}

static void drop_output(struct pop3 *p)
{
	pop3_sent(p, pop3_output(p).len);
}

static void check_refused(struct pop3 *p, struct pop3_command command, enum error_kind kind)
{
	struct error e = {0};
	size_t out = pop3_output(p).len, outstanding = pop3_outstanding(p);

	if (pop3_send(p, &command, &e))
		fail_msg("%s was taken", pop3_verb_name(command.verb));
	assert_int_equal(e.kind, kind);
	assert_true(e.text[0]);
	assert_int_equal(pop3_output(p).len, out);
	assert_int_equal(pop3_outstanding(p), outstanding);
	assert_false(pop3_send(p, &command, NULL));
}

static uint32_t dice_state = 20261124;

static uint32_t dice(uint32_t sides)
{
	dice_state = dice_state * 1664525u + 1013904223u;
	return (dice_state >> 8) % sides;
}

/* ---- sending ---- */

static void send__writes_each_command(void **state)
{
	static const struct {
		struct pop3_command command;
		const char *line;
	} table[] = {
		{{.verb = POP3_CAPA}, "CAPA"},
		{{.verb = POP3_USER, .arg = "anna b"}, "USER anna b"},
		{{.verb = POP3_PASS, .arg = " p w "}, "PASS  p w "},
		{{.verb = POP3_APOP, .arg = "anna", .arg2 = "0123"}, "APOP anna 0123"},
		{{.verb = POP3_AUTH, .arg = "PLAIN", .arg2 = "AGEAYg=="}, "AUTH PLAIN AGEAYg=="},
		{{.verb = POP3_AUTH, .arg = "EXTERNAL", .arg2 = "="}, "AUTH EXTERNAL ="},
		{{.verb = POP3_UTF8}, "UTF8"},
		{{.verb = POP3_STAT}, "STAT"},
		{{.verb = POP3_LIST}, "LIST"},
		{{.verb = POP3_LIST, .msg = 7}, "LIST 7"},
		{{.verb = POP3_UIDL}, "UIDL"},
		{{.verb = POP3_UIDL, .msg = UINT32_MAX}, "UIDL 4294967295"},
		{{.verb = POP3_TOP, .msg = 3}, "TOP 3 0"},
		{{.verb = POP3_TOP, .msg = 3, .lines = 12}, "TOP 3 12"},
		{{.verb = POP3_RETR, .msg = 1}, "RETR 1"},
		{{.verb = POP3_DELE, .msg = 2}, "DELE 2"},
		{{.verb = POP3_NOOP}, "NOOP"},
		{{.verb = POP3_RSET}, "RSET"},
		{{.verb = POP3_STLS}, "STLS"},
		{{.verb = POP3_QUIT}, "QUIT"},
		{{.verb = POP3_AUTH, .arg = "SCRAM-SHA-256"}, "AUTH SCRAM-SHA-256"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct pop3 *p = greeted();
		struct span out;

		send_command(p, table[i].command);
		out = pop3_output(p);
		assert_true(out.len > 2 && memcmp(out.data + out.len - 2, "\r\n", 2) == 0);
		out.len -= 2;
		if (!span_is(out, table[i].line))
			fail_msg("\"%.*s\" where \"%s\" was due", (int)out.len, out.data,
				table[i].line);
		assert_int_equal(pop3_outstanding(p), 1);
		pop3_free(p);
	}
}

static void send__refuses_line_breaks_in_any_argument(void **state)
{
	static const char *const bad[] = {
		"\r", "\n", "anna\r\nDELE 1", "anna\n", "\ranna", "an\rna"};
	static const enum pop3_verb with_two[] = {POP3_APOP, POP3_AUTH};
	struct pop3 *p = greeted();

	(void)state;
	send_verb(p, POP3_CAPA);
	for (size_t i = 0; i < COUNT(bad); i++) {
		check_refused(
			p, (struct pop3_command){.verb = POP3_USER, .arg = bad[i]}, ERROR_CONFIG);
		check_refused(
			p, (struct pop3_command){.verb = POP3_PASS, .arg = bad[i]}, ERROR_CONFIG);
		for (size_t j = 0; j < COUNT(with_two); j++) {
			check_refused(p,
				(struct pop3_command){
					.verb = with_two[j], .arg = bad[i], .arg2 = "x"},
				ERROR_CONFIG);
			check_refused(p,
				(struct pop3_command){
					.verb = with_two[j], .arg = "x", .arg2 = bad[i]},
				ERROR_CONFIG);
		}
	}
	assert_true(span_is(pop3_output(p), "CAPA\r\n"));
	pop3_free(p);
}

static char *letters(size_t n)
{
	char *text = xmalloc(n + 1);

	memset(text, 'x', n);
	text[n] = '\0';
	return text;
}

static void send__takes_lines_up_to_their_limit(void **state)
{
	struct pop3 *p = greeted();

	(void)state;
	for (size_t n = 200; n < 600; n++) {
		char *text = letters(n);
		struct pop3_command pass = {.verb = POP3_PASS, .arg = text};
		struct pop3_command apop = {.verb = POP3_APOP, .arg = text, .arg2 = "0123"};
		struct pop3_command auth = {.verb = POP3_AUTH, .arg = "PLAIN", .arg2 = text};

		if (strlen("PASS \r\n") + n <= COMMAND_MAX)
			send_command(p, pass);
		else
			check_refused(p, pass, ERROR_CONFIG);
		if (strlen("APOP  0123\r\n") + n <= COMMAND_MAX)
			send_command(p, apop);
		else
			check_refused(p, apop, ERROR_CONFIG);
		assert_int_equal(pop3_auth_fits("PLAIN", text),
			strlen("AUTH PLAIN \r\n") + n <= COMMAND_MAX);
		if (pop3_auth_fits("PLAIN", text))
			send_command(p, auth);
		else
			check_refused(p, auth, ERROR_CONFIG);
		free(text);
	}
	pop3_free(p);
}

static void send__lets_nothing_follow_what_must_stand_last(void **state)
{
	static const struct {
		struct pop3_command last;
		const char *refusal; /* after which commands may be sent again; NULL: never */
	} table[] = {
		{{.verb = POP3_QUIT}, NULL},
		{{.verb = POP3_STLS}, "-ERR no\r\n"},
		{{.verb = POP3_AUTH, .arg = "CRAM-MD5"}, "-ERR no\r\n"},
		{{.verb = POP3_AUTH, .arg = "CRAM-MD5"}, "+OK at once\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct pop3 *p = greeted();

		send_verb(p, POP3_NOOP);
		send_command(p, table[i].last);
		check_refused(p, (struct pop3_command){.verb = POP3_NOOP}, ERROR_INTERNAL);
		feed(p, "+OK\r\n");
		next(p, POP3_REPLY);
		check_refused(p, (struct pop3_command){.verb = POP3_NOOP}, ERROR_INTERNAL);
		feed(p, table[i].refusal ? table[i].refusal : "+OK bye\r\n");
		next(p, POP3_REPLY);
		if (table[i].refusal)
			send_verb(p, POP3_NOOP);
		else
			check_refused(p, (struct pop3_command){.verb = POP3_NOOP}, ERROR_INTERNAL);
		pop3_free(p);
	}
}

static void send__waits_for_the_handshake(void **state)
{
	struct pop3 *p = greeted();

	(void)state;
	send_verb(p, POP3_STLS);
	feed(p, "+OK\r\n");
	assert_true(next(p, POP3_REPLY).ok);
	next(p, POP3_NEED_INPUT);
	check_refused(p, (struct pop3_command){.verb = POP3_CAPA}, ERROR_INTERNAL);
	pop3_tls_started(p);
	send_verb(p, POP3_CAPA);
	feed(p, "+OK\r\nSTLS\r\n.\r\n");
	assert_true(next(p, POP3_REPLY).ok);
	assert_true(span_is(next(p, POP3_LINE).text, "STLS"));
	next(p, POP3_END);
	pop3_free(p);
}

static void lines__come_many_at_once_where_that_is_asked_for(void **state)
{
	static const struct {
		const char *in;
		uint64_t ahead;
		const char *events; /* lines many at once in brackets, one by one in parentheses */
	} table[] = {
		{"1 a\r\n2 b\r\n.\r\n", 100, "[1 a~2 b~]."},
		{"1 a\r\n2 b\r\n.\r\n", 10, "[1 a~2 b~]."},
		{"1 a\r\n2 b\r\n.\r\n", 9, "[1 a~](2 b)."},
		{"1 a\r\n2 b\r\n.\r\n", 5, "[1 a~](2 b)."},
		{"1 a\r\n2 b\r\n.\r\n", 4, "(1 a)(2 b)."},
		{"1 a\r\n2 b\r\n.\r\n", 0, "(1 a)(2 b)."},
		{".\r\n", 100, "."},
		{"\r\n\r\n.\r\n", 100, "[~~]."},
		{"1 a\r\n..b\r\n2 c\r\n.\r\n", 100, "[1 a~](.b!)(2 c)."},
		{"1 a\r\n2 b\n3 c\r\n.\r\n", 100, "[1 a~](2 b!)(3 c)."},
		{"1 a\n2 b\r\n.\r\n", 100, "(1 a!)(2 b)."},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct pop3 *p = greeted();
		struct buf events = {NULL, 0, 0};
		struct pop3_event ev;

		send_verb(p, POP3_UIDL);
		feed(p, "+OK\r\n");
		next(p, POP3_REPLY);
		pop3_lines_ahead(p, table[i].ahead);
		feed(p, table[i].in);
		while (pop3_next(p, &ev) != POP3_NEED_INPUT) {
			assert_int_equal(ev.verb, POP3_UIDL);
			assert_int_not_equal(ev.type, POP3_FAILED);
			buf_add_text(&events,
				ev.type == POP3_LINES          ? "["
					: ev.type == POP3_LINE ? "("
							       : ".");
			for (size_t k = 0; k < ev.text.len; k++)
				if (ev.text.data[k] != '\r')
					buf_add(&events,
						ev.text.data[k] == '\n' ? "~" : ev.text.data + k,
						1);
			buf_add_text(&events,
				ev.type == POP3_LINES          ? "]"
					: ev.type != POP3_LINE ? ""
					: ev.plain             ? ")"
							       : "!)");
		}
		assert_string_equal(events.data, table[i].events);
		assert_int_equal(pop3_outstanding(p), 0);
		buf_release(&events);
		pop3_free(p);
	}
}

static void send__keeps_the_login_apart_from_all_else(void **state)
{
	struct error e = {0};
	struct pop3 *p = greeted();

	(void)state;
	assert_false(pop3_respond(p, "x", &e));
	assert_int_equal(e.kind, ERROR_INTERNAL);
	send_command(p, (struct pop3_command){.verb = POP3_AUTH, .arg = "PLAIN", .arg2 = "eA=="});
	assert_false(pop3_respond(p, "x", NULL));
	drop_output(p);
	feed(p, "+ Y2hhbGxlbmdl \r\n");
	assert_true(span_is(next(p, POP3_CHALLENGE).text, "Y2hhbGxlbmdl"));
	check_refused(p, (struct pop3_command){.verb = POP3_NOOP}, ERROR_INTERNAL);
	next(p, POP3_NEED_INPUT);
	assert_false(pop3_respond(p, "a\r\nDELE 1", &e));
	assert_false(pop3_respond(p, "a\n", &e));
	assert_int_equal(pop3_output(p).len, 0);
	assert_true(pop3_respond(p, "", &e));
	assert_false(pop3_respond(p, "again", &e));
	assert_true(span_is(pop3_output(p), "\r\n"));
	drop_output(p);
	feed(p, "+\r\n");
	assert_true(span_is(next(p, POP3_CHALLENGE).text, ""));
	assert_true(pop3_respond(p, "*", &e));
	check_refused(p, (struct pop3_command){.verb = POP3_NOOP}, ERROR_INTERNAL);
	feed(p, "-ERR cancelled\r\n");
	assert_false(next(p, POP3_REPLY).ok);
	send_verb(p, POP3_NOOP);
	pop3_free(p);
}

static void send__answers_a_challenge_at_any_length(void **state)
{
	char *text = letters(100000);
	struct pop3 *p = greeted();
	struct error e;

	(void)state;
	send_command(p, (struct pop3_command){.verb = POP3_AUTH, .arg = "XOAUTH2"});
	drop_output(p);
	feed(p, "+ \r\n");
	next(p, POP3_CHALLENGE);
	assert_true(pop3_respond(p, text, &e));
	assert_int_equal(pop3_output(p).len, 100002);
	free(text);
	pop3_free(p);
}

static void send__loses_no_octet_when_sent_in_pieces(void **state)
{
	struct pop3 *p = greeted();
	struct buf want = {NULL, 0, 0}, got = {NULL, 0, 0};

	(void)state;
	for (uint32_t i = 1; i <= 3000; i++) {
		struct span out;
		size_t n;

		send_command(p, (struct pop3_command){.verb = POP3_RETR, .msg = i});
		buf_printf(&want, "RETR %lu\r\n", (unsigned long)i);
		out = pop3_output(p);
		n = dice((uint32_t)out.len + 1);
		if (dice(20) == 0)
			n = out.len;
		buf_add(&got, out.data, n);
		pop3_sent(p, n);
	}
	buf_add(&got, pop3_output(p).data, pop3_output(p).len);
	drop_output(p);
	assert_int_equal(pop3_output(p).len, 0);
	assert_string_equal(got.data, want.data);
	buf_release(&want);
	buf_release(&got);
	pop3_free(p);
}

/* ---- the queue ---- */

static void queue__matches_5000_answers_to_their_commands(void **state)
{
	enum { N = 5000 };
	struct pop3 *p = greeted();
	struct pop3_event ev;

	(void)state;
	for (uint32_t i = 1; i <= N; i++)
		send_command(
			p, (struct pop3_command){.verb = i % 2 ? POP3_RETR : POP3_DELE, .msg = i});
	assert_int_equal(pop3_outstanding(p), N);
	for (uint32_t i = 1; i <= N; i++) {
		feed(p, i % 7 == 0 ? "-ERR no\r\n" : i % 2 ? "+OK\r\n.\r\n" : "+OK\r\n");
		ev = next(p, POP3_REPLY);
		assert_int_equal(ev.verb, i % 2 ? POP3_RETR : POP3_DELE);
		assert_int_equal(ev.msg, i);
		assert_int_equal(ev.ok, i % 7 != 0);
		if (i % 2 && ev.ok) {
			ev = next(p, POP3_END);
			assert_int_equal(ev.verb, POP3_RETR);
			assert_int_equal(ev.msg, i);
		}
		assert_int_equal(pop3_outstanding(p), N - i);
	}
	next(p, POP3_NEED_INPUT);
	pop3_free(p);
}

static void queue__keeps_its_order_while_it_grows_and_shrinks(void **state)
{
	struct pop3 *p = greeted();
	uint32_t sent = 0, answered = 0;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		for (uint32_t n = dice(40); n; n--)
			send_command(p, (struct pop3_command){.verb = POP3_DELE, .msg = ++sent});
		drop_output(p);
		for (uint32_t n = dice(40); n && answered < sent; n--) {
			feed(p, "+OK\r\n");
			assert_int_equal(next(p, POP3_REPLY).msg, ++answered);
		}
		assert_int_equal(pop3_outstanding(p), sent - answered);
	}
	pop3_free(p);
}

static void queue__is_not_touched_by_what_was_not_asked_for(void **state)
{
	struct pop3 *p = greeted();

	(void)state;
	feed(p, "+OK again\r\n");
	next(p, POP3_FAILED);
	assert_int_equal(pop3_failure(p)->kind, ERROR_PROTOCOL);
	pop3_free(p);
}

/* ---- the input buffer ---- */

static char octet_at(uint64_t i)
{
	return "abcdefghijklmnopqrstuvwxyz012345"[(i ^ i >> 7) & 31];
}

/* Takes the events of a mail and compares its octets with octet_at(); false at its end. */
static bool take_mail(struct pop3 *p, uint64_t *have)
{
	struct pop3_event ev;

	for (;;) {
		switch (pop3_next(p, &ev)) {
		case POP3_BODY:
			for (size_t i = 0; i < ev.text.len; i++)
				assert_int_equal(ev.text.data[i], octet_at((*have)++));
			break;
		case POP3_NEED_INPUT:
			return true;
		case POP3_END:
			return false;
		default:
			fail_msg("event %d: %s", (int)ev.type, pop3_failure(p)->text);
		}
	}
}

static void space__has_room_whenever_events_are_fetched(void **state)
{
	enum { LEN = 3000000 };
	struct pop3 *p = greeted();
	uint64_t sent = 0, have = 0;
	size_t allocated;

	(void)state;
	send_command(p, (struct pop3_command){.verb = POP3_RETR, .msg = 1});
	drop_output(p);
	feed(p, "+OK\r\n");
	next(p, POP3_REPLY);
	allocated = blocks;
	while (sent < LEN) {
		size_t room, n;
		char *to = pop3_space(p, &room);

		assert_true(room > 0);
		n = dice(3) ? room : 1 + dice((uint32_t)room);
		if (n > LEN - sent)
			n = (size_t)(LEN - sent);
		for (size_t i = 0; i < n; i++)
			to[i] = octet_at(sent++);
		pop3_received(p, n);
		/* Now and then more is read before anything is looked at. */
		if (dice(3))
			assert_true(take_mail(p, &have));
		else
			pop3_space(p, &room);
		if (!room)
			assert_true(take_mail(p, &have));
	}
	assert_true(take_mail(p, &have));
	assert_int_equal(have, LEN);
	assert_int_equal(blocks, allocated);
	pop3_free(p);
}

static void space__moves_part_of_a_line_to_the_front_unharmed(void **state)
{
	struct pop3 *p = greeted();
	struct buf line = {NULL, 0, 0}, all = {NULL, 0, 0};
	uint32_t listed = 0;

	(void)state;
	send_verb(p, POP3_UIDL);
	drop_output(p);
	feed(p, "+OK\r\n");
	next(p, POP3_REPLY);
	for (uint32_t i = 0; i < 300; i++) {
		buf_printf(&all, "%lu ", (unsigned long)i);
		for (uint32_t n = 0; n < (i * 997) % (LINE_MAX_OCTETS - 10); n++)
			buf_add(&all, &(char){octet_at(n + i)}, 1);
		buf_add_text(&all, "\r\n");
	}
	for (size_t done = 0; done < all.len;) {
		size_t n = 1 + dice(40000);
		struct pop3_event ev;

		n = n < all.len - done ? n : all.len - done;
		done += pop3_feed(p, all.data + done, n);
		while (pop3_next(p, &ev) == POP3_LINE) {
			buf_clear(&line);
			buf_printf(&line, "%lu ", (unsigned long)listed);
			for (uint32_t k = 0; k < (listed * 997) % (LINE_MAX_OCTETS - 10); k++)
				buf_add(&line, &(char){octet_at(k + listed)}, 1);
			assert_int_equal(ev.text.len, line.len);
			assert_memory_equal(ev.text.data, line.data, line.len);
			listed++;
		}
		assert_int_equal(ev.type, POP3_NEED_INPUT);
	}
	assert_int_equal(listed, 300);
	buf_release(&line);
	buf_release(&all);
	pop3_free(p);
}

static void space__is_given_out_to_its_last_octet(void **state)
{
	struct pop3 *p = greeted();
	uint64_t have = 0, sent = 0;
	size_t room, rounds = 0;
	char *to;

	(void)state;
	send_command(p, (struct pop3_command){.verb = POP3_RETR, .msg = 1});
	feed(p, "+OK\r\n");
	next(p, POP3_REPLY);
	/* Nothing is fetched: the room shrinks to nothing, and is never negative. */
	for (;;) {
		to = pop3_space(p, &room);
		if (!room)
			break;
		*to = octet_at(sent++);
		pop3_received(p, 1);
		rounds++;
	}
	assert_true(rounds >= 64 * 1024);
	assert_int_equal(pop3_feed(p, "x", 1), 0);
	assert_true(take_mail(p, &have));
	assert_int_equal(have, sent);
	pop3_space(p, &room);
	assert_true(room >= 64 * 1024);
	pop3_free(p);
}

/* ---- limits ---- */

/* Feeds n letters and the end of a line; the last event. */
static enum pop3_event_type feed_line(struct pop3 *p, const char *start, size_t n, const char *end)
{
	char *text = letters(n);
	struct pop3_event ev = {.type = POP3_NEED_INPUT};
	size_t done = 0;

	memcpy(text, start, strlen(start));
	while (done < n) {
		done += pop3_feed(p, text + done, n - done);
		if (done < n && pop3_next(p, &ev) != POP3_NEED_INPUT)
			break;
	}
	free(text);
	/* The end in two pieces: a CR may be part of it or not. */
	while (ev.type == POP3_NEED_INPUT && *end) {
		feed(p, (char[]){*end++, '\0'});
		if (pop3_next(p, &ev) == POP3_FAILED)
			assert_int_equal(pop3_failure(p)->kind, ERROR_PROTOCOL);
	}
	return ev.type;
}

static void limits__hold_for_every_kind_of_line(void **state)
{
	static const struct {
		struct pop3_command command;
		const char *before, *start;
		enum pop3_event_type type;
	} table[] = {
		{{.verb = POP3_NOOP}, "", "+OK ", POP3_REPLY},
		{{.verb = POP3_UIDL}, "+OK\r\n", "1 ", POP3_LINE},
		{{.verb = POP3_CAPA}, "+OK\r\n", "X ", POP3_LINE},
		{{.verb = POP3_AUTH, .arg = "XOAUTH2"}, "", "+ ", POP3_CHALLENGE},
	};
	static const char *const ends[] = {"\r\n", "\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		for (size_t over = 0; over < 3; over++)
			for (size_t end = 0; end < COUNT(ends) + (over > 1); end++) {
				size_t len = LINE_MAX_OCTETS + (over < 2 ? over : 1000000);
				struct pop3 *p = greeted();

				send_command(p, table[i].command);
				feed(p, table[i].before);
				if (table[i].before[0])
					next(p, POP3_REPLY);
				assert_int_equal(feed_line(p, table[i].start, len,
							 end < COUNT(ends) ? ends[end] : ""),
					over ? POP3_FAILED : table[i].type);
				pop3_free(p);
			}
}

static void limits__end_an_endless_answer_to_capa(void **state)
{
	struct pop3 *p = greeted();

	(void)state;
	send_verb(p, POP3_CAPA);
	feed(p, "+OK\r\n");
	next(p, POP3_REPLY);
	for (int i = 0; i < CAPA_MAX; i++) {
		feed(p, "X-MORE\r\n");
		next(p, POP3_LINE);
	}
	feed(p, "X-MORE\r\n");
	next(p, POP3_FAILED);
	assert_int_equal(pop3_failure(p)->kind, ERROR_PROTOCOL);
	assert_non_null(strstr(pop3_failure(p)->text, "CAPA"));
	pop3_free(p);
}

static void limits__count_each_listing_anew(void **state)
{
	struct pop3 *p = greeted();

	(void)state;
	for (int round = 0; round < 5; round++) {
		send_verb(p, POP3_CAPA);
		feed(p, "+OK\r\n");
		next(p, POP3_REPLY);
		for (int i = 0; i < CAPA_MAX; i++) {
			feed(p, "X-MORE\r\n");
			next(p, POP3_LINE);
		}
		feed(p, ".\r\n");
		next(p, POP3_END);
	}
	pop3_free(p);
}

static void limits__let_memory_stay_as_it_is_while_a_listing_goes_on(void **state)
{
	struct pop3 *p = greeted();
	struct pop3_event ev;
	size_t allocated, lines = 0;

	(void)state;
	send_verb(p, POP3_LIST);
	feed(p, "+OK\r\n");
	next(p, POP3_REPLY);
	allocated = blocks;
	for (int i = 0; i < 200000; i++) {
		feed(p, "1 1\r\n");
		if (i % 1000 == 999)
			while (pop3_next(p, &ev) == POP3_LINE)
				lines++;
	}
	assert_int_equal(lines, 200000);
	assert_int_equal(blocks, allocated);
	pop3_free(p);
}

/* ---- failure and the end ---- */

static void failure__stays(void **state)
{
	struct pop3 *p = greeted();
	struct error e = {0}, first;
	struct pop3_command noop = {.verb = POP3_NOOP};

	(void)state;
	send_verb(p, POP3_NOOP);
	send_verb(p, POP3_NOOP);
	feed(p, "HTTP/1.1 400\r\n+OK\r\n+OK\r\n");
	next(p, POP3_FAILED);
	first = *pop3_failure(p);
	assert_int_equal(first.kind, ERROR_PROTOCOL);
	assert_non_null(strstr(first.why, "HTTP/1.1 400"));
	feed(p, "+OK\r\n");
	for (int i = 0; i < 3; i++)
		next(p, POP3_FAILED);
	pop3_eof(p);
	next(p, POP3_FAILED);
	assert_false(pop3_send(p, &noop, &e));
	assert_memory_equal(&e, &first, sizeof(e));
	memset(&e, 0, sizeof(e));
	assert_false(pop3_respond(p, "x", &e));
	assert_memory_equal(&e, &first, sizeof(e));
	pop3_tls_started(p);
	next(p, POP3_FAILED);
	pop3_free(p);
}

static void failure__quotes_no_secret(void **state)
{
	struct hide hide = {NULL, 0};
	struct pop3_event ev;

	(void)state;
	hide_add(&hide, secret);
	/* Wherever it stands: in front of, across and behind the end of what is quoted. */
	for (int before = 0; before < 60; before++) {
		struct pop3 *p = greeted();
		char line[100];

		pop3_hide(p, &hide);
		send_verb(p, POP3_CAPA);
		snprintf(line, sizeof(line), "%.*s%s\r\n", before,
			"...........................................................", secret);
		feed(p, line);
		assert_int_equal(pop3_next(p, &ev), POP3_FAILED);
		assert_null(strstr(pop3_failure(p)->why, "open"));
		if (before < 40)
			assert_non_null(strstr(pop3_failure(p)->why, "<hidden>"));
		pop3_free(p);
	}
	hide_release(&hide);
}

static void end__is_a_failure_only_while_something_is_outstanding(void **state)
{
	static const struct {
		struct pop3_command command;
		const char *input;
		enum pop3_event_type last;
		enum error_kind kind;
		const char *words;
	} table[] = {
		{{.verb = POP3_NOOP}, "+OK\r\n", POP3_NEED_INPUT, ERROR_NONE, ""},
		{{.verb = POP3_QUIT}, "+OK\r\n", POP3_NEED_INPUT, ERROR_NONE, ""},
		{{.verb = POP3_RETR, .msg = 3}, "+OK\r\nx\r\n.\r\n", POP3_NEED_INPUT, ERROR_NONE,
			""},
		{{.verb = POP3_NOOP}, "", POP3_FAILED, ERROR_NETWORK, "before its answer to NOOP"},
		{{.verb = POP3_NOOP}, "+OK", POP3_FAILED, ERROR_NETWORK,
			"before its answer to NOOP"},
		{{.verb = POP3_RETR, .msg = 3}, "", POP3_FAILED, ERROR_NETWORK, "answer to RETR 3"},
		{{.verb = POP3_RETR, .msg = 3}, "+OK\r\nx", POP3_FAILED, ERROR_NETWORK,
			"in the middle of message 3"},
		{{.verb = POP3_RETR, .msg = 3}, "+OK\r\nx\r\n.\r", POP3_FAILED, ERROR_NETWORK,
			"in the middle of message 3"},
		{{.verb = POP3_UIDL}, "+OK\r\n1 x\r\n", POP3_FAILED, ERROR_NETWORK,
			"in the middle of its answer to UIDL"},
		{{.verb = POP3_AUTH, .arg = "LOGIN"}, "+ eA==\r\n", POP3_FAILED, ERROR_NETWORK,
			"before its answer to AUTH"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct pop3 *p = greeted();
		struct pop3_event ev;

		send_command(p, table[i].command);
		feed(p, table[i].input);
		pop3_eof(p);
		do
			assert_true(pop3_next(p, &ev) <= POP3_FAILED);
		while (ev.type != POP3_NEED_INPUT && ev.type != POP3_FAILED);
		assert_int_equal(ev.type, table[i].last);
		assert_int_equal(pop3_failure(p)->kind, table[i].kind);
		assert_non_null(strstr(pop3_failure(p)->text, table[i].words));
		pop3_free(p);
	}
	pop3_free(NULL);
}

/* ---- secrets ---- */

static void secret__is_overwritten_once_it_is_sent(void **state)
{
	struct pop3 *p = greeted();
	struct span out;

	(void)state;
	send_command(p, (struct pop3_command){.verb = POP3_PASS, .arg = secret});
	send_verb(p, POP3_NOOP);
	out = pop3_output(p);
	pop3_sent(p, 10);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(out.data[i], 0);
	assert_true(span_is(pop3_output(p), "sesame-4711\r\nNOOP\r\n"));
	drop_output(p);
	for (size_t i = 0; i < out.len; i++)
		assert_int_equal(out.data[i], 0);
	pop3_free(p);
}

static void secret__is_in_no_block_that_is_freed(void **state)
{
	struct pop3 *p = greeted();

	(void)state;
	secrets_freed = 0;
	looking = true;
	send_command(p, (struct pop3_command){.verb = POP3_PASS, .arg = secret});
	/* The output grows many times with the password at its front, unsent; then all is thrown
	 * away. */
	for (uint32_t i = 1; i < 3000; i++)
		send_command(p, (struct pop3_command){.verb = POP3_RETR, .msg = i});
	pop3_free(p);
	p = greeted();
	send_command(p, (struct pop3_command){.verb = POP3_AUTH, .arg = "LOGIN"});
	feed(p, "+ \r\n");
	next(p, POP3_CHALLENGE);
	assert_true(pop3_respond(p, secret, &(struct error){0}));
	drop_output(p);
	feed(p, "-ERR\r\n");
	next(p, POP3_REPLY);
	pop3_free(p);
	assert_int_equal(secrets_freed, 0);
	/* The trap itself works. */
	free(xstrdup(secret));
	looking = false;
	assert_int_equal(secrets_freed, 1);
}

static void secret__is_not_in_an_error(void **state)
{
	struct pop3 *p = greeted();
	struct error e = {0};
	char *text = letters(300);

	(void)state;
	memcpy(text, secret, sizeof(secret) - 1);
	assert_false(pop3_send(p, &(struct pop3_command){.verb = POP3_PASS, .arg = text}, &e));
	assert_null(strstr(e.text, secret));
	text[100] = '\n';
	assert_false(pop3_send(p, &(struct pop3_command){.verb = POP3_PASS, .arg = text}, &e));
	assert_null(strstr(e.text, secret));
	free(text);
	pop3_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(send__writes_each_command),
		cmocka_unit_test(send__refuses_line_breaks_in_any_argument),
		cmocka_unit_test(send__takes_lines_up_to_their_limit),
		cmocka_unit_test(send__lets_nothing_follow_what_must_stand_last),
		cmocka_unit_test(send__waits_for_the_handshake),
		cmocka_unit_test(send__keeps_the_login_apart_from_all_else),
		cmocka_unit_test(send__answers_a_challenge_at_any_length),
		cmocka_unit_test(send__loses_no_octet_when_sent_in_pieces),
		cmocka_unit_test(queue__matches_5000_answers_to_their_commands),
		cmocka_unit_test(queue__keeps_its_order_while_it_grows_and_shrinks),
		cmocka_unit_test(queue__is_not_touched_by_what_was_not_asked_for),
		cmocka_unit_test(space__has_room_whenever_events_are_fetched),
		cmocka_unit_test(space__moves_part_of_a_line_to_the_front_unharmed),
		cmocka_unit_test(space__is_given_out_to_its_last_octet),
		cmocka_unit_test(limits__hold_for_every_kind_of_line),
		cmocka_unit_test(limits__end_an_endless_answer_to_capa),
		cmocka_unit_test(limits__count_each_listing_anew),
		cmocka_unit_test(limits__let_memory_stay_as_it_is_while_a_listing_goes_on),
		cmocka_unit_test(failure__stays),
		cmocka_unit_test(failure__quotes_no_secret),
		cmocka_unit_test(end__is_a_failure_only_while_something_is_outstanding),
		cmocka_unit_test(lines__come_many_at_once_where_that_is_asked_for),
		cmocka_unit_test(secret__is_overwritten_once_it_is_sent),
		cmocka_unit_test(secret__is_in_no_block_that_is_freed),
		cmocka_unit_test(secret__is_not_in_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
