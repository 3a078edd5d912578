/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way to a server that is ready for a login: connect, TLS at once or by STLS (RFC 2595),
 * greeting, capabilities (RFC 2449). What was learned before TLS is forgotten, and nothing secret
 * is sent here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/sasl.h"
#include "base/clock.h"
#include "link.h"
#include "net/dial.h"
#include "net/tls.h"
#include "report.h"
#include "session_inner.h"

void session_begins(const struct session *s, enum session_step step)
{
	const struct session_watch *watch = s->setting->watch;

	if (watch)
		watch->begins(watch->self, step);
}

static void tell_words(struct session *s, enum session_step step, struct span words)
{
	const struct session_watch *watch = s->setting->watch;

	if (watch)
		watch->says(watch->self, step, hide_in(&s->hide, words, &s->shown));
}

enum { CAPABILITY_TEXT_MAX = 2000 };

static bool command(
	struct session *s, const struct pop3_command *c, struct pop3_event *ev, struct error *e)
{
	return session_send(s, c, e) && session_wait(s, ev, e);
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

static bool greet(struct session *s, struct error *e)
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
				"%s:%u sent nothing for %lld s; %s port expects TLS at once",
				to->host, (unsigned)to->port, (long long)(s->timeout_ms / 1000),
				wrong_port ? "this" : "perhaps this");
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

static bool has_memory(const struct session *s)
{
	return s->setting->capabilities && s->setting->capabilities[0] && !s->without_capa;
}

/* Only behind TLS: on an open line somebody may have taken away what is safer than the login of
 * last time. */
static bool relies_on_memory(struct session *s)
{
	struct span rest = span_of(has_memory(s) ? s->setting->capabilities : "");

	if (!rest.len || !s->encrypted)
		return false;
	s->capabilities = (struct capabilities){.known = true};
	while (rest.len)
		capabilities_add(&s->capabilities, span_line(&rest));
	return session_asks_ahead(s);
}

/* The last time before the login. */
static bool find_capabilities(struct session *s, struct error *e)
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

/* Adds where the host is set to words about it. */
static void say_where(
	const struct session *s, char *text, size_t room, const char *before, const char *behind)
{
	size_t len = strlen(text);

	snprintf(text + len, room - len, "%s%s%s", before, config_origin(s->account, "host"),
		behind);
}

/*
 * Remedies are settings; where there is only a URL, the same is done otherwise. word: what of a
 * remedy it is that cannot be followed.
 */
static void say_for_url(const struct session *s, struct error *e)
{
	static const struct {
		const char *word, *lead, *remedy;
	} others[] = {
		{"ca-file =", "own CA?", "SSL_CERT_FILE=/path/ca.pem ambil "},
		{"tls = implicit", "", "write pops:// instead of pop://"},
		{"tls = starttls", "", "write pop:// instead of pops://"},
		{"port = 995", "POP3 over TLS is normally port 995", "leave the port out"},
		{"pin-sha256 =", "", "write an account in ambil.conf, with its key as pin-sha256"},
	};

	static const char auth[] = "auth = ";
	char lead[sizeof(e->lead)], mechanism[40];

	if (e->about == ERROR_ABOUT_NAMES) {
		error_remedy(e, "", "use one of these names in the URL");
		return;
	}
	if (strncmp(e->remedy, auth, strlen(auth)) == 0) {
		memcpy(lead, e->lead, sizeof(lead));
		snprintf(mechanism, sizeof(mechanism), "%s", e->remedy + strlen(auth));
		error_remedy(e, lead, "write ;AUTH=%s behind the user",
			strcmp(mechanism, "auto") == 0 ? "*" : mechanism);
		return;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!strstr(e->remedy, others[i].word))
			continue;
		error_remedy(e, others[i].lead, "%s%s%s", others[i].remedy,
			i > 0                       ? ""
				: s->setting->watch ? "doctor "
						    : "fetch ",
			i == 0 ? s->account->typed : "");
		return;
	}
}

/* To the one remedy that is a change of "host". */
static void add_origin(const struct session *s, struct error *e)
{
	if (e->about == ERROR_ABOUT_NAMES && !s->account->temporary)
		say_where(s, e->remedy, sizeof(e->remedy), " in ", "");
}

/* Whoever looks on sees what was shown; only then a server that is not trusted is talked to. */
static bool shake_hands(struct session *s, struct error *e)
{
	const struct account *a = s->account;
	const struct session_watch *watch = s->setting->watch;
	const struct tls_peer peer = {a->endpoint.host, a->endpoint.port,
		a->endpoint.connect_timeout_ms, s->setting->stop_fd};
	struct tls_facts facts;
	bool done;

	/* A certificate of our own is shown to nobody who is not trusted: no further, then. */
	if (watch && a->tls.client_cert) {
		done = tls_inspect(&s->stream, &a->tls, &peer, NULL, &facts, e);
		if (facts.seen)
			watch->handshake(watch->self, &facts, done ? NULL : e);
		return done;
	}
	if (!watch)
		return tls_inspect(&s->stream, &a->tls, &peer, s->setting->tls, NULL, e);
	done = tls_look(&s->stream, &a->tls, &peer, &facts, &s->distrust, e);
	if (s->distrust.kind) {
		add_origin(s, &s->distrust);
		if (a->temporary)
			say_for_url(s, &s->distrust);
	}
	if (facts.seen)
		watch->handshake(watch->self, &facts, s->distrust.kind ? &s->distrust : NULL);
	return done;
}

static bool start_tls(struct session *s, struct error *e)
{
	session_begins(s, SESSION_TLS);
	report_step(s->setting->report_fd, "securing the connection");
	if (!shake_hands(s, e)) {
		s->stream = NULL;
		add_origin(s, e);
		return false;
	}
	s->encrypted = true;
	s->moved = true;
	if (s->setting->trace) {
		char line[200];

		snprintf(line, sizeof(line), "%s", tls_description(s->stream));
		session_trace(s, "*", line);
	}
	return true;
}

static bool upgrade(struct session *s, struct error *e)
{
	const struct endpoint *to = &s->account->endpoint;
	struct pop3_event ev;

	session_begins(s, SESSION_STLS);
	if (s->capabilities.known && !s->capabilities.stls) {
		error_set(e, ERROR_TLS, "%s:%u does not offer STLS", to->host, (unsigned)to->port);
		return error_why(e, "nothing secret was sent");
	}
	if (!command(s, &(struct pop3_command){.verb = POP3_STLS}, &ev, e))
		return false;
	if (!ev.ok) {
		error_set(e, ERROR_TLS, "%s:%u refused STLS; nothing secret was sent", to->host,
			(unsigned)to->port);
		return error_server(e, ev.text);
	}
	/* Let the engine look for octets that came with the answer before TLS takes the stream. */
	if (pop3_next(s->engine, &ev) == POP3_FAILED) {
		*e = *pop3_failure(s->engine);
		session_name_host(s, e);
		return false;
	}
	if (!start_tls(s, e))
		return false;
	pop3_tls_started(s->engine);
	return true;
}

/* By which address, and by which way. */
static void trace_way(const struct session *s, const struct dial_report *report)
{
	const struct where link = dial_link(&s->account->endpoint);
	char line[sizeof(link.text) + 16];

	for (size_t i = 0; i < report->n; i++)
		if (report->addresses[i].fate == DIAL_TAKEN) {
			snprintf(line, sizeof(line), "connected to %s", report->addresses[i].text);
			session_trace(s, "*", line);
		}
	snprintf(line, sizeof(line), "through %s", link.text);
	if (link.text[0])
		session_trace(s, "*", line);
}

static bool reach(struct session *s, struct error *e)
{
	const struct session_setting *setting = s->setting;
	const struct account *a = s->account;
	struct dial_report report = {.n = 0};
	bool done;

	session_begins(s, SESSION_CONNECT);
	report_step(setting->report_fd, "connecting to %s", a->endpoint.host);
	done = link_open(a, setting->stop, setting->stop_fd, &report, &s->stream, e);
	if (setting->watch && setting->watch->dialled)
		setting->watch->dialled(setting->watch->self, &report);
	if (done && setting->trace)
		trace_way(s, &report);
	if (done || e->kind != ERROR_HOST)
		return done;
	if (e->about == ERROR_ABOUT_PROXY)
		return error_append(e, " (%s)", config_origin(a, "proxy"));
	if (!a->temporary)
		say_where(s, e->text, sizeof(e->text), " (", ")");
	return false;
}

/* Where it helps to know by which way the server was talked to. */
static void name_link(const struct session *s, struct error *e)
{
	if (e && (e->kind == ERROR_NETWORK || e->kind == ERROR_TLS || e->kind == ERROR_PROTOCOL))
		link_name(s->account, e);
}

static bool connect_to(struct session *s, struct error *e)
{
	const struct account *a = s->account;

	if (!reach(s, e))
		return false;
	session_depart(s);
	if (a->tls.mode == TLS_IMPLICIT && !start_tls(s, e))
		return false;
	if (!greet(s, e))
		return false;
	if (a->tls.mode != TLS_STARTTLS)
		return find_capabilities(s, e);
	/* RFC 2595 s.4: what was learned before TLS is forgotten; so where the rest is remembered,
	 * why ask. */
	return (has_memory(s) || session_ask_capabilities(s, e)) && upgrade(s, e) &&
		find_capabilities(s, e);
}

/* Before it is sent: the server may know it from an earlier session. */
static void hide_login(struct session *s)
{
	const char *password = s->setting->secret->value;
	char *plain;

	if (!password)
		return;
	hide_add(&s->hide, password);
	if (account_uses_token(s->account))
		return;
	plain = sasl_plain_form(s->account->user, password);
	hide_add(&s->hide, plain);
	wipe_free(plain);
}

/* Proxies that know little (Perdition is one) may end the connection on what they do not know. */
static bool ended_on_capa(const struct session *s)
{
	/* Where the refusal of CAPA came first, what follows it meets the end: at most USER, since
	 * only CAPA could have offered more. A password has not gone out. */
	return s->closed && !s->without_capa && !s->capabilities.known &&
		(s->last_sent == POP3_CAPA || s->last_sent == POP3_USER);
}

static struct session *session_new(const struct session_setting *setting, bool without_capa)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->setting = setting;
	s->account = setting->account;
	s->opened_ms = clock_ms();
	s->timeout_ms = s->account->timeout_ms;
	s->without_capa = without_capa;
	s->engine = pop3_new();
	hide_login(s);
	pop3_hide(s->engine, &s->hide);
	return s;
}

/* What is wrong there is what doctor finds out; it says so itself. */
static void advise_check(const struct session *s, struct error *e)
{
	bool in_between = e->kind == ERROR_NETWORK || e->kind == ERROR_TLS;

	if (s->setting->watch || !in_between || s->account->temporary ||
		e->about == ERROR_ABOUT_NO_NETWORK)
		return;
	/* That is a guess; what is there can be found out. */
	if (e->about == ERROR_ABOUT_PORT) {
		error_why(e, "%s", e->lead);
		e->remedy[0] = '\0';
	}
	if (!e->remedy[0])
		error_remedy(e, "check", "ambil doctor %s", s->account->typed);
}

/* On failure *again says whether it may go better without CAPA. */
static bool try_to_connect(const struct session_setting *setting, bool without_capa,
	struct session **out, bool *again, bool *lost_step, struct error *e)
{
	struct session *s = session_new(setting, without_capa);

	if (!connect_to(s, e)) {
		name_link(s, e);
		if (e && s->account->temporary)
			say_for_url(s, e);
		if (e)
			advise_check(s, e);
		*lost_step = s->lost_step;
		*again = ended_on_capa(s);
		session_free(s);
		return false;
	}
	*out = s;
	return true;
}

bool session_connect(const struct session_setting *setting, struct session **out, bool *lost_step,
	struct error *e)
{
	bool again = false, ignored = false;

	if (try_to_connect(setting, setting->without_capa, out, &again, lost_step, e))
		return true;
	return again && try_to_connect(setting, true, out, &ignored, lost_step, e);
}

bool session_choose(struct session *s, struct error *e)
{
	if (login_choose(s, e))
		return true;
	if (s->account->temporary)
		say_for_url(s, e);
	return false;
}

bool session_has_better(struct session *s, enum mech *better)
{
	return login_has_better(s, better);
}

bool session_has_stamp(const struct session *s)
{
	return s->stamp != NULL;
}

bool session_login(struct session *s, const struct pop3_command *then, size_t n, struct error *e)
{
	session_begins(s, SESSION_LOGIN);
	if (login(s, then, n, e))
		return true;
	name_link(s, e);
	if (e && s->account->temporary)
		say_for_url(s, e);
	return false;
}

bool session_renew_capabilities(struct session *s, struct error *e)
{
	return session_ask_capabilities_again(s, e);
}

/* Whether the server took a login, or judged it, once CAPA was left out. */
static void note_capa(const struct session *s, bool done)
{
	struct session_lesson *lesson = s->setting->lesson;

	if (lesson && s->without_capa && !s->setting->without_capa && (done || lesson->refused))
		lesson->capa_ends_it = true;
}

/* Whether what CAPA says now would have led to another login. */
static bool would_choose_otherwise(struct session *s)
{
	enum mech before = s->mech;
	struct error ignored;

	return !login_choose(s, &ignored) || s->mech != before;
}

/* Whether the login failed since more was sent than the server was ready for. */
static void note_reliance(struct session *s)
{
	struct session_lesson *lesson = s->setting->lesson;

	if ((!s->relied && !session_asks_ahead(s)) || s->refusal == SESSION_BINDING_REFUSED)
		return;
	/* The same login would only be refused once more, and counted twice by the server. */
	lesson->surprised = s->surprised && (!lesson->refused || would_choose_otherwise(s));
	lesson->unanswered = !lesson->refused &&
		(s->silent || s->closed || *s->setting->stop == SIGALRM ||
			pop3_failure(s->engine)->kind == ERROR_PROTOCOL);
}

bool session_open(const struct session_setting *setting, const struct pop3_command *then, size_t n,
	struct session **out, bool *lost_step, struct error *e)
{
	struct session *s = NULL;
	bool done, again, ignored = false;

	if (!session_connect(setting, &s, lost_step, e))
		return false;
	done = session_login(s, then, n, e);
	again = !done && ended_on_capa(s);
	if (again) {
		session_free(s);
		if (!try_to_connect(setting, true, &s, &ignored, lost_step, e))
			return false;
		done = session_login(s, then, n, e);
	}
	note_capa(s, done);
	if (setting->lesson)
		setting->lesson->refusal = s->refusal;
	if (setting->lesson && !done)
		note_reliance(s);
	if (!done) {
		*lost_step = s->lost_step;
		session_free(s);
		return false;
	}
	*out = s;
	return true;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	stream_free(s->stream);
	pop3_free(s->engine);
	hide_release(&s->hide);
	buf_release(&s->shown);
	buf_release(&s->capability_text);
	free(s->stamp);
	free(s);
}
