/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_AUTH_NETRC_H
#define AMBIL_AUTH_NETRC_H

#include "base/mem.h"

enum netrc_result {
	NETRC_FOUND,
	NETRC_NOTHING,
	NETRC_BROKEN, /* a quote is open at the end of its line, or there is a NUL */
};

/*
 * Pure. The password that the text of a .netrc file has for user at host: of the first entry for
 * that host (in whatever case) or "default" whose login is the user, or that has no login.
 * *password is fresh, for wipe_free(); *line, from 1, is where it stands, or what is broken. Words
 * that are not known are passed over; what stands behind the entry is not looked at.
 */
enum netrc_result netrc_find(
	struct span text, const char *host, const char *user, char **password, unsigned *line);
/* Pure. The login of the first entry for that host that has one; fresh, NULL when there is none. */
char *netrc_login(struct span text, const char *host);

#endif
