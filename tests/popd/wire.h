/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_WIRE_H
#define POPD_WIRE_H

#include <gnutls/gnutls.h>

#include "util.h"

/* One connection, in clear or TLS, with a buffer on either side. Writing never fails visibly:
 * when the peer is gone, `dead` is set and everything further is dropped. */
struct wire {
	int fd;
	gnutls_session_t tls;
	char *in, *out;
	size_t in_at, in_len, out_len;
	uint64_t octets_sent, octets_received;	/* of the application */
	bool dead;

	uint64_t slow_ms;		/* before each flush */
	uint64_t drip_ms, drip_octets;	/* so many octets at a time; 0 = off */
	bool bare_lf, held_cr;
	bool no_close_notify;
};

/* fd stays the caller's. */
void wire_init(struct wire *w, int fd);
void wire_release(struct wire *w);

void wire_put(struct wire *w, const void *data, size_t len);
void wire_flush(struct wire *w);

enum wire_got { WIRE_DATA, WIRE_NOTHING, WIRE_END };

/* Reads what has arrived into the buffer, without waiting. A full buffer is WIRE_DATA. */
enum wire_got wire_read(struct wire *w);
/* Waits until something arrives, at most ms (negative: for ever). */
void wire_wait(struct wire *w, int64_t ms);

size_t wire_lines_waiting(const struct wire *w);
bool wire_is_full(const struct wire *w);
/* The next line without its LF, good until the next wire_read. */
bool wire_take_line(struct wire *w, struct span *out);
/* Forgets what has been read but not taken; returns how many octets that were. */
size_t wire_discard_input(struct wire *w);

/* tickets: the key they are made with; empty for none. */
bool wire_start_tls(struct wire *w, gnutls_certificate_credentials_t credentials,
	const char *priority, const gnutls_datum_t *tickets);
/* Whether the client has taken up a session of before; the name it has asked for, "" for none. */
bool wire_resumed(const struct wire *w);
void wire_server_name(const struct wire *w, char *out, size_t room);

/* Ends the sending side, and gives the peer some time to read what is on its way. */
void wire_close(struct wire *w);
/* Makes the closing of fd abort the connection: the peer sees a reset. */
void wire_reset(struct wire *w);

#endif
