/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plainest client: one connection, one GET, and the answer to its end or to the deadline. */
#include "net/https.h"

#include <stdlib.h>

#include "net/http.h"
#include "net/wait.h"

enum { HTTPS_PORT = 443, READ_MAX = 16 * 1024 };

struct talk {
	const struct https_file *file;
	struct stream *stream;
	struct http answer;
};

static bool late(const struct talk *t, struct error *e)
{
	return error_set(e, ERROR_NETWORK, "%s did not answer in time", t->file->host);
}

/* Until the stream can go on, when it said what it waits for. */
static bool wait_on(struct talk *t, enum stream_status wants, struct error *e)
{
	struct pollfd fds[2] = {{.fd = t->stream->ops->fd(t->stream),
		.events = wants == STREAM_WANT_WRITE ? POLLOUT : POLLIN}};

	switch (wait_for(fds, 1, t->file->stop_fd, t->file->deadline_ms)) {
	case WAIT_READY:
		return true;
	case WAIT_STOPPED:
		return wait_stopped(e);
	case WAIT_LATE:
		break;
	}
	return late(t, e);
}

static bool say(struct talk *t, struct span words, struct error *e)
{
	while (words.len) {
		size_t n = 0;
		enum stream_status went = t->stream->ops->write(t->stream, words, &n, e);

		if (went == STREAM_FAILED)
			return false;
		if (went == STREAM_OK) {
			words.data += n;
			words.len -= n;
		} else if (!wait_on(t, went, e)) {
			return false;
		}
	}
	return true;
}

static bool hear(struct talk *t, struct error *e)
{
	char *room = xmalloc(READ_MAX);
	enum http_state state = HTTP_MORE;
	bool goes_on = true;

	while (goes_on && state == HTTP_MORE) {
		size_t n = 0;
		enum stream_status got = t->stream->ops->read(t->stream, room, READ_MAX, &n, e);

		if (got == STREAM_OK)
			state = http_feed(&t->answer, (struct span){room, n});
		else if (got == STREAM_EOF)
			state = http_end(&t->answer);
		else
			goes_on = got != STREAM_FAILED && wait_on(t, got, e);
		/* One that never pauses is not waited for. */
		if (goes_on && state == HTTP_MORE && clock_ms() >= t->file->deadline_ms)
			goes_on = late(t, e);
	}
	free(room);
	return goes_on;
}

static bool is_bad(const struct talk *t, struct error *e)
{
	const char *host = t->file->host;

	switch (t->answer.fault) {
	case HTTP_LONG:
		return error_set(e, ERROR_PROTOCOL, "the answer of %s is too long", host);
	case HTTP_ENCODED:
		return error_set(e, ERROR_PROTOCOL, "the answer of %s is compressed", host);
	case HTTP_CUT:
		return error_set(e, ERROR_NETWORK,
			"%s closed the connection before its answer was complete", host);
	case HTTP_SOUND:
	case HTTP_OTHER:
	case HTTP_BROKEN:
		break;
	}
	return error_set(e, ERROR_PROTOCOL, "%s does not speak HTTP as it should", host);
}

static bool take_answer(const struct talk *t, struct buf *out, struct error *e)
{
	const struct http *answer = &t->answer;

	if (answer->state == HTTP_BAD)
		return is_bad(t, e);
	if (answer->status != 200)
		return error_set(e, ERROR_INPUT, "%s answered with status %u", t->file->host,
			(unsigned)answer->status);
	buf_add(out, answer->body.data, answer->body.len);
	return true;
}

static bool exchange(struct talk *t, struct buf *out, struct error *e)
{
	struct buf request = {NULL, 0, 0};
	bool done;

	buf_printf(&request,
		"GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: ambil\r\nAccept: */*\r\n"
		"Accept-Encoding: identity\r\nConnection: close\r\n\r\n",
		t->file->path, t->file->host);
	http_init(&t->answer, t->file->max);
	done = say(t, buf_span(&request), e) && hear(t, e) && take_answer(t, out, e);
	http_release(&t->answer);
	buf_release(&request);
	return done;
}

bool https_get(const struct https_file *file, struct buf *out, struct error *e)
{
	const struct tls_policy policy = {
		.mode = TLS_IMPLICIT, .ca_file = file->ca_file, .min = TLS_1_2};
	struct endpoint to = *file->way;
	struct talk t = {.file = file};
	int64_t left = file->deadline_ms - clock_ms();
	bool done;

	to.host = file->host;
	to.port = HTTPS_PORT;
	to.connect_timeout_ms = left > 1 ? left : 1;
	if (!dial(&to, file->stop_fd, &t.stream, e))
		return false;
	left = file->deadline_ms - clock_ms();
	if (!tls_start(&t.stream, &policy, file->host, HTTPS_PORT, left > 1 ? left : 1,
		    file->stop_fd, e))
		return false;
	done = exchange(&t, out, e);
	stream_free(t.stream);
	return done;
}
