/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_PIN_H
#define AMBIL_NET_PIN_H

#include <gnutls/x509.h>
#include <stdbool.h>

/* Private to this folder; tls_check_pins() is in tls.h. */

/* Whether one of pins, which tls_check_pins() has accepted, is that of the certificate's key, or of
 * the certificate itself. */
bool pins_match(const char *pins, gnutls_x509_crt_t crt);

#endif
