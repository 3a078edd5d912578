/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_SESSION_H
#define POPD_SESSION_H

#include "server.h"
#include "wire.h"

/* One connection, from the greeting to its end. */
struct session {
	struct server *server;
	const struct options *options;
	struct wire wire;
	uint32_t number;

	const struct user *user;	/* NULL before login */
	struct snapshot mail;		/* empty before login */
	char *name;			/* as USER gave it */
	char timestamp[96];		/* of APOP; empty without */

	struct session_stats stats;
	uint64_t burst;			/* commands since the client was last waited for */
	bool skipping;			/* the rest of a line that was too long */
	bool over, reset;
};

/* Serves the client at fd, which stays open. */
void session_run(struct server *server, int fd, uint32_t number);

/* The commands; args is what stands behind the verb and a space. Each sends its reply. */
void command_capa(struct session *s, const char *args);
void command_stls(struct session *s, const char *args);
void command_user(struct session *s, const char *args);
void command_pass(struct session *s, const char *args);
void command_apop(struct session *s, const char *args);
void command_auth(struct session *s, const char *args);
void command_utf8(struct session *s, const char *args);
void command_stat(struct session *s, const char *args);
void command_list(struct session *s, const char *args);
void command_uidl(struct session *s, const char *args);
void command_top(struct session *s, const char *args);
void command_retr(struct session *s, const char *args);
void command_dele(struct session *s, const char *args);
void command_noop(struct session *s, const char *args);
void command_rset(struct session *s, const char *args);
void command_quit(struct session *s, const char *args);

/* Ends a login: user is NULL if it was wrong. auth: the way, for the statistics. */
void session_log_in(struct session *s, const struct user *user, const char *auth);
/* Whether --sasl lists it; *name is then its own spelling, for good. */
bool sasl_offers(const struct session *s, struct span wanted, const char **name);
/* One conversation by libgsasl, initial response (NULL: none) in base64. True: it came to its end,
 * and *user is who logged in, or NULL. False: it has been answered already. */
bool sasl_converse(struct session *s, const char *name, const char *initial,
	const struct user **user);

/* A status line. */
void session_reply(struct session *s, bool ok, const char *fmt, ...) POPD_PRINTF(3, 4);
/* A line of a listing; the final dot is one as well. */
void session_line(struct session *s, const char *fmt, ...) POPD_PRINTF(2, 3);
/* Octets as they stand. */
void session_raw(struct session *s, const char *data, size_t len);
void session_log(struct session *s, char side, const char *fmt, ...) POPD_PRINTF(3, 4);

/* The client's next line, without its end; flushes and waits if there is none. False at the end
 * of the connection. Good until the next call. */
bool session_next(struct session *s, struct span *out);

/* The message that args names by its number; replies itself if there is none, or it is deleted.
 * *rest, if not NULL, is what stands behind the number. */
bool session_message(struct session *s, const char *args, uint32_t *out, const char **rest);

/* TLS from here on; false when the connection is over. */
bool session_start_tls(struct session *s);

/* The fault of that kind for this session; ... for a verb and how often it came; for a message. */
const struct fault *session_fault(const struct session *s, enum fault_kind kind);
const struct fault *session_fault_at(const struct session *s, enum fault_kind kind,
	enum verb verb);
const struct fault *session_fault_on(const struct session *s, enum fault_kind kind, uint32_t n);

#endif
