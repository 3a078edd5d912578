/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines are taken whole, bodies as they come. A body has the length that a field says, or ends with
 * the connection, or comes in chunks (RFC 9112 s.6.3, 7.1); anything else that was done to it, such
 * as compression, was not asked for and is not undone.
 */
#include "net/http.h"

#include <string.h>

#include "base/parse.h"

enum { LINE_MAX_OCTETS = 8 * 1024, HEADER_MAX_OCTETS = 32 * 1024, STATUS_OK = 200 };
static const char version[] = "HTTP/1.";

void http_init(struct http *h, size_t body_max)
{
	memset(h, 0, sizeof(*h));
	h->body_max = body_max;
}

void http_release(struct http *h)
{
	buf_release(&h->line);
	buf_release(&h->body);
}

static void spoil(struct http *h, enum http_fault fault)
{
	h->state = HTTP_BAD;
	h->fault = fault;
}

bool http_status_line(struct span line, uint32_t *status, struct span *reason)
{
	const size_t code = sizeof(version) + 1; /* behind a digit and a space */

	if (line.len < code + 3 || memcmp(line.data, version, sizeof(version) - 1) != 0 ||
		line.data[code - 2] < '0' || line.data[code - 2] > '9' ||
		line.data[code - 1] != ' ' || (line.len > code + 3 && line.data[code + 3] != ' ') ||
		!parse_u32((struct span){line.data + code, 3}, 599, status) || *status < 100)
		return false;
	*reason = span_trim((struct span){line.data + code + 3, line.len - code - 3});
	return true;
}

static void take_length(struct http *h, struct span value)
{
	/* Two that differ would leave a choice where the answer ends. */
	uint64_t said;

	if (!parse_u64(value, UINT64_MAX, &said) || (h->sized && said != h->left))
		spoil(h, HTTP_BROKEN);
	h->left = said;
	h->sized = true;
}

static void take_field(struct http *h, struct span line)
{
	const char *colon = memchr(line.data, ':', line.len);
	struct span name = {line.data, colon ? (size_t)(colon - line.data) : 0}, value;

	if (!name.len) {
		spoil(h, HTTP_OTHER);
		return;
	}
	value = span_trim((struct span){colon + 1, line.len - name.len - 1});
	if (span_is_nocase(name, "Content-Length")) {
		take_length(h, value);
	} else if (span_is_nocase(name, "Transfer-Encoding")) {
		h->chunked = true;
		if (!span_is_nocase(value, "chunked"))
			spoil(h, HTTP_ENCODED);
	} else if (span_is_nocase(name, "Content-Encoding") && !span_is_nocase(value, "identity")) {
		spoil(h, HTTP_ENCODED);
	}
}

/* The empty line behind the fields. */
static void end_fields(struct http *h)
{
	if (h->status < STATUS_OK) {
		/* Another answer follows (RFC 9110 s.15.2). */
		h->part = HTTP_STATUS;
		h->sized = h->chunked = false;
	} else if (h->status != STATUS_OK) {
		h->state = HTTP_DONE;
	} else if (h->chunked) {
		h->part = HTTP_CHUNK_SIZE;
	} else if (!h->sized) {
		h->part = HTTP_UNTIL_END;
	} else if (h->left > h->body_max) {
		spoil(h, HTTP_LONG);
	} else {
		h->part = HTTP_SIZED;
		if (!h->left)
			h->state = HTTP_DONE;
	}
}

/* Hexadecimal digits, and perhaps what extends them behind a semicolon. */
static void take_chunk_size(struct http *h, struct span line)
{
	size_t n = 0;

	h->left = 0;
	while (n < line.len && parse_hex_digit(line.data[n]) >= 0 && h->left <= h->body_max)
		h->left = h->left * 16 + (uint64_t)parse_hex_digit(line.data[n++]);
	if (h->left > h->body_max - h->body.len)
		spoil(h, HTTP_LONG);
	else if (!n || (n < line.len && !strchr("; \t", line.data[n])))
		spoil(h, HTTP_BROKEN);
	else
		h->part = h->left ? HTTP_CHUNK : HTTP_TRAILER;
}

static void take_line(struct http *h, struct span line)
{
	struct span reason;

	switch (h->part) {
	case HTTP_STATUS:
		if (!http_status_line(line, &h->status, &reason))
			spoil(h, HTTP_OTHER);
		h->part = HTTP_FIELDS;
		break;
	case HTTP_FIELDS:
		if (line.len)
			take_field(h, line);
		else
			end_fields(h);
		break;
	case HTTP_CHUNK_SIZE:
		take_chunk_size(h, line);
		break;
	case HTTP_CHUNK_END:
		if (line.len)
			spoil(h, HTTP_BROKEN);
		h->part = HTTP_CHUNK_SIZE;
		break;
	case HTTP_TRAILER:
		if (!line.len)
			h->state = HTTP_DONE;
		break;
	case HTTP_SIZED:
	case HTTP_UNTIL_END:
	case HTTP_CHUNK:
		break;
	}
}

/* Takes octets up to a line's end, and says how many. */
static size_t feed_line(struct http *h, struct span octets)
{
	const char *end = memchr(octets.data, '\n', octets.len);
	size_t n = end ? (size_t)(end - octets.data) + 1 : octets.len;
	struct span line;

	if (n > LINE_MAX_OCTETS - h->line.len || n > HEADER_MAX_OCTETS - h->header) {
		spoil(h, HTTP_LONG);
		return n;
	}
	h->header += n;
	buf_add(&h->line, octets.data, n);
	if (!end)
		return n;
	line = span_without_cr((struct span){h->line.data, h->line.len - 1});
	take_line(h, line);
	buf_clear(&h->line);
	return n;
}

static size_t feed_body(struct http *h, struct span octets)
{
	bool counted = h->part != HTTP_UNTIL_END;
	size_t n = counted && h->left < octets.len ? (size_t)h->left : octets.len;

	if (n > h->body_max - h->body.len) {
		spoil(h, HTTP_LONG);
		return n;
	}
	buf_add(&h->body, octets.data, n);
	if (!counted)
		return n;
	h->left -= n;
	if (!h->left && h->part == HTTP_SIZED)
		h->state = HTTP_DONE;
	else if (!h->left)
		h->part = HTTP_CHUNK_END;
	return n;
}

enum http_state http_feed(struct http *h, struct span octets)
{
	while (octets.len && h->state == HTTP_MORE) {
		bool body = h->part == HTTP_SIZED || h->part == HTTP_UNTIL_END ||
			h->part == HTTP_CHUNK;
		size_t n = body ? feed_body(h, octets) : feed_line(h, octets);

		octets.data += n;
		octets.len -= n;
	}
	return h->state;
}

enum http_state http_end(struct http *h)
{
	if (h->state == HTTP_MORE && h->part == HTTP_UNTIL_END)
		h->state = HTTP_DONE;
	else if (h->state == HTTP_MORE)
		spoil(h, HTTP_CUT);
	return h->state;
}
