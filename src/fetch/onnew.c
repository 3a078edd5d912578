/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/onnew.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/child.h"
#include "base/text.h"
#include "fetch/stop.h"

enum { ENV_ACCOUNT, ENV_HOST, ENV_USER, ENV_NEW, ENV_SIZE, ENV_DELIVER, ENV_COUNT };

/* What a command gets when the run was asked to stop before it could start: mail has come all the
 * same. */
enum { STOPPED_TIMEOUT_MS = 4000 };

static void fill(char *env[ENV_COUNT + 1], const struct account *a, const struct report_counts *c)
{
	env[ENV_ACCOUNT] = xasprintf("AMBIL_ACCOUNT=%s", a->name);
	env[ENV_HOST] = xasprintf("AMBIL_HOST=%s", a->endpoint.host);
	env[ENV_USER] = xasprintf("AMBIL_USER=%s", a->user);
	env[ENV_NEW] = xasprintf("AMBIL_NEW=%" PRIu64, c->mails);
	env[ENV_SIZE] = xasprintf("AMBIL_SIZE=%" PRIu64, c->octets);
	env[ENV_DELIVER] = xasprintf("AMBIL_DELIVER=%s", a->deliver);
	env[ENV_COUNT] = NULL;
}

static bool judge(const char *shown, int64_t timeout_ms, bool asked,
	const struct child_result *result, struct error *e)
{
	char limit[32];

	if (result->end == CHILD_EXITED && result->code == 0)
		return true;
	text_duration(limit, sizeof(limit), timeout_ms / 1000);
	if (result->end == CHILD_EXITED)
		return error_set(
			e, ERROR_LATER, "the on-new command \"%s\" exited %d", shown, result->code);
	if (result->end == CHILD_SIGNALLED)
		return error_set(e, ERROR_LATER,
			"the on-new command \"%s\" was ended by signal %d (%s)", shown,
			result->code, strsignal(result->code));
	if (asked)
		return error_set(e, ERROR_LATER,
			"the on-new command \"%s\" was stopped before its end, as the run was",
			shown);
	return error_set(e, ERROR_LATER,
		"the on-new command \"%s\" had not ended after %s and was stopped", shown, limit);
}

/* What could not even be run. */
static bool of_on_new(struct error *e)
{
	const struct error inner = *e;

	return error_set(e, ERROR_LATER, "on-new: %s", inner.text);
}

static bool run(const struct account *account, const struct report_counts *counts,
	const volatile sig_atomic_t *stop, struct error *e)
{
	struct buf complaints = {NULL, 0, 0};
	char **argv = NULL, *env[ENV_COUNT + 1];
	struct child_result result;
	bool done = false;

	fill(env, account, counts);
	if (child_argv_split(account->on_new, &argv, e)) {
		const struct child_job job = {.argv = argv,
			.env = (const char *const *)env,
			.stdin_fd = -1,
			.complaints = &complaints,
			.timeout_ms = *stop ? STOPPED_TIMEOUT_MS : account->command_timeout_ms,
			.stop = *stop ? NULL : stop,
			.background = true};

		done = child_run(&job, &result, e) || of_on_new(e);
		if (done &&
			!judge(safe(span_of(account->on_new)).text, job.timeout_ms, *stop, &result,
				e))
			done = child_complaint(&complaints, e);
	}
	child_argv_free(argv);
	buf_release(&complaints);
	for (size_t i = 0; i < ENV_COUNT; i++)
		free(env[i]);
	return done;
}

void onnew_run(const struct account *account, const struct report_counts *counts,
	const volatile sig_atomic_t *stop, int report_fd)
{
	struct error e = {.kind = ERROR_NONE};

	if (!account->on_new || !counts->mails)
		return;
	report_step(report_fd, "running the on-new command");
	if (*stop)
		stop_forget_deadline();
	if (!run(account, counts, stop, &e))
		report_warning(report_fd, &e);
}
