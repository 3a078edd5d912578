/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The functions of the C library follow the locale and the local time; these do not. */
#include "report/maildate.h"

#include <stdio.h>
#include <time.h>

#include "base/parse.h"

enum { YEAR_MIN = 1970, YEAR_MAX = 9999, DAY_S = 86400 };
static const char *const months[12] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct moment {
	uint32_t year, month, day, hour, minute, second; /* month from 1 */
};

static bool is_leap(uint32_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint32_t days_of(uint32_t year, uint32_t month)
{
	static const uint32_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

static bool to_seconds(const struct moment *m, int64_t *seconds)
{
	int64_t days = 0;

	if (m->year < YEAR_MIN || m->year > YEAR_MAX || m->month < 1 || m->month > 12 ||
		m->day < 1 || m->day > days_of(m->year, m->month) || m->hour > 23 ||
		m->minute > 59 || m->second > 60)
		return false;
	for (uint32_t year = YEAR_MIN; year < m->year; year++)
		days += is_leap(year) ? 366 : 365;
	for (uint32_t month = 1; month < m->month; month++)
		days += days_of(m->year, month);
	days += m->day - 1;
	*seconds = days * DAY_S + m->hour * 3600 + m->minute * 60 + m->second;
	return true;
}

/* The next word; comments, which may hold others, and white space are passed over. */
static struct span take_token(struct span *s)
{
	struct span token;
	int depth = 0;
	size_t n = 0;

	for (; s->len; s->data++, s->len--) {
		char c = s->data[0];

		depth += c == '(';
		if (!depth && c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != ',')
			break;
		depth -= c == ')' && depth;
	}
	while (n < s->len && s->data[n] != ' ' && s->data[n] != '\t' && s->data[n] != '\r' &&
		s->data[n] != '\n' && s->data[n] != ',' && s->data[n] != '(')
		n++;
	token = (struct span){s->data, n};
	s->data += n;
	s->len -= n;
	return token;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool parse_month(struct span token, uint32_t *month)
{
	for (*month = 1; *month <= 12; (*month)++)
		if (span_is_nocase(token, months[*month - 1]))
			return true;
	return false;
}

/* Two digits are of the last century, or of this one (RFC 5322 s.4.3). */
static bool parse_year(struct span token, uint32_t *year)
{
	if (!parse_u32(token, YEAR_MAX, year))
		return false;
	if (token.len == 2)
		*year += *year < 50 ? 2000 : 1900;
	else if (token.len == 3)
		*year += 1900;
	return true;
}

/* "13:40" or "13:40:39" */
static bool parse_time(struct span token, struct moment *m)
{
	uint32_t *parts[] = {&m->hour, &m->minute, &m->second};
	size_t part = 0;

	m->second = 0;
	while (part < 3) {
		size_t n = 0;

		while (n < token.len && token.data[n] != ':')
			n++;
		if (!parse_u32((struct span){token.data, n}, 60, parts[part++]))
			return false;
		if (n == token.len)
			return part >= 2;
		token.data += n + 1;
		token.len -= n + 1;
	}
	return false;
}

/* Seconds east of Greenwich; 0 for what is not understood. */
static int64_t parse_zone(struct span token)
{
	static const struct {
		const char *name;
		int hours;
	} names[] = {{"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6},
		{"PST", -8}, {"PDT", -7}};
	uint32_t number;

	if (token.len == 5 && (token.data[0] == '+' || token.data[0] == '-') &&
		parse_u32((struct span){token.data + 1, 4}, 9959, &number) && number % 100 < 60) {
		int64_t seconds = number / 100 * 3600 + number % 100 * 60;

		return token.data[0] == '-' ? -seconds : seconds;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_is_nocase(token, names[i].name))
			return (int64_t)names[i].hours * 3600;
	return 0;
}

bool maildate_parse(struct span value, int64_t *seconds)
{
	struct span token = take_token(&value);
	struct moment m = {0};

	/* A day of the week. */
	if (token.len && !is_digit(token.data[0]))
		token = take_token(&value);
	if (!parse_u32(token, 31, &m.day) || !parse_month(take_token(&value), &m.month) ||
		!parse_year(take_token(&value), &m.year) || !parse_time(take_token(&value), &m) ||
		!to_seconds(&m, seconds))
		return false;
	*seconds -= parse_zone(take_token(&value));
	return *seconds >= 0;
}

static bool parse_at(struct span text, size_t at, size_t digits, uint32_t *out)
{
	return parse_u32((struct span){text.data + at, digits}, YEAR_MAX, out);
}

bool maildate_parse_utc(struct span text, int64_t *seconds)
{
	static const char form[] = "0000-00-00T00:00:00Z";
	struct moment m = {0};

	if (text.len != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (form[i] == '0' ? !is_digit(text.data[i]) : text.data[i] != form[i])
			return false;
	return parse_at(text, 0, 4, &m.year) && parse_at(text, 5, 2, &m.month) &&
		parse_at(text, 8, 2, &m.day) && parse_at(text, 11, 2, &m.hour) &&
		parse_at(text, 14, 2, &m.minute) && parse_at(text, 17, 2, &m.second) &&
		to_seconds(&m, seconds);
}
