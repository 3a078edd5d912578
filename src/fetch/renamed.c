/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state is keyed by the account's name: a new port or delivery changes nothing, a new name all.
 */
#include "fetch/renamed.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "config/config.h"
#include "local/store.h"

static const char ENDING[] = ".db";
enum { ENDING_LEN = sizeof(ENDING) - 1, FOLDER_MAX = 120 };
/* What names of accounts are made of, %XX in them included. */
static const char SIGNS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@+%";

/* The account's name in the name of a state file; fresh, or NULL when it is another file. */
static char *account_of(const char *file)
{
	size_t len = strlen(file);

	if (len <= ENDING_LEN || strcmp(file + len - ENDING_LEN, ENDING) != 0)
		return NULL;
	/* These stand in a command that is shown: nothing in it may need quoting. */
	if (strspn(file, SIGNS) < len)
		return NULL;
	return xstrndup(file, len - ENDING_LEN);
}

static bool is_known(const struct renamed *r, const char *name)
{
	for (size_t i = 0; i < r->known_n; i++)
		if (strcmp(r->known[i], name) == 0)
			return true;
	return false;
}

static bool has_mail(struct store *s)
{
	struct seen_set *set = store_load(s, NULL);
	bool has = set && seen_at(set, 0);

	seen_set_free(set);
	return has;
}

static char *state_file(const struct renamed *r, const char *name, const char *ending)
{
	return xasprintf("%s/%s.%s", r->state_dir, name, ending);
}

static bool is_same_mailbox(const struct renamed *r, const char *path)
{
	char host[300] = "", user[400] = "", port[8] = "", here[8];
	struct store *s = NULL;
	bool same = store_open_readonly(path, &s, NULL) && s &&
		store_get(s, "host", host, sizeof(host), NULL) &&
		store_get(s, "user", user, sizeof(user), NULL) &&
		store_get(s, "port", port, sizeof(port), NULL);

	snprintf(here, sizeof(here), "%u", r->port);
	same = same && !strcasecmp(host, r->host) && !strcmp(user, r->user) &&
		!strcmp(port, here) && has_mail(s);
	store_free(s);
	return same;
}

/* What a run that was killed has left in a second file is written into the first one, which alone
 * will be renamed. */
static bool settle(const struct renamed *r, const char *path, struct error *e)
{
	struct store *s = store_open(path, r->host, r->user, e);
	bool done = s && store_settle(s, e);

	store_free(s);
	return done;
}

static bool ask(const struct renamed *r, const char *old, struct error *e)
{
	char *folder = text_tilde(r->state_dir, getenv("HOME"));
	bool plain = !strpbrk(folder, " \t\n'\"\\$`&;|()<>*?[]{}#!");

	error_set(e, ERROR_CONFIG,
		"this mailbox was fetched before under the name \"%s\"; nothing was fetched now",
		old);
	if (plain && strlen(folder) < FOLDER_MAX)
		error_remedy(e, "to go on from there",
			"mv %s/%s.db %s/%s.db   to fetch all again:  ambil fetch %.60s --accept",
			folder, old, folder, r->name, r->typed);
	else
		error_remedy(e, "to go on from there",
			"rename %s.db to %s.db in the folder of the states   to fetch all again:  "
			"ambil fetch %.60s --accept",
			old, r->name, r->typed);
	free(folder);
	return false;
}

/* Who only looks cannot write the two files of a state into one: a run does, and tells then. */
static bool ask_to_run(const struct renamed *r, const char *old, struct error *e)
{
	ask(r, old, e);
	return error_remedy(e, "to be told how to go on from there", "ambil fetch %.60s", r->typed);
}

static bool is_in_one_file(const struct renamed *r, const char *old)
{
	char *beside = state_file(r, old, "db-wal");
	struct stat st;
	bool is = stat(beside, &st) < 0 || !st.st_size;

	free(beside);
	return is;
}

struct renamed renamed_of(
	const struct account *a, const char *state_dir, const char *const *known, size_t known_n)
{
	return (struct renamed){
		.state_dir = state_dir,
		.name = a->name,
		.typed = a->typed,
		.host = a->endpoint.host,
		.user = a->user,
		.port = a->endpoint.port,
		.known = known,
		.known_n = known_n,
	};
}

char *renamed_find(const struct renamed *r)
{
	DIR *dir = opendir(r->state_dir);
	struct dirent *entry;
	char *found = NULL;

	while (dir && !found && (entry = readdir(dir))) {
		char *old = account_of(entry->d_name);

		if (old && strcmp(old, r->name) != 0 && !is_known(r, old)) {
			char *path = xasprintf("%s/%s", r->state_dir, entry->d_name);

			if (is_same_mailbox(r, path))
				found = xstrdup(old);
			free(path);
		}
		free(old);
	}
	if (dir)
		closedir(dir);
	return found;
}

bool renamed_check(const struct renamed *r, struct error *e)
{
	char *old = renamed_find(r), *path;

	if (!old)
		return true;
	path = state_file(r, old, "db");
	/* To rename it as it is would lose what it knows. */
	if (r->only_look && !is_in_one_file(r, old))
		ask_to_run(r, old, e);
	else if (r->only_look || settle(r, path, e))
		ask(r, old, e);
	free(path);
	free(old);
	return false;
}

static bool move(const struct renamed *r, const char *old, struct error *e)
{
	char *from = state_file(r, old, "db"), *to = state_file(r, r->name, "db");
	bool done = settle(r, from, e);

	if (done && rename(from, to) < 0)
		done = error_sys(e, ERROR_STORE, errno, "cannot rename \"%s\"", from);
	done = done && file_sync_folder(r->state_dir, ERROR_STORE, e);
	free(from);
	free(to);
	return done;
}

bool renamed_take(const struct renamed *r, const char *old, struct error *e)
{
	char *lock = state_file(r, old, "lock");
	bool done;
	int fd = -1;

	done = store_lock(lock, &fd, e) && move(r, old, e);
	if (fd >= 0)
		close(fd);
	free(lock);
	return done;
}
