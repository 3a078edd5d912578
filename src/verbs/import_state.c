/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What another fetcher has delivered becomes rows of the account's state, with its times, so that
 * an age of keep counts from then. They are delivered mail, not marked one: it is here. Where the
 * other program may not have delivered it, or would not delete it, it is marked, and so never
 * deleted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "config/places.h"
#include "local/store.h"
#include "verbs/import_inner.h"

enum { SEEN_FILE_MAX = 512 * 1024 * 1024 };

/* The other program follows a symbolic link to its list, and so has locked what it leads to. */
static pid_t find_holder(const struct import *im, const char *path)
{
	char *list;
	pid_t holder;

	if (im->tool->find_holder)
		return im->tool->find_holder(im);
	list = realpath(path, NULL);
	holder = file_lock_holder(list ? list : path);
	free(list);
	return holder;
}

static bool is_fetching(
	const struct import *im, const struct import_item *item, pid_t holder, struct error *e)
{
	error_set(e, ERROR_LATER, "%s (pid %lld) is fetching \"%s\"; nothing was changed",
		im->tool->name, (long long)holder, safe(span_of(item->from->name)).text);
	return error_remedy(
		e, "", "wait until it has ended, or end it, and keep cron from starting it");
}

static bool slurp(const struct import *im, const struct import_item *item, const char *path,
	struct import_list *list, struct error *e)
{
	struct stat st;
	pid_t holder;
	bool done, link;
	int err;

	/* It is empty for a moment when it is written; whoever writes it holds it from before. */
	holder = find_holder(im, path);
	done = file_slurp(path, SEEN_FILE_MAX, &list->text, NULL, NULL);
	err = errno;
	holder = holder ? holder : find_holder(im, path);
	/* One that leads nowhere is a list that cannot be had now, and not one that never was. */
	link = lstat(path, &st) == 0;
	list->found = done;
	if (holder)
		return is_fetching(im, item, holder, e);
	if (done || (err == ENOENT && !link))
		return true;
	if (err == EINVAL)
		return error_set(e, ERROR_INPUT, "%s is not a regular file", list->shown);
	return error_sys(e, ERROR_INPUT, err, "cannot read %s, the list of what %s has fetched",
		list->shown, im->tool->name);
}

/* One file may be the list of many accounts: it is read once. */
static struct import_list *find_list(struct import *im, const char *path)
{
	const size_t *number = import_index_find(&im->list_paths, path);

	return number ? im->lists[*number] : NULL;
}

static struct import_list *add_list(struct import *im, const char *path)
{
	struct import_list *list = xcalloc(1, sizeof(*list));
	char *shown = text_tilde(path, im->config.home);

	list->shown = xstrdup(safe(span_of(shown)).text);
	free(shown);
	import_index_add(&im->list_paths, path, im->n_lists);
	im->lists = xreallocarray(im->lists, im->n_lists + 1, sizeof(struct import_list *));
	im->lists[im->n_lists++] = list;
	return list;
}

bool import_read_seen(struct import *im, struct import_item *item, struct error *e)
{
	struct import_list *list;
	bool done = true;
	char *path;

	if (!item->from->seen_path)
		return true;
	path = im->tool->find_list(im, item->from);
	list = find_list(im, path);
	if (!list) {
		list = add_list(im, path);
		done = slurp(im, item, path, list, e);
	}
	free(path);
	item->list = list;
	if (done && list->found && !im->tool->read_list(list, item, e))
		return error_remedy(
			e, "", "repair it, or move it away: then all mail on the server is new");
	return done;
}

static char *state_file(const struct import *im, const struct import_item *item, const char *ending)
{
	return xasprintf("%s/%s.%s", im->config.state_dir, item->name, ending);
}

/* What store_import() would change. */
static size_t count_unknown(
	const struct seen_set *set, const struct imported_seen *seen, bool stays)
{
	size_t n = 0;

	for (size_t i = 0; i < seen->n; i++) {
		const struct seen *row = seen_find(
			set, (struct store_key){seen->uids[i].uid, seen->uids[i].occurrence});

		n += !row || row->state == STORE_NOTED ||
			(stays && row->state == STORE_DELIVERED && !row->size && !row->marked);
	}
	return n;
}

/* Whether nothing is in the state, or nothing but what stands in the list: then it is what an
 * import has left that did not come to its end, and this one goes on. Mail that was fetched here
 * has a size. */
static bool is_of_import(const struct seen_set *set, const struct imported_seen *seen)
{
	const struct seen *row;
	bool is = true;

	for (size_t i = 0; is && (row = seen_at(set, i)); i++)
		is = row->state == STORE_DELIVERED && !row->size &&
			imported_seen_has(seen, row->key.uid);
	return is;
}

/* What is there must be of the same user; without --merge it must be nothing. */
static bool check_state(
	struct store *s, const struct import *im, struct import_item *item, struct error *e)
{
	struct seen_set *set;
	bool own;

	if (!store_check_user(s, imported_get(item->from, "user"), e))
		return false;
	set = store_load(s, e);
	if (!set)
		return false;
	own = !item->here && is_of_import(set, &item->seen);
	item->added = count_unknown(set, &item->seen, item->from->seen_stays);
	seen_set_free(set);
	if (own || im->merge)
		return true;
	error_set(e, ERROR_CONFIG,
		"the account \"%s\" has fetched mail here already; nothing was changed",
		item->name);
	return error_remedy(
		e, "to add what it does not know", "ambil import %s --merge", im->tool->name);
}

bool import_may_write(const struct import *im, struct import_item *item, struct error *e)
{
	char *path = state_file(im, item, "db");
	struct store *s = NULL;
	bool done = store_open_readonly(path, &s, e);

	item->added = item->seen.n;
	if (done && s)
		done = check_state(s, im, item, e);
	store_free(s);
	free(path);
	return done;
}

/* Not before the clock was set, and not in a time to come. */
static int64_t sane_time(int64_t time_s, int64_t now_s)
{
	return time_s < CLOCK_SANE_S || time_s > now_s ? now_s : time_s;
}

static bool add_rows(struct store *s, struct import_item *item, struct error *e)
{
	struct store_key *keys = xcalloc(item->seen.n, sizeof(*keys));
	int64_t *times = xcalloc(item->seen.n, sizeof(*times)), now_s = clock_wall_s();
	bool *stay = xcalloc(item->seen.n, sizeof(*stay));
	bool done;

	for (size_t i = 0; i < item->seen.n; i++) {
		const struct imported_uid *uid = &item->seen.uids[i];

		keys[i] = (struct store_key){uid->uid, uid->occurrence};
		times[i] = sane_time(uid->time_s, now_s);
		stay[i] = item->from->seen_stays;
	}
	done = store_import(s, keys, times, stay, item->seen.n, &item->added, e);
	free(keys);
	free(times);
	free(stay);
	return done;
}

static bool write_locked(const struct import *im, struct import_item *item, struct error *e)
{
	char *path = state_file(im, item, "db");
	struct store *s = store_open(
		path, imported_get(item->from, "host"), imported_get(item->from, "user"), e);
	bool done = s && check_state(s, im, item, e) && add_rows(s, item, e);

	store_free(s);
	free(path);
	return done;
}

bool import_write_seen(const struct import *im, struct import_item *item, struct error *e)
{
	char *path;
	bool done = false;
	pid_t holder = 0;
	int fd = -1;

	if (!item->seen.n)
		return true;
	if (!places_make_state(im->config.state_dir, e))
		return false;
	path = state_file(im, item, "lock");
	switch (file_lock(path, &fd, &holder, e)) {
	case FILE_LOCK_HELD:
		done = write_locked(im, item, e);
		close(fd);
		break;
	case FILE_LOCK_TAKEN:
		error_set(e, ERROR_LATER, "another ambil (pid %lld) is fetching \"%s\"",
			(long long)holder, item->name);
		break;
	case FILE_LOCK_FAILED:
		break;
	}
	free(path);
	return done;
}
