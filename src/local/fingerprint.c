/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each field has a digest of its own, and the mail one over these, so that their order does not
 * count. White space is what servers fold and unfold at; a run of it counts as one blank, and as
 * nothing at either end.
 */
#include "local/fingerprint.h"

#include <string.h>

enum { MESSAGE_ID, DATE, FROM, SUBJECT };
static const char *const names[FINGERPRINT_FIELDS] = {
	[MESSAGE_ID] = "Message-ID", [DATE] = "Date", [FROM] = "From", [SUBJECT] = "Subject"};

void fingerprint_init(struct fingerprint *f)
{
	*f = (struct fingerprint){.done = false};
	header_scan_init(&f->header, names, FINGERPRINT_FIELDS);
	digest_init(&f->value);
}

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void add_value(struct fingerprint *f, struct span piece)
{
	size_t i = 0, start;

	while (i < piece.len) {
		for (; i < piece.len && is_white(piece.data[i]); i++)
			f->blank = f->any;
		for (start = i; i < piece.len && !is_white(piece.data[i]); i++)
			;
		if (i == start)
			break;
		if (f->blank)
			digest_add(&f->value, " ", 1);
		digest_add(&f->value, piece.data + start, i - start);
		f->blank = false;
		f->any = true;
	}
}

static void end_field(struct fingerprint *f)
{
	size_t field = f->header.field;

	if (!f->read[field] && f->any)
		f->fields[field] = digest_number(&f->value);
	f->read[field] = true;
	f->any = f->blank = false;
	digest_init(&f->value);
	f->done = true;
	for (size_t i = 0; i < FINGERPRINT_FIELDS; i++)
		f->done = f->done && f->read[i];
}

void fingerprint_add(struct fingerprint *f, struct span octets)
{
	struct span piece;

	while (!f->done)
		switch (header_next(&f->header, &octets, &piece)) {
		case HEADER_VALUE:
			if (!f->read[f->header.field])
				add_value(f, piece);
			break;
		case HEADER_FIELD:
			end_field(f);
			break;
		case HEADER_END:
			f->done = true;
			break;
		case HEADER_MORE:
			return;
		}
}

uint64_t fingerprint_value(struct fingerprint *f)
{
	struct digest all;

	if (!f->done && header_finish(&f->header))
		end_field(f);
	f->done = true;
	if (!f->fields[MESSAGE_ID] && !f->fields[DATE])
		return 0;
	digest_init(&all);
	for (size_t i = 0; i < FINGERPRINT_FIELDS; i++) {
		unsigned char octets[8];

		for (unsigned j = 0; j < 8; j++)
			octets[j] = (unsigned char)(f->fields[i] >> (8 * j));
		digest_add(&all, octets, sizeof(octets));
	}
	return digest_number(&all);
}
