/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_TESTS_NET_HELPERS_H
#define AMBIL_TESTS_NET_HELPERS_H

/* What the tests of streams share; cmocka.h has to be included before. */
#include <gnutls/gnutls.h>
#include <poll.h>
#include <string.h>

#include "net/stream.h"

static inline void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" does not hold \"%s\"", text, part);
}

static inline void must(int rc)
{
	if (rc < 0)
		fail_msg("GnuTLS: %s", gnutls_strerror(rc));
}

/* Waits as a caller of a stream does; false when five seconds did not help. */
static inline bool await(struct stream *s, enum stream_status wanted)
{
	struct pollfd fd = {
		.fd = s->ops->fd(s), .events = wanted == STREAM_WANT_WRITE ? POLLOUT : POLLIN};

	return s->ops->pending(s) || poll(&fd, 1, 5000) > 0;
}

/* Reads until *into has len octets or something else happens, which is returned. */
static inline enum stream_status read_some(
	struct stream *s, char *into, size_t len, size_t piece, size_t *have, struct error *e)
{
	while (*have < len) {
		size_t n = 0, room = len - *have < piece ? len - *have : piece;
		enum stream_status got = s->ops->read(s, into + *have, room, &n, e);

		if (got == STREAM_OK) {
			assert_in_range(n, 1, room);
			*have += n;
		} else if (got == STREAM_EOF || got == STREAM_FAILED) {
			return got;
		} else {
			assert_true(await(s, got));
		}
	}
	return STREAM_OK;
}

static inline void write_all(struct stream *s, const char *data, size_t len)
{
	struct error e = {ERROR_NONE};

	while (len) {
		size_t n = 0;
		enum stream_status went = s->ops->write(s, (struct span){data, len}, &n, &e);

		if (went == STREAM_FAILED)
			fail_msg("%s", e.text);
		if (went == STREAM_OK) {
			assert_in_range(n, 1, len);
			data += n;
			len -= n;
		} else {
			assert_true(await(s, went));
		}
	}
}

#endif
