/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of a connection. Replies are sent only when no complete command is left in the input:
 * a client that sends its commands in one go gets the replies in one go (RFC 2449 s.6.6). Around
 * each command stand the faults that concern any of them; faults of one command are found in its
 * own function. */
#include "session.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COMMAND_MAX = 255 };	/* RFC 2449 s.4 */

struct command {
	bool before_login, after_login;
	void (*run)(struct session *s, const char *args);
};

static const struct command commands[] = {
	[VERB_CAPA] = {true, true, command_capa},
	[VERB_STLS] = {true, false, command_stls},
	[VERB_USER] = {true, false, command_user},
	[VERB_PASS] = {true, false, command_pass},
	[VERB_APOP] = {true, false, command_apop},
	[VERB_AUTH] = {true, false, command_auth},
	[VERB_UTF8] = {true, false, command_utf8},
	[VERB_STAT] = {false, true, command_stat},
	[VERB_LIST] = {false, true, command_list},
	[VERB_UIDL] = {false, true, command_uidl},
	[VERB_TOP] = {false, true, command_top},
	[VERB_RETR] = {false, true, command_retr},
	[VERB_DELE] = {false, true, command_dele},
	[VERB_NOOP] = {false, true, command_noop},
	[VERB_RSET] = {false, true, command_rset},
	[VERB_QUIT] = {true, true, command_quit},
};
static_assert(sizeof commands / sizeof *commands == VERBS, "QUIT is the last verb");

const struct fault *session_fault(const struct session *s, enum fault_kind kind)
{
	return script_find(&s->options->script, s->number, kind, 0, 0);
}

const struct fault *session_fault_at(const struct session *s, enum fault_kind kind,
	enum verb verb)
{
	return script_find(&s->options->script, s->number, kind, verb, s->stats.verbs[verb]);
}

const struct fault *session_fault_on(const struct session *s, enum fault_kind kind, uint32_t n)
{
	return script_find(&s->options->script, s->number, kind, 0, n);
}

void session_log(struct session *s, char side, const char *fmt, ...)
{
	char line[1024];
	va_list args;
	int len;

	if (!record_wants_log(&s->server->record))
		return;
	va_start(args, fmt);
	len = vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	if (len > 0)
		record_log(&s->server->record, s->number, side, line,
			(size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
}

void session_raw(struct session *s, const char *data, size_t len)
{
	if (len < 4096)
		record_log(&s->server->record, s->number, 'S', data, len);
	else
		session_log(s, 'S', "<%zu octets>", len);
	wire_put(&s->wire, data, len);
}

static void put_line(struct session *s, const char *line, int len)
{
	if (len < 0)
		return;
	if (record_wants_log(&s->server->record))
		record_log(&s->server->record, s->number, 'S', line, (size_t)len);
	wire_put(&s->wire, line, (size_t)len);
	wire_put(&s->wire, "\r\n", 2);
}

static int at_most(int len, size_t size)
{
	return len < (int)size ? len : (int)size - 1;
}

void session_reply(struct session *s, bool ok, const char *fmt, ...)
{
	char line[1024];
	va_list args;
	int start = snprintf(line, sizeof line, "%s ", ok ? "+OK" : "-ERR"), len;

	if (session_fault(s, FAULT_LOWER_CASE))
		for (char *c = line; *c; c++)
			*c = (char)tolower((unsigned char)*c);
	va_start(args, fmt);
	len = vsnprintf(line + start, sizeof line - (size_t)start, fmt, args);
	va_end(args);
	put_line(s, line, len < 0 ? start : at_most(start + len, sizeof line));
}

void session_line(struct session *s, const char *fmt, ...)
{
	char line[1024];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	put_line(s, line, at_most(len, sizeof line));
}

static void refuse_long_line(struct session *s)
{
	wire_discard_input(&s->wire);
	if (s->skipping)
		return;
	stats_note(&s->stats, "a line without an end");
	session_reply(s, false, "line too long");
	s->skipping = true;
}

static void count_waiting(struct session *s)
{
	uint64_t lines = wire_lines_waiting(&s->wire);

	if (lines > s->stats.max_outstanding)
		s->stats.max_outstanding = lines;
}

static bool take(struct session *s, struct span *out)
{
	if (!wire_take_line(&s->wire, out))
		return false;
	if (s->skipping) {
		s->skipping = false;
		return take(s, out);
	}
	if (out->len && out->data[out->len - 1] == '\r')
		out->len--;
	else
		stats_note(&s->stats, "a line ended without CR");
	return true;
}

bool session_next(struct session *s, struct span *out)
{
	bool counted = false;

	while (!take(s, out)) {
		enum wire_got got = wire_read(&s->wire);
		if (got == WIRE_END)
			return false;
		if (got == WIRE_DATA) {
			while (!wire_is_full(&s->wire) && wire_read(&s->wire) == WIRE_DATA)
				;	/* a TLS record at a time */
			count_waiting(s);
			if (wire_is_full(&s->wire) && !wire_lines_waiting(&s->wire))
				refuse_long_line(s);
			continue;
		}
		if (!counted && !s->wire.in_len) {
			s->stats.waits++;
			s->burst = 0;
			counted = true;
		}
		wire_flush(&s->wire);
		wire_wait(&s->wire, -1);
	}
	return true;
}

bool session_message(struct session *s, const char *args, uint32_t *out, const char **rest)
{
	size_t len = rest ? strcspn(args, " ") : strlen(args);
	uint64_t n;

	if (!parse_u64(args, len, UINT32_MAX, &n) || n < 1 || n > s->mail.count)
		session_reply(s, false, "no such message");
	else if (s->mail.deleted[n - 1])
		session_reply(s, false, "message %u is deleted", (unsigned)n);
	else {
		*out = (uint32_t)n;
		if (rest)
			*rest = args[len] ? args + len + 1 : "";
		return true;
	}
	return false;
}

/* Never says another word, but listens until the client has had enough. */
static void be_silent(struct session *s)
{
	wire_flush(&s->wire);
	while (wire_read(&s->wire) != WIRE_END) {
		wire_discard_input(&s->wire);
		wire_wait(&s->wire, -1);
	}
	s->over = true;
}

static void end_by(struct session *s, bool reset)
{
	s->over = true;
	s->reset = reset;
}

/* Faults in the place of an answer. True if there was one. */
static bool fails_at(struct session *s, enum verb verb)
{
	const struct fault *wait = session_fault_at(s, FAULT_WAIT, verb);

	if (wait) {
		wire_flush(&s->wire);
		sleep_ms(wait->ms);
	}
	if (session_fault_at(s, FAULT_SILENCE, verb))
		be_silent(s);
	else if (session_fault_at(s, FAULT_CLOSE_AT, verb))
		end_by(s, false);
	else if (session_fault_at(s, FAULT_RESET_AT, verb))
		end_by(s, true);
	return s->over;
}

static void fail_after(struct session *s, enum verb verb)
{
	const struct fault *extra = session_fault_at(s, FAULT_EXTRA_AFTER, verb);

	if (extra)
		session_raw(s, extra->text.data, extra->text.len);
	if (session_fault_at(s, FAULT_CLOSE_AFTER, verb))
		end_by(s, false);
	else if (session_fault_at(s, FAULT_RESET_AFTER, verb))
		end_by(s, true);
}

static void send_endless_line(struct session *s)
{
	char block[4096];

	memset(block, 'x', sizeof block);
	session_raw(s, "+OK ", 4);
	session_log(s, 'S', "<a line without an end>");
	while (!s->wire.dead)
		wire_put(&s->wire, block, sizeof block);
	s->over = true;
}

static void send_endless_listing(struct session *s, enum verb verb)
{
	session_reply(s, true, "listing follows");
	session_log(s, 'S', "<a listing without an end>");
	for (unsigned long long n = 1; !s->wire.dead; n++) {
		char line[64];
		int len = snprintf(line, sizeof line, verb == VERB_LIST ? "%llu 1%llu\r\n"
			: verb == VERB_CAPA ? "X%llu X%llu\r\n" : "%llu u%llu\r\n", n, n);
		wire_put(&s->wire, line, (size_t)len);
	}
	s->over = true;
}

/* Faults that are answers. True if there was one. */
static bool answers_wrongly(struct session *s, enum verb verb)
{
	const struct fault *f;

	if ((f = session_fault_at(s, FAULT_ERR, verb))) {
		session_reply(s, false, "%s", f->text.len ? f->text.data : "refused");
		s->over = verb == VERB_QUIT;
		s->stats.quit_answered = s->over;
	} else if ((f = session_fault_at(s, FAULT_REPLY, verb)))
		session_raw(s, f->text.data ? f->text.data : "", f->text.len);
	else if (session_fault_at(s, FAULT_LINE_ENDLESS, verb))
		send_endless_line(s);
	else if (session_fault_at(s, FAULT_LISTING_ENDLESS, verb))
		send_endless_listing(s, verb);
	else
		return false;
	return true;
}

static void run_command(struct session *s, enum verb verb, const char *args)
{
	const struct command *c = &commands[verb];

	if (!c->run || s->options->no_verb[verb]) {
		if (!c->run)
			stats_note(&s->stats, "unknown command");
		session_reply(s, false, "unknown command");
	} else if (s->user ? !c->after_login : !c->before_login) {
		stats_note(&s->stats, s->user ? "command after login that belongs before it"
			: "command before login that belongs after it");
		session_reply(s, false, "not in this state");
	} else
		c->run(s, args);
}

static bool is_lost(struct session *s)
{
	const struct fault *f = session_fault(s, FAULT_PIPELINING_LOST);

	return f && s->burst == f->size;
}

static void handle(struct session *s, const char *line)
{
	size_t len = strcspn(line, " ");
	enum verb verb = verb_sent(line, len);
	const struct fault *before;
	bool was_logged_in = s->user != NULL;

	s->stats.verbs[verb]++;
	s->burst++;
	if (is_lost(s) || fails_at(s, verb))
		return;
	before = session_fault_at(s, FAULT_EXTRA_BEFORE, verb);
	if (before)
		session_raw(s, before->text.data, before->text.len);
	if (!answers_wrongly(s, verb))
		run_command(s, verb, line[len] ? line + len + 1 : "");
	fail_after(s, verb);
	if (session_fault(s, FAULT_PIPELINING_FIRST) ||
		(s->user && !was_logged_in && session_fault(s, FAULT_PIPELINING_LOGIN)))
		while (wire_discard_input(&s->wire) || wire_read(&s->wire) == WIRE_DATA)
			;
}

static void talk(struct session *s)
{
	struct span in;

	while (!s->over && session_next(s, &in)) {
		char *line = str_copy(in.data, in.len);
		record_log(&s->server->record, s->number, 'C', in.data, in.len);
		if (in.len + 2 > COMMAND_MAX)
			stats_note(&s->stats, "command longer than 255 octets");
		if (strlen(line) < in.len)
			stats_note(&s->stats, "command with NUL");
		handle(s, line);
		free(line);
	}
	if (s->stats.verbs[VERB_QUIT] && s->over
	    && (s->wire.in_at < s->wire.in_len || wire_read(&s->wire) == WIRE_DATA))
		stats_note(&s->stats, "octets after QUIT");
}

static void greet(struct session *s)
{
	const struct fault *f = session_fault(s, FAULT_GREETING);

	s->stats.verbs[VERB_GREETING] = 1;
	if (wire_read(&s->wire) == WIRE_DATA) {
		count_waiting(s);
		stats_note(&s->stats, "octets before the greeting");
	}
	if (fails_at(s, VERB_GREETING))
		return;
	if (s->options->apop)
		snprintf(s->timestamp, sizeof s->timestamp, " <%u.%lld@popd.example.org>",
			s->number, (long long)time(NULL));
	if (f) {
		session_raw(s, f->text.data, f->text.len);
		wire_put(&s->wire, "\r\n", 2);
	} else if (!answers_wrongly(s, VERB_GREETING))
		session_reply(s, true, "popd ready%s", s->timestamp);
	fail_after(s, VERB_GREETING);
	wire_flush(&s->wire);
}

/* Reads the client's first octets, so that it sees an end and no reset. */
static void hang_up_in_handshake(struct session *s)
{
	enum wire_got got;

	while ((got = wire_read(&s->wire)) == WIRE_NOTHING)
		wire_wait(&s->wire, -1);
	wire_discard_input(&s->wire);
	s->over = true;
}

bool session_start_tls(struct session *s)
{
	s->stats.verbs[VERB_TLS] = 1;
	if (fails_at(s, VERB_TLS))
		return false;
	if (session_fault(s, FAULT_TLS_CLOSE)) {
		hang_up_in_handshake(s);
		return false;
	}
	s->stats.tls = wire_start_tls(&s->wire, s->server->credentials, s->options->priority,
		&s->server->ticket_key);
	s->stats.resumed = wire_resumed(&s->wire);
	wire_server_name(&s->wire, s->stats.server_name, sizeof s->stats.server_name);
	if (!s->stats.tls) {
		stats_note(&s->stats, "TLS handshake failed");
		s->over = true;
	} else
		session_log(s, 'S', "<TLS>");
	return s->stats.tls;
}

static void set_wire_faults(struct session *s)
{
	const struct fault *drip = session_fault(s, FAULT_DRIP);
	const struct fault *slow = session_fault(s, FAULT_SLOW);

	if (drip) {
		s->wire.drip_ms = drip->ms;
		s->wire.drip_octets = drip->octets ? drip->octets : 1;
	}
	s->wire.slow_ms = slow ? slow->ms : 0;
	s->wire.bare_lf = session_fault(s, FAULT_BARE_LF) != NULL;
	s->wire.no_close_notify = session_fault(s, FAULT_NO_CLOSE_NOTIFY) != NULL;
}

/* Statistics are written before the last octets go out: a test that has seen the end of the
 * session finds them. */
static void finish(struct session *s)
{
	s->stats.octets_sent = s->wire.octets_sent;
	s->stats.octets_received = s->wire.octets_received;
	s->stats.user = s->user ? s->user->name : NULL;
	record_stats(&s->server->record, &s->stats);
	if (s->user)
		mailbox_close(s->user->box, &s->mail);
	wire_flush(&s->wire);
	if (s->reset)
		wire_reset(&s->wire);
	else
		wire_close(&s->wire);
	text_release(&s->stats.notes);
	free(s->name);
	wire_release(&s->wire);
}

void session_run(struct server *server, int fd, uint32_t number)
{
	struct session s = {.server = server, .options = server->options, .number = number,
		.stats.session = number};

	wire_init(&s.wire, fd);
	set_wire_faults(&s);
	if (s.options->tls != TLS_IMPLICIT || session_start_tls(&s))
		greet(&s);
	talk(&s);
	finish(&s);
}
