/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Invariants: what another fetcher's file becomes has a place in it; a command of delivery can be
 * parted into words; and a list of what was fetched holds no UID twice
 * at the same place.
 */
#include "base/child.h"
#include "fuzz.h"
#include "import/fdm.h"
#include "import/fetchmail.h"
#include "import/getmail.h"
#include "import/mpop.h"

static void check_value(const struct imported_setting *s, unsigned lines)
{
	static const char pipe[] = "pipe:";
	struct error e;
	char **argv;

	CHECK(s->name[0] && s->value[0] && s->line <= lines);
	/* An open quote stays one; in a shell's words all quotes are closed. */
	if (strcmp(s->name, "deliver") == 0 &&
		strncmp(s->value, "pipe:sh -c '", strlen("pipe:sh -c '")) == 0) {
		CHECK(child_argv_split(s->value + strlen(pipe), &argv, &e));
		CHECK(argv[0] && argv[1] && argv[2]);
		child_argv_free(argv);
	}
}

static void check_notes(const struct imported_note *notes, size_t n, unsigned lines)
{
	for (size_t i = 0; i < n; i++)
		CHECK(notes[i].line <= lines && notes[i].text[0] && !strchr(notes[i].text, '\n'));
}

static void check_accounts(const struct imported *im, unsigned lines)
{
	check_notes(im->notes, im->n_notes, lines);
	for (size_t i = 0; i < im->n; i++) {
		const struct imported_account *a = &im->accounts[i];

		CHECK(a->name[0] && a->line >= 1 && a->line <= lines);
		CHECK(!a->seen_path || a->seen_path[0]);
		CHECK(a->seen_host[0] && a->seen_user[0]);
		CHECK(imported_get(a, "host") && imported_get(a, "user") &&
			imported_get(a, "keep"));
		CHECK(imported_get(a, "tls"));
		CHECK(imported_get(a, "deliver") || imported_get(a, "enabled"));
		CHECK(!a->password || (a->password[0] && a->password_line >= 1));
		check_notes(a->notes, a->n_notes, lines);
		for (size_t j = 0; j < a->n_settings; j++)
			check_value(&a->settings[j], lines);
	}
}

static void check_uids(const struct imported_seen *seen, struct span text)
{
	for (size_t i = 0; i < seen->n; i++) {
		const struct imported_uid *uid = &seen->uids[i];

		CHECK(uid->uid.len && uid->time_s >= 0);
		CHECK(uid->uid.data >= text.data &&
			uid->uid.data + uid->uid.len <= text.data + text.len);
		if (i && span_equal(uid->uid, uid[-1].uid))
			CHECK(uid->occurrence == uid[-1].occurrence + 1);
		else
			CHECK(uid->occurrence == 0);
	}
}

static void check_lists(struct span text)
{
	struct fetchmail_list list;
	struct imported_seen seen;
	struct error e;
	bool found;
	char *own = exact_copy(text);

	getmail_read_seen(own, text.len, &seen);
	check_uids(&seen, (struct span){own, text.len});
	imported_seen_release(&seen);
	free(own);
	fetchmail_list_read(text, &list);
	fetchmail_read_seen(&list, "h", "u", &seen);
	fetchmail_list_release(&list);
	check_uids(&seen, text);
	for (size_t i = 0; i < seen.n; i++)
		CHECK(seen.uids[i].occurrence == 0 &&
			!memchr(seen.uids[i].uid.data, '\n', seen.uids[i].uid.len));
	imported_seen_release(&seen);
	if (!mpop_read_seen(text, "list", "h", "u", &seen, &found, &e)) {
		CHECK(seen.n == 0);
		return;
	}
	CHECK(found == (seen.n > 0));
	check_uids(&seen, text);
	imported_seen_release(&seen);
}

/* Every included file is the same short one. */
static int include(void *context, const char *path, struct buf *text, char **shown)
{
	(void)context;
	buf_add_text(text, "$i = 'x'\n");
	*shown = xstrdup(path);
	return 0;
}

static char *login(void *context, const char *host)
{
	(void)context;
	return host[0] == 'h' ? xstrdup(host) : NULL;
}

static void check_fdm(struct span text, unsigned lines)
{
	static const struct fdm_world world = {
		.home = "/h", .user = "u", .include = include, .login = login};
	struct imported_seen seen;
	struct imported im;
	struct error e;

	if (fdm_read(text, "rc", &world, &im, &e)) {
		check_accounts(&im, lines);
		imported_release(&im);
	} else {
		CHECK(im.n == 0 && im.n_notes == 0);
	}
	if (fdm_read_seen(text, "cache", &seen, &e)) {
		check_uids(&seen, text);
		imported_seen_release(&seen);
	} else {
		CHECK(seen.n == 0);
	}
}

static const struct fetchmail_world mail_server = {"me", "/usr/sbin/sendmail"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *exact = exact_copy((struct span){(const char *)data, len});
	struct span text = {exact, len};
	struct imported im;
	struct error e;
	unsigned lines = 1;

	for (size_t i = 0; i < len; i++)
		lines += exact[i] == '\n';
	if (mpop_read(text, "rc", &im, &e)) {
		check_accounts(&im, lines);
		imported_release(&im);
	} else {
		CHECK(im.n == 0 && im.n_notes == 0);
	}
	if (fetchmail_read(text, "rc", &mail_server, &im, &e)) {
		check_accounts(&im, lines);
		imported_release(&im);
	} else {
		CHECK(im.n == 0 && im.n_notes == 0);
	}
	im = (struct imported){.n = 0};
	if (getmail_read(text, "rc", "x", &im, &e))
		check_accounts(&im, lines);
	imported_release(&im);
	check_fdm(text, lines);
	check_lists(text);
	free(exact);
	return 0;
}
