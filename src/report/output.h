/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_OUTPUT_H
#define AMBIL_OUTPUT_H

#include <stdbool.h>

#include "base/mem.h"

/*
 * The way to standard output and standard error, whose readers may be stuck: they are waited for,
 * however long that takes, as long as goes_on() has it so; it is asked when a signal has come. Then
 * the descriptor is given up, since a program that is to end has no use for it.
 */
void output_while(bool (*goes_on)(void));

/* Writes all of it; 0, or the errno value: ETIMEDOUT for what is given up. */
int output_write(int fd, const struct buf *text);

#endif
