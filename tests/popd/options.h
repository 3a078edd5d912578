/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_OPTIONS_H
#define POPD_OPTIONS_H

#include "ca.h"
#include "fault.h"
#include "mailbox.h"

enum tls_mode { TLS_NONE, TLS_STARTTLS, TLS_IMPLICIT };

/* The command line. All strings are borrowed from argv. */
struct options {
	uint64_t port;			/* 0 = any that is free */
	bool ipv6, parent_exit;
	uint64_t sessions;		/* 0 = no limit */
	const char *port_file;

	enum tls_mode tls;
	bool tls_required, tickets;
	struct ca_options ca;
	struct strings cert_names;
	const char *priority;		/* of GnuTLS */

	const char *mail;		/* as for mailbox_new */
	struct mailbox_style style;
	const char *users_file, *user, *password;
	const char *token, *token_reason;	/* of OAuth; NULL: no login with one */

	const char *sasl;		/* mechanisms, with blanks between them */
	bool apop, no_capa;
	struct strings caps, no_caps;
	bool no_verb[VERBS];
	struct script script;
	const char *release;
	uint64_t delay_ms;

	const char *stats, *log;
	const char *write_dir, *write_spec;	/* write mail as files and end */
	uint64_t write_from;		/* from this message on; 0 is 1 */
	bool help;
};

bool options_parse(struct options *o, int argc, char **argv, struct problem *p);
void options_release(struct options *o);

extern const char options_help[];

#endif
