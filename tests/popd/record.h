/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_RECORD_H
#define POPD_RECORD_H

#include <pthread.h>

#include "util.h"
#include "verb.h"

/* What one session amounted to. */
struct session_stats {
	uint32_t session;
	uint64_t waits;			/* all was answered and sent: waited for the client */
	uint64_t max_outstanding;	/* commands found waiting in the input at once */
	uint64_t verbs[VERBS];
	uint64_t octets_sent, octets_received;
	uint64_t retr, dele;		/* those that succeeded */
	bool quit_answered, tls, resumed;
	char server_name[256];		/* "" if the client named none */
	const char *user, *auth;	/* NULL if there was no login */
	struct text notes;		/* what the client did against the order: JSON strings */
};

/* Where sessions are written down; shared between them. */
struct record {
	pthread_mutex_t lock;
	int stats_fd, log_fd;
	uint32_t last_session;
};

/* Paths may be NULL. Both files are appended to. */
bool record_init(struct record *r, const char *stats, const char *log, struct problem *p);
void record_release(struct record *r);

void record_stats(struct record *r, const struct session_stats *stats);
void stats_note(struct session_stats *stats, const char *note);

bool record_wants_log(const struct record *r);
/* side is 'S' or 'C'. Control characters are escaped, one line is written. */
void record_log(struct record *r, uint32_t session, char side, const char *data, size_t len);

#endif
