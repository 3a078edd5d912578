/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "doctor/words.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"

enum { DAY_S = 86400, YEAR_DAYS = 365 };

static const struct {
	const char *name, *meaning;
} meanings[] = {
	{"TOP", N_("headers can be asked for alone")},
	{"UIDL", N_("messages have names that stay, so that new mail is known as such")},
	{"USER", N_("login with USER and PASS")},
	{"RESP-CODES", N_("refusals say why, by a code in brackets")},
	{"AUTH-RESP-CODE", N_("a refused login says whether the password is the reason")},
	{"PIPELINING", N_("commands can be sent ahead of the answers, which is fast")},
	{"STLS", N_("the connection can be encrypted")},
	{"UTF8", N_("mail with headers in UTF-8 comes as it is")},
	{"LANG", N_("the language of the answers can be chosen")},
	{"CAPA", N_("this list")},
};

static void explain_expire(char *out, size_t room, struct span days)
{
	struct span word = span_word(&days);
	uint32_t n;

	if (span_is_nocase(word, "NEVER"))
		snprintf(out, room, "%s", _("the server deletes no mail by itself"));
	else if (!parse_u32(word, UINT32_MAX, &n))
		snprintf(out, room, "%s", _("when the server deletes mail by itself"));
	else if (n == 0)
		snprintf(out, room, "%s", _("mail may not stay on the server once it was fetched"));
	else
		snprintf(out, room,
			_n("the server deletes mail by itself after %lu day",
				"the server deletes mail by itself after %lu days", n),
			(unsigned long)n);
}

static void explain_delay(char *out, size_t room, struct span seconds)
{
	char text[32];
	uint32_t n;

	if (parse_u32(span_word(&seconds), UINT32_MAX, &n)) {
		text_duration(text, sizeof(text), n);
		snprintf(out, room, _("at least %s must be between two logins"), text);
	} else {
		snprintf(out, room, "%s", _("some time must be between two logins"));
	}
}

void words_capability(char *out, size_t room, struct span line)
{
	struct span rest = span_trim(line), name = span_word(&rest);

	if (span_is_nocase(name, "EXPIRE")) {
		explain_expire(out, room, rest);
		return;
	}
	if (span_is_nocase(name, "LOGIN-DELAY")) {
		explain_delay(out, room, rest);
		return;
	}
	if (span_is_nocase(name, "SASL")) {
		snprintf(out, room, _("login with AUTH: %s"), safe(rest).text);
		return;
	}
	if (span_is_nocase(name, "IMPLEMENTATION")) {
		snprintf(out, room, _("the server calls itself %s"), safe(rest).text);
		return;
	}
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (span_is_nocase(name, meanings[i].name)) {
			snprintf(out, room, "%s", _(meanings[i].meaning));
			return;
		}
	snprintf(out, room, "%s", _("ambil makes no use of it"));
}

void words_day(char *out, size_t room, int64_t when_s)
{
	char day[TEXT_DAY_ROOM];

	text_utc_day(day, when_s);
	snprintf(out, room, "%s", day[0] ? day : "?");
}

void words_moment(char *out, size_t room, int64_t when_s)
{
	time_t when = (time_t)when_s;
	struct tm tm;

	if (!gmtime_r(&when, &tm) || !strftime(out, room, "%Y-%m-%d %H:%M:%S UTC", &tm))
		snprintf(out, room, "?");
}

void words_left(char *out, size_t room, int64_t until_s, int64_t now_s)
{
	int64_t days = (until_s - now_s) / DAY_S;

	if (until_s < now_s) {
		days = (now_s - until_s) / DAY_S;
		if (days)
			snprintf(out, room,
				_n("ended %lld day ago", "ended %lld days ago",
					(unsigned long)days),
				(long long)days);
		else
			snprintf(out, room, "%s", _("ended today"));
	} else if (days >= 2 * YEAR_DAYS) {
		snprintf(out, room,
			_n("%lld year left", "%lld years left", (unsigned long)days / YEAR_DAYS),
			(long long)(days / YEAR_DAYS));
	} else if (days == 0) {
		snprintf(out, room, "%s", _("ends today"));
	} else {
		snprintf(out, room, _n("%lld day left", "%lld days left", (unsigned long)days),
			(long long)days);
	}
}
