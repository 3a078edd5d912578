/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * "Only mail that arrives from now on": what the session of the login has listed is taken as seen,
 * without another one.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "config/places.h"
#include "fetch/seenfile.h"
#include "local/store.h"
#include "verbs/setup_inner.h"

static bool mark(struct setup *s, const struct seenfile *list, struct error *e)
{
	const struct account *a = s->account;
	char *path = xasprintf("%s/%s.db", s->config.state_dir, a->name);
	struct store *store = store_open(path, a->endpoint.host, a->user, e);
	struct store_key *keys = xcalloc(list->n, sizeof(*keys));
	int64_t *times = xcalloc(list->n, sizeof(*times));
	bool *marked = xcalloc(list->n, sizeof(*marked)), done;
	size_t added = 0;

	for (size_t i = 0; i < list->n; i++) {
		keys[i] = list->rows[i].key;
		times[i] = list->rows[i].seen_s;
		marked[i] = true;
	}
	done = store && store_import(store, keys, times, marked, list->n, &added, e);
	s->marked = added;
	store_free(store);
	free(keys);
	free(times);
	free(marked);
	free(path);
	return done;
}

bool setup_can_mark(const struct setup *s)
{
	return s->uids && s->mailbox.listed;
}

/* By the lock that a run would have. */
static bool mark_locked(struct setup *s, const struct seenfile *list, struct error *e)
{
	char *path = xasprintf("%s/%s.lock", s->config.state_dir, s->account->name);
	bool done;
	int fd = -1;

	done = store_lock(path, &fd, e) && mark(s, list, e);
	if (fd >= 0)
		close(fd);
	free(path);
	return done;
}

bool setup_mark(struct setup *s, struct error *e)
{
	struct buf text = {NULL, 0, 0};
	struct seenfile list = {.rows = NULL};
	int fd = fileno(s->uids);
	off_t size = lseek(fd, 0, SEEK_END);
	ssize_t got = -1;
	bool done;

	if (size >= 0 && lseek(fd, 0, SEEK_SET) == 0) {
		buf_reserve(&text, (size_t)size);
		got = file_read_all(fd, text.data, (size_t)size);
	}
	if (got > 0)
		text.len = (size_t)got;
	done = got == size || error_set(e, ERROR_STORE, "cannot read the list of mail back");
	done = done &&
		seenfile_parse(buf_span(&text), s->account->name, clock_wall_s(), &list, e) &&
		places_make_state(s->config.state_dir, e) && mark_locked(s, &list, e);
	seenfile_release(&list);
	buf_release(&text);
	return done;
}
