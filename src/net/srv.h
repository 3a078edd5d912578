/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_SRV_H
#define AMBIL_NET_SRV_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Which servers a domain names for a service (RFC 2782). */
enum { SRV_TARGETS_MAX = 16, SRV_HOST_ROOM = 256 };
struct srv_target {
	char host[SRV_HOST_ROOM]; /* without the dot of the root */
	uint16_t port, priority, weight;
};
enum srv_answer {
	SRV_FOUND,
	SRV_NONE,    /* the domain has no such records */
	SRV_REFUSED, /* its target is ".": the service is decidedly not there */
	SRV_FAILED,  /* no answer, or none that can be read */
};
struct srv {
	enum srv_answer answer;
	size_t n; /* SRV_FOUND: at least one */
	struct srv_target targets[SRV_TARGETS_MAX];
};

/*
 * Asks the system's name servers for the records of name, such as "_pop3s._tcp.example.org", which
 * is in ASCII; the targets are in the order in which they are to be tried. False: SRV_FAILED, with
 * ERROR_NETWORK (no network or DNS, or too late), ERROR_PROTOCOL (an answer that is none),
 * ERROR_INTERNAL, or ERROR_INTERRUPTED when stop_fd (-1: none) became readable.
 */
bool srv_look_up(const char *name, int64_t deadline_ms, int stop_fd, struct srv *out,
	struct error *e) MUST_CHECK;

/*
 * Reads the answer of a name server, as it came. Records that are not usable are passed over.
 * False: it is none.
 */
bool srv_read(struct span answer, struct srv *out) MUST_CHECK;
/* The order of RFC 2782: by priority, then by chance according to weight. pick gives a number from
 * 0 to max. */
void srv_sort(struct srv *srv, uint32_t (*pick)(void *context, uint32_t max), void *context);

#endif
