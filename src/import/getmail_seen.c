/* SPDX-License-Identifier: GPL-3.0-or-later */
/* getmail's list of UIDs: a UID, a NUL and a time in each line. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "import/getmail.h"

/* UIDs in base64, to whose letters the slash belongs and the hyphen does not. A plus tells them
 * from base64 for URLs, which has hyphens and no plus. */
static bool is_base64(const struct imported_seen *seen)
{
	bool plus = false;

	for (size_t i = 0; i < seen->n; i++)
		for (size_t j = 0; j < seen->uids[i].uid.len; j++) {
			unsigned char ch = (unsigned char)seen->uids[i].uid.data[j];

			plus = plus || ch == '+';
			if (!isalnum(ch) && !strchr("+-=", ch))
				return false;
		}
	return plus;
}

static void put_slashes(const struct imported_seen *seen, char *text)
{
	for (size_t i = 0; i < seen->n; i++)
		for (size_t j = 0; j < seen->uids[i].uid.len; j++) {
			char *ch = text + (seen->uids[i].uid.data - text) + j;

			*ch = *ch == '-' ? '/' : *ch;
		}
}

void getmail_read_seen(char *text, size_t len, struct imported_seen *out)
{
	struct span rest = {text, len};
	size_t room = 0;

	*out = (struct imported_seen){.n = 0};
	while (rest.len) {
		struct span line = span_trim(span_without_cr(span_line(&rest)));
		const char *nul = line.len ? memchr(line.data, '\0', line.len) : NULL;
		size_t cut = nul ? (size_t)(nul - line.data) : 0;
		uint64_t time_s;

		if (cut &&
			parse_u64((struct span){nul + 1, line.len - cut - 1}, INT64_MAX, &time_s)) {
			if (out->n == room) {
				room = room ? 2 * room : 64;
				out->uids = xreallocarray(out->uids, room, sizeof(*out->uids));
			}
			out->uids[out->n++] = (struct imported_uid){
				.uid = {line.data, cut}, .time_s = (int64_t)time_s};
		}
	}
	if (is_base64(out))
		put_slashes(out, text);
	imported_seen_number(out);
}
