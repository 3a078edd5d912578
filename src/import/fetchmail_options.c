/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of fetchmail's run control file: their names, and what stands behind each. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"
#include "import/fetchmail_parse.h"

/* What stands behind an option. */
enum kind {
	SWITCH, /* nothing; "no" may stand in front */
	TEXT,
	LIST,
	NUMBER,
	NUMBERS,
	CHOICE,   /* one of the words of choices[] for it */
	SERVICE,  /* a number, or a name in quotes */
	ENVELOPE, /* perhaps a number, then a text; "no" may stand in front */
	USER,     /* a name, and where that is */
	NAMES,    /* names here, perhaps with "= another" behind each */
	SECRET,   /* any word, also a keyword */
};

static const struct option {
	const char *name, *other; /* other: another name, or NULL */
	enum kind kind;
	bool stuck; /* "no" may also be a part of the word */
} options[FM_OPTIONS] = {
	[FM_PROTO] = {"protocol", "proto", CHOICE, false},
	[FM_VIA] = {"via", NULL, TEXT, false},
	[FM_PORT] = {"service", "port", SERVICE, false},
	[FM_AUTH] = {"auth", "authenticate", CHOICE, false},
	[FM_TIMEOUT] = {"timeout", NULL, NUMBER, false},
	[FM_INTERVAL] = {"interval", NULL, NUMBER, false},
	[FM_UIDL] = {"uidl", NULL, SWITCH, true},
	[FM_PLUGIN] = {"plugin", NULL, TEXT, false},
	[FM_PLUGOUT] = {"plugout", NULL, TEXT, false},
	[FM_AKA] = {"aka", NULL, LIST, false},
	[FM_LOCALDOMAINS] = {"localdomains", "local", LIST, false},
	[FM_ENVELOPE] = {"envelope", NULL, ENVELOPE, true},
	[FM_QVIRTUAL] = {"qvirtual", NULL, TEXT, false},
	[FM_DNS] = {"dns", NULL, SWITCH, true},
	[FM_CHECKALIAS] = {"checkalias", NULL, SWITCH, true},
	[FM_INTERFACE] = {"interface", NULL, TEXT, false},
	[FM_MONITOR] = {"monitor", NULL, TEXT, false},
	[FM_TRACEPOLLS] = {"tracepolls", NULL, SWITCH, false},
	[FM_PRINCIPAL] = {"principal", NULL, TEXT, false},
	[FM_ESMTPNAME] = {"esmtpname", NULL, TEXT, false},
	[FM_ESMTPPASSWORD] = {"esmtppassword", NULL, SECRET, false},
	[FM_BAD_HEADER] = {"bad-header", NULL, CHOICE, false},
	[FM_REMOTE] = {"user", "username", USER, false},
	[FM_LOCAL] = {"is", "to", NAMES, false},
	[FM_PASSWORD] = {"password", "pass", SECRET, false},
	[FM_SSL] = {"ssl", NULL, SWITCH, false},
	[FM_SSLPROTO] = {"sslproto", NULL, TEXT, false},
	[FM_SSLCERTCK] = {"sslcertck", NULL, SWITCH, false},
	[FM_SSLCERTFILE] = {"sslcertfile", NULL, TEXT, false},
	[FM_SSLCERTPATH] = {"sslcertpath", NULL, TEXT, false},
	[FM_SSLCERT] = {"sslcert", NULL, TEXT, false},
	[FM_SSLKEY] = {"sslkey", NULL, TEXT, false},
	[FM_SSLCOMMONNAME] = {"sslcommonname", NULL, TEXT, false},
	[FM_SSLFINGERPRINT] = {"sslfingerprint", NULL, TEXT, false},
	[FM_KEEP] = {"keep", NULL, SWITCH, true},
	[FM_FETCHALL] = {"fetchall", NULL, SWITCH, true},
	[FM_FLUSH] = {"flush", NULL, SWITCH, true},
	[FM_LIMITFLUSH] = {"limitflush", NULL, SWITCH, true},
	[FM_LIMIT] = {"limit", NULL, NUMBER, false},
	[FM_FETCHLIMIT] = {"fetchlimit", NULL, NUMBER, false},
	[FM_MDA] = {"mda", NULL, TEXT, false},
	[FM_BSMTP] = {"bsmtp", NULL, TEXT, false},
	[FM_LMTP] = {"lmtp", NULL, SWITCH, false},
	[FM_SMTPHOST] = {"smtphost", "smtp", LIST, false},
	[FM_SMTPADDRESS] = {"smtpaddress", NULL, TEXT, false},
	[FM_SMTPNAME] = {"smtpname", NULL, TEXT, false},
	[FM_FETCHDOMAINS] = {"fetchdomains", NULL, LIST, false},
	[FM_ANTISPAM] = {"antispam", NULL, NUMBERS, false},
	[FM_BATCHLIMIT] = {"batchlimit", NULL, NUMBER, false},
	[FM_PRECONNECT] = {"preconnect", NULL, TEXT, false},
	[FM_POSTCONNECT] = {"postconnect", NULL, TEXT, false},
	[FM_FOLDER] = {"folder", "folders", LIST, false},
	[FM_IDLE] = {"idle", NULL, SWITCH, true},
	[FM_REWRITE] = {"rewrite", NULL, SWITCH, true},
	[FM_STRIPCR] = {"stripcr", NULL, SWITCH, true},
	[FM_FORCECR] = {"forcecr", NULL, SWITCH, true},
	[FM_PASS8BITS] = {"pass8bits", NULL, SWITCH, true},
	[FM_DROPSTATUS] = {"dropstatus", NULL, SWITCH, true},
	[FM_DROPDELIVERED] = {"dropdelivered", NULL, SWITCH, true},
	[FM_MIMEDECODE] = {"mimedecode", NULL, SWITCH, true},
	[FM_WARNINGS] = {"warnings", NULL, NUMBER, false},
	[FM_EXPUNGE] = {"expunge", NULL, NUMBER, false},
	[FM_FETCHSIZELIMIT] = {"fetchsizelimit", NULL, NUMBER, false},
	[FM_FASTUIDL] = {"fastuidl", NULL, NUMBER, false},
	[FM_PROPERTIES] = {"properties", NULL, TEXT, false},
};

static const char *const protocols[] = {"auto", "AUTO", "pop2", "POP2", "pop3", "POP3", "sdps",
	"SDPS", "apop", "APOP", "rpop", "RPOP", "kpop", "KPOP", "imap", "IMAP", "etrn", "ETRN",
	"odmr", "ODMR", NULL};
static const char *const methods[] = {"any", "password", "kerberos", "kerberos_v4", "kerberos4",
	"kerberos_v5", "kerberos5", "gssapi", "cram-md5", "cram", "otp", "opie", "ntlm", "msn",
	"external", "ssh", NULL};
static const char *const manners[] = {"accept", "reject", NULL};
static const char *const noise[] = {"and", "with", "has", "wants", "options", NULL};
static const char *const others[] = {"poll", "server", "skip", "defaults", "set", "no", "here",
	"there", "daemon", "idfile", "pidfile", "logfile", "syslog", "postmaster", "bouncemail",
	"spambounce", "nobouncemail", "nospambounce", "softbounce", "invisible", "showdots", NULL};

const char *fm_name(enum fm_option option)
{
	return options[option].name;
}

/* ---- words ---- */

void fm_fail(struct fm_reader *r, const char *fmt, ...)
{
	va_list args;

	if (r->failed)
		return;
	va_start(args, fmt);
	error_set_at(r->e, ERROR_CONFIG, r->shown, r->word.line, fmt, args);
	va_end(args);
	r->failed = true;
}

static bool is_one_of(const char *text, const char *const *words)
{
	while (*words && strcmp(text, *words) != 0)
		words++;
	return *words != NULL;
}

void fm_next(struct fm_reader *r)
{
	fetchmail_next(&r->words, &r->word);
	if (r->word.nul)
		fm_fail(r, "there is a NUL in this word");
}

void fm_skip_noise(struct fm_reader *r)
{
	while (!r->failed && r->word.kind == FETCHMAIL_PLAIN && is_one_of(r->word.text, noise))
		fm_next(r);
}

bool fm_take_keyword(struct fm_reader *r, const char *keyword)
{
	fm_skip_noise(r);
	if (r->word.kind != FETCHMAIL_PLAIN || strcmp(r->word.text, keyword) != 0)
		return false;
	fm_next(r);
	return true;
}

size_t fm_find_option(const char *word, bool *off)
{
	for (size_t i = 0; i < FM_OPTIONS; i++) {
		const struct option *o = &options[i];

		*off = o->stuck && strncmp(word, "no", 2) == 0 && strcmp(word + 2, o->name) == 0;
		if (*off || strcmp(word, o->name) == 0 || (o->other && strcmp(word, o->other) == 0))
			return i;
	}
	return FM_OPTIONS;
}

static bool is_keyword(const char *word)
{
	bool off;

	return fm_find_option(word, &off) < FM_OPTIONS || is_one_of(word, protocols) ||
		is_one_of(word, methods) || is_one_of(word, manners) || is_one_of(word, noise) ||
		is_one_of(word, others);
}

/* Whether a text stands here: numbers and keywords need quotes to be one. */
static bool is_text(const struct fm_reader *r)
{
	return r->word.kind == FETCHMAIL_QUOTED ||
		(r->word.kind == FETCHMAIL_PLAIN && !is_keyword(r->word.text));
}

void fm_set_value(struct fm_value *v, const char *text, unsigned line)
{
	wipe_free(v->text); /* some are passwords */
	*v = (struct fm_value){xstrdup(text), line};
}

static bool is_number(const struct fm_reader *r)
{
	return r->word.kind == FETCHMAIL_NUMBER;
}

/* Of another kind than wanted, or nothing at all. */
static void wants(struct fm_reader *r, const char *name, const char *what)
{
	const char *text = r->word.text;

	if (r->word.kind == FETCHMAIL_END)
		fm_fail(r, "%s needs %s", name, _(what));
	else if (r->word.kind == FETCHMAIL_PLAIN && is_keyword(text))
		fm_fail(r, "%s needs %s, not \"%s\"; a keyword needs quotes to be one", name,
			_(what), safe(span_of(text)).text);
	else
		fm_fail(r, "%s needs %s, not \"%s\"", name, _(what), safe(span_of(text)).text);
}

/* No value of ambil.conf may have such a thing, so no command or path may here. */
static void check_text(struct fm_reader *r, const char *name)
{
	for (const char *p = r->word.text; p && *p; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
			fm_fail(r, "%s has a line end or a control character in it", name);
}

void fm_take_text(struct fm_reader *r, const char *name, struct fm_value *v)
{
	fm_skip_noise(r);
	if (!is_text(r)) {
		wants(r, name, "a text");
		return;
	}
	check_text(r, name);
	fm_set_value(v, r->word.text, r->word.line);
	fm_next(r);
}

/* ---- options ---- */

void fm_take_number(struct fm_reader *r, const char *name, struct fm_value *v)
{
	fm_skip_noise(r);
	if (!is_number(r)) {
		wants(r, name, "a number");
		return;
	}
	fm_set_value(v, r->word.text, r->word.line);
	fm_next(r);
}

static void take_list(struct fm_reader *r, const char *name, struct fm_value *v, bool numbers)
{
	unsigned line = r->word.line;
	struct buf list = {0};

	fm_skip_noise(r);
	if (numbers ? !is_number(r) : !is_text(r))
		wants(r, name, numbers ? N_("a number") : N_("a text"));
	while (!r->failed && (numbers ? is_number(r) : is_text(r))) {
		buf_printf(&list, "%s%s", list.len ? " " : "", r->word.text);
		fm_next(r);
		fm_skip_noise(r);
	}
	fm_set_value(v, list.data ? list.data : "", line);
	buf_release(&list);
}

static void take_choice(struct fm_reader *r, size_t option, struct fm_value *v)
{
	const char *const *choices = option == FM_PROTO ? protocols
		: option == FM_AUTH                     ? methods
							: manners;

	fm_skip_noise(r);
	if (r->word.kind != FETCHMAIL_PLAIN || !is_one_of(r->word.text, choices)) {
		fm_fail(r, "fetchmail knows no %s \"%s\"", options[option].name,
			r->word.text ? safe(span_of(r->word.text)).text : "");
		return;
	}
	fm_set_value(v, r->word.text, r->word.line);
	fm_next(r);
}

/* A number is a port; in quotes it may be one, or a name. */
static void take_service(struct fm_reader *r, struct fm_value *v)
{
	uint32_t port;

	fm_skip_noise(r);
	if (!is_number(r)) {
		fm_take_text(r, "service", v);
		return;
	}
	if (!parse_u32(span_of(r->word.text), UINT16_MAX, &port) || !port)
		fm_fail(r, "a port is a number from 1 to 65535, not %s", r->word.text);
	fm_take_number(r, "service", v);
}

/* To those that were given before. */
static void add_local(struct fm_user *user, const char *names, unsigned line)
{
	struct fm_value *v = &user->values[FM_LOCAL];
	char *all = v->text ? xasprintf("%s\n%s", v->text, names) : xstrdup(names);

	fm_set_value(v, all, line);
	free(all);
}

/* There: the name on the server. Here: it is to get the mail on this machine. */
static void take_user(struct fm_reader *r, struct fm_user *user)
{
	unsigned line = r->word.line;
	char *name;

	if (r->word.kind == FETCHMAIL_END || r->word.kind == FETCHMAIL_EQUALS) {
		wants(r, "user", "a name");
		return;
	}
	check_text(r, "user");
	name = xstrdup(r->word.text);
	fm_next(r);
	if (fm_take_keyword(r, "here")) {
		add_local(user, name, line);
	} else {
		(void)fm_take_keyword(r, "there");
		fm_set_value(&user->values[FM_REMOTE], name, line);
	}
	free(name);
}

/* names gets one more, in a line. Of "there = here" fetchmail takes what is in front where there is
 * one name only; both are of use where mail is parted by its recipient, which it is not here. */
static void take_name(struct fm_reader *r, struct buf *names)
{
	check_text(r, "is");
	buf_printf(names, "%s%s", names->len ? "\n" : "", r->word.text);
	fm_next(r);
	fm_skip_noise(r);
	if (r->word.kind == FETCHMAIL_EQUALS) {
		fm_next(r);
		fm_skip_noise(r);
		if (!is_text(r))
			wants(r, "is", "a name behind =");
		check_text(r, "is");
		if (!r->failed)
			fm_next(r);
		fm_skip_noise(r);
	}
}

static void take_names(struct fm_reader *r, struct fm_user *user)
{
	unsigned line = r->word.line;
	struct buf names = {0};

	if (r->word.kind == FETCHMAIL_END || r->word.kind == FETCHMAIL_EQUALS)
		wants(r, "is", "a name");
	/* The first may be any word, the others no keywords. */
	while (!r->failed && (!names.len || is_text(r)))
		take_name(r, &names);
	if (!r->failed && fm_take_keyword(r, "there")) {
		if (memchr(names.data, '\n', names.len))
			fm_fail(r, "several names cannot be there");
		fm_set_value(&user->values[FM_REMOTE], names.data, line);
	} else if (!r->failed) {
		(void)fm_take_keyword(r, "here");
		add_local(user, names.data, line);
	}
	buf_release(&names);
}

/* How many lines of that name to pass over may stand in front. */
static void take_envelope(struct fm_reader *r, struct fm_value *v)
{
	fm_skip_noise(r);
	if (is_number(r))
		fm_next(r);
	fm_take_text(r, "envelope", v);
}

/* Any word, also a keyword. No error shows it. */
static void take_secret(struct fm_reader *r, const char *name, struct fm_value *v)
{
	if (r->word.kind == FETCHMAIL_END || r->word.kind == FETCHMAIL_EQUALS) {
		fm_fail(r, "%s needs a word", name);
		return;
	}
	fm_set_value(v, r->word.text, r->word.line);
	fm_next(r);
	r->behind_secret = true;
}

bool fm_is_of_server(size_t option)
{
	return option < FM_REMOTE;
}

bool fm_may_be_off(size_t option)
{
	return options[option].kind == SWITCH || options[option].kind == ENVELOPE;
}

void fm_take_option(
	struct fm_reader *r, struct fm_value *values, struct fm_user *user, size_t option, bool off)
{
	const struct option *o = &options[option];
	struct fm_value *v = fm_is_of_server(option) ? &values[option] : &user->values[option];
	unsigned line = r->word.line;

	fm_next(r);
	r->behind_secret = false;
	if (off || o->kind == SWITCH) {
		fm_set_value(v, off ? "off" : "on", line);
		return;
	}
	switch (o->kind) {
	case TEXT:
		fm_take_text(r, o->name, v);
		break;
	case LIST:
	case NUMBERS:
		take_list(r, o->name, v, o->kind == NUMBERS);
		break;
	case NUMBER:
		fm_take_number(r, o->name, v);
		break;
	case CHOICE:
		take_choice(r, option, v);
		break;
	case SERVICE:
		take_service(r, v);
		break;
	case ENVELOPE:
		take_envelope(r, v);
		break;
	case USER:
		take_user(r, user);
		break;
	case NAMES:
		take_names(r, user);
		break;
	case SECRET:
		take_secret(r, o->name, v);
		break;
	case SWITCH:
		break;
	}
}
