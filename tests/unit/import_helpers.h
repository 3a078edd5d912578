/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_TESTS_IMPORT_HELPERS_H
#define AMBIL_TESTS_IMPORT_HELPERS_H

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

#endif
