/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Commands that print a secret. The buffer that takes it is of its final size from the start, so
 * that no copy is left behind by growing.
 */
#include "auth/command.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/child.h"
#include "base/text.h"

enum { COMMAND_TIMEOUT_S = 60 };

struct span secret_first_line(const struct buf *b)
{
	struct span line = buf_span(b);
	const char *end = line.len ? memchr(line.data, '\n', line.len) : NULL;

	if (end)
		line.len = (size_t)(end - line.data);
	return span_without_cr(line);
}

char *secret_command_called(const struct secret_command *command)
{
	return xasprintf("%s \"%s\"", command->setting, safe(span_of(command->line)).text);
}

/* How the command failed, in words; false always. */
static bool failed(const struct secret_command *command, const struct child_result *result,
	const struct buf *complaints, struct error *e)
{
	struct span why = secret_first_line(complaints);
	char *called = secret_command_called(command);

	if ((command->stop && *command->stop) ||
		(result->end == CHILD_SIGNALLED && result->code == SIGINT)) {
		error_set(e, ERROR_INTERRUPTED, "%s was interrupted", called);
		why.len = 0;
	} else if (result->end == CHILD_TIMED_OUT) {
		error_set(e, ERROR_CONFIG, "%s did not end within %d s", called, COMMAND_TIMEOUT_S);
	} else if (result->end == CHILD_SIGNALLED) {
		error_set(e, ERROR_CONFIG, "%s was ended by signal %d", called, result->code);
	} else {
		error_set(e, ERROR_CONFIG, "%s exited %d", called, result->code);
	}
	if (why.len)
		error_why(e, "%s", safe(why).text);
	free(called);
	return false;
}

bool secret_command_run(const struct secret_command *command, struct buf *output, struct error *e)
{
	struct buf complaints = {NULL, 0, 0};
	struct child_result result;
	struct error inner = {.kind = ERROR_NONE};
	char **argv = NULL;
	bool done = false;

	buf_reserve(output, command->output_max);
	if (!child_argv_split(command->line, &argv, &inner))
		goto end;
	const struct child_job job = {.argv = argv,
		.env = command->env,
		.stdin_fd = -1,
		.output = output,
		.output_max = command->output_max,
		.complaints = &complaints,
		.timeout_ms = (int64_t)COMMAND_TIMEOUT_S * 1000,
		.stop = command->stop};

	if (!child_run(&job, &result, &inner))
		goto end;
	done = (result.end == CHILD_EXITED && result.code == 0) ||
		failed(command, &result, &complaints, e);
end:
	if (inner.kind != ERROR_NONE)
		error_set(e, inner.kind, "%s: %s", command->setting, inner.text);
	child_argv_free(argv);
	buf_wipe(&complaints);
	return done;
}
