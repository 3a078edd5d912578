/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One message as a stream of pieces. Generated mail is handed out where it lies. Files and samples
 * go through a converter that knows two things of the octets before: whether a line has just
 * begun, and (for raw files) whether the last octet was CR. An LF becomes CRLF even behind a CR,
 * which then is content: so a client which turns CRLF into LF gets the file's octets again. */
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IN_MAX = 128 * 1024, OUT_MAX = 2 * IN_MAX + 8 };

static void open_generated(struct reader *r, const struct generator *g, uint32_t id)
{
	r->generator = g;
	r->number = id;
	r->header_len = generator_header(g, id, r->header);
	r->body = g->size > r->header_len ? g->size - r->header_len : 0;
}

bool reader_open(struct reader *r, struct mailbox *box, uint32_t id, enum stuffing stuffing,
	struct problem *p)
{
	const struct item *item = mailbox_item(box, id);

	*r = (struct reader){.fd = -1, .raw = box->style.raw, .line_start = true,
		.stuff = stuffing != STUFF_NONE, .spare_first = stuffing == STUFF_ALL_BUT_FIRST};
	if (!item) {
		open_generated(r, &box->generator, id);
		return true;
	}
	if (item->path) {
		r->fd = open(item->path, O_RDONLY | O_CLOEXEC);
		if (r->fd < 0)
			return problem_set(p, "cannot open %s: %s", item->path, strerror(errno));
	} else
		r->text = &item->text;
	r->in = mem_new(IN_MAX);
	r->out = mem_new(OUT_MAX);
	return true;
}

static struct span next_generated(struct reader *r)
{
	struct span piece;

	if (!r->header_read) {
		r->header_read = true;
		return (struct span){r->header, r->header_len};
	}
	if (r->at >= r->body)
		return (struct span){NULL, 0};
	piece = generator_body(r->generator, r->number, r->body, r->at);
	r->at += piece.len;
	return piece;
}

static struct span next_input(struct reader *r)
{
	size_t left;
	ssize_t n;

	if (r->text) {
		left = r->text->len - r->text_at;
		left = left < IN_MAX ? left : IN_MAX;
		r->text_at += left;
		return (struct span){r->text->data + r->text_at - left, left};
	}
	do
		n = read(r->fd, r->in, IN_MAX);
	while (n < 0 && errno == EINTR);
	return (struct span){r->in, n > 0 ? (size_t)n : 0};
}

/* Converts one piece of a line, which ends in LF if `whole`. */
static size_t convert(struct reader *r, struct span line, bool whole, char *out)
{
	size_t len = line.len - (whole ? 1 : 0), put = 0;

	if (r->line_start && r->stuff && !r->spare_first && line.data[0] == '.')
		out[put++] = '.';
	r->spare_first = false;
	memcpy(out + put, line.data, len);
	put += len;
	if (len)
		r->after_cr = line.data[len - 1] == '\r';
	r->line_start = whole && (!r->raw || r->after_cr);
	if (whole && !r->raw)
		out[put++] = '\r';
	if (whole)
		out[put++] = '\n';
	if (whole)
		r->after_cr = false;
	return put;
}

struct span reader_next(struct reader *r)
{
	struct span in;
	size_t put = 0;

	if (r->generator)
		return next_generated(r);
	in = next_input(r);
	while (in.len) {
		const char *end = memchr(in.data, '\n', in.len);
		size_t len = end ? (size_t)(end - in.data) + 1 : in.len;
		put += convert(r, (struct span){in.data, len}, end != NULL, r->out + put);
		in.data += len;
		in.len -= len;
	}
	if (!put && !r->ended) {
		r->ended = true;
		if (!r->line_start)
			return (struct span){"\r\n", 2};
	}
	return (struct span){r->out, put};
}

void reader_close(struct reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->in);
	free(r->out);
	*r = (struct reader){.fd = -1};
}
