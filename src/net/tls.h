/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_TLS_H
#define AMBIL_NET_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "net/stream.h"

enum tls_mode { TLS_IMPLICIT, TLS_STARTTLS, TLS_NONE };
enum tls_version { TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 };
struct tls_policy {
	enum tls_mode mode;
	char *ca_file; /* NULL: the system's (or SSL_CERT_FILE) */
	char *host;    /* name to verify and to send as SNI; NULL: the endpoint's host */
	enum tls_version min;
	char *priority; /* a GnuTLS priority string in place of our own; NULL: ours */
	char *pins;     /* keys or certificates of which the server must have one; NULL: any */
	char *client_cert, *client_key; /* PEM files, or pkcs11: URLs; NULL: none, in client_cert */
	bool cleartext_login;           /* TLS_NONE only: a password may go in clear */
};

/*
 * Checks all that needs no server, before any connection: that the files of authorities and of the
 * client's certificate can be read, that its key fits. A pkcs11: URL is opened. ERROR_CONFIG; the
 * text begins with the name of the setting.
 */
bool tls_check(const struct tls_policy *policy, struct error *e) MUST_CHECK;
/*
 * The same for single values, in words that fit behind "pin-sha256 = …: ". Pins: SHA-256 of a
 * certificate's SubjectPublicKeyInfo (RFC 7469 s.2.4), or of the certificate, as base64 or as
 * hexadecimal digits with or without colons; several parted by commas or blanks. Priority: what
 * GnuTLS understands, and what leaves a version that min allows. The error is of the kind given.
 */
bool tls_check_pins(const char *text, enum error_kind kind, struct error *e) MUST_CHECK;
bool tls_check_priority(const char *text, enum error_kind kind, struct error *e) MUST_CHECK;
bool tls_check_versions(const struct tls_policy *policy, struct error *e) MUST_CHECK;
/* Whether name, of client-cert or client-key, is no file but names an object in a token. */
bool tls_is_url(const char *name);
/* How many octets of such a URL may be shown: those before what may be a PIN, or say where it is.
 */
size_t tls_url_shown(const char *url);

/* One certificate of the chain that a server has shown; all text is fit for a terminal. */
enum { TLS_CHAIN_MAX = 16 };
struct tls_certificate {
	char subject[256], issuer[256]; /* common name, else organisation, else the whole name */
	char owner[256], signer[256];   /* the whole names: "CN=pop.example.org,O=Example" */
	char names[512];                /* the hosts and addresses it is for: "a, b"; "" for none */
	int64_t from_s, until_s;        /* valid; seconds since 1970 */
	char sha256[96];                /* of the certificate: "A0:96:…" */
	char sha1[64];                  /* the same as old programs write it down; proves nothing */
	char pin[48];                   /* of its key, as pin-sha256 takes it */
	char key[64];                   /* "RSA, 2048 bits" */
};
/* What a handshake has shown. */
struct tls_facts {
	bool seen;          /* it came as far as a verdict; all is empty otherwise */
	char version[16];   /* "TLS 1.3" */
	char suite[64];     /* "TLS_AES_256_GCM_SHA384" */
	char exchange[64];  /* "ECDHE, X25519" */
	char signature[64]; /* with which the server has proved that it has its key */
	size_t n;           /* certificates, the server's own first; at most TLS_CHAIN_MAX */
	struct tls_certificate chain[TLS_CHAIN_MAX];
	bool trusted; /* else the error of tls_inspect says why not */
	bool pinned;  /* trusted for its pin */
	bool stapled; /* the server has attached the state of its revocation (OCSP) */
	bool resumed; /* of a session before; the chain was shown in that */
};

/* Our own certificate, where the policy has one (client-cert). ERROR_CONFIG: see tls_check(). */
bool tls_describe_client(
	const struct tls_policy *policy, struct tls_certificate *out, struct error *e) MUST_CHECK;

/*
 * What one handshake leaves for the next with the same server under the same policy, so that
 * several sessions of a run cost less: the authorities and the client's key, read once, and the
 * server's ticket. A session that is resumed saves both sides the work with keys, and a round trip
 * before TLS 1.3. The certificate that was shown in the first one is verified again, by the same
 * rules. No data is ever sent early (RFC 8446 s.8). Free it after the streams that were given it.
 */
struct tls_memory *tls_memory_new(void);
void tls_memory_free(struct tls_memory *memory);
/* Reads the files now, before a connection, with the errors of tls_check(). */
bool tls_memory_prepare(
	struct tls_memory *memory, const struct tls_policy *policy, struct error *e) MUST_CHECK;

/* Who is talked to. */
struct tls_peer {
	const char *host; /* as the user wrote it, for the words of an error too */
	uint16_t port;
	int64_t timeout_ms;
	int stop_fd; /* readable: ERROR_INTERRUPTED; -1: none */
};
/*
 * Shakes hands over *s, which it takes, also on failure, and verifies chain, dates, purpose and
 * name (RFC 9525; an address only against IP entries; SNI is never an address, RFC 6066), and what
 * the server has attached of its revocation (RFC 6066 s.8, 7633). With pins the key takes the place
 * of all that, but for a key that is too weak and a revocation. On success *s is the encrypted
 * stream. memory and facts may be NULL; facts are filled also when the server is not trusted: then
 * the connection is over; nothing was sent behind the handshake, nor our certificate in it.
 * ERROR_TLS: not trusted, wrong name, not TLS at all (the text then quotes what came instead), too
 * old. ERROR_NETWORK: closed or silent for timeout_ms. ERROR_CONFIG: what tls_check finds.
 * ERROR_INTERRUPTED.
 */
bool tls_inspect(struct stream **s, const struct tls_policy *policy, const struct tls_peer *peer,
	struct tls_memory *memory, struct tls_facts *facts, struct error *e) MUST_CHECK;
/*
 * For whoever only looks: goes on with a server that is not trusted, *distrust then says why.
 * Nothing that is secret may be sent there. For policies without a certificate of our own, which
 * would be shown. *distrust is of ERROR_NONE else.
 */
bool tls_look(struct stream **s, const struct tls_policy *policy, const struct tls_peer *peer,
	struct tls_facts *facts, struct error *distrust, struct error *e) MUST_CHECK;
/* The same as tls_inspect(), with neither. */
bool tls_start(struct stream **s, const struct tls_policy *policy, const char *host, uint16_t port,
	int64_t timeout_ms, int stop_fd, struct error *e) MUST_CHECK;

/* "TLS 1.3, AES-256-GCM, resumed": for -v and the trace; "" when s is not encrypted. */
const char *tls_description(const struct stream *s);

/*
 * What ties a login to this connection (RFC 5929, 9266): appends its octets to *out. Exporter: 32
 * octets, TLS 1.3 or, with the extended master secret, 1.2. Unique: 12 octets, TLS 1.2 and older.
 * False when there is none: s is not encrypted, or its version or a resumed session without the
 * extended master secret (RFC 7627 s.5.1) does not give a safe one.
 */
enum tls_binding { TLS_BINDING_EXPORTER, TLS_BINDING_UNIQUE };
bool tls_channel_binding(const struct stream *s, enum tls_binding kind, struct buf *out) MUST_CHECK;

#endif
