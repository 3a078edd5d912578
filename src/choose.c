/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "choose.h"

#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/settings.h"

/* --max of list says how many are shown; what the next run fetches is still the account's. */
static bool is_for_list(const struct cli *cli, const struct cli_override *o)
{
	return cli->verb == VERB_LIST && strcmp(o->option, "--max") == 0;
}

bool choose_list_max(const struct cli *cli, uint32_t *max, struct error *e)
{
	*max = 0;
	for (size_t i = 0; i < cli->n_overrides; i++) {
		const struct cli_override *o = &cli->overrides[i];

		if (!is_for_list(cli, o) ||
			(parse_u32(span_of(o->value), UINT32_MAX, max) && *max > 0))
			continue;
		error_set(e, ERROR_USAGE, "--max: \"%s\" is not a number of messages",
			safe(span_of(o->value)).text);
		return error_remedy(e, "such as", "--max=20");
	}
	return true;
}

static bool override_all(
	struct config *config, struct account *account, const struct cli *cli, struct error *e)
{
	for (size_t i = 0; i < cli->n_overrides; i++) {
		const struct cli_override *o = &cli->overrides[i];

		if (settings[settings_find(o->setting)].scope == SCOPE_TOP || is_for_list(cli, o))
			continue;
		if (!config_override(config, account, o->setting, o->value, o->option, e))
			return false;
	}
	return config_complete(config, account, e);
}

bool choose_program(struct config *config, const struct cli *cli, struct error *e)
{
	for (size_t i = 0; i < cli->n_overrides; i++) {
		const struct cli_override *o = &cli->overrides[i];

		if (settings[settings_find(o->setting)].scope == SCOPE_TOP &&
			!config_override(config, NULL, o->setting, o->value, o->option, e))
			return false;
	}
	return true;
}

/* doctor finds the server of a mail address. */
static bool is_address(struct config *config, const struct cli *cli, const char *text)
{
	return cli->verb == VERB_DOCTOR && strchr(text, '@') && !strstr(text, "://") &&
		!config_find(config, text);
}

static struct account *add_one(
	struct config *config, const struct cli *cli, const char *text, struct error *e)
{
	if (is_address(config, cli, text))
		return config_add_address(config, text, e);
	return cli->verb == VERB_DOCTOR ? config_add_server(config, text, e)
					: config_add_url(config, text, e);
}

/* These become accounts first, because adding one moves the others. */
static bool add_new(struct config *config, const struct cli *cli, struct error *e)
{
	for (size_t i = 0; i < cli->n_arguments; i++) {
		const char *text = cli->arguments[i];

		if ((config_is_url(text) || is_address(config, cli, text)) &&
			!add_one(config, cli, text, e))
			return false;
	}
	return true;
}

/* The accounts named, in their order, each once; without names all that are enabled. */
bool choose_accounts(struct config *config, const struct cli *cli, struct account **chosen,
	size_t *n, struct error *e)
{
	size_t added = config->n;

	if (!add_new(config, cli, e))
		return false;
	*n = 0;
	for (size_t i = 0; i < cli->n_arguments; i++) {
		const char *text = cli->arguments[i];
		struct account *account = config_is_url(text) || is_address(config, cli, text)
			? &config->accounts[added++]
			: config_find(config, text);
		bool twice = false;

		if (!account)
			return config_no_such_account(config, text, e);
		for (size_t j = 0; j < *n; j++)
			twice = twice || strcmp(chosen[j]->name, account->name) == 0;
		if (!twice)
			chosen[(*n)++] = account;
	}
	for (size_t i = 0; !cli->n_arguments && i < config->n; i++)
		if (config->accounts[i].enabled)
			chosen[(*n)++] = &config->accounts[i];
	if (*n == 0)
		return config_no_accounts(config, e);
	for (size_t i = 0; i < *n; i++) {
		if (!override_all(config, chosen[i], cli, e))
			return false;
		chosen[i]->policy.all = cli->all;
	}
	return true;
}

/* Exactly one account: a password belongs to one. */
bool choose_one(
	struct config *config, const struct cli *cli, struct account **chosen, struct error *e)
{
	size_t n;

	if (cli->n_arguments == 1)
		return choose_accounts(config, cli, chosen, &n, e);
	error_set(e, ERROR_USAGE, "%s needs the name of one account", cli_verbs[cli->verb].name);
	return error_remedy(e, "such as", "ambil %s %s", cli_verbs[cli->verb].name,
		config->n ? config->accounts[0].typed : "home");
}
