/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Actions, which are what can be done to a mail, and rules, which say when. */
#include <stdlib.h>
#include <string.h>

#include "import/fdm_inner.h"

/* ---- actions ---- */

static struct fdm_step *add_step(struct fdm_steps *steps, enum fdm_do what, struct fdm_place at)
{
	steps->list = xreallocarray(steps->list, steps->n + 1, sizeof(*steps->list));
	steps->list[steps->n] = (struct fdm_step){.what = what, .at = at};
	return &steps->list[steps->n++];
}

struct caller {
	struct fdm_steps *steps;
	struct fdm_place at;
};

static void add_call(void *context, struct fdm_text name)
{
	struct caller *to = context;

	add_step(to->steps, FDM_CALL, to->at)->argument = name;
}

/* A server that mail is handed to. */
static void take_server(struct fdm_lexer *l)
{
	static const char *const with_value[] = {
		"server", "port", "user", "pass", "from", "to", "folder", "folders"};
	static const char *const without[] = {
		"no-verify", "no-cram-md5", "no-login", "starttls", "insecure"};
	struct fdm_text ignored;
	bool more = true;

	while (more && !l->failed) {
		more = false;
		for (size_t i = 0; !more && i < sizeof(without) / sizeof(without[0]); i++)
			more = fdm_accept(l, without[i]);
		for (size_t i = 0; !more && i < sizeof(with_value) / sizeof(with_value[0]); i++)
			if (fdm_accept(l, with_value[i])) {
				fdm_take_id(l, &ignored);
				more = true;
			}
	}
}

/* Behind an action's own word. */
static void take_rest(struct fdm_lexer *l, struct fdm_step *step, const char *word)
{
	if (step->what == FDM_SMTP || step->what == FDM_IMAP) {
		take_server(l);
	} else if (strncmp(word, "remove-header", 13) == 0) {
		fdm_take_texts(l, NULL, NULL);
	} else if (step->what != FDM_DROP && step->what != FDM_KEEP && step->what != FDM_STDOUT) {
		step->argument = fdm_take_text(l);
	}
	/* The word may be missing behind add-header. */
	if (strcmp(word, "tag") == 0 ? fdm_accept(l, "value") : strcmp(word, "add-header") == 0) {
		fdm_accept(l, "value");
		fdm_take_text(l);
	}
	if (step->what == FDM_NOTES && strcmp(word, "tag") != 0) {
		fdm_expect(l, "key");
		fdm_take_text(l);
	}
	step->compress = step->what == FDM_MBOX && fdm_accept(l, "compress");
}

static bool accept_step(struct fdm_lexer *l, struct fdm_steps *steps)
{
	static const struct {
		const char *word;
		enum fdm_do what;
	} words[] = {{"drop", FDM_DROP}, {"keep", FDM_KEEP}, {"maildir", FDM_MAILDIR},
		{"mbox", FDM_MBOX}, {"pipe", FDM_PIPE}, {"append", FDM_APPEND},
		{"stdout", FDM_STDOUT}, {"exec", FDM_EXEC}, {"write", FDM_WRITE},
		{"smtp", FDM_SMTP}, {"imap", FDM_IMAP}, {"imaps", FDM_IMAP},
		{"rewrite", FDM_REWRITE}, {"add-header", FDM_HEADERS},
		{"remove-header", FDM_HEADERS}, {"remove-headers", FDM_HEADERS}, {"tag", FDM_NOTES},
		{"add-to-cache", FDM_NOTES}, {"to-cache", FDM_NOTES},
		{"remove-from-cache", FDM_NOTES}};
	struct fdm_place at = fdm_peek(l)->at;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (fdm_accept(l, words[i].word)) {
			take_rest(l, add_step(steps, words[i].what, at), words[i].word);
			return true;
		}
	if (!fdm_accept(l, "action") && !fdm_accept(l, "actions"))
		return false;
	fdm_take_texts(l, add_call, &(struct caller){steps, at});
	return true;
}

/* One thing to do, or several in braces. */
static void take_steps(struct fdm_lexer *l, struct fdm_steps *steps)
{
	bool braces = fdm_accept(l, "{");

	do
		if (!accept_step(l, steps))
			fdm_unexpected(l, fdm_peek(l));
	while (braces && !l->failed && !fdm_accept(l, "}"));
}

void fdm_take_action(struct fdm_config *c, struct fdm_place at)
{
	struct fdm_lexer *l = &c->lexer;
	struct fdm_text name = fdm_take_name(l);
	struct fdm_place users;
	struct fdm_action *a;

	if (fdm_accept_users(l, &users))
		fdm_note_users(c, users);
	for (size_t i = 0; i < c->n_actions; i++)
		if (strcmp(c->actions[i].name, name.text) == 0)
			fdm_fail(l, at, "there are two actions of one name");
	c->actions = xreallocarray(c->actions, c->n_actions + 1, sizeof(*c->actions));
	a = &c->actions[c->n_actions++];
	*a = (struct fdm_action){.name = name.text};
	take_steps(l, &a->steps);
}

/* ---- match ---- */

static void take_comparison(struct fdm_lexer *l, uint64_t (*take)(struct fdm_lexer *l))
{
	if (!fdm_accept(l, "<") && !fdm_accept(l, ">") && !fdm_accept(l, "==") &&
		!fdm_accept(l, "!="))
		fdm_unexpected(l, fdm_peek(l));
	else
		take(l);
}

static void take_attachment(struct fdm_lexer *l)
{
	if (fdm_accept(l, "count"))
		take_comparison(l, fdm_take_number);
	else if (fdm_accept(l, "total-size") || fdm_accept(l, "any-size"))
		take_comparison(l, fdm_take_size);
	else if (fdm_accept(l, "any-type") || fdm_accept(l, "any-name"))
		fdm_take_text(l);
	else
		fdm_unexpected(l, fdm_peek(l));
}

static void take_regexp(struct fdm_lexer *l)
{
	fdm_accept(l, "case");
	fdm_take_text(l);
}

/* exec "…" user "…" returns (0, "…") */
static void take_command_test(struct fdm_lexer *l)
{
	struct fdm_place users;

	fdm_take_text(l);
	fdm_accept_users(l, &users);
	fdm_expect(l, "returns");
	fdm_expect(l, "(");
	if (fdm_peek(l)->kind == FDM_NUMBER || fdm_peek(l)->kind == FDM_MACRO)
		fdm_take_number(l);
	fdm_expect(l, ",");
	if (!fdm_accept(l, ")")) {
		take_regexp(l);
		fdm_expect(l, ")");
	}
}

static void take_content_test(struct fdm_lexer *l)
{
	if (fdm_accept(l, "exec") || fdm_accept(l, "pipe")) {
		take_command_test(l);
	} else if (fdm_accept(l, "size")) {
		take_comparison(l, fdm_take_size);
	} else if (fdm_accept(l, "age")) {
		if (!fdm_accept(l, "invalid"))
			take_comparison(l, fdm_take_time);
	} else if (fdm_accept(l, "tagged")) {
		fdm_take_text(l);
	} else if (fdm_accept(l, "string")) {
		fdm_take_text(l);
		fdm_expect(l, "to");
		take_regexp(l);
	} else if (fdm_accept(l, "in-cache")) {
		fdm_take_text(l);
		fdm_expect(l, "key");
		fdm_take_text(l);
	} else if (fdm_accept(l, "attachment")) {
		take_attachment(l);
	} else {
		take_regexp(l);
		if (fdm_accept(l, "in") && !fdm_accept(l, "headers") && !fdm_accept(l, "header"))
			fdm_expect(l, "body");
	}
}

struct patterns {
	struct fdm_lexer *lexer;
	struct fdm_term *term;
};

static void add_pattern(void *context, struct fdm_text text)
{
	struct patterns *to = context;
	struct fdm_term *t = to->term;

	if (text.origin != FDM_PLAIN) {
		fdm_fail(to->lexer, text.at,
			"an account whose name a command prints cannot be taken over");
		return;
	}
	t->patterns = xreallocarray(t->patterns, t->n_patterns + 1, sizeof(*t->patterns));
	t->patterns[t->n_patterns++] = text.text;
}

static void take_term(struct fdm_lexer *l, struct fdm_rule *rule, bool either)
{
	struct fdm_term *t;

	rule->terms = xreallocarray(rule->terms, rule->n_terms + 1, sizeof(*rule->terms));
	t = &rule->terms[rule->n_terms++];
	*t = (struct fdm_term){.asks = FDM_CONTENT, .either = either};
	while (fdm_accept(l, "not") || fdm_accept(l, "!"))
		t->invert = !t->invert;
	if (fdm_accept(l, "all")) {
		t->asks = FDM_ALL;
	} else if (fdm_accept(l, "matched")) {
		t->asks = FDM_MATCHED;
	} else if (fdm_accept(l, "unmatched")) {
		t->asks = FDM_UNMATCHED;
	} else if (fdm_accept(l, "account") || fdm_accept(l, "accounts")) {
		t->asks = FDM_ACCOUNTS;
		fdm_take_texts(l, add_pattern, &(struct patterns){l, t});
	} else {
		take_content_test(l);
	}
}

/* action "a", actions { "a" "b" }, action drop, action { drop keep } */
static void take_rule_steps(struct fdm_lexer *l, struct fdm_rule *rule)
{
	struct fdm_place at = fdm_peek(l)->at;
	bool braces;

	if (!fdm_accept(l, "action") && !fdm_accept(l, "actions")) {
		fdm_unexpected(l, fdm_peek(l));
		return;
	}
	braces = fdm_accept(l, "{");
	do
		if (fdm_at_text(l))
			add_call(&(struct caller){&rule->steps, at}, fdm_take_text(l));
		else if (!accept_step(l, &rule->steps))
			fdm_unexpected(l, fdm_peek(l));
	while (braces && !l->failed && !fdm_accept(l, "}"));
}

void fdm_take_match(
	struct fdm_config *c, struct fdm_place at, struct fdm_rule *nest, unsigned depth)
{
	struct fdm_lexer *l = &c->lexer;
	struct fdm_rule rule = {.at = at}, *to;
	struct fdm_place users;
	bool either = false, more = true;

	while (more && !l->failed) {
		take_term(l, &rule, either);
		either = fdm_accept(l, "or");
		more = either || fdm_accept(l, "and");
	}
	if (fdm_accept_users(l, &users))
		fdm_note_users(c, users);
	nest->inner = xreallocarray(nest->inner, nest->n_inner + 1, sizeof(rule));
	to = &nest->inner[nest->n_inner++];
	*to = rule;
	if (fdm_accept(l, "{")) {
		to->nest = true;
		fdm_take_statements(c, to, depth + 1);
		fdm_expect(l, "}");
		return;
	}
	take_rule_steps(l, to);
	to->goes_on = fdm_accept(l, "continue");
}
