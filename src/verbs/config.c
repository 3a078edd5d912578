/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration: is it right, which values hold and why, which file is it; and changing it. */
#include "verbs/config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/jsonout.h"
#include "base/text.h"
#include "config/settings.h"
#include "report/report.h"
#include "verbs/check.h"
#include "verbs/edit.h"
#include "verbs/print.h"

static int fail(const struct error *e, struct report_style style)
{
	report_error(style, NULL, e);
	return error_exit_code(e->kind);
}

/* text: events with --json. */
static int print(struct buf *text, struct report_style style)
{
	int code = verb_print_events(text, style);

	buf_release(text);
	return code;
}

/* "	keep = 14d                      # ambil.conf:4" */
static void show_value(struct buf *out, const struct setting *s, const void *base,
	const char *origin, const char *home)
{
	enum { COLUMN = 44 };
	char *value = setting_show(s, base, home),
	     *quoted = value && !s->secret ? setting_quote(value) : NULL;
	const char *indent = s->scope == SCOPE_TOP ? "" : "\t";
	struct buf line = {0};

	if (!value)
		buf_printf(&line, "# %s: %s", s->name, _(s->unset));
	else if (s->secret)
		buf_printf(&line, _("# %s: (hidden)"), s->name);
	else
		buf_printf(&line, "%s = %s", s->name, quoted);
	buf_printf(out, "%s%-*s # %s\n", indent, COLUMN - 8 * (int)strlen(indent), line.data,
		_(origin ? origin : "default"));
	buf_release(&line);
	if (value && s->secret)
		wipe_free(value);
	else
		free(value);
	free(quoted);
}

static void show_account(struct buf *out, const struct account *account, const char *home)
{
	char *name = setting_quote(account->name);

	buf_printf(out, "account %s { # %s\n", name, _(account->where));
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if (settings[i].scope != SCOPE_TOP)
			show_value(out, &settings[i], account, account->origin[i], home);
	buf_add_text(out, "}\n");
	free(name);
}

/* Of a secret no more than that it is set. */
static void tell_value(struct buf *out, const struct setting *s, const struct account *account,
	const struct config *config)
{
	char *const *origins = account ? account->origin : config->origin;
	const char *origin = origins[s - settings];
	char *value = account ? setting_show(s, account, config->home)
			      : setting_show(s, config, config->home);

	jsonout_begin(out, "setting");
	if (account)
		jsonout_text(out, "account", account->name);
	jsonout_text(out, "setting", s->name);
	jsonout_bool(out, "set", value != NULL);
	if (value && s->secret)
		jsonout_bool(out, "hidden", true);
	else if (value)
		jsonout_text(out, "value", value);
	jsonout_text(out, "origin", origin ? origin : "default");
	jsonout_end(out);
	if (s->secret)
		wipe_free(value);
	else
		free(value);
}

static void tell_settings(struct buf *out, const struct config *config, const struct account *only)
{
	for (size_t i = 0; i < SETTINGS_COUNT && !only; i++)
		if (settings[i].scope == SCOPE_TOP)
			tell_value(out, &settings[i], NULL, config);
	for (size_t k = 0; k < config->n; k++)
		for (size_t i = 0; i < SETTINGS_COUNT; i++)
			if (settings[i].scope != SCOPE_TOP &&
				(!only || only == &config->accounts[k]))
				tell_value(out, &settings[i], &config->accounts[k], config);
}

/* config: NULL, or what stands in the file. */
static void tell_file(struct buf *out, const char *file, const struct config *config)
{
	jsonout_begin(out, "configuration");
	if (file)
		jsonout_text(out, "file", file);
	if (config)
		jsonout_list(out, "accounts");
	for (size_t i = 0; config && i < config->n; i++)
		jsonout_text(out, NULL, config->accounts[i].name);
	if (config)
		jsonout_list_end(out);
	jsonout_end(out);
}

void config_show(struct buf *out, const struct config *config, const struct account *only)
{
	if (only) {
		show_account(out, only, config->home);
		return;
	}
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if (settings[i].scope == SCOPE_TOP)
			show_value(out, &settings[i], config, config->origin[i], config->home);
	for (size_t i = 0; i < config->n; i++) {
		buf_add_text(out, "\n");
		show_account(out, &config->accounts[i], config->home);
	}
}

static int show(const struct cli *cli, struct report_style style)
{
	const char *name = cli->n_arguments > 1 ? cli->arguments[1] : NULL;
	struct account *only = NULL;
	struct config config;
	struct buf text = {0};
	struct error e;
	int code = -1;

	if (!config_load(cli->config_path, &config, NULL, &e))
		return fail(&e, style);
	if (name && config_is_url(name)) {
		only = config_add_url(&config, name, &e);
		if (!only)
			code = fail(&e, style);
	} else if (name) {
		only = config_find(&config, name);
		if (!only) {
			config_no_such_account(&config, name, &e);
			code = fail(&e, style);
		}
	}
	if (code < 0) {
		if (style.json)
			tell_settings(&text, &config, only);
		else
			config_show(&text, &config, only);
		code = print(&text, style);
	}
	config_release(&config);
	return code;
}

static int report_all(struct config_errors *errors, struct report_style style)
{
	int code = error_exit_code(errors->list[0].kind);

	for (size_t i = 0; i < errors->n; i++)
		report_error(style, NULL, &errors->list[i]);
	config_errors_release(errors);
	return code;
}

static int check(const struct cli *cli, struct report_style style)
{
	struct config_errors errors;
	struct config config;
	struct buf text = {0};
	struct error e;
	int code;

	char *file;

	if (!config_load(cli->config_path, &config, &errors, &e))
		return report_all(&errors, style);
	config_faults(&config, &errors);
	if (config.n == 0) {
		config_no_accounts(&config, &e);
		code = fail(&e, style);
	} else if (errors.n) {
		code = report_all(&errors, style);
	} else if (style.json) {
		tell_file(&text, config.path, &config);
		code = print(&text, style);
	} else {
		file = config_file(&config);
		buf_printf(&text,
			_n("%s: %zu account, no errors\n", "%s: %zu accounts, no errors\n",
				config.n),
			file, config.n);
		free(file);
		code = print(&text, style);
	}
	config_release(&config);
	return code;
}

/* In full, so that it can be given to an editor anywhere. */
static int path(const struct cli *cli, struct report_style style)
{
	struct buf text = {0}, full = {0};
	char folder[PATH_MAX], *file;
	bool found;

	file = config_path(cli->config_path, &found);
	if (file[0] != '/' && getcwd(folder, sizeof(folder)))
		buf_printf(&full, "%s/", folder);
	buf_add_text(&full, file);
	free(file);
	if (style.json)
		tell_file(&text, full.data, NULL);
	else
		buf_printf(&text, "%s\n", full.data);
	buf_release(&full);
	return print(&text, style);
}

static int edit(const struct cli *cli, struct report_style style)
{
	struct error e;

	if (style.json) {
		error_set(&e, ERROR_USAGE, "config edit is for people: an editor writes no JSON");
		error_remedy(&e, "instead", "ambil config edit");
		return fail(&e, style);
	}
	return config_edit(cli->config_path, &e) ? check(cli, style) : fail(&e, style);
}

/* For completion. */
static int accounts(const struct cli *cli, struct report_style style)
{
	struct config config;
	struct buf text = {0};
	struct error e;
	int code;

	if (!config_load(cli->config_path, &config, NULL, &e))
		return fail(&e, style);
	if (style.json)
		tell_file(&text, config.path, &config);
	for (size_t i = 0; i < config.n && !style.json; i++)
		buf_printf(&text, "%s\n", config.accounts[i].name);
	code = print(&text, style);
	config_release(&config);
	return code;
}

static const struct {
	const char *name;
	int (*run)(const struct cli *cli, struct report_style style);
	size_t arguments_max; /* with the name itself */
} words[] = {
	{"show", show, 2},
	{"check", check, 1},
	{"path", path, 1},
	{"edit", edit, 1},
	{"accounts", accounts, 1},
};

int verb_config(const struct cli *cli, struct report_style style)
{
	const char *word = cli->n_arguments ? cli->arguments[0] : "show";
	struct error e;
	size_t i = 0;

	while (i < sizeof(words) / sizeof(words[0]) && strcmp(words[i].name, word) != 0)
		i++;
	if (i < sizeof(words) / sizeof(words[0]) && cli->n_arguments <= words[i].arguments_max)
		return words[i].run(cli, style);
	if (i < sizeof(words) / sizeof(words[0]))
		error_set(&e, ERROR_USAGE, "too many words for config %s", word);
	else
		error_set(&e, ERROR_USAGE, "config %s is unknown: use show, check, path or edit",
			safe(span_of(word)).text);
	error_remedy(&e, "see", "ambil config --help");
	return fail(&e, style);
}
