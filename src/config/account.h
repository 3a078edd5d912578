/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_ACCOUNT_H
#define AMBIL_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

/* One account on its way from texts to a struct that is whole. Used by config.c and config_load.c
 * only. */

/* Letters, digits and . _ - @ +, not beginning with . or -: it becomes the name of a file. */
bool account_name_ok(const char *name);
/* The name for user at host, with %XX for octets that have no place in a name, and with +PORT
 * unless port is NULL; fresh. A host has no + in it, so that names of different places differ. */
char *account_name_for(const char *user, const char *host, const char *port);

/* A new one, all zero but for its name and its place; the others may move. */
struct account *account_add(struct config *config, const char *name, const char *where);

/* Sets a setting, and its origin, to which the words of an error are tied: "ambil.conf:4: keep =
 * …". */
bool account_set(struct account *account, const struct setting *s, const char *text,
	const char *origin, const char *home, struct error *e) MUST_CHECK;
/* What is not set: from the defaults of the file, then from the table. */
void account_fill(struct account *account, const struct config *config);
/* See config_complete(). */
bool account_complete(struct account *account, const char *home, struct error *e) MUST_CHECK;
void account_release(struct account *account);

/* Sets an origin, which is copied. */
void origin_set(char **origin, const char *text);
/* Puts "ORIGIN: NAME = "VALUE": " in front of the words of an error; a secret is not shown. */
bool value_error(const struct setting *s, const char *origin, const char *text, struct error *e);

#endif
