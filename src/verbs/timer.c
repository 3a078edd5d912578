/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The timer that was installed with the program is started for this user. Where that cannot be, a
 * line for cron does the same.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/i18n.h"
#include "base/text.h"
#include "report/screen.h"
#include "verbs/setup_inner.h"

enum { TIMEOUT_MS = 30 * 1000 };

/* In full: cron looks in few places. */
static bool advise_cron(struct error *e)
{
	char program[PATH_MAX] = "ambil";
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);

	if (len > 0)
		program[len] = '\0';
	return error_remedy(e, "the same with cron: crontab -e, and this line", "*/10 * * * *  %s",
		safe(span_of(program)).text);
}

/* What it has complained of: the first line, without its own name. */
static void explain(const struct buf *complaints, struct error *e)
{
	struct span rest = buf_span(complaints), line = span_line(&rest);

	if (line.len)
		error_why(e, "%s", safe(span_trim(line)).text);
}

static bool systemctl(char *const *argv, const volatile sig_atomic_t *stop, struct error *e)
{
	struct buf complaints = {NULL, 0, 0};
	const struct child_job job = {.argv = argv,
		.stdin_fd = -1,
		.complaints = &complaints,
		.timeout_ms = TIMEOUT_MS,
		.stop = stop};
	struct child_result result;
	bool done = child_run(&job, &result, e);

	if (done && (result.end != CHILD_EXITED || result.code != 0)) {
		done = error_set(e, ERROR_CONFIG,
			result.end == CHILD_TIMED_OUT
				? N_("systemctl did not end within 30 s; the timer was not started")
				: N_("systemctl failed; the timer was not started"));
		explain(&complaints, e);
		advise_cron(e);
	}
	buf_release(&complaints);
	return done;
}

bool timer_start(const volatile sig_atomic_t *stop, struct buf *out, struct error *e)
{
	char program[] = "systemctl", user[] = "--user", reload[] = "daemon-reload";
	char enable[] = "enable", now[] = "--now", unit[] = "ambil.timer";
	char *const reread[] = {program, user, reload, NULL};
	char *const start[] = {program, user, enable, now, unit, NULL};

	if (!child_exists(program)) {
		error_set(e, ERROR_CONFIG,
			"there is no systemctl here, so that no timer of systemd was started");
		return advise_cron(e);
	}
	/* For a unit that was installed a moment ago. */
	if (!systemctl(reread, stop, e) || !systemctl(start, stop, e))
		return false;
	buf_add_text(out,
		_("The timer is on: mail is fetched every 10 minutes while you are logged in.\n"));
	buf_printf(out, "%s  %-34s   %s\n", _("Next:"), "systemctl --user list-timers ambil",
		_("when it runs"));
	buf_printf(out, "%*s  %-34s   %s\n", (int)screen_width(_("Next:")), "",
		"loginctl enable-linger", _("also while you are logged out"));
	return true;
}
