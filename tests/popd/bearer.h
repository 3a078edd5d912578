/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_BEARER_H
#define POPD_BEARER_H

#include "session.h"

/* AUTH with a token: OAUTHBEARER (RFC 7628) and XOAUTH2. False: args name another mechanism. */
bool bearer_auth(struct session *s, const char *args);

#endif
