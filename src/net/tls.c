/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS over any stream, by GnuTLS (RFC 8446, 5246, 9325). GnuTLS asks for the five octets of a
 * record's head and then for its body; here both come from a buffer that one large read fills, so
 * that a fast link costs one system call for several records. What GnuTLS has to send it can always
 * send, into another buffer: a record of which only a part could go is dealt with here, as
 * GnuTLS 3.7 sends it twice when the server asks for new keys (RFC 8446 s.4.6.3) just then. The
 * first octets that came are kept through the handshake, to quote a peer that does not speak TLS at
 * all.
 */
#include "net/tls.h"

#include <assert.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "net/certificate.h"
#include "net/client.h"
#include "net/dial.h"
#include "net/priority.h"
#include "net/trust.h"
#include "net/wait.h"

enum { IN_MAX = 128 * 1024, FIRST_MAX = 512, ROUNDS_MAX = 64 };

struct tls_memory {
	gnutls_certificate_credentials_t credentials;
	gnutls_datum_t ticket; /* a session that the server may resume */
};

struct tls {
	struct stream stream;
	struct stream *lower;
	gnutls_session_t session;
	struct tls_memory own;     /* without one of the caller's */
	struct tls_memory *memory; /* the caller's, or own */
	bool established;
	enum stream_status wait; /* what lower wants before it can go on; STREAM_OK: nothing */
	enum stream_status end;  /* STREAM_EOF or STREAM_FAILED once it is over, for good */
	struct error failure;    /* of lower, or the one that ended it */
	char description[64];
	char first[FIRST_MAX];
	size_t first_len;
	size_t at, have; /* the octets of in that are still unread */
	char in[IN_MAX];
	struct buf out; /* encrypted; the octets before out_at are gone */
	size_t out_at;
	size_t promised; /* octets of the caller's that are in out, but were not reported as done */
};

/* How the handshake is to go. */
struct plan {
	const struct tls_policy *policy;
	const struct tls_peer *peer;
};

static void memory_clear_ticket(struct tls_memory *memory)
{
	wipe(memory->ticket.data, memory->ticket.size);
	gnutls_free(memory->ticket.data);
	memory->ticket = (gnutls_datum_t){NULL, 0};
}

static void memory_clear(struct tls_memory *memory)
{
	memory_clear_ticket(memory);
	if (memory->credentials)
		gnutls_certificate_free_credentials(memory->credentials);
	memory->credentials = NULL;
}

struct tls_memory *tls_memory_new(void)
{
	return xcalloc(1, sizeof(struct tls_memory));
}

void tls_memory_free(struct tls_memory *memory)
{
	if (!memory)
		return;
	memory_clear(memory);
	free(memory);
}

static struct tls *tls_of(gnutls_transport_ptr_t p)
{
	return p;
}

/* Tells GnuTLS why lower has done nothing. */
static ssize_t not_now(struct tls *t, enum stream_status status)
{
	if (status == STREAM_EOF)
		return 0;
	t->wait = status;
	gnutls_transport_set_errno(t->session, status == STREAM_FAILED ? EIO : EAGAIN);
	return -1;
}

static void keep_first(struct tls *t)
{
	size_t room = FIRST_MAX - t->first_len, n = t->have < room ? t->have : room;

	memcpy(t->first + t->first_len, t->in, n);
	t->first_len += n;
}

static ssize_t pull(gnutls_transport_ptr_t p, void *data, size_t len)
{
	struct tls *t = tls_of(p);

	if (t->at == t->have) {
		enum stream_status got;

		t->at = t->have = 0;
		got = t->lower->ops->read(t->lower, t->in, sizeof(t->in), &t->have, &t->failure);
		if (got != STREAM_OK) {
			t->have = 0;
			return not_now(t, got);
		}
		if (!t->established)
			keep_first(t);
	}
	if (len > t->have - t->at)
		len = t->have - t->at;
	memcpy(data, t->in + t->at, len);
	t->at += len;
	return (ssize_t)len;
}

static int pull_timeout(gnutls_transport_ptr_t p, unsigned ms)
{
	struct tls *t = tls_of(p);
	struct pollfd fd = {.fd = t->lower->ops->fd(t->lower), .events = POLLIN};

	if (t->at < t->have || t->lower->ops->pending(t->lower))
		return 1;
	return poll(&fd, 1, ms > INT_MAX ? -1 : (int)ms);
}

/* Sends what is left in out; STREAM_OK: all of it. */
static enum stream_status flush(struct tls *t)
{
	while (t->out_at < t->out.len) {
		struct span rest = {t->out.data + t->out_at, t->out.len - t->out_at};
		enum stream_status went;
		size_t n = 0;

		went = t->lower->ops->write(t->lower, rest, &n, &t->failure);
		if (went != STREAM_OK)
			return went;
		t->out_at += n;
	}
	buf_clear(&t->out);
	t->out_at = 0;
	return STREAM_OK;
}

/* Takes all of it, whatever lower says: see the head of this file. */
static ssize_t push(gnutls_transport_ptr_t p, const giovec_t *parts, int count)
{
	struct tls *t = tls_of(p);
	size_t len = 0;

	for (int i = 0; i < count; i++) {
		buf_add(&t->out, parts[i].iov_base, parts[i].iov_len);
		len += parts[i].iov_len;
	}
	return flush(t) == STREAM_FAILED ? not_now(t, STREAM_FAILED) : (ssize_t)len;
}

static enum stream_status ended(const struct tls *t, struct error *e)
{
	if (t->end == STREAM_FAILED && e)
		*e = t->failure;
	return t->end;
}

/*
 * The server wanted a certificate from us. Called with host NULL where the words say "the server".
 * False always.
 */
static bool wants_certificate(const struct tls *t, const char *host, struct error *e)
{
	if (gnutls_certificate_get_ours(t->session))
		return error_set(e, ERROR_TLS, "%s does not accept the certificate in client-cert",
			host ? host : "the server");
	error_set(e, ERROR_TLS, "%s demands a client certificate", host ? host : "the server");
	return error_remedy(e, "if you have one", "client-cert = \"/path/cert.pem\"");
}

/* Whether an alert is about our certificate; in TLS 1.3 it comes behind the handshake. */
static bool is_about_ours(const struct tls *t, gnutls_alert_description_t what)
{
	if (!gnutls_certificate_client_get_request_status(t->session))
		return false;
	switch (what) {
	case GNUTLS_A_CERTIFICATE_REQUIRED:
	case GNUTLS_A_BAD_CERTIFICATE:
	case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
	case GNUTLS_A_CERTIFICATE_REVOKED:
	case GNUTLS_A_CERTIFICATE_EXPIRED:
	case GNUTLS_A_CERTIFICATE_UNKNOWN:
	case GNUTLS_A_UNKNOWN_CA:
	case GNUTLS_A_ACCESS_DENIED:
	case GNUTLS_A_HANDSHAKE_FAILURE: /* all that some say when none came (RFC 5246 s.7.4.6) */
		return true;
	default:
		return false;
	}
}

static void ended_by_alert(struct tls *t)
{
	gnutls_alert_description_t what = gnutls_alert_get(t->session);
	const char *name = gnutls_alert_get_name(what);

	if (is_about_ours(t, what))
		wants_certificate(t, NULL, &t->failure);
	else
		error_set(&t->failure, ERROR_TLS, "the server ended TLS with an alert: %s",
			name ? name : "unknown");
	if (is_about_ours(t, what))
		error_why(&t->failure, "it says: %s", name ? name : "unknown alert");
}

/* rc has ended the connection: remembers how, as GnuTLS itself would not say it twice. */
static enum stream_status end_with(struct tls *t, ssize_t rc, struct error *e)
{
	t->end = STREAM_FAILED;
	if (rc == 0 || rc == GNUTLS_E_PREMATURE_TERMINATION)
		t->end = STREAM_EOF;
	else if (t->failure.kind != ERROR_NONE)
		t->end = STREAM_FAILED;
	else if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
		ended_by_alert(t);
	else
		error_set(&t->failure, ERROR_TLS, "TLS failed: %s", gnutls_strerror((int)rc));
	return ended(t, e);
}

static bool tls_pending(const struct stream *s)
{
	const struct tls *t = (const struct tls *)s;

	/* An end that is known but not yet told must not be waited for either. */
	return t->end != STREAM_OK || t->at < t->have ||
		gnutls_record_check_pending(t->session) > 0 || t->lower->ops->pending(t->lower);
}

/*
 * Several records at a time, as far as they are here. Tickets, key updates and requests to
 * negotiate anew (which are left unanswered, RFC 5246 s.7.4.1.1) give no octets; the bound on
 * rounds keeps a server that sends nothing else from holding the caller.
 */
static enum stream_status tls_read(
	struct stream *s, void *data, size_t room, size_t *done, struct error *e)
{
	struct tls *t = (struct tls *)s;
	size_t have = 0;

	if (t->end != STREAM_OK)
		return ended(t, e);
	for (int round = 0; round < ROUNDS_MAX && have < room; round++) {
		if (have && !tls_pending(s))
			break;
		t->wait = STREAM_OK;
		ssize_t n = gnutls_record_recv(t->session, (char *)data + have, room - have);

		if (n > 0) {
			have += (size_t)n;
		} else if (n == 0 || gnutls_error_is_fatal((int)n)) {
			enum stream_status end = end_with(t, n, have ? NULL : e);

			if (!have)
				return end;
			break;
		} else if (n == GNUTLS_E_AGAIN && t->wait != STREAM_OK) {
			break;
		}
	}
	*done = have;
	if (have)
		return STREAM_OK;
	if (t->wait != STREAM_OK)
		return t->wait;
	error_set(&t->failure, ERROR_TLS, "the server sends TLS records with nothing in them");
	t->end = STREAM_FAILED;
	return ended(t, e);
}

static enum stream_status tls_write(
	struct stream *s, struct span octets, size_t *done, struct error *e)
{
	struct tls *t = (struct tls *)s;
	enum stream_status went;
	size_t sent;

	if (t->end == STREAM_EOF) {
		error_set(e, ERROR_NETWORK, "the server closed the connection");
		return STREAM_FAILED;
	}
	if (t->end != STREAM_OK)
		return ended(t, e);
	went = flush(t);
	if (went != STREAM_OK)
		return went == STREAM_FAILED ? end_with(t, GNUTLS_E_PUSH_ERROR, e) : went;
	assert(t->promised <= octets.len);
	sent = t->promised;
	t->promised = 0;
	while (went == STREAM_OK && sent < octets.len) {
		ssize_t n = gnutls_record_send(t->session, octets.data + sent, octets.len - sent);

		if (n < 0) {
			went = end_with(t, n, sent ? NULL : e);
			break;
		}
		went = flush(t);
		if (went == STREAM_OK)
			sent += (size_t)n;
		else
			t->promised = (size_t)n;
	}
	*done = sent;
	return sent ? STREAM_OK : went;
}

static int tls_fd(const struct stream *s)
{
	const struct tls *t = (const struct tls *)s;

	return t->lower->ops->fd(t->lower);
}

/* TLS 1.3 sends tickets behind the handshake: at the end those that came are here. */
static void keep_ticket(struct tls *t)
{
	gnutls_datum_t ticket = {NULL, 0};

	if (t->memory == &t->own || t->end == STREAM_FAILED)
		return;
	if (gnutls_protocol_get_version(t->session) >= GNUTLS_TLS1_3 &&
		!(gnutls_session_get_flags(t->session) & GNUTLS_SFLAGS_SESSION_TICKET))
		return;
	if (gnutls_session_get_data2(t->session, &ticket) < 0)
		return;
	memory_clear_ticket(t->memory);
	t->memory->ticket = ticket;
}

/* It is used once, so that nobody can see which sessions are of one client (RFC 8446 s.C.4). */
static void use_ticket(struct tls *t)
{
	gnutls_datum_t *ticket = &t->memory->ticket;

	if (!ticket->size)
		return;
	/* One that GnuTLS does not like is no loss. */
	(void)gnutls_session_set_data(t->session, ticket->data, ticket->size);
	memory_clear_ticket(t->memory);
}

static void tls_free(struct stream *s)
{
	struct tls *t = (struct tls *)s;

	if (t->established)
		keep_ticket(t);
	if (t->established && t->end != STREAM_FAILED)
		gnutls_bye(t->session, GNUTLS_SHUT_WR);
	if (t->session)
		gnutls_deinit(t->session);
	memory_clear(&t->own);
	stream_free(t->lower);
	buf_release(&t->out);
	free(t);
}

static const struct stream_ops tls_ops = {tls_read, tls_write, tls_pending, tls_fd, tls_free};

/* Whom to trust and who we are: read when it is needed first. */
static bool load(struct tls_memory *memory, const struct tls_policy *policy, struct error *e)
{
	if (memory->credentials)
		return true;
	if (gnutls_certificate_allocate_credentials(&memory->credentials) < 0) {
		memory->credentials = NULL;
		return error_set(e, ERROR_INTERNAL, "GnuTLS cannot be started");
	}
	if (trust_load(policy, memory->credentials, e) &&
		client_load(policy, memory->credentials, e))
		return true;
	memory_clear(memory);
	return false;
}

static bool set_up(
	struct tls *t, const struct tls_policy *policy, const char *name, struct error *e)
{
	/* A certificate that is configured is shown also where its issuer is not asked for. */
	const unsigned flags = GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_FORCE_CLIENT_CERT;
	unsigned char address[16];
	unsigned len;
	int rc;

	if (!load(t->memory, policy, e))
		return false;
	rc = gnutls_init(&t->session, flags);
	if (rc >= 0 && !priority_set(t->session, policy, e))
		return false;
	if (rc >= 0)
		rc = gnutls_credentials_set(
			t->session, GNUTLS_CRD_CERTIFICATE, t->memory->credentials);
	if (rc >= 0 && !trust_address(name, address, &len))
		rc = gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, name, strlen(name));
	if (rc < 0)
		return error_set(
			e, ERROR_TLS, "cannot set up TLS for %s: %s", name, gnutls_strerror(rc));
	use_ticket(t);
	gnutls_transport_set_ptr(t->session, t);
	gnutls_transport_set_pull_function(t->session, pull);
	gnutls_transport_set_pull_timeout_function(t->session, pull_timeout);
	gnutls_transport_set_vec_push_function(t->session, push);
	return true;
}

/* Every TLS record begins with its type, 20 to 24; a text does not. */
static bool came_in_clear(const struct tls *t)
{
	return t->first_len && (t->first[0] < 20 || t->first[0] > 24);
}

static bool in_clear(const struct tls *t, const struct plan *plan, struct error *e)
{
	bool at_once = plan->policy->mode != TLS_STARTTLS;
	struct span line = {t->first, 0};

	while (line.len < t->first_len && line.data[line.len] != '\r' &&
		line.data[line.len] != '\n')
		line.len++;
	error_set(e, ERROR_TLS, "%s does not speak TLS (it %s in clear: \"%s\")",
		dial_where(plan->peer->host, plan->peer->port).text,
		at_once ? "greeted" : "went on", safe(line).text);
	if (!at_once)
		return false;
	if (plan->peer->port == 995)
		return error_remedy(e, "", "tls = starttls");
	return error_remedy(e, "either", "port = 995  or  tls = starttls");
}

static bool too_old(const struct plan *plan, struct error *e)
{
	bool usual = plan->policy->min <= TLS_1_2;

	error_set(e, ERROR_TLS, "%s speaks only TLS %s, older than tls-min", plan->peer->host,
		usual ? "1.0 or 1.1" : "1.2 or older");
	return error_remedy(e, "if it cannot be updated", "tls-min = %s", usual ? "1.0" : "1.2");
}

static bool alert(const struct tls *t, const struct plan *plan, struct error *e)
{
	gnutls_alert_description_t what = gnutls_alert_get(t->session);
	const char *name = gnutls_alert_get_name(what);

	if (what == GNUTLS_A_PROTOCOL_VERSION)
		return too_old(plan, e);
	if (is_about_ours(t, what)) {
		wants_certificate(t, plan->peer->host, e);
		return error_why(e, "it says: %s", name ? name : "unknown alert");
	}
	error_set(e, ERROR_TLS, "%s refused the TLS handshake: %s", plan->peer->host,
		name ? name : "unknown alert");
	/* Many servers without TLS 1.3 say no more than that they have nothing in common. */
	if (what == GNUTLS_A_HANDSHAKE_FAILURE && plan->policy->min == TLS_1_3)
		error_why(e, "it may know nothing newer than TLS 1.2, and tls-min is 1.3");
	return false;
}

static bool handshake_failed(const struct tls *t, int rc, const struct plan *plan, struct error *e)
{
	if (came_in_clear(t))
		return in_clear(t, plan, e);
	if (t->failure.kind != ERROR_NONE || rc == GNUTLS_E_PREMATURE_TERMINATION) {
		error_set(e, ERROR_NETWORK, "%s closed the connection during the TLS handshake",
			plan->peer->host);
		if (t->failure.kind != ERROR_NONE)
			error_why(e, "%s", t->failure.text);
		return false;
	}
	switch (rc) {
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		return alert(t, plan, e);
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
		return too_old(plan, e);
	case GNUTLS_E_KEY_USAGE_VIOLATION:
		return error_set(e, ERROR_TLS,
			"the certificate of %s is not meant for TLS (its key usage is another)",
			plan->peer->host);
	default:
		return error_set(e, ERROR_TLS, "the TLS handshake with %s failed: %s",
			plan->peer->host, gnutls_strerror(rc));
	}
}

static bool handshake_late(const struct tls *t, const struct plan *plan, struct error *e)
{
	struct where where = dial_where(plan->peer->host, plan->peer->port);
	double seconds = (double)plan->peer->timeout_ms / 1000;

	if (t->first_len == 0)
		return error_set(e, ERROR_NETWORK,
			"%s sent nothing for %g s during the TLS handshake", where.text, seconds);
	return error_set(e, ERROR_NETWORK, "%s did not finish the TLS handshake within %g s",
		where.text, seconds);
}

static bool shake_hands(struct tls *t, const struct plan *plan, struct error *e)
{
	int64_t deadline = clock_ms() + plan->peer->timeout_ms;
	int rc = GNUTLS_E_AGAIN;

	for (;;) {
		struct pollfd fds[2] = {{.fd = tls_fd(&t->stream)}};
		enum stream_status wants;
		enum wait waited = WAIT_READY;

		t->wait = STREAM_OK;
		if (rc != GNUTLS_E_SUCCESS)
			rc = gnutls_handshake(t->session);
		wants = flush(t);
		if (wants == STREAM_FAILED || gnutls_error_is_fatal(rc))
			return handshake_failed(t, rc, plan, e);
		if (rc == GNUTLS_E_SUCCESS && wants == STREAM_OK)
			return true;
		if (wants == STREAM_OK)
			wants = t->wait;
		fds[0].events = wants == STREAM_WANT_WRITE ? POLLOUT : POLLIN;
		if (wants != STREAM_OK)
			waited = wait_for(fds, 1, plan->peer->stop_fd, deadline);
		if (waited == WAIT_STOPPED)
			return error_set(
				e, ERROR_INTERRUPTED, "interrupted during the TLS handshake");
		if (waited == WAIT_LATE || clock_ms() >= deadline)
			return handshake_late(t, plan, e);
	}
}

/* "TLS1.3" and "AES-256-GCM" become "TLS 1.3, AES-256-GCM". */
static void describe(struct tls *t)
{
	const char *version = gnutls_protocol_get_name(gnutls_protocol_get_version(t->session));

	if (version && strncmp(version, "TLS", 3) == 0)
		snprintf(t->description, sizeof(t->description), "TLS %s, %s%s", version + 3,
			gnutls_cipher_get_name(gnutls_cipher_get(t->session)),
			gnutls_session_is_resumed(t->session) ? ", resumed" : "");
}

/* The name to verify, without the dot that ends an absolute name. */
static char *name_to_verify(const char *host, struct error *e)
{
	char *name = dial_name(host, e);
	size_t len = name ? strlen(name) : 0;

	if (len > 1 && name[len - 1] == '.')
		name[len - 1] = '\0';
	return name;
}

/* "ECDHE, X25519", "RSA". */
static void name_exchange(gnutls_session_t session, char *out, size_t room)
{
	gnutls_group_t group = gnutls_group_get(session);
	bool fresh = gnutls_protocol_get_version(session) >= GNUTLS_TLS1_3;
	const char *name = fresh ? "ECDHE" : gnutls_kx_get_name(gnutls_kx_get(session));
	const char *over = group ? gnutls_group_get_name(group) : NULL;

	/* TLS 1.3 has no names for it: all but groups of the old kind are elliptic curves. */
	if (fresh && over && strncmp(over, "FFDHE", 5) == 0)
		name = "DHE";
	snprintf(out, room, "%s%s%s", name ? name : "?", over ? ", " : "", over ? over : "");
}

static void note_facts(const struct tls *t, struct tls_facts *facts)
{
	const char *version = gnutls_protocol_get_name(gnutls_protocol_get_version(t->session));
	const char *suite = gnutls_ciphersuite_get(t->session);
	struct chain chain;

	facts->seen = true;
	snprintf(facts->version, sizeof(facts->version), "TLS %s",
		version && strncmp(version, "TLS", 3) == 0 ? version + 3 : "?");
	snprintf(facts->suite, sizeof(facts->suite), "%s", suite ? suite : "?");
	name_exchange(t->session, facts->exchange, sizeof(facts->exchange));
	facts->resumed = gnutls_session_is_resumed(t->session) != 0;
	facts->stapled = gnutls_ocsp_status_request_is_checked(
				 t->session, GNUTLS_OCSP_SR_IS_AVAIL) != 0;
	if (chain_read(&chain, t->session)) {
		chain_describe(&chain, facts);
		chain_release(&chain);
	}
}

bool tls_inspect(struct stream **s, const struct tls_policy *policy, const struct tls_peer *peer,
	struct tls_memory *memory, struct tls_facts *facts, struct error *e)
{
	const struct plan plan = {policy, peer};
	const char *shown = policy->host ? policy->host : peer->host;
	struct tls *t = xcalloc(1, sizeof(*t));
	char *name = name_to_verify(shown, e);
	bool done;

	if (facts)
		memset(facts, 0, sizeof(*facts));
	t->stream.ops = &tls_ops;
	t->lower = *s;
	t->memory = memory ? memory : &t->own;
	*s = NULL;
	done = name && set_up(t, policy, name, e) && shake_hands(t, &plan, e);
	if (done && facts)
		note_facts(t, facts);
	if (done && !trust_verify(t->session, policy, name, shown, e)) {
		gnutls_alert_send(t->session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
		done = false;
	}
	free(name);
	if (!done) {
		stream_free(&t->stream);
		return false;
	}
	if (facts) {
		facts->trusted = true;
		facts->pinned = policy->pins != NULL;
	}
	t->established = true;
	describe(t);
	*s = &t->stream;
	return true;
}

bool tls_start(struct stream **s, const struct tls_policy *policy, const char *host, uint16_t port,
	int64_t timeout_ms, int stop_fd, struct error *e)
{
	const struct tls_peer peer = {host, port, timeout_ms, stop_fd};

	return tls_inspect(s, policy, &peer, NULL, NULL, e);
}

bool tls_check(const struct tls_policy *policy, struct error *e)
{
	gnutls_certificate_credentials_t scratch;
	bool done;

	if (policy->mode == TLS_NONE)
		return true;
	if (!trust_check(policy, e) || !tls_check_versions(policy, e))
		return false;
	if (!policy->client_cert)
		return true;
	if (gnutls_certificate_allocate_credentials(&scratch) < 0)
		return error_set(e, ERROR_INTERNAL, "GnuTLS cannot be started");
	done = client_load(policy, scratch, e);
	gnutls_certificate_free_credentials(scratch);
	return done;
}

const char *tls_description(const struct stream *s)
{
	return s && s->ops == &tls_ops ? ((const struct tls *)s)->description : "";
}

bool tls_channel_binding(const struct stream *s, enum tls_binding kind, struct buf *out)
{
	const struct tls *t = (const struct tls *)s;
	gnutls_channel_binding_t wanted = kind == TLS_BINDING_UNIQUE ? GNUTLS_CB_TLS_UNIQUE
								     : GNUTLS_CB_TLS_EXPORTER;
	gnutls_datum_t octets;
	bool modern, bound;

	if (!s || s->ops != &tls_ops || !t->established)
		return false;
	modern = gnutls_protocol_get_version(t->session) >= GNUTLS_TLS1_3;
	bound = modern || gnutls_session_ext_master_secret_status(t->session) != 0;
	if (kind == TLS_BINDING_UNIQUE && modern)
		return false;
	if (!bound && (kind == TLS_BINDING_EXPORTER || gnutls_session_is_resumed(t->session)))
		return false;
	if (gnutls_session_channel_binding(t->session, wanted, &octets) < 0)
		return false;
	buf_add(out, octets.data, octets.size);
	gnutls_free(octets.data);
	return true;
}
