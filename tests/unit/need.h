/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a test cannot do without and not every machine has. */
#ifndef AMBIL_TESTS_NEED_H
#define AMBIL_TESTS_NEED_H

#include <stdlib.h>
#include <string.h>

/* Skips the test where something is missing; with AMBIL_TESTS_COMPLETE=1 in the environment that is
 * a failure. Include it behind cmocka.h. */
#define NEED(there, what)                                              \
	do {                                                           \
		const char *complete = getenv("AMBIL_TESTS_COMPLETE"); \
                                                                       \
		if (!(there)) {                                        \
			if (complete && strcmp(complete, "1") == 0)    \
				fail_msg("%s is missing here", what);  \
			skip();                                        \
		}                                                      \
	} while (0)

#endif
