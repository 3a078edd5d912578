/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a user of a poll of fetchmail means here. Its defaults are written out where they differ
 * from this program's: above all, that it deletes unless it says keep. What was weaker than this
 * program allows becomes stricter, with a note.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"
#include "import/fetchmail_inner.h"

const char *fm_get(const struct fm_converter *c, enum fm_option option)
{
	const char *text = c->from->values[option]->text;

	return text && text[0] ? text : NULL;
}

unsigned fm_line(const struct fm_converter *c, enum fm_option option)
{
	return c->from->values[option]->line;
}

bool fm_is_on(const struct fm_converter *c, enum fm_option option, bool usual)
{
	const char *text = fm_get(c, option);

	return text ? strcmp(text, "on") == 0 : usual;
}

void fm_set(struct fm_converter *c, const char *setting, enum fm_option option, const char *value)
{
	imported_set(c->to, setting, fm_line(c, option), value);
}

void fm_set_fresh(struct fm_converter *c, const char *setting, enum fm_option option, char *value)
{
	fm_set(c, setting, option, value);
	free(value);
}

void fm_set_path(struct fm_converter *c, const char *setting, enum fm_option option)
{
	const char *path = fm_get(c, option);

	if (!path)
		return;
	fm_set(c, setting, option, path);
	if (path[0] != '/' && path[0] != '~')
		FM_CHANGED(c, option, "%s \"%s\" is looked for in the home folder", setting,
			safe(span_of(path)).text);
}

void fm_disable(struct fm_converter *c, unsigned line)
{
	if (!imported_get(c->to, "enabled"))
		imported_set(c->to, "enabled", line, "false");
}

/* ---- the server ---- */

static const char *host_of(const struct fm_account *from)
{
	const char *via = from->values[FM_VIA]->text;

	return via && via[0] ? via : from->poll;
}

/* A number, or a name that is known everywhere; 0: it is neither. */
static unsigned port_of(const char *service)
{
	static const struct {
		const char *name;
		unsigned port;
	} services[] = {{"pop3", 110}, {"pop-3", 110}, {"pop3s", 995}, {"imap", 143},
		{"imap2", 143}, {"imaps", 993}, {"kpop", 1109}};
	uint32_t port = 0;

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strcasecmp(service, services[i].name) == 0)
			return services[i].port;
	return parse_u32(span_of(service), UINT16_MAX, &port) ? port : 0;
}

static void convert_port(struct fm_converter *c)
{
	const char *service = fm_get(c, FM_PORT);
	unsigned port = service ? port_of(service) : 0;

	if (port)
		fm_set_fresh(c, "port", FM_PORT, xasprintf("%u", port));
	else if (service)
		FM_DROPPED(c, FM_PORT, "service %s, because port is a number: set it",
			safe(span_of(service)).text);
}

/* With the host for %h and the port for %p, wherever they stand in it; fresh. */
static char *expand_plugin(struct span word, const char *host, const char *port)
{
	struct buf out = {0};

	for (size_t i = 0; i < word.len; i++) {
		char next = word.data[i] == '%' && i + 1 < word.len ? word.data[i + 1] : '\0';

		if (next == 'h' || next == 'p')
			buf_add_text(&out, next == 'h' ? host : port);
		else
			buf_add(&out, word.data + i, 1);
		i += next == 'h' || next == 'p';
	}
	return buf_detach(&out);
}

/* fetchmail parts it at blanks alone: quotes are letters. */
static void convert_plugin(struct fm_converter *c)
{
	const char *tls = imported_get(c->to, "tls"), *port = imported_get(c->to, "port");
	const char *plugin = fm_get(c, FM_PLUGIN);
	struct span rest = span_trim(span_of(plugin ? plugin : ""));
	struct buf command = {0};

	if (!port)
		port = strcmp(tls, "implicit") == 0 ? "995" : "110";
	while (rest.len) {
		char *text = expand_plugin(span_word(&rest), c->host, port);

		import_add_word(&command, text);
		free(text);
	}
	if (command.len)
		fm_set(c, "socket-command", FM_PLUGIN, command.data);
	buf_release(&command);
}

static void convert_timeout(struct fm_converter *c)
{
	enum { DAY_S = 86400 };
	const char *text = fm_get(c, FM_TIMEOUT);
	uint32_t seconds;

	if (!text)
		return;
	if (parse_u32(span_of(text), DAY_S, &seconds) && seconds) {
		fm_set_fresh(c, "timeout", FM_TIMEOUT, xasprintf("%us", (unsigned)seconds));
		return;
	}
	fm_set(c, "timeout", FM_TIMEOUT, "1d");
	FM_CHANGED(c, FM_TIMEOUT, "timeout %s, because a day is the longest time; it is that now",
		text);
}

/* ---- the login ---- */

static void convert_auth(struct fm_converter *c)
{
	static const struct {
		const char *theirs, *ours; /* ours NULL: there is no such thing */
	} methods[] = {{"cram-md5", "cram-md5"}, {"cram", "cram-md5"}, {"ntlm", "ntlm"},
		{"gssapi", "gssapi"}, {"kerberos_v5", "gssapi"}, {"kerberos5", "gssapi"},
		{"external", "external"}, {"kerberos", NULL}, {"kerberos_v4", NULL},
		{"kerberos4", NULL}, {"otp", NULL}, {"opie", NULL}, {"msn", NULL}, {"ssh", NULL}};
	const char *method = fm_get(c, FM_AUTH), *protocol = fm_get(c, FM_PROTO);

	for (size_t i = 0; method && i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(method, methods[i].theirs) == 0 && methods[i].ours)
			fm_set(c, "auth", FM_AUTH, methods[i].ours);
		else if (strcmp(method, methods[i].theirs) == 0)
			FM_DROPPED(c, FM_AUTH,
				"auth %s, because there is no such login here; what the server "
				"offers is tried",
				method);
	if (protocol && strcasecmp(protocol, "apop") == 0 && !imported_get(c->to, "auth"))
		fm_set(c, "auth", FM_PROTO, "apop");
	if (fm_get(c, FM_PASSWORD)) {
		c->to->password = xstrdup(fm_get(c, FM_PASSWORD));
		c->to->password_line = fm_line(c, FM_PASSWORD);
	}
}

/* ---- what is fetched, and what stays ---- */

static void set_number(struct fm_converter *c, const char *setting, enum fm_option option)
{
	const char *text = fm_get(c, option);
	uint64_t number;

	if (text && parse_u64(span_of(text), INT32_MAX, &number) && number)
		fm_set_fresh(c, setting, option, xasprintf("%llu", (unsigned long long)number));
}

static void convert_policy(struct fm_converter *c, const struct fm_globals *globals)
{
	bool keeps = fm_is_on(c, FM_KEEP, false);

	fm_set(c, "keep", FM_KEEP, keeps ? "true" : "false");
	c->to->seen_stays = !keeps;
	if (keeps && fm_is_on(c, FM_FETCHALL, false))
		FM_CHANGED(c, FM_FETCHALL,
			"fetchall with keep fetches all mail each time; here only new mail is "
			"fetched, except with ambil fetch --all");
	set_number(c, "max-size", FM_LIMIT);
	set_number(c, "max-messages", FM_FETCHLIMIT);
	if (globals->invisible.text && strcmp(globals->invisible.text, "on") == 0)
		imported_set(c->to, "received-header", globals->invisible.line, "false");
}

static const char PARTED[] = N_(
	"mail is not parted by its recipient; a filter behind pipe: can do that");
static const char SENT[] = N_("mail is not handed to a mail server by SMTP");
static const char AS_IT_IS[] = N_("mail is delivered as it came");
static const char DELIVERED[] = N_("nothing is deleted that was not delivered");
static const struct {
	enum fm_option option;
	const char *why;
} dropped[] = {
	{FM_AKA, PARTED},
	{FM_LOCALDOMAINS, PARTED},
	{FM_ENVELOPE, PARTED},
	{FM_QVIRTUAL, PARTED},
	{FM_CHECKALIAS, PARTED},
	{FM_PLUGOUT, SENT},
	{FM_ESMTPNAME, SENT},
	{FM_ESMTPPASSWORD, SENT},
	{FM_SMTPADDRESS, SENT},
	{FM_SMTPNAME, SENT},
	{FM_FETCHDOMAINS, SENT},
	{FM_ANTISPAM, SENT},
	{FM_BATCHLIMIT, SENT},
	{FM_PASS8BITS, SENT},
	{FM_REWRITE, AS_IT_IS},
	{FM_FORCECR, AS_IT_IS},
	{FM_DROPSTATUS, AS_IT_IS},
	{FM_DROPDELIVERED, AS_IT_IS},
	{FM_MIMEDECODE, AS_IT_IS},
	{FM_FLUSH, DELIVERED},
	{FM_LIMITFLUSH, DELIVERED},
	{FM_INTERVAL,
		N_("each run fetches: a line of its own in crontab and enabled = false do the same")},
	{FM_INTERFACE, N_("what brings the line up can start ambil")},
	{FM_MONITOR, N_("what brings the line up can start ambil")},
	{FM_TRACEPOLLS,
		N_("the Received line does not have it; a command of pipe: has AMBIL_ACCOUNT")},
	{FM_PRINCIPAL, N_("there is no such setting")},
	{FM_PRECONNECT, N_("no command is run before a session; socket-command can be a tunnel")},
	{FM_POSTCONNECT,
		N_("no command is run after a session; one behind ambil in crontab can be")},
	{FM_FOLDER, N_("POP3 has no folders")},
	{FM_IDLE, N_("POP3 has no such thing")},
	{FM_WARNINGS, N_("no mail is sent about what is too large; ambil list shows it")},
	{FM_EXPUNGE, N_("the server deletes at the end of each session")},
	{FM_FETCHSIZELIMIT, N_("the sizes come all at once")},
	{FM_FASTUIDL, N_("the list comes all at once")},
	{FM_PROPERTIES, N_("it says nothing to fetchmail either")},
};

static void note_the_rest(struct fm_converter *c)
{
	const char *manner = fm_get(c, FM_BAD_HEADER);

	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
		enum fm_option option = dropped[i].option;
		const char *text = fm_get(c, option);

		if (c->names_recipient && (option == FM_SMTPADDRESS || option == FM_SMTPNAME))
			continue;
		if (text && strcmp(text, "off") != 0 && strcmp(text, "0") != 0 &&
			strcmp(text, "-1") != 0)
			FM_DROPPED(c, option, "%s, because %s", fm_name(option), _(dropped[i].why));
	}
	if (manner && strcmp(manner, "reject") == 0)
		FM_DROPPED(c, FM_BAD_HEADER, "bad-header reject, because %s", _(AS_IT_IS));
}

/* ---- the whole ---- */

/* NULL: it is for a POP3 server. */
static const char *other_protocol(const struct fm_account *from)
{
	static const char *const others[] = {"imap", "etrn", "odmr", "pop2", "rpop", "kpop"};
	const char *protocol = from->values[FM_PROTO]->text;
	const char *service = from->values[FM_PORT]->text;
	unsigned port = service ? port_of(service) : 0;

	for (size_t i = 0; protocol && i < sizeof(others) / sizeof(others[0]); i++)
		if (strcasecmp(protocol, others[i]) == 0)
			return protocol;
	if ((!protocol || strcasecmp(protocol, "auto") == 0) && (port == 143 || port == 993))
		return "imap";
	return NULL;
}

static void convert_protocol(struct fm_converter *c)
{
	const char *protocol = fm_get(c, FM_PROTO);

	if (!protocol || strcasecmp(protocol, "auto") == 0)
		FM_CHANGED(c, FM_PROTO,
			"fetchmail tries IMAP before POP3 where no protocol is named; now it is POP3");
	else if (strcasecmp(protocol, "sdps") == 0)
		FM_DROPPED(c, FM_PROTO, "protocol %s, because %s; it is POP3 now", protocol,
			_(PARTED));
}

/* fetchmail has one list for both: what the one has fetched the other does not. Another port may be
 * another mailbox, and what is behind a tunnel is not known. */
static bool is_twin(const struct fm_converter *c, struct import_index *mailboxes)
{
	const char *service = fm_get(c, FM_PORT);
	unsigned port = service ? port_of(service) : fm_is_on(c, FM_SSL, false) ? 995 : 110;
	char *way = xasprintf("%u", import_door(port)),
	     *mailbox = import_mailbox(c->host, way, c->user);
	bool tunnel = fm_get(c, FM_PLUGIN), is = !tunnel && import_index_find(mailboxes, mailbox);

	if (!is && !tunnel)
		import_index_add(mailboxes, mailbox, 0);
	free(mailbox);
	free(way);
	return is;
}

/* With a note of why. */
static bool is_left_out(
	const struct fm_converter *c, const char *name, struct import_index *mailboxes)
{
	const char *other = other_protocol(c->from);

	if (other)
		imported_note(c->out, NULL, IMPORT_DROPPED, c->from->line,
			"%s, because it is for %s, and here is POP3 only", safe(span_of(name)).text,
			other);
	else if (is_twin(c, mailboxes))
		imported_note(c->out, NULL, IMPORT_DROPPED, c->from->line,
			"%s, because it is a mailbox that came before", safe(span_of(name)).text);
	else
		return false;
	return true;
}

/* A path that begins nowhere begins in fetchmail's own folder, and so does a tilde. */
static char *list_path(const struct fm_globals *globals)
{
	const char *path = globals->idfile.text;

	if (!path || !path[0])
		return xstrdup("~/.fetchids");
	return path[0] == '/' ? xstrdup(path) : xasprintf("~/%s", path);
}

static void convert_all(struct fm_converter *c, const struct fm_globals *globals)
{
	if (c->from->skip)
		fm_disable(c, c->from->line);
	fm_set(c, "host", FM_VIA, c->host);
	fm_set(c, "user", FM_REMOTE, c->user);
	convert_protocol(c);
	convert_port(c);
	fm_convert_tls(c);
	convert_plugin(c);
	convert_timeout(c);
	convert_auth(c);
	fm_convert_delivery(c, globals);
	convert_policy(c, globals);
	note_the_rest(c);
}

void fm_convert(const struct fm_account *from, struct fm_globals *globals, struct imported *out)
{
	const char *remote = from->values[FM_REMOTE]->text;
	struct fm_converter c = {.from = from,
		.out = out,
		.host = host_of(from),
		.user = remote && remote[0] ? remote : globals->login};
	char *name = from->alone ? xstrdup(from->poll) : xasprintf("%s@%s", c.user, from->poll);

	if (!is_left_out(&c, name, &globals->mailboxes)) {
		c.to = imported_add(out, name, from->line);
		c.to->seen_path = list_path(globals);
		c.to->seen_host = xstrdup(c.host);
		c.to->seen_user = xstrdup(c.user);
		convert_all(&c, globals);
	}
	free(name);
}
