/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known already of the mailbox of an account, under its name or another one. */
#include <stdlib.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/mem.h"
#include "fetch/renamed.h"
#include "verbs/setup_inner.h"

static char *state_path(const struct setup *s, const char *ending)
{
	return xasprintf("%s/%s.%s", s->config.state_dir, s->account->name, ending);
}

bool setup_has_state(const struct setup *s)
{
	char *path = state_path(s, "db");
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

void setup_forget_state(const struct setup *s)
{
	static const char *const endings[] = {"db", "db-wal", "db-shm", "lock"};

	for (size_t i = 0; !s->old_state && i < sizeof(endings) / sizeof(endings[0]); i++) {
		char *path = state_path(s, endings[i]);

		unlink(path);
		free(path);
	}
}

/* The name that the mailbox was fetched under before; fresh, or NULL. */
static char *find_other_name(const struct setup *s)
{
	const char **known = xcalloc(s->config.n + 1, sizeof(*known));
	struct renamed r = renamed_of(s->account, s->config.state_dir, known, s->config.n);
	char *old;

	for (size_t i = 0; i < s->config.n; i++)
		known[i] = s->config.accounts[i].name;
	old = s->is_new && !s->old_state ? renamed_find(&r) : NULL;
	free(known);
	return old;
}

void setup_tell_other_name(const struct setup *s)
{
	char *old = find_other_name(s), *text;

	if (!old)
		return;
	text = xasprintf(_("This mailbox was fetched before under the name \"%s\": it goes on from "
			   "there; to fetch all again:  ambil fetch %s --all"),
		old, s->account->name);
	setup_explain(s, text);
	free(text);
	free(old);
}

bool setup_take_other_name(struct setup *s, struct error *e)
{
	struct renamed r = renamed_of(s->account, s->config.state_dir, NULL, 0);
	char *old = find_other_name(s);
	bool done = !old || renamed_take(&r, old, e);

	s->old_state = s->old_state || old;
	free(old);
	return done;
}
