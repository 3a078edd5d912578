/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How an encrypted connection begins: what is offered, the handshake, its failures in words, and
 * the verdict on who is at the other end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "net/certificate.h"
#include "net/client.h"
#include "net/dial.h"
#include "net/priority.h"
#include "net/tls_inner.h"
#include "net/trust.h"
#include "net/wait.h"

/* How the handshake is to go. */
struct plan {
	const struct tls_policy *policy;
	const struct tls_peer *peer;
	const char *name;  /* to verify, as dial_name() gives it */
	const char *shown; /* the same, for the words of an error */
};

static bool is_trusted(struct tls *t, struct error *e)
{
	return trust_verify(
		t->session, t->plan->policy, &t->memory->trust, t->plan->name, t->plan->shown, e);
}

/*
 * GnuTLS asks in the middle of the handshake, before it shows our own certificate: who we are is
 * nothing for a stranger. A session that is resumed does not come by here.
 */
static int look_first(gnutls_session_t session)
{
	struct tls *t = gnutls_session_get_ptr(session);

	t->stranger = !is_trusted(t, NULL);
	return t->stranger ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

static bool set_up(struct tls *t, bool careful, struct error *e)
{
	const struct tls_policy *policy = t->plan->policy;
	const char *name = t->plan->name;
	/* A certificate that is configured is shown also where its issuer is not asked for. */
	const unsigned flags = GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_FORCE_CLIENT_CERT;
	unsigned char address[16];
	unsigned len;
	int rc;

	if (!tls_memory_prepare(t->memory, policy, e))
		return false;
	rc = gnutls_init(&t->session, flags);
	if (rc >= 0 && !priority_set(t->session, policy, e))
		return false;
	if (rc >= 0)
		rc = gnutls_credentials_set(
			t->session, GNUTLS_CRD_CERTIFICATE, t->memory->trust.credentials);
	if (rc >= 0 && !trust_address(name, address, &len))
		rc = gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, name, strlen(name));
	if (rc < 0)
		return error_set(
			e, ERROR_TLS, "cannot set up TLS for %s: %s", name, gnutls_strerror(rc));
	gnutls_session_set_ptr(t->session, t);
	if (careful && policy->client_cert)
		gnutls_session_set_verify_function(t->session, look_first);
	tls_use_session(t);
	tls_connect(t);
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
	error_set(e, ERROR_TLS,
		at_once ? N_("%s does not speak TLS (it greeted in clear: \"%s\")")
			: N_("%s does not speak TLS (it went on in clear: \"%s\")"),
		dial_where(plan->peer->host, plan->peer->port).text, safe(line).text);
	if (!at_once)
		return false;
	if (plan->peer->port == 995)
		return error_remedy(e, "", "tls = starttls");
	return error_remedy(e, "either", "port = 995  or  tls = starttls");
}

static bool too_old(const struct plan *plan, struct error *e)
{
	bool usual = plan->policy->min <= TLS_1_2;

	error_set(e, ERROR_TLS,
		usual ? N_("%s speaks only TLS 1.0 or 1.1, older than tls-min")
		      : N_("%s speaks only TLS 1.2 or older, older than tls-min"),
		plan->peer->host);
	return error_remedy(e, "if it cannot be updated", "tls-min = %s", usual ? "1.0" : "1.2");
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

bool tls_alert(const struct tls *t, const char *host, bool shaking_hands, struct error *e)
{
	gnutls_alert_description_t what = gnutls_alert_get(t->session);
	const char *name = gnutls_alert_get_name(what);

	if (!name)
		name = _("unknown alert");
	if (!is_about_ours(t, what))
		return error_set(e, ERROR_TLS,
			shaking_hands ? N_("%s refused the TLS handshake: %s")
				      : N_("%s ended TLS with an alert: %s"),
			host, name);
	if (gnutls_certificate_get_ours(t->session)) {
		error_set(e, ERROR_TLS, "%s does not accept the certificate in client-cert", host);
	} else {
		error_set(e, ERROR_TLS, "%s demands a client certificate", host);
		error_remedy(e, "if you have one", "client-cert = \"/path/cert.pem\"");
	}
	return error_why(e, "it says: %s", name);
}

static bool refused(const struct tls *t, const struct plan *plan, struct error *e)
{
	gnutls_alert_description_t what = gnutls_alert_get(t->session);

	if (what == GNUTLS_A_PROTOCOL_VERSION)
		return too_old(plan, e);
	tls_alert(t, plan->peer->host, true, e);
	/* Many servers without TLS 1.3 say no more than that they have nothing in common. */
	if (what == GNUTLS_A_HANDSHAKE_FAILURE && plan->policy->min == TLS_1_3 && !e->why[0])
		error_why(e, "it may know nothing newer than TLS 1.2, and tls-min is 1.3");
	return false;
}

static bool handshake_failed(struct tls *t, int rc, const struct plan *plan, struct error *e)
{
	if (came_in_clear(t))
		return in_clear(t, plan, e);
	/* A command that is the connection has said why it ended. */
	if (t->failure.why[0]) {
		if (e)
			*e = t->failure;
		return false;
	}
	if (t->failure.kind != ERROR_NONE || rc == GNUTLS_E_PREMATURE_TERMINATION ||
		(t->closed && rc == GNUTLS_E_UNEXPECTED_PACKET_LENGTH)) {
		error_set(e, ERROR_NETWORK, "%s closed the connection during the TLS handshake",
			plan->peer->host);
		if (t->failure.kind != ERROR_NONE)
			error_why(e, "%s", t->failure.text);
		return false;
	}
	switch (rc) {
	case GNUTLS_E_CERTIFICATE_ERROR:
		gnutls_alert_send(t->session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
		return is_trusted(t, e) &&
			error_set(e, ERROR_TLS, "the certificate of %s cannot be checked",
				plan->shown);
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		return refused(t, plan, e);
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
		struct pollfd fds[2] = {{.fd = t->stream.ops->fd(&t->stream)}};
		enum stream_status wants;
		enum wait waited = WAIT_READY;

		t->wait = STREAM_OK;
		if (rc != GNUTLS_E_SUCCESS)
			rc = gnutls_handshake(t->session);
		wants = tls_flush(t);
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
	const char *signature, *suite = gnutls_ciphersuite_get(t->session);
	struct chain chain;

	facts->seen = true;
	snprintf(facts->version, sizeof(facts->version), "TLS %s",
		version && strncmp(version, "TLS", 3) == 0 ? version + 3 : "?");
	snprintf(facts->suite, sizeof(facts->suite), "%s", suite ? suite : "?");
	signature = gnutls_sign_get_name(gnutls_sign_algorithm_get(t->session));
	snprintf(facts->signature, sizeof(facts->signature), "%s", signature ? signature : "");
	name_exchange(t->session, facts->exchange, sizeof(facts->exchange));
	facts->resumed = gnutls_session_is_resumed(t->session) != 0;
	facts->stapled = gnutls_ocsp_status_request_is_checked(
				 t->session, GNUTLS_OCSP_SR_IS_AVAIL) != 0;
	if (chain_read(&chain, t->session)) {
		chain_describe(&chain, facts);
		chain_release(&chain);
	}
}

/* distrust: NULL, or where to say why a server is not trusted that is talked to all the same. */
static bool start(struct stream **s, const struct tls_policy *policy, const struct tls_peer *peer,
	struct tls_memory *memory, struct tls_facts *facts, struct error *distrust, struct error *e)
{
	const char *shown = policy->host ? policy->host : peer->host;
	struct tls *t = tls_over(*s, memory);
	char *name = name_to_verify(shown, e);
	const struct plan plan = {policy, peer, name, shown};
	bool done;

	if (facts)
		memset(facts, 0, sizeof(*facts));
	*s = NULL;
	t->plan = &plan;
	done = name && set_up(t, !distrust, e) && shake_hands(t, &plan, e);
	if ((done || t->stranger) && facts)
		note_facts(t, facts);
	if (done && !is_trusted(t, distrust ? distrust : e) && !distrust) {
		gnutls_alert_send(t->session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
		done = false;
	}
	free(name);
	if (!done) {
		stream_free(&t->stream);
		return false;
	}
	if (facts && !(distrust && distrust->kind)) {
		facts->trusted = true;
		facts->pinned = policy->pins != NULL;
	}
	t->plan = NULL;
	t->established = true;
	tls_keep_session(t);
	describe(t);
	*s = &t->stream;
	return true;
}

bool tls_inspect(struct stream **s, const struct tls_policy *policy, const struct tls_peer *peer,
	struct tls_memory *memory, struct tls_facts *facts, struct error *e)
{
	return start(s, policy, peer, memory, facts, NULL, e);
}

bool tls_look(struct stream **s, const struct tls_policy *policy, const struct tls_peer *peer,
	struct tls_facts *facts, struct error *distrust, struct error *e)
{
	*distrust = (struct error){.kind = ERROR_NONE};
	return start(s, policy, peer, NULL, facts, distrust, e);
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
