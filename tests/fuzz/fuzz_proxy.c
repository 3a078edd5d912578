/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: however a proxy's answer is cut, it means the same, ends at the same octet and shows no
 * password; a URL that is taken, written out, is taken again as the same. */
/*
 * The first octet says which: 'u' a URL, 's' and 'S' SOCKS without and with a login, 'h' and 'H'
 * HTTP. For an answer the second says how it is cut.
 */
#include "fuzz.h"
#include "net/proxy.h"

static const char password[] = "correct horse battery";
/* base64 of "anna:" and the password */
static const char encoded[] = "YW5uYTpjb3JyZWN0IGhvcnNlIGJhdHRlcnk=";

struct outcome {
	enum proxy_state state;
	size_t eaten;
	enum error_kind kind;
};

/* An octet made safe may end in a letter that the password begins with: "\x8correct …". */
static void check_words(const char *text, enum proxy_kind kind)
{
	if (strstr(text, "\\x"))
		return;
	CHECK(!strstr(text, password) && (kind != PROXY_HTTP || !strstr(text, encoded)));
}

/* Without a login there is nothing to be hidden. */
static void check_error(const struct error *e, enum proxy_kind kind, bool login)
{
	CHECK(e->kind != ERROR_NONE && e->text[0]);
	if (!login)
		return;
	check_words(e->text, kind);
	check_words(e->why, kind);
	check_words(e->remedy, kind);
}

static struct outcome hear(enum proxy_kind kind, bool login, struct span in, unsigned cut)
{
	char host[] = "proxy.example", user[] = "anna";
	const struct proxy proxy = {kind, login ? user : NULL, host, 1080};
	struct error e = {.kind = ERROR_NONE};
	struct proxy_talk *t = proxy_talk_new(&proxy, login ? password : NULL, "pop.example", 995, &e);
	struct outcome o = {PROXY_TALKING, 0, ERROR_NONE};

	CHECK(t);
	while (o.state == PROXY_TALKING && o.eaten < in.len) {
		size_t n = next_piece(&cut, in.len - o.eaten), eaten;
		char *piece = exact_copy((struct span){in.data + o.eaten, n});

		proxy_talk_sent(t, proxy_talk_output(t).len);
		o.state = proxy_talk_feed(t, (struct span){piece, n}, &eaten, &e);
		CHECK(eaten > 0 && eaten <= n && (o.state != PROXY_TALKING || eaten == n));
		o.eaten += eaten;
		free(piece);
	}
	CHECK(o.eaten <= 64 * 1024);
	if (o.state == PROXY_TALKING)
		proxy_talk_closed(t, &e);
	if (o.state == PROXY_OPEN)
		CHECK(e.kind == ERROR_NONE);
	else
		check_error(&e, kind, login);
	o.kind = e.kind;
	proxy_talk_free(t);
	return o;
}

static void check_answer(enum proxy_kind kind, bool login, struct span in)
{
	unsigned cut = take_octet(&in);
	struct outcome whole = hear(kind, login, in, 0), cut_up = hear(kind, login, in, cut);

	CHECK(whole.state == cut_up.state && whole.eaten == cut_up.eaten);
	CHECK(whole.kind == cut_up.kind);
}

static void check_url(struct span in)
{
	char *url = xstrndup(in.data, in.len);
	struct proxy one, other;
	struct error e = {.kind = ERROR_NONE};
	struct where shown;

	if (proxy_parse(url, &one, &e)) {
		if (one.kind != PROXY_NONE) {
			CHECK(one.host[0] && one.port);
			shown = proxy_shown(&one);
			if (strlen(one.host) < 200) {
				CHECK(proxy_parse(shown.text, &other, &e));
				CHECK(one.kind == other.kind && one.port == other.port);
				CHECK(strcmp(one.host, other.host) == 0);
				proxy_release(&other);
			}
		}
		proxy_release(&one);
	} else {
		CHECK(e.kind == ERROR_CONFIG);
	}
	free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = {(const char *)data, len};

	switch (take_octet(&in)) {
	case 's':
		check_answer(PROXY_SOCKS5, false, in);
		break;
	case 'S':
		check_answer(PROXY_SOCKS5, true, in);
		break;
	case 'h':
		check_answer(PROXY_HTTP, false, in);
		break;
	case 'H':
		check_answer(PROXY_HTTP, true, in);
		break;
	case 'u':
		check_url(in);
		break;
	}
	return 0;
}
