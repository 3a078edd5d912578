/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_PROXY_H
#define AMBIL_NET_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "net/dial.h"

enum proxy_kind { PROXY_NONE, PROXY_SOCKS5, PROXY_HTTP };
/* Where a proxy is. */
struct proxy {
	enum proxy_kind kind;
	char *user; /* NULL: no login */
	char *host; /* without brackets */
	uint16_t port;
};

/*
 * Reads "socks5://[USER@]HOST[:PORT]" (socks5h is the same), "http://[USER@]HOST:PORT" or "none";
 * NULL is "none". ERROR_CONFIG, without the words of a password that stands in it.
 */
bool proxy_parse(const char *text, struct proxy *out, struct error *e) MUST_CHECK;
void proxy_release(struct proxy *p);
/* "socks5://127.0.0.1:1080", without the user. */
struct where proxy_shown(const struct proxy *p);

/*
 * What is said to a proxy until it has opened the way to host and port: SOCKS 5 (RFC 1928, login by
 * RFC 1929), or CONNECT (RFC 9110 s.9.3.6, login by RFC 7617). No I/O, no clock: send
 * proxy_talk_output(), give what arrives to proxy_talk_feed(). The name of the server is sent as it
 * is, for the proxy to look up; names of other scripts as IDNA.
 */
struct proxy_talk;
/* password may be NULL. Borrows proxy. NULL with ERROR_CONFIG: what the protocol cannot say, or a
 * user without a password; ERROR_HOST: host is no name. */
struct proxy_talk *proxy_talk_new(const struct proxy *proxy, const char *password, const char *host,
	uint16_t port, struct error *e) MUST_CHECK;
void proxy_talk_free(struct proxy_talk *t); /* wipes */
/* What waits to be sent, and how much of it was. */
struct span proxy_talk_output(const struct proxy_talk *t);
void proxy_talk_sent(struct proxy_talk *t, size_t n);

enum proxy_state {
	PROXY_TALKING, /* all octets were eaten; more must come, or go out */
	PROXY_OPEN,    /* what is not eaten is the server's */
	PROXY_REFUSED, /* *e, for good */
};
/* *eaten: how many octets of in are the proxy's own. */
enum proxy_state proxy_talk_feed(
	struct proxy_talk *t, struct span in, size_t *eaten, struct error *e);
/* The error for a proxy that closes while it is PROXY_TALKING; false. */
bool proxy_talk_closed(const struct proxy_talk *t, struct error *e);

#endif
