/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file the account stands in. That it can be read and is safe has been found when it was
 * loaded. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/text.h"
#include "doctor/checkup.h"
#include "places.h"

void check_configuration(struct checkup *c)
{
	const struct account *a = c->account;
	const char *path = c->order->config_path;
	struct stat st = {0};
	char *home, *shown;

	/* An account of a file that was included is not in this one. */
	if (!path || stat(path, &st) < 0)
		return;
	home = places_home();
	shown = text_tilde(path, home);
	check_ok(c, "configuration", NO_TIME, "%s, account in %s, %s", shown, a->where,
		st.st_mode & 077 ? "others can read the file, which holds no password"
				 : "yours alone");
	free(shown);
	free(home);
}
