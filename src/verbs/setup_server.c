/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Is this the server? It is looked at as doctor does, without a login, and its certificate shown. A
 * server that is not trusted is never used silently: the user pins its key, names its authority, or
 * that is the end.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "doctor/words.h"
#include "report/screen.h"
#include "terminal.h"
#include "verbs/ask.h"
#include "verbs/setup_inner.h"

/* ---- one worker ---- */

static bool watch(void *self, const struct report *r)
{
	struct setup *s = self;

	switch (r->type) {
	case REPORT_SERVER:
		s->server = r->u.server;
		s->server_seen = true;
		return true;
	case REPORT_MAILBOX:
		s->mailbox = r->u.mailbox;
		return true;
	case REPORT_COMMAND: /* it may ask something on the terminal */
	case REPORT_WAITING:
	case REPORT_WARNING:
		setup_pass_over(s);
		return false;
	case REPORT_DONE:
		s->ended = r->u.end.error;
		s->marked = r->u.end.counts.marked;
		return true;
	default:
		return false;
	}
}

/* What an error advises to write into the file is given as an option here. */
static void advise_options(struct error *e)
{
	static const char *const names[] = {"tls", "port", "host", "ca-file"};
	struct buf text = {NULL, 0, 0};

	for (const char *p = e->remedy; *p;) {
		size_t i = 0, len = 0;

		for (; i < sizeof(names) / sizeof(names[0]); i++) {
			len = strlen(names[i]);
			if (strncmp(p, names[i], len) == 0 && strncmp(p + len, " = ", 3) == 0 &&
				(p == e->remedy || p[-1] == ' '))
				break;
		}
		if (i < sizeof(names) / sizeof(names[0])) {
			buf_printf(&text, "--%s=", names[i]);
			p += len + 3;
		} else {
			buf_add(&text, p++, 1);
		}
	}
	snprintf(e->remedy, sizeof(e->remedy), "%s", text.len ? text.data : "");
	buf_release(&text);
	/* That is no option of setup, on purpose. */
	if (strcmp(e->remedy, "allow-cleartext-password = true") == 0)
		error_remedy(e, "only for a tunnel or this machine itself",
			"ambil config edit, and  allow-cleartext-password = true  at the top");
}

/* What may be taken as seen later. 0: nothing will, or there is no place for it. */
static int fresh_list(struct setup *s)
{
	if (s->uids)
		fclose(s->uids);
	s->uids = s->is_new && s->may_ask ? tmpfile() : NULL;
	if (!s->uids)
		return 0;
	/* No concern of a command that gives a password. */
	(void)!fcntl(fileno(s->uids), F_SETFD, FD_CLOEXEC);
	return fileno(s->uids);
}

static void say_what_is_waited_for(struct setup *s, enum run_mode mode)
{
	const struct endpoint *to = &s->account->endpoint;
	const char *dots = screen_utf8() ? "…" : "...";
	char line[400];

	if (mode == RUN_LOOK)
		snprintf(line, sizeof(line), _("Connecting to %s %s"),
			dial_where(to->host, to->port).text, dots);
	else
		snprintf(line, sizeof(line), _("Logging in %s"), dots);
	setup_say_passing(s, line);
}

bool setup_run(struct setup *s, enum run_mode mode, struct error *e)
{
	const struct config *config = &s->config;
	struct account *a = s->account;
	const char *name = a->shown, *place = a->destination.shown, *text = a->destination.text;
	const struct report_setting setting = {.verbosity = terminal_verbosity(s->cli),
		.style = s->style,
		.names = &name,
		.destinations = &place,
		.places = &text,
		.n = 1};
	const char **known = xcalloc(config->n, sizeof(*known));
	const struct run_order order = {.mode = mode,
		.trace = s->cli->verbosity == CLI_DEBUG,
		.password = s->password.value ? &s->password : NULL,
		.by_hand = true,
		.wait_locked = s->may_ask,
		.jobs = 1,
		.uids_fd = mode == RUN_LOGIN ? fresh_list(s) : 0,
		.state_dir = config->state_dir,
		.config_ns = config->changed_ns,
		.config_path = config->path,
		.known = known,
		.known_n = config->n,
		.stop = s->stop,
		.stop_fd = s->stop_fd,
		.watch = watch,
		.watch_self = s};

	for (size_t i = 0; i < config->n; i++)
		known[i] = config->accounts[i].name;
	memset(&s->ended, 0, sizeof(s->ended));
	s->server_seen = false;
	if (mode == RUN_LOGIN)
		memset(&s->mailbox, 0, sizeof(s->mailbox));
	say_what_is_waited_for(s, mode);
	(void)run_accounts(&a, 1, &order, &setting, NULL);
	setup_pass_over(s);
	free(known);
	if (*s->stop)
		return error_set(e, ERROR_INTERRUPTED, "interrupted");
	if (!s->ended.kind)
		return true;
	*e = s->ended;
	if (s->is_new)
		advise_options(e);
	return false;
}

/* ---- trust ---- */

static void say_certificate(const struct setup *s, const char *verdict)
{
	char day[16], line[600];

	words_day(day, sizeof(day), s->server.until_s);
	snprintf(line, sizeof(line), _("Certificate: %s, by %s, until %s"), s->server.subject,
		s->server.issuer, day);
	setup_say_ok(s, line, verdict);
}

static bool pin(struct setup *s, struct error *e)
{
	char value[sizeof(s->server.pin)];

	if (!s->server.pin[0]) {
		error_set(e, ERROR_TLS,
			"the server has shown no certificate whose key could be "
			"pinned");
		return false;
	}
	memcpy(value, s->server.pin, sizeof(value));
	return setup_set(s, "pin-sha256", value, "--pin", e);
}

static bool refuse(const struct setup *s, struct error *e)
{
	*e = s->server.distrust;
	if (s->is_new && e->about == ERROR_ABOUT_NAMES)
		error_remedy(e, "", "--host with one of these names");
	else if (s->account->tls.pins && s->server.pin[0])
		error_remedy(e, "if it is", "--pin=%s", s->server.pin);
	else if (s->server.pin[0])
		error_remedy(e, "own CA?",
			"--ca-file /path/ca.pem   one server, that you are sure of?  --pin=%s",
			s->server.pin);
	return false;
}

static bool can_be_read(const struct setup *s, const char *name, struct error *e)
{
	struct tls_policy policy = s->account->tls;
	bool done;

	policy.ca_file = name[0] == '/' || name[0] == '~'
		? file_expand_home(name, s->config.home)
		: xasprintf("%s/%s", s->config.home, name);
	done = tls_check(&policy, e);
	free(policy.ca_file);
	return done;
}

/* A file that cannot be used may have been a slip of the pen; without an answer all stays. */
static bool ask_ca_file(struct setup *s, struct error *e)
{
	struct buf answer = {NULL, 0, 0};
	struct error wrong = {0};
	bool done = ask_line(
		_("File with the certificates of its authority: "), s->stop, &answer, e);

	/* Of use at all, before it is in the account. */
	if (done && answer.len &&
		!(can_be_read(s, answer.data, &wrong) &&
			setup_set(s, "ca-file", answer.data, "--ca-file", &wrong)))
		report_error(s->style, NULL, &wrong);
	buf_release(&answer);
	return done;
}

/* Shows why, and asks what to do about it. */
static bool ask_for_trust(struct setup *s, struct error *e)
{
	enum { SHA_HALF = 16 * 3 };
	const struct error *why = &s->server.distrust;
	char answer = 's';

	setup_explain(s, why->text);
	if (why->why[0] && s->account->tls.pins)
		setup_explain(s, why->why);
	/* Half of it on each line, which fits everywhere. */
	if (s->server.sha256[0])
		setup_say(s, "  SHA-256  %.*s\n           %s\n", SHA_HALF, s->server.sha256,
			s->server.sha256 + SHA_HALF);
	setup_explain(s,
		_("Whoever is between you and your server can show such a certificate: compare the "
		  "SHA-256 with what the server's owner tells you by other means."));
	/* Where a key is pinned, no authority counts. */
	if (!(s->account->tls.pins
			    ? ask_letter(_("[p]in this key instead, name [a]nother server, or "
					   "[s]top? [s] "),
				      "spa", s->stop, &answer, e)
			    : ask_letter(_("[p]in this key, name a [c]a-file with its authority or "
					   "[a]nother server, or [s]top? [s] "),
				      "spca", s->stop, &answer, e)))
		return false;
	if (answer == 'p')
		return pin(s, e);
	if (answer == 'a')
		return setup_ask_another_server(s, e);
	return answer == 'c' ? ask_ca_file(s, e) : refuse(s, e);
}

static bool say_clear(const struct setup *s)
{
	const struct endpoint *to = &s->account->endpoint;

	if (s->account->tls.mode != TLS_NONE)
		return false;
	setup_say(s, _("Connection: %s, not encrypted\n"), dial_where(to->host, to->port).text);
	return true;
}

/* ---- until it is the one ---- */

/* What a remedy would have put into ambil.conf, or on a command line, is typed as an answer. */
static void advise_answer(const struct setup *s, struct error *e)
{
	const struct endpoint *to = &s->account->endpoint;
	char *origin = xasprintf(" (%s)", _("command line")), *at = strstr(e->text, origin);

	/* Wherever it was typed, it was a moment ago. */
	if (at && at[strlen(origin)] == '\0')
		*at = '\0';
	free(origin);
	if (strstr(e->remedy, "starttls"))
		error_remedy(e, "if that is right, with STARTTLS", "pop://%s",
			dial_where(to->host, to->port).text);
	else if (e->about == ERROR_ABOUT_PORT && s->account->tls.mode == TLS_IMPLICIT)
		snprintf(e->remedy, sizeof(e->remedy), "%s", dial_where(to->host, 995).text);
	else
		e->remedy[0] = '\0';
}

/* A name that was mistyped, a server that is down, or one that is none: whoever is there can name
 * another, or wait. */
static bool ask_again(struct setup *s, struct error *e)
{
	struct error shown = *e;

	if (!s->may_ask || e->kind == ERROR_INTERRUPTED || e->kind == ERROR_INTERNAL)
		return false;
	advise_answer(s, &shown);
	report_error(s->style, NULL, &shown);
	return setup_ask_another_server(s, e);
}

/* *again: look once more. */
static bool look(struct setup *s, bool *pinned, bool *again, struct error *e)
{
	bool done = setup_run(s, RUN_LOOK, e);

	*again = false;
	if (*s->stop)
		return false;
	if (!s->server_seen) {
		*again = !done && ask_again(s, e);
		return done && say_clear(s);
	}
	if (s->cli->pin && !s->cli->pin[0] && !*pinned) {
		*pinned = pin(s, e);
		*again = *pinned && !s->server.trusted;
		if (!*pinned || *again)
			return false;
	}
	if (s->server.trusted) {
		say_certificate(s, s->server.pinned || *pinned ? _("pinned") : _("ok"));
		*again = !done && ask_again(s, e);
		return done;
	}
	say_certificate(s, _("NOT TRUSTED"));
	*again = s->may_ask ? ask_for_trust(s, e) : refuse(s, e);
	return false;
}

bool setup_check_server(struct setup *s, struct error *e)
{
	bool pinned = false, again = true, done = false;

	while (again) {
		struct error wrong = {0};

		done = look(s, &pinned, &again, &wrong);
		if (!done && !again)
			*e = wrong;
	}
	return done;
}
