/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The output of the verbs that only print, in one piece: half a configuration would look like a
 * whole one. */
#include "verbs/print.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "report.h"

int verb_print(const struct buf *text, struct report_style style)
{
	struct error e;

	if (file_write_all(STDOUT_FILENO, text->data, text->len))
		return 0;
	report_reader_gone(errno);
	report_stdout_failed(errno, &e);
	report_error(style, NULL, &e);
	return error_exit_code(e.kind);
}
