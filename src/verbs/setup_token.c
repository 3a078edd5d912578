/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where no password is taken: another program signs in, and prints a token for each login. */
#include "base/i18n.h"
#include "base/text.h"
#include "verbs/ask.h"
#include "verbs/setup_inner.h"

static const char *address_of(const struct setup *s)
{
	return s->address ? s->address : s->account->user;
}

/* What people use; each of them is set up once, with a browser. */
static void say_helpers(const struct setup *s)
{
	setup_explain(s,
		_("A program that signs in with your browser, once, gets them; set it up first, and "
		  "name here the command that prints one:"));
	setup_say(s, "    oama access %s\n    pizauth show NAME\n    mutt_oauth2.py FILE\n",
		safe(span_of(address_of(s))).text);
	setup_explain(s,
		_("With email-oauth2-proxy a password does: stop here, and name the proxy as server, "
		  "with --host, --port and --tls none."));
}

/* Until there is an answer. now: what no answer means; NULL: nothing. */
static bool ask_command(struct setup *s, const char *question, bool may_be_empty, struct error *e)
{
	for (;;) {
		struct buf answer = {NULL, 0, 0};
		struct error wrong = {0};
		bool done = ask_line(question, s->stop, &answer, e);

		if (!done || (!answer.len && may_be_empty)) {
			buf_release(&answer);
			return done;
		}
		done = answer.len ? setup_set(s, "oauth-token-command", answer.data,
					    "--oauth-token-command", &wrong)
				  : error_set(&wrong, ERROR_USAGE, "no command was named");
		buf_release(&answer);
		if (done)
			return true;
		report_error(s->style, NULL, &wrong);
	}
}

bool setup_find_token(struct setup *s, const char *who, struct error *e)
{
	if (s->account->token_command)
		return true;
	error_set(e, ERROR_CAPABILITY, "%s takes no passwords from programs, only tokens (OAuth)",
		who);
	error_remedy(e, "say what prints one", "--oauth-token-command 'oama access %s'",
		safe(span_of(address_of(s))).text);
	if (!s->may_ask)
		return false;
	setup_explain(s, e->text);
	say_helpers(s);
	return ask_command(s, _("Command that prints a token: "), false, e);
}

bool setup_ask_token(struct setup *s, struct error *e)
{
	return ask_command(
		s, _("Another command for the token, or Enter to try the same again: "), true, e);
}
