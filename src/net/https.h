/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_HTTPS_H
#define AMBIL_NET_HTTPS_H

#include "net/dial.h"
#include "net/tls.h"

/* One file from a web server, by HTTPS on port 443 and no other way. */
struct https_file {
	char *host;                 /* as name servers spell it */
	const char *path;           /* "/a/b?c=d", whatever is special in it as %XX */
	const struct endpoint *way; /* how connections are made; its host and port are not used */
	char *ca_file;              /* the authorities that count; NULL: those of the system */
	int64_t deadline_ms;
	size_t max; /* octets */
	int stop_fd;
};

/*
 * Appends it to *out. The certificate must be in order; no redirection is followed. ERROR_INPUT: an
 * answer other than 200. ERROR_PROTOCOL: one that is not HTTP, or too long. Else as dial() and
 * tls_start() have them.
 */
bool https_get(const struct https_file *file, struct buf *out, struct error *e) MUST_CHECK;

#endif
