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
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/jsonout.h"
#include "base/text.h"
#include "fit.h"
#include "places.h"
#include "seenfile.h"

enum {
	IMPORT_MAX = 256 * 1024 * 1024,
	UID_COLUMNS_MAX = 70,
	SIZE_COLUMNS = 5,
	STATE_COLUMNS = 8,
	DAY_COLUMNS = 10
};

struct seen_job {
	const struct config *config;
	const struct account *account;
	const struct cli *cli;
	size_t columns;
	struct buf *out;
	struct store *store;
	struct seen_set *set;
	int64_t now_s;
};

static char *state_file(const struct seen_job *job, const char *ending)
{
	return xasprintf("%s/%s.%s", job->config->state_dir, job->account->name, ending);
}

static bool fail_locked(pid_t holder, struct error *e)
{
	return error_set(e, ERROR_LATER,
		"another ambil (pid %lld) is fetching; nothing was changed", (long long)holder);
}

/* For looking; store stays NULL where nothing is known yet. */
static bool open_to_look(struct seen_job *job, struct error *e)
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

static bool load(struct seen_job *job, struct error *e)
{
	job->set = job->store ? store_load(job->store, e) : NULL;
	return job->set || !job->store;
}

static size_t rows_of(const struct seen_job *job)
{
	size_t n = 0;

	while (job->set && seen_at(job->set, n))
		n++;
	return n;
}

static void say_nothing_known(const struct seen_job *job)
{
	buf_printf(job->out, _("%s: nothing is known yet; the first fetch gets what is there\n"),
		job->account->shown);
}

/* ---- showing ---- */

/* Scripts read them in English. */
enum word { ARRIVING, MARKED, SEEN, DELETED, FAILED, NOTED, WORDS };
static const char *const words[WORDS] = {[ARRIVING] = N_("arriving"),
	[MARKED] = N_("marked"),
	[SEEN] = N_("seen"),
	[DELETED] = N_("deleted"),
	[FAILED] = N_("failed"),
	[NOTED] = N_("noted")};

static const char *state_word(const struct seen *row)
{
	switch (row->state) {
	case STORE_PREPARED:
		return words[ARRIVING];
	case STORE_DELIVERED:
		return words[row->marked ? MARKED : SEEN];
	case STORE_REMOVED:
		return words[DELETED];
	case STORE_NOTED:
		break;
	}
	return words[row->attempts ? FAILED : NOTED];
}

static size_t state_columns(void)
{
	return STATE_COLUMNS + text_growth(words, WORDS);
}

/* What is said of one row. Times are 0 where there is none. */
struct line {
	const struct seen *row;
	int64_t since_s, due_s;
	char why[400];
};

static bool describe(
	const struct seen_job *job, const struct seen *row, struct line *line, struct error *e)
{
	*line = (struct line){.row = row};
	if (row->state == STORE_NOTED || row->state == STORE_PREPARED)
		return store_failure(
			job->store, row->key, line->why, sizeof(line->why), &line->since_s, e);
	line->since_s = row->state == STORE_REMOVED ? row->removed_s : row->delivered_s;
	line->due_s = plan_due_s(row, &job->account->policy, job->now_s);
	return true;
}

static void add_day(struct buf *out, int64_t seconds)
{
	time_t t = (time_t)seconds;
	char day[16] = "-";
	struct tm tm;

	if (seconds > 0 && localtime_r(&t, &tm))
		strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	buf_add_text(out, day);
}

/* Why it failed, since when the server does not list it, when it is due to be deleted there. */
static void add_note(struct buf *out, const struct seen_job *job, const struct line *line)
{
	struct buf day = {NULL, 0, 0};

	if (line->row->attempts && line->row->state == STORE_NOTED)
		buf_printf(out,
			_n("%u attempt: %s", "%u attempts: %s", (unsigned)line->row->attempts),
			(unsigned)line->row->attempts, line->why);
	if (line->row->missing) {
		add_day(&day, line->row->missing_s);
		buf_add_text(out, out->len ? "; " : "");
		buf_printf(out, _("gone %s"), day.data);
	} else if (line->due_s && line->due_s <= job->now_s) {
		buf_add_text(out, _("due now"));
	} else if (line->due_s) {
		add_day(&day, line->due_s);
		buf_printf(out, _("due %s"), day.data);
	}
	buf_release(&day);
}

static void add_aligned(
	struct seen_job *job, const struct line *line, const char *uid, size_t uid_width)
{
	struct buf note = {NULL, 0, 0};
	size_t used = uid_width + 2 + SIZE_COLUMNS + 2 + state_columns() + 2 + DAY_COLUMNS + 2;
	char size[32] = "-";

	if (line->row->size)
		text_size_short(size, sizeof(size), line->row->size);
	buf_printf(job->out, "%-*s  %*s  ", (int)uid_width, uid, SIZE_COLUMNS, size);
	text_pad(job->out, _(state_word(line->row)), state_columns());
	buf_add_text(job->out, "  ");
	add_day(job->out, line->since_s);
	add_note(&note, job, line);
	if (note.len) {
		buf_printf(job->out, "%*s", line->since_s > 0 ? 2 : 2 + DAY_COLUMNS - 1, "");
		/* Where there is hardly room for it, it may go on in the next line. */
		fit_add(job->out, buf_span(&note),
			job->columns > used + 20 ? job->columns - used - 1 : FIT_ALL, false);
	}
	buf_add_text(job->out, "\n");
	buf_release(&note);
}

static void add_moment(struct buf *out, int64_t seconds)
{
	char text[TEXT_UTC_ROOM] = "";

	if (seconds > 0)
		text_utc(text, seconds);
	buf_printf(out, "\t%s", text[0] ? text : "-");
}

static void add_fields(struct seen_job *job, const struct line *line, const char *uid)
{
	buf_printf(job->out, "%s\t", uid);
	if (line->row->size)
		buf_printf(job->out, "%llu", (unsigned long long)line->row->size);
	else
		buf_add_text(job->out, "-");
	buf_printf(job->out, "\t%s", state_word(line->row));
	add_moment(job->out, line->since_s);
	add_moment(job->out, line->row->missing ? line->row->missing_s : 0);
	add_moment(job->out, line->due_s);
	buf_printf(job->out, "\t%u\t", (unsigned)line->row->attempts);
	if (line->why[0])
		fit_add(job->out, span_of(line->why), FIT_ALL, false);
	else
		buf_add_text(job->out, "-");
	buf_add_text(job->out, "\n");
}

static void add_event(struct seen_job *job, const struct line *line, const char *uid)
{
	const struct seen *row = line->row;

	jsonout_begin(job->out, "seen");
	jsonout_text(job->out, "account", job->account->shown);
	if (uid[0])
		jsonout_text(job->out, "uid", uid);
	if (row->size)
		jsonout_number(job->out, "size", (int64_t)row->size);
	jsonout_text(job->out, "state", state_word(row));
	jsonout_time(job->out, "since", line->since_s > 0 ? line->since_s : -1);
	jsonout_bool(job->out, "gone", row->missing);
	jsonout_time(
		job->out, "gone_since", row->missing && row->missing_s > 0 ? row->missing_s : -1);
	jsonout_time(job->out, "due", line->due_s > 0 ? line->due_s : -1);
	jsonout_number(job->out, "attempts", row->attempts);
	if (line->why[0])
		jsonout_text(job->out, "why", line->why);
	jsonout_end(job->out);
}

static size_t widest_uid(const struct seen_job *job, size_t n)
{
	struct buf uid = {NULL, 0, 0};
	size_t width = 3;

	for (size_t i = 0; i < n; i++) {
		buf_clear(&uid);
		seenfile_add_uid(&uid, seen_at(job->set, i)->key.uid);
		if (uid.len > width)
			width = uid.len;
	}
	buf_release(&uid);
	return width < UID_COLUMNS_MAX ? width : UID_COLUMNS_MAX;
}

static void add_title(struct seen_job *job, size_t uid_width)
{
	const char *size = _("SIZE");
	size_t columns = text_columns(span_of(size));

	text_pad(job->out, "UID", uid_width + 2);
	buf_printf(job->out, "%*s%s  ", columns < SIZE_COLUMNS ? (int)(SIZE_COLUMNS - columns) : 0,
		"", size);
	text_pad(job->out, _("STATE"), state_columns() + 2);
	text_pad(job->out, _("SINCE"), DAY_COLUMNS + 2);
	buf_printf(job->out, "%s\n", _("NOTE"));
}

/* What came last first, as in list. */
static bool show(struct seen_job *job, struct error *e)
{
	size_t n, width;
	struct buf uid = {NULL, 0, 0};
	bool done = true;

	if (!open_to_look(job, e) || !load(job, e))
		return false;
	n = rows_of(job);
	if (!n) {
		if (job->columns && !job->cli->json)
			say_nothing_known(job);
		return true;
	}
	width = widest_uid(job, n);
	if (job->columns && !job->cli->json)
		add_title(job, width);
	for (size_t i = n; done && i-- > 0;) {
		struct line line;

		done = describe(job, seen_at(job->set, i), &line, e);
		if (!done)
			break;
		buf_clear(&uid);
		seenfile_add_uid(&uid, line.row->key.uid);
		if (job->cli->json)
			add_event(job, &line, uid.data ? uid.data : "");
		else if (job->columns)
			add_aligned(job, &line, uid.data ? uid.data : "", width);
		else
			add_fields(job, &line, uid.data ? uid.data : "");
	}
	buf_release(&uid);
	return done;
}

static bool export(struct seen_job *job, struct error *e)
{
	if (!open_to_look(job, e) || !load(job, e))
		return false;
	buf_printf(job->out, _("# ambil seen %s: UID, time of delivery\n"), job->account->shown);
	for (size_t i = 0, n = rows_of(job); i < n; i++)
		if (seen_at(job->set, i)->state == STORE_DELIVERED)
			seenfile_add(job->out, seen_at(job->set, i));
	return true;
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
	size_t n = rows_of(job);
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
	return (job->cli->dry_run ? open_to_look(job, e) : open_to_change(job, e)) && load(job, e);
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
			say_nothing_known(job);
		return true;
	}
	if (!open_for(job, e))
		return false;
	keys = xcalloc(rows_of(job), sizeof(*keys));
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
		done = export(&job, e);
	else
		done = show(&job, e);
	seen_set_free(job.set);
	store_free(job.store);
	return done;
}
