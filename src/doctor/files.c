/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file the account stands in. That it can be read and is safe has been found when it was
 * loaded. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/i18n.h"
#include "base/text.h"
#include "config/places.h"
#include "doctor/checkup.h"

/* The number in "ambil.conf:12", unless that is another file than path. */
static const char *line_in(const char *where, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *colon = strrchr(where, ':');

	if (!colon || strncmp(where, name, strlen(name)) != 0 || where + strlen(name) != colon)
		return NULL;
	return colon + 1;
}

void check_configuration(struct checkup *c)
{
	const struct account *a = c->account;
	const char *path = c->order->config_path;
	struct stat st = {0};
	const char *line;
	char *home, *shown;

	/* An account of a file that was included is not in this one. */
	if (!path || stat(path, &st) < 0)
		return;
	home = places_home();
	shown = text_tilde(path, home);
	line = line_in(a->where, path);
	/* TRANSLATORS: the name of a file and a line in it, and who may read it. */
	check_ok(c, "configuration", NO_TIME, line ? "%s:%s, %s" : N_("%s, account in %s, %s"),
		shown, line ? line : a->where,
		st.st_mode & 077 ? _("others can read it, it holds no password")
				 : _("yours alone"));
	free(shown);
	free(home);
}
