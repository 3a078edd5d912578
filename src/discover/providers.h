/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_DISCOVER_PROVIDERS_H
#define AMBIL_DISCOVER_PROVIDERS_H

#include "discover/discover.h"

/* One provider that many people have their mailbox at. */
struct provider {
	const char *name;
	const char *domains; /* parted by blanks */
	const char *host;    /* port 995, TLS at once; NULL: it has no POP3 */
	enum discovery_login login;
	const char *note; /* in English: what to do first; without a host: what there is instead.
			   Or NULL */
};

/* The provider of the domain, which is in ASCII; NULL: not in the table. Pure. */
const struct provider *provider_of(const char *domain);

#endif
