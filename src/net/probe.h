/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_PROBE_H
#define AMBIL_NET_PROBE_H

#include "net/dial.h"
#include "net/tls.h"

/* A server that may be there. */
enum { PROBES_MAX = 16 };
struct probe {
	struct endpoint to;
	const struct tls_policy *tls; /* a handshake as well; NULL: only a connection */
	bool tried;                   /* its end was waited for, and it is known: */
	bool answers;                 /* with TLS: and is trusted */
	struct error failure;
};

/*
 * Tries n servers, at most PROBES_MAX, all at once, and sends them nothing but a handshake. *found
 * is the first in their order that answers, as soon as those in front of it have failed; n: none
 * does. False: no thread could be started, or ERROR_INTERRUPTED.
 */
bool probe_first(struct probe *probes, size_t n, int64_t timeout_ms, int stop_fd, size_t *found,
	struct error *e) MUST_CHECK;

#endif
