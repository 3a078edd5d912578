/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which account it is: one that is there, or a new one for an address or a URL. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"
#include "base/text.h"
#include "config/account.h"
#include "config/popurl.h"
#include "discover/discover.h"
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

void setup_forget_notes(struct setup *s)
{
	for (size_t i = 0; i < s->n; i++)
		free((char *)s->list[i].value);
	s->n = 0;
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

/* ---- an account that is there ---- */

static struct account *find_twin(
	const struct setup *s, const char *host, const char *user, uint16_t port)
{
	for (size_t i = 0; i < s->config.n; i++) {
		struct account *other = &s->config.accounts[i];

		if (other != s->account && strcasecmp(other->endpoint.host, host) == 0 &&
			strcmp(other->user, user) == 0 &&
			config_same_ports(other->endpoint.port, port))
			return other;
	}
	return NULL;
}

static struct account *find_own_twin(const struct setup *s)
{
	const struct account *a = s->account;

	return find_twin(s, a->endpoint.host, a->user, a->endpoint.port);
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
	const struct account *twin = find_own_twin(s);
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
	setup_forget_notes(s);
	return use_account(s, twin, e);
}

/* ---- a new one ---- */

static uint16_t usual_port(enum tls_mode tls)
{
	return tls == TLS_IMPLICIT ? 995 : 110;
}

/* The usual port is not written down. */
static bool put_server(
	struct setup *s, const char *host, enum tls_mode tls, uint16_t port, struct error *e)
{
	static const char *const modes[] = {
		[TLS_IMPLICIT] = "implicit", [TLS_STARTTLS] = "starttls", [TLS_NONE] = "none"};
	const struct account *a = s->account;
	uint16_t now = a->endpoint.port ? a->endpoint.port : usual_port(tls);
	char text[8];

	*text_put_number(text, port, 1) = '\0';
	return setup_set(s, "host", host, "--host", e) &&
		(tls == a->tls.mode || setup_set(s, "tls", modes[tls], "--tls", e)) &&
		(port == now || setup_set(s, "port", text, "--port", e));
}

/* What the options say stays. */
static bool put_found(struct setup *s, const struct discovery *found, struct error *e)
{
	const struct account *a = s->account;
	enum tls_mode tls = setup_has_option(s, "tls") ? a->tls.mode : found->tls;
	uint16_t port = found->port ? found->port : usual_port(tls);

	if (setup_has_option(s, "port"))
		port = a->endpoint.port;
	return put_server(s, found->host, tls, port, e) &&
		(setup_has_option(s, "user") || setup_set(s, "user", found->user, "--user", e));
}

static bool fill_from_address(struct setup *s, struct error *e)
{
	struct discovery found = {.host = NULL};
	bool done;

	if (!setup_has_option(s, "host")) {
		done = setup_discover(s, &found, e) && put_found(s, &found, e);
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
	twin = find_own_twin(s);
	if (twin)
		return use_twin(s, twin, e);
	/* The name may be a part of where its mail goes. */
	return setup_choose_name(s, e) && config_complete(&s->config, s->account, e);
}

/* ---- other answers than before ---- */

/* The name was chosen for what it was; so may be where its mail goes. */
static bool settle(struct setup *s, struct error *e)
{
	return config_complete(&s->config, s->account, e) &&
		(!s->is_new ||
			(setup_choose_name(s, e) && config_complete(&s->config, s->account, e)));
}

bool setup_take_server(struct setup *s, const struct discovery *found, struct error *e)
{
	const struct account *a = s->account;
	bool options = setup_has_option(s, "tls") || setup_has_option(s, "port");
	bool stays = !found->port && found->tls == TLS_IMPLICIT && (!s->is_new || options);
	enum tls_mode tls = stays ? a->tls.mode : found->tls;
	uint16_t port = stays ? a->endpoint.port : found->port ? found->port : usual_port(tls);
	const char *user = found->user ? found->user : a->user;
	const struct account *twin = find_twin(s, found->host, user, port);

	if (twin)
		return is_taken_by(twin, e);
	return put_server(s, found->host, tls, port, e) &&
		(!found->user || setup_set(s, "user", found->user, "--user", e)) && settle(s, e);
}

bool setup_take_user(struct setup *s, const char *user, struct error *e)
{
	const struct account *a = s->account,
			     *twin = find_twin(s, a->endpoint.host, user, a->endpoint.port);
	char *before;
	bool done;

	if (twin)
		return is_taken_by(twin, e);
	before = xstrdup(a->user);
	done = setup_set(s, "user", user, "--user", e) && settle(s, e) &&
		setup_state_fits(s, a->name, e);
	if (!done)
		done = setup_set(s, "user", before, "--user", NULL) && settle(s, NULL) && false;
	free(before);
	return done;
}

/* ---- which one ---- */

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

/* A new one that came to nothing, which is the last. */
static void drop_new(struct setup *s)
{
	if (s->account && s->is_new) {
		account_release(s->account);
		s->config.n--;
	}
	s->account = NULL;
	s->is_new = false;
	setup_forget_notes(s);
	free(s->address);
	s->address = NULL;
}

/* With the names that may be meant, unless they are many. Fresh. */
static char *address_question(const struct setup *s)
{
	enum { NAMES_MAX = 5 };
	struct buf names = {NULL, 0, 0};
	char *question;

	if (!s->config.n)
		return xstrdup(_("Your mail address: "));
	if (s->config.n > NAMES_MAX)
		return xstrdup(_("Your mail address, or the account to be changed: "));
	for (size_t i = 0; i < s->config.n; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", s->config.accounts[i].shown);
	question = xasprintf(
		_("Your mail address, or the account to be changed (%s): "), names.data);
	buf_release(&names);
	return question;
}

static bool find_by_answer(struct setup *s, const char *answer, struct error *e)
{
	static const char command[] = "ambil setup you@";

	if (!answer[0])
		error_set(e, ERROR_USAGE, "no address was typed; Ctrl-C ends this");
	else if (find_by_word(s, answer, e))
		return true;
	/* That is typed here without the command. */
	if (!answer[0] || strncmp(e->remedy, command, strlen(command)) == 0)
		error_remedy(e, "such as", "you@example.org");
	return false;
}

/* What is wrong with an answer is said, and asked for again; what is wrong elsewhere ends it. */
static bool ask_account(struct setup *s, struct error *e)
{
	char *question = address_question(s);
	bool again = true, done = false;

	while (again) {
		struct buf answer = {NULL, 0, 0};
		struct error wrong = {0};

		done = ask_line(question, s->stop, &answer, &wrong) &&
			find_by_answer(s, answer.data, &wrong);
		again = !done && wrong.kind == ERROR_USAGE;
		buf_release(&answer);
		if (again) {
			report_error(s->style, NULL, &wrong);
			drop_new(s);
		} else if (!done) {
			*e = wrong;
		}
	}
	free(question);
	return done;
}

bool setup_find_account(struct setup *s, struct error *e)
{
	const struct cli *cli = s->cli;

	if (cli->n_arguments > 1)
		return error_set(e, ERROR_USAGE, "setup takes one account at a time");
	if (cli->n_arguments == 1)
		return find_by_word(s, cli->arguments[0], e);
	if (s->may_ask)
		return ask_account(s, e);
	error_set(e, ERROR_USAGE, "setup needs a mail address, a URL or an account");
	return error_remedy(e, "such as", "ambil setup you@example.org");
}
