/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The only reader of HOME and the XDG variables: the folders are the same for a terminal, cron and
 * a timer. */
#include "config/places.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/mem.h"

/* A folder the environment names; by the XDG specification relative ones are ignored. */
static const char *folder_from(const char *variable)
{
	const char *value = getenv(variable);

	return value && value[0] == '/' ? value : NULL;
}

char *places_home(void)
{
	const char *home = folder_from("HOME");
	const struct passwd *entry = home ? NULL : getpwuid(getuid());

	if (entry && entry->pw_dir && entry->pw_dir[0] == '/')
		home = entry->pw_dir;
	return xstrdup(home ? home : "/");
}

/* Below the folder of configurations; fresh. */
static char *config_of(const char *home, const char *name)
{
	const char *folder = folder_from("XDG_CONFIG_HOME");

	return folder ? xasprintf("%s/%s", folder, name) : xasprintf("%s/.config/%s", home, name);
}

char *places_user_config(const char *home)
{
	return config_of(home, "ambil/ambil.conf");
}

/* The first of the two that is there, or NULL; both are given away. */
static char *which_is_there(char *first, char *second)
{
	char *there = access(first, F_OK) == 0 ? first : access(second, F_OK) == 0 ? second : NULL;

	if (there != first)
		free(first);
	if (there != second)
		free(second);
	return there;
}

char *places_mpop_config(const char *home)
{
	return which_is_there(xasprintf("%s/.mpoprc", home), config_of(home, "mpop/config"));
}

char *places_fdm_config(const char *home)
{
	return which_is_there(xasprintf("%s/.fdm.conf", home), xstrdup("/etc/fdm.conf"));
}

char *places_fdm_lock(const char *home)
{
	return geteuid() == 0 ? xstrdup("/var/db/fdm.lock") : xasprintf("%s/.fdm.lock", home);
}

char *places_getmail_folder(const char *home)
{
	return which_is_there(config_of(home, "getmail"), xasprintf("%s/.getmail", home));
}

/* FETCHMAILHOME is a folder of its own, where files have other names; HOME_ETC stands for home. */
char *places_fetchmail_folder(const char *home)
{
	const char *own = folder_from("FETCHMAILHOME"), *other = folder_from("HOME_ETC");

	return xstrdup(own ? own : other ? other : home);
}

/* fetchmail's file of this name, with a dot where it is not in a folder of its own; fresh. */
static char *fetchmail_file(const char *home, const char *name)
{
	char *folder = places_fetchmail_folder(home);
	char *path = xasprintf("%s/%s%s", folder, folder_from("FETCHMAILHOME") ? "" : ".", name);

	free(folder);
	return path;
}

char *places_fetchmail_config(const char *home)
{
	char *path = fetchmail_file(home, "fetchmailrc");

	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return access(places_fetchmail_system(), R_OK) == 0 ? xstrdup(places_fetchmail_system())
							    : NULL;
}

const char *places_fetchmail_system(void)
{
	return "/etc/fetchmailrc";
}

char *places_fetchmail_system_list(void)
{
	return which_is_there(xstrdup("/var/lib/fetchmail/.fetchids"),
		xstrdup("/var/lib/fetchmail/.fetchmail-UIDL-cache"));
}

const char *places_fetchmail_system_pid_file(void)
{
	return "/var/run/fetchmail/fetchmail.pid";
}

char *places_fetchmail_pid_file(const char *home)
{
	if (geteuid() == 0 && !folder_from("FETCHMAILHOME"))
		return xstrdup("/var/run/fetchmail.pid");
	return fetchmail_file(home, "fetchmail.pid");
}

char *places_state_dir(const char *home)
{
	const char *folder = folder_from("XDG_STATE_HOME");

	if (folder)
		return xasprintf("%s/ambil", folder);
	return xasprintf("%s/.local/state/ambil", home);
}

const char *places_system_config(void)
{
	return AMBIL_SYSTEM_CONFIG;
}

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	while (len > 1 && folder[len - 1] == '/')
		len--;
	return strncmp(path, folder, len) == 0 && (path[len] == '/' || len == 1);
}

/* Slashes at its end do not count; fresh. */
static char *folder_above(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len > 1 && path[len - 1] != '/')
		len--;
	while (len > 1 && path[len - 1] == '/')
		len--;
	return xstrndup(path, len);
}

char *places_state_root(const char *state_dir, const char *home)
{
	const char *xdg = folder_from("XDG_STATE_HOME");

	if (is_below(state_dir, home))
		return xstrdup(home);
	return folder_above(xdg && is_below(state_dir, xdg) ? xdg : state_dir);
}

/* What is above it may be mounted later. */
bool places_make_state(const char *state_dir, struct error *e)
{
	char *home = places_home(), *root = places_state_root(state_dir, home);
	struct stat st;
	bool done;

	if (stat(root, &st) == 0)
		done = file_make_folders(state_dir, home, ERROR_STORE, e);
	else
		done = error_sys(e, ERROR_STORE, errno,
			strcmp(root, home) == 0 ? N_("the home folder %s")
						: N_("the folder of the state %s"),
			root);
	if (!done)
		error_remedy(e, "to keep the state elsewhere",
			"state-dir = \"/FOLDER\" in ambil.conf, or XDG_STATE_HOME");
	free(root);
	free(home);
	return done;
}

/* Also true when it cannot be told: the file is then opened, and the reason given. */
static bool exists(const char *path)
{
	return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

char *places_config(const char *named, bool *found, bool *by_name)
{
	const char *variable = getenv("AMBIL_CONFIG");
	char *home, *path;

	if (!named && variable && variable[0])
		named = variable;
	*by_name = named != NULL;
	if (named) {
		*found = exists(named);
		return xstrdup(named);
	}
	home = places_home();
	path = places_user_config(home);
	free(home);
	*found = exists(path);
	if (!*found && exists(places_system_config())) {
		free(path);
		path = xstrdup(places_system_config());
		*found = true;
	}
	return path;
}
