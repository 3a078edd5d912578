/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines of the dialog: chatter, so that they go to standard error, and only where somebody
 * reads them. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "report/output.h"
#include "report/screen.h"
#include "terminal.h"
#include "verbs/setup_inner.h"

static void put(const struct setup *s, const struct buf *text)
{
	if (s->tells && text->len)
		(void)output_write(STDERR_FILENO, text);
}

void setup_say(const struct setup *s, const char *fmt, ...)
{
	char line[1000];
	struct buf text = {NULL, 0, 0};
	va_list ap;

	va_start(ap, fmt);
	text_format(line, sizeof(line), fmt, ap);
	va_end(ap);
	buf_add_text(&text, line);
	put(s, &text);
	buf_release(&text);
}

static void put_wrapped(const struct setup *s, const char *text, int indent)
{
	struct buf lines = {NULL, 0, 0};

	buf_printf(&lines, "%*s", indent, "");
	text_wrap(&lines, text, (size_t)indent, screen_columns(STDERR_FILENO));
	put(s, &lines);
	buf_release(&lines);
}

void setup_explain(const struct setup *s, const char *text)
{
	put_wrapped(s, text, 2);
}

void setup_say_whole(const struct setup *s, const char *text)
{
	put_wrapped(s, text, 0);
}

void setup_say_ok(const struct setup *s, const char *line, const char *word)
{
	enum { COLUMN = 66, APART = 2 };
	size_t width = screen_width(line), more = screen_width(word);
	size_t columns = screen_columns(STDERR_FILENO), place = COLUMN;
	struct buf text = {NULL, 0, 0};

	if (place + more > columns)
		place = columns > more ? columns - more : 0;
	if (width + APART + more > columns) {
		text_wrap(&text, line, APART, columns);
		buf_printf(&text, "%*s%s\n", APART, "", word);
	} else {
		buf_printf(&text, "%s%*s%s\n", line,
			width + APART < place ? (int)(place - width) : APART, "", word);
	}
	put(s, &text);
	buf_release(&text);
}

/* Where a line can be taken back, and no others come between. */
void setup_say_passing(struct setup *s, const char *line)
{
	size_t width = screen_width(line);
	struct buf text = {NULL, 0, 0};

	if (!s->may_ask || terminal_is_dumb() || s->cli->verbosity != CLI_NORMAL ||
		width >= screen_columns(STDERR_FILENO))
		return;
	buf_add_text(&text, line);
	put(s, &text);
	s->passing = width;
	buf_release(&text);
}

void setup_pass_over(struct setup *s)
{
	struct buf text = {NULL, 0, 0};

	if (!s->passing)
		return;
	buf_printf(&text, "\r%*s\r", (int)s->passing, "");
	put(s, &text);
	s->passing = 0;
	buf_release(&text);
}
