/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_REPORT_JSON_H
#define AMBIL_REPORT_JSON_H

#include "base/mem.h"
#include "report/report.h"

/*
 * The events of --json, for report.c: a line for each, described for those who read them in
 * ambil-json(7) and man/ambil.schema.json. Words in them are English, whatever the locale.
 */
struct json_view;
struct json_view *json_view_new(const struct report_setting *setting);
/* Adds to out the lines that a report becomes; for many there is none. */
void json_view_take(struct json_view *j, const struct report *what, struct buf *out);
void json_view_free(struct json_view *j);

/* Adds the members of an event that say what went wrong: code, kind, message and the like. */
void json_add_trouble(struct buf *out, const struct error *e);

/*
 * Writes the line of an error that belongs to no run of an account, or of what is no failure. who:
 * an account, or NULL. False: it did not go out, so that it must be said elsewhere.
 */
bool json_put_error(const char *who, const struct error *e) MUST_CHECK;
bool json_put_warning(const char *who, const struct error *e) MUST_CHECK;

#endif
