/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From files to a struct config. A file is read by us (its mode, owner and size are looked at), its
 * form is checked by syntax.c, which names every error on its line; libconfuse then reads the
 * values out of what is left, and the table of settings checks them. libconfuse alone would stop at
 * the first error, not know the lines of values, and accept a file whose end is missing. Every
 * file, also an included one, is read on its own; errors are gathered and sorted at the end.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "config/account.h"
#include "config/config.h"
#include "config/places.h"
#include "config/syntax.h"
#include "config/values.h"

enum { FILE_OCTETS_MAX = 1 << 20, INCLUDE_DEPTH_MAX = 8 };

/* One wrong thing. Sorted by file, in the order they were opened, then by line. */
struct problem {
	size_t file;
	unsigned line;
	size_t order;
	struct error error;
};

struct loader {
	struct config *config;
	char *default_path; /* of the user's own file */
	struct problem *problems;
	size_t n;
	size_t files;
	bool bad_form;       /* a file has errors of form: what is missing may be there in truth */
	bool *faulty;        /* accounts with an error inside */
	const char *instead; /* a file of which another text is read; NULL: none */
	struct span text;
};

struct source {
	const char *path;
	char *shown;
	size_t number;
	const struct source *from; /* the file that includes this one */
	struct syntax form;
	char **values; /* of form.items, as libconfuse reads them */
};

static void add_problem(
	struct loader *l, const struct source *src, unsigned line, const struct error *e)
{
	l->problems = xreallocarray(l->problems, l->n + 1, sizeof(l->problems[0]));
	l->problems[l->n] = (struct problem){src ? src->number : SIZE_MAX, line, l->n, *e};
	l->n++;
}

static void complain(struct loader *l, const struct source *src, unsigned line, const char *fmt,
	...) PRINTF_LIKE(4, 5);
static void complain(
	struct loader *l, const struct source *src, unsigned line, const char *fmt, ...)
{
	struct error e;
	va_list ap;

	va_start(ap, fmt);
	error_set_at(&e, ERROR_CONFIG, src->shown, line, fmt, ap);
	va_end(ap);
	add_problem(l, src, line, &e);
}

static char *origin_at(const struct source *src, unsigned line)
{
	return xasprintf("%s:%u", src->shown, line);
}

/* Who may change the file may run commands as its user; who may read it has its passwords. */
static void check_access(
	struct loader *l, const struct source *src, mode_t mode, uid_t owner, bool secret)
{
	char *path = text_tilde(src->path, l->config->home);
	struct error e = {0};

	if (owner != geteuid() && owner != 0) {
		error_set(&e, ERROR_CONFIG, "%s belongs to another user", src->shown);
		error_remedy(&e, "to take it over", "chown %u %s", (unsigned)geteuid(), path);
	} else if (mode & (S_IWGRP | S_IWOTH)) {
		error_set(&e, ERROR_CONFIG, "%s can be written by others (mode %04o)", src->shown,
			(unsigned)mode);
		error_remedy(&e, "to change it", "chmod %s %s", secret ? "600" : "go-w", path);
	} else if (secret && (mode & (S_IRWXG | S_IRWXO))) {
		error_set(&e, ERROR_CONFIG,
			"%s holds a password and can be read by others (mode %04o)", src->shown,
			(unsigned)mode);
		error_remedy(&e, "to change it", "chmod 600 %s", path);
	}
	if (e.kind)
		add_problem(l, src, 0, &e);
	free(path);
}

static bool is_like_one_of_mpop(const char *name)
{
	return strchr(name, '_') || strcmp(name, "passwordeval") == 0;
}

/* Takes unknown names out of what libconfuse reads; true when a secret stands in the file. */
static bool check_names(struct loader *l, struct source *src)
{
	bool secret = false;

	for (size_t i = 0; i < src->form.n; i++) {
		struct syntax_item *item = &src->form.items[i];
		const char *nearest;
		size_t index;

		if (item->kind != SYNTAX_SETTING)
			continue;
		index = settings_find(item->name);
		if (index < SETTINGS_COUNT) {
			secret |= setting_hides(&settings[index], item->raw);
			continue;
		}
		item->skip = true;
		nearest = settings_nearest(item->name);
		if (nearest)
			complain(l, src, item->line, "unknown setting \"%s\", did you mean \"%s\"?",
				safe(span_of(item->name)).text, nearest);
		else if (is_like_one_of_mpop(item->name))
			complain(l, src, item->line,
				"unknown setting \"%s\"; man ambil-migration says what those of mpop are called here",
				safe(span_of(item->name)).text);
		else
			complain(l, src, item->line,
				"unknown setting \"%s\"; man ambil.conf has all there are",
				safe(span_of(item->name)).text);
	}
	return secret;
}

static void take_account(struct loader *l, const struct source *src, const struct syntax_item *item)
{
	const struct account *twin = config_find(l->config, item->name);
	char *where = origin_at(src, item->line);

	if (!item->skip && !account_name_ok(item->name))
		complain(l, src, item->line,
			"account \"%s\": use letters, digits and . _ - @ + for its name, not "
			"beginning with . or -",
			safe(span_of(item->name)).text);
	else if (!item->skip && twin)
		complain(l, src, item->line, "account \"%s\" is there already, at %s", item->name,
			twin->where);
	account_add(l->config, item->name, where)->file = xstrdup(src->path);
	l->faulty = xreallocarray(l->faulty, l->config->n, sizeof(bool));
	l->faulty[l->config->n - 1] = item->skip;
	free(where);
}

/* Sets a setting outside of accounts: its own, or the default for all accounts. */
static bool set_top(struct config *config, const struct setting *s, const char *text,
	const char *origin, struct error *e)
{
	size_t i = (size_t)(s - settings);
	struct account scratch = {0};
	bool done;

	if (s->scope == SCOPE_TOP) {
		done = setting_set(s, config, text, config->home, ERROR_CONFIG, e);
	} else {
		done = setting_set(s, &scratch, text, config->home, ERROR_CONFIG, e);
		setting_release(s, &scratch);
	}
	if (!done)
		return value_error(s, origin, text, e);
	if (s->scope != SCOPE_TOP) {
		free(config->defaults[i]);
		config->defaults[i] = xstrdup(text);
	}
	return true;
}

/* Where a setting may stand, and only once. Notes the origin, which is set also when the value is
 * wrong. */
static bool check_place(struct loader *l, const struct source *src, const struct syntax_item *item,
	const struct setting *s, char **origin)
{
	bool top = item->account == SYNTAX_TOP;
	char *here;

	if (top && s->scope == SCOPE_ACCOUNT) {
		complain(l, src, item->line, "%s stands in an account only", s->name);
		return false;
	}
	if (!top && s->scope == SCOPE_TOP) {
		complain(l, src, item->line, "%s stands outside of accounts only", s->name);
		return false;
	}
	if (*origin) {
		complain(l, src, item->line, "%s is set already, at %s", s->name, *origin);
		return false;
	}
	here = origin_at(src, item->line);
	origin_set(origin, here);
	free(here);
	return true;
}

static void take_setting(struct loader *l, const struct source *src, size_t index)
{
	const struct syntax_item *item = &src->form.items[index];
	const struct setting *s = &settings[settings_find(item->name)];
	struct config *config = l->config;
	bool top = item->account == SYNTAX_TOP, done = false;
	struct account *account = top ? NULL : &config->accounts[config->n - 1];
	char **origin = (top ? config->origin : account->origin) + (s - settings);
	const char *text = src->values ? src->values[index] : NULL;
	struct error e;

	if (check_place(l, src, item, s, origin) && text) {
		if (s->secret && syntax_has_variable(item->raw)) {
			complain(l, src, item->line,
				"%s has a ${…} in double quotes, which would be replaced; use "
				"single quotes",
				s->name);
		} else {
			done = top ? set_top(config, s, text, *origin, &e)
				   : account_set(account, s, text, *origin, config->home, &e);
			if (!done)
				add_problem(l, src, item->line, &e);
		}
	}
	if (account && !done)
		l->faulty[config->n - 1] = true;
}

static bool load_file(struct loader *l, const char *path, const struct source *from, int *err);

static const char *why_unreadable(int err)
{
	if (err == EFBIG)
		return _("larger than 1 MiB");
	return err == EINVAL ? _("not a regular file") : strerror(err);
}

/* A relative name is taken from the folder of the file that includes it. */
static char *include_path(const struct source *src, const char *name, const char *home)
{
	const char *slash = strrchr(src->path, '/');
	char *path = file_expand_home(name, home), *joined;

	if (path[0] == '/' || !slash)
		return path;
	joined = xasprintf("%.*s/%s", (int)(slash - src->path), src->path, path);
	free(path);
	return joined;
}

/* Includes that never end would be found by their depth too, but the words would be of no help. */
static bool is_open(const struct source *source, const char *path)
{
	for (; source; source = source->from)
		if (strcmp(source->path, path) == 0)
			return true;
	return false;
}

static unsigned depth_of(const struct source *source)
{
	unsigned depth = 0;

	for (; source; source = source->from)
		depth++;
	return depth;
}

static void take_include(struct loader *l, const struct source *src, size_t index)
{
	unsigned line = src->form.items[index].line;
	const char *name = src->values ? src->values[index] : NULL, *why = NULL;
	char *path;
	int err;

	if (!name)
		return;
	path = include_path(src, name, l->config->home);
	if (is_open(src, path))
		why = _("a file cannot include itself");
	else if (depth_of(src) > INCLUDE_DEPTH_MAX)
		why = _("nested too deeply");
	else if (!load_file(l, path, src, &err))
		why = why_unreadable(err);
	if (why)
		complain(l, src, line, "include \"%s\": %s", safe(span_of(name)).text, why);
	free(path);
}

static void take_items(struct loader *l, const struct source *src)
{
	for (size_t i = 0; i < src->form.n; i++) {
		const struct syntax_item *item = &src->form.items[i];

		if (item->kind == SYNTAX_ACCOUNT)
			take_account(l, src, item);
		else if (item->kind == SYNTAX_INCLUDE)
			take_include(l, src, i);
		else if (!item->skip)
			take_setting(l, src, i);
		else if (item->account != SYNTAX_TOP)
			l->faulty[l->config->n - 1] = true;
	}
}

static void release_source(struct source *src)
{
	values_free(src->values, src->form.n);
	syntax_release(&src->form);
	free(src->shown);
}

/* "ambil.conf" for the user's own file; its path, with ~, for any other. */
static char *name_shown(const struct loader *l, const char *path)
{
	if (strcmp(path, l->default_path) == 0)
		return xstrdup("ambil.conf");
	return text_tilde(path, l->config->home);
}

static void note_change(struct config *config, const char *path)
{
	struct stat st;
	int64_t changed_ns;

	if (stat(path, &st) < 0)
		return;
	changed_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	if (changed_ns > config->changed_ns)
		config->changed_ns = changed_ns;
}

/* False with errno set. */
static bool read_file(
	const struct loader *l, const char *path, struct buf *text, mode_t *mode, uid_t *owner)
{
	if (!l->instead || strcmp(l->instead, path) != 0)
		return file_slurp(path, FILE_OCTETS_MAX, text, mode, owner);
	errno = EFBIG;
	if (l->text.len > FILE_OCTETS_MAX)
		return false;
	buf_add(text, l->text.data, l->text.len);
	*mode = 0600;
	*owner = geteuid();
	return true;
}

/* false, with *err, when the file cannot be read; what is wrong inside is added to the problems. */
static bool load_file(struct loader *l, const char *path, const struct source *from, int *err)
{
	struct source src = {.path = path, .from = from};
	struct buf text = {0};
	unsigned line;
	mode_t mode;
	uid_t owner;

	if (!read_file(l, path, &text, &mode, &owner)) {
		*err = errno;
		buf_wipe(&text);
		return false;
	}
	note_change(l->config, path);
	src.shown = name_shown(l, path);
	src.number = l->files++;
	syntax_text(&src.form, buf_span(&text));
	for (size_t i = 0; i < src.form.n_errors; i++)
		complain(l, &src, src.form.errors[i].line, "%s", src.form.errors[i].text);
	l->bad_form |= src.form.n_errors > 0;
	check_access(l, &src, mode, owner, check_names(l, &src));
	src.values = values_read(&src.form, &line);
	if (!src.values)
		complain(l, &src, line, "cannot be read");
	take_items(l, &src);
	release_source(&src);
	wipe(text.data, text.len);
	buf_release(&text);
	return true;
}

static void load_first_file(struct loader *l, const char *path, bool named)
{
	struct config *config = l->config;
	struct error e;
	char *file;
	bool missing;
	int err;

	config->path = xstrdup(path);
	config->shown = name_shown(l, path);
	if (load_file(l, path, NULL, &err))
		return;
	missing = named && (err == ENOENT || err == ENOTDIR);
	file = config_file(config);
	error_set(&e, missing ? ERROR_INPUT : ERROR_CONFIG, "cannot read %s: %s", file,
		why_unreadable(err));
	add_problem(l, NULL, 0, &e);
	free(file);
}

static void fill_top(struct config *config)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		const struct setting *s = &settings[i];

		if (s->scope != SCOPE_TOP || config->origin[i])
			continue;
		origin_set(&config->origin[i], "default");
		if (s->value &&
			!setting_set(s, config, s->value, config->home, ERROR_INTERNAL, NULL))
			abort();
	}
	if (!config->state_dir)
		config->state_dir = places_state_dir(config->home);
}

static void complete_accounts(struct loader *l)
{
	struct config *config = l->config;
	struct error e;

	for (size_t i = 0; i < config->n; i++) {
		if (l->bad_form || l->faulty[i])
			continue;
		account_fill(&config->accounts[i], config);
		if (!account_complete(&config->accounts[i], config->home, &e))
			add_problem(l, NULL, 0, &e);
	}
}

static int compare_problems(const void *a, const void *b)
{
	const struct problem *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* A wrong default shows in every account: each sentence is said once. */
static void hand_over(struct loader *l, struct config_errors *errors)
{
	for (size_t i = 0; i < l->n; i++) {
		size_t k = 0;

		while (k < errors->n &&
			strcmp(errors->list[k].text, l->problems[i].error.text) != 0)
			k++;
		if (k < errors->n)
			continue;
		errors->list = xreallocarray(errors->list, errors->n + 1, sizeof(errors->list[0]));
		errors->list[errors->n++] = l->problems[i].error;
	}
}

static bool load(struct loader *l, const char *path, struct config_errors *errors, struct error *e)
{
	struct config *config = l->config;
	bool found, named, done;
	char *actual = places_config(path, &found, &named);

	memset(config, 0, sizeof(*config));
	if (errors)
		memset(errors, 0, sizeof(*errors));
	config->home = places_home();
	l->default_path = places_user_config(config->home);
	if (found || named || (l->instead && strcmp(l->instead, actual) == 0))
		load_first_file(l, actual, named);
	fill_top(config);
	complete_accounts(l);
	done = l->n == 0;
	if (!done) {
		qsort(l->problems, l->n, sizeof(l->problems[0]), compare_problems);
		if (e)
			*e = l->problems[0].error;
		if (errors)
			hand_over(l, errors);
		config_release(config);
	}
	free(l->problems);
	free(l->faulty);
	free(l->default_path);
	free(actual);
	return done;
}

bool config_load(
	const char *path, struct config *config, struct config_errors *errors, struct error *e)
{
	struct loader l = {.config = config};

	return load(&l, path, errors, e);
}

bool config_load_instead(const char *path, const char *instead, struct span text,
	struct config *config, struct error *e)
{
	struct loader l = {.config = config, .instead = instead, .text = text};

	return load(&l, path, NULL, e);
}
