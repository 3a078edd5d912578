/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RETR and TOP: a message goes from its reader to the wire piece by piece. In between may stand the
 * end of what TOP asked for, and the faults of one message: cut, held back, without an end. */
#include "session.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "reader.h"

/* Counts lines for TOP: the header, the empty line, and `left` lines more. */
struct top {
	bool in_body, done;
	bool line_has_text;
	uint64_t left;
};

static void end_line(struct top *t)
{
	if (t->in_body)
		t->left--;
	else
		t->in_body = !t->line_has_text;
	t->line_has_text = false;
	t->done = t->in_body && t->left == 0;
}

/* How many octets of the piece still belong to it. */
static size_t top_keep(struct top *t, struct span piece)
{
	size_t i;

	for (i = 0; i < piece.len && !t->done; i++)
		if (piece.data[i] == '\n')
			end_line(t);
		else if (piece.data[i] != '\r')
			t->line_has_text = true;
	return i;
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static void hold(struct session *s)
{
	wire_flush(&s->wire);
	while (!exists(s->options->release) && !s->server->stopping)
		sleep_ms(5);
}

static void send_without_end(struct session *s)
{
	static const char line[] = "and on it goes, as if there were no end to it\r\n";
	struct text block = {0};

	while (block.len < 32000)
		text_add(&block, line, sizeof line - 1);
	while (!s->wire.dead)
		wire_put(&s->wire, block.data, block.len);
	text_release(&block);
	s->over = true;
}

/* The body up to, not including, the final dot. */
static uint64_t send_pieces(struct session *s, struct reader *r, struct top *top,
	const struct fault *cut)
{
	struct span piece;
	uint64_t sent = 0;

	while (!s->wire.dead && !s->over && (piece = reader_next(r)).len) {
		if (top)
			piece.len = top_keep(top, piece);
		if (cut && sent + piece.len >= cut->octets) {
			piece.len = (size_t)(cut->octets - sent);
			s->over = true;
			s->reset = cut->reset;
		}
		wire_put(&s->wire, piece.data, piece.len);
		sent += piece.len;
		if (top && top->done)
			break;
	}
	return sent;
}

static void send_message(struct session *s, uint32_t n, struct reader *r, struct top *top)
{
	const struct fault *cut = top ? NULL : session_fault_on(s, FAULT_CUT, n);
	uint64_t sent = send_pieces(s, r, top, cut);

	session_log(s, 'S', "<%" PRIu64 " octets>", sent);
	if (top) {
		session_line(s, ".");
		return;
	}
	if (session_fault_on(s, FAULT_MAIL_ENDLESS, n))
		send_without_end(s);
	if (session_fault_on(s, FAULT_HOLD_RETR, n))
		hold(s);
	if (s->over || s->wire.dead)
		return;
	session_line(s, ".");
	s->stats.retr++;
}

static bool open_message(struct session *s, uint32_t n, struct reader *r)
{
	enum stuffing how = session_fault(s, FAULT_FIRST_DOT) ? STUFF_ALL_BUT_FIRST : STUFF_ALL;
	const struct fault *gone = session_fault_on(s, FAULT_VANISH, n);
	struct problem p;

	if (gone) {
		session_reply(s, false, "%s", gone->text.len ? gone->text.data
			: "can't open the message, it's gone");
		return false;
	}
	if (reader_open(r, s->user->box, s->mail.ids[n - 1], how, &p))
		return true;
	session_reply(s, false, "%s", p.text);
	return false;
}

void command_retr(struct session *s, const char *args)
{
	struct reader r;
	uint32_t n;

	if (!session_message(s, args, &n, NULL) || !open_message(s, n, &r))
		return;
	session_reply(s, true, "%" PRIu64 " octets",
		mailbox_size(s->user->box, s->mail.ids[n - 1]));
	send_message(s, n, &r, NULL);
	reader_close(&r);
}

void command_top(struct session *s, const char *args)
{
	struct top top = {0};
	const char *lines;
	struct reader r;
	uint32_t n;

	if (!session_message(s, args, &n, &lines))
		return;
	if (!parse_u64(lines, strlen(lines), UINT64_MAX, &top.left)) {
		session_reply(s, false, "TOP needs a number of lines");
		return;
	}
	if (!open_message(s, n, &r))
		return;
	session_reply(s, true, "top of message follows");
	send_message(s, n, &r, &top);
	reader_close(&r);
}
