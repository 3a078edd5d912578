/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_IMPORT_FETCHMAIL_H
#define AMBIL_IMPORT_FETCHMAIL_H

#include "import/import.h"

/*
 * Reads a run control file of fetchmail, as fetchmail(1) of version 6.4 describes it. Each user of
 * each poll becomes an account; what is for no POP3 server becomes a note. seen_path is the idfile
 * as the file names it, else "~/.fetchids". ERROR_CONFIG names the line of what fetchmail itself
 * would refuse.
 */
struct fetchmail_world {
	const char *login; /* who runs it: the user there and here where the file names none */
	const char
		*sendmail; /* of this machine's mail server, with its path; NULL: there is none */
};
bool fetchmail_read(struct span text, const char *shown, const struct fetchmail_world *world,
	struct imported *out, struct error *e) MUST_CHECK;

/*
 * Reads a file of fetchmail's UIDs, "USER@HOST UID" in each line, for all its users. What is no
 * such line is skipped, as fetchmail does. The rows point into text, and so do the UIDs that
 * fetchmail_read_seen() takes out: those of user at host, which is the name behind via, where there
 * is one, and not the one behind poll.
 */
struct fetchmail_row {
	struct span name, uid;
};
struct fetchmail_list {
	struct fetchmail_row *rows; /* sorted by name, in any case */
	size_t n;
};
void fetchmail_list_read(struct span text, struct fetchmail_list *out);
void fetchmail_list_release(struct fetchmail_list *list);
void fetchmail_read_seen(const struct fetchmail_list *list, const char *host, const char *user,
	struct imported_seen *out);

#endif
