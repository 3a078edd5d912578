/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the rest of the program asks of a configuration once it is read; config_load.c reads it. */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "config/account.h"
#include "config/places.h"
#include "config/popurl.h"
#include "discover/address.h"

char *config_path(const char *named, bool *found)
{
	bool by_name;

	return places_config(named, found, &by_name);
}

static bool is_usual_port(uint16_t port)
{
	return port == 110 || port == 995;
}

bool config_same_ports(uint16_t a, uint16_t b)
{
	return a == b || (is_usual_port(a) && is_usual_port(b));
}

void config_forget_others(struct config *config, struct account *const *chosen, size_t n)
{
	for (size_t i = 0; i < config->n; i++) {
		bool wanted = false;

		for (size_t j = 0; j < n; j++)
			wanted = wanted || chosen[j] == &config->accounts[i];
		if (!wanted)
			account_forget_secrets(&config->accounts[i]);
	}
}

void config_release(struct config *config)
{
	for (size_t i = 0; i < config->n; i++)
		account_release(&config->accounts[i]);
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		if (settings[i].scope == SCOPE_TOP)
			setting_release(&settings[i], config);
		wipe_free(config->defaults[i]); /* some may be secrets */
		free(config->origin[i]);
	}
	free(config->accounts);
	free(config->path);
	free(config->shown);
	free(config->home);
	memset(config, 0, sizeof(*config));
}

void config_errors_release(struct config_errors *errors)
{
	free(errors->list);
	memset(errors, 0, sizeof(*errors));
}

const char *config_origin(const struct account *account, const char *setting)
{
	size_t i = settings_find(setting);

	return i18n_text(
		i < SETTINGS_COUNT && account->origin[i] ? account->origin[i] : N_("default"));
}

struct account *config_find(struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n; i++)
		if (strcmp(config->accounts[i].name, name) == 0)
			return &config->accounts[i];
	return NULL;
}

/* Fresh. */
static char *looked_for(const struct config *config)
{
	char *path = places_user_config(config->home), *shown = text_tilde(path, config->home);
	char *both = xasprintf(_("%s and %s"), shown, places_system_config());

	free(path);
	free(shown);
	return both;
}

char *config_file(const struct config *config)
{
	return text_tilde(config->path, config->home);
}

/* Other fetchers that are set up here: their accounts can be taken over. */
static void tell_other_fetchers(const struct config *config, struct error *e)
{
	static const struct {
		const char *name;
		char *(*find)(const char *home);
	} others[] = {{"mpop", places_mpop_config}, {"fetchmail", places_fetchmail_config},
		{"getmail", places_getmail_folder}, {"fdm", places_fdm_config}};
	struct buf files = {0}, commands = {0};
	const char *last = NULL;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char *path = others[i].find(config->home), *shown;

		if (!path)
			continue;
		shown = text_tilde(path, config->home);
		last = others[i].name;
		buf_printf(&files, "%s%s", n ? ", " : "", safe(span_of(shown)).text);
		buf_printf(&commands, "%sambil import %s", n ? ", " : "", last);
		n++;
		free(shown);
		free(path);
	}
	if (n == 1)
		error_why(e, "coming from %s? %s found:  ambil import %s", last, files.data, last);
	else if (n)
		error_why(
			e, "coming from another fetcher? %s found:  %s", files.data, commands.data);
	buf_release(&files);
	buf_release(&commands);
}

bool config_no_accounts(const struct config *config, struct error *e)
{
	char *file = config->path ? config_file(config) : looked_for(config);

	if (config->n)
		error_set(e, ERROR_CONFIG, "all accounts in %s have enabled = false", file);
	else if (config->path)
		error_set(e, ERROR_CONFIG, "no accounts in %s", file);
	else
		error_set(e, ERROR_CONFIG, "no accounts yet (looked for %s)", file);
	free(file);
	if (config->n)
		return error_remedy(e, "to use one", "ambil fetch %s", config->accounts[0].name);
	if (!config->path)
		tell_other_fetchers(config, e);
	return error_remedy(e, "to add one", "ambil setup you@example.org");
}

/* What is no account may be a mail address, which has none yet, or the name of a server, which is
 * written otherwise. */
static bool maybe_other(const char *name, struct error *e)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-.:@_";
	const char *at = strrchr(name, '@');

	if (!strpbrk(name, ".:@") || name[strspn(name, plain)] || (at && (at == name || !at[1])))
		return false;
	if (at && !strchr(name, ':'))
		return error_remedy(e, "to add it", "ambil setup %s", name);
	return error_remedy(e, "if it is a server, write", "pops://%s", name);
}

bool config_no_such_account(const struct config *config, const char *name, struct error *e)
{
	const char **names, *nearest;
	struct buf list = {0};

	if (popurl_is_other(name))
		return popurl_refuse(name, e);
	if (config->n == 0) {
		config_no_accounts(config, e);
		return maybe_other(name, e);
	}
	names = xcalloc(config->n, sizeof(*names));
	for (size_t i = 0; i < config->n; i++) {
		names[i] = config->accounts[i].name;
		buf_printf(&list, "%s%s", i ? ", " : "", names[i]);
	}
	nearest = text_nearest(name, names, config->n);
	if (nearest)
		error_set(e, ERROR_USAGE, "no account \"%s\" (did you mean %s?); you have: %s",
			safe(span_of(name)).text, nearest, list.data);
	else
		error_set(e, ERROR_USAGE, "no account \"%s\"; you have: %s",
			safe(span_of(name)).text, list.data);
	free(names);
	buf_release(&list);
	return !nearest && maybe_other(name, e);
}

bool config_is_url(const char *text)
{
	return popurl_is(text);
}

static bool set_from_url(struct config *config, struct account *account, const char *setting,
	const char *text, struct error *e)
{
	const struct setting *s = &settings[settings_find(setting)];
	struct error inner;

	if (setting_set(s, account, text, config->home, ERROR_USAGE, &inner)) {
		origin_set(&account->origin[s - settings], N_("command line"));
		return true;
	}
	return error_set(e, ERROR_USAGE, "%s \"%s\" in the URL: %s", setting,
		safe(span_of(text)).text, inner.text);
}

/* The port that need not be said. */
static const char *usual_port(const struct popurl *url)
{
	return url->tls_at_once ? "995" : "110";
}

/* NULL: the usual one. */
static const char *other_port(const struct popurl *url)
{
	return url->port && strcmp(url->port, usual_port(url)) != 0 ? url->port : NULL;
}

/* "anna@pop.example.org", "anna@[::1]:1995": what is there, without a scheme; fresh. */
static char *person_would_write(const struct popurl *url)
{
	const char *port = other_port(url);
	bool bracket = strchr(url->host, ':') != NULL;

	return xasprintf("%s%s%s%s%s%s%s", safe(span_of(url->user)).text, url->user[0] ? "@" : "",
		bracket ? "[" : "", safe(span_of(url->host)).text, bracket ? "]" : "",
		port ? ":" : "", port ? port : "");
}

/* In quotes where a shell would not take it as it stands: ";AUTH=" ends a command there. */
static char *for_the_shell(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "%+,-./:=@_";
	struct buf quoted = {0};

	if (!text[strspn(text, plain)])
		return xstrdup(text);
	buf_add_text(&quoted, "'");
	for (; *text; text++)
		if (*text == '\'')
			buf_add_text(&quoted, "'\\''");
		else
			buf_add(&quoted, text, 1);
	buf_add_text(&quoted, "'");
	return quoted.data;
}

static void name_by_url(struct account *account, const struct popurl *parsed, const char *url)
{
	free(account->shown);
	free(account->typed);
	account->shown = person_would_write(parsed);
	account->typed = for_the_shell(safe(span_of(url)).text);
}

static bool fill_from_url(
	struct config *config, struct account *account, const struct popurl *url, struct error *e)
{
	const char *port = url->port ? url->port : usual_port(url);

	/* Nobody: there is no such value of the setting. */
	if (!url->user[0])
		account->user = xstrdup("");
	return set_from_url(config, account, "host", url->host, e) &&
		(!url->user[0] || set_from_url(config, account, "user", url->user, e)) &&
		set_from_url(
			config, account, "tls", url->tls_at_once ? "implicit" : "starttls", e) &&
		set_from_url(config, account, "port", port, e) &&
		(!url->auth || set_from_url(config, account, "auth", url->auth, e));
}

static struct account *add_url(
	struct config *config, const char *url, bool needs_user, struct error *e)
{
	struct popurl parsed;
	struct account *account;
	char *name;

	if (!popurl_parse(url, &parsed, e))
		return NULL;
	if (!parsed.user && needs_user) {
		popurl_no_user(url, e);
		popurl_release(&parsed);
		return NULL;
	}
	if (!parsed.user)
		parsed.user = xstrdup("");
	name = account_name_for(parsed.user, parsed.host, other_port(&parsed));
	account = config_find(config, name);
	if (account && account->temporary) {
		error_set(e, ERROR_USAGE, "the mailbox %s is named twice", account->shown);
		account = NULL;
		goto end;
	}
	account = account_add(config, name, N_("command line"));
	account->temporary = true;
	name_by_url(account, &parsed, url);
	if (!fill_from_url(config, account, &parsed, e))
		goto fail;
	account_fill(account, config);
	if (!account_complete(account, config->home, e))
		goto fail;
end:
	free(name);
	popurl_release(&parsed);
	return account;
fail:
	account_release(account);
	config->n--;
	account = NULL;
	goto end;
}

struct account *config_add_url(struct config *config, const char *url, struct error *e)
{
	return add_url(config, url, true, e);
}

struct account *config_add_server(struct config *config, const char *url, struct error *e)
{
	return add_url(config, url, false, e);
}

/* The domain stands where the host will. */
struct account *config_add_address(struct config *config, const char *address, struct error *e)
{
	char *domain = address_domain(address), *url = NULL;
	struct account *account = NULL;

	if (domain) {
		url = xasprintf("pops://%s", domain);
		account = add_url(config, url, false, e);
	} else {
		error_set(e, ERROR_USAGE, "\"%s\" is no mail address", safe(span_of(address)).text);
	}
	if (account) {
		account->address = xstrdup(address);
		free(account->shown);
		free(account->typed);
		account->shown = xstrdup(safe(span_of(address)).text);
		account->typed = for_the_shell(account->shown);
	}
	free(url);
	free(domain);
	return account;
}

bool config_override(struct config *config, struct account *account, const char *setting,
	const char *value, const char *option, struct error *e)
{
	size_t i = settings_find(setting);
	void *base = account ? (void *)account : (void *)config;
	char **origin = account ? account->origin : config->origin;
	struct error inner;

	if (i == SETTINGS_COUNT || (settings[i].scope == SCOPE_TOP) != !account)
		return error_set(e, ERROR_INTERNAL, "%s cannot set \"%s\"", option, setting);
	if (!setting_set(&settings[i], base, value, config->home, ERROR_USAGE, &inner))
		return error_set(
			e, ERROR_USAGE, "%s=%s: %s", option, safe(span_of(value)).text, inner.text);
	origin_set(&origin[i], N_("command line"));
	return true;
}

bool config_complete(struct config *config, struct account *account, struct error *e)
{
	return account_complete(account, config->home, e);
}
