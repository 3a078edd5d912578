/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/output.h"

#include <errno.h>
#include <unistd.h>

#include "base/file.h"

/* A part of a line is not to be followed by another line. */
static bool given_up[STDERR_FILENO + 1];

static bool always(void)
{
	return true;
}

static bool (*still)(void) = always;

void output_while(bool (*goes_on)(void))
{
	still = goes_on;
}

int output_write(int fd, const struct buf *text)
{
	if (given_up[fd])
		return ETIMEDOUT;
	if (file_write_while(fd, text->data, text->len, still))
		return 0;
	if (errno != EINTR)
		return errno;
	given_up[fd] = true;
	return ETIMEDOUT;
}
