/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an rc file of getmail means here. One file is one account. Its values are Python: of that
 * numbers, truth values and tuples of strings are read, and all else is refused with its line.
 */
#include "import/getmail.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"
#include "import/getmail_inner.h"

const char GM_RETRIEVER[] = "retriever", GM_DESTINATION[] = "destination", GM_OPTIONS[] = "options";

/* getmail takes defaults for [options] alone. */
struct ini_entry *gm_get(struct gm_converter *c, const char *section, const char *key)
{
	struct ini_entry *entry = ini_find(&c->ini, section, key);

	if (!entry || !entry->value[0])
		return NULL;
	return section == GM_OPTIONS || strcmp(entry->section, section) == 0 ? entry : NULL;
}

static void refuse(struct gm_converter *c, const struct ini_entry *entry, const char *what)
{
	if (!c->failed)
		error_set(c->e, ERROR_CONFIG, "%s:%u: %s must be %s", c->shown, entry->line,
			entry->key, _(what));
	c->failed = true;
}

static uint64_t number_of(struct gm_converter *c, const struct ini_entry *entry, uint64_t usual)
{
	uint64_t number = usual;

	if (entry && !parse_u64(span_of(entry->value), INT32_MAX, &number))
		refuse(c, entry, "a number");
	return number;
}

bool gm_truth(struct gm_converter *c, const struct ini_entry *entry, bool usual)
{
	static const char *const words[] = {"false", "no", "off", "0", "true", "yes", "on", "1"};

	if (!entry)
		return usual;
	for (size_t i = 0; i < 8; i++)
		if (strcasecmp(entry->value, words[i]) == 0)
			return i >= 4;
	refuse(c, entry, "true or false");
	return usual;
}

/* NULL when there is none, or it was refused. */
char **gm_strings(struct gm_converter *c, const struct ini_entry *entry)
{
	char **strings = entry ? ini_strings(entry->value) : NULL;

	if (entry && !strings)
		refuse(c, entry, "a tuple of strings, such as (\"a\", \"b\")");
	return strings;
}

void gm_set(struct gm_converter *c, const char *setting, const struct ini_entry *entry,
	const char *value)
{
	imported_set(c->to, setting, entry ? entry->line : 0, value);
}

void gm_set_fresh(
	struct gm_converter *c, const char *setting, const struct ini_entry *entry, char *value)
{
	gm_set(c, setting, entry, value);
	free(value);
}

void gm_drop(struct gm_converter *c, const char *section, const char *key, const char *why)
{
	struct ini_entry *entry = gm_get(c, section, key);

	if (entry)
		DROPPED(c, entry, "%s, because %s", key, _(why));
}

/* $HOME at the start becomes ~; other variables are of whoever runs getmail. NULL: refused. */
char *gm_path(struct gm_converter *c, const struct ini_entry *entry)
{
	static const char *const homes[] = {"${HOME}/", "$HOME/"};
	const char *path = entry->value;
	const char *start = "";

	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++)
		if (strncmp(path, homes[i], strlen(homes[i])) == 0) {
			path += strlen(homes[i]);
			start = "~/";
			break;
		}
	if (strchr(path, '$')) {
		refuse(c, entry, "a path without variables but $HOME in front");
		return NULL;
	}
	return xasprintf("%s%s", start, path);
}

static void set_path(struct gm_converter *c, const char *setting, const char *key)
{
	struct ini_entry *entry = gm_get(c, GM_RETRIEVER, key);
	char *path = entry ? gm_path(c, entry) : NULL;

	if (path)
		gm_set_fresh(c, setting, entry, path);
}

/* ---- the server ---- */

static void convert_clear(struct gm_converter *c, const struct ini_entry *type, const char *host)
{
	char *words;

	if (import_is_here(host)) {
		gm_set(c, "tls", type, "none");
		if (!gm_truth(c, gm_get(c, GM_RETRIEVER, "use_apop"), false))
			gm_set(c, "allow-cleartext-password", type, "true");
		return;
	}
	gm_set(c, "tls", type, "starttls");
	words = import_encrypts_now("getmail");
	CHANGED(c, type, "%s", words);
	free(words);
}

static void convert_pins(struct gm_converter *c)
{
	struct ini_entry *entry = gm_get(c, GM_RETRIEVER, "ssl_fingerprints");
	char **strings = gm_strings(c, entry);
	struct buf pins = {0};

	for (size_t i = 0; strings && strings[i]; i++)
		buf_printf(&pins, "%s%s", i ? ", " : "", strings[i]);
	if (pins.len)
		gm_set(c, "pin-sha256", entry, pins.data);
	buf_release(&pins);
	ini_free_strings(strings);
}

static void convert_tls(struct gm_converter *c, const struct ini_entry *type)
{
	struct ini_entry *name = gm_get(c, GM_RETRIEVER, "ssl_cert_hostname");

	gm_set(c, "tls", type, "implicit");
	if (!gm_get(c, GM_RETRIEVER, "ca_certs") && !gm_get(c, GM_RETRIEVER, "ssl_fingerprints"))
		CHANGED(c, type,
			"getmail does not check the certificate without ca_certs; now it "
			"is checked");
	set_path(c, "ca-file", "ca_certs");
	set_path(c, "client-cert", "certfile");
	set_path(c, "client-key", "keyfile");
	convert_pins(c);
	if (name)
		gm_set(c, "tls-host", name, name->value);
	gm_drop(c, GM_RETRIEVER, "ssl_version", "tls-min stands for that here");
	gm_drop(c, GM_RETRIEVER, "ssl_ciphers", "tls-priority stands for that here");
}

/* What each account has. */
struct basics {
	struct ini_entry *type, *host, *user;
	bool ssl;
};

static void convert_server(struct gm_converter *c, const struct basics *b)
{
	const struct ini_entry *host = b->host, *user = b->user;
	struct ini_entry *port = gm_get(c, GM_RETRIEVER, "port"),
			 *timeout = gm_get(c, GM_RETRIEVER, "timeout");

	gm_set(c, "host", host, host->value);
	if (port && number_of(c, port, 0))
		gm_set(c, "port", port, port->value);
	gm_set(c, "user", user, user->value);
	if (b->ssl)
		convert_tls(c, b->type);
	else
		convert_clear(c, b->type, host->value);
	if (timeout && number_of(c, timeout, 0))
		gm_set_fresh(c, "timeout", timeout, xasprintf("%ss", timeout->value));
}

static void convert_login(struct gm_converter *c)
{
	struct ini_entry *apop = gm_get(c, GM_RETRIEVER, "use_apop");
	struct ini_entry *password = gm_get(c, GM_RETRIEVER, "password");
	struct ini_entry *command = gm_get(c, GM_RETRIEVER, "password_command");
	struct buf line = {0};
	char **words = gm_strings(c, command);

	bool token = gm_truth(c, gm_get(c, GM_RETRIEVER, "use_xoauth2"), false);

	if (token)
		gm_set(c, "auth", gm_get(c, GM_RETRIEVER, "use_xoauth2"), "xoauth2");
	else if (gm_truth(c, apop, false))
		gm_set(c, "auth", apop, "apop");
	for (size_t i = 0; words && words[i]; i++)
		import_add_word(&line, words[i]);
	ini_free_strings(words);
	/* A token comes from the command, also where there is a password. */
	if (token && line.len) {
		gm_set(c, "oauth-token-command", command, line.data);
	} else if (token) {
		CHANGED(c, gm_get(c, GM_RETRIEVER, "use_xoauth2"),
			"use_xoauth2 has no password_command: set oauth-token-command");
	} else if (password) {
		c->to->password = xstrdup(password->value);
		c->to->password_line = password->line;
	} else if (line.len) {
		gm_set(c, "password-command", command, line.data);
	}
	buf_release(&line);
	gm_drop(c, GM_OPTIONS, "netrc_file", "~/.netrc is read, or what NETRC names");
	if (gm_truth(c, gm_get(c, GM_RETRIEVER, "delete_dup_msgids"), false))
		gm_drop(c, GM_RETRIEVER, "delete_dup_msgids",
			"each message is fetched, also where two have one identifier");
	gm_drop(c, GM_RETRIEVER, "envelope_recipient",
		"mail is not parted by its recipient; a filter behind pipe: can do that");
}

/* ---- what is fetched, and what stays ---- */

static void convert_policy(struct gm_converter *c)
{
	struct ini_entry *keep = gm_get(c, GM_OPTIONS, "delete"),
			 *after = gm_get(c, GM_OPTIONS, "delete_after");
	struct ini_entry *all = gm_get(c, GM_OPTIONS, "read_all"),
			 *size = gm_get(c, GM_OPTIONS, "max_message_size");
	struct ini_entry *most = gm_get(c, GM_OPTIONS, "max_messages_per_session");
	struct ini_entry *received = gm_get(c, GM_OPTIONS, "received");
	uint64_t days = number_of(c, after, 0);
	bool removes = gm_truth(c, keep, false);

	if (removes)
		gm_set(c, "keep", keep, "false");
	else if (days)
		gm_set_fresh(c, "keep", after, xasprintf("%llud", (unsigned long long)days));
	else
		gm_set(c, "keep", keep, "true");
	if (gm_truth(c, all, true) && !removes)
		imported_note(c->out, c->to, IMPORT_CHANGED, all ? all->line : 0,
			"read_all: getmail fetches all mail each time; here only new mail is fetched, "
			"except with ambil fetch --all");
	if (size && number_of(c, size, 0))
		gm_set(c, "max-size", size, size->value);
	if (most && number_of(c, most, 0))
		gm_set(c, "max-messages", most, most->value);
	if (!gm_truth(c, received, true))
		gm_set(c, "received-header", received, "false");
	if (gm_truth(c, gm_get(c, GM_OPTIONS, "delivered_to"), true))
		gm_drop(c, GM_OPTIONS, "delivered_to", "no Delivered-To line is added");
	if (number_of(c, gm_get(c, GM_OPTIONS, "delete_bigger_than"), 0))
		gm_drop(c, GM_OPTIONS, "delete_bigger_than", "keep is the same for all sizes");
	if (number_of(c, gm_get(c, GM_OPTIONS, "max_bytes_per_session"), 0))
		gm_drop(c, GM_OPTIONS, "max_bytes_per_session",
			"max-messages stands for that here");
	gm_drop(c, GM_OPTIONS, "message_log", "errors go where cron or the journal has them");
	gm_drop(c, GM_OPTIONS, "logfile", "errors go where cron or the journal has them");
	gm_get(c, GM_OPTIONS, "verbose");
	gm_get(c, GM_OPTIONS, "to_oldmail_on_each_mail");
	gm_get(c, GM_OPTIONS, "fingerprint");
	gm_get(c, GM_OPTIONS, "message_log_verbose");
	gm_get(c, GM_OPTIONS, "message_log_syslog");
	gm_get(c, GM_OPTIONS, "skip_imap_fetch_size");
	gm_get(c, GM_OPTIONS, "use_netrc");
}

/* Filters, and what a newer getmail may know. */
static void note_the_rest(struct gm_converter *c)
{
	for (size_t i = 0; i < c->ini.n; i++) {
		const struct ini_entry *entry = &c->ini.entries[i];
		bool known = strcmp(entry->section, GM_RETRIEVER) == 0 ||
			strcmp(entry->section, GM_DESTINATION) == 0 ||
			strcmp(entry->section, GM_OPTIONS) == 0 ||
			strcmp(entry->section, "DEFAULT") == 0;

		if (!entry->key && strncasecmp(entry->section, "filter", strlen("filter")) == 0)
			DROPPED(c, entry,
				"[%s], because no program looks at mail before it is delivered; a "
				"command behind pipe: can be one that does",
				safe(span_of(entry->section)).text);
		else if (!entry->key && !known)
			DROPPED(c, entry, "[%s], because there is no such thing here",
				safe(span_of(entry->section)).text);
		else if (entry->key && known && !entry->used)
			DROPPED(c, entry, "%s, because there is no such setting",
				safe(span_of(entry->key)).text);
	}
}

/* The list's name: of runs of signs that some file systems do not like, a hyphen is left. */
static char *list_name(const char *host, const char *port, const char *user)
{
	char *plain = xasprintf("oldmail-%s-%s-%s", host, port, user);
	struct buf out = {0};

	for (const char *p = plain; *p; p++)
		if (!strchr("/\\:;<>|", *p))
			buf_add(&out, p, 1);
		else if (p == plain || !strchr("/\\:;<>|", p[-1]))
			buf_add_text(&out, "-");
	free(plain);
	return buf_detach(&out);
}

/* ---- the whole ---- */

/* *ssl: whether it encrypts. */
static bool is_usable(const char *type, bool *ssl)
{
	static const struct {
		const char *name;
		bool ssl;
	} types[] = {{"SimplePOP3Retriever", false}, {"SimplePOP3SSLRetriever", true},
		{"MultidropPOP3Retriever", false}, {"MultidropPOP3SSLRetriever", true}};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		*ssl = types[i].ssl;
		if (strcmp(type, types[i].name) == 0)
			return true;
	}
	return false;
}

/* Whether another file is for the same mailbox: getmail has one list for both, and what the one has
 * fetched the other does not. */
static bool is_twin(struct gm_converter *c, const char *host, const char *user, const char *list)
{
	for (size_t i = 0; i < c->out->n; i++) {
		const struct imported_account *a = &c->out->accounts[i];

		if (strcasecmp(a->seen_host, host) != 0 || strcmp(a->seen_user, user) != 0 ||
			strcmp(a->seen_path, list) != 0)
			continue;
		imported_note(c->out, NULL, IMPORT_DROPPED, 0,
			"%s, because it is the mailbox of account %s", c->shown,
			safe(span_of(a->name)).text);
		return true;
	}
	return false;
}

static void convert(struct gm_converter *c, const char *name)
{
	struct ini_entry *type = gm_get(c, GM_RETRIEVER, "type"),
			 *host = gm_get(c, GM_RETRIEVER, "server");
	struct ini_entry *user = gm_get(c, GM_RETRIEVER, "username"),
			 *port = gm_get(c, GM_RETRIEVER, "port");
	const struct ini_entry *into = gm_get(c, GM_DESTINATION, "type");
	char *list;
	bool ssl;

	if (!type || !host || !user || !into) {
		imported_note(c->out, NULL, IMPORT_DROPPED, 0, "%s, because it lacks %s", c->shown,
			!type           ? _("the type in [retriever]")
				: !host ? _("the server in [retriever]")
				: !user ? _("the username in [retriever]")
					: _("the type in [destination]"));
		return;
	}
	if (!is_usable(type->value, &ssl)) {
		imported_note(c->out, NULL, IMPORT_DROPPED, 0,
			"%s, because a %s is for no POP3 server with UIDL", c->shown,
			safe(span_of(type->value)).text);
		return;
	}
	list = list_name(host->value, port ? port->value : ssl ? "995" : "110", user->value);
	if (is_twin(c, host->value, user->value, list)) {
		free(list);
		return;
	}
	c->to = imported_add(c->out, name, type->line);
	c->to->seen_host = xstrdup(host->value);
	c->to->seen_user = xstrdup(user->value);
	c->to->seen_path = list;
	convert_server(c, &(struct basics){type, host, user, ssl});
	convert_login(c);
	gm_convert_delivery(c, into);
	convert_policy(c);
	note_the_rest(c);
}

bool getmail_read(struct span text, const char *shown, const char *name, struct imported *out,
	struct error *e)
{
	struct gm_converter c = {.out = out, .shown = shown, .e = e};

	if (!ini_read(text, shown, &c.ini, e))
		return false;
	convert(&c, name);
	ini_release(&c.ini);
	return !c.failed;
}
