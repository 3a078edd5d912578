/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Linked into ambil where coverage is measured (-Db_coverage=true). A worker ends with _exit(), which writes
 * no figures down; the linker leads it here. The writing is none of the steps that tests/crash counts.
 */
#include <stdlib.h>

void __gcov_dump(void);
_Noreturn void __real__exit(int code);
_Noreturn void __wrap__exit(int code);

/* Runs before the figures are written in an ordinary exit(). */
static void __attribute__((destructor)) count_no_more(void)
{
	unsetenv("STOP_AT");
}

void __wrap__exit(int code)
{
	count_no_more();
	__gcov_dump();
	__real__exit(code);
}
