/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which account it is: one that is there, or a new one for an address or a URL, with a name that is
 * short and free. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"
#include "base/text.h"
#include "config/account.h"
#include "config/popurl.h"
#include "discover/discover.h"
#include "local/store.h"
#include "verbs/ask.h"
#include "verbs/setup_inner.h"

/* ---- settings ---- */

void setup_note(struct setup *s, const char *setting, const char *value)
{
	size_t i = 0;

	while (i < s->n && strcmp(s->list[i].name, setting) != 0)
		i++;
	if (i == s->n) {
		s->list = xreallocarray(s->list, s->n + 1, sizeof(*s->list));
		s->list[s->n++].name = settings[settings_find(setting)].name;
	} else {
		free((char *)s->list[i].value);
	}
	s->list[i].value = xstrdup(value);
}

bool setup_set(struct setup *s, const char *setting, const char *value, const char *option,
	struct error *e)
{
	if (!config_override(&s->config, s->account, setting, value, option, e))
		return false;
	setup_note(s, setting, value);
	return true;
}

static bool apply_options(struct setup *s, struct error *e)
{
	const struct cli *cli = s->cli;

	for (size_t i = 0; i < cli->n_overrides; i++) {
		const struct cli_override *o = &cli->overrides[i];

		if (settings[settings_find(o->setting)].scope != SCOPE_TOP &&
			!setup_set(s, o->setting, o->value, o->option, e))
			return false;
	}
	return !cli->pin || !cli->pin[0] || setup_set(s, "pin-sha256", cli->pin, "--pin", e);
}

bool setup_has_option(const struct setup *s, const char *setting)
{
	for (size_t i = 0; i < s->cli->n_overrides; i++)
		if (strcmp(s->cli->overrides[i].setting, setting) == 0)
			return true;
	return false;
}

/* ---- names ---- */

static bool is_one_of(struct span word, const char *const *list)
{
	for (; *list; list++)
		if (span_is_nocase(word, *list))
			return true;
	return false;
}

/* "example" of "example.org", "mail.example.org" and "example.co.uk", an address as it is; fresh.
 */
static char *short_name(const char *domain)
{
	static const char *const inner[] = {"co", "com", "org", "net", "ac", "gov", "edu", NULL};
	struct span labels[3] = {{NULL, 0}};
	const char *end = domain + strlen(domain);
	size_t n = 0;
	char *name;

	while (n < 3 && end > domain) {
		const char *start = end;

		while (start > domain && start[-1] != '.')
			start--;
		labels[n++] = (struct span){start, (size_t)(end - start)};
		end = start > domain ? start - 1 : start;
	}
	if (labels[0].len && labels[0].data[strspn(labels[0].data, "0123456789")] == '\0')
		labels[1] = span_of(domain);
	else if (n == 3 && labels[0].len == 2 && is_one_of(labels[1], inner))
		labels[1] = labels[2];
	else if (n == 1)
		labels[1] = labels[0];
	name = xstrndup(labels[1].data ? labels[1].data : "", labels[1].len);
	for (char *p = name; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return name;
}

static void rename_account(struct setup *s, const char *name)
{
	struct account *a = s->account;
	char *copy = xstrdup(name);

	free(a->name);
	free(a->shown);
	free(a->typed);
	a->name = copy;
	a->shown = xstrdup(copy);
	a->typed = xstrdup(copy);
}

bool setup_state_fits(const struct setup *s, const char *name, struct error *e)
{
	char *path = xasprintf("%s/%s.db", s->config.state_dir, name);
	struct store *state = NULL;
	bool fits = store_open_readonly(path, &state, e) &&
		(!state || store_check_user(state, s->account->user, e));

	store_free(state);
	free(path);
	return fits;
}

static bool is_taken(const struct setup *s, const char *name)
{
	for (size_t i = 0; i < s->config.n; i++)
		if (&s->config.accounts[i] != s->account &&
			strcmp(s->config.accounts[i].name, name) == 0)
			return true;
	return false;
}

/* Neither an account has it, nor the state of another mailbox, which no run would use. */
static bool is_free(const struct setup *s, const char *name)
{
	return account_name_ok(name) && !is_taken(s, name) && setup_state_fits(s, name, NULL);
}

static bool check_name(const struct setup *s, const char *name, struct error *e)
{
	if (!account_name_ok(name))
		return error_set(e, ERROR_USAGE,
			"--name \"%s\": use letters, digits and . _ - @ + for its name, not "
			"beginning with . or -",
			safe(span_of(name)).text);
	if (!is_taken(s, name))
		return true;
	error_set(e, ERROR_USAGE, "there is an account \"%s\" already, for another mailbox", name);
	return error_remedy(
		e, "either", "another --name, or to change that one: ambil setup %s", name);
}

/* After its domain; where another is called so, by what stands in front of it, then in full. */
static char *free_name(const struct setup *s)
{
	const struct account *a = s->account;
	const char *address = s->address ? s->address : a->user, *at = strrchr(address, '@');
	char *name = short_name(at ? at + 1 : a->endpoint.host);

	if (!is_free(s, name)) {
		free(name);
		name = xstrndup(address, at ? (size_t)(at - address) : strlen(address));
	}
	if (!is_free(s, name)) {
		free(name);
		name = account_name_for(a->user, a->endpoint.host, NULL);
	}
	for (unsigned n = 2; !is_free(s, name); n++) {
		free(name);
		name = xasprintf("mail-%u", n);
	}
	return name;
}

static bool choose_name(struct setup *s, struct error *e)
{
	char *name;

	if (s->cli->name) {
		if (!check_name(s, s->cli->name, e))
			return false;
		rename_account(s, s->cli->name);
		return true;
	}
	name = free_name(s);
	rename_account(s, name);
	free(name);
	return true;
}

/* ---- an account that is there ---- */

static struct account *find_twin(const struct setup *s)
{
	const struct account *a = s->account;

	for (size_t i = 0; i < s->config.n; i++) {
		struct account *other = &s->config.accounts[i];

		if (other != a && strcasecmp(other->endpoint.host, a->endpoint.host) == 0 &&
			strcmp(other->user, a->user) == 0 &&
			config_same_ports(other->endpoint.port, a->endpoint.port))
			return other;
	}
	return NULL;
}

static bool is_taken_by(const struct account *twin, struct error *e)
{
	error_set(e, ERROR_CONFIG, "the account \"%s\" (%s) is for this mailbox already",
		twin->name, twin->where);
	return error_remedy(e, "to change it", "ambil setup %s", twin->name);
}

/* Each message would come twice. */
static bool stays_alone(const struct setup *s, struct error *e)
{
	const struct account *twin = find_twin(s);
	bool moves = setup_has_option(s, "host") || setup_has_option(s, "user") ||
		setup_has_option(s, "port");

	return !moves || !twin || is_taken_by(twin, e);
}

static bool use_account(struct setup *s, struct account *account, struct error *e)
{
	const struct cli *cli = s->cli;

	s->account = account;
	s->is_new = false;
	s->changes = cli->pin || cli->from_now || cli->from_stdin || cli->timer;
	for (size_t i = 0; i < cli->n_overrides; i++)
		s->changes = s->changes ||
			settings[settings_find(cli->overrides[i].setting)].scope != SCOPE_TOP;
	if (cli->name) {
		error_set(e, ERROR_USAGE, "--name is for a new account, and \"%s\" is there",
			account->shown);
		return error_remedy(e, "to change its name", "ambil config edit");
	}
	return apply_options(s, e) && config_complete(&s->config, account, e) && stays_alone(s, e);
}

/* The mailbox has an account already: that may be changed. */
static bool use_twin(struct setup *s, struct account *twin, struct error *e)
{
	char answer = 'n', *question;
	bool done = true;

	if (!s->may_ask)
		return is_taken_by(twin, e);
	(void)is_taken_by(twin, e);
	question = xasprintf(
		_("The account \"%s\" is for this mailbox already. Change it? [Y/n] "), twin->name);
	done = ask_letter(question, "yn", s->stop, &answer, e);
	free(question);
	if (!done || answer == 'n')
		return false;
	/* The new one is the last. */
	account_release(s->account);
	s->config.n--;
	for (size_t i = 0; i < s->n; i++)
		free((char *)s->list[i].value);
	s->n = 0;
	return use_account(s, twin, e);
}

/* ---- a new one ---- */

static bool set_server(struct setup *s, const struct discovery *found, struct error *e)
{
	char port[8];
	uint16_t usual = found->tls == TLS_IMPLICIT ? 995 : 110;
	bool done = setup_set(s, "host", found->host, "--host", e);

	*text_put_number(port, found->port, 1) = '\0';
	if (done && found->tls != TLS_IMPLICIT && !setup_has_option(s, "tls"))
		done = setup_set(s, "tls", "starttls", "--tls", e);
	if (done && found->port != usual && !setup_has_option(s, "port"))
		done = setup_set(s, "port", port, "--port", e);
	if (done && !setup_has_option(s, "user"))
		done = setup_set(s, "user", found->user, "--user", e);
	return done;
}

static bool fill_from_address(struct setup *s, struct error *e)
{
	struct discovery found = {.host = NULL};
	bool done;

	if (!setup_has_option(s, "host")) {
		done = setup_discover(s, &found, e) && set_server(s, &found, e);
		discovery_release(&found);
		return done;
	}
	return setup_has_option(s, "user") || setup_set(s, "user", s->address, "--user", e);
}

static bool fill_from_url(struct setup *s, const char *url, struct error *e)
{
	struct popurl parsed;
	bool done;

	if (!popurl_parse(url, &parsed, e))
		return false;
	if (!parsed.user && !setup_has_option(s, "user")) {
		popurl_no_user(url, e);
		popurl_release(&parsed);
		return false;
	}
	done = setup_set(s, "host", parsed.host, "host", e) &&
		(parsed.tls_at_once || setup_set(s, "tls", "starttls", "tls", e)) &&
		(!parsed.port || setup_set(s, "port", parsed.port, "port", e)) &&
		(!parsed.auth || setup_set(s, "auth", parsed.auth, "auth", e)) &&
		(!parsed.user || setup_set(s, "user", parsed.user, "user", e)) &&
		apply_options(s, e);
	popurl_release(&parsed);
	return done;
}

static bool add_account(struct setup *s, const char *word, struct error *e)
{
	struct account *twin;
	bool done;

	s->is_new = true;
	s->account = account_add(&s->config, "new", "command line");
	account_fill(s->account, &s->config);
	if (!apply_options(s, e))
		return false;
	if (popurl_is(word)) {
		done = fill_from_url(s, word, e);
	} else {
		s->address = xstrdup(word);
		done = fill_from_address(s, e);
	}
	if (!done || !config_complete(&s->config, s->account, e))
		return false;
	twin = find_twin(s);
	if (twin)
		return use_twin(s, twin, e);
	/* The name may be a part of where its mail goes. */
	return choose_name(s, e) && config_complete(&s->config, s->account, e);
}

static bool is_address(const char *word)
{
	const char *at = strrchr(word, '@');

	return at && at != word && at[1] && !strpbrk(word, " \t/:");
}

static bool find_by_word(struct setup *s, const char *word, struct error *e)
{
	struct account *account = config_find(&s->config, word);

	if (account)
		return use_account(s, account, e);
	if (popurl_is_other(word))
		return popurl_refuse(word, e);
	if (popurl_is(word) || is_address(word))
		return add_account(s, word, e);
	if (s->config.n) {
		config_no_such_account(&s->config, word, e);
		return !e->remedy[0] &&
			error_remedy(e, "to add one", "ambil setup you@example.org");
	}
	error_set(e, ERROR_USAGE, "\"%s\" is neither a mail address nor a URL",
		safe(span_of(word)).text);
	return error_remedy(e, "such as", "ambil setup you@example.org");
}

bool setup_find_account(struct setup *s, struct error *e)
{
	const struct cli *cli = s->cli;
	struct buf answer = {NULL, 0, 0};
	bool done;

	if (cli->n_arguments > 1)
		return error_set(e, ERROR_USAGE, "setup takes one account at a time");
	if (cli->n_arguments == 1)
		return find_by_word(s, cli->arguments[0], e);
	if (!s->may_ask) {
		error_set(e, ERROR_USAGE, "setup needs a mail address, a URL or an account");
		return error_remedy(e, "such as", "ambil setup you@example.org");
	}
	done = ask_line(_("Your mail address: "), s->stop, &answer, e) &&
		find_by_word(s, answer.len ? answer.data : "", e);
	buf_release(&answer);
	return done;
}
