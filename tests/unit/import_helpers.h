/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_TESTS_IMPORT_HELPERS_H
#define AMBIL_TESTS_IMPORT_HELPERS_H

#include <stdlib.h>
#include <string.h>

#include "import/import.h"

/*
 * An account as "name:line setting=value … [password@line] [!line …]", ! for what was changed and -
 * for what was dropped; accounts in lines; then the notes of the file.
 */
static inline char *describe(const struct imported *im)
{
	struct buf out = {0};

	for (size_t i = 0; i < im->n; i++) {
		const struct imported_account *a = &im->accounts[i];

		buf_printf(&out, "%s%s:%u", i ? "\n" : "", a->name, a->line);
		for (size_t j = 0; j < a->n_settings; j++)
			buf_printf(&out, " %s=%s", a->settings[j].name, a->settings[j].value);
		if (a->password)
			buf_printf(&out, " [%s@%u]", a->password, a->password_line);
		for (size_t j = 0; j < a->n_notes; j++)
			buf_printf(&out, " %c%u", a->notes[j].what == IMPORT_DROPPED ? '-' : '!',
				a->notes[j].line);
	}
	for (size_t j = 0; j < im->n_notes; j++)
		buf_printf(&out, " -%u", im->notes[j].line);
	return buf_detach(&out);
}

/* A text in the language of another fetcher, and what is to become of it: as described above, or
 * the words of the error. */
struct sample {
	const char *text, *becomes;
};

/* After it was read: done says whether it could be, i which sample it is. Releases im. */
static inline void check_sample(const struct sample *sample, size_t i, bool done,
	struct imported *im, const struct error *e)
{
	char *found = done ? describe(im) : xstrdup(e->text);

	if (!done)
		assert_int_equal(e->kind, ERROR_CONFIG);
	if (strcmp(found, sample->becomes) != 0)
		fail_msg("sample %zu:\n%s\nbecame\n%s\nand not\n%s", i, sample->text, found,
			sample->becomes);
	free(found);
	imported_release(im);
}

#endif
