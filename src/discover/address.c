/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/address.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/dial.h"

enum { HOST_MAX = 253, LABEL_MAX = 63 };

static bool labels_fit(const char *host)
{
	while (*host) {
		size_t n = strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-");

		if (!n || n > LABEL_MAX || host[0] == '-')
			return false;
		host += n;
		if (*host == '.' && host[1])
			host++;
		else if (*host)
			return false;
	}
	return true;
}

bool host_fits(char *host)
{
	size_t len = strlen(host);
	const char *dot, *last;

	if (len && host[len - 1] == '.')
		host[--len] = '\0';
	for (char *p = host; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	if (!len || len > HOST_MAX || !labels_fit(host))
		return false;
	/* A number in the last place makes it an IPv4 address. */
	dot = strrchr(host, '.');
	last = dot ? dot + 1 : host;
	return last[strspn(last, "0123456789")] != '\0';
}

bool host_is_within(const char *host, const char *domain)
{
	size_t len = strlen(host), tail = strlen(domain);

	if (len < tail || strcasecmp(host + len - tail, domain) != 0)
		return false;
	return len == tail || host[len - tail - 1] == '.';
}

/* Nothing that would end a word of a protocol, or a line. */
static bool is_plain(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p <= ' ' || *p == 0x7f)
			return false;
	return true;
}

char *address_domain(const char *address)
{
	const char *at = strrchr(address, '@');
	char *domain = at && at != address && is_plain(address) ? dial_name(at + 1, NULL) : NULL;

	if (domain && host_fits(domain))
		return domain;
	free(domain);
	return NULL;
}
