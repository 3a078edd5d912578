/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The receipt says where a mail will begin, how long it is and what it digests to, and also how the
 * file looked before (anchor) and how the mail begins (head): a torn mail is cut off only where it
 * can be nobody else's. Where a mail reader has rewritten the file since, the mail is searched for.
 */
#include "local/mbox_place.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parse.h"
#include "local/mboxrd.h"
#include "local/scan.h"

enum { ANCHOR_OCTETS = 256 };

bool mbox_anchor(int fd, uint64_t base, char out[MBOX_ANCHOR_TEXT])
{
	size_t len = base < ANCHOR_OCTETS ? (size_t)base : ANCHOR_OCTETS;
	struct digest d;
	char text[DIGEST_TEXT];

	digest_init(&d);
	if (!scan_digest(fd, base - len, len, &d))
		return false;
	digest_text(&d, text);
	snprintf(out, MBOX_ANCHOR_TEXT, "%.16s", text);
	return true;
}

void mbox_place_write(const struct mbox_place *p, struct receipt *r)
{
	snprintf(r->text, sizeof(r->text),
		"%" PRIu64 " %" PRIu64 " %" PRIu64 " %.*s %.*s %" PRIu64 " %.*s", p->base,
		p->offset, p->length, (int)p->digest.len, p->digest.data, (int)p->anchor.len,
		p->anchor.data, p->twins, (int)p->head.len, p->head.data);
}

bool mbox_place_read(const struct receipt *r, struct mbox_place *p)
{
	struct span rest = span_of(r->text);
	uint64_t max = INT64_MAX / 4;

	if (!parse_u64(span_word(&rest), max, &p->base) ||
		!parse_u64(span_word(&rest), max, &p->offset) ||
		!parse_u64(span_word(&rest), max, &p->length))
		return false;
	p->digest = span_word(&rest);
	p->anchor = span_word(&rest);
	if (!parse_u64(span_word(&rest), MBOX_BATCH_MAX, &p->twins))
		return false;
	p->head = rest;
	return p->digest.len == DIGEST_TEXT - 1 && p->anchor.len == MBOX_ANCHOR_TEXT - 1 &&
		p->head.len > 5 && p->base <= p->offset && p->length > p->head.len;
}

/* 1: the whole mail stands at offset, where a line begins; 0: it does not; -1 with errno set. */
static int stands_at(int fd, uint64_t size, uint64_t offset, const struct mbox_place *p)
{
	char text[DIGEST_TEXT], before = '\n';
	struct digest d;

	if (size < offset || size - offset < p->length)
		return 0;
	if (offset && !scan_read(fd, offset - 1, &before, 1))
		return -1;
	if (before != '\n')
		return 0;
	digest_init(&d);
	if (!scan_digest(fd, offset, p->length, &d))
		return -1;
	digest_text(&d, text);
	return span_is(p->digest, text);
}

/* 1: what stands from offset to the end can only be a part of our mail; 0, -1 as above. */
static int torn_at(int fd, uint64_t size, const struct mbox_place *p)
{
	char head[MBOXRD_HEAD_MAX + 1];
	size_t want = p->head.len < size - p->offset ? p->head.len : (size_t)(size - p->offset),
	       same = 0;
	uint64_t other, pad = p->offset - p->base;
	int zeros, glued;

	if (!scan_read(fd, p->offset, head, want))
		return -1;
	if (pad && pad <= MBOX_PAD_MAX) {
		char before[MBOX_PAD_MAX];

		if (!scan_read(fd, p->base, before, (size_t)pad))
			return -1;
		/* These would be cut off too. */
		for (size_t i = 0; i < pad; i++)
			if (before[i] != '\n' && before[i] != '\0')
				return 0;
	}
	while (same < want && head[same] == p->head.data[same])
		same++;
	/* After a power cut the end of the file may be there without its octets. */
	if (same < want) {
		zeros = scan_zeros(fd, p->offset + same, size);
		if (zeros <= 0)
			return zeros;
	}
	if (!scan_from(fd, p->offset + 1, size, &other))
		return -1;
	if (other != size)
		return 0;
	/* Ours begins with such a line itself. */
	glued = scan_glued_from(fd, p->offset + 1, size);
	return glued < 0 ? -1 : !glued;
}

/* Whether a mail ends at an offset: there, the file ends or another begins. */
static int ends_at(int fd, uint64_t size, uint64_t offset)
{
	uint64_t from;

	if (offset == size)
		return 1;
	if (!scan_from(fd, offset, size, &from))
		return -1;
	return from == offset;
}

/* Whether the mail stands anywhere from an offset on, behind as many that are the same as came
 * before it in its batch. Answers as above. */
static int search(int fd, uint64_t from, uint64_t size, const struct mbox_place *p)
{
	char head[MBOXRD_HEAD_MAX + 1];
	uint64_t twins = 0;

	for (uint64_t at = from;; at++) {
		int stands;

		if (!scan_from(fd, at, size, &at))
			return -1;
		if (at >= size || size - at < p->length)
			return 0;
		if (!scan_read(fd, at, head, p->head.len))
			return -1;
		if (memcmp(head, p->head.data, p->head.len) != 0)
			continue;
		stands = stands_at(fd, size, at, p);
		/* A short one may be how a longer one begins. */
		if (stands > 0)
			stands = ends_at(fd, size, at + p->length);
		if (stands < 0)
			return -1;
		if (stands && twins++ == p->twins)
			return 1;
	}
}

/* The crash may have come before the sync. */
static enum sink_state settled(int fd, const char *path)
{
	return fsync(fd) < 0 || !file_sync_parent(path, ERROR_DELIVERY, NULL) ? SINK_FAILED
									      : SINK_DELIVERED;
}

/* Cuts a torn mail off. The newlines before the first mail of a batch go with it. */
static enum sink_state cut_off(int fd, const struct mbox_place *p)
{
	uint64_t to = p->offset - p->base <= MBOX_PAD_MAX ? p->base : p->offset;

	return ftruncate(fd, (off_t)to) < 0 || fsync(fd) < 0 ? SINK_FAILED : SINK_ABSENT;
}

enum sink_state mbox_place_examine(int fd, const char *path, const struct mbox_place *p)
{
	char anchor[MBOX_ANCHOR_TEXT] = "";
	struct stat st;
	uint64_t size, from = 0;
	bool same_start;
	int found = 0, torn = 0;

	if (fstat(fd, &st) < 0)
		return SINK_FAILED;
	size = (uint64_t)st.st_size;
	if (size >= p->base && !mbox_anchor(fd, p->base, anchor))
		return SINK_FAILED;
	same_start = span_is(p->anchor, anchor);
	if (same_start) {
		found = stands_at(fd, size, p->offset, p);
		if (!found && size > p->offset)
			torn = torn_at(fd, size, p);
		/* Others may have taken away what stood in front of it in the batch. */
		if (size <= p->offset || torn > 0)
			from = p->base;
	}
	if (!found && torn >= 0)
		found = search(fd, from, size, p);
	if (found < 0 || torn < 0)
		return SINK_FAILED;
	if (found)
		return settled(fd, path);
	if (torn)
		return cut_off(fd, p);
	return same_start && size <= p->offset ? SINK_ABSENT : SINK_UNSURE;
}
