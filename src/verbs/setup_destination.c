/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the account's mail goes; asked until it can, or looked at before anything else is asked. */
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "local/look.h"
#include "verbs/ask.h"
#include "verbs/setup_inner.h"

/*
 * A path is a Maildir; what already has a kind stays as it is. Fresh; NULL for what is none of
 * these: who answers "n" or "yes" once more than was asked does not want a folder of that name.
 */
static char *read_destination(const struct buf *answer, struct error *e)
{
	static const char *const kinds[] = {"maildir:", "mbox:", "pipe:"};

	if (strcmp(answer->data, "-") == 0)
		return xstrdup(answer->data);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(answer->data, kinds[i], strlen(kinds[i])) == 0)
			return xstrdup(answer->data);
	if (answer->data[0] == '/' || answer->data[0] == '~')
		return xasprintf("maildir:%s", answer->data);
	error_set(e, ERROR_USAGE, "\"%s\" is not a place for mail", safe(buf_span(answer)).text);
	error_remedy(e, "such as", "~/Mail, mbox:~/inbox or pipe:procmail");
	return NULL;
}

static bool looks_good(const struct setup *s, struct error *e)
{
	struct sink_look look;

	return sink_look(&s->account->destination, &look, e);
}

/* One that cannot be leaves what was there: that is what no answer at all means. */
static bool try_destination(struct setup *s, const char *value, struct error *e)
{
	char *before = xstrdup(s->account->deliver);
	bool done = config_override(&s->config, s->account, "deliver", value, "--to", e) &&
		config_complete(&s->config, s->account, e) && looks_good(s, e);

	if (done)
		setup_note(s, "deliver", value);
	else
		(void)!(config_override(&s->config, s->account, "deliver", before, "--to", NULL) &&
			config_complete(&s->config, s->account, NULL));
	free(before);
	return done;
}

/* *again: the answer was wrong. */
static bool ask_destination(struct setup *s, bool *again, struct error *e)
{
	const char *now = s->account->deliver;
	const char *shown = strncmp(now, "maildir:", 8) == 0 ? now + 8 : now;
	char *question = xasprintf(_("Deliver to [%s]: "), safe(span_of(shown)).text);
	struct buf answer = {NULL, 0, 0};
	bool asked = ask_line(question, s->stop, &answer, e), done = false;
	char *value;

	if (asked && answer.len) {
		value = read_destination(&answer, e);
		done = value && try_destination(s, value, e);
		free(value);
	} else if (asked) {
		done = looks_good(s, e);
	}
	*again = asked && !done;
	buf_release(&answer);
	free(question);
	return done;
}

static bool asks_destination(const struct setup *s)
{
	return s->may_ask && !setup_has_option(s, "deliver") && (s->is_new || !s->changes);
}

bool setup_can_be_done(struct setup *s, struct error *e)
{
	bool found, done = true;
	char *path = s->is_new ? config_path(s->cli->config_path, &found)
			       : xstrdup(s->account->file);

	if (s->is_new || s->n || s->cli->pin)
		done = conffile_may_change(path, e);
	free(path);
	if (done && (s->is_new || setup_has_option(s, "user")))
		done = setup_state_fits(s, s->account->name, e);
	return done && (asks_destination(s) || looks_good(s, e));
}

bool setup_find_destination(struct setup *s, struct error *e)
{
	bool again = true, done = false;

	if (!asks_destination(s))
		return true;
	while (again) {
		struct error wrong = {0};

		done = ask_destination(s, &again, &wrong);
		if (again)
			report_error(s->style, NULL, &wrong);
		else if (!done)
			*e = wrong;
	}
	return done;
}
