/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/screen.h"

#include <langinfo.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/parse.h"
#include "base/text.h"

enum { COLUMNS_USUAL = 80, ROWS_USUAL = 24 };

/* 0: it does not say. */
static size_t from_environment(const char *name)
{
	const char *text = getenv(name);
	uint32_t value;

	return text && parse_u32(span_of(text), UINT16_MAX, &value) ? value : 0;
}

static size_t first_of(size_t a, size_t b, size_t c)
{
	return a ? a : b ? b : c;
}

size_t screen_columns(int fd)
{
	struct winsize size = {.ws_col = 0};

	ioctl(fd, TIOCGWINSZ, &size);
	return first_of(from_environment("COLUMNS"), size.ws_col, COLUMNS_USUAL);
}

void screen_size(int fd, size_t *columns, size_t *rows)
{
	struct winsize size = {.ws_col = 0};

	ioctl(fd, TIOCGWINSZ, &size);
	*columns = first_of(size.ws_col, from_environment("COLUMNS"), COLUMNS_USUAL);
	*rows = first_of(size.ws_row, from_environment("LINES"), ROWS_USUAL);
}

size_t screen_width(const char *text)
{
	return text_columns(span_of(text));
}

bool screen_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}
