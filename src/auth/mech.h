/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_AUTH_MECH_H
#define AMBIL_AUTH_MECH_H

#include <stdbool.h>

#include "base/error.h"

/* The ways to log in, in the order "auto" prefers them. MECH_USER is USER and PASS. */
enum mech { MECH_NONE, MECH_PLAIN, MECH_USER, MECH_APOP, MECH_MECHS };
const char *mech_name(enum mech mech);
/* A name as the configuration spells it ("plain", "user", "apop"), any case; MECH_NONE when
 * unknown. */
enum mech mech_parse(const char *name);

/* What the choice depends on, gathered by the session. */
struct mech_facts {
	bool encrypted;       /* TLS is up and the peer verified */
	bool cleartext_login; /* the account allows a password in clear */
	bool apop_stamp;      /* the greeting has a valid timestamp */
	bool capa_known;      /* CAPA was answered */
	bool sasl_plain;      /* SASL lists PLAIN */
	bool user;            /* CAPA lists USER */
};

/*
 * Pure. wanted: MECH_NONE for "auto", which is PLAIN, else USER; never APOP (it must be asked for).
 * USER is taken also when CAPA is unknown or does not list it but lists no SASL mechanism we have
 * (many servers forget it). ERROR_CAPABILITY: not offered; ERROR_TLS: would send a password in
 * clear.
 */
bool mech_choose(enum mech wanted, const struct mech_facts *facts, enum mech *out,
	struct error *e) MUST_CHECK;

#endif
