/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_HTTP_H
#define AMBIL_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/* Private to this folder: reads the answer to one GET (RFC 9110, 9112). No I/O. */

enum http_state {
	HTTP_MORE, /* it goes on */
	HTTP_DONE, /* it is whole; what stands behind it is left alone */
	HTTP_BAD,  /* see fault */
};
enum http_fault {
	HTTP_SOUND,
	HTTP_OTHER,   /* it is no HTTP */
	HTTP_LONG,    /* longer than allowed */
	HTTP_ENCODED, /* compressed, or the like */
	HTTP_BROKEN,  /* its length or its chunks make no sense */
	HTTP_CUT,     /* the connection ended before it */
};
struct http {
	enum http_state state;
	enum http_fault fault;
	uint32_t status; /* 0: not known yet */
	struct buf body; /* of a status 200 only: what else says is of no interest */
	/* The inside. */
	enum {
		HTTP_STATUS,
		HTTP_FIELDS,
		HTTP_SIZED,
		HTTP_UNTIL_END,
		HTTP_CHUNK_SIZE,
		HTTP_CHUNK,
		HTTP_CHUNK_END,
		HTTP_TRAILER,
	} part;
	struct buf line;
	size_t header; /* octets of lines so far */
	size_t body_max;
	uint64_t left; /* octets of the body, or of its chunk */
	bool sized, chunked;
};

/* For the body at most body_max octets. */
void http_init(struct http *h, size_t body_max);
void http_release(struct http *h);
enum http_state http_feed(struct http *h, struct span octets);
/* The connection has ended: never HTTP_MORE. */
enum http_state http_end(struct http *h);

/* "HTTP/1.1 200 OK" without its line end; false: it is none. */
bool http_status_line(struct span line, uint32_t *status, struct span *reason) MUST_CHECK;

#endif
