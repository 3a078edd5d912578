/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the account logs in with. That is found here, whatever becomes of the server. */
#include "base/i18n.h"
#include "base/text.h"
#include "doctor/checkup.h"
#include "session/credential.h"

static const char label[] = N_("password");

/* The line to look at, where the error does not say better. */
static void add_place(const struct checkup *c, struct error *e)
{
	const struct secret_sources sources = account_secret_sources(c->account);
	const char *setting = account_uses_token(c->account) ? "oauth-token-command"
							     : secret_setting(&sources);

	if (!e->remedy[0] && setting && setting[0] != '$')
		error_remedy(
			e, "it is set", "%s in %s", setting, config_origin(c->account, setting));
}

void check_password(struct checkup *c)
{
	bool command = c->account->password_command || account_uses_token(c->account), found;
	struct error e = {0};

	if (checkup_anonymous(c))
		return;
	check_running(c, label);
	if (command)
		report_command(c->report_fd, true);
	found = credential_find(c->account, c->order->prompt, c->order->stop, c->password, &e);
	if (command)
		report_command(c->report_fd, false);
	/* The parent has looked in other places, and says better why there is none. */
	if (!found && c->no_password.kind)
		e = c->no_password;
	if (found && !c->password->value) {
		c->needs_no_password = true;
		check_ok(c, label, NO_TIME, "none is needed (auth)");
	} else if (found) {
		check_ok(c, label, NO_TIME, "from %s", _(c->password->source));
		if (c->no_password.kind)
			check_note(c, label, &c->no_password);
	} else if (!c->account->temporary) {
		add_place(c, &e);
		check_failed(c, label, &e);
	}
}
