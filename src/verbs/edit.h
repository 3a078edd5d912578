/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_VERBS_EDIT_H
#define AMBIL_VERBS_EDIT_H

#include <stdbool.h>

#include "base/error.h"

/*
 * Opens the configuration that is used with the user's editor ($VISUAL, $EDITOR, vi) and waits for
 * its end. When there is none the user's own, or the named one, is made first: private, with an
 * example in comments. named: see config_load().
 */
bool config_edit(const char *named, struct error *e) MUST_CHECK;

#endif
