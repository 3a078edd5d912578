/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of an import, and what is said of it. */
#include "verbs/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/account.h"
#include "config/conffile.h"
#include "config/places.h"
#include "verbs/import_inner.h"
#include "verbs/print.h"

static bool check_words(struct import *im, const struct cli *cli, struct error *e)
{
	char *tools = import_tools();

	if (cli->n_arguments)
		im->tool = import_find_tool(cli->arguments[0]);
	if (cli->n_arguments == 0)
		error_set(e, ERROR_USAGE, "import needs the name of a program: %s", tools);
	else if (cli->n_arguments > 2)
		error_set(e, ERROR_USAGE, "too many words for import %s",
			safe(span_of(cli->arguments[0])).text);
	else if (!im->tool)
		error_set(e, ERROR_USAGE, "import knows %s, and not \"%s\"", tools,
			safe(span_of(cli->arguments[0])).text);
	free(tools);
	return !e->kind || error_remedy(e, "see", "ambil import --help");
}

/* ---- names ---- */

static bool has_port(const struct account *a, const struct imported_account *from)
{
	const char *port = imported_get(from, "port"), *tls = imported_get(from, "tls");
	uint32_t number = tls && strcmp(tls, "implicit") == 0 ? 995 : 110;

	return (!port || parse_u32(span_of(port), UINT16_MAX, &number)) &&
		config_same_ports(a->endpoint.port, (uint16_t)number);
}

/* Behind two commands there may be two servers. */
static bool has_command(const struct account *a, const struct imported_account *from)
{
	const char *command = imported_get(from, "socket-command"), *here = a->endpoint.command;

	return command && here ? strcmp(command, here) == 0 : !command && !here;
}

/* The account of ambil.conf for the same mailbox; NULL when there is none. */
static const struct account *find_mailbox(
	const struct config *config, const struct imported_account *from)
{
	const char *host = imported_get(from, "host"), *user = imported_get(from, "user");

	for (size_t i = 0; i < config->n; i++)
		if (strcasecmp(config->accounts[i].endpoint.host, host) == 0 &&
			strcmp(config->accounts[i].user, user) == 0 &&
			has_port(&config->accounts[i], from) &&
			has_command(&config->accounts[i], from))
			return &config->accounts[i];
	return NULL;
}

/* The other program's name, in the letters of a name here. */
static char *fit_name(const char *name)
{
	enum { LEN_MAX = 100 };
	char *fit = xstrndup(name, strnlen(name, LEN_MAX));

	for (char *p = fit; *p; p++)
		if (!account_name_ok((char[]){'a', *p, '\0'}))
			*p = '_';
	if (fit[0] == '.' || fit[0] == '-')
		fit[0] = '_';
	return fit;
}

/* Every name that is taken has the number that the next one like it gets. */
static char *choose_name(struct import *im, const char *wanted)
{
	char *fit = fit_name(wanted), *name = xstrdup(fit);
	size_t *next = import_index_find(&im->names, fit), n = next ? *next : 2;

	while (import_index_find(&im->names, name)) {
		free(name);
		name = xasprintf("%s-%s%zu", fit, im->tool->name, n++);
	}
	if (next)
		*next = n;
	import_index_add(&im->names, name, 2);
	free(fit);
	return name;
}

static bool is_here_already(
	const struct import *im, const struct import_item *item, struct error *e)
{
	error_set(e, ERROR_CONFIG,
		"the mailbox of %s is account \"%s\" (%s) already; nothing was changed",
		safe(span_of(item->from->name)).text, item->name, item->here->where);
	return error_remedy(e, "to add what it has fetched, and accounts that are not here",
		"ambil import %s --merge", im->tool->name);
}

/* One that can be no account here is left out, with a note. */
static bool prepare_one(struct import *im, struct import_item *item, bool *usable, struct error *e)
{
	item->here = find_mailbox(&im->config, item->from);
	item->name = item->here ? xstrdup(item->here->name) : choose_name(im, item->from->name);
	if (item->here && !im->merge)
		return is_here_already(im, item, e);
	*usable = item->here || import_check(im, item);
	return !*usable || (import_read_seen(im, item, e) && import_may_write(im, item, e));
}

static bool prepare(struct import *im, struct error *e)
{
	bool done = true, usable;

	for (size_t i = 0; i < im->config.n; i++)
		import_index_add(&im->names, im->config.accounts[i].name, 2);
	im->items = xcalloc(im->read.n, sizeof(*im->items));
	for (size_t i = 0; done && i < im->read.n; i++) {
		struct import_item *item = &im->items[im->n];

		*item = (struct import_item){.from = &im->read.accounts[i], .file = im->files[i]};
		usable = true;
		done = prepare_one(im, item, &usable, e);
		im->n += usable;
		if (!usable)
			free(item->name);
	}
	return done && (im->n || import_has_none(im, e));
}

/* ---- writing ---- */

static size_t count_new(const struct import *im)
{
	size_t n = 0;

	for (size_t i = 0; i < im->n; i++)
		n += !im->items[i].here;
	return n;
}

/* What the list has given, as a sentence; fresh. */
static char *seen_words(const struct import *im, const struct import_item *item, bool dry)
{
	const char *name = item->name, *tool = im->tool->name;
	const char *list = item->list ? item->list->shown : NULL;
	size_t n = item->added;

	if (!list)
		return xasprintf(
			_("%s: %s keeps no list of what it has fetched here: all mail on the "
			  "server is new"),
			name, tool);
	if (!item->list->found)
		return xasprintf(
			_("%s: there is no %s: all mail on the server is new"), name, list);
	if (!item->seen.n && !item->here)
		return xasprintf(_("%s: nothing of it stands in %s: all mail on the server is new"),
			name, list);
	if (!n && item->seen.n)
		return xasprintf(
			_n("%s: %zu message that %s has fetched is known here already (%s)",
				"%s: all %zu messages that %s has fetched are known here "
				"already (%s)",
				item->seen.n),
			name, item->seen.n, tool, list);
	if (dry)
		return xasprintf(
			_n("%s: %zu message that %s has fetched would be taken as seen (%s)",
				"%s: %zu messages that %s has fetched would be taken as seen (%s)",
				n),
			name, n, tool, list);
	return xasprintf(_n("%s: %zu message that %s has fetched is taken as seen (%s)",
				 "%s: %zu messages that %s has fetched are taken as seen (%s)", n),
		name, n, tool, list);
}

static void say(bool dry, char *fresh, struct buf *out)
{
	import_comment(out, "", dry ? "# " : "", fresh);
	free(fresh);
}

/* Mail that was fetched may be there, and nobody knows which. Where the other program deletes it,
 * none is. */
static bool is_all_new(const struct import_item *item)
{
	const char *keep = imported_get(item->from, "keep");

	return !item->here && !item->seen.n && (!keep || strcmp(keep, "false") != 0);
}

static void say_seen(const struct import *im, bool dry, struct buf *out)
{
	const struct import_item *new = NULL;

	for (size_t i = 0; i < im->n; i++) {
		const struct import_item *item = &im->items[i];

		say(dry, seen_words(im, item, dry), out);
		/* What stands in its lines says why. */
		if (!item->here && imported_get(item->from, "enabled"))
			say(dry,
				xasprintf(_("%s: is not fetched unless it is named (enabled = "
					    "false)"),
					item->name),
				out);
		if (!new &&is_all_new(item))
			new = item;
	}
	if (new)
		say(dry,
			xasprintf(_("if what is on the server was fetched before:  ambil fetch %s "
				    "--from-now"),
				new->name),
			out);
}

/* The old text with the new one behind it, written but not in its place. */
static bool write_beside(struct conffile *file, const struct cli *cli, const char *path,
	const struct buf *text, struct error *e)
{
	struct buf whole = {0};
	bool done = conffile_read(file, path, e);

	if (!done)
		return false;
	buf_reserve(&whole, file->text.len + text->len + 2);
	buf_add(&whole, file->text.data, file->text.len);
	if (whole.len && whole.data[whole.len - 1] != '\n')
		buf_add_text(&whole, "\n");
	if (whole.len)
		buf_add_text(&whole, "\n");
	buf_add(&whole, text->data, text->len);
	done = conffile_write(file, cli->config_path, &whole, e);
	buf_wipe(&whole); /* an old file may hold passwords */
	return done;
}

/* What may fail easily comes first, the states before what makes a run use them. */
static bool write_all(struct import *im, const struct cli *cli, const char *path,
	const struct buf *text, struct error *e)
{
	struct conffile file = {.path = NULL};
	bool news = count_new(im) > 0;
	bool done = true;

	for (size_t i = 0; done && i < im->n; i++)
		done = import_write_password(im, &im->items[i], path, e);
	done = done && (!news || write_beside(&file, cli, path, text, e));
	for (size_t i = 0; done && i < im->n; i++)
		done = import_write_seen(im, &im->items[i], e);
	done = done && (!news || conffile_place(&file, e));
	for (size_t i = 0; !done && i < im->n; i++)
		import_forget_password(&im->items[i]);
	conffile_release(&file);
	return done;
}

static bool carry_out(struct import *im, const struct cli *cli, const volatile sig_atomic_t *stop,
	struct buf *out, struct error *e)
{
	bool found, done = true;
	char *path = config_path(cli->config_path, &found), *shown;
	struct buf text = {0};
	size_t n = count_new(im);

	/* Nothing is asked for in vain. */
	if (!cli->dry_run &&
		((n && !conffile_may_change(path, e)) ||
			!import_choose_places(im, !cli->no_input, stop, path, e))) {
		free(path);
		return false;
	}
	if (n)
		import_text(im, &text);
	shown = text_tilde(path, im->config.home);
	buf_add(out, text.data, text.len);
	if (n)
		buf_add_text(out, "\n");
	if (!cli->dry_run)
		done = write_all(im, cli, path, &text, e);
	if (done)
		say_seen(im, cli->dry_run, out);
	if (cli->dry_run)
		say(true,
			xasprintf(_("Nothing was changed. Without --dry-run this goes into %s."),
				shown),
			out);
	for (size_t i = 0; done && !cli->dry_run && i < im->n; i++)
		import_store_password(&im->items[i], stop, out);
	if (done && cli->json) {
		buf_clear(out);
		import_events(im, cli->dry_run, path, &text, out);
	} else if (done && !cli->dry_run && n) {
		buf_printf(out,
			_n("%zu account added to %s; next: ambil check\n",
				"%zu accounts added to %s; next: ambil check\n", n),
			n, shown);
	}
	buf_release(&text);
	free(shown);
	free(path);
	return done;
}

static void release(struct import *im)
{
	for (size_t i = 0; i < im->n; i++) {
		free(im->items[i].name);
		imported_seen_release(&im->items[i].seen);
		free(im->items[i].password_file);
	}
	free(im->items);
	import_index_release(&im->names);
	for (size_t i = 0; i < im->n_lists; i++) {
		free(im->lists[i]->shown);
		fetchmail_list_release(&im->lists[i]->rows);
		buf_release(&im->lists[i]->text);
		free(im->lists[i]);
	}
	free(im->lists);
	import_index_release(&im->list_paths);
	for (size_t i = 0; i < im->read.n; i++)
		free(im->files[i]);
	free(im->files);
	imported_release(&im->read);
	config_release(&im->config);
	free(im->path);
	free(im->shown);
}

/* A file that is named and not there will be made. */
static bool load(const char *named, struct config *config, struct error *e)
{
	bool found, done;
	char *path = config_path(named, &found);

	done = found ? config_load(named, config, NULL, e)
		     : config_load_instead(named, path, (struct span){"", 0}, config, e);
	free(path);
	return done;
}

int verb_import(const struct cli *cli, struct report_style style, const volatile sig_atomic_t *stop)
{
	struct import im = {.merge = cli->merge};
	struct buf out = {0};
	struct error e = {0};
	int code = 0;

	if (!check_words(&im, cli, &e) || !load(cli->config_path, &im.config, &e) ||
		!import_read(&im, cli->n_arguments > 1 ? cli->arguments[1] : NULL, &e) ||
		!prepare(&im, &e) || !carry_out(&im, cli, stop, &out, &e)) {
		report_error(style, NULL, &e);
		code = error_exit_code(e.kind);
	} else if (cli->json) {
		code = verb_print_events(&out, style);
	} else if (cli->verbosity != CLI_QUIET) {
		code = verb_print(&out, style);
	}
	buf_release(&out);
	release(&im);
	return code;
}
