/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_DISCOVER_ADDRESS_H
#define AMBIL_DISCOVER_ADDRESS_H

#include <stdbool.h>

#include "base/attributes.h"

/* Mail addresses, and names of hosts, as far as they are needed to find a server. Pure. */

/* The domain of a mail address, in ASCII and small letters; fresh. NULL: it is no address. */
char *address_domain(const char *address);

/* Whether it is the name of a host in ASCII, and no IP address; it is made small, and loses the dot
 * of the root. */
bool host_fits(char *host) MUST_CHECK;
/* Whether the host is the domain, or lies in it. */
bool host_is_within(const char *host, const char *domain);

#endif
