/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Trace and separator lines. Host, user and header come from outside: only text that is valid where
 * it is put is let through, the rest is left out, never repaired. Times are UTC and in English
 * whatever the locale. RFC 5321 s.4.4 (Received), RFC 5322 s.3.4 (addresses), RFC 4155 (the From_
 * line).
 */
#include "local/stamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#ifndef AMBIL_VERSION
#define AMBIL_VERSION "unknown"
#endif

static const char DAYS[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char MONTHS[12][4] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char NOBODY[] = "MAILER-DAEMON";

/* ctype.h follows the locale; these do not. */
static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_atom(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!s.data[i] ||
			(!is_alnum(s.data[i]) && !strchr("!#$%&'*+-/=?^_`{|}~.", s.data[i])))
			return false;
	return s.len > 0 && s.data[0] != '.' && s.data[s.len - 1] != '.';
}

static bool is_domain(struct span s)
{
	size_t i = 0, end = s.len;
	bool literal = s.len > 2 && s.data[0] == '[' && s.data[s.len - 1] == ']';

	if (literal) {
		i++;
		end--;
	}
	if (s.len == 0 || s.len > 253 || (!literal && !is_alnum(s.data[0])))
		return false;
	for (; i < end; i++)
		if (!is_alnum(s.data[i]) && s.data[i] != '.' && s.data[i] != '-' &&
			!(literal && s.data[i] == ':') && !(!literal && s.data[i] == '_'))
			return false;
	return true;
}

/* A dot-atom with or (if allowed) without a domain. Quoted local parts do not fit a From_ line's
 * grammar. */
static bool is_address(struct span s, bool bare_allowed)
{
	const char *at = s.len ? memchr(s.data, '@', s.len) : NULL;
	struct span local = {s.data, at ? (size_t)(at - s.data) : s.len};

	if (s.len == 0 || s.len > STAMP_SENDER_MAX || !is_atom(local))
		return false;
	if (!at)
		return bare_allowed;
	return is_domain((struct span){at + 1, s.len - local.len - 1});
}

/* A host as RFC 5321 writes it: a name, or an address literal. */
static void put_host(char *out, size_t room, const char *host)
{
	size_t len = strlen(host);
	bool v4 = len > 0 && strspn(host, "0123456789.") == len;
	bool v6 = strchr(host, ':') && strspn(host, "0123456789abcdefABCDEF:.") == len;

	if (v6 && len < 64)
		snprintf(out, room, "[IPv6:%s]", host);
	else if (v4 && len < 16)
		snprintf(out, room, "[%s]", host);
	else if (is_domain(span_of(host)))
		snprintf(out, room, "%s", host);
	else
		snprintf(out, room, "unknown");
}

static struct tm utc(int64_t now_s)
{
	time_t t = (time_t)now_s;
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	tm.tm_mday = 1;
	tm.tm_year = 70;
	tm.tm_wday = 4;
	gmtime_r(&t, &tm);
	return tm;
}

size_t stamp_received(char *out, const struct mail_info *mail, const char *my_host)
{
	char from[300], by[300], whom[STAMP_SENDER_MAX + 16] = "";
	struct span user = span_of(mail->user ? mail->user : "");
	struct tm t = utc(mail->now_s);
	int n;

	put_host(from, sizeof(from), mail->host ? mail->host : "");
	put_host(by, sizeof(by), my_host);
	if (is_address(user, true))
		snprintf(whom, sizeof(whom), "\n\tfor <%s>", user.data);
	n = snprintf(out, STAMP_ROOM,
		"Received: from %s by %s\n\twith %s (ambil %s)%s;\n\t%s, %d %s %04d %02d:%02d:%02d +0000\n",
		from, by, mail->encrypted ? "POP3S" : "POP3", AMBIL_VERSION, whom, DAYS[t.tm_wday],
		t.tm_mday, MONTHS[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
	return (size_t)n;
}

size_t stamp_received_again(
	struct stamp_memo *memo, char *out, const struct mail_info *mail, const char *my_host)
{
	const char *host = mail->host ? mail->host : "", *user = mail->user ? mail->user : "";

	if (strlen(host) >= sizeof(memo->host) || strlen(user) >= sizeof(memo->user))
		return stamp_received(out, mail, my_host);
	if (!memo->len || memo->now_s != mail->now_s || memo->encrypted != mail->encrypted ||
		strcmp(memo->host, host) != 0 || strcmp(memo->user, user) != 0) {
		memo->len = stamp_received(memo->text, mail, my_host);
		memo->now_s = mail->now_s;
		memo->encrypted = mail->encrypted;
		snprintf(memo->host, sizeof(memo->host), "%s", host);
		snprintf(memo->user, sizeof(memo->user), "%s", user);
	}
	memcpy(out, memo->text, memo->len);
	return memo->len;
}

size_t stamp_from(char *out, const char *sender, int64_t now_s)
{
	struct tm t = utc(now_s);

	return (size_t)snprintf(out, STAMP_ROOM, "From %s %s %s %2d %02d:%02d:%02d %04d\n", sender,
		DAYS[t.tm_wday], MONTHS[t.tm_mon], t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec,
		t.tm_year + 1900);
}

/* The octets past a comment or quoted string that starts at i; both can hide what looks like an
 * address. */
static size_t skip_hidden(const char *v, size_t len, size_t i)
{
	char open = v[i];
	size_t depth = 1;

	for (i++; i < len && depth; i++) {
		if (v[i] == '\\')
			i++;
		else if (open == '"')
			depth -= v[i] == '"';
		else if (v[i] == '(')
			depth++;
		else
			depth -= v[i] == ')';
	}
	return i < len ? i : len;
}

/* The first address of a field: what stands in <…>, else the first bare word that is one. */
static struct span find_address(const char *v, size_t len)
{
	struct span bare = {NULL, 0};
	size_t i = 0;

	while (i < len) {
		size_t start = i;

		if (v[i] == '"' || v[i] == '(') {
			i = skip_hidden(v, len, i);
		} else if (v[i] == '<') {
			const char *end = memchr(v + i, '>', len - i);

			if (!end)
				return bare;
			return span_trim((struct span){v + i + 1, (size_t)(end - v) - i - 1});
		} else if (memchr(" \t\r\n,;:>", v[i], 8)) {
			i++;
		} else {
			while (i < len && !memchr(" \t\r\n,;:<>\"(", v[i], 11))
				i++;
			struct span word = {v + start, i - start};

			if (!bare.len && is_address(word, false))
				bare = word;
		}
	}
	return bare;
}

enum { RETURN_PATH, FROM };
static const char *const fields[] = {[RETURN_PATH] = "Return-Path", [FROM] = "From"};

void stamp_scan_init(struct stamp_scan *s)
{
	header_scan_init(&s->header, fields, sizeof(fields) / sizeof(fields[0]));
	s->taken = s->len = 0;
	s->done = false;
	s->sender[0] = '\0';
}

static void set_sender(struct stamp_scan *s, struct span address)
{
	memcpy(s->sender, address.data, address.len);
	s->sender[address.len] = '\0';
}

/* A Return-Path ends the search: nothing names the sender better. */
static void field_ended(struct stamp_scan *s)
{
	struct span address;

	/* A value that did not fit may end within an address. */
	if (s->len == sizeof(s->text))
		while (s->len && s->text[s->len - 1] != ' ' && s->text[s->len - 1] != '\n')
			s->len--;
	address = find_address(s->text, s->len);
	s->len = 0;
	if (s->header.field == FROM) {
		if (!s->sender[0] && is_address(address, false))
			set_sender(s, address);
		return;
	}
	if (address.data && address.len == 0)
		address = span_of(NOBODY); /* <>: a bounce */
	if (address.data && is_address(address, true)) {
		set_sender(s, address);
		s->done = true;
	}
}

static void add_value(struct stamp_scan *s, struct span piece)
{
	size_t room = sizeof(s->text) - s->len, n = piece.len < room ? piece.len : room;

	memcpy(s->text + s->len, piece.data, n);
	s->len += n;
}

bool stamp_scan_feed(struct stamp_scan *s, struct span octets)
{
	size_t left = STAMP_HEADER_MAX - s->taken;
	struct span piece;

	if (octets.len > left)
		octets.len = left;
	s->taken += octets.len;
	while (!s->done)
		switch (header_next(&s->header, &octets, &piece)) {
		case HEADER_VALUE:
			add_value(s, piece);
			break;
		case HEADER_FIELD:
			field_ended(s);
			break;
		case HEADER_END:
			s->done = true;
			break;
		case HEADER_MORE:
			s->done = s->taken == STAMP_HEADER_MAX;
			return s->done;
		}
	return true;
}

const char *stamp_scan_sender(struct stamp_scan *s)
{
	if (!s->done && header_finish(&s->header))
		field_ended(s);
	s->done = true;
	return s->sender[0] ? s->sender : NOBODY;
}
