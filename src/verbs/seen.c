/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looking takes no lock, as check does; a change takes the account's, and is one transaction, so
 * that it is made or not, whatever is killed when.
 */
#include "verbs/seen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/jsonout.h"
#include "base/text.h"
#include "config/places.h"
#include "fetch/seenfile.h"
#include "verbs/seen_inner.h"

enum { IMPORT_MAX = 256 * 1024 * 1024 };

static char *state_file(const struct seen_job *job, const char *ending)
{
	return xasprintf("%s/%s.%s", job->config->state_dir, job->account->name, ending);
}

static bool fail_locked(pid_t holder, struct error *e)
{
	return error_set(e, ERROR_LATER,
		"another ambil (pid %lld) is fetching; nothing was changed", (long long)holder);
}

bool seen_job_look(struct seen_job *job, struct error *e)
{
	char *path = state_file(job, "db"), *lock = state_file(job, "lock");
	bool done = store_open_readonly(path, &job->store, e);
	pid_t holder;

	if (!done && e->kind == ERROR_BUSY && (holder = file_lock_holder(lock)))
		error_set(
			e, ERROR_LATER, "another ambil (pid %lld) is fetching", (long long)holder);
	free(path);
	free(lock);
	return done && (!job->store || store_check_user(job->store, job->account->user, e));
}

/* For a change, with the lock, which ends with the process. */
static bool open_to_change(struct seen_job *job, struct error *e)
{
	char *path = state_file(job, "db"), *lock = state_file(job, "lock");
	const struct account *a = job->account;
	bool done = false;
	pid_t holder = 0;
	int fd;

	if (!places_make_state(job->config->state_dir, e))
		goto end;
	switch (file_lock(lock, &fd, &holder, e)) {
	case FILE_LOCK_TAKEN:
		fail_locked(holder, e);
		break;
	case FILE_LOCK_HELD:
		job->store = store_open(path, a->endpoint.host, a->user, e);
		done = job->store != NULL;
		break;
	case FILE_LOCK_FAILED:
		break;
	}
end:
	free(path);
	free(lock);
	return done;
}

bool seen_job_load(struct seen_job *job, struct error *e)
{
	job->set = job->store ? store_load(job->store, e) : NULL;
	return job->set || !job->store;
}

size_t seen_job_rows(const struct seen_job *job)
{
	size_t n = 0;

	while (job->set && seen_at(job->set, n))
		n++;
	return n;
}

void seen_job_say_nothing(const struct seen_job *job)
{
	buf_printf(job->out, _("%s: nothing is known yet; the first fetch gets what is there\n"),
		job->account->shown);
}

/* ---- changes ---- */

/* How many messages were changed, and how many are not for a reason that has a name. */
static void tell_change(
	const struct seen_job *job, const char *event, size_t n, const char *reason, size_t others)
{
	jsonout_begin(job->out, event);
	jsonout_text(job->out, "account", job->account->shown);
	jsonout_number(job->out, "messages", (int64_t)n);
	jsonout_number(job->out, reason, (int64_t)others);
	jsonout_bool(job->out, "dry_run", job->cli->dry_run);
	jsonout_end(job->out);
}

static bool uid_is(const struct seen *row, const char *written)
{
	struct buf uid = {NULL, 0, 0};
	bool same;

	seenfile_add_uid(&uid, row->key.uid);
	same = span_is(row->key.uid, written) || (uid.data && strcmp(uid.data, written) == 0);
	buf_release(&uid);
	return same;
}

static bool no_such_uid(const struct seen_job *job, const char *written, size_t n, struct error *e)
{
	const char **uids = xcalloc(n, sizeof(*uids)), *nearest;
	struct buf *texts = xcalloc(n, sizeof(*texts));

	for (size_t i = 0; i < n; i++) {
		seenfile_add_uid(&texts[i], seen_at(job->set, i)->key.uid);
		uids[i] = texts[i].data ? texts[i].data : "";
	}
	nearest = text_nearest(written, uids, n);
	if (nearest)
		error_set(e, ERROR_USAGE,
			"no message with the UID \"%s\" is known (did you mean %s?)",
			safe(span_of(written)).text, nearest);
	else
		error_set(e, ERROR_USAGE, "no message with the UID \"%s\" is known",
			safe(span_of(written)).text);
	error_remedy(e, "to see them", "ambil seen %s", job->account->typed);
	for (size_t i = 0; i < n; i++)
		buf_release(&texts[i]);
	free(texts);
	free(uids);
	return false;
}

/* Rows that are asked for, of which those of an interrupted run must stay: the journal needs them.
 */
static bool choose(
	struct seen_job *job, struct store_key *keys, size_t *chosen, size_t *kept, struct error *e)
{
	size_t n = seen_job_rows(job);
	bool *wanted = xcalloc(n, sizeof(*wanted)), done = true;

	for (size_t k = 0; done && k < job->cli->n_forget; k++) {
		bool found = false;

		for (size_t i = 0; i < n; i++)
			if (uid_is(seen_at(job->set, i), job->cli->forget[k]))
				found = wanted[i] = true;
		done = found || no_such_uid(job, job->cli->forget[k], n, e);
	}
	*chosen = *kept = 0;
	for (size_t i = 0; i < n; i++) {
		const struct seen *row = seen_at(job->set, i);

		if (!wanted[i] && !job->cli->forget_all)
			continue;
		if (row->state == STORE_PREPARED)
			++*kept;
		else
			keys[(*chosen)++] = row->key;
	}
	free(wanted);
	return done;
}

static void say_forgotten(const struct seen_job *job, size_t n, size_t kept)
{
	if (job->cli->json) {
		tell_change(job, "forgotten", n, "unfinished", kept);
		return;
	}
	buf_printf(job->out,
		job->cli->dry_run
			? _n("%s: would forget %zu message", "%s: would forget %zu messages", n)
			: _n("%s: forgot %zu message", "%s: forgot %zu messages", n),
		job->account->shown, n);
	buf_printf(job->out, "%s\n", n ? _("; what the server still has is fetched again") : "");
	if (kept)
		buf_printf(job->out,
			_n("%s: %zu of an interrupted run stays; to finish it: ambil fetch %s\n",
				"%s: %zu of an interrupted run stay; to finish it: ambil fetch %s\n",
				kept),
			job->account->shown, kept, job->account->typed);
}

static bool open_for(struct seen_job *job, struct error *e)
{
	return (job->cli->dry_run ? seen_job_look(job, e) : open_to_change(job, e)) &&
		seen_job_load(job, e);
}

static bool has_state(const struct seen_job *job)
{
	char *path = state_file(job, "db");
	bool has = access(path, F_OK) == 0;

	free(path);
	return has;
}

static bool forget(struct seen_job *job, struct error *e)
{
	struct store_key *keys;
	size_t n = 0, kept = 0;
	bool done;

	/* Nothing is made only to be empty. */
	if (!has_state(job)) {
		if (job->cli->n_forget)
			return no_such_uid(job, job->cli->forget[0], 0, e);
		if (job->cli->json)
			say_forgotten(job, 0, 0);
		else
			seen_job_say_nothing(job);
		return true;
	}
	if (!open_for(job, e))
		return false;
	keys = xcalloc(seen_job_rows(job), sizeof(*keys));
	done = choose(job, keys, &n, &kept, e) &&
		(job->cli->dry_run || store_forget(job->store, keys, n, e));
	free(keys);
	if (done)
		say_forgotten(job, n, kept);
	return done;
}

/* A file, or standard input. */
static bool read_input(const char *path, const char *name, struct buf *text, struct error *e)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t got = fd < 0 ? -1 : 1;
	int err;

	while (got > 0 && text->len <= IMPORT_MAX) {
		buf_reserve(text, 65536);
		got = file_read_all(fd, text->data + text->len, 65536);
		if (got > 0)
			text->len += (size_t)got;
	}
	err = errno;
	if (fd >= 0 && !is_stdin)
		close(fd);
	if (got < 0)
		return error_sys(e, ERROR_INPUT, err, "cannot read %s", name);
	return got == 0 || error_set(e, ERROR_INPUT, "%s is too large to be a list of UIDs", name);
}

/* How many of them are not known. */
static size_t count_new(const struct seen_job *job, const struct seenfile *file)
{
	size_t n = 0;

	for (size_t i = 0; i < file->n; i++) {
		const struct seen *row = job->set ? seen_find(job->set, file->rows[i].key) : NULL;

		n += !row || row->state == STORE_NOTED;
	}
	return n;
}

/* A clock that was wrong there must not make mail old, nor keep it for ever. */
static int64_t sane_time(int64_t time_s, int64_t now_s)
{
	return time_s < CLOCK_SANE_S || time_s > now_s ? now_s : time_s;
}

static bool add_rows(
	struct seen_job *job, const struct seenfile *file, size_t *added, struct error *e)
{
	struct store_key *keys = xcalloc(file->n, sizeof(*keys));
	int64_t *times = xcalloc(file->n, sizeof(*times));
	bool *marked = xcalloc(file->n, sizeof(*marked)), done;

	for (size_t i = 0; i < file->n; i++) {
		keys[i] = file->rows[i].key;
		times[i] = sane_time(file->rows[i].seen_s, job->now_s);
		marked[i] = file->rows[i].marked;
	}
	done = store_import(job->store, keys, times, marked, file->n, added, e);
	free(keys);
	free(times);
	free(marked);
	return done;
}

static void say_taken(const struct seen_job *job, size_t added, size_t known)
{
	buf_printf(job->out,
		job->cli->dry_run ? _n("%s: would take %zu message as seen",
					    "%s: would take %zu messages as seen", added)
				  : _n("%s: took %zu message as seen",
					    "%s: took %zu messages as seen", added),
		job->account->shown, added);
	buf_printf(job->out, _n(", %zu was known already\n", ", %zu were known already\n", known),
		known);
}

static bool take_over(struct seen_job *job, const struct seenfile *file, struct error *e)
{
	size_t added = 0;
	bool done;

	if (!open_for(job, e))
		return false;
	if (job->cli->dry_run) {
		added = count_new(job, file);
		done = true;
	} else {
		done = add_rows(job, file, &added, e);
	}
	if (done && job->cli->json)
		tell_change(job, "taken", added, "known", file->n - added);
	else if (done)
		say_taken(job, added, file->n - added);
	return done;
}

static bool import(struct seen_job *job, struct error *e)
{
	const char *path = job->cli->import;
	const struct safe shown = safe(
		span_of(strcmp(path, "-") == 0 ? _("standard input") : path));
	struct buf text = {NULL, 0, 0};
	struct seenfile file = {.rows = NULL};
	bool done = read_input(path, shown.text, &text, e) &&
		seenfile_parse(buf_span(&text), shown.text, job->now_s, &file, e) &&
		take_over(job, &file, e);

	seenfile_release(&file);
	buf_release(&text);
	return done;
}

bool verb_seen(const struct config *config, const struct account *account, const struct cli *cli,
	size_t columns, struct buf *out, struct error *e)
{
	struct seen_job job = {.config = config,
		.account = account,
		.cli = cli,
		.columns = columns,
		.out = out,
		.now_s = clock_wall_s()};
	bool done;

	if (cli->n_forget || cli->forget_all)
		done = forget(&job, e);
	else if (cli->import)
		done = import(&job, e);
	else if (cli->export)
		done = seen_job_export(&job, e);
	else
		done = seen_job_show(&job, e);
	seen_set_free(job.set);
	store_free(job.store);
	return done;
}
