/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_PROXY_INNER_H
#define AMBIL_NET_PROXY_INNER_H

#include "base/attributes.h"
#include "base/hide.h"
#include "net/proxy.h"

/* The inside of a talk, for proxy.c, socks.c and http_connect.c only. */
struct proxy_talk {
	const struct proxy *proxy;
	struct where shown;  /* of the proxy */
	struct where target; /* "pop.example.org:995" */
	char *host;          /* as name servers spell it */
	uint16_t port;
	char *password;
	struct hide hide; /* the password, and what is made of it and sent */
	struct buf out;
	size_t sent;
	enum proxy_state state;
	struct error failure; /* with PROXY_REFUSED */

	/* SOCKS: an answer of fixed length at a time. */
	enum { SOCKS_METHOD, SOCKS_LOGIN, SOCKS_REPLY, SOCKS_LENGTH, SOCKS_ADDRESS } step;
	unsigned char in[4];
	size_t have, need; /* octets of the answer; an address is counted, not kept */

	/* HTTP: a line at a time. */
	struct buf line;
	size_t total;
	bool in_fields; /* the status line has come */
	uint32_t status;
	char reason[100];
	bool basic; /* a 407 that names Basic */
};

/* Sets *failure, with the words fmt gives behind "the proxy socks5://…:1080 ". */
void proxy_fail(struct proxy_talk *t, enum error_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The errors for a login that is missing, or refused; and for an answer that is not of the
 * protocol, whose name that is. */
void proxy_wants_login(struct proxy_talk *t);
void proxy_refuses_login(struct proxy_talk *t);
void proxy_is_none(struct proxy_talk *t, const char *protocol, struct span said);

/* The first words, and the answers: they set state. Each eats at least one octet. */
void socks_begin(struct proxy_talk *t);
size_t socks_feed(struct proxy_talk *t, struct span in);
void http_connect_begin(struct proxy_talk *t);
size_t http_connect_feed(struct proxy_talk *t, struct span in);
/* What a status that is no 2xx means: sets the failure. */
void http_connect_refuse(struct proxy_talk *t);

#endif
