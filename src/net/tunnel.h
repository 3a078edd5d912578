/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_NET_TUNNEL_H
#define AMBIL_NET_TUNNEL_H

#include "net/dial.h"

/* Private to this folder: dial() through to->command. */

/*
 * Starts the command, with AMBIL_HOST and AMBIL_PORT in its environment; *out is a stream over its
 * standard input and output, which ends the command when it is freed. Whether it can reach anything
 * shows when it is read from: a command that ends with a status other than 0, or has complained, is
 * an ERROR_NETWORK with its own words. ERROR_CONFIG: it cannot be run.
 */
bool tunnel_open(const struct endpoint *to, struct stream **out, struct error *e) MUST_CHECK;

#endif
