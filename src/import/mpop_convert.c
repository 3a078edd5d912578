/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the commands of an mpop account mean here. Its defaults are written out where they differ
 * from this program's: above all "keep off", which deletes. What was weaker than this program
 * allows becomes stricter, with a note.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "base/text.h"
#include "import/mpop_inner.h"

struct converter {
	const struct mpop_account *from;
	struct imported *out;
	struct imported_account *to;
};

/* NULL when it is not given, or given as nothing. */
static const char *get(const struct converter *c, enum mpop_command command)
{
	const char *text = c->from->values[command].text;

	return text && text[0] ? text : NULL;
}

static unsigned line_of(const struct converter *c, enum mpop_command command)
{
	return c->from->values[command].line;
}

static bool is_on(const struct converter *c, enum mpop_command command, bool usual)
{
	const char *text = get(c, command);

	return text ? strcmp(text, "on") == 0 : usual;
}

static void set(
	struct converter *c, const char *setting, enum mpop_command command, const char *value)
{
	imported_set(c->to, setting, line_of(c, command), value);
}

static void set_fresh(
	struct converter *c, const char *setting, enum mpop_command command, char *value)
{
	set(c, setting, command, value);
	free(value);
}

#define DROPPED(c, command, ...) \
	imported_note((c)->out, (c)->to, IMPORT_DROPPED, line_of(c, command), __VA_ARGS__)
#define CHANGED(c, command, ...) \
	imported_note((c)->out, (c)->to, IMPORT_CHANGED, line_of(c, command), __VA_ARGS__)

/* ---- the server ---- */

/* mpop takes a relative path from the folder it is started in; this program from home. */
static void set_path(struct converter *c, const char *setting, enum mpop_command command)
{
	const char *path = get(c, command);

	if (!path)
		return;
	set(c, setting, command, path);
	if (path[0] != '/' && path[0] != '~' && !strchr(path, ':'))
		CHANGED(c, command, "%s \"%s\" is looked for in the home folder", setting,
			safe(span_of(path)).text);
}

/* Ways that send the password as it is: without encryption mpop takes them only when told to. */
static bool is_readable(const char *method)
{
	static const char *const methods[] = {"user", "plain", "login"};

	for (size_t i = 0; method && i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(method, methods[i]) == 0)
			return true;
	return false;
}

static void convert_tls(struct converter *c)
{
	bool tls = is_on(c, MPOP_TLS, false), stls = is_on(c, MPOP_TLS_STARTTLS, true);

	if (tls && !stls) {
		set(c, "tls", MPOP_TLS_STARTTLS, "implicit");
	} else if (tls) {
		set(c, "tls", MPOP_TLS, "starttls");
	} else if (get(c, MPOP_SOCKET) || import_is_here(get(c, MPOP_HOST))) {
		set(c, "tls", MPOP_TLS, "none");
		if (is_readable(get(c, MPOP_AUTH)))
			set(c, "allow-cleartext-password", MPOP_AUTH, "true");
	} else {
		set(c, "tls", MPOP_TLS, "starttls");
		char *words = import_encrypts_now("mpop");

		CHANGED(c, MPOP_TLS, "%s", words);
		free(words);
	}
}

static void convert_trust(struct converter *c)
{
	const char *file = c->from->values[MPOP_TLS_TRUST_FILE].text;
	const char *print = get(c, MPOP_TLS_FINGERPRINT);
	const size_t sha256_len = 32 * 3 - 1;

	if (!is_on(c, MPOP_TLS_CERTCHECK, true))
		DROPPED(c, MPOP_TLS_CERTCHECK,
			"tls_certcheck off, because the certificate is always checked here; if it "
			"cannot be, pin-sha256 trusts just the one that ambil doctor shows");
	if (file && strcmp(file, "system") != 0 && file[0])
		set_path(c, "ca-file", MPOP_TLS_TRUST_FILE);
	if (file && !file[0] && !print)
		DROPPED(c, MPOP_TLS_TRUST_FILE,
			"tls_trust_file without a file, because the certificate is always checked "
			"here, against the system's authorities");
	if (print && strlen(print) == sha256_len)
		set(c, "pin-sha256", MPOP_TLS_FINGERPRINT, print);
	else if (print)
		DROPPED(c, MPOP_TLS_FINGERPRINT,
			"tls_fingerprint, because it is by SHA-1 or MD5, which prove too little; "
			"ambil doctor shows the one for pin-sha256");
	if (get(c, MPOP_TLS_CRL_FILE))
		DROPPED(c, MPOP_TLS_CRL_FILE, "tls_crl_file, because there is no such setting");
	if (get(c, MPOP_TLS_MIN_DH_PRIME_BITS))
		DROPPED(c, MPOP_TLS_MIN_DH_PRIME_BITS,
			"tls_min_dh_prime_bits, because tls-priority stands for that here");
	set_path(c, "client-cert", MPOP_TLS_CERT_FILE);
	set_path(c, "client-key", MPOP_TLS_KEY_FILE);
	if (get(c, MPOP_TLS_PRIORITIES))
		set(c, "tls-priority", MPOP_TLS_PRIORITIES, get(c, MPOP_TLS_PRIORITIES));
	if (get(c, MPOP_TLS_HOST_OVERRIDE))
		set(c, "tls-host", MPOP_TLS_HOST_OVERRIDE, get(c, MPOP_TLS_HOST_OVERRIDE));
}

static void convert_proxy(struct converter *c)
{
	const char *host = get(c, MPOP_PROXY_HOST), *port = get(c, MPOP_PROXY_PORT);
	bool bracket = host && strchr(host, ':');

	if (get(c, MPOP_SOURCE_IP))
		set(c, "source-address", MPOP_SOURCE_IP, get(c, MPOP_SOURCE_IP));
	/* A socket wins over both. */
	if (get(c, MPOP_SOCKET))
		set_path(c, "socket", MPOP_SOCKET);
	else if (host)
		set_fresh(c, "proxy", MPOP_PROXY_HOST,
			xasprintf("socks5://%s%s%s%s%s", bracket ? "[" : "", host,
				bracket ? "]" : "", port ? ":" : "", port ? port : ""));
}

static void convert_timeout(struct converter *c)
{
	enum { DAY_S = 86400 };
	const char *text = get(c, MPOP_TIMEOUT);
	uint32_t seconds;

	if (!text)
		return;
	if (!parse_u32(span_of(text), DAY_S, &seconds)) {
		set(c, "timeout", MPOP_TIMEOUT, "1d");
		CHANGED(c, MPOP_TIMEOUT,
			"timeout %s, because a day is the longest time; it is that now", text);
		return;
	}
	set_fresh(c, "timeout", MPOP_TIMEOUT, xasprintf("%us", (unsigned)seconds));
}

static void convert_server(struct converter *c)
{
	const char *pipelining = get(c, MPOP_PIPELINING);

	set(c, "host", MPOP_HOST, get(c, MPOP_HOST));
	if (get(c, MPOP_PORT))
		set(c, "port", MPOP_PORT, get(c, MPOP_PORT));
	set(c, "user", MPOP_USER, get(c, MPOP_USER));
	convert_tls(c);
	convert_trust(c);
	convert_proxy(c);
	convert_timeout(c);
	if (pipelining && strcmp(pipelining, "off") == 0)
		set(c, "pipeline", MPOP_PIPELINING, "never");
	else if (pipelining && strcmp(pipelining, "on") == 0)
		DROPPED(c, MPOP_PIPELINING,
			"pipelining on, because commands are sent ahead only where the server "
			"offers it");
}

/* ---- the login ---- */

static bool uses_token(const char *method)
{
	return method && (strcmp(method, "oauthbearer") == 0 || strcmp(method, "xoauth2") == 0);
}

static void convert_login(struct converter *c)
{
	const char *method = get(c, MPOP_AUTH), *command = get(c, MPOP_PASSWORDEVAL);
	bool token = uses_token(method);

	if (method && strcmp(method, "on") != 0)
		set(c, "auth", MPOP_AUTH, method);
	if (get(c, MPOP_NTLMDOMAIN))
		DROPPED(c, MPOP_NTLMDOMAIN,
			"ntlmdomain, because there is no such setting; DOMAIN\\USER as the user may "
			"do");
	/* mpop prefers the password. */
	if (get(c, MPOP_PASSWORD) && token) {
		DROPPED(c, MPOP_PASSWORD,
			"password, because a token of OAuth comes from a command here: set "
			"oauth-token-command");
	} else if (get(c, MPOP_PASSWORD)) {
		c->to->password = xstrdup(get(c, MPOP_PASSWORD));
		c->to->password_line = line_of(c, MPOP_PASSWORD);
	} else if (command) {
		set_fresh(c, token ? "oauth-token-command" : "password-command", MPOP_PASSWORDEVAL,
			import_command(command));
	} else if (token) {
		CHANGED(c, MPOP_AUTH, "auth %s has no passwordeval: set oauth-token-command",
			method);
	}
}

/* ---- delivery ---- */

static struct span without_quotes(struct span s)
{
	if (s.len >= 2 && s.data[0] == '"' && s.data[s.len - 1] == '"')
		return (struct span){s.data + 1, s.len - 2};
	return s;
}

static void disable(struct converter *c, enum mpop_command command)
{
	if (!imported_get(c->to, "enabled"))
		set(c, "enabled", command, "false");
}

static void convert_delivery(struct converter *c)
{
	const char *text = get(c, MPOP_DELIVERY);
	struct span rest = span_of(text), method = span_word(&rest), argument;
	char *value;

	argument = without_quotes(span_trim(rest));
	if (span_is(method, "exchange")) {
		DROPPED(c, MPOP_DELIVERY,
			"delivery exchange, because there is no such destination: say where mail "
			"goes with deliver, and take out enabled = false");
		disable(c, MPOP_DELIVERY);
	} else if (span_is(method, "mda")) {
		value = import_mda(c->out, c->to,
			&(struct import_mda){
				argument, "delivery mda", line_of(c, MPOP_DELIVERY), NULL});
		set_fresh(c, "deliver", MPOP_DELIVERY, xasprintf("pipe:%s", value));
		free(value);
	} else {
		value = xstrndup(argument.data, argument.len);
		set_fresh(c, "deliver", MPOP_DELIVERY,
			import_destination(span_is(method, "mbox") ? "mbox:" : "maildir:", value));
		if (value[0] != '/' && value[0] != '~')
			CHANGED(c, MPOP_DELIVERY, "\"%s\" is looked for in the home folder",
				safe(argument).text);
		free(value);
	}
}

/* ---- what is fetched, and what stays ---- */

/* Octets; false: off. */
static bool read_size(const char *text, uint64_t *octets)
{
	struct span s = span_of(text ? text : "off");
	unsigned shift = 0;

	if (s.len && (s.data[s.len - 1] == 'k' || s.data[s.len - 1] == 'm'))
		shift = s.data[--s.len] == 'k' ? 10 : 20;
	if (!parse_u64(s, INT64_MAX >> 20, octets))
		return false;
	*octets <<= shift;
	return true;
}

static void set_size(struct converter *c, enum mpop_command command, uint64_t octets)
{
	const char *unit = octets % (1 << 20) == 0 ? "M" : octets % (1 << 10) == 0 ? "k" : "";
	unsigned shift = *unit == 'M' ? 20 : *unit == 'k' ? 10 : 0;

	set_fresh(c, "max-size", command,
		xasprintf("%llu%s", (unsigned long long)(octets >> shift), unit));
}

static void convert_sizes(struct converter *c)
{
	uint64_t kill = 0, skip = 0;
	bool kills = read_size(get(c, MPOP_KILLSIZE), &kill);
	bool skips = read_size(get(c, MPOP_SKIPSIZE), &skip), keeps = is_on(c, MPOP_KEEP, false);
	enum mpop_command which = kills && (!skips || kill < skip) ? MPOP_KILLSIZE : MPOP_SKIPSIZE;
	uint64_t least = which == MPOP_KILLSIZE ? kill : skip;

	if (!kills && !skips)
		return;
	if (kills && !keeps)
		DROPPED(c, MPOP_KILLSIZE,
			"killsize, because mail that was not delivered is never deleted; larger "
			"mail stays on the server");
	if (least) {
		set_size(c, which, least);
		return;
	}
	CHANGED(c, which,
		"%s 0 fetches nothing: to take what is there as seen, ambil fetch NAME --from-now; to "
		"fetch, take out enabled = false",
		which == MPOP_KILLSIZE ? "killsize" : "skipsize");
	disable(c, which);
}

static void convert_policy(struct converter *c)
{
	bool keeps = is_on(c, MPOP_KEEP, false), filters = get(c, MPOP_FILTER);

	/* A filter may have left mail on the server. */
	set(c, "keep", filters && !keeps ? MPOP_FILTER : MPOP_KEEP,
		keeps || filters ? "true" : "false");
	if (!is_on(c, MPOP_ONLY_NEW, true))
		DROPPED(c, MPOP_ONLY_NEW,
			"only_new off, because only new mail is fetched, except with ambil fetch --all");
	if (filters)
		DROPPED(c, MPOP_FILTER,
			"filter %s, because there are no filters: all mail is fetched; a program behind "
			"pipe: can sort it",
			safe(span_of(get(c, MPOP_FILTER))).text);
	if (filters && !keeps)
		CHANGED(c, MPOP_FILTER,
			"the filter may have left mail on the server; now all of it stays there, and "
			"keep = false deletes what was delivered");
	if (!is_on(c, MPOP_RECEIVED_HEADER, true))
		set(c, "received-header", MPOP_RECEIVED_HEADER, "false");
	convert_sizes(c);
}

/* %U and %H stand for user and host in the path. */
static char *expand_seen(const char *path, const char *host, const char *user)
{
	struct buf out = {0};

	for (; *path; path++)
		if (path[0] == '%' && (path[1] == 'U' || path[1] == 'H'))
			buf_add_text(&out, *++path == 'U' ? user : host);
		else
			buf_add(&out, path, 1);
	return buf_detach(&out);
}

static char *list_path(const struct converter *c)
{
	const char *path = get(c, MPOP_UIDLS_FILE);

	return expand_seen(
		path ? path : "~/.mpop_uidls/%U_at_%H", get(c, MPOP_HOST), get(c, MPOP_USER));
}

static void convert_seen(struct converter *c)
{
	c->to->seen_path = list_path(c);
	c->to->seen_host = xstrdup(get(c, MPOP_HOST));
	c->to->seen_user = xstrdup(get(c, MPOP_USER));
}

/* ---- whole accounts ---- */

/*
 * To mpop, accounts of one user at one host with one list are one mailbox, whatever else they say:
 * what one has fetched the other does not. Fetched by two accounts here, each mail would come
 * twice.
 */
static const struct imported_account *find_same(
	const struct converter *c, struct import_index *mailboxes)
{
	char *list = list_path(c), *mailbox;
	const size_t *number;

	mailbox = import_mailbox(get(c, MPOP_HOST), list, get(c, MPOP_USER));
	number = import_index_find(mailboxes, mailbox);
	if (!number)
		import_index_add(mailboxes, mailbox, c->out->n);
	free(mailbox);
	free(list);
	return number ? &c->out->accounts[*number] : NULL;
}

void mpop_convert(
	const struct mpop_account *from, struct import_index *mailboxes, struct imported *out)
{
	struct converter c = {.from = from, .out = out};
	const struct imported_account *same;
	/* Such an account is there for others to take from; mpop cannot use it itself. */
	const char *missing = !get(&c, MPOP_HOST) ? "host"
		: !get(&c, MPOP_USER)             ? "user"
		: !get(&c, MPOP_DELIVERY)         ? "delivery"
						  : NULL;

	if (missing) {
		imported_note(out, NULL, IMPORT_DROPPED, from->line,
			"account %s, because it has no %s", safe(span_of(from->name)).text,
			missing);
		return;
	}
	same = find_same(&c, mailboxes);
	if (same) {
		imported_note(out, NULL, IMPORT_DROPPED, from->line,
			"account %s, because it is the mailbox of account %s",
			safe(span_of(from->name)).text, safe(span_of(same->name)).text);
		return;
	}
	c.to = imported_add(out, from->name, from->line);
	convert_server(&c);
	convert_login(&c);
	convert_delivery(&c);
	convert_policy(&c);
	convert_seen(&c);
}
