/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Standard error, and the priorities that the journal of systemd reads from it. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/parse.h"
#include "report/output.h"
#include "report/report.h"

/* systemd sets JOURNAL_STREAM to the device and inode of the stream that it reads
 * (systemd.exec(5)); behind a redirection it is another one. */
static bool is_journal(void)
{
	const char *text = getenv("JOURNAL_STREAM"), *colon = text ? strchr(text, ':') : NULL;
	uint64_t device, inode;
	struct stat st;

	if (!colon || fstat(STDERR_FILENO, &st) < 0)
		return false;
	return parse_u64((struct span){text, (size_t)(colon - text)}, UINT64_MAX, &device) &&
		parse_u64(span_of(colon + 1), UINT64_MAX, &inode) && device == st.st_dev &&
		inode == st.st_ino;
}

int report_stderr(const struct buf *lines, enum report_priority priority)
{
	struct span rest = buf_span(lines);
	struct buf marked = {NULL, 0, 0};
	int failed;

	if (!is_journal())
		return output_write(STDERR_FILENO, lines);
	while (rest.len) {
		struct span line = span_line(&rest);

		buf_printf(&marked, "<%d>", (int)priority);
		buf_add(&marked, line.data, line.len);
		buf_add_text(&marked, "\n");
	}
	failed = output_write(STDERR_FILENO, &marked);
	buf_release(&marked);
	return failed;
}
