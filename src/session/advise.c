/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the layers below say is right for an account in a file; here it is made right for this one.
 */
#include "session/advise.h"

#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "session/link.h"

/*
 * Remedies are settings; where there is only a URL, the same is done otherwise. word: what of a
 * remedy it is that cannot be followed.
 */
void advise_for_url(const struct session *s, struct error *e)
{
	static const struct {
		const char *word, *lead, *remedy;
	} others[] = {
		{"tls = implicit", "", N_("write pops:// instead of pop://")},
		{"tls = starttls", "", N_("write pop:// instead of pops://")},
		{"port = 995", N_("POP3 over TLS is normally port 995"), N_("leave the port out")},
		{"pin-sha256 =", "",
			N_("write an account in ambil.conf, with its key as pin-sha256")},
	};
	static const char auth[] = "auth = ";
	char lead[sizeof(e->lead)], mechanism[40];

	if (e->about == ERROR_ABOUT_NAMES) {
		error_remedy(e, "", "use one of these names in the URL");
		return;
	}
	if (strncmp(e->remedy, auth, strlen(auth)) == 0) {
		memcpy(lead, e->lead, sizeof(lead));
		snprintf(mechanism, sizeof(mechanism), "%s", e->remedy + strlen(auth));
		error_remedy(e, lead, "write ;AUTH=%s behind the user",
			strcmp(mechanism, "auto") == 0 ? "*" : mechanism);
		return;
	}
	if (strstr(e->remedy, "ca-file =")) {
		error_remedy(e, "own CA?", "SSL_CERT_FILE=/path/ca.pem ambil %s %s",
			s->setting->watch ? "doctor" : "fetch", s->account->typed);
		return;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!strstr(e->remedy, others[i].word))
			continue;
		error_remedy(e, others[i].lead, "%s", _(others[i].remedy));
		return;
	}
}

void advise_host(const struct session *s, struct error *e)
{
	if (e->about == ERROR_ABOUT_NAMES && !s->account->temporary)
		error_remedy(e, "", "use one of these names as host in %s",
			config_origin(s->account, "host"));
}

void advise_pin(const struct session *s, struct error *e)
{
	static const char before[] = "pin-sha256 = \"";
	const char *at = strstr(e->remedy, before);
	char pin[60];

	if (e->about != ERROR_ABOUT_ISSUER || s->account->temporary || !at)
		return;
	at += strlen(before);
	snprintf(pin, sizeof(pin), "%.*s", (int)strcspn(at, "\""), at);
	error_remedy(e, "own CA?",
		"ca-file = \"/path/ca.pem\"   one server?  ambil setup %s --pin=%s",
		s->account->typed, pin);
}

void advise_link(const struct session *s, struct error *e)
{
	if (e && (e->kind == ERROR_NETWORK || e->kind == ERROR_TLS || e->kind == ERROR_PROTOCOL))
		link_name(s->account, e);
}

/* What is wrong there is what doctor finds out; it says so itself. */
void advise_check(const struct session *s, struct error *e)
{
	bool in_between = e->kind == ERROR_NETWORK || e->kind == ERROR_TLS;

	if (s->setting->watch || !in_between || s->account->temporary ||
		e->about == ERROR_ABOUT_NO_NETWORK)
		return;
	/* That is a guess; what is there can be found out. */
	if (e->about == ERROR_ABOUT_PORT) {
		if (s->account->tls.mode == TLS_IMPLICIT)
			error_why(e, "%s", e->lead);
		else
			error_why(e, "POP3 without TLS, or with STLS, is normally port 110");
		e->remedy[0] = '\0';
	}
	if (!e->remedy[0])
		error_remedy(e, "check", "ambil doctor %s", s->account->typed);
}
