/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mpop's UIDLs files: a line with # in front says nothing. A line " N HOST USER" begins a list of N
 * UIDs.
 */
#include <string.h>

#include "base/i18n.h"
#include "base/parse.h"
#include "import/mpop.h"

struct list {
	uint64_t left; /* UIDs still to come */
	bool wanted;
};

static bool fail(struct error *e, const char *shown, unsigned line, const char *words)
{
	return error_set(e, ERROR_INPUT, "%s:%u: %s", shown, line, words);
}

static bool begin_list(struct span line, const char *host, const char *user, struct list *list)
{
	struct span rest = {line.data + 1, line.len - 1};
	struct span n = span_word(&rest), name;

	name = span_word(&rest);
	if (line.data[0] != ' ' || !parse_u64(n, INT64_MAX, &list->left) || !list->left ||
		!name.len || !rest.len)
		return false;
	list->wanted = span_is(name, host) && span_is(rest, user);
	return true;
}

/* A time stands behind the last space, if digits alone do. */
static void add_uid(struct imported_seen *out, size_t *room, struct span line)
{
	struct imported_uid *uid;
	size_t cut = line.len;
	uint64_t time_s = 0;

	while (cut && line.data[cut - 1] != ' ')
		cut--;
	if (cut > 1 &&
		parse_u64((struct span){line.data + cut, line.len - cut}, INT64_MAX, &time_s))
		line.len = cut - 1;
	if (out->n == *room) {
		*room = *room ? 2 * *room : 64;
		out->uids = xreallocarray(out->uids, *room, sizeof(*out->uids));
	}
	uid = &out->uids[out->n++];
	*uid = (struct imported_uid){.uid = line, .time_s = (int64_t)time_s};
}

static bool take_line(struct span line, struct list *list, struct imported_seen *out, size_t *room,
	const char **words)
{
	if (!line.len || line.data[0] == ' ' || memchr(line.data, '\0', line.len)) {
		*words = _("a UID is missing");
		return false;
	}
	list->left--;
	if (list->wanted)
		add_uid(out, room, line);
	return true;
}

bool mpop_read_seen(struct span text, const char *shown, const char *host, const char *user,
	struct imported_seen *out, bool *found, struct error *e)
{
	struct list list = {0, false};
	const char *words = NULL;
	unsigned number = 0;
	size_t room = 0;

	*out = (struct imported_seen){.n = 0};
	*found = false;
	while (!words && text.len) {
		struct span line = span_without_cr(span_line(&text));

		number++;
		if (!line.len || line.data[0] != '#') {
			if (list.left)
				(void)!take_line(line, &list, out, &room, &words);
			else if (line.len && !begin_list(line, host, user, &list))
				words = _("this begins no list: \" N HOST USER\" was expected");
		}
		*found = *found || list.wanted;
	}
	if (!words && list.left)
		words = _("the list ends too early");
	if (words) {
		imported_seen_release(out);
		return fail(e, shown, number, words);
	}
	imported_seen_number(out);
	return true;
}
