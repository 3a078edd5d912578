/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CONNECT (RFC 9110 s.9.3.6, RFC 9112 s.4) with the Basic login (RFC 7617). A line is taken octet
 * by octet, so that what stands behind the empty one is left alone: it is the server's. A 2xx has
 * no body, whatever its fields say; of other answers the body is of no interest.
 */
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "net/http.h"
#include "net/proxy_inner.h"

enum { LINE_MAX_OCTETS = 4096, HEADER_MAX_OCTETS = 32 * 1024 };
static const char version[] = "HTTP/1.";

static void add_login(struct proxy_talk *t)
{
	char *plain = xasprintf("%s:%s", t->proxy->user, t->password);
	gnutls_datum_t in = {(unsigned char *)plain, (unsigned)strlen(plain)}, out = {NULL, 0};
	char *text;

	if (gnutls_base64_encode2(&in, &out) < 0) {
		proxy_fail(t, ERROR_INTERNAL, "the proxy %.150s cannot be given a login",
			t->shown.text);
	} else {
		text = xstrndup((const char *)out.data, out.size);
		buf_reserve(&t->out, strlen(text) + 1024);
		buf_printf(&t->out, "Proxy-Authorization: Basic %s\r\n", text);
		hide_add(&t->hide, text);
		wipe_free(text);
		wipe(out.data, out.size);
		gnutls_free(out.data);
	}
	wipe_free(plain);
}

void http_connect_begin(struct proxy_talk *t)
{
	struct where to = dial_where(t->host, t->port);

	buf_printf(&t->out, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", to.text, to.text);
	if (t->password)
		add_login(t);
	buf_add_text(&t->out, "\r\n");
}

static void add_why(struct proxy_talk *t)
{
	error_why(&t->failure, "it said: %u %s", (unsigned)t->status, t->reason);
}

/* What passes by itself (RFC 9110 s.15); NULL: the status is none of that kind. */
static const char *temporary_reason(uint32_t status)
{
	switch (status) {
	case 408:
	case 429:
		return _("it has too much to do");
	case 500:
	case 502:
		return _("the host is unreachable from it, or unknown");
	case 503:
		return _("it has too much to do, or knows no such host");
	case 504:
		return _("it got no answer in time");
	default:
		return NULL;
	}
}

static void refuse_login(struct proxy_talk *t)
{
	if (t->status == 407 && !t->basic)
		proxy_fail(t, ERROR_CAPABILITY,
			"the proxy %.150s demands a login of a kind that is not known here (only Basic is)",
			t->shown.text);
	else if (t->password)
		proxy_refuses_login(t);
	else
		proxy_wants_login(t);
}

void http_connect_refuse(struct proxy_talk *t)
{
	const char *target = t->target.text, *reason = temporary_reason(t->status);

	/* The first is what tinyproxy says to a wrong password. */
	if (t->status == 401 || t->status == 407) {
		refuse_login(t);
	} else if (reason) {
		proxy_fail(t, ERROR_NETWORK, "the proxy %.150s could not connect to %s: %s",
			t->shown.text, target, reason);
	} else {
		proxy_fail(t, ERROR_CAPABILITY,
			"the proxy %.150s does not allow a connection to %s", t->shown.text,
			target);
		error_remedy(&t->failure, "many let only port 443 through",
			"ask who runs it to allow %s", target);
	}
	add_why(t);
}

static bool take_status(struct proxy_talk *t, struct span line)
{
	struct span reason;
	struct buf room = {NULL, 0, 0};

	if (!http_status_line(line, &t->status, &reason)) {
		t->status = 0;
		return false;
	}
	snprintf(t->reason, sizeof(t->reason), "%s", safe(hide_in(&t->hide, reason, &room)).text);
	buf_wipe(&room);
	t->in_fields = true;
	return true;
}

/* Whether Basic is among the challenges of the field, which commas part, with or without a blank.
 */
static bool names_basic(struct span value)
{
	static const char between[] = ", \t";
	size_t at = 0;

	while (at < value.len) {
		struct span word = {value.data + at, 0};

		while (at < value.len && !strchr(between, value.data[at]))
			at++;
		word.len = (size_t)(value.data + at - word.data);
		if (span_is_nocase(word, "Basic"))
			return true;
		at++;
	}
	return false;
}

static void take_field(struct proxy_talk *t, struct span line)
{
	const char *colon = memchr(line.data, ':', line.len);
	struct span name = {line.data, colon ? (size_t)(colon - line.data) : 0};

	if (span_is_nocase(name, "Proxy-Authenticate") &&
		names_basic(span_trim((struct span){colon + 1, line.len - name.len - 1})))
		t->basic = true;
}

static void end_header(struct proxy_talk *t)
{
	if (t->status >= 200 && t->status < 300) {
		t->state = PROXY_OPEN;
	} else if (t->status >= 200 || t->status == 101) {
		http_connect_refuse(t);
	} else {
		/* An interim answer (RFC 9110 s.15.2): another follows. */
		t->in_fields = false;
		t->status = 0;
	}
}

static void take_line(struct proxy_talk *t)
{
	struct span line = span_without_cr(buf_span(&t->line));

	for (size_t i = 0; i < line.len; i++)
		if (((unsigned char)line.data[i] < 0x20 && line.data[i] != '\t') ||
			line.data[i] == 0x7f) {
			proxy_is_none(t, "HTTP", line);
			return;
		}
	if (!t->in_fields) {
		if (!take_status(t, line))
			proxy_is_none(t, "HTTP", line);
	} else if (line.len) {
		take_field(t, line);
	} else {
		end_header(t);
	}
	buf_clear(&t->line);
}

static bool begins_as_http(const struct buf *line)
{
	size_t n = line->len < sizeof(version) - 1 ? line->len : sizeof(version) - 1;

	return memcmp(line->data, version, n) == 0;
}

size_t http_connect_feed(struct proxy_talk *t, struct span in)
{
	if (++t->total > HEADER_MAX_OCTETS || t->line.len > LINE_MAX_OCTETS) {
		proxy_fail(t, ERROR_PROTOCOL, "the proxy %.150s sends an answer without an end",
			t->shown.text);
		return 1;
	}
	if (in.data[0] == '\n') {
		take_line(t);
		return 1;
	}
	buf_add(&t->line, in.data, 1);
	/* Something else may never send a line end. */
	if (!t->in_fields && !begins_as_http(&t->line))
		proxy_is_none(t, "HTTP", t->line.len > 1 ? buf_span(&t->line) : in);
	return 1;
}
