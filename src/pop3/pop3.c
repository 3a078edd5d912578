/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client engine. What the server sends is judged line by line before anyone looks at it: a
 * status line for the oldest command that has none yet, then, where that command has a listing or a
 * mail, its lines or octets up to the lone dot. One fixed input buffer, a queue of outstanding
 * commands, and a failure that stays: after the first octet that does not fit nothing more is
 * believed.
 */
#include "pop3/pop3.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "pop3/reply.h"
#include "pop3/wire.h"

enum {
	INPUT_ROOM = 128 * 1024,
	LINE_MAX_OCTETS = 16 * 1024, /* OAuth challenges pass the 512 of RFC 2449 s.4 */
	COMMAND_MAX = 255,           /* RFC 2449 s.4, CRLF included */
	LISTING_MAX = 20 * 1000 * 1000,
	CAPA_MAX = 1000,
};

static const struct {
	const char *name;
	bool listing; /* +OK is followed by lines when no message is named */
	bool mail;    /* +OK is followed by a mail */
	uint32_t lines_max;
} verbs[POP3_VERBS] = {
	[POP3_GREETING] = {N_("the greeting"), false, false, 0},
	[POP3_CAPA] = {"CAPA", true, false, CAPA_MAX},
	[POP3_STLS] = {"STLS", false, false, 0},
	[POP3_USER] = {"USER", false, false, 0},
	[POP3_PASS] = {"PASS", false, false, 0},
	[POP3_APOP] = {"APOP", false, false, 0},
	[POP3_AUTH] = {"AUTH", false, false, 0},
	[POP3_UTF8] = {"UTF8", false, false, 0},
	[POP3_STAT] = {"STAT", false, false, 0},
	[POP3_LIST] = {"LIST", true, false, LISTING_MAX},
	[POP3_UIDL] = {"UIDL", true, false, LISTING_MAX},
	[POP3_TOP] = {"TOP", false, true, 0},
	[POP3_RETR] = {"RETR", false, true, 0},
	[POP3_DELE] = {"DELE", false, false, 0},
	[POP3_NOOP] = {"NOOP", false, false, 0},
	[POP3_RSET] = {"RSET", false, false, 0},
	[POP3_QUIT] = {"QUIT", false, false, 0},
};

enum phase {
	PHASE_STATUS,   /* a status line is next */
	PHASE_LISTING,  /* lines up to the lone dot */
	PHASE_MAIL,     /* octets up to the lone dot */
	PHASE_RESPONSE, /* the server waits for pop3_respond() */
	PHASE_TLS,      /* the server waits for the handshake */
};

struct outstanding {
	enum pop3_verb verb;
	uint32_t msg;
};

struct pop3 {
	enum phase phase;
	struct error failure;
	bool eof;
	bool closing; /* STLS, QUIT or an AUTH without initial response is queued: nothing may
			 follow */
	char *in;
	size_t in_start, in_end;
	size_t searched; /* octets behind in_start known to hold no LF */
	struct buf out;
	size_t out_start;
	struct outstanding *queue; /* a ring */
	size_t queue_first, queue_len, queue_room;
	uint32_t lines;       /* of the listing so far */
	uint64_t lines_ahead; /* octets of it that may come as POP3_LINES */
	struct wire_body body;
	const struct hide *hide; /* NULL: nothing */
};

const char *pop3_verb_name(enum pop3_verb verb)
{
	assert(verb < POP3_VERBS);
	return verbs[verb].name;
}

static void enqueue(struct pop3 *p, enum pop3_verb verb, uint32_t msg)
{
	if (p->queue_len == p->queue_room) {
		size_t room = p->queue_room ? p->queue_room * 2 : 16;
		struct outstanding *bigger = xcalloc(room, sizeof(*bigger));

		for (size_t i = 0; i < p->queue_len; i++)
			bigger[i] = p->queue[(p->queue_first + i) % p->queue_room];
		free(p->queue);
		p->queue = bigger;
		p->queue_room = room;
		p->queue_first = 0;
	}
	p->queue[(p->queue_first + p->queue_len++) % p->queue_room] = (struct outstanding){
		verb, msg};
}

static struct outstanding oldest(const struct pop3 *p)
{
	assert(p->queue_len);
	return p->queue[p->queue_first];
}

static void finish_oldest(struct pop3 *p)
{
	p->queue_first = (p->queue_first + 1) % p->queue_room;
	p->queue_len--;
	p->phase = PHASE_STATUS;
}

struct pop3 *pop3_new(void)
{
	struct pop3 *p = xcalloc(1, sizeof(*p));

	p->in = xmalloc(INPUT_ROOM);
	enqueue(p, POP3_GREETING, 0);
	return p;
}

void pop3_hide(struct pop3 *p, const struct hide *hide)
{
	p->hide = hide;
}

void pop3_free(struct pop3 *p)
{
	if (!p)
		return;
	buf_wipe(&p->out);
	free(p->queue);
	free(p->in);
	free(p);
}

size_t pop3_outstanding(const struct pop3 *p)
{
	return p->queue_len;
}

size_t pop3_unread(const struct pop3 *p)
{
	return p->in_end - p->in_start;
}

const struct error *pop3_failure(const struct pop3 *p)
{
	return &p->failure;
}

/* ---- failing ---- */

static enum pop3_event_type fail(struct pop3 *p, struct pop3_event *ev)
{
	assert(p->failure.kind);
	*ev = (struct pop3_event){.type = POP3_FAILED};
	return POP3_FAILED;
}

/* "RETR 3", "the greeting", as it stands in a sentence about the oldest answer that is missing. */
struct asked {
	char text[60];
};
static struct asked asked(const struct pop3 *p)
{
	struct asked what;
	struct outstanding o;

	if (!p->queue_len) {
		snprintf(what.text, sizeof(what.text), "%s", _("nothing"));
		return what;
	}
	o = oldest(p);
	if (o.msg)
		snprintf(what.text, sizeof(what.text), "%s %lu", verbs[o.verb].name,
			(unsigned long)o.msg);
	else
		snprintf(what.text, sizeof(what.text), "%s", i18n_text(verbs[o.verb].name));
	return what;
}

/* Answers that do not fit: the words, set before, tell what was expected; what came is quoted. */
static enum pop3_event_type fail_line(struct pop3 *p, struct pop3_event *ev, struct span line)
{
	struct buf room = {NULL, 0, 0};

	line = hide_in(p->hide, line, &room);
	error_why(&p->failure, "\"%s\"",
		safe((struct span){line.data, line.len > 50 ? 50 : line.len}).text);
	buf_release(&room);
	return fail(p, ev);
}

/* The kind of the failure must not hang on how much of it has come by now. */
static enum pop3_event_type fail_unasked(struct pop3 *p, struct pop3_event *ev)
{
	error_set(&p->failure, ERROR_PROTOCOL,
		"the server sent what was not asked for; expected %s", asked(p).text);
	return fail_line(p, ev, (struct span){p->in + p->in_start, p->in_end - p->in_start});
}

/* ---- sending ---- */

static bool argument_is_clean(const char *arg)
{
	return !arg || !strpbrk(arg, "\r\n");
}

/* Grows by hand: what buf_reserve() would leave behind in freed memory may be a password. */
static void out_reserve(struct pop3 *p, size_t more)
{
	struct buf bigger = {NULL, 0, 0};

	if (p->out.len + more < p->out.room)
		return;
	buf_reserve(&bigger, (p->out.len + more) * 2);
	buf_add(&bigger, p->out.data, p->out.len);
	buf_wipe(&p->out);
	p->out = bigger;
}

/* Up to here is room for a text, a blank and a number. */
enum { LINE_ROOM = COMMAND_MAX + 2 * (1 + TEXT_NUMBER_MAX) + 3 };

/* text behind a blank; the line is too long when there is no room for it. */
static size_t put_text(char *line, size_t n, const char *text)
{
	size_t len = strlen(text);

	if (n > COMMAND_MAX || len + 1 > COMMAND_MAX - n)
		return COMMAND_MAX + 1;
	line[n++] = ' ';
	return (size_t)(stpcpy(line + n, text) - line);
}

static size_t put_number(char *line, size_t n, uint32_t number)
{
	if (n > COMMAND_MAX)
		return n;
	line[n++] = ' ';
	return (size_t)(text_put_number(line + n, number, 1) - line);
}

/* Its length, which may pass COMMAND_MAX: then it is not whole. */
static size_t format_command(const struct pop3_command *c, char line[LINE_ROOM])
{
	size_t n = (size_t)(stpcpy(line, verbs[c->verb].name) - line);

	if (c->arg)
		n = put_text(line, n, c->arg);
	if (c->arg2)
		n = put_text(line, n, c->arg2);
	if (c->msg)
		n = put_number(line, n, c->msg);
	if (c->verb == POP3_TOP)
		n = put_number(line, n, c->lines);
	return (size_t)(stpcpy(line + n, "\r\n") - line);
}

bool pop3_send(struct pop3 *p, const struct pop3_command *c, struct error *e)
{
	char line[LINE_ROOM];
	struct pop3_event ev;
	size_t len;

	assert(c->verb > POP3_GREETING && c->verb < POP3_VERBS);
	if (p->failure.kind) {
		if (e)
			*e = p->failure;
		return false;
	}
	if (!p->queue_len && p->phase == PHASE_STATUS && p->in_start != p->in_end) {
		fail_unasked(p, &ev);
		if (e)
			*e = p->failure;
		return false;
	}
	if (p->closing)
		return error_set(e, ERROR_INTERNAL, "%s was queued where no command may follow",
			verbs[c->verb].name);
	if (!argument_is_clean(c->arg) || !argument_is_clean(c->arg2))
		return error_set(e, ERROR_CONFIG, "the argument of %s contains a line break",
			verbs[c->verb].name);
	len = format_command(c, line);
	if (len > COMMAND_MAX) {
		wipe(line, sizeof(line));
		return error_set(e, ERROR_CONFIG,
			"the argument of %s is too long for POP3 (%d octets)", verbs[c->verb].name,
			COMMAND_MAX);
	}
	out_reserve(p, len);
	buf_add(&p->out, line, len);
	wipe(line, len);
	enqueue(p, c->verb, c->msg);
	p->closing = c->verb == POP3_STLS || c->verb == POP3_QUIT ||
		(c->verb == POP3_AUTH && !c->arg2);
	return true;
}

bool pop3_auth_fits(const char *mechanism, const char *base64)
{
	return strlen("AUTH ") + strlen(mechanism) + 1 + strlen(base64) + 2 <= COMMAND_MAX;
}

bool pop3_respond(struct pop3 *p, const char *base64, struct error *e)
{
	size_t len = strlen(base64);

	if (p->failure.kind) {
		if (e)
			*e = p->failure;
		return false;
	}
	if (p->phase != PHASE_RESPONSE || !argument_is_clean(base64))
		return error_set(e, ERROR_INTERNAL, "a response that the server has not asked for");
	out_reserve(p, len + 2);
	buf_add(&p->out, base64, len);
	buf_add_text(&p->out, "\r\n");
	p->phase = PHASE_STATUS;
	return true;
}

struct span pop3_output(const struct pop3 *p)
{
	if (p->out.len == p->out_start)
		return (struct span){"", 0};
	return (struct span){p->out.data + p->out_start, p->out.len - p->out_start};
}

void pop3_sent(struct pop3 *p, size_t n)
{
	assert(n <= p->out.len - p->out_start);
	if (!n)
		return;
	wipe(p->out.data + p->out_start, n);
	p->out_start += n;
	if (p->out_start == p->out.len) {
		buf_clear(&p->out);
		p->out_start = 0;
	}
}

/* ---- receiving ---- */

char *pop3_space(struct pop3 *p, size_t *room)
{
	size_t left = p->in_end - p->in_start;

	/* Moving is cheap: what is left is less than a line, unless events were not fetched. */
	if (p->in_start && (left == 0 || INPUT_ROOM - p->in_end < INPUT_ROOM / 4)) {
		memmove(p->in, p->in + p->in_start, left);
		p->in_start = 0;
		p->in_end = left;
	}
	*room = INPUT_ROOM - p->in_end;
	return p->in + p->in_end;
}

void pop3_received(struct pop3 *p, size_t n)
{
	assert(n <= INPUT_ROOM - p->in_end);
	p->in_end += n;
}

size_t pop3_feed(struct pop3 *p, const void *data, size_t len)
{
	size_t room, n;
	char *to = pop3_space(p, &room);

	n = len < room ? len : room;
	if (n)
		memcpy(to, data, n);
	pop3_received(p, n);
	return n;
}

void pop3_eof(struct pop3 *p)
{
	p->eof = true;
}

void pop3_tls_started(struct pop3 *p)
{
	assert(p->phase == PHASE_TLS || p->failure.kind);
	if (!p->failure.kind && p->in_end != p->in_start)
		error_set(&p->failure, ERROR_PROTOCOL,
			"the server sent data in clear behind its answer to STLS; somebody may be in between");
	p->phase = PHASE_STATUS;
	p->closing = false;
}

static enum pop3_event_type fail_closed(struct pop3 *p, struct pop3_event *ev)
{
	if (p->phase == PHASE_MAIL)
		error_set(&p->failure, ERROR_NETWORK,
			"the server closed the connection in the middle of message %lu",
			(unsigned long)oldest(p).msg);
	else if (oldest(p).verb == POP3_GREETING)
		error_set(&p->failure, ERROR_NETWORK,
			"the server closed the connection without a greeting");
	else
		error_set(&p->failure, ERROR_NETWORK,
			p->phase == PHASE_LISTING
				? N_("the server closed the connection in the middle of its answer to %s")
				: N_("the server closed the connection before its answer to %s"),
			asked(p).text);
	return fail(p, ev);
}

enum line { LINE_READY, LINE_NONE, LINE_TOO_LONG };

/* The next whole line, without its end, taken off the input. */
static enum line take_line(struct pop3 *p, struct span *line, bool *bare_lf)
{
	char *start = p->in + p->in_start, *nl = NULL;
	size_t have = p->in_end - p->in_start;

	if (have > p->searched)
		nl = memchr(start + p->searched, '\n', have - p->searched);
	if (!nl) {
		p->searched = have;
		/* What came last may be the CR of its end. */
		return have > LINE_MAX_OCTETS + 1 ? LINE_TOO_LONG : LINE_NONE;
	}
	p->searched = 0;
	*line = (struct span){start, (size_t)(nl - start)};
	p->in_start += line->len + 1;
	*bare_lf = !line->len || nl[-1] != '\r';
	if (!*bare_lf)
		line->len--;
	return line->len > LINE_MAX_OCTETS ? LINE_TOO_LONG : LINE_READY;
}

static enum pop3_event_type need_input(struct pop3 *p, struct pop3_event *ev)
{
	if (p->eof && p->queue_len)
		return fail_closed(p, ev);
	*ev = (struct pop3_event){.type = POP3_NEED_INPUT};
	return POP3_NEED_INPUT;
}

static enum pop3_event_type next_line(
	struct pop3 *p, struct pop3_event *ev, struct span *line, bool *bare_lf)
{
	switch (take_line(p, line, bare_lf)) {
	case LINE_READY:
		return POP3_LINE;
	case LINE_NONE:
		return need_input(p, ev);
	case LINE_TOO_LONG:
		break;
	}
	error_set(&p->failure, ERROR_PROTOCOL,
		"the server sent an endless line in its answer to %s", asked(p).text);
	return fail_line(p, ev, (struct span){p->in + p->in_start, p->in_end - p->in_start});
}

/* What follows a status line, by the command it answers. */
static void enter_reply(struct pop3 *p, const struct pop3_event *ev, bool bare_lf)
{
	if (ev->ok && verbs[ev->verb].mail) {
		p->phase = PHASE_MAIL;
		wire_body_init(&p->body, bare_lf);
	} else if (ev->ok && verbs[ev->verb].listing && !ev->msg) {
		p->phase = PHASE_LISTING;
		p->lines = 0;
		p->lines_ahead = 0;
	} else {
		finish_oldest(p);
		if (ev->verb == POP3_STLS)
			p->phase = ev->ok ? PHASE_TLS : PHASE_STATUS;
		if (ev->verb == POP3_STLS || ev->verb == POP3_AUTH)
			p->closing = p->closing && ev->ok && ev->verb == POP3_STLS;
	}
}

static enum pop3_event_type next_status(struct pop3 *p, struct pop3_event *ev)
{
	struct span line, rest;
	bool bare_lf;
	enum pop3_event_type type;

	if (!p->queue_len) {
		if (p->in_start == p->in_end)
			return need_input(p, ev);
		return fail_unasked(p, ev);
	}
	type = next_line(p, ev, &line, &bare_lf);
	if (type != POP3_LINE)
		return type;
	*ev = (struct pop3_event){.type = POP3_REPLY, .verb = oldest(p).verb, .msg = oldest(p).msg};
	rest = line;
	if (ev->verb == POP3_AUTH && span_is(span_word(&rest), "+")) {
		if (p->queue_len > 1) {
			error_set(&p->failure, ERROR_PROTOCOL,
				"the server wants the login in steps, not as announced, for %s",
				asked(p).text);
			return fail_line(p, ev, line);
		}
		ev->type = POP3_CHALLENGE;
		ev->text = span_trim(rest);
		p->phase = PHASE_RESPONSE;
		p->closing = true;
		return ev->type;
	}
	if (!reply_status(line, &ev->ok, &ev->code, &ev->text)) {
		error_set(&p->failure, ERROR_PROTOCOL,
			"the server sent neither +OK nor -ERR in answer to %s", asked(p).text);
		return fail_line(p, ev, line);
	}
	enter_reply(p, ev, bare_lf);
	return ev->type;
}

void pop3_lines_ahead(struct pop3 *p, uint64_t octets)
{
	if (p->phase == PHASE_LISTING)
		p->lines_ahead = octets;
}

/* All plain lines that have come, within lines_ahead; empty when the next one needs a look. */
static struct span take_lines(struct pop3 *p)
{
	const char *start = p->in + p->in_start, *line = start, *nl;
	size_t have = p->in_end - p->in_start, left = have;
	uint32_t lines_max = verbs[oldest(p).verb].lines_max;
	struct span taken = {start, 0};

	if (left > p->lines_ahead)
		left = (size_t)p->lines_ahead;
	while (left && p->lines < lines_max && *line != '.' && (nl = memchr(line, '\n', left))) {
		size_t len = (size_t)(nl - line) + 1;

		if (len < 2 || nl[-1] != '\r' || len - 2 > LINE_MAX_OCTETS)
			break;
		p->lines++;
		taken.len += len;
		line += len;
		left -= len;
	}
	p->in_start += taken.len;
	p->lines_ahead -= taken.len;
	if (taken.len) {
		p->searched = 0;
		return taken;
	}
	/* The rest of a line may be on its way. */
	if (left < have || have > LINE_MAX_OCTETS || (have && *line == '.') ||
		memchr(start, '\n', have))
		p->lines_ahead = 0;
	return taken;
}

static enum pop3_event_type next_listed(struct pop3 *p, struct pop3_event *ev)
{
	struct span line;
	bool bare_lf;
	enum pop3_event_type type;

	if (p->lines_ahead) {
		*ev = (struct pop3_event){
			.type = POP3_LINES, .verb = oldest(p).verb, .text = take_lines(p)};
		if (ev->text.len)
			return ev->type;
	}
	type = next_line(p, ev, &line, &bare_lf);
	if (type != POP3_LINE)
		return type;
	*ev = (struct pop3_event){
		.type = POP3_LINE, .verb = oldest(p).verb, .text = line, .plain = !bare_lf};
	if (span_is(line, ".")) {
		ev->type = POP3_END;
		ev->text = (struct span){"", 0};
		finish_oldest(p);
	} else if (p->lines++ >= verbs[ev->verb].lines_max) {
		error_set(&p->failure, ERROR_PROTOCOL, "the server sent an endless answer to %s",
			asked(p).text);
		return fail_line(p, ev, line);
	} else if (line.len && line.data[0] == '.') {
		ev->text.data++;
		ev->text.len--;
		ev->plain = false;
	}
	return ev->type;
}

static enum pop3_event_type next_octets(struct pop3 *p, struct pop3_event *ev)
{
	struct span in = {p->in + p->in_start, p->in_end - p->in_start};
	enum wire_result result;

	*ev = (struct pop3_event){.type = POP3_BODY, .verb = oldest(p).verb, .msg = oldest(p).msg};
	result = wire_body_next(&p->body, &in, &ev->text);
	p->in_start = p->in_end - in.len;
	if (result == WIRE_SPAN)
		return ev->type;
	if (result == WIRE_MORE)
		return need_input(p, ev);
	ev->type = POP3_END;
	finish_oldest(p);
	return ev->type;
}

enum pop3_event_type pop3_next(struct pop3 *p, struct pop3_event *ev)
{
	if (p->failure.kind)
		return fail(p, ev);
	switch (p->phase) {
	case PHASE_STATUS:
		return next_status(p, ev);
	case PHASE_LISTING:
		return next_listed(p, ev);
	case PHASE_MAIL:
		return next_octets(p, ev);
	case PHASE_RESPONSE:
		if (p->in_start != p->in_end) {
			error_set(&p->failure, ERROR_PROTOCOL,
				"the server did not wait for the response to its challenge for %s",
				asked(p).text);
			return fail_line(
				p, ev, (struct span){p->in + p->in_start, p->in_end - p->in_start});
		}
		return need_input(p, ev);
	case PHASE_TLS:
		if (p->in_start != p->in_end) {
			pop3_tls_started(p); /* fails */
			return fail(p, ev);
		}
		break;
	}
	*ev = (struct pop3_event){.type = POP3_NEED_INPUT};
	return POP3_NEED_INPUT;
}
