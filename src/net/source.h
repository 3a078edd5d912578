/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_SOURCE_H
#define AMBIL_NET_SOURCE_H

#include <stdbool.h>
#include <sys/socket.h>

/* Private to this folder: the addresses that connections are made from. */
struct source {
	bool any; /* the system's choice; the rest is empty */
	struct {
		socklen_t len; /* 0: none of this family */
		struct sockaddr_storage at;
		char text[64];
	} of[2]; /* IPv4, IPv6 */
};

/* NULL and "any" stand for any. False for what dial_source_ok() refuses. */
bool source_parse(const char *text, struct source *out);
/* The index in of[]. */
static inline int source_index(int family)
{
	return family == AF_INET6;
}
/* Whether connections to addresses of the family can be made. */
static inline bool source_allows(const struct source *s, int family)
{
	return s->any || s->of[source_index(family)].len;
}

#endif
