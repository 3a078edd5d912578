/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_REPORT_TTY_H
#define AMBIL_REPORT_TTY_H

#include <stddef.h>

#include "base/mem.h"
#include "report/report.h"

/* The live lines of report.c: one for each account at work, at the bottom of the terminal. */
struct live;

/* name_width: columns of the widest account name. setting is borrowed. */
struct live *live_new(const struct report_setting *setting, size_t name_width);
void live_take(struct live *l, const struct report *what);
/* See reporter_tick(). */
int live_tick(struct live *l);
/* From now on the lines say that the end is near. */
void live_stopping(struct live *l);
/* Writes whole lines of text to standard error above the live ones, all at once. */
void live_over(struct live *l, const struct buf *text);
/* Takes the lines away, before others write; the next tick draws them again. */
void live_erase(struct live *l);
void live_free(struct live *l);

#endif
