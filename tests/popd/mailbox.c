/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A mailbox is a list of messages that only grows, plus a flag for each that is gone. Its ids stay
 * the same for the life of the process, so a session can keep a plain list of ids and needs the
 * lock only to look something up. A folder is read again at each login. Generated mail has ids but
 * no items: a million messages cost a million flags, and only once one of them is deleted. */
#include "mailbox.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sample.h"

static uint64_t transferred_size(const struct text *t, bool raw)
{
	uint64_t size = t->len;
	bool ended = t->len == 0;

	if (raw)
		ended = ended || (t->len > 1 && memcmp(t->data + t->len - 2, "\r\n", 2) == 0);
	else {
		for (size_t i = 0; i < t->len; i++)
			size += t->data[i] == '\n';
		ended = ended || t->data[t->len - 1] == '\n';
	}
	return ended ? size : size + 2;
}

static bool is_gone(const struct mailbox *box, uint32_t id)
{
	return box->gone && box->gone[id - 1];
}

static void set_gone(struct mailbox *box, uint32_t id)
{
	if (!box->gone)
		box->gone = mem_new(box->count);
	box->gone[id - 1] = true;
}

static void add_item(struct mailbox *box, struct item *item)
{
	box->items = mem_grow(box->items, (box->count + 1) * sizeof *box->items);
	box->items[box->count++] = item;
	if (box->gone) {
		box->gone = mem_grow(box->gone, box->count);
		box->gone[box->count - 1] = false;
	}
}

static void add_sample(struct mailbox *box)
{
	for (uint32_t n = 1; n <= SAMPLES; n++) {
		struct item *item = mem_new(sizeof *item);
		text_format(&item->text, "%02u-sample", n);
		item->name = str_copy(item->text.data, item->text.len);
		item->text.len = 0;
		sample_message(n, &item->text);
		item->size = transferred_size(&item->text, box->style.raw);
		add_item(box, item);
	}
}

static int by_name(const void *a, const void *b)
{
	const struct item *const *one = a, *const *other = b;

	return strcmp((*one)->name, (*other)->name);
}

static void item_free(struct item *item)
{
	if (!item)
		return;
	free(item->name);
	free(item->path);
	text_release(&item->text);
	free(item);
}

/* Takes name and path as they are; NULL if it is no readable regular file. */
static struct item *item_of_file(const char *folder, const char *name)
{
	struct item *item = mem_new(sizeof *item);
	struct text path = {0};
	struct stat st;

	text_add(&path, folder, strlen(folder));
	text_add(&path, "/", 1);
	text_add(&path, name, strlen(name));
	item->name = str_copy(name, strlen(name));
	item->path = path.data;
	if (stat(item->path, &st) != 0 || !S_ISREG(st.st_mode)) {
		item_free(item);
		return NULL;
	}
	item->length = (uint64_t)st.st_size;
	item->changed_s = (int64_t)st.st_mtime;
	return item;
}

struct listing {
	struct item **at;
	size_t count;
};

static bool list_folder(const char *folder, struct listing *list, struct problem *p)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir)
		return problem_set(p, "cannot open folder %s: %s", folder, strerror(errno));
	while ((entry = readdir(dir))) {
		struct item *item = entry->d_name[0] == '.' ? NULL
			: item_of_file(folder, entry->d_name);
		if (!item)
			continue;
		list->at = mem_grow(list->at, (list->count + 1) * sizeof *list->at);
		list->at[list->count++] = item;
	}
	closedir(dir);
	if (list->count)
		qsort(list->at, list->count, sizeof *list->at, by_name);
	return true;
}

/* Is the file of id still in the listing, unchanged? Then takes it out of the listing. */
static bool claim(struct mailbox *box, uint32_t id, struct listing *list)
{
	struct item *known = box->items[id - 1];
	struct item **found = list->count
		? bsearch(&known, list->at, list->count, sizeof *list->at, by_name) : NULL;

	if (!found || (*found)->length != known->length
	    || (*found)->changed_s != known->changed_s)
		return false;
	(*found)->size = UINT64_MAX;
	return true;
}

static bool refresh(struct mailbox *box, struct problem *p)
{
	struct listing list = {0};
	uint32_t known = box->count;
	bool done = true;

	if (!list_folder(box->folder, &list, p))
		return false;
	for (uint32_t id = 1; id <= known; id++)
		if (!is_gone(box, id) && !claim(box, id, &list))
			set_gone(box, id);
	for (size_t i = 0; i < list.count; i++) {
		struct item *item = list.at[i];
		struct text text = {0};
		if (item->size == UINT64_MAX || !done || !file_read(item->path, &text, p)) {
			done = done && item->size == UINT64_MAX;
			item_free(item);
		} else {
			item->size = transferred_size(&text, box->style.raw);
			add_item(box, item);
		}
		text_release(&text);
	}
	free(list.at);
	return done;
}

struct mailbox *mailbox_new(const char *spec, const struct mailbox_style *style,
	struct problem *p)
{
	struct mailbox *box = mem_new(sizeof *box);
	bool done = true;

	pthread_mutex_init(&box->lock, NULL);
	box->style = *style;
	if (strcmp(spec, "sample") == 0)
		add_sample(box);
	else if (spec[0] >= '0' && spec[0] <= '9' && strchr(spec, ':')) {
		done = generator_init(&box->generator, spec, style->seed, p);
		box->count = box->generator.count;
	} else if (strcmp(spec, "empty") != 0) {
		box->folder = str_copy(spec, strlen(spec));
		done = refresh(box, p);
	}
	if (done)
		return box;
	mailbox_free(box);
	return NULL;
}

void mailbox_free(struct mailbox *box)
{
	if (!box)
		return;
	for (uint32_t id = 1; box->items && id <= box->count; id++)
		item_free(box->items[id - 1]);
	free(box->items);
	free(box->gone);
	free(box->folder);
	generator_release(&box->generator);
	pthread_mutex_destroy(&box->lock);
	free(box);
}

static uint64_t size_of(const struct mailbox *box, uint32_t id)
{
	return box->items ? box->items[id - 1]->size : box->generator.size;
}

/* Ids are in the order of arrival; a folder's messages are numbered by name. */
static void sort_by_name(const struct mailbox *box, struct snapshot *snap)
{
	struct item **order = mem_new(snap->count * sizeof *order);

	for (uint32_t i = 0; i < snap->count; i++)
		order[i] = box->items[snap->ids[i] - 1];
	qsort(order, snap->count, sizeof *order, by_name);
	for (uint32_t i = 0; i < snap->count; i++) {
		uint32_t id = 1;
		if (order[i] == box->items[snap->ids[i] - 1])
			continue;
		while (box->items[id - 1] != order[i])
			id++;
		snap->ids[i] = id;
	}
	free(order);
}

static void take_snapshot(const struct mailbox *box, struct snapshot *out)
{
	*out = (struct snapshot){.ids = mem_new(box->count * sizeof *out->ids)};
	for (uint32_t id = 1; id <= box->count; id++)
		if (!is_gone(box, id)) {
			out->ids[out->count++] = id;
			out->octets += size_of(box, id);
		}
	out->deleted = mem_new(out->count);
	if (box->folder && out->count)
		sort_by_name(box, out);
}

enum mailbox_opened mailbox_open(struct mailbox *box, struct snapshot *out, struct problem *p)
{
	enum mailbox_opened result = MAILBOX_OPENED;

	pthread_mutex_lock(&box->lock);
	if (box->style.exclusive && box->in_use)
		result = MAILBOX_IN_USE;
	else if (box->folder && !refresh(box, p))
		result = MAILBOX_BROKEN;
	else {
		take_snapshot(box, out);
		box->in_use = true;
	}
	pthread_mutex_unlock(&box->lock);
	return result;
}

bool mailbox_remove_deleted(struct mailbox *box, const struct snapshot *snap, struct problem *p)
{
	bool done = true;

	pthread_mutex_lock(&box->lock);
	for (uint32_t i = 0; i < snap->count; i++) {
		uint32_t id = snap->ids[i];
		if (!snap->deleted[i] || is_gone(box, id))
			continue;
		if (box->folder && unlink(box->items[id - 1]->path) != 0 && errno != ENOENT)
			done = problem_set(p, "cannot remove %s: %s", box->items[id - 1]->path,
				strerror(errno));
		else
			set_gone(box, id);
	}
	pthread_mutex_unlock(&box->lock);
	return done;
}

void mailbox_close(struct mailbox *box, struct snapshot *snap)
{
	pthread_mutex_lock(&box->lock);
	box->in_use = false;
	pthread_mutex_unlock(&box->lock);
	free(snap->ids);
	free(snap->deleted);
	*snap = (struct snapshot){0};
}

uint64_t mailbox_size(struct mailbox *box, uint32_t id)
{
	const struct item *item = mailbox_item(box, id);

	return item ? item->size : box->generator.size;
}

const struct item *mailbox_item(struct mailbox *box, uint32_t id)
{
	const struct item *item;

	if (box->generator.count)
		return NULL;
	pthread_mutex_lock(&box->lock);
	item = box->items[id - 1];
	pthread_mutex_unlock(&box->lock);
	return item;
}

void mailbox_uid(struct mailbox *box, uint32_t id, char out[static UID_MAX])
{
	const struct mailbox_style *style = &box->style;
	const struct item *item;
	uint64_t hash;

	if (style->uid_same[1] == id && style->uid_same[0] >= 1
	    && style->uid_same[0] <= box->count)
		id = style->uid_same[0];
	item = mailbox_item(box, id);
	hash = item && item->path ? hash64(style->seed, item->name, strlen(item->name))
		: mix64(style->seed ^ mix64(id));
	uid_write(style->uid_format, hash, id, mailbox_size(box, id), out);
}
