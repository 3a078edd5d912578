/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What setup has done, and what comes next: for people, and for programs. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/jsonout.h"
#include "base/text.h"
#include "config/places.h"
#include "report/screen.h"
#include "terminal.h"
#include "verbs/setup_inner.h"

/* Between words, where the terminal would break anywhere. */
static void add_line(struct buf *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void add_line(struct buf *out, const char *fmt, ...)
{
	char line[1000];
	va_list ap;

	va_start(ap, fmt);
	text_format(line, sizeof(line), fmt, ap);
	va_end(ap);
	text_wrap(out, line, 0, terminal_columns());
}

static void add_password(const struct setup *s, struct buf *out)
{
	switch (s->place) {
	case PLACE_KEYRING:
		add_line(out, _("The password is in the keyring."));
		break;
	case PLACE_FILE:
		add_line(out, _("The password is in %s, which only you can read."),
			s->password_file);
		break;
	case PLACE_NONE:
		add_line(out,
			_("The password was not stored: ambil asks for it, and cannot run by "
			  "itself."));
		break;
	case PLACE_THERE:
		break;
	}
}

static void add_keep(const struct setup *s, struct buf *out)
{
	const struct policy *policy = &s->account->policy;
	char *value = setting_show_keep(policy);

	if (policy->keep == KEEP_FOREVER)
		add_line(out, _("Mail stays on the server (keep = true)."));
	else if (policy->keep == KEEP_NOT)
		add_line(out,
			_("Mail is deleted on the server once it is delivered (keep = false)."));
	else
		add_line(out, _("Mail is deleted on the server some time later (keep = %s)."),
			value);
	free(value);
}

/* And not one that is named by an option or the environment. */
bool setup_reads_usual_file(const struct setup *s)
{
	bool found, by_name;

	free(places_config(s->cli->config_path, &found, &by_name));
	return !by_name;
}

/* "ambil", "ambil -c other.conf": what is typed. Fresh. */
char *setup_typed(const struct setup *s)
{
	return s->cli->config_path
		? xasprintf("ambil -c %s", safe(span_of(s->cli->config_path)).text)
		: xstrdup("ambil");
}

/* Else it would seem to be a failure when the first fetch comes too early. */
static void add_delay(const struct setup *s, struct buf *out)
{
	char delay[32];

	if (!s->mailbox.delay_s)
		return;
	text_duration(delay, sizeof(delay), s->mailbox.delay_s);
	add_line(out, _("%s wants %s between logins: a fetch before that may be refused."),
		s->account->endpoint.host, delay);
}

static void add_next(const struct setup *s, struct buf *out)
{
	char *command = setup_typed(s), *with_timer;
	/* Which could not ask for the password. */
	bool timer = !s->cli->timer && setup_reads_usual_file(s) && s->place != PLACE_NONE;
	int width;

	with_timer = xasprintf("ambil setup %s --timer", s->account->name);
	width = (int)strlen(timer ? with_timer : command);
	buf_printf(out, "%s  %-*s   %s\n", _("Next:"), width, command, _("fetch now"));
	if (timer)
		buf_printf(out, "%*s  %s   %s\n", (int)screen_width(_("Next:")), "", with_timer,
			_("fetch every 10 minutes"));
	free(with_timer);
	free(command);
}

static void add_saved(const struct setup *s, struct buf *out)
{
	bool found;
	char *path = s->is_new ? config_path(s->cli->config_path, &found)
			       : xstrdup(s->account->file);
	char *shown = text_tilde(path, s->config.home);

	if (s->n)
		add_line(out, _("Saved: %s (account \"%s\")"), shown, s->account->name);
	else if (!s->from_now)
		add_line(out, _("The account \"%s\" is as it was."), s->account->name);
	for (size_t i = 0; !s->is_new && i < s->n; i++) {
		char *quoted = setting_quote(s->list[i].value);

		buf_printf(out, "       %s = %s\n", s->list[i].name, quoted);
		free(quoted);
	}
	free(shown);
	free(path);
}

void setup_add_result(const struct setup *s, struct buf *out)
{
	add_saved(s, out);
	if (s->from_now && !s->marked)
		add_line(out, _("There was no new mail to be taken as seen."));
	else if (s->from_now)
		add_line(out,
			_n("%llu message that is there is taken as seen.",
				"%llu messages that are there are taken as seen.", s->marked),
			(unsigned long long)s->marked);
	add_password(s, out);
	if (s->is_new) {
		add_keep(s, out);
		add_delay(s, out);
		add_next(s, out);
	}
}

/* The same for programs. */
void setup_tell_result(const struct setup *s, struct buf *out)
{
	static const char *const places[] = {[PLACE_THERE] = "there",
		[PLACE_KEYRING] = "keyring",
		[PLACE_FILE] = "file",
		[PLACE_NONE] = "none"};
	bool found;
	char *path = s->is_new ? config_path(s->cli->config_path, &found)
			       : xstrdup(s->account->file);

	jsonout_begin(out, "setup");
	jsonout_text(out, "account", s->account->name);
	jsonout_bool(out, "added", s->is_new);
	jsonout_text(out, "file", path);
	jsonout_list(out, "settings");
	for (size_t i = 0; i < s->n; i++) {
		jsonout_object(out, NULL);
		jsonout_text(out, "setting", s->list[i].name);
		jsonout_text(out, "value", s->list[i].value);
		jsonout_object_end(out);
	}
	jsonout_list_end(out);
	jsonout_text(out, "password", places[s->place]);
	if (s->from_now)
		jsonout_number(out, "marked", (int64_t)s->marked);
	jsonout_end(out);
	free(path);
}
