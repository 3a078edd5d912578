/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetchmail's list of UIDs: "USER@HOST UID" in each line. */
#include <string.h>

#include "base/text.h"
#include "import/fetchmail.h"

/* Users may have @ and blanks in them, UIDs @: the name ends at the first blank behind the first @.
 * Empty: the line is none of the list. */
static struct span take_name(struct span *line)
{
	const char *at = line->len ? memchr(line->data, '@', line->len) : NULL;
	size_t before = at ? (size_t)(at - line->data) : 0;
	const char *blank = at ? memchr(at, ' ', line->len - before) : NULL;
	struct span name = {line->data, blank ? (size_t)(blank - line->data) : 0};

	line->data += name.len;
	line->len -= name.len;
	*line = span_trim(*line);
	return name;
}

static bool is_of(struct span name, const char *host, const char *user)
{
	size_t user_len = strlen(user);

	return name.len > user_len && memcmp(name.data, user, user_len) == 0 &&
		name.data[user_len] == '@' &&
		span_is_nocase(
			(struct span){name.data + user_len + 1, name.len - user_len - 1}, host);
}

/* To fetchmail a UID is in the list or not, however often. */
static void keep_first_ones(struct imported_seen *seen)
{
	size_t n = 0;

	for (size_t i = 0; i < seen->n; i++)
		if (!seen->uids[i].occurrence)
			seen->uids[n++] = seen->uids[i];
	seen->n = n;
}

void fetchmail_read_seen(
	struct span text, const char *host, const char *user, struct imported_seen *out)
{
	size_t room = 0;

	*out = (struct imported_seen){.n = 0};
	while (text.len) {
		struct span uid = span_trim(span_line(&text)), name = take_name(&uid);

		if (!name.len || !uid.len || !is_of(name, host, user))
			continue;
		if (out->n == room) {
			room = room ? 2 * room : 64;
			out->uids = xreallocarray(out->uids, room, sizeof(*out->uids));
		}
		out->uids[out->n++] = (struct imported_uid){.uid = uid};
	}
	imported_seen_number(out);
	keep_first_ones(out);
}
