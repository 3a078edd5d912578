/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets taken out of words that somebody else has chosen. */
#include "base/hide.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char hidden[] = "<hidden>";

void hide_release(struct hide *h)
{
	for (size_t i = 0; i < h->n; i++)
		wipe_free(h->secrets[i]);
	free(h->secrets);
	*h = (struct hide){.secrets = NULL};
}

void hide_add(struct hide *h, const char *secret)
{
	if (!secret || !*secret)
		return;
	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->secrets[i], secret) == 0)
			return;
	h->secrets = xreallocarray(h->secrets, h->n + 1, sizeof(*h->secrets));
	h->secrets[h->n++] = xstrdup(secret);
}

/* Of letters, digits and whatever is no ASCII words are made. */
static bool goes_on(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 0x80 || (u >= '0' && u <= '9') || (u >= 'A' && u <= 'Z') ||
		(u >= 'a' && u <= 'z');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* How much of the secret's beginning stands at a place. */
static size_t common(struct span words, size_t at, const char *secret)
{
	size_t n = 0;

	while (secret[n] && at + n < words.len && lower(words.data[at + n]) == lower(secret[n]))
		n++;
	return n;
}

static bool is_own_word(struct span words, size_t at, size_t len)
{
	return (at == 0 || !goes_on(words.data[at - 1])) &&
		(at + len == words.len || !goes_on(words.data[at + len]));
}

/* The length of the longest secret that stands at a place; 0: none does. *all: see the header. */
static size_t secret_at(const struct hide *h, struct span words, size_t at, bool *all)
{
	size_t longest = 0;

	for (size_t i = 0; i < h->n; i++) {
		size_t len = common(words, at, h->secrets[i]);
		bool whole = !h->secrets[i][len];

		if (whole && len < HIDE_SHORT)
			*all = *all || is_own_word(words, at, len);
		else if ((whole || len >= HIDE_PART) && len > longest)
			longest = len;
	}
	return longest;
}

struct span hide_in(const struct hide *h, struct span words, struct buf *room)
{
	size_t shown = 0;
	bool all = false;

	buf_clear(room);
	for (size_t at = 0; h && at < words.len && !all;) {
		size_t len = secret_at(h, words, at, &all);

		if (len) {
			buf_add(room, words.data + shown, at - shown);
			buf_add_text(room, hidden);
			shown = at + len;
		}
		at += len ? len : 1;
	}
	if (all)
		return span_of(hidden);
	if (!room->len)
		return words;
	buf_add(room, words.data + shown, words.len - shown);
	return buf_span(room);
}
