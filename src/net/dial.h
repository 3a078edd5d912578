/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_DIAL_H
#define AMBIL_NET_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "net/stream.h"

enum ip_family { IP_ANY, IP_4, IP_6 };
/* Where a server is. Strings belong to the configuration. */
struct endpoint {
	char *host; /* a name or an address, without brackets */
	uint16_t port;
	enum ip_family ip;
	int64_t connect_timeout_ms; /* name lookup and connecting to all addresses together */
};

/*
 * Looks host up and connects, addresses in the order of RFC 8305, the next started 250 ms after the
 * last; TCP_NODELAY is set, the socket does not block. stop_fd: when it becomes readable, gives up
 * with ERROR_INTERRUPTED; -1 for none. ERROR_HOST: no such host. ERROR_NETWORK: no answer from the
 * name server, refused (the text names every address tried), unreachable, or too late.
 */
bool dial(const struct endpoint *to, int stop_fd, struct stream **out, struct error *e) MUST_CHECK;
/* A stream over a connected socket, which it takes. */
struct stream *stream_over_fd(int fd);

/* host as name servers and certificates spell it (IDNA 2008): a fresh string; NULL with ERROR_HOST.
 */
char *dial_name(const char *host, struct error *e) MUST_CHECK;
/* "host:port" for the words of an error, an IPv6 address in brackets. Lives as long as safe(). */
struct where {
	char text[300];
};
struct where dial_where(const char *host, uint16_t port);

#endif
