/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: a change of a configuration is made once, however often it is asked for, and takes
 * away nothing but the old value; a new account stands behind all that was there, and can be
 * changed. */
/* A value, and behind a FS (0x1c) the text of the file. */
#include "config/confedit.h"
#include "fuzz.h"

enum { FILE_MARK = 0x1c };

/* No setting takes others. */
static bool is_value(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f)
			return false;
	return s.len > 0;
}

/* All octets of part are in whole, in their order. */
static bool is_left(struct span part, struct span whole)
{
	size_t i = 0;

	for (size_t k = 0; i < part.len && k < whole.len; k++)
		i += part.data[i] == whole.data[k];
	return i == part.len;
}

static void check_change(struct span text, const struct confedit_setting *one)
{
	struct buf out = {NULL, 0, 0}, again = {NULL, 0, 0};
	struct error e = {.kind = ERROR_NONE};
	static const char word[] = "deliver";
	bool there = false;

	if (!confedit_change(text, "home", one, 1, &out, &e)) {
		CHECK(e.kind == ERROR_CONFIG && e.text[0] && !out.data);
		return;
	}
	for (size_t i = 0; i + strlen(word) <= text.len; i++)
		there = there || memcmp(text.data + i, word, strlen(word)) == 0;
	CHECK(there || is_left(text, buf_span(&out)));
	CHECK(confedit_change(buf_span(&out), "home", one, 1, &again, &e));
	CHECK(span_equal(buf_span(&out), buf_span(&again)));
	buf_release(&out);
	buf_release(&again);
}

static void check_add(struct span text, const struct confedit_setting *one)
{
	struct buf out = {NULL, 0, 0}, again = {NULL, 0, 0};
	struct error e = {.kind = ERROR_NONE};

	if (!confedit_add(text, "new", one, 1, &out, &e)) {
		CHECK(e.kind == ERROR_CONFIG && e.text[0] && !out.data);
		return;
	}
	CHECK(out.len > text.len && (!text.len || memcmp(out.data, text.data, text.len) == 0));
	/* The first of that name is the one that is changed. */
	CHECK(confedit_change(buf_span(&out), "new", one, 1, &again, &e));
	buf_release(&out);
	buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = {(const char *)data, len}, value = take_until(&in, FILE_MARK);
	struct confedit_setting one = {.name = "deliver"};
	char *exact = exact_copy(in), *text;

	if (is_value(value)) {
		text = xstrndup(value.data, value.len);
		one.value = text;
		check_change((struct span){exact, in.len}, &one);
		check_add((struct span){exact, in.len}, &one);
		free(text);
	}
	free(exact);
	return 0;
}
