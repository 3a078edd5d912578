/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Invariant: whatever a header field says, what is shown of it is a part of one line: printing
 * ASCII in the C locale, no wider than its column, padded to it if asked; and a date that is
 * understood can be written and read again.
 */
#include <locale.h>

#include "base/text.h"
#include "fuzz.h"
#include "report/encoded.h"
#include "report/fit.h"
#include "report/maildate.h"

static void check_shown(struct span text, size_t columns, bool pad)
{
	struct buf out = {NULL, 0, 0};
	size_t width = fit_add(&out, text, columns, pad);

	/* In this locale each octet takes a column. */
	CHECK(width == out.len);
	CHECK(!columns || width <= columns);
	CHECK(!pad || width >= columns);
	for (size_t i = 0; i < out.len; i++)
		CHECK(out.data[i] >= 0x20 && out.data[i] < 0x7f);
	buf_release(&out);
}

static void check_date(struct span value)
{
	char utc[TEXT_UTC_ROOM];
	int64_t seconds, again;

	if (!maildate_parse(value, &seconds))
		return;
	text_utc(utc, seconds);
	/* A zone may carry the last hours of all years into the next. */
	if (utc[0])
		CHECK(maildate_parse_utc(span_of(utc), &again) && again == seconds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = {(const char *)data, len};
	size_t columns = take_octet(&in);
	char *exact = exact_copy(in);
	const struct span value = {exact, in.len};
	struct buf text = {NULL, 0, 0}, name = {NULL, 0, 0}, address = {NULL, 0, 0};

	setlocale(LC_CTYPE, "C");
	encoded_add(&text, value);
	encoded_sender(&name, &address, value);
	check_shown(buf_span(&text), FIT_ALL, false);
	check_shown(buf_span(&text), columns, true);
	check_shown(buf_span(&name), columns, false);
	check_shown(buf_span(&address), columns, false);
	check_date(value);
	buf_release(&text);
	buf_release(&name);
	buf_release(&address);
	free(exact);
	return 0;
}
