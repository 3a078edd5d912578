/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_I18N_H
#define AMBIL_BASE_I18N_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/*
 * Every sentence for people can be said in another language (gettext); po/README says how one is
 * added. The functions that take a sentence (error_set() and the like, report_step(), …) translate
 * it themselves: they are named in po/sources.sh, and what is handed to them stays plain. Sentences
 * that are printed otherwise are marked:
 *   _("no new mail")       translated here and now;
 *   N_("no new mail")      in a table: whoever prints the entry says _(entry);
 *   _n("%u message", "%u messages", n)   the form that n asks for, n being unsigned.
 * A sentence is one string: not put together of pieces, since other languages have another order.
 * What programs read (JSON, names of settings, what is typed) is never marked.
 */
#ifdef AMBIL_LOCALEDIR
#include <libintl.h>
#define _(text) gettext(text)
#define _n(one, many, n) ngettext(one, many, n)
#else
#define _(text) (text)
#define _n(one, many, n) ((n) == 1 ? (one) : (many))
#endif
#define N_(text) text

/* From now on sentences are translated into the language of the locale. */
void i18n_start(void);
/* Whether that can be done in this build. */
bool i18n_built_in(void);

/* The language of the translations that are in use, as their file calls it: "id"; "": English. */
const char *i18n_language(void);

/* For the functions that take a sentence: its translation, of a format a format. "" stays empty. */
const char *i18n_text(const char *text) FORMAT_OF(1);

#endif
