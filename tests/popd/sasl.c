/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AUTH with whatever mechanism libgsasl knows the server's side of: RFC 5034, 5802 (SCRAM). The
 * library asks by a callback for what it needs. */
#include "session.h"

#include <gsasl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The spelling that statistics show. */
static const char *const known[] = {"PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1",
	"SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "EXTERNAL", "GSSAPI"};

/* What the callback works on. */
struct asked {
	struct session *session;
	const struct user *user;	/* the last whose password was asked for, or was right */
};

static bool is_word_of(const char *list, struct span word)
{
	while (*list) {
		size_t len = strcspn(list, " ");
		if (len == word.len && strncasecmp(list, word.data, len) == 0)
			return true;
		list += len;
		list += strspn(list, " ");
	}
	return false;
}

bool sasl_offers(const struct session *s, struct span wanted, const char **name)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strlen(known[i]) == wanted.len
		    && strncasecmp(known[i], wanted.data, wanted.len) == 0) {
			*name = known[i];
			return is_word_of(s->options->sasl, wanted);
		}
	return false;
}

static int give_binding(Gsasl_session *sasl, Gsasl_property property, gnutls_session_t tls,
	gnutls_channel_binding_t kind)
{
	gnutls_datum_t octets = {NULL, 0};
	char *base64 = NULL;
	int rc = GSASL_NO_CB_TLS_UNIQUE;

	if (!tls || gnutls_session_channel_binding(tls, kind, &octets) < 0)
		return rc;
	rc = gsasl_base64_to((const char *)octets.data, octets.size, &base64, NULL);
	if (rc == GSASL_OK)
		rc = gsasl_property_set(sasl, property, base64);
	gsasl_free(base64);
	gnutls_free(octets.data);
	return rc;
}

static int give_password(Gsasl_session *sasl, struct asked *asked)
{
	const char *name = gsasl_property_fast(sasl, GSASL_AUTHID);

	asked->user = name ? users_find(&asked->session->server->users, name) : NULL;
	if (!asked->user)
		return GSASL_AUTHENTICATION_ERROR;
	return gsasl_property_set(sasl, GSASL_PASSWORD, asked->user->password);
}

static int check_password(Gsasl_session *sasl, struct asked *asked)
{
	const char *name = gsasl_property_fast(sasl, GSASL_AUTHID);
	const char *password = gsasl_property_fast(sasl, GSASL_PASSWORD);

	asked->user = name ? users_find(&asked->session->server->users, name) : NULL;
	if (asked->user && password && strcmp(asked->user->password, password) == 0)
		return GSASL_OK;
	asked->user = NULL;
	return GSASL_AUTHENTICATION_ERROR;
}

static int answer(Gsasl *library, Gsasl_session *sasl, Gsasl_property property)
{
	struct asked *asked = gsasl_session_hook_get(sasl);
	gnutls_session_t tls = asked->session->wire.tls;

	(void)library;
	switch (property) {
	case GSASL_PASSWORD: return give_password(sasl, asked);
	case GSASL_VALIDATE_SIMPLE: return check_password(sasl, asked);
	case GSASL_CB_TLS_UNIQUE:
		return give_binding(sasl, property, tls, GNUTLS_CB_TLS_UNIQUE);
	case GSASL_CB_TLS_EXPORTER:
		return give_binding(sasl, property, tls, GNUTLS_CB_TLS_EXPORTER);
	case GSASL_SERVICE: return gsasl_property_set(sasl, property, "pop");
	case GSASL_HOSTNAME: return gsasl_property_set(sasl, property, "localhost");
	case GSASL_REALM: return gsasl_property_set(sasl, property, "example.org");
	default: return GSASL_NO_CALLBACK;
	}
}

/* The client's next response in base64; fresh, NULL when it has cancelled or is gone. */
static char *hear(struct session *s, const char *challenge)
{
	struct span line;
	char *response;

	session_raw(s, "+ ", 2);
	session_raw(s, challenge, strlen(challenge));
	session_raw(s, "\r\n", 2);
	if (!session_next(s, &line)) {
		s->over = true;
		return NULL;
	}
	record_log(&s->server->record, s->number, 'C', line.data, line.len);
	response = str_copy(line.data, line.len);
	if (strcmp(response, "*") != 0)
		return response;
	stats_note(&s->stats, "AUTH cancelled");
	session_reply(s, false, "cancelled");
	free(response);
	return NULL;
}

/* True at its end, of whatever kind: *rc tells. */
static bool converse(struct session *s, Gsasl_session *sasl, const char *initial, int *rc)
{
	char *said = initial ? str_copy(initial, strlen(initial)) : NULL;

	if (said && strcmp(said, "=") == 0)
		said[0] = '\0';
	for (;;) {
		char *challenge = NULL;

		*rc = gsasl_step64(sasl, said, &challenge);
		free(said);
		said = NULL;
		/* A last word wants an empty answer: there is no room for it in a status line. */
		if (*rc == GSASL_NEEDS_MORE || (*rc == GSASL_OK && challenge && *challenge)) {
			said = hear(s, challenge ? challenge : "");
			gsasl_free(challenge);
			if (!said)
				return false;
			if (*rc == GSASL_NEEDS_MORE)
				continue;
		} else
			gsasl_free(challenge);
		free(said);
		return true;
	}
}

bool sasl_converse(struct session *s, const char *name, const char *initial,
	const struct user **user)
{
	struct asked asked = {.session = s};
	Gsasl *library = NULL;
	Gsasl_session *sasl = NULL;
	int rc = gsasl_init(&library);
	bool ended = true;

	if (rc == GSASL_OK) {
		gsasl_callback_set(library, answer);
		rc = gsasl_server_start(library, name, &sasl);
	}
	if (rc == GSASL_OK) {
		gsasl_session_hook_set(sasl, &asked);
		ended = converse(s, sasl, initial, &rc);
	}
	if (ended && rc != GSASL_OK)
		session_log(s, 'S', "<%s: %s>", name, gsasl_strerror(rc));
	*user = rc == GSASL_OK ? asked.user : NULL;
	if (sasl)
		gsasl_finish(sasl);
	if (library)
		gsasl_done(library);
	return ended;
}
