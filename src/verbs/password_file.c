/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Another account may have its password in a file of that name: only one with just this password is
 * taken for what an earlier run has left. */
#include "verbs/password_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/command.h"
#include "base/beside.h"
#include "base/file.h"
#include "base/text.h"

enum { PASSWORD_MAX = 4096 };

static bool has_password(const char *path, const char *password)
{
	struct buf text = {NULL, 0, 0};
	mode_t mode = 0;
	uid_t owner = 0;
	struct stat st;
	bool has = password && lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		file_slurp(path, PASSWORD_MAX, &text, &mode, &owner) && owner == geteuid() &&
		!(mode & 077) && span_is(secret_first_line(&text), password);

	buf_wipe(&text);
	return has;
}

char *password_file_beside(const char *config, const char *name, const char *password, bool *renews)
{
	const char *slash = strrchr(config, '/');
	char *named = slash == config ? xstrdup("/")
		: slash               ? xstrndup(config, (size_t)(slash - config))
				      : xstrdup(".");
	/* Where it is not there, it is made when the file is written. */
	char *real = realpath(named, NULL), *folder = real ? real : named;
	char *path = xasprintf("%s/%s.password", folder, name);
	struct stat st;

	*renews = false;
	for (unsigned n = 2; lstat(path, &st) == 0 && !(*renews = has_password(path, password));
		n++) {
		free(path);
		path = xasprintf("%s/%s-%u.password", folder, name, n);
	}
	free(real);
	free(named);
	return path;
}

/* Some file systems have no links. */
static bool put_in_place(const char *beside, const char *path, bool renews)
{
	if (!renews && link(beside, path) == 0)
		return true;
	return (renews || errno != EEXIST) && rename(beside, path) == 0;
}

bool password_file_write(
	const char *path, const char *password, bool renews, const char *shown, struct error *e)
{
	char *beside = NULL;
	int err, fd = beside_open(path, &beside);
	/* A umask may have taken too much. */
	bool done = fd >= 0 && fchmod(fd, S_IRUSR | S_IWUSR) == 0 &&
		file_write_all(fd, password, strlen(password)) && file_write_all(fd, "\n", 1) &&
		fsync(fd) == 0;

	done = done && put_in_place(beside, path, renews);
	err = errno;
	if (fd >= 0) {
		unlink(beside);
		close(fd);
	}
	free(beside);
	if (!done)
		return error_sys(
			e, ERROR_CONFIG, err, "cannot write %s", safe(span_of(shown)).text);
	if (file_sync_parent(path, ERROR_CONFIG, e))
		return true;
	if (!renews)
		unlink(path);
	return false;
}
