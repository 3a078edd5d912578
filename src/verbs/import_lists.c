/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where each of the other programs has its lists of what was fetched, and reading them. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parse.h"
#include "config/places.h"
#include "import/fdm.h"
#include "import/fetchmail.h"
#include "import/getmail.h"
#include "import/mpop.h"
#include "verbs/import_inner.h"

/* From the folder where the program is started, which is the home folder under cron. */
char *import_find_list(const struct import *im, const struct imported_account *from)
{
	const char *path = from->seen_path;

	if (path[0] != '/' && path[0] != '~')
		return xasprintf("%s/%s", im->config.home, path);
	return file_expand_home(path, im->config.home);
}

bool import_read_mpop_list(struct import_list *list, struct import_item *item, struct error *e)
{
	const struct imported_account *from = item->from;
	bool found;

	return mpop_read_seen(buf_span(&list->text), list->shown, from->seen_host, from->seen_user,
		&item->seen, &found, e);
}

/* ---- fdm ---- */

bool import_read_fdm_list(struct import_list *list, struct import_item *item, struct error *e)
{
	return fdm_read_seen(buf_span(&list->text), list->shown, &item->seen, e);
}

/* ---- getmail ---- */

/* getmail has them in its own folder, or in that which it was told, with its files. */
char *import_find_getmail_list(const struct import *im, const struct imported_account *from)
{
	const char *name = from->seen_path, *slash = strrchr(im->path, '/');
	char *folder, *path;
	struct stat st;

	if (stat(im->path, &st) == 0 && S_ISDIR(st.st_mode))
		return xasprintf("%s/%s", im->path, name);
	path = xasprintf(
		"%.*s/%s", slash ? (int)(slash - im->path) : 1, slash ? im->path : ".", name);
	folder = places_getmail_folder(im->config.home);
	if (access(path, F_OK) < 0 && folder) {
		free(path);
		path = xasprintf("%s/%s", folder, name);
	}
	free(folder);
	return path;
}

bool import_read_getmail_list(struct import_list *list, struct import_item *item, struct error *e)
{
	(void)e;
	getmail_read_seen(list->text.data, list->text.len, &item->seen);
	return true;
}

/* Its environment: a NUL behind each variable. */
static bool has_home(struct span environment, const char *home)
{
	char *wanted = xasprintf("HOME=%s", home);
	bool has = false;

	while (!has && environment.len) {
		const char *end = memchr(environment.data, '\0', environment.len);
		size_t len = end ? (size_t)(end - environment.data) : environment.len;

		has = span_is((struct span){environment.data, len}, wanted);
		environment.data += len + (end != NULL);
		environment.len -= len + (end != NULL);
	}
	free(wanted);
	return has;
}

static bool is_getmail(const char *pid, const char *home)
{
	enum { NAME_MAX_LEN = 64, ENVIRONMENT_MAX = 4 * 1024 * 1024 };
	char *name = xasprintf("/proc/%s/comm", pid), *all = xasprintf("/proc/%s/environ", pid);
	struct buf text = {0}, environment = {0};
	struct span rest;
	bool is = false;

	if (file_slurp(name, NAME_MAX_LEN, &text, NULL, NULL)) {
		rest = buf_span(&text);
		is = span_is(span_line(&rest), "getmail") &&
			file_slurp(all, ENVIRONMENT_MAX, &environment, NULL, NULL) &&
			has_home(buf_span(&environment), home);
	}
	buf_release(&text);
	buf_wipe(&environment); /* it may hold secrets */
	free(name);
	free(all);
	return is;
}

/* getmail locks nothing, and writes its list when it ends. Where there is a /proc it is found by
 * its name and home. */
pid_t import_find_getmail(const struct import *im)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;
	pid_t found = 0;

	while (processes && !found && (entry = readdir(processes))) {
		uint32_t pid;

		if (parse_u32(span_of(entry->d_name), INT32_MAX, &pid) &&
			is_getmail(entry->d_name, im->config.home))
			found = (pid_t)pid;
	}
	if (processes)
		closedir(processes);
	return found;
}

/* ---- fetchmail ---- */

static bool is_of_system(const struct import *im)
{
	return strcmp(im->path, places_fetchmail_system()) == 0;
}

/* A tilde is its own folder, which the environment may name. */
char *import_find_fetchmail_list(const struct import *im, const struct imported_account *from)
{
	bool usual = strcmp(from->seen_path, "~/.fetchids") == 0;
	char *path = usual && is_of_system(im) ? places_fetchmail_system_list() : NULL, *folder;

	if (path)
		return path;
	folder = places_fetchmail_folder(im->config.home);
	path = file_expand_home(from->seen_path, folder);
	free(folder);
	return path;
}

bool import_read_fetchmail_list(struct import_list *list, struct import_item *item, struct error *e)
{
	(void)e;
	if (!list->rows.n)
		fetchmail_list_read(buf_span(&list->text), &list->rows);
	fetchmail_read_seen(&list->rows, item->from->seen_host, item->from->seen_user, &item->seen);
	return true;
}

/* Its number comes first in the file by which fetchmail knows that it runs already; 0: it does not.
 */
static pid_t read_holder(const char *path)
{
	struct buf text = {0};
	struct span rest, line;
	uint32_t pid = 0;

	if (file_slurp(path, 4096, &text, NULL, NULL)) {
		rest = buf_span(&text);
		line = span_trim(span_line(&rest));
		if (!parse_u32(span_word(&line), INT32_MAX, &pid) || pid == 0 ||
			(kill((pid_t)pid, 0) < 0 && errno == ESRCH))
			pid = 0;
	}
	buf_release(&text);
	return (pid_t)pid;
}

pid_t import_find_fetchmail(const struct import *im)
{
	char *path = im->read.pid_file ? xstrdup(im->read.pid_file)
				       : places_fetchmail_pid_file(im->config.home);
	pid_t pid = read_holder(path);

	free(path);
	return pid || !is_of_system(im) ? pid : read_holder(places_fetchmail_system_pid_file());
}
