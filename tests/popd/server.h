/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_SERVER_H
#define POPD_SERVER_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "options.h"
#include "record.h"
#include "users.h"

/* What all sessions share. */
struct server {
	const struct options *options;
	struct users users;
	struct record record;
	gnutls_certificate_credentials_t credentials;
	gnutls_datum_t ticket_key;	/* empty: no tickets */

	pthread_mutex_t lock;	/* of the following four */
	pthread_cond_t ended;
	int *open;		/* descriptors of running sessions */
	size_t open_count;

	uint32_t accepted;
	int listening[2];	/* -1 = none */
	uint16_t port;
	int wake[2];		/* a session has ended */
	atomic_bool stopping;
};

/* Makes users, certificates and the listening sockets. server_release in any case. */
bool server_init(struct server *server, const struct options *options, struct problem *p);
void server_release(struct server *server);

/* Serves until *stop, the end of stdin (if so asked) or the last session; then ends all sessions.
 * The signals that set *stop must be blocked, and be free in `open_mask`. */
void server_run(struct server *server, const volatile sig_atomic_t *stop,
	const sigset_t *open_mask);

#endif
