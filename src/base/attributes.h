/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_ATTRIBUTES_H
#define AMBIL_BASE_ATTRIBUTES_H

/* The only compiler extensions that are used. */
#if defined(__GNUC__)
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define MUST_CHECK __attribute__((warn_unused_result))
#else
#define PRINTF_LIKE(fmt, first)
#define MUST_CHECK
#endif

#endif
