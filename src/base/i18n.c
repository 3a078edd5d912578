/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sentences in the language of whoever reads them. */
#include "base/i18n.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool i18n_built_in(void)
{
#ifdef AMBIL_LOCALEDIR
	return true;
#else
	return false;
#endif
}

#ifdef AMBIL_LOCALEDIR
static const char *set_in_environment(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

/* Nothing needs to be looked for then, not even to find that it is missing. */
static bool wants_english(void)
{
	const char *locale = set_in_environment("LC_ALL");

	if (!locale)
		locale = set_in_environment("LC_MESSAGES");
	if (!locale)
		locale = set_in_environment("LANG");
	if (!locale || strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0)
		return true;
	return !set_in_environment("LANGUAGE") &&
		(strncmp(locale, "C.", 2) == 0 || strncmp(locale, "en", 2) == 0);
}

void i18n_start(void)
{
	const char *folder = set_in_environment("AMBIL_LOCALEDIR");

	if (wants_english() || !setlocale(LC_MESSAGES, ""))
		return;
	bindtextdomain("ambil", folder ? folder : AMBIL_LOCALEDIR);
	textdomain("ambil");
}

/* What the catalogue says of itself is the translation of nothing; without one, nothing. */
const char *i18n_language(void)
{
	static const char key[] = "Language: ";
	static char name[16];
	const char *about = gettext(""), *at = name[0] ? NULL : strstr(about, key);

	if (at)
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + sizeof(key) - 1, "\n "),
			at + sizeof(key) - 1);
	return name;
}

const char *i18n_text(const char *text)
{
	/* The translation of nothing is what the catalogue says of itself. */
	return text[0] ? gettext(text) : text;
}
#else
void i18n_start(void)
{
}

const char *i18n_language(void)
{
	return "";
}

const char *i18n_text(const char *text)
{
	return text;
}
#endif
