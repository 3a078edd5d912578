/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whoever reads finds the old file or the new one: it is written under another name and renamed.
 * But a failure that a full disk makes must be remembered, too: then into the old file's place on
 * it. */
#include "history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "config/places.h"

enum { SIZE_MAX_OCTETS = 4096 };

static char *path_of(const char *state_dir, const char *account, const char *ending)
{
	return xasprintf("%s/%s.runs%s", state_dir, account, ending);
}

bool history_read(const char *state_dir, const char *account, struct quiet *out, struct error *e)
{
	char *path = path_of(state_dir, account, "");
	struct buf text = {NULL, 0, 0};
	struct stat st;
	bool done = true, worked = false;

	*out = (struct quiet){.since_s = 0};
	if (!file_slurp(path, SIZE_MAX_OCTETS, &text, NULL, NULL))
		done = errno == ENOENT ||
			error_sys(e, ERROR_STORE, errno, "cannot read how the last runs went, %s",
				path);
	else if (!quiet_read(out, buf_span(&text), &worked))
		done = error_set(e, ERROR_STORE,
			"%s does not say how the last runs went; the next one writes it anew",
			path);
	if (worked && stat(path, &st) == 0)
		out->worked_s = (int64_t)st.st_mtim.tv_sec;
	buf_release(&text);
	free(path);
	return done;
}

/* create: O_CREAT, or 0. What the file had is overwritten before it is cut, so that its place on
 * the disk is kept. */
static bool write_file(const char *path, int create, const struct buf *text)
{
	int fd = open(path, O_WRONLY | create | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	bool done;

	if (fd < 0)
		return false;
	done = file_write_all(fd, text->data, text->len) && ftruncate(fd, (off_t)text->len) == 0;
	return close(fd) == 0 && done;
}

static bool replace(
	const char *state_dir, const char *account, const char *path, const struct quiet *now)
{
	char ending[40], *beside;
	struct buf text = {NULL, 0, 0};
	bool done;

	/* Two runs may be at it. */
	snprintf(ending, sizeof(ending), ".%ld", (long)getpid());
	beside = path_of(state_dir, account, ending);
	quiet_write(now, &text);
	done = write_file(beside, O_CREAT, &text) && rename(beside, path) == 0;
	if (!done) {
		unlink(beside);
		done = write_file(path, 0, &text);
	}
	buf_release(&text);
	free(beside);
	return done;
}

/* The time of the file is what the clock says, as in now->worked_s. */
static bool touch(const char *path, int64_t now_s)
{
	const struct timespec times[2] = {{.tv_sec = (time_t)now_s}, {.tv_sec = (time_t)now_s}};

	return utimensat(AT_FDCWD, path, times, 0) == 0;
}

/* The folder may not be there yet. */
static bool replace_anyhow(
	const char *state_dir, const char *account, const char *path, const struct quiet *now)
{
	struct error ignored;

	return replace(state_dir, account, path, now) ||
		(places_make_state(state_dir, &ignored) && replace(state_dir, account, path, now));
}

bool history_write(const char *state_dir, const char *account, const struct quiet *before,
	const struct quiet *now)
{
	char *path = path_of(state_dir, account, "");
	bool works = !now->since_s && now->worked_s, worked = !before->since_s && before->worked_s;
	bool taken = now->taken_s || before->taken_s, done;

	done = works && worked && !taken && touch(path, now->worked_s);
	if (!done)
		done = replace_anyhow(state_dir, account, path, now) &&
			(!works || touch(path, now->worked_s));
	free(path);
	return done;
}
