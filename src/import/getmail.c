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
#include "import/ini.h"

struct converter {
	struct ini ini;
	struct imported *out;
	struct imported_account *to;
	const char *shown;
	struct error *e;
	bool failed;
};

static const char RETRIEVER[] = "retriever", DESTINATION[] = "destination", OPTIONS[] = "options";

/* getmail takes defaults for [options] alone. */
static struct ini_entry *get(struct converter *c, const char *section, const char *key)
{
	struct ini_entry *entry = ini_find(&c->ini, section, key);

	if (!entry || !entry->value[0])
		return NULL;
	return section == OPTIONS || strcmp(entry->section, section) == 0 ? entry : NULL;
}

static void refuse(struct converter *c, const struct ini_entry *entry, const char *what)
{
	if (!c->failed)
		error_set(c->e, ERROR_CONFIG, "%s:%u: %s must be %s", c->shown, entry->line,
			entry->key, _(what));
	c->failed = true;
}

static uint64_t number_of(struct converter *c, const struct ini_entry *entry, uint64_t usual)
{
	uint64_t number = usual;

	if (entry && !parse_u64(span_of(entry->value), INT32_MAX, &number))
		refuse(c, entry, "a number");
	return number;
}

static bool truth_of(struct converter *c, const struct ini_entry *entry, bool usual)
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
static char **strings_of(struct converter *c, const struct ini_entry *entry)
{
	char **strings = entry ? ini_strings(entry->value) : NULL;

	if (entry && !strings)
		refuse(c, entry, "a tuple of strings, such as (\"a\", \"b\")");
	return strings;
}

static void set(
	struct converter *c, const char *setting, const struct ini_entry *entry, const char *value)
{
	imported_set(c->to, setting, entry ? entry->line : 0, value);
}

static void set_fresh(
	struct converter *c, const char *setting, const struct ini_entry *entry, char *value)
{
	set(c, setting, entry, value);
	free(value);
}

#define DROPPED(c, entry, ...) \
	imported_note((c)->out, (c)->to, IMPORT_DROPPED, (entry)->line, __VA_ARGS__)
#define CHANGED(c, entry, ...) \
	imported_note((c)->out, (c)->to, IMPORT_CHANGED, (entry)->line, __VA_ARGS__)

static void drop(struct converter *c, const char *section, const char *key, const char *why)
{
	struct ini_entry *entry = get(c, section, key);

	if (entry)
		DROPPED(c, entry, "%s, because %s", key, _(why));
}

/* $HOME at the start becomes ~; other variables are of whoever runs getmail. NULL: refused. */
static char *path_of(struct converter *c, const struct ini_entry *entry)
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

static void set_path(struct converter *c, const char *setting, const char *key)
{
	struct ini_entry *entry = get(c, RETRIEVER, key);
	char *path = entry ? path_of(c, entry) : NULL;

	if (path)
		set_fresh(c, setting, entry, path);
}

/* ---- the server ---- */

static void convert_clear(struct converter *c, const struct ini_entry *type, const char *host)
{
	char *words;

	if (import_is_here(host)) {
		set(c, "tls", type, "none");
		if (!truth_of(c, get(c, RETRIEVER, "use_apop"), false))
			set(c, "allow-cleartext-password", type, "true");
		return;
	}
	set(c, "tls", type, "starttls");
	words = import_encrypts_now("getmail");
	CHANGED(c, type, "%s", words);
	free(words);
}

static void convert_pins(struct converter *c)
{
	struct ini_entry *entry = get(c, RETRIEVER, "ssl_fingerprints");
	char **strings = strings_of(c, entry);
	struct buf pins = {0};

	for (size_t i = 0; strings && strings[i]; i++)
		buf_printf(&pins, "%s%s", i ? ", " : "", strings[i]);
	if (pins.len)
		set(c, "pin-sha256", entry, pins.data);
	buf_release(&pins);
	ini_free_strings(strings);
}

static void convert_tls(struct converter *c, const struct ini_entry *type)
{
	struct ini_entry *name = get(c, RETRIEVER, "ssl_cert_hostname");

	set(c, "tls", type, "implicit");
	if (!get(c, RETRIEVER, "ca_certs") && !get(c, RETRIEVER, "ssl_fingerprints"))
		CHANGED(c, type,
			"getmail does not check the certificate without ca_certs; now it "
			"is checked");
	set_path(c, "ca-file", "ca_certs");
	set_path(c, "client-cert", "certfile");
	set_path(c, "client-key", "keyfile");
	convert_pins(c);
	if (name)
		set(c, "tls-host", name, name->value);
	drop(c, RETRIEVER, "ssl_version", "tls-min stands for that here");
	drop(c, RETRIEVER, "ssl_ciphers", "tls-priority stands for that here");
}

/* What each account has. */
struct basics {
	struct ini_entry *type, *host, *user;
	bool ssl;
};

static void convert_server(struct converter *c, const struct basics *b)
{
	const struct ini_entry *host = b->host, *user = b->user;
	struct ini_entry *port = get(c, RETRIEVER, "port"), *timeout = get(c, RETRIEVER, "timeout");

	set(c, "host", host, host->value);
	if (port && number_of(c, port, 0))
		set(c, "port", port, port->value);
	set(c, "user", user, user->value);
	if (b->ssl)
		convert_tls(c, b->type);
	else
		convert_clear(c, b->type, host->value);
	if (timeout && number_of(c, timeout, 0))
		set_fresh(c, "timeout", timeout, xasprintf("%ss", timeout->value));
}

static void convert_login(struct converter *c)
{
	struct ini_entry *apop = get(c, RETRIEVER, "use_apop");
	struct ini_entry *password = get(c, RETRIEVER, "password");
	struct ini_entry *command = get(c, RETRIEVER, "password_command");
	struct buf line = {0};
	char **words = strings_of(c, command);

	bool token = truth_of(c, get(c, RETRIEVER, "use_xoauth2"), false);

	if (token)
		set(c, "auth", get(c, RETRIEVER, "use_xoauth2"), "xoauth2");
	else if (truth_of(c, apop, false))
		set(c, "auth", apop, "apop");
	for (size_t i = 0; words && words[i]; i++)
		import_add_word(&line, words[i]);
	ini_free_strings(words);
	/* A token comes from the command, also where there is a password. */
	if (token && line.len) {
		set(c, "oauth-token-command", command, line.data);
	} else if (token) {
		CHANGED(c, get(c, RETRIEVER, "use_xoauth2"),
			"use_xoauth2 has no password_command: set oauth-token-command");
	} else if (password) {
		c->to->password = xstrdup(password->value);
		c->to->password_line = password->line;
	} else if (line.len) {
		set(c, "password-command", command, line.data);
	}
	buf_release(&line);
	drop(c, OPTIONS, "netrc_file", "~/.netrc is read, or what NETRC names");
	if (truth_of(c, get(c, RETRIEVER, "delete_dup_msgids"), false))
		drop(c, RETRIEVER, "delete_dup_msgids",
			"each message is fetched, also where two have one identifier");
	drop(c, RETRIEVER, "envelope_recipient",
		"mail is not parted by its recipient; a filter behind pipe: can do that");
}

/* ---- delivery ---- */

static void cannot_deliver(struct converter *c, const struct ini_entry *entry, const char *what)
{
	if (strncasecmp(what, "Multi", strlen("Multi")) == 0)
		DROPPED(c, entry,
			"%s, because mail goes to one place here (a program behind pipe: can part it, "
			"or serve several): say where with deliver, and take out enabled = false",
			safe(span_of(what)).text);
	else
		DROPPED(c, entry,
			"%s, because there is no such destination: say where mail goes with deliver, "
			"and take out enabled = false",
			safe(span_of(what)).text);
	if (!imported_get(c->to, "enabled"))
		set(c, "enabled", entry, "false");
}

static bool is_sender_option(const char *word)
{
	return strcmp(word, "-f") == 0 || strcmp(word, "-r") == 0;
}

/* Whether a name of a variable stands behind this dollar. */
static bool is_variable(const char *dollar)
{
	return isalpha((unsigned char)dollar[1]) || dollar[1] == '_' || dollar[1] == '{';
}

/* getmail puts a home folder for a tilde in front, and variables in; a shell does the same. */
static void add_for_shell(struct buf *line, const char *word)
{
	if (line->len)
		buf_add_text(line, " ");
	if (strncmp(word, "~/", 2) == 0) {
		buf_add_text(line, "~/");
		word += 2;
	}
	if (!strchr(word, '$')) {
		import_quote_word(line, word);
		return;
	}
	buf_add_text(line, "\"");
	for (; *word; word++) {
		if (strchr("\\\"`", *word) || (*word == '$' && !is_variable(word)))
			buf_add_text(line, "\\");
		buf_add(line, word, 1);
	}
	buf_add_text(line, "\"");
}

static void convert_command(struct converter *c, const struct ini_entry *path)
{
	struct ini_entry *entry = get(c, DESTINATION, "arguments");
	char **words = strings_of(c, entry), *program = path_of(c, path), *command;
	struct buf line = {0};

	if (program)
		add_for_shell(&line, program);
	free(program);
	for (size_t i = 0; words && words[i]; i++) {
		if (is_sender_option(words[i]) && words[i + 1] &&
			strcmp(words[i + 1], "%(sender)") == 0) {
			DROPPED(c, entry,
				"%s %%(sender) in arguments, because the sender of the envelope is not known "
				"here; the command does without",
				words[i]);
			i++;
		} else if (strstr(words[i], "%(")) {
			cannot_deliver(c, entry, words[i]);
		} else {
			add_for_shell(&line, words[i]);
		}
	}
	ini_free_strings(words);
	if (line.len && !imported_get(c->to, "enabled")) {
		command = import_command(line.data);
		set_fresh(c, "deliver", path, xasprintf("pipe:%s", command));
		free(command);
	}
	buf_release(&line);
	if (truth_of(c, get(c, DESTINATION, "unixfrom"), false))
		drop(c, DESTINATION, "unixfrom", "no From line is put in front of mail");
	get(c, DESTINATION, "allow_root_commands");
	get(c, DESTINATION, "ignore_stderr");
	get(c, DESTINATION, "pipe_stdout");
	drop(c, DESTINATION, "group", "mail is delivered as the user who runs ambil");
}

static void convert_delivery(struct converter *c, const struct ini_entry *type)
{
	struct ini_entry *path = get(c, DESTINATION, "path");
	char *place;

	if (strcasecmp(type->value, "MDA_external") == 0 && path) {
		convert_command(c, path);
	} else if ((strcasecmp(type->value, "Maildir") == 0 ||
			   strcasecmp(type->value, "Mboxrd") == 0) &&
		path) {
		place = path_of(c, path);
		if (place)
			set_fresh(c, "deliver", path,
				import_destination(strcasecmp(type->value, "Maildir") == 0
						? "maildir:"
						: "mbox:",
					place));
		free(place);
	} else {
		cannot_deliver(c, type, type->value);
	}
	drop(c, DESTINATION, "user", "mail is delivered as the user who runs ambil");
	drop(c, DESTINATION, "filemode", "files of mail are for their owner alone");
	drop(c, DESTINATION, "locktype", "an mbox is locked with fcntl and a file beside it");
}

/* ---- what is fetched, and what stays ---- */

static void convert_policy(struct converter *c)
{
	struct ini_entry *keep = get(c, OPTIONS, "delete"),
			 *after = get(c, OPTIONS, "delete_after");
	struct ini_entry *all = get(c, OPTIONS, "read_all"),
			 *size = get(c, OPTIONS, "max_message_size");
	struct ini_entry *most = get(c, OPTIONS, "max_messages_per_session");
	struct ini_entry *received = get(c, OPTIONS, "received");
	uint64_t days = number_of(c, after, 0);
	bool removes = truth_of(c, keep, false);

	if (removes)
		set(c, "keep", keep, "false");
	else if (days)
		set_fresh(c, "keep", after, xasprintf("%llud", (unsigned long long)days));
	else
		set(c, "keep", keep, "true");
	if (truth_of(c, all, true) && !removes)
		imported_note(c->out, c->to, IMPORT_CHANGED, all ? all->line : 0,
			"read_all: getmail fetches all mail each time; here only new mail is fetched, "
			"except with ambil fetch --all");
	if (size && number_of(c, size, 0))
		set(c, "max-size", size, size->value);
	if (most && number_of(c, most, 0))
		set(c, "max-messages", most, most->value);
	if (!truth_of(c, received, true))
		set(c, "received-header", received, "false");
	if (truth_of(c, get(c, OPTIONS, "delivered_to"), true))
		drop(c, OPTIONS, "delivered_to", "no Delivered-To line is added");
	if (number_of(c, get(c, OPTIONS, "delete_bigger_than"), 0))
		drop(c, OPTIONS, "delete_bigger_than", "keep is the same for all sizes");
	if (number_of(c, get(c, OPTIONS, "max_bytes_per_session"), 0))
		drop(c, OPTIONS, "max_bytes_per_session", "max-messages stands for that here");
	drop(c, OPTIONS, "message_log", "errors go where cron or the journal has them");
	drop(c, OPTIONS, "logfile", "errors go where cron or the journal has them");
	get(c, OPTIONS, "verbose");
	get(c, OPTIONS, "to_oldmail_on_each_mail");
	get(c, OPTIONS, "fingerprint");
	get(c, OPTIONS, "message_log_verbose");
	get(c, OPTIONS, "message_log_syslog");
	get(c, OPTIONS, "skip_imap_fetch_size");
	get(c, OPTIONS, "use_netrc");
}

/* Filters, and what a newer getmail may know. */
static void note_the_rest(struct converter *c)
{
	for (size_t i = 0; i < c->ini.n; i++) {
		const struct ini_entry *entry = &c->ini.entries[i];
		bool known = strcmp(entry->section, RETRIEVER) == 0 ||
			strcmp(entry->section, DESTINATION) == 0 ||
			strcmp(entry->section, OPTIONS) == 0 ||
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
static bool is_twin(struct converter *c, const char *host, const char *user, const char *list)
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

static void convert(struct converter *c, const char *name)
{
	struct ini_entry *type = get(c, RETRIEVER, "type"), *host = get(c, RETRIEVER, "server");
	struct ini_entry *user = get(c, RETRIEVER, "username"), *port = get(c, RETRIEVER, "port");
	const struct ini_entry *into = get(c, DESTINATION, "type");
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
	convert_delivery(c, into);
	convert_policy(c);
	note_the_rest(c);
}

bool getmail_read(struct span text, const char *shown, const char *name, struct imported *out,
	struct error *e)
{
	struct converter c = {.out = out, .shown = shown, .e = e};

	if (!ini_read(text, shown, &c.ini, e))
		return false;
	convert(&c, name);
	ini_release(&c.ini);
	return !c.failed;
}
