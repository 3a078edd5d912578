/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where an account's mail goes: fdm's rules, gone through from first to last with what is known of
 * every mail of the account. A rule that asks for what stands in a mail may be true for one and
 * false for another: it is told, and passed over.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "import/fdm_inner.h"

enum truth { NO, YES, MAYBE };
enum { CALLS_MAX = 5 }; /* as fdm */

struct walk {
	struct fdm_config *config;
	const struct fdm_account *account;
	struct imported_account *to;
	struct fdm_outcome *outcome;
	enum truth matched; /* whether a rule with "continue" was true before */
	unsigned n_steps, n_looks;
};

/* ---- what a rule asks ---- */

static enum truth is_account(const struct fdm_term *t, const char *name)
{
	for (size_t i = 0; i < t->n_patterns; i++)
		if (fnmatch(t->patterns[i], name, 0) == 0)
			return YES;
	return NO;
}

static enum truth negate(enum truth t)
{
	return t == MAYBE ? MAYBE : t == YES ? NO : YES;
}

static enum truth ask(const struct walk *w, const struct fdm_term *t)
{
	enum truth answer = t->asks == FDM_ALL ? YES
		: t->asks == FDM_ACCOUNTS      ? is_account(t, w->account->name.text)
		: t->asks == FDM_MATCHED       ? w->matched
		: t->asks == FDM_UNMATCHED     ? negate(w->matched)
					       : MAYBE;

	return t->invert ? negate(answer) : answer;
}

/* From left to right, "and" and "or" alike. */
static enum truth is_true(const struct walk *w, const struct fdm_rule *rule)
{
	enum truth so_far = rule->n_terms ? ask(w, &rule->terms[0]) : YES;

	for (size_t i = 1; i < rule->n_terms; i++) {
		enum truth next = ask(w, &rule->terms[i]);
		enum truth strong = rule->terms[i].either ? YES : NO;

		if (so_far == strong || next == strong)
			so_far = strong;
		else if (so_far == MAYBE || next == MAYBE)
			so_far = MAYBE;
	}
	return so_far;
}

/* ---- what is done then ---- */

static const char *word_of(enum fdm_do what)
{
	static const char *const words[] = {[FDM_DROP] = "drop",
		[FDM_KEEP] = "keep",
		[FDM_MAILDIR] = "maildir",
		[FDM_MBOX] = "mbox",
		[FDM_PIPE] = "pipe",
		[FDM_APPEND] = "append",
		[FDM_STDOUT] = "stdout",
		[FDM_EXEC] = "exec",
		[FDM_WRITE] = "write",
		[FDM_SMTP] = "smtp",
		[FDM_IMAP] = "imap",
		[FDM_REWRITE] = "rewrite",
		[FDM_HEADERS] = "add-header/remove-header",
		[FDM_NOTES] = "tag",
		[FDM_CALL] = "action"};

	return words[what];
}

static bool is_file(const struct fdm_step *step)
{
	return step->what == FDM_MAILDIR || step->what == FDM_MBOX;
}

/* As it stands in the file; fresh. */
static char *shown(const struct fdm_step *step)
{
	const char *text = step->argument.origin == FDM_PLAIN ? step->argument.text : "";

	return xasprintf("%s%s%s", word_of(step->what), *text ? " " : "", safe(span_of(text)).text);
}

/* Named in po/sources.sh. */
#define NOTE(w, step, fmt)                                                              \
	do {                                                                            \
		char *words = shown(step);                                              \
		fdm_note((w)->config, (w)->to, IMPORT_DROPPED, (step)->at, fmt, words); \
		free(words);                                                            \
	} while (0)

/* Of several places, a file of mail; else the first. */
static void deliver(struct walk *w, struct fdm_step *step)
{
	struct fdm_step *other = step;

	if (!w->outcome->deliver || (is_file(step) && !is_file(w->outcome->deliver))) {
		other = w->outcome->deliver;
		w->outcome->deliver = step;
	}
	if (other)
		NOTE(w, other, "%s, because mail goes to one place here, which is the other one");
}

static void do_steps(struct walk *w, struct fdm_steps *steps, unsigned calls);

/* The name may have wildcards and tags. */
static void call(struct walk *w, const struct fdm_step *step, unsigned calls)
{
	struct fdm_tags tags = {.world = w->config->lexer.world, .account = w->account};
	struct buf name = {0};
	bool found = false;

	if (step->argument.origin != FDM_PLAIN || !fdm_replace(&tags, step->argument.text, &name)) {
		NOTE(w, step, "%s, because which action that is differs between mails");
		buf_release(&name);
		return;
	}
	for (size_t i = 0; i < w->config->n_actions; i++) {
		if (fnmatch(name.data ? name.data : "", w->config->actions[i].name, 0) != 0)
			continue;
		found = true;
		if (calls < CALLS_MAX)
			do_steps(w, &w->config->actions[i].steps, calls + 1);
		else
			NOTE(w, step, "%s, because too many actions call each other");
	}
	if (!found)
		NOTE(w, step, "%s, because there is no action of that name");
	buf_release(&name);
}

static void do_step(struct walk *w, struct fdm_step *step, unsigned calls)
{
	switch (step->what) {
	case FDM_DROP:
	case FDM_KEEP:
		w->outcome->keeps = step->what == FDM_KEEP;
		w->outcome->drops = step->what == FDM_DROP;
		break;
	case FDM_MAILDIR:
	case FDM_MBOX:
	case FDM_PIPE:
	case FDM_APPEND:
	case FDM_STDOUT:
		deliver(w, step);
		break;
	case FDM_EXEC:
	case FDM_WRITE:
	case FDM_SMTP:
	case FDM_IMAP:
		NOTE(w, step, "%s, because there is no such destination");
		break;
	case FDM_REWRITE:
	case FDM_HEADERS:
		NOTE(w, step, "%s, because mail is not changed here");
		break;
	case FDM_NOTES:
		break;
	case FDM_CALL:
		call(w, step, calls);
		break;
	}
}

static void do_steps(struct walk *w, struct fdm_steps *steps, unsigned calls)
{
	enum { STEPS_MAX = 200 };

	/* Actions that call several others would multiply. What is behind may be "keep". */
	for (size_t i = 0; i < steps->n; i++) {
		if (w->n_steps++ >= STEPS_MAX) {
			w->outcome->may_keep = steps->list[i].at;
			w->outcome->all_alike = false;
			return;
		}
		do_step(w, &steps->list[i], calls);
	}
}

/* ---- from first to last ---- */

static bool steps_keep(struct walk *w, const struct fdm_steps *steps, unsigned calls);

/* An action whose name differs between mails may be any of them. */
static bool call_keeps(struct walk *w, const struct fdm_step *step, unsigned calls)
{
	for (size_t i = 0; calls < CALLS_MAX && i < w->config->n_actions; i++) {
		const struct fdm_action *a = &w->config->actions[i];
		bool plain = step->argument.origin == FDM_PLAIN &&
			!strchr(step->argument.text, '%');

		if ((!plain || fnmatch(step->argument.text, a->name, 0) == 0) &&
			steps_keep(w, &a->steps, calls + 1))
			return true;
	}
	return false;
}

/* Whether mail stays on the server after these, or may: nobody looks at more than so many. */
static bool steps_keep(struct walk *w, const struct fdm_steps *steps, unsigned calls)
{
	enum { STEPS_MAX = 2000 };

	for (size_t i = 0; i < steps->n; i++)
		if (w->n_looks++ >= STEPS_MAX || steps->list[i].what == FDM_KEEP ||
			(steps->list[i].what == FDM_CALL && call_keeps(w, &steps->list[i], calls)))
			return true;
	return false;
}

static bool rule_keeps(struct walk *w, const struct fdm_rule *rule)
{
	if (rule->nest)
		for (size_t i = 0; i < rule->n_inner; i++)
			if (rule_keeps(w, &rule->inner[i]))
				return true;
	return !rule->nest && steps_keep(w, &rule->steps, 0);
}

static void note_rule(struct walk *w, struct fdm_rule *rule)
{
	if (!w->outcome->may_keep.line && rule_keeps(w, rule))
		w->outcome->may_keep = rule->at;
	w->outcome->all_alike = false;
	if (!rule->noted && w->config->noted)
		fdm_note(w->config, NULL, IMPORT_DROPPED, rule->at, "match, for the same reason");
	else if (!rule->noted)
		fdm_note(w->config, NULL, IMPORT_DROPPED, rule->at,
			"match, because mail is not looked into here: it goes where all other mail "
			"of its account goes. fdm itself can sort it, with an account of type stdin: "
			"deliver = \"pipe:fdm -m -a stdin fetch\"");
	rule->noted = w->config->noted = true;
}

/* True when no rule behind these is asked. */
static bool go_through(struct walk *w, struct fdm_rule *nest)
{
	for (size_t i = 0; i < nest->n_inner; i++) {
		struct fdm_rule *rule = &nest->inner[i];
		enum truth answer = is_true(w, rule);

		if (answer == MAYBE) {
			note_rule(w, rule);
			if (!rule->nest && w->matched == NO)
				w->matched = MAYBE;
		} else if (answer == YES && rule->nest) {
			if (go_through(w, rule))
				return true;
		} else if (answer == YES) {
			do_steps(w, &rule->steps, 0);
			w->matched = YES;
			if (!rule->goes_on)
				return true;
		}
	}
	return false;
}

void fdm_decide(struct fdm_config *c, const struct fdm_account *account,
	struct imported_account *to, struct fdm_outcome *outcome)
{
	struct walk w = {.config = c, .account = account, .to = to, .outcome = outcome};

	*outcome = (struct fdm_outcome){.all_alike = true};
	if (go_through(&w, &c->rules))
		return;
	/* Behind the last rule fdm forgets what "keep" and "drop" have said. */
	outcome->keeps = !c->options.drops_unmatched.line;
	outcome->drops = false;
}
