/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GnuTLS takes longer to read the hundred and more authorities of a system than for all the rest of
 * a connection; a chain needs one of them. What is picked here GnuTLS reads and judges as ever: a
 * certificate too many or too few changes no verdict for the better.
 */
#include "net/authorities.h"

#include <string.h>

#include "base/base64.h"

static const char begin_mark[] = "-----BEGIN CERTIFICATE-----",
		  end_mark[] = "-----END CERTIFICATE-----";

/* Where what begins, NULL: nowhere. */
static const char *find(struct span in, struct span what)
{
	const char *at = in.data, *end = in.data + in.len;

	while (what.len && (size_t)(end - at) >= what.len) {
		at = memchr(at, what.data[0], (size_t)(end - at) - what.len + 1);
		if (!at || memcmp(at, what.data, what.len) == 0)
			return at;
		at++;
	}
	return NULL;
}

/* Takes the next certificate off *rest, with its marks; *body is what is between them. */
static bool next_certificate(struct span *rest, struct span *whole, struct span *body)
{
	const char *begin = find(*rest, span_of(begin_mark)), *end, *stop = rest->data + rest->len;

	if (!begin)
		return false;
	body->data = begin + strlen(begin_mark);
	end = find((struct span){body->data, (size_t)(stop - body->data)}, span_of(end_mark));
	if (!end)
		return false;
	body->len = (size_t)(end - body->data);
	whole->data = begin;
	whole->len = (size_t)(end - begin) + strlen(end_mark);
	*rest = (struct span){end + strlen(end_mark), (size_t)(stop - end) - strlen(end_mark)};
	return true;
}

/* The octets of a certificate. scratch: for the lines, put together. */
static bool read_body(struct span body, struct buf *scratch, struct buf *der)
{
	buf_clear(scratch);
	buf_clear(der);
	while (body.len) {
		struct span line = span_without_cr(span_line(&body));

		buf_add(scratch, line.data, line.len);
	}
	return base64_decode(buf_span(scratch), der);
}

size_t authorities_pick(struct span bundle, const struct span *names, size_t n, struct buf *pem)
{
	struct buf scratch = {NULL, 0, 0}, der = {NULL, 0, 0};
	struct span whole, body;
	size_t picked = 0;

	while (next_certificate(&bundle, &whole, &body)) {
		bool wanted = false;

		if (!read_body(body, &scratch, &der))
			continue;
		for (size_t i = 0; i < n && !wanted; i++)
			wanted = find(buf_span(&der), names[i]) != NULL;
		if (!wanted)
			continue;
		buf_add(pem, whole.data, whole.len);
		buf_add_text(pem, "\n");
		picked++;
	}
	buf_release(&scratch);
	buf_release(&der);
	return picked;
}
