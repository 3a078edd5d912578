/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors as values, and the one place where a kind of error becomes an exit code (sysexits.h). */
#include "base/error.h"

#include <assert.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"

static const struct {
	const char *name;
	int code;
} kinds[ERROR_KINDS] = {
	[ERROR_NONE] = {"none", 0},
	[ERROR_USAGE] = {"usage", 64},
	[ERROR_REFUSED] = {"refused", 65},
	[ERROR_INPUT] = {"input", 66},
	[ERROR_HOST] = {"host", 68},
	[ERROR_TLS] = {"tls", 69},
	[ERROR_CAPABILITY] = {"capability", 69},
	[ERROR_INTERNAL] = {"internal", 70},
	[ERROR_DELIVERY] = {"delivery", 73},
	[ERROR_STORE] = {"state", 74},
	[ERROR_NETWORK] = {"network", 75},
	[ERROR_BUSY] = {"busy", 75},
	[ERROR_LATER] = {"later", 75},
	[ERROR_PROTOCOL] = {"protocol", 76},
	[ERROR_AUTH] = {"auth", 77},
	[ERROR_CONFIG] = {"config", 78},
	[ERROR_INTERRUPTED] = {"interrupted", 130},
	[ERROR_TERMINATED] = {"terminated", 143},
};

static void put(char *out, size_t room, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void put(char *out, size_t room, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_format(out, room, fmt, ap);
	va_end(ap);
}

/* For people, and the same in English, or nothing where that is no different. */
static void tell(char *text, char *plain, size_t room, const char *fmt, va_list ap) VPRINTF_LIKE(4);
static void tell(char *text, char *plain, size_t room, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	text_format(text, room, i18n_text(fmt), ap);
	plain[0] = '\0';
	if (i18n_language()[0]) {
		text_format(plain, room, fmt, again);
		text_english_times(plain, room);
	}
	va_end(again);
	if (strcmp(plain, text) == 0)
		plain[0] = '\0';
}

const char *error_plain(const struct error *e)
{
	return e->plain[0] ? e->plain : e->text;
}

const char *error_plain_why(const struct error *e)
{
	return e->plain_why[0] ? e->plain_why : e->why;
}

bool error_set(struct error *e, enum error_kind kind, const char *fmt, ...)
{
	va_list ap;

	assert(kind > ERROR_NONE && kind < ERROR_KINDS);
	if (!e)
		return false;
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	va_start(ap, fmt);
	tell(e->text, e->plain, sizeof(e->text), fmt, ap);
	va_end(ap);
	return false;
}

bool error_set_at(struct error *e, enum error_kind kind, const char *file, unsigned line,
	const char *fmt, va_list ap)
{
	char words[500], plain[500];

	tell(words, plain, sizeof(words), fmt, ap);
	error_set(e, kind, "%s:%u: %s", file, line, words);
	if (e && plain[0])
		put(e->plain, sizeof(e->plain), "%s:%u: %s", file, line, plain);
	return false;
}

/* strerror() without a translation. */
static const char *plain_strerror(int err)
{
	locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	const char *text = plain ? strerror_l(err, plain) : strerror(err);

	if (plain)
		freelocale(plain);
	return text;
}

bool error_sys(struct error *e, enum error_kind kind, int err, const char *fmt, ...)
{
	char what[500], plain[500];
	va_list ap;

	va_start(ap, fmt);
	tell(what, plain, sizeof(what), fmt, ap);
	va_end(ap);
	error_set(e, kind, "%s: %s", what, strerror(err));
	if (e && i18n_language()[0])
		put(e->plain, sizeof(e->plain), "%s: %s", plain[0] ? plain : what,
			plain_strerror(err));
	return false;
}

bool error_why(struct error *e, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return false;
	va_start(ap, fmt);
	tell(e->why, e->plain_why, sizeof(e->why), fmt, ap);
	va_end(ap);
	e->server = false;
	return false;
}

bool error_server(struct error *e, struct span words)
{
	if (!e)
		return false;
	text_safe(e->why, sizeof(e->why), words);
	e->plain_why[0] = '\0';
	e->server = words.len > 0;
	return false;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

bool error_remedy(struct error *e, const char *lead, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return false;
	e->place = ends_with(lead, "correct") || ends_with(lead, "correct it");
	put(e->lead, sizeof(e->lead), "%s", i18n_text(lead));
	va_start(ap, fmt);
	text_format(e->remedy, sizeof(e->remedy), i18n_text(fmt), ap);
	va_end(ap);
	return false;
}

bool error_about(struct error *e, enum error_about about)
{
	if (e)
		e->about = about;
	return false;
}

bool error_remedy_of(struct error *e, const struct error *other)
{
	if (!e)
		return false;
	e->place = other->place;
	memcpy(e->lead, other->lead, sizeof(e->lead));
	memcpy(e->remedy, other->remedy, sizeof(e->remedy));
	return false;
}

bool error_append(struct error *e, const char *fmt, ...)
{
	char more[sizeof(e->text)], plain[sizeof(e->text)], before[sizeof(e->text)];
	va_list ap;

	if (!e)
		return false;
	va_start(ap, fmt);
	tell(more, plain, sizeof(more), fmt, ap);
	va_end(ap);
	put(before, sizeof(before), "%s", error_plain(e));
	if (e->plain[0] || plain[0])
		put(e->plain, sizeof(e->plain), "%s%s", before, plain[0] ? plain : more);
	put(before, sizeof(before), "%s", e->text);
	put(e->text, sizeof(e->text), "%s%s", before, more);
	return false;
}

int error_exit_code(enum error_kind kind)
{
	assert(kind < ERROR_KINDS);
	return kinds[kind].code;
}

bool error_temporary(enum error_kind kind)
{
	return error_exit_code(kind) == 75;
}

const char *error_name(enum error_kind kind)
{
	assert(kind < ERROR_KINDS);
	return kinds[kind].name;
}
