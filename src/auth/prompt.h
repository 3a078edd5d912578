/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_AUTH_PROMPT_H
#define AMBIL_AUTH_PROMPT_H

#include "base/error.h"
#include "base/mem.h"

/*
 * Asks on the terminal at fd, which controls this process, with echo off: the answer, with its line
 * end, goes into the empty buffer, which is of its final size from the start (for buf_wipe()). Its
 * modes are restored however it ends, and while the program is stopped; in the background the
 * program stops until it may ask. ERROR_INTERRUPTED by a signal that has a handler, ERROR_CONFIG
 * (about the END: there will be no answer).
 */
bool prompt_ask(int fd, const char *question, struct buf *answer, struct error *e) MUST_CHECK;

#endif
