/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text on its way to a person: made safe, made short, made readable. */
#include "base/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "base/i18n.h"
#include <time.h>

uint32_t text_character(struct span s, size_t *octets)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s.data;
	size_t need = p[0] < 0x80 ? 1
		: p[0] < 0xc2     ? 0
		: p[0] < 0xe0     ? 2
		: p[0] < 0xf0     ? 3
		: p[0] < 0xf5     ? 4
				  : 0;
	uint32_t code = need < 2 ? p[0] : p[0] & (0xffu >> (need + 1));

	*octets = 1;
	if (!need || need > s.len)
		return TEXT_NO_CHARACTER;
	for (size_t i = 1; i < need; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return TEXT_NO_CHARACTER;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[need] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return TEXT_NO_CHARACTER;
	*octets = need;
	return code;
}

bool text_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

bool text_is_unruly(uint32_t c)
{
	return (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* Whether text_safe() lets it through. */
static bool is_plain(uint32_t c, size_t octets)
{
	return !(c == TEXT_NO_CHARACTER && octets == 1) && c != 0xfeff && !text_is_control(c) &&
		!text_is_unruly(c) && !(c >= 0x200b && c <= 0x200f);
}

void text_safe(char *out, size_t room, struct span s)
{
	bool cut = s.len > TEXT_SAFE_MAX;
	size_t len = cut ? TEXT_SAFE_MAX : s.len, n = 0, i = 0;

	if (!room)
		return;
	while (i < len && n + 8 < room) {
		size_t step;
		uint32_t c = text_character((struct span){s.data + i, s.len - i}, &step);

		if (is_plain(c, step)) {
			memcpy(out + n, s.data + i, step);
			n += step;
			i += step;
		} else {
			n += (size_t)snprintf(
				out + n, room - n, "\\x%02x", (unsigned char)s.data[i]);
			i++;
		}
	}
	out[n] = '\0';
	if ((cut || i < len) && n + 4 <= room)
		memcpy(out + n, "…", sizeof("…"));
}

void text_tame(char *text)
{
	struct span rest = span_of(text);

	while (rest.len) {
		size_t octets;
		uint32_t c = text_character(rest, &octets);

		if (!is_plain(c, octets))
			memset(text + (rest.data - text), '?', octets);
		rest.data += octets;
		rest.len -= octets;
	}
}

struct safe safe(struct span s)
{
	struct safe result;

	text_safe(result.text, sizeof(result.text), s);
	return result;
}

void text_format(char *out, size_t room, const char *fmt, va_list ap)
{
	int len = vsnprintf(out, room, fmt, ap);
	size_t begin = room - 1, octets;

	if (len < 0 || (size_t)len < room)
		return;
	/* The octet that begins the last character; whether it is all there. */
	while (begin && ((unsigned char)out[--begin] & 0xc0) == 0x80)
		;
	if (begin < room - 1 &&
		text_character((struct span){out + begin, room - 1 - begin}, &octets) ==
			TEXT_NO_CHARACTER)
		out[begin] = '\0';
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
		snprintf(out, room, _n("%u octet", "%u octets", octets), (unsigned)octets);
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

/* The largest first. */
static const struct {
	int64_t seconds;
	const char *fmt;
} times[] = {{86400, "%lld d"}, {3600, "%lld h"}, {60, "%lld min"}, {1, "%lld s"}};
enum { TIMES = sizeof(times) / sizeof(times[0]) };

static void put_time(char *out, size_t room, size_t unit, int64_t seconds)
{
	long long n = (long long)(seconds / times[unit].seconds);

	/* As in the table, for the compiler. */
	if (unit == 0)
		snprintf(out, room, _("%lld d"), n);
	else if (unit == 1)
		snprintf(out, room, _("%lld h"), n);
	else if (unit == 2)
		snprintf(out, room, _("%lld min"), n);
	else
		snprintf(out, room, _("%lld s"), n);
}

void text_age(char *out, size_t room, int64_t seconds)
{
	size_t i = 0;

	while (i + 1 < TIMES && seconds < times[i].seconds)
		i++;
	put_time(out, room, i, seconds);
}

void text_duration(char *out, size_t room, int64_t seconds)
{
	size_t i = 0;

	while (i + 1 < TIMES && (seconds < times[i].seconds || seconds % times[i].seconds != 0))
		i++;
	put_time(out, room, i, seconds);
}

/* What stands behind the number: " min". */
static const char *behind_number(const char *fmt)
{
	static const char number[] = "%lld";

	return strncmp(fmt, number, sizeof(number) - 1) == 0 ? fmt + sizeof(number) - 1 : "";
}

/* The unit that text begins with, in the language of people: its octets; *english. 0: none. */
static size_t find_unit(const char *text, const char **english)
{
	for (size_t i = 0; i < TIMES; i++) {
		const char *unit = behind_number(_(times[i].fmt));
		size_t len = strlen(unit);
		unsigned char next;

		if (!len || strncmp(text, unit, len) != 0)
			continue;
		next = (unsigned char)text[len];
		if (next >= 0x80 || (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z'))
			continue;
		*english = behind_number(times[i].fmt);
		return len;
	}
	return 0;
}

void text_english_times(char *text, size_t room)
{
	struct buf out = {NULL, 0, 0};
	bool number = false;

	for (const char *p = text; *p;) {
		const char *english;
		size_t len = number ? find_unit(p, &english) : 0;

		if (len)
			buf_add_text(&out, english);
		else
			buf_add(&out, p, 1);
		number = !len && *p >= '0' && *p <= '9';
		p += len ? len : 1;
	}
	buf_add_text(&out, "");
	snprintf(text, room, "%s", out.data);
	buf_release(&out);
}

void text_utc(char out[TEXT_UTC_ROOM], int64_t seconds)
{
	enum { YEAR_MAX = 9999 };
	time_t t = (time_t)seconds;
	struct tm tm;

	out[0] = '\0';
	if (seconds >= 0 && gmtime_r(&t, &tm) && tm.tm_year + 1900 <= YEAR_MAX)
		snprintf(out, TEXT_UTC_ROOM, "%04u-%02u-%02uT%02u:%02u:%02uZ",
			(unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
			(unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100,
			(unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

static void put_day(char out[TEXT_DAY_ROOM], const struct tm *tm)
{
	if (!tm || !strftime(out, TEXT_DAY_ROOM, "%Y-%m-%d", tm))
		out[0] = '\0';
}

void text_day(char out[TEXT_DAY_ROOM], int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	put_day(out, seconds > 0 ? localtime_r(&t, &tm) : NULL);
}

void text_utc_day(char out[TEXT_DAY_ROOM], int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	put_day(out, gmtime_r(&t, &tm));
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

size_t text_columns(struct span text)
{
	mbstate_t state = {0};
	size_t columns = 0;

	while (text.len) {
		wchar_t c;
		size_t len = mbrtowc(&c, text.data, text.len, &state);
		int width = 1;

		if (text.data[0] == '\033') {
			const char *end = memchr(text.data, 'm', text.len);

			len = end ? (size_t)(end - text.data) + 1 : text.len;
			width = 0;
		} else if (len == (size_t)-1 || len == (size_t)-2) {
			memset(&state, 0, sizeof(state));
			len = 1;
		} else {
			width = wcwidth(c);
			len = len ? len : 1;
		}
		columns += width < 0 ? 1 : (size_t)width;
		text.data += len;
		text.len -= len;
	}
	return columns;
}

void text_pad(struct buf *out, const char *text, size_t columns)
{
	size_t width = text_columns(span_of(text));

	buf_add_text(out, text);
	if (width < columns)
		buf_printf(out, "%*s", (int)(columns - width), "");
}

size_t text_growth(const char *const *words, size_t n)
{
	size_t here = 0, english = 0;

	for (size_t i = 0; i < n; i++) {
		size_t width = text_columns(span_of(_(words[i]))), plain = strlen(words[i]);

		here = width > here ? width : here;
		english = plain > english ? plain : english;
	}
	return here > english ? here - english : 0;
}

void text_list(struct buf *out, const char *const *words, size_t n, bool any)
{
	struct buf before = {NULL, 0, 0};

	for (size_t i = 0; i + 1 < n; i++)
		buf_printf(&before, "%s%s", i ? ", " : "", words[i]);
	if (n > 1)
		buf_printf(out, any ? _("%s or %s") : _("%s and %s"), before.data, words[n - 1]);
	else if (n)
		buf_add_text(out, words[0]);
	buf_release(&before);
}

static void wrap(struct buf *out, const char *text, size_t column, size_t width, bool command)
{
	size_t at = column, blanks = 0;

	while (*text) {
		size_t len = command && blanks > 1 ? strlen(text) : strcspn(text, " ");
		size_t columns = text_columns((struct span){text, len});

		if (at > column && width && at + blanks + columns > width) {
			buf_printf(out, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			buf_printf(out, "%*s", (int)blanks, "");
			at += blanks;
		}
		buf_add(out, text, len);
		at += columns;
		text += len;
		blanks = strspn(text, " ");
		text += blanks;
	}
	buf_add_text(out, "\n");
}

void text_wrap(struct buf *out, const char *text, size_t column, size_t width)
{
	wrap(out, text, column, width, false);
}

void text_wrap_command(struct buf *out, const char *text, size_t column, size_t width)
{
	wrap(out, text, column, width, true);
}
