/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one session leaves for the next: the authorities and the client's key, which cost most of
 * the time of a handshake to read, and the server's ticket. With TLS 1.3 a session that is resumed
 * takes as many round trips as another, and saves both sides the work with keys; before, it saves
 * one.
 */
#include <stdlib.h>
#include <string.h>

#include "net/client.h"
#include "net/tls_inner.h"
#include "net/trust.h"

void tls_forget_session(struct tls_memory *memory)
{
	wipe(memory->ticket.data, memory->ticket.size);
	gnutls_free(memory->ticket.data);
	memory->ticket = (gnutls_datum_t){NULL, 0};
}

void tls_memory_clear(struct tls_memory *memory)
{
	tls_forget_session(memory);
	if (memory->trust.credentials)
		gnutls_certificate_free_credentials(memory->trust.credentials);
	memory->trust.credentials = NULL;
	buf_release(&memory->trust.bundle);
	memory->trust.of_system = false;
}

struct tls_memory *tls_memory_new(void)
{
	return xcalloc(1, sizeof(struct tls_memory));
}

void tls_memory_free(struct tls_memory *memory)
{
	if (!memory)
		return;
	tls_memory_clear(memory);
	free(memory);
}

bool tls_memory_prepare(struct tls_memory *memory, const struct tls_policy *policy, struct error *e)
{
	if (memory->trust.credentials)
		return true;
	if (gnutls_certificate_allocate_credentials(&memory->trust.credentials) < 0) {
		memory->trust.credentials = NULL;
		return error_set(e, ERROR_INTERNAL, "GnuTLS cannot be started");
	}
	if (trust_load(policy, &memory->trust, e) &&
		client_load(policy, memory->trust.credentials, e))
		return true;
	tls_memory_clear(memory);
	return false;
}

/* It is used once, so that nobody can see which sessions are of one client (RFC 8446 s.C.4). */
void tls_use_session(struct tls *t)
{
	gnutls_datum_t *ticket = &t->memory->ticket;

	if (!ticket->size)
		return;
	/* One that GnuTLS does not like is no loss. */
	(void)gnutls_session_set_data(t->session, ticket->data, ticket->size);
	tls_forget_session(t->memory);
}

/*
 * With TLS 1.3 tickets come behind the handshake; to ask before would mean to wait for one. A
 * server that asks for certificates of clients may end the handshake when its own ticket comes
 * back: so does OpenSSL where nobody has told it what the session is for, as in Dovecot 2.3.
 */
void tls_keep_session(struct tls *t)
{
	gnutls_datum_t session = {NULL, 0};

	if (t->memory == &t->own || gnutls_certificate_client_get_request_status(t->session) ||
		(gnutls_protocol_get_version(t->session) >= GNUTLS_TLS1_3 &&
			!(gnutls_session_get_flags(t->session) & GNUTLS_SFLAGS_SESSION_TICKET)))
		return;
	t->ticket_kept = true;
	if (gnutls_session_get_data2(t->session, &session) < 0)
		return;
	tls_forget_session(t->memory);
	t->memory->ticket = session;
}
