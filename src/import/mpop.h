/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_IMPORT_MPOP_H
#define AMBIL_IMPORT_MPOP_H

#include "import/import.h"

/*
 * Reads an mpop configuration, as mpop(1) of version 1.4 describes it. ERROR_CONFIG names the line
 * of what mpop itself would refuse; shown is the file for that. What mpop takes and this program
 * has no equal of becomes a note.
 */
bool mpop_read(
	struct span text, const char *shown, struct imported *out, struct error *e) MUST_CHECK;

/*
 * Reads a file of mpop's UIDLs, which may hold several lists, and takes the one of user at host;
 * *found: there is one. Each line of it is a UID, or (since 1.4.23) a UID, a space and a time. The
 * UIDs point into text. ERROR_INPUT names the line that is no such thing.
 */
bool mpop_read_seen(struct span text, const char *shown, const char *host, const char *user,
	struct imported_seen *out, bool *found, struct error *e) MUST_CHECK;

#endif
