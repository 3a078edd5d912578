/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The grammar of an mpop configuration. A line is a command and perhaps an argument, up to the end
 * of the line; double quotes around the whole argument are taken off, and nothing else is special
 * in it, neither # nor a backslash. An account begins as a copy of the defaults at that place, and
 * then takes what the accounts behind the colon have set, one after another; what those have by
 * default does not count.
 */
#include "import/mpop.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "import/mpop_inner.h"

/* What an argument may be. */
enum kind {
	ANY,      /* also none */
	SOME,     /* anything, but not nothing */
	SWITCH,   /* on, off; none is on */
	PORT,     /* 1 to 65535 */
	NO_PORT,  /* the same, or none */
	SECONDS,  /* a number from 1, or off */
	SIZE,     /* a number, with k or m; or off */
	PIPELINE, /* auto, on, off; none is on */
	METHOD,   /* of authentication; none is on */
	DIGEST,   /* a fingerprint, or none */
	DELIVERY, /* method and argument */
	NUMBER,   /* or none */
};

static const struct {
	const char *name;
	enum kind kind;
} commands[] = {
	[MPOP_HOST] = {"host", SOME},
	[MPOP_PORT] = {"port", PORT},
	[MPOP_SOURCE_IP] = {"source_ip", ANY},
	[MPOP_PROXY_HOST] = {"proxy_host", ANY},
	[MPOP_PROXY_PORT] = {"proxy_port", NO_PORT},
	[MPOP_SOCKET] = {"socket", ANY},
	[MPOP_TIMEOUT] = {"timeout", SECONDS},
	[MPOP_PIPELINING] = {"pipelining", PIPELINE},
	[MPOP_AUTH] = {"auth", METHOD},
	[MPOP_USER] = {"user", ANY},
	[MPOP_PASSWORD] = {"password", ANY},
	[MPOP_PASSWORDEVAL] = {"passwordeval", ANY},
	[MPOP_NTLMDOMAIN] = {"ntlmdomain", ANY},
	[MPOP_TLS] = {"tls", SWITCH},
	[MPOP_TLS_STARTTLS] = {"tls_starttls", SWITCH},
	[MPOP_TLS_TRUST_FILE] = {"tls_trust_file", ANY},
	[MPOP_TLS_CRL_FILE] = {"tls_crl_file", ANY},
	[MPOP_TLS_FINGERPRINT] = {"tls_fingerprint", DIGEST},
	[MPOP_TLS_KEY_FILE] = {"tls_key_file", ANY},
	[MPOP_TLS_CERT_FILE] = {"tls_cert_file", ANY},
	[MPOP_TLS_CERTCHECK] = {"tls_certcheck", SWITCH},
	[MPOP_TLS_PRIORITIES] = {"tls_priorities", ANY},
	[MPOP_TLS_HOST_OVERRIDE] = {"tls_host_override", ANY},
	[MPOP_TLS_MIN_DH_PRIME_BITS] = {"tls_min_dh_prime_bits", NUMBER},
	[MPOP_DELIVERY] = {"delivery", DELIVERY},
	[MPOP_UIDLS_FILE] = {"uidls_file", SOME},
	[MPOP_ONLY_NEW] = {"only_new", SWITCH},
	[MPOP_KEEP] = {"keep", SWITCH},
	[MPOP_KILLSIZE] = {"killsize", SIZE},
	[MPOP_SKIPSIZE] = {"skipsize", SIZE},
	[MPOP_FILTER] = {"filter", ANY},
	[MPOP_RECEIVED_HEADER] = {"received_header", SWITCH},
};
_Static_assert(sizeof(commands) / sizeof(commands[0]) == MPOP_COMMANDS, "each command is here");

static const char *const methods[] = {"on", "user", "plain", "scram-sha-1", "scram-sha-1-plus",
	"scram-sha-256", "scram-sha-256-plus", "apop", "cram-md5", "digest-md5", "login", "ntlm",
	"oauthbearer", "xoauth2", "external", "gssapi"};

struct reader {
	struct mpop_account *accounts; /* the first holds the defaults */
	size_t n;
	struct import_index names; /* of accounts, with their numbers */
	size_t current;            /* n: no section has begun */
	const char *shown;
	unsigned line;
	struct imported *out;
	struct error *e;
};

static bool fail(struct reader *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
static bool fail(struct reader *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	error_set_at(r->e, ERROR_CONFIG, r->shown, r->line, fmt, args);
	va_end(args);
	return false;
}

static void set_value(struct mpop_value *v, const char *text, unsigned line)
{
	wipe_free(v->text); /* some are passwords */
	*v = (struct mpop_value){xstrdup(text), line, false};
}

static void take_defaults(struct mpop_account *to, const struct mpop_account *defaults)
{
	for (size_t i = 0; i < MPOP_COMMANDS; i++) {
		const struct mpop_value *v = &defaults->values[i];

		if (!v->text)
			continue;
		set_value(&to->values[i], v->text, v->line);
		to->values[i].by_default = true;
	}
}

static void take_values(struct mpop_account *to, const struct mpop_account *from)
{
	for (size_t i = 0; i < MPOP_COMMANDS; i++)
		if (from->values[i].text && !from->values[i].by_default)
			set_value(&to->values[i], from->values[i].text, from->values[i].line);
}

static void release(struct mpop_account *a)
{
	for (size_t i = 0; i < MPOP_COMMANDS; i++)
		wipe_free(a->values[i].text);
	free(a->name);
}

/* ---- accounts ---- */

/* r->n when there is none. */
static size_t find_account(const struct reader *r, struct span name)
{
	char *text = xstrndup(name.data, name.len);
	const size_t *number = import_index_find(&r->names, text);

	free(text);
	return number ? *number : r->n;
}

static bool inherit(struct reader *r, struct span list)
{
	while (list.len) {
		const char *comma = memchr(list.data, ',', list.len);
		size_t len = comma ? (size_t)(comma - list.data) : list.len;
		struct span name = span_trim((struct span){list.data, len});
		size_t base = find_account(r, name);

		if (!name.len)
			return fail(r, "an account name is missing behind the colon");
		/* The new one is the last, and no base of its own. */
		if (base >= r->n - 1)
			return fail(r, "account \"%s\" is not defined above", safe(name).text);
		take_values(&r->accounts[r->n - 1], &r->accounts[base]);
		len += comma != NULL;
		list.data += len;
		list.len -= len;
	}
	return true;
}

static bool begin_account(struct reader *r, struct span argument)
{
	const char *colon = memchr(argument.data, ':', argument.len);
	struct span name = argument, list = {"", 0};

	if (colon) {
		name.len = (size_t)(colon - argument.data);
		list = span_trim((struct span){colon + 1, argument.len - name.len - 1});
	}
	name = span_trim(name);
	if (!name.len)
		return fail(r, "the account's name is missing");
	if (memchr(name.data, ',', name.len) || memchr(list.data, ':', list.len))
		return fail(r, "an account's name has neither colons nor commas in it");
	if (colon && !list.len)
		return fail(r, "an account name is missing behind the colon");
	if (find_account(r, name) < r->n)
		return fail(r, "account \"%s\" is defined twice", safe(name).text);
	r->accounts = xreallocarray(r->accounts, r->n + 1, sizeof(*r->accounts));
	r->accounts[r->n] = (struct mpop_account){
		.name = xstrndup(name.data, name.len), .line = r->line};
	import_index_add(&r->names, r->accounts[r->n].name, r->n);
	r->current = r->n++;
	take_defaults(&r->accounts[r->current], &r->accounts[0]);
	return inherit(r, list);
}

/* ---- arguments ---- */

static bool is_one_of(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

static bool is_size(const char *text)
{
	size_t len = strlen(text);
	uint64_t ignored;

	if (strcmp(text, "off") == 0)
		return true;
	if (len && (text[len - 1] == 'k' || text[len - 1] == 'm'))
		len--;
	return parse_u64((struct span){text, len}, INT64_MAX >> 20, &ignored);
}

static bool is_number(const char *text, uint32_t min, uint32_t max)
{
	uint32_t number;

	return parse_u32(span_of(text), max, &number) && number >= min;
}

/* 16 octets (MD5), 20 (SHA-1) or 32 (SHA-256), with a colon between two. */
static bool is_fingerprint(const char *text)
{
	size_t len = strlen(text);

	if (len != 16 * 3 - 1 && len != 20 * 3 - 1 && len != 32 * 3 - 1)
		return false;
	for (size_t i = 0; i < len; i++)
		if (i % 3 == 2 ? text[i] != ':' : !strchr("0123456789abcdefABCDEF", text[i]))
			return false;
	return true;
}

static bool is_delivery(const char *text)
{
	static const char *const names[] = {"mda", "maildir", "mbox", "exchange"};
	struct span rest = span_of(text), name = span_word(&rest);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_is(name, names[i]))
			return span_trim(rest).len > 0;
	return false;
}

static bool fits(enum kind kind, const char *text)
{
	static const char *const switches[] = {"on", "off"},
				 *const pipelines[] = {"auto", "on", "off"};

	switch (kind) {
	case ANY:
		return true;
	case SOME:
		return text[0] != '\0';
	case SWITCH:
		return !text[0] || is_one_of(text, switches, 2);
	case PORT:
		return is_number(text, 1, UINT16_MAX);
	case NO_PORT:
		return !text[0] || is_number(text, 1, UINT16_MAX);
	case SECONDS:
		return strcmp(text, "off") == 0 || is_number(text, 1, INT32_MAX);
	case SIZE:
		return is_size(text);
	case PIPELINE:
		return !text[0] || is_one_of(text, pipelines, 3);
	case METHOD:
		return !text[0] || is_one_of(text, methods, sizeof(methods) / sizeof(methods[0]));
	case DIGEST:
		return !text[0] || is_fingerprint(text);
	case DELIVERY:
		return is_delivery(text);
	case NUMBER:
		return !text[0] || is_number(text, 0, INT32_MAX);
	}
	return false;
}

static bool take_command(struct reader *r, size_t command, struct span argument)
{
	enum kind kind = commands[command].kind;
	bool secret = command == MPOP_PASSWORD;
	char *text = xstrndup(argument.data, argument.len);
	bool done = fits(kind, text);

	if (done && !text[0] && (kind == SWITCH || kind == PIPELINE || kind == METHOD))
		set_value(&r->accounts[r->current].values[command], "on", r->line);
	else if (done)
		set_value(&r->accounts[r->current].values[command], text, r->line);
	else if (!text[0])
		fail(r, "%s needs an argument", commands[command].name);
	else
		fail(r, "%s cannot be \"%s\"", commands[command].name,
			secret ? "…" : safe(argument).text);
	wipe_free(text);
	return done;
}

/* ---- lines ---- */

static struct span without_quotes(struct span s)
{
	if (s.len >= 2 && s.data[0] == '"' && s.data[s.len - 1] == '"')
		return (struct span){s.data + 1, s.len - 2};
	return s;
}

static bool take_line(struct reader *r, struct span line)
{
	struct span rest = span_trim(line), name, argument;
	size_t command = 0;

	if (!rest.len || rest.data[0] == '#')
		return true;
	name = span_word(&rest);
	argument = without_quotes(span_trim(rest));
	if (memchr(line.data, '\0', line.len))
		return fail(r, "there is a NUL in this line");
	if (span_is(name, "account"))
		return begin_account(r, argument);
	if (span_is(name, "defaults")) {
		r->current = 0;
		return !argument.len || fail(r, "defaults takes no argument");
	}
	/* It may stand for any line: nobody knows which. A password may be in it: it is not shown.
	 */
	if (span_is(name, "eval")) {
		imported_note(r->out, NULL, IMPORT_DROPPED, r->line,
			"eval, because commands in the file are not run; write what it prints into "
			"ambil.conf");
		return argument.len || fail(r, "eval needs an argument");
	}
	while (command < MPOP_COMMANDS && !span_is(name, commands[command].name))
		command++;
	if (command == MPOP_COMMANDS)
		return fail(r, "mpop has no command \"%s\"", import_unknown(name).text);
	if (r->current == r->n)
		return fail(r, "the first command must be account or defaults");
	return take_command(r, command, argument);
}

bool mpop_read(struct span text, const char *shown, struct imported *out, struct error *e)
{
	struct reader r = {.accounts = xcalloc(1, sizeof(*r.accounts)),
		.n = 1,
		.current = 1,
		.shown = shown,
		.out = out,
		.e = e};
	struct import_index mailboxes = {.n = 0};
	bool done = true;

	*out = (struct imported){.n = 0};
	r.accounts[0] = (struct mpop_account){.name = xstrdup("")};
	while (done && text.len) {
		struct span line = span_without_cr(span_line(&text));

		r.line++;
		done = take_line(&r, line);
	}
	for (size_t i = 1; done && i < r.n; i++)
		mpop_convert(&r.accounts[i], &mailboxes, out);
	for (size_t i = 0; i < r.n; i++)
		release(&r.accounts[i]);
	free(r.accounts);
	import_index_release(&r.names);
	import_index_release(&mailboxes);
	if (!done)
		imported_release(out);
	return done;
}
