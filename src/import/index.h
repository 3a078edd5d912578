/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_IMPORT_INDEX_H
#define AMBIL_IMPORT_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Texts, each with a number: which accounts have a name, or a mailbox, in a file of very many.
 * All zero is an empty one.
 */
struct import_index {
	struct import_index_entry *slots;
	size_t n, room;
	uint64_t key[2];
};
/* NULL when it is not in there. The number may be changed through it until the next is added. */
size_t *import_index_find(const struct import_index *index, const char *text);
/* For one that is not in there yet. */
void import_index_add(struct import_index *index, const char *text, size_t number);
void import_index_release(struct import_index *index);

/* A mailbox as such a text: host in any case, what else tells it apart, and user; fresh. */
char *import_mailbox(const char *host, const char *way, const char *user);
/* A port for that: behind 110 and 995 is one mailbox, without TLS and with it. */
unsigned import_door(unsigned port);

#endif
