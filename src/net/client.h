/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_CLIENT_H
#define AMBIL_NET_CLIENT_H

#include <gnutls/gnutls.h>

#include "net/tls.h"

/* Private to this folder: the certificate that we show ourselves. */

/* Loads it and its key, where the policy has one. ERROR_CONFIG, with the setting's name in front.
 */
bool client_load(const struct tls_policy *policy, gnutls_certificate_credentials_t credentials,
	struct error *e) MUST_CHECK;

#endif
