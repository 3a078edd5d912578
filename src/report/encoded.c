/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The octets of neighbouring words in one character set are put together before they are
 * converted: many programs cut a character in two. Base64 is GnuTLS's, the character sets are
 * iconv(3)'s, but only those of the table below: a mail must not choose which of its many
 * converters is run.
 */
#include "report/encoded.h"

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>

#include "base/parse.h"

/* As mails name them, and as iconv does; where a mail means more than it says, the larger set. */
static const struct {
	const char *name, *iconv;
} charsets[] = {
	{"utf-8", "UTF-8"},
	{"utf8", "UTF-8"},
	{"us-ascii", "CP1252"},
	{"ascii", "CP1252"},
	{"iso-8859-1", "CP1252"},
	{"latin1", "CP1252"},
	{"iso-8859-2", "ISO-8859-2"},
	{"iso-8859-3", "ISO-8859-3"},
	{"iso-8859-4", "ISO-8859-4"},
	{"iso-8859-5", "ISO-8859-5"},
	{"iso-8859-6", "ISO-8859-6"},
	{"iso-8859-7", "ISO-8859-7"},
	{"iso-8859-8", "ISO-8859-8"},
	{"iso-8859-8-i", "ISO-8859-8"},
	{"iso-8859-9", "CP1254"},
	{"iso-8859-10", "ISO-8859-10"},
	{"iso-8859-13", "ISO-8859-13"},
	{"iso-8859-14", "ISO-8859-14"},
	{"iso-8859-15", "ISO-8859-15"},
	{"iso-8859-16", "ISO-8859-16"},
	{"windows-874", "CP874"},
	{"windows-1250", "CP1250"},
	{"windows-1251", "CP1251"},
	{"windows-1252", "CP1252"},
	{"windows-1253", "CP1253"},
	{"windows-1254", "CP1254"},
	{"windows-1255", "CP1255"},
	{"windows-1256", "CP1256"},
	{"windows-1257", "CP1257"},
	{"windows-1258", "CP1258"},
	{"koi8-r", "KOI8-R"},
	{"koi8-u", "KOI8-U"},
	{"tis-620", "CP874"},
	{"iso-2022-jp", "ISO-2022-JP"},
	{"shift_jis", "CP932"},
	{"shift-jis", "CP932"},
	{"euc-jp", "EUC-JP"},
	{"euc-kr", "CP949"},
	{"ks_c_5601-1987", "CP949"},
	{"gb2312", "GB18030"},
	{"gbk", "GB18030"},
	{"gb18030", "GB18030"},
	{"big5", "BIG5-HKSCS"},
};

/* What is put for an octet that stands for no character: U+FFFD. */
static const char unknown[] = "\xef\xbf\xbd";

struct decoder {
	struct buf *out;
	struct buf octets;   /* of words in charset, not converted yet */
	const char *charset; /* iconv's name; NULL: no word is open */
	bool blank;          /* white space came; between two words it means nothing */
};

static const char *find_charset(struct span name)
{
	const char *star = memchr(name.data, '*', name.len);

	/* RFC 2231 s.5: a language. */
	if (star)
		name.len = (size_t)(star - name.data);
	for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++)
		if (span_is_nocase(name, charsets[i].name))
			return charsets[i].iconv;
	return NULL;
}

/* Never fails: what cannot be converted becomes U+FFFD. */
static void convert(struct buf *out, const char *charset, struct buf *octets)
{
	iconv_t cd = iconv_open("UTF-8", charset);
	char *in = octets->data;
	size_t left = octets->len;
	bool flushed = false;

	if (cd == (iconv_t)-1) {
		buf_add(out, octets->data, octets->len);
		return;
	}
	while (left || !flushed) {
		char piece[256], *to = piece;
		size_t room = sizeof(piece), result;

		/* Some sets wait for an accent that may follow: the last call asks for the rest. */
		flushed = !left;
		result = iconv(cd, left ? &in : NULL, left ? &left : NULL, &to, &room);
		buf_add(out, piece, sizeof(piece) - room);
		if (result != (size_t)-1 || errno == E2BIG || !left)
			continue;
		buf_add_text(out, unknown);
		in++;
		left--;
		iconv(cd, NULL, NULL, NULL, NULL);
	}
	iconv_close(cd);
}

static void close_words(struct decoder *d)
{
	if (d->charset)
		convert(d->out, d->charset, &d->octets);
	buf_clear(&d->octets);
	d->charset = NULL;
}

static void add_blank(struct decoder *d)
{
	if (d->blank && d->out->len)
		buf_add_text(d->out, " ");
	d->blank = false;
}

/* "Q" (RFC 2047 s.4.2). */
static void decode_q(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i] == '_' ? ' ' : text.data[i];

		if (c == '=' && i + 2 < text.len && parse_hex_digit(text.data[i + 1]) >= 0 &&
			parse_hex_digit(text.data[i + 2]) >= 0) {
			c = (char)(parse_hex_digit(text.data[i + 1]) << 4 |
				parse_hex_digit(text.data[i + 2]));
			i += 2;
		}
		buf_add(out, &c, 1);
	}
}

/* "B"; the "=" at its end are forgotten by some. */
static bool decode_b(struct buf *out, struct span text)
{
	struct buf padded = {NULL, 0, 0};
	gnutls_datum_t in, plain = {NULL, 0};
	bool done;

	buf_add(&padded, text.data, text.len);
	while (padded.len % 4)
		buf_add(&padded, "=", 1);
	in = (gnutls_datum_t){(unsigned char *)padded.data, (unsigned)padded.len};
	done = padded.len && gnutls_base64_decode2(&in, &plain) == 0;
	if (done)
		buf_add(out, plain.data, plain.size);
	gnutls_free(plain.data);
	buf_release(&padded);
	return done || !text.len;
}

/* The part of s before the next "?", which is taken off with it. */
static bool cut_at_mark(struct span *s, struct span *part)
{
	const char *mark = memchr(s->data, '?', s->len);

	if (!mark)
		return false;
	*part = (struct span){s->data, (size_t)(mark - s->data)};
	s->data = mark + 1;
	s->len -= part->len + 1;
	return true;
}

/* An encoded word at the front of *s: "=?charset?B?text?=". Takes it off. */
static bool take_word(struct decoder *d, struct span *s)
{
	struct span rest = {s->data + 2, s->len - 2}, charset, encoding, text;
	struct buf octets = {NULL, 0, 0};
	const char *name;
	bool done;

	if (!cut_at_mark(&rest, &charset) || !cut_at_mark(&rest, &encoding) ||
		!cut_at_mark(&rest, &text) || !rest.len || rest.data[0] != '=' ||
		!(name = find_charset(charset)))
		return false;
	done = span_is_nocase(encoding, "B");
	if (done)
		done = decode_b(&octets, text);
	else if ((done = span_is_nocase(encoding, "Q")))
		decode_q(&octets, text);
	if (done) {
		if (!d->charset)
			add_blank(d);
		else if (d->charset != name)
			close_words(d);
		d->charset = name;
		d->blank = false;
		buf_add(&d->octets, octets.data, octets.len);
		*s = (struct span){rest.data + 1, rest.len - 1};
	}
	buf_release(&octets);
	return done;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* White space, folded or not, is one blank. */
static void add_plain(struct decoder *d, char c)
{
	if (is_blank(c)) {
		d->blank = true;
		return;
	}
	close_words(d);
	add_blank(d);
	buf_add(d->out, &c, 1);
}

static bool begins_word(struct span s)
{
	return s.len > 2 && s.data[0] == '=' && s.data[1] == '?';
}

void encoded_add(struct buf *out, struct span value)
{
	struct buf text = {NULL, 0, 0};
	struct decoder d = {.out = &text};

	if (value.len > ENCODED_MAX)
		value.len = ENCODED_MAX;
	while (value.len) {
		if (begins_word(value) && take_word(&d, &value))
			continue;
		add_plain(&d, value.data[0]);
		value.data++;
		value.len--;
	}
	close_words(&d);
	buf_add(out, text.data, text.len);
	buf_release(&text);
	buf_release(&d.octets);
}

/* ---- senders ---- */

struct sender {
	struct buf phrase, comment, angle;
	bool in_angle, has_angle;
};

/* A quoted string at the front of *s, without its quotes. */
static void take_quoted(struct span *s, struct buf *out)
{
	size_t i = 1;

	for (; i < s->len && s->data[i] != '"'; i++) {
		i += s->data[i] == '\\' && i + 1 < s->len;
		buf_add(out, &s->data[i], 1);
	}
	i += i < s->len;
	s->data += i;
	s->len -= i;
}

/* A comment, which may hold others. */
static void take_comment(struct span *s, struct buf *out)
{
	size_t depth = 0, i = 0;

	do {
		char c = s->data[i];

		depth += c == '(';
		depth -= c == ')';
		if (c == '\\' && i + 1 < s->len)
			c = s->data[++i];
		else if ((c == '(' && depth == 1) || (c == ')' && depth == 0))
			continue;
		buf_add(out, &c, 1);
	} while (++i < s->len && depth);
	s->data += i;
	s->len -= i;
}

static bool is_end(const struct sender *m, char c)
{
	return c == ',' && !m->in_angle && (m->phrase.len || m->has_angle);
}

static void take_sign(struct sender *m, struct span *s)
{
	char c = is_blank(s->data[0]) ? ' ' : s->data[0];

	if (c == '<' && !m->has_angle)
		m->in_angle = m->has_angle = true;
	else if (c == '>' && m->in_angle)
		m->in_angle = false;
	else
		buf_add(m->in_angle ? &m->angle : &m->phrase, &c, 1);
	s->data++;
	s->len--;
}

static void split_sender(struct sender *m, struct span s)
{
	while (s.len && !is_end(m, s.data[0])) {
		if (s.data[0] == '"' && !m->in_angle)
			take_quoted(&s, &m->phrase);
		else if (s.data[0] == '(' && !m->in_angle)
			take_comment(&s, &m->comment);
		else
			take_sign(m, &s);
	}
}

static bool looks_like_address(struct span s)
{
	return s.len && memchr(s.data, '@', s.len) && !memchr(s.data, ' ', s.len);
}

void encoded_sender(struct buf *name, struct buf *address, struct span value)
{
	struct sender m = {.in_angle = false};
	struct span phrase, angle;

	if (value.len > ENCODED_MAX)
		value.len = ENCODED_MAX;
	split_sender(&m, value);
	phrase = span_trim(buf_span(&m.phrase));
	angle = span_trim(buf_span(&m.angle));
	if (!m.has_angle && looks_like_address(phrase)) {
		buf_add(address, phrase.data, phrase.len);
		encoded_add(name, buf_span(&m.comment));
	} else {
		encoded_add(name, phrase);
		buf_add(address, angle.data, angle.len);
	}
	buf_release(&m.phrase);
	buf_release(&m.comment);
	buf_release(&m.angle);
}
