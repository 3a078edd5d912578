/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_DISCOVER_SEARCH_H
#define AMBIL_DISCOVER_SEARCH_H

#include "discover/discover.h"

/* The inside of discover(), for its steps: one file each. */

enum { POP3S_PORT = 995, POP3_PORT = 110 };

struct search {
	const struct discovery_order *order;
	char *domain; /* in ASCII */
	struct endpoint way;
	struct tls_policy tls;
	bool no_dns; /* a name server was asked, and did not answer */
	struct discovery *found;
};

void search_begins(const struct search *s, enum discovery_step step);
void search_tells(const struct search *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A question came to nothing: that is told, and the search goes on unless it was interrupted. */
enum discovery_outcome search_failed(const struct search *s, const struct error *e) MUST_CHECK;
/* The error for the end of all steps; why may be NULL. */
enum discovery_outcome search_found_nothing(
	const struct search *s, const char *why, struct error *e) MUST_CHECK;

/* The steps. DISCOVERY_NOTHING: the next one is to be tried; only try_names() has set *e then. */
enum discovery_outcome ask_records(struct search *s, struct error *e) MUST_CHECK;
enum discovery_outcome ask_web(struct search *s, struct error *e) MUST_CHECK;
enum discovery_outcome try_names(struct search *s, struct error *e) MUST_CHECK;

#endif
