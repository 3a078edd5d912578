/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The only writer of configurations that are not the editor's. The old text is compared once more
 * before the rename: an editor that has saved the file meanwhile must not lose what was typed.
 */
#include "config/conffile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "config/config.h"
#include "config/places.h"

enum { CONFIG_MAX = 1024 * 1024 };

bool conffile_make_folder(const char *path, struct error *e)
{
	char *home = places_home(), *usual = places_user_config(home), *folder;
	bool done = true;

	if (strcmp(path, usual) == 0 && access(home, F_OK) == 0) {
		folder = xstrndup(path, (size_t)(strrchr(path, '/') - path));
		done = file_make_folders(folder, home, ERROR_CONFIG, e);
		free(folder);
	}
	free(usual);
	free(home);
	return done;
}

enum deed { READ, WRITE, WRITE_BESIDE };
static bool cannot(enum deed deed, const char *path, int err, struct error *e)
{
	char *home = places_home(), *shown = text_tilde(path, home);

	switch (deed) {
	case READ:
		error_sys(e, ERROR_CONFIG, err, "cannot read %s", shown);
		break;
	case WRITE:
		error_sys(e, ERROR_CONFIG, err, "cannot write %s", shown);
		break;
	case WRITE_BESIDE:
		error_sys(e, ERROR_CONFIG, err, "cannot write beside %s", shown);
		break;
	}
	free(shown);
	free(home);
	return false;
}

static bool is_writable(const char *path, mode_t mode, struct error *e)
{
	char *home, *shown;

	if (mode & S_IWUSR)
		return true;
	home = places_home();
	shown = text_tilde(path, home);
	error_set(e, ERROR_CONFIG, "%s is read-only; nothing was changed", shown);
	error_remedy(e, "if it may be changed", "chmod u+w %s", shown);
	free(shown);
	free(home);
	return false;
}

/* The folder of the file, or what is there of those above it that would be made. */
static bool may_make_file(const char *target)
{
	char *folder = xstrdup(target), *slash = strrchr(folder, '/');
	bool done;

	while (slash && slash > folder) {
		*slash = '\0';
		if (access(folder, F_OK) == 0)
			break;
		slash = strrchr(folder, '/');
	}
	done = access(!slash ? "." : slash == folder ? "/" : folder, W_OK) == 0;
	free(folder);
	return done;
}

/* What is there belongs to all users of the machine. */
static bool advise_own(const char *path, struct error *e)
{
	char *home = places_home(), *usual = places_user_config(home),
	     *shown = text_tilde(usual, home);

	if (strcmp(path, places_system_config()) == 0)
		error_remedy(e, "for a file of your own", "-c %s", shown);
	free(shown);
	free(usual);
	free(home);
	return false;
}

bool conffile_may_change(const char *path, struct error *e)
{
	struct stat st;
	bool there = lstat(path, &st) == 0, done;
	char *target = there ? realpath(path, NULL) : xstrdup(path);

	if (!target || (there && stat(target, &st) < 0))
		done = cannot(READ, path, errno, e);
	else if (!may_make_file(target))
		done = cannot(there ? WRITE_BESIDE : WRITE, path, errno, e) || advise_own(path, e);
	else
		done = !there || is_writable(path, st.st_mode, e);
	free(target);
	return done;
}

bool conffile_read(struct conffile *f, const char *path, struct error *e)
{
	struct stat st;

	*f = (struct conffile){.path = xstrdup(path), .mode = 0600};
	f->found = lstat(path, &st) == 0;
	if (!f->found && errno != ENOENT)
		return cannot(READ, path, errno, e);
	f->target = f->found ? realpath(path, NULL) : xstrdup(path);
	if (!f->target || (f->found && !file_slurp(path, CONFIG_MAX, &f->text, &f->mode, NULL)))
		return cannot(READ, path, errno, e);
	return true;
}

/* As any run would read it: a mistake of ours must not leave a file that no run can use. */
static bool try_text(
	const struct conffile *f, const char *named, const struct buf *text, struct error *e)
{
	struct config config;
	struct error why;
	bool done = config_load_instead(named, f->path, buf_span(text), &config, &why);

	if (done)
		config_release(&config);
	return done ||
		error_set(e, ERROR_CONFIG, "nothing was changed: the new file would be wrong: %s",
			why.text);
}

static bool write_whole(const struct conffile *f, const struct buf *text, int fd)
{
	return fchmod(fd, f->mode & 0777) == 0 && file_write_all(fd, text->data, text->len) &&
		fsync(fd) == 0;
}

bool conffile_write(struct conffile *f, const char *named, const struct buf *text, struct error *e)
{
	if (!is_writable(f->path, f->mode, e) || !try_text(f, named, text, e) ||
		(!f->found && !conffile_make_folder(f->target, e)))
		return false;
	/* What an earlier one has left that was killed, a password of setup among it. */
	beside_sweep_at(f->path);
	beside_sweep_at(f->target);
	f->beside_fd = beside_open(f->target, &f->beside);
	if (f->beside_fd < 0)
		return cannot(WRITE_BESIDE, f->path, errno, e);
	return write_whole(f, text, f->beside_fd) || cannot(WRITE, f->path, errno, e);
}

static bool is_unchanged(const struct conffile *f)
{
	struct buf now = {NULL, 0, 0};
	struct stat st;
	bool same;

	if (!f->found)
		return lstat(f->target, &st) < 0 && errno == ENOENT;
	same = file_slurp(f->target, CONFIG_MAX, &now, NULL, NULL) &&
		span_equal(buf_span(&now), buf_span(&f->text));
	buf_wipe(&now);
	return same;
}

static void forget_beside(struct conffile *f)
{
	if (f->beside)
		close(f->beside_fd);
	free(f->beside);
	f->beside = NULL;
}

bool conffile_place(struct conffile *f, struct error *e)
{
	char *home, *shown;

	if (!is_unchanged(f)) {
		home = places_home();
		shown = text_tilde(f->path, home);
		error_set(e, ERROR_CONFIG,
			"%s was changed by somebody else meanwhile; it was left as it is now",
			shown);
		free(shown);
		free(home);
		return false;
	}
	if (rename(f->beside, f->target) < 0)
		return cannot(WRITE, f->path, errno, e);
	forget_beside(f);
	return file_sync_parent(f->target, ERROR_CONFIG, e);
}

void conffile_release(struct conffile *f)
{
	if (f->beside)
		unlink(f->beside);
	forget_beside(f);
	free(f->target);
	free(f->path);
	buf_wipe(&f->text);
	*f = (struct conffile){.path = NULL};
}
