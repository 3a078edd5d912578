/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may log in. Each user has a mailbox of their own. */
#include "users.h"

#include <stdlib.h>
#include <string.h>

bool users_add(struct users *users, struct span name, struct span password, const char *spec,
	const struct mailbox_style *style, struct problem *p)
{
	struct mailbox *box = mailbox_new(spec, style, p);

	if (!box)
		return false;
	users->at = mem_grow(users->at, (users->count + 1) * sizeof *users->at);
	users->at[users->count++] = (struct user){str_copy(name.data, name.len),
		str_copy(password.data, password.len), box};
	return true;
}

static bool add_line(struct users *users, char *line, const struct mailbox_style *style,
	struct problem *p)
{
	char *password = strchr(line, ':');
	char *spec = password ? strchr(password + 1, ':') : NULL;

	if (!*line || *line == '#')
		return true;
	if (!spec)
		return problem_set(p, "not user:password:spec: %s", line);
	return users_add(users, (struct span){line, (size_t)(password - line)},
		(struct span){password + 1, (size_t)(spec - password - 1)}, spec + 1, style, p);
}

bool users_read(struct users *users, const char *path, const struct mailbox_style *style,
	struct problem *p)
{
	struct text text = {0};
	bool done = file_read(path, &text, p);
	char *line = text.data;

	while (done && line && *line) {
		char *end = strchr(line, '\n');
		if (end)
			*end = '\0';
		done = add_line(users, line, style, p);
		line = end ? end + 1 : NULL;
	}
	text_release(&text);
	return done;
}

void users_release(struct users *users)
{
	for (size_t i = 0; i < users->count; i++) {
		free(users->at[i].name);
		free(users->at[i].password);
		mailbox_free(users->at[i].box);
	}
	free(users->at);
	*users = (struct users){0};
}

const struct user *users_find(const struct users *users, const char *name)
{
	for (size_t i = 0; i < users->count; i++)
		if (strcmp(users->at[i].name, name) == 0)
			return &users->at[i];
	return NULL;
}
