/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A token or a password: which of them, and where from. */
#include "session/credential.h"

#include <stdio.h>
#include <string.h>

static bool get_token(const struct account *account, bool refused,
	const volatile sig_atomic_t *stop, struct token *out, struct error *e)
{
	struct token_source source = account_token_source(account);

	source.stop = stop;
	return token_get(&source, refused, out, e);
}

static void take(struct secret *into, const struct token *token)
{
	secret_release(into);
	into->value = token->value;
	snprintf(into->source, sizeof(into->source), "oauth-token-command");
}

static bool find_token(const struct account *account, const volatile sig_atomic_t *stop,
	struct secret *found, struct error *e)
{
	struct token token;

	if (!get_token(account, false, stop, &token, e))
		return false;
	take(found, &token);
	return true;
}

bool credential_find(const struct account *account, bool prompt, const volatile sig_atomic_t *stop,
	struct secret *found, struct error *e)
{
	struct secret_sources sources = account_secret_sources(account);

	sources.stop = stop;
	if (account_uses_token(account))
		return find_token(account, stop, found, e);
	if (found->value || !mech_list_needs(&account->auth, CREDENTIAL_PASSWORD))
		return true;
	if (!secret_find(&sources, found, e))
		return false;
	/* The parent has looked everywhere else. */
	return found->value || secret_missing(&(struct secret_search){.from = sources}, !prompt, e);
}

bool credential_renew(const struct account *account, const volatile sig_atomic_t *stop,
	struct secret *found, struct error *e)
{
	struct error failed = {ERROR_NONE};
	struct token token;

	if (!get_token(account, true, stop, &token, &failed)) {
		if (failed.kind == ERROR_INTERRUPTED)
			*e = failed;
		else
			error_append(e, "; run again for another token, %s", failed.text);
		return false;
	}
	if (strcmp(token.value, found->value) != 0) {
		take(found, &token);
		return true;
	}
	token_release(&token);
	return error_append(e, ", and oauth-token-command gives no other token");
}
