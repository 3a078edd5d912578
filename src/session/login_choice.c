/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which mechanism an account logs in with, by what the server offers and the channel allows. */
#include "auth/mech.h"
#include "net/tls.h"
#include "session/session_inner.h"

/* What the choice of a mechanism hangs on. binding: NULL for none. */
static struct mech_facts gather(const struct session *s, const struct buf *binding)
{
	const struct capabilities *c = &s->capabilities;
	struct mech_facts facts = {
		.encrypted = s->encrypted,
		.cleartext_login = account_allows_cleartext(s->account),
		.binding = binding && binding->len,
		.apop_stamp = s->stamp != NULL,
		.token = account_uses_token(s->account),
		.client_cert = s->encrypted && s->account->tls.client_cert,
		.capa_known = c->known,
		.user = c->user,
		.used = s->setting->used,
	};

	for (int i = MECH_NONE + 1; i < MECH_MECHS; i++) {
		const char *name = mech_sasl_name((enum mech)i);

		facts.offered[i] = name && capabilities_has_mechanism(c, name);
	}
	return facts;
}

bool login_choose_with(struct session *s, const struct buf *binding, struct error *e)
{
	struct mech_facts facts = gather(s, binding);

	if (mech_choose(&s->account->auth, &facts, &s->mech, e))
		return true;
	session_name_host(s, e);
	return false;
}

/*
 * A login that is bound to the channel may have been refused since somebody sits in it, who must
 * not be shown the password.
 */
enum mech login_other_way(const struct session *s)
{
	struct mech_facts facts = gather(s, NULL);
	enum mech other = mech_readable(&facts);

	if (s->account->auth.n || s->mech == MECH_LOGIN || s->mech == MECH_USER)
		return MECH_NONE;
	if (mech_binds(s->mech))
		other = facts.offered[MECH_SCRAM_SHA_256] ? MECH_SCRAM_SHA_256
			: facts.offered[MECH_SCRAM_SHA_1] ? MECH_SCRAM_SHA_1
							  : MECH_NONE;
	return other == s->mech ? MECH_NONE : other;
}

/* Of TLS 1.2 the older kind, which its servers know; of TLS 1.3 the only one there is. */
void login_find_binding(struct session *s, struct buf *binding)
{
	/* Where the user has named the bound ones it is not for us to know better. */
	if (s->setting->unbound && !s->account->auth.n)
		return;
	s->exporter = !tls_channel_binding(s->stream, TLS_BINDING_UNIQUE, binding);
	if (s->exporter && !tls_channel_binding(s->stream, TLS_BINDING_EXPORTER, binding))
		buf_clear(binding);
}

bool login_has_better(struct session *s, enum mech *better)
{
	struct buf binding = {NULL, 0, 0};
	struct mech_facts facts;

	login_find_binding(s, &binding);
	facts = gather(s, &binding);
	buf_release(&binding);
	return mech_has_better(s->mech, &facts, better);
}

bool login_choose(struct session *s, struct error *e)
{
	struct buf binding = {NULL, 0, 0};
	bool done;

	login_find_binding(s, &binding);
	done = login_choose_with(s, &binding, e);
	buf_release(&binding);
	return done;
}
