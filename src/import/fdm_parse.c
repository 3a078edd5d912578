/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The statements of a configuration of fdm; action and match are in fdm_match.c. */
#include <stdlib.h>
#include <string.h>

#include "import/fdm_inner.h"

/* ---- set ---- */

static void take_words(struct fdm_lexer *l, const char *const *words)
{
	bool any = false, found = true;

	while (found) {
		found = false;
		for (size_t i = 0; words[i]; i++)
			found = found || fdm_accept(l, words[i]);
		any = any || found;
	}
	if (!any)
		fdm_unexpected(l, fdm_peek(l));
}

/* Options without a value, which change nothing that this program does otherwise. */
static bool accept_switch(struct fdm_lexer *l)
{
	static const char *const words[] = {
		"delete-oversized", "ignore-errors", "lock-wait", "no-create"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (fdm_accept(l, words[i]))
			return true;
	return false;
}

static bool accept_number(struct fdm_lexer *l)
{
	static const char *const words[] = {
		"queue-high", "queue-low", "purge-after", "parallel-accounts"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (fdm_accept(l, words[i])) {
			if (!fdm_accept(l, "none"))
				fdm_take_number(l);
			return true;
		}
	return false;
}

static bool accept_locks(struct fdm_lexer *l)
{
	static const char *const locks[] = {"fcntl", "flock", "dotlock", "none", NULL},
				 *const places[] = {"passwd", "courier", NULL};

	if (fdm_accept(l, "lock-types") || fdm_accept(l, "lock-type"))
		take_words(l, locks);
	else if (fdm_accept(l, "lookup-order"))
		take_words(l, places);
	else if (fdm_accept(l, "lock-timeout"))
		fdm_take_time(l);
	else if (fdm_accept(l, "strip-characters"))
		fdm_take_text(l);
	else
		return false;
	return true;
}

static bool accept_owner(struct fdm_config *c)
{
	struct fdm_lexer *l = &c->lexer;
	struct fdm_text value = {FDM_ABSENT, "", {"", 0}};
	struct fdm_place at;

	if (fdm_accept_at(l, "command-user", &at) || fdm_accept_at(l, "default-user", &at)) {
		fdm_take_id(l, &value);
		fdm_note_users(c, at);
	} else if (fdm_accept_at(l, "file-umask", &at)) {
		if (!fdm_accept(l, "user"))
			fdm_take_id(l, &value);
		if (value.origin == FDM_ABSENT || strcmp(value.text, "77") != 0)
			fdm_note(c, NULL, IMPORT_DROPPED, at,
				"file-umask, because files of mail are for their owner alone");
	} else if (fdm_accept_at(l, "file-group", &at)) {
		if (!fdm_accept(l, "user"))
			fdm_take_id(l, &value);
		if (value.origin != FDM_ABSENT)
			fdm_note(c, NULL, IMPORT_DROPPED, at,
				"file-group, because files of mail are for their owner alone");
	} else {
		return false;
	}
	return true;
}

static void take_option(struct fdm_config *c)
{
	struct fdm_lexer *l = &c->lexer;
	struct fdm_options *o = &c->options;
	struct fdm_place at = fdm_peek(l)->at;

	if (fdm_accept_at(l, "maximum-size", &o->max_size)) {
		o->max_size_octets = fdm_take_size(l);
		if (!o->max_size_octets)
			fdm_fail(l, at, "maximum-size cannot be 0");
	} else if (fdm_accept_at(l, "timeout", &o->timeout)) {
		o->timeout_s = fdm_take_time(l);
		if (!o->timeout_s)
			fdm_fail(l, at, "timeout cannot be 0");
	} else if (fdm_accept(l, "proxy")) {
		o->proxy = fdm_take_text(l);
	} else if (fdm_accept(l, "lock-file")) {
		o->lock_file = fdm_take_text(l);
	} else if (fdm_accept(l, "unmatched-mail")) {
		o->drops_unmatched = (struct fdm_place){"", 0};
		if (!fdm_accept_at(l, "drop", &o->drops_unmatched))
			fdm_expect(l, "keep");
	} else if (!fdm_accept_at(l, "verify-certificates", &o->verify) &&
		!fdm_accept_at(l, "no-received", &o->no_received) &&
		!fdm_accept_at(l, "allow-multiple", &o->allow_multiple) && !accept_switch(l) &&
		!accept_number(l) && !accept_locks(l) && !accept_owner(c)) {
		fdm_unexpected(l, fdm_peek(l));
	}
}

/* ---- account ---- */

/* Options of any account: more than fdm takes there, but no two of one name. */
static bool accept_flag(struct fdm_lexer *l, struct fdm_account *a)
{
	struct fdm_place at;

	return fdm_accept_at(l, "keep", &a->keep) || fdm_accept_at(l, "no-apop", &a->no_apop) ||
		fdm_accept_at(l, "no-uidl", &a->no_uidl) ||
		fdm_accept_at(l, "no-verify", &a->no_verify) ||
		fdm_accept_at(l, "starttls", &a->starttls) ||
		fdm_accept_at(l, "insecure", &a->insecure) ||
		fdm_accept_at(l, "no-cram-md5", &at) || fdm_accept_at(l, "no-login", &at) ||
		fdm_accept_at(l, "no-tls1", &at);
}

/* The names of folders and groups of other protocols. */
static bool accept_folders(struct fdm_lexer *l)
{
	if (!fdm_accept(l, "folder") && !fdm_accept(l, "folders") && !fdm_accept(l, "group") &&
		!fdm_accept(l, "groups"))
		return false;
	fdm_take_texts(l, NULL, NULL);
	return true;
}

/* For POP3 a cache belongs to it; the word alone begins another statement. */
static bool accept_only(struct fdm_lexer *l, struct fdm_account *a)
{
	if (!fdm_accept_at(l, "new-only", &a->new_only) &&
		!fdm_accept_at(l, "old-only", &a->old_only))
		return false;
	if (a->type != FDM_OTHER_TYPE) {
		fdm_expect(l, "cache");
		a->cache = fdm_take_text(l);
	}
	return true;
}

static bool accept_argument(struct fdm_lexer *l, struct fdm_account *a)
{
	if (fdm_accept(l, "server"))
		a->server = fdm_take_text(l);
	else if (fdm_accept(l, "pipe"))
		a->pipe = fdm_take_text(l);
	else if (fdm_accept(l, "port"))
		fdm_take_id(l, &a->port);
	else if (fdm_accept(l, "user"))
		a->user = fdm_take_text(l);
	else if (fdm_accept(l, "pass"))
		a->pass = fdm_take_text(l);
	else if (strncmp(a->type_word, "nntp", 4) == 0 && a->cache.origin == FDM_ABSENT &&
		fdm_accept(l, "cache"))
		a->cache = fdm_take_text(l);
	else
		return accept_only(l, a) || accept_folders(l) || accept_flag(l, a);
	return true;
}

static void take_type(struct fdm_lexer *l, struct fdm_account *a)
{
	static const char *const types[] = {"pop3", "pop3s", "imap", "imaps", "nntp", "nntps",
		"stdin", "maildir", "maildirs", "mbox", "mboxes"};
	size_t i = 0, n = sizeof(types) / sizeof(types[0]);

	while (i < n && !fdm_accept(l, types[i]))
		i++;
	if (i == n) {
		fdm_unexpected(l, fdm_peek(l));
		return;
	}
	a->type = i == 0 ? FDM_POP3 : i == 1 ? FDM_POP3S : FDM_OTHER_TYPE;
	a->type_word = types[i];
	if (strncmp(types[i], "m", 1) == 0)
		fdm_take_texts(l, NULL, NULL);
	while (!l->failed && accept_argument(l, a))
		;
}

static void check_account(struct fdm_lexer *l, const struct fdm_account *a)
{
	if (a->type == FDM_OTHER_TYPE)
		return;
	if (a->server.origin == FDM_ABSENT && a->pipe.origin == FDM_ABSENT)
		fdm_fail(l, a->at, "the account needs a server");
	if (a->server.origin == FDM_PLAIN && !a->server.text[0])
		fdm_fail(l, a->server.at, "the name of the server is missing");
	if (a->type == FDM_POP3S && a->starttls.line)
		fdm_fail(l, a->starttls, "starttls cannot be used with pop3s");
}

static void take_account(struct fdm_config *c, struct fdm_place at)
{
	struct fdm_lexer *l = &c->lexer;
	struct fdm_account a = {.at = at, .type_word = ""};
	bool more = true;

	a.name = fdm_take_name(l);
	while (more)
		more = fdm_accept_at(l, "disabled", &a.disabled) || fdm_accept_users(l, &a.users);
	take_type(l, &a);
	if (l->failed)
		return;
	check_account(l, &a);
	for (size_t i = 0; i < c->n_accounts; i++)
		if (strcmp(c->accounts[i].name.text, a.name.text) == 0)
			fdm_fail(l, at, "there are two accounts of one name");
	c->accounts = xreallocarray(c->accounts, c->n_accounts + 1, sizeof(a));
	c->accounts[c->n_accounts++] = a;
}

/* ---- macros, and the whole ---- */

/* $name = "…", %name = 1 */
static void take_macro(struct fdm_lexer *l)
{
	char *name = fdm_keep(l, xstrdup(fdm_take(l)->text));
	struct fdm_macro *m;
	struct fdm_text text;

	fdm_expect(l, "=");
	if (name[0] == '%') {
		uint64_t number = fdm_take_number(l);

		fdm_define(l, name)->number = number;
		return;
	}
	text = fdm_take_text(l);
	m = fdm_define(l, name);
	m->text = fdm_keep(l, xstrdup(text.text));
	m->command = text.origin == FDM_OUTPUT;
	m->mixed = text.origin == FDM_MIXED;
}

/* Nothing may be looked at behind the name: it stands in the file that comes then. */
static void take_include(struct fdm_lexer *l, struct fdm_place at)
{
	struct fdm_tags tags = {.world = l->world};
	const struct fdm_token *t = fdm_take(l);
	const struct fdm_macro *m = t->kind == FDM_MACRO ? fdm_find_macro(l, t->text) : NULL;
	const char *name = t->kind == FDM_STRING && !t->mixed ? t->text
		: m && m->text && !m->command && !m->mixed    ? m->text
							      : "";
	struct buf path = {0};

	if (!name[0] || !fdm_replace(&tags, name, &path))
		fdm_fail(l, at, "include needs the name of a file");
	else
		fdm_include(l, path.data ? path.data : "", at);
	buf_release(&path);
}

/* cache "…" [expire …] */
static void take_cache(struct fdm_lexer *l)
{
	fdm_take_text(l);
	if (fdm_accept(l, "expire"))
		fdm_take_time(l);
}

void fdm_take_statements(struct fdm_config *c, struct fdm_rule *nest, unsigned depth)
{
	enum { DEPTH_MAX = 50 };
	struct fdm_lexer *l = &c->lexer;

	while (!l->failed) {
		const struct fdm_token *t = fdm_peek(l);
		struct fdm_place at = t->at;

		if (t->kind == FDM_END || (depth && t->kind == FDM_SIGN && t->text[0] == '}'))
			return;
		if (depth > DEPTH_MAX)
			fdm_fail(l, at, "the rules are too deep in each other");
		else if (t->kind == FDM_MACRO)
			take_macro(l);
		else if (fdm_accept(l, "set"))
			take_option(c);
		else if (fdm_accept(l, "account"))
			take_account(c, at);
		else if (fdm_accept(l, "action"))
			fdm_take_action(c, at);
		else if (fdm_accept(l, "match"))
			fdm_take_match(c, at, nest, depth);
		else if (fdm_accept(l, "cache"))
			take_cache(l);
		else if (fdm_accept(l, "include"))
			take_include(l, at);
		else
			fdm_unexpected(l, t);
	}
}

bool fdm_parse(struct fdm_config *c)
{
	c->rules = (struct fdm_rule){.nest = true};
	fdm_take_statements(c, &c->rules, 0);
	return !c->lexer.failed;
}

static void release_rule(struct fdm_rule *rule)
{
	for (size_t i = 0; i < rule->n_terms; i++)
		free(rule->terms[i].patterns);
	free(rule->terms);
	free(rule->steps.list);
	for (size_t i = 0; i < rule->n_inner; i++)
		release_rule(&rule->inner[i]);
	free(rule->inner);
}

void fdm_config_release(struct fdm_config *c)
{
	for (size_t i = 0; i < c->n_actions; i++)
		free(c->actions[i].steps.list);
	free(c->actions);
	free(c->accounts);
	import_index_release(&c->mailboxes);
	release_rule(&c->rules);
	fdm_lexer_release(&c->lexer);
}
