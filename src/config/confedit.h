/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_CONFEDIT_H
#define AMBIL_CONFEDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"

/*
 * Changes in the text of a configuration, as a person would make them: comments, order, indentation
 * and line ends stay. Pure: text in, text out; conffile.h writes it.
 */
struct confedit_setting {
	const char *name, *value; /* as a setting of an account takes it, without quotes */
};

/*
 * The text with a new account at its end, or with settings of an account that stands in it changed
 * or added. What comes out was read again, and says what the text said, with just these changes.
 * out is empty before, and after a failure. ERROR_CONFIG: the text is wrong itself, or has no such
 * account.
 */
bool confedit_add(struct span text, const char *account, const struct confedit_setting *list,
	size_t n, struct buf *out, struct error *e) MUST_CHECK;
bool confedit_change(struct span text, const char *account, const struct confedit_setting *list,
	size_t n, struct buf *out, struct error *e) MUST_CHECK;

#endif
