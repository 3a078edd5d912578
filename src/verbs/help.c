/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be typed, made of the tables that the command line is read with. Each text fits one
 * screen. */
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
	buf_add_text(out, "  ");
	if (text_columns(span_of(left)) + 4 > COLUMN)
		buf_printf(out, "%s\n%*s", left, COLUMN, "");
	else
		text_pad(out, left, COLUMN - 2);
	text_wrap(out, right, COLUMN, width);
}

static void add_option(struct buf *out, const struct cli_option *option, size_t width)
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
	buf_add_text(&right, _(option->help));
	if (s && option->argument)
		buf_printf(&right, _(" (default: %s)"), s->value ? s->value : _(s->unset));
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
		add_option(out, &cli_options[i], width);
		first = false;
	}
	buf_add_text(out, "\n");
	text_wrap(out,
		_("Options of every verb: ambil help options. Manual: man ambil, man ambil.conf."),
		0, width);
}

/* Those that the overview has no room to explain. */
static void add_minor(struct buf *out, size_t width)
{
	struct buf text = {0};

	buf_add_text(&text, "ambil help options:");
	for (size_t i = 0; i < CLI_OPTIONS; i++)
		if (cli_options[i].minor)
			buf_printf(&text, " %s", cli_options[i].name);
	text_wrap(out, text.data, 0, width);
	buf_release(&text);
}

static void add_overview(struct buf *out, size_t width)
{
	text_wrap(out,
		_("ambil fetches your mail from POP3 servers, and never loses or doubles a message."),
		0, width);
	/* The examples are in the help of each verb: here they would not fit on the screen. */
	buf_printf(out, "%s\n\n", _("Usage: ambil [OPTION]... [VERB] [ARGUMENT]..."));
	for (enum verb verb = 0; verb < VERBS; verb++)
		add_entry(out, cli_verbs[verb].name, _(cli_verbs[verb].help), width);
	buf_add_text(out, "\n");
	for (size_t i = 0; i < CLI_OPTIONS; i++)
		if (cli_option_global(&cli_options[i]) && !cli_options[i].minor)
			add_option(out, &cli_options[i], width);
	add_minor(out, width);
	text_wrap(out, _("More: ambil VERB --help, man ambil, man ambil.conf."), 0, width);
}

static void add_global(struct buf *out, size_t width)
{
	buf_printf(out, "%s\n\n", _("Options of every verb, before or behind it:"));
	for (size_t i = 0; i < CLI_OPTIONS; i++)
		if (cli_option_global(&cli_options[i]))
			add_option(out, &cli_options[i], width);
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

static int unknown_verb(const char *word, struct report_style style)
{
	const char *names[VERBS], *nearest;
	struct error e;

	for (size_t i = 0; i < VERBS; i++)
		names[i] = cli_verbs[i].name;
	nearest = text_nearest(word, names, VERBS);
	if (nearest)
		error_set(&e, ERROR_USAGE, "unknown verb \"%s\" (did you mean %s?)",
			safe(span_of(word)).text, nearest);
	else
		error_set(&e, ERROR_USAGE, "unknown verb \"%s\"", safe(span_of(word)).text);
	error_remedy(&e, "see", "ambil --help");
	report_error(style, NULL, &e);
	return error_exit_code(e.kind);
}

int verb_help(const struct cli *cli, struct report_style style)
{
	enum verb verb = cli->verb_given ? cli->verb : VERBS;
	const char *topic = verb == VERB_HELP && !cli->help && cli->n_arguments ? cli->arguments[0]
										: NULL;
	struct buf text = {0};
	int code;

	if (verb == VERB_HELP && !cli->help)
		verb = topic ? cli_find_verb(topic) : VERBS;
	if (topic && strcmp(topic, "options") == 0)
		add_global(&text, find_width());
	else if (topic && verb == VERBS)
		return unknown_verb(topic, style);
	else
		help_text(&text, verb, find_width());
	code = verb_print(&text, style);
	buf_release(&text);
	return code;
}
