/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_SAMPLE_H
#define POPD_SAMPLE_H

#include "util.h"

enum { SAMPLES = 10 };

/* Appends sample message number (from 1 to SAMPLES), with LF line ends, to out. */
void sample_message(uint32_t number, struct text *out);

#endif
