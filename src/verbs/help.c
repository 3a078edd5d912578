/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be typed and what can be set, made of the tables that command line and configuration are
 * read with. Each text fits one screen, but for the list of all settings. */
#include "verbs/help.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/text.h"
#include "config/settings.h"
#include "report/report.h"
#include "report/screen.h"
#include "verbs/print.h"

enum { WIDTH_MIN = 40, WIDTH_MAX = 100, COLUMN = 24 };

/* Two columns. */
static void add_entry(struct buf *out, const char *left, const char *right, size_t width)
{
	size_t wide = text_columns(span_of(left)) + 4, more = text_columns(span_of(right));

	buf_add_text(out, "  ");
	if (wide <= COLUMN)
		text_pad(out, left, COLUMN - 2);
	else if (wide + more <= width)
		buf_printf(out, "%s  ", left);
	else
		buf_printf(out, "%s\n%*s", left, COLUMN, "");
	text_wrap(out, right, COLUMN, width);
}

/* "maildir:~/Mail"; what holds for one that is not set may be a sentence. */
static const char *default_of(const struct setting *s)
{
	return s->value ? s->value : _(s->unset);
}

/* verb: VERBS where the option is that of all. */
static void add_option(
	struct buf *out, const struct cli_option *option, enum verb verb, size_t width)
{
	struct buf left = {0}, right = {0};
	const struct setting *s = option->effect == OPTION_OVERRIDE && option->setting
		? &settings[settings_find(option->setting)]
		: NULL;

	if (option->letter)
		buf_printf(&left, "-%c, ", option->letter);
	else
		buf_add_text(&left, "    ");
	buf_add_text(&left, option->name);
	if (option->argument)
		buf_printf(&left, option->implied ? "[=%s]" : " %s", option->argument);
	buf_add_text(&right,
		_(verb < VERBS && option->verb_help[verb] ? option->verb_help[verb]
							  : option->help));
	if (s && option->argument)
		buf_printf(&right, _(" (default: %s)"), default_of(s));
	add_entry(out, left.data, right.data, width);
	buf_release(&left);
	buf_release(&right);
}

static void add_verb(struct buf *out, enum verb verb, size_t width)
{
	const struct cli_verb *v = &cli_verbs[verb];
	bool first = true;

	buf_printf(out, _("Usage: ambil %s [OPTION]... %s"), v->name, v->arguments);
	buf_add_text(out, "\n\n");
	for (size_t i = 0; i < sizeof(v->examples) / sizeof(v->examples[0]); i++)
		buf_printf(out, "  %s\n", i18n_text(v->examples[i]));
	for (size_t i = 0; i < CLI_OPTIONS; i++) {
		if (!cli_options[i].verbs[verb])
			continue;
		if (first)
			buf_printf(out, "\n%s\n", _("Options:"));
		add_option(out, &cli_options[i], verb, width);
		first = false;
	}
	buf_add_text(out, "\n");
	text_wrap(out,
		_("Options of every verb: ambil help options. Manual: man ambil, man ambil.conf."),
		0, width);
}

/* There is no room to explain them. */
static void add_names(struct buf *out, size_t width)
{
	struct buf text = {0};

	buf_add_text(&text, "ambil help options:");
	for (size_t i = 0; i < CLI_OPTIONS; i++)
		if (cli_option_global(&cli_options[i]))
			buf_printf(&text, " %s", cli_options[i].name);
	text_wrap(out, text.data, 0, width);
	buf_release(&text);
}

static void add_overview(struct buf *out, size_t width)
{
	static const char *const examples[] = {
		N_("ambil setup anna@example.org     add an account"),
		N_("ambil                            get new mail of all accounts"),
		N_("ambil doctor                     find out why that fails"),
	};

	text_wrap(out,
		_("ambil fetches your mail from POP3 servers, and never loses or doubles a message."),
		0, width);
	buf_printf(out, "%s\n\n", _("Usage: ambil [OPTION]... [VERB] [ARGUMENT]..."));
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		buf_printf(out, "  %s\n", _(examples[i]));
	buf_add_text(out, "\n");
	for (enum verb verb = 0; verb < VERBS; verb++)
		add_entry(out, cli_verbs[verb].name, _(cli_verbs[verb].help), width);
	buf_add_text(out, "\n");
	add_names(out, width);
	text_wrap(out, _("More: ambil VERB --help, ambil help settings, man ambil."), 0, width);
}

static void add_global(struct buf *out, size_t width)
{
	buf_printf(out, "%s\n\n", _("Options of every verb, before or behind it:"));
	for (size_t i = 0; i < CLI_OPTIONS; i++)
		if (cli_option_global(&cli_options[i]))
			add_option(out, &cli_options[i], VERBS, width);
}

/* "(default: 60s)"; "(required)". */
static void add_default(struct buf *out, const struct setting *s)
{
	static const char required[] = "required";

	if (s->unset && strncmp(s->unset, required, strlen(required)) == 0)
		buf_printf(out, " (%s)", _(s->unset));
	else
		buf_printf(out, _(" (default: %s)"), default_of(s));
}

static void add_settings(struct buf *out, size_t width)
{
	struct buf right = {0};

	buf_printf(out, "%s\n\n", _("Settings in ambil.conf, outside of accounts or in one:"));
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		buf_clear(&right);
		buf_add_text(&right, _(settings[i].help));
		add_default(&right, &settings[i]);
		add_entry(out, settings[i].name, right.data, width);
	}
	buf_add_text(out, "\n");
	text_wrap(out, _("More: ambil help SETTING, ambil config show, man ambil.conf."), 0, width);
	buf_release(&right);
}

/* Where it may stand. */
static const char *scope_of(const struct setting *s)
{
	switch (s->scope) {
	case SCOPE_ACCOUNT:
		return N_("in an account");
	case SCOPE_TOP:
		return N_("outside of accounts");
	case SCOPE_ANY:
		break;
	}
	return N_("in an account; outside, for all of them");
}

static void add_values(struct buf *out, const struct setting *s)
{
	static const char *const truth[] = {"true", "false"};

	if (s->allowed)
		buf_add_text(out, _(s->allowed));
	else
		text_list(out, s->words ? s->words : truth, s->words ? s->n_words : 2, true);
}

/* The options that say the same for one run. */
static void add_same(struct buf *out, const struct setting *s)
{
	for (size_t i = 0; i < CLI_OPTIONS; i++)
		if (cli_options[i].effect == OPTION_OVERRIDE &&
			strcmp(cli_options[i].setting, s->name) == 0)
			buf_printf(out, "%s%s", out->len ? ", " : "", cli_options[i].name);
}

static void add_setting(struct buf *out, const struct setting *s, size_t width)
{
	struct buf text = {0};

	buf_printf(&text, "%s: %s", s->name, _(s->help));
	text_wrap(out, text.data, 0, width);
	buf_add_text(out, "\n");
	buf_clear(&text);
	add_values(&text, s);
	add_entry(out, _("values"), text.data, width);
	add_entry(out, _("default"), default_of(s), width);
	add_entry(out, _("where"), _(scope_of(s)), width);
	buf_clear(&text);
	add_same(&text, s);
	if (text.len)
		add_entry(out, _("for one run"), text.data, width);
	buf_add_text(out, "\n");
	text_wrap(
		out, _("More: ambil help settings, ambil config show, man ambil.conf."), 0, width);
	buf_release(&text);
}

void help_text(struct buf *out, enum verb verb, size_t width)
{
	if (verb == VERBS)
		add_overview(out, width);
	else
		add_verb(out, verb, width);
}

/* That of the screen, within what is pleasant to read. */
static size_t find_width(void)
{
	size_t width = screen_columns(STDOUT_FILENO);

	return width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : width;
}

/* What is neither a verb nor a setting. */
static const char *const topics[] = {"options", "settings"};
enum { TOPICS = sizeof(topics) / sizeof(topics[0]) };

static int unknown_topic(const char *word, struct report_style style)
{
	const char *names[VERBS + TOPICS + SETTINGS_COUNT], *nearest;
	size_t n = 0;
	struct error e;

	for (size_t i = 0; i < VERBS; i++)
		names[n++] = cli_verbs[i].name;
	for (size_t i = 0; i < TOPICS; i++)
		names[n++] = topics[i];
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		names[n++] = settings[i].name;
	nearest = text_nearest(word, names, n);
	if (nearest)
		error_set(&e, ERROR_USAGE, "no help on \"%s\" (did you mean %s?)",
			safe(span_of(word)).text, nearest);
	else
		error_set(&e, ERROR_USAGE, "no help on \"%s\"", safe(span_of(word)).text);
	error_remedy(&e, "see", "ambil --help");
	report_error(style, NULL, &e);
	return error_exit_code(e.kind);
}

/* False where there is no such topic. */
static bool add_topic(struct buf *out, const char *topic, size_t width)
{
	enum verb verb = cli_find_verb(topic);
	size_t setting = settings_find(topic);

	if (verb < VERBS)
		add_verb(out, verb, width);
	else if (strcmp(topic, "options") == 0)
		add_global(out, width);
	else if (strcmp(topic, "settings") == 0)
		add_settings(out, width);
	else if (setting < SETTINGS_COUNT)
		add_setting(out, &settings[setting], width);
	else
		return false;
	return true;
}

int verb_help(const struct cli *cli, struct report_style style)
{
	bool asked = cli->verb_given && cli->verb == VERB_HELP && !cli->help;
	const char *topic = asked && cli->n_arguments ? cli->arguments[0] : NULL;
	struct buf text = {0};
	int code;

	if (topic && !add_topic(&text, topic, find_width()))
		return unknown_topic(topic, style);
	if (!topic)
		help_text(&text, asked || !cli->verb_given ? VERBS : cli->verb, find_width());
	code = verb_print(&text, style);
	buf_release(&text);
	return code;
}
