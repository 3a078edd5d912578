/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which way to log in: pure, so that the whole policy can be tested as a table. A password goes in
 * clear only when the account says so; what is asked for by name is never replaced by something
 * else.
 */
#include "auth/mech.h"

#include <assert.h>
#include <stddef.h>
#include <strings.h>

static const char *const names[] = {"auto", "plain", "user", "apop"};
static_assert(sizeof(names) / sizeof(names[0]) == MECH_MECHS, "one name for each mechanism");

const char *mech_name(enum mech mech)
{
	return names[mech];
}

enum mech mech_parse(const char *name)
{
	for (int i = MECH_NONE + 1; i < MECH_MECHS; i++)
		if (strcasecmp(names[i], name) == 0)
			return (enum mech)i;
	return MECH_NONE;
}

static bool choose_apop(const struct mech_facts *facts, enum mech *out, struct error *e)
{
	if (!facts->apop_stamp)
		return error_set(e, ERROR_CAPABILITY,
			"the server does not offer APOP (there is no timestamp in its greeting)");
	*out = MECH_APOP;
	return true;
}

static bool not_offered(enum mech wanted, struct error *e)
{
	error_set(e, ERROR_CAPABILITY, "the server does not offer the login \"%s\"",
		mech_name(wanted));
	return error_remedy(e, "let ambil choose", "auth = auto");
}

bool mech_choose(enum mech wanted, const struct mech_facts *facts, enum mech *out, struct error *e)
{
	bool plain = facts->capa_known && facts->sasl_plain;
	/* Many servers forget to list USER; where PLAIN is listed the omission is meant. */
	bool user = !plain || facts->user;

	if (wanted == MECH_APOP)
		return choose_apop(facts, out, e);
	if (!facts->encrypted && !facts->cleartext_login) {
		error_set(e, ERROR_TLS, "the password would go in clear over the network");
		return error_remedy(e, "only for a tunnel or this machine itself",
			"allow-cleartext-password = true");
	}
	if ((wanted == MECH_PLAIN && !plain) || (wanted == MECH_USER && !user))
		return not_offered(wanted, e);
	*out = wanted != MECH_NONE ? wanted : plain ? MECH_PLAIN : MECH_USER;
	return true;
}
