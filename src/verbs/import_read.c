/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the other program has its configuration, and reading that. */
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/netrc.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "config/places.h"
#include "import/fdm.h"
#include "import/fetchmail.h"
#include "import/getmail.h"
#include "import/mpop.h"
#include "verbs/import_inner.h"

enum { CONFIG_MAX = 1024 * 1024 };

/* ---- one file ---- */

/* The path as sentences name it, fit for a terminal; fresh. */
static char *show(const char *path, const char *home)
{
	char *plain = text_tilde(path, home), *shown = xstrdup(safe(span_of(plain)).text);

	free(plain);
	return shown;
}

static bool slurp(
	const char *path, const char *shown, struct buf *text, mode_t *mode, struct error *e)
{
	buf_reserve(text, 64 * 1024); /* it may hold passwords: no copies left behind */
	if (file_slurp(path, CONFIG_MAX, text, mode, NULL))
		return true;
	return errno == EINVAL ? error_set(e, ERROR_INPUT, "%s is not a regular file", shown)
			       : error_sys(e, ERROR_INPUT, errno, "cannot read %s", shown);
}

/* The accounts that were read since there were before of them stand in this file. */
static void note_files(struct import *im, size_t before, const char *shown)
{
	im->files = xreallocarray(im->files, im->read.n + 1, sizeof(*im->files));
	for (size_t i = before; i < im->read.n; i++) {
		const char *included = im->read.accounts[i].file;

		im->files[i] = xstrdup(included ? included : shown);
	}
}

static bool read_mpop(struct import *im, struct error *e)
{
	struct buf text = {0};
	bool done = slurp(im->path, im->shown, &text, NULL, e) &&
		mpop_read(buf_span(&text), im->shown, &im->read, e);

	buf_wipe(&text);
	note_files(im, 0, im->shown);
	return done;
}

/* ---- fetchmail ---- */

/* fetchmail itself takes no other file, since passwords are in it. */
static bool is_private(const struct import *im, mode_t mode, struct error *e)
{
	if (!(mode & 077))
		return true;
	error_set(e, ERROR_CONFIG,
		"%s may be read or written by others (mode %04o), so that fetchmail does not take it",
		im->shown, (unsigned)mode & 07777);
	return error_remedy(e, "to change it", "chmod 600 %s", im->path);
}

/* Who runs it, as fetchmail calls them. */
static char *login_name(void)
{
	const char *named = getenv("FETCHMAILUSER");
	const struct passwd *entry = named && named[0] ? NULL : getpwuid(getuid());

	if (entry)
		named = entry->pw_name;
	return xstrdup(named && named[0] ? named : "unknown");
}

/* Some programs of this name know nobody here: all they do is to hand mail to a server elsewhere.
 */
static bool delivers_here(const char *sendmail)
{
	static const char *const others[] = {"msmtp", "ssmtp", "esmtp", "mini_sendmail"};
	char *path = realpath(sendmail, NULL), *slash = path ? strrchr(path, '/') : NULL;
	bool delivers = slash && access(path, X_OK) == 0 &&
		access("/usr/sbin/nullmailer-send", F_OK) < 0;

	for (size_t i = 0; delivers && i < sizeof(others) / sizeof(others[0]); i++)
		delivers = strcmp(slash + 1, others[i]) != 0;
	free(path);
	return delivers;
}

/* Where mail servers have it, though cron's PATH does not; fresh. */
static char *find_sendmail(void)
{
	const char *list = getenv("PATH");
	char *places = xasprintf("/usr/sbin:/usr/lib:%s", list ? list : ""), *found = NULL;

	for (const char *p = places; !found && *p; p += *p == ':') {
		size_t len = strcspn(p, ":");
		char *path = xasprintf("%.*s/sendmail", (int)len, p);

		if (p[0] == '/' && delivers_here(path))
			found = path;
		else
			free(path);
		p += len;
	}
	free(places);
	return found;
}

static bool read_fetchmail(struct import *im, struct error *e)
{
	char *login = login_name(), *sendmail = find_sendmail();
	const struct fetchmail_world world = {login, sendmail};
	struct buf text = {0};
	mode_t mode = 0;
	bool done = slurp(im->path, im->shown, &text, &mode, e) && is_private(im, mode, e) &&
		fetchmail_read(buf_span(&text), im->shown, &world, &im->read, e);

	buf_wipe(&text);
	free(login);
	free(sendmail);
	note_files(im, 0, im->shown);
	return done;
}

/* ---- getmail: a folder of them, or one ---- */

/* The file is the account; the one that needs no name is called as the program is, and its name
 * stands in front of others' as a rule. */
static const char *name_of(const char *path)
{
	static const char usual[] = "getmailrc";
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(usual);

	if (strcmp(name, usual) == 0)
		return "getmail";
	return strncmp(name, usual, len) == 0 && strchr("-_.", name[len]) && name[len + 1]
		? name + len + 1
		: name;
}

static bool read_rc(struct import *im, const char *path, struct error *e)
{
	char *shown = show(path, im->config.home);
	size_t before = im->read.n;
	struct buf text = {0};
	bool done = slurp(path, shown, &text, NULL, e) &&
		getmail_read(buf_span(&text), shown, name_of(path), &im->read, e);

	buf_wipe(&text);
	note_files(im, before, shown);
	free(shown);
	return done;
}

/* As getmail does without a name: all of the folder but what is its own. */
static int is_rc(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return strncmp(entry->d_name, "oldmail-", 8) != 0 && entry->d_name[0] != '.' &&
		!(len >= 5 && strcmp(entry->d_name + len - 5, ".json") == 0);
}

/* Beside its files there may be logs, backups and notes, which getmail is not told to read. What
 * cannot be read is for whoever reads it to say. */
static bool has_retriever(const char *path)
{
	static const char section[] = "[retriever]";
	struct buf text = {0};
	struct span rest;
	bool has = false;

	buf_reserve(&text, 64 * 1024); /* it may hold passwords: no copies left behind */
	if (!file_slurp(path, CONFIG_MAX, &text, NULL, NULL))
		has = errno != EFBIG;
	for (rest = buf_span(&text); !has && rest.len;) {
		struct span line = span_line(&rest);

		has = line.len >= strlen(section) &&
			memcmp(line.data, section, strlen(section)) == 0;
	}
	buf_wipe(&text);
	return has;
}

/* The last account. */
static void take_out(struct import *im)
{
	free(im->files[im->read.n - 1]);
	imported_pop(&im->read);
}

/* One that is no such file is left out, and the others are not. */
static bool is_read(struct import *im, const char *path, const char *shown)
{
	size_t before = im->read.n;
	struct error e = {0};

	if (read_rc(im, path, &e))
		return true;
	while (im->read.n > before)
		take_out(im);
	imported_note(&im->read, NULL, IMPORT_DROPPED, 0, "%s, because it cannot be read: %s",
		shown, e.text);
	return false;
}

/* Of a folder without getmailrc. */
static void read_each(struct import *im, const char *path, const char *shown)
{
	if (!has_retriever(path))
		imported_note(&im->read, NULL, IMPORT_DROPPED, 0, "%s, because it lacks %s", shown,
			_("the type in [retriever]"));
	else
		(void)is_read(im, path, shown);
}

static bool has_list(const struct import *im, const struct imported_account *a)
{
	char *path = import_find_getmail_list(im, a);
	bool has = access(path, F_OK) == 0;

	free(path);
	return has;
}

/* The others are for getmail -r. One that has a list was named so, and may be still: it waits until
 * somebody says so. */
static void read_other(struct import *im, const char *path, const char *shown)
{
	size_t before = im->read.n;

	if (!has_retriever(path) || !is_read(im, path, shown) || im->read.n == before)
		return;
	if (!has_list(im, &im->read.accounts[before])) {
		take_out(im);
		imported_note(&im->read, NULL, IMPORT_DROPPED, 0,
			"%s, because getmail reads getmailrc alone where no file is named: ambil "
			"import getmail %s",
			shown, shown);
	} else {
		struct imported_account *a = &im->read.accounts[before];

		if (!imported_get(a, "enabled"))
			imported_set(a, "enabled", 0, "false");
		imported_note(&im->read, a, IMPORT_CHANGED, 0,
			"getmail reads this file only where it is named: if that is done, take out "
			"enabled = false");
	}
}

static bool read_folder(struct import *im, bool only_note, struct error *e)
{
	struct dirent **names = NULL;
	int n = scandir(im->path, &names, is_rc, alphasort);
	bool done = n >= 0 || error_sys(e, ERROR_INPUT, errno, "cannot read %s", im->shown);

	for (int i = 0; i < n; i++) {
		char *path = xasprintf("%s/%s", im->path, names[i]->d_name);
		char *shown = show(path, im->config.home);
		struct stat st;

		if (done && stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
			if (!only_note)
				read_each(im, path, shown);
			else if (strcmp(names[i]->d_name, "getmailrc") != 0)
				read_other(im, path, shown);
		}
		free(shown);
		free(path);
		free(names[i]);
	}
	free(names);
	return done;
}

/* getmailrc, where there is one, is the only one that getmail reads without being told. */
static bool read_getmail(struct import *im, struct error *e)
{
	char *usual = xasprintf("%s/getmailrc", im->path);
	struct stat st;
	bool done;

	if (stat(im->path, &st) < 0 || !S_ISDIR(st.st_mode))
		done = read_rc(im, im->path, e);
	else if (access(usual, F_OK) == 0)
		done = read_rc(im, usual, e) && read_folder(im, true, e);
	else
		done = read_folder(im, false, e);
	free(usual);
	return done;
}

/* ---- fdm: a file, and those that it includes ---- */

/* A name that is not there as it stands is looked for beside the main file. */
static int include(void *context, const char *path, struct buf *text, char **shown)
{
	const struct import *im = context;
	const char *slash = strrchr(im->path, '/');
	char *expanded = file_expand_home(path, im->config.home), *beside;
	int err;

	beside = xasprintf("%.*s%s", slash ? (int)(slash + 1 - im->path) : 0, im->path, expanded);
	buf_reserve(text, 64 * 1024); /* it may hold passwords: no copies left behind */
	if (file_slurp(expanded, CONFIG_MAX, text, NULL, NULL)) {
		*shown = show(expanded, im->config.home);
		err = 0;
	} else {
		err = file_slurp(beside, CONFIG_MAX, text, NULL, NULL) ? 0 : errno;
		*shown = show(beside, im->config.home);
	}
	free(beside);
	free(expanded);
	return err;
}

static char *login(void *context, const char *host)
{
	const struct import *im = context;
	char *path = xasprintf("%s/.netrc", im->config.home), *found = NULL;
	struct buf text = {0};

	buf_reserve(&text, 64 * 1024); /* it holds passwords: no copies left behind */
	if (file_slurp(path, CONFIG_MAX, &text, NULL, NULL))
		found = netrc_login(buf_span(&text), host);
	buf_wipe(&text);
	free(path);
	return found;
}

/* It is there while fdm runs, and no longer; who has made it is not in it. */
static bool is_free(const struct import *im, struct error *e)
{
	char *path = im->read.pid_file ? file_expand_home(im->read.pid_file, im->config.home)
				       : places_fdm_lock(im->config.home);
	bool free_of_it = !path[0] || access(path, F_OK) < 0;
	char *shown = show(path, im->config.home);

	if (!free_of_it) {
		error_set(e, ERROR_LATER,
			"fdm is fetching, or was killed: its lock %s is there; nothing was changed",
			shown);
		error_remedy(
			e, "", "wait until it has ended; if it does not run, remove that file");
	}
	free(shown);
	free(path);
	return free_of_it;
}

static bool read_fdm(struct import *im, struct error *e)
{
	const struct passwd *self = getpwuid(getuid());
	const struct fdm_world world = {.home = im->config.home,
		.user = self ? self->pw_name : "",
		.include = include,
		.login = login,
		.context = im};
	struct buf text = {0};
	bool done = slurp(im->path, im->shown, &text, NULL, e) &&
		fdm_read(buf_span(&text), im->shown, &world, &im->read, e) && is_free(im, e);

	buf_wipe(&text);
	note_files(im, 0, im->shown);
	return done;
}

/* ---- which program ---- */

static const struct import_tool tools[] = {
	{"mpop", places_mpop_config, read_mpop, N_("~/.mpoprc and mpop/config in $XDG_CONFIG_HOME"),
		N_("host, user and delivery"), import_find_list, import_read_mpop_list, NULL},
	{"fetchmail", places_fetchmail_config, read_fetchmail,
		N_("~/.fetchmailrc and /etc/fetchmailrc"), N_("a POP3 server"),
		import_find_fetchmail_list, import_read_fetchmail_list, import_find_fetchmail},
	{"getmail", places_getmail_folder, read_getmail,
		N_("getmail in $XDG_CONFIG_HOME and ~/.getmail"),
		N_("a POP3 server, a user and a destination"), import_find_getmail_list,
		import_read_getmail_list, import_find_getmail},
	{"fdm", places_fdm_config, read_fdm, N_("~/.fdm.conf and /etc/fdm.conf"),
		N_("a POP3 server and a user"), import_find_list, import_read_fdm_list, NULL},
};
enum { TOOLS = sizeof(tools) / sizeof(tools[0]) };

const struct import_tool *import_find_tool(const char *name)
{
	for (size_t i = 0; i < TOOLS; i++)
		if (strcmp(tools[i].name, name) == 0)
			return &tools[i];
	return NULL;
}

char *import_tools(void)
{
	struct buf names = {0};

	for (size_t i = 0; i < TOOLS; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", tools[i].name);
	return buf_detach(&names);
}

bool import_read(struct import *im, const char *named, struct error *e)
{
	const struct import_tool *tool = im->tool;

	im->path = named ? xstrdup(named) : tool->find(im->config.home);
	if (!im->path) {
		error_set(e, ERROR_INPUT, "no configuration of %s here (looked for %s)", tool->name,
			_(tool->places));
		return error_remedy(e, "to name it", "ambil import %s FILE", tool->name);
	}
	im->shown = show(im->path, im->config.home);
	if (!tool->read(im, e))
		return false;
	return im->read.n || import_has_none(im, e);
}

bool import_has_none(const struct import *im, struct error *e)
{
	error_set(e, ERROR_INPUT, "no account in %s has %s", im->shown, _(im->tool->needs));
	return !im->read.n_notes ? false : error_why(e, "%s", im->read.notes[0].text);
}
