/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: whatever the server sends, the events are the same however it is cut, come in the
 * order of the commands, and end with a failure that stays or with nothing outstanding. */
/*
 * Up to the first NUL each octet of the input queues a command, its verb by the octet modulo their
 * number; behind it stands all that the server sends. A challenge is answered. A handshake is never
 * made, for what may come before it is a matter of time, not of the octets. It is played whole,
 * octet by octet, and in pieces; and with lines of listings one by one, or many at once.
 */
#include <stdio.h>

#include "fuzz.h"
#include "pop3/pop3.h"

enum { COMMANDS_MAX = 40 };

struct player {
	struct pop3 *engine;
	struct buf events;
	bool in_body;
	uint64_t lines_ahead;
	size_t sent, answered; /* commands */
	enum pop3_verb verbs[COMMANDS_MAX + 1];
};

static void queue_commands(struct player *p, const uint8_t *data, size_t len)
{
	p->verbs[p->sent++] = POP3_GREETING;
	for (size_t i = 0; i < len && p->sent <= COMMANDS_MAX; i++) {
		struct pop3_command c = {.verb = (enum pop3_verb)(1 + data[i] % (POP3_VERBS - 1))};

		if (c.verb >= POP3_USER && c.verb <= POP3_AUTH)
			c.arg = "name";
		if (c.verb == POP3_AUTH && data[i] >= 0x80)
			c.arg2 = "eA==";
		if (c.verb >= POP3_LIST && c.verb <= POP3_DELE)
			c.msg = data[i] / POP3_VERBS;
		if (pop3_send(p->engine, &c, NULL))
			p->verbs[p->sent++] = c.verb;
	}
	CHECK(pop3_outstanding(p->engine) == p->sent);
}

static void note(struct player *p, const struct pop3_event *ev);

/* As if they had come one by one. */
static void note_lines(struct player *p, const struct pop3_event *ev)
{
	struct span rest = ev->text;

	CHECK(rest.len);
	while (rest.len) {
		struct pop3_event one = {.type = POP3_LINE, .verb = ev->verb, .plain = true};
		const char *lf = memchr(rest.data, '\n', rest.len);

		CHECK(lf && lf > rest.data && lf[-1] == '\r' && rest.data[0] != '.');
		one.text = (struct span){rest.data, (size_t)(lf - rest.data) - 1};
		note(p, &one);
		rest.len -= one.text.len + 2;
		rest.data = lf + 1;
	}
}

static void note(struct player *p, const struct pop3_event *ev)
{
	if (ev->type == POP3_LINES) {
		note_lines(p, ev);
		return;
	}
	if (ev->type == POP3_BODY) {
		CHECK(ev->text.len > 0);
		if (!p->in_body)
			buf_add_text(&p->events, "body ");
		p->in_body = true;
	} else {
		buf_printf(&p->events, "\n%d %d %lu %d %d %d ", (int)ev->type, (int)ev->verb,
			(unsigned long)ev->msg, ev->ok, ev->plain, (int)ev->code);
		p->in_body = false;
	}
	buf_add(&p->events, ev->text.data, ev->text.len);
}

/* Every reply belongs to the command whose turn it is. */
static void check_order(struct player *p, const struct pop3_event *ev)
{
	if (ev->type == POP3_FAILED)
		return;
	CHECK(p->answered < p->sent || ev->type == POP3_LINE || ev->type == POP3_LINES ||
		ev->type == POP3_BODY || ev->type == POP3_END);
	if (ev->type == POP3_REPLY)
		CHECK(ev->verb == p->verbs[p->answered++]);
	else if (ev->type == POP3_CHALLENGE)
		CHECK(ev->verb == POP3_AUTH && ev->verb == p->verbs[p->answered]);
	else
		CHECK(ev->verb == p->verbs[p->answered - 1]);
}

static void take_events(struct player *p)
{
	struct pop3_event ev;
	enum pop3_event_type type;

	while ((type = pop3_next(p->engine, &ev)) != POP3_NEED_INPUT && type != POP3_FAILED) {
		CHECK(ev.type == type);
		check_order(p, &ev);
		note(p, &ev);
		if (type == POP3_REPLY)
			pop3_lines_ahead(p->engine, p->lines_ahead);
		if (type == POP3_CHALLENGE)
			CHECK(pop3_respond(p->engine, "eA==", NULL));
		pop3_sent(p->engine, pop3_output(p->engine).len / 2);
	}
	if (type == POP3_FAILED) {
		const struct error *why = pop3_failure(p->engine);

		CHECK(why->kind == ERROR_PROTOCOL || why->kind == ERROR_NETWORK);
		CHECK(why->text[0]);
		CHECK(!pop3_send(p->engine, &(struct pop3_command){.verb = POP3_NOOP}, NULL));
	}
}

static void give(struct player *p, const uint8_t *data, size_t len)
{
	while (len) {
		char *exact = exact_copy((struct span){(const char *)data, len});
		size_t n = pop3_feed(p->engine, exact, len);
		free(exact);
		take_events(p);
		/* Full for good only once it has failed. */
		CHECK(n || pop3_failure(p->engine)->kind);
		if (!n)
			return;
		data += n;
		len -= n;
	}
}

static void play(const uint8_t *data, size_t len, unsigned cut, struct buf *events)
{
	const uint8_t *nul = memchr(data, '\0', len);
	size_t commands = nul ? (size_t)(nul - data) : 0, start = nul ? commands + 1 : 0;
	struct player p = {.engine = pop3_new(), .lines_ahead = cut * 25};
	const struct error *why;

	queue_commands(&p, data, commands);
	for (size_t done = start, n; done < len; done += n) {
		n = next_piece(&cut, len - done);
		give(&p, data + done, n);
	}
	pop3_eof(p.engine);
	take_events(&p);
	why = pop3_failure(p.engine);
	CHECK(why->kind || pop3_outstanding(p.engine) == 0);
	/* The quotation in a failure may hold as much as had come by then. */
	buf_printf(&p.events, "\n%d %s", (int)why->kind, why->text);
	pop3_free(p.engine);
	*events = p.events;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf whole, cut;

	play(data, len, 0, &whole);
	for (unsigned i = 1; i < 4; i++) {
		play(data, len, i, &cut);
		CHECK(span_equal(buf_span(&whole), buf_span(&cut)));
		buf_release(&cut);
	}
	buf_release(&whole);
	return 0;
}
