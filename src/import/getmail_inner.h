/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_IMPORT_GETMAIL_INNER_H
#define AMBIL_IMPORT_GETMAIL_INNER_H

#include "import/import.h"
#include "import/ini.h"

/* Private to the reader of getmail's rc files: getmail.c says what an account is, and
 * getmail_deliver.c where its mail goes. */
struct gm_converter {
	struct ini ini;
	struct imported *out;
	struct imported_account *to;
	const char *shown;
	struct error *e;
	bool failed; /* *e is set */
};

/* The sections; to be named by these. */
extern const char GM_RETRIEVER[], GM_DESTINATION[], GM_OPTIONS[];

/* Marks it as used. NULL when it is not given, or given as nothing. */
struct ini_entry *gm_get(struct gm_converter *c, const char *section, const char *key);

/* What it says; of none (NULL) the usual, no strings. Of anything else it is refused. */
bool gm_truth(struct gm_converter *c, const struct ini_entry *entry, bool usual);
/* For ini_free_strings(). */
char **gm_strings(struct gm_converter *c, const struct ini_entry *entry);
/* $HOME in front as a tilde; fresh. NULL: refused. */
char *gm_path(struct gm_converter *c, const struct ini_entry *entry);

void gm_set(struct gm_converter *c, const char *setting, const struct ini_entry *entry,
	const char *value);
void gm_set_fresh(
	struct gm_converter *c, const char *setting, const struct ini_entry *entry, char *value);
#define DROPPED(c, entry, ...) \
	imported_note((c)->out, (c)->to, IMPORT_DROPPED, (entry)->line, __VA_ARGS__)
#define CHANGED(c, entry, ...) \
	imported_note((c)->out, (c)->to, IMPORT_CHANGED, (entry)->line, __VA_ARGS__)
/* A note, where it is given. */
void gm_drop(struct gm_converter *c, const char *section, const char *key, const char *why);

/* deliver, or a note of what has to be said instead. */
void gm_convert_delivery(struct gm_converter *c, const struct ini_entry *type);

#endif
