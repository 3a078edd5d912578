/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fdm's cache: in each line the length of a UID, a space, and so many octets. */
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/parse.h"
#include "import/fdm.h"

static void add(struct imported_seen *out, size_t *room, struct span uid)
{
	if (out->n == *room) {
		*room = *room ? 2 * *room : 64;
		out->uids = xreallocarray(out->uids, *room, sizeof(*out->uids));
	}
	out->uids[out->n++] = (struct imported_uid){.uid = uid};
}

/* Takes one entry with its newline; NULL, or what is wrong with it. */
static const char *take_entry(struct span *rest, struct span *uid, unsigned *lines)
{
	uint64_t len;
	struct span number = {rest->data, 0};

	while (number.len < rest->len && number.data[number.len] >= '0' &&
		number.data[number.len] <= '9')
		number.len++;
	if (!parse_u64(number, INT32_MAX, &len) || !len || number.len == rest->len ||
		rest->data[number.len] != ' ')
		return N_("\"LENGTH UID\" was expected");
	*uid = (struct span){rest->data + number.len + 1, rest->len - number.len - 1};
	if (len > uid->len)
		return N_("the UID ends too early");
	uid->len = (size_t)len;
	if (memchr(uid->data, '\0', uid->len) || memchr(uid->data, '\n', uid->len))
		return N_("the UID is shorter than its length says");
	rest->len -= (size_t)(uid->data + uid->len - rest->data);
	rest->data = uid->data + uid->len;
	if (rest->len && rest->data[0] != '\n')
		return N_("the UID is longer than its length says");
	if (rest->len) {
		rest->data++;
		rest->len--;
	}
	++*lines;
	return NULL;
}

bool fdm_read_seen(struct span text, const char *shown, struct imported_seen *out, struct error *e)
{
	const char *wrong = NULL;
	unsigned line = 1;
	size_t room = 0;

	*out = (struct imported_seen){.n = 0};
	while (!wrong && text.len) {
		struct span uid;

		wrong = take_entry(&text, &uid, &line);
		if (!wrong)
			add(out, &room, uid);
	}
	if (wrong) {
		imported_seen_release(out);
		return error_set(e, ERROR_INPUT, "%s:%u: %s", shown, line, _(wrong));
	}
	imported_seen_number(out);
	return true;
}
