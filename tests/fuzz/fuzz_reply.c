/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: a reader takes a line or leaves it; what it takes lies within the line, and written
 * out plainly is taken again as the same. */
/*
 * The input is split into lines at LF. Each is given to all readers, in a block of exactly its
 * size; the capabilities gather over all lines.
 */
#include <inttypes.h>
#include <stdio.h>

#include "fuzz.h"
#include "pop3/reply.h"

static bool within(struct span part, struct span whole)
{
	return part.data >= whole.data && part.data + part.len <= whole.data + whole.len;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_trimmed(struct span s)
{
	return !s.len || (!is_blank(s.data[0]) && !is_blank(s.data[s.len - 1]));
}

static void check_status(struct span line)
{
	struct span text, again_text;
	enum pop3_code code, again_code;
	bool ok, again_ok;
	struct buf again = {NULL, 0, 0};

	if (!reply_status(line, &ok, &code, &text))
		return;
	CHECK(within(text, line) && is_trimmed(text));
	CHECK(code <= POP3_CODE_OTHER);
	CHECK(code == POP3_CODE_NONE || (text.data[0] == '[' && memchr(text.data, ']', text.len)));
	buf_add_text(&again, ok ? "+OK " : "-ERR ");
	buf_add(&again, text.data, text.len);
	CHECK(reply_status(buf_span(&again), &again_ok, &again_code, &again_text));
	CHECK(ok == again_ok && code == again_code && span_equal(text, again_text));
	buf_release(&again);
}

static void check_stamp(struct span line)
{
	struct span stamp, again;

	if (!reply_apop_stamp(line, &stamp))
		return;
	CHECK(within(stamp, line) && stamp.len >= 5);
	CHECK(stamp.data[0] == '<' && stamp.data[stamp.len - 1] == '>');
	for (size_t i = 0; i < stamp.len; i++)
		CHECK(stamp.data[i] > 0x20 && stamp.data[i] < 0x7f);
	CHECK(reply_apop_stamp(stamp, &again) && span_equal(stamp, again));
}

static void check_list(struct span line)
{
	char again[60];
	uint32_t msg, again_msg;
	uint64_t size, again_size;

	if (!reply_list(line, &msg, &size))
		return;
	CHECK(msg > 0 && size <= INT64_MAX);
	snprintf(again, sizeof(again), "%" PRIu32 " %" PRIu64, msg, size);
	CHECK(reply_list(span_of(again), &again_msg, &again_size));
	CHECK(msg == again_msg && size == again_size);
}

static void check_uidl(struct span line)
{
	struct buf again = {NULL, 0, 0};
	struct span uid, again_uid;
	uint32_t msg, again_msg;

	if (!reply_uidl(line, &msg, &uid))
		return;
	CHECK(msg > 0 && uid.len > 0 && within(uid, line) && is_trimmed(uid));
	buf_printf(&again, "%" PRIu32 " ", msg);
	buf_add(&again, uid.data, uid.len);
	CHECK(reply_uidl(buf_span(&again), &again_msg, &again_uid));
	CHECK(msg == again_msg && span_equal(uid, again_uid));
	buf_release(&again);
}

static void check_capabilities(const struct capabilities *c)
{
	size_t len = strlen(c->mechanisms);

	CHECK(len < sizeof(c->mechanisms));
	CHECK(len == 0 || (c->sasl && c->mechanisms[0] == ' ' && c->mechanisms[len - 1] == ' '));
	for (size_t i = 0; i < len; i++)
		CHECK(c->mechanisms[i] < 'a' || c->mechanisms[i] > 'z');
	CHECK(!c->utf8_user || c->utf8);
	CHECK(c->expires || c->expire_days == 0);
	capabilities_has_mechanism(c, "PLAIN");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct capabilities c = {.known = false};

	while (len) {
		const uint8_t *nl = memchr(data, '\n', len);
		size_t n = nl ? (size_t)(nl - data) : len;
		char *exact = xmalloc(n);
		struct span line = {exact, n};

		if (n)
			memcpy(exact, data, n);
		check_status(line);
		check_stamp(line);
		check_list(line);
		check_uidl(line);
		capabilities_add(&c, line);
		CHECK(c.known);
		check_capabilities(&c);
		free(exact);
		n += nl != NULL;
		data += n;
		len -= n;
	}
	return 0;
}
