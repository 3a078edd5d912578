/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text on its way to a person: made safe, made short, made readable. */
#include "base/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Length of the well-formed UTF-8 sequence at s that is no C1 control; 0 when there is none. */
static size_t utf8_length(const unsigned char *s, size_t len)
{
	size_t need;
	uint32_t code;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		need = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		need = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		need = 4;
	else
		return 0;
	if (need > len)
		return 0;
	code = s[0] & (0xffu >> (need + 1));
	for (size_t i = 1; i < need; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (need == 3 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff)))
		return 0;
	if (need == 4 && (code < 0x10000 || code > 0x10ffff))
		return 0;
	/* Bidirectional overrides and line separators can make a line read as something else. */
	if (code < 0xa0 || (code >= 0x200b && code <= 0x200f) ||
		(code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
		code == 0xfeff)
		return 0;
	return need;
}

void text_safe(char *out, size_t room, struct span s)
{
	bool cut = s.len > TEXT_SAFE_MAX;
	size_t len = cut ? TEXT_SAFE_MAX : s.len, n = 0, i = 0;
	const unsigned char *p = (const unsigned char *)s.data;

	if (!room)
		return;
	while (i < len && n + 8 < room) {
		size_t step = utf8_length(p + i, s.len - i);

		if (step == 0 || p[i] < 0x20 || p[i] == 0x7f) {
			n += (size_t)snprintf(out + n, room - n, "\\x%02x", p[i]);
			i++;
		} else {
			memcpy(out + n, p + i, step);
			n += step;
			i += step;
		}
	}
	out[n] = '\0';
	if ((cut || i < len) && n + 4 <= room)
		memcpy(out + n, "…", sizeof("…"));
}

struct safe safe(struct span s)
{
	struct safe result;

	text_safe(result.text, sizeof(result.text), s);
	return result;
}

char *text_put_number(char *out, uint64_t number, int width)
{
	char digits[TEXT_NUMBER_MAX];
	int n = 0;

	do
		digits[n++] = (char)('0' + number % 10);
	while (number /= 10);
	for (; width > n; width--)
		*out++ = '0';
	while (n)
		*out++ = digits[--n];
	return out;
}

void text_size(char *out, size_t room, uint64_t octets)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)octets / 1024;
	size_t unit = 0;

	if (octets < 1024) {
		snprintf(out, room, "%u octets", (unsigned)octets);
		return;
	}
	while (value >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(out, room, "%.1f %s", value, units[unit]);
}

void text_size_short(char *out, size_t room, uint64_t octets)
{
	static const char units[] = "KMGTPE";
	double value = (double)octets / 1024;
	size_t unit = 0;

	if (octets < 1000) {
		snprintf(out, room, "%u", (unsigned)octets);
		return;
	}
	while (value >= 999.5 && units[unit + 1]) {
		value /= 1024;
		unit++;
	}
	snprintf(out, room, value < 9.95 ? "%.1f%c" : "%.0f%c", value, units[unit]);
}

void text_age(char *out, size_t room, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	size_t i = 0;

	while (i < 3 && seconds < units[i].seconds)
		i++;
	snprintf(out, room, "%lld %c", (long long)(seconds / units[i].seconds), units[i].unit);
}

void text_duration(char *out, size_t room, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *unit;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;

	while (i < 3 && (seconds < units[i].seconds || seconds % units[i].seconds != 0))
		i++;
	snprintf(out, room, "%lld %s", (long long)(seconds / units[i].seconds), units[i].unit);
}

char *text_tilde(const char *path, const char *home)
{
	size_t len = home ? strlen(home) : 0;

	while (len > 1 && home[len - 1] == '/')
		len--;
	if (len > 1 && strncmp(path, home, len) == 0 && (path[len] == '/' || !path[len]))
		return xasprintf("~%s", path + len);
	return xstrdup(path);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: insert, delete, change, or swap of neighbours cost one each. */
static size_t distance(const char *a, const char *b)
{
	enum { MAX = 40 };
	size_t rows[3][MAX + 1], la = strlen(a), lb = strlen(b);
	size_t *before = rows[0], *last = rows[1], *now = rows[2];

	if (la > MAX || lb > MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		last[j] = before[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *spare = before;

		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = least(least(last[j], now[j - 1]) + 1,
				last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[lb];
}

/* A guess that is far-fetched is worse than none: one slip in a short word, few in a long one. */
const char *text_nearest(const char *word, const char *const *words, size_t n)
{
	enum { BEGINNING_MIN = 3, LETTERS_PER_SLIP = 5 };
	size_t len = strlen(word), best = len / LETTERS_PER_SLIP + 2;
	const char *nearest = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t d = distance(word, words[i]);

		if (len >= BEGINNING_MIN && strncmp(word, words[i], len) == 0)
			return words[i];
		if (d < best) {
			best = d;
			nearest = words[i];
		}
	}
	return nearest;
}

void text_wrap(struct buf *out, const char *text, size_t column, size_t width)
{
	size_t at = column, blanks = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (at > column && width && at + blanks + len > width) {
			buf_printf(out, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			buf_printf(out, "%*s", (int)blanks, "");
			at += blanks;
		}
		buf_add(out, text, len);
		at += len;
		text += len;
		blanks = strspn(text, " ");
		text += blanks;
	}
	buf_add_text(out, "\n");
}
