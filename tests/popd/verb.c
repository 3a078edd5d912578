/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names of the commands: RFC 1939, 2449 (CAPA), 2595 (STLS), 5034 (AUTH), 6856 (UTF8). */
#include "verb.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

static const char *const names[] = {
	"GREETING", "TLS", "UNKNOWN", "CAPA", "STLS", "USER", "PASS", "APOP", "AUTH", "UTF8",
	"STAT", "LIST", "UIDL", "TOP", "RETR", "DELE", "NOOP", "RSET", "QUIT",
};
static_assert(sizeof names / sizeof *names == VERBS, "one name for each verb");

const char *verb_name(enum verb verb)
{
	return names[verb];
}

enum verb verb_named(const char *name, size_t len)
{
	for (int i = 0; i < VERBS; i++)
		if (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0)
			return (enum verb)i;
	return VERBS;
}

enum verb verb_sent(const char *name, size_t len)
{
	enum verb verb = verb_named(name, len);

	return verb > VERB_UNKNOWN && verb < VERBS ? verb : VERB_UNKNOWN;
}
