/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Joins net and auth for the one thing that a proxy wants of both: a password. And looks who would
 * hear one in clear. */
#include "session/link.h"

#include <string.h>
#include <unistd.h>

#include "auth/command.h"
#include "report/report.h"

enum { OUTPUT_MAX = 64 * 1024 };

/* Fresh, to be wiped; NULL with *e. */
static char *ask_command(
	const struct account *account, const volatile sig_atomic_t *stop, struct error *e)
{
	const struct secret_command command = {.setting = "proxy-password-command",
		.line = account->proxy_password_command,
		.output_max = OUTPUT_MAX,
		.stop = stop};
	struct buf output = {NULL, 0, 0};
	struct span line;
	char *password = NULL;

	if (secret_command_run(&command, &output, e)) {
		line = secret_first_line(&output);
		if (!line.len || memchr(line.data, '\0', line.len) ||
			memchr(line.data, '\r', line.len))
			error_set(e, ERROR_CONFIG,
				"proxy-password-command gives no password of one line");
		else
			password = xstrndup(line.data, line.len);
	}
	buf_wipe(&output);
	return password;
}

/* In a folder such as /tmp anybody may have made a socket of that name before its server did. */
static bool may_hear_password(
	const struct account *account, const struct stream *s, struct error *e)
{
	uid_t owner;

	if (!account->endpoint.socket || account->tls.mode != TLS_NONE ||
		account->tls.cleartext_login || !dial_peer(s, &owner) || owner == 0 ||
		owner == geteuid())
		return true;
	error_set(e, ERROR_CAPABILITY,
		"%s is served by another user (%lu), who would see the password; nothing was sent",
		dial_link(&account->endpoint).text, (unsigned long)owner);
	return error_remedy(e, "if that is as it should be", "allow-cleartext-password = true");
}

bool link_open(const struct account *account, const volatile sig_atomic_t *stop, int stop_fd,
	int report_fd, struct dial_report *report, struct stream **out, struct error *e)
{
	struct endpoint to = account->endpoint;
	bool asks = account->proxy_password_command && dial_wants_login(&to), done;

	if (asks) {
		report_command(report_fd, true);
		to.proxy_password = ask_command(account, stop, e);
		report_command(report_fd, false);
		if (!to.proxy_password)
			return false;
	}
	done = dial_reporting(&to, stop_fd, report, out, e);
	if (done && !may_hear_password(account, *out, e)) {
		stream_free(*out);
		*out = NULL;
		done = false;
	}
	if (asks)
		wipe_free(to.proxy_password);
	return done;
}

void link_name(const struct account *account, struct error *e)
{
	const struct where link = dial_link(&account->endpoint);

	if (!e || !link.text[0] || strstr(e->text, link.text) || strstr(e->why, link.text) ||
		e->about == ERROR_ABOUT_PROXY || e->about == ERROR_ABOUT_NO_NETWORK)
		return;
	error_append(e, " (through %s)", link.text);
	/* Through these no port of ours is used. */
	if ((account->endpoint.socket || account->endpoint.command) &&
		strstr(e->remedy, "port = 995"))
		error_remedy(e, "perhaps", "tls = starttls");
}
