/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors as values, and the one place where a kind of error becomes an exit code (sysexits.h). */
#include "base/error.h"

#include <assert.h>
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

bool error_set(struct error *e, enum error_kind kind, const char *fmt, ...)
{
	va_list ap;

	assert(kind > ERROR_NONE && kind < ERROR_KINDS);
	if (!e)
		return false;
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	va_start(ap, fmt);
	text_format(e->text, sizeof(e->text), i18n_text(fmt), ap);
	va_end(ap);
	return false;
}

bool error_set_at(struct error *e, enum error_kind kind, const char *file, unsigned line,
	const char *fmt, va_list ap)
{
	char words[500];

	text_format(words, sizeof(words), i18n_text(fmt), ap);
	return error_set(e, kind, "%s:%u: %s", file, line, words);
}

bool error_sys(struct error *e, enum error_kind kind, int err, const char *fmt, ...)
{
	char what[500];
	va_list ap;

	va_start(ap, fmt);
	text_format(what, sizeof(what), i18n_text(fmt), ap);
	va_end(ap);
	return error_set(e, kind, "%s: %s", what, strerror(err));
}

bool error_why(struct error *e, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return false;
	va_start(ap, fmt);
	text_format(e->why, sizeof(e->why), i18n_text(fmt), ap);
	va_end(ap);
	e->server = false;
	return false;
}

bool error_server(struct error *e, struct span words)
{
	if (!e)
		return false;
	text_safe(e->why, sizeof(e->why), words);
	e->server = words.len > 0;
	return false;
}

static void put(char *out, size_t room, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void put(char *out, size_t room, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_format(out, room, fmt, ap);
	va_end(ap);
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
	size_t len;
	va_list ap;

	if (!e)
		return false;
	len = strlen(e->text);
	va_start(ap, fmt);
	text_format(e->text + len, sizeof(e->text) - len, i18n_text(fmt), ap);
	va_end(ap);
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
