/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_IMPORT_FDM_H
#define AMBIL_IMPORT_FDM_H

#include "import/import.h"

/* What the reader has to know of the world around the file, and how it gets at included ones. */
struct fdm_world {
	const char *home, *user; /* what %h and %u stand for */
	/*
	 * The file that "include" names: its text, which the reader wipes, and how sentences call
	 * it, fresh. 0, or the errno of the failure.
	 */
	int (*include)(void *context, const char *path, struct buf *text, char **shown);
	/* The user that ~/.netrc has for this server; fresh, NULL: none. */
	char *(*login)(void *context, const char *host);
	void *context;
};

/*
 * Reads a configuration of fdm, as fdm.conf(5) of versions 1.9 to 2.2 describes it. Where mail of
 * an account goes is decided by the rules that need not look at a mail; the others become notes.
 * ERROR_CONFIG names the line of what fdm itself would refuse; no command in it is run.
 */
bool fdm_read(struct span text, const char *shown, const struct fdm_world *world,
	struct imported *out, struct error *e) MUST_CHECK;

/*
 * Reads a cache of fdm: "LENGTH UID" in each line. The UIDs point into text. ERROR_INPUT names the
 * line that is no such thing.
 */
bool fdm_read_seen(
	struct span text, const char *shown, struct imported_seen *out, struct error *e) MUST_CHECK;

#endif
