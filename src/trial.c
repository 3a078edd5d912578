/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A login and nothing else: is this the password? Neither state nor destination is touched, so that
 * it is of no concern whether another run has them. */
#include "fetch_inner.h"

bool trial(struct fetch *f, struct error *e)
{
	const struct session_setting setting = {
		.account = f->account,
		.secret = f->password,
		.trace = f->order->trace,
		.report_fd = f->report_fd,
		.stop = f->order->stop,
		.stop_fd = f->order->stop_fd,
		.tls = f->tls,
	};
	struct pop3_event ev;
	struct error ignored;
	bool lost_step = false;

	if (!session_open(&setting, NULL, 0, &f->session, &lost_step, e)) {
		if (e->kind != ERROR_INTERRUPTED)
			error_append(e, "; nothing was stored");
		return false;
	}
	/* Nothing hangs on its answer. */
	if (session_send(f->session, &(struct pop3_command){.verb = POP3_QUIT}, &ignored))
		session_next(f->session, -1, true, &ev, &ignored);
	session_free(f->session);
	f->session = NULL;
	return true;
}
