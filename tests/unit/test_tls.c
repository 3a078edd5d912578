/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS over socket pairs, against a small server in a thread, whose certificates are made here, each
 * good or bad in one way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "net/authorities.h"
#include "net/dial.h"
#include "net/stream.h"
#include "net/tls.h"
#include "net/trust.h"
#include "net_helpers.h"

enum { DAY_S = 24 * 60 * 60, BIG = 700 * 1000 };

static char folder[256], ca_path[300], bundle_path[300];

struct identity {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
};

enum flaw {
	SOUND,
	SELF_SIGNED,
	NO_CN_NAMES,
	CLIENT_ONLY,
	NO_SIGNING,
	FORGED,
	WEAK_KEY,
	WEAK_HASH,
	RSA_2048
};

/* names: NULL-terminated host names and addresses; days: begin and end, counted from now. */
struct wish {
	const char *names[4];
	int begin, end;
	enum flaw flaw;
};

static struct identity authority, stranger;
static bool of_system;           /* the authority is one of the system's */
static size_t whole_system_read; /* so often GnuTLS has been told to read them all */

static struct identity new_identity(const char *common, int begin, int end, unsigned rsa_bits)
{
	unsigned char serial[8] = {1}, id[20];
	size_t id_len = sizeof(id);
	time_t now = time(NULL);
	struct identity who;

	must(gnutls_x509_privkey_init(&who.key));
	must(rsa_bits ? gnutls_x509_privkey_generate(who.key, GNUTLS_PK_RSA, rsa_bits, 0)
		      : gnutls_x509_privkey_generate(who.key, GNUTLS_PK_ECDSA,
				GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	must(gnutls_x509_crt_init(&who.crt));
	must(gnutls_x509_crt_set_version(who.crt, 3));
	must(gnutls_rnd(GNUTLS_RND_NONCE, serial + 1, sizeof(serial) - 1));
	must(gnutls_x509_crt_set_serial(who.crt, serial, sizeof(serial)));
	must(gnutls_x509_crt_set_activation_time(who.crt, now + begin * (time_t)DAY_S));
	must(gnutls_x509_crt_set_expiration_time(who.crt, now + end * (time_t)DAY_S));
	must(gnutls_x509_crt_set_dn_by_oid(
		who.crt, GNUTLS_OID_X520_COMMON_NAME, 0, common, (unsigned)strlen(common)));
	must(gnutls_x509_crt_set_key(who.crt, who.key));
	must(gnutls_x509_crt_get_key_id(who.crt, 0, id, &id_len));
	must(gnutls_x509_crt_set_subject_key_id(who.crt, id, id_len));
	return who;
}

static struct identity new_authority(const char *common)
{
	struct identity who = new_identity(common, -100, 100, 0);

	must(gnutls_x509_crt_set_basic_constraints(who.crt, 1, -1));
	must(gnutls_x509_crt_set_key_usage(who.crt, GNUTLS_KEY_KEY_CERT_SIGN));
	must(gnutls_x509_crt_sign2(who.crt, who.crt, who.key, GNUTLS_DIG_SHA256, 0));
	return who;
}

static void identity_release(struct identity *who)
{
	gnutls_x509_crt_deinit(who->crt);
	gnutls_x509_privkey_deinit(who->key);
}

static void add_name(gnutls_x509_crt_t crt, const char *name)
{
	unsigned char address[16];
	unsigned len = inet_pton(AF_INET, name, address) == 1 ? 4
		: inet_pton(AF_INET6, name, address) == 1     ? 16
							      : 0;

	if (len)
		must(gnutls_x509_crt_set_subject_alt_name(
			crt, GNUTLS_SAN_IPADDRESS, address, len, GNUTLS_FSAN_APPEND));
	else
		must(gnutls_x509_crt_set_subject_alt_name(
			crt, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name), GNUTLS_FSAN_APPEND));
}

static struct identity new_server(const struct wish *wish)
{
	const unsigned rsa_bits = wish->flaw == WEAK_KEY ? 1024 : wish->flaw == RSA_2048 ? 2048 : 0;
	struct identity who = new_identity(wish->names[0] ? wish->names[0] : "pop.example.test",
		wish->begin, wish->end, rsa_bits);
	struct identity *by = wish->flaw == SELF_SIGNED ? &who : &authority;

	for (size_t i = 0; wish->flaw != NO_CN_NAMES && wish->names[i]; i++)
		add_name(who.crt, wish->names[i]);
	must(gnutls_x509_crt_set_key_purpose_oid(who.crt,
		wish->flaw == CLIENT_ONLY ? GNUTLS_KP_TLS_WWW_CLIENT : GNUTLS_KP_TLS_WWW_SERVER,
		0));
	must(gnutls_x509_crt_set_key_usage(who.crt,
		wish->flaw == NO_SIGNING ? GNUTLS_KEY_KEY_CERT_SIGN
					 : GNUTLS_KEY_DIGITAL_SIGNATURE));
	must(gnutls_x509_crt_sign2(who.crt, by->crt, wish->flaw == FORGED ? stranger.key : by->key,
		wish->flaw == WEAK_HASH ? GNUTLS_DIG_SHA1 : GNUTLS_DIG_SHA256, 0));
	return who;
}

enum conduct {
	BE_GOOD,     /* greet, echo what comes until the client closes, say good-bye */
	GREET_CLEAR, /* no TLS at all */
	HANG_UP,     /* close when the client has spoken */
	BREAK_OFF,   /* the same, with half of an answer */
	BE_SILENT,   /* never answer */
	STALL,       /* half of the answer, then nothing */
	CUT,         /* greet, then close without good-bye */
	CUT_SHORT,   /* the same, in the middle of a record */
	FLOOD,       /* send BIG octets while BIG octets are received */
};

struct server {
	int fd;
	const gnutls_datum_t *tickets; /* the key they are made with; NULL: none are given */
	char name[256];                /* that the client has asked for */
	bool asks;                     /* for a certificate of the client */
	bool was_shown;                /* one */
	unsigned char exporter[32], unique[12]; /* what binds a login to the connection */
	enum conduct conduct;
	const char *priority;
	gnutls_certificate_credentials_t credentials;
	pthread_t thread;
	int failure; /* of GnuTLS */
};

static char pattern(size_t i)
{
	return (char)(i * 31 + i / 251);
}

/* What is received is checked here, so that a wrong octet shows up as a failure of the server. */
static void flood(struct server *v, gnutls_session_t session)
{
	static char out[BIG];
	char in[5000];
	size_t sent = 0, got = 0;

	for (size_t i = 0; i < BIG; i++)
		out[i] = pattern(i);
	while (sent < BIG || got < BIG) {
		struct pollfd fd = {
			.fd = v->fd, .events = (short)(POLLIN | (sent < BIG ? POLLOUT : 0))};
		ssize_t n;

		if (!gnutls_record_check_pending(session) && poll(&fd, 1, 60000) <= 0)
			break;
		while (sent < BIG &&
			(n = gnutls_record_send(session, out + sent, BIG - sent)) > 0) {
			sent += (size_t)n;
			while (sent / 100000 != (sent - (size_t)n) / 100000 &&
				gnutls_session_key_update(session, GNUTLS_KU_PEER) ==
					GNUTLS_E_AGAIN)
				poll(&fd, 1, 10);
		}
		while (got < BIG && (n = gnutls_record_recv(session, in, sizeof(in))) > 0)
			for (size_t i = 0; i < (size_t)n; i++)
				if (in[i] != pattern(got++))
					v->failure = GNUTLS_E_DECRYPTION_FAILED;
	}
	if (sent < BIG || got < BIG)
		v->failure = GNUTLS_E_TIMEDOUT;
}

static void echo(gnutls_session_t session)
{
	char data[1000];
	ssize_t n;

	gnutls_record_send(session, "+OK ready\r\n", 11);
	while ((n = gnutls_record_recv(session, data, sizeof(data))) > 0)
		gnutls_record_send(session, data, (size_t)n);
	gnutls_bye(session, GNUTLS_SHUT_WR);
}

static void note_binding(
	gnutls_session_t session, gnutls_channel_binding_t kind, unsigned char *out, size_t room)
{
	gnutls_datum_t octets;

	if (gnutls_session_channel_binding(session, kind, &octets) < 0)
		return;
	memcpy(out, octets.data, octets.size < room ? octets.size : room);
	gnutls_free(octets.data);
}

static void serve_tls(struct server *v)
{
	gnutls_session_t session;
	unsigned type;
	size_t size;
	int rc;

	gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL);
	gnutls_priority_set_direct(session, v->priority, NULL);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, v->credentials);
	gnutls_transport_set_int(session, v->fd);
	if (v->asks)
		gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
	if (v->tickets)
		must(gnutls_session_ticket_enable_server(session, v->tickets));
	do
		rc = gnutls_handshake(session);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	v->failure = rc;
	v->was_shown = v->asks && gnutls_certificate_get_peers(session, &type) != NULL;
	size = sizeof(v->name);
	if (gnutls_server_name_get(session, v->name, &size, &type, 0) < 0)
		v->name[0] = '\0';
	if (rc < 0)
		gnutls_alert_send_appropriate(session, rc);
	if (rc == 0)
		note_binding(session, GNUTLS_CB_TLS_EXPORTER, v->exporter, sizeof(v->exporter));
	if (rc == 0 && gnutls_protocol_get_version(session) < GNUTLS_TLS1_3)
		note_binding(session, GNUTLS_CB_TLS_UNIQUE, v->unique, sizeof(v->unique));
	if (rc == 0 && v->conduct == FLOOD) {
		fcntl(v->fd, F_SETFL, O_NONBLOCK);
		flood(v, session);
	} else if (rc == 0 && (v->conduct == CUT || v->conduct == CUT_SHORT)) {
		gnutls_record_send(session, "+OK ready\r\n", 11);
		if (v->conduct == CUT_SHORT)
			send(v->fd, "\x17\x03\x03\x01\x00 half", 10, MSG_NOSIGNAL);
	} else if (rc == 0) {
		echo(session);
	}
	gnutls_deinit(session);
}

static void *serve(void *argument)
{
	static const char half[] = {22, 3, 3, 0, 90, 2, 0, 0};
	struct server *v = argument;
	char data[4096];

	switch (v->conduct) {
	case GREET_CLEAR:
		send(v->fd, "+OK \x1b[2Jready\r\n", 15, MSG_NOSIGNAL);
		while (recv(v->fd, data, sizeof(data), 0) > 0)
			;
		break;
	case HANG_UP:
		recv(v->fd, data, sizeof(data), 0);
		break;
	case BREAK_OFF:
		recv(v->fd, data, sizeof(data), 0);
		send(v->fd, half, sizeof(half), MSG_NOSIGNAL);
		break;
	case STALL:
		send(v->fd, half, sizeof(half), MSG_NOSIGNAL);
		/* fall through */
	case BE_SILENT:
		while (recv(v->fd, data, sizeof(data), 0) > 0)
			;
		break;
	default:
		serve_tls(v);
	}
	close(v->fd);
	return NULL;
}

/* Of all servers that are started, once it is made. */
static gnutls_datum_t tickets;
static bool ask;
/* Shown behind the certificate of a server; NULL: none. */
static gnutls_x509_crt_t signer;

/* Returns the client's end. */
static int server_start(
	struct server *v, const struct identity *who, enum conduct conduct, const char *priority)
{
	struct identity self = who ? *who : authority;
	int ends[2];

	*v = (struct server){.conduct = conduct,
		.asks = ask,
		.tickets = tickets.size ? &tickets : NULL,
		.priority = priority ? priority
				     : "NORMAL:%DEBUG_ALLOW_KEY_USAGE_VIOLATIONS:-VERS-ALL"
				       ":+VERS-TLS1.3:+VERS-TLS1.2"};
	must(gnutls_certificate_allocate_credentials(&v->credentials));
	must(gnutls_certificate_set_x509_key(
		v->credentials, (gnutls_x509_crt_t[]){self.crt, signer}, signer ? 2 : 1, self.key));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	v->fd = ends[1];
	assert_int_equal(pthread_create(&v->thread, NULL, serve, v), 0);
	return ends[0];
}

static void server_join(struct server *v)
{
	pthread_join(v->thread, NULL);
	gnutls_certificate_free_credentials(v->credentials);
}

static const struct wish good = {{"pop.example.test", "127.0.0.1", NULL}, -1, 30, SOUND};

static struct tls_policy trusting(void)
{
	return (struct tls_policy){
		.mode = TLS_IMPLICIT, .ca_file = of_system ? NULL : ca_path, .min = TLS_1_2};
}

/* A server with this certificate and conduct, and a client that shakes hands with it. */
static struct stream *meet(struct server *v, const struct wish *wish, enum conduct conduct,
	const char *priority, const struct tls_policy *policy, const char *host, struct error *e)
{
	struct identity who = new_server(wish);
	struct stream *s = stream_over_fd(server_start(v, &who, conduct, priority));

	if (!tls_start(&s, policy, host, 995, 100000, -1, e))
		assert_null(s);
	identity_release(&who);
	return s;
}

/* One session with a server that shows this certificate. */
static bool converse(const struct identity *who, const struct tls_policy *policy, const char *host,
	const char *priority, struct tls_memory *memory, struct tls_facts *facts, struct error *e)
{
	struct server v;
	struct stream *s = stream_over_fd(server_start(&v, who, BE_GOOD, priority));
	bool done = tls_inspect(
		&s, policy, &(struct tls_peer){host, 995, 100000, -1}, memory, facts, e);
	char text[16];
	size_t have = 0;

	if (done)
		assert_int_equal(read_some(s, text, 11, 11, &have, e), STREAM_OK);
	stream_free(s);
	server_join(&v);
	return done;
}

static void tls__talks(void **state)
{
	static const struct {
		const char *priority, *description;
	} cases[] = {
		{"NORMAL:-VERS-ALL:+VERS-TLS1.3", "TLS 1.3, "},
		{"NORMAL:-VERS-ALL:+VERS-TLS1.2", "TLS 1.2, "},
	};
	const struct tls_policy policy = trusting();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = {ERROR_NONE};
		struct server v;
		struct stream *s = meet(
			&v, &good, BE_GOOD, cases[i].priority, &policy, "pop.example.test", &e);
		char text[64] = "";
		size_t have = 0;

		if (!s)
			fail_msg("%s", e.text);
		assert_says(tls_description(s), cases[i].description);
		assert_int_equal(read_some(s, text, 11, 11, &have, &e), STREAM_OK);
		assert_string_equal(text, "+OK ready\r\n");
		write_all(s, "CAPA\r\n", 6);
		assert_int_equal(read_some(s, text, 17, 3, &have, &e), STREAM_OK);
		assert_string_equal(text, "+OK ready\r\nCAPA\r\n");
		stream_free(s);
		server_join(&v);
		assert_int_equal(v.failure, 0);
	}
	assert_string_equal(tls_description(NULL), "");
}

static void tls__verifies(void **state)
{
	static const struct {
		const char *host;
		struct wish wish;
		const char *text; /* NULL: trusted */
		const char *why;
	} cases[] = {
		{"pop.example.test", {{"pop.example.test"}, -1, 30, SOUND}, NULL, ""},
		{"POP.Example.TEST.", {{"pop.example.test"}, -1, 30, SOUND}, NULL, ""},
		{"pop.example.test", {{"*.example.test"}, -1, 30, SOUND}, NULL, ""},
		{"127.0.0.1", {{"a.test", "127.0.0.1"}, -1, 30, SOUND}, NULL, ""},
		{"::1", {{"::1"}, -1, 30, SOUND}, NULL, ""},
		{"127.0.0.1", {{"localhost", "pop.example.test"}, -1, 30, SOUND},
			"the certificate is for localhost, pop.example.test, not for 127.0.0.1",
			""},
		{"127.0.0.1", {{"127.0.0.2"}, -1, 30, SOUND},
			"the certificate is for 127.0.0.2, not for 127.0.0.1", ""},
		{"pop.example.test", {{"pop.example.org"}, -1, 30, SOUND},
			"the certificate is for pop.example.org, not for pop.example.test", ""},
		{"example.test", {{"*.example.test"}, -1, 30, SOUND},
			"the certificate is for *.example.test, not for example.test", ""},
		{"pop.example.test", {{NULL}, -1, 30, NO_CN_NAMES},
			"the certificate of pop.example.test names no host", "RFC 9525"},
		{"pop.example.test", {{"pop.example.test"}, -10, -2, SOUND},
			"the certificate of pop.example.test has expired on 20", ""},
		{"pop.example.test", {{"pop.example.test"}, 2, 30, SOUND},
			"the certificate of pop.example.test is not valid before 20",
			"the clock of this machine says 20"},
		{"pop.example.test", {{"pop.example.test"}, -1, 30, SELF_SIGNED},
			"not trusted: it is signed by nobody but itself", "SHA-256 "},
		{"pop.example.test", {{"pop.example.test"}, -1, 30, CLIENT_ONLY},
			"the certificate of pop.example.test is not meant for a server", ""},
		{"pop.example.test", {{"pop.example.test"}, -1, 30, NO_SIGNING},
			"the certificate of pop.example.test is not meant for TLS", ""},
		{"pop.example.test", {{"pop.example.test"}, -1, 30, FORGED},
			"the certificate of pop.example.test is not trusted: its signature is wrong",
			""},
		{"pop.example.test", {{"pop.example.test"}, -1, 30, WEAK_KEY},
			"the certificate of pop.example.test is not trusted: a key that is too weak",
			""},
		{"pop.example.test", {{"pop.example.test"}, -1, 30, WEAK_HASH},
			"not trusted: signed with a method that is too weak (ECDSA-SHA1)", ""},
	};
	const struct tls_policy policy = trusting();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = {ERROR_NONE};
		struct server v;
		struct stream *s = meet(
			&v, &cases[i].wish, BE_GOOD, NULL, &policy, cases[i].host, &e);

		if (!cases[i].text) {
			if (!s)
				fail_msg("%s: %s", cases[i].host, e.text);
			stream_free(s);
		} else {
			if (s)
				fail_msg("trusted, but: %s", cases[i].text);
			assert_says(e.text, cases[i].text);
			assert_says(e.why, cases[i].why);
			if (strstr(cases[i].text, "names no host"))
				assert_says(e.remedy, "pin-sha256 = \"");
			assert_int_equal(e.kind, ERROR_TLS);
		}
		server_join(&v);
	}
}

static void tls__ignores_a_common_name_beside_an_address(void **state)
{
	/* The first name becomes the common name, too; only the address is left as alternative. */
	const struct tls_policy policy = trusting();
	struct identity who = new_identity("pop.example.test", -1, 30, 0);
	struct error e = {ERROR_NONE};
	struct server v;
	struct stream *s;

	(void)state;
	add_name(who.crt, "127.0.0.1");
	must(gnutls_x509_crt_set_key_purpose_oid(who.crt, GNUTLS_KP_TLS_WWW_SERVER, 0));
	must(gnutls_x509_crt_sign2(who.crt, authority.crt, authority.key, GNUTLS_DIG_SHA256, 0));
	s = stream_over_fd(server_start(&v, &who, BE_GOOD, NULL));
	assert_false(tls_start(&s, &policy, "pop.example.test", 995, 100000, -1, &e));
	assert_string_equal(e.text, "the certificate is for 127.0.0.1, not for pop.example.test");
	identity_release(&who);
	server_join(&v);
}

static void tls__names_an_unknown_issuer(void **state)
{
	char other[300];
	struct tls_policy policy = trusting();
	gnutls_datum_t pem;
	struct error e = {ERROR_NONE};
	struct server v;
	int fd;

	(void)state;
	snprintf(other, sizeof(other), "%s/other.pem", folder);
	must(gnutls_x509_crt_export2(stranger.crt, GNUTLS_X509_FMT_PEM, &pem));
	fd = open(other, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0 && file_write_all(fd, pem.data, pem.size));
	close(fd);
	gnutls_free(pem.data);
	policy.ca_file = other;
	assert_null(meet(&v, &good, BE_GOOD, NULL, &policy, "pop.example.test", &e));
	server_join(&v);
	assert_int_equal(e.kind, ERROR_TLS);
	assert_string_equal(e.text,
		"the certificate of pop.example.test is not trusted: unknown issuer \"UX Test CA\"");
	/* All 32 octets of the digest, and a date. */
	assert_int_equal(strlen(e.why), strlen("valid until 2027-11-26, SHA-256 ") + 32 * 3 - 1);
	assert_string_equal(e.lead, "own CA?");
	assert_says(e.remedy, "ca-file = ");
	/* The environment's file replaces the system's, and the account's replaces both. */
	policy.ca_file = NULL;
	setenv("SSL_CERT_FILE", ca_path, 1);
	struct stream *s = meet(&v, &good, BE_GOOD, NULL, &policy, "pop.example.test", &e);

	assert_non_null(s);
	stream_free(s);
	server_join(&v);
	setenv("SSL_CERT_FILE", other, 1);
	policy = trusting();
	s = meet(&v, &good, BE_GOOD, NULL, &policy, "pop.example.test", &e);
	assert_non_null(s);
	stream_free(s);
	server_join(&v);
	unsetenv("SSL_CERT_FILE");
	unlink(other);
}

/* As if it had come over the net: GnuTLS puts a chain in order by what it has read, not made. */
static void read_anew(gnutls_x509_crt_t *crt)
{
	gnutls_datum_t der;

	must(gnutls_x509_crt_export2(*crt, GNUTLS_X509_FMT_DER, &der));
	gnutls_x509_crt_deinit(*crt);
	must(gnutls_x509_crt_init(crt));
	must(gnutls_x509_crt_import(*crt, &der, GNUTLS_X509_FMT_DER));
	gnutls_free(der.data);
}

static void tls__names_the_fault_of_another_in_the_chain(void **state)
{
	static const struct {
		int begin, end;
		bool is_authority, by_stranger, forged;
		const char *text; /* NULL: trusted */
	} cases[] = {
		{-10, 30, true, false, false, NULL},
		{-10, -2, true, false, false,
			"the certificate of pop.example.test is not trusted: that of its issuer "
			"\"Middle CA\" has expired on 20"},
		{2, 30, true, false, false,
			"the certificate of pop.example.test is not valid before 20"},
		{-10, 30, false, false, false,
			"not trusted: its issuer \"Middle CA\" is no authority for it"},
		{-10, 30, true, true, false, "not trusted: unknown issuer \"Stranger\""},
		{-10, 30, true, false, true, "not trusted: its signature is wrong"},
	};
	const struct tls_policy policy = trusting();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct identity middle = new_identity("Middle CA", cases[i].begin, cases[i].end, 0);
		struct identity who = new_identity("pop.example.test", -1, 30, 0);
		const struct identity *by = cases[i].by_stranger ? &stranger : &authority;
		static struct tls_facts facts;
		struct error e = {ERROR_NONE};

		must(gnutls_x509_crt_set_basic_constraints(middle.crt, cases[i].is_authority, -1));
		must(gnutls_x509_crt_set_key_usage(middle.crt, GNUTLS_KEY_KEY_CERT_SIGN));
		must(gnutls_x509_crt_sign2(middle.crt, by->crt,
			cases[i].forged ? stranger.key : by->key, GNUTLS_DIG_SHA256, 0));
		add_name(who.crt, "pop.example.test");
		must(gnutls_x509_crt_sign2(who.crt, middle.crt, middle.key, GNUTLS_DIG_SHA256, 0));
		read_anew(&middle.crt);
		read_anew(&who.crt);
		signer = middle.crt;
		if (converse(&who, &policy, "pop.example.test", NULL, NULL, &facts, &e) !=
			!cases[i].text)
			fail_msg("case %zu: %s", i, e.text);
		signer = NULL;
		assert_int_equal(facts.n, 2);
		assert_string_equal(facts.chain[1].subject, "Middle CA");
		if (cases[i].text)
			assert_says(e.text, cases[i].text);
		identity_release(&middle);
		identity_release(&who);
	}
}

static void tls__verifies_the_name_that_is_set(void **state)
{
	char name[] = "pop.example.test";
	struct tls_policy policy = trusting();
	struct error e = {ERROR_NONE};
	struct server v;
	struct stream *s;

	(void)state;
	policy.host = name;
	s = meet(&v, &good, BE_GOOD, NULL, &policy, "192.0.2.1", &e);
	assert_non_null(s);
	stream_free(s);
	server_join(&v);
}

static void tls__tells_what_went_wrong_in_the_handshake(void **state)
{
	static const struct {
		enum conduct conduct;
		enum tls_mode mode;
		uint16_t port;
		const char *priority;
		enum error_kind kind;
		const char *text, *remedy;
	} cases[] = {
		{GREET_CLEAR, TLS_IMPLICIT, 110, NULL, ERROR_TLS,
			"pop.example.test:110 does not speak TLS (it greeted in clear: \"+OK "
			"\\x1b[2Jready\")",
			"port = 995  or  tls = starttls"},
		{GREET_CLEAR, TLS_STARTTLS, 110, NULL, ERROR_TLS,
			"pop.example.test:110 does not speak TLS (it went on in clear: \"+OK ", ""},
		{HANG_UP, TLS_IMPLICIT, 995, NULL, ERROR_NETWORK,
			"pop.example.test closed the connection during the TLS handshake", ""},
		{BREAK_OFF, TLS_IMPLICIT, 995, NULL, ERROR_NETWORK,
			"pop.example.test closed the connection during the TLS handshake", ""},
		{BE_SILENT, TLS_IMPLICIT, 995, NULL, ERROR_NETWORK,
			"pop.example.test:995 sent nothing for 0.1 s during the TLS handshake", ""},
		{STALL, TLS_IMPLICIT, 995, NULL, ERROR_NETWORK,
			"pop.example.test:995 did not finish the TLS handshake within 3 s", ""},
		{BE_GOOD, TLS_IMPLICIT, 995, "NORMAL:-VERS-ALL:+VERS-TLS1.1", ERROR_TLS,
			"pop.example.test speaks only TLS 1.0 or 1.1, older than tls-min",
			"tls-min = "},
		{BE_GOOD, TLS_IMPLICIT, 995, "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA",
			ERROR_TLS, "pop.example.test refused the TLS handshake: ", ""},
	};
	struct identity who = new_server(&good);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tls_policy policy = trusting();
		int64_t timeout = strstr(cases[i].text, "0.1 s") ? 100
			: cases[i].conduct == STALL              ? 3000
								 : 60000;
		struct error e = {ERROR_NONE};
		struct server v;
		struct stream *s = stream_over_fd(
			server_start(&v, &who, cases[i].conduct, cases[i].priority));

		policy.mode = cases[i].mode;
		assert_false(
			tls_start(&s, &policy, "pop.example.test", cases[i].port, timeout, -1, &e));
		assert_null(s);
		server_join(&v);
		assert_says(e.text, cases[i].text);
		assert_says(e.remedy, cases[i].remedy);
		assert_int_equal(e.kind, cases[i].kind);
	}
	identity_release(&who);
}

static void tls__goes_down_to_what_the_policy_allows(void **state)
{
	static const char *const old = "NORMAL:-VERS-ALL:+VERS-TLS1.1";
	struct tls_policy policy = trusting();
	struct error e = {ERROR_NONE};
	struct server v;
	struct stream *s;

	(void)state;
	policy.min = TLS_1_1;
	s = meet(&v, &good, BE_GOOD, old, &policy, "pop.example.test", &e);
	if (!s)
		fail_msg("%s", e.text);
	assert_says(tls_description(s), "TLS 1.1, ");
	stream_free(s);
	server_join(&v);
	policy.min = TLS_1_3;
	assert_null(meet(&v, &good, BE_GOOD, "NORMAL:-VERS-ALL:+VERS-TLS1.2", &policy,
		"pop.example.test", &e));
	assert_says(e.text, "pop.example.test refused the TLS handshake");
	assert_says(e.why, "tls-min is 1.3");
	server_join(&v);
}

static void tls__shows_what_it_saw(void **state)
{
	static struct tls_facts facts;
	static const struct {
		const char *priority, *version, *suite, *exchange;
	} cases[] = {
		{"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM:-GROUP-ALL:+GROUP-X25519",
			"TLS 1.3", "TLS_AES_256_GCM_SHA384", "ECDHE, X25519"},
		{"NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE2048", "TLS 1.3", "TLS_",
			"DHE, FFDHE2048"},
		{"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM:-GROUP-ALL"
		 ":+GROUP-SECP256R1",
			"TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
			"ECDHE-ECDSA, SECP256R1"},
	};
	const struct tls_policy policy = trusting();
	struct identity who = new_server(&good);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* The second host is not in the certificate. */
		for (int wrong = 0; wrong < 2; wrong++) {
			const char *host = wrong ? "imap.example.test" : "pop.example.test";
			struct error e = {ERROR_NONE};
			struct server v;
			struct stream *s = stream_over_fd(
				server_start(&v, &who, BE_GOOD, cases[i].priority));

			memset(&facts, 0xff, sizeof(facts));
			assert_int_equal(
				tls_inspect(&s, &policy, &(struct tls_peer){host, 995, 100000, -1},
					NULL, &facts, &e),
				!wrong);
			assert_true(facts.seen);
			assert_int_equal(facts.trusted, !wrong);
			assert_string_equal(facts.version, cases[i].version);
			assert_says(facts.suite, cases[i].suite);
			assert_string_equal(facts.exchange, cases[i].exchange);
			assert_int_equal(facts.n, 1);
			assert_string_equal(facts.chain[0].subject, "pop.example.test");
			assert_string_equal(facts.chain[0].issuer, "UX Test CA");
			assert_string_equal(facts.chain[0].names, "pop.example.test, 127.0.0.1");
			assert_says(facts.chain[0].key, "bits");
			assert_int_equal(strlen(facts.chain[0].sha256), 32 * 3 - 1);
			assert_int_equal(strlen(facts.chain[0].pin), 44);
			assert_int_equal(facts.chain[0].until_s,
				gnutls_x509_crt_get_expiration_time(who.crt));
			assert_true(facts.chain[0].from_s < facts.chain[0].until_s);
			stream_free(s);
			server_join(&v);
		}
	}
	struct error e = {ERROR_NONE};
	struct server v;
	struct stream *s = stream_over_fd(server_start(&v, &who, HANG_UP, NULL));

	assert_false(tls_inspect(&s, &policy,
		&(struct tls_peer){"pop.example.test", 995, 100000, -1}, NULL, &facts, &e));
	assert_false(facts.seen || facts.trusted || facts.n);
	server_join(&v);
	identity_release(&who);
}

/* One binding, as the client has it and as the server has it; of len octets, 0: there is none. */
static void assert_bound(const struct stream *s, enum tls_binding kind, size_t len, struct buf *out)
{
	assert_int_equal(tls_channel_binding(s, kind, out), len > 0);
	assert_int_equal(out->len, len);
}

static void tls__binds_a_login_to_the_connection(void **state)
{
	static const struct {
		const char *priority;
		/* Of a session that is resumed it is the same with keys that are tied to it. */
		size_t exporter, unique, unique_resumed;
	} cases[] = {
		{"NORMAL:-VERS-ALL:+VERS-TLS1.3", 32, 0, 0},
		{"NORMAL:-VERS-ALL:+VERS-TLS1.2", 32, 12, 12},
		{"NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH", 0, 12, 0},
	};
	const struct tls_policy policy = trusting();
	const struct tls_peer peer = {"pop.example.test", 995, 100000, -1};
	struct identity who = new_server(&good);
	struct buf exporter = {NULL, 0, 0}, unique = {NULL, 0, 0};

	(void)state;
	must(gnutls_session_ticket_key_generate(&tickets));
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		static struct tls_memory *memory;
		bool again = i % 2;
		size_t len = again ? cases[i / 2].unique_resumed : cases[i / 2].unique;
		struct error e = {ERROR_NONE};
		static struct tls_facts facts;
		struct server v;
		struct stream *s = stream_over_fd(
			server_start(&v, &who, BE_GOOD, cases[i / 2].priority));
		char text[16];
		size_t have = 0;

		if (!again)
			memory = tls_memory_new();
		assert_true(tls_inspect(&s, &policy, &peer, memory, &facts, &e));
		assert_int_equal(facts.resumed, again);
		assert_int_equal(read_some(s, text, 11, 11, &have, &e), STREAM_OK);
		assert_bound(s, TLS_BINDING_EXPORTER, cases[i / 2].exporter, &exporter);
		assert_bound(s, TLS_BINDING_UNIQUE, len, &unique);
		stream_free(s);
		server_join(&v);
		if (exporter.len)
			assert_memory_equal(exporter.data, v.exporter, exporter.len);
		if (unique.len)
			assert_memory_equal(unique.data, v.unique, unique.len);
		buf_clear(&exporter);
		buf_clear(&unique);
		if (again)
			tls_memory_free(memory);
	}
	assert_false(tls_channel_binding(NULL, TLS_BINDING_EXPORTER, &exporter));
	buf_release(&exporter);
	buf_release(&unique);
	gnutls_free(tickets.data);
	tickets = (gnutls_datum_t){NULL, 0};
	identity_release(&who);
}

/* The pin of a certificate's key, by another way than the code under test; and its fingerprint. */
static void digest_of(gnutls_x509_crt_t crt, bool whole, unsigned char out[32])
{
	gnutls_datum_t der;

	if (whole) {
		must(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der));
	} else {
		gnutls_pubkey_t key;

		must(gnutls_pubkey_init(&key));
		must(gnutls_pubkey_import_x509(key, crt, 0));
		must(gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der));
		gnutls_pubkey_deinit(key);
	}
	must(gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, out));
	gnutls_free(der.data);
}

static void write_hex(const unsigned char digest[32], bool upper, const char *between, char *out)
{
	for (size_t i = 0; i < 32; i++) {
		out += snprintf(out, 3, upper ? "%02X" : "%02x", digest[i]);
		if (i < 31)
			out += snprintf(out, 2, "%s", between);
	}
}

static void write_base64(const unsigned char digest[32], const char *prefix, char *out, size_t room)
{
	unsigned char copy[32];
	gnutls_datum_t text, raw = {copy, 32};

	memcpy(copy, digest, 32);
	must(gnutls_base64_encode2(&raw, &text));
	snprintf(out, room, "%s%.*s", prefix, (int)text.size, (const char *)text.data);
	gnutls_free(text.data);
}

static void tls__takes_a_pin_for_the_key_or_the_certificate(void **state)
{
	static const char other[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	char texts[9][220];
	struct identity who = new_server(&good);
	unsigned char key[32], whole[32], ca[32];
	struct tls_policy policy = {.mode = TLS_IMPLICIT, .min = TLS_1_2};

	(void)state;
	digest_of(who.crt, false, key);
	digest_of(who.crt, true, whole);
	digest_of(authority.crt, false, ca);
	write_base64(key, "", texts[0], sizeof(texts[0]));
	write_base64(key, "sha256//", texts[1], sizeof(texts[1]));
	write_base64(key, "pin-sha256:", texts[2], sizeof(texts[2]));
	write_hex(key, false, "", texts[3]);
	write_hex(key, true, ":", texts[4]);
	write_hex(whole, true, ":", texts[5]);
	snprintf(texts[6], sizeof(texts[6]), "%s, %s", other, texts[5]);
	/* Another key, and that of the authority, which is not the server's. */
	snprintf(texts[7], sizeof(texts[7]), "%s", other);
	write_base64(ca, "", texts[8], sizeof(texts[8]));
	for (size_t i = 0; i < 9; i++) {
		static struct tls_facts facts;
		struct error e = {ERROR_NONE};
		struct server v;
		struct stream *s = stream_over_fd(server_start(&v, &who, BE_GOOD, NULL));
		bool fits = i < 7;

		policy.pins = texts[i];
		if (!tls_check_pins(texts[i], ERROR_CONFIG, &e))
			fail_msg("%s: %s", texts[i], e.text);
		/* Nobody vouches for the server here, and it is called otherwise. */
		if (tls_inspect(&s, &policy, &(struct tls_peer){"a.test", 995, 100000, -1}, NULL,
			    &facts, &e) != fits)
			fail_msg("%s: %s", texts[i], e.text);
		assert_string_equal(facts.chain[0].pin, texts[0]);
		assert_int_equal(facts.pinned, fits);
		if (!fits) {
			assert_int_equal(e.kind, ERROR_TLS);
			assert_string_equal(
				e.text, "a.test has another key than the one in pin-sha256");
			assert_says(e.remedy, "pin-sha256 = \"");
			assert_says(e.remedy, texts[0]);
		}
		stream_free(s);
		server_join(&v);
	}
	identity_release(&who);
}

static void tls__lets_a_pin_stand_for_all_but_the_strength(void **state)
{
	static const struct {
		struct wish wish;
		const char *priority, *text; /* text NULL: trusted */
	} cases[] = {
		{{{"pop.example.test"}, -1, 30, SELF_SIGNED}, NULL, NULL},
		{{{"pop.example.test"}, -10, -2, SOUND}, NULL, NULL},
		{{{"pop.example.test"}, 2, 30, SOUND}, NULL, NULL},
		{{{"pop.example.test"}, -1, 30, CLIENT_ONLY}, NULL, NULL},
		{{{"pop.example.test"}, -1, 30, FORGED}, NULL, NULL},
		{{{"pop.example.test"}, -1, 30, WEAK_HASH}, NULL, NULL},
		{{{"pop.example.test"}, -1, 30, WEAK_KEY}, NULL, "a key that is too weak"},
		{{{"pop.example.test"}, -1, 30, WEAK_KEY}, "NORMAL:%PROFILE_VERY_WEAK", NULL},
		{{{"pop.example.test"}, -1, 30, WEAK_KEY}, "NORMAL:%PROFILE_HIGH",
			"a key that is too weak"},
		{{{"pop.example.test"}, -1, 30, WEAK_KEY}, "SECURE192:+VERS-ALL:+CIPHER-ALL",
			"a key that is too weak"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct identity who = new_server(&cases[i].wish);
		char pin[64], priority[64];
		unsigned char key[32];
		struct tls_policy policy = {.mode = TLS_IMPLICIT, .min = TLS_1_2, .pins = pin};
		struct error e = {ERROR_NONE};
		struct server v;
		struct stream *s = stream_over_fd(server_start(&v, &who, BE_GOOD, NULL));

		digest_of(who.crt, false, key);
		write_base64(key, "", pin, sizeof(pin));
		if (cases[i].priority) {
			snprintf(priority, sizeof(priority), "%s", cases[i].priority);
			policy.priority = priority;
		}
		if (tls_start(&s, &policy, "a.test", 995, 100000, -1, &e) != !cases[i].text)
			fail_msg("case %zu: %s", i, e.text);
		if (cases[i].text)
			assert_says(e.text, cases[i].text);
		stream_free(s);
		server_join(&v);
		identity_release(&who);
	}
}

/* 2048 bits have the strength of 112, and GnuTLS's keywords of the name want 128. */
static void tls__keeps_the_strength_that_a_keyword_stands_for(void **state)
{
	static const struct {
		const char *priority;
		bool trusted;
	} cases[] = {
		{"NORMAL", true},
		{"SECURE128", true},
		{"SECURE192", false},
		{"secure256:%COMPAT", false},
		{"SECURE192:NORMAL", false},
		{"NORMAL:%PROFILE_HIGH", false},
		{"NORMAL:%PROFILE_LOW:%PROFILE_HIGH", false},
		{"SECURE192:%PROFILE_MEDIUM", true},
	};
	struct identity who = new_server(&(struct wish){{"pop.example.test"}, -1, 30, RSA_2048});
	unsigned char key[32];
	char pin[64];

	(void)state;
	digest_of(who.crt, false, key);
	write_base64(key, "", pin, sizeof(pin));
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct tls_policy policy = trusting();
		struct error e = {ERROR_NONE};
		char priority[64];
		struct server v;
		struct stream *s;

		snprintf(priority, sizeof(priority), "%s", cases[i / 2].priority);
		policy.priority = priority;
		policy.pins = i % 2 ? pin : NULL;
		s = stream_over_fd(server_start(&v, &who, BE_GOOD, NULL));
		if (tls_start(&s, &policy, "pop.example.test", 995, 100000, -1, &e) !=
			cases[i / 2].trusted)
			fail_msg("%s, %s: %s", priority, i % 2 ? "a pin" : "no pin", e.text);
		if (!cases[i / 2].trusted) {
			assert_says(e.text, "a key that is too weak (its own: RSA, 2048 bits)");
			assert_says(e.why, "tls-priority asks for a stronger one");
		}
		stream_free(s);
		server_join(&v);
	}
	identity_release(&who);
}

static void tls_check_pins__says_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *said; /* NULL: fine */
	} cases[] = {
		{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", NULL},
		{" ,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\tSHA256:"
		 "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef,",
			NULL},
		{"", "it names no key"},
		{" , ", "it names no key"},
		{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "is no SHA-256"},
		{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "is no SHA-256"},
		{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA*=", "is no SHA-256"},
		{"sha256//", "is no SHA-256"},
		{"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde", "no SHA-256"},
		{"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef00",
			"no SHA-256"},
		{"01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef:01:23:45:"
		 "67:89:ab:cd:ef:",
			"no SHA-256"},
		{"01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67",
			"a fingerprint by SHA-1"},
		{"0123456789abcdef0123456789abcdef", "a fingerprint by MD5"},
		{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= x\x1b", "\"x\\x1b\" is no SHA-256"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = {ERROR_NONE};

		if (tls_check_pins(cases[i].text, ERROR_USAGE, &e) != !cases[i].said)
			fail_msg("\"%s\": %s", cases[i].text, e.text);
		if (!cases[i].said)
			continue;
		assert_says(e.text, cases[i].said);
		assert_int_equal(e.kind, ERROR_USAGE);
	}
}

static void tls_check_priority__finds_the_fault(void **state)
{
	static const struct {
		char text[64];
		enum tls_version min;
		const char *said, *versions_said; /* NULL: fine */
	} cases[] = {
		{"NORMAL", TLS_1_2, NULL, NULL},
		{"SECURE192:%PROFILE_HIGH", TLS_1_3, NULL, NULL},
		{"NORMAL:-VERS-ALL:+VERS-TLS1.1", TLS_1_1, NULL, NULL},
		{"NORMAL:-VERS-ALL:+VERS-TLS1.1", TLS_1_2, NULL, "that tls-min = 1.2 allows"},
		{"NORMAL:-VERS-TLS1.3", TLS_1_3, NULL, "that tls-min = 1.3 allows"},
		{"NORMAL:-VERS-ALL:+VERS-DTLS1.2", TLS_1_0, NULL, "that tls-min = 1.0 allows"},
		{"NORMAL:+NONSENSE:%COMPAT", TLS_1_2, "\"+NONSENSE\" in it (character 8)", NULL},
		{"FOO", TLS_1_2, "\"FOO\" in it (character 1)", NULL},
		{"NORMAL:", TLS_1_2, "expects more at its end", NULL},
		{"NORMAL:-VERS-ALL", TLS_1_2, "leaves nothing to connect with", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64];
		const struct tls_policy policy = {.min = cases[i].min, .priority = text};
		struct error e = {ERROR_NONE};

		memcpy(text, cases[i].text, sizeof(text));
		if (tls_check_priority(text, ERROR_USAGE, &e) != !cases[i].said)
			fail_msg("%s: %s", text, e.text);
		if (cases[i].said) {
			assert_says(e.text, cases[i].said);
			continue;
		}
		if (tls_check_versions(&policy, &e) != !cases[i].versions_said)
			fail_msg("%s: %s", text, e.text);
		if (cases[i].versions_said)
			assert_says(e.text, cases[i].versions_said);
	}
}

static void tls__offers_what_the_priority_says_and_tls_min_allows(void **state)
{
	char all[] = "NORMAL", old[] = "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.2",
	     anonymous[] = "NORMAL:-KX-ALL:+ANON-ECDH:-VERS-TLS1.3";
	struct tls_policy policy = trusting();
	struct error e = {ERROR_NONE};
	struct server v;
	struct stream *s;

	(void)state;
	policy.priority = all;
	assert_null(meet(&v, &good, BE_GOOD, "NORMAL:-VERS-ALL:+VERS-TLS1.1", &policy,
		"pop.example.test", &e));
	assert_says(e.text, "speaks only TLS 1.0 or 1.1, older than tls-min");
	server_join(&v);
	policy.priority = old;
	s = meet(&v, &good, BE_GOOD, NULL, &policy, "pop.example.test", &e);
	assert_non_null(s);
	assert_says(tls_description(s), "TLS 1.2, ");
	stream_free(s);
	server_join(&v);
	/* Keys stay as strong as without it. */
	policy.priority = all;
	assert_null(meet(&v, &(struct wish){{"pop.example.test"}, -1, 30, WEAK_KEY}, BE_GOOD, NULL,
		&policy, "pop.example.test", &e));
	assert_says(e.text, "a key that is too weak");
	server_join(&v);
	/* Without a certificate nobody is trusted. */
	policy.priority = anonymous;
	assert_null(meet(&v, &good, BE_GOOD, "NORMAL:+ANON-ECDH:-VERS-TLS1.3", &policy,
		"pop.example.test", &e));
	assert_int_equal(e.kind, ERROR_TLS);
	server_join(&v);
}

static void tls__resumes_and_verifies_anew(void **state)
{
	static const char *const priorities[] = {
		"NORMAL:-VERS-ALL:+VERS-TLS1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.2"};
	static const char host[] = "pop.example.test";
	static struct tls_facts facts;
	char pin[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	struct identity who = new_server(&good);

	(void)state;
	must(gnutls_session_ticket_key_generate(&tickets));
	for (size_t i = 0; i < sizeof(priorities) / sizeof(priorities[0]); i++) {
		struct tls_memory *memory = tls_memory_new();
		struct tls_policy policy = trusting(), pinned = trusting();
		struct error e = {ERROR_NONE};
		const char *p = priorities[i];

		pinned.pins = pin;
		assert_true(tls_memory_prepare(memory, &policy, &e));
		assert_true(converse(&who, &policy, host, p, memory, &facts, &e));
		assert_false(facts.resumed);
		/* Each gives a ticket for one more. */
		for (int again = 0; again < 2; again++) {
			assert_true(converse(&who, &policy, host, p, memory, &facts, &e));
			assert_true(facts.resumed && facts.trusted && facts.n == 1);
		}
		/* That the server was trusted before, under another name, is not enough. With TLS
		 * 1.2 it does not even take that session up. */
		assert_false(converse(&who, &policy, "b.test", p, memory, &facts, &e));
		assert_int_equal(facts.resumed, i == 0);
		assert_false(facts.trusted);
		assert_says(e.text, "not for b.test");
		/* The ticket is used up; the next session is a new one. */
		assert_true(converse(&who, &policy, host, p, memory, &facts, &e));
		assert_false(facts.resumed);
		assert_false(converse(&who, &pinned, host, p, memory, &facts, &e));
		assert_true(facts.resumed && !facts.trusted);
		assert_says(e.text, "has another key than the one in pin-sha256");
		/* Without a memory nothing is remembered. */
		assert_true(converse(&who, &policy, host, p, NULL, &facts, &e));
		assert_false(facts.resumed);
		tls_memory_free(memory);
	}
	gnutls_free(tickets.data);
	tickets = (gnutls_datum_t){NULL, 0};
	identity_release(&who);
	tls_memory_free(NULL);
}

static void tls__asks_for_a_name_and_never_for_an_address(void **state)
{
	static const struct {
		const char *host, *asked;
		struct wish wish;
	} cases[] = {
		{"pop.example.test", "pop.example.test", {{"pop.example.test"}, -1, 30, SOUND}},
		{"pop.example.test.", "pop.example.test", {{"pop.example.test"}, -1, 30, SOUND}},
		{"pöst.example", "xn--pst-sna.example", {{"xn--pst-sna.example"}, -1, 30, SOUND}},
		{"PÖST.example.", "xn--pst-sna.example", {{"xn--pst-sna.example"}, -1, 30, SOUND}},
		{"xn--pst-sna.example", "xn--pst-sna.example",
			{{"xn--pst-sna.example"}, -1, 30, SOUND}},
		{"pöst.example", "xn--pst-sna.example", {{"*.example"}, -1, 30, SOUND}},
		{"127.0.0.1", "", {{"127.0.0.1"}, -1, 30, SOUND}},
		{"::1", "", {{"::1"}, -1, 30, SOUND}},
		{"fe80::1%lo", "", {{"fe80::1"}, -1, 30, SOUND}},
	};
	const struct tls_policy policy = trusting();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = {ERROR_NONE};
		struct server v;
		struct stream *s = meet(
			&v, &cases[i].wish, BE_GOOD, NULL, &policy, cases[i].host, &e);

		/* One label is too little for a wildcard: that it is asked for is what counts. */
		if (!s && !strchr(cases[i].wish.names[0], '*'))
			fail_msg("%s: %s", cases[i].host, e.text);
		stream_free(s);
		server_join(&v);
		assert_string_equal(v.name, cases[i].asked);
	}
}

/* ---- the authorities of the system ---- */

/* Of another system than this one; NULL: of this one. */
static int (*other_system)(gnutls_certificate_credentials_t credentials);

int __real_gnutls_certificate_set_x509_system_trust(gnutls_certificate_credentials_t credentials);
int __wrap_gnutls_certificate_set_x509_system_trust(gnutls_certificate_credentials_t credentials);

int __wrap_gnutls_certificate_set_x509_system_trust(gnutls_certificate_credentials_t credentials)
{
	return other_system ? other_system(credentials)
			    : __real_gnutls_certificate_set_x509_system_trust(credentials);
}

static int read_whole_system(gnutls_certificate_credentials_t credentials)
{
	whole_system_read++;
	return gnutls_certificate_set_x509_trust_file(
		credentials, trust_system_file, GNUTLS_X509_FMT_PEM);
}

static void add_certificate(int fd, const struct identity *who)
{
	gnutls_datum_t pem;

	must(gnutls_x509_crt_export2(who->crt, GNUTLS_X509_FMT_PEM, &pem));
	assert_int_equal(write(fd, pem.data, pem.size), pem.size);
	gnutls_free(pem.data);
}

/* A file of many: with_ours, the authority is one of them. */
static void write_bundle(bool with_ours)
{
	static const char broken[] = "# Some words\n-----BEGIN CERTIFICATE-----\nno base64\n"
				     "-----END CERTIFICATE-----\n";
	int fd = open(bundle_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	for (int i = 0; i < 12; i++) {
		struct identity other = new_authority("Another CA");

		add_certificate(fd, &other);
		identity_release(&other);
		if (i == 1 && with_ours)
			add_certificate(fd, &authority);
	}
	assert_int_equal(write(fd, broken, strlen(broken)), strlen(broken));
	close(fd);
}

static int use_system(void **state)
{
	(void)state;
	write_bundle(true);
	of_system = true;
	whole_system_read = 0;
	trust_system_file = bundle_path;
	other_system = read_whole_system;
	return 0;
}

static int use_file(void **state)
{
	(void)state;
	of_system = false;
	trust_system_file = NULL;
	other_system = NULL;
	unlink(bundle_path);
	return 0;
}

static void tls__reads_of_the_systems_authorities_what_it_needs(void **state)
{
	struct tls_policy policy = trusting();
	struct identity who = new_server(&good);
	struct tls_memory *memory = tls_memory_new();
	struct error e = {ERROR_NONE};

	(void)state;
	for (int session = 0; session < 2; session++)
		assert_true(converse(&who, &policy, "pop.example.test", NULL, memory, NULL, &e));
	assert_int_equal(whole_system_read, 0);
	/* A verdict against the server is one by all. */
	assert_false(converse(&who, &policy, "pop.example.org", NULL, memory, NULL, &e));
	assert_int_equal(whole_system_read, 1);
	assert_true(converse(&who, &policy, "pop.example.test", NULL, memory, NULL, &e));
	assert_int_equal(whole_system_read, 1);
	tls_memory_free(memory);
	/* In a file that is named it is the same. */
	policy.ca_file = bundle_path;
	memory = tls_memory_new();
	assert_true(converse(&who, &policy, "pop.example.test", NULL, memory, NULL, &e));
	assert_false(converse(&who, &policy, "pop.example.org", NULL, memory, NULL, &e));
	assert_says(e.text, "not for pop.example.org");
	tls_memory_free(memory);
	/* The file, and the system, do not know who has signed. */
	write_bundle(false);
	memory = tls_memory_new();
	assert_false(converse(&who, &policy, "pop.example.test", NULL, memory, NULL, &e));
	assert_says(e.text, "unknown issuer");
	assert_int_equal(whole_system_read, 1);
	tls_memory_free(memory);
	policy.ca_file = NULL;
	memory = tls_memory_new();
	assert_false(converse(&who, &policy, "pop.example.test", NULL, memory, NULL, &e));
	assert_says(e.text, "unknown issuer");
	assert_int_equal(whole_system_read, 2);
	tls_memory_free(memory);
	/* Without that file it is GnuTLS that knows. */
	write_bundle(true);
	memory = tls_memory_new();
	trust_system_file = "/nonexistent";
	assert_false(tls_memory_prepare(memory, &policy, &e));
	assert_int_equal(whole_system_read, 3);
	tls_memory_free(memory);
	identity_release(&who);
}

static void authorities__are_picked_by_name(void **state)
{
	const struct identity *all[] = {&stranger, &authority, &stranger};
	struct buf bundle = {NULL, 0, 0}, picked = {NULL, 0, 0};
	gnutls_datum_t name, pem;
	struct span names[2];
	size_t whole;

	(void)state;
	must(gnutls_x509_crt_get_raw_dn(authority.crt, &name));
	names[0] = span_of("no such name");
	names[1] = (struct span){(const char *)name.data, name.size};
	for (size_t i = 0; i < 3; i++) {
		must(gnutls_x509_crt_export2(all[i]->crt, GNUTLS_X509_FMT_PEM, &pem));
		buf_add(&bundle, pem.data, pem.size);
		gnutls_free(pem.data);
	}
	assert_int_equal(authorities_pick(buf_span(&bundle), names, 1, &picked), 0);
	assert_int_equal(authorities_pick(buf_span(&bundle), names, 2, &picked), 1);
	must(gnutls_x509_crt_export2(authority.crt, GNUTLS_X509_FMT_PEM, &pem));
	/* What is picked ends in one line end, whatever stood there. */
	assert_int_equal(picked.len, pem.size);
	assert_memory_equal(picked.data, pem.data, pem.size);
	/* Wherever the file is cut off: it is there when its last line is. */
	whole = (size_t)(strstr(bundle.data, (const char *)picked.data) - bundle.data) + pem.size -
		1;
	for (size_t len = 0; len <= bundle.len; len++) {
		buf_clear(&picked);
		assert_int_equal(
			authorities_pick((struct span){bundle.data, len}, names, 2, &picked),
			len >= whole);
	}
	gnutls_free(pem.data);
	gnutls_free(name.data);
	buf_release(&bundle);
	buf_release(&picked);
}

static int read_none(gnutls_certificate_credentials_t credentials)
{
	(void)credentials;
	return 0;
}

static void tls__needs_authorities_or_a_pin(void **state)
{
	struct tls_policy policy = {.mode = TLS_IMPLICIT, .min = TLS_1_2};
	struct identity who = new_server(&good);
	struct tls_memory *memory = tls_memory_new();
	struct error e = {ERROR_NONE};
	unsigned char key[32];
	char pin[64];

	(void)state;
	trust_system_file = NULL;
	other_system = read_none;
	assert_false(tls_memory_prepare(memory, &policy, &e));
	assert_int_equal(e.kind, ERROR_CONFIG);
	assert_string_equal(e.text, "this system has no certificate authorities to trust");
	assert_string_equal(e.remedy, "ca-certificates");
	assert_false(converse(&who, &policy, "pop.example.test", NULL, memory, NULL, &e));
	digest_of(who.crt, false, key);
	write_base64(key, "", pin, sizeof(pin));
	policy.pins = pin;
	assert_true(converse(&who, &policy, "pop.example.test", NULL, memory, NULL, &e));
	other_system = NULL;
	tls_memory_free(memory);
	identity_release(&who);
}

/* A file with the certificate, and the key behind it. */
static void write_pair(const char *path, const struct identity *who)
{
	gnutls_datum_t crt, key;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(gnutls_x509_crt_export2(who->crt, GNUTLS_X509_FMT_PEM, &crt));
	must(gnutls_x509_privkey_export2(who->key, GNUTLS_X509_FMT_PEM, &key));
	assert_true(fd >= 0 && file_write_all(fd, crt.data, crt.size) &&
		file_write_all(fd, key.data, key.size));
	close(fd);
	gnutls_free(crt.data);
	gnutls_free(key.data);
}

static void tls__shows_its_certificate_only_to_whom_it_trusts(void **state)
{
	static const char *const priorities[] = {
		"NORMAL:-VERS-ALL:+VERS-TLS1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.2"};
	char path[300];
	struct identity who = new_server(&good), we = new_server(&good);
	struct tls_policy policy = trusting();

	(void)state;
	snprintf(path, sizeof(path), "%s/pair.pem", folder);
	write_pair(path, &we);
	policy.client_cert = path;
	ask = true;
	for (size_t i = 0; i < 2 * sizeof(priorities) / sizeof(priorities[0]); i++) {
		bool right = i % 2;
		const struct tls_peer peer = {
			right ? "pop.example.test" : "imap.example.test", 995, 100000, -1};
		struct error e = {ERROR_NONE};
		struct server v;
		static struct tls_facts facts;
		struct stream *s = stream_over_fd(
			server_start(&v, &who, BE_GOOD, priorities[i / 2]));

		if (tls_inspect(&s, &policy, &peer, NULL, &facts, &e) != right)
			fail_msg("%s", e.text);
		assert_true(facts.seen && facts.n == 1);
		assert_int_equal(facts.trusted, right);
		if (!right)
			assert_string_equal(e.text,
				"the certificate is for pop.example.test, 127.0.0.1, not for "
				"imap.example.test");
		stream_free(s);
		server_join(&v);
		assert_int_equal(v.was_shown, right);
		assert_int_equal(v.failure, right ? 0 : GNUTLS_E_FATAL_ALERT_RECEIVED);
	}
	ask = false;
	unlink(path);
	identity_release(&who);
	identity_release(&we);
}

static void tls__stops_when_asked_to(void **state)
{
	const struct tls_policy policy = trusting();
	struct error e = {ERROR_NONE};
	struct server v;
	struct stream *s = stream_over_fd(server_start(&v, NULL, BE_SILENT, NULL));
	int stop[2];

	(void)state;
	assert_int_equal(pipe(stop), 0);
	assert_true(file_write_all(stop[1], "x", 1));
	assert_false(tls_start(&s, &policy, "pop.example.test", 995, 5000, stop[0], &e));
	assert_int_equal(e.kind, ERROR_INTERRUPTED);
	close(stop[0]);
	close(stop[1]);
	server_join(&v);
}

static void tls__takes_a_cut_for_an_end(void **state)
{
	static const enum conduct ways[] = {CUT, CUT_SHORT};
	const struct tls_policy policy = trusting();

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct error e = {ERROR_NONE};
		struct server v;
		struct stream *s = meet(&v, &good, ways[i], NULL, &policy, "pop.example.test", &e);
		char text[64];
		size_t have = 0, n = 0;

		assert_non_null(s);
		assert_int_equal(read_some(s, text, sizeof(text), 64, &have, &e), STREAM_EOF);
		assert_int_equal(have, 11);
		/* Also when asked again. */
		assert_int_equal(s->ops->read(s, text, 1, &n, &e), STREAM_EOF);
		assert_int_equal(
			s->ops->write(s, (struct span){"QUIT\r\n", 6}, &n, &e), STREAM_FAILED);
		assert_int_equal(e.kind, ERROR_NETWORK);
		stream_free(s);
		server_join(&v);
	}
}

/* Both ways at once, with reads of piece octets; the server asks for new keys in between. */
static void exchange(const char *priority, size_t piece)
{
	static char in[BIG], out[BIG];
	const struct tls_policy policy = trusting();
	struct error e = {ERROR_NONE};
	struct server v;
	struct stream *s = meet(&v, &good, FLOOD, priority, &policy, "pop.example.test", &e);
	size_t got = 0, sent = 0;

	if (!s)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < BIG; i++)
		out[i] = pattern(i);
	while (got < BIG || sent < BIG) {
		size_t n = 0, room = BIG - got < piece ? BIG - got : piece;
		enum stream_status went = STREAM_WANT_READ, came = STREAM_WANT_READ;

		if (sent < BIG)
			went = s->ops->write(s, (struct span){out + sent, BIG - sent}, &n, &e);
		if (went == STREAM_OK)
			sent += n;
		if (got < BIG)
			came = s->ops->read(s, in + got, room, &n, &e);
		if (came == STREAM_OK)
			got += n;
		if (went == STREAM_FAILED || came == STREAM_FAILED || came == STREAM_EOF)
			fail_msg("%zu of %d read, %zu written: %s", got, BIG, sent, e.text);
		struct pollfd fd = {.fd = s->ops->fd(s),
			.events = (short)(POLLIN | (went == STREAM_WANT_WRITE ? POLLOUT : 0))};

		if (went != STREAM_OK && came != STREAM_OK && !s->ops->pending(s))
			assert_true(poll(&fd, 1, 60000) > 0);
	}
	for (size_t i = 0; i < BIG; i++)
		if (in[i] != pattern(i))
			fail_msg("octet %zu is wrong", i);
	stream_free(s);
	server_join(&v);
	assert_int_equal(v.failure, 0);
}

static void tls__carries_much_both_ways(void **state)
{
	(void)state;
	exchange("NORMAL:-VERS-ALL:+VERS-TLS1.3", 64 * 1024);
	exchange("NORMAL:-VERS-ALL:+VERS-TLS1.3", 13);
	exchange("NORMAL:-VERS-ALL:+VERS-TLS1.2", 1000);
}

/* A stream that counts calls, to see how often the socket would be touched. */
struct counted {
	struct stream stream;
	struct stream *lower;
	int reads, writes;
};

static enum stream_status counted_read(
	struct stream *s, void *data, size_t room, size_t *done, struct error *e)
{
	struct counted *c = (struct counted *)s;

	c->reads++;
	return c->lower->ops->read(c->lower, data, room, done, e);
}

static enum stream_status counted_write(
	struct stream *s, struct span octets, size_t *done, struct error *e)
{
	struct counted *c = (struct counted *)s;

	c->writes++;
	return c->lower->ops->write(c->lower, octets, done, e);
}

static bool counted_pending(const struct stream *s)
{
	(void)s;
	return false;
}

static int counted_fd(const struct stream *s)
{
	const struct counted *c = (const struct counted *)s;

	return c->lower->ops->fd(c->lower);
}

static void counted_free(struct stream *s)
{
	struct counted *c = (struct counted *)s;

	stream_free(c->lower);
	c->lower = NULL;
}

static void tls__sends_a_burst_in_one_piece(void **state)
{
	static const struct stream_ops ops = {
		counted_read, counted_write, counted_pending, counted_fd, counted_free};
	const struct tls_policy policy = trusting();
	struct identity who = new_server(&good);
	struct error e = {ERROR_NONE};
	struct server v;
	struct counted c = {{&ops}, stream_over_fd(server_start(&v, &who, BE_GOOD, NULL)), 0, 0};
	struct stream *s = &c.stream;
	char burst[4000], text[4011];
	size_t have = 0;

	(void)state;
	memset(burst, 'a', sizeof(burst));
	assert_true(tls_start(&s, &policy, "pop.example.test", 995, 100000, -1, &e));
	/* The client's first and second flight. */
	assert_in_range(c.writes, 2, 3);
	assert_int_equal(read_some(s, text, 11, 11, &have, &e), STREAM_OK);
	c.writes = 0;
	write_all(s, burst, sizeof(burst));
	assert_int_equal(c.writes, 1);
	assert_int_equal(read_some(s, text, sizeof(text), sizeof(text), &have, &e), STREAM_OK);
	stream_free(s);
	server_join(&v);
	identity_release(&who);
}

static void tls__checks_its_files_before(void **state)
{
	char missing[] = "/nonexistent.pem", empty[300];
	struct tls_policy policy = {.mode = TLS_IMPLICIT, .ca_file = missing, .min = TLS_1_2};
	struct error e = {ERROR_NONE};
	int fd;

	(void)state;
	assert_false(tls_check(&policy, &e));
	assert_int_equal(e.kind, ERROR_CONFIG);
	assert_string_equal(e.text, "ca-file \"/nonexistent.pem\": No such file or directory");
	snprintf(empty, sizeof(empty), "%s/empty.pem", folder);
	fd = open(empty, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0 && file_write_all(fd, "no certificate\n", 15));
	close(fd);
	policy.ca_file = empty;
	assert_false(tls_check(&policy, &e));
	assert_int_equal(e.kind, ERROR_CONFIG);
	assert_says(e.text, "holds no certificate");
	policy.mode = TLS_NONE;
	assert_true(tls_check(&policy, &e));
	policy = (struct tls_policy){.mode = TLS_IMPLICIT, .min = TLS_1_2};
	assert_true(tls_check(&policy, &e));
	setenv("SSL_CERT_FILE", missing, 1);
	assert_false(tls_check(&policy, &e));
	assert_says(e.text, "SSL_CERT_FILE \"/nonexistent.pem\": No such file");
	unsetenv("SSL_CERT_FILE");
	policy.ca_file = ca_path;
	assert_true(tls_check(&policy, &e));
	unlink(empty);
}

static int set_up(void **state)
{
	const char *tmp = getenv("TMPDIR");
	gnutls_datum_t pem;
	bool done;
	int fd;

	(void)state;
	unsetenv("SSL_CERT_FILE");
	snprintf(folder, sizeof(folder), "%s/ambil-net-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(folder))
		return -1;
	snprintf(ca_path, sizeof(ca_path), "%s/ca.pem", folder);
	snprintf(bundle_path, sizeof(bundle_path), "%s/bundle.pem", folder);
	authority = new_authority("UX Test CA");
	stranger = new_authority("Stranger");
	must(gnutls_x509_crt_export2(authority.crt, GNUTLS_X509_FMT_PEM, &pem));
	fd = open(ca_path, O_WRONLY | O_CREAT, 0600);
	done = fd >= 0 && file_write_all(fd, pem.data, pem.size);
	close(fd);
	gnutls_free(pem.data);
	return done ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	identity_release(&authority);
	identity_release(&stranger);
	unlink(ca_path);
	return rmdir(folder);
}

#define OF_SYSTEM_TEST(test) cmocka_unit_test_setup_teardown(test, use_system, use_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls__talks),
		cmocka_unit_test(tls__verifies),
		OF_SYSTEM_TEST(tls__verifies),
		OF_SYSTEM_TEST(tls__ignores_a_common_name_beside_an_address),
		OF_SYSTEM_TEST(tls__names_the_fault_of_another_in_the_chain),
		OF_SYSTEM_TEST(tls__resumes_and_verifies_anew),
		OF_SYSTEM_TEST(tls__shows_its_certificate_only_to_whom_it_trusts),
		OF_SYSTEM_TEST(tls__reads_of_the_systems_authorities_what_it_needs),
		cmocka_unit_test(authorities__are_picked_by_name),
		cmocka_unit_test(tls__ignores_a_common_name_beside_an_address),
		cmocka_unit_test(tls__names_an_unknown_issuer),
		cmocka_unit_test(tls__names_the_fault_of_another_in_the_chain),
		cmocka_unit_test(tls__verifies_the_name_that_is_set),
		cmocka_unit_test(tls__tells_what_went_wrong_in_the_handshake),
		cmocka_unit_test(tls__goes_down_to_what_the_policy_allows),
		cmocka_unit_test(tls__shows_what_it_saw),
		cmocka_unit_test(tls__binds_a_login_to_the_connection),
		cmocka_unit_test(tls__takes_a_pin_for_the_key_or_the_certificate),
		cmocka_unit_test(tls__lets_a_pin_stand_for_all_but_the_strength),
		cmocka_unit_test(tls_check_pins__says_what_is_wrong),
		cmocka_unit_test(tls__keeps_the_strength_that_a_keyword_stands_for),
		cmocka_unit_test(tls_check_priority__finds_the_fault),
		cmocka_unit_test(tls__offers_what_the_priority_says_and_tls_min_allows),
		cmocka_unit_test(tls__resumes_and_verifies_anew),
		cmocka_unit_test(tls__asks_for_a_name_and_never_for_an_address),
		cmocka_unit_test(tls__needs_authorities_or_a_pin),
		cmocka_unit_test(tls__shows_its_certificate_only_to_whom_it_trusts),
		cmocka_unit_test(tls__stops_when_asked_to),
		cmocka_unit_test(tls__takes_a_cut_for_an_end),
		cmocka_unit_test(tls__carries_much_both_ways),
		cmocka_unit_test(tls__sends_a_burst_in_one_piece),
		cmocka_unit_test(tls__checks_its_files_before),
	};

	return cmocka_run_group_tests_name("tls", tests, set_up, tear_down);
}
