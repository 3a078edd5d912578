/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_CONFFILE_H
#define AMBIL_CONFFILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/mem.h"

/*
 * A configuration file on its way to another text: read, written anew beside the old one, put in
 * its place. Until the last step nothing has changed, and that step is one rename. A symbolic link
 * stays one, and the mode stays; a new file is private. Errors are ERROR_CONFIG.
 */
struct conffile {
	char *path;    /* as the loader names it */
	char *target;  /* the file itself, where path is a symbolic link */
	char *beside;  /* the new one; NULL: none is written */
	int beside_fd; /* of it, which holds its lock (base/beside.h) */
	bool found;    /* it was there */
	mode_t mode;
	struct buf text; /* its text; it may hold passwords */
};

/* Whether the file at path can be changed, or made, as far as can be told before it is tried. A
 * file that its owner may not write is meant to stay as it is. */
bool conffile_may_change(const char *path, struct error *e) MUST_CHECK;
/* Starts with the file that is there, or will be. The user's own folder for it is made when it is
 * written, any other must exist. Release in any case. */
bool conffile_read(struct conffile *f, const char *path, struct error *e) MUST_CHECK;
/*
 * Writes text beside the file, durably, after the whole configuration was read with it in place of
 * the old one: named is the file that it begins with, NULL for the usual one.
 */
bool conffile_write(
	struct conffile *f, const char *named, const struct buf *text, struct error *e) MUST_CHECK;
/* Puts it in its place; not when somebody else has changed the file since it was read. */
bool conffile_place(struct conffile *f, struct error *e) MUST_CHECK;
/* What is not placed is removed. */
void conffile_release(struct conffile *f);

/* The folder for a new configuration at path, if it is the user's own, below a home that is there;
 * elsewhere the file's folder must exist. */
bool conffile_make_folder(const char *path, struct error *e) MUST_CHECK;

#endif
