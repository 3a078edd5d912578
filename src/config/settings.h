/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_SETTINGS_H
#define AMBIL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * The table of settings. One entry gives a setting its place in the file, its default, the check of
 * its value, the words for a wrong one, its line in "config show" and what an option on the command
 * line may override; a test holds the manual page to it. A new setting is a new entry, a field, and
 * the count.
 */
enum { SETTINGS_COUNT = 45 };

enum setting_type {
	SETTING_TEXT,        /* char * */
	SETTING_HOST,        /* char *: a name or an address, brackets taken off */
	SETTING_PATH,        /* char *: absolute, ~ expanded */
	SETTING_OBJECT,      /* char *: a path as above, or a pkcs11: URL as written */
	SETTING_PINS,        /* char *: as written; tls_check_pins() */
	SETTING_PRIORITY,    /* char *: as written; tls_check_priority() */
	SETTING_SOURCE,      /* char *: "any", or addresses, as dial_source_ok() takes them */
	SETTING_PROXY,       /* char *: as proxy_parse() takes it */
	SETTING_WORD,        /* char *: one of the words */
	SETTING_CHOICE,      /* an enum: the index among the words */
	SETTING_SWITCH,      /* bool: words[0] is false, words[1] true */
	SETTING_BOOL,        /* bool */
	SETTING_PORT,        /* uint16_t */
	SETTING_NUMBER,      /* uint32_t: min to max */
	SETTING_LIMIT,       /* uint32_t: "unlimited" is 0 */
	SETTING_SIZE,        /* uint64_t: "unlimited" is 0 */
	SETTING_AGE,         /* int64_t milliseconds; min to max in seconds */
	SETTING_AGE_LIMIT,   /* the same; "unlimited" is 0 */
	SETTING_KEEP,        /* struct policy */
	SETTING_DESTINATION, /* char *: as written */
	SETTING_MECHS,       /* struct mech_list */
};

enum setting_scope {
	SCOPE_ANY,     /* in an account; outside it is the default of all accounts */
	SCOPE_ACCOUNT, /* in an account only */
	SCOPE_TOP,     /* outside of accounts only */
};

struct policy;

struct setting {
	const char *name;
	enum setting_type type;
	enum setting_scope scope;
	const char *value;   /* the default, as it would be written; NULL: there is none */
	const char *unset;   /* with value NULL: what holds then, in words */
	const char *allowed; /* "a number from 1 to 65535"; NULL: follows from the words */
	const char *help;    /* one line */
	const char *const *words;
	size_t n_words;
	uint32_t min, max;
	bool secret;
	size_t offset; /* into struct config for SCOPE_TOP, else into struct account */
};
extern const struct setting settings[];

/* The index of a setting; SETTINGS_COUNT when there is none of that name. */
size_t settings_find(const char *name);
/* The setting whose name is nearest to a misspelt one; NULL when none is near. */
const char *settings_nearest(const char *name);

/*
 * Reads text into the setting's field of *base, a struct config or a struct account, and frees what
 * was there. home is what ~ stands for. On failure the field is untouched and *e (of kind) says
 * what is allowed: "use a number from 1 to 65535".
 */
bool setting_set(const struct setting *s, void *base, const char *text, const char *home,
	enum error_kind kind, struct error *e) MUST_CHECK;
/*
 * Whether text, as a value of s, is a secret that must not be shown, and asks for a private file:
 * any text for some settings, a URL with a PIN in it for others.
 */
bool setting_hides(const struct setting *s, struct span text);
/* The same for what stands in its field. */
bool setting_is_hidden(const struct setting *s, const void *base);
/* The field's value as the file would have it, without quotes; fresh. NULL: there is none. A PIN in
 * a URL is left out. */
char *setting_show(const struct setting *s, const void *base, const char *home);
/* The same for keep: "true", "14d"; fresh. */
char *setting_show_keep(const struct policy *policy);
/* Frees what the field owns; a secret is wiped. */
void setting_release(const struct setting *s, void *base);
/* text as a value of the file: bare where that is safe, else in double quotes; fresh. */
char *setting_quote(const char *text);

#endif
