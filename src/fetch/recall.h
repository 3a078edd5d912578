/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_RECALL_H
#define AMBIL_RECALL_H

#include "config/config.h"
#include "fetch/guard.h"
#include "local/store.h"

/*
 * What an account's state remembers of its server, read for a session to come. Whoever writes these
 * facts down (known.c) knows how they are written here. A store of NULL remembers nothing.
 */
#define RECALL_LOGIN "login"
#define RECALL_CAPA "capa"
#define RECALL_TWO_LINES "xoauth2-two-lines"
#define RECALL_UTF8 "utf8"
#define RECALL_BINDING "binding"
enum { RECALL_BROKEN_KEPT_S = 30 * 86400 };

struct recalled {
	enum mech used;    /* what logged in to this host last; MECH_NONE: unknown */
	bool unbound;      /* this host refuses SCRAM that is bound to the channel */
	bool two_lines;    /* XOAUTH2's response on a line of its own */
	bool without_capa; /* the server ends the connection on CAPA */
	bool utf8;         /* it refused a mail for want of UTF8 */
};
bool recall_server(const struct account *account, struct store *store, struct recalled *out,
	struct error *e) MUST_CHECK;
/* "tls pop.example.org": where a login was; fresh. What is remembered of another place, or of the
 * same one when the user has changed whether TLS is used, says nothing of this one. */
char *recall_login_place(const struct account *account);
/* When the account may log in. config_ns: when the configuration was changed last. */
bool recall_guard(const struct account *account, int64_t config_ns, struct store *store,
	struct guard *out, struct error *e) MUST_CHECK;

/* Whether a remembered time is that long ago; a clock that was turned back counts as well. */
bool recall_is_past(const char *since_s, int64_t age_s);

#endif
