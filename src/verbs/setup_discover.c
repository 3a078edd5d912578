/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a mail address to a server: discover() does it, and here is said and asked what comes of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"
#include "discover/address.h"
#include "discover/discover.h"
#include "report/screen.h"
#include "verbs/ask.h"
#include "verbs/setup_inner.h"

static const char *domain_of(const struct setup *s)
{
	const char *at = strrchr(s->address, '@');

	return at ? at + 1 : s->address;
}

/* What has to be done before a login can be taken. With a token it is of no concern how a password
 * is had, of which the lines behind the first speak. */
static void say_note(const struct setup *s, const struct discovery *found)
{
	struct span rest = span_of(found->note ? found->note : "");
	bool first = true;

	for (; rest.len && (first || !s->account->token_command); first = false)
		setup_explain(s, safe(span_line(&rest)).text);
}

/* What would have found it. */
static bool advise_server(const struct discovery *found, struct error *e)
{
	bool at_once = found->tls == TLS_IMPLICIT;

	if (at_once && found->port == 995)
		return error_remedy(e, "if you know that it is", "--host %s", found->host);
	return error_remedy(e, "if you know that it is", "--host %s --port %u --tls %s",
		found->host, (unsigned)found->port, at_once ? "implicit" : "starttls");
}

/* A server outside of the domain, on the word of the DNS alone. */
static bool confirm(struct setup *s, struct discovery *found, struct error *e)
{
	char answer = 'n', *question;
	bool done;

	if (!s->may_ask) {
		error_set(e, ERROR_USAGE,
			"%s is outside of %s, and only the DNS says that it is its server",
			found->host, safe(span_of(domain_of(s))).text);
		return advise_server(found, e);
	}
	setup_explain(s,
		_("Only the DNS says that this is the server, which is outside of the domain of your "
		  "address. If somebody has falsified that, your password goes to them."));
	question = xasprintf(_("Is your mail at %s? [y/N] "), found->host);
	done = ask_letter(question, "ny", s->stop, &answer, e);
	free(question);
	if (!done || answer == 'y')
		return done;
	discovery_release(found);
	return setup_ask_server(s, found, e);
}

static void say_search(struct setup *s)
{
	char *line = xasprintf(_("Looking for the POP3 server of %s %s "),
		safe(span_of(domain_of(s))).text, screen_utf8() ? "…" : "...");

	setup_say(s, "%s", line);
	s->column = screen_width(line);
	free(line);
}

/* What has come of it: behind it, or below where there is no room. */
static void say_outcome(struct setup *s, const char *what)
{
	if (s->column + screen_width(what) > screen_columns(STDERR_FILENO))
		setup_say(s, "\n  ");
	setup_say(s, "%s\n", what);
	s->column = 0;
}

static bool take(struct setup *s, struct discovery *found, struct error *e)
{
	char *where = xasprintf(
		"%s (%s)", dial_where(found->host, found->port).text, discovery_origin(found));

	say_outcome(s, where);
	free(where);
	say_note(s, found);
	if (found->login == DISCOVERY_OAUTH &&
		!setup_find_token(s, found->provider ? found->provider : found->host, e))
		return false;
	return !found->unconfirmed || confirm(s, found, e);
}

static void tell_question(void *self, const char *what)
{
	struct setup *s = self;

	if (s->cli->verbosity < CLI_VERBOSE)
		return;
	setup_say(s, "\n  %s", what);
	s->column = SIZE_MAX / 2; /* what comes next has a line of its own */
}

bool setup_discover(struct setup *s, struct discovery *found, struct error *e)
{
	const struct discovery_order order = {.address = s->address,
		.way = &s->account->endpoint,
		.tls = &s->account->tls,
		.stop_fd = s->stop_fd,
		.tells = tell_question,
		.context = s};

	say_search(s);
	switch (discover(&order, found, e)) {
	case DISCOVERY_FOUND:
		return take(s, found, e);
	case DISCOVERY_NOTHING:
		say_outcome(s, _("not found"));
		if (!s->may_ask)
			return false;
		/* One may be there, but not be trusted. */
		if (e->why[0])
			setup_explain(s, e->why);
		return setup_ask_server(s, found, e);
	case DISCOVERY_NO_POP3:
	case DISCOVERY_FAILED:
		break;
	}
	setup_say(s, "\n");
	return false;
}
