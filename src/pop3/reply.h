/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_POP3_REPLY_H
#define AMBIL_POP3_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "pop3/pop3.h"

/* Readers of single lines. Pure; they keep nothing. */

/* "+OK…" or "-ERR…" in any case (quirk 1). *text: what follows, white space trimmed. */
bool reply_status(struct span line, bool *ok, enum pop3_code *code, struct span *text);
/* The <…@…> of a greeting, checked as a msg-id of RFC 822 with an @ in it (CVE-2007-1558). */
bool reply_apop_stamp(struct span greeting, struct span *stamp);
/* "n size", extra text allowed. A size past 2^63 is refused. */
bool reply_list(struct span line, uint32_t *msg, uint64_t *size);
/* "n uid": the uid is all that follows the blank, trailing blanks removed (quirk 2). */
bool reply_uidl(struct span line, uint32_t *msg, struct span *uid);

/*
 * Whether the greeting is of a server that reads on where it stopped when a login is done, so that
 * commands may stand behind it. PIPELINING (RFC 2449 s.6.6) should mean so, and often does not.
 */
bool reply_passes_on(struct span greeting);

/* What CAPA said (RFC 2449 s.5, 6). All zero: the server was not asked or refused. */
enum { CAPA_MECHANISMS_MAX = 512 };
struct capabilities {
	bool known; /* CAPA was answered +OK */
	bool top, user, uidl, resp_codes, auth_resp_code, pipelining, stls, utf8, utf8_user;
	bool sasl;
	char mechanisms[CAPA_MECHANISMS_MAX]; /* of SASL, upper case, a blank before and behind each
					       */
	bool expires;           /* EXPIRE n: mail is kept n days after reading at most */
	uint32_t expire_days;   /* UINT32_MAX: NEVER */
	uint32_t login_delay_s; /* between logins; before the login the most that any user has, … */
	bool login_delay_user; /* … and after it perhaps less for this one */
};
void capabilities_add(struct capabilities *c, struct span line);
bool capabilities_has_mechanism(const struct capabilities *c, const char *name);

#endif
