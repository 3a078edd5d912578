/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_DISCOVER_AUTOCONFIG_H
#define AMBIL_DISCOVER_AUTOCONFIG_H

#include "discover/discover.h"

/*
 * The file in which a domain says how its mail is to be read (draft-ietf-mailmaint-autoconfig; what
 * Thunderbird asks for). Pure.
 */
enum autoconfig {
	AUTOCONFIG_FOUND,
	AUTOCONFIG_NO_POP3, /* it names servers, but none of POP3 that can be used */
	AUTOCONFIG_BAD,     /* it is no such file */
};
enum { AUTOCONFIG_MAX = 64 * 1024 };

/*
 * Fills in host, port, tls, user and login of *found by the first POP3 server with TLS that the
 * file names; domain is that of the address, in ASCII. *found is to be released in any case.
 */
enum autoconfig autoconfig_read(struct span file, const char *address, const char *domain,
	struct discovery *found) MUST_CHECK;

#endif
