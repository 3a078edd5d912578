/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: however a mail is cut, it is stored as the same octets, with the same sender in front;
 * its From_ line is the only one; with the quotes taken off it is the mail as it was sent. */
/*
 * Up to two LFs the host and the user of the Received: field, then the mail as a server sends it.
 */
#include "fuzz.h"
#include "local/mboxrd.h"

enum { NOW = 1795490813 };

/* ---- plain readings ---- */

/* CRLF becomes LF. */
static void unix_lines(struct span mail, struct buf *out)
{
	for (size_t i = 0; i < mail.len; i++)
		if (mail.data[i] != '\r' || i + 1 == mail.len || mail.data[i + 1] != '\n')
			buf_add(out, mail.data + i, 1);
}

static bool is_from(struct span line)
{
	return line.len >= 5 && memcmp(line.data, "From ", 5) == 0;
}

/* What a reader of mboxrd makes of a mail without its From_ line and the empty line behind it. */
static void unquote(struct span stored, struct buf *out)
{
	while (stored.len) {
		struct span line = take_until(&stored, '\n'), rest = line;

		while (rest.len && rest.data[0] == '>') {
			rest.data++;
			rest.len--;
		}
		CHECK(!is_from(line));
		if (is_from(rest)) {
			line.data++;
			line.len--;
		}
		buf_add(out, line.data, line.len);
		buf_add_text(out, "\n");
	}
}

/* ---- the readers, in pieces ---- */

static void feed_quote(struct quote *q, struct span mail, unsigned cut, struct buf *out)
{
	while (mail.len) {
		size_t n = next_piece(&cut, mail.len);
		char *exact = exact_copy((struct span){mail.data, n});
		struct span piece = {exact, n};

		while (piece.len) {
			size_t room = QUOTE_ROOM_MIN + (cut >> 8) % 64, put;
			char *to = xmalloc(room);

			put = quote_feed(q, &piece, to, room);
			CHECK(put <= room);
			buf_add(out, to, put);
			free(to);
		}
		free(exact);
		mail.data += n;
		mail.len -= n;
	}
}

static void quote_all(enum quote_form form, struct span mail, unsigned cut, struct buf *out)
{
	char *last = xmalloc(QUOTE_ROOM_MIN);
	struct quote q;

	quote_init(&q, form);
	feed_quote(&q, mail, cut, out);
	buf_add(out, last, quote_end(&q, last));
	free(last);
}

static char *find_sender(struct span mail, unsigned cut)
{
	struct stamp_scan scan;

	stamp_scan_init(&scan);
	while (mail.len) {
		size_t n = next_piece(&cut, mail.len);
		char *exact = exact_copy((struct span){mail.data, n});
		bool done = stamp_scan_feed(&scan, (struct span){exact, n});

		free(exact);
		if (done)
			break;
		mail.data += n;
		mail.len -= n;
	}
	return xstrdup(stamp_scan_sender(&scan));
}

/* ---- what must hold ---- */

static void check_sender(const char *sender)
{
	CHECK(sender[0] && strlen(sender) <= STAMP_SENDER_MAX);
	for (const char *p = sender; *p; p++)
		CHECK(*p > ' ' && *p < 0x7f);
}

static void check_stored(struct span mail, struct span stored)
{
	struct buf want = {NULL, 0, 0}, have = {NULL, 0, 0};

	unix_lines(mail, &want);
	if (want.len && want.data[want.len - 1] != '\n')
		buf_add_text(&want, "\n");
	CHECK(stored.len && stored.data[stored.len - 1] == '\n');
	stored.len--;
	unquote(stored, &have);
	CHECK(span_equal(buf_span(&want), buf_span(&have)));
	buf_release(&want);
	buf_release(&have);
}

/* The same by way of the spool, with the From_ line in front. */
static void check_spooled(struct span mail, unsigned cut, struct span stored, const char *sender)
{
	struct mail_info info = {.now_s = NOW};
	char text[DIGEST_TEXT], other[DIGEST_TEXT], from[STAMP_ROOM];
	size_t len = stamp_from(from, sender, NOW);
	struct digest digest;
	struct spool spool;
	struct mboxrd m;
	struct span all;

	spool_init(&spool, SIZE_MAX);
	CHECK(mboxrd_begin(&m, &spool, &info, NULL, NULL));
	while (mail.len) {
		size_t n = next_piece(&cut, mail.len);

		CHECK(mboxrd_write(&m, (struct span){mail.data, n}, NULL));
		mail.data += n;
		mail.len -= n;
	}
	CHECK(mboxrd_end(&m, NULL));
	all = buf_span(&spool.memory);
	CHECK(all.len == len + stored.len && memcmp(all.data, from, len) == 0);
	CHECK(span_equal((struct span){all.data + len, stored.len}, stored));
	CHECK(strncmp(all.data, m.head, strlen(m.head)) == 0 && strlen(m.head) <= MBOXRD_HEAD_MAX);
	digest_init(&digest);
	digest_add(&digest, all.data, all.len);
	digest_text(&digest, text);
	digest_text(&m.digest, other);
	CHECK(strcmp(text, other) == 0);
	spool_release(&spool);
}

/* One field, whatever host and user are: each of its lines but the first begins with a tab. */
static void check_received(const char *host, const char *user, const char *my_host)
{
	struct mail_info info = {.host = host, .user = user, .now_s = NOW, .encrypted = true};
	struct stamp_memo memo = {.len = 0};
	char field[STAMP_ROOM], again[STAMP_ROOM];
	size_t len = stamp_received(field, &info, my_host);

	CHECK(len > 0 && len < STAMP_ROOM && field[len - 1] == '\n');
	for (size_t i = 0; i + 1 < len; i++) {
		CHECK(field[i] >= ' ' || field[i] == '\t' || field[i] == '\n');
		CHECK(field[i] != '\n' || field[i + 1] == '\t');
		CHECK(field[i] != '\t' || field[i - 1] == '\n');
		CHECK(field[i] != 0x7f);
	}
	for (int i = 0; i < 2; i++)
		CHECK(stamp_received_again(&memo, again, &info, my_host) == len && memcmp(again, field, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span mail = {(const char *)data, len}, first = take_until(&mail, '\n'),
		    second = take_until(&mail, '\n');
	char *host = xstrndup(first.data, first.len), *user = xstrndup(second.data, second.len);
	struct buf lines = {NULL, 0, 0}, stored = {NULL, 0, 0};
	char *sender = find_sender(mail, 0);

	check_received(host, user, user);
	check_sender(sender);
	unix_lines(mail, &lines);
	quote_all(QUOTE_MBOXRD, mail, 0, &stored);
	check_stored(mail, buf_span(&stored));
	for (unsigned cut = 0; cut < 4; cut++) {
		struct buf other = {NULL, 0, 0};
		char *other_sender = find_sender(mail, cut);

		CHECK(strcmp(sender, other_sender) == 0);
		quote_all(QUOTE_MBOXRD, mail, cut, &other);
		CHECK(span_equal(buf_span(&stored), buf_span(&other)));
		buf_clear(&other);
		quote_all(QUOTE_LF, mail, cut, &other);
		CHECK(span_equal(buf_span(&lines), buf_span(&other)));
		check_spooled(mail, cut, buf_span(&stored), sender);
		buf_release(&other);
		free(other_sender);
	}
	buf_release(&lines);
	buf_release(&stored);
	free(sender);
	free(host);
	free(user);
	return 0;
}
