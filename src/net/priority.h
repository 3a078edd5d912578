/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_PRIORITY_H
#define AMBIL_NET_PRIORITY_H

#include <gnutls/gnutls.h>

#include "net/tls.h"

/* Private to this folder; the checks of a priority string are in tls.h. */

/* What the session offers, by the policy. ERROR_TLS. */
bool priority_set(
	gnutls_session_t session, const struct tls_policy *policy, struct error *e) MUST_CHECK;
/* Whether text, which may be NULL, says itself how strong keys must be. */
bool priority_has_profile(const char *text);

#endif
