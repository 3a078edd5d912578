/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Beyond the form of the configuration: would it work? Each part is asked for its own words, as a
 * run would, and the line that the value stands on is put in front. It does not belong to loading
 * the file: one account that cannot work must not hold up the others.
 */
#include "verbs/check.h"

#include <stdlib.h>
#include <string.h>

#include "auth/mech.h"
#include "base/child.h"
#include "base/text.h"

/* setting: whose line is at fault; NULL for none. */
static void add(struct config_errors *found, const struct account *a, const char *setting,
	const struct error *e)
{
	struct error placed = *e;

	if (setting)
		error_set(&placed, ERROR_CONFIG, "%s: %s", config_origin(a, setting), e->text);
	memcpy(placed.why, e->why, sizeof(placed.why));
	error_remedy_of(&placed, e);
	/* A default of the file shows in every account. */
	for (size_t i = 0; i < found->n; i++)
		if (strcmp(found->list[i].text, placed.text) == 0)
			return;
	found->list = xreallocarray(found->list, found->n + 1, sizeof(found->list[0]));
	found->list[found->n++] = placed;
}

static void check_login(const struct account *a, struct config_errors *found)
{
	/* The best server there is: what still fails fails with any. */
	struct mech_facts facts = {
		.encrypted = a->tls.mode != TLS_NONE,
		.cleartext_login = account_allows_cleartext(a),
		.token = account_uses_token(a),
		.client_cert = a->tls.mode != TLS_NONE && a->tls.client_cert,
		.binding = a->tls.mode != TLS_NONE,
		.apop_stamp = true,
		.capa_known = true,
		.user = true,
	};
	struct error e = {0};
	enum mech ignored;

	for (int i = 0; i < MECH_MECHS; i++)
		facts.offered[i] = true;
	if (!mech_choose(&a->auth, &facts, &ignored, &e))
		add(found, a, e.kind == ERROR_TLS ? "tls" : "auth", &e);
}

/* command: without the kind of a destination. */
static void check_command(const struct account *a, const char *setting, const char *command,
	struct config_errors *found)
{
	struct error e = {0};
	char **argv = NULL;
	bool done = child_argv_split(command, &argv, &e);

	if (done && !child_exists(argv[0]))
		done = error_set(&e, ERROR_CONFIG, "%s: the command \"%s\" does not exist", setting,
			safe(span_of(argv[0])).text);
	if (!done)
		add(found, a, setting, &e);
	child_argv_free(argv);
}

/* Only the first source counts. */
static void check_password(const struct account *a, struct config_errors *found)
{
	const struct secret_sources file = {.account = a->name, .file = a->password_file};
	struct secret secret = {NULL, ""};
	struct error e = {0};

	if (account_uses_token(a))
		check_command(a, "oauth-token-command", a->token_command, found);
	else if (a->password_command)
		check_command(a, "password-command", a->password_command, found);
	else if (a->password_file && !secret_find(&file, &secret, &e))
		add(found, a, "password-file", &e);
	secret_release(&secret);
}

static bool begins(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0;
}

/* Its words begin with what is wrong: a setting, or SSL_CERT_FILE, which stands in no file. */
static void check_tls(const struct account *a, struct config_errors *found)
{
	static const char *const wrong[] = {"ca-file", "client-cert", "client-key", NULL};
	struct error e = {0};
	size_t i = 0;

	if (a->tls.mode == TLS_NONE || (!a->tls.ca_file && !a->tls.client_cert) ||
		tls_check(&a->tls, &e))
		return;
	while (wrong[i] && !begins(e.text, wrong[i]))
		i++;
	add(found, a, wrong[i], &e);
}

void config_faults(const struct config *config, struct config_errors *found)
{
	memset(found, 0, sizeof(*found));
	for (size_t i = 0; i < config->n; i++) {
		const struct account *a = &config->accounts[i];

		check_login(a, found);
		check_password(a, found);
		check_tls(a, found);
		if (a->endpoint.command)
			check_command(a, "socket-command", a->endpoint.command, found);
		if (a->proxy_password_command)
			check_command(
				a, "proxy-password-command", a->proxy_password_command, found);
		if (a->destination.kind == SINK_PIPE)
			check_command(a, "deliver", a->destination.command, found);
		if (a->on_new)
			check_command(a, "on-new", a->on_new, found);
	}
}
