/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_ATTRIBUTES_H
#define AMBIL_BASE_ATTRIBUTES_H

/* The only compiler extensions that are used. */
#if defined(__GNUC__)
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
/* What is returned is a format that takes the same as that argument. */
#define FORMAT_OF(n) __attribute__((format_arg(n)))
#define VPRINTF_LIKE(fmt) __attribute__((format(printf, fmt, 0)))
#define MUST_CHECK __attribute__((warn_unused_result))
#else
#define PRINTF_LIKE(fmt, first)
#define FORMAT_OF(n)
#define VPRINTF_LIKE(fmt)
#define MUST_CHECK
#endif

#endif
