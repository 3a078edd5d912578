/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the server says it can do (CAPA), before the login and behind it. */
#include <string.h>

#include "base/i18n.h"
#include "doctor/look.h"
#include "doctor/words.h"

enum { CAPABILITY_WIDTH = 30, LINES_MAX = 4096 };

static bool has_line(const struct buf *lines, struct span wanted)
{
	struct span rest = buf_span(lines);

	while (rest.len)
		if (span_equal(span_line(&rest), wanted))
			return true;
	return false;
}

/* With its arguments where they are short. */
static struct span short_form(struct span line)
{
	struct span rest = span_trim(line), all = rest, name = span_word(&rest);

	return span_is_nocase(name, "SASL") || span_is_nocase(name, "IMPLEMENTATION") ? name : all;
}

/* Those that are not in the lines of known, as "A, B". */
static void add_names(struct buf *out, const struct buf *lines, const struct buf *known)
{
	struct span rest = buf_span(lines), line;

	while (rest.len) {
		line = span_line(&rest);
		if (!known || !has_line(known, line))
			buf_printf(out, "%s%s", out->len ? ", " : "", safe(short_form(line)).text);
	}
}

static void tell_meanings(struct look *l, const struct buf *known)
{
	struct span rest = buf_span(&l->lines), line;
	char meaning[4 * TEXT_SAFE_MAX + 40];
	int width = 0;

	while (rest.len) {
		size_t len = short_form(span_line(&rest)).len;

		if (len < CAPABILITY_WIDTH && (int)len > width)
			width = (int)len;
	}
	rest = buf_span(&l->lines);
	while (rest.len) {
		line = span_line(&rest);
		if (known && has_line(known, line))
			continue;
		words_capability(meaning, sizeof(meaning), line);
		check_detail(l->c, checkup_in_detail(l->c), "%-*s  %s", width,
			safe(short_form(line)).text, meaning);
	}
}

void look_tell_capabilities(struct look *l, int64_t ms)
{
	struct buf names = {NULL, 0, 0};

	if (!l->lines.len) {
		check_remark(l->c, "capabilities",
			"the server tells none (no CAPA): what it can do is found out by trying");
		return;
	}
	add_names(&names, &l->lines, NULL);
	check_ok(l->c, "capabilities", ms, "%s", names.len ? names.data : _("none"));
	tell_meanings(l, NULL);
	if (l->more_lines)
		check_detail(l->c, true, _n("and %zu more", "and %zu more", l->more_lines),
			l->more_lines);
	buf_release(&names);
}

void look_tell_more_capabilities(struct look *l)
{
	struct buf names = {NULL, 0, 0};

	add_names(&names, &l->lines, &l->before);
	if (names.len) {
		check_ok(l->c, "capabilities", NO_TIME, "after the login also: %s", names.data);
		tell_meanings(l, &l->before);
	}
	buf_release(&names);
}

void look_take_line(struct look *l, struct span line)
{
	if (l->lines.len + line.len < LINES_MAX) {
		buf_add(&l->lines, line.data, line.len);
		buf_add_text(&l->lines, "\n");
	} else {
		l->more_lines++;
	}
}
