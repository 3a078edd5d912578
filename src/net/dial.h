/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_DIAL_H
#define AMBIL_NET_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "net/stream.h"

enum ip_family { IP_ANY, IP_4, IP_6 };
/* Where a server is, and by which way it is reached. Strings belong to the configuration. */
struct endpoint {
	char *host; /* a name or an address, without brackets */
	uint16_t port;
	enum ip_family ip;
	int64_t connect_timeout_ms; /* name lookup and connecting to all addresses together */
	char *source;         /* addresses to connect from; NULL or "any": the system's choice */
	char *proxy;          /* see net/proxy.h; NULL or "none": straight to the server */
	char *proxy_password; /* for the user that the proxy's URL names */
	char *command;        /* its standard input and output are the connection; NULL: none */
	char *socket;         /* the path of a local (unix) socket to connect to; NULL: none */
	bool is_proxy;        /* host and port are those of a proxy; dial()'s own */
};

/*
 * Opens the way to the server: to its socket, by its command, through its proxy, or straight. A
 * name is looked up and its addresses are tried in the order of RFC 8305, the next started 250 ms
 * after the last; with a proxy that is done for the proxy's name only, and the server's is sent to
 * it. TCP_NODELAY is set, nothing blocks. stop_fd: when it becomes readable, gives up with
 * ERROR_INTERRUPTED; -1 for none. ERROR_HOST: no such host. ERROR_NETWORK: no answer from the name
 * server, refused (the text names every address tried), unreachable, or too late; also where a
 * proxy says so. ERROR_CONFIG: a login that the proxy refuses, a command that cannot be run, what
 * the settings exclude. ERROR_CAPABILITY: the proxy does not do it. ERROR_PROTOCOL: it is none.
 */
bool dial(const struct endpoint *to, int stop_fd, struct stream **out, struct error *e) MUST_CHECK;

/* What became of each address, for those who show it. */
enum { DIAL_ADDRESSES_MAX = 16, DIAL_ADDRESS_ROOM = 64 };
enum dial_fate {
	DIAL_UNTRIED,    /* another was quicker, or it came to nothing before */
	DIAL_UNFINISHED, /* started, but another was quicker, or time was up */
	DIAL_FAILED,     /* err is the errno value */
	DIAL_TAKEN,      /* the connection */
};
struct dial_address {
	char text[DIAL_ADDRESS_ROOM];
	enum dial_fate fate;
	int err;
};
/* All zero before. The addresses are the server's, or its proxy's, in the order they are tried. */
struct dial_report {
	struct dial_address addresses[DIAL_ADDRESSES_MAX];
	size_t n;
	bool connected; /* to the server, its proxy or its socket; or the command runs */
	bool opened;    /* the proxy, if there is one, has opened the way */
};
/* dial(), with a report also of a failure. */
bool dial_reporting(const struct endpoint *to, int stop_fd, struct dial_report *report,
	struct stream **out, struct error *e) MUST_CHECK;
/* Only looks the addresses up, all of them DIAL_UNTRIED; none for a socket or a command. */
bool dial_lookup(const struct endpoint *to, int stop_fd, struct dial_report *report,
	struct error *e) MUST_CHECK;

/* The user whose process listened on the local socket that the stream is connected to; false where
 * the system does not tell. */
bool dial_peer(const struct stream *s, uid_t *owner) MUST_CHECK;

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
/* name as a word for who is connected to: itself, or "the proxy NAME". */
struct where dial_called(const struct endpoint *to, const char *name);
/* What is between here and the server: "socks5://127.0.0.1:1080", "socket-command \"ssh …\"",
 * "the socket /run/pop3"; "" when nothing is. */
struct where dial_link(const struct endpoint *to);
/* Whether its proxy is given a login. */
bool dial_wants_login(const struct endpoint *to);

/* Whether text is "any", or one address, or one of each family with a blank or a comma between. */
bool dial_source_ok(const char *text);
/* Whether it allows connections of that family; IP_ANY: of any. */
bool dial_source_has(const char *text, enum ip_family ip);
/* Whether the path of a socket is short enough for this system. */
bool dial_socket_ok(const char *path);

#endif
