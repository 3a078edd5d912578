/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_AUTH_MECH_H
#define AMBIL_AUTH_MECH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The ways to log in. MECH_USER is USER and PASS; it and MECH_APOP are no SASL mechanisms. */
enum mech {
	MECH_NONE,
	MECH_SCRAM_SHA_256_PLUS,
	MECH_SCRAM_SHA_1_PLUS,
	MECH_SCRAM_SHA_256,
	MECH_SCRAM_SHA_1,
	MECH_OAUTHBEARER,
	MECH_XOAUTH2,
	MECH_DIGEST_MD5,
	MECH_CRAM_MD5,
	MECH_PLAIN,
	MECH_LOGIN,
	MECH_USER,
	MECH_APOP,
	MECH_EXTERNAL,
	MECH_GSSAPI,
	MECH_NTLM,
	MECH_MECHS
};

/* What a mechanism proves who the user is with. */
enum credential {
	CREDENTIAL_PASSWORD,
	CREDENTIAL_TOKEN,       /* of OAuth */
	CREDENTIAL_CERTIFICATE, /* the client's, in TLS */
	CREDENTIAL_TICKET,      /* of Kerberos */
};

/* As the configuration spells it: "scram-sha-256", "user"; "auto" for MECH_NONE. */
const char *mech_name(enum mech mech);
/* Its name in SASL: "SCRAM-SHA-256"; NULL for those that have none. */
const char *mech_sasl_name(enum mech mech);
/* For sentences: the name in SASL, "USER and PASS" or "APOP". */
const char *mech_title(enum mech mech);
enum credential mech_credential(enum mech mech);
/* Whether it takes part in the channel of TLS (SCRAM-PLUS). */
bool mech_binds(enum mech mech);
/* Whether the client may begin, with an initial response (RFC 5034 s.4). */
bool mech_speaks_first(enum mech mech);
/* Whether that is all it will say, be the login taken or refused. */
bool mech_is_one_step(enum mech mech);
/* A name as the configuration spells it, any case; MECH_NONE when unknown. */
enum mech mech_parse(const char *name);

/* Those that may be used, in the order in which they are tried; n 0: "auto". */
struct mech_list {
	enum mech at[MECH_MECHS];
	size_t n;
};
/* "auto", or names with blanks or commas between them. False: unknown, or one of them twice. */
bool mech_list_parse(const char *text, struct mech_list *out) MUST_CHECK;
/* The same as text, with blanks; fresh. */
char *mech_list_show(const struct mech_list *list);
/* Whether any of them (for "auto": any that it may take with a password) needs that. */
bool mech_list_needs(const struct mech_list *list, enum credential credential);

/* What the choice depends on, gathered by the session. */
struct mech_facts {
	bool encrypted;           /* TLS is up and the peer verified */
	bool cleartext_login;     /* the account allows a password in clear */
	bool token;               /* the secret is an OAuth token, not a password */
	bool client_cert;         /* TLS was given a certificate of the client */
	bool binding;             /* TLS gives what SCRAM-PLUS needs (RFC 5929, 9266) */
	bool apop_stamp;          /* the greeting has a valid timestamp */
	bool capa_known;          /* CAPA was answered */
	bool user;                /* CAPA lists USER */
	bool offered[MECH_MECHS]; /* SASL of CAPA lists it */
	enum mech used;           /* the last that logged in to this host; MECH_NONE: unknown */
};

/*
 * Pure. Which of the wanted mechanisms to log in with.
 *
 * By name: the first that is offered and allowed, and never another. "auto", with a token, is
 * OAUTHBEARER, then XOAUTH2. With a password it takes what is strongest:
 *
 * - over TLS SCRAM, bound to the channel (-PLUS) before unbound, SHA-256 before SHA-1: the server
 *   proves itself too and learns nothing that it could use elsewhere; then PLAIN, LOGIN and USER;
 *   last DIGEST-MD5 and CRAM-MD5. These protect nothing that TLS does not, need a server that
 *   stores passwords in clear or as good as that, and fail where it does so for some users only.
 * - without TLS SCRAM, then DIGEST-MD5 and CRAM-MD5, which keep the password off the line; PLAIN,
 *   LOGIN and USER only with cleartext_login.
 *
 * "auto" is never EXTERNAL, GSSAPI, NTLM or APOP, which must be asked for: a certificate or a
 * ticket may well be there for another purpose, and NTLM and APOP are broken. USER also counts as
 * offered when CAPA is unknown or lists neither it nor any mechanism that takes a password (many
 * servers forget it).
 *
 * "auto" takes nothing weaker than what was used before, since someone in between could have taken
 * the stronger ones away. PLAIN, LOGIN, USER and, over TLS, DIGEST-MD5 and CRAM-MD5 are equals. A
 * token is a change that only the user can make. ERROR_CAPABILITY: this, or not offered; ERROR_TLS:
 * would send a password in clear; ERROR_CONFIG: there is no token or certificate for it.
 */
bool mech_choose(const struct mech_list *wanted, const struct mech_facts *facts, enum mech *out,
	struct error *e) MUST_CHECK;

/*
 * What would show the server the password itself, of what is offered and allowed; MECH_NONE if
 * nothing would. A server that stores no more than a hash takes it where it has to refuse all else.
 */
enum mech mech_readable(const struct mech_facts *facts);

/* Whether "auto" finds one that is stronger than now, which was chosen by its name: *better. */
bool mech_has_better(enum mech now, const struct mech_facts *facts, enum mech *better);

#endif
