/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table with open addressing, at most half full; its key is new, since a file is a stranger's. */
#include "import/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"

struct import_index_entry {
	char *text; /* NULL: the slot is free */
	size_t number;
};

/* Where the text is, or would be. */
static struct import_index_entry *slot_of(const struct import_index *index, const char *text)
{
	size_t i = (size_t)hash_keyed(index->key, span_of(text), 0) & (index->room - 1);

	while (index->slots[i].text && strcmp(index->slots[i].text, text) != 0)
		i = (i + 1) & (index->room - 1);
	return &index->slots[i];
}

static void grow(struct import_index *index)
{
	struct import_index old = *index;

	if (!old.room)
		hash_new_key(index->key);
	index->room = old.room ? 2 * old.room : 16;
	index->slots = xcalloc(index->room, sizeof(*index->slots));
	for (size_t i = 0; i < old.room; i++)
		if (old.slots[i].text)
			*slot_of(index, old.slots[i].text) = old.slots[i];
	free(old.slots);
}

size_t *import_index_find(const struct import_index *index, const char *text)
{
	struct import_index_entry *slot = index->room ? slot_of(index, text) : NULL;

	return slot && slot->text ? &slot->number : NULL;
}

void import_index_add(struct import_index *index, const char *text, size_t number)
{
	if (2 * (index->n + 1) > index->room)
		grow(index);
	*slot_of(index, text) = (struct import_index_entry){xstrdup(text), number};
	index->n++;
}

void import_index_release(struct import_index *index)
{
	for (size_t i = 0; i < index->room; i++)
		free(index->slots[i].text);
	free(index->slots);
	*index = (struct import_index){.n = 0};
}

/* No host has a line end in it, so two mailboxes never look alike. */
char *import_mailbox(const char *host, const char *way, const char *user)
{
	char *text = xasprintf("%s\n%s\n%s", host, way, user);

	for (char *p = text; *p != '\n'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
	return text;
}

unsigned import_door(unsigned port)
{
	enum { PLAIN = 110, TLS = 995 };

	return port == TLS ? PLAIN : port;
}
