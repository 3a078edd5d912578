/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_AUTH_BEARER_H
#define AMBIL_AUTH_BEARER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

/*
 * The two SASL mechanisms that carry an OAuth token: OAUTHBEARER (RFC 7628) and its older relation
 * XOAUTH2, of Google and Microsoft. In both the client says all at once; a server that refuses the
 * token says why in a challenge, which wants an empty kind of answer before the login has failed.
 * Pure.
 */
enum bearer { BEARER_OAUTHBEARER, BEARER_XOAUTH2 };

enum { BEARER_TOKEN_MAX = 64 * 1024 };
/* Whether it is one, by its length and its characters: RFC 6750 s.2.1, b64token. */
bool bearer_is_token(struct span token);

/*
 * The initial response in base64, fresh; free it with wipe_free(). port is said by OAUTHBEARER
 * only, as is host. NULL with ERROR_CONFIG for a user name, host or token with what would end its
 * part.
 */
char *bearer_initial(enum bearer mechanism, const char *user, const char *host, uint16_t port,
	const char *token, struct error *e) MUST_CHECK;

/*
 * What a server gives as its reason, told in words: "status invalid_token, scope mail". challenge:
 * base64 of JSON. The words are the server's, bounded but not made safe. Empty when there is
 * nothing in it that can be read. words (empty before) is the caller's to release.
 */
void bearer_explain(struct span challenge, struct buf *words);
/* What to answer to that, in base64. */
const char *bearer_acknowledge(enum bearer mechanism);

/*
 * Whether a refusal of "AUTH XOAUTH2 RESPONSE" is one of that form, in which Microsoft's servers
 * never look at the token: they want the response on a line of its own.
 */
bool bearer_is_refused_form(struct span reply);

#endif
