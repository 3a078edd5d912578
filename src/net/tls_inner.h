/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_TLS_INNER_H
#define AMBIL_NET_TLS_INNER_H

#include <gnutls/gnutls.h>

#include "base/mem.h"
#include "net/tls.h"
#include "net/trust.h"

/* The inside of an encrypted stream, for tls.c (the stream), handshake.c (its beginning) and
 * memory.c (what it leaves for the next one) only. */

enum { TLS_IN_MAX = 128 * 1024, TLS_FIRST_MAX = 512 };

struct tls_memory {
	struct trust trust;
	gnutls_datum_t ticket; /* a session that the server may resume */
};

struct tls {
	struct stream stream;
	struct stream *lower;
	gnutls_session_t session;
	struct tls_memory own;     /* without one of the caller's */
	struct tls_memory *memory; /* the caller's, or own */
	const struct plan *plan;   /* of the handshake, while it lasts */
	bool stranger;             /* the handshake was ended, as the server is not to be trusted */
	bool established;
	bool closed;             /* lower has ended, perhaps in the middle of a record */
	bool ticket_kept;        /* for a session after this one */
	enum stream_status wait; /* what lower wants before it can go on; STREAM_OK: nothing */
	enum stream_status end;  /* STREAM_EOF or STREAM_FAILED once it is over, for good */
	struct error failure;    /* of lower, or the one that ended it */
	char description[64];
	char first[TLS_FIRST_MAX];
	size_t first_len;
	size_t at, have; /* the octets of in that are still unread */
	char in[TLS_IN_MAX];
	struct buf out; /* encrypted; the octets before out_at are gone */
	size_t out_at;
	size_t promised; /* octets of the caller's that are in out, but were not reported as done */
};

/* A stream that is not connected yet; takes lower. memory may be NULL. */
struct tls *tls_over(struct stream *lower, struct tls_memory *memory);
/* Lets the session, which is new, talk through lower. */
void tls_connect(struct tls *t);
/* Sends what is left in out; STREAM_OK: all of it. */
enum stream_status tls_flush(struct tls *t);
/* The words for a fatal alert that has come: host, and what it has done. False always. */
bool tls_alert(const struct tls *t, const char *host, bool shaking_hands, struct error *e);

void tls_memory_clear(struct tls_memory *memory);
/* Offers the server the session before, once. */
void tls_use_session(struct tls *t);
/* Keeps this session for the next one, if the server has given a ticket. */
void tls_keep_session(struct tls *t);
void tls_forget_session(struct tls_memory *memory);

#endif
