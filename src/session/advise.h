/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_ADVISE_H
#define AMBIL_ADVISE_H

/* The remedies of errors on the way to a server, as this account needs them. */

#include "session/session_inner.h"

/* Of an account that is a URL: what is a setting elsewhere is done otherwise there. */
void advise_for_url(const struct session *s, struct error *e);
/* To the one remedy that is a change of "host": where that stands. */
void advise_host(const struct session *s, struct error *e);
/* To that which is a pin of an account in a file: the command that sets it. */
void advise_pin(const struct session *s, struct error *e);
/* By which way the server was talked to, where it helps to know. e may be NULL. */
void advise_link(const struct session *s, struct error *e);
/* To have it looked at, where no remedy is known. */
void advise_check(const struct session *s, struct error *e);

#endif
