/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An account is filled in layers: what its section says, the file's defaults, the table's. An
 * origin is kept for each value, so that every later complaint can name the line to change. Only
 * when all layers are there is it completed: what follows from several settings together is worked
 * out and checked.
 */
#include "config/account.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/text.h"
#include "net/proxy.h"

enum { NAME_MAX_OCTETS = 120, PORT_TLS = 995, PORT_PLAIN = 110 };

static bool is_name_octet(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(c && strchr("._-@+", c));
}

bool account_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > NAME_MAX_OCTETS || name[0] == '.' || name[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_name_octet(name[i]))
			return false;
	return true;
}

char *account_name_for(const char *user, const char *host, const char *port)
{
	char *plain = xasprintf("%s@%s%s%s", user, host, port ? "+" : "", port ? port : "");
	struct buf name = {0};

	for (const char *p = plain; *p; p++)
		if (is_name_octet(*p) && (p > plain || (*p != '.' && *p != '-')))
			buf_add(&name, p, 1);
		else
			buf_printf(&name, "%%%02X", (unsigned char)*p);
	free(plain);
	return buf_detach(&name);
}

struct account *account_add(struct config *config, const char *name, const char *where)
{
	struct account *account;

	config->accounts = xreallocarray(
		config->accounts, config->n + 1, sizeof(config->accounts[0]));
	account = &config->accounts[config->n++];
	memset(account, 0, sizeof(*account));
	account->name = xstrdup(name);
	account->shown = xstrdup(name);
	account->typed = xstrdup(name);
	account->where = xstrdup(where);
	return account;
}

void origin_set(char **origin, const char *text)
{
	char *copy = xstrdup(text);

	free(*origin);
	*origin = copy;
}

bool value_error(const struct setting *s, const char *origin, const char *text, struct error *e)
{
	struct error inner = *e;

	if (setting_hides(s, span_of(text)))
		error_set(e, inner.kind, "%s: %s: %s", _(origin), s->name, inner.text);
	else
		error_set(e, inner.kind, "%s: %s = \"%s\": %s", _(origin), s->name,
			safe(span_of(text)).text, inner.text);
	return error_remedy_of(e, &inner);
}

bool account_set(struct account *account, const struct setting *s, const char *text,
	const char *origin, const char *home, struct error *e)
{
	assert(s->scope != SCOPE_TOP);
	if (!setting_set(s, account, text, home, ERROR_CONFIG, e))
		return value_error(s, origin, text, e);
	origin_set(&account->origin[s - settings], origin);
	return true;
}

/* Whether the file's default stands for an account: a password is meant for the proxy beside it. */
static bool is_default_for(const struct account *account, const struct setting *s)
{
	bool password = strncmp(s->name, "proxy-password", strlen("proxy-password")) == 0;

	return !password || !account->own_proxy;
}

void account_fill(struct account *account, const struct config *config)
{
	account->own_proxy = account->endpoint.proxy != NULL;
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		const struct setting *s = &settings[i];
		const char *own = is_default_for(account, s) ? config->defaults[i] : NULL;
		const char *text = own ? own : s->value;
		bool done;

		if (s->scope == SCOPE_TOP || account->origin[i])
			continue;
		origin_set(&account->origin[i], own ? config->origin[i] : "default");
		if (!text)
			continue;
		/* Both have been checked before: the one by the loader, the other by a test. */
		done = setting_set(s, account, text, config->home, ERROR_INTERNAL, NULL);
		assert(done);
		(void)done;
	}
}

static void complete_port(struct account *account)
{
	const char *origin = account->origin[settings_find("port")];

	if (!origin || strcmp(origin, "default") == 0)
		account->endpoint.port = account->tls.mode == TLS_IMPLICIT ? PORT_TLS : PORT_PLAIN;
}

static bool complete_destination(struct account *account, const char *home, struct error *e)
{
	struct destination fresh = {0};
	const char *origin = config_origin(account, "deliver");

	if (!destination_parse(account->deliver, account->name, home, &fresh, e)) {
		const struct setting *s = &settings[settings_find("deliver")];

		return value_error(s, origin, account->deliver, e);
	}
	destination_release(&account->destination);
	account->destination = fresh;
	account->destination.received_header = account->received_header;
	account->destination.command_timeout_ms = account->command_timeout_ms;
	account->destination.pipe_jobs = account->pipe_jobs;
	return true;
}

/* A file that name, the value of setting, stands for. What is in it is looked at later. */
static bool check_file(const struct account *account, const char *setting, const char *path,
	const char *home, struct error *e)
{
	char *shown;
	int err, fd;

	if (!path || tls_is_url(path))
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	err = errno;
	if (fd >= 0) {
		close(fd);
		return true;
	}
	shown = text_tilde(path, home);
	error_sys(e, ERROR_CONFIG, err, "%s: %s \"%s\"", config_origin(account, setting), setting,
		safe(span_of(shown)).text);
	free(shown);
	return false;
}

/* Found now, not when the first connection fails. */
static bool check_tls(const struct account *account, const char *home, struct error *e)
{
	const struct tls_policy *tls = &account->tls;
	struct error why = {0};

	if (tls->mode == TLS_NONE)
		return true;
	if (!check_file(account, "ca-file", tls->ca_file, home, e) ||
		!check_file(account, "client-cert", tls->client_cert, home, e) ||
		!check_file(account, "client-key", tls->client_key, home, e))
		return false;
	if (tls->client_key && !tls->client_cert)
		return error_set(e, ERROR_CONFIG, "%s: client-key needs client-cert beside it",
			config_origin(account, "client-key"));
	return tls_check_versions(tls, &why) ||
		error_set(e, ERROR_CONFIG, "%s: %s", config_origin(account, "tls-priority"),
			why.text);
}

static bool check_present(const struct account *account, struct error *e)
{
	const char *missing = !account->endpoint.host ? "host" : !account->user ? "user" : NULL;

	if (!missing)
		return true;
	error_set(e, ERROR_CONFIG, "%s: account \"%s\" has no %s", _(account->where), account->name,
		missing);
	return error_remedy(e, "to say it", "%s = …", missing);
}

static bool exclude(
	const struct account *account, const char *one, const char *other, struct error *e)
{
	error_set(e, ERROR_CONFIG, "%s: %s cannot be used together with %s (%s)",
		config_origin(account, one), one, other, config_origin(account, other));
	return error_remedy(e, "to do without it in this account", "%s = %s", other,
		strcmp(other, "proxy") == 0 ? "none" : "any");
}

static bool check_proxy(const struct account *account, const struct proxy *proxy, struct error *e)
{
	const char *origin = config_origin(account, "proxy");

	if (proxy->user && !account->endpoint.proxy_password && !account->proxy_password_command) {
		error_set(e, ERROR_CONFIG, "%s: proxy: no password for \"%s\"", origin,
			safe(span_of(proxy->user)).text);
		return error_remedy(e, "tell where it is", "proxy-password-command = \"…\"");
	}
	if (proxy->kind != PROXY_NONE && strchr(account->endpoint.host, '%'))
		return error_set(e, ERROR_CONFIG,
			"%s: proxy: it cannot know what the zone in host (%s) stands for", origin,
			config_origin(account, "host"));
	return true;
}

/* The ways to the server, and what they exclude. An option that one of them would silently pass
 * over may be there to hide something. */
static bool check_links(const struct account *account, struct error *e)
{
	const struct endpoint *to = &account->endpoint;
	const char *way = to->socket ? "socket" : to->command ? "socket-command" : NULL;
	struct proxy proxy;
	bool done;

	if (to->socket && to->command) {
		error_set(e, ERROR_CONFIG,
			"%s: socket cannot be used together with "
			"socket-command (%s)",
			config_origin(account, "socket"), config_origin(account, "socket-command"));
		return false;
	}
	if (to->socket && !dial_socket_ok(to->socket))
		return error_set(e, ERROR_CONFIG, "%s: socket: the name is too long for a socket",
			config_origin(account, "socket"));
	if (way && strcmp(to->source, "any") != 0)
		return exclude(account, way, "source-address", e);
	if (!dial_source_has(to->source, to->ip)) {
		error_set(e, ERROR_CONFIG,
			"%s: ip = %c, but source-address is an IPv%c address (%s)",
			config_origin(account, "ip"), to->ip == IP_4 ? '4' : '6',
			to->ip == IP_4 ? '6' : '4', config_origin(account, "source-address"));
		return error_remedy(e, "to do without it in this account", "source-address = any");
	}
	if (!proxy_parse(to->proxy, &proxy, e))
		return false;
	if (way && proxy.kind != PROXY_NONE)
		done = exclude(account, way, "proxy", e);
	else
		done = check_proxy(account, &proxy, e);
	proxy_release(&proxy);
	return done;
}

/* A socket is on this machine. */
static void complete_host(struct account *account)
{
	if (!account->endpoint.host && account->endpoint.socket)
		account->endpoint.host = xstrdup("localhost");
}

bool account_complete(struct account *account, const char *home, struct error *e)
{
	complete_port(account);
	complete_host(account);
	return check_present(account, e) && check_links(account, e) &&
		check_tls(account, home, e) && complete_destination(account, home, e);
}

void account_release(struct account *account)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		if (settings[i].scope != SCOPE_TOP)
			setting_release(&settings[i], account);
		free(account->origin[i]);
	}
	destination_release(&account->destination);
	free(account->name);
	free(account->shown);
	free(account->typed);
	free(account->where);
	free(account->address);
	free(account->file);
	memset(account, 0, sizeof(*account));
}

void account_forget_secrets(struct account *account)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if (settings[i].scope != SCOPE_TOP && setting_is_hidden(&settings[i], account))
			setting_release(&settings[i], account);
}

bool account_allows_cleartext(const struct account *account)
{
	return account->tls.cleartext_login || account->endpoint.socket;
}

struct secret_sources account_secret_sources(const struct account *account)
{
	return (struct secret_sources){
		.account = account->name,
		.typed = account->typed,
		.host = account->endpoint.host,
		.user = account->user,
		.command = account->password_command,
		.file = account->password_file,
		.password = account->password,
		.keyring = account->keyring,
		.netrc = account->netrc,
		.from_url = account->temporary,
	};
}

/* Looks at the folder that path is in. */
static bool look_at_folder(const char *path, struct stat *st)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
	bool done = stat(folder, st) == 0;

	free(folder);
	return done;
}

bool account_owns_password_file(const struct account *account)
{
	const char *path = account->password_file, *slash = path ? strrchr(path, '/') : NULL;
	size_t len = strlen(account->name);
	struct stat it, here, there;

	if (!slash || !account->file || strncmp(slash + 1, account->name, len) != 0)
		return false;
	slash += 1 + len;
	if (*slash == '-')
		slash += 1 + strspn(slash + 1, "0123456789");
	return strcmp(slash, ".password") == 0 && lstat(path, &it) == 0 && S_ISREG(it.st_mode) &&
		look_at_folder(path, &here) && look_at_folder(account->file, &there) &&
		here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

bool account_uses_token(const struct account *account)
{
	return account->token_command &&
		(!account->auth.n || mech_list_needs(&account->auth, CREDENTIAL_TOKEN));
}

struct token_source account_token_source(const struct account *account)
{
	return (struct token_source){
		.account = account->name,
		.host = account->endpoint.host,
		.user = account->user,
		.command = account->token_command,
	};
}
