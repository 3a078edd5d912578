/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A mail on its way into an mbox. Until the sender is known the mail stays in memory, at most some
 * 64 KiB of it, and is moved once by the length of the From_ line; from then on it is digested as
 * it is written.
 */
#include "local/mboxrd.h"

#include <stdio.h>
#include <string.h>

bool mboxrd_begin(struct mboxrd *m, struct spool *spool, const struct mail_info *mail,
	const char *my_host, struct error *e)
{
	m->spool = spool;
	m->start = spool_len(spool);
	m->placed = false;
	m->now_s = mail->now_s;
	if (!spool_make_room(spool, false, e))
		return false;
	quote_init(&m->quote, QUOTE_MBOXRD);
	stamp_scan_init(&m->scan);
	digest_init(&m->digest);
	if (my_host)
		spool->memory.len += stamp_received(
			spool->memory.data + spool->memory.len, mail, my_host);
	return true;
}

static void place(struct mboxrd *m)
{
	char line[STAMP_ROOM];
	size_t len = stamp_from(line, stamp_scan_sender(&m->scan), m->now_s);
	size_t at = (size_t)(m->start - m->spool->file_len), behind;
	struct buf *memory = &m->spool->memory;

	buf_reserve(memory, len);
	behind = memory->len - at;
	memmove(memory->data + at + len, memory->data + at, behind);
	memcpy(memory->data + at, line, len);
	memory->len += len;
	snprintf(m->head, sizeof(m->head), "%.*s", (int)len - 1, line);
	digest_add(&m->digest, memory->data + at, len + behind);
	m->placed = true;
}

/* Counts octets that were put behind the spool's memory. */
static void added(struct mboxrd *m, size_t n)
{
	struct buf *memory = &m->spool->memory;

	if (m->placed)
		digest_add(&m->digest, memory->data + memory->len, n);
	memory->len += n;
}

bool mboxrd_write(struct mboxrd *m, struct span octets, struct error *e)
{
	struct buf *memory = &m->spool->memory;

	while (octets.len) {
		/* A small piece at a time until the header is over, so that little is moved. */
		struct span piece = {octets.data, octets.len};

		if (!m->placed && piece.len > SPOOL_CHUNK / 16)
			piece.len = SPOOL_CHUNK / 16;
		octets.data += piece.len;
		octets.len -= piece.len;
		bool known = m->placed || stamp_scan_feed(&m->scan, piece);

		while (piece.len) {
			if (!spool_make_room(m->spool, !m->placed, e))
				return false;
			added(m,
				quote_feed(&m->quote, &piece, memory->data + memory->len,
					memory->room - memory->len));
		}
		if (known && !m->placed)
			place(m);
	}
	return true;
}

bool mboxrd_end(struct mboxrd *m, struct error *e)
{
	struct buf *memory = &m->spool->memory;

	if (!m->placed)
		place(m);
	if (!spool_make_room(m->spool, false, e))
		return false;
	added(m, quote_end(&m->quote, memory->data + memory->len));
	return true;
}
