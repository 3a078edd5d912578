/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line: one table entry and one case for each option. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum option_code {
	OPT_PORT = 256, OPT_IPV6, OPT_PORT_FILE, OPT_SESSIONS, OPT_PARENT_EXIT, OPT_TLS,
	OPT_TLS_REQUIRED, OPT_TLS_MAX, OPT_TICKETS, OPT_USE_CERT, OPT_USE_KEY, OPT_OCSP, OPT_CERT, OPT_CERT_NAME, OPT_CERT_FILE, OPT_CA_FILE,
	OPT_CA_KEY_FILE, OPT_CA_CERT, OPT_CA_KEY, OPT_MAIL, OPT_SAMPLE, OPT_GENERATE, OPT_RAW,
	OPT_SEED, OPT_EXCLUSIVE, OPT_USERS, OPT_USER, OPT_PASSWORD, OPT_UID_FORMAT, OPT_UID_SAME,
	OPT_APOP, OPT_SASL, OPT_NO_CAPA, OPT_CAP, OPT_NO_CAP, OPT_NO_VERB, OPT_FAULT, OPT_RELEASE,
	OPT_DELAY_MS, OPT_STATS, OPT_LOG, OPT_WRITE_GENERATED, OPT_WRITE_SAMPLE, OPT_WRITE_FROM,
	OPT_TOKEN, OPT_TOKEN_REASON, OPT_HELP,
};

static const struct option table[] = {
	{"port", required_argument, NULL, OPT_PORT},
	{"ipv6", no_argument, NULL, OPT_IPV6},
	{"port-file", required_argument, NULL, OPT_PORT_FILE},
	{"sessions", required_argument, NULL, OPT_SESSIONS},
	{"parent-exit", no_argument, NULL, OPT_PARENT_EXIT},
	{"tls", required_argument, NULL, OPT_TLS},
	{"tls-required", no_argument, NULL, OPT_TLS_REQUIRED},
	{"tls-max", required_argument, NULL, OPT_TLS_MAX},
	{"tickets", no_argument, NULL, OPT_TICKETS},
	{"cert", required_argument, NULL, OPT_CERT},
	{"cert-name", required_argument, NULL, OPT_CERT_NAME},
	{"cert-file", required_argument, NULL, OPT_CERT_FILE},
	{"use-cert", required_argument, NULL, OPT_USE_CERT},
	{"use-key", required_argument, NULL, OPT_USE_KEY},
	{"ocsp", required_argument, NULL, OPT_OCSP},
	{"ca-file", required_argument, NULL, OPT_CA_FILE},
	{"ca-key-file", required_argument, NULL, OPT_CA_KEY_FILE},
	{"ca-cert", required_argument, NULL, OPT_CA_CERT},
	{"ca-key", required_argument, NULL, OPT_CA_KEY},
	{"mail", required_argument, NULL, OPT_MAIL},
	{"sample", no_argument, NULL, OPT_SAMPLE},
	{"generate", required_argument, NULL, OPT_GENERATE},
	{"raw", no_argument, NULL, OPT_RAW},
	{"seed", required_argument, NULL, OPT_SEED},
	{"exclusive", no_argument, NULL, OPT_EXCLUSIVE},
	{"users", required_argument, NULL, OPT_USERS},
	{"user", required_argument, NULL, OPT_USER},
	{"password", required_argument, NULL, OPT_PASSWORD},
	{"token", required_argument, NULL, OPT_TOKEN},
	{"token-reason", required_argument, NULL, OPT_TOKEN_REASON},
	{"uid-format", required_argument, NULL, OPT_UID_FORMAT},
	{"uid-same", required_argument, NULL, OPT_UID_SAME},
	{"apop", no_argument, NULL, OPT_APOP},
	{"sasl", required_argument, NULL, OPT_SASL},
	{"no-capa", no_argument, NULL, OPT_NO_CAPA},
	{"cap", required_argument, NULL, OPT_CAP},
	{"no-cap", required_argument, NULL, OPT_NO_CAP},
	{"no-verb", required_argument, NULL, OPT_NO_VERB},
	{"fault", required_argument, NULL, OPT_FAULT},
	{"release", required_argument, NULL, OPT_RELEASE},
	{"delay-ms", required_argument, NULL, OPT_DELAY_MS},
	{"stats", required_argument, NULL, OPT_STATS},
	{"log", required_argument, NULL, OPT_LOG},
	{"write-generated", required_argument, NULL, OPT_WRITE_GENERATED},
	{"write-from", required_argument, NULL, OPT_WRITE_FROM},
	{"write-sample", required_argument, NULL, OPT_WRITE_SAMPLE},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

const char options_help[] =
	"usage: popd [option ...]\n"
	"A throw-away POP3 server for tests. It prints \"ready port=N\".\n"
	"  --port N  --ipv6  --port-file F  --sessions N  --parent-exit\n"
	"  --tls none|starttls|implicit  --tls-required  --tls-max 1.0|1.1|1.2  --tickets\n"
	"  --cert good|expired|not-yet|wrong-name|self-signed|wrong-usage|weak-key|sha1|md5\n"
	"  --cert-name NAME  --cert-file F  --ca-file F  --ca-key-file F  --ca-cert F --ca-key F\n"
	"  --use-cert F --use-key F --ocsp F\n"
	"  --sample | --mail DIR [--raw] | --generate N:SIZE   --seed N  --exclusive\n"
	"  --user NAME  --password TEXT  --users FILE\n"
	"  --uid-format hex|long|file|counter  --uid-same A,B\n"
	"  --token TEXT  --token-reason JSON\n"
	"  --apop  --sasl LIST  --no-capa  --cap LINE  --no-cap NAME  --no-verb VERB\n"
	"  --fault SPEC  --release FILE  --delay-ms M  --stats FILE  --log FILE\n"
	"  --write-generated DIR N:SIZE  --write-sample DIR  --write-from K\n"
	"README beside the source explains them.\n";

static bool set_number(const char *text, uint64_t max, uint64_t *out, struct problem *p)
{
	if (parse_u64(text, strlen(text), max, out))
		return true;
	return problem_set(p, "\"%s\" is not a number up to %llu", text, (unsigned long long)max);
}

static bool set_tls(struct options *o, const char *name, struct problem *p)
{
	static const char *const modes[] = {"none", "starttls", "implicit"};

	for (int i = 0; i < 3; i++)
		if (strcmp(modes[i], name) == 0) {
			o->tls = (enum tls_mode)i;
			return true;
		}
	return problem_set(p, "--tls %s: none, starttls or implicit", name);
}

/* Old versions sign with SHA-1, which GnuTLS does not do unless told. */
static bool set_tls_max(struct options *o, const char *version, struct problem *p)
{
	if (strcmp(version, "1.2") == 0)
		o->priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
	else if (strcmp(version, "1.1") == 0)
		o->priority = "NORMAL:-VERS-ALL:+VERS-TLS1.1:+SHA1:+SIGN-ECDSA-SHA1:"
			"+SIGN-RSA-SHA1:%COMPAT";
	else if (strcmp(version, "1.0") == 0)
		o->priority = "NORMAL:-VERS-ALL:+VERS-TLS1.0:+SHA1:+SIGN-ECDSA-SHA1:"
			"+SIGN-RSA-SHA1:%COMPAT";
	else
		return problem_set(p, "--tls-max %s: 1.0, 1.1 or 1.2", version);
	return true;
}

static bool set_uid_same(struct options *o, const char *text, struct problem *p)
{
	const char *comma = strchr(text, ',');
	uint64_t a, b;

	if (!comma || !parse_u64(text, (size_t)(comma - text), UINT32_MAX, &a)
	    || !parse_u64(comma + 1, strlen(comma + 1), UINT32_MAX, &b))
		return problem_set(p, "--uid-same %s: two message numbers, such as 2,5", text);
	o->style.uid_same[0] = (uint32_t)a;
	o->style.uid_same[1] = (uint32_t)b;
	return true;
}

static bool set_no_verb(struct options *o, const char *name, struct problem *p)
{
	enum verb verb = verb_sent(name, strlen(name));

	if (verb == VERB_UNKNOWN)
		return problem_set(p, "--no-verb %s: no such command", name);
	o->no_verb[verb] = true;
	return true;
}

static bool set_fault(struct options *o, const char *spec, struct problem *p)
{
	return script_add(&o->script, spec, p);
}

static bool set_cert(struct options *o, const char *kind, struct problem *p)
{
	return cert_kind_named(kind, &o->ca.kind)
		|| problem_set(p, "--cert %s: no such kind of certificate", kind);
}

static bool set_uid_format(struct options *o, const char *name, struct problem *p)
{
	return uid_format_named(name, &o->style.uid_format)
		|| problem_set(p, "--uid-format %s: hex, long, file or counter", name);
}

static bool set_write(struct options *o, const char *dir, const char *spec, struct problem *p)
{
	if (!spec)
		return problem_set(p, "--write-generated needs a folder and N:SIZE");
	o->write_dir = dir;
	o->write_spec = spec;
	return true;
}

/* Options that only store their argument. */
static const char **plain(struct options *o, int code)
{
	switch (code) {
	case OPT_PORT_FILE: return &o->port_file;
	case OPT_CERT_FILE: return &o->ca.cert_file;
	case OPT_USE_CERT: return &o->ca.use_cert;
	case OPT_USE_KEY: return &o->ca.use_key;
	case OPT_OCSP: return &o->ca.ocsp;
	case OPT_CA_FILE: return &o->ca.ca_file;
	case OPT_CA_KEY_FILE: return &o->ca.ca_key_file;
	case OPT_CA_CERT: return &o->ca.old_cert;
	case OPT_CA_KEY: return &o->ca.old_key;
	case OPT_MAIL: return &o->mail;
	case OPT_GENERATE: return &o->mail;
	case OPT_USERS: return &o->users_file;
	case OPT_USER: return &o->user;
	case OPT_PASSWORD: return &o->password;
	case OPT_SASL: return &o->sasl;
	case OPT_TOKEN: return &o->token;
	case OPT_TOKEN_REASON: return &o->token_reason;
	case OPT_RELEASE: return &o->release;
	case OPT_STATS: return &o->stats;
	case OPT_LOG: return &o->log;
	default: return NULL;
	}
}

/* Options without an argument. */
static bool *flag(struct options *o, int code)
{
	switch (code) {
	case OPT_IPV6: return &o->ipv6;
	case OPT_PARENT_EXIT: return &o->parent_exit;
	case OPT_TLS_REQUIRED: return &o->tls_required;
	case OPT_TICKETS: return &o->tickets;
	case OPT_RAW: return &o->style.raw;
	case OPT_EXCLUSIVE: return &o->style.exclusive;
	case OPT_APOP: return &o->apop;
	case OPT_NO_CAPA: return &o->no_capa;
	case OPT_HELP: return &o->help;
	default: return NULL;
	}
}

static bool set_other(struct options *o, int code, const char *arg, struct problem *p)
{
	switch (code) {
	case OPT_PORT: return set_number(arg, 65535, &o->port, p);
	case OPT_WRITE_FROM: return set_number(arg, UINT32_MAX, &o->write_from, p);
	case OPT_SESSIONS: return set_number(arg, UINT32_MAX, &o->sessions, p);
	case OPT_SEED: return set_number(arg, UINT64_MAX, &o->style.seed, p);
	case OPT_DELAY_MS: return set_number(arg, 60000, &o->delay_ms, p);
	case OPT_TLS: return set_tls(o, arg, p);
	case OPT_TLS_MAX: return set_tls_max(o, arg, p);
	case OPT_CERT: return set_cert(o, arg, p);
	case OPT_UID_FORMAT: return set_uid_format(o, arg, p);
	case OPT_UID_SAME: return set_uid_same(o, arg, p);
	case OPT_NO_VERB: return set_no_verb(o, arg, p);
	case OPT_FAULT: return set_fault(o, arg, p);
	case OPT_WRITE_SAMPLE: return set_write(o, arg, "sample", p);
	default: return problem_set(p, "unknown option, or its argument is missing");
	}
}

static bool set(struct options *o, int code, const char *arg, struct problem *p)
{
	bool *on = flag(o, code);
	const char **text = plain(o, code);

	if (on)
		*on = true;
	else if (text)
		*text = arg;
	else if (code == OPT_SAMPLE)
		o->mail = "sample";
	else if (code == OPT_CERT_NAME)
		strings_add(&o->cert_names, arg);
	else if (code == OPT_CAP)
		strings_add(&o->caps, arg);
	else if (code == OPT_NO_CAP)
		strings_add(&o->no_caps, arg);
	else
		return set_other(o, code, arg, p);
	return true;
}

static bool is_asked(const struct options *o, enum fault_kind kind)
{
	for (size_t i = 0; i < o->script.count; i++)
		if (o->script.at[i].kind == kind)
			return true;
	return false;
}

bool options_parse(struct options *o, int argc, char **argv, struct problem *p)
{
	int code;

	*o = (struct options){.priority = "NORMAL", .mail = "sample", .user = "anna",
		.password = "secret", .sasl = "PLAIN", .style.seed = 1};
	o->ca.names = &o->cert_names;
	opterr = 0;
	while ((code = getopt_long(argc, argv, ":", table, NULL)) != -1) {
		bool known;
		if (code == OPT_WRITE_GENERATED)
			known = set_write(o, optarg, optind < argc ? argv[optind++] : NULL, p);
		else if (code == '?' || code == ':')
			known = problem_set(p, "%s: unknown option, or its argument is missing",
				argv[optind - 1]);
		else
			known = set(o, code, optarg, p);
		if (!known)
			return false;
	}
	if (optind < argc)
		return problem_set(p, "%s: not an option", argv[optind]);
	if (!o->ca.old_cert != !o->ca.old_key)
		return problem_set(p, "--ca-cert and --ca-key go together");
	if (is_asked(o, FAULT_HOLD_RETR) && !o->release)
		return problem_set(p, "--fault hold-retr needs --release FILE");
	return true;
}

void options_release(struct options *o)
{
	strings_release(&o->cert_names);
	strings_release(&o->caps);
	strings_release(&o->no_caps);
	script_release(&o->script);
}
