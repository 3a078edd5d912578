/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TOP n 0 in bounded flights, with UIDL n before each where the server takes pipelined commands:
 * the answer tells that it is in step, as before RETR.
 */
#include "fetch/headers.h"

#include "local/fingerprint.h"

enum {
	/* Headers asked for ahead. */
	FLIGHT = 512,
	/* A server that has refused so many, and sent none, has no TOP. */
	REFUSED_MAX = 16,
	/* Some servers send the whole mail; an endless one is none. */
	HEADER_MAX = 64 * 1024 * 1024,
	/* A session ended while headers were asked for: the first time pipelining may be why. */
	FAILURES_MAX = 2,
};

struct flight {
	struct fetch *f;
	struct headers_asked *mails;
	size_t n;
	const struct headers_reader *reader; /* NULL: none */
	bool verify;
	size_t sent, answered, got;
};

static const struct listed *mail_at(const struct flight *h, size_t i)
{
	return &h->f->listing.mails[h->mails[i].index];
}

static bool wants_more(const struct flight *h)
{
	return h->sent < h->n && (h->got || h->answered < REFUSED_MAX);
}

static bool ask_ahead(struct flight *h, struct error *e)
{
	struct session *s = h->f->session;
	size_t room = h->verify ? FLIGHT : 1;

	if (h->sent - h->answered > room / 2)
		return true;
	while (h->sent - h->answered < room && wants_more(h)) {
		uint32_t msg = mail_at(h, h->sent++)->msg;

		if (h->verify &&
			!session_send(s, &(struct pop3_command){.verb = POP3_UIDL, .msg = msg}, e))
			return false;
		if (!session_send(s, &(struct pop3_command){.verb = POP3_TOP, .msg = msg}, e))
			return false;
	}
	return true;
}

static bool check_step(const struct flight *h, size_t i, struct error *e)
{
	const struct listed *mail = mail_at(h, i);
	struct pop3_event ev;
	struct span uid;
	uint32_t msg;

	if (!survey_event(h->f, &ev, e))
		return false;
	if (ev.ok && reply_uidl(ev.text, &msg, &uid) && msg == mail->msg &&
		span_equal(uid, mail->key.uid))
		return true;
	error_set(e, ERROR_PROTOCOL, "%s mixes up its answers to pipelined commands",
		h->f->account->endpoint.host);
	return session_quote(h->f->session, e, ev.text);
}

static bool take_header(struct flight *h, struct error *e)
{
	size_t i = h->answered++;
	struct fingerprint print;
	struct pop3_event ev;
	uint64_t octets = 0;

	if ((h->verify && !check_step(h, i, e)) || !survey_event(h->f, &ev, e))
		return false;
	if (!ev.ok) {
		if (h->reader)
			h->reader->done(h->reader->self, false);
		return true;
	}
	fingerprint_init(&print);
	do {
		if (!survey_event(h->f, &ev, e))
			return false;
		if (ev.type == POP3_BODY) {
			fingerprint_add(&print, ev.text);
			octets += ev.text.len;
			if (h->reader)
				h->reader->octets(h->reader->self, ev.text);
		}
		if (octets > HEADER_MAX)
			return error_set(e, ERROR_PROTOCOL,
				"%s: the header of message %lu is endless",
				h->f->account->endpoint.host, (unsigned long)ev.msg);
	} while (ev.type != POP3_END);
	h->mails[i].print = fingerprint_value(&print);
	h->mails[i].came = true;
	h->got++;
	if (h->reader)
		h->reader->done(h->reader->self, true);
	return true;
}

bool headers_can(const struct fetch *f)
{
	const struct capabilities *c = session_capabilities(f->session);

	return (c->top || !c->known) && f->header_failures < FAILURES_MAX;
}

static bool ask(struct flight *h, struct error *e)
{
	while (ask_ahead(h, e)) {
		if (h->sent == h->answered)
			return true;
		if (!take_header(h, e))
			break;
	}
	return false;
}

bool headers_ask(
	struct fetch *f, struct headers_asked *mails, size_t n, bool *again, struct error *e)
{
	return headers_read(f, mails, n, NULL, again, e);
}

bool headers_read(struct fetch *f, struct headers_asked *mails, size_t n,
	const struct headers_reader *reader, bool *again, struct error *e)
{
	struct flight h = {.f = f,
		.mails = mails,
		.n = n,
		.reader = reader,
		.verify = session_pipelining(f->session)};

	if (ask(&h, e))
		return true;
	*again = !*f->order->stop;
	f->header_failures++;
	if (h.verify)
		f->in_step = true;
	/* A line that breaks says nothing of pipelining. */
	if (!h.verify || e->kind != ERROR_PROTOCOL)
		f->blamed = true;
	return false;
}
