/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_STREAM_H
#define AMBIL_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"

/*
 * A connection, encrypted or not, that never blocks. read and write do what they can at once and
 * say what to poll for when they can do nothing. TLS may want to read in order to write, and the
 * other way round.
 */
enum stream_status {
	STREAM_OK,         /* some octets went; *done tells how many, at least one */
	STREAM_WANT_READ,  /* poll the descriptor for POLLIN, then call again */
	STREAM_WANT_WRITE, /* poll the descriptor for POLLOUT, then call again */
	STREAM_EOF,        /* read only: the peer has closed */
	STREAM_FAILED,     /* *e says why: ERROR_NETWORK, or ERROR_TLS */
};

struct stream;
struct stream_ops {
	enum stream_status (*read)(
		struct stream *s, void *data, size_t room, size_t *done, struct error *e);
	/* A write that was told to wait must be repeated with the same octets first. */
	enum stream_status (*write)(
		struct stream *s, struct span octets, size_t *done, struct error *e);
	/* Octets that read would give without the descriptor becoming readable: do not poll first.
	 */
	bool (*pending)(const struct stream *s);
	int (*fd)(const struct stream *s);
	/* Says good-bye where the layer has one, without waiting, and closes. */
	void (*free)(struct stream *s);
};
struct stream {
	const struct stream_ops *ops;
};

/*
 * What comes next is acknowledged when it comes. Otherwise the kernel waits some 40 ms for
 * something to go out with it, and a server that writes an answer in two pieces may not send the
 * second one until then (Nagle): popa3d needs 48 ms for a mail so, and 3 ms else. A hint that holds
 * for some segments only; where it cannot be given nothing happens.
 */
void stream_acknowledge(const struct stream *s);

static inline void stream_free(struct stream *s)
{
	if (s)
		s->ops->free(s);
}

#endif
