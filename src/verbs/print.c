/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The output of the verbs that only print, in one piece: half a configuration would look like a
 * whole one. */
#include "verbs/print.h"

#include <unistd.h>

#include "base/error.h"
#include "base/jsonout.h"
#include "process.h"
#include "report/output.h"
#include "report/report.h"

int verb_print_events(const struct buf *lines, struct report_style style)
{
	int err = output_write(STDOUT_FILENO, lines);
	struct error e;

	if (!err)
		return 0;
	report_reader_gone(err);
	report_stdout_failed(err, &e);
	report_error(style, NULL, &e);
	return process_stop ? 128 + (int)process_stop : error_exit_code(e.kind);
}

int verb_print(const struct buf *text, struct report_style style)
{
	struct buf line = {0};
	int code;

	if (!style.json || !text->len)
		return verb_print_events(text, style);
	jsonout_begin(&line, "text");
	jsonout_span(&line, "text", buf_span(text));
	jsonout_end(&line);
	code = verb_print_events(&line, style);
	buf_release(&line);
	return code;
}
