/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The configuration with something added: written beside the old one, made durable, read back as
 * any run would read it, and only then put in its place. What was there stays octet by octet, and
 * so does its mode; a new file is private. A symbolic link stays one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "verbs/edit.h"
#include "verbs/import_inner.h"

enum { CONFIG_MAX = 1024 * 1024 };

/* The old text and the new one behind it. */
static bool join(const char *path, bool found, const struct buf *text, struct buf *whole,
	mode_t *mode, struct error *e)
{
	*mode = 0600;
	if (found && !file_slurp(path, CONFIG_MAX, whole, mode, NULL))
		return error_sys(e, ERROR_CONFIG, errno, "cannot read %s", path);
	if (whole->len && whole->data[whole->len - 1] != '\n')
		buf_add_text(whole, "\n");
	if (whole->len)
		buf_add_text(whole, "\n");
	buf_add(whole, text->data, text->len);
	return true;
}

static bool write_whole(
	const char *path, const struct buf *whole, mode_t mode, int fd, struct error *e)
{
	bool done = fchmod(fd, mode) == 0 && file_write_all(fd, whole->data, whole->len) &&
		fsync(fd) == 0;

	return done || error_sys(e, ERROR_CONFIG, errno, "cannot write %s", path);
}

/* As any run would read it: a mistake of ours must not leave a file that no run can use. */
static bool read_back(const char *path, struct error *e)
{
	struct config config;
	struct error why;
	bool done = config_load(path, &config, NULL, &why);

	if (done)
		config_release(&config);
	return done ||
		error_set(e, ERROR_CONFIG, "nothing was changed: the new file would be wrong: %s",
			why.text);
}

static bool write_beside(
	struct import_file *file, const struct buf *whole, mode_t mode, struct error *e)
{
	int fd;
	bool done;

	file->beside = xasprintf("%s.XXXXXX", file->path);
	fd = mkstemp(file->beside);
	if (fd < 0) {
		free(file->beside);
		file->beside = NULL;
		return error_sys(e, ERROR_CONFIG, errno, "cannot write beside %s", file->path);
	}
	done = write_whole(file->path, whole, mode & 0777, fd, e);
	close(fd);
	return done && read_back(file->beside, e);
}

bool import_file_write(struct import_file *file, const char *path, bool found,
	const struct buf *text, struct error *e)
{
	struct buf whole = {0};
	mode_t mode;
	bool done;

	*file = (struct import_file){.path = found ? realpath(path, NULL) : xstrdup(path)};
	if (!file->path)
		return error_sys(e, ERROR_CONFIG, errno, "cannot read %s", path);
	done = (found || edit_make_folder(file->path, e)) &&
		join(file->path, found, text, &whole, &mode, e) &&
		write_beside(file, &whole, mode, e);
	buf_wipe(&whole); /* an old file may hold passwords */
	return done;
}

bool import_file_place(struct import_file *file, struct error *e)
{
	if (rename(file->beside, file->path) < 0)
		return error_sys(e, ERROR_CONFIG, errno, "cannot write %s", file->path);
	free(file->beside);
	file->beside = NULL;
	return file_sync_parent(file->path, ERROR_CONFIG, e);
}

void import_file_release(struct import_file *file)
{
	if (file->beside)
		unlink(file->beside);
	free(file->beside);
	free(file->path);
	*file = (struct import_file){.path = NULL};
}
