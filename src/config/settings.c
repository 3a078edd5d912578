/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What can be set, and how each kind of value is read and written. Everything that differs from one
 * setting to the next stands in the table; the code below knows types only, so that file, command
 * line, "config show" and the manual cannot drift apart.
 */
#include "config/settings.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/config.h"
#include "net/proxy.h"

#define ACCOUNT(field) .offset = offsetof(struct account, field)
#define CONFIG(field) .offset = offsetof(struct config, field)
#define WORDS(list) .words = (list), .n_words = sizeof(list) / sizeof((list)[0])

/* In the order of the enums they stand for. */
static const char *const tls_words[] = {"implicit", "starttls", "none"};
static const char *const version_words[] = {"1.0", "1.1", "1.2", "1.3"};
static const char *const ip_words[] = {"any", "4", "6"};
static const char *const pipeline_words[] = {"never", "auto"};
static const char *const when_words[] = {"auto", "always", "never"};
_Static_assert(TLS_IMPLICIT == 0 && TLS_STARTTLS == 1 && TLS_NONE == 2, "tls_words");
_Static_assert(TLS_1_0 == 0 && TLS_1_1 == 1 && TLS_1_2 == 2 && TLS_1_3 == 3, "version_words");
_Static_assert(IP_ANY == 0 && IP_4 == 1 && IP_6 == 2, "ip_words");
_Static_assert(sizeof(enum tls_mode) == sizeof(unsigned) &&
		sizeof(enum ip_family) == sizeof(unsigned) &&
		sizeof(enum tls_version) == sizeof(unsigned),
	"a choice is stored as an unsigned");

enum { DAY_S = 86400 };

const struct setting settings[] = {
	{"host", SETTING_HOST, SCOPE_ACCOUNT, .unset = N_("required; with a socket, localhost"),
		.allowed = N_("a host name or an address (the port is a setting of its own)"),
		.help = N_("the name or the address of the server"), ACCOUNT(endpoint.host)},
	{"port", SETTING_PORT, SCOPE_ANY, .unset = N_("995, or 110 with tls = starttls or none"),
		.allowed = N_("a number from 1 to 65535"), .help = N_("the server's port"),
		ACCOUNT(endpoint.port)},
	{"user", SETTING_TEXT, SCOPE_ACCOUNT, .unset = N_("required"),
		.allowed = N_("the name you log in with"), .help = N_("the name to log in with"),
		ACCOUNT(user)},
	{"enabled", SETTING_BOOL, SCOPE_ANY, .value = "true",
		.help = N_("false: only when named on the command line"), ACCOUNT(enabled)},
	{"tls", SETTING_CHOICE, SCOPE_ANY, .value = "implicit", WORDS(tls_words),
		.help = N_("encryption: at once, after STLS, or none"), ACCOUNT(tls.mode)},
	{"allow-cleartext-password", SETTING_BOOL, SCOPE_ANY, .value = "false",
		.help = N_("with tls = none: a password may be sent in clear"),
		ACCOUNT(tls.cleartext_login)},
	{"ca-file", SETTING_PATH, SCOPE_ANY, .unset = N_("the system's"),
		.allowed = N_("the name of a file of certificates"),
		.help = N_("trust only the authorities in this file"), ACCOUNT(tls.ca_file)},
	{"tls-host", SETTING_HOST, SCOPE_ANY, .unset = N_("the same as host"),
		.allowed = N_("a host name"), .help = N_("the name the certificate must bear"),
		ACCOUNT(tls.host)},
	{"pin-sha256", SETTING_PINS, SCOPE_ANY, .unset = N_("none"),
		.allowed = N_("the SHA-256 of a key or of a certificate"),
		.help = N_("trust the server that has this key, and no other"), ACCOUNT(tls.pins)},
	{"tls-min", SETTING_CHOICE, SCOPE_ANY, .value = "1.2", WORDS(version_words),
		.help = N_("the oldest version of TLS to accept"), ACCOUNT(tls.min)},
	{"tls-priority", SETTING_PRIORITY, SCOPE_ANY,
		.unset = N_("NORMAL of GnuTLS, with keys of 112 bits or more"),
		.allowed = N_("a priority string of GnuTLS"),
		.help = N_("the versions and algorithms of TLS to offer"), ACCOUNT(tls.priority)},
	{"client-cert", SETTING_OBJECT, SCOPE_ANY, .unset = N_("none"),
		.allowed = N_("the name of a file, or a pkcs11: URL"),
		.help = N_("a certificate of your own, to show to the server"),
		ACCOUNT(tls.client_cert)},
	{"client-key", SETTING_OBJECT, SCOPE_ANY, .unset = N_("the same as client-cert"),
		.allowed = N_("the name of a file, or a pkcs11: URL"),
		.help = N_("the private key of client-cert"), ACCOUNT(tls.client_key)},
	{"auth", SETTING_MECHS, SCOPE_ANY, .value = "auto",
		.allowed = N_(
			"auto, or one or more of scram-sha-256-plus, scram-sha-1-plus, "
			"scram-sha-256, scram-sha-1, oauthbearer, xoauth2, digest-md5, cram-md5, "
			"plain, login, user, apop, external, gssapi, ntlm"),
		.help = N_("the ways to log in, in the order to try them"), ACCOUNT(auth)},
	{"oauth-token-command", SETTING_TEXT, SCOPE_ACCOUNT, .unset = N_("none"),
		.allowed = N_("a command"), .help = N_("a command that prints an OAuth token"),
		ACCOUNT(token_command)},
	{"password-command", SETTING_TEXT, SCOPE_ACCOUNT, .unset = N_("none"),
		.allowed = N_("a command"), .help = N_("a command that prints the password"),
		ACCOUNT(password_command)},
	{"password-file", SETTING_PATH, SCOPE_ACCOUNT, .unset = N_("none"),
		.allowed = N_("the name of a file"),
		.help = N_("a file whose first line is the password"), ACCOUNT(password_file)},
	{"password", SETTING_TEXT, SCOPE_ACCOUNT, .unset = N_("none"), .secret = true,
		.allowed = N_("a password of one line"),
		.help = N_("the password; the file must be private then"), ACCOUNT(password)},
	{"keyring", SETTING_BOOL, SCOPE_ANY, .value = "true",
		.help = N_("look for the password in the keyring of the desktop"),
		ACCOUNT(keyring)},
	{"netrc", SETTING_BOOL, SCOPE_ANY, .value = "true",
		.help = N_("look for the password in ~/.netrc"), ACCOUNT(netrc)},
	{"retry-auth", SETTING_LIMIT, SCOPE_ANY, .value = "3",
		.allowed = N_("a number from 1, or unlimited"),
		.help = N_("refused logins in a row after which unattended runs pause"),
		ACCOUNT(retry_auth)},
	{"quiet-for", SETTING_AGE, SCOPE_ANY, .value = "2h", .max = 30 * DAY_S,
		.allowed = N_("a time such as 30m or 2h, at most 30d; 0s: say every failure"),
		.help = N_("say nothing of a temporary failure until it has lasted so long"),
		ACCOUNT(quiet_for_ms)},
	{"on-new", SETTING_TEXT, SCOPE_ANY, .unset = N_("none"), .allowed = N_("a command"),
		.help = N_("a command to run when mail has come"), ACCOUNT(on_new)},
	{"deliver", SETTING_DESTINATION, SCOPE_ANY, .value = "maildir:~/Mail",
		.allowed = N_("maildir:PATH, mbox:PATH, pipe:COMMAND or -"),
		.help = N_("where new mail goes"), ACCOUNT(deliver)},
	{"keep", SETTING_KEEP, SCOPE_ANY, .value = "true",
		.allowed = N_("true, false or an age such as 14d"),
		.help = N_("leave mail on the server: for ever, not at all, or for a time"),
		ACCOUNT(policy)},
	{"max-size", SETTING_SIZE, SCOPE_ANY, .value = "unlimited",
		.allowed = N_("a size such as 500k or 10M, or unlimited"),
		.help = N_("leave larger messages on the server"), ACCOUNT(policy.size_max)},
	{"max-messages", SETTING_LIMIT, SCOPE_ANY, .value = "unlimited",
		.allowed = N_("a number from 1, or unlimited"),
		.help = N_("fetch at most so many messages in one run"), ACCOUNT(policy.fetch_max)},
	{"received-header", SETTING_BOOL, SCOPE_ANY, .value = "true",
		.help = N_("put a Received: line in front of each message"),
		ACCOUNT(received_header)},
	{"timeout", SETTING_AGE, SCOPE_ANY, .value = "60s", .min = 1, .max = DAY_S,
		.allowed = N_("a time such as 30s or 2m, at most 1d"),
		.help = N_("give up when the server is silent for so long"), ACCOUNT(timeout_ms)},
	{"connect-timeout", SETTING_AGE, SCOPE_ANY, .value = "20s", .min = 1, .max = DAY_S,
		.allowed = N_("a time such as 30s or 2m, at most 1d"),
		.help = N_("the most time for looking up the server and connecting"),
		ACCOUNT(endpoint.connect_timeout_ms)},
	{"command-timeout", SETTING_AGE, SCOPE_ANY, .value = "5m", .min = 1, .max = DAY_S,
		.allowed = N_("a time such as 30s or 2m, at most 1d"),
		.help = N_("the most time for a command: for each message, or on-new in all"),
		ACCOUNT(command_timeout_ms)},
	{"pipe-jobs", SETTING_NUMBER, SCOPE_ANY, .value = "1", .min = 1, .max = 64,
		.allowed = N_("a number from 1 to 64"),
		.help = N_("pipe: commands at the same time; order is lost with more than one"),
		ACCOUNT(pipe_jobs)},
	{"deadline", SETTING_AGE_LIMIT, SCOPE_ANY, .value = "unlimited", .min = 1, .max = DAY_S,
		.allowed = N_("a time such as 30s or 10m, at most 1d, or unlimited"),
		.help = N_("the most time that one run may take"), ACCOUNT(deadline_ms)},
	{"pipeline", SETTING_SWITCH, SCOPE_ANY, .value = "auto", WORDS(pipeline_words),
		.help = N_("send commands ahead when the server offers PIPELINING"),
		ACCOUNT(pipeline)},
	{"ip", SETTING_CHOICE, SCOPE_ANY, .value = "any", WORDS(ip_words),
		.help = N_("which version of the Internet protocol to use"), ACCOUNT(endpoint.ip)},
	{"source-address", SETTING_SOURCE, SCOPE_ANY, .value = "any",
		.allowed = N_(
			"an address of this machine, one of each family with a comma between, "
			"or any"),
		.help = N_("the address to connect from"), ACCOUNT(endpoint.source)},
	{"proxy", SETTING_PROXY, SCOPE_ANY, .value = "none",
		.allowed = N_(
			"socks5://HOST, socks5://HOST:PORT, http://HOST:PORT, each with USER@ "
			"before HOST where it wants a login, or none"),
		.help = N_("a proxy on the way to the server"), ACCOUNT(endpoint.proxy)},
	{"proxy-password-command", SETTING_TEXT, SCOPE_ANY, .unset = N_("none"),
		.allowed = N_("a command"),
		.help = N_("a command that prints the proxy's password"),
		ACCOUNT(proxy_password_command)},
	{"proxy-password", SETTING_TEXT, SCOPE_ANY, .unset = N_("none"), .secret = true,
		.allowed = N_("a password of one line"),
		.help = N_("the proxy's password; the file must be private then"),
		ACCOUNT(endpoint.proxy_password)},
	{"socket-command", SETTING_TEXT, SCOPE_ACCOUNT, .unset = N_("none"),
		.allowed = N_("a command"),
		.help = N_("a command whose input and output are the connection"),
		ACCOUNT(endpoint.command)},
	{"socket", SETTING_PATH, SCOPE_ACCOUNT, .unset = N_("none"),
		.allowed = N_("the name of a local socket"),
		.help = N_("a local (unix) socket to connect to"), ACCOUNT(endpoint.socket)},
	{"state-dir", SETTING_PATH, SCOPE_TOP, .unset = "$XDG_STATE_HOME/ambil",
		.allowed = N_("the name of a folder"),
		.help = N_("the folder that remembers what was fetched"), CONFIG(state_dir)},
	{"jobs", SETTING_NUMBER, SCOPE_TOP, .value = "16", .min = 1, .max = 64,
		.allowed = N_("a number from 1 to 64"),
		.help = N_("accounts to fetch at the same time"), CONFIG(jobs)},
	{"color", SETTING_WORD, SCOPE_TOP, .value = "auto", WORDS(when_words),
		.help = N_("coloured output; auto: on a terminal"), CONFIG(color)},
	{"progress", SETTING_WORD, SCOPE_TOP, .value = "auto", WORDS(when_words),
		.help = N_("live lines while fetching; auto: on a terminal"), CONFIG(progress)},
};
_Static_assert(sizeof(settings) / sizeof(settings[0]) == SETTINGS_COUNT,
	"SETTINGS_COUNT is the number of entries");

size_t settings_find(const char *name)
{
	size_t i = 0;

	while (i < SETTINGS_COUNT && strcmp(settings[i].name, name) != 0)
		i++;
	return i;
}

const char *settings_nearest(const char *name)
{
	const char *names[SETTINGS_COUNT];

	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		names[i] = settings[i].name;
	return text_nearest(name, names, SETTINGS_COUNT);
}

static void *field_of(const struct setting *s, void *base)
{
	return (char *)base + s->offset;
}

static const void *const_field_of(const struct setting *s, const void *base)
{
	return (const char *)base + s->offset;
}

/* "use implicit, starttls or none" */
static bool refuse(const struct setting *s, enum error_kind kind, struct error *e)
{
	static const char *const truth[] = {"true", "false"};
	struct buf list = {0};

	if (s->allowed)
		return error_set(e, kind, "use %s", _(s->allowed));
	text_list(&list, s->words ? s->words : truth, s->words ? s->n_words : 2, true);
	error_set(e, kind, "use %s", list.data);
	buf_release(&list);
	return false;
}

/* A password may hold any octet that fits on a line of the protocol. */
static bool has_control(const char *text, bool secret)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '\r' || c == '\n' || (!secret && (c < 0x20 || c == 0x7f)))
			return true;
	}
	return false;
}

/* RFC 1123 s.2.1, but for letters of other scripts, which the resolver turns into IDNA. */
static bool is_host_name(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > 253 || text[0] == '-' || text[0] == '.')
		return false;
	for (; *text; text++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._",
			    *text) &&
			(unsigned char)*text < 0x80)
			return false;
	return true;
}

/* An IPv6 address, perhaps with a zone (RFC 4007 s.11). */
static bool is_ipv6(const char *text)
{
	struct in6_addr ignored;
	size_t len = strcspn(text, "%");
	char *address = xstrndup(text, len);
	bool fits = inet_pton(AF_INET6, address, &ignored) == 1 &&
		(!text[len] || is_host_name(text + len + 1));

	free(address);
	return fits;
}

static char *read_host(const char *text)
{
	size_t len = strlen(text);
	char *host;

	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		host = xstrndup(text + 1, len - 2);
		if (is_ipv6(host))
			return host;
		free(host);
		return NULL;
	}
	return is_host_name(text) || is_ipv6(text) ? xstrdup(text) : NULL;
}

static char *read_path(const char *text, const char *home)
{
	if (text[0] == '/' || (text[0] == '~' && (text[1] == '/' || !text[1])))
		return file_expand_home(text, home);
	return text[0] ? xasprintf("%s/%s", home, text) : NULL;
}

static size_t find_word(const struct setting *s, const char *text)
{
	size_t i = 0;

	while (i < s->n_words && !span_is_nocase(span_of(text), s->words[i]))
		i++;
	return i;
}

/*
 * Only checked here: it is read when the account's name and its other settings are known. Its own
 * words are taken where they say more than what is allowed.
 */
static bool check_destination(const struct setting *s, const char *text, const char *home,
	enum error_kind kind, struct error *e)
{
	struct destination ignored = {0};
	struct error why = {0};

	if (destination_parse(text, "name", home, &ignored, &why)) {
		destination_release(&ignored);
		return true;
	}
	if (strstr(why.text, _(s->allowed)))
		return refuse(s, kind, e);
	return error_set(e, kind, "%s", why.text);
}

/* A URL that is wrong may hold a password: its own words do not show it. */
static bool check_proxy(const char *text, enum error_kind kind, struct error *e)
{
	struct proxy ignored;
	struct error why = {0};

	if (proxy_parse(text, &ignored, &why)) {
		proxy_release(&ignored);
		return true;
	}
	error_set(e, kind, "%s", why.text);
	return error_remedy_of(e, &why);
}

/* For the types that are kept as a string; NULL when text does not fit. */
static char *read_string(const struct setting *s, const char *text, const char *home)
{
	size_t word;

	switch (s->type) {
	case SETTING_HOST:
		return read_host(text);
	case SETTING_PATH:
		return read_path(text, home);
	case SETTING_OBJECT:
		return tls_is_url(text) ? xstrdup(text) : read_path(text, home);
	case SETTING_SOURCE:
		return dial_source_ok(text) ? xstrdup(text) : NULL;
	case SETTING_WORD:
		word = find_word(s, text);
		return word < s->n_words ? xstrdup(s->words[word]) : NULL;
	default:
		return text[0] ? xstrdup(text) : NULL;
	}
}

static bool is_string(enum setting_type type)
{
	return type <= SETTING_WORD || type == SETTING_DESTINATION;
}

static bool set_string(const struct setting *s, void *base, const char *text, const char *home,
	enum error_kind kind, struct error *e)
{
	char *value;

	if (s->type == SETTING_DESTINATION && !check_destination(s, text, home, kind, e))
		return false;
	if (s->type == SETTING_PINS && text[0] && !tls_check_pins(text, kind, e))
		return false;
	if (s->type == SETTING_PROXY && !check_proxy(text, kind, e))
		return false;
	if (s->type == SETTING_PRIORITY && text[0] && !tls_check_priority(text, kind, e))
		return false;
	value = read_string(s, text, home);
	if (!value)
		return refuse(s, kind, e);
	setting_release(s, base);
	memcpy(field_of(s, base), &value, sizeof(value));
	return true;
}

static bool set_keep(struct policy *policy, struct span text)
{
	int64_t seconds;
	bool keep;

	if (parse_bool(text, &keep)) {
		policy->keep = keep ? KEEP_FOREVER : KEEP_NOT;
		return true;
	}
	if (!parse_age(text, &seconds) || seconds == 0)
		return false;
	policy->keep = KEEP_FOR;
	policy->keep_s = seconds;
	return true;
}

static bool set_choice(const struct setting *s, void *field, const char *text)
{
	unsigned word = (unsigned)find_word(s, text);

	if (word == s->n_words)
		return false;
	if (s->type == SETTING_SWITCH)
		*(bool *)field = word == 1;
	else
		memcpy(field, &word, sizeof(word));
	return true;
}

static bool set_age(const struct setting *s, int64_t *ms, struct span text)
{
	int64_t seconds = 0;

	if (!(s->type == SETTING_AGE_LIMIT && span_is(text, "unlimited")) &&
		(!parse_age(text, &seconds) || seconds < s->min || seconds > s->max))
		return false;
	*ms = seconds * 1000;
	return true;
}

static bool set_number(const struct setting *s, void *field, struct span text)
{
	uint32_t number = 0;
	uint64_t size = 0;
	bool unlimited = span_is(text, "unlimited");

	switch (s->type) {
	case SETTING_PORT:
		if (!parse_u32(text, UINT16_MAX, &number) || number == 0)
			return false;
		*(uint16_t *)field = (uint16_t)number;
		return true;
	case SETTING_NUMBER:
		if (!parse_u32(text, s->max, &number) || number < s->min)
			return false;
		*(uint32_t *)field = number;
		return true;
	case SETTING_LIMIT:
		if (!unlimited && (!parse_u32(text, UINT32_MAX, &number) || number == 0))
			return false;
		*(uint32_t *)field = number;
		return true;
	default:
		if (!unlimited && (!parse_size(text, &size) || size == 0))
			return false;
		*(uint64_t *)field = size;
		return true;
	}
}

/* Those that are tied to TLS come last: not every server and connection has them. */
static const char *nearest_mechanism(char *word)
{
	const char *names[MECH_MECHS];
	size_t n = 0;

	for (char *p = word; *p; p++)
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
	for (int binds = 0; binds < 2; binds++)
		for (int i = MECH_NONE; i < MECH_MECHS; i++)
			if (mech_binds((enum mech)i) == (binds != 0))
				names[n++] = mech_name((enum mech)i);
	return text_nearest(word, names, n);
}

/* There are many: only the nearest is told, where one is near. */
static bool refuse_mechanisms(
	const struct setting *s, const char *text, enum error_kind kind, struct error *e)
{
	static const char between[] = " ,\t";

	for (text += strspn(text, between); *text; text += strspn(text, between)) {
		size_t len = strcspn(text, between);
		char *word = xstrndup(text, len);
		bool known = mech_parse(word) != MECH_NONE || span_is_nocase(span_of(word), "auto");
		const char *nearest = known ? NULL : nearest_mechanism(word);

		if (nearest)
			error_set(e, kind, "\"%s\" is unknown, did you mean \"%s\"?",
				safe((struct span){text, len}).text, nearest);
		free(word);
		if (nearest)
			return false;
		text += len;
	}
	return refuse(s, kind, e);
}

bool setting_set(const struct setting *s, void *base, const char *text, const char *home,
	enum error_kind kind, struct error *e)
{
	struct span span = span_of(text);
	void *field = field_of(s, base);
	bool done;

	if (has_control(text, s->secret))
		return error_set(e, kind, "control characters are not allowed");
	if (is_string(s->type))
		return set_string(s, base, text, home, kind, e);
	switch (s->type) {
	case SETTING_BOOL:
		done = parse_bool(span, field);
		break;
	case SETTING_CHOICE:
	case SETTING_SWITCH:
		done = set_choice(s, field, text);
		break;
	case SETTING_AGE:
	case SETTING_AGE_LIMIT:
		done = set_age(s, field, span);
		break;
	case SETTING_KEEP:
		done = set_keep(field, span);
		break;
	case SETTING_MECHS:
		return mech_list_parse(text, field) || refuse_mechanisms(s, text, kind, e);
	default:
		done = set_number(s, field, span);
		break;
	}
	return done || refuse(s, kind, e);
}

/* The largest unit that leaves no remainder, so that reading it gives the same again; below two
 * minutes, seconds. */
static char *show_age(int64_t seconds)
{
	static const struct {
		int64_t factor;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	size_t i = seconds < 120 ? 3 : 0;

	while (seconds % units[i].factor != 0)
		i++;
	return xasprintf("%" PRId64 "%c", seconds / units[i].factor, units[i].unit);
}

static char *show_size(uint64_t octets)
{
	static const char units[] = {'G', 'M', 'k'};

	for (unsigned i = 0; i < 3; i++) {
		uint64_t factor = (uint64_t)1 << (30 - 10 * i);

		if (octets % factor == 0)
			return xasprintf("%" PRIu64 "%c", octets / factor, units[i]);
	}
	return xasprintf("%" PRIu64, octets);
}

char *setting_show_keep(const struct policy *policy)
{
	if (policy->keep == KEEP_FOR)
		return show_age(policy->keep_s);
	return xstrdup(policy->keep == KEEP_FOREVER ? "true" : "false");
}

static char *show_string(const struct setting *s, const void *field, const char *home)
{
	char *value;

	memcpy(&value, field, sizeof(value));
	if (!value)
		return NULL;
	if (s->type == SETTING_OBJECT && tls_is_url(value))
		return setting_hides(s, span_of(value))
			? xasprintf("%.*s?(hidden)", (int)tls_url_shown(value), value)
			: xstrdup(value);
	return s->type == SETTING_PATH || s->type == SETTING_OBJECT ? text_tilde(value, home)
								    : xstrdup(value);
}

/* Whether a URL has a password in it, for which it is refused. */
static bool has_password(struct span url)
{
	size_t end = url.len;

	while (end && url.data[end - 1] != '@')
		end--;
	for (size_t i = 0; i < end; i++)
		if (url.data[i] == ':' && !(i + 2 < end && memcmp(url.data + i, "://", 3) == 0))
			return true;
	return false;
}

bool setting_hides(const struct setting *s, struct span text)
{
	static const char mark[] = "pin-value";

	if (s->type == SETTING_PROXY)
		return has_password(text);
	if (s->secret || s->type != SETTING_OBJECT)
		return s->secret;
	for (size_t i = 0; i + strlen(mark) <= text.len; i++)
		if (memcmp(text.data + i, mark, strlen(mark)) == 0)
			return true;
	return false;
}

static char *show_number(const struct setting *s, const void *field)
{
	uint64_t number = s->type == SETTING_PORT ? *(const uint16_t *)field
		: s->type == SETTING_SIZE         ? *(const uint64_t *)field
						  : *(const uint32_t *)field;

	if (number == 0)
		return s->type == SETTING_PORT ? NULL : xstrdup("unlimited");
	return s->type == SETTING_SIZE ? show_size(number) : xasprintf("%" PRIu64, number);
}

char *setting_show(const struct setting *s, const void *base, const char *home)
{
	const void *field = const_field_of(s, base);
	unsigned word;

	if (is_string(s->type))
		return show_string(s, field, home);
	switch (s->type) {
	case SETTING_BOOL:
		return xstrdup(*(const bool *)field ? "true" : "false");
	case SETTING_SWITCH:
		return xstrdup(s->words[*(const bool *)field]);
	case SETTING_CHOICE:
		memcpy(&word, field, sizeof(word));
		return xstrdup(s->words[word]);
	case SETTING_AGE_LIMIT:
		if (*(const int64_t *)field == 0)
			return xstrdup("unlimited");
		return show_age(*(const int64_t *)field / 1000);
	case SETTING_AGE:
		return show_age(*(const int64_t *)field / 1000);
	case SETTING_KEEP:
		return setting_show_keep(field);
	case SETTING_MECHS:
		return mech_list_show(field);
	default:
		return show_number(s, field);
	}
}

bool setting_is_hidden(const struct setting *s, const void *base)
{
	char *value;

	if (s->secret || s->type != SETTING_OBJECT)
		return s->secret;
	memcpy(&value, const_field_of(s, base), sizeof(value));
	return value && setting_hides(s, span_of(value));
}

void setting_release(const struct setting *s, void *base)
{
	char *value;

	if (!is_string(s->type))
		return;
	memcpy(&value, field_of(s, base), sizeof(value));
	if (setting_is_hidden(s, base))
		wipe_free(value);
	else
		free(value);
	memset(field_of(s, base), 0, sizeof(value));
}

char *setting_quote(const char *text)
{
	static const char bare[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@";
	struct buf out = {0};

	if (text[0] && !text[strspn(text, bare)])
		return xstrdup(text);
	buf_add_text(&out, "\"");
	for (; *text; text++) {
		if (strchr("\\\"$", *text))
			buf_add_text(&out, "\\");
		buf_add(&out, text, 1);
	}
	buf_add_text(&out, "\"");
	return buf_detach(&out);
}
