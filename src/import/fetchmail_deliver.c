/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where fetchmail's mail goes: to the mail server of this machine, unless it was told otherwise. */
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "import/fetchmail_inner.h"

static void cannot_deliver(struct fm_converter *c, enum fm_option option, const char *what)
{
	FM_DROPPED(c, option, "%s: say where mail goes with deliver, and take out enabled = false",
		_(what));
	fm_disable(c, fm_line(c, option));
}

/* Of the servers the first counts. A slash and a port may stand behind it: another port than that
 * of mail is another program's, which may do more with mail than a mail server. */
static bool is_elsewhere(const char *hosts)
{
	struct span rest = span_of(hosts ? hosts : "localhost"), first = span_word(&rest);
	const char *slash = first.len ? memchr(first.data, '/', first.len) : NULL;
	size_t len = slash ? (size_t)(slash - first.data) : first.len;
	char *host = xstrndup(first.data, len);
	struct span port = {first.data + len + 1, slash ? first.len - len - 1 : 0};
	bool here = import_is_here(host) &&
		(!slash || span_is(port, "25") || span_is_nocase(port, "smtp"));

	free(host);
	return !here;
}

/* To whom it goes in the words of mail: as smtpname says, or with the domain of smtpaddress. Fresh.
 */
static char *recipient_of(const struct fm_converter *c, const char *local)
{
	const char *domain = fm_get(c, FM_SMTPADDRESS);

	if (fm_get(c, FM_SMTPNAME))
		return xstrdup(fm_get(c, FM_SMTPNAME));
	return domain && !strchr(local, '@') ? xasprintf("%s@%s", local, domain) : xstrdup(local);
}

/* sendmail gives it to the mail server, which then does with it what it has always done: aliases,
 * .forward, filters. For whoever runs it a file's default wins over that. */
static void use_sendmail(
	struct fm_converter *c, const struct fm_globals *globals, const char *local)
{
	bool own = strcmp(local, globals->login) == 0;
	struct buf command = {0};
	char *recipient = recipient_of(c, local);

	buf_add_text(&command, "pipe:");
	import_quote_word(&command, globals->sendmail);
	buf_add_text(&command, " -i -- ");
	import_quote_word(&command, recipient);
	imported_set(c->to, "deliver", own ? 0 : fm_line(c, FM_LOCAL), command.data);
	c->names_recipient = true;
	if (own)
		FM_CHANGED(c, FM_SMTPHOST,
			"fetchmail hands mail to the mail server of this machine by SMTP, and now "
			"sendmail does; if fetchmail is run with -m or --mda, say that command: "
			"deliver = \"pipe:COMMAND\"");
	else
		FM_CHANGED(c, FM_SMTPHOST,
			"fetchmail hands mail to the mail server of this machine by SMTP, and now "
			"sendmail does");
	free(recipient);
	buf_release(&command);
}

/* Without one there is no mail server that fetchmail could hand mail to. */
static void convert_smtp(
	struct fm_converter *c, const struct fm_globals *globals, const char *local)
{
	if (globals->sendmail) {
		use_sendmail(c, globals, local);
	} else if (strcmp(local, globals->login) == 0) {
		imported_set(c->to, "deliver", 0, "maildir:~/Mail");
		FM_CHANGED(c, FM_SMTPHOST,
			"fetchmail hands mail to the mail server of this machine, but there is no "
			"sendmail here that would: it goes where deliver says. If fetchmail is run "
			"with -m or --mda, say that command: deliver = \"pipe:COMMAND\"");
	} else {
		cannot_deliver(c, FM_LOCAL,
			N_("mail for another user here, because fetchmail hands it to the mail "
			   "server of this machine, and there is no sendmail that would"));
	}
}

static void convert_mda(struct fm_converter *c, const char *local)
{
	char *command = import_mda(c->out, c->to,
		&(struct import_mda){span_of(fm_get(c, FM_MDA)), "mda", fm_line(c, FM_MDA), local});

	fm_set_fresh(c, "deliver", FM_MDA, xasprintf("pipe:%s", command));
	free(command);
}

void fm_convert_delivery(struct fm_converter *c, const struct fm_globals *globals)
{
	const char *local = fm_get(c, FM_LOCAL) ? fm_get(c, FM_LOCAL) : globals->login;

	if (strpbrk(local, "*\n"))
		cannot_deliver(c, FM_LOCAL,
			"several users here, because mail is not parted by its recipient (a filter "
			"behind pipe: can do that)");
	else if (fm_get(c, FM_BSMTP))
		cannot_deliver(c, FM_BSMTP, "bsmtp, because there is no such destination");
	else if (fm_get(c, FM_MDA))
		convert_mda(c, local);
	else if (fm_is_on(c, FM_LMTP, false))
		cannot_deliver(c, FM_LMTP,
			"lmtp, because there is no such destination (pipe: to the deliver of that "
			"server is one, such as dovecot-lda)");
	else if (is_elsewhere(fm_get(c, FM_SMTPHOST)))
		cannot_deliver(c, FM_SMTPHOST,
			"smtphost, because mail is not sent to a server (msmtp behind pipe: can)");
	else
		convert_smtp(c, globals, local);
}
