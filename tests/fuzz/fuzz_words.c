/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: text made safe is UTF-8 without controls and fits its room, and so is a string of
 * JSON, which nothing within ends; a number, an age, a size, a command or a URL that is taken,
 * written out plainly, is taken again as the same. */
/*
 * The first octet is the room for what is made safe; all readers of short texts get the rest.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/child.h"
#include "base/jsonout.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/popurl.h"
#include "fuzz.h"

/* ---- made safe ---- */

/* The octets of the well-formed character at p, which is no control; by the table of RFC 3629 s.4.
 */
static size_t character(const unsigned char *p)
{
	static const unsigned char first[][4] = {{0xc2, 0xdf, 0x80, 0xbf}, {0xe0, 0xe0, 0xa0, 0xbf},
		{0xe1, 0xec, 0x80, 0xbf}, {0xed, 0xed, 0x80, 0x9f}, {0xee, 0xef, 0x80, 0xbf},
		{0xf0, 0xf0, 0x90, 0xbf}, {0xf1, 0xf3, 0x80, 0xbf}, {0xf4, 0xf4, 0x80, 0x8f}};
	size_t len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f ? 1 : 0;
	if (p[0] == 0xc2 && p[1] < 0xa0)
		return 0;
	for (size_t i = 0; i < 8; i++) {
		if (p[0] < first[i][0] || p[0] > first[i][1] || p[1] < first[i][2] ||
			p[1] > first[i][3])
			continue;
		for (size_t k = 2; k < len; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return len;
	}
	return 0;
}

static void check_safe(struct span s, size_t room)
{
	char *out = xmalloc(room);
	bool plain = s.len <= TEXT_SAFE_MAX;

	text_safe(out, room, s);
	CHECK(room && memchr(out, '\0', room));
	for (const unsigned char *p = (const unsigned char *)out; *p;) {
		size_t n = character(p);

		CHECK(n);
		p += n;
	}
	for (size_t i = 0; i < s.len; i++)
		plain = plain && s.data[i] >= 0x20 && s.data[i] < 0x7f;
	if (plain && room > s.len + 8)
		CHECK(span_is(s, out));
	free(out);
}

/* The octets of one character of a string of JSON, escaped or not (RFC 8259 s.7). */
static size_t json_character(const unsigned char *p)
{
	if (p[0] == '"')
		return 0;
	if (p[0] != '\\')
		return character(p);
	if (p[1] == 'u')
		return strspn((const char *)p + 2, "0123456789abcdef") >= 4 ? 6 : 0;
	return p[1] && strchr("\"\\bfnrt", p[1]) ? 2 : 0;
}

static void check_json(struct span s)
{
	struct buf out = {NULL, 0, 0};
	size_t characters = 0, in = 0, at = 1;

	jsonout_span(&out, NULL, s);
	CHECK(strlen(out.data) == out.len && out.data[0] == '"');
	for (size_t n; at + 1 < out.len; at += n, characters++) {
		n = json_character((const unsigned char *)out.data + at);
		CHECK(n && at + n < out.len);
	}
	CHECK(out.data[at] == '"');
	for (size_t n; in < s.len; in += n, characters--)
		text_character((struct span){s.data + in, s.len - in}, &n);
	CHECK(characters == 0);
	buf_release(&out);
}

/* ---- read and written again ---- */

static void check_numbers(struct span s)
{
	char text[40];
	uint64_t number, again;
	uint32_t small;
	int64_t age, age_again;
	bool truth;

	if (parse_u64(s, UINT64_MAX, &number)) {
		while (s.len > 1 && s.data[0] == '0') {
			s.data++;
			s.len--;
		}
		snprintf(text, sizeof(text), "%" PRIu64, number);
		CHECK(span_is(s, text));
		CHECK(!number || !parse_u64(s, number - 1, &again));
		CHECK(parse_u64(s, number, &again) && again == number);
		CHECK(parse_u32(s, UINT32_MAX, &small) == (number <= UINT32_MAX));
		CHECK(parse_size(s, &again) && again == number);
	}
	if (parse_age(s, &age)) {
		CHECK(age >= 0);
		snprintf(text, sizeof(text), "%" PRId64 "s", age);
		CHECK(parse_age(span_of(text), &age_again) && age_again == age);
	}
	if (parse_size(s, &number)) {
		snprintf(text, sizeof(text), "%" PRIu64, number);
		CHECK(parse_size(span_of(text), &again) && again == number);
	}
	if (parse_bool(s, &truth))
		CHECK(span_is(s, truth ? "true" : "false") || s.len <= 3);
}

static void check_command(const char *text)
{
	struct error e = {.kind = ERROR_NONE};
	struct buf quoted = {NULL, 0, 0};
	char **argv, **again;
	size_t i;

	if (!child_argv_split(text, &argv, &e)) {
		CHECK(e.kind == ERROR_CONFIG && e.text[0]);
		return;
	}
	CHECK(argv[0] && argv[0][0]);
	for (i = 0; argv[i]; i++) {
		buf_add_text(&quoted, "\"");
		for (const char *p = argv[i]; *p; p++)
			buf_printf(&quoted, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
		buf_add_text(&quoted, "\"\t ");
	}
	CHECK(child_argv_split(quoted.data, &again, NULL));
	for (i = 0; argv[i]; i++)
		CHECK(again[i] && strcmp(argv[i], again[i]) == 0);
	CHECK(!again[i]);
	child_argv_free(argv);
	child_argv_free(again);
	buf_release(&quoted);
}

static void add_escaped(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_printf(out, "%%%02x", (unsigned char)*text);
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool has_control(const char *text)
{
	for (; text && *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

static void check_url(const char *text)
{
	struct popurl url, again;
	struct buf plain = {NULL, 0, 0};
	struct error e = {.kind = ERROR_NONE};

	if (!popurl_parse(text, &url, &e)) {
		CHECK(e.kind == ERROR_USAGE && e.text[0]);
		CHECK(!url.user && !url.auth && !url.host && !url.port);
		return;
	}
	CHECK(popurl_is(text) && url.host[0]);
	/* A server alone, or somebody there, who may log in in a certain way. */
	CHECK(url.user ? url.user[0] : !url.auth);
	CHECK(!has_control(url.user) && !has_control(url.host) && !has_control(url.auth));
	buf_add_text(&plain, url.tls_at_once ? "POPS://" : "pop://");
	if (url.user)
		add_escaped(&plain, url.user);
	if (url.auth) {
		buf_add_text(&plain, ";auth=");
		/* A mechanism loses one "+", and "*" has a name. */
		buf_add_text(&plain, url.auth[0] == '+' || !url.auth[0] ? "+" : "");
		add_escaped(&plain, url.auth);
	}
	if (url.user)
		buf_add_text(&plain, "@");
	add_escaped(&plain, url.host);
	if (url.port)
		buf_printf(&plain, ":%s/", url.port);
	CHECK(popurl_parse(plain.data, &again, NULL));
	CHECK(url.tls_at_once == again.tls_at_once && same(url.user, again.user));
	CHECK(same(url.auth, again.auth) && same(url.host, again.host) &&
		same(url.port, again.port));
	popurl_release(&url);
	popurl_release(&again);
	buf_release(&plain);
}

static void check_tilde(const char *path, const char *home)
{
	char *shown = text_tilde(path, home);

	CHECK(strlen(shown) <= strlen(path));
	CHECK(shown[0] == path[0] || shown[0] == '~');
	free(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const words[] = {"deliver", "keep", "host", "max-messages"};
	struct span in = {(const char *)data, len};
	size_t room = 1 + take_octet(&in) * 4u;
	char *exact = exact_copy(in), *text = xstrndup(in.data, in.len);
	struct safe safe_text;

	check_safe((struct span){exact, in.len}, room);
	check_json((struct span){exact, in.len});
	safe_text = safe((struct span){exact, in.len});
	CHECK(memchr(safe_text.text, '\0', sizeof(safe_text.text)));
	check_numbers((struct span){exact, in.len});
	check_command(text);
	check_url(text);
	check_tilde(text, "/home/fuzz");
	check_tilde("/home/fuzz/Mail", text);
	text_nearest(text, words, 4);
	free(exact);
	free(text);
	return 0;
}
