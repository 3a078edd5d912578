/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: however the input is cut, the mail, its end and what is left behind it are those of a
 * plain reading. */
/*
 * The first octet is a seed for the cuts; its lowest bit says whether lines end with LF alone. The
 * rest is what the server sends. The plain reading sees it whole and goes octet by octet.
 */
#include "fuzz.h"
#include "pop3/wire.h"

struct mail {
	struct buf octets;
	bool ended;
	size_t used;
};

static size_t line_end_at(const char *in, size_t len, size_t i, bool bare_lf)
{
	if (i + 1 < len && in[i] == '\r' && in[i + 1] == '\n')
		return 2;
	return bare_lf && i < len && in[i] == '\n' ? 1 : 0;
}

static void read_plainly(const char *in, size_t len, bool bare_lf, struct mail *mail)
{
	bool at_start = true;

	for (size_t i = 0; i < len; i++) {
		if (at_start && in[i] == '.') {
			size_t end = line_end_at(in, len, i + 1, bare_lf);

			mail->ended = end != 0;
			mail->used = i + 1 + end;
			if (end || i + 1 == len || (i + 2 == len && in[i + 1] == '\r'))
				return;
			at_start = false;
			continue;
		}
		buf_add(&mail->octets, in + i, 1);
		at_start = in[i] == '\n' && (bare_lf || (i > 0 && in[i - 1] == '\r'));
	}
}

/* Pieces of 1 to 8 octets, or the whole when the seed says so, each in a block of its own. */
static void read_in_pieces(const char *in, size_t len, unsigned seed, struct mail *mail)
{
	struct wire_body b;

	wire_body_init(&b, seed & 1);
	for (size_t done = 0, n; done < len && !mail->ended; done += n) {
		struct span piece, out;
		enum wire_result result;
		char *exact;

		seed = seed * 1103515245u + 12345u;
		n = seed & 0x10000 ? 1 + (seed >> 20) % 8 : len;
		n = n < len - done ? n : len - done;
		exact = xmalloc(n);
		memcpy(exact, in + done, n);
		piece = (struct span){exact, n};
		while ((result = wire_body_next(&b, &piece, &out)) == WIRE_SPAN) {
			CHECK(out.len > 0);
			buf_add(&mail->octets, out.data, out.len);
		}
		CHECK(piece.data + piece.len == exact + n);
		CHECK(result == WIRE_END || piece.len == 0);
		mail->ended = result == WIRE_END;
		mail->used = done + n - piece.len;
		free(exact);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct mail plain = {.used = 0};

	if (!len)
		return 0;
	const char *in = (const char *)data + 1;

	read_plainly(in, len - 1, data[0] & 1, &plain);
	for (unsigned round = 0; round < 4; round++) {
		struct mail cut = {.used = 0};

		read_in_pieces(in, len - 1, data[0] + (round << 8), &cut);
		CHECK(cut.ended == plain.ended);
		CHECK(!cut.ended || cut.used == plain.used);
		CHECK(span_equal(buf_span(&cut.octets), buf_span(&plain.octets)));
		buf_release(&cut.octets);
	}
	buf_release(&plain.octets);
	return 0;
}
