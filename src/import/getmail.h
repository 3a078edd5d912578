/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_IMPORT_GETMAIL_H
#define AMBIL_IMPORT_GETMAIL_H

#include "import/import.h"

/*
 * Adds the account of one rc file of getmail 6 to *out; name is what it shall be called. seen_path
 * is the name of its list, without a folder. A file that is for no POP3 mailbox becomes a note.
 * ERROR_CONFIG names the line that is no such file, or whose value cannot be understood; *out is
 * for imported_release() then all the same.
 */
bool getmail_read(struct span text, const char *shown, const char *name, struct imported *out,
	struct error *e) MUST_CHECK;

/*
 * Reads a list of getmail: a UID, a NUL and a time on each line. What is no such line is skipped,
 * as getmail does. The UIDs point into text. There getmail has a hyphen for each slash: where it
 * can be told, the slashes are put back.
 */
void getmail_read_seen(char *text, size_t len, struct imported_seen *out);

#endif
