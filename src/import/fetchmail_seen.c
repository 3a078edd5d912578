/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetchmail's list of UIDs: "USER@HOST UID" in each line. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* In any case, as it matters in a host alone. */
static int compare_names(struct span a, struct span b)
{
	int order = strncasecmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return order ? order : a.len < b.len ? -1 : a.len > b.len;
}

static int compare_rows(const void *a, const void *b)
{
	const struct fetchmail_row *x = a, *y = b;

	return compare_names(x->name, y->name);
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

void fetchmail_list_read(struct span text, struct fetchmail_list *out)
{
	size_t room = 0;

	*out = (struct fetchmail_list){.n = 0};
	while (text.len) {
		struct span uid = span_trim(span_line(&text)), name = take_name(&uid);

		if (!name.len || !uid.len)
			continue;
		if (out->n == room) {
			room = room ? 2 * room : 64;
			out->rows = xreallocarray(out->rows, room, sizeof(*out->rows));
		}
		out->rows[out->n++] = (struct fetchmail_row){name, uid};
	}
	if (out->n)
		qsort(out->rows, out->n, sizeof(*out->rows), compare_rows);
}

void fetchmail_list_release(struct fetchmail_list *list)
{
	free(list->rows);
	*list = (struct fetchmail_list){.n = 0};
}

/* The first row whose name is not before this one. */
static size_t find_first(const struct fetchmail_list *list, struct span name)
{
	size_t low = 0, high = list->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_names(list->rows[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void fetchmail_read_seen(const struct fetchmail_list *list, const char *host, const char *user,
	struct imported_seen *out)
{
	char *name = xasprintf("%s@%s", user, host);
	size_t first = find_first(list, span_of(name)), end = first;

	while (end < list->n && compare_names(list->rows[end].name, span_of(name)) == 0)
		end++;
	free(name);
	*out = (struct imported_seen){.n = 0};
	if (first < end)
		out->uids = xcalloc(end - first, sizeof(*out->uids));
	for (size_t i = first; i < end; i++)
		if (is_of(list->rows[i].name, host, user))
			out->uids[out->n++].uid = list->rows[i].uid;
	imported_seen_number(out);
	keep_first_ones(out);
}
