/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network's own speed: logs in as a polite client does, asks for all messages in one go and
 * throws away what comes, looking only for the dots that end a message. The limit beside which the
 * benchmark sets the fetchers.
 *
 *     rawread [-t CA-FILE] [-d] [-u USER] PORT MESSAGES       (-d: delete them)
 *
 * It waits for the server six times: handshake, greeting, CAPA, login with UIDL behind it, all
 * RETRs, the DELEs with QUIT. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 256 << 10, CARRY = 4, COMMAND_MAX = 32 };

static const char end_of_text[] = "\r\n.\r\n", end_of_line[] = "\r\n";

struct link {
	int fd;
	gnutls_session_t tls; /* NULL: in clear */
	char in[CARRY + PIECE];
	size_t carried;
};

static void fail(const char *what)
{
	fprintf(stderr, "rawread: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void dial(struct link *l, int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (l->fd < 0 || connect(l->fd, (struct sockaddr *)&to, sizeof to) != 0)
		fail("connect");
	setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void shake_hands(struct link *l, const char *ca_file)
{
	gnutls_certificate_credentials_t trust;
	int done;

	gnutls_certificate_allocate_credentials(&trust);
	if (gnutls_certificate_set_x509_trust_file(trust, ca_file, GNUTLS_X509_FMT_PEM) < 1)
		fail(ca_file);
	gnutls_init(&l->tls, GNUTLS_CLIENT);
	gnutls_set_default_priority(l->tls);
	gnutls_credentials_set(l->tls, GNUTLS_CRD_CERTIFICATE, trust);
	gnutls_session_set_verify_cert(l->tls, "localhost", 0);
	gnutls_transport_set_int(l->tls, l->fd);
	do
		done = gnutls_handshake(l->tls);
	while (done < 0 && !gnutls_error_is_fatal(done));
	if (done < 0)
		fail(gnutls_strerror(done));
}

/* Both return 0 for "not now"; receiving ends the program where the stream does. */
static size_t try_send(struct link *l, const char *data, size_t len)
{
	ssize_t n = l->tls ? gnutls_record_send(l->tls, data, len)
			   : send(l->fd, data, len, MSG_NOSIGNAL);

	if (n > 0)
		return (size_t)n;
	if (l->tls ? n == GNUTLS_E_AGAIN : errno == EAGAIN)
		return 0;
	fail("send");
	return 0;
}

static size_t try_receive(struct link *l, bool *ended)
{
	char *to = l->in + l->carried;
	ssize_t n = l->tls ? gnutls_record_recv(l->tls, to, PIECE) : recv(l->fd, to, PIECE, 0);

	*ended = n == 0;
	if (n >= 0)
		return (size_t)n;
	if (l->tls ? !gnutls_error_is_fatal((int)n) : errno == EAGAIN)
		return 0;
	fail("receive");
	return 0;
}

/* Counts how often the pattern ends in what has just come, and keeps its last octets. */
static uint64_t count(struct link *l, size_t got, const char *pattern)
{
	size_t len = l->carried + got, want = strlen(pattern), keep = want - 1;
	char *at = l->in, *end = l->in + len;
	uint64_t n = 0;

	/* The dot is rare, a line end is not. */
	while (end - at >= (ptrdiff_t)want) {
		size_t dot = want > 2 ? 2 : 0;
		char *found = memchr(at + dot, pattern[dot], (size_t)(end - at) - keep);
		if (!found)
			break;
		at = found - dot + 1;
		n += memcmp(found - dot, pattern, want) == 0;
	}
	l->carried = len < keep ? len : keep;
	memmove(l->in, end - l->carried, l->carried);
	return n;
}

/* Sends the commands while reading, until the pattern has come often enough or, with 0, the server
 * has closed. */
static void converse(
	struct link *l, const char *out, size_t len, const char *pattern, uint64_t want)
{
	bool ended = false;
	size_t sent = 0;

	for (uint64_t have = 0; !ended && (!want || have < want || sent < len);) {
		size_t now = sent < len ? try_send(l, out + sent, len - sent) : 0;
		size_t got = try_receive(l, &ended);
		struct pollfd p = {.fd = l->fd, .events = POLLIN};

		sent += now;
		have += count(l, got, pattern);
		if (sent < len)
			p.events |= POLLOUT;
		if (!now && !got && !ended && poll(&p, 1, -1) < 0)
			fail("poll");
	}
	if (ended && want)
		fail("the server closed the connection too early");
	l->carried = 0;
}

static char *commands(const char *verb, unsigned n, const char *tail, size_t *len)
{
	char *text = malloc(((size_t)n + 1) * COMMAND_MAX);

	if (!text)
		fail("memory");
	*len = 0;
	for (unsigned i = 1; i <= n; i++)
		*len += (size_t)snprintf(text + *len, COMMAND_MAX, "%s %u\r\n", verb, i);
	*len += (size_t)snprintf(text + *len, COMMAND_MAX, "%s", tail);
	return text;
}

static void talk(struct link *l, const char *user, unsigned n, bool delete)
{
	char login[256];
	char *text;
	size_t len;

	converse(l, "", 0, end_of_line, 1);
	converse(l, "CAPA\r\n", 6, end_of_text, 1);
	len = (size_t)snprintf(login, sizeof login, "USER %s\r\nPASS secret\r\nUIDL\r\n", user);
	converse(l, login, len, end_of_text, 1);
	if (n) {
		text = commands("RETR", n, "", &len);
		converse(l, text, len, end_of_text, n);
		free(text);
	}
	text = commands("DELE", delete ? n : 0, "QUIT\r\n", &len);
	converse(l, text, len, end_of_line, 0);
	free(text);
}

int main(int argc, char **argv)
{
	static struct link l;
	const char *ca_file = NULL, *user = "anna";
	bool delete = false;
	int option;

	while ((option = getopt(argc, argv, "t:u:d")) >= 0) {
		if (option == 't')
			ca_file = optarg;
		else if (option == 'u')
			user = optarg;
		else
			delete = true;
	}
	if (argc - optind != 2)
		fail("rawread [-t CA-FILE] [-d] [-u USER] PORT MESSAGES");
	dial(&l, (int)strtol(argv[optind], NULL, 10));
	if (ca_file)
		shake_hands(&l, ca_file);
	fcntl(l.fd, F_SETFL, O_NONBLOCK);
	talk(&l, user, (unsigned)strtoul(argv[optind + 1], NULL, 10), delete);
	return 0;
}
