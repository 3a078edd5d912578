/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is known of the account's mail, and whether a run could go on from there. Read from a copy
 * in memory, as check and --dry-run do; while another run has the account it is left alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "config/places.h"
#include "doctor/checkup.h"
#include "fetch/renamed.h"
#include "local/store.h"

static const char label[] = N_("state");

static void fail_place(struct checkup *c, struct error *e)
{
	error_remedy(e, "to keep the state elsewhere",
		"state-dir = \"/FOLDER\" in ambil.conf, or XDG_STATE_HOME");
	check_failed(c, label, e);
}

/* The folders on the way to path that are missing would be made; the first that is there must take
 * them. */
static bool can_be_made(struct checkup *c, const char *home)
{
	char *root = places_state_root(c->order->state_dir, home);
	char *folder = xstrdup(c->order->state_dir), *shown, *slash;
	struct error e = {0};
	struct stat st;
	bool done = false;

	if (stat(root, &st) < 0) {
		error_sys(&e, ERROR_STORE, errno, "the folder of the state %s", root);
		fail_place(c, &e);
		goto end;
	}
	while (stat(folder, &st) < 0 && errno == ENOENT && (slash = strrchr(folder, '/')) > folder)
		*slash = '\0';
	shown = text_tilde(folder, home);
	if (stat(folder, &st) == 0 && !S_ISDIR(st.st_mode))
		error_sys(&e, ERROR_STORE, ENOTDIR, "the folder of the state %s", shown);
	else if (access(folder, W_OK | X_OK) < 0)
		error_sys(&e, ERROR_STORE, errno, "no state can be written in %s", shown);
	else
		done = true;
	if (!done)
		fail_place(c, &e);
	free(shown);
end:
	free(folder);
	free(root);
	return done;
}

static bool is_renamed(struct checkup *c)
{
	struct renamed before = renamed_of(
		c->account, c->order->state_dir, c->order->known, c->order->known_n);
	struct error e = {0};

	before.only_look = true;
	if (renamed_check(&before, &e))
		return false;
	check_failed(c, label, &e);
	return true;
}

/* Of another server a run asks for headers before it takes anything for known. */
static void tell_host(struct checkup *c, struct store *s)
{
	const struct account *a = c->account;
	char host[300] = "", port[8] = "", here[8];
	struct error e;

	if (!store_get(s, "host", host, sizeof(host), &e) ||
		!store_get(s, "port", port, sizeof(port), &e)) {
		check_failed(c, label, &e);
		return;
	}
	snprintf(here, sizeof(here), "%u", (unsigned)a->endpoint.port);
	if (!host[0] || (!strcasecmp(host, a->endpoint.host) && (!port[0] || !strcmp(port, here))))
		return;
	check_remark(c, label,
		"it is of %s:%s: the next run looks closely whether mail here is the same",
		safe(span_of(host)).text, port[0] ? safe(span_of(port)).text : "?");
}

static void tell_counts(struct checkup *c, const struct seen_set *set, const char *shown)
{
	size_t known = seen_count(set, STORE_DELIVERED), between = seen_count(set, STORE_PREPARED);
	size_t failing = 0;

	for (size_t i = 0; seen_at(set, i); i++)
		failing += seen_at(set, i)->state == STORE_NOTED && seen_at(set, i)->attempts;
	check_ok(c, label, NO_TIME, _n("%s, %zu message known", "%s, %zu messages known", known),
		shown, known);
	if (between)
		check_remark(c, label,
			_n("%zu message of an interrupted run: the next one finishes it",
				"%zu messages of an interrupted run: the next one finishes them",
				between),
			between);
	if (failing)
		check_remark(c, label,
			_n("%zu message could not be fetched or delivered so far",
				"%zu messages could not be fetched or delivered so far", failing),
			failing);
}

static void look_inside(struct checkup *c, struct store *s, const char *shown)
{
	struct seen_set *set = NULL;
	struct error e = {0};

	if (store_check_user(s, c->account->user, &e) && (set = store_load(s, &e))) {
		tell_counts(c, set, shown);
		tell_host(c, s);
	} else {
		check_failed(c, label, &e);
	}
	seen_set_free(set);
}

/* Others learn from it who writes when; nobody but its user may change it. */
static void tell_mode(struct checkup *c, const char *path, const char *shown)
{
	struct stat st;
	struct error e;

	if (stat(path, &st) < 0 || !(st.st_mode & 022))
		return;
	error_set(&e, ERROR_STORE, "%s can be written by others (mode %04o)", shown,
		(unsigned)st.st_mode & 07777);
	error_remedy(&e, "make it yours alone", "chmod 600 %s", shown);
	check_note(c, label, &e);
}

static char *state_file(const struct checkup *c, const char *ending)
{
	return xasprintf("%s/%s.%s", c->order->state_dir, c->account->name, ending);
}

/* While another run has the account it is left alone. */
void open_state(struct checkup *c)
{
	char *lock = state_file(c, "lock"), *path = state_file(c, "db");

	c->holder = file_lock_holder(lock);
	if (!c->holder)
		(void)!store_open_readonly(path, &c->store, &c->store_error);
	free(path);
	free(lock);
}

void check_state(struct checkup *c)
{
	char *home = places_home(), *path = state_file(c, "db"), *shown = text_tilde(path, home);

	if (c->holder) {
		check_remark(c, label, "another ambil (pid %lld) is fetching right now",
			(long long)c->holder);
	} else if (c->store) {
		look_inside(c, c->store, shown);
		tell_mode(c, path, shown);
	} else if (access(path, F_OK) < 0 && !can_be_made(c, home)) {
		/* That has told why. */
	} else if (c->store_error.kind) {
		check_failed(c, label, &c->store_error);
	} else if (!is_renamed(c)) {
		check_ok(c, label, NO_TIME, "none yet; the first run makes %s", shown);
	}
	free(shown);
	free(path);
	free(home);
}
