/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_PRIORITY_H
#define AMBIL_NET_PRIORITY_H

#include <gnutls/gnutls.h>

#include "net/tls.h"

/* Private to this folder; the checks of a priority string are in tls.h. */

/* What the session offers, by the policy. ERROR_TLS. */
bool priority_set(
	gnutls_session_t session, const struct tls_policy *policy, struct error *e) MUST_CHECK;
/* How strong a key must be by text, a priority string, which may be NULL. */
gnutls_sec_param_t priority_least_key(const char *text);

#endif
