/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What --debug shows of the conversation: every line but mail, and of secrets only their length. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "report/report.h"
#include "session/session_inner.h"

struct span session_hide(struct session *s, struct span words)
{
	/* What has been through here already lies in the buffer, and has none. */
	return words.data == s->shown.data ? words : hide_in(&s->hide, words, &s->shown);
}

void session_trace(const struct session *s, const char *side, const char *text)
{
	struct report r = {.type = REPORT_TRACE};

	if (!s->setting->trace)
		return;
	snprintf(r.u.text, sizeof(r.u.text), "%6.3f %s: %s",
		(double)(clock_ms() - s->opened_ms) / 1000, side, text);
	report_send(s->setting->report_fd, &r);
}

void session_trace_command(const struct session *s, const struct pop3_command *c)
{
	char line[300];
	const char *verb = pop3_verb_name(c->verb);

	if (!s->setting->trace)
		return;
	if (c->verb == POP3_PASS)
		snprintf(line, sizeof(line), "PASS <%zu octets hidden>", strlen(c->arg));
	else if (c->arg2)
		snprintf(line, sizeof(line), "%s %s <%zu octets hidden>", verb,
			safe(span_of(c->arg)).text, strlen(c->arg2));
	else if (c->arg)
		snprintf(line, sizeof(line), "%s %s", verb, safe(span_of(c->arg)).text);
	else if (c->verb == POP3_TOP)
		snprintf(line, sizeof(line), "TOP %lu %lu", (unsigned long)c->msg,
			(unsigned long)c->lines);
	else if (c->msg)
		snprintf(line, sizeof(line), "%s %lu", verb, (unsigned long)c->msg);
	else
		snprintf(line, sizeof(line), "%s", verb);
	session_trace(s, "C", line);
}

void session_trace_event(struct session *s, const struct pop3_event *ev)
{
	struct span text;
	char line[300];

	if (!s->setting->trace)
		return;
	switch (ev->type) {
	case POP3_REPLY:
		text = session_hide(s, ev->text);
		snprintf(line, sizeof(line), "%s %s", ev->ok ? "+OK" : "-ERR", safe(text).text);
		session_trace(s, "S", line);
		s->body = 0;
		break;
	case POP3_CHALLENGE:
		snprintf(line, sizeof(line), "+ <%zu octets hidden>", ev->text.len);
		session_trace(s, "S", line);
		break;
	case POP3_LINE:
		session_trace(s, "S", safe(session_hide(s, ev->text)).text);
		break;
	case POP3_BODY:
		s->body += ev->text.len;
		break;
	case POP3_END:
		if (s->body) {
			snprintf(line, sizeof(line), "<%llu octets of message %lu>",
				(unsigned long long)s->body, (unsigned long)ev->msg);
			session_trace(s, "S", line);
		}
		session_trace(s, "S", ".");
		break;
	default:
		break;
	}
}
