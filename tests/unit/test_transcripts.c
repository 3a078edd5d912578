/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Plays all files of tests/transcripts against the engine: whole, octet by octet, and cut at every place. A file's
 * first line says what it proves. Then, in order:
 *
 *   > RETR 3         a command is queued (a response to a challenge: > + TEXT; the handshake: > tls)
 *   C: RETR 3        what must go out for it
 *   S: +OK           what the server sends, with CRLF behind it; S~ is the same without
 *   S! close         the server closes
 *   E: REPLY RETR 3 ok OTHER [text]    the event that must come; bodies are merged into one
 *
 * Escapes in S and E: \r \n \0 \\ \xNN, and \*N(X) for N times X.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/parse.h"
#include "pop3/pop3.h"

static int hex(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

static void unescape(const char *p, struct buf *out)
{
	for (; *p; p++) {
		if (*p != '\\') {
			buf_add(out, p, 1);
		} else if (p[1] == 'x') {
			char c = (char)(hex(p[2]) * 16 + hex(p[3]));

			buf_add(out, &c, 1);
			p += 3;
		} else if (p[1] == '*') {
			char *open = strchr(p, '('), *close = strchr(p, ')');
			uint32_t n = 0;

			assert_non_null(open);
			assert_non_null(close);
			assert_true(parse_u32((struct span){p + 2, (size_t)(open - p) - 2}, 1 << 24, &n));
			while (n--)
				buf_add(out, open + 1, (size_t)(close - open) - 1);
			p = close;
		} else {
			char c = p[1] == 'r' ? '\r' : p[1] == 'n' ? '\n' : p[1] == '0' ? '\0' : p[1];

			buf_add(out, &c, 1);
			p++;
		}
	}
}

/* The player: an engine, the events so far as text, and how the input is cut. */
struct player {
	struct pop3 *engine;
	struct buf events;
	struct buf body; /* merged so far */
	size_t cut;      /* 0: whole; 1: octet by octet; n: one cut behind n - 2 octets of each block */
	size_t longest;  /* block seen */
};

static const char *const code_names[] = {"-", "IN-USE", "LOGIN-DELAY", "SYS/TEMP", "SYS/PERM", "AUTH",
	"UTF8", "OTHER"};

static void flush_body(struct player *p)
{
	if (!p->body.data)
		return;
	buf_add_text(&p->events, "BODY ");
	buf_add(&p->events, p->body.data, p->body.len);
	buf_add_text(&p->events, "\n");
	buf_release(&p->body);
}

/* True when the engine wants input. */
static bool take_event(struct player *p)
{
	struct pop3_event ev;
	enum pop3_event_type type = pop3_next(p->engine, &ev);

	if (type == POP3_BODY) {
		buf_add(&p->body, ev.text.data, ev.text.len);
		return false;
	}
	if (type == POP3_NEED_INPUT)
		return true;
	flush_body(p);
	switch (type) {
	case POP3_REPLY:
		buf_printf(&p->events, "REPLY %s %lu %s %s [", pop3_verb_name(ev.verb),
			(unsigned long)ev.msg, ev.ok ? "ok" : "err", code_names[ev.code]);
		buf_add(&p->events, ev.text.data, ev.text.len);
		buf_add_text(&p->events, "]\n");
		return false;
	case POP3_CHALLENGE:
	case POP3_LINE:
		buf_add_text(&p->events, type == POP3_LINE ? "LINE [" : "CHALLENGE [");
		buf_add(&p->events, ev.text.data, ev.text.len);
		buf_add_text(&p->events, "]\n");
		return false;
	case POP3_END:
		buf_printf(&p->events, "END %s\n", pop3_verb_name(ev.verb));
		return false;
	default:
		/* Sticky: told once here, checked again at the end. */
		if (p->events.len < 7 || !strstr(p->events.data, "FAILED"))
			buf_printf(&p->events, "FAILED %s: %s\n",
				error_name(pop3_failure(p->engine)->kind),
				pop3_failure(p->engine)->text);
		return true;
	}
}

/* Input in a fresh block of exactly its size, so that a sanitizer sees one octet too many. */
static void feed(struct player *p, const char *data, size_t len)
{
	char *exact = malloc(len ? len : 1);
	size_t done = 0;

	if (len)
		memcpy(exact, data, len);
	while (done < len) {
		done += pop3_feed(p->engine, exact + done, len - done);
		while (!take_event(p))
			;
	}
	free(exact);
}

static void feed_cut(struct player *p, const struct buf *block)
{
	size_t at = p->cut >= 2 && p->cut - 2 < block->len ? p->cut - 2 : 0;

	if (block->len > p->longest)
		p->longest = block->len;
	if (p->cut == 1) {
		for (size_t i = 0; i < block->len; i++)
			feed(p, block->data + i, 1);
		return;
	}
	feed(p, block->data, at);
	feed(p, block->data + at, block->len - at);
}

static void queue(struct player *p, char *line)
{
	char *save = NULL, *words[4] = {NULL};
	struct pop3_command c = {.verb = POP3_VERBS};
	struct error e = {0};
	size_t n = 0;

	if (strcmp(line, "tls") == 0) {
		pop3_tls_started(p->engine);
		return;
	}
	if (line[0] == '+') {
		if (!pop3_respond(p->engine, line[1] ? line + 2 : "", &e))
			buf_printf(&p->events, "REFUSED %s\n", error_name(e.kind));
		return;
	}
	for (char *word = strtok_r(line, " ", &save); word && n < 4; word = strtok_r(NULL, " ", &save))
		words[n++] = word;
	for (int v = POP3_CAPA; v < POP3_VERBS; v++)
		if (strcmp(words[0], pop3_verb_name((enum pop3_verb)v)) == 0)
			c.verb = (enum pop3_verb)v;
	assert_int_not_equal(c.verb, POP3_VERBS);
	if (c.verb >= POP3_USER && c.verb <= POP3_AUTH) {
		c.arg = words[1];
		c.arg2 = words[2];
	} else if (words[1]) {
		assert_true(parse_u32(span_of(words[1]), UINT32_MAX, &c.msg));
		if (words[2])
			assert_true(parse_u32(span_of(words[2]), UINT32_MAX, &c.lines));
	}
	if (!pop3_send(p->engine, &c, &e))
		buf_printf(&p->events, "REFUSED %s\n", error_name(e.kind));
}

static void check_sent(struct player *p, const char *name, const char *expected)
{
	struct span out = pop3_output(p->engine);
	struct buf want = {NULL, 0, 0};

	unescape(expected, &want);
	buf_add_text(&want, "\r\n");
	if (out.len < want.len || memcmp(out.data, want.data, want.len) != 0)
		fail_msg("%s: sent \"%.*s\" where \"%s\" was due", name, (int)out.len, out.data, expected);
	pop3_sent(p->engine, want.len);
	buf_release(&want);
}

/* One pass over a file; returns the length of the longest block of server text. */
static size_t play(const char *name, const char *text, size_t cut)
{
	struct player p = {.engine = pop3_new(), .cut = cut};
	struct buf expected = {NULL, 0, 0}, block = {NULL, 0, 0};
	char *copy = xstrdup(text), *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		bool server = strncmp(line, "S: ", 3) == 0 || strncmp(line, "S~ ", 3) == 0;

		if (!server && strncmp(line, "E: ", 3) != 0) {
			feed_cut(&p, &block);
			buf_clear(&block);
		}
		if (server) {
			unescape(line + 3, &block);
			if (line[1] == ':')
				buf_add_text(&block, "\r\n");
		} else if (strncmp(line, "E: ", 3) == 0) {
			unescape(line + 3, &expected);
			buf_add_text(&expected, "\n");
		} else if (strncmp(line, "> ", 2) == 0) {
			queue(&p, line + 2);
		} else if (strncmp(line, "C: ", 3) == 0) {
			check_sent(&p, name, line + 3);
		} else if (strncmp(line, "S! close", 8) == 0) {
			pop3_eof(p.engine);
			while (!take_event(&p))
				;
		} else if (line[0] != '#') {
			fail_msg("%s: cannot read \"%s\"", name, line);
		}
	}
	feed_cut(&p, &block);
	flush_body(&p);
	buf_add(&p.events, "", 0);
	buf_add(&expected, "", 0);
	if (p.events.len != expected.len || memcmp(p.events.data, expected.data, expected.len) != 0)
		fail_msg("%s (cut %zu):\n--- came\n%s--- was due\n%s", name, cut, p.events.data,
			expected.data);
	pop3_free(p.engine);
	buf_release(&p.events);
	buf_release(&expected);
	buf_release(&block);
	free(copy);
	return p.longest;
}

static void play_file(const char *folder, const char *name)
{
	char *path = xasprintf("%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	struct buf text = {NULL, 0, 0};
	char chunk[4096];
	size_t n, longest;

	assert_non_null(file);
	while ((n = fread(chunk, 1, sizeof(chunk), file)))
		buf_add(&text, chunk, n);
	fclose(file);
	assert_true(text.len && text.data[0] == '#');
	longest = play(name, text.data, 0);
	play(name, text.data, 1);
	/* Long blocks are cut near their ends only: the middle is the same thing over and over. */
	for (size_t at = 1; at < longest; at++)
		if (longest < 2000 || at < 50 || longest - at < 50)
			play(name, text.data, at + 2);
	buf_release(&text);
	free(path);
}

static void transcripts__give_the_same_events_at_every_cut(void **state)
{
	const char *folder = getenv("TRANSCRIPTS");
	struct dirent *entry;
	size_t played = 0;
	DIR *dir;

	(void)state;
	assert_non_null(folder);
	dir = opendir(folder);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (len < 6 || strcmp(entry->d_name + len - 5, ".pop3") != 0)
			continue;
		play_file(folder, entry->d_name);
		played++;
	}
	closedir(dir);
	print_message("%zu transcripts\n", played);
	assert_true(played >= 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transcripts__give_the_same_events_at_every_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
