/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POPD_WRITE_H
#define POPD_WRITE_H

#include "mailbox.h"

/* Writes the mail of spec (as for mailbox_new) to a folder, made if missing: one file for each
 * message, named 0000001 and so on, as a correct client has it: LF line ends, no stuffing. Those in front of
 * message first are left out. */
bool write_mail(const char *folder, const char *spec, const struct mailbox_style *style,
	uint32_t first, struct problem *p);

#endif
