/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The words of an error, in one line for logs and cron, in several for a person. There a line that
 * is wider than the terminal goes on further in, broken between words; a remedy is something to
 * type, so it stays whole, on a line of its own if need be. One that nothing introduces is a
 * sentence.
 */
#include "report/report_error.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/mem.h"
#include "report/report_json.h"
#include "report/screen.h"

enum {
	WIDTH_MAX = 100, /* longer lines are no pleasure to read */
	WIDTH_MIN = 40,  /* words alone on a line are none either */
	INDENT = 7,      /* below what is behind "ambil: " */
	HANG = INDENT + 2,
};

/* 0: lines are as long as they are. */
static size_t find_width(void)
{
	size_t width = screen_columns(STDERR_FILENO);

	return width < WIDTH_MIN ? 0 : width > WIDTH_MAX ? WIDTH_MAX : width;
}

/* A line that is being written. */
struct line {
	struct buf *out;
	size_t width, at; /* columns: there are, are taken */
};

static void begin_line(struct line *line, size_t indent)
{
	buf_printf(line->out, "\n%*s", (int)indent, "");
	line->at = indent;
}

/* As far as it is not to be broken: a word, or one of several commands with commas between them,
 * if it has room in a line. */
static size_t measure_piece(const struct line *line, const char *text, bool commands)
{
	size_t len = commands ? strcspn(text, ",") : 0;
	char *piece = xstrndup(text, len);
	bool fits = line->width && HANG + screen_width(piece) < line->width;

	free(piece);
	return len && fits ? len + (text[len] == ',') : strcspn(text, " ");
}

/* Adds text; what does not fit goes on below. Behind two blanks stands what can be typed. */
static void add_words(struct line *line, const char *text)
{
	struct buf word = {NULL, 0, 0};
	bool commands = false;

	while (*text) {
		size_t blanks = strspn(text, " "), columns, len;

		commands |= blanks > 1;
		len = measure_piece(line, text + blanks, commands);
		buf_clear(&word);
		buf_add(&word, text + blanks, len);
		buf_add_text(&word, "");
		columns = screen_width(word.data);
		if (line->width && line->at > HANG && line->at + blanks + columns > line->width) {
			begin_line(line, HANG);
			text += blanks;
			blanks = 0;
		}
		buf_add(line->out, text, blanks + len);
		line->at += blanks + columns;
		text += blanks + len;
	}
	buf_release(&word);
}

/* What is to be typed, behind what introduces it. */
static void add_choice(struct line *line, const char *lead, const char *remedy)
{
	size_t len = strlen(lead);

	begin_line(line, INDENT);
	if (len) {
		add_words(line, lead);
		buf_add_text(line->out, strchr("?:", lead[len - 1]) ? "" : ":");
		line->at += 1;
		if (line->width && line->at + 2 + screen_width(remedy) > line->width)
			begin_line(line, HANG);
		else
			buf_add_text(line->out, "  ");
	}
	buf_add_text(line->out, remedy);
}

/* One that has several things to choose from, with three blanks between them, has a line for each
 * where it is too long for one. */
static void add_remedy(struct line *line, const struct error *e)
{
	static const char between[] = "   ";
	size_t columns = INDENT + screen_width(e->lead) + 3 + screen_width(e->remedy);
	const char *lead = e->lead, *rest = e->remedy, *end;
	char *one;

	if (!lead[0]) { /* a sentence, and nothing to be typed */
		begin_line(line, INDENT);
		add_words(line, rest);
		return;
	}
	while (line->width && columns > line->width && (end = strstr(rest, between))) {
		one = xstrndup(rest, (size_t)(end - rest));
		add_choice(line, lead, one);
		free(one);
		lead = "";
		rest = end + strlen(between);
	}
	add_choice(line, lead, rest);
}

static void add_several_lines(struct buf *b, const char *who, const struct error *e)
{
	struct line line = {b, find_width(), INDENT};
	struct buf text = {NULL, 0, 0};

	buf_printf(&text, "%s%s%s", who ? who : "", who ? ": " : "", e->text);
	add_words(&line, text.data);
	if (e->why[0]) {
		buf_clear(&text);
		buf_printf(&text, "%s%s", e->server ? _("server: ") : "", e->why);
		begin_line(&line, INDENT);
		add_words(&line, text.data);
	}
	buf_release(&text);
	if (e->remedy[0])
		add_remedy(&line, e);
}

static void add_one_line(struct buf *b, const char *who, const struct error *e)
{
	if (who)
		buf_printf(b, "%s: ", who);
	buf_add_text(b, e->text);
	if (e->why[0])
		buf_printf(b, e->server ? ": \"%s\"" : ": %s", e->why);
	if (e->remedy[0])
		buf_printf(b, " (%s: %s)", e->place ? _("correct") : _("try"), e->remedy);
}

static const struct {
	enum report_priority priority;
	const char *color;
} looks[] = {
	[REPORT_IS_ERROR] = {REPORT_FAILURE, "\033[31m"},
	[REPORT_IS_TEMPORARY] = {REPORT_CAUTION, "\033[31m"},
	[REPORT_IS_WARNING] = {REPORT_CAUTION, "\033[33m"},
	[REPORT_IS_NOTE] = {REPORT_INFO, "\033[32m"},
};

void report_error_add(struct buf *out, struct report_style style, enum report_severity severity,
	const char *who, const struct error *e)
{
	buf_printf(out, style.color ? "%sambil:\033[0m " : "%sambil: ",
		style.color ? looks[severity].color : "");
	if (style.multi_line)
		add_several_lines(out, who, e);
	else
		add_one_line(out, who, e);
	buf_add_text(out, "\n");
}

static void show(struct report_style style, enum report_severity severity, const char *who,
	const struct error *e)
{
	struct buf b = {NULL, 0, 0};

	report_error_add(&b, style, severity, who, e);
	/* There is no other place to say that nobody reads it. */
	(void)report_stderr(&b, looks[severity].priority);
	buf_release(&b);
}

void report_error(struct report_style style, const char *who, const struct error *e)
{
	if (!style.json || !json_put_error(who, e))
		show(style, error_temporary(e->kind) ? REPORT_IS_TEMPORARY : REPORT_IS_ERROR, who,
			e);
}

void report_caution(struct report_style style, const char *who, const struct error *e)
{
	if (!style.json || !json_put_warning(who, e))
		show(style, REPORT_IS_WARNING, who, e);
}

void report_note(struct report_style style, const char *who, const struct error *e)
{
	show(style, REPORT_IS_NOTE, who, e);
}
