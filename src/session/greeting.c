/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a server says before anybody logs in: its greeting, and its capabilities (RFC 2449), which
 * may also be remembered from an earlier run and are confirmed then behind the login.
 */
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "session/session_inner.h"

enum { CAPABILITY_TEXT_MAX = 2000 };

static void tell_words(struct session *s, enum session_step step, struct span words)
{
	const struct session_watch *watch = s->setting->watch;

	if (watch)
		watch->says(watch->self, step, hide_in(&s->hide, words, &s->shown));
}

/* What a refusal means, by its response code (RFC 2449 s.8, RFC 3206). */
enum error_kind session_refusal_kind(enum pop3_code code, enum error_kind otherwise)
{
	switch (code) {
	case POP3_CODE_IN_USE:
	case POP3_CODE_LOGIN_DELAY:
	case POP3_CODE_SYS_TEMP:
		return ERROR_BUSY;
	case POP3_CODE_SYS_PERM:
		return ERROR_CAPABILITY;
	case POP3_CODE_AUTH:
		return ERROR_AUTH;
	default:
		return otherwise;
	}
}

void session_note_refusal(const struct session *s, enum pop3_code code)
{
	struct session_lesson *lesson = s->setting->lesson;

	if (!lesson)
		return;
	lesson->refused = true;
	lesson->code = code;
}

/* Nothing was said of who wants to log in, so it cannot be about that. */
static enum error_kind greeting_refusal_kind(enum pop3_code code)
{
	return code == POP3_CODE_AUTH ? ERROR_BUSY : session_refusal_kind(code, ERROR_BUSY);
}

bool session_greet(struct session *s, struct error *e)
{
	const struct endpoint *to = &s->account->endpoint;
	struct pop3_event ev;
	struct span stamp;
	bool wrong_port = !s->encrypted && to->port == 995;

	session_begins(s, SESSION_GREETING);
	/* A server that waits for a TLS handshake will never greet: no need to wait as long as for
	 * mail. */
	if (wrong_port && to->connect_timeout_ms < s->timeout_ms)
		s->timeout_ms = to->connect_timeout_ms;
	if (!session_wait(s, &ev, e)) {
		if (s->silent && !s->encrypted) {
			error_set(e, wrong_port ? ERROR_TLS : ERROR_NETWORK,
				wrong_port
					? N_("%s:%u sent nothing for %lld s; this port expects TLS at once")
					: N_("%s:%u sent nothing for %lld s; perhaps this port expects TLS at once"),
				to->host, (unsigned)to->port, (long long)(s->timeout_ms / 1000));
			error_remedy(e, "set", "tls = implicit");
		}
		return false;
	}
	s->timeout_ms = s->account->timeout_ms;
	if (!ev.ok) {
		error_set(e, greeting_refusal_kind(ev.code), "%s does not want to serve now",
			to->host);
		return error_server(e, ev.text);
	}
	s->passes_on = reply_passes_on(ev.text);
	if (reply_apop_stamp(ev.text, &stamp))
		s->stamp = xstrndup(stamp.data, stamp.len);
	tell_words(s, SESSION_GREETING, ev.text);
	return true;
}

static void keep_capability(struct session *s, struct span line)
{
	struct span rest = line;

	if (s->capability_text.len > CAPABILITY_TEXT_MAX)
		return;
	/* Behind the program's name may stand what is another in each session. */
	if (span_is_nocase(span_word(&rest), "IMPLEMENTATION")) {
		span_word(&rest);
		line.len = (size_t)(rest.data - line.data);
	}
	if (s->capability_text.len)
		buf_add_text(&s->capability_text, "\n");
	buf_add(&s->capability_text, line.data, line.len);
}

/* Not of use when it is long, would not come back from the state as it was, or must not get there:
 * a server may know the secret from before, and repeat it. */
static void judge_capability_text(struct session *s)
{
	struct buf *text = &s->capability_text;
	struct span words = buf_span(text);

	if (words.len > CAPABILITY_TEXT_MAX || (words.len && memchr(words.data, '\0', words.len)) ||
		hide_in(&s->hide, words, &s->shown).data != words.data)
		buf_clear(text);
}

/* CAPA that is refused is no error: such a server knows RFC 1939 only. */
static bool read_capabilities(struct session *s, struct error *e)
{
	struct capabilities *c = &s->capabilities;
	struct pop3_event ev;

	*c = (struct capabilities){.known = false};
	buf_clear(&s->capability_text);
	if (!session_wait(s, &ev, e))
		return false;
	if (!ev.ok)
		return true;
	c->known = true;
	do {
		if (!session_wait(s, &ev, e))
			return false;
		if (ev.type == POP3_LINE) {
			capabilities_add(c, ev.text);
			keep_capability(s, ev.text);
			tell_words(s, SESSION_CAPABILITIES, ev.text);
		}
	} while (ev.type != POP3_END);
	judge_capability_text(s);
	return true;
}

bool session_ask_capabilities(struct session *s, struct error *e)
{
	if (s->without_capa)
		return true;
	session_begins(s, SESSION_CAPABILITIES);
	return session_send(s, &(struct pop3_command){.verb = POP3_CAPA}, e) &&
		read_capabilities(s, e);
}

bool session_has_memory(const struct session *s)
{
	return s->setting->capabilities && s->setting->capabilities[0] && !s->without_capa;
}

/* Only behind TLS: on an open line somebody may have taken away what is safer than the login of
 * last time. */
static bool relies_on_memory(struct session *s)
{
	struct span rest = span_of(session_has_memory(s) ? s->setting->capabilities : "");

	if (!rest.len || !s->encrypted)
		return false;
	s->capabilities = (struct capabilities){.known = true};
	while (rest.len)
		capabilities_add(&s->capabilities, span_line(&rest));
	return session_asks_ahead(s);
}

/* The last time before the login. */
bool session_find_capabilities(struct session *s, struct error *e)
{
	if (!relies_on_memory(s))
		return session_ask_capabilities(s, e);
	s->capability_asked = s->relied = true;
	return session_send(s, &(struct pop3_command){.verb = POP3_CAPA}, e);
}

bool session_confirm_capabilities(struct session *s, struct error *e)
{
	s->capability_asked = false;
	if (!read_capabilities(s, e))
		return false;
	s->surprised = !span_is(buf_span(&s->capability_text), s->setting->capabilities);
	return true;
}

bool session_ask_capabilities_again(struct session *s, struct error *e)
{
	uint32_t delay_s = s->capabilities.login_delay_s;
	bool by_user = s->capabilities.login_delay_user;
	struct buf before = s->capability_text;

	s->capability_text = (struct buf){NULL, 0, 0};
	if (!session_ask_capabilities(s, e)) {
		buf_release(&before);
		return false;
	}
	buf_release(&s->capability_text);
	s->capability_text = before;
	if (!s->capabilities.login_delay_s) {
		s->capabilities.login_delay_s = delay_s;
		s->capabilities.login_delay_user = by_user;
	}
	return true;
}
