/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_TEXT_H
#define AMBIL_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/mem.h"

/* The character at the front of s, which is not empty, and how many octets it takes;
 * TEXT_NO_CHARACTER and 1 for what is no UTF-8. U+FFFD that stands in s is not told from that, but
 * for its 3 octets. */
enum { TEXT_NO_CHARACTER = 0xfffd };
uint32_t text_character(struct span s, size_t *octets);
bool text_is_control(uint32_t c);
/* Overrides, embeddings and isolates go on beyond the end of the text; so do ends of lines. */
bool text_is_unruly(uint32_t c);

enum { TEXT_SAFE_MAX = 200 };

/*
 * The one sanitiser: text from a server, a mail or a command made fit for a terminal or a log.
 * Control characters, C1 controls and octets that are no UTF-8 become \xNN, a backslash stays; at
 * most TEXT_SAFE_MAX octets of s are looked at, and "…" stands for what was cut. Always terminates.
 */
void text_safe(char *out, size_t room, struct span s);
/* The same for use as an argument: struct safe lives as long as the full expression. */
struct safe {
	char text[4 * TEXT_SAFE_MAX + 8];
};
struct safe safe(struct span s);
/* For what ought to be safe already, of any length: what text_safe() would not let through becomes
 * '?', octet by octet, where it stands. */
void text_tame(char *text);

/* vsnprintf() that does not leave a part of a character of UTF-8 at the end of what was cut. */
void text_format(char *out, size_t room, const char *fmt, va_list ap) VPRINTF_LIKE(3);

/*
 * Decimal, with zeros in front up to width digits; returns what is behind it. For what is written
 * for each mail, where printf would cost more than all else.
 */
enum { TEXT_NUMBER_MAX = 20 };
char *text_put_number(char *out, uint64_t number, int width);
/* "5.4 MiB", "812 octets"; powers of 1024. */
void text_size(char *out, size_t room, uint64_t octets);
/* "812", "12K", "1.2M": at most five columns. */
void text_size_short(char *out, size_t room, uint64_t octets);
/* "2 h", "14 d", "45 s": the largest whole unit. */
void text_age(char *out, size_t room, int64_t seconds);
/* "90 s", "10 min", "14 d": exact, for what somebody has set. */
void text_duration(char *out, size_t room, int64_t seconds);
/* Both are in the language of people. In text, which has room octets, such times become English. */
void text_english_times(char *text, size_t room);
/* "2026-11-26T13:40:39Z" of seconds since 1970, as RFC 3339 has it; nothing for what is not of the
 * years 1970 to 9999. */
enum { TEXT_UTC_ROOM = 24 };
void text_utc(char out[TEXT_UTC_ROOM], int64_t seconds);
/* "2026-11-26", of seconds since 1970: the day here, nothing for 0 and less; the day by UTC,
 * nothing for what has none. */
enum { TEXT_DAY_ROOM = 24 };
void text_day(char out[TEXT_DAY_ROOM], int64_t seconds);
void text_utc_day(char out[TEXT_DAY_ROOM], int64_t seconds);
/* path with the home folder written as ~; a fresh string. home may be NULL. */
char *text_tilde(const char *path, const char *home);

/* How wide a text is on a terminal, by the locale (LC_CTYPE); colours take no room. */
size_t text_columns(struct span text);
/* Adds text, and blanks up to that width. */
void text_pad(struct buf *out, const char *text, size_t columns);
/* By how much the widest of n words is wider than the widest of them in English. */
size_t text_growth(const char *const *words, size_t n);
/* Adds "a, b and c", or with any "a, b or c". */
void text_list(struct buf *out, const char *const *words, size_t n, bool any);

/*
 * Adds text from this column on, and a newline; words that would pass width are put below, at the
 * same column. width 0: all in one line. Counts columns, as text_columns().
 */
void text_wrap(struct buf *out, const char *text, size_t column, size_t width);
/* The same, but what stands behind two blanks is a command, to be pasted: it stays in one piece. */
void text_wrap_command(struct buf *out, const char *text, size_t column, size_t width);

/* The one of n words that word begins, or is a slip of the finger away from; NULL for none. */
const char *text_nearest(const char *word, const char *const *words, size_t n);

#endif
