/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS over any stream, by GnuTLS (RFC 8446, 5246, 9325). GnuTLS asks for the five octets of a
 * record's head and then for its body; here both come from a buffer that one large read fills, so
 * that a fast link costs one system call for several records. What GnuTLS has to send it can always
 * send, into another buffer: a record of which only a part could go is dealt with here, as
 * GnuTLS 3.7 sends it twice when the server asks for new keys (RFC 8446 s.4.6.3) just then. The
 * first octets that came are kept through the handshake, to quote a peer that does not speak TLS at
 * all. How a connection begins is in handshake.c.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "net/tls_inner.h"
#include "net/wait.h"

enum { ROUNDS_MAX = 64 };

static struct tls *tls_of(gnutls_transport_ptr_t p)
{
	return p;
}

/* Tells GnuTLS why lower has done nothing. */
static ssize_t not_now(struct tls *t, enum stream_status status)
{
	t->closed = status == STREAM_EOF;
	if (t->closed)
		return 0;
	t->wait = status;
	gnutls_transport_set_errno(t->session, status == STREAM_FAILED ? EIO : EAGAIN);
	return -1;
}

static void keep_first(struct tls *t)
{
	size_t room = TLS_FIRST_MAX - t->first_len, n = t->have < room ? t->have : room;

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

enum stream_status tls_flush(struct tls *t)
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
	return tls_flush(t) == STREAM_FAILED ? not_now(t, STREAM_FAILED) : (ssize_t)len;
}

void tls_connect(struct tls *t)
{
	gnutls_transport_set_ptr(t->session, t);
	gnutls_transport_set_pull_function(t->session, pull);
	gnutls_transport_set_pull_timeout_function(t->session, pull_timeout);
	gnutls_transport_set_vec_push_function(t->session, push);
}

static enum stream_status ended(const struct tls *t, struct error *e)
{
	if (t->end == STREAM_FAILED && e)
		*e = t->failure;
	return t->end;
}

/* rc has ended the connection: remembers how, as GnuTLS itself would not say it twice. */
static enum stream_status end_with(struct tls *t, ssize_t rc, struct error *e)
{
	t->end = STREAM_FAILED;
	/* Half of a record that will not be whole has an error of its own. */
	if (rc == 0 || rc == GNUTLS_E_PREMATURE_TERMINATION ||
		(t->closed && rc == GNUTLS_E_UNEXPECTED_PACKET_LENGTH))
		t->end = STREAM_EOF;
	else if (t->failure.kind != ERROR_NONE)
		t->end = STREAM_FAILED;
	else if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
		tls_alert(t, _("the server"), false, &t->failure);
	else
		error_set(&t->failure, ERROR_TLS, "TLS failed: %s", gnutls_strerror((int)rc));
	/* Nor is it taken up again (RFC 5246 s.7.2.2). */
	if (t->failure.kind == ERROR_TLS)
		tls_forget_session(t->memory);
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
	if (have && !t->ticket_kept)
		tls_keep_session(t);
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
	went = tls_flush(t);
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
		went = tls_flush(t);
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

static void tls_free(struct stream *s)
{
	struct tls *t = (struct tls *)s;

	if (t->established && t->end != STREAM_FAILED)
		gnutls_bye(t->session, GNUTLS_SHUT_WR);
	if (t->session)
		gnutls_deinit(t->session);
	tls_memory_clear(&t->own);
	stream_free(t->lower);
	buf_release(&t->out);
	free(t);
}

static const struct stream_ops tls_ops = {tls_read, tls_write, tls_pending, tls_fd, tls_free};

struct tls *tls_over(struct stream *lower, struct tls_memory *memory)
{
	struct tls *t = xcalloc(1, sizeof(*t));

	t->stream.ops = &tls_ops;
	t->lower = lower;
	t->memory = memory ? memory : &t->own;
	return t;
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
